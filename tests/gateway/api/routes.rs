//! The table of routes: what is described is what there is.

use std::collections::BTreeSet;

use claimwire::gateway::observe::Metrics;

use super::{
    scopes::{KEYED, OPEN},
    *,
};

/// Routes for operators' commands; tests/gateway/commands.rs asks them.
const OPERATING: &[(&str, &str)] = &[
    ("POST", "/v1/backup"),
    ("GET", "/v1/keys"),
    ("POST", "/v1/keys"),
    ("POST", "/v1/keys/{id}/revoke"),
    ("POST", "/v1/partners/reload"),
    ("GET", "/v1/summary"),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_description_lists_every_route_and_nothing_else() {
    let site = Site::new().await;
    let served = site.get("", "/v1/openapi.json").await.is(200);
    assert_eq!(served.headers["content-type"], "application/json");
    let document = served.json();
    assert_eq!(document, serde_json::to_value(api::document()).unwrap());
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            described.insert((method.to_uppercase(), path.clone()));
            let about = format!("{method} {path}");
            assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{about}: no summary");
            assert!(
                ["200", "201", "202", "204"].iter().any(|code| operation["responses"].get(code).is_some()),
                "{about}: no answer"
            );
            for name in path.split(['{', '}']).skip(1).step_by(2) {
                let parameters = operation["parameters"].as_array().unwrap();
                assert!(parameters.iter().any(|one| one["in"] == "path" && one["name"] == name), "{about}: {name}");
            }
        }
    }
    let open =
        OPEN.iter().filter(|path| **path != "/v1/openapi.json").map(|path| ("GET".to_owned(), (*path).to_owned()));
    let known: BTreeSet<_> =
        KEYED.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).chain(open).collect();
    let operating = OPERATING.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned()));
    assert_eq!(described, known.into_iter().chain(operating).collect());
    // Whatever refers to a schema refers to one that is there.
    let text = served.text();
    for reference in text.split("\"$ref\":\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference}"));
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn schemas_of_claims_are_to_be_had() {
    let site = Site::new().await;
    for guide in ["837P", "837i", "837D", "835", "999", "277CA"] {
        let schema = site.get("", &format!("/v1/schemas/{guide}")).await.is(200).json();
        assert!(schema["$schema"].is_string(), "{guide}");
    }
    assert_eq!(site.get("", "/v1/schemas/850").await.is(404).code(), "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn health_tells_whether_the_program_can_work() {
    let site = Site::new().await;
    assert_eq!(site.get("", "/health/live").await.is(200).json()["status"], "live");
    assert_eq!(site.get("", "/health/ready").await.is(200).json()["status"], "ready");
    site.stop.cancel();
    assert_eq!(site.get("", "/health/live").await.is(200).json()["status"], "live");
    assert_eq!(site.get("", "/health/ready").await.is(503).json()["status"], "draining");
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_for_those_who_may_see_all() {
    let metrics = Metrics::install().unwrap();
    assert_eq!(Site::new().await.get("", "/metrics").await.is(404).code(), "not_found");
    let site = Site::with(ApiOptions { metrics: Some(metrics.clone()), ..ApiOptions::default() }).await;
    assert_eq!(site.get("", "/metrics").await.is(401).code(), "unauthorized");
    let (part, all) = (site.key("reader", &["harbor"]).await, site.key("reader", &["*"]).await);
    let submitter = site.key("submitter", &["*"]).await;
    site.get(&part, "/metrics").await.is(403);
    site.get(&submitter, "/metrics").await.is(403);
    site.submit(&submitter, &claims(3, 1, "HARBOR01")).await.is(200);
    let text = site.get(&all, "/metrics").await.is(200).text();
    for figure in [
        "claimwire_claims_submitted_total{decision=\"queued\"}",
        "claimwire_api_requests_total{method=\"POST\",route=\"/v1/claims\",status=\"200\"}",
        "claimwire_api_request_seconds_bucket{",
        "claimwire_jobs{queue=\"batch\",state=\"ready\"} 1",
        "claimwire_store_commits_total",
    ] {
        assert!(text.contains(figure), "{figure} in {text}");
    }
    let open = Site::with(ApiOptions { metrics: Some(metrics), open_metrics: true, ..ApiOptions::default() }).await;
    open.get("", "/metrics").await.is(200);
}
