//! The gateway over real sockets.
#![cfg(feature = "gateway")]

mod api;
mod core;
