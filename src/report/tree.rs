//! The verdicts of a file: interchanges, their groups, their transaction sets.

use compact_str::CompactString;
use serde::Serialize;

use crate::check::{GroupOutcome, InterchangeOutcome, TransactionOutcome, Verdict};

/// Verdicts, as they come.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) interchanges: Vec<Interchange>,
    groups: Vec<Group>,
    transactions: Vec<Transaction>,
}

#[derive(Debug, Serialize)]
pub(super) struct Interchange {
    #[serde(skip_serializing_if = "CompactString::is_empty")]
    control_number: CompactString,
    verdict: Verdict,
    groups: Vec<Group>,
}

#[derive(Debug, Serialize)]
pub(super) struct Group {
    #[serde(skip_serializing_if = "CompactString::is_empty")]
    control_number: CompactString,
    verdict: Verdict,
    transactions: Vec<Transaction>,
}

#[derive(Debug, Serialize)]
pub(super) struct Transaction {
    #[serde(skip_serializing_if = "CompactString::is_empty")]
    control_number: CompactString,
    /// ST01.
    set: CompactString,
    #[serde(skip_serializing_if = "Option::is_none")]
    guide: Option<&'static str>,
    segments: u32,
    claims: u64,
    rejected_claims: u64,
    verdict: Verdict,
}

impl Tree {
    pub(super) fn interchange_begins(&mut self) {
        self.groups.clear();
    }

    pub(super) fn group_begins(&mut self) {
        self.transactions.clear();
    }

    pub(super) fn transaction(&mut self, set: &TransactionOutcome) {
        self.transactions.push(Transaction {
            control_number: set.control_number.clone(),
            set: set.set.clone(),
            guide: set.guide.map(|guide| guide.name.as_str()),
            segments: set.segments,
            claims: set.claims,
            rejected_claims: set.rejected_claims,
            verdict: set.verdict,
        });
    }

    pub(super) fn group(&mut self, group: &GroupOutcome) {
        self.groups.push(Group {
            control_number: group.control_number.clone(),
            verdict: group.verdict,
            transactions: std::mem::take(&mut self.transactions),
        });
    }

    pub(super) fn interchange(&mut self, interchange: &InterchangeOutcome) {
        self.interchanges.push(Interchange {
            control_number: interchange.header.get(12).cloned().unwrap_or_default(),
            verdict: interchange.verdict,
            groups: std::mem::take(&mut self.groups),
        });
    }
}
