//! What came in, for those who count it.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::record::Decimal;

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Entry {
    /// A file came in.
    Message {
        /// When.
        at: Timestamp,
        /// Who sent it.
        partner: String,
        /// The connector that took it: `core`, `stream`.
        channel: String,
        /// The id that the sender gave it.
        payload_id: Option<String>,
        /// In bytes.
        length: u64,
        /// Of its bytes, in hexadecimal.
        sha256: String,
        /// What was made of it.
        taken: Taken,
    },
    /// A claim in a file that was processed.
    Claim {
        /// When.
        at: Timestamp,
        /// Who sent it.
        partner: String,
        /// Of the file.
        payload_id: Option<String>,
        /// ISA13.
        interchange: String,
        /// CLM01.
        control_number: String,
        /// CLM02.
        charge: Decimal,
        /// The name of its [`Outcome`](super::Outcome); `invalid` if checking has refused the claim, or what it
        /// stands in.
        outcome: String,
    },
}

/// What was made of a file that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    /// It is new, and will be processed.
    New,
    /// It was there before, and is not processed again.
    Repeat,
    /// It was refused: its id was used before, for other bytes.
    Conflict,
}

/// The entries, in memory, and in a file if one was asked for.
#[derive(Debug, Default)]
pub(super) struct Log {
    entries: Mutex<Vec<Entry>>,
    file: Option<Mutex<File>>,
}

impl Log {
    /// A log that is also appended to a file, as NDJSON.
    pub(super) fn to(path: Option<&Path>) -> io::Result<Self> {
        let open = |path| File::options().create(true).append(true).open(path);
        Ok(Self { entries: Mutex::default(), file: path.map(open).transpose()?.map(Mutex::new) })
    }

    pub(super) fn add(&self, entries: Vec<Entry>) {
        if let Some(file) = &self.file
            && let Err(error) = append(file, &entries)
        {
            tracing::warn!(%error, "the log of the sandbox cannot be written");
        }
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).extend(entries);
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Appends whole lines at once, so that a reader of the file sees no half of one.
fn append(file: &Mutex<File>, entries: &[Entry]) -> io::Result<()> {
    let mut lines = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut lines, entry)?;
        lines.push(b'\n');
    }
    file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&lines)
}
