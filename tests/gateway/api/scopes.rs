//! What each key may do and see.

use super::{circle::circle, *};

/// Routes that have nothing but what is there for all, and need no key.
pub const OPEN: [&str; 5] = ["/health/live", "/health/ready", "/metrics", "/v1/openapi.json", "/v1/schemas/{guide}"];

/// Every other route, and the roles that may use it. `E`: only with a key for all partners.
pub const KEYED: &[(&str, &str, &[&str])] = &[
    ("GET", "/v1/claims", &["submitter", "reader", "operator", "admin"]),
    ("POST", "/v1/claims", &["submitter", "operator", "admin"]),
    ("POST", "/v1/claims/check", &["submitter", "operator", "admin"]),
    ("GET", "/v1/claims/{id}", &["submitter", "reader", "operator", "admin"]),
    ("GET", "/v1/claims/{id}/timeline", &["submitter", "reader", "operator", "admin"]),
    ("POST", "/v1/claims/{id}/withdraw", &["submitter", "operator", "admin"]),
    ("GET", "/v1/files", &["reader", "operator", "admin"]),
    ("GET", "/v1/files/{id}", &["reader", "operator", "admin"]),
    ("GET", "/v1/files/{id}/raw", &["reader", "operator", "admin"]),
    ("GET", "/v1/files/{id}/json", &["reader", "operator", "admin"]),
    ("GET", "/v1/files/{id}/acknowledgments", &["reader", "operator", "admin"]),
    ("GET", "/v1/acknowledgments", &["reader", "operator", "admin"]),
    ("GET", "/v1/remittances", &["reader", "operator", "admin"]),
    ("POST", "/v1/remittances", &["submitter", "operator", "admin"]),
    ("GET", "/v1/remittances/{id}", &["reader", "operator", "admin"]),
    ("GET", "/v1/partners", &["submitter", "reader", "operator", "admin"]),
    ("GET", "/v1/deliveries", &["reader", "operator", "admin"]),
    ("POST", "/v1/deliveries/{id}/retry", &["operator", "admin"]),
    ("GET", "/v1/jobs", &["operator", "admin"]),
    ("POST", "/v1/jobs/{id}/retry", &["operator", "admin"]),
    ("GET", "/v1/expectations", &["reader", "operator", "admin"]),
    ("GET", "/v1/events", &["submitter", "reader", "operator", "admin"]),
    ("GET", "/v1/audit", &["admin"]),
    ("GET", "/v1/audit/verify", &["admin"]),
];

/// Routes about the gateway as a whole.
const WHOLE: [&str; 4] = ["/v1/jobs", "/v1/jobs/{id}/retry", "/v1/audit", "/v1/audit/verify"];

fn ask(method: &str, key: Option<&str>, path: &str) -> Request<Body> {
    let path = path.replace("/jobs/{id}", "/jobs/1").replace("{id}", "0000000000001");
    let request = Request::builder().method(method).uri(path).header("content-type", "application/x-ndjson");
    let request =
        key.into_iter().fold(request, |request, key| request.header("authorization", format!("Bearer {key}")));
    request.body(Body::empty()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_is_open_that_should_not_be() {
    let site = Site::new().await;
    let good = site.key("admin", &["*"]).await;
    let mut wrong = good.clone();
    let last = if wrong.pop() == Some('0') { '1' } else { '0' };
    wrong.push(last);
    let revoked = site.key("admin", &["*"]).await;
    site.get(&revoked, "/v1/claims").await.is(200);
    let id = revoked.split('_').nth(1).unwrap().to_owned();
    assert!(site.gateway.store().write(move |tx| api_keys::revoke(tx, &id)).await.unwrap());
    for (method, path, _) in KEYED {
        let mut told = Vec::new();
        for key in [None, Some(""), Some("cw_"), Some(wrong.as_str()), Some(revoked.as_str()), Some(&"x".repeat(5000))]
        {
            let answer = site.ask(ask(method, key, path)).await.is(401);
            assert_eq!(answer.code(), "unauthorized");
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
            told.push(answer.json()["error"].clone());
        }
        told.dedup();
        assert_eq!(told.len(), 1, "nobody learns what is wrong with a key: {told:?}");
    }
    let basic = Request::builder().uri("/v1/claims").header("authorization", "Basic YTpi").body(Body::empty()).unwrap();
    site.ask(basic).await.is(401);
    let refused = site.number("SELECT count(*) AS n FROM audit WHERE action = ?1", "api.refused").await;
    assert!((60..80).contains(&refused), "audited, but nobody fills the log: {refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_may_do_what_the_table_says() {
    let site = Site::new().await;
    for role in ["submitter", "reader", "operator", "admin", "submitter,reader", "nonsense"] {
        let key = site.key(role, &["*"]).await;
        let part = site.key(role, &["harbor"]).await;
        for (method, path, roles) in KEYED {
            let may = role.split(',').any(|role| roles.contains(&role));
            let status = site.ask(ask(method, Some(&key), path)).await.status;
            assert_eq!(status != StatusCode::FORBIDDEN, may, "{role} {method} {path}: {status}");
            let status = site.ask(ask(method, Some(&part), path)).await.status;
            assert_eq!(
                status != StatusCode::FORBIDDEN,
                may && !WHOLE.contains(path),
                "{role} {method} {path}: {status}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_other_partners_does_not_exist() {
    let (site, ids) = circle().await;
    site.stop.cancel();
    let all = site.key("admin", &["*"]).await;
    let mut paths = Vec::new();
    for id in &ids {
        paths.extend([
            format!("/v1/claims/{id}"),
            format!("/v1/claims/{id}?content=false"),
            format!("/v1/claims/{id}/timeline"),
        ]);
    }
    for (list, more) in [("files", &["", "/raw", "/json", "/acknowledgments"][..]), ("remittances", &[""])] {
        let items = site.get(&all, &format!("/v1/{list}")).await.is(200).json();
        let items = items["items"].as_array().unwrap();
        assert!(!items.is_empty(), "{list}");
        for item in items {
            paths.extend(more.iter().map(|more| format!("/v1/{list}/{}{more}", item["id"].as_str().unwrap())));
        }
    }
    let delivery = site.get(&all, "/v1/deliveries").await.is(200).json()["items"][0]["id"].as_str().unwrap().to_owned();
    let expected = site.get(&all, "/v1/claims/0000000000001").await.is(404).json()["error"].clone();
    for scope in [&["seaside"][..], &[], &["harbo"], &["HARBOR"]] {
        let key = site.key("admin", scope).await;
        for path in &paths {
            site.get(&all, path).await.is(200);
            assert_eq!(site.get(&key, path).await.is(404).json()["error"], expected, "{path}");
        }
        for path in [format!("/v1/deliveries/{delivery}/retry"), format!("/v1/claims/{}/withdraw", ids[0])] {
            assert_eq!(site.post(&key, &path).await.is(404).json()["error"], expected, "{path}");
        }
        for list in ["claims", "files", "acknowledgments", "remittances", "deliveries", "expectations", "events"] {
            let page = site.get(&key, &format!("/v1/{list}")).await.is(200).json();
            assert_eq!(page["items"], serde_json::json!([]), "{list}");
        }
        // To ask for the other partner by its name changes nothing.
        for list in ["claims", "files", "acknowledgments", "remittances", "deliveries", "expectations"] {
            let page = site.get(&key, &format!("/v1/{list}?partner=harbor")).await.is(200).json();
            assert_eq!(page["items"], serde_json::json!([]), "{list}");
        }
    }
    let key = site.key("reader", &["harbor"]).await;
    for list in ["claims", "files", "acknowledgments", "remittances", "deliveries", "events"] {
        let page = site.get(&key, &format!("/v1/{list}")).await.is(200).json();
        assert!(!page["items"].as_array().unwrap().is_empty(), "{list}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_sends_to_its_partners_only() {
    let site = Site::new().await;
    let key = site.key("operator", &["seaside"]).await;
    let harbor = claims(1, 1, "HARBOR01");
    let nowhere = claims(1, 2, "NOBODY01");
    let told = |answer: &Value| {
        (
            answer["claims"][0]["decision"].clone(),
            answer["claims"][0]["reason"].clone(),
            answer["claims"][0].get("partner").cloned(),
        )
    };
    let refused = site.submit(&key, &harbor).await.is(422).json();
    assert_eq!(
        told(&refused),
        told(&site.submit(&key, &nowhere).await.is(422).json()),
        "as if there were no such partner"
    );
    let ndjson = "application/x-ndjson";
    for partner in ["harbor", "nobody"] {
        let path = format!("/v1/claims?partner={partner}");
        assert_eq!(site.send(&key, &path, ndjson, lines(&harbor)).await.is(422).code(), "unknown_partner");
    }
    let x12 = submitting::x12(&harbor, "HARBOR");
    assert_eq!(site.send(&key, "/v1/claims", "application/edi-x12", x12).await.is(422).code(), "unknown_partner");
    let partners = site.get(&key, "/v1/partners").await.is(200).json();
    assert_eq!(
        partners["items"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect::<Vec<_>>(),
        ["seaside"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hands_in_sees_its_own() {
    let site = Site::new().await;
    let (mine, other) = (site.key("submitter", &["harbor"]).await, site.key("submitter", &["*"]).await);
    let both = site.key("submitter,reader", &["*"]).await;
    let own = site.submit(&mine, &claims(2, 1, "HARBOR01")).await.is(200).json();
    site.submit(&mine, &claims(1, 2, "NOBODY01")).await.is(422);
    site.submit(&other, &claims(4, 3, "HARBOR01")).await.is(200);
    for (key, count) in [(&mine, 3), (&other, 4), (&both, 7)] {
        let claims = site.get(key, "/v1/claims").await.is(200).json();
        assert_eq!(claims["items"].as_array().unwrap().len(), count);
        let events = site.get(key, "/v1/events").await.is(200).json();
        assert_eq!(events["items"].as_array().unwrap().len(), count);
        assert_eq!(events["next"], 7, "the number moves on all the same");
    }
    let path = format!("/v1/claims/{}", own["claims"][0]["id"].as_str().unwrap());
    site.get(&mine, &path).await.is(200);
    site.get(&other, &path).await.is(404);
    site.get(&both, &path).await.is(200);
}
