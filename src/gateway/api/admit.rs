//! Limits: how much is done at the same time, and how often a key may ask.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::sync::Semaphore;

use super::{Api, ApiOptions, error::ApiError, events, key::Caller};

/// What limits requests.
pub(super) struct Limits {
    concurrent: Semaphore,
    per_second: f64,
    burst: f64,
    /// How much of its rate each key has left. There are as many as there are keys.
    keys: Mutex<HashMap<String, Bucket>>,
}

impl Limits {
    pub(super) fn new(options: &ApiOptions) -> Self {
        Self {
            concurrent: Semaphore::new(options.concurrent.max(1)),
            per_second: f64::from(options.per_second.max(1)),
            burst: f64::from(options.burst.max(1)),
            keys: Mutex::default(),
        }
    }

    /// Takes one of the key's requests; the seconds until there is one if there is none.
    fn take(&self, key: &str) -> Result<(), f64> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        match keys.get_mut(key) {
            Some(bucket) => bucket.take(self.per_second, self.burst),
            None => keys.entry(key.to_owned()).or_insert(Bucket::full(self.burst)).take(self.per_second, self.burst),
        }
    }
}

/// What may be taken out at a steady rate, or at once if it was left in.
#[derive(Debug)]
pub(super) struct Bucket {
    left: f64,
    looked: Instant,
}

impl Bucket {
    pub(super) fn full(burst: f64) -> Self {
        Self { left: burst, looked: Instant::now() }
    }

    /// Takes one; the seconds until there is one if there is none.
    pub(super) fn take(&mut self, per_second: f64, burst: f64) -> Result<(), f64> {
        let now = Instant::now();
        let since = now.duration_since(self.looked).as_secs_f64();
        self.looked = now;
        self.left = since.mul_add(per_second, self.left).min(burst);
        if self.left < 1.0 {
            return Err((1.0 - self.left) / per_second);
        }
        self.left -= 1.0;
        Ok(())
    }
}

/// Lets a request through, or has it come again.
pub(super) async fn admit(State(api): State<Arc<Api>>, caller: Caller, request: Request, next: Next) -> Response {
    if let Err(seconds) = api.limits.take(&caller.key) {
        let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "this key asks too often");
        return error.after(whole(seconds)).into_response();
    }
    // Who waits for events does nothing meanwhile; that has a limit of its own.
    if request.extensions().get::<MatchedPath>().is_some_and(|path| path.as_str() == events::PATH) {
        return next.run(request).await;
    }
    match api.limits.concurrent.try_acquire() {
        Ok(_permit) => next.run(request).await,
        Err(_) => ApiError::overloaded().into_response(),
    }
}

/// Seconds, as `Retry-After` has them: whole ones, and one at least.
fn whole(seconds: f64) -> u64 {
    // A cast of a float saturates.
    seconds.ceil().max(1.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_a_rate_of_its_own() {
        let options = ApiOptions { per_second: 1, burst: 3, ..ApiOptions::default() };
        let limits = Limits::new(&options);
        let taken = (0..10).filter(|_| limits.take("a").is_ok()).count();
        assert_eq!(taken, 3);
        assert!(limits.take("b").is_ok());
        let wait = limits.take("a").unwrap_err();
        assert!(wait > 0.0 && wait <= 1.0 && whole(wait) == 1, "{wait}");
    }
}
