//! Events: everything that happened, to be polled by its number.

use std::{collections::HashSet, ops::ControlFlow, sync::Arc, time::Duration};

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout_at};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    error::ApiError,
    key::{Caller, Permission},
    page::{self, Query},
    shape::{Columns, Moment, raw},
};
use crate::gateway::{
    Id,
    store::{Result, Row, Topic, Tx, values},
};

/// The path, which has a limit of its own.
pub(super) const PATH: &str = "/v1/events";
/// Longest that anybody waits, in seconds.
const LONGEST_WAIT: u64 = 60;
/// Events that are looked through for those that a caller may see.
const LOOKED_THROUGH: usize = 20_000;

/// Which events.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsQuery {
    /// Events after the one of this number; from the first one by default. `latest`: only what happens from now on.
    after: Option<String>,
    /// Items of the page, 1 to 1000; 100 by default.
    limit: Option<String>,
    /// Seconds to wait for an event if there is none, 0 (default) to 60.
    wait: Option<String>,
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventItem {
    /// Its number: later ones have greater numbers.
    pub(super) sequence: i64,
    /// When.
    pub(super) at: Moment,
    /// With which partner.
    pub(super) partner: String,
    /// To which claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) claim: Option<Id>,
    /// To or by which file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<Id>,
    /// What: `queued`, `sent`, `claim_answered` …
    pub(super) kind: String,
    /// The state that the claim was in after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) state: Option<String>,
    /// Codes, counts and ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(super) detail: Option<Box<RawValue>>,
}

/// Events, and where to go on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Events {
    items: Vec<EventItem>,
    /// The next `after`. It moves on even where there is nothing for this caller.
    next: i64,
}

/// What happened after an event, in order. Ask again with `next` as `after`; with `wait` the answer comes as soon
/// as there is something. No event is skipped or changed, so that a caller that keeps `next` misses nothing.
#[utoipa::path(
    get, path = "/v1/events", tag = "events", params(EventsQuery),
    responses((status = 200, description = "Events; none if nothing happened", body = Events))
)]
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Query(query): Query<EventsQuery>,
) -> std::result::Result<Json<Events>, ApiError> {
    caller.may(Permission::ReadOwn)?;
    let limit = page::limit(query.limit.as_deref())?;
    let wait = match query.wait.as_deref().map(str::parse::<u64>) {
        None => 0,
        Some(Ok(wait)) if wait <= LONGEST_WAIT => wait,
        Some(_) => return Err(ApiError::field("wait", "it is a number of seconds from 0 to 60")),
    };
    // Whoever waits is told of changes from here on, so that none falls between looking and waiting.
    let mut changes = api.store().changes(Topic::Events);
    let mut after = match query.after.as_deref() {
        None => 0,
        Some("latest") => api.store().read(latest).await?,
        Some(text) => match text.parse::<i64>() {
            Ok(after) if after >= 0 => after,
            _ => return Err(ApiError::field("after", "it is the number of an event, or latest")),
        },
    };
    let end = Instant::now() + Duration::from_secs(wait);
    let place = (wait > 0).then(|| api.waiting.try_acquire().ok()).flatten();
    loop {
        changes.mark_unchanged();
        let looker = caller.clone();
        let found = api.store().read(move |tx| look(tx, &looker, after, limit)).await?;
        let over = place.is_none() || api.options.shutdown.is_cancelled();
        if !found.events.items.is_empty() || (over && found.to_the_end) || Instant::now() >= end && found.to_the_end {
            return Ok(Json(found.events));
        }
        after = found.events.next;
        if !found.to_the_end {
            // There may be more that was not looked through. One caller does not get all the time there is.
            if place.is_none() {
                return Ok(Json(found.events));
            }
            continue;
        }
        tokio::select! {
            changed = timeout_at(end, changes.changed()) => {
                if !matches!(changed, Ok(Ok(()))) {
                    return Ok(Json(found.events));
                }
            }
            () = api.options.shutdown.cancelled() => return Ok(Json(found.events)),
        }
    }
}

/// What was found.
struct Found {
    events: Events,
    /// Whether there was nothing after it.
    to_the_end: bool,
}

fn latest(tx: &mut dyn Tx) -> Result<i64> {
    let row = tx.first("SELECT sequence FROM event ORDER BY sequence DESC LIMIT 1", &[])?;
    row.map_or(Ok(0), |row| row.int("sequence"))
}

fn look(tx: &mut dyn Tx, caller: &Caller, after: i64, limit: u32) -> Result<Found> {
    let (mut items, mut next, mut looked) = (Vec::new(), after, 0_usize);
    let most = i64::try_from(LOOKED_THROUGH).unwrap_or(i64::MAX);
    let own = caller.own_only().map(str::to_owned);
    // The claims of the window that the caller handed in: asked for once, not for each event.
    let own: Option<HashSet<i64>> = match own {
        Some(key) => {
            let rows = tx.rows(
                "SELECT DISTINCT c.id AS id FROM claim c JOIN event e ON e.claim = c.id
                 WHERE e.sequence > ?1 AND e.sequence <= ?1 + ?2 AND c.source = ?3",
                values![after, most, key],
            )?;
            Some(rows.iter().map(|row| row.int("id")).collect::<Result<_>>()?)
        }
        None => None,
    };
    tx.visit(
        "SELECT * FROM event WHERE sequence > ?1 AND sequence <= ?1 + ?2 ORDER BY sequence",
        values![after, most],
        &mut |row| {
            looked = looked.saturating_add(1);
            let partner = row.text("partner")?;
            let seen = match &own {
                // What no partner takes is still seen by who handed it in.
                Some(own) => {
                    row.maybe_int("claim")?.is_some_and(|claim| own.contains(&claim))
                        && (partner.is_empty() || caller.scope.has(partner))
                }
                None => caller.scope.has(partner),
            };
            if seen {
                if items.len() >= limit as usize {
                    return Ok(ControlFlow::Break(()));
                }
                items.push(event_item(&row)?);
            }
            next = row.int("sequence")?;
            Ok(ControlFlow::Continue(()))
        },
    )?;
    let to_the_end = tx.first("SELECT sequence FROM event WHERE sequence > ?1 LIMIT 1", values![next])?.is_none();
    Ok(Found { events: Events { items, next }, to_the_end })
}

/// An event, as answers have it.
pub(super) fn event_item(row: &Row) -> Result<EventItem> {
    Ok(EventItem {
        sequence: row.int("sequence")?,
        at: row.moment("at")?,
        partner: row.string("partner")?,
        claim: row.maybe_id("claim")?,
        file: row.maybe_id("file")?,
        kind: row.string("kind")?,
        state: row.maybe_string("state")?,
        detail: raw(row.maybe_text("detail")?),
    })
}
