//! Who calls. Who is refused is told nothing, logged and audited.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    extract::{Request, State},
    http::{StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{Api, admit::Bucket, error::ApiError, exchange::RequestId, key::Caller};
use crate::gateway::{
    connect::Peer,
    store::{api_keys, audit},
};

/// Longest key that is looked at, in bytes.
const LONGEST_KEY: usize = 256;

/// Refusals that are audited at once; after that one a second, which says how many there were.
const REFUSALS: f64 = 60.0;

/// Finds out who calls. Nobody gets further without a key.
pub(super) async fn authenticate(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let caller = match caller(&api, &parts).await {
        Ok(caller) => caller,
        Err(error) => return error.into_response(),
    };
    parts.extensions.insert(caller.clone());
    let mut response = next.run(Request::from_parts(parts, body)).await;
    response.extensions_mut().insert(caller);
    response
}

/// Who made a request.
///
/// # Errors
/// 401, whatever is wrong with the key.
pub(super) async fn caller(api: &Api, request: &Parts) -> Result<Caller, ApiError> {
    let id = request.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let header = request.headers.get(header::AUTHORIZATION);
    let presented = header.and_then(|value| value.to_str().ok()).and_then(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim().to_owned())
    });
    let presented = presented.filter(|key| key.len() <= LONGEST_KEY);
    let found = match presented {
        Some(presented) => api
            .store()
            .read(move |tx| Ok((api_keys::find(tx, &presented)?, tx.now())))
            .await
            .map(|(key, now)| key.map(|key| (key, now)))?,
        None => None,
    };
    let Some((key, now)) = found else {
        refuse(api, request, header.is_some(), &id).await;
        let hint = "send `Authorization: Bearer KEY` with a key that an operator has given you";
        return Err(ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", "who are you?").hint(hint));
    };
    if key.is_stale(now) {
        let (store, id) = (api.store().clone(), key.id.clone());
        // Nobody waits for it.
        tokio::spawn(async move { store.write(move |tx| api_keys::used(tx, &id)).await });
    }
    Ok(Caller::of(key, id))
}

/// Logs and audits that somebody was not let in.
async fn refuse(api: &Api, request: &Parts, presented: bool, id: &str) {
    let peer = request.extensions.get::<Peer>().map(|peer| peer.address.ip().to_string()).unwrap_or_default();
    tracing::warn!(request.id = id, peer, presented, "a caller was refused: no such key");
    metrics::counter!("claimwire_api_refused_total").increment(1);
    let Some(unaudited) = api.refusals.next() else { return };
    let detail = json!({ "presented": presented, "peer": peer, "request": id, "not_listed_before": unaudited });
    let store = api.store().clone();
    let written = store.write(move |tx| audit::append(tx, "unknown", "api.refused", "api", &detail.to_string())).await;
    if let Err(error) = written {
        tracing::error!(%error, "a refusal could not be audited");
    }
}

/// Holds back entries of refusals in the audit log, so that callers without a key cannot fill it.
#[derive(Debug)]
pub(super) struct Refusals(Mutex<(Bucket, u64)>);

impl Default for Refusals {
    fn default() -> Self {
        Self(Mutex::new((Bucket::full(REFUSALS), 0)))
    }
}

impl Refusals {
    /// Whether this one is audited, and how many before it were not.
    fn next(&self) -> Option<u64> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (bucket, missed) = &mut *held;
        match bucket.take(1.0, REFUSALS) {
            Ok(()) => Some(std::mem::take(missed)),
            Err(_) => {
                *missed = missed.saturating_add(1);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_do_not_fill_the_log() {
        let refusals = Refusals::default();
        let listed = (0..1000).filter(|_| refusals.next().is_some()).count();
        assert!((60..100).contains(&listed), "{listed}");
    }
}
