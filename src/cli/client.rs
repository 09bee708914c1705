//! A running gateway, called by its API.

use std::{
    fmt,
    io::{Read, Seek, SeekFrom, Write},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use claimwire::gateway::{
    secret::Secret,
    tls::{self, ClientSettings},
};
use clap::Args;
use futures_util::stream;
use reqwest::{
    Method, Response, StatusCode, Url,
    header::{self, HeaderMap, HeaderValue},
};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs::default_provider};
use secrecy::ExposeSecret;
use serde::{Deserialize, de::DeserializeOwned};
use tokio::runtime::Runtime;

use super::input::Watched;

/// Bytes that are sent at once.
const PIECE: usize = 64 << 10;
/// Longest answer that is read into memory, in bytes.
const LONGEST: usize = 1 << 30;
/// How often a request is made that the gateway asks to make later.
const TRIES: u32 = 5;
/// Longest that is waited before the next try.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Longest that an answer pauses: the gateway checks all claims of a file before it says anything.
const PAUSE: Duration = Duration::from_secs(600);

/// Which gateway, and who asks.
#[derive(Args, Debug)]
#[command(next_help_heading = "The gateway")]
pub struct Access {
    /// Where its API listens
    #[arg(long, value_name = "URL", env = "CLAIMWIRE_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// Where your API key is: env:NAME or file:PATH, and never the key itself
    #[arg(long, value_name = "PLACE", default_value = "env:CLAIMWIRE_KEY")]
    key: String,
    /// The authority of its certificate, as PEM, if it is not one that the system trusts
    #[arg(long, value_name = "FILE")]
    authority: Option<PathBuf>,
}

impl Access {
    /// A client for it. Nothing is asked yet.
    ///
    /// # Errors
    /// A URL or a key that cannot be used.
    pub fn client(&self) -> anyhow::Result<Client> {
        let url =
            Url::parse(&self.url).map_err(|_| anyhow!("--url: not a URL such as https://gateway.example:8080"))?;
        let loopback = url.host_str().is_some_and(is_loopback);
        let tls = match url.scheme() {
            "https" => {
                let settings = ClientSettings { authorities: self.authority.clone(), ..ClientSettings::default() };
                Arc::unwrap_or_clone(tls::client(&settings)?)
            }
            "http" if loopback => no_tls()?,
            "http" => bail!("--url: a key is sent over http to this machine alone; use https"),
            _ => bail!("--url: not a URL of http or https"),
        };
        if !url.username().is_empty() || url.password().is_some() {
            bail!("--url: it has a user name in it; callers prove themselves with --key");
        }
        // Not a parser of clap's: its message would show a key that was put here by mistake.
        let key = Secret::parse(&self.key).and_then(|place| place.read()).context("--key")?;
        let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret()))
            .map_err(|_| anyhow!("--key: what stands there is no API key"))?;
        value.set_sensitive(true);
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            // The key goes to the gateway and nowhere else.
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(PAUSE)
            .default_headers(HeaderMap::from_iter([(header::AUTHORIZATION, value)]))
            .user_agent(concat!("claimwire/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Client { runtime, http, url })
    }
}

/// A gateway that is asked things.
pub struct Client {
    runtime: Runtime,
    http: reqwest::Client,
    url: Url,
}

/// A body to be sent, as often as it takes.
pub struct Upload<R> {
    /// Its bytes, from the beginning.
    pub bytes: R,
    /// How many they are.
    pub length: u64,
    /// What they are: `application/json`.
    pub kind: &'static str,
    /// The key under which the gateway does it once.
    pub idempotency_key: String,
}

/// What was answered.
pub struct Answer {
    /// Its body.
    pub body: Vec<u8>,
    /// Whether the request had come before, and nothing was done again.
    pub replayed: bool,
}

/// What the gateway says when it does not do something.
#[derive(Debug, Deserialize)]
pub struct Refusal {
    /// The status of HTTP.
    #[serde(skip)]
    pub status: u16,
    #[serde(default)]
    message: String,
    field: Option<String>,
    hint: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, message, field, hint, .. } = self;
        match message.is_empty() {
            true => write!(f, "the gateway answered with status {status}")?,
            false => write!(f, "the gateway says: {}", super::shown::printable(message))?,
        }
        if let Some(field) = field {
            write!(f, " ({})", super::shown::printable(field))?;
        }
        if let Some(hint) = hint {
            write!(f, "; {}", super::shown::printable(hint))?;
        }
        if *status == 401 {
            f.write_str("; is --key right, and not revoked?")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

/// Whether the gateway says that there is no such thing.
pub fn is_nothing(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Refusal>().is_some_and(|refusal| refusal.status == 404)
}

impl Client {
    /// Asks for something.
    ///
    /// # Errors
    /// A [`Refusal`]; a gateway that cannot be reached, or says something else than was asked for.
    pub fn ask<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> anyhow::Result<T> {
        let body = self.ask_bytes(path, query)?;
        serde_json::from_slice(&body).map_err(|_| anyhow!("{}: the answer is not that of a gateway", self.url))
    }

    /// The same, as it was answered.
    ///
    /// # Errors
    /// As for [`ask`](Self::ask).
    pub fn ask_bytes(&self, path: &str, query: &[(&str, &str)]) -> anyhow::Result<Vec<u8>> {
        self.runtime.block_on(async {
            let response = self.send(|| self.request(Method::GET, path, query)).await?;
            read(taken(response).await?).await
        })
    }

    /// All items of a list, page by page, the newest first; `each` says whether to go on.
    ///
    /// # Errors
    /// As for [`ask`](Self::ask), and what `each` gives.
    pub fn each<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        mut each: impl FnMut(T) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        #[derive(Deserialize)]
        struct Page<T> {
            items: Vec<T>,
            next: Option<String>,
        }
        let mut cursor: Option<String> = None;
        loop {
            let mut query = query.to_vec();
            if let Some(cursor) = &cursor {
                query.push(("cursor", cursor));
            }
            let Page { items, next } = self.ask::<Page<T>>(path, &query)?;
            for item in items {
                if !each(item)? {
                    return Ok(());
                }
            }
            match next {
                Some(next) => cursor = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// Has something done that needs no body, or a short one in JSON.
    ///
    /// # Errors
    /// As for [`ask`](Self::ask).
    pub fn tell<T: DeserializeOwned>(&self, path: &str, body: Option<&serde_json::Value>) -> anyhow::Result<T> {
        let body = self.runtime.block_on(async {
            let request = || {
                let request = self.request(Method::POST, path, &[]);
                match body {
                    Some(body) => request.header(header::CONTENT_TYPE, "application/json").body(body.to_string()),
                    None => request,
                }
            };
            // Not everything that is told may be told twice.
            let response = request().send().await.map_err(|error| self.unreachable(&error))?;
            read(taken(response).await?).await
        })?;
        serde_json::from_slice(&body).map_err(|_| anyhow!("{}: the answer is not that of a gateway", self.url))
    }

    /// Writes what is answered as it comes; gives the number of bytes.
    ///
    /// # Errors
    /// As for [`ask`](Self::ask); an answer that broke off; an output that fails.
    pub fn fetch(&self, path: &str, query: &[(&str, &str)], output: &mut dyn Write) -> anyhow::Result<u64> {
        self.runtime.block_on(async {
            let response = self.send(|| self.request(Method::GET, path, query)).await?;
            let mut response = taken(response).await?;
            let mut length = 0_u64;
            while let Some(piece) = response.chunk().await.context("the answer broke off")? {
                output.write_all(&piece)?;
                length = length.saturating_add(piece.len() as u64);
            }
            Ok(length)
        })
    }

    /// Sends a body.
    ///
    /// # Errors
    /// As for [`ask`](Self::ask). What is not taken, with findings, is an answer and no error.
    pub fn upload<R: Read + Seek + Send + 'static>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        upload: Upload<R>,
    ) -> anyhow::Result<Answer> {
        let Upload { bytes, length, kind, idempotency_key } = upload;
        let key = HeaderValue::from_str(&idempotency_key)
            .map_err(|_| anyhow!("--idempotency-key: printable ASCII characters only"))?;
        let bytes = Arc::new(std::sync::Mutex::new(bytes));
        let request = || {
            self.request(Method::POST, path, query)
                .header(header::CONTENT_TYPE, kind)
                .header(header::CONTENT_LENGTH, length)
                .header("Idempotency-Key", key.clone())
                .body(reqwest::Body::wrap_stream(stream::iter(Pieces::new(Arc::clone(&bytes), length))))
        };
        self.runtime.block_on(async {
            let response = self.send(request).await.context("give the same command again: nothing is done twice")?;
            let status = response.status();
            let replayed = response.headers().contains_key("idempotent-replay");
            if !status.is_success() && status != StatusCode::UNPROCESSABLE_ENTITY {
                return Err(refusal(response).await);
            }
            let body = read(response).await?;
            if !status.is_success() && is_refusal(&body) {
                return Err(told(status, &body));
            }
            Ok(Answer { body, replayed })
        })
    }

    fn request(&self, method: Method, path: &str, query: &[(&str, &str)]) -> reqwest::RequestBuilder {
        let mut url = self.url.clone();
        // What stood in the URL's path stays in front, as behind a proxy.
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}{path}"));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.http.request(method, url)
    }

    /// Makes a request, and makes it again while the gateway asks for that. Only for what may come twice.
    async fn send(&self, request: impl Fn() -> reqwest::RequestBuilder) -> anyhow::Result<Response> {
        let mut tries = 0;
        loop {
            tries += 1;
            let response = request().send().await.map_err(|error| self.unreachable(&error))?;
            let wait = response.headers().get(header::RETRY_AFTER).and_then(|after| after.to_str().ok()?.parse().ok());
            match wait.map(Duration::from_secs) {
                Some(wait) if tries < TRIES && !response.status().is_success() => {
                    tokio::time::sleep(wait.min(LONGEST_WAIT)).await;
                }
                _ => return Ok(response),
            }
        }
    }

    fn unreachable(&self, error: &reqwest::Error) -> anyhow::Error {
        let mut source = std::error::Error::source(error);
        let mut why = String::new();
        while let Some(error) = source {
            why = error.to_string();
            source = error.source();
        }
        let at = format!("{}://{}", self.url.scheme(), self.url.authority());
        match error.is_connect() {
            true => anyhow!("{at}: no gateway can be reached: {why}"),
            false => anyhow!("{at}: the gateway broke off: {why}"),
        }
    }
}

async fn taken(response: Response) -> anyhow::Result<Response> {
    if response.status().is_success() { Ok(response) } else { Err(refusal(response).await) }
}

async fn refusal(response: Response) -> anyhow::Error {
    let status = response.status();
    let body = read(response).await.unwrap_or_default();
    told(status, &body)
}

#[derive(Deserialize)]
struct Failure {
    error: Refusal,
}

fn is_refusal(body: &[u8]) -> bool {
    serde_json::from_slice::<Failure>(body).is_ok()
}

fn told(status: StatusCode, body: &[u8]) -> anyhow::Error {
    let refusal = serde_json::from_slice::<Failure>(body).map(|failure| failure.error);
    let nothing = |_| Refusal { status: 0, message: String::new(), field: None, hint: None };
    anyhow::Error::new(Refusal { status: status.as_u16(), ..refusal.unwrap_or_else(nothing) })
}

async fn read(mut response: Response) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.context("the answer broke off")? {
        if body.len().saturating_add(piece.len()) > LONGEST {
            bail!("the answer is longer than {LONGEST} bytes");
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// A body in pieces, read from its beginning; reading blocks, and nobody else is on this thread.
struct Pieces<R: Read>(Watched<Shared<R>>);

impl<R: Read + Seek> Pieces<R> {
    fn new(bytes: Arc<std::sync::Mutex<R>>, length: u64) -> Self {
        Self(Watched::seen(Shared { bytes, at: 0 }, Some(length), true))
    }
}

impl<R: Read + Seek> Iterator for Pieces<R> {
    type Item = std::io::Result<Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut piece = Vec::new();
        match (&mut self.0).take(PIECE as u64).read_to_end(&mut piece) {
            Ok(0) => None,
            Ok(_) => Some(Ok(piece.into())),
            Err(error) => Some(Err(error)),
        }
    }
}

/// One of several readers of the same bytes, each with a place of its own.
struct Shared<R> {
    bytes: Arc<std::sync::Mutex<R>>,
    at: u64,
}

impl<R: Read + Seek> Read for Shared<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let mut bytes = self.bytes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        bytes.seek(SeekFrom::Start(self.at))?;
        let length = bytes.read(into)?;
        self.at = self.at.saturating_add(length as u64);
        Ok(length)
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What the client needs where it speaks plain HTTP: nobody is trusted.
fn no_tls() -> anyhow::Result<ClientConfig> {
    let builder =
        ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(url: &str, key: &str) -> Access {
        Access { url: url.into(), key: key.into(), authority: None }
    }

    #[test]
    fn a_key_is_never_shown_nor_sent_in_the_open() {
        let error = access("http://127.0.0.1:1", "cw_0123_hunter2").client().err().unwrap();
        assert!(!format!("{error:#}").contains("hunter2"), "{error:#}");
        for url in ["http://gateway.example", "http://192.0.2.1:8080", "ftp://127.0.0.1", "https://me:pw@127.0.0.1"] {
            assert!(access(url, "env:PATH").client().is_err(), "{url}");
        }
        for url in ["http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1"] {
            assert!(access(url, "env:PATH").client().is_ok(), "{url}");
        }
    }

    #[test]
    fn a_body_is_read_from_its_beginning_each_time() {
        let bytes = Arc::new(std::sync::Mutex::new(std::io::Cursor::new(vec![7_u8; PIECE + 5])));
        for _ in 0..2 {
            let pieces: Vec<usize> = Pieces::new(Arc::clone(&bytes), 1).map(|piece| piece.unwrap().len()).collect();
            assert_eq!(pieces, [PIECE, 5]);
        }
    }
}
