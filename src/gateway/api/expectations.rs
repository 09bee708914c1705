//! Acknowledgments that partners owe us.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    error::ApiError,
    key::{Caller, Permission},
    page::{Page, PageQuery, Query, Select, Wanted, flag},
    shape::{Columns, Moment},
};
use crate::gateway::{
    Id,
    store::{Result, Row, Tx},
};

/// Which expectations.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectationsQuery {
    /// The partner's name.
    partner: Option<String>,
    /// `true`: only what should have come by now. `false`: only what need not have come yet.
    overdue: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Items of the page, 1 to 1000; 100 by default.
    limit: Option<String>,
    /// `desc` (default): of the newest files first. `asc`: of the oldest files first.
    order: Option<String>,
}

/// An acknowledgment that a partner owes us.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExpectationItem {
    /// The file that is to be answered.
    file: Id,
    partner: String,
    /// `TA1`, `999` or `277CA`.
    kind: String,
    /// By when.
    due: Moment,
    /// When it was reported as overdue.
    #[serde(skip_serializing_if = "Option::is_none")]
    reported: Option<Moment>,
}

/// Kinds of answers that a file is owed at most.
const KINDS: u32 = 3;

const ITEMS: &str = "SELECT * FROM expectation";

/// Acknowledgments that have not come.
#[utoipa::path(
    get, path = "/v1/expectations", tag = "acknowledgments", params(ExpectationsQuery),
    responses((status = 200, description = "A page of what is owed", body = Page<ExpectationItem>))
)]
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Query(query): Query<ExpectationsQuery>,
) -> std::result::Result<Json<Page<ExpectationItem>>, ApiError> {
    caller.may(Permission::Read)?;
    let overdue = flag("overdue", query.overdue.as_deref())?;
    let now = api.store().vault().clock().now();
    let select = Select::of(ITEMS)
        .and("met IS NULL")
        .seen_by(&caller, "partner", None)
        .when("partner = ?", query.partner)
        .when("due <= ?", overdue.filter(|overdue| *overdue).map(|_| now))
        .when("due > ?", overdue.filter(|overdue| !*overdue).map(|_| now));
    let wanted = PageQuery { cursor: query.cursor, limit: query.limit, order: query.order }.check()?;
    Ok(Json(api.store().read(move |tx| page(tx, select, wanted)).await?))
}

/// A page, which ends where a file ends: a file is owed up to three answers, and its id is the cursor.
fn page(tx: &mut dyn Tx, select: Select, wanted: Wanted) -> Result<Page<ExpectationItem>> {
    let rows = select.rows(tx, wanted, "file", KINDS)?;
    let mut items: Vec<ExpectationItem> = rows.iter().map(item).collect::<Result<_>>()?;
    let limit = wanted.limit as usize;
    let end = items
        .windows(2)
        .enumerate()
        .position(|(at, pair)| at.saturating_add(1) >= limit && matches!(pair, [one, other] if one.file != other.file));
    let next = end.and_then(|end| items.get(end)).map(|last| last.file.to_string());
    if let Some(end) = end {
        items.truncate(end.saturating_add(1));
    }
    Ok(Page { items, next })
}

fn item(row: &Row) -> Result<ExpectationItem> {
    Ok(ExpectationItem {
        file: row.id("file")?,
        partner: row.string("partner")?,
        kind: row.string("kind")?,
        due: row.moment("due")?,
        reported: row.maybe_moment("reported")?,
    })
}
