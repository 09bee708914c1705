//! The gateway over real sockets.
#![cfg(all(feature = "cli", feature = "gateway"))]

mod api;
mod commands;
mod core;
mod faults;
mod harness;
mod retention;
mod security;
