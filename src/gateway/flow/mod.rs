//! What becomes of claims and files: the way out, the way in, and how answers find what they answer.
//!
//! Everything here is a work on the store: a file and all that follows from it commit together. What takes
//! long (checking, converting, sending) is done before, on threads that may block, and what is to follow is
//! written in one work at the end, so that a crash leaves either nothing of it or all of it.

mod examine;
mod facts;
mod state;
mod submit;
mod timeline;

pub use state::State;
pub use submit::{Decision, Outcome, Submission, SubmitError, Submitted};
pub use timeline::Event;
