//! Two gateways, a billing side and a payer, with nothing but a function call between them.

mod agreements;
mod reloading;
mod remittances;
mod sending;
mod walks;

use std::{fs, path::Path, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::gateway::{
    Gateway, Id, Settings,
    connect::{
        Arrival, Caller, Collected, Connector, Content, Parcel, Peer, Receipt, SendError, Service, Spool, Wanted,
    },
    secret::Passwords,
    store::values,
};

/// A gateway in a folder of its own.
struct Side {
    gateway: Arc<Gateway>,
    stop: CancellationToken,
    _folder: TempDir,
}

impl Side {
    fn new(partner: &str, settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        crate::gateway::store::Keyring::generate_file(&at("master.key")).unwrap();
        fs::create_dir(at("partners")).unwrap();
        fs::write(at("partners").join(format!("{partner}.toml")), settings).unwrap();
        let text = "folder = \"data\"\nmaster_key = \"file:master.key\"\npartners = \"partners\"\nhand_on = \"claims\"\nresend_after = \"10ms\"\n";
        fs::write(at("gateway.toml"), text).unwrap();
        let gateway = Gateway::open(&Settings::load(&at("gateway.toml")).unwrap()).unwrap();
        Self { gateway, stop: CancellationToken::new(), _folder: folder }
    }

    fn work(&self) {
        let (gateway, stop) = (Arc::clone(&self.gateway), self.stop.clone());
        tokio::spawn(async move { gateway.work(stop).await.unwrap() });
    }

    async fn submit(&self, claims: Vec<u8>) -> Submitted {
        let gateway = Arc::clone(&self.gateway);
        let submission = Submission {
            source: "test".into(),
            partner: Some("harbor".into()),
            only: None,
            allow_duplicates: false,
            claims: std::io::Cursor::new(claims),
        };
        let prepared = tokio::task::spawn_blocking(move || gateway.examine(submission)).await.unwrap().unwrap();
        let gateway = Arc::clone(&self.gateway);
        self.gateway.store().write(move |tx| gateway.take(tx, prepared)).await.unwrap()
    }

    /// A file from a partner.
    async fn receive(&self, partner: &str, bytes: &[u8]) -> Id {
        let caller = Caller { partner: partner.into(), credential: "test".into(), senders: Vec::new(), peer: peer() };
        let mut spool = Spool::create(self._folder.path(), 1 << 30).unwrap();
        spool.write(bytes).unwrap();
        let file = spool.finish().unwrap();
        let arrival = Arrival { channel: "core", payload_id: None, content: None, name: None, file };
        let desk = Desk::new(Arc::clone(&self.gateway), Passwords::new(Duration::from_secs(1)).unwrap());
        let stored = desk.receive(&caller, arrival).await.unwrap();
        Id(i64::try_from(stored.id.as_u64_pair().1).unwrap())
    }

    async fn rows(&self, sql: &'static str) -> Vec<String> {
        let rows = self.gateway.store().read(move |tx| tx.rows(sql, values![])).await.unwrap();
        rows.iter().map(|row| row.text("one").unwrap().to_owned()).collect()
    }

    /// Waits until a question about the store is answered as it should be.
    async fn until(&self, sql: &'static str, expected: &[&str]) {
        let mut seen = Vec::new();
        for _ in 0..600 {
            seen = self.rows(sql).await;
            if seen == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{sql}: {seen:?}, expected {expected:?}; events {:?}", self.rows(EVENTS).await);
    }
}

const EVENTS: &str = "SELECT kind || ' ' || COALESCE(detail, '') AS one FROM event ORDER BY sequence";
const STATES: &str = "SELECT control_number || ' ' || state AS one FROM claim ORDER BY control_number, id";

/// The way to the other side, and back for what waits there.
struct Wire {
    desk: Desk,
    caller: Caller,
    spool: std::path::PathBuf,
}

impl Wire {
    fn connector(to: &Side, partner: &str) -> Arc<dyn Connector> {
        let caller = Caller { partner: partner.into(), credential: "test".into(), senders: Vec::new(), peer: peer() };
        let desk = Desk::new(Arc::clone(&to.gateway), Passwords::new(Duration::from_secs(1)).unwrap());
        Arc::new(Self { desk, caller, spool: to._folder.path().to_owned() })
    }
}

fn peer() -> Peer {
    Peer { address: ([127, 0, 0, 1], 1).into(), certificate: None, tls: None }
}

fn spooled(folder: &Path, parcel: &Parcel) -> crate::gateway::connect::Spooled {
    let mut spool = Spool::create(folder, 1 << 30).unwrap();
    let mut bytes = Vec::new();
    tokio::task::block_in_place(|| parcel.body.open().unwrap().read_to_end(&mut bytes).unwrap());
    spool.write(&bytes).unwrap();
    spool.finish().unwrap()
}

impl Connector for Wire {
    fn submit<'a>(&'a self, parcel: &'a Parcel) -> BoxFuture<'a, Result<Receipt, SendError>> {
        Box::pin(async move {
            let file = spooled(&self.spool, parcel);
            let arrival = Arrival {
                channel: "core",
                payload_id: Some(parcel.id.to_string()),
                content: Some(parcel.content),
                name: None,
                file,
            };
            let stored = self.desk.receive(&self.caller, arrival).await.map_err(|error| SendError::Refused {
                code: "?".into(),
                reason: error.to_string(),
                answer: None,
            })?;
            Ok(Receipt { detail: format!("{}", stored.duplicate), warnings: Vec::new(), answer: None })
        })
    }

    fn collect<'a>(&'a self, kinds: &'a [Content]) -> BoxFuture<'a, Result<Option<Collected>, SendError>> {
        Box::pin(async move {
            let wanted = Wanted { kinds: kinds.to_vec(), payload_id: None };
            let Some(parcel) = self.desk.next(&self.caller, wanted).await.unwrap() else { return Ok(None) };
            let file = spooled(&self.spool, &parcel);
            self.desk.fetched(&self.caller, parcel.id, None).await.unwrap();
            Ok(Some(Collected { id: Some(parcel.id.to_string()), file }))
        })
    }

    fn confirm<'a>(&'a self, collected: &'a str) -> BoxFuture<'a, Result<(), SendError>> {
        Box::pin(async move {
            assert!(self.desk.confirmed(&self.caller, collected).await.unwrap());
            Ok(())
        })
    }
}

use std::io::Read;

const HARBOR: &str = r#"
sender_id = "CLRV01"
receiver_id = "99001"
collect_every = "50ms"
send_by = "core"
[limits]
batch_wait = "0s"
[core]
url = "https://payer.example/core"
"#;

const CLINIC: &str = r#"
sender_id = "99001"
receiver_id = "CLRV01"
"#;

async fn sides() -> (Side, Side) {
    sides_with(HARBOR).await
}

async fn sides_with(harbor: &str) -> (Side, Side) {
    let sides = || (Side::new("harbor", harbor), Side::new("clinic", CLINIC));
    let (clinic, payer) = tokio::task::block_in_place(sides);
    let wire = Wire::connector(&payer, "clinic");
    clinic.gateway.connectors.lock().unwrap().insert("harbor".into(), wire);
    clinic.work();
    payer.work();
    (clinic, payer)
}

fn claims(sample: &str) -> Vec<u8> {
    let file = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(sample)).unwrap();
    let mut lines = Vec::new();
    crate::ndjson::read(&file[..], &mut lines, None).unwrap();
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_go_out_and_their_answers_find_them() {
    let (clinic, payer) = sides().await;
    let submitted = clinic.submit(claims("837p/two-visits.x12")).await;
    assert_eq!((submitted.queued, submitted.refused), (2, 0), "{submitted:?}");
    clinic.until(STATES, &["VISIT-1001 accepted", "VISIT-1002 accepted"]).await;
    payer.until(STATES, &["VISIT-1001 accepted", "VISIT-1002 accepted"]).await;
    // Handed in again they are known, whatever number they have.
    let again = clinic.submit(claims("837p/two-visits.x12")).await;
    assert_eq!(again.claims.iter().filter(|claim| claim.duplicate_of.is_some()).count(), 2);
    assert_eq!((again.queued, again.refused), (0, 2));
    // What was sent is what is stored, on both sides.
    let sent = "SELECT hex(sha256) AS one FROM file WHERE content = '837P'";
    assert_eq!(clinic.rows(sent).await[0], payer.rows(sent).await[0]);
    payer.until("SELECT state AS one FROM delivery ORDER BY id", &["confirmed", "confirmed"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remittance_finds_its_claims() {
    let (clinic, payer) = sides().await;
    clinic.submit(claims("837p/two-visits.x12")).await;
    clinic.until(STATES, &["VISIT-1001 accepted", "VISIT-1002 accepted"]).await;
    let given = remittance();
    let gateway = Arc::clone(&payer.gateway);
    let submission = Submission {
        source: "test".into(),
        partner: Some("clinic".into()),
        only: None,
        allow_duplicates: false,
        claims: std::io::Cursor::new(given),
    };
    let given = tokio::task::spawn_blocking(move || gateway.pay(submission)).await.unwrap().unwrap();
    assert!(given.file.is_some(), "{:?}", given.findings);
    clinic.until(STATES, &["VISIT-1001 accepted", "VISIT-1002 paid"]).await;
    payer.until(STATES, &["VISIT-1001 accepted", "VISIT-1002 paid"]).await;
}

/// A payment of the second visit.
fn remittance() -> Vec<u8> {
    let lines = claims("835/adjustments-at-both-levels.x12");
    let first = lines.split(|byte| *byte == b'\n').next().unwrap();
    let mut line: Value = serde_json::from_slice(first).unwrap();
    line["control_number"] = "VISIT-1002".into();
    let mut bytes = serde_json::to_vec(&line).unwrap();
    bytes.push(b'\n');
    bytes
}
