//! Large files and slow clients: nothing is held whole, and nobody is waited for too long.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use claimwire::gateway::connect::{
    Content, SendError,
    core::client::{CoreClient, Secrets},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use super::{matrix::envelope, *};

const LARGE: u64 = 64 << 20;

/// What may be between a file and the other side: our pieces, and the buffers of two sockets.
const ON_THE_WAY: u64 = 16 << 20;

/// What a large file is made of.
const PATTERN: &[u8] = b"CLM*1~\r\n--";

/// Bytes that are made as they are read, and counted; says when it is dropped.
struct Made {
    left: u64,
    made: Arc<AtomicU64>,
    _gone: mpsc::Sender<()>,
}

impl Read for Made {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let begun = (PATTERN.len() - usize::try_from(self.left).unwrap() % PATTERN.len()) % PATTERN.len();
        let pattern = &PATTERN.repeat(1000)[begun..];
        let count = buffer.len().min(usize::try_from(self.left).unwrap()).min(pattern.len());
        buffer[..count].copy_from_slice(&pattern[..count]);
        self.left -= count as u64;
        self.made.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// A large file, how much of it was read, and when that ended.
fn large() -> (Parcel, Arc<AtomicU64>, mpsc::Receiver<()>) {
    let mut sha1 = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    let mut sha256 = digest::Context::new(&digest::SHA256);
    let (gone, dropped) = mpsc::channel(1);
    let made = Arc::new(AtomicU64::new(0));
    let mut whole = Made { left: LARGE, made: Arc::default(), _gone: gone.clone() };
    let mut buffer = vec![0; 1 << 20];
    loop {
        let count = whole.read(&mut buffer).unwrap();
        if count == 0 {
            break;
        }
        sha1.update(&buffer[..count]);
        sha256.update(&buffer[..count]);
    }
    let mut parcel = parcel(Content::Claims837P, "");
    parcel.length = LARGE;
    parcel.sha1.copy_from_slice(sha1.finish().as_ref());
    parcel.sha256.copy_from_slice(sha256.finish().as_ref());
    let counted = Arc::clone(&made);
    // Only readers hold the sender, so the channel ends when the last of them is gone.
    let gone = std::sync::Mutex::new(Some(gone));
    parcel.body = Body::new(move || {
        let gone = gone.lock().unwrap().take().ok_or_else(|| io::Error::other("opened twice"))?;
        Ok(Box::new(Made { left: LARGE, made: Arc::clone(&counted), _gone: gone }))
    });
    drop(whole);
    (parcel, made, dropped)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_goes_out_and_comes_back_whole_in_each_form() {
    for settings in ["envelope = \"mime\"", "envelope = \"soap\""] {
        let world = World::new().await;
        let spool = tempfile::tempdir().unwrap();
        let settings = format!(
            "url = \"{}\"\nsender = \"BILLCO\"\nreceiver = \"PAYERB\"\nuser = \"billco\"\npassword = \"env:X\"\n{settings}",
            world.url()
        );
        let secrets = Secrets { password: Some("s3cret".to_owned().into()), ..Secrets::default() };
        let client = CoreClient::new(toml::from_str(&settings).unwrap(), secrets, tls(), spool.path()).unwrap();
        let (parcel, _, _) = large();
        client.submit(&parcel).await.unwrap();
        let kept = world.payer.kept().pop().unwrap();
        assert_eq!((kept.length, kept.sha256), (LARGE, parcel.sha256));

        let (mut parcel, _, _) = large();
        parcel.content = Content::Remittance835;
        world.payer.waiting.lock().unwrap().push(parcel.clone());
        let retrieved = client.retrieve(&[Content::Remittance835], None).await.unwrap().unwrap();
        assert_eq!((retrieved.file.length, retrieved.file.sha256), (LARGE, parcel.sha256));
        assert_eq!(world.payer.fetched.lock().unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_reads_no_further_than_the_partner_takes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (parcel, made, _) = large();
    let partner = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = vec![0; 64 * 1024];
        let mut taken = 0;
        while taken < LARGE {
            let count = stream.read(&mut buffer).await.unwrap() as u64;
            assert!(count > 0);
            taken += count;
            let made = made.load(Ordering::Relaxed);
            assert!(made <= taken + ON_THE_WAY, "{made} bytes were read when {taken} were taken");
        }
    });
    let spool = tempfile::tempdir().unwrap();
    let settings = format!("url = \"http://{address}/\"\nsender = \"B\"\nreceiver = \"P\"");
    let client = CoreClient::new(toml::from_str(&settings).unwrap(), Secrets::default(), tls(), spool.path()).unwrap();
    client.submit(&parcel).await.unwrap_err();
    partner.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_writes_to_disk_what_comes_while_it_comes() {
    let world = World::with("", Some(CERTIFICATE)).await;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let id = id();
    let before = "--B\r\nContent-Disposition: form-data; name=\"Payload\"\r\n\r\n";
    let mut fields: Vec<u8> = b"\r\n".to_vec();
    fields.extend(String::from_utf8(form(&submission(&id)[..9], "\r\n")).unwrap().replace("XbndQ7", "B").into_bytes());
    let length = before.len() + usize::try_from(LARGE).unwrap() + fields.len();
    let head = format!(
        "POST /core HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=B\r\n\
         Content-Length: {length}\r\n\r\n{before}"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let piece = vec![b'A'; 1 << 20];
    for sent in 1..=LARGE >> 20 {
        stream.write_all(&piece).await.unwrap();
        if sent % 16 == 0 {
            // All but what is gathered for one write has to reach the disk before more is sent.
            loop {
                let on_disk: u64 = std::fs::read_dir(world.spool.path())
                    .unwrap()
                    .filter_map(|entry| entry.ok()?.metadata().ok())
                    .map(|file| file.len())
                    .sum();
                if on_disk + (1 << 20) >= sent << 20 {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
    }
    stream.write_all(&fields).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("PayloadLengthRequired"), "{answer}");
    assert_eq!(world.spooled(), 0);
}

/// What comes of a large file with this password, and how much of it was read to be sent.
async fn pushed(world: &World, settings: &str, password: &str) -> (Result<(), SendError>, u64) {
    let spool = tempfile::tempdir().unwrap();
    let settings = format!(
        "url = \"{}\"\nsender = \"BILLCO\"\nreceiver = \"PAYERB\"\nuser = \"billco\"\npassword = \"env:X\"\n{settings}",
        world.url()
    );
    let secrets = Secrets { password: Some(password.to_owned().into()), ..Secrets::default() };
    let client = CoreClient::new(toml::from_str(&settings).unwrap(), secrets, tls(), spool.path()).unwrap();
    let (parcel, made, _) = large();
    let outcome = client.submit(&parcel).await.map(drop);
    (outcome, made.load(Ordering::Relaxed))
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_large_is_taken_from_who_has_not_proven_who_it_is() {
    for settings in ["envelope = \"mime\"", "envelope = \"soap\""] {
        let world = World::new().await;
        let (outcome, made) = pushed(&world, settings, "wrong").await;
        // The answer may be lost, since it is given before all was sent.
        let refused = matches!(&outcome, Err(SendError::Refused { code, .. }) if code == "UnAuthorized");
        assert!(refused || matches!(&outcome, Err(SendError::Unknown { .. })), "{settings}: {outcome:?}");
        assert!(made < ON_THE_WAY, "{settings}: {made} bytes were taken");
        assert_eq!((world.spooled(), world.payer.kept()), (0, Vec::new()), "{settings}");
        assert!(pushed(&world, settings, "s3cret").await.0.is_ok(), "{settings}");
    }
}

/// A form whose payload stands before everything else.
fn payload_first(length: usize, password: &str) -> Vec<u8> {
    let (id, payload) = (id(), "A".repeat(length));
    let mut all = vec![("Payload", payload.as_str())];
    all.extend(submission(&id).into_iter().filter(|(name, _)| *name != "Payload"));
    all.iter_mut().filter(|(name, _)| *name == "Password").for_each(|field| field.1 = password);
    form(&all, "\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_who_it_is_after_the_payload_may_send_a_little() {
    let post = async |world: &World, length, password| {
        world.post("multipart/form-data; boundary=XbndQ7", &[], payload_first(length, password)).await
    };
    let world = World::new().await;
    // Credentials are found behind it, and then its length is what is wrong.
    assert_eq!(post(&world, 60_000, "s3cret").await.code(), "PayloadLengthIllegal");
    assert_eq!(post(&world, 60_000, "wrong").await.code(), "UnAuthorized");
    assert_eq!(post(&world, 200_000, "s3cret").await.code(), "UnAuthorized");
    // A certificate comes before everything.
    let certified = World::with("", Some(CERTIFICATE)).await;
    assert_eq!(post(&certified, 200_000, "s3cret").await.code(), "PayloadLengthIllegal");
    // It does not stand in for a password that is wrong.
    assert_eq!(post(&certified, 200_000, "wrong").await.code(), "UnAuthorized");
    for world in [world, certified] {
        assert_eq!((world.spooled(), world.payer.kept()), (0, Vec::new()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_inside_the_envelope_needs_a_password_before_it() {
    let world = World::new().await;
    let (id, payload) = (id(), format!("ISA{}", "A".repeat(200_000)));
    for (password, code) in [("s3cret", "PayloadLengthIllegal"), ("wrong", "UnAuthorized")] {
        let soap = envelope("COREEnvelopeBatchSubmission", &submission(&id), &payload).replace("s3cret", password);
        assert_eq!(world.post("application/soap+xml", &[], soap).await.code(), code);
    }
    assert_eq!((world.spooled(), world.payer.kept()), (0, Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_has_not_fetched() {
    let world = World::new().await;
    let (mut parcel, made, mut dropped) = large();
    parcel.content = Content::Remittance835;
    world.payer.waiting.lock().unwrap().push(parcel);
    let id = id();
    let request =
        envelope("COREEnvelopeBatchResultsRetrievalRequest", &fields("X12_835_Request_005010X221A1", "Batch", &id), "");
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let head = format!(
        "POST /core HTTP/1.1\r\nHost: x\r\nContent-Type: application/soap+xml\r\nContent-Length: {}\r\n\r\n{request}",
        request.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut buffer = vec![0; 64 * 1024];
    let mut taken = 0;
    while taken < 4 << 20 {
        taken += stream.read(&mut buffer).await.unwrap() as u64;
        let made = made.load(Ordering::Relaxed);
        assert!(made <= taken + ON_THE_WAY, "{made} bytes were read when {taken} were taken");
    }
    drop(stream);
    world.payer.waiting.lock().unwrap().clear();
    assert_eq!(dropped.recv().await, None);
    assert_eq!(*world.payer.fetched.lock().unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_client_is_sent_away() {
    let world = World::with("idle_timeout = \"100ms\"", None).await;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let head = "POST /core HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=B\r\nContent-Length: 99\r\n\r\n--B";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 408 "), "{}", String::from_utf8_lossy(&answer));

    let world = World::with("request_timeout = \"200ms\"", None).await;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 408 "), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(world.payer.kept(), []);
}
