use quick_xml::{
    NsReader,
    events::{BytesStart, Event},
    name::ResolveResult,
};
use secrecy::SecretString;

use super::{SECURITY_NAMESPACE, SoapVersion};
use crate::gateway::connect::core::{
    envelope::{Credentials, Field, Fields},
    fault::Fault,
};

/// How deep elements may be nested.
const MAX_DEPTH: usize = 32;

/// How many elements a document may have.
const MAX_ELEMENTS: usize = 4096;

/// How long a start tag may be, in bytes.
const MAX_TAG: usize = 16 * 1024;

/// How long the text of an element may be, other than that of the payload, in bytes.
const MAX_TEXT: usize = 64 * 1024;

/// How many unknown children of the root are told.
const MAX_UNKNOWN: usize = 16;

/// What a SOAP envelope says.
#[derive(Debug)]
pub struct Document {
    /// The version of its envelope.
    pub version: SoapVersion,
    /// The action, if WS-Addressing says it.
    pub action: Option<String>,
    /// The UsernameToken, if there is one in plain text.
    pub credentials: Option<Credentials>,
    /// The local name of what the body holds.
    pub root: Option<String>,
    /// The fields, all but the payload.
    pub fields: Fields,
    /// Children of the root that are no fields.
    pub unknown: Vec<String>,
    /// The payload.
    pub payload: Option<PayloadForm>,
    /// The fault, if the body holds one.
    pub fault: Option<ReceivedFault>,
}

/// How the payload is there.
#[derive(PartialEq, Eq)]
pub enum PayloadForm {
    /// In another part of the multipart: its Content-ID, without angle brackets.
    Include(String),
    /// In the document: base64 or the interchange itself, with blanks around it.
    Inline(String),
}

impl std::fmt::Debug for PayloadForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PayloadForm::Include(id) => f.debug_tuple("Include").field(id).finish(),
            PayloadForm::Inline(text) => f.debug_tuple("Inline").field(&text.len()).finish(),
        }
    }
}

/// A SOAP fault that came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceivedFault {
    /// The local name of its code, as SOAP 1.2 says it: `Sender`, `Receiver`, `MustUnderstand`…
    pub code: String,
    /// Its reason.
    pub reason: String,
}

/// Why a SOAP envelope cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is not well-formed.
    #[error("the XML is not well-formed")]
    Malformed,
    /// It is not in UTF-8.
    #[error("the XML is not in UTF-8")]
    Encoding,
    /// It has a document type or an entity of its own.
    #[error("document types and entities are not taken in SOAP")]
    Doctype,
    /// It is nested too deeply, or has too many or too large elements.
    #[error("the XML has too many, too large or too deeply nested elements")]
    TooLarge,
    /// It is XML, but no envelope of SOAP.
    #[error("this is no SOAP envelope")]
    Version,
    /// It has a header that has to be understood and is not.
    #[error("the SOAP header {0} is not understood")]
    MustUnderstand(String),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        match error {
            Error::Version => Fault::SoapVersion,
            Error::MustUnderstand(name) => Fault::MustUnderstand(name),
            other => Fault::sender(other.to_string()),
        }
    }
}

/// Reads a SOAP envelope, 1.2 or 1.1. Children of the root are told apart by their local name, whatever their
/// namespace; those that are not fields are told.
///
/// # Errors
///
/// [`Error`].
pub fn read(xml: &[u8]) -> Result<Document, Error> {
    let xml = xml.strip_prefix(b"\xef\xbb\xbf").unwrap_or(xml);
    let text = std::str::from_utf8(xml).map_err(|_| Error::Encoding)?;
    let mut reader = NsReader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut walk = Walk::default();
    loop {
        let event = reader.read_event().map_err(|_| Error::Malformed)?;
        match event {
            Event::Start(start) => walk.start(&reader, &start)?,
            Event::End(_) => walk.end(),
            Event::Text(piece) => walk.text(&piece)?,
            Event::CData(piece) => walk.text(&piece)?,
            Event::GeneralRef(reference) => {
                let resolved = match reference.resolve_char_ref() {
                    Ok(Some(character)) => character,
                    Ok(None) => predefined(&reference).ok_or(Error::Doctype)?,
                    Err(_) => return Err(Error::Malformed),
                };
                walk.text(resolved.encode_utf8(&mut [0; 4]))?;
            }
            Event::DocType(_) => return Err(Error::Doctype),
            Event::Empty(_) | Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
            Event::Eof => break,
        }
    }
    walk.finish()
}

/// The UsernameToken at the beginning of a SOAP envelope of which not all has come; none if it is not there yet.
pub fn credentials(beginning: &[u8]) -> Option<Credentials> {
    let text = std::str::from_utf8(beginning)
        .or_else(|error| std::str::from_utf8(beginning.get(..error.valid_up_to()).unwrap_or_default()));
    let mut reader = NsReader::from_str(text.ok()?.trim_start_matches('\u{feff}'));
    reader.config_mut().expand_empty_elements = true;
    let mut walk = Walk::default();
    while let Ok(event) = reader.read_event() {
        let gone_on = match event {
            Event::Start(start) => walk.start(&reader, &start),
            Event::End(_) => {
                walk.end();
                Ok(())
            }
            Event::Text(piece) => walk.text(&piece),
            Event::CData(piece) => walk.text(&piece),
            Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(character)) => walk.text(character.encode_utf8(&mut [0; 4])),
                Ok(None) => {
                    predefined(&reference).map_or(Err(Error::Doctype), |c| walk.text(c.encode_utf8(&mut [0; 4])))
                }
                Err(_) => Err(Error::Malformed),
            },
            Event::DocType(_) | Event::Eof => break,
            Event::Empty(_) | Event::Comment(_) | Event::PI(_) | Event::Decl(_) => Ok(()),
        };
        if gone_on.is_err() || walk.open.contains(&Place::Body) {
            break;
        }
    }
    Some(Credentials { user: walk.user?, password: walk.password? })
}

fn predefined(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

/// Where the walk is, and what it has gathered.
#[derive(Default)]
struct Walk {
    /// What each open element is.
    open: Vec<Place>,
    elements: usize,
    version: Option<SoapVersion>,
    /// The text of the element that is gathered, without that of its children.
    text: String,
    action: Option<String>,
    user: Option<String>,
    password: Option<SecretString>,
    root: Option<String>,
    fields: Fields,
    unknown: Vec<String>,
    include: Option<String>,
    payload: Option<String>,
    fault: Option<ReceivedFault>,
}

/// What an element is, by where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Envelope,
    Header,
    Body,
    Action,
    Security,
    Token,
    UserName,
    /// Of the UsernameToken; false if it is a digest.
    Password {
        plain: bool,
    },
    Root,
    Field(Field),
    Payload,
    Fault,
    FaultCode,
    FaultReason,
    /// The code or the reason themselves.
    FaultText {
        code: bool,
    },
    Other,
}

impl Walk {
    fn start(&mut self, reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Result<(), Error> {
        self.elements = self.elements.saturating_add(1);
        if self.open.len() >= MAX_DEPTH || self.elements > MAX_ELEMENTS || start.len() > MAX_TAG {
            return Err(Error::TooLarge);
        }
        let (namespace, name) = reader.resolver().resolve_element(start.name());
        let namespace = match namespace {
            ResolveResult::Bound(namespace) => namespace.into_inner(),
            ResolveResult::Unbound => "",
            ResolveResult::Unknown(_) => return Err(Error::Malformed),
        };
        let name = name.into_inner();
        let place = match (self.open.last(), name) {
            (None, _) => self.envelope(namespace, name)?,
            (Some(Place::Envelope), "Header") => Place::Header,
            (Some(Place::Envelope), "Body") => Place::Body,
            (Some(Place::Header), _) => self.header(reader, start, namespace, name)?,
            (Some(Place::Security), "UsernameToken") => Place::Token,
            (Some(Place::Token), "Username") => Place::UserName,
            (Some(Place::Token), "Password") => {
                let kind = attribute(start, "Type");
                Place::Password { plain: kind.is_none_or(|kind| !kind.ends_with("#PasswordDigest")) }
            }
            (Some(Place::Body), "Fault") if self.root.is_none() => {
                self.root = Some(name.to_owned());
                self.fault = Some(ReceivedFault::default());
                Place::Fault
            }
            (Some(Place::Body), _) if self.root.is_none() => {
                self.root = Some(name.to_owned());
                Place::Root
            }
            (Some(Place::Root), _) => self.child(name),
            (Some(Place::Payload), "Include") => {
                self.include = attribute(start, "href").map(|href| content_id(&href));
                Place::Other
            }
            (Some(Place::Fault), "Code") => Place::FaultCode,
            (Some(Place::Fault), "Reason") => Place::FaultReason,
            (Some(Place::Fault), "faultcode") => Place::FaultText { code: true },
            (Some(Place::Fault), "faultstring") => Place::FaultText { code: false },
            (Some(Place::FaultCode), "Value") => Place::FaultText { code: true },
            (Some(Place::FaultReason), "Text") => Place::FaultText { code: false },
            _ => Place::Other,
        };
        if place.gathers() {
            self.text.clear();
        }
        self.open.push(place);
        Ok(())
    }

    fn envelope(&mut self, namespace: &str, name: &str) -> Result<Place, Error> {
        let versions = [SoapVersion::V1_2, SoapVersion::V1_1];
        let version = versions.into_iter().find(|version| version.namespace() == namespace);
        match version {
            Some(_) if name == "Envelope" && self.version.is_none() => {
                self.version = version;
                Ok(Place::Envelope)
            }
            _ => Err(Error::Version),
        }
    }

    fn header(
        &mut self,
        reader: &NsReader<&[u8]>,
        start: &BytesStart<'_>,
        namespace: &str,
        name: &str,
    ) -> Result<Place, Error> {
        if namespace == SECURITY_NAMESPACE && name == "Security" {
            return Ok(Place::Security);
        }
        let addressing = namespace.contains("/addressing");
        if addressing && name == "Action" {
            return Ok(Place::Action);
        }
        if !addressing && self.must_be_understood(reader, start) {
            return Err(Error::MustUnderstand(name.chars().take(64).collect()));
        }
        Ok(Place::Other)
    }

    /// Whether a header is for us and has to be understood. Some clients write the attribute in no namespace.
    fn must_be_understood(&self, reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> bool {
        let mut must = false;
        for attribute in start.attributes().with_checks(false).flatten() {
            let (namespace, name) = reader.resolver().resolve_attribute(attribute.key);
            let ours = match namespace {
                ResolveResult::Bound(namespace) => {
                    self.version.is_some_and(|version| version.namespace() == namespace.into_inner())
                }
                ResolveResult::Unbound => true,
                ResolveResult::Unknown(_) => false,
            };
            let value = &*attribute.value;
            match name.into_inner() {
                "mustUnderstand" if ours => must = matches!(value.trim(), "1" | "true"),
                // Meant for somebody else on the way.
                "role" | "actor" if ours && !value.ends_with("/next") && !value.ends_with("/ultimateReceiver") => {
                    return false;
                }
                _ => {}
            }
        }
        must
    }

    fn child(&mut self, name: &str) -> Place {
        match Field::of(name) {
            Some(Field::Payload) => Place::Payload,
            Some(field) => Place::Field(field),
            None => {
                if self.unknown.len() < MAX_UNKNOWN {
                    self.unknown.push(name.chars().take(64).collect());
                }
                Place::Other
            }
        }
    }

    fn text(&mut self, piece: &str) -> Result<(), Error> {
        let Some(place) = self.open.last() else { return Ok(()) };
        if place.gathers() {
            if *place != Place::Payload && self.text.len().saturating_add(piece.len()) > MAX_TEXT {
                return Err(Error::TooLarge);
            }
            self.text.push_str(piece);
        }
        Ok(())
    }

    fn end(&mut self) {
        let Some(place) = self.open.pop() else { return };
        if !place.gathers() {
            return;
        }
        let text = std::mem::take(&mut self.text);
        match place {
            Place::Payload => self.payload = Some(text),
            // User name and password of a MIME envelope have no place here, and are not kept.
            Place::Field(Field::UserName | Field::Password) => {}
            Place::Field(field) => self.fields.set(field, text),
            Place::Action => self.action = Some(text),
            Place::UserName => self.user = Some(text.trim().to_owned()),
            Place::Password { plain: true } => self.password = Some(SecretString::from(text)),
            Place::FaultText { code } => {
                if let Some(fault) = &mut self.fault {
                    let text = text.trim();
                    if code {
                        let name = text.rsplit(':').next().unwrap_or(text);
                        fault.code = match name.split('.').next().unwrap_or(name) {
                            "Client" => "Sender".to_owned(),
                            "Server" => "Receiver".to_owned(),
                            other => other.to_owned(),
                        };
                    } else {
                        fault.reason = text.to_owned();
                    }
                }
            }
            _ => {}
        }
    }

    fn finish(self) -> Result<Document, Error> {
        let Some(version) = self.version else { return Err(Error::Version) };
        if !self.open.is_empty() {
            return Err(Error::Malformed);
        }
        let credentials = match (self.user, self.password) {
            (Some(user), Some(password)) => Some(Credentials { user, password }),
            _ => None,
        };
        let payload = match (self.include, self.payload) {
            (Some(id), _) => Some(PayloadForm::Include(id)),
            (None, Some(text)) if !text.trim().is_empty() => Some(PayloadForm::Inline(text)),
            (None, _) => None,
        };
        Ok(Document {
            version,
            action: self.action.map(|action| action.trim().to_owned()),
            credentials,
            root: self.root,
            fields: self.fields,
            unknown: self.unknown,
            payload,
            fault: self.fault,
        })
    }
}

impl Place {
    /// Whether its text is wanted.
    fn gathers(self) -> bool {
        matches!(
            self,
            Place::Action
                | Place::UserName
                | Place::Password { .. }
                | Place::Field(_)
                | Place::Payload
                | Place::FaultText { .. }
        )
    }
}

/// An attribute in no namespace.
fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = start.attributes().with_checks(false).flatten().find(|found| found.key.into_inner() == name)?;
    quick_xml::escape::unescape(&found.value).ok().map(std::borrow::Cow::into_owned)
}

/// The Content-ID that a `cid:` URL names: percent-decoded.
fn content_id(href: &str) -> String {
    let id = href.trim();
    let id = id.strip_prefix("cid:").or_else(|| id.strip_prefix("CID:")).unwrap_or(id);
    let mut bytes = Vec::with_capacity(id.len());
    let mut rest = id.as_bytes();
    while let [first, after @ ..] = rest {
        let decoded = match rest {
            [b'%', high, low, after @ ..] => match (hex_digit(*high), hex_digit(*low)) {
                (Some(high), Some(low)) => Some((high << 4 | low, after)),
                _ => None,
            },
            _ => None,
        };
        let (byte, after) = decoded.unwrap_or((*first, after));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    const S: &str = "http://www.w3.org/2003/05/soap-envelope";

    fn enveloped(header: &str, body: &str) -> String {
        format!("<s:Envelope xmlns:s=\"{S}\"><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>")
    }

    fn of(body: &str) -> Result<Document, Error> {
        read(enveloped("", body).as_bytes())
    }

    #[test]
    fn fields_are_read_whatever_their_namespace() {
        for body in [
            "<c:R xmlns:c='urn:x'><PayloadID> 7 </PayloadID><SenderID>A&amp;B</SenderID></c:R>",
            "<c:R xmlns:c='urn:x'><c:PayloadID> 7 </c:PayloadID><c:SenderID>A<![CDATA[&B]]></c:SenderID></c:R>",
            "<R xmlns='urn:x'><PayloadID xmlns=''> 7 </PayloadID><SenderID>A&#38;B</SenderID></R>",
        ] {
            let document = of(body).unwrap();
            assert_eq!(document.root.as_deref(), Some("R"));
            assert_eq!(document.fields.value(Field::PayloadId), Some("7"));
            assert_eq!(document.fields.value(Field::SenderId), Some("A&B"));
            assert!(document.payload.is_none() && document.unknown.is_empty());
        }
        assert_eq!(of("<R><Colour/></R>").unwrap().unknown, ["Colour"]);
    }

    #[test]
    fn payloads_are_found_in_each_form() {
        let inline = |body: &str| match of(body).unwrap().payload {
            Some(PayloadForm::Inline(text)) => text,
            other => panic!("{other:?}"),
        };
        assert_eq!(inline("<R><Payload>\n <![CDATA[ISA*&<~]]>\n</Payload></R>"), "\n ISA*&<~\n");
        assert_eq!(inline("<R><Payload>ISA*&amp;&lt;&#126;\r\nIEA</Payload></R>"), "ISA*&<~\r\nIEA");
        assert_eq!(inline("<R><Payload><![CDATA[a]]]]><![CDATA[>b]]></Payload></R>"), "a]]>b");
        let include = "<R><Payload> <x:Include xmlns:x='http://www.w3.org/2004/08/xop/include' \
                       href='cid:a%40b%25&amp;c'/> </Payload></R>";
        assert_eq!(of(include).unwrap().payload, Some(PayloadForm::Include("a@b%&c".to_owned())));
        assert_eq!(of("<R><Payload/></R>").unwrap().payload, None);
    }

    #[test]
    fn the_user_name_token_is_read() {
        let token = |attributes: &str, kind: &str| {
            let header = format!(
                "<w:Security xmlns:w='{SECURITY_NAMESPACE}' {attributes}><u:Timestamp xmlns:u='urn:u'>\
                 <u:Created>2026</u:Created></u:Timestamp><w:UsernameToken><w:Username> billco\n</w:Username>\
                 <w:Nonce>x</w:Nonce><w:Password {kind}>s3cret&amp;</w:Password></w:UsernameToken></w:Security>"
            );
            read(enveloped(&header, "<R/>").as_bytes()).unwrap().credentials
        };
        for attributes in ["", "mustUnderstand='1'", "s:mustUnderstand='true'"] {
            for kind in ["", "Type='http://x#PasswordText'"] {
                let credentials = token(attributes, kind).unwrap();
                assert_eq!(credentials.user, "billco");
                assert_eq!(credentials.password.expose_secret(), "s3cret&");
                assert!(!format!("{credentials:?}").contains("s3cret"));
            }
        }
        assert!(token("", "Type='http://x#PasswordDigest'").is_none());
    }

    #[test]
    fn headers_that_must_be_understood_are_understood_or_refused() {
        let with = |header: &str| read(enveloped(header, "<R/>").as_bytes()).map(|document| document.action);
        assert_eq!(
            with("<x:Route xmlns:x='urn:x' s:mustUnderstand='1'/>"),
            Err(Error::MustUnderstand("Route".to_owned()))
        );
        assert_eq!(with("<x:Route xmlns:x='urn:x' s:mustUnderstand='0'/>"), Ok(None));
        assert_eq!(with("<x:Route xmlns:x='urn:x' s:mustUnderstand='1' s:role='urn:other'/>"), Ok(None));
        let addressed = "<a:Action xmlns:a='http://www.w3.org/2005/08/addressing' s:mustUnderstand='1'> X </a:Action>";
        assert_eq!(with(addressed), Ok(Some("X".to_owned())));
    }

    #[test]
    fn faults_of_both_versions_are_read() {
        let expected = ReceivedFault { code: "Sender".to_owned(), reason: "No.".to_owned() };
        let new = "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>x</s:Value></s:Subcode></s:Code>\
                   <s:Reason><s:Text xml:lang='en'>No.</s:Text></s:Reason></s:Fault>";
        assert_eq!(of(new).unwrap().fault, Some(expected.clone()));
        let old = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><s:Fault>\
                   <faultcode>s:Client.Bad</faultcode><faultstring>No.</faultstring></s:Fault></s:Body></s:Envelope>";
        let document = read(old.as_bytes()).unwrap();
        assert_eq!(document.version, SoapVersion::V1_1);
        assert_eq!(document.fault, Some(expected));
    }

    #[test]
    fn what_could_hurt_is_refused() {
        let bomb = format!("<!DOCTYPE x [<!ENTITY a \"b\">]>{}", enveloped("", "<R><SenderID>&a;</SenderID></R>"));
        assert_eq!(read(bomb.as_bytes()).unwrap_err(), Error::Doctype);
        assert_eq!(of("<R><SenderID>&a;</SenderID></R>").unwrap_err(), Error::Doctype);
        let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
        assert_eq!(of(&deep).unwrap_err(), Error::TooLarge);
        assert_eq!(of(&format!("<R>{}</R>", "<a/>".repeat(MAX_ELEMENTS))).unwrap_err(), Error::TooLarge);
        assert_eq!(of(&format!("<R a='{}'/>", "x".repeat(MAX_TAG))).unwrap_err(), Error::TooLarge);
        assert_eq!(
            of(&format!("<R><SenderID>{}</SenderID></R>", "x".repeat(MAX_TEXT + 1))).unwrap_err(),
            Error::TooLarge
        );
        assert_eq!(read(b"\xff").unwrap_err(), Error::Encoding);
        assert_eq!(read(b"<html/>").unwrap_err(), Error::Version);
        assert_eq!(read(b"").unwrap_err(), Error::Version);
        assert_eq!(read(&enveloped("", "<R/>").as_bytes()[..90]).unwrap_err(), Error::Malformed);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[<>/a-cs:=' &;!\\[\\]RPayload]{0,60}") {
            let _ = of(&text);
            let _ = read(text.as_bytes());
        }
    }
}
