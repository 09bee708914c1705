//! What is refused, with which code, in the order of the rule.

use std::time::Duration;

use claimwire::gateway::connect::core::{
    checksum::Enforcement,
    payload_type::{PayloadType, Registry},
    settings::Dialect,
};

use super::{matrix::envelope, *};

/// A submission with one field said otherwise, or left out.
fn but<'a>(mut fields: Vec<(&'a str, &'a str)>, name: &str, value: Option<&'a str>) -> Vec<(&'a str, &'a str)> {
    match value {
        Some(value) => fields.iter_mut().filter(|(found, _)| *found == name).for_each(|field| field.1 = value),
        None => fields.retain(|(found, _)| *found != name),
    }
    fields
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_has_its_code_in_both_envelopes() {
    let world = World::with("receivers = [\"payerb\"]", None).await;
    let many = "x".repeat(51);
    let cases: &[(&str, Option<&str>, &str, &str)] = &[
        ("CORERuleVersion", None, "CORERuleVersionRequired", "missing"),
        ("CORERuleVersion", Some("4.0.0"), "VersionMismatch", "2.2.0"),
        ("SenderID", Some("OTHER"), "SenderIDIllegal", "credentials"),
        ("SenderID", None, "SenderIDRequired", "missing"),
        ("PayloadType", None, "PayloadTypeRequired", "missing"),
        ("PayloadType", Some("X12_270_Request_005010X279A1"), "PayloadTypeIllegal", "exchanged here"),
        ("ProcessingMode", None, "ProcessingModeRequired", "missing"),
        ("ProcessingMode", Some("Fast"), "ProcessingModeIllegal", "RealTime or Batch"),
        ("PayloadID", None, "PayloadIDRequired", "missing"),
        ("PayloadLength", None, "PayloadLengthRequired", "missing"),
        ("PayloadLength", Some("much"), "PayloadLengthIllegal", "number of bytes"),
        ("PayloadLength", Some("155"), "PayloadLengthIllegal", "155 bytes, 154 came"),
        ("ReceiverID", None, "ReceiverIDRequired", "missing"),
        ("ReceiverID", Some(&many), "ReceiverIDIllegal", "50"),
        ("ReceiverID", Some("PAYERC"), "ReceiverIDIllegal", "answers to"),
        ("CheckSum", None, "CheckSumRequired", "missing"),
        ("CheckSum", Some("43B8485AB5"), "ChecksumMismatched", "SHA-1"),
        ("CheckSum", Some("47d92bc987c5fca6d8325a23da4bc370aa2f9e44"), "ChecksumMismatched", "CRLF"),
        ("CheckSum", Some("db87ba336bfc641ac3974aa8817e8df43f528773"), "ChecksumMismatched", "LF"),
        ("Payload", None, "PayloadRequired", "missing"),
    ];
    for (name, value, code, words) in cases {
        let id = id();
        let fields = but(submission(&id), name, *value);
        let case = format!("{name} {value:?}");
        let answer = world.post_form(&fields, "\r\n").await;
        let payload = fields.iter().find(|(name, _)| *name == "Payload").map_or(String::new(), |_| PAYLOAD.to_owned());
        let soap = envelope("COREEnvelopeBatchSubmission", &fields, &payload);
        let soap = world.post("application/soap+xml", &[], soap).await;
        for answer in [answer, soap] {
            assert_eq!((answer.status, answer.code().as_str()), (200, *code), "{case}");
            assert_eq!(answer.field("PayloadType").as_deref(), Some("CoreEnvelopeError"), "{case}");
            assert_eq!(answer.field("Payload"), None, "{case}");
            let message = answer.field("ErrorMessage").unwrap();
            assert!(message.contains(words), "{case}: {message}");
            assert!(!answer.text().contains("s3cret") && !message.contains("ISA*"), "{case}");
            if *name != "PayloadID" {
                assert_eq!(answer.field("PayloadID").as_deref(), Some(id.as_str()), "{case}");
            }
        }
    }
    assert_eq!(world.payer.kept(), []);
    assert_eq!(world.spooled(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_stamp_is_never_a_reason() {
    let world = World::new().await;
    for value in [None, Some("yesterday"), Some("2026-01-15T14:30:123Z")] {
        let id = id();
        assert_eq!(world.post_form(&but(submission(&id), "TimeStamp", value), "\n").await.code(), "Success");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_let_in_and_told_nothing() {
    let refused = |answer: Answer| {
        assert_eq!((answer.status, answer.code().as_str()), (200, "UnAuthorized"));
        assert!(!answer.text().contains("s3cret"));
    };
    let id = id();
    let world = World::new().await;
    refused(world.post_form(&but(submission(&id), "Password", Some("wrong")), "\r\n").await);
    refused(world.post_form(&but(submission(&id), "Password", None), "\r\n").await);
    refused(world.post_form(&but(submission(&id), "UserName", Some("nobody")), "\r\n").await);
    let soap = envelope("COREEnvelopeBatchSubmission", &submission(&id), PAYLOAD);
    refused(world.post("application/soap+xml", &[], soap.replace("s3cret", "wrong")).await);
    refused(world.post("application/soap+xml", &[], soap.replace("w:Password", "w:Word")).await);
    // Who may not come in does not learn which fields are wrong.
    refused(world.post_form(&but(but(submission(&id), "Password", None), "PayloadType", None), "\r\n").await);

    let unknown = World::with("", Some([1; 32])).await;
    refused(unknown.post_form(&but(submission(&id), "Password", None), "\r\n").await);
    let by_certificate = World::with("", Some(CERTIFICATE)).await;
    let bare = but(but(submission(&id), "Password", None), "UserName", None);
    assert_eq!(by_certificate.post_form(&bare, "\r\n").await.code(), "Success");
    assert_eq!(by_certificate.post_form(&submission(&id), "\r\n").await.code(), "Success");
    // A certificate of one partner with the password of another.
    let other = but(but(submission(&id), "UserName", Some("other")), "Password", Some("other"));
    refused(by_certificate.post_form(&other, "\r\n").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_id_is_a_repeat_or_refused() {
    let world = World::new().await;
    let id = id();
    let braced = format!("{{{}}}", id.to_uppercase());
    assert_eq!(world.post_form(&submission(&id), "\r\n").await.code(), "Success");
    let repeat = world.post_form(&submission(&braced), "\r\n").await;
    assert_eq!(repeat.code(), "Success");
    assert_eq!(repeat.field("PayloadID").as_deref(), Some(braced.as_str()), "said back as it was said");
    assert_eq!(world.payer.kept().len(), 1);
    let mut changed = but(submission(&id), "Payload", Some("ISA*other~"));
    changed.retain(|(name, _)| *name != "CheckSum" && *name != "PayloadLength");
    changed.extend([("PayloadLength", "10"), ("CheckSum", "a8ffa1c5b4ca39f8ac4e56cf8ce1fd5f8ea0cbe7")]);
    let sum = parcel(Content::Claims837P, "ISA*other~").sha1;
    let sum = hex::encode(sum);
    let changed = but(changed, "CheckSum", Some(&sum));
    let answer = world.post_form(&changed, "\r\n").await;
    assert_eq!(answer.code(), "PayloadIDIllegal");
    assert!(answer.field("ErrorMessage").unwrap().contains("different file"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_a_fault() {
    let world = World::new().await;
    let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let id = id();
    let whole = envelope("COREEnvelopeBatchSubmission", &submission(&id), PAYLOAD);
    let cases: &[(String, &str)] = &[
        (format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{whole}"), "Sender"),
        (whole.replace("BILLCO", "&b;"), "Sender"),
        (whole.replace("<PayloadType>", &format!("{deep}<PayloadType>")), "Sender"),
        (whole.replace("</s:Body>", ""), "Sender"),
        (whole.replace("BatchSubmission", "Nonsense"), "Sender"),
        ("<html/>".to_owned(), "VersionMismatch"),
        (whole.replace("2003/05", "2099/05"), "VersionMismatch"),
        (whole.replace("<s:Header>", "<s:Header><x:R xmlns:x='urn:x' s:mustUnderstand='1'/>"), "MustUnderstand"),
    ];
    for (body, code) in cases {
        let answer = world.post("application/soap+xml", &[], body.clone()).await;
        assert_eq!(answer.status, 500, "{code}");
        assert!(answer.text().contains(&format!("<soap:Value>soap:{code}</soap:Value>")), "{}", answer.text());
    }
    // An action that does not go with the root.
    let answer = world.post("application/soap+xml; action=\"RealTimeTransaction\"", &[], whole.clone()).await;
    assert!(answer.text().contains("COREEnvelopeRealTimeRequest"), "{}", answer.text());
    // A payload that is neither base64 nor an interchange.
    let odd = envelope("COREEnvelopeBatchSubmission", &submission(&id), "GS*HC~");
    assert_eq!(world.post("application/soap+xml", &[], odd).await.code(), "PayloadIllegal");

    let related = "multipart/related; boundary=B; start=\"<r>\"";
    let include = "<xop:Include xmlns:xop=\"http://www.w3.org/2004/08/xop/include\" href=\"cid:gone\"/>";
    let including = envelope("COREEnvelopeBatchSubmission", &submission(&id), include);
    let body = format!("--B\r\nContent-ID: <r>\r\n\r\n{including}\r\n--B\r\nContent-ID: <p>\r\n\r\nISA\r\n--B--");
    assert_eq!(world.post(related, &[], body.clone()).await.code(), "PayloadIllegal");
    let truncated = world.post(related, &[], body.trim_end_matches("--B--").to_owned()).await;
    assert_eq!(truncated.status, 500);
    assert!(truncated.text().contains("closing boundary"));
    // `start` names no part: the XML one is the envelope.
    let odd_start = body.replace("cid:gone", "cid:p").replace("<r>", "<x>").replace("\r\n\r\nISA", "\r\n\r\nISA~");
    let odd_start = odd_start.replacen("Content-ID", "Content-Type: text/xml\r\nContent-ID", 1);
    assert_eq!(world.post(related, &[], odd_start).await.code(), "PayloadLengthIllegal", "it was found");

    let form = "multipart/form-data; boundary=XbndQ7";
    let broken = world.post(form, &[], "--XbndQ7\r\n\r\nISA").await;
    assert_eq!((broken.status, broken.code().as_str()), (400, "Sender"));
    assert_eq!(world.post("multipart/form-data", &[], "").await.status, 400);
    let mut twice = submission(&id);
    twice.push(("Payload", PAYLOAD));
    assert_eq!(world.post_form(&twice, "\r\n").await.code(), "PayloadIllegal");
    let encodings = "--XbndQ7\r\nContent-Disposition: form-data; name=Payload\r\nContent-Transfer-Encoding: base64\r\n\r\n\
                     !!\r\n--XbndQ7--";
    assert_eq!(world.post(form, &[], encodings).await.status, 400);
    assert_eq!(world.payer.kept(), []);
    assert_eq!(world.spooled(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn http_says_what_http_can() {
    let world = World::with("limit = 4096\ninline_limit = 2048", None).await;
    assert_eq!(world.post("application/json", &[], "{}").await.status, 415);
    assert_eq!(world.post("text/xml", &[("Content-Encoding", "gzip")], "{}").await.status, 415);
    let id = id();
    let large = "A".repeat(5000);
    let form = form(&but(submission(&id), "Payload", Some(&large)), "\r\n");
    assert_eq!(world.post("multipart/form-data; boundary=XbndQ7", &[], form.clone()).await.status, 413);
    let chunks = futures_util::stream::iter(
        form.chunks(100).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())).collect::<Vec<_>>(),
    );
    let streamed = reqwest::Body::wrap_stream(chunks);
    assert_eq!(world.post("multipart/form-data; boundary=XbndQ7", &[], streamed).await.status, 413);
    let inline = envelope("COREEnvelopeBatchSubmission", &submission(&id), &"A".repeat(2500));
    assert_eq!(world.post("application/soap+xml", &[], inline).await.status, 413);
    let client = http();
    assert_eq!(client.get(world.url()).send().await.unwrap().status(), 404);
    assert_eq!(client.put(world.url()).send().await.unwrap().status(), 405);
    assert_eq!(client.post(format!("http://{}/", world.address)).send().await.unwrap().status(), 404);
    let wsdl = client.get(world.url() + "?WSDL").send().await.unwrap().text().await.unwrap();
    assert!(wsdl.contains(&format!("location=\"{}\"", world.url())));
    let xsd = client.get(world.url() + "?xsd").send().await.unwrap().text().await.unwrap();
    assert!(xsd.contains("COREEnvelopeBatchSubmission"));

    *world.payer.refuses.lock().unwrap() = Some(ServiceError::Unavailable { retry_after: Duration::from_secs(90) });
    let away = world.post_form(&submission(&id), "\r\n").await;
    assert_eq!((away.status, away.code().as_str()), (503, "Receiver"));
    assert_eq!(away.retry_after.as_deref(), Some("90"));
    *world.payer.refuses.lock().unwrap() = Some(ServiceError::TooLarge);
    assert_eq!(world.post_form(&submission(&id), "\r\n").await.status, 413);
    *world.payer.refuses.lock().unwrap() = Some(ServiceError::Forbidden);
    assert_eq!(world.post_form(&submission(&id), "\r\n").await.code(), "UnAuthorized");
    *world.payer.refuses.lock().unwrap() = Some(ServiceError::Invalid("it holds test data".to_owned()));
    let invalid = world.post_form(&submission(&id), "\r\n").await;
    assert_eq!(invalid.code(), "PayloadIllegal");
    assert!(invalid.field("ErrorMessage").unwrap().contains("test data"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_takes_its_own_types_and_its_mode() {
    let world = World::with("real_time = false\nunknown_fields = \"refuse\"", None).await;
    let id = id();
    let real_time = but(submission(&id), "ProcessingMode", Some("RealTime"));
    let answer = world.post_form(&real_time, "\r\n").await;
    assert_eq!(answer.code(), "ProcessingModeIllegal");
    assert!(answer.field("ErrorMessage").unwrap().contains("Batch"));
    let soap = envelope("COREEnvelopeBatchSubmission", &real_time, PAYLOAD);
    assert_eq!(world.post("application/soap+xml", &[], soap).await.code(), "ProcessingModeIllegal");
    let asking = but(submission(&id), "PayloadType", Some("X12_835_Request_005010X221A1"));
    let soap = envelope("COREEnvelopeBatchSubmission", &asking, PAYLOAD);
    assert_eq!(world.post("application/soap+xml", &[], soap).await.code(), "PayloadTypeIllegal");
    let mut strange = submission(&id);
    strange.push(("Colour", "red"));
    assert_eq!(world.post_form(&strange, "\r\n").await.code(), "ColourNotUnderstood");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partners_own_ways_hold_for_it() {
    let dialect = |checksum_check| Dialect {
        checksum: claimwire::gateway::connect::core::checksum::Algorithm::Sha256,
        checksum_check,
        payload_types: Registry::new([(PayloadType::Claims837P, "CLAIMS".to_owned())].into()),
        root_namespace: Some("urn:own".to_owned()),
    };
    for (check, checksum, code) in [
        (Enforcement::Enforce, SHA256, "Success"),
        (Enforcement::Enforce, SHA1, "ChecksumMismatched"),
        (Enforcement::Warn, SHA1, "Success"),
        (Enforcement::Ignore, "", "Success"),
    ] {
        let dialect = std::sync::Arc::new(dialect(check));
        let world = World::of(None, |spool| ServerOptions {
            dialect: std::sync::Arc::new(move |partner| {
                assert_eq!(partner, "billco");
                std::sync::Arc::clone(&dialect)
            }),
            ..ServerOptions::new(ServerSettings::default(), spool)
        })
        .await;
        let id = id();
        let fields = but(but(submission(&id), "CheckSum", Some(checksum)), "PayloadType", Some("claims"));
        let answer = world.post_form(&fields, "\r\n").await;
        assert_eq!(answer.code(), code, "{check:?}");
        let soap = envelope("COREEnvelopeBatchSubmission", &fields, PAYLOAD);
        let answer = world.post("application/soap+xml", &[], soap).await;
        assert_eq!(answer.code(), code, "{check:?}");
        assert!(answer.text().contains("xmlns:core=\"urn:own\""));
    }
}
