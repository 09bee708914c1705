//! What stands between and around the segments of an interchange.

use serde::{Deserialize, Serialize};

use crate::x12::Delimiters;

/// Delimiters, line breaks and what is no segment, of one interchange.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Framing {
    /// What stands before the first segment, if it is not the line break that the interchange
    /// before would have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The delimiters.
    pub delimiters: Delimiters,
    /// What follows each terminator.
    pub line_break: String,
    /// Where something else stands between two segments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub line_breaks: Vec<LineBreak>,
    /// Whether the last segment has no terminator.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unterminated: bool,
}

/// A line break unlike the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineBreak {
    /// Number of the segment after it, from 1 for the first of the interchange.
    pub before_segment: u64,
    /// What stands there.
    pub text: String,
}

impl Framing {
    /// Names of the fields in JSON.
    pub(super) const FIELDS: &[&str] = &["before", "delimiters", "line_break", "line_breaks", "unterminated"];

    /// Takes note of what stands before a segment, the first of which is number 1.
    pub(super) fn note(&mut self, number: u64, before: &[u8]) {
        if number == 1 {
            self.before = Some(text(before));
        } else if number == 2 {
            self.line_break = text(before);
        } else if !is(before, &self.line_break) {
            self.line_breaks.push(LineBreak { before_segment: number, text: text(before) });
        }
    }
}

/// Whether bytes are those of a text.
fn is(bytes: &[u8], text: &str) -> bool {
    bytes.iter().map(|&byte| char::from(byte)).eq(text.chars())
}

/// Bytes between segments as text: each byte is the character of its number, so that any byte
/// comes back.
pub(super) fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

/// The bytes of such a text. Characters above U+00FF, which no input gave, become `?`.
pub(super) fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?')).collect()
}
