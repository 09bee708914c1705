//! Callers that were refused, noted in the audit log, which they cannot fill.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde_json::json;

use super::{Gateway, store::audit};

/// Refusals that are audited in each span; the next entry says how many were not.
const MOST: u32 = 60;
const SPAN: Duration = Duration::from_secs(60);

/// Holds refusals back from the audit log when there are many.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<Noted>);

#[derive(Debug, Default)]
struct Noted {
    since: Option<Instant>,
    count: u32,
    missed: u64,
}

impl Refusals {
    /// Whether this one is audited, and how many before it were not.
    fn next(&self) -> Option<u64> {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if noted.since.is_none_or(|since| now.duration_since(since) >= SPAN) {
            (noted.since, noted.count) = (Some(now), 0);
        }
        if noted.count >= MOST {
            noted.missed = noted.missed.saturating_add(1);
            return None;
        }
        noted.count = noted.count.saturating_add(1);
        Some(std::mem::take(&mut noted.missed))
    }
}

impl Gateway {
    /// Notes that somebody was refused: `actor` is who, as far as it is known; `subject` what it showed or claimed.
    /// That it cannot be noted is logged, and lets nobody in.
    pub(super) async fn refused(&self, actor: &str, subject: &str, why: &str) {
        let Some(missed) = self.refusals.next() else { return };
        let detail = json!({ "why": why, "not_listed_before": missed }).to_string();
        let (actor, subject) = (actor.to_owned(), subject.to_owned());
        let noted =
            self.store().write(move |tx| audit::append(tx, &actor, "refused", &subject, &detail).map(drop)).await;
        if let Err(error) = noted {
            tracing::error!(%error, "a refused caller could not be noted in the audit log");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_do_not_fill_the_log() {
        let refusals = Refusals::default();
        assert_eq!((0..1000).filter(|_| refusals.next().is_some()).count(), MOST as usize);
        refusals.0.lock().unwrap().since = Instant::now().checked_sub(SPAN);
        assert_eq!(refusals.next(), Some(1000 - u64::from(MOST)));
    }
}
