//! CAQH CORE connectivity vC2.2.0, client and server: files in an envelope over HTTP, of MIME or of SOAP.
//!
//! The same message has two envelopes: a form (`multipart/form-data`) or SOAP, with the payload of a batch beside it
//! (MTOM). [`envelope`] has the fields and operations they share, [`payload_type`] the strings that partners use,
//! [`fault`] what can be wrong. [`mime`] and [`soap`] read and write bytes and know nothing else.
//!
//! A message comes in, request or answer, through one way that knows all its forms (`intake`), and goes out through
//! one (`outgoing`); payloads are streamed from and to disk. [`server`] answers requests by what a
//! [`Service`](super::Service) does (`exchange`), for who has proven who it is (`door`); [`client`] sends them and says what the answer means (`answer`).
//!
//! Where the rule leaves something open, or partners depart from it, it is a setting ([`settings`]).

/// Logs what happened; what is no news, only for who looks closely.
macro_rules! tell {
    ($is_news:expr, $($what:tt)*) => {
        if $is_news { tracing::info!($($what)*) } else { tracing::debug!($($what)*) }
    };
}

mod answer;
pub mod checksum;
pub mod client;
mod door;
pub mod envelope;
mod exchange;
pub mod fault;
mod field;
pub(crate) mod intake;
pub mod mime;
pub(crate) mod outgoing;
pub mod payload_type;
mod plain_words;
pub mod server;
pub mod settings;
pub mod soap;
