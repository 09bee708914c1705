//! What is logged, audited and told in events names nobody.

use std::{collections::BTreeSet, fs, time::Duration};

use claimwire::{
    gateway::{sandbox::outcomes, tls},
    generate::{self, Kind, Variety},
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{Pair, SandboxPayer, Site, lines, until};

/// Fields whose values are about people, wherever they stand in a claim.
const PRIVATE: &[&str] = &[
    "name",
    "first_name",
    "last_name",
    "middle_name",
    "member_id",
    "birth_date",
    "line1",
    "line2",
    "city",
    "ssn",
    "group_number",
    "group_name",
    "policy_number",
    "medical_record_number",
    "postal_code",
];

/// Collects what nobody else may read.
fn private(value: &Value, within: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                // A diagnosis is its code; payers, clearinghouses and what a payment is for are no people.
                let is_code = name == "code" && within.contains("diagnos");
                let is_ours = matches!(name.as_str(), "payer" | "batch" | "other_payer");
                match value {
                    Value::String(text) if PRIVATE.contains(&name.as_str()) || is_code => {
                        found.insert(text.clone());
                        found.insert(text.replace('-', ""));
                    }
                    _ if is_ours => {}
                    _ => private(value, name, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| private(value, within, found)),
        _ => {}
    }
}

/// Whether a text stands in another as a word of its own.
fn says(text: &str, word: &str) -> bool {
    memchr::memmem::find_iter(text.as_bytes(), word.as_bytes()).any(|at| {
        let outside = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
        let (before, after) =
            (at.checked_sub(1).and_then(|at| text.as_bytes().get(at)), text.as_bytes().get(at + word.len()));
        outside(before) && outside(after)
    })
}

#[test]
fn logs_name_nobody() {
    let payer = SandboxPayer::start();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    // Small files, since two of the outcomes reject all that is in one.
    let limits = "[limits]\nbatch_wait = \"0s\"\nclaims_per_file = 1\n[acknowledgments.owed]\nvalues = true\n";
    let settings = format!(
        "resend_after = \"200ms\"\nhand_on = \"claims\"\n[api]\nlisten = \"127.0.0.1:{port}\"\n[logs]\nlevel = \"debug\"\nformat = \"json\"\n"
    );
    // And a payer's gateway, whose stream is cut now and then.
    let pair = Pair::new("127.0.0.1");
    let server = format!("tls = {{ {}, client_certificates = \"required\" }}", pair.server());
    let listeners = format!(
        "[core]\nlisten = \"127.0.0.1:0\"\n{server}\n[stream]\nlisten = \"127.0.0.1:0\"\n{server}\n[logs]\nlevel = \"debug\"\n"
    );
    let clinic = format!("sender_id = \"99003\"\nreceiver_id = \"CLRV01\"\n{}", pair.credentials());
    let bayside = Site::new(&listeners, &[("clinic", &clinic)]);
    let other = bayside.serve().listening(2);
    let partner = format!(
        "sender_id = \"CLRV01\"\nreceiver_id = \"99003\"\npayers = [\"BAYSIDE\"]\nsend_by = \"stream\"\n{limits}{}\
         [stream]\naddress = \"{}\"\n",
        pair.client(),
        other.address("stream")
    );
    let site = Site::new(&settings, &[("harbor", &payer.partner(limits)), ("bayside", &partner)]);
    let key = site.key("operator", "[\"*\"]");
    let gateway = site.serve().listening(1);

    let (mut claims, mut secrets, mut number) = (Vec::new(), BTreeSet::new(), 0);
    for kind in [Kind::Professional, Kind::Institutional, Kind::Dental] {
        let prefixes: Vec<&str> = outcomes().iter().map(|row| row.prefix).collect();
        let options = generate::Options {
            variety: Variety::Full,
            lines: Some(3),
            ..generate::Options::new(kind, prefixes.len() as u64, 77)
        };
        let receive = &mut |line: &[u8]| {
            let mut claim: Value = serde_json::from_slice(line).unwrap();
            claim["control_number"] = json!(format!("C{number:06}"));
            claim["subscriber"]["member_id"] = json!(format!("{}{number:06}Q", prefixes[number % prefixes.len()]));
            claim["payer"]["id"] = json!("HARBOR");
            claim.as_object_mut().unwrap().remove("source");
            claims.push(claim);
            number += 1;
            Ok(())
        };
        generate::lines(&options, receive).unwrap();
    }
    let mut streamed = claims.clone();
    for (n, claim) in streamed.iter_mut().enumerate() {
        claim["control_number"] = json!(format!("S{n:06}"));
        claim["payer"]["id"] = json!("BAYSIDE");
    }
    let mut broken = claims.clone();
    for (n, claim) in broken.iter_mut().enumerate() {
        claim["control_number"] = json!(format!("D{n:06}"));
        match n % 5 {
            0 => claim["subscriber"]["birth_date"] = json!("1966-02-31"),
            1 => claim["subscriber"]["name"] = json!("O*BRIEN~SECRETNAME"),
            2 => claim["charge"] = json!("SECRETCHARGE"),
            3 => claim["subscriber"]["address"]["state"] = json!("SECRETSTATE"),
            _ => claim["diagnoses"] = json!([{"kind": "ABK", "code": "NODIAGNOSIS"}]),
        }
    }
    claims.iter().chain(&broken).for_each(|claim| private(claim, "", &mut secrets));
    secrets.extend(["SECRETNAME", "SECRETCHARGE", "SECRETSTATE"].map(str::to_owned));
    secrets.retain(|secret| secret.len() >= 4);
    assert!(secrets.len() > 200, "{}", secrets.len());

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let post = |path: &str, body: Vec<u8>, kind: &str| {
        runtime.block_on(async {
            let request = crate::core::http().post(format!("http://127.0.0.1:{port}{path}")).bearer_auth(&key);
            request.header("Content-Type", kind).body(body).send().await.unwrap().status().as_u16()
        })
    };
    let ndjson = "application/x-ndjson";
    assert_eq!(post("/v1/claims", lines(&claims), ndjson), 200);
    assert_eq!(post("/v1/claims", lines(&streamed), ndjson), 200);
    // What is no X12, and what breaks off within a name.
    for bytes in [&b"ISA*SECRETNAME*"[..], &lines(&claims)[..200]] {
        runtime.block_on(async {
            let authorities = Some(pair.at("authority.pem").into());
            let (certificate, own) = (Some(pair.at("billing.pem").into()), Some(pair.at("billing.key").into()));
            let settings = tls::ClientSettings { authorities, certificate, key: own, ..tls::ClientSettings::default() };
            let stream = tokio::net::TcpStream::connect(other.address("stream")).await.unwrap();
            let connector = tokio_rustls::TlsConnector::from(tls::client(&settings).unwrap());
            let mut stream = connector.connect("127.0.0.1".try_into().unwrap(), stream).await.unwrap();
            stream.write_all(bytes).await.unwrap();
            let _ = stream.shutdown().await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        });
    }
    let statuses = [
        post("/v1/claims", lines(&broken), ndjson),
        post("/v1/claims/check", lines(&broken), ndjson),
        post("/v1/claims", b"{\"subscriber\": {\"name\": \"SECRETNAME\"".to_vec(), ndjson),
        post("/v1/claims", b"ISA*SECRETNAME".to_vec(), "application/edi-x12"),
        post("/v1/claims?partner=SECRETNAME", lines(&claims[..1]), ndjson),
    ];
    assert!(statuses.iter().all(|status| *status < 500), "{statuses:?}");

    // By the stream only the TA1 comes back; the rest waits to be fetched.
    let open = "SELECT count(*) FROM claim WHERE state IN ('queued', 'batched', 'sent') OR partner = 'harbor' AND
                state IN ('interchange_accepted', 'syntax_accepted', 'acknowledged')";
    let states = || format!("{:?}", site.rows("SELECT state, count(*) FROM claim GROUP BY state"));
    until(Duration::from_secs(60), "claims come to their end", || site.count(open) == 0, states);
    // Corrections and late answers come after a second.
    let late = "SELECT count(*) FROM event WHERE kind = 'adjudicated' AND json_extract(detail, '$.status') = '22'";
    until(Duration::from_secs(30), "corrections come", || site.count(late) >= 1, states);
    let streamed = site.count("SELECT count(*) FROM claim WHERE partner = 'bayside' AND state <> 'refused'");
    assert!(streamed >= 30, "{streamed}");
    let come = || bayside.count("SELECT count(*) FROM claim") == streamed;
    until(Duration::from_secs(30), "claims come in by the stream", come, || format!("{streamed}"));
    gateway.stop();
    other.stop();

    let mut texts = vec![
        ("the gateway's log", fs::read_to_string(site.at("gateway.log")).unwrap()),
        ("the payer's log", fs::read_to_string(bayside.at("gateway.log")).unwrap()),
        ("the sandbox's log", fs::read_to_string(payer.at("sandbox.log")).unwrap()),
    ];
    assert!(texts.iter().all(|(_, text)| text.lines().count() > 50), "too little was logged");
    for table in ["event", "audit", "job", "idempotency", "expectation", "delivery"] {
        texts.push((
            table,
            [&site, &bayside]
                .into_iter()
                .flat_map(|site| site.rows(&format!("SELECT * FROM {table}")))
                .map(|row| format!("{row}\n"))
                .collect(),
        ));
    }
    texts.push((
        "file",
        [&site, &bayside]
            .into_iter()
            .flat_map(|site| site.rows("SELECT name, reason FROM file"))
            .map(|row| format!("{row}\n"))
            .collect(),
    ));
    assert!(says(&texts[0].1, "harbor") && says(&texts[1].1, "clinic"), "what is looked for is not found");
    for (what, text) in &texts {
        for secret in &secrets {
            if says(text, secret) {
                let line = text.lines().find(|line| says(line, secret)).unwrap();
                panic!("{what} says {secret:?}: {line}");
            }
        }
    }
}
