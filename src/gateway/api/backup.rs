//! Copies of the running store, into the folder that the settings name.

use std::sync::Arc;

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    Api,
    error::ApiError,
    key::{Caller, Permission},
    shape::Moment,
};
use crate::gateway::store::{self, audit};

/// A copy that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Copied {
    /// Its name in the folder for backups.
    file: String,
    /// It holds what was on the disk then.
    taken: Moment,
    /// In bytes.
    length: u64,
}

/// Copies the running store to a new file in the folder that the settings call `backups`. The answer comes when it
/// is whole and on the disk. The master key is not in it. For keys of administrators for all partners.
#[utoipa::path(
    post, path = "/v1/backup", tag = "operation",
    responses(
        (status = 200, description = "The copy", body = Copied),
        (status = 409, description = "The settings name no folder for backups, or one is being made"),
        (status = 503, description = "There is no space left"),
    )
)]
pub(super) async fn make(State(api): State<Arc<Api>>, caller: Caller) -> Result<Json<Copied>, ApiError> {
    caller.may_everywhere(Permission::Administer)?;
    let Some(folder) = api.gateway.backups.clone() else {
        let error = ApiError::conflict("no_folder", "the settings name no folder for backups");
        return Err(error.hint("set `backups = \"FOLDER\"` in the gateway's settings"));
    };
    // From here on it is done whether or not the caller waits for it.
    let made = tokio::task::spawn_blocking(move || {
        let Ok(_only) = api.copying.try_acquire() else {
            return Err(ApiError::conflict("in_progress", "a backup is being made").after(10));
        };
        let now = Timestamp::from_millisecond(api.store().vault().clock().now()).unwrap_or_default();
        let file = format!("claimwire-{}.db", now.strftime("%Y%m%dT%H%M%S%3fZ"));
        let copy = api.store().backup(&folder.join(&file)).map_err(|error| match error {
            store::Error::Exists(_) => ApiError::conflict("exists", "there is a backup of this moment"),
            error => error.into(),
        })?;
        let detail = json!({ "length": copy.length, "request": caller.request }).to_string();
        let subject = file.clone();
        api.store().write_blocking(move |tx| -> store::Result<_> {
            audit::append(tx, &caller.key, "store.backup", &subject, &detail)
        })?;
        tracing::info!(file, length = copy.length, "a backup was made");
        Ok(Json(Copied { file, taken: Moment(copy.taken), length: copy.length }))
    });
    made.await.map_err(|_| ApiError::internal())?
}
