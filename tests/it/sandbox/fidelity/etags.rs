//! Entity tags: right, wrong, any, missing, and new after each change.

use serde_json::{Value, json};

use super::kinds::{both, whole};
use crate::sandbox::links::setup::{self as links, at, world};
use crate::sandbox::setup::{A, DPS_HOST, dps_id, group_body, hub_body, hub_id};
use crate::sandbox::support::{ARM, Answer, Azure, group_path};

/// Sends with an `If-Match`, where one is given.
async fn send(azure: &Azure, method: &str, path: &str, etag: Option<&str>, body: Option<&Value>) -> Answer {
    let bearer = format!("Bearer {}", azure.token);
    let mut headers = vec![("authorization", bearer.as_str())];
    headers.extend(etag.map(|etag| ("if-match", etag)));
    azure.send(method, ARM, path, &headers, body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_of_either_model_changes_only_with_its_tag() {
    let (_folder, azure) = whole("").await;
    for (id, version, body) in [(hub_id(), A.hub, hub_body()), (links::hub_id(), links::HUB, links::plain())]
    {
        let path = at(&id, version);
        let put = async |etag: Option<&str>| send(&azure, "PUT", &path, etag, Some(&body)).await;
        let current = azure.get(&path).await.expect(200).text("/etag");
        put(None).await.refused(412, "IH412001");
        for wrong in ["stale", "\"stale\"", "", "W/\"*\""] {
            put(Some(wrong)).await.refused(412, "IH412001");
        }
        assert_eq!(azure.get(&path).await.expect(200).text("/etag"), current, "nothing was changed");
        let changed = put(Some(&current)).await.expect(200).text("/etag");
        assert_ne!(changed, current);
        put(Some(&current)).await.refused(412, "IH412001");
        let quoted = put(Some(&format!("\"{changed}\""))).await.expect(200).text("/etag");
        assert_ne!(quoted, changed);
        let any = put(Some("*")).await.expect(200).text("/etag");
        // Tags alone give a new one too, and need none.
        let tags = json!({"tags": {"a": "b"}});
        let patched = send(&azure, "PATCH", &path, None, Some(&tags)).await.expect(200).text("/etag");
        assert_ne!(patched, any);
    }
    // There is nothing that a tag could fit where nothing is.
    let fresh = at(&group_path("/providers/Microsoft.Devices/IotHubs/hub-fresh"), A.hub);
    for etag in ["*", "stale"] {
        send(&azure, "PUT", &fresh, Some(etag), Some(&hub_body())).await.refused(412, "IH412001");
    }
    azure.get(&fresh).await.refused(404, "ResourceNotFound");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_has_a_tag_and_asks_for_none() {
    let (_folder, azure) = world(&both("")).await;
    azure.make_everything(A).await;
    let path = at(&dps_id(), A.dps);
    let before = azure.get(&path).await.expect(200).text("/etag");
    // No If-Match is declared for it, so none is looked at (contract, section 7).
    let body = crate::sandbox::setup::dps_body();
    send(&azure, "PUT", &path, Some("stale"), Some(&body)).await.expect(201);
    let after = azure.settled(&path).await.text("/etag");
    assert!(!before.is_empty() && before != after);
    let tags = json!({"tags": {"a": "b"}});
    let patched = send(&azure, "PATCH", &path, None, Some(&tags)).await.expect(200);
    assert_ne!(patched.text("/etag"), after);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrollment_group_changes_only_with_its_tag() {
    let (_folder, azure) = whole("").await;
    let old = azure.owner_signature(A).await;
    let new = azure.service_key().await;
    for (host, signed, version, body) in [
        (DPS_HOST, &old, "2025-07-01-preview", group_body("default")),
        (links::SERVICE_HOST, &new, links::DATA, links::enrollment_body()),
    ] {
        let send = async |method: &str, name: &str, etag: Option<&str>, body: Option<&Value>| {
            let mut headers = vec![("authorization", signed.as_str())];
            headers.extend(etag.map(|etag| ("if-match", etag)));
            let path = format!("/enrollmentGroups/{name}?api-version={version}");
            azure.send(method, host, &path, &headers, body).await
        };
        let read = send("GET", "group-1", None, None).await.expect(200);
        let current = read.text("/etag");
        assert_eq!(read.header("etag"), current);
        send("PUT", "group-1", None, Some(&body)).await.refused(409, "409001");
        send("PUT", "group-1", Some("\"stale\""), Some(&body)).await.refused(412, "412001");
        let changed = send("PUT", "group-1", Some(&current), Some(&body)).await.expect(200);
        assert_eq!(changed.header("etag"), changed.text("/etag"));
        assert_ne!(changed.text("/etag"), current);
        assert_eq!(changed.text("/createdDateTimeUtc"), read.text("/createdDateTimeUtc"));
        send("PUT", "group-1", Some(&current), Some(&body)).await.refused(412, "412001");
        let bare = changed.text("/etag").trim_matches('"').to_owned();
        send("PUT", "group-1", Some(&bare), Some(&body)).await.expect(200);
        send("PUT", "group-1", Some("*"), Some(&body)).await.expect(200);
        let mut fresh = body.clone();
        fresh["enrollmentGroupId"] = json!("group-2");
        send("PUT", "group-2", Some("*"), Some(&fresh)).await.refused(412, "412001");
        send("PUT", "group-2", None, Some(&fresh)).await.expect(200);
        send("DELETE", "group-2", Some("\"stale\""), None).await.refused(412, "412001");
        send("DELETE", "group-2", Some("*"), None).await.expect(204);
        send("DELETE", "group-2", None, None).await.refused(404, "404201");
        send("DELETE", "group-1", None, None).await.expect(204);
        send("GET", "group-1", None, None).await.refused(404, "404201");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_and_a_device_go_with_their_tags() {
    let (_folder, azure) = world(&both("")).await;
    azure.make_everything(A).await;
    azure.register_devices("group-1", &["one", "two"]).await;
    let signed = azure.owner_signature(A).await;
    let send = async |method: &str, etag: Option<&str>, name: &str| {
        let mut headers = vec![("authorization", signed.as_str())];
        headers.extend(etag.map(|etag| ("if-match", etag)));
        let path = format!("/registrations/{name}?api-version=2025-07-01-preview");
        azure.send(method, DPS_HOST, &path, &headers, None).await
    };
    let read = send("GET", None, "one").await.expect(200);
    assert_eq!(read.header("etag"), read.text("/etag"));
    send("DELETE", Some("\"stale\""), "one").await.refused(412, "412001");
    send("DELETE", Some(&read.text("/etag")), "one").await.expect(204);
    send("GET", None, "one").await.refused(404, "404201");
    send("DELETE", None, "one").await.refused(404, "404201");
    send("DELETE", None, "two").await.expect(204);

    let connection = azure.connection_string(A).await;
    let key = connection.rsplit_once("SharedAccessKey=").unwrap().1;
    let host = "hub-sandbox.azure-devices.net";
    let signed = crate::sandbox::setup::signature(host, "iothubowner", key, super::planes::soon());
    let device = async |method: &str, etag: Option<&str>| {
        let mut headers = vec![("authorization", signed.as_str())];
        headers.extend(etag.map(|etag| ("if-match", etag)));
        azure.send(method, host, "/devices/one?api-version=2021-04-12", &headers, None).await
    };
    let read = device("GET", None).await.expect(200);
    let etag = read.header("etag");
    device("DELETE", None).await.expect(400);
    device("DELETE", Some("\"stale\"")).await.expect(412);
    device("DELETE", Some(&etag)).await.expect(204);
    device("GET", None).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_registry_knows_no_tags() {
    let (_folder, azure) = whole("").await;
    // Neither specification of it declares If-Match, and no resource of it has a tag.
    for (id, version, body) in [
        (crate::sandbox::setup::namespace_id(), A.registry, links::bare()),
        (links::root_id(), links::REGISTRY, links::root_body()),
        (links::policy_id(), links::REGISTRY, links::policy_body()),
    ] {
        let path = at(&id, version);
        assert_eq!(azure.get(&path).await.expect(200).body.get("etag"), None);
        send(&azure, "PUT", &path, Some("stale"), Some(&body)).await.expect(200);
    }
}
