//! What becomes of claims and files: the way out, the way in, and how answers find what they answer.
//!
//! Everything here is a work on the store: a file and all that follows from it commit together. What takes
//! long (checking, converting, sending) is done before, on threads that may block, and what is to follow is
//! written in one work at the end, so that a crash leaves either nothing of it or all of it.

mod again;
mod answers;
mod batch;
mod collect;
mod deliver;
mod error;
mod examine;
mod expect;
mod facts;
mod hand_on;
mod held_back;
mod intake;
mod judged;
mod outline;
mod pay;
mod process;
mod receive;
mod remit;
mod resend;
mod retention;
mod service;
mod spans;
mod state;
mod submit;
mod timeline;
mod withdraw;
mod work;

pub use error::FlowError;
pub use intake::Intake;
pub use pay::{Balanced, Given};
pub use resend::Resend;
pub use service::Desk;
pub use state::State;
pub use submit::{Decision, Outcome, Prepared, Submission, SubmitError, Submitted};
pub use timeline::Event;
pub use withdraw::Withdrawal;
pub(super) use work::{collect_from, collecting};

/// Does something that blocks on a thread where it may.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FlowError> + Send + 'static,
) -> Result<T, FlowError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(FlowError::Fault("a worker thread failed".into())),
    }
}

#[cfg(test)]
mod tests;
