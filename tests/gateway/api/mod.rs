//! The HTTP API: its router over a real store in a folder of its own, with real partner files.

mod circle;
mod limits;
mod once;
mod privacy;
mod reading;
mod routes;
mod scopes;
mod submitting;

use std::{fs, sync::Arc};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode},
};
use claimwire::{
    gateway::{
        Gateway, Settings,
        api::{self, ApiOptions},
        store::{Error, Keyring, Tx, Value as Bound, api_keys},
    },
    generate::{self, Kind, Options, Variety},
};
use http_body_util::BodyExt;
use secrecy::ExposeSecret;
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// A gateway with two payers as partners, `harbor` (payer HARBOR01) and `seaside` (SEASIDE01), who fetch their files.
pub struct Site {
    pub gateway: Arc<Gateway>,
    pub router: Router,
    pub stop: CancellationToken,
    pub folder: TempDir,
}

/// An answer of the API.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Site {
    pub async fn new() -> Self {
        Self::with(ApiOptions::default()).await
    }

    pub async fn with(options: ApiOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let partners = folder.path().join("partners");
        fs::create_dir(&partners).unwrap();
        for (name, number) in [("harbor", 1), ("seaside", 2)] {
            let upper = name.to_uppercase();
            let text = format!(
                "title = \"{name} health\"\nsender_id = \"BAYSIDE{number}\"\nreceiver_id = \"{upper}\"\n\
                 payers = [\"{upper}01\"]\n[limits]\nbatch_wait = \"0s\"\n[acknowledgments.expected]\nta1 = \"1h\"\n"
            );
            fs::write(partners.join(format!("{name}.toml")), text).unwrap();
        }
        Keyring::generate_file(&folder.path().join("master.key")).unwrap();
        let text = "folder = \"data\"\nmaster_key = \"file:master.key\"\npartners = \"partners\"\n";
        fs::write(folder.path().join("gateway.toml"), text).unwrap();
        let settings = Settings::load(&folder.path().join("gateway.toml")).unwrap();
        let gateway = tokio::task::spawn_blocking(move || Gateway::open(&settings)).await.unwrap().unwrap();
        let stop = options.shutdown.clone();
        let router = api::router(Arc::clone(&gateway), options);
        Self { gateway, router, stop, folder }
    }

    /// A key of a role (`reader`) for some partners (`*` is all).
    pub async fn key(&self, role: &str, partners: &[&str]) -> String {
        let (role, scope) = (role.to_owned(), serde_json::to_string(partners).unwrap());
        let issued = self.gateway.store().write(move |tx| api_keys::issue(tx, "test", &role, &scope)).await.unwrap();
        issued.1.expose_secret().to_owned()
    }

    pub async fn ask(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub async fn get(&self, key: &str, path: &str) -> Answer {
        self.ask(request(Method::GET, key, path).body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, key: &str, path: &str) -> Answer {
        self.ask(request(Method::POST, key, path).body(Body::empty()).unwrap()).await
    }

    /// Hands something in.
    pub async fn send(&self, key: &str, path: &str, kind: &str, body: impl Into<Body>) -> Answer {
        let request = request(Method::POST, key, path).header("content-type", kind);
        self.ask(request.body(body.into()).unwrap()).await
    }

    /// Hands claims in as lines of JSON.
    pub async fn submit(&self, key: &str, claims: &[Value]) -> Answer {
        self.send(key, "/v1/claims", "application/x-ndjson", lines(claims)).await
    }

    /// Changes the store past the program.
    pub async fn alter(&self, sql: &'static str) {
        self.gateway.store().write(move |tx: &mut dyn Tx| tx.run(sql, &[])).await.unwrap();
    }

    /// A number that the store has.
    pub async fn number(&self, sql: &'static str, with: &str) -> i64 {
        let with = with.to_owned();
        let read = move |tx: &mut dyn Tx| -> Result<i64, Error> {
            tx.first(sql, &[Bound::from(with)])?.map_or(Ok(0), |row| row.int("n"))
        };
        self.gateway.store().read(read).await.unwrap()
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The answer, which must have a status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }

    /// The code of an error, which must have the shape of errors.
    #[track_caller]
    pub fn code(&self) -> String {
        let json = self.json();
        assert!(json["error"]["message"].is_string(), "{json}");
        assert_eq!(json["request_id"].as_str(), self.headers["x-request-id"].to_str().ok(), "{json}");
        json["error"]["code"].as_str().expect("a code").to_owned()
    }
}

pub fn request(method: Method, key: &str, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path).header("authorization", format!("Bearer {key}"))
}

/// Valid claims for a payer, all different; `seed` makes others.
pub fn claims(count: u64, seed: u64, payer: &str) -> Vec<Value> {
    let mut claims = Vec::new();
    let options = Options { variety: Variety::Plain, ..Options::new(Kind::Professional, count, seed) };
    generate::lines(&options, &mut |line| {
        let mut claim: Value = serde_json::from_slice(line).unwrap();
        claim["payer"]["id"] = payer.into();
        claims.push(claim);
        Ok(())
    })
    .unwrap();
    claims
}

pub fn lines(claims: &[Value]) -> String {
    claims.iter().map(|claim| format!("{claim}\n")).collect()
}
