//! Files as they came and went: about them, their bytes, and what is in them as JSON.

use std::{
    io::{BufReader, Read, Write, copy},
    sync::Arc,
};

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    acknowledgments::{self, AcknowledgmentItem},
    error::ApiError,
    key::{Caller, Permission},
    page::{Page, PageQuery, Path, Query, Select, one_of, time},
    shape::{Columns, Moment},
    stream,
};
use crate::{
    document,
    gateway::{
        Id,
        connect::Content,
        store::{PayloadId, Result, Row, Tx, audit, values},
    },
    ndjson, x12,
};

/// Interchanges, groups and transaction sets of a file that are shown.
const PARTS: u32 = 2000;

/// Which files.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct FilesQuery {
    /// `in` or `out`.
    direction: Option<String>,
    /// The partner's name.
    partner: Option<String>,
    /// `837P`, `837I`, `837D`, `835`, `999`, `TA1`, `277CA`, `mixed`.
    content: Option<String>,
    /// `received`, `processed`, `refused`, `duplicate`, `made`.
    state: Option<String>,
    /// Came, or was made, at this time or later.
    since: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Items of the page, 1 to 1000; 100 by default.
    limit: Option<String>,
    /// `desc` (default): the newest first. `asc`: the oldest first.
    order: Option<String>,
}

/// A file.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FileItem {
    id: Id,
    /// `in` or `out`.
    direction: String,
    partner: String,
    /// How it came: `core`, `stream`, `folder`, `api`; `made` if we made it.
    channel: String,
    /// The name that its sender gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// What is in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    /// In bytes.
    length: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    sha256: String,
    /// Its id for both sides (PayloadID).
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// `received` → `processed` or `refused`; `duplicate`; `made` for files of ours.
    state: String,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Of an answer of ours: the file it answers. Of a duplicate: the file that came first.
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<Id>,
    at: Moment,
}

/// A file, and its envelopes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FileDetail {
    #[serde(flatten)]
    item: FileItem,
    interchanges: Vec<Interchange>,
}

/// An interchange of a file.
#[derive(Debug, Serialize, ToSchema)]
struct Interchange {
    /// ISA13.
    control_number: String,
    /// ISA09, ISA10.
    date: String,
    time: String,
    /// ISA15.
    usage: String,
    /// What the TA1 said: `A`, `E` or `R`.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
    /// The TA1's note.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    groups: Vec<Group>,
}

/// A functional group.
#[derive(Debug, Serialize, ToSchema)]
struct Group {
    /// GS01.
    kind: String,
    /// GS06.
    control_number: String,
    /// GS08.
    version: String,
    /// What the 999 said: `A`, `E`, `P` or `R`.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
    transactions: Vec<Transaction>,
}

/// A transaction set.
#[derive(Debug, Serialize, ToSchema)]
struct Transaction {
    /// ST01.
    kind: String,
    /// ST02.
    control_number: String,
    /// BHT03, or TRN02 of an 835.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// Claims in it.
    claims: i64,
    /// What the 999 said of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
}

/// As what the JSON of a file is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct JsonQuery {
    /// `document` (default): the whole file, which converts back byte for byte. `ndjson`: each claim, payment or
    /// answer on its own, one a line.
    to: Option<String>,
}

const ITEMS: &str = "SELECT * FROM file";

/// Files.
#[utoipa::path(
    get, path = "/v1/files", tag = "files", params(FilesQuery),
    responses((status = 200, description = "A page of files", body = Page<FileItem>))
)]
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Query(query): Query<FilesQuery>,
) -> std::result::Result<Json<Page<FileItem>>, ApiError> {
    caller.may(Permission::Read)?;
    let contents = Content::ALL.map(Content::name);
    let states = ["received", "processed", "refused", "duplicate", "made"];
    let select = Select::of(ITEMS)
        .seen_by(&caller, "partner", None)
        .when("direction = ?", one_of("direction", query.direction, &["in", "out"])?)
        .when("partner = ?", query.partner)
        .when("content = ?", one_of("content", query.content, &contents)?)
        .when("state = ?", one_of("state", query.state, &states)?)
        .when("at >= ?", time("since", query.since.as_deref())?);
    let wanted = PageQuery { cursor: query.cursor, limit: query.limit, order: query.order }.check()?;
    Ok(Json(api.store().read(move |tx| select.page(tx, wanted, "id", item)).await?))
}

/// A file: where it stands, and its envelopes with what was answered.
#[utoipa::path(
    get, path = "/v1/files/{id}", tag = "files", params(("id" = Id, Path)),
    responses((status = 200, description = "The file", body = FileDetail), (status = 404, description = "No such file"))
)]
pub(super) async fn one(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<Id>,
) -> std::result::Result<Json<FileDetail>, ApiError> {
    caller.may(Permission::Read)?;
    let seen = seen(&caller, id);
    let detail = api.store().read(move |tx| seen.one(tx)?.map(|row| detail(tx, &row)).transpose());
    detail.await?.map(Json).ok_or_else(ApiError::not_found)
}

/// The bytes of a file, exactly as they came or went. Reading them is audited.
#[utoipa::path(
    get, path = "/v1/files/{id}/raw", tag = "files", params(("id" = Id, Path)),
    responses(
        (status = 200, description = "Its bytes", body = String, content_type = "application/edi-x12"),
        (status = 404, description = "No such file"),
        (status = 410, description = "Its bytes were erased"),
    )
)]
pub(super) async fn raw(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<Id>,
) -> std::result::Result<Response, ApiError> {
    let (file, payload) = open(&api, caller, id, "file.read").await?;
    let store = api.store().clone();
    let mut response = stream::answer(&api, move |output| {
        let mut bytes = BufReader::with_capacity(256 << 10, store.payload_reader(payload)?);
        copy(&mut bytes, output).map(drop).map_err(|error| broken(&error))
    })
    .await?;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/edi-x12"));
    headers.insert(header::CONTENT_LENGTH, file.length.into());
    let name = format!("attachment; filename=\"{id}.x12\"");
    for (header, value) in [(header::CONTENT_DISPOSITION, name), (header::ETAG, format!("\"{}\"", file.sha256))] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(header, value);
        }
    }
    Ok(response)
}

/// A file as JSON. Reading it is audited.
#[utoipa::path(
    get, path = "/v1/files/{id}/json", tag = "files", params(("id" = Id, Path), JsonQuery),
    responses(
        (status = 200, description = "The document, or its claims, payments and answers one a line", content(
            (serde_json::Value = "application/json"), (String = "application/x-ndjson"))),
        (status = 404, description = "No such file"),
        (status = 410, description = "Its bytes were erased"),
        (status = 422, description = "It is not X12"),
    )
)]
pub(super) async fn json(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<Id>,
    Query(query): Query<JsonQuery>,
) -> std::result::Result<Response, ApiError> {
    let lines = one_of("to", query.to, &["document", "ndjson"])?.is_some_and(|to| to == "ndjson");
    let (_, payload) = open(&api, caller, id, "file.read").await?;
    let store = api.store().clone();
    let mut response = stream::answer(&api, move |output| {
        let bytes = BufReader::with_capacity(256 << 10, store.payload_reader(payload)?);
        convert(bytes, output, lines)
    })
    .await?;
    let kind = if lines { "application/x-ndjson" } else { "application/json" };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(response)
}

/// What was answered to a file: by the partner to ours, or by us to the partner's.
#[utoipa::path(
    get, path = "/v1/files/{id}/acknowledgments", tag = "files", params(("id" = Id, Path), PageQuery),
    responses(
        (status = 200, description = "A page of acknowledgments", body = Page<AcknowledgmentItem>),
        (status = 404, description = "No such file"),
    )
)]
pub(super) async fn acknowledgments(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Path(id): Path<Id>,
    Query(query): Query<PageQuery>,
) -> std::result::Result<Json<Page<AcknowledgmentItem>>, ApiError> {
    caller.may(Permission::Read)?;
    let (wanted, seen) = (query.check()?, seen(&caller, id));
    let select = Select::of(acknowledgments::ITEMS).seen_by(&caller, "partner", None).when("about = ?", Some(id.0));
    let page = api.store().read(move |tx| {
        let known = seen.one(tx)?.is_some();
        known.then(|| select.page(tx, wanted, "id", acknowledgments::item)).transpose()
    });
    page.await?.map(Json).ok_or_else(ApiError::not_found)
}

/// Finds a file whose bytes are wanted, and audits that they are.
async fn open(
    api: &Api,
    caller: Caller,
    id: Id,
    action: &'static str,
) -> std::result::Result<(FileItem, PayloadId), ApiError> {
    caller.may(Permission::Read)?;
    let seen = seen(&caller, id);
    let found = api.store().write(move |tx| {
        let Some(row) = seen.one(tx)? else { return Ok(None) };
        let detail = json!({ "request": caller.request }).to_string();
        audit::append(tx, &caller.key, action, &id.to_string(), &detail)?;
        Ok(Some((item(&row)?, row.payload("payload")?)))
    });
    found.await?.ok_or_else(ApiError::not_found)
}

/// Writes X12 as JSON.
fn convert(input: impl Read, output: &mut dyn Write, lines: bool) -> std::result::Result<(), ApiError> {
    let not_x12 =
        || ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "not_x12", "the file is not X12: see its raw bytes");
    match lines {
        true => ndjson::read(input, output, None).map(drop).map_err(|error| match error {
            ndjson::Error::Io(error) | ndjson::Error::X12(x12::Error::Io(error)) => broken(&error),
            _ => not_x12(),
        }),
        false => document::read(input, output).map(drop).map_err(|error| match error {
            document::Error::Io(error) | document::Error::X12(x12::Error::Io(error)) => broken(&error),
            _ => not_x12(),
        }),
    }
}

/// Reading or sending failed. What the store says of it comes wrapped.
fn broken(error: &std::io::Error) -> ApiError {
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        // The reader has gone.
        return ApiError::internal();
    }
    match error.get_ref().and_then(|inner| inner.downcast_ref::<crate::gateway::store::Error>()) {
        Some(error) => error.clone().into(),
        None => {
            tracing::error!(%error, "a file could not be read");
            ApiError::internal()
        }
    }
}

fn seen(caller: &Caller, id: Id) -> Select {
    Select::of(ITEMS).seen_by(caller, "partner", None).when("id = ?", Some(id.0))
}

fn item(row: &Row) -> Result<FileItem> {
    Ok(FileItem {
        id: row.id("id")?,
        direction: row.string("direction")?,
        partner: row.string("partner")?,
        channel: row.string("channel")?,
        name: row.maybe_string("name")?,
        content: row.maybe_string("content")?,
        length: row.count("length")?,
        sha256: hex::encode(row.blob("sha256")?),
        message: row.maybe_string("message")?,
        state: row.string("state")?,
        reason: row.maybe_string("reason")?,
        about: row.maybe_id("about")?,
        at: row.moment("at")?,
    })
}

fn detail(tx: &mut dyn Tx, row: &Row) -> Result<FileDetail> {
    let item = item(row)?;
    let rows = tx.rows(
        "SELECT i.id AS i, i.control_number AS i_number, i.date AS date, i.time AS time, i.usage AS usage,
            i.answer AS i_answer, i.note AS note, g.id AS g, g.kind AS g_kind, g.control_number AS g_number,
            g.version AS version, g.answer AS g_answer, s.kind AS s_kind, s.control_number AS s_number,
            s.reference AS reference, s.claims AS claims, s.answer AS s_answer
         FROM interchange i LEFT JOIN functional_group g ON g.interchange = i.id
         LEFT JOIN transaction_set s ON s.functional_group = g.id
         WHERE i.file = ?1 ORDER BY i.id, g.id, s.id LIMIT ?2",
        values![item.id.0, PARTS],
    )?;
    let mut interchanges: Vec<Interchange> = Vec::new();
    let (mut of_interchange, mut of_group) = (None, None);
    for row in &rows {
        let (i, g) = (row.int("i")?, row.maybe_int("g")?);
        if of_interchange.replace(i) != Some(i) {
            of_group = None;
            interchanges.push(Interchange {
                control_number: row.string("i_number")?,
                date: row.string("date")?,
                time: row.string("time")?,
                usage: row.string("usage")?,
                answer: row.maybe_string("i_answer")?,
                note: row.maybe_string("note")?,
                groups: Vec::new(),
            });
        }
        let (Some(interchange), Some(g)) = (interchanges.last_mut(), g) else { continue };
        if of_group.replace(g) != Some(g) {
            interchange.groups.push(Group {
                kind: row.string("g_kind")?,
                control_number: row.string("g_number")?,
                version: row.string("version")?,
                answer: row.maybe_string("g_answer")?,
                transactions: Vec::new(),
            });
        }
        let (Some(group), Some(kind)) = (interchange.groups.last_mut(), row.maybe_string("s_kind")?) else { continue };
        group.transactions.push(Transaction {
            kind,
            control_number: row.string("s_number")?,
            reference: row.maybe_string("reference")?,
            claims: row.int("claims")?,
            answer: row.maybe_string("s_answer")?,
        });
    }
    Ok(FileDetail { item, interchanges })
}
