//! `key`: keys of the API's callers.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use anyhow::{Context, bail};
use claimwire::{
    gateway::{
        Settings,
        api::{Roles, Scope},
        store::{self, Clock, Error, Store, api_keys, audit},
    },
    partner::Partners,
};
use clap::{Args, Subcommand};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{Outcome, client::Access, output::Destination, output::Output, shown::printable};

/// Keys of the gateway's API: make one, list them, revoke one
#[derive(Args, Debug)]
#[command(mut_arg("path", |path| path.global(true)), after_help = "\
Examples:
  claimwire key issue --config gateway.toml --name \"first\" --role admin -o admin.key      before the gateway runs
  claimwire key issue --name \"billing system\" --role submitter,reader --partner harbor    while it runs, as an admin
  claimwire key list
  claimwire key revoke 1f0c2a9b7d44

With --config the store is opened, which only one process at a time may do: while the gateway runs, ask it, with a key
of the role admin (--url, --key). A key is shown once, when it is made: only its digest is stored.

Roles: submitter hands in claims and sees its own; reader sees all of its partners; operator may also withdraw and send
again; admin also sees the audit log, makes keys and backups, and reloads partners.

Exit codes: 0 done; 1 there is no such key; 2 could not do the work.")]
pub struct Keys {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    destination: Destination,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a key, and print it
    Issue {
        /// Whose it is, in words
        #[arg(long, value_name = "NAME")]
        name: String,
        /// What it is for: submitter, reader, operator, admin; several apart by commas
        #[arg(long, value_name = "ROLES")]
        role: String,
        /// A partner that it is for; by default all. May be given several times
        #[arg(long = "partner", value_name = "NAME")]
        partners: Vec<String>,
        #[command(flatten)]
        at: At,
    },
    /// List the keys, without what is secret about them
    List {
        #[command(flatten)]
        at: At,
    },
    /// Revoke a key for good
    Revoke {
        /// The key's id: the part of it between `cw_` and the next `_`
        id: String,
        #[command(flatten)]
        at: At,
    },
}

/// Where the keys are: in a store that nobody has open, or at a running gateway.
#[derive(Args, Debug)]
struct At {
    /// The gateway's settings (TOML), to open its store
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    access: Access,
}

/// A key, as it is listed.
struct Listed {
    id: String,
    name: String,
    role: String,
    scope: String,
    state: &'static str,
}

impl Keys {
    /// Does what was asked.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        match &self.command {
            Command::Issue { name, role, partners, at } => {
                let roles: Roles = role.parse().map_err(|problem| anyhow::anyhow!("--role: {problem}"))?;
                if let Some(path) = self.destination.path().filter(|path| path.exists()) {
                    bail!("{}: exists already, and is not overwritten", path.display());
                }
                let key = at.issue(name, &roles, partners)?;
                self.hand_over(&key)
            }
            Command::List { at } => {
                let keys = at.list()?;
                self.destination.write(|output| write(&keys, output))
            }
            Command::Revoke { id, at } => {
                let found = at.revoke(id.strip_prefix("cw_").unwrap_or(id))?;
                if !found {
                    let _ = writeln!(io::stderr(), "claimwire: {}: there is no such key", printable(id));
                    return Ok(Outcome::Refused);
                }
                self.destination.write(|_| Ok(Outcome::Done))
            }
        }
    }

    /// Gives a new key away: on standard output, or in a new file that only its owner can read.
    fn hand_over(&self, key: &SecretString) -> anyhow::Result<Outcome> {
        let Some(path) = self.destination.path() else {
            return self.destination.write(|output| {
                writeln!(output, "{}", key.expose_secret())?;
                Ok(Outcome::Done)
            });
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(".".as_ref());
        // Temporary files are readable by their owner alone.
        let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
            writeln!(file, "{}", key.expose_secret())?;
            file.as_file().sync_all()?;
            file.persist_noclobber(path).map_err(|error| error.error)
        });
        written.with_context(|| format!("{}: the key was made, and is lost: revoke it", path.display()))?;
        Ok(Outcome::Done)
    }
}

impl At {
    fn issue(&self, name: &str, roles: &Roles, partners: &[String]) -> anyhow::Result<SecretString> {
        let Some(config) = &self.config else {
            let wanted = json!({ "name": name, "role": roles.to_string(), "partners": partners });
            let issued: Value = self.access.client()?.tell("/v1/keys", Some(&wanted))?;
            let key = issued["key"].as_str().context("the answer is not that of a gateway")?;
            return Ok(SecretString::from(key));
        };
        let settings = Settings::load(config)?;
        let known = Partners::load(&settings.partners)?;
        if let Some(partner) = partners.iter().find(|name| known.by_name(name).is_none()) {
            bail!("--partner {}: there is no such partner", printable(partner));
        }
        let scope = if partners.is_empty() { Scope::All } else { Scope::Only(partners.to_vec()) };
        let (name, role, scope) = (name.to_owned(), roles.to_string(), scope.to_json());
        let issued = open(&settings)?.write_blocking(move |tx| -> store::Result<_> {
            let (key, secret) = api_keys::issue(tx, &name, &role, &scope)?;
            let detail = json!({ "role": key.role, "scope": key.scope }).to_string();
            audit::append(tx, "operator", "key.issue", &key.id, &detail)?;
            Ok(secret)
        });
        Ok(issued?)
    }

    fn list(&self) -> anyhow::Result<Vec<Listed>> {
        let Some(config) = &self.config else {
            let keys: Value = self.access.client()?.ask("/v1/keys", &[])?;
            let text = |key: &Value, name: &str| key[name].as_str().unwrap_or_default().to_owned();
            let listed = keys["items"].as_array().into_iter().flatten().map(|key| Listed {
                id: text(key, "id"),
                name: text(key, "name"),
                role: text(key, "role"),
                scope: key["partners"].as_array().map_or_else(
                    || "all partners".to_owned(),
                    |names| names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
                ),
                state: state(key.get("revoked").is_some(), key.get("last_used").is_some()),
            });
            return Ok(listed.collect());
        };
        let keys = open(&Settings::load(config)?)?.read_blocking(api_keys::list)?;
        let listed = keys.into_iter().map(|key| Listed {
            state: state(key.revoked.is_some(), key.last_used.is_some()),
            scope: match Scope::of_json(&key.scope) {
                Scope::All => "all partners".to_owned(),
                Scope::Only(names) => names.join(","),
            },
            id: key.id,
            name: key.name,
            role: key.role,
        });
        Ok(listed.collect())
    }

    fn revoke(&self, id: &str) -> anyhow::Result<bool> {
        // An id has nothing that means something in a path.
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Ok(false);
        }
        let Some(config) = &self.config else {
            return match self.access.client()?.tell::<Value>(&format!("/v1/keys/{id}/revoke"), None) {
                Ok(_) => Ok(true),
                Err(error) if super::client::is_nothing(&error) => Ok(false),
                Err(error) => Err(error),
            };
        };
        let id = id.to_owned();
        let revoked = open(&Settings::load(config)?)?.write_blocking(move |tx| -> store::Result<_> {
            let revoked = api_keys::revoke(tx, &id)?;
            if revoked {
                audit::append(tx, "operator", "key.revoke", &id, "{}")?;
            }
            Ok(revoked || api_keys::list(tx)?.iter().any(|key| key.id == id))
        });
        Ok(revoked?)
    }
}

/// Opens the store of a gateway that does not run.
pub(super) fn open(settings: &Settings) -> anyhow::Result<Store> {
    match Store::open(&settings.folder, settings.keys()?, Clock::system()) {
        Err(error @ Error::InUse { .. }) => {
            let asked = "the gateway runs: ask it, with --url and --key of an admin instead of --config, or stop it";
            Err(anyhow::Error::new(error).context(asked))
        }
        opened => Ok(opened?),
    }
}

fn state(revoked: bool, used: bool) -> &'static str {
    match (revoked, used) {
        (true, _) => "revoked",
        (false, true) => "in use",
        (false, false) => "never used",
    }
}

fn write(keys: &[Listed], output: &mut Output) -> anyhow::Result<Outcome> {
    for Listed { id, name, role, scope, state } in keys {
        let (id, name, role, scope) = (printable(id), printable(name), printable(role), printable(scope));
        writeln!(output, "{id:<14} {state:<10} {role:<18} {scope:<20} {name}")?;
    }
    Ok(Outcome::Done)
}
