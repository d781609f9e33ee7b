//! The headers by which an answer is found again: on every answer of every service, whatever became of the request.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::kinds::{both, subscription};
use crate::sandbox::links::setup::{at, world};
use crate::sandbox::setup::{A, DPS_HOST, hub_id, identity_id, namespace_id};
use crate::sandbox::support::{ARM, Answer, Azure, group_path};

const LOGIN: &str = "login.microsoftonline.com";
const GRAPH: &str = "graph.microsoft.com";
const HUB_HOST: &str = "hub-sandbox.azure-devices.net";

/// A request, and what comes of it.
struct Case {
    method: &'static str,
    host: &'static str,
    path: String,
    body: Option<Value>,
    status: u16,
}

fn cases() -> Vec<Case> {
    let case = |method, host, path, body, status| Case { method, host, path, body, status };
    let arm = |method, path, body, status| case(method, ARM, path, body, status);
    let group = |name: &str| at(&subscription(&format!("/resourceGroups/{name}")), "2025-04-01");
    let east = || Some(json!({"location": "eastus2"}));
    let space = |name: &str| namespace_id().replace("ns-1", name);
    vec![
        arm("GET", at("/subscriptions", "2022-12-01"), None, 200),
        arm("GET", group("devices"), None, 200),
        arm("PUT", group("fresh"), east(), 201),
        arm("PUT", at(&space("ns-2"), A.registry), east(), 201),
        arm("PATCH", at(&namespace_id(), A.registry), Some(json!({"tags": {}})), 202),
        arm("DELETE", at(&space("never-made"), A.registry), None, 204),
        arm("HEAD", group("devices"), None, 204),
        arm("HEAD", group("other"), None, 404),
        arm("DELETE", group("fresh"), None, 202),
        arm("GET", at(&hub_id(), "2099-01-01"), None, 400),
        arm("PUT", at(&hub_id(), A.hub), Some(json!({"location": "eastus2"})), 400),
        arm("GET", at(&space("nothing"), A.registry), None, 404),
        arm("GET", group("other"), None, 404),
        arm("POST", at(&format!("{}/doIt", identity_id()), "2023-01-31"), Some(json!({})), 404),
        arm("DELETE", at("/subscriptions", "2022-12-01"), None, 405),
        arm("PUT", at(&space("ns-2"), A.registry), east(), 409),
        arm("PUT", at(&hub_id(), A.hub), Some(crate::sandbox::setup::hub_body()), 412),
        case("GET", LOGIN, "/organizations/v2.0/.well-known/openid-configuration".to_owned(), None, 200),
        case("GET", LOGIN, "/nowhere".to_owned(), None, 404),
        case("GET", GRAPH, "/v1.0/servicePrincipals".to_owned(), None, 401),
        case("GET", DPS_HOST, "/enrollmentGroups/x?api-version=2025-07-01-preview".to_owned(), None, 401),
        case("GET", "no.azure-devices-provisioning.net", "/enrollmentGroups/x".to_owned(), None, 404),
        case("GET", HUB_HOST, "/devices/x?api-version=2021-04-12".to_owned(), None, 401),
        case("GET", "no.azure-devices.net", "/devices/x".to_owned(), None, 404),
        case("GET", "example.com", "/".to_owned(), None, 404),
    ]
}

fn is_guid(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok()
}

/// What every answer has.
fn check(answer: &Answer, what: &str, seen: &mut BTreeSet<String>) {
    let id = answer.header("x-ms-request-id");
    assert!(is_guid(&id) && seen.insert(id.clone()), "{what}: x-ms-request-id '{id}'");
    assert!(
        jiff::fmt::rfc2822::parse(&answer.header("date").replace("GMT", "+0000")).is_ok(),
        "{what}: Date"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_ids_of_its_own_and_gives_the_clients_back() {
    let (_folder, azure) = world(&both("")).await;
    azure.make_everything(A).await;
    let bearer = format!("Bearer {}", azure.token);
    let mut seen = BTreeSet::new();
    let correlation = "0f0f0f0f-0000-4000-8000-00000000000a";
    for Case { method, host, path, body, status } in cases() {
        let what = format!("{method} {host}{path}");
        let mut headers = vec![
            ("x-ms-client-request-id", "client-1"),
            ("x-ms-return-client-request-id", "TRUE"),
            ("client-request-id", "client-2"),
            ("return-client-request-id", "true"),
            ("x-ms-correlation-request-id", correlation),
        ];
        headers.extend((host == ARM).then_some(("authorization", bearer.as_str())));
        let answer = azure.send(method, host, &path, &headers, body.as_ref()).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.body);
        check(&answer, &what, &mut seen);
        assert_eq!(answer.header("x-ms-correlation-request-id"), correlation, "{what}");
        assert_eq!(answer.header("x-ms-client-request-id"), "client-1", "{what}");
        assert_eq!(answer.header("client-request-id"), "client-2", "{what}");
        let routed = answer.header("x-ms-routing-request-id");
        let left: Vec<String> = answer
            .headers
            .keys()
            .map(|name| name.as_str().to_owned())
            .filter(|name| name.starts_with("x-ms-ratelimit-remaining-"))
            .collect();
        if host != ARM {
            assert!(routed.is_empty() && left.is_empty(), "{what}: {routed} {left:?}");
            continue;
        }
        let parts: Vec<&str> = routed.split(':').collect();
        assert!(parts.len() == 3 && parts[1].len() == 16 && is_guid(parts[2]), "{what}: {routed}");
        let kind = match method {
            "GET" | "HEAD" => "reads",
            "DELETE" => "deletes",
            _ => "writes",
        };
        let whose = if path.starts_with("/subscriptions/") { "subscription" } else { "tenant" };
        assert_eq!(left, [format!("x-ms-ratelimit-remaining-{whose}-{kind}")], "{what}");
        assert!(answer.header(&left[0]).parse::<u32>().unwrap() > 1000, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_given_back_that_was_not_asked_for() {
    let (_folder, azure) = world(&both("")).await;
    let bearer = format!("Bearer {}", azure.token);
    let path = at("/subscriptions", "2022-12-01");
    for asks in [None, Some("false"), Some("")] {
        let mut headers = vec![("authorization", bearer.as_str()), ("x-ms-client-request-id", "client-1")];
        headers.extend(asks.map(|word| ("x-ms-return-client-request-id", word)));
        let answer = azure.send("GET", ARM, &path, &headers, None).await.expect(200);
        assert_eq!(answer.header("x-ms-client-request-id"), "");
        // Without a correlation of the client's own it is the request's id.
        assert_eq!(answer.header("x-ms-correlation-request-id"), answer.header("x-ms-request-id"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn status_urls_and_what_never_became_a_step_have_them_too() {
    let (_folder, azure) = world(&both("")).await;
    azure.put(&at(&group_path(""), "2025-04-01"), json!({"location": "eastus2"})).await.expect(201);
    let path = at(&namespace_id(), A.registry);
    let accepted = azure.put(&path, json!({"location": "eastus2"})).await.expect(201);
    let mut seen = BTreeSet::new();
    let url = accepted.header("azure-asyncoperation").replacen("https://management.azure.com", "", 1);
    for _ in 0..2 {
        check(&azure.get(&url).await.expect(200), "a poll", &mut seen);
    }
    let bearer = format!("Bearer {}", azure.token);
    let request = azure
        .client
        .put(format!("http://{}{path}", azure.sandbox.address()))
        .header("host", ARM)
        .header("authorization", bearer)
        .header("x-ms-client-request-id", "client-1")
        .header("x-ms-return-client-request-id", "true")
        .body(" ".repeat(5 * 1024 * 1024));
    let large = Azure::read(request).await.expect(413);
    check(&large, "a body that is too large", &mut seen);
    assert_eq!(large.header("x-ms-client-request-id"), "client-1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worlds_limit_on_writes_is_told_as_it_is_used_up() {
    let (_folder, azure) = world("[throttle]\nwrites_per_minute = 1000\n").await;
    let path = at(&group_path(""), "2025-04-01");
    let left = async || {
        let answer = azure.put(&path, json!({"location": "eastus2"})).await;
        answer.header("x-ms-ratelimit-remaining-subscription-writes").parse::<u32>().unwrap()
    };
    // The simulated minute may turn once between them.
    let told = [left().await, left().await, left().await];
    assert!(told.windows(2).any(|pair| pair[1] + 1 == pair[0]), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_is_asked_to_wait_is_a_knob_too() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), "[latency]\npoll = 25\n", 10.0).await;
    azure.put(&at(&group_path(""), "2025-04-01"), json!({"location": "eastus2"})).await.expect(201);
    let accepted =
        azure.put(&at(&namespace_id(), A.registry), json!({"location": "eastus2"})).await.expect(201);
    assert_eq!(
        (accepted.header("retry-after-ms").as_str(), accepted.header("retry-after").as_str()),
        ("2500", "3")
    );
}
