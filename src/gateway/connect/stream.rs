//! Interchanges over mutual TLS: one after another on a connection, each answered by its TA1.
//!
//! The caller sends interchanges, ISA to IEA, with nothing but line breaks between them. The side that was called
//! answers each, in their order and once it is stored, by an interchange with its TA1; everything else (999, 277CA,
//! 835) comes by other ways. There is no other protocol around it. Who calls is known by the certificate.
//!
//! ```text
//!   caller                                     called
//!     ISA 1 … IEA  ───────────────────────────►  spooled, stored, durable
//!     ISA 2 … IEA  ─────────►   ◄─────────────  ISA TA1(1) IEA
//!                               ◄─────────────  ISA TA1(2) IEA
//!     close        ───────────────────────────►
//! ```
//!
//! A connection that ends before the TA1 says nothing about what was sent: the caller sends it again, and the side that
//! is called knows it again. Where bytes do not make an interchange the connection is closed, as nobody can tell where the
//! next one begins; an interchange that is too large is answered by a TA1 first.

mod client;
mod server;
mod ta1;
#[cfg(test)]
mod tests;

use jiff::SignedDuration;
use serde::Deserialize;

pub use self::{client::StreamClient, server::StreamServer};

/// The name of the connector.
pub const CHANNEL: &str = "stream";
/// Most bytes of an interchange that answers: it holds TA1s.
const LONGEST_ANSWER: usize = 64 << 10;
/// How many bytes are read at a time.
const CHUNK: usize = 64 << 10;

/// How the connector serves. Durations are as jiff reads them: `"30s"`, `"10m"`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerSettings {
    /// Most bytes of an interchange: 1 GiB by default. They are kept on disk while they come.
    pub limit: u64,
    /// How long a caller may keep a connection open between interchanges: 10 minutes by default.
    pub idle_timeout: SignedDuration,
    /// How long a caller may neither send nor take anything within one: 30 seconds by default.
    pub stall_timeout: SignedDuration,
    /// How long an interchange may take to come: 30 minutes by default.
    pub interchange_timeout: SignedDuration,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            limit: 1 << 30,
            idle_timeout: SignedDuration::from_mins(10),
            stall_timeout: SignedDuration::from_secs(30),
            interchange_timeout: SignedDuration::from_mins(30),
        }
    }
}

/// How a partner is called: `[stream]` of its settings.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartnerSettings {
    /// Where the partner listens: `edi.harbor.example:6443`. Absent if it only calls us.
    #[serde(default)]
    pub address: Option<String>,
    /// How long connecting may take, with the TLS handshake: 10 seconds by default.
    #[serde(default = "ten_seconds")]
    pub connect_timeout: SignedDuration,
    /// How long the partner may take nothing of what we send: 30 seconds by default.
    #[serde(default = "half_a_minute")]
    pub stall_timeout: SignedDuration,
    /// How long a TA1 may be waited for: 5 minutes by default.
    #[serde(default = "five_minutes")]
    pub answer_timeout: SignedDuration,
}

fn ten_seconds() -> SignedDuration {
    SignedDuration::from_secs(10)
}

fn half_a_minute() -> SignedDuration {
    SignedDuration::from_secs(30)
}

fn five_minutes() -> SignedDuration {
    SignedDuration::from_mins(5)
}

/// A duration of the settings; one that is negative is over at once.
fn span(duration: SignedDuration) -> std::time::Duration {
    duration.try_into().unwrap_or_default()
}
