//! How much is taken, how often, and how long anybody may take.

use std::time::Duration;

use axum::body::Bytes;
use futures_util::stream;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn bodies_have_an_end() {
    let site = Site::with(ApiOptions { longest_body: 10_000, ..ApiOptions::default() }).await;
    let key = site.key("submitter", &["*"]).await;
    let long = lines(&claims(20, 1, "HARBOR01"));
    assert!(long.len() > 10_000);
    for path in ["/v1/claims", "/v1/claims/check", "/v1/remittances?partner=harbor"] {
        // Said beforehand, or found out while it comes.
        let stated = request(Method::POST, &key, path)
            .header("content-type", "application/json")
            .header("content-length", "3000000000");
        assert_eq!(site.ask(stated.body(Body::empty()).unwrap()).await.is(413).code(), "too_large", "{path}");
        let pieces: Vec<Result<Bytes, std::io::Error>> =
            long.as_bytes().chunks(1000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let body = Body::from_stream(stream::iter(pieces));
        assert_eq!(site.send(&key, path, "application/json", body).await.is(413).code(), "too_large", "{path}");
    }
    site.send(&key, "/v1/claims", "application/json", lines(&claims(1, 1, "HARBOR01"))).await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let site = Site::with(ApiOptions { body_pause: Duration::from_millis(20), ..ApiOptions::default() }).await;
    let key = site.key("submitter", &["*"]).await;
    let body = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    assert_eq!(site.send(&key, "/v1/claims", "application/json", body).await.is(408).code(), "too_slow");
    let broken = stream::iter([Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("gone"))]);
    let answer = site.send(&key, "/v1/claims", "application/json", Body::from_stream(broken)).await.is(400);
    assert_eq!(answer.code(), "incomplete");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_asks_too_often_is_told_when_to_come_again() {
    let site = Site::with(ApiOptions { per_second: 1, burst: 3, ..ApiOptions::default() }).await;
    let (key, other) = (site.key("reader", &["*"]).await, site.key("reader", &["*"]).await);
    let mut statuses = Vec::new();
    for _ in 0..20 {
        let answer = site.get(&key, "/v1/partners").await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            assert_eq!(
                (answer.code().as_str(), answer.headers["retry-after"].to_str().unwrap()),
                ("too_many_requests", "1")
            );
        }
        statuses.push(answer.status.as_u16());
    }
    assert!(statuses.starts_with(&[200, 200, 200]) && statuses.contains(&429), "{statuses:?}");
    site.get(&other, "/v1/partners").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_what_is_done_at_once_others_come_again() {
    let site = Arc::new(Site::with(ApiOptions { concurrent: 1, ..ApiOptions::default() }).await);
    let key = site.key("operator", &["*"]).await;
    // A body of which nothing comes keeps its request at work, until it breaks off.
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let (begun, has_begun) = tokio::sync::oneshot::channel::<()>();
    let body = stream::once(async move {
        begun.send(()).unwrap();
        let _ = ended.await;
        Err::<Bytes, _>(std::io::Error::other("gone"))
    });
    let works = {
        let (site, key) = (Arc::clone(&site), key.clone());
        tokio::spawn(async move { site.send(&key, "/v1/claims", "application/json", Body::from_stream(body)).await })
    };
    has_begun.await.unwrap();
    let answer = site.get(&key, "/v1/partners").await.is(503);
    assert_eq!((answer.code().as_str(), answer.headers["retry-after"].to_str().unwrap()), ("overloaded", "1"));
    // Who waits for events is not work, and health is always told.
    site.get(&key, "/v1/events").await.is(200);
    site.get(&key, "/health/ready").await.is(200);
    end.send(()).unwrap();
    works.await.unwrap().is(400);
    site.get(&key, "/v1/partners").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_have_an_end_and_requests_an_id() {
    let site = Site::new().await;
    let key = site.key("reader", &["*"]).await;
    let long = request(Method::GET, &key, "/v1/partners").header("x-long", "x".repeat(20_000));
    assert_eq!(site.ask(long.body(Body::empty()).unwrap()).await.is(431).code(), "headers_too_large");
    let with =
        |id: &str| request(Method::GET, &key, "/v1/partners").header("x-request-id", id).body(Body::empty()).unwrap();
    assert_eq!(site.ask(with("order-7.a_b")).await.is(200).headers["x-request-id"], "order-7.a_b");
    for id in ["two words", &"x".repeat(65), "<script>", ""] {
        let answer = site.ask(with(id)).await.is(200);
        assert_eq!(answer.headers["x-request-id"].len(), 36, "{id}");
        assert_eq!(
            (&answer.headers["cache-control"], &answer.headers["x-content-type-options"]),
            (&"no-store".parse().unwrap(), &"nosniff".parse().unwrap())
        );
    }
}
