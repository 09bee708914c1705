//! Callers that send too much, too slowly, or too deep; and transport that is too old.

use std::{net::SocketAddr, time::Duration};

use claimwire::gateway::{
    secret::Passwords,
    tls::{self, ClientSettings},
};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::harness::{Pair, Process, Site};

/// What the process may have in memory at its peak, in KiB. A debug build, with a thread for each core.
const MEMORY: u64 = 200 << 10;
/// Most bytes of a message here.
const LIMIT: u64 = 32 << 20;

/// A gateway in a process of its own, whose callers may show a certificate or send a password.
struct World {
    _site: Site,
    pair: Pair,
    process: Process,
    core: SocketAddr,
    api: SocketAddr,
}

impl World {
    fn new() -> Self {
        let pair = Pair::new("127.0.0.1");
        let hash = Passwords::hash(&"right".to_owned().into()).unwrap();
        let partner = format!(
            "sender_id = \"EXAMPLEPLAN\"\nreceiver_id = \"CLINIC\"\n[credentials]\nuser = \"clinic\"\npassword_hash = \"{hash}\"\n"
        );
        let settings = format!(
            "[core]\nlisten = \"127.0.0.1:0\"\ntls = {{ {}, client_certificates = \"optional\" }}\n\
             server = {{ limit = {LIMIT}, inline_limit = 1048576, idle_timeout = \"700ms\" }}\n\
             [api]\nlisten = \"127.0.0.1:0\"\n",
            pair.server()
        );
        let site = Site::new(&settings, &[("clinic", &partner)]);
        let process = site.serve().listening(2);
        let (core, api) = (process.address("core"), process.address("api"));
        Self { _site: site, pair, process, core, api }
    }

    async fn connect(&self) -> TlsStream<TcpStream> {
        let authorities = Some(self.pair.at("authority.pem").into());
        let config = tls::client(&ClientSettings { authorities, ..ClientSettings::default() }).unwrap();
        let stream = TcpStream::connect(self.core).await.unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        TlsConnector::from(config).connect(name, stream).await.unwrap()
    }

    /// Sends this, and then the same bytes over and over, up to so many; gives the answer's head and how many were taken.
    async fn flood(&self, head: &str, piece: &[u8], most: u64) -> (String, u64) {
        let mut stream = self.connect().await;
        stream.write_all(head.as_bytes()).await.unwrap();
        let (mut reader, mut writer) = tokio::io::split(stream);
        let answer = tokio::spawn(async move {
            let mut answer = Vec::new();
            let mut piece = [0; 4096];
            while let Ok(Ok(read @ 1..)) = timeout(Duration::from_secs(30), reader.read(&mut piece)).await {
                answer.extend_from_slice(&piece[..read]);
                if memchr::memmem::find(&answer, b"\r\n\r\n").is_some() {
                    break;
                }
            }
            String::from_utf8_lossy(&answer).into_owned()
        });
        let mut taken = 0;
        while taken < most && !answer.is_finished() {
            // It ends when the other side has had enough.
            let Ok(Ok(())) = timeout(Duration::from_secs(20), writer.write_all(piece)).await else { break };
            taken += piece.len() as u64;
        }
        (answer.await.unwrap(), taken)
    }

    /// Whether it still serves, and has not had more memory than it may.
    async fn is_well(&self) {
        let ready = crate::core::http().get(format!("http://{}/health/ready", self.api)).send().await.unwrap();
        assert!(ready.status().as_u16() < 500, "{}", ready.status());
        let peak = self.process.peak_memory();
        println!("most memory: {peak} KiB");
        assert!(peak < MEMORY, "{peak} KiB");
    }
}

fn post(content_type: &str, more: &str) -> String {
    format!("POST /core HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n{more}\r\n")
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_is_refused() {
    let world = World::new();
    let form = "multipart/form-data; boundary=B";
    let opening = "--B\r\nContent-Disposition: form-data; name=\"Payload\"\r\n\r\n";
    let zeros = vec![b'0'; 64 << 10];
    // Three gigabytes that are announced, and three that are not.
    let announced = post(form, &format!("Content-Length: {}\r\n", 3_u64 << 30)) + opening;
    let (answer, taken) = world.flood(&announced, &zeros, 3 << 30).await;
    assert_eq!(status(&answer), 413, "{answer}");
    assert!(taken < 16 << 20, "{taken}");
    let chunk = [format!("{:x}\r\n", zeros.len()).into_bytes(), zeros.clone(), b"\r\n".to_vec()].concat();
    let chunked = post(form, "Transfer-Encoding: chunked\r\n") + &format!("{:x}\r\n{opening}\r\n", opening.len());
    let (answer, taken) = world.flood(&chunked, &chunk, 3 << 30).await;
    assert!(answer.contains("UnAuthorized") || answer.is_empty(), "{answer}");
    assert!(taken < 16 << 20, "nobody said who it is: {taken}");
    // The same without a field that could be a file, and before any boundary.
    let name = opening.replace("Payload", "SenderID");
    let fields = post(form, "Transfer-Encoding: chunked\r\n") + &format!("{:x}\r\n{name}\r\n", name.len());
    let (answer, taken) = world.flood(&fields, &chunk, 3 << 30).await;
    assert!((400..=500).contains(&status(&answer)), "{answer}");
    assert!(taken < 3 * LIMIT, "{taken}");
    let (answer, taken) = world.flood(&post(form, "Transfer-Encoding: chunked\r\n"), &chunk, 3 << 30).await;
    assert!((400..=500).contains(&status(&answer)), "{answer}");
    assert!(taken < 3 * LIMIT, "{taken}");
    // An envelope is held in memory, and so has a limit of its own.
    let soap = post("application/soap+xml", "Transfer-Encoding: chunked\r\n");
    let (answer, taken) = world.flood(&soap, &chunk, 3 << 30).await;
    assert!(answer.contains("UnAuthorized") || answer.is_empty(), "{answer}");
    assert!(taken < 16 << 20, "{taken}");
    // By the API nobody without a key gets so far.
    let mut stream = TcpStream::connect(world.api).await.unwrap();
    stream.write_all(b"POST /v1/claims HTTP/1.1\r\nHost: x\r\nContent-Length: 3221225472\r\n\r\n").await.unwrap();
    let mut answer = vec![0; 64];
    let read = timeout(Duration::from_secs(10), stream.read(&mut answer)).await.unwrap().unwrap();
    assert_eq!(status(&String::from_utf8_lossy(&answer[..read])), 401);
    world.is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_and_names_have_bounds() {
    let world = World::new();
    let line = "X-A: 0123456789012345678901234567890123456789\r\n".repeat(1000);
    let head = post("application/soap+xml", "").trim_end().to_owned() + "\r\n";
    let (answer, taken) = world.flood(&head, line.as_bytes(), 256 << 20).await;
    assert!(status(&answer) == 431 || answer.is_empty(), "{answer}");
    assert!(taken < 4 << 20, "{taken}");
    // Headers of a part.
    let body = post("multipart/form-data; boundary=B", "Transfer-Encoding: chunked\r\n") + "5\r\n--B\r\n\r\n";
    let chunk = format!("{:x}\r\n{line}\r\n", line.len());
    let (answer, taken) = world.flood(&body, chunk.as_bytes(), 256 << 20).await;
    assert!((400..=500).contains(&status(&answer)), "{answer}");
    assert!(taken < 4 << 20, "{taken}");
    world.is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn xml_has_no_entities_and_no_depths() {
    let world = World::new();
    let say = async |body: &str| {
        let head = post("application/soap+xml", &format!("Content-Length: {}\r\nConnection: close\r\n", body.len()));
        let mut stream = world.connect().await;
        stream.write_all(head.as_bytes()).await.unwrap();
        let _ = stream.write_all(body.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    };
    let laughs: String =
        (1..10).map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10))).collect();
    let laughs = format!("<?xml version=\"1.0\"?><!DOCTYPE e [<!ENTITY l0 \"lol\">{laughs}]><e>&l9;</e>");
    let outside = "<?xml version=\"1.0\"?><!DOCTYPE e [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><e>&x;</e>";
    // What is longer is not taken from somebody who does not say who it is.
    let deep = "<a>".repeat(20_000);
    let wide = format!("<e {}/>", (0..5_000).map(|n| format!("a{n}=\"1\" ")).collect::<String>());
    for (what, body) in [("laughs", laughs.as_str()), ("outside", outside), ("deep", &deep), ("wide", &wide)] {
        let begun = Instant::now();
        let answer = say(body).await;
        assert_eq!(status(&answer), 500, "{what}: {answer}");
        assert!(answer.contains("Fault") && !answer.contains("root:"), "{what}: {answer}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{what}");
    }
    let answer = say(&"<a>".repeat(100_000)).await;
    assert!(answer.contains("UnAuthorized"), "{answer}");
    world.is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_slow_is_let_go_and_holds_up_nobody() {
    let world = World::new();
    // Connections that never shake hands, or never ask.
    let mut idle = Vec::new();
    for _ in 0..200 {
        idle.push(TcpStream::connect(world.core).await.unwrap());
    }
    // One that begins a body and says no more.
    let head = post("multipart/form-data; boundary=B", "Content-Length: 100000\r\n") + "--B\r\n";
    let mut stream = world.connect().await;
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 256];
    let read = timeout(Duration::from_secs(10), stream.read(&mut answer)).await.unwrap().unwrap();
    assert_eq!(status(&String::from_utf8_lossy(&answer[..read])), 408);
    world.is_well().await;
    drop(idle);
}

/// A ClientHello of this version with one cipher suite, and what it is answered: the alert's number, or none.
async fn hello(address: SocketAddr, version: [u8; 2], suite: [u8; 2]) -> Option<u8> {
    let extensions: &[u8] = &[
        0, 10, 0, 4, 0, 2, 0, 23, // groups: secp256r1
        0, 13, 0, 6, 0, 4, 4, 3, 8, 4, // signatures: ECDSA, RSA-PSS
    ];
    let mut body = [&version[..], &[7; 32], &[0], &[0, 2], &suite, &[1, 0]].concat();
    body.extend_from_slice(&(extensions.len() as u16).to_be_bytes());
    body.extend_from_slice(extensions);
    let mut record = vec![22, 3, 1];
    record.extend_from_slice(&(body.len() as u16 + 4).to_be_bytes());
    record.extend_from_slice(&[1, 0]);
    record.extend_from_slice(&(body.len() as u16).to_be_bytes());
    record.extend_from_slice(&body);
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&record).await.unwrap();
    let mut answer = [0; 7];
    timeout(Duration::from_secs(5), stream.read_exact(&mut answer)).await.unwrap().unwrap();
    (answer[0] == 21).then_some(answer[6])
}

#[tokio::test(flavor = "multi_thread")]
async fn transport_that_is_too_old_is_not_spoken() {
    let world = World::new();
    let ecdsa_gcm = [0xC0, 0x2B];
    assert_eq!(hello(world.core, [3, 3], ecdsa_gcm).await, None, "TLS 1.2 with a good suite is");
    // TLS 1.1, 1.0 and SSL 3: protocol_version.
    for version in [[3, 2], [3, 1], [3, 0]] {
        assert_eq!(hello(world.core, version, ecdsa_gcm).await, Some(70), "{version:?}");
    }
    // RSA key exchange, CBC, RC4, 3DES, no encryption, export: handshake_failure.
    for suite in
        [[0, 0x9C], [0, 0x2F], [0, 0x35], [0xC0, 0x09], [0xC0, 0x0A], [0xC0, 0x23], [0, 5], [0, 0x0A], [0, 2], [0, 3]]
    {
        assert_eq!(hello(world.core, [3, 3], suite).await, Some(40), "{suite:?}");
    }
}
