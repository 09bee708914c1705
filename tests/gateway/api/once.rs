//! Requests that come again.

use std::sync::mpsc;

use super::*;

impl Site {
    async fn with_key(&self, key: &str, idempotency: &str, path: &str, body: String) -> Answer {
        let request = request(Method::POST, key, path)
            .header("content-type", "application/x-ndjson")
            .header("idempotency-key", idempotency);
        self.ask(request.body(body.into()).unwrap()).await
    }

    async fn stored(&self) -> i64 {
        self.number("SELECT count(*) AS n FROM claim WHERE state <> ?1", "").await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_is_answered_as_before_and_done_once() {
    let site = Site::new().await;
    let key = site.key("submitter", &["*"]).await;
    let body = lines(&claims(2, 1, "HARBOR01"));
    let first = site.with_key(&key, "a", "/v1/claims", body.clone()).await.is(200);
    assert!(!first.headers.contains_key("idempotent-replay"));
    let again = site.with_key(&key, "a", "/v1/claims", body.clone()).await.is(200);
    assert_eq!(again.headers["idempotent-replay"], "true");
    assert_eq!((again.body, &again.headers["content-type"]), (first.body, &first.headers["content-type"]));
    assert_eq!(site.stored().await, 2);
    // Another caller's key of the same name is another key: its claims are looked at, and known to be the same.
    let other = site.key("submitter", &["*"]).await;
    let others = site.with_key(&other, "a", "/v1/claims", body).await.is(422);
    assert!(!others.headers.contains_key("idempotent-replay"));
    assert!(others.json()["claims"][0]["duplicate_of"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_answered_as_before_too() {
    let site = Site::new().await;
    let key = site.key("submitter", &["*"]).await;
    let mut bad = claims(1, 1, "HARBOR01");
    bad[0]["charge"] = "1.00".into();
    let first = site.with_key(&key, "a", "/v1/claims", lines(&bad)).await.is(422);
    let again = site.with_key(&key, "a", "/v1/claims", lines(&bad)).await.is(422);
    assert_eq!((again.body, site.stored().await), (first.body, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_belongs_to_one_request() {
    let site = Site::new().await;
    let key = site.key("submitter", &["*"]).await;
    let body = lines(&claims(1, 1, "HARBOR01"));
    site.with_key(&key, "a", "/v1/claims", body.clone()).await.is(200);
    for (path, body) in [
        ("/v1/claims", lines(&claims(1, 2, "HARBOR01"))),
        ("/v1/claims?partner=harbor", body.clone()),
        ("/v1/claims?allow_duplicates=true", body.clone()),
    ] {
        assert_eq!(site.with_key(&key, "a", path, body).await.is(422).code(), "key_used", "{path}");
    }
    assert_eq!(site.stored().await, 1);
    let long = "k".repeat(256);
    assert_eq!(site.with_key(&key, &long, "/v1/claims", body).await.is(400).code(), "bad_parameter");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_it_is_answered_the_same_request_waits() {
    let site = Site::new().await;
    let key = site.key("submitter", &["*"]).await;
    let body = lines(&claims(1, 1, "HARBOR01"));
    // The writer is held in a work, so that the first request cannot end.
    let ((begun, has_begun), (go, gate)) = (mpsc::channel(), mpsc::channel::<()>());
    let store = site.gateway.store().clone();
    let held = tokio::spawn(async move {
        let hold = move |_: &mut dyn Tx| {
            begun.send(()).unwrap();
            gate.recv().unwrap();
            Ok(())
        };
        store.write(hold).await
    });
    tokio::task::spawn_blocking(move || has_begun.recv()).await.unwrap().unwrap();
    let site = Arc::new(site);
    let ask = || {
        let (site, key, body) = (Arc::clone(&site), key.clone(), body.clone());
        tokio::spawn(async move { site.with_key(&key, "a", "/v1/claims", body).await })
    };
    // Whichever comes first waits for the writer, so the one that is answered came second.
    let (told, waits) = match futures_util::future::select(ask(), ask()).await {
        futures_util::future::Either::Left(answered) => answered,
        futures_util::future::Either::Right(answered) => answered,
    };
    let told = told.unwrap().is(409);
    assert_eq!((told.code().as_str(), told.headers["retry-after"].to_str().unwrap()), ("in_flight", "1"));
    assert!(!waits.is_finished());
    go.send(()).unwrap();
    held.await.unwrap().unwrap();
    waits.await.unwrap().is(200);
    site.with_key(&key, "a", "/v1/claims", body).await.is(200);
    assert_eq!(site.stored().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_day_a_key_is_as_good_as_new() {
    let site = Site::new().await;
    let key = site.key("submitter", &["*"]).await;
    site.with_key(&key, "a", "/v1/claims", lines(&claims(1, 1, "HARBOR01"))).await.is(200);
    site.alter("UPDATE idempotency SET created = created - 86400001").await;
    let other = site.with_key(&key, "a", "/v1/claims", lines(&claims(1, 2, "HARBOR01"))).await.is(200);
    assert!(!other.headers.contains_key("idempotent-replay"));
    assert_eq!(site.stored().await, 2);
}
