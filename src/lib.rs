//! X12 claim interchange: HIPAA 837, 835, 999, TA1 and 277CA between bytes, places and records.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod acknowledge;
pub mod check;
pub mod claims;
pub mod codes;
pub mod document;
pub mod explain;
#[cfg(feature = "gateway")]
pub mod gateway;
pub mod generate;
pub mod guide;
pub mod guidebook;
#[cfg(feature = "gateway")]
pub mod manual;
pub mod ndjson;
pub mod partner;
pub mod place;
pub mod record;
pub mod report;
pub mod segments;
pub mod testing;
pub mod x12;
