//! Trading partners, as far as callers need to know them.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Api,
    error::ApiError,
    key::{Caller, Permission},
    page::{Page, Query},
};
use crate::{
    gateway::OpenError,
    partner::{Channel, Partner},
};

/// A trading partner.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PartnerItem {
    /// Its name here.
    name: String,
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// `test` or `production`.
    usage: String,
    /// How files travel: `core`, `stream`, `folder`.
    channels: Vec<&'static str>,
    /// The channel that files leave by. Absent if the partner fetches them.
    #[serde(skip_serializing_if = "Option::is_none")]
    sends_by: Option<&'static str>,
    /// The payers whose claims go there, by their identifiers.
    payers: Vec<String>,
}

/// No parameters.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// The partners of the key's scope.
#[utoipa::path(
    get, path = "/v1/partners", tag = "partners",
    responses((status = 200, description = "All of them, by their names", body = Page<PartnerItem>))
)]
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Json<Page<PartnerItem>>, ApiError> {
    caller.may(Permission::ReadOwn)?;
    let partners = api.gateway.partners();
    let mut items: Vec<_> =
        partners.iter().filter(|partner| caller.scope.has(partner.name())).map(|partner| item(partner)).collect();
    items.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Json(Page { items, next: None }))
}

/// What came of reading the partners again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Reloaded {
    /// How many there are now.
    partners: usize,
}

/// Reads the partners' settings again. If anything is wrong with them all stay as they are. For keys of
/// administrators for all partners.
#[utoipa::path(
    post, path = "/v1/partners/reload", tag = "partners",
    responses(
        (status = 200, description = "They were read", body = Reloaded),
        (status = 422, description = "They cannot be used, and why; all stay as they are"),
    )
)]
pub(super) async fn reload(State(api): State<Arc<Api>>, caller: Caller) -> Result<Json<Reloaded>, ApiError> {
    caller.may_everywhere(Permission::Administer)?;
    match api.gateway.reload(&caller.key).await {
        Ok(()) => Ok(Json(Reloaded { partners: api.gateway.partners().iter().count() })),
        Err(OpenError::Store(error)) => Err(error.into()),
        // Settings say where secrets are, and none; what is wrong in them may be told to an administrator.
        Err(error) => Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "partner_settings", error.to_string())),
    }
}

fn item(partner: &Partner) -> PartnerItem {
    PartnerItem {
        name: partner.name().to_owned(),
        title: partner.title.clone(),
        usage: partner.usage().to_string(),
        channels: partner.channels().map(Channel::name).collect(),
        sends_by: partner.sends_by().map(Channel::name),
        payers: partner.payers.clone(),
    }
}
