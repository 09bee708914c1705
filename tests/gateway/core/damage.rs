//! Requests that were damaged on the way, and what the log says.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use claimwire::gateway::connect::Content;
use proptest::{prelude::*, test_runner::TestRunner};

use super::{matrix::envelope, *};

#[test]
fn damaged_requests_are_answered_and_never_stored_as_something_else() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let world = runtime.block_on(World::new());
    let id = id();
    let include = "<x:Include xmlns:x=\"http://www.w3.org/2004/08/xop/include\" href=\"cid:p\"/>";
    let soap = envelope("COREEnvelopeBatchSubmission", &submission(&id), include);
    let mtom = format!("--B\r\nContent-ID: <r>\r\n\r\n{soap}\r\n--B\r\nContent-ID: <p>\r\n\r\n{PAYLOAD}\r\n--B--");
    let requests = [
        ("multipart/form-data; boundary=XbndQ7", form(&submission(&id), "\r\n")),
        ("multipart/form-data; boundary=XbndQ7", form(&submission(&id), "\n")),
        ("multipart/related; boundary=B; start=\"<r>\"", mtom.into_bytes()),
        ("application/soap+xml", envelope("COREEnvelopeBatchSubmission", &submission(&id), PAYLOAD).into_bytes()),
    ];
    let damage = (0..requests.len(), any::<prop::sample::Index>(), any::<u8>(), 0..3_u8);
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) });
    runner
        .run(&damage, |(which, at, byte, how)| {
            let (content_type, mut body) = requests[which].clone();
            let at = at.index(body.len());
            match how {
                0 => body[at] = byte,
                1 => body.insert(at, byte),
                _ => body.truncate(at),
            }
            let answer = runtime.block_on(world.post(content_type, &[], body));
            prop_assert!(matches!(answer.status, 200 | 400 | 413 | 500), "{answer:?}");
            Ok(())
        })
        .unwrap();
    // A damaged id or name is still a file; its bytes are those that the checksum says.
    for kept in world.payer.kept() {
        assert_eq!(hex::encode(kept.sha256), SHA256);
        assert_eq!(kept.partner, "billco");
    }
    assert_eq!(world.spooled(), 0);
}

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

// One thread, so that its subscriber hears client and server.
#[tokio::test(flavor = "current_thread")]
async fn the_log_has_ids_and_codes_and_nothing_of_a_file() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().json().with_max_level(tracing::Level::TRACE);
    let _guard = tracing::subscriber::set_default(subscriber.with_writer(move || writer.clone()).finish());
    // Other tests of this process may have asked for less at the same places.
    tracing::callsite::rebuild_interest_cache();

    let world = World::new().await;
    let claims = parcel(Content::Claims837P, "ISA*JANEDOE~");
    let client = super::client::client(world.address, "", world.spool.path());
    client.submit(&claims).await.unwrap();
    let id = id();
    let mut damaged = submission(&id);
    damaged.retain(|(name, _)| *name != "Payload");
    damaged.push(("Payload", "ISA*JOHNROE~"));
    assert_eq!(world.post_form(&damaged, "\r\n").await.code(), "PayloadLengthIllegal");
    let soap = envelope("COREEnvelopeBatchSubmission", &submission(&id), "JOHNROE!");
    assert_eq!(world.post("application/soap+xml", &[], soap).await.code(), "PayloadIllegal");

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let ours: Vec<_> = text.lines().filter(|line| line.contains("claimwire")).collect();
    for expected in [claims.id.to_string().as_str(), id.as_str(), "\"partner\":\"billco\"", "PayloadLengthIllegal"] {
        assert!(ours.iter().any(|line| line.contains(expected)), "{expected} is not in {ours:#?}");
    }
    for secret in ["JANEDOE", "JOHNROE", "s3cret"] {
        assert!(!text.contains(secret), "{secret} is in the log");
    }
}
