//! The client: files handed to a partner's CORE server and fetched from it.

use std::{
    collections::BTreeMap,
    error::Error as _,
    fmt::{self, Write},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt, StreamExt};
use jiff::Timestamp;
use reqwest::{
    Url,
    header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

pub use super::answer::Retrieved;
use super::{
    answer::{Failure, Reply},
    envelope::{Act, Credentials, Field, Fields, Mode, Operation, written_time},
    intake::{Form, Intake},
    outgoing::Letter,
    payload_type::PayloadType,
    settings::{Dialect, Envelope, PartnerSettings, span},
    soap::SoapVersion,
};
use crate::gateway::connect::{Content, Parcel, Receipt, SendError};

/// A partner's CORE server, as its settings say how to reach it.
///
/// It makes a connection for each exchange, follows no redirects and knows no proxy. A payload is streamed from
/// where it is stored, an answer's payload to a file in the spool folder.
pub struct CoreClient {
    http: reqwest::Client,
    url: Url,
    settings: PartnerSettings,
    dialect: Dialect,
    credentials: Option<Credentials>,
    headers: HeaderMap,
    spool: PathBuf,
}

impl fmt::Debug for CoreClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CoreClient").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

/// The secrets that a partner's settings name, resolved.
#[derive(Debug, Default)]
pub struct Secrets {
    /// The password.
    pub password: Option<SecretString>,
    /// The values of `secret_headers`.
    pub headers: BTreeMap<String, SecretString>,
}

/// Why there is no client for a partner's settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// A setting that is needed is missing.
    #[error("core.{0} is missing; set it to call this partner")]
    Missing(&'static str),
    /// The URL is none, is not of HTTP, or has a user name in it.
    #[error("core.url is not the URL of an HTTPS server, such as https://edi.payer.example/core")]
    Url,
    /// A header cannot be sent.
    #[error(
        "the header {0} of core.headers or core.secret_headers cannot be sent: name or value has characters that HTTP does not take"
    )]
    Header(String),
    /// The HTTP client cannot be made.
    #[error("the client cannot be made: {0}")]
    Client(String),
}

impl CoreClient {
    /// A client for a partner. `tls` says whom to trust and what to show; `spool` is where answers are written.
    ///
    /// # Errors
    ///
    /// [`SetupError`], in the words of the settings.
    pub fn new(
        settings: PartnerSettings,
        secrets: Secrets,
        tls: rustls::ClientConfig,
        spool: impl Into<PathBuf>,
    ) -> Result<CoreClient, SetupError> {
        let url = settings.url.as_deref().ok_or(SetupError::Missing("url"))?;
        let url = Url::parse(url).map_err(|_| SetupError::Url)?;
        let has_user = !url.username().is_empty() || url.password().is_some();
        if !matches!(url.scheme(), "https" | "http") || !url.has_host() || has_user {
            return Err(SetupError::Url);
        }
        for (name, value) in [("sender", &settings.sender), ("receiver", &settings.receiver)] {
            if value.is_empty() {
                return Err(SetupError::Missing(name));
            }
        }
        let credentials = match (&settings.user, secrets.password) {
            (Some(user), Some(password)) => Some(Credentials { user: user.clone(), password }),
            (Some(_), None) => return Err(SetupError::Missing("password")),
            (None, _) => None,
        };
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .http1_only()
            // An idle connection that the partner closes as we send would leave it unknown what arrived.
            .pool_max_idle_per_host(0)
            .connect_timeout(span(settings.connect_timeout))
            .user_agent(concat!("claimwire/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| SetupError::Client(error.to_string()))?;
        Ok(CoreClient {
            http,
            url,
            dialect: settings.dialect(),
            headers: own_headers(&settings, &secrets.headers)?,
            settings,
            credentials,
            spool: spool.into(),
        })
    }

    /// Hands over a file. Its id is the PayloadID, so that it may be handed over again if it is not known to have
    /// arrived.
    ///
    /// # Errors
    ///
    /// [`SendError`].
    pub async fn submit(&self, parcel: &Parcel) -> Result<Receipt, SendError> {
        let (kind, operation) = PayloadType::submitting(parcel.content);
        self.hand_over(operation, kind, &parcel.id.to_string(), Some(parcel)).await
    }

    /// Hands over a file and takes its answer in the same exchange.
    ///
    /// # Errors
    ///
    /// [`SendError`]. `Unknown` if there is a yes, but no answer.
    pub async fn real_time(&self, parcel: &Parcel) -> Result<Retrieved, SendError> {
        let (kind, _) = PayloadType::submitting(parcel.content);
        let id = parcel.id.to_string();
        let reply = self.call(Operation::RealTime, kind, &id, Some(parcel)).await.map_err(Failure::of_sending)?;
        let nothing = || SendError::Unknown { reason: "the answer in real time has no payload".to_owned() };
        reply.into_retrieved(&self.dialect, &id).ok_or_else(nothing)
    }

    /// Fetches a file of one of these contents, or the one that `payload_id` names; none if none waits. Partners
    /// of vC2.2.0 know requests for one content at a time.
    ///
    /// # Errors
    ///
    /// [`SendError`], never `Unknown`: fetching again does no harm.
    pub async fn retrieve(
        &self,
        contents: &[Content],
        payload_id: Option<&str>,
    ) -> Result<Option<Retrieved>, SendError> {
        let (kind, operation) = PayloadType::asking(contents);
        let id = payload_id.map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
        let reply = self.call(operation, kind, &id, None).await.map_err(Failure::of_fetching)?;
        Ok(reply.into_retrieved(&self.dialect, &id))
    }

    /// Confirms a file that was fetched, by its [`payload_id`](Retrieved::payload_id), with our acknowledgment of
    /// it if there is one.
    ///
    /// # Errors
    ///
    /// [`SendError`].
    pub async fn confirm(&self, payload_id: &str, acknowledgment: Option<&Parcel>) -> Result<Receipt, SendError> {
        let (kind, operation) = match acknowledgment.map(|parcel| PayloadType::submitting(parcel.content).0) {
            Some(kind) => (kind, Operation::BatchResultsAckSubmit),
            None => (PayloadType::ConfirmationReceived, Operation::GenericBatchReceiptConfirmation),
        };
        self.hand_over(operation, kind, payload_id, acknowledgment).await
    }

    async fn hand_over(
        &self,
        operation: Operation,
        kind: PayloadType,
        payload_id: &str,
        parcel: Option<&Parcel>,
    ) -> Result<Receipt, SendError> {
        let reply = self.call(operation, kind, payload_id, parcel).await.map_err(Failure::of_sending)?;
        Ok(reply.into_receipt(payload_id))
    }

    /// One exchange.
    async fn call(
        &self,
        operation: Operation,
        kind: PayloadType,
        payload_id: &str,
        parcel: Option<&Parcel>,
    ) -> Result<Reply, Failure> {
        let begun = Instant::now();
        let exchange = self.exchange(operation, kind, payload_id, parcel);
        let reply = match operation.mode() {
            Mode::Batch => exchange.await,
            Mode::RealTime => match timeout(span(self.settings.real_time_timeout), exchange).await {
                Ok(reply) => reply,
                Err(_) => Err(Failure::unknown("the partner did not answer in time")),
            },
        };
        // Asking again and again for what does not wait is no news.
        let is_news = reply.as_ref().map_or(true, |reply| operation.act() != Act::Retrieve || reply.has_payload());
        tell!(
            is_news,
            peer = self.url.host_str(),
            operation = operation.action(),
            content = parcel.map(|parcel| parcel.content.name()),
            payload.id = payload_id,
            payload.length = parcel.map(|parcel| parcel.length),
            error.code = reply.as_ref().err().map(|failure| tracing::field::display(failure.code())),
            duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            "CORE message sent"
        );
        reply
    }

    async fn exchange(
        &self,
        operation: Operation,
        kind: PayloadType,
        payload_id: &str,
        parcel: Option<&Parcel>,
    ) -> Result<Reply, Failure> {
        let fields = self.fields(operation, kind, payload_id, parcel);
        let version = self.settings.soap;
        let letter = Letter {
            form: match self.settings.envelope {
                Envelope::Mime => Form::Mime,
                Envelope::Soap => Form::Soap { version, multipart: self.settings.batch_payload.is_beside() },
            },
            operation,
            response: false,
            namespace: self.dialect.root_namespace.as_deref(),
            credentials: self.credentials.as_ref(),
            fields: &fields,
            payload: parcel,
            real_time: self.settings.real_time_payload,
        };
        let accepts = match letter.form {
            Form::Mime => "multipart/form-data",
            Form::Soap { multipart: true, .. } => "multipart/related, application/soap+xml, text/xml",
            Form::Soap { multipart: false, .. } => "application/soap+xml, text/xml",
        };
        let written = letter.write().await.map_err(|_| Failure::unsent("the stored payload cannot be read"))?;
        let mut request = self
            .http
            .post(self.url.clone())
            .headers(self.headers.clone())
            .header(CONTENT_TYPE, written.content_type.clone())
            .header(CONTENT_LENGTH, written.length())
            .header(ACCEPT, accepts);
        if self.settings.envelope == Envelope::Soap && version == SoapVersion::V1_1 {
            request = request.header("SOAPAction", format!("\"{operation}\""));
        }
        let idle = span(self.settings.batch_timeout);
        let progress = Progress::default();
        let watched = progress.clone();
        let body = written.stream(async {}.boxed()).inspect(move |_| watched.note());
        let sending = request.body(reqwest::Body::wrap_stream(body)).send();
        let response = match progress.watch(sending, idle).await {
            None => return Err(Failure::unknown("the partner did not answer in time")),
            Some(Err(error)) if error.is_builder() => return Err(Failure::unsent(chain(&error.without_url()))),
            // Not one byte of the message was taken, so it cannot have arrived.
            Some(Err(error)) if error.is_connect() || !progress.has_begun() => {
                return Err(Failure::unsent(chain(&error.without_url())));
            }
            Some(Err(error)) => return Err(Failure::unknown(chain(&error.without_url()))),
            Some(Ok(response)) => response,
        };
        let intake = Intake {
            folder: self.spool.clone(),
            limit: self.settings.response_limit,
            inline_limit: usize::try_from(self.settings.inline_limit).unwrap_or(usize::MAX),
            idle,
        };
        Reply::read(response, &intake, &self.dialect).await
    }

    fn fields(&self, operation: Operation, kind: PayloadType, payload_id: &str, parcel: Option<&Parcel>) -> Fields {
        let mut fields = Fields::default()
            .with(Field::PayloadType, self.dialect.payload_types.write(kind))
            .with(Field::ProcessingMode, operation.mode().name())
            .with(Field::PayloadId, payload_id)
            .with(Field::TimeStamp, written_time(Timestamp::now()))
            .with(Field::SenderId, self.settings.sender.as_str())
            .with(Field::ReceiverId, self.settings.receiver.as_str())
            .with(Field::CoreRuleVersion, self.settings.rule_version.as_str());
        if let Some(parcel) = parcel.filter(|_| operation.mode() == Mode::Batch) {
            fields.set(Field::PayloadLength, parcel.length.to_string());
            fields.set(Field::CheckSum, self.dialect.checksum.of_parcel(parcel));
        }
        fields
    }
}

fn own_headers(settings: &PartnerSettings, secrets: &BTreeMap<String, SecretString>) -> Result<HeaderMap, SetupError> {
    let mut headers = HeaderMap::new();
    for name in settings.secret_headers.keys() {
        if !secrets.contains_key(name) {
            return Err(SetupError::Header(name.clone()));
        }
    }
    let plain = settings.headers.iter().map(|(name, value)| (name, value.as_str(), false));
    let secret = secrets.iter().map(|(name, value)| (name, value.expose_secret(), true));
    for (name, value, sensitive) in plain.chain(secret) {
        let unsendable = || SetupError::Header(name.clone());
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unsendable())?;
        let mut value = HeaderValue::from_str(value).map_err(|_| unsendable())?;
        value.set_sensitive(sensitive);
        headers.insert(key, value);
    }
    Ok(headers)
}

/// An error and what it came from. None of this has anything of a message in it.
fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let _ = write!(text, ": {error}");
        source = error.source();
    }
    text.chars().take(512).collect()
}

/// When a message last went on, so that a large one has the time it needs, and a silent partner has not.
#[derive(Clone, Debug)]
struct Progress {
    begun: Instant,
    /// Milliseconds after that at which bytes were last taken; 0 as long as none were.
    last: Arc<AtomicU64>,
}

impl Default for Progress {
    fn default() -> Self {
        Progress { begun: Instant::now(), last: Arc::default() }
    }
}

impl Progress {
    fn note(&self) {
        let elapsed = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(elapsed.max(1), Ordering::Relaxed);
    }

    fn has_begun(&self) -> bool {
        self.last.load(Ordering::Relaxed) > 0
    }

    /// What `work` gives; none if for as long as `idle` it did not go on.
    async fn watch<T>(&self, work: impl Future<Output = T>, idle: Duration) -> Option<T> {
        let mut work = std::pin::pin!(work);
        loop {
            let last = Duration::from_millis(self.last.load(Ordering::Relaxed));
            let left = (last.saturating_add(idle)).saturating_sub(self.begun.elapsed());
            if left.is_zero() {
                return None;
            }
            if let Ok(done) = timeout(left, &mut work).await {
                return Some(done);
            }
        }
    }
}
