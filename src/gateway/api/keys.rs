//! Keys of the API's callers: made, listed and revoked.

use std::sync::Arc;

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::State,
    http::StatusCode,
};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{
    Api,
    error::ApiError,
    key::{Caller, Permission, Roles, Scope},
    page::{Page, Path, Query},
    partners::Nothing,
    shape::Moment,
};
use crate::gateway::store::{
    api_keys::{self, ApiKey},
    audit,
};

/// Longest body that asks for a key, in bytes.
const LONGEST: usize = 64 << 10;
/// Longest name of a key, in characters.
const LONGEST_NAME: usize = 100;

/// A key to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKey {
    /// Whose it is, in words.
    name: String,
    /// What it is for: `submitter`, `reader`, `operator`, `admin`; several apart by commas.
    role: String,
    /// The partners that it is for; all of them by default.
    #[serde(default)]
    partners: Vec<String>,
}

/// A key, without what is secret about it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeyItem {
    /// The part of it that is shown and logged.
    id: String,
    name: String,
    role: String,
    /// The partners that it is for. Absent if it is for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    partners: Option<Vec<String>>,
    created: Moment,
    /// When it was last used, to the hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used: Option<Moment>,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<Moment>,
}

/// A new key.
#[derive(Serialize, ToSchema)]
pub(super) struct IssuedKey {
    #[serde(flatten)]
    item: KeyItem,
    /// The key itself. It is shown this once: only its digest is stored.
    key: String,
}

/// The keys, those revoked among them, the oldest first. For keys of administrators for all partners.
#[utoipa::path(
    get, path = "/v1/keys", tag = "operation",
    responses((status = 200, description = "All of them", body = Page<KeyItem>))
)]
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Json<Page<KeyItem>>, ApiError> {
    caller.may_everywhere(Permission::Administer)?;
    let keys = api.store().read(api_keys::list).await?;
    Ok(Json(Page { items: keys.into_iter().map(item).collect(), next: None }))
}

/// Makes a key. It stands in the answer, and nowhere else ever again.
#[utoipa::path(
    post, path = "/v1/keys", tag = "operation", request_body = NewKey,
    responses(
        (status = 201, description = "The key", body = IssuedKey),
        (status = 400, description = "No such role or partner"),
    )
)]
pub(super) async fn issue(
    State(api): State<Arc<Api>>,
    caller: Caller,
    body: Body,
) -> Result<(StatusCode, Json<IssuedKey>), ApiError> {
    caller.may_everywhere(Permission::Administer)?;
    let body = to_bytes(body, LONGEST).await.map_err(|_| wrong("it is longer than can be, or broke off"))?;
    let wanted: NewKey = serde_json::from_slice(&body).map_err(|_| {
        wrong("it is no JSON, or not what makes a key").hint(r#"{"name": "…", "role": "submitter", "partners": ["…"]}"#)
    })?;
    let NewKey { name, role, partners } = wanted;
    if !(1..=LONGEST_NAME).contains(&name.chars().count()) || name.contains(char::is_control) {
        return Err(wrong("a name has 1 to 100 characters").at("name"));
    }
    let roles: Roles = role.parse().map_err(|problem: String| ApiError::field("role", problem))?;
    if partners.iter().any(|partner| api.gateway.partner(partner).is_none()) {
        return Err(ApiError::field("partners", "there is no such partner").hint("GET /v1/partners lists them"));
    }
    let scope = if partners.is_empty() { Scope::All } else { Scope::Only(partners) };
    let issued = api.store().write(move |tx| {
        let (key, secret) = api_keys::issue(tx, &name, &roles.to_string(), &scope.to_json())?;
        let detail = json!({ "role": key.role, "scope": key.scope, "request": caller.request }).to_string();
        audit::append(tx, &caller.key, "key.issue", &key.id, &detail)?;
        Ok((key, secret))
    });
    let (key, secret) = issued.await?;
    Ok((StatusCode::CREATED, Json(IssuedKey { item: item(key), key: secret.expose_secret().to_owned() })))
}

/// Revokes a key for good.
#[utoipa::path(
    post, path = "/v1/keys/{id}/revoke", tag = "operation", params(("id" = String, Path)),
    responses(
        (status = 200, description = "It is revoked", body = KeyItem),
        (status = 404, description = "No such key"),
    )
)]
pub(super) async fn revoke(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<KeyItem>, ApiError> {
    caller.may_everywhere(Permission::Administer)?;
    let key = api.store().write(move |tx| {
        if api_keys::revoke(tx, &id)? {
            let detail = json!({ "request": caller.request }).to_string();
            audit::append(tx, &caller.key, "key.revoke", &id, &detail)?;
        }
        Ok(api_keys::list(tx)?.into_iter().find(|key| key.id == id))
    });
    key.await?.map(|key| Json(item(key))).ok_or_else(ApiError::not_found)
}

fn wrong(message: &'static str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "bad_body", message)
}

fn item(key: ApiKey) -> KeyItem {
    let partners = match Scope::of_json(&key.scope) {
        Scope::All => None,
        Scope::Only(names) => Some(names),
    };
    KeyItem {
        id: key.id,
        name: key.name,
        role: key.role,
        partners,
        created: Moment(key.created),
        last_used: key.last_used.map(Moment),
        revoked: key.revoked.map(Moment),
    }
}
