//! Jobs that were given up, and what waits.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    error::ApiError,
    key::{Caller, Permission},
    page::{self, Query, one_of},
    shape::Moment,
};
use crate::gateway::store::{
    Error, Tx, audit,
    jobs::{self, Job, JobId},
};

/// Which jobs.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct JobsQuery {
    /// `failed`, which is the default: those that wait for a person.
    state: Option<String>,
    /// Items at most, 1 to 1000; 100 by default.
    limit: Option<String>,
}

/// A job.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JobItem {
    id: i64,
    queue: String,
    kind: String,
    /// What it is about: a file's id, or a partner.
    subject: String,
    state: &'static str,
    attempts: u32,
    created: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished: Option<Moment>,
    /// Why the last try did not succeed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// Why it was given up, and what to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Jobs.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Jobs {
    items: Vec<JobItem>,
    /// How many wait or run, by queue.
    waiting: Vec<Depth>,
}

/// How many jobs of a queue are in a state.
#[derive(Debug, Serialize, ToSchema)]
struct Depth {
    queue: String,
    /// `ready` or `running`.
    state: &'static str,
    jobs: u64,
}

/// Jobs that were given up, the latest first, and how many wait. For keys of operators for all partners.
#[utoipa::path(
    get, path = "/v1/jobs", tag = "operation", params(JobsQuery),
    responses((status = 200, description = "Jobs", body = Jobs))
)]
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Query(query): Query<JobsQuery>,
) -> Result<Json<Jobs>, ApiError> {
    caller.may_everywhere(Permission::Operate)?;
    one_of("state", query.state, &["failed"])?;
    let limit = page::limit(query.limit.as_deref())?;
    let jobs = api.store().read(move |tx| {
        let depth = |(queue, state, jobs): (_, jobs::State, _)| Depth { queue, state: state.as_str(), jobs };
        let items = jobs::failed(tx, limit)?.into_iter().map(item).collect();
        Ok(Jobs { items, waiting: jobs::depths(tx)?.into_iter().map(depth).collect() })
    });
    Ok(Json(jobs.await?))
}

/// Makes a job that was given up ready again, with all its tries before it.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/retry", tag = "operation", params(("id" = i64, Path)),
    responses(
        (status = 200, description = "It is ready again", body = JobItem),
        (status = 404, description = "No such job"),
        (status = 409, description = "It was not given up"),
    )
)]
pub(super) async fn retry(
    State(api): State<Arc<Api>>,
    caller: Caller,
    page::Path(id): page::Path<i64>,
) -> Result<Json<JobItem>, ApiError> {
    caller.may_everywhere(Permission::Operate)?;
    let done = api.store().write(move |tx: &mut dyn Tx| {
        let again = match jobs::again(tx, JobId(id)) {
            // Another one of its kind has taken its place.
            Err(Error::Taken(_)) => false,
            again => again?,
        };
        if again {
            let detail = json!({ "request": caller.request }).to_string();
            audit::append(tx, &caller.key, "job.retry", &id.to_string(), &detail)?;
        }
        Ok((again, jobs::find(tx, JobId(id))?))
    });
    match done.await? {
        (_, None) => Err(ApiError::not_found()),
        (true, Some(job)) => Ok(Json(item(job))),
        (false, Some(job)) => {
            let message = format!("only what was given up is tried again, and this is {}", job.state.as_str());
            Err(ApiError::conflict("not_failed", message))
        }
    }
}

fn item(job: Job) -> JobItem {
    JobItem {
        id: job.id.0,
        state: job.state.as_str(),
        attempts: job.attempt,
        created: Moment(job.created),
        finished: job.finished.map(Moment),
        queue: job.queue,
        kind: job.kind,
        subject: job.subject,
        error: job.error,
        reason: job.reason,
    }
}
