//! A message as it comes in, request or answer, in any of the forms that it may have. Its payload goes to a file
//! while it comes; everything else is small, and bounded.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    pin::pin,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, TryStreamExt, future::BoxFuture};
use secrecy::SecretString;

use self::parts::{FLUSH, Parts, Source};
use super::{
    envelope::{Credentials, Field, Fields, Operation},
    fault::Fault,
    mime::{self, Decoder, Header, Headers},
    soap::{self, Document, PayloadForm, ReceivedFault, SoapVersion},
};
use crate::gateway::connect::{Spool, Spooled};

/// How long a field of a form may be, in bytes.
const MAX_FIELD: usize = 64 * 1024;

/// How many parts beside the envelope are kept.
const MAX_ATTACHMENTS: usize = 8;

/// How many unknown fields are told.
const MAX_UNKNOWN: usize = 16;

mod parts;

/// The form of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `multipart/form-data`.
    Mime,
    /// SOAP.
    Soap {
        /// Its version.
        version: SoapVersion,
        /// Whether it is a multipart, or may be answered with one.
        multipart: bool,
    },
}

/// A message that came in.
#[derive(Debug)]
pub struct Message {
    /// Its form.
    pub form: Form,
    /// The operation that its SOAP action names, wherever that stands.
    pub action: Option<Operation>,
    /// The root element of its SOAP body.
    pub root: Option<String>,
    /// User name and password.
    pub credentials: Option<Credentials>,
    /// Its fields, all but credentials and payload.
    pub fields: Fields,
    /// Names of fields that the rule does not have.
    pub unknown: Vec<String>,
    /// Its payload.
    pub payload: Option<Spooled>,
    /// Why its payload cannot be had, though there is one. Said once it is known who asks.
    pub payload_fault: Option<Fault>,
    /// The file name that a form gives its payload.
    pub file_name: Option<String>,
    /// The SOAP fault that it is.
    pub fault: Option<ReceivedFault>,
    /// Whether it was left where it is, since its sender has not proven who it is.
    pub unproven: bool,
}

impl Message {
    fn new(form: Form) -> Message {
        Message {
            form,
            action: None,
            root: None,
            credentials: None,
            fields: Fields::default(),
            unknown: Vec::new(),
            payload: None,
            payload_fault: None,
            file_name: None,
            fault: None,
            unproven: false,
        }
    }
}

/// Why a message did not come in.
#[derive(Debug)]
pub enum IntakeError {
    /// What came is wrong.
    Fault(Fault),
    /// It went over the limit.
    TooLarge,
    /// Nothing came for too long.
    Slow,
    /// The connection broke.
    Broken(String),
    /// It could not be written to disk.
    Storage(io::Error),
}

impl From<Fault> for IntakeError {
    fn from(fault: Fault) -> Self {
        IntakeError::Fault(fault)
    }
}

impl From<mime::Error> for IntakeError {
    fn from(error: mime::Error) -> Self {
        IntakeError::Fault(Fault::sender(error.to_string()))
    }
}

impl From<mime::Malformed> for IntakeError {
    fn from(error: mime::Malformed) -> Self {
        IntakeError::Fault(Fault::sender(error.to_string()))
    }
}

impl From<io::Error> for IntakeError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::FileTooLarge => IntakeError::TooLarge,
            _ => IntakeError::Storage(error),
        }
    }
}

/// What the Content-Type says that comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Media {
    /// The parts of a form.
    Form {
        /// Its boundary.
        boundary: String,
    },
    /// A SOAP envelope with parts beside it.
    Related {
        /// Its boundary.
        boundary: String,
        /// The Content-ID of the envelope.
        start: Option<String>,
        /// SOAP actions that it names.
        actions: Vec<String>,
    },
    /// A SOAP envelope.
    Xml {
        /// The version that its media type says.
        version: SoapVersion,
        /// SOAP actions that it names.
        actions: Vec<String>,
    },
}

impl Media {
    /// Reads a Content-Type; none if it is of nothing that is taken.
    pub fn of(content_type: &str) -> Option<Media> {
        let header = Header::read(content_type);
        let actions = actions(&header);
        let boundary = || header.parameter("boundary").unwrap_or_default().to_owned();
        if header.is("multipart/form-data") {
            return Some(Media::Form { boundary: boundary() });
        }
        if header.is("multipart/related") {
            let start = header.parameter("start").map(|id| bare_id(id).to_owned());
            return Some(Media::Related { boundary: boundary(), start, actions });
        }
        if header.is("application/soap+xml") || header.is("application/xop+xml") {
            return Some(Media::Xml { version: SoapVersion::V1_2, actions });
        }
        if header.is("text/xml") || header.is("application/xml") {
            return Some(Media::Xml { version: SoapVersion::V1_1, actions });
        }
        None
    }

    /// The form of an answer if the message itself cannot be read.
    pub fn form(&self) -> Form {
        match self {
            Media::Form { .. } => Form::Mime,
            Media::Related { .. } => Form::Soap { version: SoapVersion::V1_2, multipart: false },
            Media::Xml { version, .. } => Form::Soap { version: *version, multipart: false },
        }
    }
}

/// The SOAP actions that a Content-Type names, itself or in its `start-info`.
fn actions(header: &Header) -> Vec<String> {
    let inner = header.parameter("start-info").map(Header::read);
    let inner = inner.as_ref().and_then(|inner| inner.parameter("action"));
    header.parameter("action").into_iter().chain(inner).map(str::to_owned).collect()
}

/// A Content-ID without its angle brackets.
fn bare_id(id: &str) -> &str {
    id.trim().trim_start_matches('<').trim_end_matches('>')
}

/// Bytes of a payload that are taken from somebody who has not proven who it is: credentials may stand behind it.
const MAX_UNPROVEN: u64 = 64 * 1024;

/// Decides whether a payload is taken, once it is known who brings it.
pub trait Gate: Send + Sync {
    /// Whether the sender has proven who it is, by these credentials or else by its connection.
    fn opens<'a>(&'a self, credentials: Option<&'a Credentials>) -> BoxFuture<'a, bool>;
}

/// A gate that is open: for answers, whose sender we have called.
#[derive(Clone, Copy, Debug)]
pub struct Open;

impl Gate for Open {
    fn opens<'a>(&'a self, _: Option<&'a Credentials>) -> BoxFuture<'a, bool> {
        Box::pin(async { true })
    }
}

/// Where a message is taken in, and how much of it.
#[derive(Clone, Debug)]
pub struct Intake {
    /// Where its payload is written.
    pub folder: PathBuf,
    /// How many bytes it may have.
    pub limit: u64,
    /// How many bytes of it are taken inside an XML document, which is held in memory.
    pub inline_limit: usize,
    /// How long nothing may come.
    pub idle: Duration,
}

impl Intake {
    /// Takes in a message. `actions` are SOAP actions that HTTP headers name. What `gate` does not let in is left where it
    /// is, which the message says ([`Message::unproven`]).
    ///
    /// # Errors
    ///
    /// [`IntakeError`].
    pub async fn take<E: fmt::Display>(
        &self,
        media: Media,
        body: impl Stream<Item = Result<Bytes, E>> + Send,
        actions: Vec<String>,
        gate: &dyn Gate,
    ) -> Result<Message, IntakeError> {
        let body = pin!(body.map_err(|error| IntakeError::Broken(error.to_string())));
        let mut source = Source::new(body, self.idle, self.limit);
        match media {
            Media::Form { boundary } => self.take_form(&boundary, &mut source, gate).await,
            Media::Related { boundary, start, actions: named } => {
                let mut parts = self.take_related(&boundary, start.as_deref(), &mut source, gate).await?;
                parts.actions.splice(0..0, named.into_iter().chain(actions));
                self.unwrap(parts, true).await
            }
            Media::Xml { version, actions: named } => {
                let (mut envelope, mut proven) = (BytesMut::new(), false);
                while let Some(piece) = source.next().await? {
                    self.gather(&mut envelope, &piece)?;
                    if !proven && envelope.len() as u64 > MAX_UNPROVEN {
                        proven = gate.opens(soap::credentials(&envelope).as_ref()).await;
                        if !proven {
                            let message = Message::new(Form::Soap { version, multipart: false });
                            return Ok(Message { unproven: true, ..message });
                        }
                    }
                }
                let actions = named.into_iter().chain(actions).collect();
                let parts = Related { envelope: envelope.freeze(), actions, attachments: Vec::new(), unproven: false };
                self.unwrap(parts, false).await
            }
        }
    }

    /// Takes a payload, as much of it as its sender may bring; none if that is less than there is.
    async fn take_payload(
        &self,
        parts: &mut Parts,
        source: &mut Source<'_>,
        headers: &Headers,
        gate: &dyn Gate,
        credentials: Option<&Credentials>,
    ) -> Result<Option<Spooled>, IntakeError> {
        if gate.opens(credentials).await {
            return parts.take_to_file(source, headers, self).await.map(Some);
        }
        if credentials.is_some() {
            return Ok(None);
        }
        let short = Intake { limit: self.limit.min(MAX_UNPROVEN), ..self.clone() };
        match parts.take_to_file(source, headers, &short).await {
            Ok(file) => Ok(Some(file)),
            Err(IntakeError::TooLarge) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Appends to what is held in memory.
    fn gather(&self, to: &mut BytesMut, piece: &[u8]) -> Result<(), IntakeError> {
        if to.len().saturating_add(piece.len()) > self.inline_limit {
            return Err(IntakeError::TooLarge);
        }
        to.extend_from_slice(piece);
        Ok(())
    }

    async fn take_form(
        &self,
        boundary: &str,
        source: &mut Source<'_>,
        gate: &dyn Gate,
    ) -> Result<Message, IntakeError> {
        let mut message = Message::new(Form::Mime);
        let (mut user, mut password): (Option<String>, Option<SecretString>) = (None, None);
        let mut parts = Parts::new(boundary)?;
        while let Some(headers) = parts.next_part(source).await? {
            let disposition = headers.header("Content-Disposition").unwrap_or_default();
            let name = disposition.parameter("name").unwrap_or_default();
            let field = Field::of(name);
            if field == Some(Field::Payload) {
                if message.payload.is_some() {
                    let fault = Fault::illegal(Field::Payload, "there are two; send one in a message");
                    message.payload_fault = Some(fault);
                    continue; // its bytes are passed over
                }
                message.file_name = disposition.parameter("filename").and_then(file_name);
                let credentials = user.clone().zip(password.clone());
                let credentials = credentials.map(|(user, password)| Credentials { user, password });
                match self.take_payload(&mut parts, source, &headers, gate, credentials.as_ref()).await? {
                    Some(file) => message.payload = there(file),
                    None => return Ok(Message { unproven: true, ..message }),
                }
                continue;
            }
            let value = parts.take_to_memory(source, &headers, MAX_FIELD).await?;
            let value = String::from_utf8_lossy(&value).into_owned();
            match field {
                Some(Field::UserName) => user = Some(value.trim().to_owned()),
                Some(Field::Password) => password = Some(SecretString::from(value)),
                Some(field) => message.fields.set(field, value),
                None if message.unknown.len() < MAX_UNKNOWN && !name.is_empty() => {
                    message.unknown.push(name.chars().take(64).collect());
                }
                None => {}
            }
        }
        if let (Some(user), Some(password)) = (user, password) {
            message.credentials = Some(Credentials { user, password });
        }
        Ok(message)
    }

    async fn take_related(
        &self,
        boundary: &str,
        start: Option<&str>,
        source: &mut Source<'_>,
        gate: &dyn Gate,
    ) -> Result<Related, IntakeError> {
        let mut envelope: Option<Bytes> = None;
        let mut attachments: Vec<Attachment> = Vec::new();
        let mut named = Vec::new();
        let mut parts = Parts::new(boundary)?;
        while let Some(headers) = parts.next_part(source).await? {
            let id = headers.value("Content-ID").map(bare_id).unwrap_or_default().to_owned();
            let kind = headers.header("Content-Type").unwrap_or_default();
            let is_envelope = envelope.is_none() && start.is_none_or(|start| start == id);
            if is_envelope {
                named.extend(actions(&kind));
                envelope = Some(Bytes::from(parts.take_to_memory(source, &headers, self.inline_limit).await?));
                continue;
            }
            if attachments.len() >= MAX_ATTACHMENTS {
                return Err(Fault::sender("it has too many parts beside the envelope").into());
            }
            let credentials = envelope.as_deref().and_then(soap::credentials);
            let Some(file) = self.take_payload(&mut parts, source, &headers, gate, credentials.as_ref()).await? else {
                let envelope = envelope.unwrap_or_default();
                return Ok(Related { envelope, actions: named, attachments: Vec::new(), unproven: true });
            };
            attachments.push(Attachment { id, is_xml: kind.value.ends_with("xml"), file });
        }
        let envelope = match envelope {
            Some(envelope) => envelope,
            // `start` names no part. Then it is the first one that is XML.
            None => {
                let at = attachments.iter().position(|attachment| attachment.is_xml);
                let at = at.ok_or_else(|| Fault::sender("the multipart has no part with the SOAP envelope"))?;
                self.read_back(attachments.remove(at)).await?
            }
        };
        Ok(Related { envelope, actions: named, attachments, unproven: false })
    }

    async fn read_back(&self, attachment: Attachment) -> Result<Bytes, IntakeError> {
        if attachment.file.length > self.inline_limit as u64 {
            return Err(IntakeError::TooLarge);
        }
        Ok(blocking(move || std::fs::read(&attachment.file.path)).await?.into())
    }

    /// The message in a SOAP envelope, and its payload.
    async fn unwrap(&self, parts: Related, multipart: bool) -> Result<Message, IntakeError> {
        let folder = self.folder.clone();
        let limit = self.limit;
        if parts.unproven && parts.envelope.is_empty() {
            let message = Message::new(Form::Soap { version: SoapVersion::V1_2, multipart });
            return Ok(Message { unproven: true, ..message });
        }
        // The document may be large, if its payload is inside.
        let read = move || -> Result<Message, IntakeError> {
            let document = soap::read(&parts.envelope).map_err(Fault::from)?;
            let Document { version, action, credentials, root, fields, unknown, payload, fault } = document;
            let mut message = Message::new(Form::Soap { version, multipart });
            let found = match payload {
                None => Ok(None),
                Some(PayloadForm::Include(id)) => attached(parts.attachments, &id).map(there),
                Some(PayloadForm::Inline(text)) => inline(&text, &fields, &folder, limit).map(there),
            };
            match found {
                Ok(payload) => message.payload = payload,
                Err(IntakeError::Fault(fault)) => message.payload_fault = Some(fault),
                Err(error) => return Err(error),
            }
            let said = parts.actions.iter().chain(action.iter());
            message.action = said.filter_map(|action| Operation::of_action(action)).next();
            Ok(Message { credentials, root, fields, unknown, fault, unproven: parts.unproven, ..message })
        };
        tokio::task::spawn_blocking(read).await.map_err(io::Error::other)?
    }
}

/// The parts of a `multipart/related`.
struct Related {
    envelope: Bytes,
    actions: Vec<String>,
    attachments: Vec<Attachment>,
    unproven: bool,
}

struct Attachment {
    id: String,
    is_xml: bool,
    file: Spooled,
}

/// An empty payload is none: so some clients say that they have none.
fn there(file: Spooled) -> Option<Spooled> {
    (file.length > 0).then_some(file)
}

fn attached(attachments: Vec<Attachment>, id: &str) -> Result<Spooled, IntakeError> {
    let found = attachments.into_iter().find(|attachment| attachment.id == id);
    let missing = || Fault::illegal(Field::Payload, "no part has the Content-ID that its Include names");
    Ok(found.ok_or_else(missing)?.file)
}

/// A payload that stands in the envelope, as base64 or as it is, to a file.
fn inline(text: &str, fields: &Fields, folder: &Path, limit: u64) -> Result<Spooled, IntakeError> {
    let mut spool = Spool::create(folder, limit)?;
    let start = text.trim_start();
    // Base64 may begin so, too, but goes on with a letter or a digit, which cannot separate elements.
    if start.strip_prefix("ISA").is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric())) {
        spool.write(interchange(start, fields).as_bytes())?;
        return Ok(spool.finish()?);
    }
    let wrong = |_| Fault::illegal(Field::Payload, "it is neither base64 nor does it begin with ISA");
    let mut decoder = Decoder::base64();
    let mut bytes = Vec::with_capacity(FLUSH);
    for piece in start.trim_end().as_bytes().chunks(FLUSH) {
        bytes.clear();
        decoder.decode(piece, &mut bytes).map_err(wrong)?;
        spool.write(&bytes)?;
    }
    bytes.clear();
    decoder.finish(&mut bytes).map_err(wrong)?;
    spool.write(&bytes)?;
    Ok(spool.finish()?)
}

/// An interchange without the blanks that XML puts behind it, but for those that its PayloadLength counts, and a
/// line end that is its last segment's terminator.
fn interchange<'a>(text: &'a str, fields: &Fields) -> &'a str {
    let trimmed = text.trim_end();
    let stated = fields.payload_length().ok().flatten().and_then(|length| usize::try_from(length).ok());
    if let Some(counted) = stated.filter(|length| *length > trimmed.len()).and_then(|length| text.get(..length)) {
        return counted;
    }
    match text.as_bytes().get(105) {
        Some(b'\n' | b'\r') => text.get(..trimmed.len().saturating_add(1)).unwrap_or(text),
        _ => trimmed,
    }
}

/// A file name that a form gives: without its folders, printable, bounded.
fn file_name(given: &str) -> Option<String> {
    let name = given.rsplit(['/', '\\']).next().unwrap_or(given);
    let name: String = name.chars().filter(|c| !c.is_control()).take(255).collect();
    let name = name.trim().trim_start_matches('.');
    (!name.is_empty()).then(|| name.to_owned())
}

/// Runs what blocks where it may.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
