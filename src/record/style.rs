//! How segments are written, and from where on.

use crate::x12::{Delimiters, OnDelimiter};

/// How segments are written.
#[derive(Clone, Debug)]
pub struct Style {
    /// The delimiters.
    pub delimiters: Delimiters,
    /// What follows each terminator.
    pub line_break: Vec<u8>,
    /// What becomes of data that holds a delimiter.
    pub on_delimiter: OnDelimiter,
}

impl Default for Style {
    fn default() -> Self {
        Self { delimiters: Delimiters::default(), line_break: b"\n".to_vec(), on_delimiter: OnDelimiter::Refuse }
    }
}

/// Numbers to begin with, for a loop that is not the whole transaction set.
#[derive(Clone, Copy, Debug, Default)]
pub struct Start {
    /// HL numbers given out before.
    pub levels: u32,
    /// HL number of the level around.
    pub parent: u32,
    /// Whether an HL below follows that is not part of the object.
    pub has_children: bool,
    /// Position among its siblings, from 1.
    pub line: u32,
    /// Which segments stand though the object says nothing of them.
    pub added: Added,
}

/// Segments that a writer adds by itself: the first of a loop, and the trailer of an envelope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Added {
    /// Both.
    #[default]
    All,
    /// Not the trailer: more of the loop follows.
    NoTrailer,
    /// Neither: the loop has begun before, and goes on.
    Nothing,
}
