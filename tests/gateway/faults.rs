//! The gateway when things go wrong: killed, lied to, without space, with a clock that jumps.

mod kill;
mod partner;
mod script;
mod store;
