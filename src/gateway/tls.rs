//! Transport security: the one place that configures it.
//!
//! TLS 1.2 and 1.3 with the suites that rustls has by default; older versions, CBC and RSA key exchange are not
//! there to be turned on. Partners whose servers cannot do better need a proxy of their own in front.
//!
//! A [`Server`] has a certificate, and may ask callers for one of pinned authorities; its files can be changed while it
//! runs ([`Server::reload`]). An [`Acceptor`] listens with it. [`client`] is for the other direction.

use std::{
    collections::HashMap,
    fs::File,
    future::Future,
    io::{self, Read},
    net::{IpAddr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use aws_lc_rs::digest;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, ProtocolVersion, RootCertStore, ServerConfig,
    SignatureScheme, SupportedProtocolVersion,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, aws_lc_rs::default_provider},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    server::WebPkiClientVerifier,
    version::{TLS12, TLS13},
};
use secrecy::{ExposeSecret, SecretSlice};
use serde::Deserialize;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::sync::CancellationToken;

use super::{connect::Peer, secret::warn_if_exposed};

/// Both versions that are spoken.
static VERSIONS: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];
/// Most bytes of a file with certificates or a key.
const LONGEST_FILE: u64 = 1 << 20;
/// How long to wait when a connection cannot be taken, for want of file descriptors as a rule.
const BREATH: Duration = Duration::from_millis(100);

/// What a server shows and asks for. Relative paths are for who reads the settings to resolve ([`Self::beside`]).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// The certificate and those that lead to its authority, as PEM, its own first.
    pub certificate: PathBuf,
    /// Its private key, as PEM.
    pub key: PathBuf,
    /// Whether callers show a certificate: `"none"` (default), `"optional"` or `"required"`.
    #[serde(default)]
    pub client_certificates: ClientCertificates,
    /// The authorities of callers' certificates, as PEM. No others are trusted.
    #[serde(default)]
    pub client_authorities: Option<PathBuf>,
}

/// Whether callers show a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientCertificates {
    /// They are not asked.
    #[default]
    None,
    /// They may; one that is shown must be good.
    Optional,
    /// They must.
    Required,
}

impl ServerSettings {
    /// The same; relative paths stand in `folder`.
    pub fn beside(self, folder: &Path) -> Self {
        Self {
            certificate: folder.join(self.certificate),
            key: folder.join(self.key),
            client_authorities: self.client_authorities.map(|path| folder.join(path)),
            ..self
        }
    }
}

/// How we call somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClientSettings {
    /// The authorities to trust, as PEM; by default those of the system.
    pub authorities: Option<PathBuf>,
    /// Our certificate, as PEM, and those that lead to its authority, if the server asks for one.
    pub certificate: Option<PathBuf>,
    /// Its private key, as PEM.
    pub key: Option<PathBuf>,
    /// The name that the server's certificate must have, where it is not the one we call it by.
    pub server_name: Option<String>,
    /// The oldest version to speak: `"1.2"` (default) or `"1.3"`.
    pub min_version: MinVersion,
}

/// The oldest version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum MinVersion {
    /// TLS 1.2.
    #[default]
    #[serde(rename = "1.2")]
    Tls12,
    /// TLS 1.3.
    #[serde(rename = "1.3")]
    Tls13,
}

impl ClientSettings {
    /// The same; relative paths stand in `folder`.
    pub fn beside(self, folder: &Path) -> Self {
        let join = |path: Option<PathBuf>| path.map(|path| folder.join(path));
        Self { authorities: join(self.authorities), certificate: join(self.certificate), key: join(self.key), ..self }
    }
}

/// Certificates that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file that cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// A file that holds something else.
    #[error("{}: no {wanted} in PEM", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
    },
    /// A certificate and a key that do not fit each other, or that cannot be used.
    #[error("{}: {reason}", path.display())]
    Unusable {
        /// The file of the certificate.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Settings that do not go together.
    #[error("{key}: {allowed}")]
    Setting {
        /// The setting.
        key: &'static str,
        /// What is allowed.
        allowed: &'static str,
    },
    /// The authorities of the system cannot be had.
    #[error("the certificate authorities of the system cannot be used ({0}); name them in `authorities`")]
    System(String),
}

/// The server's side: what it shows and whom it trusts.
#[derive(Debug)]
pub struct Server {
    settings: ServerSettings,
    now: RwLock<Loaded>,
}

#[derive(Debug)]
struct Loaded {
    /// SHA-256 of the files.
    files: [u8; 32],
    config: Arc<ServerConfig>,
}

impl Server {
    /// Reads the files.
    ///
    /// # Errors
    /// Files that cannot be read or used; settings that do not go together.
    pub fn new(settings: ServerSettings) -> Result<Self, TlsError> {
        let loaded = Files::read(&settings)?.load(&settings)?;
        Ok(Self { settings, now: RwLock::new(loaded) })
    }

    /// How new connections are made. Ask anew for each.
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner).config)
    }

    /// Reads the files again; true if they have changed. New connections have what they say now, open ones go on. If
    /// anything is wrong nothing changes.
    ///
    /// # Errors
    /// As for [`Server::new`].
    pub fn reload(&self) -> Result<bool, TlsError> {
        let files = Files::read(&self.settings)?;
        if files.digest() == self.now.read().unwrap_or_else(PoisonError::into_inner).files {
            return Ok(false);
        }
        let loaded = files.load(&self.settings)?;
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        Ok(true)
    }
}

/// What the files of a server hold.
struct Files {
    certificate: Vec<u8>,
    key: SecretSlice<u8>,
    authorities: Option<Vec<u8>>,
}

impl Files {
    fn read(settings: &ServerSettings) -> Result<Self, TlsError> {
        if (settings.client_certificates == ClientCertificates::None) == settings.client_authorities.is_some() {
            return Err(TlsError::Setting {
                key: "client_authorities",
                allowed: "a file of authorities if client_certificates is \"optional\" or \"required\", and only then",
            });
        }
        warn_if_exposed(&settings.key);
        Ok(Self {
            certificate: read(&settings.certificate)?,
            key: read(&settings.key)?.into(),
            authorities: settings.client_authorities.as_deref().map(read).transpose()?,
        })
    }

    fn digest(&self) -> [u8; 32] {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in [&self.certificate, self.key.expose_secret(), self.authorities.as_deref().unwrap_or_default()] {
            context.update(&(part.len() as u64).to_le_bytes());
            context.update(part);
        }
        array(context.finish())
    }

    fn load(&self, settings: &ServerSettings) -> Result<Loaded, TlsError> {
        let unusable =
            |error: rustls::Error| TlsError::Unusable { path: settings.certificate.clone(), reason: error.to_string() };
        let builder = ServerConfig::builder_with_provider(provider()).with_protocol_versions(VERSIONS);
        let builder = builder.map_err(unusable)?;
        let builder = match (&self.authorities, &settings.client_authorities) {
            (Some(pem), Some(path)) => {
                let roots = Arc::new(roots(path, pem)?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider());
                let verifier = match settings.client_certificates {
                    ClientCertificates::Required => verifier,
                    _ => verifier.allow_unauthenticated(),
                };
                let verifier = verifier
                    .build()
                    .map_err(|error| TlsError::Unusable { path: path.clone(), reason: error.to_string() })?;
                builder.with_client_cert_verifier(verifier)
            }
            _ => builder.with_no_client_auth(),
        };
        let chain = certificates(&settings.certificate, &self.certificate)?;
        let key = private_key(&settings.key, self.key.expose_secret())?;
        let config = builder.with_single_cert(chain, key).map_err(unusable)?;
        Ok(Loaded { files: self.digest(), config: Arc::new(config) })
    }
}

/// How we call a partner, by its settings.
///
/// # Errors
/// Files that cannot be read or used; settings that do not go together; a system without authorities.
pub fn client(settings: &ClientSettings) -> Result<Arc<ClientConfig>, TlsError> {
    let versions: &[&SupportedProtocolVersion] = match settings.min_version {
        MinVersion::Tls12 => VERSIONS,
        MinVersion::Tls13 => &[&TLS13],
    };
    let system = |error: rustls::Error| TlsError::System(error.to_string());
    let builder = ClientConfig::builder_with_provider(provider()).with_protocol_versions(versions).map_err(system)?;
    let verifier: Arc<dyn ServerCertVerifier> = match &settings.authorities {
        None => Arc::new(rustls_platform_verifier::Verifier::new(provider()).map_err(system)?),
        Some(path) => {
            let roots = Arc::new(roots(path, &read(path)?)?);
            WebPkiServerVerifier::builder_with_provider(roots, provider())
                .build()
                .map_err(|error| TlsError::Unusable { path: path.clone(), reason: error.to_string() })?
        }
    };
    let verifier = match &settings.server_name {
        None => verifier,
        Some(name) => Arc::new(Named { name: server_name(name)?, verifier }),
    };
    // not dangerous: each verifier above is a whole one, against the name that is wanted
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    let config = match (&settings.certificate, &settings.key) {
        (Some(certificate), Some(key)) => {
            warn_if_exposed(key);
            let chain = certificates(certificate, &read(certificate)?)?;
            let secret = SecretSlice::from(read(key)?);
            let key = private_key(key, secret.expose_secret())?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| TlsError::Unusable { path: certificate.clone(), reason: error.to_string() })?
        }
        (None, None) => builder.with_no_client_auth(),
        _ => return Err(TlsError::Setting { key: "certificate", allowed: "a certificate and its key, or neither" }),
    };
    Ok(Arc::new(config))
}

/// A name or address of a server, as certificates have it.
///
/// # Errors
/// Something that is neither.
pub fn server_name(name: &str) -> Result<ServerName<'static>, TlsError> {
    let refused = TlsError::Setting { key: "server_name", allowed: "a DNS name or an IP address" };
    ServerName::try_from(name.to_owned()).map_err(|_| refused)
}

/// Verifies certificates against another name than the server is called by.
#[derive(Debug)]
struct Named {
    name: ServerName<'static>,
    verifier: Arc<dyn ServerCertVerifier>,
}

impl ServerCertVerifier for Named {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _called: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.verifier.verify_server_cert(end_entity, intermediates, &self.name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// What a listener bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Most connections at a time, those that are still shaking hands among them; more wait to be taken.
    pub connections: usize,
    /// Most of them from one address; others from there are closed at once. Of IPv6, from one network of 64 bits.
    pub per_address: usize,
    /// Longest that a handshake takes.
    pub handshake: Duration,
    /// Longest that connections go on after the listener is told to stop.
    pub drain: Duration,
}

impl Default for Bounds {
    /// 1024 connections, 256 from one address, ten seconds, 30 seconds.
    fn default() -> Self {
        Self { connections: 1024, per_address: 256, handshake: Duration::from_secs(10), drain: Duration::from_secs(30) }
    }
}

/// Listens for TLS connections.
#[derive(Debug)]
pub struct Acceptor {
    listener: TcpListener,
    server: Arc<Server>,
    bounds: Bounds,
    refused: Option<mpsc::Sender<Refused>>,
}

/// A caller whose certificate was not accepted, or that showed none where one is required.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Where it called from.
    pub address: SocketAddr,
    /// Why, in words.
    pub reason: String,
}

/// How many connections there are from where.
#[derive(Debug, Default)]
struct Callers(Mutex<HashMap<IpAddr, usize>>);

/// A connection, as long as it is there.
#[derive(Debug)]
struct Call {
    callers: Arc<Callers>,
    from: IpAddr,
}

impl Callers {
    /// Counts a connection; none if there are as many as there may be.
    fn call(self: &Arc<Self>, address: IpAddr, most: usize) -> Option<Call> {
        // One customer has a network of so many bits, and can call from any address in it.
        let from = match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
            address => address,
        };
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(from).or_default();
        if *count >= most {
            return None;
        }
        *count = count.saturating_add(1);
        Some(Call { callers: Arc::clone(self), from })
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut counts = self.callers.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.from) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.from);
            }
        }
    }
}

impl Acceptor {
    /// Begins to listen.
    ///
    /// # Errors
    /// An address that cannot be listened at.
    pub async fn bind(address: SocketAddr, server: Arc<Server>, bounds: Bounds) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(address).await?, server, bounds, refused: None })
    }

    /// Tells whoever receives of callers that were refused for their certificates. Those for whom there is no room are
    /// only logged.
    #[must_use]
    pub fn telling(self, refused: mpsc::Sender<Refused>) -> Self {
        Self { refused: Some(refused), ..self }
    }

    /// Where it listens.
    ///
    /// # Errors
    /// What the system says.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Takes connections until `stop`, and gives each to `handle` once its handshake is done. Ends when all of them
    /// have, or have had their time; those that then remain are cut.
    pub async fn serve<H, F>(self, stop: CancellationToken, handle: H)
    where
        H: Fn(TlsStream<TcpStream>, Peer) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let Self { listener, server, bounds, refused } = self;
        let places = Arc::new(Semaphore::new(bounds.connections));
        let callers = Arc::new(Callers::default());
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let next = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (listener.accept().await, place)
            };
            let (accepted, place) = tokio::select! {
                () = stop.cancelled() => break,
                next = next => next,
            };
            let (stream, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be taken");
                    sleep(BREATH).await;
                    continue;
                }
            };
            let Some(call) = callers.call(address.ip(), bounds.per_address) else {
                tracing::debug!(%address, "a caller has too many connections");
                continue;
            };
            let (server, handle, stop, refused) = (Arc::clone(&server), handle.clone(), stop.clone(), refused.clone());
            connections.spawn(async move {
                let (_place, _call) = (place, call);
                let shaken = tokio::select! {
                    () = stop.cancelled() => return,
                    shaken = shake(server.config(), stream, address, bounds.handshake) => shaken,
                };
                match shaken {
                    Ok((stream, peer)) => handle(stream, peer).await,
                    Err(Unshaken { reason, of_certificate }) => {
                        tracing::info!(%address, reason, "no TLS with a caller");
                        if let Some(refused) = refused.filter(|_| of_certificate) {
                            // Without room for it the log is all there is.
                            let _ = refused.try_send(Refused { address, reason });
                        }
                    }
                }
            });
        }
        drop(listener);
        let all = async { while connections.join_next().await.is_some() {} };
        if timeout(bounds.drain, all).await.is_err() {
            tracing::warn!(connections = connections.len(), "connections cut: their time to end was over");
        }
    }
}

/// Why there is no TLS with a caller.
#[derive(Debug)]
struct Unshaken {
    /// In words, for the log.
    reason: String,
    /// Whether it is for the certificate that the caller showed, or did not.
    of_certificate: bool,
}

/// Shakes hands with a caller.
async fn shake(
    config: Arc<ServerConfig>,
    stream: TcpStream,
    address: SocketAddr,
    longest: Duration,
) -> Result<(TlsStream<TcpStream>, Peer), Unshaken> {
    // answers are short and waited for
    let broken = |reason: String| Unshaken { reason, of_certificate: false };
    stream.set_nodelay(true).map_err(|error| broken(error.to_string()))?;
    let stream = match timeout(longest, TlsAcceptor::from(config).accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            return Err(Unshaken { reason: refusal(&error), of_certificate: is_of_certificate(&error) });
        }
        Err(_) => return Err(broken("the handshake took too long".to_owned())),
    };
    let (_, connection) = stream.get_ref();
    let certificate = connection.peer_certificates().and_then(<[_]>::first);
    let peer = Peer {
        address,
        certificate: certificate.map(|certificate| fingerprint(certificate)),
        tls: connection.protocol_version().zip(connection.negotiated_cipher_suite()).map(|(version, suite)| {
            let version = if version == ProtocolVersion::TLSv1_3 { "TLS 1.3" } else { "TLS 1.2" };
            format!("{version} {:?}", suite.suite())
        }),
    };
    Ok((stream, peer))
}

/// Why a handshake failed, with what to do where that is not plain.
fn refusal(error: &io::Error) -> String {
    let tls = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::NoCertificatesPresented) => "the caller shows no certificate".into(),
        Some(rustls::Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        )) => "the caller's certificate has expired".into(),
        Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
            "the caller's certificate is of another authority than those trusted".into()
        }
        Some(rustls::Error::PeerIncompatible(what)) => format!("nothing in common with the caller: {what:?}"),
        _ => error.to_string(),
    }
}

/// Whether a handshake failed for what the caller showed, or did not.
fn is_of_certificate(error: &io::Error) -> bool {
    let tls = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
    matches!(tls, Some(rustls::Error::NoCertificatesPresented | rustls::Error::InvalidCertificate(_)))
}

/// Whether a connection failed since the server did not take our certificate, or us, in the handshake. With TLS 1.3 that
/// comes to light only when something is read.
pub(crate) fn is_not_let_in(error: &io::Error) -> bool {
    use rustls::AlertDescription as Alert;
    let tls = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
    matches!(
        tls,
        Some(rustls::Error::AlertReceived(
            Alert::HandshakeFailure
                | Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::CertificateRequired
                | Alert::UnknownCA
                | Alert::AccessDenied
        ))
    )
}

/// SHA-256 of a certificate, as settings of partners have it.
pub fn fingerprint(certificate: &[u8]) -> [u8; 32] {
    array(digest::digest(&digest::SHA256, certificate))
}

fn array(digest: digest::Digest) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    bytes
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(default_provider())
}

fn read(path: impl AsRef<Path>) -> Result<Vec<u8>, TlsError> {
    let path = path.as_ref();
    let unreadable = |source| TlsError::Unreadable { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(LONGEST_FILE).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = || TlsError::Pem { path: path.to_owned(), wanted: "certificate" };
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| wrong())?;
    if certificates.is_empty() { Err(wrong()) } else { Ok(certificates) }
}

fn private_key(path: &Path, pem: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    let wanted = "private key (without a passphrase)";
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| TlsError::Pem { path: path.to_owned(), wanted })
}

fn roots(path: &Path, pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path, pem)? {
        let unusable = |error: rustls::Error| TlsError::Unusable { path: path.to_owned(), reason: error.to_string() };
        roots.add(certificate).map_err(unusable)?;
    }
    Ok(roots)
}

#[cfg(test)]
mod tests;
