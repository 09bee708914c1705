//! Bytes to segments and back. Only this module knows delimiters.
//!
//! A [`Reader`] takes bytes from any [`std::io::Read`] and hands out one [`Token`] at a time: a
//! [`Segment`], borrowed from a reused buffer and already cut into elements, together with whatever
//! stood before it; or what stands after the last segment. The concatenation of all of it is the input.
//! Memory is bounded by the longest segment, never by the file.
//!
//! ```
//! use claimwire::x12::{Reader, Token};
//!
//! let mut reader = Reader::new(&b"ST*837*0001~\nBHT*0019*00*26*20260115*1023*CH~\n"[..]);
//! let mut ids = Vec::new();
//! while let Some(token) = reader.next()? {
//!     if let Token::Segment { segment, .. } = token {
//!         ids.push(segment.id().to_vec());
//!     }
//! }
//! assert_eq!(ids, [b"ST".to_vec(), b"BHT".to_vec()]);
//! # Ok::<(), claimwire::x12::Error>(())
//! ```
//!
//! A [`Writer`] writes segments, from values, from elements as they stood, or from bytes. With the feature
//! `gateway`, `InterchangeCodec` cuts a stream into whole interchanges, and `InterchangePieces` hands out
//! large ones while they come.
//!
//! What is odd about the bytes (a byte order mark, hard-wrapped lines, an ISA that is not fixed width) is
//! a [`Finding`], kept by the reader; [`Error`] means that reading cannot go on.

#[cfg(feature = "framing")]
mod codec;
mod delimiters;
mod error;
mod finding;
mod index;
mod isa;
mod opening;
#[cfg(feature = "gateway")]
mod pieces;
mod reader;
mod segment;
mod writer;

#[cfg(feature = "framing")]
pub use codec::{Interchange, InterchangeCodec, Junk};
pub use delimiters::Delimiters;
pub use error::Error;
pub use finding::{Finding, FindingKind};
#[cfg(feature = "gateway")]
pub use pieces::{InterchangePieces, Piece};
pub use reader::{MAX_BETWEEN, MAX_SEGMENT, Reader, Token};
pub use segment::Segment;
pub use writer::{ElementPlace, OnDelimiter, SegmentWriter, WriteError, Writer};
