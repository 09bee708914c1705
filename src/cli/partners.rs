//! `partner`: trading partners' settings, and those that a running gateway has.

use std::{
    io::{self, IsTerminal, Read, Write},
    path::PathBuf,
};

use anyhow::{Context, bail};
use claimwire::{
    gateway::{check_channels, secret::Passwords},
    partner::{self, Channel, Partner, Partners as Folder},
};
use clap::{Args, Subcommand};
use secrecy::SecretString;
use serde_json::Value;

use super::{Outcome, client::Access, output::Destination, output::Output, shown::printable, submit::Format};

/// Longest password that is read, in bytes.
const LONGEST: u64 = 4096;

/// Trading partners: check their settings, hash a password, see and reload those of a running gateway
#[derive(Args, Debug)]
#[command(mut_arg("path", |path| path.global(true)), after_help = "\
Examples:
  claimwire partner check partners/harbor.toml     whether a file of settings can be used
  claimwire partner check partners                 whether a folder of them can be used together
  claimwire partner list                           those that a running gateway has
  claimwire partner reload                         have it read them again (or send it SIGHUP)
  claimwire partner password < password.txt        the hash of a password, for [credentials]

What can be set is in `cargo doc` (claimwire::partner::Partner), with samples in samples/partners.

Exit codes: 0 done; 1 settings that cannot be used; 2 could not do the work.")]
pub struct Partners {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    destination: Destination,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The partners that a running gateway has, as far as your key may know of them
    List {
        /// How to write them
        #[arg(long, default_value = "text")]
        format: Format,
        #[command(flatten)]
        access: Access,
    },
    /// One of them, with what is on its way and what is overdue
    Show {
        /// Its name
        name: String,
        /// How to write it
        #[arg(long, default_value = "text")]
        format: Format,
        #[command(flatten)]
        access: Access,
    },
    /// Whether files of settings, or a folder of them, can be used
    Check {
        /// Files, or folders whose files are checked together
        #[arg(value_name = "FILE", required = true)]
        paths: Vec<PathBuf>,
    },
    /// Hash a password, read from standard input, for `password_hash` of [credentials]
    Password,
    /// Have a running gateway read its partners again; if anything is wrong with them they stay as they are
    Reload {
        #[command(flatten)]
        access: Access,
    },
}

impl Partners {
    /// Does what was asked.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        self.destination.write(|output| match &self.command {
            Command::List { format, access } => list(access, *format, output),
            Command::Show { name, format, access } => show(access, name, *format, output),
            Command::Check { paths } => check(paths, output),
            Command::Password => password(output),
            Command::Reload { access } => reload(access, output),
        })
    }
}

fn list(access: &Access, format: Format, output: &mut Output) -> anyhow::Result<Outcome> {
    let client = access.client()?;
    let all: Value = client.ask("/v1/partners", &[])?;
    match format {
        Format::Json => writeln!(output, "{all}")?,
        Format::Text => {
            for one in all["items"].as_array().into_iter().flatten() {
                writeln!(
                    output,
                    "{:<24} {:<10} {:<8} {}",
                    word(one, "name"),
                    word(one, "usage"),
                    way(one),
                    word(one, "title")
                )?;
            }
        }
    }
    Ok(Outcome::Done)
}

fn show(access: &Access, name: &str, format: Format, output: &mut Output) -> anyhow::Result<Outcome> {
    let client = access.client()?;
    let all: Value = client.ask("/v1/partners", &[])?;
    let one = all["items"].as_array().and_then(|items| items.iter().find(|one| one["name"] == name));
    let Some(one) = one else {
        let _ = writeln!(io::stderr(), "claimwire: {}: there is no such partner", printable(name));
        return Ok(Outcome::Refused);
    };
    let summary: Value = client.ask("/v1/summary", &[])?;
    let of = |what: &str| -> Vec<Value> {
        summary[what].as_array().into_iter().flatten().filter(|count| count["partner"] == name).cloned().collect()
    };
    if format == Format::Json {
        let counts =
            serde_json::json!({ "claims": of("claims"), "deliveries": of("deliveries"), "overdue": of("overdue") });
        writeln!(output, "{}", serde_json::json!({ "partner": one, "counts": counts }))?;
        return Ok(Outcome::Done);
    }
    writeln!(output, "{}  {}", word(one, "name"), word(one, "title"))?;
    let list = |name: &str| {
        let items = one[name].as_array().into_iter().flatten().filter_map(Value::as_str).map(printable);
        items.collect::<Vec<_>>().join(", ")
    };
    for (label, value) in [
        ("usage", word(one, "usage")),
        ("channels", list("channels")),
        ("files leave by", way(one)),
        ("payers", list("payers")),
    ] {
        writeln!(output, "  {label:<16} {value}")?;
    }
    for (label, what) in [("claims", "claims"), ("files of ours", "deliveries"), ("overdue", "overdue")] {
        let counts = of(what)
            .into_iter()
            .map(|count| format!("{} {}", count["count"], word(&count, "state")).trim_end().to_owned());
        let counts = counts.collect::<Vec<_>>().join(", ");
        writeln!(output, "  {label:<16} {}", if counts.is_empty() { "none" } else { &counts })?;
    }
    Ok(Outcome::Done)
}

/// How files leave to a partner.
fn way(one: &Value) -> String {
    let way = word(one, "sends_by");
    if way.is_empty() { "pick-up".to_owned() } else { way }
}

fn check(paths: &[PathBuf], output: &mut Output) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::Done;
    for path in paths {
        let checked = match path.is_dir() {
            true => Folder::load(path).and_then(|folder| folder.iter().map(|partner| said(partner)).collect()),
            false => Partner::load(path).and_then(|partner| Ok(vec![said(&partner)?])),
        };
        match checked {
            Ok(lines) if lines.is_empty() => writeln!(output, "{}: there is no partner in it", path.display())?,
            Ok(lines) => lines.iter().try_for_each(|line| writeln!(output, "{line}"))?,
            Err(error) => {
                let _ = writeln!(io::stderr(), "claimwire: {error}");
                outcome = Outcome::Refused;
            }
        }
    }
    Ok(outcome)
}

/// `harbor: test, by core`
fn said(partner: &Partner) -> Result<String, partner::Error> {
    check_channels(partner)?;
    let by = partner.sends_by().map_or("it fetches its files", Channel::name);
    Ok(format!("{}: {}, files leave by: {by}", partner.name(), partner.usage()))
}

fn password(output: &mut Output) -> anyhow::Result<Outcome> {
    if io::stdin().is_terminal() {
        bail!("a password typed here would be seen; give a file, as in `claimwire partner password < FILE`");
    }
    let mut text = String::with_capacity(LONGEST as usize);
    io::stdin().lock().take(LONGEST).read_to_string(&mut text).context("standard input")?;
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    let hash = Passwords::hash(&SecretString::from(text))?;
    writeln!(output, "{hash}")?;
    Ok(Outcome::Done)
}

fn reload(access: &Access, output: &mut Output) -> anyhow::Result<Outcome> {
    let answer: Value = access.client()?.tell("/v1/partners/reload", None)?;
    writeln!(output, "{} partners", answer["partners"])?;
    Ok(Outcome::Done)
}

fn word(of: &Value, name: &str) -> String {
    of.get(name).and_then(Value::as_str).map_or_else(String::new, |text| printable(text).into_owned())
}
