//! The gateway: claims in, files exchanged with trading partners, answers matched.

pub mod connect;
pub mod sandbox;
