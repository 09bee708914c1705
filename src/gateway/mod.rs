//! The gateway: claims in, files exchanged with trading partners, answers matched, nothing lost.

pub mod store;
