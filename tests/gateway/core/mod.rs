//! CAQH CORE: a server and a payer behind it, driven over real sockets.

mod client;
mod damage;
mod double;
mod matrix;
mod refusals;
mod serve;
mod streaming;
mod tls;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_lc_rs::digest;
use axum::Extension;
use claimwire::gateway::connect::{
    Arrival, Body, Caller, Content, Parcel, Peer, Proof, Service, ServiceError, Stored, Wanted,
    core::{
        mime::{self, Header},
        server,
        settings::{ServerOptions, ServerSettings},
    },
};
use futures_util::future::{BoxFuture, FutureExt};
use secrecy::ExposeSecret;
use uuid::Uuid;

/// The file of the facts sheet's checksums: 154 bytes.
pub const PAYLOAD: &str = "ISA*00*          *00*          *ZZ*BILLCO         *ZZ*PAYERB         *260115*0930*^*00501*\
    000000905*0*T*:~TA1*000000904*260114*2215*A*000~IEA*0*000000905~";
pub const SHA1: &str = "0f3caf1b9c7c35501ebeff4297b48ab973632a7c";
pub const SHA256: &str = "287f1613005dc02d83d2a1b0a6279aa12e85bf5be6888af95f31cc25ef3d1130";

/// A certificate that is BILLCO's.
pub const CERTIFICATE: [u8; 32] = [7; 32];

/// A file that the payer was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub partner: String,
    pub payload_id: Option<String>,
    pub content: Option<Content>,
    pub name: Option<String>,
    pub length: u64,
    pub sha256: [u8; 32],
}

/// A payer in memory.
#[derive(Default)]
pub struct Payer {
    pub kept: Mutex<Vec<Kept>>,
    pub waiting: Mutex<Vec<Parcel>>,
    pub asked: Mutex<Vec<Wanted>>,
    pub fetched: Mutex<Vec<(Uuid, Option<String>)>>,
    pub confirmed: Mutex<Vec<String>>,
    /// What it says instead of taking a file.
    pub refuses: Mutex<Option<ServiceError>>,
}

impl Payer {
    pub fn kept(&self) -> Vec<Kept> {
        self.kept.lock().unwrap().clone()
    }

    fn keep(&self, from: &Caller, arrival: &Arrival) -> Result<Stored, ServiceError> {
        if let Some(error) = self.refuses.lock().unwrap().clone() {
            return Err(error);
        }
        let new = Kept {
            partner: from.partner.clone(),
            payload_id: arrival.payload_id.clone(),
            content: arrival.content,
            name: arrival.name.clone(),
            length: arrival.file.length,
            sha256: arrival.file.sha256,
        };
        let mut kept = self.kept.lock().unwrap();
        let same_id = |old: &&Kept| old.payload_id == new.payload_id && old.content == new.content;
        match kept.iter().find(same_id) {
            Some(old) if old.sha256 == new.sha256 => Ok(Stored { id: Uuid::nil(), duplicate: true }),
            Some(_) => Err(ServiceError::Duplicate),
            None => {
                kept.push(new);
                Ok(Stored { id: Uuid::nil(), duplicate: false })
            }
        }
    }
}

impl Service for Payer {
    fn authenticate<'a>(&'a self, peer: &'a Peer, proof: Proof<'a>) -> BoxFuture<'a, Option<Caller>> {
        let partner = match proof {
            Proof::Password { user: "billco", password } if password.expose_secret() == "s3cret" => Some("billco"),
            Proof::Password { user: "other", password } if password.expose_secret() == "other" => Some("other"),
            Proof::Certificate { sha256 } if *sha256 == CERTIFICATE => Some("billco"),
            _ => None,
        };
        let caller = partner.map(|partner| Caller {
            partner: partner.to_owned(),
            credential: "test".to_owned(),
            senders: vec![partner.to_uppercase()],
            peer: peer.clone(),
        });
        async move { caller }.boxed()
    }

    fn receive<'a>(&'a self, from: &'a Caller, arrival: Arrival) -> BoxFuture<'a, Result<Stored, ServiceError>> {
        async move { self.keep(from, &arrival) }.boxed()
    }

    fn next<'a>(&'a self, _caller: &'a Caller, wanted: Wanted) -> BoxFuture<'a, Result<Option<Parcel>, ServiceError>> {
        self.asked.lock().unwrap().push(wanted.clone());
        let waiting = self.waiting.lock().unwrap();
        let found = wanted.kinds.iter().find_map(|kind| waiting.iter().find(|parcel| parcel.content == *kind)).cloned();
        async move { Ok(found) }.boxed()
    }

    fn fetched<'a>(
        &'a self,
        _by: &'a Caller,
        id: Uuid,
        asked: Option<&'a str>,
    ) -> BoxFuture<'a, Result<(), ServiceError>> {
        self.fetched.lock().unwrap().push((id, asked.map(str::to_owned)));
        async { Ok(()) }.boxed()
    }

    fn confirmed<'a>(&'a self, _by: &'a Caller, payload_id: &'a str) -> BoxFuture<'a, Result<bool, ServiceError>> {
        let fetched = self.fetched.lock().unwrap();
        let known =
            fetched.iter().any(|(id, asked)| id.to_string() == payload_id || asked.as_deref() == Some(payload_id));
        if known {
            self.confirmed.lock().unwrap().push(payload_id.to_owned());
        }
        async move { Ok(known) }.boxed()
    }

    fn answer<'a>(&'a self, from: &'a Caller, arrival: Arrival) -> BoxFuture<'a, Result<Option<Parcel>, ServiceError>> {
        async move {
            self.keep(from, &arrival)?;
            Ok(Some(parcel(Content::InterchangeAcknowledgmentTa1, PAYLOAD)))
        }
        .boxed()
    }
}

/// A file on its way out.
pub fn parcel(content: Content, text: &str) -> Parcel {
    let bytes = text.as_bytes().to_vec();
    let (mut sha1, mut sha256) = ([0; 20], [0; 32]);
    sha1.copy_from_slice(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &bytes).as_ref());
    sha256.copy_from_slice(digest::digest(&digest::SHA256, &bytes).as_ref());
    Parcel {
        id: Uuid::new_v4(),
        name: "file.x12".to_owned(),
        content,
        length: bytes.len() as u64,
        sha1,
        sha256,
        body: Body::of_bytes(bytes),
    }
}

/// A running server and the payer behind it.
pub struct World {
    pub payer: Arc<Payer>,
    pub address: SocketAddr,
    pub spool: tempfile::TempDir,
    http: reqwest::Client,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl World {
    pub async fn new() -> World {
        World::with("", None).await
    }

    /// A server with these settings, whose callers show this certificate.
    pub async fn with(settings: &str, certificate: Option<[u8; 32]>) -> World {
        let settings: ServerSettings = toml::from_str(settings).unwrap();
        World::of(certificate, |spool| ServerOptions::new(settings, spool)).await
    }

    pub async fn of(certificate: Option<[u8; 32]>, options: impl FnOnce(&std::path::Path) -> ServerOptions) -> World {
        let payer = Arc::new(Payer::default());
        let spool = tempfile::tempdir().unwrap();
        let options = options(spool.path());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let peer = Peer { address, certificate, tls: None };
        let service: Arc<dyn Service> = Arc::clone(&payer) as Arc<dyn Service>;
        let router = server::router(service, options).layer(Extension(peer));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        World { payer, address, spool, http: http(), server }
    }

    pub fn url(&self) -> String {
        format!("http://{}/core", self.address)
    }

    pub async fn post(&self, content_type: &str, headers: &[(&str, &str)], body: impl Into<reqwest::Body>) -> Answer {
        let mut request = self.http.post(self.url()).header("Content-Type", content_type).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    /// Posts a form of these fields, lines ended so.
    pub async fn post_form(&self, fields: &[(&str, &str)], end: &str) -> Answer {
        self.post("multipart/form-data; boundary=XbndQ7", &[], form(fields, end)).await
    }

    /// What is left in the spool folder.
    pub fn spooled(&self) -> usize {
        std::fs::read_dir(self.spool.path()).unwrap().count()
    }
}

/// A client that trusts nobody, for plain connections.
pub fn http() -> reqwest::Client {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls())
        .no_proxy()
        .timeout(Duration::from_secs(60))
        .build()
        .unwrap()
}

pub fn tls() -> rustls::ClientConfig {
    rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub content_type: String,
    pub retry_after: Option<String>,
    pub body: Vec<u8>,
}

impl Answer {
    async fn of(response: reqwest::Response) -> Answer {
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        Answer {
            status: response.status().as_u16(),
            content_type: header("content-type").unwrap_or_default(),
            retry_after: header("retry-after"),
            body: response.bytes().await.unwrap().to_vec(),
        }
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// What a field says, in either envelope.
    pub fn field(&self, name: &str) -> Option<String> {
        let header = Header::read(&self.content_type);
        if header.is("multipart/form-data") {
            let parts = mime::read(header.parameter("boundary").unwrap(), &self.body).unwrap();
            return parts.into_iter().find_map(|(headers, value)| {
                let disposition = headers.header("Content-Disposition").unwrap();
                (disposition.parameter("name") == Some(name)).then(|| String::from_utf8(value).unwrap())
            });
        }
        let text = self.text();
        let from = text.split_once(&format!("<{name}>"))?.1;
        Some(from.split_once(&format!("</{name}>"))?.0.to_owned())
    }

    /// The bytes of the part that is not the envelope.
    pub fn attachment(&self) -> Vec<u8> {
        let header = Header::read(&self.content_type);
        assert!(header.is("multipart/related"), "{}", self.content_type);
        let mut parts = mime::read(header.parameter("boundary").unwrap(), &self.body).unwrap();
        assert_eq!(parts.len(), 2);
        parts.remove(1).1
    }

    pub fn code(&self) -> String {
        self.field("ErrorCode").unwrap_or_else(|| format!("none in {self:?} {}", self.text()))
    }
}

/// A form, its lines ended so.
pub fn form(fields: &[(&str, &str)], end: &str) -> Vec<u8> {
    let mut text = String::new();
    for (name, value) in fields {
        text += &format!("--XbndQ7{end}Content-Disposition: form-data; name=\"{name}\"{end}{end}{value}{end}");
    }
    (text + &format!("--XbndQ7--{end}")).into_bytes()
}

/// The fields of a request, in the order of the schema.
pub fn fields<'a>(kind: &'a str, mode: &'a str, id: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("PayloadType", kind),
        ("ProcessingMode", mode),
        ("PayloadID", id),
        ("TimeStamp", "2026-01-15T14:30:00Z"),
        ("UserName", "billco"),
        ("Password", "s3cret"),
        ("SenderID", "BILLCO"),
        ("ReceiverID", "PAYERB"),
        ("CORERuleVersion", "2.2.0"),
    ]
}

/// The fields of a batch that is handed over.
pub fn submission(id: &str) -> Vec<(&str, &str)> {
    let mut fields = fields("X12_837_Request_005010X222A1", "Batch", id);
    fields.extend([("PayloadLength", "154"), ("CheckSum", SHA1), ("Payload", PAYLOAD)]);
    fields
}

pub fn id() -> String {
    Uuid::new_v4().to_string()
}
