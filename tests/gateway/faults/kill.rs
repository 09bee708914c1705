//! `kill -9` at random moments, of either side.
//!
//! The short runs are part of `cargo test`. The long one, 200 kills while 5,000 claims go out and their answers come in:
//!
//! ```text
//! cargo test --test gateway -- --ignored --nocapture killed_two_hundred_times
//! ```

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use claimwire::{
    gateway::sandbox::{Entry, Taken},
    generate::Kind,
};
use serde_json::{Value, json};

use crate::harness::{Dice, Pair, SandboxPayer, Site, claims, lines, until};

/// How claims begin, and what must become of them.
const OUTCOMES: &[(&str, &[&str])] = &[
    ("PAID", &["paid"]),
    ("DENY", &["denied"]),
    ("PART", &["paid", "partially_paid"]),
    ("ZERO", &["zero_paid"]),
    ("REJMEM", &["rejected"]),
];

/// A run of kills.
struct Run {
    kills: usize,
    claims: u64,
    in_submission: u64,
    in_file: u64,
    /// Longest that the gateway runs before it is killed, in milliseconds.
    longest: u64,
}

#[test]
fn killed_while_claims_go_out_and_answers_come_in() {
    Run { kills: 20, claims: 5000, in_submission: 50, in_file: 250, longest: 700 }.go();
}

#[test]
#[ignore = "takes minutes; the command is above"]
fn killed_two_hundred_times() {
    Run { kills: 200, claims: 5000, in_submission: 25, in_file: 50, longest: 1500 }.go();
}

/// The payer's side: a gateway that takes claims in by CORE, answers them, and hands them on.
#[test]
fn a_payer_killed_while_claims_come_in() {
    killed_payer(12, 1500, 900, "200ms");
}

#[test]
#[ignore = "takes minutes: cargo test --test gateway -- --ignored --nocapture a_payer_killed_hundred_times"]
fn a_payer_killed_hundred_times() {
    killed_payer(100, 5000, 1200, "2s");
}

/// `resend` is how long after a failed try a file is sent again: after twenty tries it would be given up.
fn killed_payer(kills: usize, count: u64, longest: u64, resend: &str) {
    let begun = Instant::now();
    let mut dice = Dice::new();
    let (core, api) = (free_port(), free_port());
    let pair = Pair::new("127.0.0.1");
    let payer = Site::new(
        &format!(
            "hand_on = \"claims\"\noffer_again = \"1s\"\n[core]\nlisten = \"127.0.0.1:{core}\"\n\
             tls = {{ {}, client_certificates = \"required\" }}\n",
            pair.server()
        ),
        &[("clinic", &format!("sender_id = \"99001\"\nreceiver_id = \"CLRV01\"\n{}", pair.credentials()))],
    );
    let partner = format!(
        "sender_id = \"CLRV01\"\nreceiver_id = \"99001\"\npayers = [\"HARBOR\"]\ncollect_every = \"200ms\"\n\
         [limits]\nbatch_wait = \"0s\"\nclaims_per_file = 50\n{}[core]\nurl = \"https://127.0.0.1:{core}/core\"\n\
         sender = \"CLRV01\"\nreceiver = \"99001\"\nbatch_timeout = \"20s\"\n",
        pair.client()
    );
    let settings = format!("resend_after = {resend:?}\n[api]\nlisten = \"127.0.0.1:{api}\"\n");
    let clinic = Site::new(&settings, &[("harbor", &partner)]);
    let key = clinic.key("submitter", "[\"*\"]");
    let billing = clinic.serve().listening(1);
    let submissions = count / 50;
    let mut handed_in = 0;
    for kill in 0..kills {
        // In step with the kills, so that there is something to do at each.
        while handed_in < submissions && handed_in * (kills as u64) <= kill as u64 * submissions {
            let claims = claims(Kind::Professional, 50, handed_in * 50, &["PAID"]);
            assert!(submit(api, &key, handed_in as usize, lines(&claims)));
            handed_in += 1;
        }
        let process = payer.serve();
        thread::sleep(dice.moment(longest));
        assert!(process.kill(), "it ended by itself: {}", tail(&payer));
    }
    let killed = begun.elapsed();
    for n in handed_in..submissions {
        assert!(submit(api, &key, n as usize, lines(&claims(Kind::Professional, 50, n * 50, &["PAID"]))));
    }
    let process = payer.serve().listening(1);
    let said = || {
        format!(
            "{:?}\n{:?}\n{:?}\n{:?}\n{}\n{}",
            clinic.rows("SELECT state, count(*) FROM claim GROUP BY state"),
            clinic.rows("SELECT state, attempts, reason FROM delivery WHERE state <> 'sent'"),
            payer.rows("SELECT state, count(*) FROM delivery GROUP BY state"),
            payer.rows("SELECT queue, kind, state, attempt, due - since FROM job WHERE state <> 'done'"),
            tail(&clinic),
            tail(&payer)
        )
    };
    let open = "SELECT count(*) FROM claim WHERE state <> 'accepted'";
    let done = || clinic.count(open) == 0;
    until(Duration::from_secs(60), "claims are accepted", done, said);
    let unconfirmed = "SELECT count(*) FROM delivery WHERE state <> 'confirmed'";
    let busy = "SELECT count(*) FROM job WHERE state IN ('ready', 'running') AND queue <> 'periodic'";
    let quiet = || payer.count(unconfirmed) == 0 && payer.count(busy) == 0 && clinic.count(busy) == 0;
    until(Duration::from_secs(60), "answers are confirmed", quiet, said);
    process.stop();
    billing.stop();
    // Each claim came in once, in the file that was sent.
    let numbers = |site: &Site| -> BTreeSet<String> {
        site.rows("SELECT control_number FROM claim").iter().map(|row| text(row, "control_number")).collect()
    };
    assert_eq!(payer.count("SELECT count(*) FROM claim"), count as i64);
    assert_eq!(payer.count("SELECT count(*) FROM claim WHERE state = 'accepted'"), count as i64);
    assert!(numbers(&payer).len() as u64 == count && numbers(&payer) == numbers(&clinic));
    let files =
        |site: &Site| site.rows("SELECT message, sha256, content FROM file WHERE content = '837P' ORDER BY message");
    assert_eq!(files(&payer), files(&clinic));
    // Each answer that was made has come, and had its effect once.
    let answers = "SELECT kind, count(*) AS n FROM acknowledgment GROUP BY kind ORDER BY kind";
    assert_eq!(payer.rows(answers), clinic.rows(answers));
    assert_eq!(
        clinic.rows(answers),
        [("277CA", submissions), ("999", submissions)].map(|(kind, n)| json!({"kind": kind, "n": n}))
    );
    assert_eq!(clinic.count("SELECT count(*) FROM event WHERE kind = 'claim_answered'"), count as i64);
    assert_eq!(clinic.count("SELECT count(*) FROM event WHERE kind LIKE '%unknown' OR kind = 'send_given_up'"), 0);
    // And each claim was handed on once.
    let mut handed_on: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(payer.at("claims")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "ndjson") {
            continue;
        }
        let lines = std::fs::read_to_string(&path).unwrap();
        let number = |line: &str| text(&serde_json::from_str(line).unwrap(), "control_number");
        handed_on.extend(lines.lines().map(number));
    }
    assert!(handed_on.len() as u64 == count && handed_on.into_iter().collect::<BTreeSet<_>>() == numbers(&payer));
    println!(
        "payer killed {kills} times in {killed:?}, all in {:?}: {count} claims in {submissions} files, {} tries to send \
         that failed, {} answers given again",
        begun.elapsed(),
        clinic.count("SELECT count(*) FROM event WHERE kind = 'send_failed'"),
        payer.count("SELECT count(*) FROM event WHERE kind = 'fetched'") - 2 * submissions as i64,
    );
}

impl Run {
    fn go(&self) {
        let begun = Instant::now();
        let mut dice = Dice::new();
        let payer = SandboxPayer::start();
        let limits = format!("[limits]\nbatch_wait = \"0s\"\nclaims_per_file = {}\n", self.in_file);
        let port = free_port();
        let settings = format!("resend_after = \"200ms\"\n[api]\nlisten = \"127.0.0.1:{port}\"\n");
        let site = Site::new(&settings, &[("harbor", &payer.partner(&limits))]);
        let key = site.key("submitter", "[\"*\"]");

        // Somebody hands claims in by the API, and again what was not answered.
        let outcomes: Vec<&str> = OUTCOMES.iter().map(|(prefix, _)| *prefix).collect();
        let submissions: Vec<Vec<u8>> = (0..self.claims / self.in_submission)
            .map(|n| lines(&claims(Kind::Professional, self.in_submission, n * self.in_submission, &outcomes)))
            .collect();
        let (kills, ends) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (handed_in, count) = (Arc::new(AtomicUsize::new(0)), submissions.len());
        let billing = {
            let (kills, ends, of_kills) = (Arc::clone(&kills), Arc::clone(&ends), self.kills);
            let handed_in = Arc::clone(&handed_in);
            thread::spawn(move || {
                let mut tries = 0;
                for (n, claims) in submissions.into_iter().enumerate() {
                    // In step with the kills, so that there is something to do at each.
                    while kills.load(Ordering::SeqCst) * count < n * of_kills * 9 / 10 && !ends.load(Ordering::SeqCst) {
                        thread::sleep(Duration::from_millis(5));
                    }
                    while !submit(port, &key, n, claims.clone()) {
                        tries += 1;
                        assert!(tries < 100_000);
                        thread::sleep(Duration::from_millis(20));
                    }
                    handed_in.store(n + 1, Ordering::SeqCst);
                }
                tries
            })
        };
        for kill in 0..self.kills {
            let gateway = site.serve();
            // Every other life lasts until there is something new to do, and then some.
            let begun = Instant::now();
            while kill % 2 == 1
                && handed_in.load(Ordering::SeqCst) * self.kills < kill * count * 9 / 10
                && begun.elapsed() < Duration::from_secs(5)
            {
                thread::sleep(Duration::from_millis(2));
            }
            thread::sleep(dice.moment(self.longest));
            assert!(gateway.kill(), "it ended by itself: {}", tail(&site));
            kills.fetch_add(1, Ordering::SeqCst);
        }
        ends.store(true, Ordering::SeqCst);
        let killed = begun.elapsed();
        let gateway = site.serve().listening(1);
        let tries = billing.join().unwrap();
        let open = "SELECT count(*) FROM claim WHERE state NOT IN ('paid', 'partially_paid', 'zero_paid', 'denied', 'rejected')";
        let unheard = "SELECT count(*) FROM claim c WHERE NOT EXISTS
            (SELECT 1 FROM event e WHERE e.claim = c.id AND e.kind = 'syntax_answered')";
        let states = || format!("{:?}\n{}", site.rows("SELECT state, count(*) FROM claim GROUP BY state"), tail(&site));
        let done = || {
            site.count(open) == 0
                && site.count(unheard) == 0
                && site.count("SELECT count(*) FROM claim") >= self.claims as i64
        };
        until(Duration::from_secs(180), "claims come to their end", done, states);
        let quiet = "SELECT count(*) FROM job WHERE state IN ('ready', 'running') AND queue <> 'periodic'";
        until(Duration::from_secs(60), "jobs come to their end", || site.count(quiet) == 0, states);
        gateway.stop();
        let found = self.judge(&site, &payer);
        println!(
            "{} kills in {killed:?}, all in {:?}: {} claims, {} files sent, {} repeats with the same id and bytes, \
             {} files received, {tries} submissions tried again, {} jobs rescued",
            self.kills,
            begun.elapsed(),
            self.claims,
            found.sent,
            found.repeats,
            site.count("SELECT count(*) FROM file WHERE direction = 'in'"),
            found.rescued,
        );
    }

    /// Nothing lost, nothing twice, nothing invented.
    fn judge(&self, site: &Site, payer: &SandboxPayer) -> Found {
        let log = payer.log();
        let (mut messages, mut repeats) = (BTreeMap::new(), 0);
        let mut received: BTreeMap<String, usize> = BTreeMap::new();
        for entry in &log {
            match entry {
                Entry::Message { payload_id, sha256, taken, .. } => {
                    let id = payload_id.clone().unwrap();
                    match taken {
                        Taken::New => assert_eq!(messages.insert(id, sha256.clone()), None, "one id, twice new"),
                        Taken::Repeat => {
                            assert_eq!(messages.get(&id), Some(sha256), "a repeat with other bytes");
                            repeats += 1;
                        }
                        Taken::Conflict => panic!("one id for two files: {id}"),
                    }
                }
                Entry::Claim { control_number, outcome, .. } => {
                    assert!(!["duplicate", "invalid"].contains(&outcome.as_str()), "{control_number}: {outcome}");
                    *received.entry(control_number.clone()).or_default() += 1;
                }
                _ => {}
            }
        }
        // Each claim was received once, and none that was not handed in.
        assert_eq!(received.len() as u64, self.claims);
        assert!(received.values().all(|count| *count == 1), "received more than once");
        // What was sent is what is stored, and all of it was.
        let files = site.rows("SELECT message, sha256 FROM file WHERE direction = 'out'");
        let ours: BTreeMap<String, String> =
            files.iter().map(|row| (text(row, "message"), text(row, "sha256"))).collect();
        assert_eq!(ours, messages, "what was sent is not what is stored");
        let unsent = site.rows("SELECT * FROM delivery WHERE state <> 'sent'");
        assert_eq!(unsent, Vec::<Value>::new());

        let stored = site.rows("SELECT id, control_number, state FROM claim");
        assert_eq!(stored.len() as u64, self.claims, "claims stored");
        let numbers: BTreeSet<String> = stored.iter().map(|row| text(row, "control_number")).collect();
        assert_eq!(numbers, received.into_keys().collect());
        for row in &stored {
            let number = text(row, "control_number");
            let (_, allowed) = OUTCOMES.iter().find(|(prefix, _)| number.ends_with(prefix)).unwrap();
            assert!(allowed.contains(&text(row, "state").as_str()), "{row}");
        }
        // Each state follows from events, and each event happened once.
        let events = site.rows(
            "SELECT claim, state, group_concat(kind, ' ') AS kinds FROM
                 (SELECT e.claim, c.state, e.kind FROM event e JOIN claim c ON c.id = e.claim ORDER BY e.sequence)
             GROUP BY claim",
        );
        assert_eq!(events.len() as u64, self.claims);
        for row in &events {
            let (state, kinds) = (text(row, "state"), text(row, "kinds"));
            let mut kinds: Vec<&str> = kinds.split(' ').collect();
            assert_eq!(kinds[..2], ["queued", "batched"], "{row}");
            // An answer may come before its file is known to have arrived.
            kinds.sort_unstable();
            let mut expected = vec!["adjudicated", "batched", "claim_answered", "queued", "sent", "syntax_answered"];
            if state == "rejected" {
                expected.remove(0);
            }
            assert_eq!(kinds, expected, "{row}");
        }
        let paid = site.count("SELECT count(*) FROM payment");
        assert_eq!(paid, site.count("SELECT count(*) FROM event WHERE kind = 'adjudicated'"), "payments");
        assert_eq!(site.count("SELECT count(*) FROM payment WHERE claim IS NULL"), 0);
        for kind in ["answers_unknown", "pays_unknown", "send_given_up", "file_refused"] {
            assert_eq!(site.count(&format!("SELECT count(*) FROM event WHERE kind = '{kind}'")), 0, "{kind}");
        }
        assert_eq!(site.rows("SELECT * FROM job WHERE state = 'failed'"), Vec::<Value>::new());
        assert_eq!(site.count("SELECT count(*) FROM file WHERE state = 'received'"), 0);
        let rescued = "SELECT count(*) FROM job WHERE token > 1 AND queue <> 'periodic'";
        Found { sent: messages.len(), repeats, rescued: site.count(rescued) }
    }
}

struct Found {
    sent: usize,
    repeats: usize,
    rescued: i64,
}

fn text(row: &Value, name: &str) -> String {
    row[name].as_str().unwrap_or_else(|| panic!("{name} in {row}")).to_owned()
}

/// The end of a gateway's log.
fn tail(site: &Site) -> String {
    let log = std::fs::read_to_string(site.at("gateway.log")).unwrap_or_default();
    log.lines().rev().take(30).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n")
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Whether a submission was answered with a yes.
fn submit(port: u16, key: &str, n: usize, claims: Vec<u8>) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let http = crate::core::http();
        let request = http
            .post(format!("http://127.0.0.1:{port}/v1/claims"))
            .bearer_auth(key)
            .header("Idempotency-Key", format!("submission-{n}"))
            .header("Content-Type", "application/x-ndjson")
            .body(claims);
        match request.send().await {
            Ok(answer) if answer.status() == 200 => match answer.json_value().await {
                Some(answer) => {
                    assert_eq!(answer["refused"], 0, "{answer}");
                    true
                }
                None => false,
            },
            Ok(answer) => {
                assert!(matches!(answer.status().as_u16(), 409 | 503), "{:?}", answer.status());
                false
            }
            Err(_) => false,
        }
    })
}

trait JsonValue {
    async fn json_value(self) -> Option<Value>;
}

impl JsonValue for reqwest::Response {
    async fn json_value(self) -> Option<Value> {
        serde_json::from_slice(&self.bytes().await.ok()?).ok()
    }
}
