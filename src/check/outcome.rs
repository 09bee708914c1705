//! What came of a file: findings as they are made, and verdicts as its parts end.

use compact_str::CompactString;

use super::{Finding, Scope};
use crate::{guide::Guide, x12::Delimiters};

/// Whether a receiver takes something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All of it.
    #[default]
    Accepted,
    /// Part of it, or all of it with remarks.
    AcceptedWithErrors,
    /// None of it.
    Rejected,
}

/// A claim (loop 2300), claim payment (2100 of an 835) or claim status (2200D) that has been checked.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'c> {
    /// Its loop, with what stands in it and around it. It is forgotten after the call.
    pub scope: Scope<'c>,
    /// What was found in it, in the order of the file, and what was found above it and holds for it.
    pub findings: &'c [Finding],
    /// The errors of the levels above (billing provider, subscriber, patient) that hold for it too.
    pub inherited: &'c [Finding],
    /// Whether none of those is an error.
    pub verdict: Verdict,
}

/// A transaction set that has ended.
#[derive(Clone, Debug, Default)]
pub struct TransactionOutcome {
    /// ST01.
    pub set: CompactString,
    /// ST02.
    pub control_number: CompactString,
    /// ST03, as received.
    pub convention: CompactString,
    /// The guide it was checked by; `None` if we have none.
    pub guide: Option<&'static Guide>,
    /// The trading partner's guide that extends it, if one does.
    pub companion: Option<&'static Guide>,
    /// Claims, claim payments or claim statuses in it.
    pub claims: u64,
    /// Of these, rejected.
    pub rejected_claims: u64,
    /// Segments from ST to SE.
    pub segments: u32,
    /// Findings of severity error that reject the set as a whole, see
    /// [`Finding::answer`](super::Finding::answer).
    pub errors: u64,
    /// What became of it.
    pub verdict: Verdict,
}

/// A functional group that has ended.
#[derive(Clone, Debug, Default)]
pub struct GroupOutcome {
    /// GS01.
    pub kind: CompactString,
    /// GS02.
    pub sender: CompactString,
    /// GS03.
    pub receiver: CompactString,
    /// GS06.
    pub control_number: CompactString,
    /// GS08.
    pub version: CompactString,
    /// GE01 as received, or the number counted where it does not stand.
    pub stated: CompactString,
    /// Transaction sets received.
    pub received: u32,
    /// Of these, accepted, with or without errors.
    pub accepted: u32,
    /// What became of it.
    pub verdict: Verdict,
}

/// An interchange that has ended.
#[derive(Clone, Debug, Default)]
pub struct InterchangeOutcome {
    /// The elements of its ISA, ISA01 first, without padding; empty for a fragment.
    pub header: Vec<CompactString>,
    /// The separators in use.
    pub delimiters: Delimiters,
    /// What became of it.
    pub verdict: Verdict,
    /// Whether the interchange itself is at fault, so that its TA1 rejects it.
    pub refused: bool,
}

/// Takes what checking makes. What is not overridden is let go.
pub trait Receive {
    /// A finding. Those of a claim come in the order of the file, after the claim has ended.
    fn finding(&mut self, finding: &Finding) {
        let _ = finding;
    }

    /// An interchange has begun.
    fn interchange_begins(&mut self, interchange: &InterchangeOutcome) {
        let _ = interchange;
    }

    /// A functional group has begun.
    fn group_begins(&mut self, group: &GroupOutcome) {
        let _ = group;
    }

    /// A transaction set has begun.
    fn transaction_begins(&mut self, set: &TransactionOutcome) {
        let _ = set;
    }

    /// A claim has ended. It is called before the findings of the claim are handed over one by one.
    fn claim(&mut self, claim: &Claim<'_>) {
        let _ = claim;
    }

    /// A transaction set has ended.
    fn transaction(&mut self, set: &TransactionOutcome) {
        let _ = set;
    }

    /// A functional group has ended. Transaction sets that stand outside a group end with one that has not begun.
    fn group(&mut self, group: &GroupOutcome) {
        let _ = group;
    }

    /// An interchange has ended.
    fn interchange(&mut self, interchange: &InterchangeOutcome) {
        let _ = interchange;
    }
}
