//! Remittances: what was paid, for which claims, and what was paid or taken back besides.

use std::sync::Arc;

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    error::ApiError,
    key::{Caller, Permission},
    once::{self, Outcome},
    page::{Page, PageQuery, Path, Query, Select, one_of, time},
    shape::{Columns, Moment},
    submit,
};
use crate::gateway::{
    Gateway, Id,
    flow::Given,
    store::{Result, Row, Tx, values},
};

/// Provider adjustments of a remittance that are shown.
const ADJUSTMENTS: u32 = 1000;

/// Which remittances.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct RemittancesQuery {
    /// The partner's name.
    partner: Option<String>,
    /// `in`: the partner's. `out`: ours.
    direction: Option<String>,
    /// TRN02: the number of the payment.
    trace: Option<String>,
    /// Came, or was given, at this time or later.
    since: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Items of the page, 1 to 1000; 100 by default.
    limit: Option<String>,
    /// `desc` (default): the newest first. `asc`: the oldest first.
    order: Option<String>,
}

/// A remittance (835): one payment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RemittanceItem {
    id: Id,
    /// The file it stands in.
    file: Id,
    /// `in`: the partner's. `out`: ours.
    direction: String,
    partner: String,
    /// TRN02: the number of the payment.
    trace: String,
    /// TRN03: who pays.
    originator: String,
    /// BPR02.
    amount: String,
    /// BPR04.
    method: String,
    /// BPR16.
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    /// Whether its sums agree.
    balanced: bool,
    /// The remittance that was the same payment and came first: this one posted nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    repeats: Option<Id>,
    at: Moment,
}

/// A remittance, with what it pays.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RemittanceDetail {
    #[serde(flatten)]
    item: RemittanceItem,
    /// A page of what it says of claims: ask again with `next` as `cursor`.
    payments: Page<PaymentItem>,
    /// What is paid or taken back besides claims.
    provider_adjustments: Vec<AdjustmentItem>,
}

/// What a remittance says of a claim.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PaymentItem {
    id: Id,
    /// The remittance.
    remittance: Id,
    /// The claim it is for. Absent if we know no such claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    claim: Option<Id>,
    /// CLP01.
    control_number: String,
    /// CLP07.
    payer_control_number: String,
    /// CLP02.
    status: String,
    /// CLP03.
    charge: String,
    /// CLP04.
    paid: String,
    /// CLP05.
    #[serde(skip_serializing_if = "Option::is_none")]
    patient_responsibility: Option<String>,
}

/// What is paid or taken back besides claims (PLB).
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AdjustmentItem {
    id: Id,
    /// PLB03-1.
    reason: String,
    /// PLB03-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// PLB04: what is above zero is taken off the payment.
    amount: String,
}

/// Whom a remittance is given to.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct GiveQuery {
    /// The partner that is paid. It must be said.
    partner: Option<String>,
}

const ITEMS: &str = "SELECT * FROM remittance";

/// Remittances.
#[utoipa::path(
    get, path = "/v1/remittances", tag = "remittances", params(RemittancesQuery),
    responses((status = 200, description = "A page of remittances", body = Page<RemittanceItem>))
)]
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Query(query): Query<RemittancesQuery>,
) -> std::result::Result<Json<Page<RemittanceItem>>, ApiError> {
    caller.may(Permission::Read)?;
    let select = Select::of(ITEMS)
        .seen_by(&caller, "partner", None)
        .when("partner = ?", query.partner)
        .when("direction = ?", one_of("direction", query.direction, &["in", "out"])?)
        .when("trace = ?", query.trace)
        .when("at >= ?", time("since", query.since.as_deref())?);
    let wanted = PageQuery { cursor: query.cursor, limit: query.limit, order: query.order }.check()?;
    Ok(Json(api.store().read(move |tx| select.page(tx, wanted, "id", item)).await?))
}

/// A remittance: what it pays, claim by claim, and what it pays or takes back besides.
#[utoipa::path(
    get, path = "/v1/remittances/{id}", tag = "remittances", params(("id" = Id, Path), PageQuery),
    responses(
        (status = 200, description = "The remittance, with a page of its payments", body = RemittanceDetail),
        (status = 404, description = "No such remittance"),
    )
)]
pub(super) async fn one(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<Id>,
    Query(query): Query<PageQuery>,
) -> std::result::Result<Json<RemittanceDetail>, ApiError> {
    caller.may(Permission::Read)?;
    // In the order of the remittance, if nothing else is said.
    let wanted = PageQuery { order: query.order.or(Some("asc".to_owned())), ..query }.check()?;
    let seen = Select::of(ITEMS).seen_by(&caller, "partner", None).when("id = ?", Some(id.0));
    let detail = api.store().read(move |tx: &mut dyn Tx| {
        let Some(row) = seen.one(tx)? else { return Ok(None) };
        let payments = Select::of("SELECT * FROM payment").when("remittance = ?", Some(id.0));
        let payments = payments.page(tx, wanted, "id", payment_item)?;
        let adjustments = tx.rows(
            "SELECT * FROM provider_adjustment WHERE remittance = ?1 ORDER BY id LIMIT ?2",
            values![id.0, ADJUSTMENTS],
        )?;
        let provider_adjustments = adjustments.iter().map(adjustment_item).collect::<Result<_>>()?;
        Ok(Some(RemittanceDetail { item: item(&row)?, payments, provider_adjustments }))
    });
    detail.await?.map(Json).ok_or_else(ApiError::not_found)
}

/// Gives a partner a remittance: what a payer's system decided, as payments and provider adjustments one a line.
///
/// It is checked and balanced, and refused as a whole if anything is wrong: a remittance is one payment. What is
/// taken becomes an 835 that is sent, or waits to be fetched. The answer comes when it is on the disk.
#[utoipa::path(
    post, path = "/v1/remittances", tag = "remittances",
    params(GiveQuery, ("Idempotency-Key" = Option<String>, Header, description = "Recommended: a payment must not be made twice")),
    request_body(content((String = "application/x-ndjson")), description = "The schema of a line: `/v1/schemas/835`"),
    responses(
        (status = 200, description = "It is on its way", body = Given),
        (status = 409, description = "The same request is being answered"),
        (status = 413, description = "Too long"),
        (status = 415, description = "Not JSON"),
        (status = 422, description = "It was refused, was given before, or cannot be read; or the key came with another request", body = Given),
    )
)]
pub(super) async fn give(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Query(query): Query<GiveQuery>,
    headers: HeaderMap,
    body: Body,
) -> std::result::Result<Response, ApiError> {
    caller.may(Permission::Submit)?;
    if submit::is_x12(&headers)? {
        let message = "remittances are given as JSON, one payment or provider adjustment a line";
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type", message).at("Content-Type"));
    }
    let key = once::key(&headers)?;
    if query.partner.is_none() {
        return Err(ApiError::field("partner", "it must be said who is paid"));
    }
    let given = submit::Given::of(&api, &caller, query.partner, false, &headers, body).await?;
    let request = once::Request { caller, key, digest: given.digest };
    let take = |_: &Gateway, tx: &mut dyn Tx, balanced| Gateway::remit(tx, balanced);
    once::answer(api, request, |api| Ok(api.gateway.balance(given.submission)?), take).await
}

impl Outcome for Given {
    const ACTION: &'static str = "remittances.give";

    fn status(&self) -> StatusCode {
        if self.file.is_some() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY }
    }

    fn detail(&self) -> serde_json::Value {
        json!({ "file": self.file, "payments": self.payments, "repeats": self.repeats })
    }

    fn count(&self) {
        let decision = if self.file.is_some() { "taken" } else { "refused" };
        metrics::counter!("claimwire_remittances_given_total", "decision" => decision).increment(1);
    }
}

fn item(row: &Row) -> Result<RemittanceItem> {
    Ok(RemittanceItem {
        id: row.id("id")?,
        file: row.id("file")?,
        direction: row.string("direction")?,
        partner: row.string("partner")?,
        trace: row.string("trace")?,
        originator: row.string("originator")?,
        amount: row.string("amount")?,
        method: row.string("method")?,
        date: row.maybe_string("date")?,
        balanced: row.flag("balanced")?,
        repeats: row.maybe_id("repeats")?,
        at: row.moment("at")?,
    })
}

/// A payment, as answers have it.
pub(super) fn payment_item(row: &Row) -> Result<PaymentItem> {
    Ok(PaymentItem {
        id: row.id("id")?,
        remittance: row.id("remittance")?,
        claim: row.maybe_id("claim")?,
        control_number: row.string("control_number")?,
        payer_control_number: row.string("payer_control_number")?,
        status: row.string("status")?,
        charge: row.string("charge")?,
        paid: row.string("paid")?,
        patient_responsibility: row.maybe_string("patient_responsibility")?,
    })
}

fn adjustment_item(row: &Row) -> Result<AdjustmentItem> {
    Ok(AdjustmentItem {
        id: row.id("id")?,
        reason: row.string("reason")?,
        reference: row.maybe_string("reference")?,
        amount: row.string("amount")?,
    })
}
