//! Works on their way to the thread that does them, and their answers on the way back.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use super::{Error, Tx};

/// A work that waits to be done.
pub(super) trait Work: Send {
    /// Does it. Returns whether what it did is to be kept.
    fn run(&mut self, tx: &mut dyn Tx) -> bool;

    /// Answers the caller: with what the work returned, or with why it could not be kept.
    fn settle(self: Box<Self>, kept: Result<(), Error>);
}

/// A work and the way back for its answer, which is closed if the work is dropped before it is settled.
pub(super) fn work<T, E, F>(work: F) -> (Box<dyn Work>, oneshot::Receiver<Result<T, E>>)
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
    F: FnOnce(&mut dyn Tx) -> Result<T, E> + Send + 'static,
{
    let (answer, receiver) = oneshot::channel();
    (Box::new(Waiting { work: Some(work), result: None, answer }), receiver)
}

struct Waiting<F, T, E> {
    work: Option<F>,
    result: Option<Result<T, E>>,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Work for Waiting<F, T, E>
where
    T: Send,
    E: From<Error> + Send,
    F: FnOnce(&mut dyn Tx) -> Result<T, E> + Send,
{
    fn run(&mut self, tx: &mut dyn Tx) -> bool {
        let Some(work) = self.work.take() else { return false };
        // A work that panics is rolled back; nothing of it is seen again, so it may leave what it will.
        let result = catch_unwind(AssertUnwindSafe(|| work(tx))).unwrap_or_else(|_| Err(Error::Panicked.into()));
        self.result.insert(result).is_ok()
    }

    fn settle(self: Box<Self>, kept: Result<(), Error>) {
        let result = match (self.result, kept) {
            (Some(Err(error)), _) => Err(error),
            (_, Err(error)) => Err(error.into()),
            (Some(result), Ok(())) => result,
            (None, Ok(())) => Err(Error::Closed.into()),
        };
        // The caller may have gone; what was done stays done.
        let _ = self.answer.send(result);
    }
}
