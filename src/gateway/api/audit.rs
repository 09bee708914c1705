//! The audit log, for those who look after the gateway.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    error::ApiError,
    key::{Caller, Permission},
    page::{self, Query},
    shape::{Moment, raw},
};
use crate::gateway::store::audit::{self, Entry, Head, Verdict};

/// Which entries.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditQuery {
    /// Entries after the one of this number: `next` of the page before.
    after: Option<String>,
    /// Only entries about this id: the latest ones.
    subject: Option<String>,
    /// Items of the page, 1 to 1000; 100 by default.
    limit: Option<String>,
}

/// An entry.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditItem {
    /// Its place in the log, from 1.
    sequence: u64,
    at: Moment,
    /// Who: a key's id, a partner, `gateway`, `unknown`.
    actor: String,
    /// What was done.
    action: String,
    /// To what.
    subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    detail: Option<Box<RawValue>>,
    /// In hexadecimal: it covers the entry and the one before it.
    hash: String,
}

/// Entries, and where to go on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Entries {
    items: Vec<AuditItem>,
    /// The next `after`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
}

/// An entry that was noted elsewhere, which the log must still have.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct VerifyQuery {
    /// Its place in the log.
    sequence: Option<String>,
    /// Its hash, in hexadecimal.
    hash: Option<String>,
}

/// Whether the log is as it was written.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Verified {
    whole: bool,
    /// The last entry: note it elsewhere, and give it to the next verification.
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<Last>,
    /// The first entry that is not as it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    broken_at: Option<u64>,
}

/// The last entry.
#[derive(Debug, Serialize, ToSchema)]
struct Last {
    sequence: u64,
    hash: String,
}

/// The audit log. For keys of administrators for all partners.
#[utoipa::path(
    get, path = "/v1/audit", tag = "operation", params(AuditQuery),
    responses((status = 200, description = "Entries, in order", body = Entries))
)]
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Entries>, ApiError> {
    caller.may_everywhere(Permission::Administer)?;
    let limit = page::limit(query.limit.as_deref())?;
    let after = number("after", query.after.as_deref())?.unwrap_or_default();
    let by_subject = query.subject.is_some();
    let entries = api.store().read(move |tx| match &query.subject {
        Some(subject) => audit::about(tx, subject, limit),
        None => audit::entries(tx, after, limit),
    });
    let items: Vec<_> = entries.await?.into_iter().map(item).collect();
    let next = items.last().filter(|_| !by_subject && items.len() == limit as usize).map(|last| last.sequence);
    Ok(Json(Entries { items, next }))
}

/// Checks the whole log: that no entry was altered, taken out or put in.
#[utoipa::path(
    get, path = "/v1/audit/verify", tag = "operation", params(VerifyQuery),
    responses((status = 200, description = "What was found", body = Verified))
)]
pub(super) async fn verify(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Query(query): Query<VerifyQuery>,
) -> Result<Json<Verified>, ApiError> {
    caller.may_everywhere(Permission::Administer)?;
    let noted = match (number("sequence", query.sequence.as_deref())?, query.hash) {
        (Some(sequence), Some(text)) => {
            let mut hash = [0; 32];
            hex::decode_to_slice(text, &mut hash)
                .map_err(|_| ApiError::field("hash", "it has 64 hexadecimal digits"))?;
            Some(Head { sequence, hash })
        }
        (None, None) => None,
        _ => return Err(ApiError::field("hash", "sequence and hash come together")),
    };
    Ok(Json(match audit::verify(api.store(), noted).await? {
        Verdict::Whole(Head { sequence, hash }) => {
            let last = Last { sequence, hash: hex::encode(hash) };
            Verified { whole: true, last: Some(last), broken_at: None }
        }
        Verdict::Broken { sequence } => {
            tracing::error!(sequence, "the audit log is not as it was written");
            Verified { whole: false, last: None, broken_at: Some(sequence) }
        }
    }))
}

fn number(field: &'static str, given: Option<&str>) -> Result<Option<u64>, ApiError> {
    given.map(|text| text.parse().map_err(|_| ApiError::field(field, "it is the number of an entry"))).transpose()
}

fn item(entry: Entry) -> AuditItem {
    AuditItem {
        sequence: entry.sequence,
        at: Moment(entry.at),
        detail: raw(Some(&entry.detail)),
        hash: hex::encode(entry.hash),
        actor: entry.actor,
        action: entry.action,
        subject: entry.subject,
    }
}
