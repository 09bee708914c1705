//! Messages of CAQH CORE connectivity: multiparts, SOAP envelopes, and whole messages with what they carry.

use std::{convert::Infallible, fs, path::PathBuf, sync::LazyLock, time::Duration};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use secrecy::ExposeSecret;
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use super::{Pieces, choices, shown};
use crate::gateway::connect::{
    Body, Content, Parcel,
    core::{
        envelope::{Act, Field, Fields, Mode, Operation, read_time, written_time},
        fault::FaultCode,
        intake::{Form, Intake, IntakeError, Media, Message, Open},
        mime::{self, Decoder, Error, Event, Header, Headers, Multipart, Reader},
        outgoing::Letter,
        settings::RealTimePayload,
        soap::{self, PayloadForm, SoapVersion, Style},
    },
};

/// A multipart, its boundary on the first line: the same parts however it comes in, and they come back when they
/// are written; so with encodings, and with the parameters of headers.
pub fn mime(data: &[u8]) {
    let (boundary, body) = first_line(data);
    let whole = parts(&boundary, std::iter::once(body));
    let torn = parts(&boundary, pieces(body));
    assert!(torn == whole, "in pieces as in one: {}\n{torn:?}\n{whole:?}", shown(data));
    let Ok(whole) = whole else { return };
    assert!(whole.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() <= body.len(), "parts are of the input");
    let mut again = Multipart::new();
    let texts = || whole.iter().filter_map(|(_, bytes)| std::str::from_utf8(bytes).ok());
    texts().for_each(|text| again.part(&[("X", "y")], text));
    let boundary = again.boundary().to_owned();
    let (head, tail) = again.around_last(&[]);
    let written = [&head, body, &tail].concat();
    let read = mime::read(&boundary, &written).unwrap_or_default();
    let bodies: Vec<&[u8]> = read.iter().map(|(_, bytes)| bytes.as_slice()).collect();
    assert!(
        bodies == texts().map(str::as_bytes).chain([body]).collect::<Vec<_>>()
            || read.is_empty() && texts().count() > 63
    );
    for (headers, bytes) in &whole {
        for encoding in ["base64", "quoted-printable", "8bit"] {
            let whole = decoded(encoding, std::iter::once(bytes.as_slice()));
            assert_eq!(decoded(encoding, pieces(bytes)), whole, "{encoding} in pieces as in one: {}", shown(bytes));
        }
        if let Some(header) = headers.header("Content-Disposition") {
            let name = header.parameter("name").unwrap_or_default();
            let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
            let again = Header::read(&format!("form-data; name=\"{quoted}\""));
            assert_eq!(again.parameter("name"), Some(name), "a parameter in quotes");
        }
    }
}

fn parts<'d>(boundary: &str, bytes: impl Iterator<Item = &'d [u8]>) -> Result<Vec<(Headers, Vec<u8>)>, Error> {
    let mut reader = Reader::new(boundary)?;
    let mut parts: Vec<(Headers, Vec<u8>)> = Vec::new();
    let mut bytes = bytes.fuse();
    loop {
        let piece = bytes.next();
        match piece {
            Some(piece) => reader.feed(piece),
            None => reader.end(),
        }
        while let Some(event) = reader.next()? {
            match (event, parts.last_mut()) {
                (Event::Part(headers), _) => parts.push((headers, Vec::new())),
                (Event::Data(bytes), Some((_, part))) => {
                    assert!(!bytes.is_empty(), "data are some");
                    part.extend_from_slice(&bytes);
                }
                (Event::Data(_), None) => panic!("data before a part"),
                (Event::End, _) => {}
            }
        }
        if piece.is_none() {
            return Ok(parts);
        }
    }
}

fn decoded<'d>(encoding: &str, bytes: impl Iterator<Item = &'d [u8]>) -> Option<Vec<u8>> {
    let (mut decoder, mut to) = (Decoder::of(Some(encoding)), Vec::new());
    for piece in bytes {
        decoder.decode(piece, &mut to).ok()?;
    }
    decoder.finish(&mut to).ok()?;
    Some(to)
}

/// A SOAP envelope: what it says is said again when it is written, payload and credentials too.
pub fn soap(data: &[u8]) {
    let Ok(document) = soap::read(data) else { return };
    accessors(&document.fields);
    let style = Style { version: document.version, namespace: None };
    let payloads: Vec<String> = match &document.payload {
        None => vec![String::new()],
        Some(PayloadForm::Inline(text)) => vec![soap::cdata(text), soap::text(text).into_owned()],
        Some(PayloadForm::Include(id))
            if id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"@.-_".contains(&byte)) =>
        {
            vec![soap::include(id)]
        }
        Some(PayloadForm::Include(_)) => return,
    };
    for payload in payloads {
        let with_payload = document.payload.is_some();
        let around = soap::around(style, "R", document.credentials.as_ref(), &document.fields, with_payload);
        let written = around.before + &payload + &around.after;
        let again = soap::read(written.as_bytes());
        assert!(again.is_ok(), "what was written is read: {:?}: {}", again.as_ref().err(), shown(written.as_bytes()));
        let Ok(again) = again else { return };
        assert_eq!((again.version, again.root.as_deref()), (document.version, Some("R")));
        assert_eq!(said(&again.fields), said(&document.fields), "{}", shown(data));
        let secrets = |document: &soap::Document| {
            let credentials = document.credentials.as_ref();
            credentials.map(|one| (plain(&one.user), plain(one.password.expose_secret())))
        };
        assert!(secrets(&again) == secrets(&document), "the credentials are the same");
        // One of blanks, and of nothing else that XML can hold, is none.
        let sayable = |text: &str| -> String { text.chars().filter(|character| is_xml(*character)).collect() };
        let text = |document: &soap::Document| match &document.payload {
            Some(PayloadForm::Inline(text)) => Some(sayable(text)).filter(|text| !text.trim().is_empty()),
            Some(PayloadForm::Include(id)) => Some(id.clone()),
            None => None,
        };
        assert!(text(&again) == text(&document), "the payload is the same: {}", shown(written.as_bytes()));
    }
    if let Some(fault) = &document.fault {
        let written = soap::fault(document.version, FaultCode::Sender, &fault.reason);
        let again = soap::read(written.as_bytes()).ok().and_then(|document| document.fault);
        assert_eq!(again.map(|fault| plain(&fault.reason)), Some(plain(&fault.reason)), "{}", shown(data));
    }
}

/// What fields mean, where they mean something.
fn accessors(fields: &Fields) {
    let _ = (fields.mode(), fields.payload_length(), fields.party(Field::SenderId), fields.party(Field::ReceiverId));
    if let Ok(id) = fields.payload_id() {
        let again = Fields::default().with(Field::PayloadId, id.as_str()).payload_id();
        assert_eq!(again.as_ref(), Ok(&id), "an id stays what it is");
    }
    // Of the years of four digits.
    if let Some(time) = fields.time().filter(|time| (0..=253_402_000_000).contains(&time.as_second())) {
        assert_eq!(read_time(&written_time(time)).map(|time| time.as_second()), Some(time.as_second()));
    }
}

/// A whole message, its Content-Type on the first line: the same however it comes in, and the same again when its
/// fields and its payload are sent on, in each form there is.
pub fn message(data: &[u8]) {
    let ([choice], data) = choices(data);
    let (content_type, body) = first_line(data);
    let Some(media) = Media::of(&content_type) else { return };
    let whole = take(media.clone(), std::iter::once(body));
    let torn = take(media, pieces(body));
    let is_large = |taken: &Result<Message, IntakeError>| matches!(taken, Err(IntakeError::TooLarge));
    if !is_large(&whole) && !is_large(&torn) {
        assert_eq!(told(&torn), told(&whole), "in pieces as in one: {}", shown(data));
    }
    let Ok(message) = whole else { return };
    accessors(&message.fields);
    sent_on(&message, choice, data);
}

/// Sends a message on as another operation, perhaps, and in another form.
fn sent_on(message: &Message, choice: u8, data: &[u8]) {
    let operation = Operation::ALL.into_iter().cycle().nth(choice.into()).unwrap_or(Operation::BatchSubmit);
    let version = if choice & 8 == 0 { SoapVersion::V1_2 } else { SoapVersion::V1_1 };
    let form = match choice >> 4 & 3 {
        0 => Form::Mime,
        form => Form::Soap { version, multipart: form == 1 },
    };
    let payload = message.payload.as_ref().and_then(|file| fs::read(&file.path).ok());
    // Where the bytes themselves stand in XML, they are an interchange, and blanks around it are none of it.
    let is_bare = matches!(form, Form::Soap { .. }) && operation.mode() == Mode::RealTime && choice & 64 == 0;
    let is_interchange = |bytes: &Vec<u8>| bytes.starts_with(b"ISA*") && bytes.trim_ascii() == bytes;
    if is_bare && (!payload.as_ref().is_none_or(is_interchange) || message.fields.value(Field::PayloadLength).is_some())
    {
        return;
    }
    let parcel = payload.as_ref().map(|bytes| Parcel {
        id: Uuid::nil(),
        name: String::new(),
        content: Content::Mixed,
        length: bytes.len() as u64,
        sha1: [0; 20],
        sha256: [0; 32],
        body: Body::of_bytes(bytes.clone()),
    });
    let letter = Letter {
        form,
        operation,
        response: operation.act() == Act::Retrieve,
        namespace: None,
        credentials: message.credentials.as_ref(),
        fields: &message.fields,
        payload: parcel.as_ref(),
        real_time: if is_bare { RealTimePayload::Cdata } else { RealTimePayload::Base64 },
    };
    let written = RUNTIME.block_on(async {
        let outgoing = letter.write().await?;
        let content_type = outgoing.content_type.clone();
        let pieces: Vec<_> = outgoing.stream(async {}.boxed()).collect().await;
        Ok::<_, std::io::Error>((content_type, pieces.into_iter().collect::<Result<Vec<Bytes>, _>>()?.concat()))
    });
    assert!(written.is_ok(), "what came in can be sent on: {:?}", written.as_ref().err());
    let Ok((content_type, bytes)) = written else { return };
    let Some(media) = Media::of(&content_type) else { panic!("our own Content-Type is known: {content_type}") };
    let again = take(media, pieces(&bytes));
    let Ok(again) = again else { panic!("{:?}: {} for {}", again.err(), shown(&bytes), shown(data)) };
    assert_eq!(said(&again.fields), said(&message.fields), "{} for {}", shown(&bytes), shown(data));
    let secrets = |message: &Message| {
        let credentials = message.credentials.as_ref();
        credentials.map(|one| (plain(&one.user), plain(one.password.expose_secret())))
    };
    assert!(secrets(&again) == secrets(message), "the credentials are the same: {} for {}", shown(&bytes), shown(data));
    let arrived = again.payload.as_ref().and_then(|file| fs::read(&file.path).ok());
    assert!(arrived == payload, "the payload is the same: {} for {}", shown(&bytes), shown(data));
}

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_time().build().expect("a runtime of one thread"));

/// Where payloads go. They are removed when they have been looked at.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join("claimwire-fuzzing");
    fs::create_dir_all(&folder).expect("a folder for payloads");
    folder
});

fn take<'d>(media: Media, pieces: impl Iterator<Item = &'d [u8]>) -> Result<Message, IntakeError> {
    let intake =
        Intake { folder: FOLDER.clone(), limit: 1 << 20, inline_limit: 1 << 20, idle: Duration::from_secs(3600) };
    let pieces: Vec<_> = pieces.map(|piece| Ok::<_, Infallible>(Bytes::copy_from_slice(piece))).collect();
    RUNTIME.block_on(intake.take(media, stream::iter(pieces), Vec::new(), &Open))
}

/// Everything that a message says, secrets included.
fn told(taken: &Result<Message, IntakeError>) -> String {
    match taken {
        Err(IntakeError::Fault(fault)) => fault.to_string(),
        Err(error) => format!("{error:?}"),
        Ok(message) => {
            let payload = message.payload.as_ref().map(|file| (file.length, file.sha256));
            let secret = message.credentials.as_ref().map(|one| one.password.expose_secret());
            format!("{message:?} {payload:?} {secret:?}")
        }
    }
}

/// Fields and what they say, as far as each form of message can say it.
fn said(fields: &Fields) -> Vec<(Field, String)> {
    let said = fields.iter().map(|(field, value)| (field, plain(value)));
    said.filter(|(field, value)| !value.is_empty() && *field != Field::Payload).collect()
}

/// A text without what a form cannot say, and blanks around it.
fn plain(text: &str) -> String {
    let text: String = text.chars().filter(|character| is_xml(*character) && !character.is_control()).collect();
    text.trim().to_owned()
}

fn is_xml(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// The first line as text, and what follows it.
fn first_line(data: &[u8]) -> (String, &[u8]) {
    let mut lines = data.splitn(2, |byte| *byte == b'\n');
    let line = String::from_utf8_lossy(lines.next().unwrap_or_default()).trim_end_matches('\r').to_owned();
    (line, lines.next().unwrap_or_default())
}

fn pieces(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut pieces = Pieces::of(bytes);
    std::iter::from_fn(move || Some(pieces.piece(usize::MAX)).filter(|piece| !piece.is_empty()))
}
