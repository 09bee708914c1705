//! What a caller is told when something is not done.

use std::borrow::Cow;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::gateway::{flow::SubmitError, store};

/// Seconds after which the store may be free again.
const STORE_WAIT: u64 = 5;

/// What is not done, and why. No message has anything of a claim in it, nor anything that the caller sent
/// beyond the names of partners.
#[derive(Clone, Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    told: Told,
    retry_after: Option<u64>,
}

/// The part of an error that the caller is told, but for the request's id.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Told {
    /// For programs.
    pub(super) code: &'static str,
    /// For people.
    pub(super) message: Cow<'static, str>,
    /// The parameter or header that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) field: Option<&'static str>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hint: Option<Cow<'static, str>>,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        let told = Told { code, message: message.into(), field: None, hint: None };
        Self { status, told, retry_after: None }
    }

    /// A parameter or header that cannot be.
    pub(super) fn field(field: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_parameter", message).at(field)
    }

    /// There is no such thing, or none that the caller may know of.
    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is nothing here")
    }

    pub(super) fn method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this cannot be done here")
    }

    pub(super) fn forbidden(hint: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "this key may not do that").hint(hint)
    }

    pub(super) fn conflict(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    pub(super) fn overloaded() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", "too much is going on at the moment").after(1)
    }

    /// A fault of ours. What it is stands in the log.
    pub(super) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something went wrong here; the log knows what")
    }

    pub(super) fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.told.hint = Some(hint.into());
        self
    }

    pub(super) fn at(mut self, field: &'static str) -> Self {
        self.told.field = Some(field);
        self
    }

    /// When to come again, in seconds.
    pub(super) fn after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

/// The body is written by [`exchange`](super::exchange::exchange), which knows the request's id.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self.told);
        response
    }
}

impl From<store::Error> for ApiError {
    fn from(error: store::Error) -> Self {
        use store::Error as E;
        let unavailable =
            |code, message: &'static str| Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message).after(STORE_WAIT);
        match &error {
            E::Erased(_) => {
                return Self::new(StatusCode::GONE, "erased", "its bytes were erased when their time was over");
            }
            E::Full => tracing::error!("no space is left for the store"),
            error => tracing::error!(%error, "the store failed a request"),
        }
        match error {
            E::Full => unavailable("no_space", "there is no space left to store this"),
            E::Seal(_) => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "damaged",
                "the stored bytes are not those that were stored; an operator must restore them",
            ),
            error if error.is_temporary() => unavailable("store_unavailable", "the store cannot do this now"),
            _ => Self::internal(),
        }
    }
}

impl From<SubmitError> for ApiError {
    fn from(error: SubmitError) -> Self {
        let unprocessable = |code, message: String| Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message);
        match error {
            SubmitError::Unreadable(problem) => unprocessable("unreadable", problem)
                .hint("send one claim as JSON, an array of them, one a line, or a file of X12"),
            SubmitError::NoPartner(_) => {
                unprocessable("unknown_partner", "this key may send to no such partner".to_owned())
                    .at("partner")
                    .hint("GET /v1/partners lists those that there are")
            }
            SubmitError::Settings(partner, problem) => {
                tracing::error!(partner, problem, "a partner's settings do not do");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "partner_settings",
                    format!("the settings of partner `{partner}` do not do; an operator must correct them"),
                )
                .after(60)
            }
            error @ SubmitError::TooMany => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_many_claims", error.to_string())
            }
            SubmitError::Store(error) => error.into(),
            SubmitError::Io(error) => {
                tracing::error!(%error, "a submission could not be read from where it was kept");
                Self::internal()
            }
        }
    }
}
