//! The store when the disk is full, when its bytes are not what they were, and when the clock jumps.

use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use claimwire::{
    acknowledge::Owed,
    gateway::{
        Gateway, Served,
        connect::Content,
        store::{Clock, Error, Tx, Value as Bound, api_keys, payload},
    },
    generate::Kind,
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::script::{Bench, Mail, Say, answers};
use crate::harness::{Site, claims, lines};

const DAY: i64 = 24 * 60 * 60 * 1000;

/// Bounds the database to so many pages, or takes the bound away: what a disk without space looks like to it.
fn bound(tx: &mut dyn Tx, pages: i64) -> Result<(), Error> {
    tx.rows(&format!("PRAGMA max_page_count = {pages}"), &[]).map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_goes_on() {
    let site = Site::new(
        "[api]\nlisten = \"127.0.0.1:0\"\n",
        &[(
            "harbor",
            "sender_id = \"CLRV01\"\nreceiver_id = \"99001\"\npayers = [\"HARBOR\"]\n[limits]\nbatch_wait = \"0s\"\n",
        )],
    );
    let settings = site.settings();
    let of = settings.clone();
    let gateway = tokio::task::spawn_blocking(move || Gateway::open(&of).unwrap()).await.unwrap();
    let served = Served::open(Arc::clone(&gateway), &settings).await.unwrap();
    let url = format!("http://{}/v1/claims", served.addresses().api.unwrap());
    let stop = CancellationToken::new();
    let running = tokio::spawn(served.run(stop.clone()));
    let key = gateway.store().write(|tx| api_keys::issue(tx, "test", "submitter", "[\"*\"]")).await.unwrap();
    let key = key.1.expose_secret().to_owned();
    let http = crate::core::http();
    let post = async |first: u64| {
        let request = http.post(&url).bearer_auth(&key).header("Content-Type", "application/x-ndjson");
        let request = request.header("Idempotency-Key", first.to_string());
        request.body(lines(&claims(Kind::Professional, 200, first, &["PAID"]))).send().await.unwrap()
    };
    assert_eq!(post(0).await.status(), 200);
    let pages = site.count("PRAGMA page_count");
    gateway.store().write(move |tx| bound(tx, pages + 40)).await.unwrap();
    let (mut refused, mut next) = (0, 200);
    while refused < 3 {
        let answer = post(next).await;
        match answer.status().as_u16() {
            200 => next += 200,
            503 => {
                assert!(answer.headers().contains_key("retry-after"));
                let told: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
                assert!(told["error"]["message"].as_str().unwrap().contains("space"), "{told}");
                refused += 1;
            }
            other => panic!("{other}"),
        }
        assert!(next < 10_000, "it never was full");
    }
    // Nothing is half there.
    let whole = |next: u64| {
        assert_eq!(site.count("SELECT count(*) FROM claim"), next as i64);
        assert_eq!(site.count("SELECT count(*) FROM event WHERE kind = 'queued'"), next as i64);
        assert_eq!(site.count("SELECT count(*) FROM payload WHERE kind = 'lines'"), next as i64 / 200);
        let chunks = "SELECT count(*) FROM payload_chunk WHERE payload NOT IN (SELECT id FROM payload)";
        assert_eq!(site.count(chunks), 0);
        assert_eq!(site.rows("PRAGMA integrity_check"), [json!({"integrity_check": "ok"})]);
    };
    whole(next);
    // There is space again: what was refused is taken under the same key, and all goes on.
    gateway.store().write(|tx| bound(tx, 1 << 30)).await.unwrap();
    assert_eq!(post(next).await.status(), 200);
    whole(next + 200);
    let waiting = "SELECT count(*) FROM claim WHERE state <> 'batched'";
    for _ in 0..600 {
        if site.count(waiting) == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(site.count(waiting), 0, "the jobs do not go on");
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_not_what_they_were_are_not_sent() {
    let bench = Bench::new("").await;
    bench.partner.will_say(vec![Say::Refuse("PayloadIDIllegal")]);
    // Longer than a chunk, so that the damage is not where the reader begins.
    bench.submit(2000).await;
    bench.until("SELECT state AS one FROM delivery", &["failed"]).await;
    let damaged = bench.gateway.store().write(|tx| {
        let payload = "(SELECT payload FROM file WHERE content = '837P')";
        let last = format!("SELECT max(number) AS n FROM payload_chunk WHERE payload = {payload}");
        let last = tx.first(&last, &[])?.unwrap().int("n")?;
        assert!(last > 0, "the file has one chunk only");
        let row = tx.first(
            &format!("SELECT sealed FROM payload_chunk WHERE payload = {payload} AND number = ?1"),
            &[Bound::from(last)],
        )?;
        let mut sealed = row.unwrap().blob("sealed")?.to_vec();
        let middle = sealed.len() / 2;
        sealed[middle] ^= 1;
        tx.run(
            &format!("UPDATE payload_chunk SET sealed = ?2 WHERE payload = {payload} AND number = ?1"),
            &[Bound::from(last), Bound::from(&sealed[..])],
        )
    });
    damaged.await.unwrap();
    let heard = bench.partner.submissions().len();
    bench.resend().await;
    let given_up = "SELECT kind AS one FROM event WHERE kind = 'send_given_up'";
    bench.until(given_up, &["send_given_up"; 2]).await;
    bench.until("SELECT state AS one FROM delivery", &["failed"]).await;
    bench.until("SELECT state AS one FROM job WHERE queue = 'deliver'", &["failed"]).await;
    for sql in ["SELECT reason FROM delivery", "SELECT reason FROM job WHERE queue = 'deliver'"] {
        let reason = bench.rows(sql).remove(0)["reason"].as_str().unwrap().to_owned();
        assert!(reason.contains("seal does not fit"), "{reason}");
    }
    assert_eq!(bench.partner.submissions().len(), heard, "something was sent");
    assert_eq!(bench.rows("SELECT DISTINCT state FROM claim"), [json!({"state": "batched"})]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_stops_the_program_again_and_again_is_given_up() {
    let bench = Bench::new("").await;
    bench.partner.will_say(vec![Say::Refuse("PayloadIDIllegal")]);
    bench.submit(1).await;
    bench.until("SELECT state AS one FROM delivery", &["failed"]).await;
    // As the twentieth process would have left it that died while it sent the file.
    let left = bench.gateway.store().write(|tx| {
        tx.run("UPDATE delivery SET state = 'due', reason = NULL", &[])?;
        tx.run(
            "UPDATE job SET state = 'running', node = 'gone', lease_until = 0, attempt = max_attempts, finished = NULL, reason = NULL
             WHERE queue = 'deliver'",
            &[],
        )
    });
    assert_eq!(left.await.unwrap(), 1);
    bench.work();
    bench.until("SELECT state AS one FROM delivery", &["failed"]).await;
    let told = bench.rows("SELECT d.reason AS one, j.reason AS two FROM delivery d, job j WHERE j.queue = 'deliver'");
    assert_eq!(told[0]["one"], told[0]["two"]);
    assert!(told[0]["one"].as_str().unwrap().contains("given up after 20 attempts"), "{told:?}");
    bench.resend().await;
    bench.until("SELECT state AS one FROM delivery", &["sent"]).await;
}

/// A file system of so many megabytes; none where that may not be made.
struct Small(tempfile::TempDir);

impl Small {
    fn new(megabytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"]).arg(folder.path());
        mount.output().is_ok_and(|output| output.status.success()).then_some(Self(folder))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_really_full() {
    let Some(disk) = Small::new(24) else {
        println!("skipped: a small file system cannot be mounted here");
        return;
    };
    let harbor =
        "sender_id = \"CLRV01\"\nreceiver_id = \"99001\"\npayers = [\"HARBOR\"]\n[limits]\nbatch_wait = \"0s\"\n";
    let site = Site::new("", &[("harbor", harbor)]);
    std::os::unix::fs::symlink(disk.0.path(), site.at("data")).unwrap();
    site.set("[api]\nlisten = \"127.0.0.1:0\"\n");
    let key = tokio::task::block_in_place(|| site.key("submitter", "[\"*\"]"));
    let process = site.serve().listening(1);
    let url = format!("http://{}/v1/claims", process.address("api"));
    let http = crate::core::http();
    let post = async |first: u64| {
        let request = http.post(&url).bearer_auth(&key).header("Content-Type", "application/x-ndjson");
        let request = request.header("Idempotency-Key", first.to_string());
        // Longer than is kept in memory on the way.
        let claims = lines(&claims(Kind::Professional, 1000, first, &["PAID"]));
        request.body(claims).send().await.unwrap().status().as_u16()
    };
    let ballast = disk.0.path().join("ballast");
    let (mut next, mut refused) = (0, 0);
    while refused < 3 {
        match post(next).await {
            200 => next += 1000,
            503 => refused += 1,
            other => panic!("{other}: {}", std::fs::read_to_string(site.at("gateway.log")).unwrap()),
        }
        // After the first there is a little less space than the next needs.
        if next == 1000 && !ballast.exists() {
            let free = 24 * (1 << 20) - used(disk.0.path());
            std::fs::write(&ballast, vec![0; usize::try_from(free.saturating_sub(1 << 20)).unwrap()]).unwrap();
        }
        assert!(next < 20_000, "it never was full");
    }
    assert_eq!(site.count("SELECT count(*) FROM claim"), next as i64);
    assert_eq!(site.count("SELECT count(*) FROM event WHERE kind = 'queued'"), next as i64);
    std::fs::remove_file(&ballast).unwrap();
    assert_eq!(post(next).await, 200);
    let waiting = "SELECT count(*) FROM claim WHERE state <> 'batched'";
    let said = || std::fs::read_to_string(site.at("gateway.log")).unwrap();
    crate::harness::until(std::time::Duration::from_secs(40), "jobs go on", || site.count(waiting) == 0, said);
    assert_eq!(site.count("SELECT count(*) FROM claim"), next as i64 + 1000);
    assert_eq!(site.rows("PRAGMA integrity_check"), [json!({"integrity_check": "ok"})]);
    process.stop();
}

/// Bytes in a folder.
fn used(folder: &std::path::Path) -> u64 {
    let sizes =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len().next_multiple_of(4096));
    sizes.sum()
}

/// A clock that the test sets.
fn clock() -> (Arc<AtomicI64>, Clock) {
    let hand = Arc::new(AtomicI64::new(jiff::Timestamp::now().as_millisecond()));
    (Arc::clone(&hand), Clock::set_by(hand))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_ahead_leaves_nothing_behind() {
    let (hand, clock) = clock();
    let bench = Bench::at("", "30s", clock).await;
    bench.partner.will_say(vec![Say::SuccessWhenTold]);
    bench.submit(2).await;
    bench.partner.until_heard(1).await;
    // A year, while the file is on its way: its worker lives, and keeps the job.
    hand.fetch_add(366 * DAY, Ordering::SeqCst);
    bench.partner.tell();
    bench.until("SELECT state AS one FROM delivery", &["sent"]).await;
    bench.until("SELECT state AS one FROM job WHERE queue = 'deliver'", &["done"]).await;
    assert_eq!(bench.partner.submissions().len(), 1, "it was sent by two");
    // Acknowledgments are due from when it was sent; and overdue once it is their time, each told once.
    hand.fetch_add(4 * DAY, Ordering::SeqCst);
    let overdue = "SELECT json_extract(detail, '$.kind') AS one FROM event WHERE kind = 'overdue' ORDER BY 1";
    bench.until(overdue, &["999"]).await;
    hand.fetch_add(2 * DAY, Ordering::SeqCst);
    bench.until(overdue, &["277CA", "999"]).await;
    hand.fetch_add(400 * DAY, Ordering::SeqCst);
    // And met all the same when they come after all.
    let sent = bench.partner.submissions().remove(0).payload;
    bench.partner.post(Mail::new(Content::ClaimAcknowledgment277, answers(&sent, Owed::Never, false, true, 730)));
    tick(&hand, &bench, "SELECT DISTINCT state AS one FROM claim", &["accepted"]).await;
    bench.until(overdue, &["277CA", "999"]).await;
    assert_eq!(bench.rows("SELECT kind FROM expectation WHERE met IS NOT NULL"), [json!({"kind": "277CA"})]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_stops_nothing() {
    let (hand, clock) = clock();
    let bench = Bench::at("", "500ms", clock).await;
    bench.submit(1).await;
    bench.until("SELECT state AS one FROM delivery", &["sent"]).await;
    let first = bench.rows("SELECT max(id) AS id FROM (SELECT id FROM claim UNION ALL SELECT id FROM delivery)");
    // What is tried again, and what is done again and again, keeps its wait, not its date.
    bench.partner.will_say(vec![Say::Html500]);
    hand.fetch_sub(30 * DAY, Ordering::SeqCst);
    bench.try_submit(&lines(&claims(Kind::Professional, 1, 10, &["PAID"]))).await.unwrap();
    tick(&hand, &bench, "SELECT state AS one FROM delivery", &["sent", "sent"]).await;
    let sent = bench.partner.submissions().remove(0).payload;
    bench.partner.post(Mail::new(Content::Acknowledgment999, answers(&sent, Owed::Never, true, false, 740)));
    tick(&hand, &bench, "SELECT state AS one FROM claim ORDER BY id", &["syntax_accepted", "sent"]).await;
    // Newer things have greater ids, whatever the clock says.
    let second = bench.rows("SELECT min(id) AS id FROM claim WHERE control_number = 'C000010PAID'");
    assert!(second[0]["id"].as_i64() > first[0]["id"].as_i64(), "{second:?} {first:?}");
    // The same claim is known again though it came from the future.
    let again = bench.try_submit(&lines(&claims(Kind::Professional, 1, 0, &["PAID"]))).await.unwrap();
    assert!(again.claims[0].duplicate_of.is_some());
}

/// Waits until a query gives this, while the clock goes on.
async fn tick(hand: &AtomicI64, bench: &Bench, sql: &str, expected: &[&str]) {
    for _ in 0..600 {
        hand.fetch_add(1000, Ordering::SeqCst);
        let found = bench.rows(sql);
        if found.iter().map(|row| row["one"].as_str().unwrap()).eq(expected.iter().copied()) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{sql}: {:?}; {:#?}", bench.rows(sql), bench.rows("SELECT * FROM job WHERE state <> 'done'"));
}

#[test]
fn ids_grow_over_a_restart_though_the_clock_was_set_back() {
    let site = Site::new("", &[]);
    let last = (jiff::Timestamp::now().as_millisecond() + 400 * DAY) << 20;
    let gateway = Gateway::open(&site.settings()).unwrap();
    // As a process whose clock was ahead would have left it.
    let left: Result<_, Error> = gateway.store().write_blocking(move |tx| {
        let payload = payload::put(tx, "file", b"x")?;
        let sql = "INSERT INTO file (id, direction, partner, channel, payload, length, sha256, state, at)
                   VALUES (?1, 'in', 'harbor', 'core', ?2, 1, ?3, 'processed', 0)";
        tx.run(sql, &[Bound::from(last), Bound::from(payload.id), Bound::from(&payload.sha256)])
    });
    left.unwrap();
    drop(gateway);
    let gateway = Gateway::open(&site.settings()).unwrap();
    let submission = claimwire::gateway::flow::Submission {
        source: "test".into(),
        partner: None,
        only: None,
        allow_duplicates: false,
        claims: std::io::Cursor::new(lines(&claims(Kind::Professional, 1, 0, &["PAID"]))),
    };
    let prepared = gateway.examine(submission).unwrap();
    let of = Arc::clone(&gateway);
    let taken: Result<_, Error> = gateway.store().write_blocking(move |tx| of.take(tx, prepared));
    taken.unwrap();
    assert!(site.count("SELECT id FROM claim") > last);
}
