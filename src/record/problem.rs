//! What could not be read, and where it stands.

use crate::{
    guide::{Guide, NodeId},
    place::Entry,
};

/// A value that could not be read, or a segment that no field can hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The place of the segment.
    pub node: NodeId,
    /// Position in the transaction set, ST = 1.
    pub position: u32,
    /// Offset in the input.
    pub offset: u64,
    /// Element, from 1; 0 for the segment as a whole.
    pub element: u8,
    /// Component, from 1; 0 for the element as a whole.
    pub component: u8,
    /// What was expected.
    pub expected: &'static str,
}

impl Problem {
    /// The message, with places named by the guide.
    pub fn describe(&self, guide: &Guide) -> String {
        let segment = guide.designator(self.node);
        let place = match (self.element, self.component) {
            (0, _) => segment,
            (element, 0) => format!("{segment}{element:02}"),
            (element, component) => format!("{segment}{element:02}-{component}"),
        };
        match guide.loop_id(guide.parent(self.node)) {
            "" => format!("{place}: expected {}", self.expected),
            id => format!("{id}/{place}: expected {}", self.expected),
        }
    }
}

/// Something of a file that neither a field of a record nor its layout holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The place of the segment, or if it has none the loop it was met in.
    node: NodeId,
    /// Position in the transaction set, ST = 1.
    pub position: u32,
    /// Offset in the input.
    pub offset: u64,
    /// Element, from 1; 0 for a segment that has no place.
    element: u8,
}

impl LeftOut {
    pub(super) fn of(entry: &Entry, element: u8) -> Self {
        Self { node: entry.node, position: entry.position, offset: entry.offset, element }
    }

    /// The message, with places named by the guide.
    pub fn describe(&self, guide: &Guide) -> String {
        match self.element {
            0 => "a segment without a place is left out: it stands behind the claims, and belongs to none".to_owned(),
            element => {
                format!("{}{element:02}: what stands here has no field, and is left out", guide.designator(self.node))
            }
        }
    }
}
