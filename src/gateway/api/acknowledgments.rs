//! Acknowledgments: TA1, 999 and 277CA, theirs and ours.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    error::ApiError,
    key::{Caller, Permission},
    page::{Page, PageQuery, Query, Select, one_of, time},
    shape::{Columns, Moment},
};
use crate::gateway::{
    Id,
    store::{Result, Row},
};

/// Which acknowledgments.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct AcknowledgmentsQuery {
    /// The partner's name.
    partner: Option<String>,
    /// `TA1`, `999` or `277CA`.
    kind: Option<String>,
    /// `in`: the partner's. `out`: ours.
    direction: Option<String>,
    /// `accepted`, `accepted_with_errors`, `partly_accepted`, `rejected`, `informational`.
    verdict: Option<String>,
    /// Came, or was made, at this time or later.
    since: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Items of the page, 1 to 1000; 100 by default.
    limit: Option<String>,
    /// `desc` (default): the newest first. `asc`: the oldest first.
    order: Option<String>,
}

/// An acknowledgment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AcknowledgmentItem {
    id: Id,
    /// The file it stands in.
    file: Id,
    /// `in`: the partner's. `out`: ours.
    direction: String,
    partner: String,
    /// `TA1`, `999` or `277CA`.
    kind: String,
    /// What it names: ISA13, GS06 or BHT03.
    reference: String,
    /// The file that it answers. Absent if we know no such file.
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<Id>,
    /// `accepted`, `accepted_with_errors`, `partly_accepted`, `rejected` or `informational`.
    verdict: String,
    at: Moment,
}

pub(super) const ITEMS: &str = "SELECT * FROM acknowledgment";

/// Acknowledgments.
#[utoipa::path(
    get, path = "/v1/acknowledgments", tag = "acknowledgments", params(AcknowledgmentsQuery),
    responses((status = 200, description = "A page of acknowledgments", body = Page<AcknowledgmentItem>))
)]
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Query(query): Query<AcknowledgmentsQuery>,
) -> std::result::Result<Json<Page<AcknowledgmentItem>>, ApiError> {
    caller.may(Permission::Read)?;
    let verdicts = ["accepted", "accepted_with_errors", "partly_accepted", "rejected", "informational"];
    let select = Select::of(ITEMS)
        .seen_by(&caller, "partner", None)
        .when("partner = ?", query.partner)
        .when("kind = ?", one_of("kind", query.kind, &["TA1", "999", "277CA"])?)
        .when("direction = ?", one_of("direction", query.direction, &["in", "out"])?)
        .when("verdict = ?", one_of("verdict", query.verdict, &verdicts)?)
        .when("at >= ?", time("since", query.since.as_deref())?);
    let wanted = PageQuery { cursor: query.cursor, limit: query.limit, order: query.order }.check()?;
    Ok(Json(api.store().read(move |tx| select.page(tx, wanted, "id", item)).await?))
}

/// An acknowledgment, as answers have it.
pub(super) fn item(row: &Row) -> Result<AcknowledgmentItem> {
    Ok(AcknowledgmentItem {
        id: row.id("id")?,
        file: row.id("file")?,
        direction: row.string("direction")?,
        partner: row.string("partner")?,
        kind: row.string("kind")?,
        reference: row.string("reference")?,
        about: row.maybe_id("about")?,
        verdict: row.string("verdict")?,
        at: row.moment("at")?,
    })
}
