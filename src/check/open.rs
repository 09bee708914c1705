//! What is open while a file is checked: interchange and group, with what becomes of their parts.

use std::{collections::HashSet, sync::Arc};

use compact_str::{CompactString, ToCompactString};

use super::{GroupOutcome, InterchangeOutcome, Options, Verdict, registry::Prepared};
use crate::guide::NodeId;

/// What the limits of trading partners are compared with.
#[derive(Default)]
pub(super) struct Totals {
    pub(super) interchanges: u64,
    pub(super) claims: u64,
}

/// What is asked of the segments of envelopes.
pub(super) struct Headers {
    pub(super) prepared: Option<Arc<Prepared>>,
    pub(super) isa: Option<NodeId>,
    pub(super) ta1: Option<NodeId>,
    pub(super) gs: Option<NodeId>,
    pub(super) ge: Option<NodeId>,
    pub(super) iea: Option<NodeId>,
}

pub(super) struct Interchange {
    pub(super) outcome: InterchangeOutcome,
    pub(super) groups: u32,
    /// GS08s.
    pub(super) kinds: HashSet<CompactString>,
    pub(super) numbers: HashSet<CompactString>,
    pub(super) verdicts: Tally,
    pub(super) is_fragment: bool,
}

pub(super) struct Group {
    pub(super) outcome: GroupOutcome,
    pub(super) numbers: HashSet<CompactString>,
    pub(super) verdicts: Tally,
    pub(super) at_fault: bool,
    pub(super) is_fragment: bool,
}

/// What became of the parts of something.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) accepted: u32,
    pub(super) mixed: u32,
    pub(super) rejected: u32,
}

impl Tally {
    pub(super) fn count(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Accepted => self.accepted += 1,
            Verdict::AcceptedWithErrors => self.mixed += 1,
            Verdict::Rejected => self.rejected += 1,
        }
    }

    pub(super) fn verdict(&self, at_fault: bool) -> Verdict {
        match (self.accepted, self.mixed, self.rejected) {
            _ if at_fault => Verdict::Rejected,
            (_, 0, 0) => Verdict::Accepted,
            (0, 0, _) => Verdict::Rejected,
            _ => Verdict::AcceptedWithErrors,
        }
    }
}

impl Headers {
    pub(super) fn new(options: &Options) -> Self {
        let guide = options.library.by_name("TA1").and_then(Result::ok);
        let guide = guide.map(|guide| options.library.companion(guide).unwrap_or(guide));
        let find = |id: &str| {
            let guide = guide?;
            guide.nodes().find(|node| guide.segment(*node).is_some_and(|segment| segment.id == id))
        };
        Self {
            prepared: guide.map(Prepared::of),
            isa: find("ISA"),
            ta1: find("TA1"),
            gs: find("GS"),
            ge: find("GE"),
            iea: find("IEA"),
        }
    }
}

pub(super) fn trimmed(element: &[u8]) -> CompactString {
    String::from_utf8_lossy(element.trim_ascii_end()).to_compact_string()
}

/// Whether a count is as stated, leading zeros or not.
pub(super) fn counts(stated: &[u8], count: u32) -> bool {
    std::str::from_utf8(stated).is_ok_and(|stated| stated.trim().parse() == Ok(count))
}

/// Whether two control numbers are the same, leading zeros or not where they are numbers.
pub(super) fn same_number(one: &[u8], other: &[u8]) -> bool {
    let bare = |number: &[u8]| {
        let number = number.trim_ascii();
        let zeros = number.iter().take_while(|byte| **byte == b'0').count();
        number.get(zeros..).unwrap_or_default().to_vec()
    };
    bare(one) == bare(other)
}
