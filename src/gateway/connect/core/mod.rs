//! CAQH CORE connectivity vC2.2.0, client and server: files in an envelope over HTTP, of MIME or of SOAP.

pub mod checksum;
pub mod envelope;
pub mod fault;
pub mod mime;
pub mod payload_type;
pub mod settings;
pub mod soap;
