//! The document: a file as JSON, and back byte for byte.
//!
//! A document has the interchanges of a file, their groups and transaction sets, each transaction
//! set as the record of its guide ([`ClaimBatch`],
//! [`Remittance`], …), and beside the data what the bytes need to come
//! back identical: delimiters, line breaks, spellings, segments without a place. A transaction set
//! of no guide we know stands as its plain segments.

mod crew;
mod envelope;
mod framing;
mod outline;
mod read;
mod value;
mod write;

pub use framing::{Framing, LineBreak};
pub use read::{read, read_on};
pub use value::{Document, Interchange};
pub use write::{write, write_on};

use std::sync::OnceLock;

use crate::{
    claims::{ClaimBatch, ClaimStatusReport, FunctionalAcknowledgment, InterchangeEnvelope, Remittance},
    guide::{self, Guide, NAMES},
    record::{Binding, Record, Shape},
};

pub(crate) use crew::Crew;
pub(crate) use envelope::{Envelope, Event, Header};
pub(crate) use read::notice;

/// Something a person should know about a file that was converted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Whether something was refused, or only odd.
    pub severity: Severity,
    /// Offset in the input of the first byte concerned.
    pub offset: u64,
    /// Control number of the transaction set; empty outside one.
    pub transaction: String,
    /// Position of the segment in the transaction set, ST = 1; 0 outside one.
    pub position: u32,
    /// What was found, what was expected, what became of it.
    pub message: String,
}

/// How much a [`Notice`] matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Everything was carried over; a receiver may still object.
    Warning,
    /// Something could not be read or is missing.
    Error,
}

impl std::fmt::Display for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(f, "{severity}: byte {}", self.offset)?;
        if !self.transaction.is_empty() {
            write!(f, ", transaction set {}, segment {}", self.transaction, self.position)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// A conversion that could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are not X12.
    #[error(transparent)]
    X12(#[from] crate::x12::Error),
    /// The JSON is not a document, or says what the guide has no place for.
    #[error("not a document that can be written: {0}")]
    Json(serde_json::Error),
    /// Output or input failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A guide that comes with the program does not read.
    #[error(transparent)]
    Guide(#[from] guide::GuideError),
}

// Its message is part of ours: as a source it would be told twice.
impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

/// The binding of a guide's document.
pub(crate) fn binding(guide: &'static Guide) -> Option<&'static Binding> {
    static BINDINGS: [OnceLock<Option<Binding>>; NAMES.len()] = [const { OnceLock::new() }; NAMES.len()];
    let index = NAMES.iter().position(|name| *name == guide.name)?;
    BINDINGS.get(index)?.get_or_init(|| Binding::of_shape(guide, "", shape(&guide.set)?).ok()).as_ref()
}

/// The table of the documents of a kind of transaction set (ST01; `TA1` for the interchange).
pub fn shape(set: &str) -> Option<&'static Shape> {
    Some(match set {
        "837" => ClaimBatch::SHAPE,
        "835" => Remittance::SHAPE,
        "999" => FunctionalAcknowledgment::SHAPE,
        "277" => ClaimStatusReport::SHAPE,
        "TA1" => InterchangeEnvelope::SHAPE,
        _ => return None,
    })
}

/// The guide of the interchange itself.
pub(crate) fn interchange_guide() -> Result<&'static Guide, guide::GuideError> {
    guide::by_name("TA1").unwrap_or_else(unreachable_guide).map_err(Clone::clone)
}

fn unreachable_guide() -> Result<&'static Guide, &'static guide::GuideError> {
    static MISSING: OnceLock<guide::GuideError> = OnceLock::new();
    Err(MISSING.get_or_init(|| guide::GuideError {
        source_name: "TA1".into(),
        line: 0,
        problem: "the guide does not come with the program".into(),
    }))
}

/// The samples that are X12, in the order of their names.
#[cfg(test)]
pub(crate) fn samples() -> Vec<Vec<u8>> {
    use std::{fs, path::Path};

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let kinds = ["837p", "837i", "837d", "835", "277ca", "999", "ta1", "odd", "broken"];
    let files = kinds.iter().flat_map(|kind| fs::read_dir(folder.join(kind)).unwrap().flatten());
    let is_x12 = |path: &std::path::PathBuf| path.extension().is_some_and(|extension| extension == "x12");
    let mut paths: Vec<_> = files.map(|entry| entry.path()).filter(is_x12).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).filter(|file| !file.is_empty()).collect()
}
