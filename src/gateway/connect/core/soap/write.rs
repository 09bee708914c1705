use std::borrow::Cow;
use std::fmt::Write;

use quick_xml::escape::{escape, minimal_escape};
use secrecy::ExposeSecret;

use super::{PASSWORD_TEXT, ROOT_NAMESPACE, SECURITY_NAMESPACE, SoapVersion, XOP_NAMESPACE};
use crate::gateway::connect::core::{
    envelope::{Credentials, Field, Fields},
    fault::FaultCode,
};

/// How an envelope is written.
#[derive(Clone, Copy, Debug)]
pub struct Style<'a> {
    /// The version of SOAP.
    pub version: SoapVersion,
    /// The namespace of the root element; that of the rule if none is given.
    pub namespace: Option<&'a str>,
}

/// An envelope, cut where its payload goes. Without a payload the two belong together.
#[derive(Debug)]
pub struct Around {
    /// What stands before the payload.
    pub before: String,
    /// What stands after it.
    pub after: String,
}

/// Writes an envelope around its payload. Only the root is in a namespace, as the schema has it.
pub fn around(
    style: Style<'_>,
    root: &str,
    credentials: Option<&Credentials>,
    fields: &Fields,
    with_payload: bool,
) -> Around {
    let mut before = String::with_capacity(2048);
    let _ = write!(
        before,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soap:Envelope xmlns:soap=\"{}\">",
        style.version.namespace()
    );
    if let Some(credentials) = credentials {
        let _ = write!(
            before,
            "<soap:Header><wsse:Security xmlns:wsse=\"{SECURITY_NAMESPACE}\" soap:mustUnderstand=\"{}\">\
             <wsse:UsernameToken><wsse:Username>{}</wsse:Username><wsse:Password Type=\"{PASSWORD_TEXT}\">{}\
             </wsse:Password></wsse:UsernameToken></wsse:Security></soap:Header>",
            match style.version {
                SoapVersion::V1_1 => "1",
                SoapVersion::V1_2 => "true",
            },
            text(&credentials.user),
            text(credentials.password.expose_secret()),
        );
    }
    let namespace = style.namespace.unwrap_or(ROOT_NAMESPACE);
    let _ = write!(before, "<soap:Body><core:{root} xmlns:core=\"{}\">", escape(namespace));
    let mut after = String::with_capacity(256);
    for (field, value) in fields.iter() {
        let to = if field > Field::Payload { &mut after } else { &mut before };
        let _ = write!(to, "<{field}>{}</{field}>", text(value));
    }
    if with_payload {
        before.push_str("<Payload>");
        after.insert_str(0, "</Payload>");
    }
    let _ = write!(after, "</core:{root}></soap:Body></soap:Envelope>");
    Around { before, after }
}

/// The element that says where the payload is.
pub fn include(content_id: &str) -> String {
    format!("<xop:Include xmlns:xop=\"{XOP_NAMESPACE}\" href=\"cid:{content_id}\"/>")
}

/// Writes a fault.
pub fn fault(version: SoapVersion, code: FaultCode, reason: &str) -> String {
    let namespace = version.namespace();
    let inside = match version {
        SoapVersion::V1_2 => format!(
            "<soap:Code><soap:Value>soap:{}</soap:Value></soap:Code>\
             <soap:Reason><soap:Text xml:lang=\"en\">{}</soap:Text></soap:Reason>",
            code.name(),
            text(reason)
        ),
        SoapVersion::V1_1 => {
            format!("<faultcode>soap:{}</faultcode><faultstring>{}</faultstring>", code.name_of_1_1(), text(reason))
        }
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soap:Envelope xmlns:soap=\"{namespace}\"><soap:Body>\
         <soap:Fault>{inside}</soap:Fault></soap:Body></soap:Envelope>"
    )
}

/// Whether XML can say these bytes as they are.
pub fn sayable(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.chars().all(is_xml).then_some(text)
}

/// A payload as a CDATA section. Line ends are kept: an XML reader would make LF of a CR that stands as it is.
pub fn cdata(payload: &str) -> String {
    let mut written = String::with_capacity(payload.len().saturating_add(32));
    written.push_str("<![CDATA[");
    written.push_str(&payload.replace("]]>", "]]]]><![CDATA[>").replace('\r', "]]>&#13;<![CDATA["));
    written.push_str("]]>");
    written
}

/// Text of an element. What XML cannot say is left out.
pub fn text(value: &str) -> Cow<'_, str> {
    if value.chars().all(|c| is_xml(c) && c != '\r') {
        return minimal_escape(value);
    }
    let sayable: String = value.chars().filter(|c| is_xml(*c)).collect();
    Cow::Owned(minimal_escape(sayable.as_str()).replace('\r', "&#13;"))
}

/// Whether XML 1.0 has this character.
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::super::{PayloadForm, read};
    use super::*;
    use proptest::prelude::*;

    const STYLE: Style<'static> = Style { version: SoapVersion::V1_2, namespace: None };

    fn payload_of(written: &str) -> Option<PayloadForm> {
        let around = around(STYLE, "R", None, &Fields::default(), true);
        read(format!("{}{written}{}", around.before, around.after).as_bytes()).unwrap().payload
    }

    #[test]
    fn what_is_written_is_read() {
        let fields = Fields::default()
            .with(Field::PayloadType, "X")
            .with(Field::SenderId, "A & <B>")
            .with(Field::ErrorCode, "Success\u{1}");
        let credentials = Credentials { user: "u<".to_owned(), password: "p]]>&".to_owned().into() };
        for version in [SoapVersion::V1_1, SoapVersion::V1_2] {
            let style = Style { version, namespace: Some("urn:own") };
            let written = around(style, "COREEnvelopeBatchSubmission", Some(&credentials), &fields, false);
            let written = format!("{}{}", written.before, written.after);
            assert!(written.contains("<PayloadType>X</PayloadType><SenderID>"));
            assert!(written.contains("xmlns:core=\"urn:own\""));
            let document = read(written.as_bytes()).unwrap();
            assert_eq!(document.version, version);
            assert_eq!(document.root.as_deref(), Some("COREEnvelopeBatchSubmission"));
            assert_eq!(document.fields.value(Field::SenderId), Some("A & <B>"));
            assert_eq!(document.fields.value(Field::ErrorCode), Some("Success"));
            let read_credentials = document.credentials.unwrap();
            assert_eq!(read_credentials.user, credentials.user);
            assert_eq!(read_credentials.password.expose_secret(), credentials.password.expose_secret());
            let written = fault(version, FaultCode::Sender, "a < b");
            let document = read(written.as_bytes()).unwrap();
            assert_eq!(document.fault.map(|fault| (fault.code, fault.reason)), Some(("Sender".into(), "a < b".into())));
        }
        assert_eq!(payload_of(&include("a@b")), Some(PayloadForm::Include("a@b".to_owned())));
        assert_eq!(sayable(b"ISA\x1d"), None);
        assert_eq!(sayable(b"\xff"), None);
    }

    proptest! {
        #[test]
        fn payloads_come_back(payload in "ISA[ -~\r\n\\]>&<]{0,40}~") {
            let expected = Some(PayloadForm::Inline(payload.clone()));
            prop_assert_eq!(payload_of(&cdata(&payload)), expected);
            prop_assert_eq!(payload_of(&text(&payload)), Some(PayloadForm::Inline(payload)));
        }
    }
}
