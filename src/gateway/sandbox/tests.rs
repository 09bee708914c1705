use std::{
    io::Read,
    sync::atomic::{AtomicI64, Ordering},
};

use serde_json::{Value, json};

use super::*;
use crate::{
    acknowledge::{self, Answer},
    check::{Finding, Receive, Severity},
    claims::ClaimStatus,
    gateway::connect::Spool,
    generate::{self, Kind, Variety},
    ndjson,
    record::Decimal,
};

const KINDS: [Kind; 3] = [Kind::Professional, Kind::Institutional, Kind::Dental];

/// A payer by a clock that stands until it is moved, and a partner that calls it.
struct World {
    payer: Arc<Sandbox>,
    clock: Arc<AtomicI64>,
    billco: Caller,
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self::with(Options { delay: Duration::from_secs(10), offer_again: None, ..Options::default() })
    }

    fn with(options: Options) -> Self {
        let clock = Arc::new(AtomicI64::new(Timestamp::now().as_second()));
        let read = Arc::clone(&clock);
        let now = move || Timestamp::from_second(read.load(Ordering::Relaxed)).unwrap();
        Self {
            payer: Sandbox::new(Options { clock: Arc::new(now), ..options }).unwrap(),
            clock,
            billco: caller("billco"),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::Relaxed);
    }

    fn arrival(&self, bytes: &[u8], channel: &'static str, payload_id: Option<&str>) -> Arrival {
        let mut spool = Spool::create(self.folder.path(), 1 << 30).unwrap();
        spool.write(bytes).unwrap();
        let payload_id = payload_id.map(str::to_owned);
        Arrival { channel, payload_id, content: None, name: None, file: spool.finish().unwrap() }
    }

    async fn send(&self, bytes: &[u8], payload_id: &str) -> Result<Stored, ServiceError> {
        let stored = self.payer.receive(&self.billco, self.arrival(bytes, "core", Some(payload_id))).await;
        self.payer.settled().await;
        stored
    }

    /// Everything that can be picked up now, checked by our own checker.
    async fn pick_up(&self) -> Vec<(Content, String)> {
        let mut files = Vec::new();
        while let Some(parcel) = self.payer.next(&self.billco, any()).await.unwrap() {
            self.payer.fetched(&self.billco, parcel.id, None).await.unwrap();
            files.push((parcel.content, read(&parcel)));
        }
        for (content, file) in &files {
            assert_valid(*content, file);
        }
        files
    }

    fn claims(&self) -> Vec<(String, String)> {
        let claim = |entry| match entry {
            Entry::Claim { control_number, outcome, .. } => Some((control_number, outcome)),
            _ => None,
        };
        self.payer.log().into_iter().filter_map(claim).collect()
    }
}

fn caller(partner: &str) -> Caller {
    let peer = Peer { address: "127.0.0.1:1".parse().unwrap(), certificate: None, tls: None };
    Caller { partner: partner.into(), credential: "test".into(), senders: Vec::new(), peer }
}

fn any() -> Wanted {
    Wanted { kinds: Vec::new(), payload_id: None }
}

fn read(parcel: &Parcel) -> String {
    let mut text = String::new();
    parcel.body.open().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text.len() as u64, parcel.length);
    text
}

#[derive(Default)]
struct Errors(Vec<String>);

impl Receive for Errors {
    fn finding(&mut self, finding: &Finding) {
        if finding.severity != Severity::Info {
            self.0.push(format!("{} {} {:?}", finding.rule_id(), finding.message(), finding.detail));
        }
    }
}

/// Neither errors nor warnings, at any level.
fn assert_valid(content: Content, file: &str) {
    let mut errors = Errors::default();
    check::check(file.as_bytes(), &check::Options::default(), &mut errors).unwrap();
    assert!(errors.0.is_empty(), "{content}: {:#?}\n{file}", errors.0);
}

/// Claims as lines, with the member ids that ask for an outcome.
fn lines(kind: Kind, prefixes: &[&str], seed: u64, variety: Variety) -> Vec<Value> {
    let options = generate::Options { variety, ..generate::Options::new(kind, prefixes.len() as u64, seed) };
    let mut lines: Vec<Value> = Vec::new();
    generate::lines(&options, &mut |line| {
        lines.push(serde_json::from_slice(line).unwrap());
        Ok(())
    })
    .unwrap();
    for (at, (line, prefix)) in lines.iter_mut().zip(prefixes).enumerate() {
        // Numbers of Medicare have a form of their own, and an employer has none.
        let is_bound = matches!(line["subscriber"]["filing_indicator"].as_str(), Some("MA" | "MB"));
        if is_bound || !line["subscriber"]["member_id"].is_string() {
            line["control_number"] = json!(format!("PAID-{seed}-{at}"));
            continue;
        }
        line["control_number"] = json!(format!("{prefix}-{seed}-{at}"));
        line["subscriber"]["member_id_kind"] = json!("MI");
        line["subscriber"]["member_id"] = json!(format!("{prefix}{at:06}"));
    }
    lines
}

fn x12(lines: &[Value], control_number: u32) -> Vec<u8> {
    let options = ndjson::Options {
        sender: Some("BILLCO".into()),
        receiver: Some("PAYER".into()),
        acknowledgment_requested: true,
        control_number,
        ..ndjson::Options::default()
    };
    let mut writer = ndjson::Writer::new(Vec::new(), options);
    for line in lines {
        writer.push(&serde_json::to_vec(line).unwrap()).unwrap();
    }
    writer.finish().unwrap()
}

fn claims(kind: Kind, prefixes: &[&str]) -> Vec<u8> {
    x12(&lines(kind, prefixes, 7, Variety::Plain), 905)
}

/// Statuses of claims, in all 277CA of some files.
fn statuses(files: &[(Content, String)]) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for answer in files.iter().flat_map(|(_, file)| acknowledge::read(file.as_bytes()).unwrap()) {
        let Answer::Batch(batch) = answer else { continue };
        all.extend(batch.claims.iter().map(|claim| (claim.control_number.to_string(), said(claim))));
    }
    all
}

fn said(claim: &ClaimStatus) -> String {
    let code = &claim.statuses[0].code;
    let entity = code.entity.as_ref().map(|entity| format!(":{entity}")).unwrap_or_default();
    format!("{}:{}{entity}", code.category, code.status)
}

/// Claim payments and provider adjustments, as lines.
fn paid(files: &[(Content, String)]) -> Vec<Value> {
    let mut lines = Vec::new();
    for (_, file) in files.iter().filter(|(content, _)| *content == Content::Remittance835) {
        ndjson::read(file.as_bytes(), &mut lines, None).unwrap();
    }
    lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

fn money(value: &Value) -> Decimal {
    value.as_str().map_or(Decimal::ZERO, |text| text.parse().unwrap())
}

fn reasons(payment: &Value) -> Vec<String> {
    let each = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut reasons = Vec::new();
    for adjustment in each(&payment["lines"]).iter().flat_map(|line| each(&line["adjustments"])) {
        for reason in each(&adjustment["reasons"]) {
            reasons.push(format!("{}-{}", adjustment["group"].as_str().unwrap(), reason["reason"].as_str().unwrap()));
        }
    }
    reasons.sort();
    reasons.dedup();
    reasons
}

fn kinds(files: &[(Content, String)]) -> Vec<&'static str> {
    files.iter().map(|(content, _)| content.name()).collect()
}

/// What a claim sent alone comes to: files at once and later, statuses, payments.
#[tokio::test]
async fn each_prefix_has_the_outcome_that_the_table_says() {
    for kind in KINDS {
        for row in outcomes() {
            let world = World::new();
            let line = lines(kind, &[row.prefix], 7, Variety::Plain).remove(0);
            world.send(&x12(std::slice::from_ref(&line), 905), "one").await.unwrap();
            let now = world.pick_up().await;
            world.pass(10);
            let later = world.pick_up().await;
            let number = line["control_number"].as_str().unwrap();
            assert_eq!(world.claims(), [(number.to_owned(), row.name.to_owned())], "{}", row.prefix);

            let (at_once, after) = match row.outcome {
                Outcome::InterchangeRejected => (vec!["TA1"], vec![]),
                Outcome::SetRejected => (vec!["TA1", "999"], vec![]),
                Outcome::MemberUnknown | Outcome::Returned | Outcome::Duplicate => {
                    (vec!["TA1", "999", "277CA"], vec![])
                }
                Outcome::RejectedAfterAcceptance => (vec!["TA1", "999", "277CA"], vec!["277CA"]),
                Outcome::AcceptedAfterReceipt => (vec!["TA1", "999", "277CA"], vec!["277CA", "835"]),
                Outcome::Late => (vec!["TA1"], vec!["999", "277CA", "835"]),
                Outcome::Corrected => (vec!["TA1", "999", "277CA", "835"], vec!["835"]),
                _ => (vec!["TA1", "999", "277CA", "835"], vec![]),
            };
            assert_eq!((kinds(&now), kinds(&later)), (at_once, after), "{} {}", kind.name(), row.prefix);

            let said: Vec<String> =
                [&now, &later].into_iter().flat_map(|files| statuses(files)).map(|(_, said)| said).collect();
            let expected: &[&str] = match row.outcome {
                Outcome::InterchangeRejected | Outcome::SetRejected => &[],
                Outcome::MemberUnknown => &["A7:164:IL"],
                Outcome::Returned => &["A3:116"],
                Outcome::Duplicate => &["A3:78"],
                Outcome::RejectedAfterAcceptance => &["A2:20", "A7:88:QC"],
                Outcome::AcceptedAfterReceipt => &["A1:20", "A2:20"],
                _ => &["A2:20"],
            };
            assert_eq!(said, expected, "{} {}", kind.name(), row.prefix);
            assert_paid(row.outcome, &line, &paid(&now), &paid(&later));
        }
    }
}

fn assert_paid(outcome: Outcome, claim: &Value, now: &[Value], later: &[Value]) {
    let charge = money(&claim["charge"]);
    let payments: Vec<&Value> = now.iter().chain(later).filter(|line| line["kind"] == "payment").collect();
    let of = |reason: &str| {
        let adjustments = now.iter().chain(later).filter(|line| line["kind"] == "provider_adjustment");
        let amounts = adjustments.flat_map(|line| line["adjustments"].as_array().unwrap());
        amounts.filter(|one| one["reason"] == reason).map(|one| money(&one["amount"])).sum::<Decimal>()
    };
    for payment in &payments {
        assert_eq!(payment["control_number"], claim["control_number"]);
        let control_numbers = |value: &Value| {
            let lines = value["lines"].as_array().unwrap();
            lines.iter().map(|line| line["control_number"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(control_numbers(payment), control_numbers(claim));
    }
    let states: Vec<&str> = payments.iter().map(|payment| payment["status"].as_str().unwrap()).collect();
    let several = claim["lines"].as_array().unwrap().len() > 1;
    let partly = |payment: &Value| {
        let mut expected = vec!["CO-45", "PR-1", "PR-2", "PR-3"];
        if several {
            expected.insert(1, "CO-96");
        }
        assert_eq!(reasons(payment), expected);
        let paid = money(&payment["paid"]);
        assert!(paid > Decimal::ZERO && paid < charge);
    };
    match outcome {
        Outcome::Paid | Outcome::AcceptedAfterReceipt => {
            assert_eq!(states, ["1"]);
            assert_eq!(money(&payments[0]["paid"]), charge);
        }
        Outcome::Late => {
            assert_eq!((states, money(&payments[0]["paid"])), (vec!["1"], charge));
            assert!(of("L6") < Decimal::ZERO);
            assert_eq!(money(&payments[0]["remittance"]["payment"]["amount"]), charge - of("L6"));
        }
        Outcome::PartlyPaid => {
            assert_eq!(states, ["1"]);
            partly(payments[0]);
        }
        Outcome::Denied => {
            assert_eq!((states, reasons(payments[0])), (vec!["4"], vec!["CO-50".to_owned()]));
            assert_eq!(payments[0]["lines"][0]["remarks"][0]["code"], "N115");
            assert_eq!(payments[0]["remittance"]["payment"]["method"], "NON");
        }
        Outcome::PaidNothing => {
            assert_eq!((states, reasons(payments[0])), (vec!["1"], vec!["CO-24".to_owned()]));
            assert_eq!(money(&payments[0]["paid"]), Decimal::ZERO);
        }
        Outcome::Forwarded => {
            assert_eq!(states, ["19"]);
            assert!(payments[0]["crossover_carrier"]["name"].is_string());
            partly(payments[0]);
        }
        Outcome::Corrected => {
            assert_eq!(states, ["1", "22", "1"]);
            assert_eq!(money(&payments[1]["paid"]), -charge);
            assert_eq!(payments[0]["payer_control_number"], payments[1]["payer_control_number"]);
            assert_ne!(payments[0]["payer_control_number"], payments[2]["payer_control_number"]);
            assert_eq!(payments[2]["identifiers"][0]["value"], payments[0]["payer_control_number"]);
            partly(payments[2]);
            assert_eq!(of("WO"), money(&payments[2]["paid"]) - charge);
            assert_eq!(money(&payments[2]["remittance"]["payment"]["amount"]), Decimal::ZERO);
            assert_ne!(payments[0]["remittance"]["trace_number"], payments[2]["remittance"]["trace_number"]);
        }
        _ => assert!(payments.is_empty(), "{outcome:?}"),
    }
}

#[tokio::test]
async fn rejections_say_where_and_why() {
    let world = World::new();
    world.send(&claims(Kind::Professional, &["PAID", "REJ999"]), "one").await.unwrap();
    let files = world.pick_up().await;
    let answers: Vec<Answer> = files.iter().flat_map(|(_, file)| acknowledge::read(file.as_bytes()).unwrap()).collect();
    let [Answer::Interchange(ta1), Answer::Group { answer, .. }] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!((ta1.status.as_str(), ta1.note.as_str()), ("A", "000"));
    assert_eq!(answer.status, "R");
    let error = &answer.transactions[0].segments[0];
    assert_eq!((error.segment.as_str(), error.error.as_str()), ("CLM", "8"));
    assert_eq!(error.business_unit[0].value.as_deref(), Some("REJ999-7-1"));
    assert_eq!(world.claims()[0].1, "invalid");

    world.send(&x12(&lines(Kind::Dental, &["REJTA1"], 8, Variety::Plain), 906), "two").await.unwrap();
    let files = world.pick_up().await;
    let answers = acknowledge::read(files[0].1.as_bytes()).unwrap();
    let [Answer::Interchange(ta1)] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!((ta1.control_number.as_str(), ta1.status.as_str(), ta1.note.as_str()), ("000000906", "R", "024"));
}

/// Claims of every sort that can be told apart in one file, each with its own fate, all in balance.
#[tokio::test]
async fn a_mix_is_answered_claim_by_claim() {
    let fates: Vec<&Prefix> = outcomes()
        .iter()
        .filter(|row| !matches!(row.outcome, Outcome::InterchangeRejected | Outcome::SetRejected))
        .collect();
    for (seed, kind) in (20..).zip(KINDS.into_iter().cycle().take(9)) {
        let world = World::new();
        let prefixes: Vec<&str> = fates.iter().cycle().take(60).map(|row| row.prefix).collect();
        let lines = lines(kind, &prefixes, seed, Variety::Full);
        world.send(&x12(&lines, 905), "one").await.unwrap();
        let now = world.pick_up().await;
        world.pass(10);
        let later = world.pick_up().await;
        let logged = world.claims();
        assert_eq!(logged.len(), lines.len());
        let answered = [statuses(&now), statuses(&later)].concat();
        let remitted = [paid(&now), paid(&later)].concat();
        for line in &lines {
            let number = line["control_number"].as_str().unwrap();
            let row = fates.iter().find(|row| number.starts_with(row.prefix)).unwrap();
            assert!(logged.contains(&(number.to_owned(), row.name.to_owned())), "{number}: {logged:#?}");
            let said: Vec<&str> = answered.iter().filter(|one| one.0 == number).map(|one| one.1.as_str()).collect();
            let twice = matches!(row.outcome, Outcome::AcceptedAfterReceipt | Outcome::RejectedAfterAcceptance);
            assert_eq!(said.len(), if twice { 2 } else { 1 }, "{number}: {said:?}");
            let payments = remitted.iter().filter(|payment| payment["control_number"] == number).count();
            let priced = line["submission_reason"] == "PB";
            let expected = match row.outcome {
                Outcome::MemberUnknown | Outcome::Returned | Outcome::Duplicate | Outcome::RejectedAfterAcceptance => 0,
                _ if line["frequency"] == "8" => 0,
                Outcome::Corrected if !priced => 3,
                _ => 1,
            };
            assert_eq!(payments, expected, "{number}");
        }
    }
}

#[tokio::test]
async fn a_repeat_is_taken_once_and_other_bytes_are_refused() {
    let world = World::new();
    let file = claims(Kind::Professional, &["PAID"]);
    let first = world.send(&file, "one").await.unwrap();
    let second = world.send(&file, "one").await.unwrap();
    assert_eq!((first.id, first.duplicate, second.duplicate), (second.id, false, true));
    assert_eq!(world.send(&claims(Kind::Professional, &["DENY"]), "one").await, Err(ServiceError::Duplicate));
    assert_eq!(kinds(&world.pick_up().await), ["TA1", "999", "277CA", "835"]);
    let taken = |entry: Entry| match entry {
        Entry::Message { taken, sha256, .. } => Some((taken, sha256)),
        _ => None,
    };
    let messages: Vec<_> = world.payer.log().into_iter().filter_map(taken).collect();
    assert_eq!(messages.iter().map(|one| one.0).collect::<Vec<_>>(), [Taken::New, Taken::Repeat, Taken::Conflict]);
    assert_eq!(messages[0].1, messages[1].1);
    assert_eq!(world.claims().len(), 1);
}

#[tokio::test]
async fn a_claim_number_that_was_accepted_before_is_a_duplicate() {
    let world = World::new();
    let mut line = lines(Kind::Professional, &["PAID"], 7, Variety::Plain).remove(0);
    world.send(&x12(&[line.clone(), line.clone()], 1), "one").await.unwrap();
    world.send(&x12(&[line.clone()], 2), "two").await.unwrap();
    let said: Vec<String> = statuses(&world.pick_up().await).into_iter().map(|one| one.1).collect();
    // In one transaction set checking sees it.
    assert_eq!(said, ["A2:20", "A7:478", "A3:78"]);
    line["frequency"] = json!("7");
    line["payer_control_number"] = json!("P1");
    world.send(&x12(&[line.clone()], 3), "three").await.unwrap();
    assert_eq!(statuses(&world.pick_up().await)[0].1, "A2:20");
    // What was never accepted may be sent again.
    let refused = lines(Kind::Professional, &["REJMEM"], 9, Variety::Plain);
    for (number, id) in [(4, "four"), (5, "five")] {
        world.send(&x12(&refused, number), id).await.unwrap();
        assert_eq!(statuses(&world.pick_up().await)[0].1, "A7:164:IL");
    }
    // Another partner's numbers are its own.
    let other = caller("otherco");
    world.payer.receive(&other, world.arrival(&x12(&[line], 6), "core", None)).await.unwrap();
    world.payer.settled().await;
    let wanted = Wanted { kinds: vec![Content::ClaimAcknowledgment277], payload_id: None };
    let parcel = world.payer.next(&other, wanted).await.unwrap().unwrap();
    assert_eq!(statuses(&[(parcel.content, read(&parcel))])[0].1, "A2:20");
}

#[tokio::test]
async fn on_the_stream_the_ta1_is_the_answer() {
    let world = World::new();
    let file = claims(Kind::Institutional, &["PAID"]);
    let mut answers = Vec::new();
    for _ in 0..2 {
        let answer = world.payer.answer(&world.billco, world.arrival(&file, "stream", None)).await.unwrap().unwrap();
        assert_eq!(answer.content, Content::InterchangeAcknowledgmentTa1);
        answers.push(read(&answer));
    }
    assert_eq!(answers[0], answers[1]);
    assert_valid(Content::InterchangeAcknowledgmentTa1, &answers[0]);
    assert_eq!(kinds(&world.pick_up().await), ["999", "277CA", "835"]);
    let real_time = world.arrival(&claims(Kind::Dental, &["DENY"]), "core", Some("one"));
    let answer = world.payer.answer(&world.billco, real_time).await.unwrap().unwrap();
    assert_eq!(answer.content, Content::ClaimAcknowledgment277);
    assert_eq!(kinds(&world.pick_up().await), ["TA1", "999", "835"]);
}

#[tokio::test]
async fn files_wait_by_kind_and_by_id_and_can_be_had_again() {
    let world = World::with(Options { offer_again: Some(Duration::from_secs(60)), ..Options::default() });
    let next = async |kinds: &[Content], id: Option<&str>| {
        let wanted = Wanted { kinds: kinds.to_vec(), payload_id: id.map(str::to_owned) };
        world.payer.next(&world.billco, wanted).await.unwrap()
    };
    assert!(next(&[], None).await.is_none());
    world.send(&claims(Kind::Professional, &["PAID"]), "one").await.unwrap();
    let remittance = next(&[Content::Remittance835], Some("unknown")).await.unwrap();
    assert_eq!(remittance.content, Content::Remittance835);
    assert_eq!(next(&[Content::Remittance835], Some("one")).await.unwrap().id, remittance.id);
    world.payer.fetched(&world.billco, remittance.id, Some("mine")).await.unwrap();
    assert!(next(&[Content::Remittance835], None).await.is_none());
    // By its id at any time; by itself after a minute, until it is confirmed.
    let id = remittance.id.to_string().to_uppercase();
    assert_eq!(next(&[Content::Remittance835], Some(&id)).await.unwrap().id, remittance.id);
    world.pass(60);
    assert_eq!(next(&[Content::Remittance835], None).await.unwrap().id, remittance.id);
    assert!(!world.payer.confirmed(&caller("otherco"), "mine").await.unwrap());
    assert!(world.payer.confirmed(&world.billco, "mine").await.unwrap());
    assert!(next(&[Content::Remittance835], None).await.is_none());
    assert!(world.payer.next(&caller("otherco"), any()).await.unwrap().is_none());
    assert_eq!(
        next(&[Content::Acknowledgment999, Content::InterchangeAcknowledgmentTa1], None).await.unwrap().content,
        Content::Acknowledgment999
    );
}

#[tokio::test]
async fn callers_are_known_by_password_or_certificate() {
    let account = Account {
        partner: "billco".into(),
        password: Some(("bill".into(), SecretString::from("correct horse"))),
        certificates: vec![[7; 32]],
        ..Account::default()
    };
    let peer = &caller("").peer;
    for any_certificate in [false, true] {
        let world = World::with(Options { accounts: vec![account.clone()], any_certificate, ..Options::default() });
        let partner = async |proof| world.payer.authenticate(peer, proof).await.map(|caller| caller.partner);
        let right = SecretString::from("correct horse");
        let wrong = SecretString::from("horse");
        assert_eq!(partner(Proof::Password { user: "bill", password: &right }).await.as_deref(), Some("billco"));
        assert_eq!(partner(Proof::Password { user: "bill", password: &wrong }).await, None);
        assert_eq!(partner(Proof::Password { user: "will", password: &right }).await, None);
        assert_eq!(partner(Proof::Certificate { sha256: &[7; 32] }).await.as_deref(), Some("billco"));
        let other = partner(Proof::Certificate { sha256: &[8; 32] }).await;
        assert_eq!(other.as_deref(), any_certificate.then_some("certificate-0808080808080808"));
    }
}

#[tokio::test]
async fn the_log_is_also_a_file_and_garbage_brings_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.ndjson");
    let world = World::with(Options { log: Some(path.clone()), ..Options::default() });
    world.send(b"no X12 at all", "one").await.unwrap();
    assert!(world.pick_up().await.is_empty());
    world.send(&claims(Kind::Professional, &["PART"]), "two").await.unwrap();
    let written: Vec<Entry> =
        std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(written, world.payer.log());
    assert_eq!(written.len(), 3);
}
