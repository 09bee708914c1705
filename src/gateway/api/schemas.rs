//! JSON Schemas of what claims and payments look like, made of the guides.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

use super::{error::ApiError, page::Path};
use crate::{
    guide,
    guidebook::{self, Subject},
};

/// The JSON Schema of a claim, payment or answer on its own, by the name of its guide: `837P`, `837I`, `837D`, `835`.
#[utoipa::path(
    get, path = "/v1/schemas/{guide}", tag = "schemas", security(()), params(("guide" = String, Path)),
    responses((status = 200, description = "The schema", body = Object, content_type = "application/schema+json"), (status = 404, description = "No such guide"))
)]
pub(super) async fn one(Path(name): Path<String>) -> Result<Response, ApiError> {
    let guide = guide::by_name(&name).and_then(Result::ok).ok_or_else(ApiError::not_found)?;
    // A small page, made of tables in memory.
    let mut schema = Vec::new();
    guidebook::json_schema(guide, Subject::Line, &mut schema).map_err(|_| ApiError::internal())?;
    Ok(([(header::CONTENT_TYPE, "application/schema+json"), (header::CACHE_CONTROL, "public, max-age=3600")], schema)
        .into_response())
}
