//! What is wrong with settings.

use std::{
    fmt::{self, Display},
    io,
    path::{Path, PathBuf},
};

use super::Usage;
use crate::codes::OwnError;

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder that cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// A file that is too long for settings.
    #[error("{}: settings have at most {most} bytes", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Most bytes.
        most: u64,
    },
    /// A text that is no TOML, or an unknown setting, or a value of another kind.
    #[error("{}{problem}", shown(path.as_deref()))]
    Syntax {
        /// The file, if there is one.
        path: Option<PathBuf>,
        /// Which line and key, and what is wrong with it.
        problem: String,
    },
    /// A value that cannot be.
    #[error("{}{refused}", shown(path.as_deref()))]
    Refused {
        /// The file, if there is one.
        path: Option<PathBuf>,
        /// The setting.
        refused: Refused,
    },
    /// A companion guide that cannot be used.
    #[error("{}: {problem}", path.display())]
    Companion {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Code lists that cannot be used.
    #[error(transparent)]
    Lists(#[from] OwnError),
    /// Two partners with the same name, identifier or credential.
    #[error("{} and {} both have {what}: who it is would not be known", first.display(), second.display())]
    Taken {
        /// What they have in common.
        what: String,
        /// The file that has it first.
        first: PathBuf,
        /// The other file.
        second: PathBuf,
    },
    /// More files than a folder of partners may have.
    #[error("{}: more than {most} partners", path.display())]
    TooMany {
        /// The folder.
        path: PathBuf,
        /// Most files.
        most: usize,
    },
}

fn shown(path: Option<&Path>) -> String {
    path.map(|path| format!("{}: ", path.display())).unwrap_or_default()
}

/// A setting that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key} = {value}: allowed is {allowed}")]
pub struct Refused {
    /// The setting, with its section: `limits.batch_wait`.
    pub key: String,
    /// What it says; nothing of a secret.
    pub value: String,
    /// What it may say.
    pub allowed: String,
}

impl Refused {
    pub(super) fn of(key: &str, value: impl Display, allowed: impl Display) -> Self {
        Self { key: key.to_owned(), value: value.to_string(), allowed: allowed.to_string() }
    }
}

/// Why an interchange does not fit its partner or channel. The answer is a TA1 with note 020.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mismatch {
    /// ISA15 says something else than the partner's settings.
    Indicator {
        /// What ISA15 begins with, if that is printable.
        stated: Option<char>,
        /// What is agreed.
        usage: Usage,
    },
    /// The channel is for the other.
    Channel {
        /// What the channel is for.
        channel: Usage,
        /// What is agreed.
        usage: Usage,
    },
}

impl Mismatch {
    /// TA105 of the answer.
    pub const TA1_NOTE: &str = "020";
}

impl std::error::Error for Mismatch {}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Indicator { stated: Some(stated), usage } => {
                write!(f, "ISA15 is {stated}, and {usage} data ({}) is agreed with the partner", usage.isa15())
            }
            Self::Indicator { stated: None, usage } => {
                write!(
                    f,
                    "ISA15 is empty or unreadable, and {usage} data ({}) is agreed with the partner",
                    usage.isa15()
                )
            }
            Self::Channel { channel, usage } => {
                write!(f, "the channel is for {channel} data, and {usage} data is agreed with the partner")
            }
        }
    }
}
