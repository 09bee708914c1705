//! Claims that go out, are answered and paid by the test payer, and what the API then shows of it.

use std::{io::Read, time::Duration};

use claimwire::gateway::{
    connect::{Arrival, Caller, Peer, Service, Spool, Spooled, Wanted},
    flow::Desk,
    sandbox::{self, Sandbox},
    secret::Passwords,
};
use uuid::Uuid;

use super::*;

/// Who a test payer and a partner are to each other.
pub fn caller(partner: &str) -> Caller {
    let peer = Peer { address: "127.0.0.1:1".parse().unwrap(), certificate: None, tls: None };
    Caller { partner: partner.into(), credential: "test".into(), senders: Vec::new(), peer }
}

pub fn spooled(site: &Site, bytes: &[u8]) -> Spooled {
    let mut spool = Spool::create(site.folder.path(), 1 << 30).unwrap();
    spool.write(bytes).unwrap();
    spool.finish().unwrap()
}

impl Site {
    /// Has the jobs done, until the site stops.
    pub fn work(&self) {
        let (gateway, stop) = (Arc::clone(&self.gateway), self.stop.clone());
        tokio::spawn(async move { gateway.work(stop).await.unwrap() });
    }

    /// Waits for events of a kind, without a clock: by the API's own long poll.
    pub async fn wait_for(&self, kind: &str, count: usize) {
        let key = self.key("reader", &["*"]).await;
        let (mut after, mut seen) = (0, 0);
        for _ in 0..100 {
            let events = self.get(&key, &format!("/v1/events?after={after}&wait=20&limit=1000")).await.is(200).json();
            seen += events["items"].as_array().unwrap().iter().filter(|event| event["kind"] == kind).count();
            after = events["next"].as_i64().unwrap();
            if seen >= count {
                return;
            }
        }
        panic!("{seen} events of kind {kind}");
    }

    /// A file from a partner.
    pub async fn receive(&self, partner: &str, bytes: &[u8]) {
        let desk = Desk::new(Arc::clone(&self.gateway), Passwords::new(Duration::ZERO).unwrap());
        let arrival = Arrival {
            channel: "core",
            payload_id: Some(Uuid::new_v4().to_string()),
            content: None,
            name: None,
            file: spooled(self, bytes),
        };
        desk.receive(&caller(partner), arrival).await.unwrap();
    }

    /// What the test payer answers to all that waits for a partner, handed in as the partner's.
    pub async fn answer(&self, partner: &str) {
        let key = self.key("reader", &["*"]).await;
        let payer = Sandbox::new(sandbox::Options { delay: Duration::ZERO, ..sandbox::Options::default() }).unwrap();
        let waiting = self.get(&key, &format!("/v1/deliveries?partner={partner}&state=waiting")).await.is(200).json();
        for delivery in waiting["items"].as_array().unwrap() {
            let path = format!("/v1/files/{}/raw", delivery["file"].as_str().unwrap());
            let file = spooled(self, &self.get(&key, &path).await.is(200).body);
            let payload_id = Some(Uuid::new_v4().to_string());
            let arrival = Arrival { channel: "core", payload_id, content: None, name: None, file };
            payer.receive(&caller(partner), arrival).await.unwrap();
        }
        payer.settled().await;
        let wanted = || Wanted { kinds: Vec::new(), payload_id: None };
        while let Some(parcel) = payer.next(&caller(partner), wanted()).await.unwrap() {
            let mut bytes = Vec::new();
            parcel.body.open().unwrap().read_to_end(&mut bytes).unwrap();
            payer.fetched(&caller(partner), parcel.id, None).await.unwrap();
            self.receive(partner, &bytes).await;
        }
    }
}

/// A claim paid, one denied and one rejected, with all that was said of them.
pub async fn circle() -> (Site, Vec<String>) {
    let site = Site::new().await;
    site.work();
    let key = site.key("submitter", &["*"]).await;
    let mut sent = claims(3, 1, "HARBOR01");
    for (claim, member) in sent.iter_mut().zip(["PAID100001", "DENY100002", "REJMEM1003"]) {
        claim["subscriber"]["member_id"] = member.into();
    }
    let answer = site.submit(&key, &sent).await.is(200).json();
    assert_eq!(answer["queued"], 3, "{answer}");
    let ids =
        answer["claims"].as_array().unwrap().iter().map(|claim| claim["id"].as_str().unwrap().to_owned()).collect();
    site.wait_for("waiting", 1).await;
    site.answer("harbor").await;
    site.wait_for("adjudicated", 2).await;
    site.wait_for("claim_answered", 3).await;
    (site, ids)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_claims_is_shown() {
    let (site, ids) = circle().await;
    let key = site.key("reader", &["harbor"]).await;
    for (id, state) in ids.iter().zip(["paid", "denied", "rejected"]) {
        let claim = site.get(&key, &format!("/v1/claims/{id}")).await.is(200).json();
        assert_eq!(claim["state"], state, "{claim}");
        assert!(claim["claim"]["control_number"] == claim["control_number"] && claim["file"].is_string(), "{claim}");
        assert!(claim["place"]["interchange"].is_string() && claim["place"]["position"].is_number(), "{claim}");
        assert_eq!(claim["payments"].as_array().map_or(0, Vec::len), usize::from(state != "rejected"), "{claim}");
        let without = site.get(&key, &format!("/v1/claims/{id}?content=false")).await.is(200).json();
        assert!(without.get("claim").is_none());
    }
    let of_state = site.get(&key, "/v1/claims?state=paid").await.is(200).json();
    assert_eq!(of_state["items"].as_array().unwrap().len(), 1);
    assert_eq!(of_state["items"][0]["id"], ids[0].as_str());

    // The remittance, its payments, and its file.
    let remittances = site.get(&key, "/v1/remittances?direction=in").await.is(200).json();
    let mut paid = Vec::new();
    for one in remittances["items"].as_array().unwrap() {
        let path = format!("/v1/remittances/{}", one["id"].as_str().unwrap());
        let detail = site.get(&key, &path).await.is(200).json();
        assert_eq!(detail["balanced"], true);
        paid.extend(detail["payments"]["items"].as_array().unwrap().iter().map(|payment| payment["claim"].clone()));
        let first = site.get(&key, &format!("{path}?limit=1")).await.is(200).json();
        assert_eq!(first["payments"]["items"].as_array().unwrap().len(), 1);
    }
    assert_eq!(
        (paid.len(), paid.contains(&ids[0].as_str().into()), paid.contains(&ids[1].as_str().into())),
        (2, true, true)
    );

    // Our file, what it holds, and what was said to it.
    let ours = site.get(&key, "/v1/files?direction=out&content=837P").await.is(200).json();
    let (file, length) = (ours["items"][0]["id"].as_str().unwrap(), ours["items"][0]["length"].as_u64().unwrap());
    let detail = site.get(&key, &format!("/v1/files/{file}")).await.is(200).json();
    assert_eq!(detail["interchanges"][0]["groups"][0]["transactions"][0]["claims"], 3, "{detail}");
    assert_eq!(detail["interchanges"][0]["groups"][0]["answer"], "A", "{detail}");
    let answers = site.get(&key, &format!("/v1/files/{file}/acknowledgments")).await.is(200).json();
    let kinds: Vec<_> = answers["items"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"999") && kinds.contains(&"277CA"), "{answers}");
    let all = site.get(&key, "/v1/acknowledgments?kind=277CA&direction=in").await.is(200).json();
    assert_eq!(all["items"][0]["verdict"], "partly_accepted", "{all}");

    // Its bytes, and the same as JSON.
    let raw = site.get(&key, &format!("/v1/files/{file}/raw")).await.is(200);
    assert!(raw.body.starts_with(b"ISA*") && raw.body.len() as u64 == length);
    assert_eq!(raw.headers["content-length"].to_str().unwrap(), length.to_string());
    assert_eq!(raw.headers["content-type"], "application/edi-x12");
    let document = site.get(&key, &format!("/v1/files/{file}/json")).await.is(200);
    let mut back = Vec::new();
    claimwire::document::write(document.body.as_slice(), &mut back, &Default::default()).unwrap();
    assert_eq!(back, raw.body, "a document goes back byte for byte");
    let lines = site.get(&key, &format!("/v1/files/{file}/json?to=ndjson")).await.is(200);
    assert_eq!(
        (lines.text().lines().count(), lines.headers["content-type"].to_str().unwrap()),
        (3, "application/x-ndjson")
    );
    assert_eq!(site.get(&key, &format!("/v1/files/{file}/json?to=csv")).await.is(400).code(), "bad_parameter");

    // What was read is in the audit log, which is whole.
    let admin = site.key("admin", &["*"]).await;
    let about = site.get(&admin, &format!("/v1/audit?subject={file}")).await.is(200).json();
    assert!(about["items"].as_array().unwrap().iter().any(|entry| entry["action"] == "file.read"), "{about}");
    let about = site.get(&admin, &format!("/v1/audit?subject={}", ids[0])).await.is(200).json();
    assert_eq!(about["items"].as_array().unwrap().len(), 1, "read once with its content, once without: {about}");
    let verified = site.get(&admin, "/v1/audit/verify").await.is(200).json();
    assert_eq!(verified["whole"], true);
    let (sequence, hash) = (verified["last"]["sequence"].as_u64().unwrap(), verified["last"]["hash"].as_str().unwrap());
    let path = format!("/v1/audit/verify?sequence={sequence}&hash={hash}");
    assert_eq!(site.get(&admin, &path).await.is(200).json()["whole"], true);
    let path = format!("/v1/audit/verify?sequence={}&hash={hash}", sequence - 1);
    assert_eq!(
        site.get(&admin, &path).await.is(200).json(),
        serde_json::json!({ "whole": false, "broken_at": sequence - 1 })
    );
    site.stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_gives_remittances_and_they_wait_for_the_partner() {
    let (site, _) = circle().await;
    let key = site.key("operator", &["seaside"]).await;
    let reader = site.key("reader", &["*"]).await;
    // The lines of the remittance that came in, as some payer's system would give them.
    let came = site.get(&reader, "/v1/files?direction=in&content=835").await.is(200).json();
    let path = format!("/v1/files/{}/json?to=ndjson", came["items"][0]["id"].as_str().unwrap());
    let lines = site.get(&reader, &path).await.is(200).text();
    let ndjson = "application/x-ndjson";
    let give = "/v1/remittances?partner=seaside";
    assert_eq!(site.send(&key, "/v1/remittances", ndjson, lines.clone()).await.is(400).code(), "bad_parameter");
    assert_eq!(
        site.send(&key, "/v1/remittances?partner=harbor", ndjson, lines.clone()).await.is(422).code(),
        "unknown_partner"
    );
    assert_eq!(site.send(&key, give, "application/edi-x12", lines.clone()).await.is(415).code(), "media_type");
    assert_eq!(site.send(&reader, give, ndjson, lines.clone()).await.is(403).code(), "forbidden");
    let broken = lines.replacen("\"paid\":\"", "\"paid\":\"9", 1);
    let refused = site.send(&key, give, ndjson, broken).await.is(422).json();
    assert!(refused.get("file").is_none() && !refused["findings"].as_array().unwrap().is_empty(), "{refused}");

    let request =
        || request(Method::POST, &key, give).header("content-type", ndjson).header("idempotency-key", "pay-1");
    let given = site.ask(request().body(lines.clone().into()).unwrap()).await.is(200);
    let again = site.ask(request().body(lines.into()).unwrap()).await.is(200);
    assert_eq!((&again.body, again.headers["idempotent-replay"].to_str().unwrap()), (&given.body, "true"));
    let remittances = site.get(&key, "/v1/remittances?direction=out").await.is(200).json();
    assert_eq!(remittances["items"].as_array().unwrap().len(), 1, "it is paid once: {remittances}");
    let delivery = site.get(&key, "/v1/deliveries").await.is(200).json();
    assert_eq!(
        (&delivery["items"][0]["file"], &delivery["items"][0]["state"]),
        (&given.json()["file"], &"waiting".into())
    );
    site.stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remittance_that_comes_again_is_shown_as_such() {
    let (site, ids) = circle().await;
    let key = site.key("reader", &["*"]).await;
    let timeline = site.get(&key, &format!("/v1/claims/{}/timeline", ids[0])).await.is(200).json();
    let states: Vec<_> = timeline["items"].as_array().unwrap().iter().map(|event| event["state"].as_str()).collect();
    assert_eq!((states[0], *states.last().unwrap()), (Some("queued"), Some("paid")), "{timeline}");

    let files = site.get(&key, "/v1/files?direction=in&limit=1000").await.is(200).json();
    let paid = files["items"].as_array().unwrap().iter().find(|file| file["content"] == "835").unwrap();
    let raw = site.get(&key, &format!("/v1/files/{}/raw", paid["id"].as_str().unwrap())).await.is(200).text();
    let number = raw.split('*').nth(13).unwrap();
    site.receive("harbor", raw.replace(number, "777777777").as_bytes()).await;
    site.wait_for("remittance_repeated", 1).await;
    let files = site.get(&key, "/v1/files?state=duplicate").await.is(200).json();
    assert_eq!((&files["items"][0]["about"], files["items"].as_array().unwrap().len()), (&paid["id"], 1), "{files}");
    let all = site.get(&key, "/v1/remittances?order=asc").await.is(200).json();
    let repeats: Vec<_> = all["items"].as_array().unwrap().iter().filter(|one| one["repeats"].is_string()).collect();
    assert_eq!(repeats.len(), 1, "{all}");
    let first = repeats[0]["repeats"].as_str().unwrap();
    assert!(all["items"].as_array().unwrap().iter().any(|one| one["id"] == first), "{all}");
    let claim = site.get(&key, &format!("/v1/claims/{}", ids[0])).await.is(200).json();
    assert_eq!(claim["payments"].as_array().unwrap().len(), 1, "{claim}");
}
