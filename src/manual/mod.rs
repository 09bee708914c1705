//! The manual of the gateway: one program for a billing side, for a payer, or for both.
//!
//! ```text
//!   billing system                 claimwire                          payer
//!  ┌──────────────┐ claims  ┌──────────────────────┐  837   ┌───────────────────────┐
//!  │              │ ──────► │ check, queue, batch  │ ─────► │ CORE, TLS stream or   │
//!  │              │ ◄────── │ join to the claims   │ ◄───── │ folder                │
//!  └──────────────┘ events  └──────────────────────┘  TA1, 999, 277CA, 835 ─────────┘
//! ```
//!
//! As a payer it is the other box: it takes 837s, answers them with TA1, 999 and 277CA, hands the claims on, and makes
//! an 835 of the payments that it is given.
//!
//! - [`walkthroughs`]: an 837 goes out; an 835 comes back; the machine dies.
//! - [`states`]: what a claim, a file, a delivery and a job can be, drawn.
//! - [`operating`]: start, stop, watch, back up, restore, and what waits for a person.
//! - [`security`]: who may do what, what is sealed, what is logged, what is left to you.
//! - [`settings`]: every setting, with its default.
//!
//! To see all of it move, without setting anything up: `claimwire demo`. What each command takes is in
//! `claimwire COMMAND --help`; what each route of the API takes is served at `/v1/openapi.json`.

pub mod operating;
pub mod security;
pub mod settings;
pub mod states;
pub mod walkthroughs;
