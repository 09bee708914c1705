//! Deliveries: files of ours on their way to partners.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    error::ApiError,
    key::{Caller, Permission},
    page::{Page, PageQuery, Path, Query, Select, one_of},
    shape::{Columns, Moment},
};
use crate::gateway::{
    Id,
    flow::Resend,
    store::{Result, Row, audit},
};

/// Which deliveries.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct DeliveriesQuery {
    /// The partner's name.
    partner: Option<String>,
    /// `due`, `sent`, `waiting`, `fetched`, `confirmed`, `failed`.
    state: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Items of the page, 1 to 1000; 100 by default.
    limit: Option<String>,
    /// `desc` (default): the newest first. `asc`: the oldest first.
    order: Option<String>,
}

/// A file on its way to a partner.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeliveryItem {
    id: Id,
    file: Id,
    partner: String,
    /// How: `core`, `stream`, `folder`, or `pick_up` if the partner fetches it.
    channel: String,
    /// `due` → `sent`, or `waiting` → `fetched`; either may be `confirmed`. `failed` waits for a person.
    state: String,
    /// Tries so far.
    attempts: i64,
    /// Why the last try failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    at: Moment,
    changed: Moment,
}

const ITEMS: &str = "SELECT * FROM delivery";

/// Deliveries.
#[utoipa::path(
    get, path = "/v1/deliveries", tag = "deliveries", params(DeliveriesQuery),
    responses((status = 200, description = "A page of deliveries", body = Page<DeliveryItem>))
)]
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Query(query): Query<DeliveriesQuery>,
) -> std::result::Result<Json<Page<DeliveryItem>>, ApiError> {
    caller.may(Permission::Read)?;
    let states = ["due", "sent", "waiting", "fetched", "confirmed", "failed"];
    let select = Select::of(ITEMS)
        .seen_by(&caller, "partner", None)
        .when("partner = ?", query.partner)
        .when("state = ?", one_of("state", query.state, &states)?);
    let wanted = PageQuery { cursor: query.cursor, limit: query.limit, order: query.order }.check()?;
    Ok(Json(api.store().read(move |tx| select.page(tx, wanted, "id", item)).await?))
}

/// Sends a file again whose sending was given up: the same bytes under the same id.
#[utoipa::path(
    post, path = "/v1/deliveries/{id}/retry", tag = "deliveries", params(("id" = Id, Path)),
    responses(
        (status = 200, description = "It is due again", body = DeliveryItem),
        (status = 404, description = "No such delivery"),
        (status = 409, description = "It was not given up"),
    )
)]
pub(super) async fn retry(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<Id>,
) -> std::result::Result<Json<DeliveryItem>, ApiError> {
    caller.may(Permission::Operate)?;
    let seen = Select::of(ITEMS).seen_by(&caller, "partner", None).when("id = ?", Some(id.0));
    let gateway = Arc::clone(&api.gateway);
    let done = api.store().write(move |tx| {
        if seen.one(tx)?.is_none() {
            return Ok(None);
        }
        let resend = gateway.resend(tx, id)?;
        if resend == Resend::Due {
            let detail = json!({ "request": caller.request }).to_string();
            audit::append(tx, &caller.key, "delivery.retry", &id.to_string(), &detail)?;
        }
        let row = Select::of(ITEMS).when("id = ?", Some(id.0)).one(tx)?;
        Ok(Some((resend, row.as_ref().map(item).transpose()?)))
    });
    match done.await? {
        None | Some((_, None)) => Err(ApiError::not_found()),
        Some((Resend::Due, Some(item))) => Ok(Json(item)),
        Some((Resend::NotFailed, Some(item))) => {
            let message = format!("only what was given up is sent again, and this is {}", item.state);
            Err(ApiError::conflict("not_failed", message))
        }
    }
}

fn item(row: &Row) -> Result<DeliveryItem> {
    Ok(DeliveryItem {
        id: row.id("id")?,
        file: row.id("file")?,
        partner: row.string("partner")?,
        channel: row.string("channel")?,
        state: row.string("state")?,
        attempts: row.int("attempts")?,
        reason: row.maybe_string("reason")?,
        at: row.moment("at")?,
        changed: row.moment("changed")?,
    })
}
