//! MIME multiparts: read as they come, whoever wrote them, and written.
//!
//! `multipart/form-data` is one of the two envelopes of the rule, `multipart/related` carries the other with its
//! payload beside it. Clients end lines with CRLF or with LF alone, write a preamble, quote and fold as they like;
//! payloads are any bytes.

pub use self::{
    header::Header,
    reader::{Error, Event, Headers, Reader, read},
    transfer::{Decoder, Malformed},
    write::Multipart,
};

mod header;
mod reader;
mod transfer;
mod write;
