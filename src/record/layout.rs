//! What the bytes of a loop need to come back identical.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::x12::Delimiters;

/// How a loop was spelled, where that differs from what the writer would make of its data.
///
/// *Items* are the segments and inner loops of the loop, from 0, in the order of the file (or of
/// the guide, where `order` is absent), without what is unplaced.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Layout {
    /// The delimiters of the texts below, where a claim on its own comes from a file whose delimiters are not the usual
    /// ones. In a document they are those of its interchange.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiters: Option<Delimiters>,
    /// Designators of the items as they stood, where that is not the guide's order (`REF[EA]`,
    /// `2400 x12`). A trailer that is not listed was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Vec<String>>,
    /// How many values each repeat of a segment held, where the repeats before the last were not
    /// full.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub runs: BTreeMap<String, Vec<u32>>,
    /// Segments that were spelled in their own way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verbatim: Vec<Verbatim>,
    /// Segments that have no place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unplaced: Vec<Unplaced>,
}

/// A segment whose text differs from the canonical one. It is written while the data still
/// says `instead_of`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verbatim {
    /// Which item.
    pub item: u32,
    /// As it stood.
    pub text: String,
    /// As the writer would have made it from the data.
    pub instead_of: String,
    /// Whether the bytes of `text` were Latin-1 (else UTF-8).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub latin1: bool,
}

/// A segment that no place takes, or whose values could not be read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unplaced {
    /// It stands before this item.
    pub item: u32,
    /// Its position in the transaction set, ST = 1; 0 in a claim on its own, which has none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub position: u32,
    /// As it stood.
    pub text: String,
    /// Whether the bytes of `text` were Latin-1 (else UTF-8).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub latin1: bool,
}

fn is_zero(position: &u32) -> bool {
    *position == 0
}

impl Layout {
    /// Whether the loop was spelled as the writer spells it.
    pub fn is_empty(&self) -> bool {
        self.order.is_none() && self.runs.is_empty() && self.verbatim.is_empty() && self.unplaced.is_empty()
    }
}
