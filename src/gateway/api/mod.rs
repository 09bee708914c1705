//! The HTTP API for billing and payer systems: claims in and what becomes of them, files, acknowledgments,
//! remittances, deliveries, and events to poll.
//!
//! [`router`] is the whole of it; whoever listens decides about TLS. Each resource has a file of its own. What
//! all share stands in `key` (who calls, and what they may see), `admit` (limits), `exchange` (request ids, the
//! log line and the shape of errors), `page` (lists), `once` (requests that may
//! come again), `body` (large bodies in) and `stream` (large bodies out).
//! The description at `/v1/openapi.json` is made of the same items as the routes.
//!
//! A caller presents a key (`Authorization: Bearer cw_…`) and sees the partners of the key's [`Scope`] alone.
//! What belongs to others does not exist for it: 404, never 403. Every read of a claim or file is audited
//! before its bytes leave the store. No error, log line or URL holds anything of a claim but its ids.

mod acknowledgments;
mod admit;
mod audit;
mod authenticate;
mod backup;
mod body;
mod claims;
mod deliveries;
mod error;
mod events;
mod exchange;
mod expectations;
mod files;
mod health;
mod jobs;
mod key;
mod keys;
mod once;
mod page;
mod partners;
mod remittances;
mod schemas;
mod shape;
mod stream;
mod submit;
mod summary;

use std::{sync::Arc, thread, time::Duration};

use axum::{Router, http::header, middleware, routing::get};
use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use utoipa::openapi::{
    OpenApi,
    security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Gateway, observe::Metrics};
use admit::Limits;
use error::ApiError;
pub use key::{Permission, Role, Roles, Scope};
use once::InFlight;

/// How the API behaves towards its callers.
#[derive(Clone, Debug)]
pub struct ApiOptions {
    /// The longest body of claims or remittances, in bytes.
    pub longest_body: u64,
    /// Requests that are answered at the same time; others are told to come again.
    pub concurrent: usize,
    /// Submissions that are checked at the same time; others wait for their turn. By default one a core.
    pub checking: usize,
    /// Callers that wait for events at the same time; others are answered at once.
    pub waiting: usize,
    /// Files that are streamed out at the same time.
    pub streaming: usize,
    /// Requests that a key may make a second, in the long run.
    pub per_second: u32,
    /// Requests that a key may make at once.
    pub burst: u32,
    /// The longest pause within a body.
    pub body_pause: Duration,
    /// The longest time for a whole body.
    pub body_time: Duration,
    /// The figures shown under `/metrics`; none: there is no such page.
    pub metrics: Option<Metrics>,
    /// Whether `/metrics` needs no key, as when only a monitor reaches the listener.
    pub open_metrics: bool,
    /// Cancelled when the program drains: it is no longer ready, and nobody waits for events any more.
    pub shutdown: CancellationToken,
}

impl Default for ApiOptions {
    fn default() -> Self {
        Self {
            longest_body: 512 << 20,
            concurrent: 256,
            checking: thread::available_parallelism().map_or(2, usize::from),
            waiting: 256,
            streaming: 32,
            per_second: 200,
            burst: 400,
            body_pause: Duration::from_secs(30),
            body_time: Duration::from_secs(600),
            metrics: None,
            open_metrics: false,
            shutdown: CancellationToken::new(),
        }
    }
}

/// What all handlers share.
struct Api {
    gateway: Arc<Gateway>,
    options: ApiOptions,
    limits: Limits,
    checking: Arc<Semaphore>,
    waiting: Semaphore,
    streaming: Arc<Semaphore>,
    /// One copy of the store is made at a time.
    copying: Semaphore,
    in_flight: InFlight,
    health: health::Health,
    refusals: authenticate::Refusals,
}

/// The API of a gateway.
pub fn router(gateway: Arc<Gateway>, options: ApiOptions) -> Router {
    let api = Arc::new(Api {
        limits: Limits::new(&options),
        checking: Arc::new(Semaphore::new(options.checking.max(1))),
        waiting: Semaphore::new(options.waiting),
        streaming: Arc::new(Semaphore::new(options.streaming.max(1))),
        copying: Semaphore::new(1),
        in_flight: InFlight::default(),
        health: health::Health::default(),
        refusals: authenticate::Refusals::default(),
        gateway,
        options,
    });
    let (keyed, mut document) = keyed().split_for_parts();
    let (open, more) = open().split_for_parts();
    document.merge(more);
    // Made once: it never changes while the program runs.
    let document = Bytes::from(serde_json::to_vec(&document).unwrap_or_default());
    let json = [(header::CONTENT_TYPE, "application/json")];
    keyed
        // What is added last is met first: the key is known before its rate is looked at.
        .route_layer(middleware::from_fn_with_state(Arc::clone(&api), admit::admit))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&api), authenticate::authenticate))
        .merge(open)
        .route("/v1/openapi.json", get(async move || (json, document)))
        .fallback(async || ApiError::not_found())
        .method_not_allowed_fallback(async || ApiError::method())
        .layer(middleware::from_fn(exchange::exchange))
        .with_state(api)
}

/// The description of the API, as `/v1/openapi.json` has it.
pub fn document() -> OpenApi {
    let mut document = keyed().into_openapi();
    document.merge(open().into_openapi());
    document
}

/// The routes that need a key.
fn keyed() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::with_openapi(described())
        .routes(routes!(claims::list, submit::submit))
        .routes(routes!(submit::check))
        .routes(routes!(claims::one))
        .routes(routes!(claims::timeline))
        .routes(routes!(claims::withdraw))
        .routes(routes!(files::list))
        .routes(routes!(files::one))
        .routes(routes!(files::raw))
        .routes(routes!(files::json))
        .routes(routes!(files::acknowledgments))
        .routes(routes!(acknowledgments::list))
        .routes(routes!(remittances::list, remittances::give))
        .routes(routes!(remittances::one))
        .routes(routes!(partners::list))
        .routes(routes!(partners::reload))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::retry))
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::retry))
        .routes(routes!(expectations::list))
        .routes(routes!(events::list))
        .routes(routes!(audit::list))
        .routes(routes!(audit::verify))
        .routes(routes!(summary::all))
        .routes(routes!(keys::list, keys::issue))
        .routes(routes!(keys::revoke))
        .routes(routes!(backup::make))
}

/// The routes that need none.
fn open() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::default()
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .routes(routes!(schemas::one))
}

/// What the description says of the whole.
fn described() -> OpenApi {
    let mut document = OpenApi::default();
    document.info.title = "claimwire".to_owned();
    document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    document.info.description = Some(
        "Claims in, what became of them out. Lists are in pages: give `next` back as `cursor`. Errors are \
         `{\"error\":{\"code\",\"message\",\"field\"?,\"hint\"?},\"request_id\"}` in every case."
            .to_owned(),
    );
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("cw_…").build();
    let mut components = utoipa::openapi::Components::new();
    components.add_security_scheme("key", SecurityScheme::Http(scheme));
    document.components = Some(components);
    document.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>("key", [])]);
    document
}

impl Api {
    fn store(&self) -> &super::store::Store {
        self.gateway.store()
    }
}
