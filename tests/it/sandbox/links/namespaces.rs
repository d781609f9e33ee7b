//! Namespaces at the versions of 2026: bodies, identities, what replaces and what merges.

use serde_json::{Value, json};

use super::setup::{LINKS, REGISTRY, at, bare, linked, namespace_id, states, world};
use crate::sandbox::support::{Azure, east, group_path};

async fn group() -> (tempfile::TempDir, Azure) {
    let (folder, azure) = world(LINKS).await;
    azure.put(&group_path("?api-version=2025-04-01"), east()).await.expect(201);
    (folder, azure)
}

#[tokio::test]
async fn a_namespace_gets_its_principal_after_the_first_answer() {
    let (_folder, azure) = group().await;
    let path = at(&namespace_id(), REGISTRY);
    let accepted = azure.put(&path, bare()).await.expect(201);
    assert_eq!(accepted.body["identity"], json!({"type": "SystemAssigned"}));
    assert_eq!(accepted.text("/properties/provisioningState"), "Accepted");
    assert!(!accepted.header("retry-after").is_empty());
    let (_, polls) = azure.poll(&accepted.header("azure-asyncoperation")).await;
    assert_eq!(polls, 2);
    let namespace = azure.get(&path).await.expect(200);
    assert!(uuid::Uuid::parse_str(&namespace.text("/identity/principalId")).is_ok());
    assert!(uuid::Uuid::parse_str(&namespace.text("/properties/uuid")).is_ok());
    assert_eq!(namespace.text("/identity/tenantId"), azure.sandbox.sign_in().tenant);

    // A PUT replaces tags and properties, and keeps what is the service's own.
    let mut body = json!({"location": "East US 2", "identity": {"type": "SystemAssigned"}});
    let replaced = azure.put(&path, body.clone()).await.expect(200);
    assert_eq!(replaced.body["tags"], json!({}));
    assert_eq!(replaced.body["identity"], namespace.body["identity"]);
    assert_eq!(replaced.body["properties"]["uuid"], namespace.body["properties"]["uuid"]);
    body["location"] = json!("eastus");
    azure.put(&path, body).await.refused(409, "InvalidResourceLocation");

    // A PATCH merges; tags are replaced as a whole.
    for tags in [json!({"a": "1", "b": "2"}), json!({"b": "3"})] {
        let accepted = azure.arm("PATCH", &path, Some(&json!({"tags": tags}))).await.expect(202);
        let (done, polls) = azure.poll(&accepted.header("location")).await;
        assert_eq!((done.body["tags"].clone(), polls), (tags, 2));
    }
    azure.delete_and_wait(&path).await;
    azure.arm("DELETE", &path, None).await.expect(204);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn bodies_are_what_the_specification_says() {
    let (_folder, azure) = group().await;
    let path = at(&namespace_id(), REGISTRY);
    let change = |pointer: &str, value: Value| {
        let mut body = linked();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[name] = value;
        body
    };
    let hub = "/properties/messaging/endpoints/hub-1";
    let dps = "/properties/provisioning/endpoints/dps-1";
    for (pointer, value) in [
        ("/id".to_owned(), json!("x")),
        ("/other".to_owned(), json!(1)),
        ("/properties/uuid".to_owned(), json!("x")),
        ("/properties/provisioningState".to_owned(), json!("Succeeded")),
        ("/properties/unknown".to_owned(), json!(1)),
        ("/properties/outboundIdentity".to_owned(), json!({"type": "None"})),
        ("/identity/principalId".to_owned(), json!("x")),
        ("/identity/type".to_owned(), json!("Both")),
        ("/identity/type".to_owned(), json!("UserAssigned")),
        (format!("{hub}/linkingState"), json!("Succeeded")),
        (format!("{hub}/linkingError"), json!({})),
        (format!("{hub}/deviceAddress"), json!("x")),
        (format!("{hub}/address"), json!("x")),
        (format!("{hub}/resourceId"), json!("not an id")),
        (format!("{hub}/provisioning/availability"), json!("Sometimes")),
        (format!("{hub}/inboundCallerIdentity"), json!({"type": "UserAssigned"})),
        (format!("{dps}/linkingState"), json!("Succeeded")),
        (format!("{dps}/provisioning"), json!({})),
        (format!("{dps}/endpointType"), json!("Microsoft.Devices/IotHubs")),
        (format!("{dps}/inboundCallerIdentity"), Value::Null),
        (format!("{dps}/resourceId"), json!(namespace_id())),
    ] {
        let refused = azure.put(&path, change(&pointer, value)).await.refused(400, "InvalidRequestContent");
        let field = pointer.rsplit('/').next().unwrap();
        let message = refused.text("/error/message");
        assert!(message.contains(field) || message.contains("identity"), "{pointer}: {message}");
    }
    azure.put(&path, json!({"identity": {"type": "None"}})).await.refused(400, "LocationRequired");
    azure
        .put(&path, change("/location", json!("mars")))
        .await
        .refused(400, "LocationNotAvailableForResourceType");
    for name in ["ab", "-ab", "Abc", "a_b"] {
        let id = namespace_id().replace("ns-links", name);
        azure.put(&at(&id, REGISTRY), bare()).await.refused(400, "InvalidResourceName");
    }
    azure.get(&path).await.expect(404);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn endpoints_that_are_no_links_are_kept_as_given() {
    let (_folder, azure) = group().await;
    let path = at(&namespace_id(), REGISTRY);
    let mut body = bare();
    body["properties"] = json!({
        "messaging": {"endpoints": {"grid": {"endpointType": "Microsoft.EventGrid", "address": "https://grid.example"}}},
        "management": {"endpoints": {"m": {"endpointType": "x", "address": "y", "scopeId": "z", "resourceId": "/a"}}},
    });
    azure.put_and_wait(&path, body.clone()).await.expect(200);
    let namespace = azure.get(&path).await.expect(200);
    for group in ["messaging", "management"] {
        assert_eq!(namespace.body["properties"][group], body["properties"][group]);
    }
    assert_eq!(states(&namespace), ["Succeeded", "", ""]);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn older_versions_see_no_links() {
    let (_folder, azure) = world(LINKS).await;
    azure.make_linked().await;
    let old = azure.get(&at(&namespace_id(), "2026-04-01")).await.expect(200);
    assert_eq!(old.body["properties"].get("provisioning"), None);
    let endpoint = &old.body["properties"]["messaging"]["endpoints"]["hub-1"];
    assert_eq!(endpoint["address"], json!("hub-links.service.azure-devices.net"));
    assert_eq!(endpoint.get("linkingState"), None);
    azure.put(&at(&namespace_id(), "2026-04-01"), east()).await.refused(409, "NamespaceModelConflict");
    let patch = json!({"tags": {}});
    azure
        .arm("PATCH", &at(&namespace_id(), "2026-04-01"), Some(&patch))
        .await
        .refused(409, "NamespaceModelConflict");
    azure.sandbox.shutdown().await;
}
