//! The gateway: claims in, files exchanged with trading partners, answers matched.

pub mod authority;
pub mod connect;
pub mod https;
pub mod sandbox;
pub mod secret;
pub mod tls;
