//! Why reading cannot go on.

use std::io;

/// Why a [`Reader`](super::Reader), or a codec of interchanges, cannot go on. What merely looks odd is a [`Finding`](super::Finding).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes could not be had.
    #[error(transparent)]
    Io(#[from] io::Error),

    /// There is no segment to start from.
    #[error("{}", not_x12(*searched))]
    NotX12 {
        /// How many bytes were searched.
        searched: u64,
    },

    /// The text is UTF-16, two bytes a character.
    #[error(
        "the text is UTF-16, and X12 has one byte a character; convert it, for example with `iconv -f UTF-16 -t UTF-8`"
    )]
    Utf16,

    /// A letter, a digit or a blank stands where a header states a separator.
    #[error(
        "byte {offset}: a letter, digit or blank stands where the {separator} should be; \
         the ISA has lost or gained characters, or its elements are not separated"
    )]
    NotASeparator {
        /// Where it stands in the input, from 0.
        offset: u64,
        /// Which one: `element separator` or `segment terminator`.
        separator: &'static str,
    },

    /// The input ends before its first header does.
    #[error("byte {offset}: the header that begins here is cut short; an ISA has 16 elements in 106 bytes")]
    HeaderCutShort {
        /// Where the header begins in the input, from 0.
        offset: u64,
    },

    /// A segment goes on and on.
    #[error(
        "byte {offset}: no segment terminator within {limit} bytes of the segment that begins here; \
         the terminator stated by the ISA is not the one in use, or this is not X12"
    )]
    SegmentTooLong {
        /// Where the segment begins in the input, from 0.
        offset: u64,
        /// The longest segment that is read, in bytes.
        limit: usize,
    },

    /// Segments go on after more than could be kept of something else.
    #[error(
        "byte {offset}: a segment begins here after more than {limit} bytes that belong to no segment; \
         remove them, or give the parts as files of their own"
    )]
    TooMuchBetween {
        /// Where segments go on in the input, from 0.
        offset: u64,
        /// How many bytes may stand between segments.
        limit: usize,
    },

    /// Something stands between the interchanges of a stream.
    #[error(
        "byte {offset}: something other than an interchange begins here; send ISA to IEA, and at most line breaks between"
    )]
    Junk {
        /// Where it begins in the stream, from 0.
        offset: u64,
    },

    /// An interchange of a stream is too large.
    #[error("byte {offset}: the interchange that begins here has more than {limit} bytes; split it, or allow for more")]
    InterchangeTooLarge {
        /// Where it begins in the stream, from 0.
        offset: u64,
        /// The largest that is accepted, in bytes.
        limit: usize,
    },

    /// A stream ends before an interchange does.
    #[error("byte {offset}: the stream ends within the interchange that begins here; its IEA has not come")]
    InterchangeCutShort {
        /// Where it begins in the stream, from 0.
        offset: u64,
    },
}

impl Error {
    /// Where in the input, in bytes from 0, if it is about a place.
    pub fn offset(&self) -> Option<u64> {
        match *self {
            Error::NotASeparator { offset, .. }
            | Error::HeaderCutShort { offset }
            | Error::SegmentTooLong { offset, .. }
            | Error::TooMuchBetween { offset, .. }
            | Error::Junk { offset }
            | Error::InterchangeTooLarge { offset, .. }
            | Error::InterchangeCutShort { offset } => Some(offset),
            Error::NotX12 { .. } | Error::Utf16 => Some(0),
            Error::Io(_) => None,
        }
    }
}

fn not_x12(searched: u64) -> String {
    if searched == 0 {
        return "there is nothing in it".into();
    }
    format!(
        "not X12: no ISA segment, and no GS or ST to start from, in the first {searched} bytes; \
         give an interchange (ISA to IEA), or a fragment that begins with GS or ST"
    )
}
