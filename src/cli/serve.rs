//! `serve`: the gateway, until it is told to stop.

use std::{io::Write, path::PathBuf, sync::Arc};

use anyhow::Context;
use claimwire::gateway::{Gateway, Served, Settings, observe};
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::Outcome;

/// Run the gateway: claims in, files exchanged with trading partners, answers matched
#[derive(Args, Debug)]
#[command(after_help = "\
It stops at SIGTERM or SIGINT: what has begun is brought to its end, and what waits is found again at the next
start. At SIGHUP it reads its partners again.

The settings, with everything else at its default:

  folder = \"data\"                    # the store
  master_key = \"file:master.key\"     # or env:NAME; `claimwire serve --new-key FILE` makes one
  partners = \"partners\"              # a folder of partners' settings, see samples/partners

  [api]
  listen = \"127.0.0.1:8080\"

Examples:
  claimwire serve --new-key master.key
  claimwire serve --config gateway.toml

Exit codes: 0 stopped; 2 could not start.")]
pub struct Serve {
    /// The settings (TOML); paths in it are relative to the file
    #[arg(long, value_name = "FILE", required_unless_present = "new_key")]
    config: Option<PathBuf>,
    /// Only make a master key, in a file that only you can read
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    new_key: Option<PathBuf>,
}

impl Serve {
    /// Does what was asked.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        if let Some(path) = &self.new_key {
            claimwire::gateway::store::Keyring::generate_file(path)?;
            return Ok(Outcome::Done);
        }
        let settings = Settings::load(self.config.as_deref().unwrap_or("gateway.toml".as_ref()))?;
        observe::log(&settings.logs)?;
        let gateway = Gateway::open(&settings)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(serve(gateway, &settings))?;
        Ok(Outcome::Done)
    }
}

async fn serve(gateway: Arc<Gateway>, settings: &Settings) -> anyhow::Result<()> {
    let served = Served::open(Arc::clone(&gateway), settings).await?;
    let addresses = served.addresses();
    let listed = [("api", addresses.api), ("core", addresses.core), ("stream", addresses.stream)];
    let mut output = std::io::stdout();
    for (name, address) in listed.into_iter().filter_map(|(name, address)| Some((name, address?))) {
        // Whoever started us may have closed it; that is no reason to stop.
        let _ = writeln!(output, "{name:<7} {address}");
    }
    let _ = output.flush();
    let stop = CancellationToken::new();
    signals(gateway, stop.clone())?;
    served.run(stop).await.context("the gateway stopped")
}

/// Stops at SIGINT and SIGTERM, reads partners again at SIGHUP.
fn signals(gateway: Arc<Gateway>, stop: CancellationToken) -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = hang_up.recv() => match gateway.reload("operator").await {
                    Ok(()) => tracing::info!("partners were read again"),
                    Err(error) => tracing::error!(%error, "partners stay as they were"),
                },
            }
        }
        stop.cancel();
    });
    Ok(())
}
