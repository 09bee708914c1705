//! What is odd about the bytes, as data.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// Something about the bytes that a receiver may object to. Nothing was changed because of it.
///
/// `Display` says what was found, what was expected and what to do, without showing data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// Where it begins in the input, in bytes from 0.
    pub offset: u64,
    /// How many bytes it is about; 0 for something that is missing.
    pub length: u64,
}

/// The kinds of [`Finding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingKind {
    /// A UTF-8 byte order mark before an interchange.
    Bom,
    /// Something other than line breaks and blanks before an interchange.
    JunkBeforeInterchange,
    /// An ISA whose elements are not padded to their fixed width, or are not sixteen.
    IsaNotFixedWidth,
    /// Two separators are the same byte; the one that matters less is taken as absent.
    SeparatorsNotDistinct,
    /// ISA16 is a letter, a digit, a blank or empty; there are no composites then.
    NoComponentSeparator,
    /// ISA11 is `U`, the habit of 4010, where version 00402 and later state the repetition separator;
    /// there is none then.
    RepetitionSeparatorIsLetterU,
    /// ISA11 is a letter other than `U`, a digit or a blank in version 00402 or later; there is no
    /// repetition separator then.
    NoRepetitionSeparator,
    /// Separators had to be guessed, since the input begins without an ISA.
    SeparatorsGuessed,
    /// A carriage return or line feed inside a segment. Stated once a segment.
    BreakInsideSegment,
    /// A control character, other than line breaks and tabs, between segments. Stated once for all between two.
    ControlBetweenSegments,
    /// The last segment has no terminator.
    MissingTerminator,
    /// Nothing between two terminators.
    EmptySegment,
    /// A byte above 0x7F. Stated once an interchange.
    NotAscii,
    /// Something other than line breaks, blanks and NULs after the last segment.
    TrailingJunk,
}

impl FindingKind {
    /// What was found, what was expected and what to do.
    pub fn message(self) -> &'static str {
        match self {
            FindingKind::Bom => "a byte order mark stands before the ISA; save the file without one",
            FindingKind::JunkBeforeInterchange => {
                "text that is not X12 stands before the ISA; an interchange begins with its ISA, remove the rest"
            }
            FindingKind::IsaNotFixedWidth => {
                "the ISA does not have its fixed width of 106 bytes; pad its 16 elements to their full length"
            }
            FindingKind::SeparatorsNotDistinct => "two separators are the same character; choose four that differ",
            FindingKind::NoComponentSeparator => {
                "ISA16 does not hold a component separator; put one there, usually `:`"
            }
            FindingKind::RepetitionSeparatorIsLetterU => {
                "ISA11 is `U`, as in 4010; from version 00402 on it holds the repetition separator, usually `^`"
            }
            FindingKind::NoRepetitionSeparator => {
                "ISA11 does not hold a repetition separator; put one there, usually `^`"
            }
            FindingKind::SeparatorsGuessed => {
                "no ISA states the separators, so they were taken from the first segments; send whole interchanges"
            }
            FindingKind::BreakInsideSegment => {
                "a line break stands inside a segment; break lines after a terminator only"
            }
            FindingKind::ControlBetweenSegments => {
                "a control character stands between segments; some receivers take it for a part of the segment id, remove it"
            }
            FindingKind::MissingTerminator => "the last segment has no terminator; the file may have been cut off",
            FindingKind::EmptySegment => "nothing stands between two terminators; remove one",
            FindingKind::NotAscii => {
                "a byte outside ASCII; the extended character set of X12 holds none, agree on it with the receiver or replace it"
            }
            FindingKind::TrailingJunk => {
                "text that is not X12 stands after the last segment; an interchange ends with its IEA, remove the rest"
            }
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: {}", self.offset, self.kind.message())
    }
}

/// Findings as they come, so many of each kind and no more: a hard-wrapped file has one a segment.
#[derive(Debug, Default)]
pub(super) struct Findings {
    list: Vec<Finding>,
    seen: BTreeMap<FindingKind, u64>,
}

impl Findings {
    /// How many of a kind are kept.
    const KEPT_OF_A_KIND: u64 = 100;

    pub(super) fn push(&mut self, kind: FindingKind, offset: u64, length: u64) {
        let seen = self.seen.entry(kind).or_default();
        if *seen < Self::KEPT_OF_A_KIND {
            self.list.push(Finding { kind, offset, length });
        }
        *seen = seen.saturating_add(1);
    }

    pub(super) fn list(&self) -> &[Finding] {
        &self.list
    }

    pub(super) fn count(&self, kind: FindingKind) -> u64 {
        self.seen.get(&kind).copied().unwrap_or(0)
    }
}
