//! What there is, counted: for people who want to know at a glance how things stand.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Api,
    error::ApiError,
    key::{Caller, Permission, Scope},
    page::{Query, Select},
    partners::Nothing,
    shape::Columns,
};
use crate::gateway::store::{Result, Row};

/// How things stand.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Summary {
    /// Claims by partner, direction and state.
    claims: Vec<Count>,
    /// Files of ours on their way, by partner and state.
    deliveries: Vec<Count>,
    /// Acknowledgments that should have come, by partner.
    overdue: Vec<Count>,
    /// Jobs that were given up, but for those that send files. Only for keys for all partners.
    #[serde(skip_serializing_if = "Option::is_none")]
    jobs_failed: Option<u64>,
}

/// How many of something.
#[derive(Debug, Serialize, ToSchema)]
struct Count {
    /// Empty for what no partner takes.
    partner: String,
    /// `out`: handed in here. `in`: sent by the partner.
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    count: u64,
}

const CLAIMS: &str = "SELECT partner, direction, state, count(*) AS count FROM claim";
const DELIVERIES: &str = "SELECT partner, NULL AS direction, state, count(*) AS count FROM delivery";
const OVERDUE: &str = "SELECT partner, NULL AS direction, NULL AS state, count(*) AS count FROM expectation";

const JOBS: &str =
    "SELECT count(*) AS n FROM job WHERE state = 'failed' AND finished IS NOT NULL AND queue <> 'deliver'";

/// How many claims, deliveries and overdue acknowledgments there are.
#[utoipa::path(
    get, path = "/v1/summary", tag = "operation",
    responses((status = 200, description = "Counts, by partner and state", body = Summary))
)]
pub(super) async fn all(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Query(Nothing {}): Query<Nothing>,
) -> std::result::Result<Json<Summary>, ApiError> {
    caller.may(Permission::Read)?;
    let counted = api.store().read(move |tx| {
        let now = tx.now();
        let seen = |what| Select::of(what).seen_by(&caller, "partner", None);
        let overdue = seen(OVERDUE).and("met IS NULL").when("due <= ?", Some(now));
        let jobs_failed = match caller.scope {
            Scope::All => tx.first(JOBS, &[])?.map(|row| row.count("n")).transpose()?,
            Scope::Only(_) => None,
        };
        let counts = |rows: Vec<Row>| rows.iter().map(count).collect::<Result<Vec<_>>>();
        Ok(Summary {
            claims: counts(seen(CLAIMS).grouped(tx, "state, partner, direction")?)?,
            deliveries: counts(seen(DELIVERIES).grouped(tx, "partner, state")?)?,
            overdue: counts(overdue.grouped(tx, "partner")?)?,
            jobs_failed,
        })
    });
    Ok(Json(counted.await?))
}

fn count(row: &Row) -> Result<Count> {
    Ok(Count {
        partner: row.string("partner")?,
        direction: row.maybe_string("direction")?,
        state: row.maybe_string("state")?,
        count: row.count("count")?,
    })
}
