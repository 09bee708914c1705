//! Requests that may come again: done once, and answered each time as the first time.
//!
//! A request with an `Idempotency-Key` is looked up before it is worked on and again in the work that stores what
//! it leads to; its answer is stored in that work too. So there is no moment in which it was done and its answer
//! is not known, whenever the machine stops. That the same request is being answered just now is known in memory
//! only: it is told to come again, and the work would find it in any case.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::digest;
use axum::{
    Json,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::{Api, error::ApiError, key::Caller};
use crate::gateway::{
    Gateway,
    store::{
        self, Tx, audit,
        idempotency::{self, Answer, Known},
        values,
    },
};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replay");
/// Longest key that a caller may give.
const LONGEST_KEY: usize = 255;
/// How long answers are known, in milliseconds.
const WINDOW: i64 = 24 * 60 * 60 * 1000;

/// What a request led to.
pub(super) trait Outcome: Serialize + Send + 'static {
    /// What was done, as the audit log calls it.
    const ACTION: &'static str;
    /// The status of the answer.
    fn status(&self) -> StatusCode;
    /// Counts and ids for the audit log.
    fn detail(&self) -> serde_json::Value;
    /// Counts it in the figures, once it is on the disk.
    fn count(&self);
}

/// A request that does something.
pub(super) struct Request {
    pub(super) caller: Caller,
    /// The caller's key for it.
    pub(super) key: Option<String>,
    /// What makes it the same request.
    pub(super) digest: [u8; 32],
}

/// Does what a request asks: `prepare` takes a core and stores nothing, `take` stores all that follows.
///
/// # Errors
/// What `prepare` gives; 409 while the same request is being answered, 422 if the key came with another one.
pub(super) async fn answer<P, T: Outcome>(
    api: Arc<Api>,
    mut request: Request,
    prepare: impl FnOnce(&Api) -> Result<P, ApiError> + Send + 'static,
    take: impl FnOnce(&Gateway, &mut dyn Tx, P) -> store::Result<T> + Send + 'static,
) -> Result<Response, ApiError>
where
    P: Send + 'static,
{
    // A key that comes to another route is another request.
    let whole = digest::digest(&digest::SHA256, &[T::ACTION.as_bytes(), &request.digest].concat());
    request.digest.iter_mut().zip(whole.as_ref()).for_each(|(to, from)| *to = *from);
    let flight = request.key.as_deref().map(|key| api.in_flight.begin(&request.caller.key, key)).transpose()?;
    if let Some(key) = &request.key {
        let (caller, key, digest) = (request.caller.key.clone(), key.clone(), request.digest);
        // Most repeats end here, before anything is checked anew.
        if let Known::Answered(answer) =
            api.store().read(move |tx| idempotency::look(tx, &caller, &key, &digest)).await?
        {
            return Ok(again(answer));
        }
    }
    let permit = core(&api).await?;
    // From here on it is done whether or not the caller waits for it.
    let done = tokio::task::spawn_blocking(move || {
        let _flight = flight;
        let prepared = prepare(&api)?;
        drop(permit);
        let gateway = Arc::clone(&api.gateway);
        let done = api.store().write_blocking(move |tx| request.work(tx, |tx| take(&gateway, tx, prepared)))?;
        if let Done::Now(outcome, _) = &done {
            outcome.count();
        }
        Ok(done.into_response())
    });
    done.await.map_err(|_| ApiError::internal())?
}

/// Does something that takes a core, and stores nothing.
///
/// # Errors
/// What it gives.
pub(super) async fn check<T: Send + 'static>(
    api: Arc<Api>,
    work: impl FnOnce(&Api) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let permit = core(&api).await?;
    let done = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        work(&api)
    });
    done.await.map_err(|_| ApiError::internal())?
}

/// The caller's key for its request, if it gives one.
///
/// # Errors
/// One that cannot be.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(KEY) else { return Ok(None) };
    let text = value.to_str().ok().filter(|text| (1..=LONGEST_KEY).contains(&text.len()));
    let wrong = || ApiError::field("Idempotency-Key", "it has 1 to 255 printable ASCII characters");
    text.map(str::to_owned).ok_or_else(wrong).map(Some)
}

/// Waits for a core.
async fn core(api: &Api) -> Result<tokio::sync::OwnedSemaphorePermit, ApiError> {
    Arc::clone(&api.checking).acquire_owned().await.map_err(|_| ApiError::overloaded())
}

impl Request {
    /// What the request leads to and its answer, in one work.
    fn work<T: Outcome>(
        self,
        tx: &mut dyn Tx,
        take: impl FnOnce(&mut dyn Tx) -> store::Result<T>,
    ) -> Result<Done<T>, NotDone> {
        let Self { caller, key, digest } = self;
        if let Some(key) = &key {
            // A key whose time is over is as good as new.
            let before = tx.now().saturating_sub(WINDOW);
            tx.run(
                "DELETE FROM idempotency WHERE caller = ?1 AND key = ?2 AND created < ?3",
                values![&caller.key, key, before],
            )?;
            match idempotency::look(tx, &caller.key, key, &digest)? {
                Known::New => {}
                Known::Answered(answer) => return Ok(Done::Before(answer)),
                Known::Other => return Err(NotDone::OtherRequest),
            }
        }
        let outcome = take(tx)?;
        let mut detail = outcome.detail();
        if let Some(members) = detail.as_object_mut() {
            members.insert("request".to_owned(), caller.request.into());
        }
        audit::append(tx, &caller.key, T::ACTION, "api", &detail.to_string())?;
        let Some(key) = key else { return Ok(Done::Now(outcome, None)) };
        let text = serde_json::to_string(&outcome).map_err(|_| store::Error::Invalid("an answer is no JSON"))?;
        let answer = Answer { status: outcome.status().as_u16(), answer: text };
        idempotency::answered(tx, &caller.key, &key, &digest, &answer)?;
        Ok(Done::Now(outcome, Some(answer.answer)))
    }
}

/// What became of a request.
enum Done<T> {
    /// It was done, with the text of its answer if that is stored.
    Now(T, Option<String>),
    /// It had been done before.
    Before(Answer),
}

impl<T: Outcome> IntoResponse for Done<T> {
    fn into_response(self) -> Response {
        match self {
            Self::Now(outcome, None) => (outcome.status(), Json(outcome)).into_response(),
            Self::Now(outcome, Some(text)) => json(outcome.status(), text),
            Self::Before(answer) => again(answer),
        }
    }
}

fn again(Answer { status, answer }: Answer) -> Response {
    let mut response = json(StatusCode::from_u16(status).unwrap_or_default(), answer);
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

fn json(status: StatusCode, text: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// Why nothing was done.
enum NotDone {
    Store(store::Error),
    /// The key came with another request before.
    OtherRequest,
}

impl From<store::Error> for NotDone {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl From<NotDone> for ApiError {
    fn from(error: NotDone) -> Self {
        match error {
            NotDone::Store(error) => error.into(),
            NotDone::OtherRequest => {
                let message = "this key came with another request within the last 24 hours";
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "key_used", message)
                    .at("Idempotency-Key")
                    .hint("make a new key for each request, and use it again for the same one only")
            }
        }
    }
}

/// Requests that are being answered, by caller and key.
#[derive(Clone, Default)]
pub(super) struct InFlight(Arc<Mutex<HashSet<(String, String)>>>);

/// One of them; over when it is dropped.
struct Flight {
    all: InFlight,
    which: (String, String),
}

impl InFlight {
    fn begin(&self, caller: &str, key: &str) -> Result<Flight, ApiError> {
        let which = (caller.to_owned(), key.to_owned());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match all.insert(which.clone()) {
            true => Ok(Flight { all: self.clone(), which }),
            false => {
                let error = ApiError::conflict("in_flight", "the same request is being answered");
                Err(error.at("Idempotency-Key").after(1))
            }
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.which);
    }
}
