//! CAQH CORE connectivity vC2.2.0, client and server: files in an envelope over HTTP, of MIME or of SOAP.

mod answer;
pub mod checksum;
pub mod client;
pub mod envelope;
mod exchange;
pub mod fault;
pub mod intake;
pub mod mime;
pub mod outgoing;
pub mod payload_type;
pub mod server;
pub mod settings;
pub mod soap;
