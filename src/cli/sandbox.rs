//! `sandbox`: a test payer that listens.

use std::{
    fmt::Write as _,
    io::{IsTerminal, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use claimwire::gateway::{
    authority::Authority,
    sandbox::{Account, Listeners, Options, Sandbox as Payer, outcomes},
    secret::Secret,
    tls::{self, Acceptor, Bounds, ClientCertificates, Server, ServerSettings},
};
use clap::Args;
use jiff::SignedDuration;
use rustls::pki_types::{CertificateDer, pem::PemObject};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::Outcome;

/// Be a payer to test against: it takes claims by CORE and TLS stream, and each member id chooses an outcome
#[derive(Args, Debug)]
#[command(after_help = after_help())]
pub struct Sandbox {
    /// Where to listen for CORE (https://ADDRESS/core); `off` for nowhere
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
    core: Listen,
    /// Where to listen for interchanges on a TLS stream; `off` for nowhere. Callers need a certificate
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8444")]
    stream: Listen,
    /// Make the certificates of both sides, for the names localhost and 127.0.0.1, in this folder, unless they are
    /// there: authority.pem, payer.pem, payer.key, and billing.pem and billing.key for the caller
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["certificate", "key", "authority"], required_unless_present = "certificate")]
    self_signed: Option<PathBuf>,
    /// The payer's certificate, as PEM
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// Its private key, as PEM
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// The authority of callers' certificates, as PEM: whoever has one of it may call
    #[arg(long, value_name = "FILE")]
    authority: Option<PathBuf>,
    /// A user that may call by CORE with a password
    #[arg(long, value_name = "NAME", requires = "password")]
    user: Option<String>,
    /// Where the user's password is: env:NAME or file:PATH
    #[arg(long, value_name = "PLACE", requires = "user", value_parser = Secret::parse)]
    password: Option<Secret>,
    /// Append each message and claim received to this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// How late what comes late is: 5s, 2m
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = delay)]
    delay: Duration,
    /// How long after it was fetched a file that was not confirmed is offered again
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = delay)]
    offer_again: Duration,
}

/// An address, or none.
#[derive(Clone, Copy, Debug)]
struct Listen(Option<SocketAddr>);

impl std::str::FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self(None));
        }
        text.parse().map(|address| Self(Some(address))).map_err(|_| "neither ADDRESS:PORT nor off".to_owned())
    }
}

fn delay(text: &str) -> Result<Duration, String> {
    let span: SignedDuration = text.parse().map_err(|_| "no length of time, such as 5s or 2m".to_owned())?;
    Duration::try_from(span).map_err(|_| "less than nothing".to_owned())
}

/// The certificates in use.
struct Certificates {
    certificate: PathBuf,
    key: PathBuf,
    authority: Option<PathBuf>,
    /// SHA-256 of the caller's, if we made it.
    caller: Option<[u8; 32]>,
}

impl Sandbox {
    /// Does what was asked.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        tracing_subscriber::fmt()
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            .with_max_level(tracing::Level::INFO)
            .init();
        let certificates = self.certificates()?;
        let payer = Payer::new(self.options(&certificates)?).context("the sandbox cannot be started")?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(self.serve(payer, certificates))?;
        Ok(Outcome::Done)
    }

    async fn serve(&self, payer: Arc<Payer>, certificates: Certificates) -> anyhow::Result<()> {
        let asked = if self.user.is_some() { ClientCertificates::Optional } else { ClientCertificates::Required };
        let core = listen(self.core, &certificates, asked).await?;
        let stream = listen(self.stream, &certificates, ClientCertificates::Required).await?;
        let mut said = String::new();
        if let Some(core) = &core {
            writeln!(said, "CORE    https://{}/core", core.address()?)?;
        }
        if let Some(stream) = &stream {
            writeln!(said, "stream  {}", stream.address()?)?;
        }
        anyhow::ensure!(!said.is_empty(), "there is nowhere to listen: both --core and --stream are off");
        // Whoever started us may have closed it; that is no reason to stop.
        let _ = std::io::stdout().write_all(said.as_bytes());
        let stop = CancellationToken::new();
        tokio::spawn(stopped(stop.clone()));
        let spool = tempfile::Builder::new().prefix("claimwire-sandbox-").tempdir()?;
        payer.serve(Listeners { core, stream }, spool.path(), stop).await;
        Ok(())
    }

    fn options(&self, certificates: &Certificates) -> anyhow::Result<Options> {
        let password = match (&self.user, &self.password) {
            (Some(user), Some(place)) => Some((user.clone(), place.read()?)),
            _ => None,
        };
        let account = Account {
            partner: self.user.clone().unwrap_or_else(|| "billing".to_owned()),
            password,
            certificates: certificates.caller.into_iter().collect(),
            ..Account::default()
        };
        Ok(Options {
            accounts: vec![account],
            any_certificate: self.authority.is_some(),
            delay: self.delay,
            offer_again: Some(self.offer_again),
            log: self.log.clone(),
            ..Options::default()
        })
    }

    fn certificates(&self) -> anyhow::Result<Certificates> {
        if let Some(folder) = &self.self_signed {
            return self_signed(folder).with_context(|| format!("no certificates in {}", folder.display()));
        }
        let (Some(certificate), Some(key)) = (&self.certificate, &self.key) else {
            anyhow::bail!("state --certificate and --key, or --self-signed");
        };
        let (certificate, key, authority) = (certificate.clone(), key.clone(), self.authority.clone());
        Ok(Certificates { certificate, key, authority, caller: None })
    }
}

/// The certificates of a folder, made now if they are not there.
fn self_signed(folder: &Path) -> anyhow::Result<Certificates> {
    std::fs::create_dir_all(folder)?;
    let file = |name: &str| folder.join(name);
    let names = ["authority.pem", "payer.pem", "payer.key", "billing.pem", "billing.key"];
    let there = names.iter().filter(|name| file(name).exists()).count();
    anyhow::ensure!(there == 0 || there == names.len(), "some of {} are there and some are not", names.join(", "));
    if there == 0 {
        let authority = Authority::new("claimwire sandbox")?;
        authority.issue_server(&["localhost", "127.0.0.1"])?.write(folder, "payer")?;
        authority.issue_client("billing")?.write(folder, "billing")?;
        authority.write(&file("authority.pem"))?;
    }
    let caller = tls::fingerprint(&CertificateDer::from_pem_file(file("billing.pem"))?);
    Ok(Certificates {
        certificate: file("payer.pem"),
        key: file("payer.key"),
        authority: Some(file("authority.pem")),
        caller: Some(caller),
    })
}

async fn listen(
    at: Listen,
    certificates: &Certificates,
    asked: ClientCertificates,
) -> anyhow::Result<Option<Acceptor>> {
    let Some(address) = at.0 else { return Ok(None) };
    let Certificates { certificate, key, authority, .. } = certificates;
    let client_certificates = match authority {
        Some(_) => asked,
        None if matches!(asked, ClientCertificates::Optional) => ClientCertificates::None,
        None => anyhow::bail!("callers at {address} need certificates: state their --authority, or turn it off"),
    };
    let server = Server::new(ServerSettings {
        certificate: certificate.clone(),
        key: key.clone(),
        client_certificates,
        client_authorities: authority.clone(),
    })?;
    let acceptor = Acceptor::bind(address, Arc::new(server), Bounds::default()).await;
    Ok(Some(acceptor.with_context(|| format!("cannot listen at {address}"))?))
}

/// Stops at SIGINT and SIGTERM.
async fn stopped(stop: CancellationToken) {
    if let Ok(mut terminated) = signal(SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        }
    } else if tokio::signal::ctrl_c().await.is_err() {
        return;
    }
    stop.cancel();
}

fn after_help() -> String {
    let mut help = String::from(
        "How the member id begins (the subscriber's, or else the patient's) chooses what becomes of a claim:\n\n",
    );
    for row in outcomes() {
        // Writing to a string does not fail.
        let _ = writeln!(help, "  {:<9}{}", row.prefix, row.answers);
    }
    help.push_str(
        "\n\
         A claim that breaks a rule is refused for that. TA1, 999, 277CA and 835 wait until they are picked up by \
         CORE; on the stream the TA1 comes back at once. Nothing is kept when the sandbox ends.\n\n\
         Examples:\n  \
         claimwire sandbox --self-signed certificates --log received.ndjson\n  \
         claimwire sandbox --self-signed certificates --user billco --password env:PASSWORD",
    );
    help
}
