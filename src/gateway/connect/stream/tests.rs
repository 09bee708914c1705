use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::BoxFuture;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    net::TcpStream,
    sync::Notify,
    task::JoinHandle,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::*;
use crate::{
    acknowledge, check,
    gateway::{
        authority::{Authority, Issued},
        connect::{
            Arrival, Body, Caller, Content, Parcel, Peer, Proof, Receipt, SendError, Service, ServiceError, Stored,
            Wanted,
        },
        tls::{self, Acceptor, Bounds, ClientCertificates, ClientSettings, Server},
    },
};

fn interchange(number: u32) -> String {
    format!(
        "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260115*1023*^*00501*{number:09}*1*T*:~\n\
         GS*HC*SENDER*RECEIVER*20260115*1023*1*X*005010X222A1~\nST*837*0001*005010X222A1~\nSE*2*0001~\nGE*1*1~\n\
         IEA*1*{number:09}~\n"
    )
}

fn other(number: u32) -> String {
    interchange(number).replace('*', "|").replace("~\n", "\r")
}

fn parcel(bytes: impl Into<Vec<u8>>) -> Parcel {
    let bytes = bytes.into();
    Parcel {
        id: Uuid::nil(),
        name: "claims.x12".into(),
        content: Content::Claims837P,
        length: bytes.len() as u64,
        sha1: [0; 20],
        sha256: [0; 32],
        body: Body::of_bytes(bytes),
    }
}

/// A gateway in memory: it takes what partners send and answers it by a true TA1.
#[derive(Default)]
struct Desk {
    partner: [u8; 32],
    taken: Mutex<Vec<String>>,
    refuses: Option<ServiceError>,
    came: Notify,
}

impl Service for Desk {
    fn authenticate<'a>(&'a self, peer: &'a Peer, proof: Proof<'a>) -> BoxFuture<'a, Option<Caller>> {
        Box::pin(async move {
            let Proof::Certificate { sha256 } = proof else { return None };
            (*sha256 == self.partner).then(|| Caller {
                partner: "billing".into(),
                credential: "certificate".into(),
                senders: Vec::new(),
                peer: peer.clone(),
            })
        })
    }

    fn receive<'a>(&'a self, _: &'a Caller, _: Arrival) -> BoxFuture<'a, Result<Stored, ServiceError>> {
        unreachable!("the stream asks for answers")
    }

    fn next<'a>(&'a self, _: &'a Caller, _: Wanted) -> BoxFuture<'a, Result<Option<Parcel>, ServiceError>> {
        unreachable!("nothing is fetched by stream")
    }

    fn fetched<'a>(&'a self, _: &'a Caller, _: Uuid, _: Option<&'a str>) -> BoxFuture<'a, Result<(), ServiceError>> {
        unreachable!("nothing is fetched by stream")
    }

    fn confirmed<'a>(&'a self, _: &'a Caller, _: &'a str) -> BoxFuture<'a, Result<bool, ServiceError>> {
        unreachable!("nothing is fetched by stream")
    }

    fn answer<'a>(&'a self, _: &'a Caller, arrival: Arrival) -> BoxFuture<'a, Result<Option<Parcel>, ServiceError>> {
        Box::pin(async move {
            assert_eq!(
                (arrival.channel, arrival.file.length),
                ("stream", fs::metadata(&arrival.file.path).unwrap().len())
            );
            if let Some(refused) = &self.refuses {
                return Err(refused.clone());
            }
            let bytes = fs::read(&arrival.file.path).unwrap();
            let answer = ta1_of(&bytes);
            self.taken.lock().unwrap().push(String::from_utf8(bytes).unwrap());
            self.came.notify_one();
            Ok(Some(parcel(answer)))
        })
    }
}

fn ta1_of(interchange: &[u8]) -> Vec<u8> {
    let kinds = acknowledge::Kinds { interchange: acknowledge::Owed::Always, functional: false, claims: false };
    let mut answers = acknowledge::Answers::new(Vec::new(), acknowledge::Options { kinds, ..Default::default() });
    check::check(interchange, &check::Options::default(), &mut answers).unwrap();
    answers.finish().unwrap().0
}

/// A running server, and what it takes to call it.
struct Site {
    folder: TempDir,
    authority: Authority,
    own: Issued,
    desk: Arc<Desk>,
    address: String,
    stop: CancellationToken,
    served: JoinHandle<()>,
}

impl Site {
    async fn new(settings: ServerSettings, refuses: Option<ServiceError>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new("Test authority").unwrap();
        let trusted = folder.path().join("authority.pem");
        authority.write(&trusted).unwrap();
        let (certificate, key) =
            authority.issue_server(&["127.0.0.1"]).unwrap().write(folder.path(), "server").unwrap();
        let server = Server::new(tls::ServerSettings {
            certificate,
            key,
            client_certificates: ClientCertificates::Required,
            client_authorities: Some(trusted),
        });
        let bounds = Bounds::default();
        let acceptor = Acceptor::bind(([127, 0, 0, 1], 0).into(), Arc::new(server.unwrap()), bounds).await.unwrap();
        let address = acceptor.address().unwrap().to_string();
        let own = authority.issue_client("billing").unwrap();
        let desk = Arc::new(Desk { partner: own.sha256, refuses, ..Desk::default() });
        let stop = CancellationToken::new();
        fs::create_dir(folder.path().join("spool")).unwrap();
        let stream = StreamServer::new(Arc::clone(&desk) as Arc<dyn Service>, settings, folder.path().join("spool"));
        let served = tokio::spawn(stream.serve(acceptor, stop.clone()));
        Self { folder, authority, own, desk, address, stop, served }
    }

    fn config(&self, own: Option<&Issued>) -> Arc<rustls::ClientConfig> {
        let own = own.map(|own| own.write(self.folder.path(), "client").unwrap());
        tls::client(&ClientSettings {
            authorities: Some(self.folder.path().join("authority.pem")),
            certificate: own.as_ref().map(|(certificate, _)| certificate.clone()),
            key: own.map(|(_, key)| key),
            ..ClientSettings::default()
        })
        .unwrap()
    }

    fn client(&self, own: Option<&Issued>) -> StreamClient {
        let settings = format!("address = \"{}\"", self.address);
        StreamClient::new(toml::from_str(&settings).unwrap(), self.config(own), self.folder.path()).unwrap()
    }

    /// A connection to write bytes to.
    async fn connection(&self) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(&self.address).await.unwrap();
        let name = tls::server_name("127.0.0.1").unwrap();
        TlsConnector::from(self.config(Some(&self.own))).connect(name, stream).await.unwrap()
    }

    fn taken(&self) -> Vec<String> {
        self.desk.taken.lock().unwrap().clone()
    }

    fn spooled(&self) -> usize {
        fs::read_dir(self.folder.path().join("spool")).unwrap().count()
    }
}

/// Numbers and outcomes of the TA1s in what came.
fn outcomes(bytes: &[u8]) -> Vec<(String, String)> {
    ta1::read(bytes).into_iter().map(|ta1| (ta1.key.number, ta1.status + &ta1.note)).collect()
}

fn accepted(number: u32) -> (String, String) {
    (format!("{number:09}"), "A000".to_owned())
}

#[tokio::test]
async fn each_interchange_of_a_file_is_stored_and_answered_in_its_order() {
    let site = Site::new(ServerSettings::default(), None).await;
    let parts = [interchange(1), other(2), interchange(3)];
    let receipt = site.client(Some(&site.own)).submit(&parcel(parts.join("\r\n"))).await.unwrap();
    assert_eq!(receipt.detail, "3 of 3 interchanges accepted by TA1");
    assert!(receipt.warnings.is_empty(), "{:?}", receipt.warnings);
    let answer = fs::read(&receipt.answer.as_ref().unwrap().path).unwrap();
    assert_eq!(outcomes(&answer), [accepted(1), accepted(2), accepted(3)]);
    let taken: Vec<_> = site.taken().iter().map(|text| text.trim_end().to_owned()).collect();
    assert_eq!(taken, parts.map(|part| part.trim_end().to_owned()));
    site.stop.cancel();
    site.served.await.unwrap();
    assert_eq!(fs::read_dir(site.folder.path().join("spool")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_large_interchange_goes_through() {
    let site = Site::new(ServerSettings::default(), None).await;
    let large =
        interchange(1).replace("SE*2*", &format!("{}SE*2*", format!("NTE*ADD*{}~\n", "A".repeat(70)).repeat(100_000)));
    site.client(Some(&site.own)).submit(&parcel(large.clone())).await.unwrap();
    assert!(site.taken() == [large.trim_end()]);
}

#[tokio::test]
async fn who_is_no_partner_is_not_let_in() {
    let site = Site::new(ServerSettings::default(), None).await;
    let stranger = site.authority.issue_client("stranger").unwrap();
    let expired = site.authority.issue_expired_client("billing").unwrap();
    let of_another = Authority::new("Another").unwrap().issue_client("billing").unwrap();
    for own in [None, Some(&expired), Some(&of_another)] {
        let error = site.client(own).submit(&parcel(interchange(1))).await.unwrap_err();
        assert!(matches!(error, SendError::Temporary { .. } | SendError::Unknown { .. }), "{error:?}");
    }
    // let in by TLS, and belonging to nobody
    let error = site.client(Some(&stranger)).submit(&parcel(interchange(1))).await.unwrap_err();
    assert!(matches!(error, SendError::Unknown { .. }), "{error:?}");
    assert!(site.taken().is_empty());
    // another server than the one that was meant
    let elsewhere = Authority::new("Elsewhere").unwrap();
    elsewhere.write(&site.folder.path().join("authority.pem")).unwrap();
    let error = site.client(Some(&site.own)).submit(&parcel(interchange(1))).await.unwrap_err();
    assert!(matches!(&error, SendError::Temporary { reason, .. } if reason.contains("UnknownIssuer")), "{error:?}");
    let nowhere = PartnerSettings { address: Some("127.0.0.1:1".into()), ..toml::from_str("").unwrap() };
    let client = StreamClient::new(nowhere, site.config(None), site.folder.path()).unwrap();
    assert!(matches!(client.submit(&parcel(interchange(1))).await, Err(SendError::Temporary { .. })));
}

#[tokio::test]
async fn how_bytes_are_cut_does_not_matter() {
    let site = Site::new(ServerSettings::default(), None).await;
    let mut stream = site.connection().await;
    for byte in format!("\n{}\n{}", interchange(1), other(2)).bytes() {
        stream.write_all(&[byte]).await.unwrap();
        stream.flush().await.unwrap();
    }
    stream.shutdown().await.unwrap();
    let mut answers = Vec::new();
    stream.read_to_end(&mut answers).await.unwrap();
    assert_eq!(outcomes(&answers), [accepted(1), accepted(2)]);
}

#[tokio::test]
async fn an_answer_comes_before_the_next_interchange_is_sent() {
    let site = Site::new(ServerSettings::default(), None).await;
    let mut stream = site.connection().await;
    for number in 1..=3 {
        stream.write_all(interchange(number).trim_end().as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while outcomes(&answer).is_empty() || !answer.ends_with(b"~\n") {
            assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0);
        }
        assert_eq!(outcomes(&answer), [accepted(number)]);
    }
}

#[tokio::test]
async fn what_is_no_interchange_ends_the_connection() {
    let site = Site::new(ServerSettings::default(), None).await;
    for garbage in ["hello, is this EDI?", "ISAISAISA", "GET / HTTP/1.1\r\n\r\n", "\u{0}\u{1}\u{ff}"] {
        let mut stream = site.connection().await;
        stream.write_all(interchange(1).as_bytes()).await.unwrap();
        stream.write_all(garbage.as_bytes()).await.unwrap();
        let mut answers = Vec::new();
        stream.shutdown().await.unwrap();
        stream.read_to_end(&mut answers).await.unwrap();
        assert_eq!(outcomes(&answers), [accepted(1)], "{garbage}");
    }
    assert_eq!(site.spooled(), 0);
}

#[tokio::test]
async fn an_interchange_that_is_too_large_is_rejected() {
    let settings = ServerSettings { limit: 1000, ..ServerSettings::default() };
    let site = Site::new(settings, None).await;
    let large = interchange(7).replace("SE*2*", &format!("NTE*ADD*{}~SE*2*", "A".repeat(3_000_000)));
    let error = site.client(Some(&site.own)).submit(&parcel(large)).await.unwrap_err();
    let SendError::Refused { code, reason, .. } = error else { panic!("{error:?}") };
    assert_eq!((code.as_str(), reason.contains("000000007")), ("024", true), "{reason}");
    assert!(site.taken().is_empty());
    site.client(Some(&site.own)).submit(&parcel(interchange(1))).await.unwrap();
    assert_eq!(site.spooled(), 0);
}

#[tokio::test]
async fn who_vanishes_within_an_interchange_has_sent_nothing() {
    let site = Site::new(ServerSettings::default(), None).await;
    let half = interchange(1);
    let half = half.split_at(200).0;
    let mut stream = site.connection().await;
    stream.write_all(half.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answers = Vec::new();
    stream.read_to_end(&mut answers).await.unwrap();
    assert!(answers.is_empty());
    let mut stream = site.connection().await;
    stream.write_all(half.as_bytes()).await.unwrap();
    drop(stream);
    site.client(Some(&site.own)).submit(&parcel(interchange(2))).await.unwrap();
    assert_eq!(site.taken().len(), 1);
}

#[tokio::test]
async fn who_is_silent_or_slow_is_not_waited_for() {
    let soon = SignedDuration::from_millis(50);
    for (settings, sent) in [
        (ServerSettings { idle_timeout: soon, ..ServerSettings::default() }, ""),
        (ServerSettings { idle_timeout: soon, ..ServerSettings::default() }, "ISA*00*"),
        (ServerSettings { stall_timeout: soon, ..ServerSettings::default() }, "within"),
        (ServerSettings { interchange_timeout: soon, ..ServerSettings::default() }, "within"),
    ] {
        let site = Site::new(settings, None).await;
        let sent = if sent == "within" { interchange(1).split_at(200).0.to_owned() } else { sent.to_owned() };
        let mut stream = site.connection().await;
        // it may be closed before this is written
        stream.write_all(sent.as_bytes()).await.ok();
        assert_eq!(stream.read(&mut [0]).await.unwrap_or_default(), 0);
        assert!(site.taken().is_empty());
    }
}

#[tokio::test]
async fn what_the_gateway_refuses_is_rejected_and_what_it_cannot_do_is_left_open() {
    for (refuses, code) in [
        (ServiceError::Duplicate, Some("025")),
        (ServiceError::Forbidden, Some("006")),
        (ServiceError::TooLarge, Some("024")),
        (ServiceError::Invalid("no".into()), Some("024")),
        (ServiceError::Unavailable { retry_after: Duration::from_secs(1) }, None),
    ] {
        let site = Site::new(ServerSettings::default(), Some(refuses)).await;
        let error = site.client(Some(&site.own)).submit(&parcel(interchange(1))).await.unwrap_err();
        match (&error, code) {
            (SendError::Refused { code: said, .. }, Some(code)) => assert_eq!(said, code),
            (SendError::Unknown { .. }, None) => {}
            _ => panic!("{error:?} {code:?}"),
        }
    }
}

#[tokio::test]
async fn an_interchange_that_has_begun_is_answered_before_the_end() {
    let site = Site::new(ServerSettings::default(), None).await;
    let mut stream = site.connection().await;
    // one is answered, so the connection is in use
    stream.write_all(interchange(1).as_bytes()).await.unwrap();
    site.desk.came.notified().await;
    let (text, mut answers) = (interchange(2), Vec::new());
    let (first, rest) = text.split_at(200);
    stream.write_all(first.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    while site.spooled() == 0 {
        tokio::task::yield_now().await;
    }
    site.stop.cancel();
    stream.write_all(rest.as_bytes()).await.unwrap();
    stream.write_all(interchange(3).as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    stream.read_to_end(&mut answers).await.unwrap();
    assert_eq!(outcomes(&answers), [accepted(1), accepted(2)]);
    site.served.await.unwrap();
    assert!(TcpStream::connect(&site.address).await.is_err());
}

/// What comes of a file when the other side does as told.
async fn exchange<F>(
    file: &str,
    settings: &str,
    other_side: impl FnOnce(DuplexStream) -> F,
) -> Result<Receipt, SendError>
where
    F: Future<Output = ()> + Send + 'static,
{
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("authority.pem");
    Authority::new("Test authority").unwrap().write(&authority).unwrap();
    let config = tls::client(&ClientSettings { authorities: Some(authority), ..ClientSettings::default() }).unwrap();
    let settings = toml::from_str(&format!("address = \"a.test:1\"\n{settings}")).unwrap();
    let client = StreamClient::new(settings, config, folder.path()).unwrap();
    let (ours, theirs) = duplex(512);
    let other_side = tokio::spawn(other_side(theirs));
    let result = client.exchange(ours, &parcel(file)).await;
    other_side.await.unwrap();
    result.map(|receipt| Receipt { answer: None, ..receipt })
}

/// Reads as much as interchanges of these tests have, and answers so.
async fn answer(mut stream: DuplexStream, read: usize, answers: Vec<u8>) {
    let mut got = vec![0; read];
    stream.read_exact(&mut got).await.unwrap();
    stream.write_all(&answers).await.unwrap();
    // the caller has all it needs, or waits for more and is left alone
    stream.shutdown().await.unwrap();
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.unwrap();
}

fn rejected(number: u32) -> Vec<u8> {
    String::from_utf8(ta1_of(interchange(number).as_bytes())).unwrap().replace("*A*000", "*R*025").into_bytes()
}

#[tokio::test]
async fn answers_are_told_apart() {
    let (one, two) = (interchange(1), format!("{}{}", interchange(1), interchange(2)));
    let length = one.trim_end().len();
    let good = |number| ta1_of(interchange(number).as_bytes());

    let receipt = exchange(&one, "", |stream| answer(stream, length, good(1))).await.unwrap();
    assert_eq!(receipt.detail, "1 of 1 interchanges accepted by TA1");

    let error = exchange(&one, "", |stream| answer(stream, length, rejected(1))).await.unwrap_err();
    let reason = "TA1 rejects interchange 000000001; 1 of 1 rejected".to_owned();
    let SendError::Refused { code, reason: said, answer: Some(kept) } = error else { panic!("{error:?}") };
    assert_eq!((code.as_str(), said), ("025", reason));
    assert!(kept.length > 106, "the TA1 is not lost");

    // one of two
    let both = [good(1), rejected(2)].concat();
    let receipt = exchange(&two, "", |stream| answer(stream, length * 2, both)).await.unwrap();
    assert_eq!(receipt.detail, "1 of 2 interchanges accepted by TA1");
    assert_eq!(receipt.warnings, ["interchange 000000002 was rejected with 025"]);

    let error = exchange(&two, "", |stream| answer(stream, length * 2, good(2))).await.unwrap_err();
    let reason = "the partner closed the connection; 1 of 2 interchanges have no TA1".into();
    assert_eq!(error, SendError::Unknown { reason });

    // in another order, and for another time
    let swapped = [good(2), String::from_utf8(good(1)).unwrap().replace("*1023*A", "*1024*A").into_bytes()].concat();
    let receipt = exchange(&two, "", |stream| answer(stream, length * 2, swapped)).await.unwrap();
    assert_eq!(receipt.warnings, ["the TA1 for 000000001 has another date or time than was sent"]);

    let strange = [good(9), b"ISA*00*          *00*          *ZZ*A              *ZZ*B              *260115*1023*^*00501*000000001*0*T*:~IEA*0*000000001~".to_vec(), good(1)].concat();
    let receipt = exchange(&one, "", |stream| answer(stream, length, strange)).await.unwrap();
    assert_eq!(receipt.warnings, ["a TA1 came for 000000009, which was not sent", "an answer came that holds no TA1"]);
}

#[tokio::test]
async fn what_is_not_known_to_have_arrived_is_unknown() {
    let one = interchange(1);
    let length = one.trim_end().len();
    for (what, error) in [
        ("taken, and nothing said", exchange(&one, "", |stream| answer(stream, length, Vec::new())).await),
        ("half taken", exchange(&one, "", |stream| answer(stream, 100, Vec::new())).await),
        ("cut at once", exchange(&one, "", |stream| async { drop(stream) }).await),
        ("nonsense", exchange(&one, "", |stream| answer(stream, length, b"220 mail.test ESMTP\r\n".to_vec())).await),
        (
            "half an answer",
            exchange(&one, "", |stream| answer(stream, length, ta1_of(interchange(1).as_bytes())[..130].to_vec()))
                .await,
        ),
    ] {
        assert!(matches!(error, Err(SendError::Unknown { .. })), "{what}: {error:?}");
    }
    let silent = |mut stream: DuplexStream| async move {
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.unwrap();
    };
    let error = exchange(&one, "answer_timeout = \"50ms\"", silent).await.unwrap_err();
    assert!(matches!(&error, SendError::Unknown { reason } if reason.starts_with("no TA1 came in time")), "{error:?}");
    // it takes nothing: the pipe holds less than the file
    let deaf = |stream: DuplexStream| async move {
        let (mut reading, _writing) = tokio::io::split(stream);
        tokio::time::sleep(Duration::from_millis(300)).await;
        tokio::io::copy(&mut reading, &mut tokio::io::sink()).await.unwrap();
    };
    let long = one.repeat(9);
    let error = exchange(&long, "stall_timeout = \"50ms\"\nanswer_timeout = \"50ms\"", deaf).await.unwrap_err();
    assert!(matches!(&error, SendError::Unknown { reason } if reason.contains("have no TA1")), "{error:?}");
}

#[tokio::test]
async fn a_file_that_is_no_x12_is_not_sent() {
    for file in ["", "\n\n", "hello", "{\"kind\": \"professional\"}"] {
        let nothing = |mut stream: DuplexStream| async move {
            let mut got = Vec::new();
            stream.read_to_end(&mut got).await.unwrap();
            assert!(got.is_empty());
        };
        let error = exchange(file, "", nothing).await.unwrap_err();
        assert!(matches!(&error, SendError::Refused { code, .. } if code == "x12"), "{error:?}");
        assert!(!error.to_string().contains("hello"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn openssl_is_understood() {
    if std::process::Command::new("openssl").arg("version").output().is_err() {
        eprintln!("skipped: there is no openssl here");
        return;
    }
    let site = Site::new(ServerSettings::default(), None).await;
    site.own.write(site.folder.path(), "client").unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/stream.sh");
    let (address, folder) = (site.address.clone(), site.folder.path().to_owned());
    let run = move || std::process::Command::new(script).arg(address).arg(folder).output().unwrap();
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(site.taken().len(), 4);
}

#[test]
fn an_address_has_a_port() {
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("authority.pem");
    Authority::new("Test authority").unwrap().write(&authority).unwrap();
    let config = tls::client(&ClientSettings { authorities: Some(authority), ..ClientSettings::default() }).unwrap();
    for (address, good) in [
        ("edi.harbor.example:6443", true),
        ("[::1]:6443", true),
        ("edi.harbor.example", false),
        ("edi.harbor.example:https", false),
        ("a b:1", false),
    ] {
        let settings = toml::from_str(&format!("address = \"{address}\"")).unwrap();
        let client = StreamClient::new(settings, Arc::clone(&config), Path::new("/tmp"));
        assert_eq!(client.is_ok(), good, "{address}");
    }
    assert!(StreamClient::new(toml::from_str("").unwrap(), config, "/tmp").is_err());
}
