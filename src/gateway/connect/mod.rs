//! What connectors share: files on their way out and in, who is on the other side, and what a connector asks
//! of the gateway.
//!
//! A connector speaks one protocol with a trading partner and knows nothing of the store or of what becomes of a
//! file. As a client it is handed a [`Parcel`] and says how that went ([`Receipt`] or [`SendError`]). As a server
//! it proves who calls and hands what came in to a [`Service`], and answers its caller only after the service
//! has.

use std::{
    fmt,
    io::{self, Cursor, Read},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use uuid::Uuid;

pub use self::{
    connector::{Collected, Connector},
    spool::{Spool, Spooled},
};

mod connector;
pub mod core;
pub mod folder;
mod spool;
pub mod stream;

/// A file on its way out. Its bytes are read from where they are stored; they are never held whole.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The file's id, the same on every repeat of it (the PayloadID of CAQH CORE).
    pub id: Uuid,
    /// Its file name, by the partner's template.
    pub name: String,
    /// What is in it.
    pub content: Content,
    /// How long it is, in bytes.
    pub length: u64,
    /// SHA-1 of its bytes.
    pub sha1: [u8; 20],
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// Its bytes.
    pub body: Body,
}

/// Opens stored bytes, from the beginning at each call. Reads may block; connectors read on a blocking thread.
#[derive(Clone)]
pub struct Body(Arc<Opener>);

type Opener = dyn Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync;

impl Body {
    /// Bytes that `open` opens anew each time it is called.
    pub fn new(open: impl Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync + 'static) -> Body {
        Body(Arc::new(open))
    }

    /// Bytes that are in memory.
    pub fn of_bytes(bytes: impl Into<Bytes>) -> Body {
        let bytes = bytes.into();
        Body::new(move || Ok(Box::new(Cursor::new(bytes.clone()))))
    }

    /// The bytes, from the beginning.
    ///
    /// # Errors
    ///
    /// What opening the stored bytes gives.
    pub fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        (self.0)()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")
    }
}

/// What a file holds, as far as connectors care: PayloadType of CAQH CORE, file names, folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Content {
    /// Professional claims.
    Claims837P,
    /// Institutional claims.
    Claims837I,
    /// Dental claims.
    Claims837D,
    /// Remittance advice.
    Remittance835,
    /// Implementation acknowledgment.
    Acknowledgment999,
    /// Interchange acknowledgment.
    InterchangeAcknowledgmentTa1,
    /// Claim acknowledgment, 277CA.
    ClaimAcknowledgment277,
    /// More than one of these.
    Mixed,
}

impl Content {
    /// Every content.
    pub const ALL: [Content; 8] = [
        Content::Claims837P,
        Content::Claims837I,
        Content::Claims837D,
        Content::Remittance835,
        Content::Acknowledgment999,
        Content::InterchangeAcknowledgmentTa1,
        Content::ClaimAcknowledgment277,
        Content::Mixed,
    ];

    /// What a functional group holds, by its version (GS08) and the first transaction set's code (ST01).
    pub fn of(gs08: &str, st01: &str) -> Option<Content> {
        match (st01.trim(), gs08.trim()) {
            ("837", version) if version.starts_with("005010X222") => Some(Content::Claims837P),
            ("837", version) if version.starts_with("005010X223") => Some(Content::Claims837I),
            ("837", version) if version.starts_with("005010X224") => Some(Content::Claims837D),
            ("835", _) => Some(Content::Remittance835),
            ("999" | "997", _) => Some(Content::Acknowledgment999),
            ("277", version) if version.starts_with("005010X214") => Some(Content::ClaimAcknowledgment277),
            _ => None,
        }
    }

    /// Its short name, as file names and logs say it: `837P`, `TA1`, `277CA`.
    pub fn name(self) -> &'static str {
        match self {
            Content::Claims837P => "837P",
            Content::Claims837I => "837I",
            Content::Claims837D => "837D",
            Content::Remittance835 => "835",
            Content::Acknowledgment999 => "999",
            Content::InterchangeAcknowledgmentTa1 => "TA1",
            Content::ClaimAcknowledgment277 => "277CA",
            Content::Mixed => "mixed",
        }
    }

    /// Whether these are claims.
    pub fn is_claims(self) -> bool {
        matches!(self, Content::Claims837P | Content::Claims837I | Content::Claims837D)
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the other side said to a file that it took.
#[derive(Debug)]
pub struct Receipt {
    /// What it said: codes and its bounded message. No PHI.
    pub detail: String,
    /// What was odd about the answer, though it was a yes.
    pub warnings: Vec<String>,
    /// A file that came back in the same exchange, such as a TA1.
    pub answer: Option<Spooled>,
}

/// Why a file was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// It was refused, and will be refused again: a person must act.
    #[error("refused with {code}: {reason}")]
    Refused {
        /// The other side's code: ErrorCode, fault code, HTTP status, TA105.
        code: String,
        /// What it said, bounded. No PHI.
        reason: String,
        /// The file that says so, if one came: the TA1s of interchanges that were rejected.
        answer: Option<Arc<Spooled>>,
    },
    /// It did not arrive, and may be sent again.
    #[error("not sent: {reason}")]
    Temporary {
        /// What went wrong.
        reason: String,
        /// How long the other side asked us to wait.
        retry_after: Option<Duration>,
    },
    /// It may have arrived: only the same file with the same id may be sent again.
    #[error("not known to have arrived: {reason}")]
    Unknown {
        /// What went wrong.
        reason: String,
    },
}

/// The other end of a connection, as the listener saw it. Handlers find it among the extensions of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// SHA-256 of its certificate (the end entity's, DER), if it showed one that was verified.
    pub certificate: Option<[u8; 32]>,
    /// TLS version and cipher suite; none on a plain connection.
    pub tls: Option<String>,
}

/// Who is on the other side, proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The trading partner's name.
    pub partner: String,
    /// How it was proven, for the audit: `password of billco`, `certificate 3f0c…`.
    pub credential: String,
    /// What it may call itself (SenderID of CAQH CORE), compared without case. Empty: its settings name none, and
    /// it is not checked.
    pub senders: Vec<String>,
    /// Where it called from.
    pub peer: Peer,
}

/// What a caller proves itself with.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Proof<'a> {
    /// A user name and its password.
    Password {
        /// The user name.
        user: &'a str,
        /// The password.
        password: &'a SecretString,
    },
    /// A certificate that the TLS layer has verified: SHA-256 of the end entity's DER.
    Certificate {
        /// The fingerprint.
        sha256: &'a [u8; 32],
    },
}

/// A file that came in. What its sender stated about it (length, checksum) has been verified.
#[derive(Debug)]
pub struct Arrival {
    /// The connector: `core`, `stream`, `folder`.
    pub channel: &'static str,
    /// The id that the sender gave it. The same id with the same bytes is a repeat, with other bytes
    /// [`ServiceError::Duplicate`]; both only among files of the same caller and content, as some senders give
    /// their 999 the id of the file it answers.
    pub payload_id: Option<String>,
    /// What the sender says is in it. The file itself decides.
    pub content: Option<Content>,
    /// The file name that the sender gave it: never a path, bounded, printable.
    pub name: Option<String>,
    /// The bytes.
    pub file: Spooled,
}

/// A file that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its id in the store; of the first one, if this was a repeat.
    pub id: Uuid,
    /// Whether it had been stored before, by an earlier try of the sender's.
    pub duplicate: bool,
}

/// What a caller asks to be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Contents that would do, the preferred first.
    pub kinds: Vec<Content>,
    /// The id that the caller named: that of a file of ours, or of a submission whose answer is wanted. One that
    /// names neither is not an error: the oldest waiting file is then the answer.
    pub payload_id: Option<String>,
}

/// What a server-side connector asks of the gateway.
pub trait Service: Send + Sync + 'static {
    /// Who these credentials belong to; none if to nobody. Takes the same time whether the user exists or not.
    fn authenticate<'a>(&'a self, peer: &'a Peer, proof: Proof<'a>) -> BoxFuture<'a, Option<Caller>>;

    /// A caller proved who it is and then claimed to be somebody else, so it was refused. For the record; by default
    /// there is none.
    fn refused<'a>(&'a self, _by: &'a Caller, _why: &'static str) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }

    /// Stores a file, and returns when it is durable.
    fn receive<'a>(&'a self, from: &'a Caller, arrival: Arrival) -> BoxFuture<'a, Result<Stored, ServiceError>>;

    /// The next file that waits for the caller and fits, or the one asked for.
    fn next<'a>(&'a self, caller: &'a Caller, wanted: Wanted) -> BoxFuture<'a, Result<Option<Parcel>, ServiceError>>;

    /// The caller has been given all bytes of the file `id`. `asked` is the id it named when it asked, by which
    /// it may confirm later.
    fn fetched<'a>(
        &'a self,
        by: &'a Caller,
        id: Uuid,
        asked: Option<&'a str>,
    ) -> BoxFuture<'a, Result<(), ServiceError>>;

    /// The caller says that it has the file: `payload_id` is the file's own or the one it named when it asked.
    /// False if there is no such file for this caller.
    fn confirmed<'a>(&'a self, by: &'a Caller, payload_id: &'a str) -> BoxFuture<'a, Result<bool, ServiceError>>;

    /// Stores a file and processes it now: gives what goes back in the same exchange (the answer in real time,
    /// the TA1 on the stream). None if this gateway has no such answer to give.
    fn answer<'a>(&'a self, from: &'a Caller, arrival: Arrival) -> BoxFuture<'a, Result<Option<Parcel>, ServiceError>>;
}

/// Why the gateway did not do what a connector asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The id was used before, for other bytes.
    #[error("this id was used before, for a different file")]
    Duplicate,
    /// The caller may not do this.
    #[error("the caller is not allowed to do this")]
    Forbidden,
    /// The file is larger than is taken from this caller.
    #[error("the file is larger than is taken")]
    TooLarge,
    /// Not now.
    #[error("the gateway cannot do this now")]
    Unavailable {
        /// When to come back.
        retry_after: Duration,
    },
    /// It will never do, and why. No PHI: the caller is told.
    #[error("{0}")]
    Invalid(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_opens_from_its_beginning_each_time() {
        let body = Body::of_bytes("ISA");
        for _ in 0..2 {
            let mut read = String::new();
            body.open().unwrap().read_to_string(&mut read).unwrap();
            assert_eq!(read, "ISA");
        }
    }

    #[test]
    fn contents_are_told_apart_by_version_and_code() {
        assert_eq!(Content::of("005010X222A1", "837"), Some(Content::Claims837P));
        assert_eq!(Content::of("005010X223A2", "837"), Some(Content::Claims837I));
        assert_eq!(Content::of("005010X214", "277"), Some(Content::ClaimAcknowledgment277));
        assert_eq!(Content::of("005010X212", "277"), None);
    }
}
