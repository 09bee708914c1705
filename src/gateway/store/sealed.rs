//! Which payload, and what is known of one whose bytes are all there.

use std::{fmt, str::FromStr};

use uuid::Uuid;

use super::{Result, Row, Value};

/// Which payload.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PayloadId(pub(super) Uuid);

impl PayloadId {
    /// A new one. Ids grow with time, so that new rows lie together.
    pub(super) fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// The id as a UUID.
    pub fn uuid(self) -> Uuid {
        self.0
    }
}

impl From<Uuid> for PayloadId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl FromStr for PayloadId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        Uuid::try_parse(text).map(Self)
    }
}

impl fmt::Display for PayloadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for PayloadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<PayloadId> for Value<'_> {
    fn from(id: PayloadId) -> Self {
        id.0.into()
    }
}

impl Row {
    /// The id of a payload.
    ///
    /// # Errors
    /// [`Error::Column`](super::Error::Column).
    pub fn payload(&self, column: &str) -> Result<PayloadId> {
        self.uuid(column).map(PayloadId)
    }
}

/// A payload whose bytes are all there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Which one.
    pub id: PayloadId,
    /// Its length in bytes.
    pub length: u64,
    /// Its SHA-1, which CAQH CORE wants in its envelope.
    pub sha1: [u8; 20],
    /// Its SHA-256.
    pub sha256: [u8; 32],
}
