//! No answer to something broken, and no log line, has anything of a claim in it.

use std::{io, sync::Mutex};

use claimwire::gateway::{LogFormat, LogLevel, Logs, observe};
use serde_json::json;

use super::*;

/// Marks what must not be seen.
const MARK: &str = "ZQXMARK";

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Log lines of all tests of this process, from now on.
fn logged() -> &'static Kept {
    static KEPT: std::sync::OnceLock<Kept> = std::sync::OnceLock::new();
    KEPT.get_or_init(|| {
        let kept = Kept::default();
        let output = kept.clone();
        let lines = observe::lines(&Logs { format: LogFormat::Text, level: LogLevel::Debug }, move || output.clone());
        tracing::subscriber::set_global_default(lines).expect("no other test sets logs up");
        kept
    })
}

/// Where each text of a JSON value stands.
fn places(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| self::places(value, format!("{at}/{name}"), places))
        }
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(n, value)| self::places(value, format!("{at}/{n}"), places))
        }
        _ => places.push(at),
    }
}

/// Everything that a person could be known by is marked.
fn marked(seed: u64) -> Value {
    let mut claim = claims(1, seed, "HARBOR01").remove(0);
    for place in ["name", "last_name", "first_name", "member_id"] {
        if claim["subscriber"].get(place).is_some() {
            claim["subscriber"][place] = format!("{MARK}{seed}").into();
        }
    }
    claim
}

#[tokio::test(flavor = "multi_thread")]
async fn no_broken_claim_is_quoted() {
    let logs = logged();
    // A request that is turned away for its rate would prove nothing.
    let site = Site::with(ApiOptions { per_second: 1_000_000, burst: 1_000_000, ..ApiOptions::default() }).await;
    let key = site.key("operator", &["*"]).await;
    let claim = marked(1);
    let mut all = Vec::new();
    places(&claim, String::new(), &mut all);
    assert!(all.len() > 30, "{all:?}");
    let mut bodies = Vec::new();
    // A marked value at every place, of every kind of value, where it is mostly wrong.
    for place in &all {
        if place.contains("control_number") {
            continue;
        }
        for wrong in
            [json!(MARK), json!(format!("{MARK}*~:^")), json!([MARK]), json!({ MARK: MARK }), json!({ "from": MARK })]
        {
            let mut broken = claim.clone();
            *broken.pointer_mut(place).unwrap() = wrong;
            bodies.push(("application/json", broken.to_string().into_bytes()));
        }
    }
    // And as a member that there is not, of everything that has members.
    let parents: std::collections::BTreeSet<_> =
        all.iter().filter_map(|place| Some(place.rsplit_once('/')?.0)).collect();
    for parent in parents {
        let mut broken = claim.clone();
        if let Some(members) = broken.pointer_mut(parent).and_then(Value::as_object_mut) {
            members.insert(MARK.to_owned(), MARK.into());
            bodies.push(("application/json", broken.to_string().into_bytes()));
        }
    }
    let text = claim.to_string();
    for cut in [text.len() / 3, text.len() / 2, text.len() - 1] {
        bodies.push(("application/json", text.as_bytes()[..cut].to_vec()));
    }
    bodies.push(("application/json", format!("[{text}, {MARK}]").into_bytes()));
    bodies.push(("application/json", format!("{{\"kind\":\"{MARK}\",\"{MARK}\":1}}").into_bytes()));
    bodies.push(("application/x-ndjson", format!("{text}\n{MARK}\n{text}").into_bytes()));
    let good = String::from_utf8(submitting::x12(&[marked(2)], "HARBOR")).unwrap();
    let segments: Vec<_> = good.split('~').collect();
    for (at, segment) in segments.iter().enumerate().skip(2) {
        // Each element of each segment marked, and each segment lost.
        let elements: Vec<_> = segment.split('*').collect();
        for n in 1..elements.len() {
            let mut elements = elements.clone();
            elements[n] = MARK;
            // References of envelopes and batches are ids, which are told.
            if ["GS", "ST", "SE", "GE", "IEA", "BHT"].iter().any(|id| elements[0].trim() == *id)
                || elements[0].trim() == "CLM" && n == 1
            {
                continue;
            }
            let mut file = segments.clone();
            let changed = elements.join("*");
            file[at] = &changed;
            bodies.push(("application/edi-x12", file.join("~").into_bytes()));
        }
        let mut file = segments.clone();
        file.remove(at);
        bodies.push(("application/edi-x12", file.join("~").into_bytes()));
    }
    let count = bodies.len();
    let mut leaks = Vec::new();
    for (kind, body) in bodies {
        for path in ["/v1/claims/check", "/v1/claims/check?partner=harbor", "/v1/remittances?partner=harbor"] {
            let kind = if path.contains("remittances") { "application/x-ndjson" } else { kind };
            let answer = site.send(&key, path, kind, body.clone()).await;
            assert!([200, 400, 415, 422].contains(&answer.status.as_u16()), "{}: {}", answer.status, answer.text());
            if answer.text().contains(MARK) {
                leaks.push(format!("{path}: {}", answer.text()));
            }
        }
    }
    assert!(leaks.is_empty(), "{} of {count} quoted: {}", leaks.len(), leaks.join("\n"));
    for path in [
        format!("/v1/claims?state={MARK}"),
        format!("/v1/claims?{MARK}=1"),
        format!("/v1/claims/{MARK}"),
        format!("/{MARK}"),
        format!("/v1/claims?control_number={MARK}&limit=x"),
        format!("/v1/files?partner={MARK}"),
        format!("/v1/events?after={MARK}"),
        format!("/v1/audit/verify?hash={MARK}&sequence=1"),
        format!("/v1/claims?since={MARK}"),
        format!("/v1/schemas/{MARK}"),
    ] {
        let answer = site.get(&key, &path).await;
        assert!(!answer.text().contains(MARK), "{path}: {}", answer.text());
    }
    let lines = String::from_utf8(logs.0.lock().unwrap().clone()).unwrap();
    assert!(
        lines.contains("answered") && !lines.contains(MARK),
        "{}",
        lines.lines().find(|line| line.contains(MARK)).unwrap_or_default()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_of_the_whole_way_of_a_claim_name_nobody() {
    let logs = logged();
    let (site, ids) = circle::circle().await;
    let key = site.key("reader", &["*"]).await;
    let claim = site.get(&key, &format!("/v1/claims/{}", ids[0])).await.is(200).json()["claim"].clone();
    site.stop.cancel();
    let lines = String::from_utf8(logs.0.lock().unwrap().clone()).unwrap();
    assert!(lines.contains("claims were put into a file"), "{lines}");
    for place in [
        "/subscriber/member_id",
        "/subscriber/name",
        "/subscriber/last_name",
        "/subscriber/birth_date",
        "/diagnoses/0/code",
        "/billing_provider/name",
    ] {
        if let Some(value) = claim.pointer(place).and_then(Value::as_str) {
            assert!(!lines.contains(value), "{place}");
        }
    }
    assert!(claim.pointer("/subscriber/member_id").is_some());
}
