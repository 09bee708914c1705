//! Claims handed in.

use claimwire::ndjson;
use serde_json::{Value, json};

use super::*;

/// X12 of claims, as some billing system would write it for a payer.
pub fn x12(claims: &[Value], receiver: &str) -> Vec<u8> {
    let options = ndjson::Options {
        sender: Some("SOMEBODY".into()),
        receiver: Some(receiver.into()),
        usage: "T".into(),
        ..ndjson::Options::default()
    };
    let mut writer = ndjson::Writer::new(Vec::new(), options);
    for claim in claims {
        writer.push(claim.to_string().as_bytes()).unwrap();
    }
    writer.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_are_taken_in_every_form() {
    let site = Site::new().await;
    let key = site.key("submitter", &["*"]).await;
    let one = claims(1, 1, "HARBOR01");
    let pretty = serde_json::to_string_pretty(&one[0]).unwrap();
    let array = serde_json::to_string_pretty(&claims(3, 2, "SEASIDE01")).unwrap();
    let file = x12(&claims(2, 3, "HARBOR01"), "HARBOR");
    for (kind, body, count, partner) in [
        ("application/json", pretty.into_bytes(), 1, "harbor"),
        ("application/json; charset=utf-8", array.into_bytes(), 3, "seaside"),
        ("application/x-ndjson", lines(&claims(4, 4, "SEASIDE01")).into_bytes(), 4, "seaside"),
        ("application/edi-x12", file, 2, "harbor"),
        ("text/plain", x12(&claims(2, 5, "SEASIDE01"), "SEASIDE"), 2, "seaside"),
    ] {
        let checked = site.send(&key, "/v1/claims/check", kind, body.clone()).await.is(200).json();
        assert_eq!(
            (&checked["queued"], &checked["claims"][0]["decision"]),
            (&json!(0), &json!("acceptable")),
            "{kind}"
        );
        assert!(checked["claims"][0].get("id").is_none());
        let answer = site.send(&key, "/v1/claims", kind, body).await.is(200).json();
        assert_eq!((answer["queued"].as_u64(), answer["refused"].as_u64()), (Some(count), Some(0)), "{kind}: {answer}");
        for (at, claim) in answer["claims"].as_array().unwrap().iter().enumerate() {
            assert_eq!(claim["partner"], partner, "{kind}");
            assert_eq!(claim["id"].as_str().unwrap().len(), 13);
            assert!(claim["line"].as_u64() >= Some(at as u64 + 1));
        }
    }
    assert_eq!(
        site.number("SELECT count(*) AS n FROM claim WHERE state = ?1", "queued").await,
        12,
        "checks keep nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_claim_is_decided_by_itself() {
    let site = Site::new().await;
    let key = site.key("submitter", &["*"]).await;
    let mut mixed = claims(3, 1, "HARBOR01");
    mixed[1]["charge"] = "99999.99".into();
    mixed[2]["payer"]["id"] = "NOBODY01".into();
    let answer = site.submit(&key, &mixed).await.is(200).json();
    let decisions: Vec<_> =
        answer["claims"].as_array().unwrap().iter().map(|claim| claim["decision"].as_str().unwrap()).collect();
    assert_eq!(decisions, ["queued", "refused", "refused"], "{answer}");
    assert!(answer["claims"][1]["findings"].as_array().is_some_and(|findings| !findings.is_empty()), "{answer}");
    assert!(answer["claims"][2]["reason"].as_str().is_some_and(|reason| reason.contains("payer")), "{answer}");
    // What is refused is kept too, and can be looked up by who handed it in.
    let id = answer["claims"][2]["id"].as_str().unwrap();
    assert_eq!(site.get(&key, &format!("/v1/claims/{id}")).await.is(200).json()["state"], "refused");
    // None of these may go out.
    site.submit(&key, &mixed[1..]).await.is(422);
    site.send(&key, "/v1/claims/check", "application/x-ndjson", lines(&mixed[1..])).await.is(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_goes_out_once_unless_it_is_said_that_it_may_go_again() {
    let site = Site::new().await;
    let key = site.key("submitter", &["*"]).await;
    let mut claim = claims(1, 1, "HARBOR01");
    let first = site.submit(&key, &claim).await.is(200).json();
    let second = site.submit(&key, &claim).await.is(422).json();
    assert_eq!(second["claims"][0]["duplicate_of"], first["claims"][0]["id"]);
    assert_eq!(second["claims"][0]["decision"], "refused", "{second}");
    assert!(second["claims"][0]["reason"].as_str().unwrap().contains("frequency 7"), "{second}");
    let (path, kind) = ("/v1/claims?allow_duplicates=true", "application/x-ndjson");
    let third = site.send(&key, path, kind, lines(&claim)).await.is(200).json();
    assert_eq!(third["claims"][0]["duplicate_of"], first["claims"][0]["id"]);
    // What replaces it is another claim; the same replacement a second time is not.
    claim[0]["frequency"] = "7".into();
    claim[0]["payer_control_number"] = "HARBOR-ICN-1".into();
    assert_eq!(site.submit(&key, &claim).await.is(200).json()["queued"], 1);
    site.submit(&key, &claim).await.is(422);
    // A claim that was rejected goes again as it was.
    site.alter("UPDATE claim SET state = 'rejected' WHERE state = 'queued'").await;
    claim[0]["frequency"] = "1".into();
    claim[0].as_object_mut().unwrap().remove("payer_control_number");
    assert_eq!(site.submit(&key, &claim).await.is(200).json()["queued"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_submission_is_told_so() {
    let site = Site::new().await;
    let key = site.key("submitter", &["*"]).await;
    let claim = lines(&claims(1, 1, "HARBOR01"));
    let json = "application/json";
    for (path, kind, body, status, code) in [
        ("/v1/claims", json, "", 422, "unreadable"),
        ("/v1/claims", json, "[{\"kind\":", 422, "unreadable"),
        ("/v1/claims", json, "hello", 415, "other_content"),
        ("/v1/claims", "application/edi-x12", claim.as_str(), 415, "other_content"),
        ("/v1/claims", "application/edi-x12", "ISA*what", 422, "unreadable"),
        ("/v1/claims", "text/html", claim.as_str(), 415, "media_type"),
        ("/v1/claims?partner=nobody", json, claim.as_str(), 422, "unknown_partner"),
        ("/v1/claims?partner=harbor&allow_duplicates=maybe", json, claim.as_str(), 400, "bad_parameter"),
        ("/v1/claims?partnr=harbor", json, claim.as_str(), 400, "bad_parameter"),
    ] {
        let answer = site.send(&key, path, kind, body.to_owned()).await.is(status);
        assert_eq!(answer.code(), code, "{path} {kind}");
    }
    let answer = site.send(&key, "/v1/claims?partnr=harbor", json, claim.clone()).await;
    assert!(answer.json()["error"]["hint"].as_str().is_some_and(|hint| hint.contains("partner")), "{}", answer.text());
    assert_eq!(site.number("SELECT count(*) AS n FROM claim WHERE ?1 = ''", "").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_is_withdrawn_only_while_it_waits() {
    let site = Site::new().await;
    let key = site.key("submitter", &["*"]).await;
    let answer = site.submit(&key, &claims(2, 1, "HARBOR01")).await.is(200).json();
    let ids: Vec<_> = answer["claims"].as_array().unwrap().iter().map(|claim| claim["id"].as_str().unwrap()).collect();
    let path = format!("/v1/claims/{}/withdraw", ids[0]);
    assert_eq!(site.post(&key, &path).await.is(200).json()["state"], "withdrawn");
    assert_eq!(site.post(&key, &path).await.is(409).code(), "not_queued");
    let timeline = site.get(&key, &format!("/v1/claims/{}/timeline", ids[0])).await.is(200).json();
    let kinds: Vec<_> =
        timeline["items"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["queued", "withdrawn"]);
    // Not by somebody who did not hand it in, nor by somebody who only reads.
    let other = site.key("submitter", &["*"]).await;
    let path = format!("/v1/claims/{}/withdraw", ids[1]);
    assert_eq!(site.post(&other, &path).await.is(404).code(), "not_found");
    let reader = site.key("reader", &["*"]).await;
    assert_eq!(site.post(&reader, &path).await.is(403).code(), "forbidden");
    assert_eq!(site.get(&key, &format!("/v1/claims/{}", ids[1])).await.is(200).json()["state"], "queued");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_larger_than_memory_goes_through_a_file() {
    let site = Site::new().await;
    let key = site.key("submitter", &["*"]).await;
    let many = lines(&claims(1500, 1, "HARBOR01"));
    assert!(many.len() > 2 << 20, "{}", many.len());
    let answer = site.send(&key, "/v1/claims", "application/x-ndjson", many).await.is(200).json();
    assert_eq!(answer["queued"], 1500);
}
