//! The manual of the gateway.

pub mod settings;
