//! Trading partners: what is agreed with each, as a file of settings (TOML).
//!
//! A file says who the two sides are, how X12 for the partner is written, how strictly the partner's files are
//! checked, which acknowledgments are owed and expected, what the partner proves itself with, and by which
//! channels files travel. All settings have defaults; an unknown one is refused. Each field of [`Partner`] and
//! of its parts is a setting of the same name, so these pages are the reference of the file; the shortest one
//! that can send is
//!
//! ```
//! # use claimwire::partner::Partner;
//! let partner = Partner::parse(r#"
//!     sender_id = "CLINIC01"      # us: ISA06
//!     receiver_id = "HARBOR"      # the partner: ISA08
//!     usage = "production"
//! "#)?;
//! assert_eq!(partner.usage().isa15(), 'P');
//! # Ok::<(), claimwire::partner::Error>(())
//! ```
//!
//! `samples/partners` has two with nearly everything. The parts that channels read (`[core]`, `[stream]`,
//! `[folder]`) are kept as they stand, for the connectors to read by [`Partner::channel`]: this module knows
//! no network.
//!
//! [`Partners`] is a folder of such files: who a file is from, by its envelope, by its payer or by what its
//! sender has proven.

mod acknowledgments;
mod checking;
mod credentials;
mod error;
mod file_name;
mod limits;
mod look;
mod partners;
#[cfg(test)]
mod tests;
mod validate;
mod writing;

use std::{
    collections::{BTreeMap, HashMap},
    fmt, fs,
    io::Read,
    path::{Path, PathBuf},
};

use jiff::SignedDuration;
use serde::{Deserialize, de::DeserializeOwned};

pub use self::{
    acknowledgments::{Acknowledgments, Expected, Owed, Role, Ta1},
    credentials::{Credentials, Fingerprint, InterchangeId, PasswordHash},
    error::{Error, Mismatch, Refused},
    file_name::{FileName, Named},
    limits::{
        CharacterSet, Characters, Checking, ControlNumbers, Duplicates, Limits, OnDuplicate, Over, Range, Suspend,
        Window,
    },
    look::Look,
    partners::Partners,
};
use crate::check::Override;

/// Most bytes of a file of settings.
const LONGEST_FILE: u64 = 1 << 20;
/// How often what waits at a partner is fetched, where its settings do not say.
const COLLECT_EVERY: SignedDuration = SignedDuration::from_mins(5);
/// Most characters of a name, and of a user.
const LONGEST_NAME: usize = 64;

/// The settings of a trading partner. `sender` is our side and `receiver` the partner's, as in a file that we
/// send; a file that we receive has them the other way round.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Partner {
    /// What the partner is called in commands, logs and paths: lower-case letters, digits and dashes. By default
    /// the name of the file without `.toml`.
    pub name: Option<String>,
    /// What people call the partner.
    pub title: Option<String>,

    /// Our identifier: ISA06, and GS02 unless `group_sender_id` says otherwise. 1 to 15 characters.
    pub sender_id: Option<String>,
    /// What kind of identifier that is: ISA05. `ZZ` by default.
    pub sender_qualifier: Option<String>,
    /// The partner's identifier: ISA08, and GS03 unless `group_receiver_id` says otherwise.
    pub receiver_id: Option<String>,
    /// What kind of identifier that is: ISA07. `ZZ` by default.
    pub receiver_qualifier: Option<String>,
    /// GS02, where it is not ISA06.
    pub group_sender_id: Option<String>,
    /// GS03, where it is not ISA08.
    pub group_receiver_id: Option<String>,
    /// Identifiers of the payers whose claims go to this partner (NM109 of the payer, 2010BB).
    pub payers: Vec<String>,

    /// `"test"` or `"production"`: ISA15, of what is written and of what is taken. Test by default.
    pub usage: Option<Usage>,
    /// Whether a TA1 is asked for: ISA14.
    pub acknowledgment_requested: bool,
    /// ISA13 of the first interchange that `convert` writes. The gateway counts within `[control_numbers]`.
    pub control_number: Option<u32>,
    /// Identifier of the guide to name where a guide has several (GS08, ST03), such as `005010X222`.
    pub guide: Option<String>,
    /// The same for several guides, by their names: `837P = "005010X222A2"`.
    pub guides: BTreeMap<String, String>,
    /// Most claims in one transaction set; 5000 by default. May stand in `[limits]` instead.
    pub claims_per_transaction: Option<u32>,
    /// The four delimiters: element, repetition, component, segment. `*^:~` by default.
    pub delimiters: Option<String>,
    /// What follows each segment terminator: `"none"`, `"lf"` (default) or `"crlf"`.
    pub line_break: Option<LineBreak>,
    /// A character to put in place of delimiters that stand in data, which are refused otherwise.
    pub replace_delimiters: Option<char>,

    /// How large files become, and how long claims wait for others.
    pub limits: Limits,
    /// Which characters may be written.
    pub characters: Characters,
    /// From where to where control numbers count.
    pub control_numbers: ControlNumbers,
    /// How long what came is remembered, to know it when it comes again.
    pub duplicates: Duplicates,
    /// How strictly the partner's files are checked, and what an error does.
    pub checking: Checking,
    /// What checking makes of rules, by their names: `"off"`, `"warning"`, `"error"`.
    pub rules: HashMap<String, Override>,
    /// Which acknowledgments we owe the partner, and which we expect.
    pub acknowledgments: Acknowledgments,
    /// What the partner proves itself with when it calls us.
    pub credentials: Credentials,

    /// What files to the partner are called; `{partner}-{content}-{date}-{time}-{id}.{ext}` by default.
    pub file_name: FileName,
    /// The channel that files to the partner leave by, where there are several: `"core"`, `"stream"`, `"folder"`.
    pub send_by: Option<Channel>,
    /// How we call the partner over TLS: authorities, our certificate; read by the gateway.
    pub tls: Option<toml::Table>,
    /// How often we fetch what waits at the partner, where we call it by CAQH CORE: `"5m"` by default, `"0s"` for never.
    pub collect_every: Option<SignedDuration>,
    /// Settings of CAQH CORE connectivity with the partner; read by the connector.
    pub core: Option<toml::Table>,
    /// Settings of the TLS stream with the partner; read by the connector.
    pub stream: Option<toml::Table>,
    /// Settings of folders shared with the partner; read by the connector.
    pub folder: Option<toml::Table>,

    #[serde(skip)]
    file: Option<PathBuf>,
}

/// Test or production: ISA15.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Usage {
    /// Test data: nothing will be paid.
    #[default]
    Test,
    /// Production data.
    Production,
}

impl Usage {
    /// The code: `T` or `P`.
    pub fn isa15(self) -> char {
        match self {
            Self::Test => 'T',
            Self::Production => 'P',
        }
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Test => "test",
            Self::Production => "production",
        })
    }
}

/// What follows each segment terminator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LineBreak {
    /// Nothing: the file is one line.
    None,
    /// A line feed.
    Lf,
    /// A carriage return and a line feed.
    Crlf,
}

impl LineBreak {
    /// The bytes.
    pub fn bytes(self) -> &'static [u8] {
        match self {
            Self::None => b"",
            Self::Lf => b"\n",
            Self::Crlf => b"\r\n",
        }
    }
}

/// A way by which files travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Channel {
    /// CAQH CORE connectivity: HTTPS with MIME or SOAP.
    Core,
    /// Interchanges over mutual TLS.
    Stream,
    /// Folders.
    Folder,
}

impl Channel {
    /// Its section in the settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Stream => "stream",
            Self::Folder => "folder",
        }
    }
}

impl Partner {
    /// The settings of a file. Files that they name are found beside it.
    ///
    /// # Errors
    /// A file that cannot be read or says something else than settings; settings that cannot be.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        let partner = Self::read(path.as_ref())?;
        partner.validate().map_err(|refused| partner.refused(refused))?;
        Ok(partner)
    }

    /// The settings of a file, each by itself: together they may be none that can be, which
    /// [`validate`](Self::validate) says. For callers that have settings to put in their place.
    ///
    /// # Errors
    /// A file that cannot be read or says something else than settings.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
        let mut text = String::new();
        let file = fs::File::open(path).map_err(unreadable)?;
        file.take(LONGEST_FILE + 1).read_to_string(&mut text).map_err(unreadable)?;
        if text.len() as u64 > LONGEST_FILE {
            return Err(Error::TooLong { path: path.to_owned(), most: LONGEST_FILE });
        }
        let partner = Self::of_text(&text).map_err(|problem| Error::Syntax { path: Some(path.to_owned()), problem })?;
        Ok(Self { file: Some(path.to_owned()), ..partner })
    }

    /// The settings of a text.
    ///
    /// # Errors
    /// As for [`Partner::load`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let partner = Self::of_text(text).map_err(|problem| Error::Syntax { path: None, problem })?;
        partner.validate().map_err(|refused| partner.refused(refused))?;
        Ok(partner)
    }

    /// Says which line and key is wrong, and not what stands there: it may be a secret in a wrong place.
    fn of_text(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| {
            let message = error.message().trim_end();
            let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return message.to_owned() };
            let number = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
            let line = text.lines().nth(number - 1).unwrap_or_default();
            match line.split_once('=') {
                Some((key, _)) => format!("line {number}: {}: {message}", key.trim()),
                None => format!("line {number}: {message}"),
            }
        })
    }

    /// The file that they stand in, if they do.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// What the partner is called: as it says, or as its file is called.
    pub fn name(&self) -> &str {
        let stem = || self.file.as_ref()?.file_stem()?.to_str();
        self.name.as_deref().or_else(stem).unwrap_or("partner")
    }

    /// Test or production.
    pub fn usage(&self) -> Usage {
        self.usage.unwrap_or_default()
    }

    /// Whether an interchange may be taken, or sent: ISA15, these settings and the channel must say the same
    /// (`None`: the channel serves both). Test data must never be paid, and production data never be lost in a test.
    ///
    /// # Errors
    /// What says something else.
    pub fn agrees(&self, isa15: &str, channel: Option<Usage>) -> Result<(), Mismatch> {
        let usage = self.usage();
        if let Some(channel) = channel.filter(|channel| *channel != usage) {
            return Err(Mismatch::Channel { channel, usage });
        }
        match isa15.chars().next() {
            Some(stated) if stated == usage.isa15() && isa15.len() == 1 => Ok(()),
            stated => Err(Mismatch::Indicator { stated: stated.filter(char::is_ascii_graphic), usage }),
        }
    }

    /// Whether the partner may stand as the sender (ISA05, ISA06) of a file that it hands over.
    pub fn sends_as(&self, qualifier: &str, id: &str) -> bool {
        self.own_ids().any(|(own_qualifier, own)| own_qualifier == qualifier.trim_end() && own == id.trim_end())
    }

    /// The partner's interchange identifiers: the one of the settings, and those of `[credentials]`.
    fn own_ids(&self) -> impl Iterator<Item = (&str, &str)> {
        let qualifier = self.receiver_qualifier.as_deref().unwrap_or("ZZ");
        let own = self.receiver_id.as_deref().map(|id| (qualifier, id));
        own.into_iter().chain(self.credentials.sender_ids.iter().map(|id| (id.qualifier.as_str(), id.id.as_str())))
    }

    /// The channel that files to the partner leave by: the one named, or the only one there is.
    pub fn sends_by(&self) -> Option<Channel> {
        let mut channels = self.channels();
        self.send_by.or_else(|| channels.next().filter(|_| channels.next().is_none()))
    }

    /// The channel by which files are brought to the partner; `None` if it fetches them, since nothing says where to
    /// call it.
    pub fn calls_by(&self) -> Option<Channel> {
        self.sends_by().filter(|channel| {
            let needs = match channel {
                Channel::Core => "url",
                Channel::Stream => "address",
                Channel::Folder => "drop",
            };
            self.section(*channel).is_some_and(|section| section.contains_key(needs))
        })
    }

    /// How often what waits at the partner is fetched; `None` if it never is: it sends its files itself, or nothing says
    /// where to call it.
    pub fn collect_every(&self) -> Option<SignedDuration> {
        let calls = self.core.as_ref().is_some_and(|core| core.contains_key("url"));
        let every = self.collect_every.unwrap_or(COLLECT_EVERY);
        Some(every).filter(|every| calls && every.is_positive())
    }

    /// The channels that there are settings of.
    pub fn channels(&self) -> impl Iterator<Item = Channel> {
        [Channel::Core, Channel::Stream, Channel::Folder].into_iter().filter(|channel| self.section(*channel).is_some())
    }

    /// The settings of a channel, as its connector reads them; `None` if there are none.
    ///
    /// # Errors
    /// A section that the connector cannot read.
    pub fn channel<T: DeserializeOwned>(&self, channel: Channel) -> Result<Option<T>, Error> {
        self.typed(channel.name(), self.section(channel))
    }

    /// The settings `[tls]`, as the gateway reads them; `None` if there are none.
    ///
    /// # Errors
    /// A section that the gateway cannot read.
    pub fn transport<T: DeserializeOwned>(&self) -> Result<Option<T>, Error> {
        self.typed("tls", self.tls.as_ref())
    }

    fn typed<T: DeserializeOwned>(&self, name: &str, section: Option<&toml::Table>) -> Result<Option<T>, Error> {
        let section = section.map(|section| section.clone().try_into());
        section.transpose().map_err(|error: toml::de::Error| Error::Syntax {
            path: self.file.clone(),
            problem: format!("[{name}]: {}", error.message().trim_end()),
        })
    }

    fn section(&self, channel: Channel) -> Option<&toml::Table> {
        match channel {
            Channel::Core => self.core.as_ref(),
            Channel::Stream => self.stream.as_ref(),
            Channel::Folder => self.folder.as_ref(),
        }
    }

    /// A file that the settings name: relative ones stand beside the file of settings.
    pub fn beside(&self, path: &Path) -> PathBuf {
        self.file.as_deref().and_then(Path::parent).map_or_else(|| path.to_owned(), |folder| folder.join(path))
    }

    /// The files that the settings name, if they are there: companion guides, code lists, certificates, keys, secrets.
    fn files(&self) -> Vec<PathBuf> {
        fn texts<'t>(value: &'t toml::Value, found: &mut Vec<&'t str>) {
            match value {
                toml::Value::String(text) => found.push(text),
                toml::Value::Table(table) => table.values().for_each(|value| texts(value, found)),
                toml::Value::Array(values) => values.iter().for_each(|value| texts(value, found)),
                _ => {}
            }
        }
        let mut named = Vec::new();
        // What travels by folders are no settings.
        for section in [&self.tls, &self.core, &self.stream].into_iter().flatten() {
            section.values().for_each(|value| texts(value, &mut named));
        }
        let named = named.into_iter().map(|text| Path::new(text.strip_prefix("file:").unwrap_or(text)));
        let files = named.map(|path| self.beside(path)).filter(|path| path.is_file());
        let checking = self.checking.companions.iter().chain(&self.checking.codes).map(|path| self.beside(path));
        files.chain(checking).collect()
    }

    fn refused(&self, refused: Refused) -> Error {
        Error::Refused { path: self.file.clone(), refused }
    }
}
