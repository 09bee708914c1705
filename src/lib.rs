//! X12 claim interchange: HIPAA 837, 835, 999, TA1 and 277CA between bytes, places and records; and a gateway that
//! exchanges them with trading partners.
//!
//! ```
//! // A file to claims on their own, one JSON object a line.
//! let file = std::fs::read("samples/837p/ambulance.x12")?;
//! let mut lines = Vec::new();
//! let summary = claimwire::ndjson::read(&file[..], &mut lines, Some("ambulance.x12"))?;
//! assert!(summary.notices.is_empty() && lines.starts_with(b"{"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! From the bottom up:
//!
//! - [`x12`]: bytes to segments and back, envelopes. [`segments`]: the plain list of them.
//! - [`guide`]: what may stand where, read from `specs/`. [`place`]: each segment put into its place.
//! - [`record`], [`claims`]: the claim model, and what reads and writes it. [`codes`]: code lists.
//! - [`document`]: a whole file as JSON. [`ndjson`]: claims on their own, as values or one line of JSON each.
//! - [`check`]: what a receiver would reject. [`report`]: the same for people. [`acknowledge`]: the same as TA1, 999
//!   and 277CA, and what those of others mean.
//! - [`partner`]: what is agreed with a trading partner.
//! - [`explain`], [`guidebook`], [`generate`]: for people who read, and for tests.
#![cfg_attr(
    feature = "gateway",
    doc = "- [`gateway`]: the daemon: store, flow, connectors, API. Its handbook is [`manual`]."
)]
#![forbid(unsafe_code)]
// No input ends the program: only tests may stop at what they did not expect.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used))]
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
