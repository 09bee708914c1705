//! What is old goes while the gateway runs.

use std::time::Duration;

use claimwire::generate::Kind;

use crate::harness::{Site, claims, lines, until};

const DAY: i64 = 24 * 60 * 60 * 1000;
const PARTNER: &str = "sender_id = \"CLRV01\"\nreceiver_id = \"99001\"\npayers = [\"HARBOR\"]\nlimits.batch_wait = \"0s\"\n\
                       [folder]\ndrop = \"../drop\"\n";

/// Makes all that the stopped gateway has stored older.
fn age(site: &Site, days: i64) {
    let by = days * DAY;
    site.rows(&format!("UPDATE payload SET kept = kept - {by}, created = created - {by}"));
    site.rows(&format!("UPDATE job SET finished = finished - {by} WHERE finished IS NOT NULL"));
}

#[test]
fn bytes_and_jobs_go_in_time_and_what_happened_stays() {
    let site =
        Site::new("keep_days = 30\nintake = \"intake\"\n[api]\nlisten = \"127.0.0.1:0\"\n", &[("harbor", PARTNER)]);
    std::fs::create_dir(site.at("drop")).unwrap();
    std::fs::create_dir(site.at("intake")).unwrap();
    // Once it listens the store has its tables.
    let serve = || site.serve().listening(1);
    let running = serve();
    std::fs::write(site.at("intake/one.ndjson"), lines(&claims(Kind::Professional, 2, 1, &["PAID"]))).unwrap();
    let sent = "SELECT count(*) FROM claim WHERE state = 'sent'";
    until(
        Duration::from_secs(60),
        "sent",
        || site.count(sent) == 2,
        || format!("{:?}", site.rows("SELECT * FROM job")),
    );
    running.stop();
    let kept = "SELECT count(*) FROM payload WHERE state = 'kept' AND kind IN ('file', 'lines', 'findings')";
    let (payloads, events) = (site.count(kept), site.count("SELECT count(*) FROM event"));
    assert!(payloads >= 2, "the claims, and the file");
    let done = "SELECT count(*) FROM job WHERE queue IN ('batch', 'deliver') AND state = 'done'";
    assert!(site.count(done) >= 2);

    // Old enough for jobs and answers, and not for bytes.
    let answers = "SELECT count(*) FROM idempotency";
    assert_eq!(site.count(answers), 1, "the file that was picked up");
    site.rows("INSERT INTO idempotency (caller, key, request, created, status, answer) VALUES ('a', 'k', zeroblob(32), 0, 200, '{}')");
    age(&site, 8);
    let running = serve();
    until(
        Duration::from_secs(30),
        "jobs forgotten",
        || site.count(done) == 0 && site.count(answers) == 1,
        || format!("{:?}", site.rows("SELECT * FROM job")),
    );
    running.stop();
    assert_eq!(site.count(kept), payloads);

    age(&site, 23);
    let running = serve();
    let audited = "SELECT count(*) FROM audit WHERE action = 'payloads.erase'";
    until(
        Duration::from_secs(30),
        "bytes erased",
        || site.count(audited) == 1,
        || format!("{:?}", site.rows("SELECT id, state, kind, kept FROM payload")),
    );
    running.stop();
    assert_eq!(site.count(kept), 0);
    let chunks = "SELECT count(*) FROM payload_chunk c JOIN payload p ON p.id = c.payload WHERE p.state = 'erased'";
    assert_eq!(site.count(chunks), 0);
    assert_eq!(site.count("SELECT count(*) FROM claim WHERE state = 'sent'"), 2);
    assert_eq!(site.count("SELECT count(*) FROM event"), events);
}
