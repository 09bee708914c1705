//! What every request and answer has: an id, a line in the log, figures, and errors of one shape.

use std::time::Instant;

use axum::{
    Json,
    extract::{MatchedPath, Request},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use uuid::Uuid;

use super::{
    error::{ApiError, Told},
    key::Caller,
};

/// The header of the request's id.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id that a caller may give its request.
const LONGEST_ID: usize = 64;

/// Most bytes of a request's headers.
const LONGEST_HEADERS: usize = 16 << 10;

/// The id of a request: the caller's own, or made here.
#[derive(Clone, Debug)]
pub(super) struct RequestId(pub(super) String);

/// An error as it is sent.
#[derive(Serialize)]
struct Failure<'a> {
    error: &'a Told,
    request_id: &'a str,
}

/// Goes around everything else.
pub(super) async fn exchange(mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = id_of(request.headers());
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = request.method().clone();
    // The route, not the path: paths and queries name claims.
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let length: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let response = match length > LONGEST_HEADERS {
        true => {
            let (status, message) =
                (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "the headers are longer than are taken");
            ApiError::new(status, "headers_too_large", message).into_response()
        }
        false => next.run(request).await,
    };
    let mut response = told(response, &id);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let (status, took) = (response.status().as_u16(), began.elapsed());
    let route = route.unwrap_or_else(|| "none".to_owned());
    let key = response.extensions().get::<Caller>().map(|caller| caller.key.clone()).unwrap_or_default();
    tracing::info!(
        request.id = id,
        method = method.as_str(),
        route,
        status,
        key,
        duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "answered"
    );
    let labels = [("method", method.as_str().to_owned()), ("route", route)];
    metrics::histogram!("claimwire_api_request_seconds", &labels).record(took.as_secs_f64());
    let labels = [labels.as_slice(), &[("status", status.to_string())]].concat();
    metrics::counter!("claimwire_api_requests_total", &labels).increment(1);
    response
}

/// The caller's id for the request if it can be one, or a new one.
fn id_of(headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let fits = |id: &&str| {
        (1..=LONGEST_ID).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    given.filter(fits).map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

/// Gives an error its body. Errors that the framework makes have none that a program could read.
fn told(response: Response, id: &str) -> Response {
    let status = response.status();
    let told = response.extensions().get::<Told>().cloned();
    let is_ours = response.headers().contains_key(header::CONTENT_TYPE) && told.is_none();
    let is_error = status.is_client_error() || status.is_server_error();
    let is_json = response.headers().get(header::CONTENT_TYPE).is_some_and(|value| value == "application/json");
    if !is_error || (is_ours && is_json) {
        return response;
    }
    let told = told.unwrap_or_else(|| Told {
        code: "bad_request",
        message: status.canonical_reason().unwrap_or("this cannot be done").into(),
        field: None,
        hint: None,
    });
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.remove(header::CONTENT_TYPE);
    let body = Json(Failure { error: &told, request_id: id }).into_response();
    let (made, body) = body.into_parts();
    parts.headers.extend(made.headers);
    Response::from_parts(parts, body)
}
