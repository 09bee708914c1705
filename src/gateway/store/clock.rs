//! The time as the store sees it.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// Tells the time in milliseconds since 1970-01-01 UTC. It may jump, as clocks of machines do.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that stands at what `hand` holds, for tests.
    pub fn set_by(hand: Arc<AtomicI64>) -> Self {
        Self(Some(hand))
    }

    /// The time now, in milliseconds since 1970-01-01 UTC.
    pub fn now(&self) -> i64 {
        self.0.as_ref().map_or_else(|| jiff::Timestamp::now().as_millisecond(), |hand| hand.load(Ordering::SeqCst))
    }
}
