//! A message on its way out, request or answer: what stands around its payload, and the payload streamed.

use std::{
    fmt,
    io::{self, Read},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures_util::{Stream, future::BoxFuture, stream};
use secrecy::ExposeSecret;

use super::{
    envelope::{Credentials, Field, Fields, Mode, Operation},
    intake::{Form, blocking},
    mime::Multipart,
    settings::{BatchPayload, RealTimePayload},
    soap::{self, SoapVersion, Style},
};
use crate::gateway::connect::Parcel;

/// How many bytes of a payload are read at a time: a multiple of three, for base64.
const PIECE: usize = 192 * 1024;

/// How large a payload may be that is part of an XML document, and held in memory for that, in bytes.
const MAX_REAL_TIME: u64 = 16 << 20;

/// A message to be written.
#[derive(Debug)]
pub struct Letter<'a> {
    /// Its form; `multipart` says whether a batch may stand beside the envelope.
    pub form: Form,
    /// The operation.
    pub operation: Operation,
    /// Whether it is an answer.
    pub response: bool,
    /// The namespace of its root, if not that of the rule.
    pub namespace: Option<&'a str>,
    /// User name and password.
    pub credentials: Option<&'a Credentials>,
    /// Its fields.
    pub fields: &'a Fields,
    /// Its payload.
    pub payload: Option<&'a Parcel>,
    /// How a payload in real time is written.
    pub real_time: RealTimePayload,
}

/// A message that is written but for its payload.
#[derive(Debug)]
pub struct Outgoing {
    /// Its Content-Type.
    pub content_type: String,
    head: Bytes,
    payload: Option<Payload>,
    tail: Bytes,
}

/// A payload that was opened: what cannot be is known before anything is sent.
struct Payload {
    reader: Box<dyn Read + Send>,
    /// How many bytes are left to read.
    left: u64,
    base64: bool,
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payload").field("left", &self.left).finish_non_exhaustive()
    }
}

impl Letter<'_> {
    /// Writes it.
    ///
    /// # Errors
    ///
    /// If the payload cannot be read, or is too large for an exchange in real time.
    pub async fn write(&self) -> io::Result<Outgoing> {
        match self.form {
            Form::Mime => self.form_data().await,
            Form::Soap { version, multipart } => {
                let style = Style { version, namespace: self.namespace };
                let root = if self.response { self.operation.response() } else { self.operation.request() };
                let around = soap::around(style, root, self.credentials, self.fields, self.payload.is_some());
                match (self.payload, self.operation.mode()) {
                    // What a batch stack sends is a multipart, be it of one part; it is answered in kind.
                    (parcel, Mode::Batch) if multipart && (parcel.is_some() || !self.response) => {
                        self.mtom(version, around, parcel).await
                    }
                    (None, _) => Ok(Outgoing::whole(self.xml_type(version), around.before + &around.after)),
                    (Some(parcel), Mode::RealTime) => {
                        let payload = self.real_time_text(parcel).await?;
                        Ok(Outgoing::whole(self.xml_type(version), around.before + &payload + &around.after))
                    }
                    (Some(parcel), Mode::Batch) => Ok(Outgoing {
                        content_type: self.xml_type(version),
                        head: around.before.into(),
                        payload: Some(Payload::open(parcel, true).await?),
                        tail: around.after.into(),
                    }),
                }
            }
        }
    }

    fn xml_type(&self, version: SoapVersion) -> String {
        let media = version.media_type();
        match (self.response, version) {
            (false, SoapVersion::V1_2) => format!("{media}; charset=UTF-8; action=\"{}\"", self.operation),
            _ => format!("{media}; charset=UTF-8"),
        }
    }

    async fn form_data(&self) -> io::Result<Outgoing> {
        let mut form = Multipart::new();
        for (field, value) in self.fields.iter() {
            let value: String = value.chars().filter(|c| !c.is_control()).collect();
            form.field(field.name(), &value);
        }
        if let Some(credentials) = self.credentials {
            form.field(Field::UserName.name(), &credentials.user);
            form.field(Field::Password.name(), credentials.password.expose_secret());
        }
        let content_type = format!("multipart/form-data; boundary={}", form.boundary());
        let Some(parcel) = self.payload else {
            return Ok(Outgoing { content_type, head: form.finish(), payload: None, tail: Bytes::new() });
        };
        let disposition = ("Content-Disposition", "form-data; name=\"Payload\"");
        let (head, tail) = match self.operation.mode() {
            Mode::RealTime => form.around_last(&[disposition]),
            Mode::Batch => form.around_last(&[disposition, ("Content-Type", "application/octet-stream")]),
        };
        Ok(Outgoing { content_type, head, payload: Some(Payload::open(parcel, false).await?), tail })
    }

    async fn mtom(&self, version: SoapVersion, around: soap::Around, parcel: Option<&Parcel>) -> io::Result<Outgoing> {
        let media = version.media_type();
        let mut multipart = Multipart::new();
        let boundary = multipart.boundary();
        let (root, payload) = (format!("root@{boundary}"), format!("payload@{boundary}"));
        let action = match self.response {
            true => String::new(),
            false => format!("; action=\"{}\"", self.operation),
        };
        let content_type = format!(
            "multipart/related; boundary=\"{boundary}\"; type=\"application/xop+xml\"; start=\"<{root}>\"; \
             start-info=\"{media}\"{action}"
        );
        let include = if parcel.is_some() { soap::include(&payload) } else { String::new() };
        multipart.part(
            &[
                ("Content-Type", &format!("application/xop+xml; charset=UTF-8; type=\"{media}\"")),
                ("Content-Transfer-Encoding", "binary"),
                ("Content-ID", &format!("<{root}>")),
            ],
            &(around.before + &include + &around.after),
        );
        let Some(parcel) = parcel else {
            return Ok(Outgoing { content_type, head: multipart.finish(), payload: None, tail: Bytes::new() });
        };
        let (head, tail) = multipart.around_last(&[
            ("Content-Type", "application/octet-stream"),
            ("Content-Transfer-Encoding", "binary"),
            ("Content-ID", &format!("<{payload}>")),
        ]);
        Ok(Outgoing { content_type, head, payload: Some(Payload::open(parcel, false).await?), tail })
    }

    async fn real_time_text(&self, parcel: &Parcel) -> io::Result<String> {
        let body = parcel.body.clone();
        let bytes = blocking(move || {
            let mut bytes = Vec::new();
            body.open()?.take(MAX_REAL_TIME.saturating_add(1)).read_to_end(&mut bytes)?;
            Ok(bytes)
        })
        .await?;
        if bytes.len() as u64 > MAX_REAL_TIME {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the payload is too large for real time"));
        }
        Ok(match (self.real_time, soap::sayable(&bytes)) {
            (RealTimePayload::Cdata, Some(text)) => soap::cdata(text),
            (RealTimePayload::Escaped, Some(text)) => soap::text(text).into_owned(),
            (RealTimePayload::Base64, _) | (_, None) => BASE64_STANDARD.encode(&bytes),
        })
    }
}

impl Outgoing {
    /// A message without a payload that has to be streamed.
    pub fn whole(content_type: String, text: String) -> Outgoing {
        Outgoing { content_type, head: text.into(), payload: None, tail: Bytes::new() }
    }

    /// How long it is, in bytes.
    pub fn length(&self) -> u64 {
        let payload = self.payload.as_ref().map_or(0, Payload::written_length);
        let around = self.head.len().saturating_add(self.tail.len());
        payload.saturating_add(around as u64)
    }

    /// All of it, if it has no payload to be streamed.
    pub fn into_whole(self) -> Result<(String, Bytes), Outgoing> {
        match self.payload {
            None => Ok((self.content_type, self.head)),
            Some(_) => Err(self),
        }
    }

    /// Its bytes. After the last one was taken, and only then, `after` is done, before the stream ends.
    ///
    /// The stream fails if the payload cannot be read or is not as long as it should be.
    pub fn stream(self, after: BoxFuture<'static, ()>) -> impl Stream<Item = io::Result<Bytes>> + Send {
        let first = Step::Head { head: self.head, payload: self.payload, tail: self.tail };
        stream::unfold(Some((first, after)), |state| async move {
            let (step, after) = state?;
            match step.next().await {
                Ok((bytes, Some(next))) => Some((Ok(bytes), Some((next, after)))),
                Ok((_, None)) => {
                    after.await;
                    None
                }
                Err(error) => Some((Err(error), None)),
            }
        })
    }
}

impl Payload {
    async fn open(parcel: &Parcel, base64: bool) -> io::Result<Payload> {
        let body = parcel.body.clone();
        let reader = blocking(move || body.open()).await?;
        Ok(Payload { reader, left: parcel.length, base64 })
    }

    fn written_length(&self) -> u64 {
        match self.base64 {
            true => self.left.div_ceil(3).saturating_mul(4),
            false => self.left,
        }
    }

    /// The next bytes as they are written; none after the last.
    fn read(&mut self) -> io::Result<Option<Bytes>> {
        let mut piece = Vec::with_capacity(usize::try_from(self.left).unwrap_or(PIECE).min(PIECE));
        (&mut self.reader).take(PIECE as u64).read_to_end(&mut piece)?;
        let left = self.left.checked_sub(piece.len() as u64);
        self.left = left.ok_or_else(|| io::Error::other("the stored payload is longer than it should be"))?;
        match (piece.is_empty(), self.left, self.base64) {
            (true, 0, _) => Ok(None),
            (true, _, _) => {
                Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the stored payload is shorter than it should be"))
            }
            (false, _, true) => Ok(Some(BASE64_STANDARD.encode(&piece).into())),
            (false, _, false) => Ok(Some(piece.into())),
        }
    }
}

/// What is written next.
enum Step {
    Head { head: Bytes, payload: Option<Payload>, tail: Bytes },
    Payload { payload: Payload, tail: Bytes },
    Tail(Bytes),
    End,
}

impl Step {
    /// Some bytes, and what comes after them; at the end no bytes and nothing.
    async fn next(self) -> io::Result<(Bytes, Option<Step>)> {
        Ok(match self {
            Step::Head { head, payload: Some(payload), tail } => (head, Some(Step::Payload { payload, tail })),
            Step::Head { head, payload: None, tail } => (head, Some(Step::Tail(tail))),
            Step::Payload { mut payload, tail } => {
                let (read, payload) = blocking(move || Ok((payload.read()?, payload))).await?;
                match read {
                    Some(bytes) => (bytes, Some(Step::Payload { payload, tail })),
                    None => (tail, Some(Step::End)),
                }
            }
            Step::Tail(tail) => (tail, Some(Step::End)),
            Step::End => (Bytes::new(), None),
        })
    }
}

impl BatchPayload {
    /// Whether it stands beside the envelope.
    pub fn is_beside(self) -> bool {
        self == BatchPayload::Mtom
    }
}
