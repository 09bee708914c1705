//! Claims: where each stands, what happened to it, and taking it back.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    error::ApiError,
    events::{EventItem, event_item},
    key::{Caller, Permission},
    page::{self, Page, PageQuery, Path, Query, Select, flag, one_of, time},
    remittances::{PaymentItem, payment_item},
    shape::{Columns, Moment, raw_bytes},
};
use crate::gateway::{
    Id,
    flow::{State as ClaimState, Withdrawal},
    store::{Error, Result, Row, Tx, audit, payload, values},
};

/// Longest JSON of a claim, and of what was found in one, in bytes.
const LONGEST: u64 = 32 << 20;
/// Payments of a claim that are shown.
const PAYMENTS: u32 = 100;

/// Which claims.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ClaimsQuery {
    /// Where they stand: `queued`, `sent`, `paid` …
    state: Option<String>,
    /// The partner's name.
    partner: Option<String>,
    /// CLM01.
    control_number: Option<String>,
    /// `out`: handed in here. `in`: sent by the partner.
    direction: Option<String>,
    /// Handed in, or received, at this time or later.
    since: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Items of the page, 1 to 1000; 100 by default.
    limit: Option<String>,
    /// `desc` (default): the newest first. `asc`: the oldest first.
    order: Option<String>,
}

/// A claim, without what is in it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClaimItem {
    id: Id,
    /// `out`: handed in here. `in`: sent by the partner.
    direction: String,
    /// The partner it goes to or comes from; empty if none takes it.
    partner: String,
    /// Who handed it in: an API key's id, a folder, or the partner.
    source: String,
    /// `professional`, `institutional` or `dental`.
    kind: String,
    /// CLM01.
    control_number: String,
    /// CLM02.
    charge: String,
    /// CLM05-3.
    frequency: String,
    /// The payer's number for it, once it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    payer_control_number: Option<String>,
    /// Where it stands.
    state: String,
    /// The file it stands in, once it stands in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<Id>,
    /// When it was handed in, or received.
    at: Moment,
    /// When its state was last set.
    changed: Moment,
}

/// A claim, with what is in it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClaimDetail {
    #[serde(flatten)]
    item: ClaimItem,
    /// Where in its file it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
    /// What was paid for it; several remittances may speak of one claim.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    payments: Vec<PaymentItem>,
    /// The claim itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    claim: Option<Box<RawValue>>,
    /// What was found in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    findings: Option<Box<RawValue>>,
    /// Its bytes were erased when their time was over.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    erased: bool,
}

/// Where a claim stands in its file.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Place {
    /// ISA13.
    interchange: String,
    /// GS06.
    group: String,
    /// ST02.
    transaction: String,
    /// BHT03.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// The position of its CLM in the transaction set, ST = 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<i64>,
}

/// What of a claim is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ClaimQuery {
    /// Whether the claim itself is wanted: `true` (default) or `false`. Reading it is audited.
    content: Option<String>,
}

/// Which events of a claim.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct TimelineQuery {
    /// Events after the one of this number: `next` of the page before.
    after: Option<String>,
    /// Items of the page, 1 to 1000; 100 by default.
    limit: Option<String>,
}

const ITEMS: &str = "SELECT c.id AS id, c.direction AS direction, c.partner AS partner, c.source AS source, \
    c.kind AS kind, c.control_number AS control_number, c.charge AS charge, c.frequency AS frequency, \
    c.payer_control_number AS payer_control_number, c.state AS state, c.at AS at, c.changed AS changed, \
    c.position AS position, c.payload AS payload, c.offset AS offset, c.length AS length, c.findings AS findings, \
    i.file AS file, i.control_number AS interchange, g.control_number AS functional_group, \
    s.control_number AS transaction_set, s.reference AS reference \
    FROM claim c LEFT JOIN transaction_set s ON s.id = c.transaction_set \
    LEFT JOIN functional_group g ON g.id = s.functional_group LEFT JOIN interchange i ON i.id = g.interchange";

/// Claims. A key that may only hand in sees those that it handed in.
#[utoipa::path(
    get, path = "/v1/claims", tag = "claims", params(ClaimsQuery),
    responses((status = 200, description = "A page of claims", body = Page<ClaimItem>))
)]
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Query(query): Query<ClaimsQuery>,
) -> std::result::Result<Json<Page<ClaimItem>>, ApiError> {
    caller.may(Permission::ReadOwn)?;
    let states: Vec<_> = ClaimState::all().map(ClaimState::name).collect();
    let select = Select::of(ITEMS)
        .seen_by(&caller, "c.partner", Some("c.source"))
        .when("c.state = ?", one_of("state", query.state, &states)?)
        .when("c.partner = ?", query.partner)
        .when("c.control_number = ?", query.control_number)
        .when("c.direction = ?", one_of("direction", query.direction, &["in", "out"])?)
        .when("c.at >= ?", time("since", query.since.as_deref())?);
    let wanted = PageQuery { cursor: query.cursor, limit: query.limit, order: query.order }.check()?;
    Ok(Json(api.store().read(move |tx| select.page(tx, wanted, "c.id", item)).await?))
}

/// A claim: where it stands, what was paid for it, and the claim itself.
#[utoipa::path(
    get, path = "/v1/claims/{id}", tag = "claims", params(("id" = Id, Path), ClaimQuery),
    responses((status = 200, description = "The claim", body = ClaimDetail), (status = 404, description = "No such claim"))
)]
pub(super) async fn one(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<Id>,
    Query(query): Query<ClaimQuery>,
) -> std::result::Result<Json<ClaimDetail>, ApiError> {
    caller.may(Permission::ReadOwn)?;
    let content = flag("content", query.content.as_deref())?.unwrap_or(true);
    if content {
        // Who reads a claim is known before it is read.
        let seen = seen(&caller, id);
        let (key, request) = (caller.key.clone(), caller.request.clone());
        let audited = api.store().write(move |tx| {
            let known = seen.one(tx)?.is_some();
            if known {
                audit::append(tx, &key, "claim.read", &id.to_string(), &json!({ "request": request }).to_string())?;
            }
            Ok(known)
        });
        if !audited.await? {
            return Err(ApiError::not_found());
        }
    }
    let seen = seen(&caller, id);
    let detail = api.store().read(move |tx| seen.one(tx)?.map(|row| detail(tx, &row, content)).transpose());
    detail.await?.map(Json).ok_or_else(ApiError::not_found)
}

/// What happened to a claim, in its order.
#[utoipa::path(
    get, path = "/v1/claims/{id}/timeline", tag = "claims", params(("id" = Id, Path), TimelineQuery),
    responses((status = 200, description = "Its events", body = Page<EventItem>), (status = 404, description = "No such claim"))
)]
pub(super) async fn timeline(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<Id>,
    Query(query): Query<TimelineQuery>,
) -> std::result::Result<Json<Page<EventItem>>, ApiError> {
    caller.may(Permission::ReadOwn)?;
    let after = match query.after.as_deref() {
        Some(text) => text.parse::<i64>().map_err(|_| ApiError::field("after", "it is the number of an event"))?,
        None => 0,
    };
    let limit = page::limit(query.limit.as_deref())?;
    let seen = seen(&caller, id);
    let events = api.store().read(move |tx| {
        if seen.one(tx)?.is_none() {
            return Ok(None);
        }
        let rows = tx.rows(
            "SELECT * FROM event WHERE claim = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3",
            values![id.0, after, i64::from(limit).saturating_add(1)],
        )?;
        let more = rows.len() > limit as usize;
        let items = rows.iter().take(limit as usize).map(event_item).collect::<Result<Vec<_>>>()?;
        let next = items.last().filter(|_| more).map(|last| last.sequence.to_string());
        Ok(Some(Page { items, next }))
    });
    events.await?.map(Json).ok_or_else(ApiError::not_found)
}

/// Takes a claim back while it waits to be put into a file.
#[utoipa::path(
    post, path = "/v1/claims/{id}/withdraw", tag = "claims", params(("id" = Id, Path)),
    responses(
        (status = 200, description = "It is withdrawn", body = ClaimItem),
        (status = 404, description = "No such claim"),
        (status = 409, description = "It no longer waits: it may be on its way"),
    )
)]
pub(super) async fn withdraw(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<Id>,
) -> std::result::Result<Json<ClaimItem>, ApiError> {
    // Who may hand in may take back what it handed in.
    caller.may(Permission::Submit)?;
    let seen = seen(&caller, id);
    let (key, request, gateway) = (caller.key, caller.request, Arc::clone(&api.gateway));
    let done = api.store().write(move |tx| {
        if seen.one(tx)?.is_none() {
            return Ok(None);
        }
        let withdrawal = gateway.withdraw(tx, id, &key)?;
        if withdrawal == Withdrawal::Done {
            audit::append(tx, &key, "claim.withdraw", &id.to_string(), &json!({ "request": request }).to_string())?;
        }
        let row = Select::of(ITEMS).when("c.id = ?", Some(id.0)).one(tx)?;
        Ok(Some((withdrawal, row.as_ref().map(item).transpose()?)))
    });
    match done.await? {
        None | Some((_, None)) => Err(ApiError::not_found()),
        Some((Withdrawal::Done, Some(item))) => Ok(Json(item)),
        Some((Withdrawal::TooLate(state), _)) => {
            let message = format!("only a claim that is queued can be withdrawn, and this one is {state}");
            Err(ApiError::conflict("not_queued", message)
                .hint("to void a claim that was sent, send one with frequency 8"))
        }
    }
}

/// The claim, if the caller may see it.
fn seen(caller: &Caller, id: Id) -> Select {
    Select::of(ITEMS).seen_by(caller, "c.partner", Some("c.source")).when("c.id = ?", Some(id.0))
}

fn item(row: &Row) -> Result<ClaimItem> {
    Ok(ClaimItem {
        id: row.id("id")?,
        direction: row.string("direction")?,
        partner: row.string("partner")?,
        source: row.string("source")?,
        kind: row.string("kind")?,
        control_number: row.string("control_number")?,
        charge: row.string("charge")?,
        frequency: row.string("frequency")?,
        payer_control_number: row.maybe_string("payer_control_number")?,
        state: row.string("state")?,
        file: row.maybe_id("file")?,
        at: row.moment("at")?,
        changed: row.moment("changed")?,
    })
}

fn detail(tx: &mut dyn Tx, row: &Row, content: bool) -> Result<ClaimDetail> {
    let place = match row.maybe_text("interchange")? {
        Some(interchange) => Some(Place {
            interchange: interchange.to_owned(),
            group: row.string("functional_group")?,
            transaction: row.string("transaction_set")?,
            reference: row.maybe_string("reference")?,
            position: row.maybe_int("position")?,
        }),
        None => None,
    };
    let payments =
        tx.rows("SELECT * FROM payment WHERE claim = ?1 ORDER BY id LIMIT ?2", values![row.int("id")?, PAYMENTS])?;
    let payments = payments.iter().map(payment_item).collect::<Result<Vec<_>>>()?;
    let (mut claim, mut findings, mut erased) = (None, None, false);
    if content {
        let length = row.count("length")?.min(LONGEST);
        match payload::span(tx, row.payload("payload")?, row.count("offset")?, length) {
            Ok(bytes) => claim = raw_bytes(bytes),
            Err(Error::Erased(_)) => erased = true,
            Err(error) => return Err(error),
        }
    }
    if row.maybe_text("findings")?.is_some() {
        match payload::bytes(tx, row.payload("findings")?, LONGEST) {
            Ok(bytes) => findings = raw_bytes(bytes),
            Err(Error::Erased(_)) => erased = true,
            Err(error) => return Err(error),
        }
    }
    Ok(ClaimDetail { item: item(row)?, place, payments, claim, findings, erased })
}
