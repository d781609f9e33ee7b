//! The whole setup in the 2026 model, and its way back.

use serde_json::json;

use super::setup::at;
use super::setup::{
    DATA, DPS, HUB, LINKS, REGISTRY, bare, dps_id, enrollment_body, hub_id, ica_id, linked, namespace_id,
    policy_id, root_id, states, world,
};
use crate::sandbox::support::{Azure, group_path};

#[tokio::test]
async fn from_nothing_to_an_enrollment_group_and_back() {
    let (_folder, azure) = world(LINKS).await;
    azure.make_linked().await;
    azure.make_authorities().await;
    let trusted = azure.trusted().await;
    assert_eq!(trusted.len(), 1);
    assert_eq!(trusted[0]["properties"]["subject"], json!("CN=ica-1"));
    azure.tell_data_plane().await;
    let group = azure.enroll("PUT", DATA, Some(&enrollment_body())).await.expect(200);
    assert!(!group.text("/attestation/symmetricKey/primaryKey").is_empty());
    let read = azure.enroll("GET", DATA, None).await.expect(200);
    for (name, value) in [
        ("namespaceName", "ns-links"),
        ("certificateAuthorityName", "ica-1"),
        ("certificatePolicyName", "leaves"),
    ] {
        assert_eq!(read.body[name], json!(value));
    }

    azure.enroll("DELETE", DATA, None).await.expect(204);
    azure.delete_and_wait(&at(&policy_id(), REGISTRY)).await;
    azure.delete_and_wait(&at(&ica_id(), REGISTRY)).await;
    azure.delete_and_wait(&at(&root_id(), REGISTRY)).await;
    azure
        .arm("DELETE", &at(&namespace_id(), REGISTRY), None)
        .await
        .refused(409, "NamespaceHasLinkedResources");
    azure.delete_and_wait(&at(&dps_id(), DPS)).await;
    azure.delete_and_wait(&at(&hub_id(), HUB)).await;
    // What is left of the links leads nowhere, and holds nothing.
    let orphaned = azure.get(&at(&namespace_id(), REGISTRY)).await.expect(200);
    assert_eq!(states(&orphaned), ["Succeeded", "Succeeded", "Succeeded"]);
    azure.delete_and_wait(&at(&namespace_id(), REGISTRY)).await;
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn the_link_is_answered_at_once_and_settles_later() {
    let (_folder, azure) = world(LINKS).await;
    azure.make_unlinked().await;
    let path = at(&namespace_id(), REGISTRY);
    let accepted = azure.put(&path, linked()).await.expect(201);
    assert_eq!(states(&accepted), ["Accepted", "InProgress", "InProgress"]);
    assert!(accepted.header("location").is_empty());
    azure.put(&path, linked()).await.refused(409, "ResourceProvisioningInProgress");
    azure
        .arm("PATCH", &path, Some(&json!({"tags": {}})))
        .await
        .refused(409, "ResourceProvisioningInProgress");
    let (done, polls) = azure.poll(&accepted.header("azure-asyncoperation")).await;
    assert_eq!((done.text("/status").as_str(), polls), ("Succeeded", 2));
    let namespace = azure.get(&path).await.expect(200);
    let endpoint = &namespace.body["properties"]["messaging"]["endpoints"]["hub-1"];
    assert_eq!(endpoint["address"], json!("hub-links.service.azure-devices.net"));
    assert_eq!(endpoint["deviceAddress"], json!("hub-links.device.azure-devices.net"));
    assert_eq!(endpoint.get("linkingError"), None);
    assert_eq!(namespace.body["tags"], bare()["tags"]);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_service_and_then_a_hub_are_linked_by_patches() {
    let (_folder, azure) = world(LINKS).await;
    azure.make_unlinked().await;
    let path = at(&namespace_id(), REGISTRY);
    for part in ["provisioning", "messaging"] {
        let body = json!({"properties": {part: super::setup::both_endpoints()[part]}});
        let accepted = azure.arm("PATCH", &path, Some(&body)).await.expect(202);
        assert!(accepted.header("azure-asyncoperation").is_empty());
        let (done, polls) = azure.poll(&accepted.header("location")).await;
        assert_eq!((done.status, polls), (200, 2), "{}", done.body);
    }
    let namespace = azure.get(&path).await.expect(200);
    assert_eq!(states(&namespace), ["Succeeded", "Succeeded", "Succeeded"]);
    assert_eq!(namespace.body["tags"], bare()["tags"], "a PATCH merges");
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn everything_is_in_the_lists_of_the_subscription() {
    let (_folder, azure) = world(LINKS).await;
    azure.make_linked().await;
    azure.make_authorities().await;
    let of_group = azure.get(&group_path("/resources?api-version=2025-04-01")).await.expect(200);
    let kinds: Vec<&str> =
        of_group.body["value"].as_array().unwrap().iter().map(|one| one["type"].as_str().unwrap()).collect();
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    let namespaces = format!(
        "{}/providers/Microsoft.DeviceRegistry/namespaces?api-version={REGISTRY}",
        Azure::subscription()
    );
    let listed = azure.get(&namespaces).await.expect(200);
    assert_eq!(listed.text("/value/0/properties/provisioning/endpoints/dps-1/linkingState"), "Succeeded");
    let authorities = azure
        .get(&format!("{}/certificateAuthorities?api-version={REGISTRY}", namespace_id()))
        .await
        .expect(200);
    assert_eq!(authorities.body["value"].as_array().unwrap().len(), 2);
    let policies =
        azure.get(&format!("{}/certificatePolicies?api-version={REGISTRY}", ica_id())).await.expect(200);
    assert_eq!(policies.text("/value/0/name"), "leaves");
    // A group takes all of it along.
    let accepted = azure.arm("DELETE", &group_path("?api-version=2025-04-01"), None).await.expect(202);
    azure.poll(&accepted.header("location")).await;
    let listed = azure.get(&namespaces).await.expect(200);
    assert_eq!(listed.body["value"], json!([]));
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn it_all_happens_in_simulated_time_too() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), LINKS, 100_000.0).await;
    azure.make_linked().await;
    azure.make_authorities().await;
    azure.tell_data_plane().await;
    azure.enroll("PUT", DATA, Some(&enrollment_body())).await.expect(200);
    azure.sandbox.shutdown().await;
    // The world is kept with all of it.
    let azure = Azure::open(folder.path(), LINKS, 100_000.0).await;
    let namespace = azure.get(&at(&namespace_id(), REGISTRY)).await.expect(200);
    assert_eq!(states(&namespace), ["Succeeded", "Succeeded", "Succeeded"]);
    azure.enroll("GET", DATA, None).await.expect(200);
    azure.sandbox.shutdown().await;
}
