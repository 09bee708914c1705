//! Every operation, in every envelope, its action said in every way.

use base64::{Engine, prelude::BASE64_STANDARD};
use claimwire::gateway::connect::{
    Content,
    core::envelope::{Act, Operation},
};

use super::*;

const XMLNS: &str = "http://www.caqh.org/SOAP/WSDL/CORERule2.2.0.xsd";

/// How a payload stands in SOAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placing {
    Mtom,
    Base64,
    Cdata,
}

/// How an action is said.
#[derive(Clone, Copy, Debug)]
enum Saying {
    Quoted,
    SingleQuoted,
    Bare,
    StartInfo,
    SoapAction,
    ActionHeader,
    Absent,
}

pub fn kind_of(operation: Operation) -> &'static str {
    match operation {
        Operation::RealTime | Operation::BatchSubmit => "X12_837_Request_005010X222A1",
        Operation::BatchSubmitAckRetrieval => "X12_999_RetrievalRequest_005010X231A1",
        Operation::BatchResultsRetrieval => "X12_005010_Request_Batch_Results_277",
        Operation::BatchResultsAckSubmit => "X12_999_SubmissionRequest_005010X231A1",
        Operation::GenericBatchSubmission => "X12_835_Response_005010X221A1",
        Operation::GenericBatchRetrieval => "X12_835_Request_005010X221A1",
        Operation::GenericBatchReceiptConfirmation => "X12_TA1_SubmissionRequest_00501X231A1",
        other => panic!("{other}"),
    }
}

fn answer_to(operation: Operation) -> &'static str {
    match operation {
        Operation::RealTime => "X12_TA1_Response_00501X231A1",
        Operation::BatchSubmit | Operation::GenericBatchSubmission => "X12_BatchReceiptConfirmation",
        Operation::BatchSubmitAckRetrieval => "X12_999_Response_005010X231A1",
        Operation::BatchResultsRetrieval => "X12_277CA_Response_005010X214",
        Operation::GenericBatchRetrieval => "X12_835_Response_005010X221A1",
        Operation::BatchResultsAckSubmit | Operation::GenericBatchReceiptConfirmation => {
            "X12_Response_ConfirmReceiptReceived"
        }
        other => panic!("{other}"),
    }
}

/// A SOAP envelope with the user name token of billco.
pub fn envelope(root: &str, fields: &[(&str, &str)], payload: &str) -> String {
    let children: String = fields
        .iter()
        .filter(|(name, _)| !matches!(*name, "UserName" | "Password" | "Payload"))
        .map(|(name, value)| format!("<{name}>{value}</{name}>"))
        .collect();
    let payload = if payload.is_empty() { String::new() } else { format!("<Payload>{payload}</Payload>") };
    format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Header><w:Security s:mustUnderstand=\"true\" \
         xmlns:w=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\"><w:UsernameToken>\
         <w:Username>billco</w:Username><w:Password>s3cret</w:Password></w:UsernameToken></w:Security></s:Header>\
         <s:Body><c:{root} xmlns:c=\"{XMLNS}\">{children}{payload}</c:{root}></s:Body></s:Envelope>"
    )
}

/// A request as it is posted: Content-Type, headers and body.
fn request(
    operation: Operation,
    placing: Placing,
    saying: Saying,
    id: &str,
) -> (String, Vec<(&'static str, String)>, Vec<u8>) {
    let mut fields = fields(kind_of(operation), operation.mode().name(), id);
    let has_payload = operation.act() != Act::Retrieve;
    if operation.act() == Act::Submit {
        fields.extend([("PayloadLength", "154"), ("CheckSum", SHA1)]);
    }
    let inside = match placing {
        _ if !has_payload => String::new(),
        Placing::Mtom => "\n <xop:Include xmlns:xop=\"http://www.w3.org/2004/08/xop/include\" \
                          href=\"cid:payload%401\"/>\n "
            .to_owned(),
        Placing::Base64 => BASE64_STANDARD.encode(PAYLOAD),
        Placing::Cdata => format!("\n <![CDATA[{PAYLOAD}]]>\n"),
    };
    let envelope = envelope(operation.request(), &fields, &inside);
    let (parameter, headers) = match saying {
        Saying::Quoted => (format!("; action=\"{operation}\""), vec![]),
        Saying::SingleQuoted => (format!("; action='{operation}'"), vec![]),
        Saying::Bare => (format!("; action={operation}"), vec![]),
        Saying::StartInfo => (format!("; start-info=\"application/soap+xml; action=\\\"{operation}\\\"\""), vec![]),
        Saying::SoapAction => (String::new(), vec![("SOAPAction", format!("\"{operation}\""))]),
        Saying::ActionHeader => (String::new(), vec![("Action", operation.to_string())]),
        Saying::Absent => (String::new(), vec![]),
    };
    if placing == Placing::Mtom {
        let body = format!(
            "--B=1\r\nContent-Type: application/xop+xml\r\nContent-ID: <root@1>\r\n\r\n{envelope}\r\n--B=1\r\n\
             Content-Transfer-Encoding: binary\r\nContent-ID: <payload@1>\r\n\r\n{PAYLOAD}\r\n--B=1--\r\n"
        );
        let kind = "multipart/related; boundary=\"B=1\"; type=\"application/xop+xml\"; start=\"<root@1>\"";
        return (format!("{kind}{parameter}"), headers, body.into_bytes());
    }
    (format!("application/soap+xml; charset=UTF-8{parameter}"), headers, envelope.into_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_done_in_soap_however_it_is_written() {
    let world = World::new().await;
    for content in [Content::Acknowledgment999, Content::ClaimAcknowledgment277, Content::Remittance835] {
        world.payer.waiting.lock().unwrap().push(parcel(content, PAYLOAD));
    }
    for operation in Operation::ALL {
        for placing in [Placing::Mtom, Placing::Base64, Placing::Cdata] {
            for saying in [
                Saying::Quoted,
                Saying::SingleQuoted,
                Saying::Bare,
                Saying::StartInfo,
                Saying::SoapAction,
                Saying::ActionHeader,
                Saying::Absent,
            ] {
                let case = format!("{operation} {placing:?} {saying:?}");
                let id = id();
                let (content_type, headers, body) = request(operation, placing, saying, &id);
                let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let answer = world.post(&content_type, &headers, body).await;
                assert_eq!(answer.status, 200, "{case}");
                assert_eq!(answer.code(), "Success", "{case}");
                assert_eq!(answer.field("ErrorMessage").as_deref(), Some("None"), "{case}");
                assert_eq!(answer.field("PayloadType").as_deref(), Some(answer_to(operation)), "{case}");
                assert_eq!(answer.field("PayloadID").as_deref(), Some(id.as_str()), "{case}");
                assert_eq!(answer.field("SenderID").as_deref(), Some("PAYERB"), "{case}");
                assert_eq!(answer.field("ReceiverID").as_deref(), Some("BILLCO"), "{case}");
                assert!(answer.text().contains(&format!(":{} xmlns:", operation.response())), "{case}");
                match operation.act() {
                    Act::Converse => {
                        let payload = answer.field("Payload").unwrap();
                        assert_eq!(payload, format!("<![CDATA[{PAYLOAD}]]>"), "{case}");
                    }
                    Act::Retrieve => {
                        assert_eq!(answer.field("PayloadLength").as_deref(), Some("154"), "{case}");
                        assert_eq!(answer.field("CheckSum").as_deref(), Some(SHA1), "{case}");
                        match placing {
                            Placing::Mtom => assert_eq!(answer.attachment(), PAYLOAD.as_bytes(), "{case}"),
                            _ => {
                                let payload = answer.field("Payload").unwrap();
                                assert_eq!(BASE64_STANDARD.decode(payload).unwrap(), PAYLOAD.as_bytes(), "{case}");
                            }
                        }
                        assert_eq!(world.payer.fetched.lock().unwrap().last().unwrap().1, Some(id), "{case}");
                    }
                    Act::Submit | Act::Confirm => assert_eq!(answer.field("Payload"), None, "{case}"),
                }
                if operation.act() != Act::Retrieve {
                    let last = world.payer.kept().pop().unwrap();
                    assert_eq!(hex::encode(last.sha256), SHA256, "{case}");
                    assert_eq!(last.partner, "billco");
                }
            }
        }
    }
    assert_eq!(world.spooled(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_done_in_a_form_with_any_line_ends_and_order() {
    let world = World::new().await;
    for content in [Content::Acknowledgment999, Content::ClaimAcknowledgment277, Content::Remittance835] {
        world.payer.waiting.lock().unwrap().push(parcel(content, PAYLOAD));
    }
    for operation in Operation::ALL {
        for end in ["\r\n", "\n"] {
            for backwards in [false, true] {
                let case = format!("{operation} {end:?} {backwards}");
                let id = id();
                let mut fields = fields(kind_of(operation), operation.mode().name(), &id);
                if operation.act() == Act::Submit {
                    fields.extend([("PayloadLength", "154"), ("CheckSum", SHA1)]);
                }
                if operation.act() != Act::Retrieve {
                    fields.push(("Payload", PAYLOAD));
                }
                if backwards {
                    fields.reverse();
                }
                let answer = world.post_form(&fields, end).await;
                assert_eq!(answer.code(), "Success", "{case}");
                assert_eq!(answer.field("PayloadType").as_deref(), Some(answer_to(operation)), "{case}");
                assert_eq!(answer.field("UserName"), None);
                assert_eq!(answer.field("Password"), None);
                match operation.act() {
                    Act::Converse => assert_eq!(answer.field("Payload").as_deref(), Some(PAYLOAD), "{case}"),
                    Act::Retrieve => {
                        assert_eq!(answer.field("Payload").as_deref(), Some(PAYLOAD), "{case}");
                        assert_eq!(answer.field("CheckSum").as_deref(), Some(SHA1), "{case}");
                    }
                    Act::Submit | Act::Confirm => assert_eq!(answer.field("Payload"), None, "{case}"),
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_wait_is_said_so_and_what_was_fetched_is_confirmed() {
    let world = World::new().await;
    let none = world.post_form(&fields("X12_999_RetrievalRequest_005010X231A1", "Batch", &id()), "\r\n").await;
    assert_eq!(none.code(), "Success");
    assert_eq!(none.field("PayloadType").as_deref(), Some("X12_005010_Response_NoBatchAckFile"));
    let none = world.post_form(&fields("X12_835_Request_005010X221A1", "Batch", &id()), "\r\n").await;
    assert_eq!(none.field("PayloadType").as_deref(), Some("X12_005010_Response_NoBatchResultsFile"));
    assert_eq!(none.field("Payload"), None);
    assert!(world.payer.fetched.lock().unwrap().is_empty());
    let asked = world.payer.asked.lock().unwrap()[0].kinds.clone();
    assert_eq!(asked, [Content::Acknowledgment999, Content::InterchangeAcknowledgmentTa1]);

    world.payer.waiting.lock().unwrap().push(parcel(Content::Remittance835, PAYLOAD));
    let fetch = id();
    world.post_form(&fields("X12_835_Request_005010X221A1", "Batch", &fetch), "\r\n").await;
    let confirm = fields("X12_Response_ConfirmReceiptReceived", "Batch", &fetch);
    assert_eq!(world.post_form(&confirm, "\r\n").await.code(), "Success");
    assert_eq!(*world.payer.confirmed.lock().unwrap(), [fetch]);
    let unknown = id();
    let confirm = fields("X12_Response_ConfirmReceiptReceived", "Batch", &unknown);
    assert_eq!(world.post_form(&confirm, "\r\n").await.code(), "PayloadIDIllegal");
}

#[tokio::test(flavor = "multi_thread")]
async fn children_may_stand_in_any_namespace_and_the_envelope_may_be_old() {
    let world = World::new().await;
    let id = id();
    let mut fields = fields("X12_837_Request_005010X222A1", "Batch", &id);
    fields.extend([("PayloadLength", "154"), ("CheckSum", SHA1)]);
    let plain = envelope("COREEnvelopeBatchSubmission", &fields, &BASE64_STANDARD.encode(PAYLOAD));
    let mut qualified = plain.clone();
    for name in fields.iter().map(|(name, _)| *name).chain(["Payload"]) {
        qualified = qualified.replace(&format!("<{name}>"), &format!("<c:{name}>"));
        qualified = qualified.replace(&format!("</{name}>"), &format!("</c:{name}>"));
    }
    assert_ne!(plain, qualified);
    let default = plain.replace("<c:CORE", "<CORE").replace("</c:CORE", "</CORE").replace("xmlns:c=", "xmlns=");
    let own = plain.replace(XMLNS, "http://emedny.org/CORERule.xsd");
    for body in [plain.clone(), qualified, default, own] {
        assert_eq!(world.post("application/soap+xml", &[], body).await.code(), "Success");
    }
    let old = plain.replace("http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/");
    let answer = world.post("text/xml", &[("SOAPAction", "\"BatchSubmitTransaction\"")], old.clone()).await;
    assert_eq!(answer.code(), "Success");
    assert!(answer.content_type.starts_with("text/xml"));
    assert!(answer.text().contains("http://schemas.xmlsoap.org/soap/envelope/"));
    // A SOAP 1.2 envelope under the media type of 1.1.
    let answer = world.post("text/xml", &[], plain).await;
    assert!(answer.content_type.starts_with("application/soap+xml"), "{}", answer.content_type);
    assert_eq!(answer.code(), "Success");
    assert_eq!(world.payer.kept().len(), 1, "all were one file");
}
