//! Lists, events, and what a person must do at times.

use std::collections::BTreeSet;

use super::*;

fn ids(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_stay_as_they_are_while_more_comes_in() {
    let site = Site::new().await;
    let key = site.key("operator", &["*"]).await;
    site.submit(&key, &claims(25, 1, "HARBOR01")).await.is(200);
    for (order, seed) in [("desc", 100), ("asc", 200)] {
        let all = ids(&site.get(&key, &format!("/v1/claims?limit=1000&order={order}")).await.is(200).json());
        let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = site.get(&key, &format!("/v1/claims?limit=10&order={order}{cursor}")).await.is(200).json();
            seen.extend(ids(&page));
            pages += 1;
            // Between the pages somebody hands in more.
            site.submit(&key, &claims(2, seed + pages, "HARBOR01")).await.is(200);
            match page["next"].as_str() {
                Some(next) if seen.len() < all.len() => cursor = format!("&cursor={next}"),
                _ => break,
            }
        }
        assert_eq!(seen.get(..all.len()), Some(all.as_slice()), "{order}");
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len(), "nothing twice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_take_conditions_and_say_what_cannot_be() {
    let site = Site::new().await;
    let key = site.key("operator", &["*"]).await;
    let sent = [claims(2, 1, "HARBOR01"), claims(3, 2, "SEASIDE01")].concat();
    site.submit(&key, &sent).await.is(200);
    let number = sent[0]["control_number"].as_str().unwrap();
    for (query, count) in [
        ("partner=seaside".to_owned(), 3),
        ("state=queued".to_owned(), 5),
        ("state=paid".to_owned(), 0),
        ("direction=in".to_owned(), 0),
        (format!("control_number={number}&partner=harbor"), 1),
        ("since=2020-01-01T00:00:00Z".to_owned(), 5),
        ("since=2099-01-01T00:00:00Z".to_owned(), 0),
    ] {
        let page = site.get(&key, &format!("/v1/claims?{query}")).await.is(200).json();
        assert_eq!((ids(&page).len(), page.get("next")), (count, None), "{query}");
    }
    for (path, field) in [
        ("/v1/claims?state=lost", "state"),
        ("/v1/claims?direction=up", "direction"),
        ("/v1/claims?since=yesterday", "since"),
        ("/v1/claims?limit=0", "limit"),
        ("/v1/claims?limit=1001", "limit"),
        ("/v1/claims?cursor=1", "cursor"),
        ("/v1/claims?order=up", "order"),
        ("/v1/files?content=pdf", "content"),
        ("/v1/files?state=new", "state"),
        ("/v1/acknowledgments?kind=824", "kind"),
        ("/v1/acknowledgments?verdict=maybe", "verdict"),
        ("/v1/remittances?direction=up", "direction"),
        ("/v1/deliveries?state=lost", "state"),
        ("/v1/expectations?overdue=soon", "overdue"),
        ("/v1/jobs?state=done", "state"),
        ("/v1/events?wait=61", "wait"),
        ("/v1/events?after=-1", "after"),
        ("/v1/claims?a=b", "query"),
    ] {
        let answer = site.get(&key, path).await.is(400);
        assert_eq!(
            (answer.code().as_str(), answer.json()["error"]["field"].as_str()),
            ("bad_parameter", Some(field)),
            "{path}"
        );
    }
    for path in
        ["/v1/claims/x", "/v1/claims/0000000000001", "/v1/files/0000000000001/raw", "/v1/nothing", "/", "/v1/jobs/7"]
    {
        assert_eq!(site.get(&key, path).await.is(404).code(), "not_found", "{path}");
    }
    assert_eq!(site.post(&key, "/v1/partners").await.is(405).code(), "method_not_allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_events_is_woken() {
    let site = Arc::new(Site::new().await);
    let key = site.key("operator", &["*"]).await;
    site.submit(&key, &claims(1, 1, "HARBOR01")).await.is(200);
    let events = site.get(&key, "/v1/events").await.is(200).json();
    assert_eq!((&events["items"][0]["kind"], events["items"].as_array().unwrap().len()), (&"queued".into(), 1));
    let next = events["next"].as_i64().unwrap();
    assert_eq!(
        site.get(&key, &format!("/v1/events?after={next}")).await.is(200).json()["items"],
        serde_json::json!([])
    );
    let waits = {
        let (site, key) = (Arc::clone(&site), key.clone());
        tokio::spawn(async move { site.get(&key, &format!("/v1/events?after={next}&wait=60")).await })
    };
    site.submit(&key, &claims(1, 2, "HARBOR01")).await.is(200);
    // It would be a minute, were it not woken; the test's harness has no such patience.
    let woken = tokio::time::timeout(std::time::Duration::from_secs(30), waits).await.expect("woken").unwrap();
    assert_eq!(woken.is(200).json()["items"].as_array().unwrap().len(), 1);
    // Nor does anybody keep the program from stopping.
    let waits = {
        let (site, key) = (Arc::clone(&site), key.clone());
        tokio::spawn(async move { site.get(&key, "/v1/events?after=latest&wait=60").await })
    };
    site.stop.cancel();
    let ended = tokio::time::timeout(std::time::Duration::from_secs(30), waits).await.expect("ended").unwrap();
    assert_eq!(ended.is(200).json()["items"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_in_pages_too() {
    let site = Site::new().await;
    let key = site.key("operator", &["*"]).await;
    site.submit(&key, &claims(5, 1, "HARBOR01")).await.is(200);
    let (mut after, mut seen) = (0, Vec::new());
    loop {
        let events = site.get(&key, &format!("/v1/events?after={after}&limit=2")).await.is(200).json();
        let items = events["items"].as_array().unwrap();
        if items.is_empty() {
            break;
        }
        seen.extend(items.iter().map(|event| event["sequence"].as_i64().unwrap()));
        after = events["next"].as_i64().unwrap();
    }
    assert_eq!(seen, [1, 2, 3, 4, 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_is_tried_again() {
    let site = Site::new().await;
    let key = site.key("operator", &["*"]).await;
    site.work();
    site.submit(&key, &claims(1, 1, "HARBOR01")).await.is(200);
    site.wait_for("waiting", 1).await;
    let delivery = site.get(&key, "/v1/deliveries").await.is(200).json()["items"][0].clone();
    let (id, file) = (delivery["id"].as_str().unwrap(), delivery["file"].as_str().unwrap());
    let path = format!("/v1/deliveries/{id}/retry");
    assert_eq!(site.post(&key, &path).await.is(409).code(), "not_failed");
    // As if it had been sent by CORE, and given up; nobody works on it meanwhile.
    site.stop.cancel();
    site.alter("UPDATE delivery SET channel = 'core', state = 'failed', reason = 'no answer'").await;
    let failed = site.get(&key, "/v1/deliveries?state=failed").await.is(200).json();
    assert_eq!(failed["items"][0]["reason"], "no answer");
    assert_eq!(site.post(&key, &path).await.is(200).json()["state"], "due");
    assert_eq!(
        site.number("SELECT count(*) AS n FROM job WHERE queue = 'deliver' AND state = 'ready' AND subject = ?1", file)
            .await,
        1
    );
    // The job that gave up goes on, instead of a second one.
    site.alter("UPDATE delivery SET state = 'failed'").await;
    site.alter(
        "UPDATE job SET state = 'failed', finished = 1, reason = 'given up', attempt = 20 WHERE queue = 'deliver'",
    )
    .await;
    let jobs = site.get(&key, "/v1/jobs?state=failed").await.is(200).json();
    assert_eq!((&jobs["items"][0]["reason"], &jobs["items"][0]["subject"]), (&"given up".into(), &file.into()));
    site.post(&key, &path).await.is(200);
    assert_eq!(site.number("SELECT count(*) AS n FROM job WHERE queue = 'deliver' AND subject = ?1", file).await, 1);
    assert_eq!(site.get(&key, "/v1/jobs").await.is(200).json()["items"], serde_json::json!([]));
    // The same by the job itself.
    site.alter("UPDATE job SET state = 'failed', finished = 1, reason = 'given up' WHERE queue = 'deliver'").await;
    let job = site.get(&key, "/v1/jobs").await.is(200).json()["items"][0]["id"].as_i64().unwrap();
    let path = format!("/v1/jobs/{job}/retry");
    assert_eq!(site.post(&key, &path).await.is(200).json()["state"], "ready");
    assert_eq!(site.post(&key, &path).await.is(409).code(), "not_failed");
    assert_eq!(site.post(&key, "/v1/jobs/99999/retry").await.is(404).code(), "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_partners_owe_is_listed() {
    let site = Site::new().await;
    let key = site.key("reader", &["*"]).await;
    let operator = site.key("operator", &["*"]).await;
    site.work();
    for seed in 1..4 {
        site.submit(&operator, &claims(1, seed, "HARBOR01")).await.is(200);
        site.wait_for("waiting", seed as usize).await;
    }
    site.stop.cancel();
    site.alter(
        "INSERT INTO expectation (file, kind, partner, due)
         SELECT f.id, k.kind, f.partner, CASE k.kind WHEN 'TA1' THEN 1000 ELSE 9000000000000 END
         FROM file f, (SELECT 'TA1' AS kind UNION SELECT '999' UNION SELECT '277CA') k",
    )
    .await;
    let count = |page: &Value| page["items"].as_array().unwrap().len();
    assert_eq!(count(&site.get(&key, "/v1/expectations").await.is(200).json()), 9);
    let overdue = site.get(&key, "/v1/expectations?overdue=true").await.is(200).json();
    assert!(
        count(&overdue) == 3 && overdue["items"].as_array().unwrap().iter().all(|one| one["kind"] == "TA1"),
        "{overdue}"
    );
    assert_eq!(count(&site.get(&key, "/v1/expectations?overdue=false").await.is(200).json()), 6);
    // The answers that a file is owed stay on one page, however short it is.
    for limit in [1, 2, 3, 4, 100] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = site.get(&key, &format!("/v1/expectations?limit={limit}{cursor}")).await.is(200).json();
            seen.extend(
                page["items"].as_array().unwrap().iter().map(|one| (one["file"].to_string(), one["kind"].to_string())),
            );
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!((seen.len(), seen.iter().collect::<BTreeSet<_>>().len()), (9, 9), "{limit}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_were_altered_or_erased_are_not_given_out() {
    let site = Site::new().await;
    let key = site.key("operator", &["*"]).await;
    site.work();
    let answer = site.submit(&key, &claims(1, 1, "HARBOR01")).await.is(200).json();
    site.wait_for("waiting", 1).await;
    site.stop.cancel();
    let file = site.get(&key, "/v1/files").await.is(200).json()["items"][0]["id"].as_str().unwrap().to_owned();
    site.alter("UPDATE payload_chunk SET sealed = zeroblob(length(sealed))").await;
    for path in [format!("/v1/files/{file}/raw"), format!("/v1/files/{file}/json")] {
        assert_eq!(site.get(&key, &path).await.is(500).code(), "damaged", "{path}");
    }
    site.alter(
        "UPDATE payload SET state = 'erased', erased = 1, key_id = NULL, wrapped_key = NULL WHERE kind <> 'key'",
    )
    .await;
    for path in [format!("/v1/files/{file}/raw"), format!("/v1/files/{file}/json?to=ndjson")] {
        assert_eq!(site.get(&key, &path).await.is(410).code(), "erased", "{path}");
    }
    let claim = format!("/v1/claims/{}", answer["claims"][0]["id"].as_str().unwrap());
    let claim = site.get(&key, &claim).await.is(200).json();
    assert!(claim["erased"] == true && claim.get("claim").is_none() && claim["state"] == "batched", "{claim}");
}
