//! Claims handed in: checked, and queued or refused one by one; or only checked.

use std::{
    io::{self, Read},
    sync::Arc,
};

use aws_lc_rs::digest;
use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

use super::{
    Api,
    body::Kept,
    error::ApiError,
    key::{Caller, Permission, Scope},
    once::{self, Outcome},
    page::{Query, flag},
};
use crate::gateway::{
    Gateway,
    flow::{Decision, Prepared, Submission, Submitted},
};

/// What claims are sent as: JSON, or X12.
const JSON_TYPES: [&str; 3] = ["application/json", "application/x-ndjson", "application/ndjson"];
const X12_TYPES: [&str; 4] = ["application/edi-x12", "application/x12", "text/plain", "application/octet-stream"];

/// How claims are handed in.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct SubmitQuery {
    /// The partner that all claims are for. Without it each goes to the partner that names its payer, and X12 to
    /// the one that its ISA08 names.
    partner: Option<String>,
    /// Whether claims are taken that seem to have been handed in before: `true` or `false` (default).
    allow_duplicates: Option<String>,
}

/// Hands claims in: one as JSON, an array, one a line, or a file of X12 (837).
///
/// 200 if at least one was queued: look at each claim's `decision`. 422 if all were refused. With an
/// `Idempotency-Key` a request may be sent again for 24 hours: it is answered as before, and nothing is done
/// twice. The answer comes when the claims are on the disk.
#[utoipa::path(
    post, path = "/v1/claims", tag = "claims",
    params(SubmitQuery, ("Idempotency-Key" = Option<String>, Header, description = "Recommended. Up to 255 characters, made anew for each submission")),
    request_body(content((serde_json::Value = "application/json"), (String = "application/x-ndjson"), (String = "application/edi-x12")),
        description = "Claims. The schema of a claim: `/v1/schemas/837P`, `837I`, `837D`"),
    responses(
        (status = 200, description = "At least one was queued", body = Submitted),
        (status = 409, description = "The same request is being answered"),
        (status = 413, description = "Too long, or too many claims"),
        (status = 415, description = "Neither JSON nor X12"),
        (status = 422, description = "All were refused, or the whole cannot be read; or the key came with another request", body = Submitted),
        (status = 429, description = "Too often"),
    )
)]
pub(super) async fn submit(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Query(query): Query<SubmitQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    caller.may(Permission::Submit)?;
    let key = once::key(&headers)?;
    let allow_duplicates = flag("allow_duplicates", query.allow_duplicates.as_deref())?.unwrap_or_default();
    let given = Given::of(&api, &caller, query.partner, allow_duplicates, &headers, body).await?;
    let request = once::Request { caller, key, digest: given.digest };
    once::answer(api, request, |api| given.examine(api), Gateway::take).await
}

/// Checks claims as handing them in does, and keeps nothing.
#[utoipa::path(
    post, path = "/v1/claims/check", tag = "claims",
    params(SubmitQuery),
    request_body(content((serde_json::Value = "application/json"), (String = "application/x-ndjson"), (String = "application/edi-x12")),
        description = "Claims, as for `POST /v1/claims`"),
    responses(
        (status = 200, description = "At least one is acceptable", body = Submitted),
        (status = 413, description = "Too long, or too many claims"),
        (status = 415, description = "Neither JSON nor X12"),
        (status = 422, description = "All would be refused, or the whole cannot be read", body = Submitted),
    )
)]
pub(super) async fn check(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Query(query): Query<SubmitQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    caller.may(Permission::Submit)?;
    let allow_duplicates = flag("allow_duplicates", query.allow_duplicates.as_deref())?.unwrap_or_default();
    let given = Given::of(&api, &caller, query.partner, allow_duplicates, &headers, body).await?;
    let checked = once::check(api, move |api| Ok(given.examine(api)?.into_checked())).await?;
    Ok((checked.status(), Json(checked)).into_response())
}

/// What a caller hands in.
pub(super) struct Given {
    pub(super) submission: Submission<Kept>,
    is_x12: bool,
    /// What makes it the same request when it comes again.
    pub(super) digest: [u8; 32],
}

impl Given {
    /// Takes the body in.
    ///
    /// # Errors
    /// A body that is not taken.
    pub(super) async fn of(
        api: &Api,
        caller: &Caller,
        partner: Option<String>,
        allow_duplicates: bool,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Self, ApiError> {
        let is_x12 = is_x12(headers)?;
        let claims = Kept::of(headers, body, &api.options, &api.gateway.spool).await?;
        let mut request = digest::Context::new(&digest::SHA256);
        request.update(&claims.sha256);
        request.update(&[u8::from(is_x12), u8::from(allow_duplicates)]);
        request.update(partner.as_deref().unwrap_or_default().as_bytes());
        let mut digest = [0; 32];
        digest.iter_mut().zip(request.finish().as_ref()).for_each(|(to, from)| *to = *from);
        let only = match &caller.scope {
            Scope::All => None,
            Scope::Only(names) => Some(names.clone()),
        };
        let source = caller.key.clone();
        let submission = Submission { source, partner, only, allow_duplicates, claims };
        Ok(Self { submission, is_x12, digest })
    }

    /// Checks the claims. It blocks, and takes a core.
    fn examine(self, api: &Api) -> Result<Prepared, ApiError> {
        let Submission { source, partner, only, allow_duplicates, mut claims } = self.submission;
        // A body that is not what it says it is was made by mistake: nobody should guess.
        let mut beginning = [0; 64];
        let length = read_some(&mut claims, &mut beginning)?;
        let beginning = beginning.get(..length).unwrap_or_default();
        let text = beginning.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(beginning).trim_ascii_start();
        if matches!(text.first(), Some(b'{' | b'[')) == self.is_x12 && !text.is_empty() {
            let (is, other) = if self.is_x12 { ("JSON", "X12") } else { ("not JSON", "JSON") };
            let message = format!("the body is {is}, and Content-Type says {other}");
            return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "other_content", message));
        }
        let claims = io::Cursor::new(beginning.to_vec()).chain(claims);
        let submission = Submission { source, partner, only, allow_duplicates, claims };
        Ok(api.gateway.examine(submission)?)
    }
}

impl Outcome for Submitted {
    const ACTION: &'static str = "claims.submit";

    /// 200 if any claim may go out, 422 if none may.
    fn status(&self) -> StatusCode {
        match self.claims.iter().any(|claim| claim.decision != Decision::Refused) {
            true => StatusCode::OK,
            false => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }

    fn detail(&self) -> serde_json::Value {
        json!({ "queued": self.queued, "refused": self.refused })
    }

    fn count(&self) {
        for (decision, claims) in [("queued", self.queued), ("refused", self.refused)] {
            metrics::counter!("claimwire_claims_submitted_total", "decision" => decision).increment(claims as u64);
        }
    }
}

/// Whether the body is X12, by what the caller says of it.
///
/// # Errors
/// 415 for anything that is neither that nor JSON.
pub(super) fn is_x12(headers: &HeaderMap) -> Result<bool, ApiError> {
    let stated = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let stated = stated.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match stated.as_str() {
        kind if JSON_TYPES.contains(&kind) => Ok(false),
        kind if X12_TYPES.contains(&kind) => Ok(true),
        _ => {
            let message = "what kind of body this is must be said, and must be JSON or X12";
            let hint = "application/json, application/x-ndjson or application/edi-x12";
            Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type", message).at("Content-Type").hint(hint))
        }
    }
}

/// Fills as much as there is.
fn read_some(input: &mut impl Read, into: &mut [u8]) -> Result<usize, ApiError> {
    let mut length = 0;
    while let Some(rest) = into.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match input.read(rest) {
            Ok(0) => break,
            Ok(read) => length = length.saturating_add(read),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                tracing::error!(%error, "a body could not be read from where it was kept");
                return Err(ApiError::internal());
            }
        }
    }
    Ok(length)
}
