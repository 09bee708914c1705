//! A certificate authority made on the spot: for trying the gateway out, and for tests. Nobody else trusts it.

use std::{
    fs, io,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use aws_lc_rs::digest;
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use secrecy::{ExposeSecret, SecretString};

/// Days that a certificate of the authority is valid.
const VALID_DAYS: i32 = 397;
/// Years that the authority is valid.
const AUTHORITY_YEARS: i32 = 10;

/// An authority, with its key.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate of an authority, with its key.
pub struct Issued {
    /// The certificate, as PEM.
    pub certificate: String,
    /// Its private key, as PEM.
    pub key: SecretString,
    /// SHA-256 of the certificate (DER), as settings of partners have it.
    pub sha256: [u8; 32],
}

/// A certificate that cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the certificate cannot be made: {0}")]
pub struct AuthorityError(#[from] rcgen::Error);

impl Authority {
    /// A new one of this name.
    ///
    /// # Errors
    /// No randomness.
    pub fn new(name: &str) -> Result<Self, AuthorityError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let today = today();
        valid(&mut params, yesterday(today), today.checked_add(AUTHORITY_YEARS.years()).unwrap_or(today));
        let key = KeyPair::generate()?;
        let pem = params.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), pem })
    }

    /// Its certificate, as PEM: what the other side is told to trust.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate for a server of these names or addresses.
    ///
    /// # Errors
    /// A name that cannot stand in a certificate.
    pub fn issue_server(&self, names: &[&str]) -> Result<Issued, AuthorityError> {
        let name = names.first().copied().unwrap_or("server");
        self.issue(name, names, ExtendedKeyUsagePurpose::ServerAuth, fresh())
    }

    /// A certificate for a client.
    ///
    /// # Errors
    /// A name that cannot stand in a certificate.
    pub fn issue_client(&self, name: &str) -> Result<Issued, AuthorityError> {
        self.issue(name, &[], ExtendedKeyUsagePurpose::ClientAuth, fresh())
    }

    /// A client's certificate whose days are over, to see it refused.
    ///
    /// # Errors
    /// A name that cannot stand in a certificate.
    pub fn issue_expired_client(&self, name: &str) -> Result<Issued, AuthorityError> {
        self.issue(name, &[], ExtendedKeyUsagePurpose::ClientAuth, over())
    }

    /// A server's certificate whose days are over.
    ///
    /// # Errors
    /// A name that cannot stand in a certificate.
    pub fn issue_expired_server(&self, names: &[&str]) -> Result<Issued, AuthorityError> {
        let name = names.first().copied().unwrap_or("server");
        self.issue(name, names, ExtendedKeyUsagePurpose::ServerAuth, over())
    }

    fn issue(
        &self,
        name: &str,
        names: &[&str],
        purpose: ExtendedKeyUsagePurpose,
        (from, to): (Date, Date),
    ) -> Result<Issued, AuthorityError> {
        let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())?;
        params.distinguished_name = named(name);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![purpose];
        params.use_authority_key_identifier_extension = true;
        valid(&mut params, from, to);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let mut sha256 = [0; 32];
        let digest = digest::digest(&digest::SHA256, certificate.der());
        sha256.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
        Ok(Issued { certificate: certificate.pem(), key: key.serialize_pem().into(), sha256 })
    }

    /// Writes its certificate, not its key.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        write_private(path, &self.pem)
    }
}

impl Issued {
    /// Writes `NAME.pem` and `NAME.key` into a folder, in place of what was there, for their owner alone; gives their
    /// paths.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&self, folder: &Path, name: &str) -> io::Result<(PathBuf, PathBuf)> {
        let (certificate, key) = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
        write_private(&certificate, &self.certificate)?;
        write_private(&key, self.key.expose_secret())?;
        Ok((certificate, key))
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    // a file that is there keeps its mode, so it goes first
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

fn yesterday(today: Date) -> Date {
    today.yesterday().unwrap_or(today)
}

/// From yesterday on: clocks differ.
fn fresh() -> (Date, Date) {
    let today = today();
    (yesterday(today), today.checked_add(VALID_DAYS.days()).unwrap_or(today))
}

fn over() -> (Date, Date) {
    let today = today();
    (today.checked_sub(30.days()).unwrap_or(today), yesterday(today))
}

fn valid(params: &mut CertificateParams, from: Date, to: Date) {
    let time = |date: Date| date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs());
    (params.not_before, params.not_after) = (time(from), time(to));
}
