//! The settings of a gateway: one TOML file.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use jiff::SignedDuration;
use serde::Deserialize;

use super::{connect::core::settings as core, tls};
use crate::partner::Usage;

/// Longest file of settings, in bytes.
const LONGEST: u64 = 1 << 20;

/// The settings of a gateway. Paths are relative to the file they stand in.
///
/// ```toml
/// folder = "data"                    # the store
/// master_key = "file:master.key"     # or env:NAME: seals what is stored
/// partners = "partners"              # a folder of trading partners' settings
/// usage = "test"                     # or "production", for claims that name no partner
///
/// [api]
/// listen = "127.0.0.1:8080"
///
/// [core]
/// listen = "0.0.0.0:8443"
/// tls = { certificate = "gateway.pem", key = "gateway.key", client_certificates = "optional", client_authorities = "partners.pem" }
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the store is.
    pub folder: PathBuf,
    /// The master keys that seal payloads: `file:PATH` or `env:NAME`.
    pub master_key: String,
    /// The folder of trading partners.
    pub partners: PathBuf,
    /// Whether claims that name no partner are for test (default) or for production.
    #[serde(default)]
    pub usage: Usage,
    /// Where accepted claims are handed on to, as files of JSON; by default the API is asked for them.
    #[serde(default)]
    pub hand_on: Option<PathBuf>,
    /// A folder that claims are picked up from; refused ones come back with what was found.
    #[serde(default)]
    pub intake: Option<PathBuf>,
    /// How long a file waits for its second try, where it is not the usual 90 s; the waits double up to eight times that.
    #[serde(default)]
    pub resend_after: Option<SignedDuration>,
    /// A partner that confirms files, and has not confirmed one for so long after it fetched it, is offered it again;
    /// ten minutes by default.
    #[serde(default = "offer_again")]
    pub offer_again: SignedDuration,
    /// After how many days the bytes of files and claims are erased; never by default. What happened stays, and so
    /// do files that are still on their way.
    #[serde(default)]
    pub keep_days: Option<u32>,
    /// The folder that `POST /v1/backup` copies the running store into; by default it does not.
    #[serde(default)]
    pub backups: Option<PathBuf>,
    /// The HTTP API.
    #[serde(default)]
    pub api: Option<Api>,
    /// CAQH CORE connectivity, as a server.
    #[serde(default)]
    pub core: Option<Core>,
    /// Interchanges over mutual TLS, as a server.
    #[serde(default)]
    pub stream: Option<Stream>,
    /// Logs.
    #[serde(default)]
    pub logs: Logs,
}

fn offer_again() -> SignedDuration {
    SignedDuration::from_mins(10)
}

/// `[api]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Api {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Its certificate; without one it speaks plain HTTP, and listens on a loopback address only.
    #[serde(default)]
    pub tls: Option<tls::ServerSettings>,
}

/// `[core]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Core {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Its certificate, and whose callers' certificates are good.
    pub tls: tls::ServerSettings,
    /// `[core.server]`: what is said and taken.
    #[serde(default)]
    pub server: core::ServerSettings,
}

/// `[stream]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Its certificate, and whose callers' certificates are good: they are required.
    pub tls: tls::ServerSettings,
}

/// `[logs]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Logs {
    /// `"text"` (default) or `"json"`.
    pub format: LogFormat,
    /// `"error"`, `"warn"`, `"info"` (default) or `"debug"`.
    pub level: LogLevel,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One object a line.
    Json,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What a person must act on.
    Error,
    /// And what is odd.
    Warn,
    /// And what happens.
    #[default]
    Info,
    /// And how.
    Debug,
}

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A file that cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A text that says something else than settings.
    #[error("{}: {problem}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what is allowed.
        problem: String,
    },
}

impl Settings {
    /// Reads a file of settings.
    ///
    /// # Errors
    /// A file that cannot be read, or says something else.
    pub fn load(path: &Path) -> Result<Self, SettingsError> {
        let unreadable = |source| SettingsError::Unreadable { path: path.to_owned(), source };
        let refused = |problem: String| SettingsError::Refused { path: path.to_owned(), problem };
        if fs::metadata(path).map_err(unreadable)?.len() > LONGEST {
            return Err(refused(format!("longer than {LONGEST} bytes")));
        }
        let text = fs::read_to_string(path).map_err(unreadable)?;
        let settings = Self::parse(&text).map_err(refused)?;
        Ok(settings.beside(path.parent().unwrap_or(Path::new("."))))
    }

    /// The settings of a text, or what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let settings: Self = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        settings.check()?;
        Ok(settings)
    }

    /// What cannot be.
    fn check(&self) -> Result<(), String> {
        if let Some(api) = self.api.as_ref().filter(|api| api.tls.is_none() && !api.listen.ip().is_loopback()) {
            return Err(format!(
                "api.listen = \"{}\": without [api.tls] it listens on a loopback address only, such as 127.0.0.1:8080",
                api.listen
            ));
        }
        if self
            .stream
            .as_ref()
            .is_some_and(|stream| stream.tls.client_certificates != tls::ClientCertificates::Required)
        {
            return Err("stream.tls.client_certificates: \"required\", since certificates are all that callers prove themselves with".into());
        }
        if self.resend_after.is_some_and(|wait| !wait.is_positive()) {
            return Err("resend_after: longer than nothing, such as \"90s\"".into());
        }
        if !self.offer_again.is_positive() {
            return Err("offer_again: longer than nothing, such as \"10m\"".into());
        }
        if self.keep_days == Some(0) {
            return Err("keep_days: at least 1; leave it out to keep everything".into());
        }
        Ok(())
    }

    /// The same; relative paths stand in `folder`.
    fn beside(self, folder: &Path) -> Self {
        let api = self.api.map(|api| Api { tls: api.tls.map(|tls| tls.beside(folder)), ..api });
        let core = self.core.map(|core| Core { tls: core.tls.beside(folder), ..core });
        let stream = self.stream.map(|stream| Stream { tls: stream.tls.beside(folder), ..stream });
        let master_key = match self.master_key.strip_prefix("file:") {
            Some(path) => format!("file:{}", folder.join(path).display()),
            None => self.master_key,
        };
        Self {
            folder: folder.join(self.folder),
            partners: folder.join(self.partners),
            hand_on: self.hand_on.map(|path| folder.join(path)),
            intake: self.intake.map(|path| folder.join(path)),
            backups: self.backups.map(|path| folder.join(path)),
            master_key,
            api,
            core,
            stream,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "folder = \"data\"\nmaster_key = \"file:master.key\"\npartners = \"partners\"\n";

    fn load(more: &str) -> Result<Settings, SettingsError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gateway.toml");
        fs::write(&path, format!("{LEAST}{more}")).unwrap();
        Settings::load(&path)
    }

    #[test]
    fn paths_stand_beside_the_file() {
        let settings = load("").unwrap();
        assert!(settings.folder.ends_with("data") && settings.folder.is_absolute());
        assert!(settings.master_key.starts_with("file:/") && settings.master_key.ends_with("master.key"));
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_is_allowed() {
        for (more, told) in [
            ("foldr = \"x\"\n", "unknown field"),
            ("usage = \"live\"\n", "usage"),
            ("keep_days = 0\n", "at least 1"),
            ("resend_after = \"-5s\"\n", "90s"),
            ("[api]\nlisten = \"0.0.0.0:8080\"\n", "loopback"),
            ("[stream]\nlisten = \"0.0.0.0:9000\"\ntls = { certificate = \"c\", key = \"k\" }\n", "required"),
        ] {
            let error = load(more).unwrap_err().to_string();
            assert!(error.contains(told), "{more}: {error}");
        }
    }
}
