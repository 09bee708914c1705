//! `store`: the gateway's store: backups and the way back, the audit log, the master key.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use claimwire::gateway::{
    Settings,
    store::{
        self, Keyring, Tx,
        audit::{self, Head, Verdict},
        backup, numbers,
    },
};
use clap::{Args, Subcommand};
use serde_json::Value;

use super::{Outcome, client::Access, keys::open, output::Destination, output::Output, shown::printable};

/// The gateway's store: back it up, bring it back, check its audit log, change its master key
#[derive(Args, Debug)]
#[command(mut_arg("path", |path| path.global(true)), after_help = "\
Examples:
  claimwire store backup                                           of a running gateway, into its folder for backups
  claimwire store backup --config gateway.toml backup.db           of one that is stopped
  claimwire store restore backup.db --config gateway.toml          into a folder that has no store
  claimwire store verify --noted 1207:5d0f…                        whether the audit log is as it was written
  claimwire store rotate-key --config gateway.toml                 a new master key; the gateway must be stopped

Backups hold no master key: keep it elsewhere. Without it what is sealed in them cannot be opened.

Exit codes: 0 done; 1 something is damaged; 2 could not do the work.")]
pub struct StoreCommand {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    destination: Destination,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Copy the store: of a running gateway into the folder that its settings name, or with --config to a new file
    Backup {
        /// The new file, with --config
        #[arg(value_name = "FILE", requires = "config")]
        to: Option<PathBuf>,
        /// The settings of a gateway that does not run
        #[arg(long, value_name = "FILE", requires = "to")]
        config: Option<PathBuf>,
        #[command(flatten)]
        access: Access,
    },
    /// Bring a backup into a folder that has no store, once it is found whole and the master keys open it
    Restore {
        /// The backup
        #[arg(value_name = "FILE")]
        from: PathBuf,
        /// The settings of the gateway to be
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// How far control numbers move on, lest those that were given out since the backup are given out again
        #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(0..=100_000_000))]
        skip_numbers: u32,
    },
    /// Check that no entry of the audit log was altered, taken out or put in
    Verify {
        /// An entry that was noted elsewhere, NUMBER:HASH: that it is still there shows that nothing was cut off
        #[arg(long, value_name = "ENTRY")]
        noted: Option<String>,
        /// The settings of a gateway that does not run
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        #[command(flatten)]
        access: Access,
    },
    /// Put a new master key on top of the file of keys, and bring all that is sealed under it
    RotateKey {
        /// The settings of a gateway that does not run
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
}

impl StoreCommand {
    /// Does what was asked.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        self.destination.write(|output| match &self.command {
            Command::Backup { to: Some(to), config: Some(config), .. } => copy(config, to, output),
            Command::Backup { access, .. } => ask_for_copy(access, output),
            Command::Restore { from, config, skip_numbers } => restore(from, config, *skip_numbers, output),
            Command::Verify { noted, config, access } => {
                let noted = noted.as_deref().map(head).transpose()?;
                match config {
                    Some(config) => verify(config, noted, output),
                    None => ask_to_verify(access, noted, output),
                }
            }
            Command::RotateKey { config } => rotate(config, output),
        })
    }
}

fn copy(config: &Path, to: &Path, output: &mut Output) -> anyhow::Result<Outcome> {
    let copy = open(&Settings::load(config)?)?.backup(to)?;
    writeln!(output, "{}: {} bytes", to.display(), copy.length)?;
    Ok(Outcome::Done)
}

fn ask_for_copy(access: &Access, output: &mut Output) -> anyhow::Result<Outcome> {
    let copy: Value = access.client()?.tell("/v1/backup", None)?;
    let file = printable(copy["file"].as_str().unwrap_or_default()).into_owned();
    writeln!(output, "{file}: {} bytes", copy["length"])?;
    Ok(Outcome::Done)
}

fn restore(from: &Path, config: &Path, skip: u32, output: &mut Output) -> anyhow::Result<Outcome> {
    let settings = Settings::load(config)?;
    let restored = backup::restore(from, &settings.folder, settings.keys()?)?;
    let taken = jiff::Timestamp::from_millisecond(restored.taken).unwrap_or_default();
    let (moved, queued, due) = open(&settings)?.write_blocking(move |tx| -> store::Result<_> {
        let moved = numbers::skip(tx, skip)?;
        audit::append(tx, "operator", "store.restore", "store", &format!("{{\"skipped_numbers\":{skip}}}"))?;
        Ok((moved, count(tx, "SELECT count(*) AS n FROM claim WHERE state = 'queued'")?, count(tx, DUE)?))
    })?;
    writeln!(output, "the store of {} is back", taken.strftime("%Y-%m-%d %H:%M:%SZ"))?;
    writeln!(output, "control numbers of {moved} kinds moved on by {skip}")?;
    writeln!(output, "{queued} claims wait for a file, and {due} files wait to be sent")?;
    let _ = writeln!(
        io::stderr(),
        "claimwire: what happened after the backup is not in it. Claims that wait there may have been sent since: before \
         the gateway starts see the manual, \"the machine dies\" (claimwire::manual::walkthroughs)"
    );
    Ok(Outcome::Done)
}

const DUE: &str = "SELECT count(*) AS n FROM delivery WHERE state = 'due'";

fn count(tx: &mut dyn Tx, sql: &str) -> store::Result<u64> {
    tx.first(sql, &[])?.map_or(Ok(0), |row| row.count("n"))
}

fn verify(config: &Path, noted: Option<Head>, output: &mut Output) -> anyhow::Result<Outcome> {
    let store = open(&Settings::load(config)?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    match runtime.block_on(audit::verify(&store, noted))? {
        Verdict::Whole(Head { sequence, hash }) => whole(sequence, &hex::encode(hash), output),
        Verdict::Broken { sequence } => broken(sequence, output),
    }
}

fn ask_to_verify(access: &Access, noted: Option<Head>, output: &mut Output) -> anyhow::Result<Outcome> {
    let noted = noted.map(|noted| (noted.sequence.to_string(), hex::encode(noted.hash)));
    let query: Vec<(&str, &str)> = match &noted {
        Some((sequence, hash)) => vec![("sequence", sequence), ("hash", hash)],
        None => Vec::new(),
    };
    let verified: Value = access.client()?.ask("/v1/audit/verify", &query)?;
    match verified["broken_at"].as_u64() {
        Some(sequence) => broken(sequence, output),
        None => {
            let last = &verified["last"];
            let hash = last["hash"].as_str().context("the answer is not that of a gateway")?;
            whole(last["sequence"].as_u64().unwrap_or_default(), &printable(hash), output)
        }
    }
}

fn whole(sequence: u64, hash: &str, output: &mut Output) -> anyhow::Result<Outcome> {
    writeln!(output, "the audit log is as it was written; note its last entry elsewhere:")?;
    writeln!(output, "{sequence}:{hash}")?;
    Ok(Outcome::Done)
}

fn broken(sequence: u64, output: &mut Output) -> anyhow::Result<Outcome> {
    writeln!(output, "the audit log is not as it was written, from entry {sequence} on")?;
    Ok(Outcome::Refused)
}

/// `1207:5d0f…`
fn head(text: &str) -> anyhow::Result<Head> {
    let (sequence, hash) = text.split_once(':').context("--noted: NUMBER:HASH, as `store verify` prints it")?;
    let sequence = sequence.parse().context("--noted: it begins with the number of an entry")?;
    let mut bytes = [0; 32];
    hex::decode_to_slice(hash.trim(), &mut bytes).context("--noted: the hash has 64 hexadecimal digits")?;
    Ok(Head { sequence, hash: bytes })
}

fn rotate(config: &Path, output: &mut Output) -> anyhow::Result<Outcome> {
    let settings = Settings::load(config)?;
    // First as it is: nobody else may have it open, and its keys must fit.
    drop(open(&settings)?);
    match settings.master_key.strip_prefix("file:") {
        Some(path) => drop(Keyring::rotate_file(Path::new(path))?),
        None => {
            let _ = writeln!(
                io::stderr(),
                "claimwire: {}: the first key there is the new one; this brings all that is sealed under it",
                settings.master_key
            );
        }
    }
    let store = open(&settings)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let rewrapped = runtime.block_on(store.rewrap())?;
    let (keys, damaged) = (rewrapped.keys, rewrapped.damaged);
    let detail = serde_json::json!({ "payloads": keys, "damaged": damaged.len() }).to_string();
    store.write_blocking(move |tx| audit::append(tx, "operator", "store.rotate_key", "store", &detail).map(drop))?;
    writeln!(output, "{keys} payloads are sealed under the new master key")?;
    if damaged.is_empty() {
        writeln!(output, "the older keys are needed for older backups only; keep them with those")?;
        return Ok(Outcome::Done);
    }
    for payload in damaged {
        writeln!(output, "{payload}: damaged, and left as it was")?;
    }
    bail!("some payloads are damaged: restore them from a backup, and keep the older keys")
}
