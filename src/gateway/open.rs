//! A gateway, made of its settings.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, RwLock},
};

use aws_lc_rs::{hmac, rand};

use super::{
    Gateway, Id, Settings, check_channels,
    refusals::Refusals,
    secret::warn_if_exposed,
    settings::SettingsError,
    store::{self, Clock, Keyring, Store, Tx, payload, values},
};
use crate::partner::{self, Partners};

/// The name under which the store knows the payload that holds the key of fingerprints.
const FINGERPRINTS: &str = "fingerprints";
/// In milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// Why a gateway cannot begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Its settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Its partners.
    #[error(transparent)]
    Partners(#[from] partner::Error),
    /// Its store.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A folder of it.
    #[error("{}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// What seals its payloads is not to be found.
    #[error("master_key = \"{0}\": allowed are file:PATH and env:NAME")]
    MasterKey(String),
    /// A listener of it.
    #[error("{what}: {problem}")]
    Listener {
        /// Which one.
        what: &'static str,
        /// What went wrong.
        problem: String,
    },
}

impl Gateway {
    /// Opens the store and reads the partners. Nothing listens and no job is done yet. It blocks.
    ///
    /// # Errors
    /// Settings, partners, keys and folders that cannot be used.
    pub fn open(settings: &Settings) -> Result<Arc<Self>, OpenError> {
        Self::open_at(settings, Clock::system())
    }

    /// The same by another clock, for tests.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_at(settings: &Settings, clock: Clock) -> Result<Arc<Self>, OpenError> {
        let keys = settings.keys()?;
        let partners = Partners::load(&settings.partners)?;
        partners.iter().try_for_each(|partner| check_channels(partner))?;
        let store = Store::open(&settings.folder, keys, clock)?;
        let spool = settings.folder.join("spool");
        for folder in std::iter::once(&spool).chain(&settings.hand_on).chain(&settings.intake).chain(&settings.backups)
        {
            let failed = |source| OpenError::Folder { path: folder.clone(), source };
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let fingerprints = store.write_blocking(fingerprints)?;
        Id::after(store.read_blocking(last_id)?);
        Ok(Arc::new(Self {
            store,
            looked: Mutex::new(partners.look()),
            reloaded: tokio::sync::watch::Sender::new(0),
            partners: RwLock::new(Arc::new(partners)),
            fingerprints,
            usage: settings.usage,
            spool,
            hand_on: settings.hand_on.clone(),
            resend: settings.resend_after.and_then(|wait| i64::try_from(wait.as_millis()).ok()),
            offer_again: i64::try_from(settings.offer_again.as_millis()).unwrap_or(i64::MAX),
            keep: settings.keep_days.map(|days| i64::from(days).saturating_mul(DAY)),
            backups: settings.backups.clone(),
            connectors: Mutex::new(HashMap::new()),
            refusals: Refusals::default(),
        }))
    }
}

impl Settings {
    /// The master keys, read from where they are.
    ///
    /// # Errors
    /// A place that is none, or where there are no keys.
    pub fn keys(&self) -> Result<Keyring, OpenError> {
        match self.master_key.split_once(':') {
            Some(("file", path)) => {
                let path = Path::new(path);
                warn_if_exposed(path);
                Ok(Keyring::from_file(path)?)
            }
            Some(("env", name)) => Ok(Keyring::from_env(name)?),
            _ => Err(OpenError::MasterKey(self.master_key.clone())),
        }
    }
}

/// The greatest id in the store.
fn last_id(tx: &mut dyn Tx) -> store::Result<i64> {
    let tables = ["file", "interchange", "functional_group", "transaction_set", "claim", "acknowledgment"];
    let more = ["remittance", "payment", "provider_adjustment", "delivery"];
    let greatest = |table: &&str| format!("SELECT max(id) AS id FROM {table}");
    let each: Vec<String> = tables.iter().chain(&more).map(greatest).collect();
    let row = tx.first(&format!("SELECT max(id) AS id FROM ({})", each.join(" UNION ALL ")), values![])?;
    Ok(row.map(|row| row.maybe_int("id")).transpose()?.flatten().unwrap_or(0))
}

/// The key that claims are known again by: made once, and sealed like a payload.
fn fingerprints(tx: &mut dyn Tx) -> store::Result<hmac::Key> {
    let row = tx.first("SELECT value FROM meta WHERE name = ?1", values![FINGERPRINTS])?;
    let bytes = match row {
        Some(row) => {
            let id = row.text("value")?.parse().map_err(|_| store::Error::Damaged("meta".into()))?;
            payload::bytes(tx, id, 64)?
        }
        None => {
            let mut bytes = vec![0; 32];
            rand::fill(&mut bytes).map_err(|_| store::Error::Crypto)?;
            let sealed = payload::put(tx, "key", &bytes)?;
            tx.run("INSERT INTO meta (name, value) VALUES (?1, ?2)", values![FINGERPRINTS, sealed.id.to_string()])?;
            bytes
        }
    };
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

#[cfg(test)]
mod tests {
    use std::{
        fs, io,
        os::unix::fs::PermissionsExt,
        sync::{Arc, Mutex},
    };

    use super::*;
    use crate::gateway::{observe, settings::Logs};

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_master_key_that_others_can_read_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("master.key");
        Keyring::generate_file(&key).unwrap();
        let file = folder.path().join("gateway.toml");
        fs::write(&file, "folder = \"data\"\nmaster_key = \"file:master.key\"\npartners = \"partners\"\n").unwrap();
        let settings = Settings::load(&file).unwrap();
        let told = |mode| {
            fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
            let log = Log::default();
            let lines = observe::lines(&Logs::default(), {
                let log = log.clone();
                move || log.clone()
            });
            tracing::subscriber::with_default(lines, || settings.keys().unwrap());
            let bytes = log.0.lock().unwrap().clone();
            String::from_utf8(bytes).unwrap()
        };
        assert_eq!(told(0o600), "");
        assert!(told(0o644).contains("others can read this secret"));
    }
}
