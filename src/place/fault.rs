//! What does not fit a guide.

use std::fmt;

use crate::guide::{Guide, NodeId};

/// A segment that does not fit, or one that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// The place concerned: where the segment belongs, or the loop it was met in.
    pub node: NodeId,
    /// The segment's id; for a missing one the id that is missing.
    pub segment: String,
    /// Position in the transaction set, ST = 1. For a missing part, of the segment that stands in its place.
    pub position: u32,
    /// Offset in the input of the segment's first byte.
    pub offset: u64,
}

/// Ways not to fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// The base standard has no such segment.
    UnknownSegment,
    /// The segment is known but not used in this guide.
    NotInGuide,
    /// The guide uses the segment, but not here.
    Unexpected,
    /// The loop takes the segment, but earlier.
    OutOfOrder,
    /// More than the guide allows.
    TooMany,
    /// A required segment or loop does not stand.
    Missing,
    /// HL02 does not name the level around it.
    WrongParent,
}

impl Fault {
    /// The message, with places named by the guide.
    pub fn describe(&self, guide: &Guide) -> String {
        let segment = &self.segment;
        let name = |node: NodeId| match guide.loop_id(node) {
            "" if guide.set == "TA1" => "the interchange".to_owned(),
            "" => "the transaction set".to_owned(),
            id => format!("loop {id}"),
        };
        let found = name(self.node);
        match self.kind {
            FaultKind::UnknownSegment => {
                format!("`{segment}` is no segment of the standard; it was kept as unplaced in {found}")
            }
            FaultKind::NotInGuide => {
                format!("{segment} is not used in {}; it was kept as unplaced in {found}", guide.name)
            }
            FaultKind::Unexpected => format!(
                "{segment} has no place after what stands before it in {found}; it was kept as unplaced (check its qualifier)"
            ),
            FaultKind::OutOfOrder => {
                format!("{segment} ({}) belongs earlier in {found}; it was kept as unplaced", guide.title(self.node))
            }
            FaultKind::TooMany => format!(
                "{} ({}) stands more than {} times",
                guide.designator(self.node),
                guide.title(self.node),
                guide.repeat(self.node)
            ),
            FaultKind::Missing => format!(
                "{} ({}) is required in {} and does not stand",
                guide.designator(self.node),
                guide.title(self.node),
                name(guide.parent(self.node))
            ),
            FaultKind::WrongParent => {
                format!(
                    "HL02 does not name the level around it ({found}): what is below belongs to the level it names, if there is one"
                )
            }
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownSegment => "unknown segment",
            Self::NotInGuide => "segment not in the guide",
            Self::Unexpected => "unexpected segment",
            Self::OutOfOrder => "segment out of order",
            Self::TooMany => "too many",
            Self::Missing => "missing",
            Self::WrongParent => "wrong parent level",
        })
    }
}
