//! Whether the program lives and can work, and its figures.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::{Api, authenticate, error::ApiError, key::Permission};
use crate::gateway::store::{jobs, values};

/// How long it is believed that the store can be written to.
const BELIEVED: Duration = Duration::from_secs(2);
/// How long a write may take while all is well.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was last found out about the store.
#[derive(Debug, Default)]
pub(super) struct Health(Mutex<Option<(Instant, bool)>>);

/// How the program is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Status {
    /// `live`, `ready`, or why not: `draining`, `store_unavailable`.
    status: &'static str,
}

/// The program runs.
#[utoipa::path(
    get, path = "/health/live", tag = "health", security(()),
    responses((status = 200, description = "It does", body = Status))
)]
pub(super) async fn live() -> Json<Status> {
    Json(Status { status: "live" })
}

/// The program can work: its store can be written to, and it is not about to stop.
#[utoipa::path(
    get, path = "/health/ready", tag = "health", security(()),
    responses((status = 200, description = "It can", body = Status), (status = 503, description = "It cannot", body = Status))
)]
pub(super) async fn ready(State(api): State<Arc<Api>>) -> (StatusCode, Json<Status>) {
    let status = match api.options.shutdown.is_cancelled() {
        true => "draining",
        false if writable(&api).await => "ready",
        false => "store_unavailable",
    };
    let code = if status == "ready" { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(Status { status }))
}

/// Whether the store can be written to. It is tried, though not each time somebody asks.
async fn writable(api: &Api) -> bool {
    let known = *api.health.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((looked, writable)) = known.filter(|(looked, _)| looked.elapsed() < BELIEVED) {
        let _ = looked;
        return writable;
    }
    let write = api.store().write(|tx| {
        let now = tx.now().to_string();
        let sql = "INSERT INTO meta (name, value) VALUES ('ready', ?1) ON CONFLICT (name) DO UPDATE SET value = ?1";
        tx.run(sql, values![now])
    });
    let writable = matches!(timeout(PATIENCE, write).await, Ok(Ok(_)));
    *api.health.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), writable));
    writable
}

/// Figures for Prometheus. They need a key for all partners that may read, unless the settings say otherwise.
#[utoipa::path(
    get, path = "/metrics", tag = "health",
    responses((status = 200, description = "Figures", body = String, content_type = "text/plain"))
)]
pub(super) async fn metrics(State(api): State<Arc<Api>>, request: Parts) -> Result<Response, ApiError> {
    let Some(metrics) = &api.options.metrics else { return Err(ApiError::not_found()) };
    if !api.options.open_metrics {
        authenticate::caller(&api, &request).await?.may_everywhere(Permission::Read)?;
    }
    gauge(&api).await?;
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], metrics.render()).into_response())
}

/// Sets the figures that are looked up when they are asked for.
async fn gauge(api: &Api) -> Result<(), ApiError> {
    let (depths, overdue, failed) = api
        .store()
        .read(|tx| {
            let now = tx.now();
            let overdue = "SELECT count(*) AS n FROM expectation WHERE met IS NULL AND due <= ?1";
            let overdue = tx.first(overdue, values![now])?.map_or(Ok(0), |row| row.count("n"))?;
            let failed = "SELECT count(*) AS n FROM job WHERE state = 'failed' AND finished IS NOT NULL";
            let failed = tx.first(failed, &[])?.map_or(Ok(0), |row| row.count("n"))?;
            Ok((jobs::depths(tx)?, overdue, failed))
        })
        .await?;
    // A figure loses nothing that matters by becoming a float.
    let figure = |n: u64| n as f64;
    for queue in ["process", "batch", "deliver", "hand_on"] {
        for state in [jobs::State::Ready, jobs::State::Running] {
            let n = depths.iter().find(|(one, of, _)| one == queue && *of == state).map_or(0, |(.., n)| *n);
            metrics::gauge!("claimwire_jobs", "queue" => queue, "state" => state.as_str()).set(figure(n));
        }
    }
    metrics::gauge!("claimwire_jobs_failed").set(figure(failed));
    metrics::gauge!("claimwire_acknowledgments_overdue").set(figure(overdue));
    let counts = api.store().counts();
    metrics::counter!("claimwire_store_works_total").absolute(counts.works);
    metrics::counter!("claimwire_store_commits_total").absolute(counts.commits);
    Ok(())
}
