//! Transport security: the one place that configures it.
//!
//! TLS 1.2 and 1.3 with the suites that rustls has by default; older versions, CBC and RSA key exchange are not
//! there to be turned on. Partners whose servers cannot do better need a proxy of their own in front.
//!
//! A [`Server`] has a certificate, and may ask callers for one of pinned authorities; its files can be changed while it
//! runs ([`Server::reload`]). An [`Acceptor`] listens with it. [`client`] is for the other direction.

mod acceptor;

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use aws_lc_rs::digest;
use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme, SupportedProtocolVersion,
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

pub use self::acceptor::{Acceptor, Bounds, Refused};
use super::secret::warn_if_exposed;

/// Both versions that are spoken.
static VERSIONS: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];
/// Most bytes of a file with certificates or a key.
const LONGEST_FILE: u64 = 1 << 20;

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
