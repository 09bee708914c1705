//! The `segments` format: whatever tokenises, as JSON, and back byte for byte.
//!
//! It says nothing of loops or meaning, so that it holds for any transaction set, and for files with
//! mistakes.
//!
//! ```json
//! {"interchanges":[
//!   {"before": "…",
//!    "delimiters": {"element":"*","component":":","repetition":"^","segment":"~"},
//!    "line_break": "\n",
//!    "segments": [["ISA","00","…"],["GS","HC","…"],["CLM","26463774","100","","","11:B:1"]],
//!    "line_breaks": [{"before_segment":3,"text":"\r\n"}],
//!    "latin1": [3],
//!    "unterminated": true}],
//!  "trailing": "…"}
//! ```
//!
//! A new interchange begins with each ISA; a fragment is one without. Segments count from 1 within it. An
//! element is a string, with component and repetition separators inside. What is absent says nothing:
//!
//! - `before`: what stands before the first segment. `trailing`: what stands after the last.
//! - `line_break`: what stands between segments, as it does between the first two.
//! - `line_breaks`: where something else does.
//! - `latin1`: the segments that are not UTF-8. Their characters are the bytes, U+0000 to U+00FF, and so
//!   are the characters of `before`, `line_break`, `text` and `trailing`, always.
//! - `unterminated`: the last segment has no terminator.

mod from_json;
mod to_json;

use std::io;

use crate::x12;

pub use from_json::from_json;
pub use to_json::to_json;

/// Why something cannot be turned into the `segments` format, or back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The input could not be read, or the output not be written.
    #[error(transparent)]
    Io(#[from] io::Error),

    /// The input cannot be read as X12.
    #[error(transparent)]
    X12(#[from] x12::Error),

    /// The input is not JSON of this shape. Says where, by line and column.
    #[error("not the `segments` format: {0}")]
    Json(serde_json::Error),

    /// A segment cannot be written with the delimiters of its interchange.
    #[error("interchange {interchange}: {error}")]
    Write {
        /// Which interchange, from 1.
        interchange: u64,
        /// Which element, and why.
        error: x12::WriteError,
    },

    /// A character that is no byte stands where every character is one.
    #[error(
        "interchange {interchange}, {place}: a character above U+00FF, where each character is a byte; \
         write the bytes of its encoding, or take the segment out of `latin1`"
    )]
    NotAByte {
        /// Which interchange, from 1; for `trailing` the number of interchanges.
        interchange: u64,
        /// Which part of it, such as `before` or `segment 3`.
        place: String,
    },
}

/// Errors of JSON that are errors of what it is read from or written to.
impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        if error.is_io() { Error::Io(error.into()) } else { Error::Json(error) }
    }
}
