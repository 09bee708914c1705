//! Why the store cannot do what it was asked.

use std::path::PathBuf;

use super::sealed::PayloadId;

/// What the store answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the store cannot do what it was asked. It can be cloned, since a commit that fails fails every work in it.
///
/// No message holds a value from a row, a payload's bytes or a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No space left. Nothing of the work is kept; the store goes on when there is space again.
    #[error("no space left for the store; free some, and what was refused can be sent again")]
    Full,

    /// The disk failed. Nothing of the work is acknowledged; whether it is durable is not known.
    #[error("the store's disk failed: {0}")]
    Io(String),

    /// The database file is damaged.
    #[error("the store's database is damaged ({0}); restore it from a backup")]
    Damaged(String),

    /// Somebody else holds the database for longer than the store waits.
    #[error("the store's database is held by somebody else")]
    Busy,

    /// The store was closed before the work was done, which is rolled back.
    #[error("the store is closed")]
    Closed,

    /// Another process works on the folder.
    #[error("{} is in use by another process{}; one folder serves one process", folder.display(), process.map(|id| format!(" ({id})")).unwrap_or_default())]
    InUse {
        /// The store's folder.
        folder: PathBuf,
        /// The other process, where it is known.
        process: Option<u32>,
    },

    /// The database was written by a newer program.
    #[error(
        "the database has schema {found}, this program knows {known}; use the program that wrote it, or a newer one"
    )]
    Newer {
        /// The version of the database's schema.
        found: i64,
        /// The version that this program knows.
        known: i64,
    },

    /// A file that is not a store's database.
    #[error("{} is not a database of this program", .0.display())]
    Foreign(PathBuf),

    /// There is something where something new should go.
    #[error("{} exists already, and is not overwritten", .0.display())]
    Exists(PathBuf),

    /// A key that must be unique is taken.
    #[error("already there: {0}")]
    Taken(String),

    /// A check, a foreign key or a trigger refuses the change.
    #[error("refused by the schema: {0}")]
    Constraint(String),

    /// The SQL text or its arguments are wrong: a fault of the program.
    #[error("SQL: {0}")]
    Sql(String),

    /// A row has no such column, or one of another type: a fault of the program.
    #[error("column `{name}` is not {wanted}")]
    Column {
        /// The column that was asked for.
        name: String,
        /// What it was asked as.
        wanted: &'static str,
    },

    /// An argument is outside what can be done.
    #[error("{0}")]
    Invalid(&'static str),

    /// A payload's stored bytes are not those that were sealed: altered, swapped, cut or lost.
    #[error("payload {0} was altered or damaged where it is stored; its seal does not fit")]
    Seal(PayloadId),

    /// No payload has the id.
    #[error("there is no payload {0}")]
    NoPayload(PayloadId),

    /// The payload's bytes were erased when their time was over.
    #[error("payload {0} was erased")]
    Erased(PayloadId),

    /// The payload is longer than the caller reads at once.
    #[error("payload {id} is longer than {most} bytes")]
    TooLong {
        /// Which payload.
        id: PayloadId,
        /// The most that the caller reads at once, in bytes.
        most: u64,
    },

    /// Payloads are sealed under a master key that the keyring lacks.
    #[error("payloads are sealed under master key {0}, which is not among the keys given")]
    KeyMissing(String),

    /// A text or file of master keys that cannot be used.
    #[error("master keys: {0}")]
    Keys(String),

    /// No random bytes could be had, or the cipher failed.
    #[error("the cryptographic library failed")]
    Crypto,

    /// The job is no longer leased to the caller: its work must not take effect.
    #[error("job {job} is no longer leased to this worker")]
    LeaseLost {
        /// Which job.
        job: i64,
    },

    /// The work panicked; it was rolled back.
    #[error("the work on the store panicked, and was rolled back")]
    Panicked,
}

impl Error {
    /// Whether the same work may succeed later without anything being changed about it.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Full | Self::Io(_) | Self::Busy | Self::Closed | Self::Panicked)
    }

    pub(super) fn io(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Io(error.to_string()),
        }
    }
}

impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Full => std::io::ErrorKind::StorageFull,
            Error::Seal(_) | Error::Damaged(_) => std::io::ErrorKind::InvalidData,
            Error::NoPayload(_) | Error::Erased(_) => std::io::ErrorKind::NotFound,
            _ => std::io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}
