//! The gateway over real sockets.
#![cfg(feature = "gateway")]

mod commands;
mod core;
mod faults;
mod harness;
mod security;
