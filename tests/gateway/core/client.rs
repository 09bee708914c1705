//! The client, against our server and against servers that behave as partners' do.

use claimwire::gateway::connect::{
    Content, SendError,
    core::client::{CoreClient, Retrieved, Secrets, SetupError},
};

use super::{
    double::{Then, double, http as answer},
    *,
};

pub fn client(address: SocketAddr, settings: &str, spool: &std::path::Path) -> CoreClient {
    let settings = format!(
        "url = \"http://{address}/core\"\nsender = \"BILLCO\"\nreceiver = \"PAYERB\"\nuser = \"billco\"\n\
         password = \"env:X\"\nbatch_timeout = \"60s\"\n{settings}"
    );
    let secrets = Secrets { password: Some("s3cret".to_owned().into()), ..Secrets::default() };
    CoreClient::new(toml::from_str(&settings).unwrap(), secrets, tls(), spool).unwrap()
}

fn read(retrieved: &Retrieved) -> String {
    std::fs::read_to_string(&retrieved.file.path).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn client_and_server_agree_in_every_form() {
    let odd = format!("{PAYLOAD}\r\n]]> & <A> \r\n");
    let unsayable = "ISA\u{1d}\u{1c}";
    for settings in [
        "envelope = \"mime\"",
        "envelope = \"soap\"",
        "soap = \"1.1\"",
        "batch_payload = \"base64\"\nreal_time_payload = \"base64\"",
        "soap = \"1.1\"\nbatch_payload = \"base64\"\nreal_time_payload = \"escaped\"\nroot_namespace = \"urn:x\"",
    ] {
        let world = World::new().await;
        let spool = tempfile::tempdir().unwrap();
        let client = client(world.address, settings, spool.path());
        for text in [PAYLOAD, &odd, unsayable, ""] {
            let claims = parcel(Content::Claims837I, text);
            for _ in 0..2 {
                let receipt = client.submit(&claims).await;
                if text.is_empty() {
                    assert!(matches!(receipt, Err(SendError::Refused { code, .. }) if code == "PayloadRequired"));
                    continue;
                }
                let receipt = receipt.unwrap_or_else(|error| panic!("{settings} {text:?}: {error}"));
                assert_eq!(receipt.detail, "X12_BatchReceiptConfirmation Success");
                assert_eq!(receipt.warnings, Vec::<String>::new());
                let kept = world.payer.kept().pop().unwrap();
                assert_eq!(kept.sha256, claims.sha256, "{settings} {text:?}");
                assert_eq!(kept.payload_id, Some(claims.id.to_string()));
                assert_eq!(kept.content, Some(Content::Claims837I));
            }
        }
        for text in [PAYLOAD, unsayable] {
            let claims = parcel(Content::Claims837P, text);
            let answer = client.real_time(&claims).await.unwrap();
            assert_eq!(answer.content, Some(Content::InterchangeAcknowledgmentTa1));
            assert_eq!(read(&answer), PAYLOAD);
            assert_eq!(world.payer.kept().pop().unwrap().sha256, claims.sha256);
        }
        assert!(client.retrieve(&[Content::Remittance835], None).await.unwrap().is_none());
        for content in [Content::Remittance835, Content::ClaimAcknowledgment277, Content::Acknowledgment999] {
            let waiting = parcel(content, &odd);
            world.payer.waiting.lock().unwrap().push(waiting.clone());
            let mine = id();
            let retrieved = client.retrieve(&[content], Some(&mine)).await.unwrap().unwrap();
            assert_eq!(retrieved.content, Some(content));
            assert_eq!(read(&retrieved), odd, "{settings}");
            assert_eq!(retrieved.payload_id, mine);
            assert_eq!(world.payer.fetched.lock().unwrap().last(), Some(&(waiting.id, Some(mine.clone()))));
            let acknowledgment = parcel(Content::Acknowledgment999, PAYLOAD);
            let receipt = client.confirm(&mine, Some(&acknowledgment)).await.unwrap();
            assert_eq!(receipt.detail, "X12_Response_ConfirmReceiptReceived Success");
            client.confirm(&mine, None).await.unwrap();
            assert_eq!(*world.payer.confirmed.lock().unwrap(), [mine.clone(), mine]);
            world.payer.confirmed.lock().unwrap().clear();
        }
        let refused = client.confirm(&id(), None).await.unwrap_err();
        assert!(matches!(refused, SendError::Refused { code, .. } if code == "PayloadIDIllegal"));
        assert_eq!(world.spooled(), 0);
        assert_eq!(std::fs::read_dir(spool.path()).unwrap().count(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_own_id_is_given_if_that_is_set() {
    let world = World::with("retrieval_id = \"file\"", None).await;
    let spool = tempfile::tempdir().unwrap();
    let waiting = parcel(Content::Remittance835, PAYLOAD);
    world.payer.waiting.lock().unwrap().push(waiting.clone());
    let client = client(world.address, "", spool.path());
    let retrieved = client.retrieve(&[Content::Remittance835], None).await.unwrap().unwrap();
    assert_eq!(retrieved.payload_id, waiting.id.to_string());
    assert!(retrieved.warnings[0].contains("PayloadID"));
    client.confirm(&retrieved.payload_id, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_is_what_the_rule_says() {
    let (address, heard) = double(Then::Close).await;
    let spool = tempfile::tempdir().unwrap();
    let settings = "headers = { APIKey = \"k\" }\nchecksum = \"sha256\"";
    let claims = parcel(Content::Claims837P, PAYLOAD);
    let error = client(address, settings, spool.path()).submit(&claims).await.unwrap_err();
    assert!(matches!(error, SendError::Unknown { .. }), "{error}");
    let heard = heard.await.unwrap();
    let head = heard.head.to_ascii_lowercase();
    assert!(head.starts_with("post /core http/1.1\r\n"), "{head}");
    assert!(head.contains("apikey: k\r\n"), "{head}");
    assert!(head.contains("content-type: multipart/related; boundary=\""), "{head}");
    assert!(head.contains("type=\"application/xop+xml\"; start=\"<root@claimwire-"), "{head}");
    assert!(head.contains("start-info=\"application/soap+xml\"; action=\"batchsubmittransaction\""), "{head}");
    let text = heard.text();
    for expected in [
        "<core:COREEnvelopeBatchSubmission xmlns:core=\"http://www.caqh.org/SOAP/WSDL/CORERule2.2.0.xsd\">",
        "<PayloadType>X12_837_Request_005010X222A1</PayloadType><ProcessingMode>Batch</ProcessingMode><PayloadID>",
        "</PayloadID><PayloadLength>154</PayloadLength><TimeStamp>",
        "</TimeStamp><SenderID>BILLCO</SenderID><ReceiverID>PAYERB</ReceiverID>",
        &format!("<CORERuleVersion>2.2.0</CORERuleVersion><CheckSum>{SHA256}</CheckSum><Payload><xop:Include"),
        "#PasswordText\">s3cret</wsse:Password>",
        &format!("\r\n\r\n{PAYLOAD}\r\n--claimwire-"),
    ] {
        assert!(text.contains(expected), "{expected}\nis not in\n{text}");
    }
}

/// An envelope that answers a submission.
fn envelope(inside: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body>\
         <c:COREEnvelopeBatchSubmissionResponse xmlns:c=\"http://www.caqh.org/SOAP/WSDL/CORERule2.2.0.xsd\">{inside}\
         </c:COREEnvelopeBatchSubmissionResponse></s:Body></s:Envelope>"
    )
}

fn coded(code: &str, message: &str) -> String {
    envelope(&format!("<ErrorCode>{code}</ErrorCode><ErrorMessage>{message}</ErrorMessage>"))
}

fn fault(code: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body><s:Fault><s:Code><s:Value>s:{code}\
         </s:Value></s:Code><s:Reason><s:Text>at Jane Doe</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_means_what_it_may_mean() {
    const SOAP: &str = "application/soap+xml";
    const HTML: &str = "<html>Jane Doe</html>";
    let long = "m".repeat(3000);
    let cases: Vec<(Then, &str)> = vec![
        (Then::Say(answer("200 OK", SOAP, "", &coded("Success", "None"))), "taken"),
        (Then::Say(answer("202 Accepted", SOAP, "", &coded("success", "Processed"))), "taken"),
        (
            Then::Say(answer("200 OK", SOAP, "", &coded("CheckSumRequired", "Send it"))),
            "refused CheckSumRequired Send it",
        ),
        (Then::Say(answer("400 Bad Request", SOAP, "", &coded("Sender", "Bad"))), "refused Sender Bad"),
        (Then::Say(answer("200 OK", SOAP, "", &coded("UnAuthorized", &long))), "refused UnAuthorized …"),
        (Then::Say(answer("200 OK", SOAP, "", &coded("Receiver", "Down"))), "unknown"),
        (Then::Say(answer("503 Away", SOAP, "Retry-After: 7\r\n", &coded("Receiver", "Down"))), "temporary 7"),
        (Then::Say(answer("500 Error", SOAP, "", &coded("Success", "None"))), "unknown"),
        (Then::Say(answer("500 Error", SOAP, "", &fault("Sender"))), "refused Sender"),
        (Then::Say(answer("400 Error", SOAP, "", &fault("MustUnderstand"))), "refused MustUnderstand"),
        (Then::Say(answer("500 Error", SOAP, "", &fault("Receiver"))), "unknown"),
        (Then::Say(answer("500 Error", "text/html", "", HTML)), "unknown"),
        (Then::Say(answer("502 Error", "text/html", "", HTML)), "unknown"),
        (Then::Say(answer("200 OK", "text/html", "", HTML)), "unknown"),
        (Then::Say(answer("200 OK", SOAP, "", HTML)), "unknown"),
        (Then::Say(answer("200 OK", SOAP, "", &envelope(""))), "unknown"),
        (Then::Say(answer("503 Away", "text/html", "Retry-After: 120\r\n", HTML)), "temporary 120"),
        (Then::Say(answer("429 Slow", "text/plain", "", "")), "temporary"),
        (Then::Say(answer("403 No", "text/html", "", HTML)), "refused HTTP 403"),
        (Then::Say(answer("404 No", "text/html", "", HTML)), "refused HTTP 404"),
        (Then::Say(answer("302 Found", "text/html", "Location: http://127.0.0.1:1/\r\n", "")), "refused HTTP 302"),
        (
            Then::Say(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nContent-Length: 900\r\n\r\n<s:".to_vec(),
            ),
            "unknown",
        ),
        (Then::Say(b"junk".to_vec()), "unknown"),
        (Then::Close, "unknown"),
        (Then::Vanish, "unsent or unknown"),
    ];
    let spool = tempfile::tempdir().unwrap();
    for (number, (then, expected)) in cases.into_iter().enumerate() {
        let (address, _heard) = double(then).await;
        let sent = client(address, "", spool.path()).submit(&parcel(Content::Claims837P, PAYLOAD)).await;
        let case = format!("case {number}, {expected}: {sent:?}");
        assert!(!format!("{sent:?}").contains("Jane"), "{case}");
        match (sent, expected.split_once(' ').unwrap_or((expected, ""))) {
            (Ok(_), ("taken", _)) => {}
            (Err(SendError::Refused { code, reason, .. }), ("refused", said)) => {
                assert!(format!("{code} {reason}").starts_with(said), "{case}");
                assert!(reason.len() <= 1024, "{case}");
            }
            (Err(SendError::Unknown { .. }), ("unknown" | "unsent", _)) => {}
            (Err(SendError::Temporary { .. }), ("unsent", _)) => {}
            (Err(SendError::Temporary { retry_after, .. }), ("temporary", wait)) => {
                assert_eq!(retry_after.map(|wait| wait.as_secs().to_string()).unwrap_or_default(), wait, "{case}");
            }
            _ => panic!("{case}"),
        }
    }
    assert_eq!(std::fs::read_dir(spool.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_temporary_and_silence_is_unknown() {
    let spool = tempfile::tempdir().unwrap();
    let claims = parcel(Content::Claims837P, PAYLOAD);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = client(address, "", spool.path()).submit(&claims).await.unwrap_err();
    assert!(matches!(error, SendError::Temporary { .. }), "{error}");

    let settings = "batch_timeout = \"200ms\"\nreal_time_timeout = \"200ms\"".to_owned();
    let silent = |address: SocketAddr| {
        let secrets = Secrets::default();
        let settings = format!("url = \"http://{address}/\"\nsender = \"B\"\nreceiver = \"P\"\n{settings}");
        CoreClient::new(toml::from_str(&settings).unwrap(), secrets, tls(), spool.path()).unwrap()
    };
    let (address, _heard) = double(Then::Wait).await;
    let error = silent(address).submit(&claims).await.unwrap_err();
    assert!(matches!(error, SendError::Unknown { .. }), "{error}");
    let (address, _heard) = double(Then::Wait).await;
    let error = silent(address).real_time(&claims).await.unwrap_err();
    assert!(matches!(error, SendError::Unknown { .. }), "{error}");
    let (address, _heard) = double(Then::Wait).await;
    let error = silent(address).retrieve(&[Content::Remittance835], None).await.unwrap_err();
    assert!(matches!(error, SendError::Temporary { .. }), "{error}");

    let mut lost = claims.clone();
    lost.body = Body::new(|| Err(std::io::Error::other("gone")));
    let (address, _heard) = double(Then::Close).await;
    let error = client(address, "", spool.path()).submit(&lost).await.unwrap_err();
    assert!(matches!(error, SendError::Temporary { .. }), "nothing was sent: {error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_unwrapped_as_partners_write_them() {
    let spool = tempfile::tempdir().unwrap();
    // A multipart whose only part is the envelope, its payload in CDATA, no ErrorCode, another PayloadID.
    let said = |_: &double::Heard| {
        let inside = format!(
            "<PayloadType>X12_TA1_Response_00501X231A1</PayloadType><PayloadID>7</PayloadID>\
                              <Payload>\n <![CDATA[{PAYLOAD}\n]]>\n</Payload>"
        );
        let body = format!(
            "\r\n--uuid:1+id=2\r\nContent-ID: <http://tempuri.org/0>\r\nContent-Transfer-Encoding: 8bit\r\n\
             Content-Type: application/xop+xml;charset=utf-8;type=\"application/soap+xml\"\r\n\r\n{}\r\n\
             --uuid:1+id=2--\r\n",
            envelope(&inside)
        );
        let kind = "multipart/related; type=\"application/xop+xml\";start=\"<http://tempuri.org/0>\";\
                    boundary=\"uuid:1+id=2\";start-info=\"application/soap+xml\"";
        answer("200 OK", kind, "", &body)
    };
    let (address, heard) = double(Then::Answer(said)).await;
    let retrieved = client(address, "", spool.path()).real_time(&parcel(Content::Claims837P, PAYLOAD)).await.unwrap();
    assert_eq!(read(&retrieved), PAYLOAD);
    assert_eq!(retrieved.content, Some(Content::InterchangeAcknowledgmentTa1));
    assert_eq!(retrieved.payload_id, "7");
    assert_eq!(retrieved.warnings.len(), 2, "{:?}", retrieved.warnings);
    let heard = heard.await.unwrap();
    assert!(heard.head.contains("action=\"RealTimeTransaction\""), "{}", heard.head);
    assert!(!heard.text().contains("<CheckSum>"), "real time has none");

    // A form with bare LF, wrong checksum.
    let said = |_: &double::Heard| {
        let body = form(&[("ErrorCode", "Success"), ("CheckSum", "00"), ("Payload", PAYLOAD)], "\n");
        answer("200 OK", "multipart/form-data; boundary=XbndQ7", "", &String::from_utf8(body).unwrap())
    };
    for (settings, taken) in [("", false), ("checksum_check = \"warn\"", true), ("checksum_check = \"ignore\"", true)] {
        let (address, _heard) = double(Then::Answer(said)).await;
        let settings = format!("envelope = \"mime\"\n{settings}");
        let got = client(address, &settings, spool.path()).retrieve(&[Content::Remittance835], None).await;
        match got {
            Ok(Some(retrieved)) if taken => assert_eq!(read(&retrieved), PAYLOAD),
            Err(SendError::Temporary { reason, .. }) if !taken => assert!(reason.contains("ChecksumMismatched")),
            other => panic!("{settings}: {other:?}"),
        }
    }
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let spool = tempfile::tempdir().unwrap();
    let of = |settings: &str| {
        CoreClient::new(toml::from_str(settings).unwrap(), Secrets::default(), tls(), spool.path()).map(|_| ())
    };
    let base = "sender = \"B\"\nreceiver = \"P\"\n";
    assert!(matches!(of(base), Err(SetupError::Missing("url"))));
    assert!(matches!(of(&format!("{base}url = \"ftp://x/\"")), Err(SetupError::Url)));
    assert!(matches!(of(&format!("{base}url = \"https://a:b@x/\"")), Err(SetupError::Url)));
    assert!(matches!(of("url = \"https://x/\""), Err(SetupError::Missing("sender"))));
    assert!(matches!(of(&format!("{base}url = \"https://x/\"\nuser = \"u\"")), Err(SetupError::Missing("password"))));
    assert!(matches!(
        of(&format!("{base}url = \"https://x/\"\nheaders = {{ \"a b\" = \"c\" }}")),
        Err(SetupError::Header(_))
    ));
    assert!(matches!(
        of(&format!("{base}url = \"https://x/\"\nsecret_headers = {{ a = \"env:C\" }}")),
        Err(SetupError::Header(_))
    ));
    assert!(of(&format!("{base}url = \"https://x/\"")).is_ok());
}
