//! Worlds in which one proved property is wrong: each is wrong exactly there.

use super::setup::{
    A, ADR_CONTRIBUTOR, CONTRIBUTOR, CUSTOM_ROLE, HUB_APPLICATION, dps_id, group_body, hub_id, namespace_id,
    role_body,
};
use super::support::{Azure, CALM, group_path};

async fn quirky(name: &str) -> (tempfile::TempDir, Azure) {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), &format!("{CALM}[quirks]\n{name} = true\n"), 0.0).await;
    (folder, azure)
}

/// Everything up to the hub and its grants.
async fn to_hub(azure: &Azure) {
    let principal = azure.make_group_and_identity().await;
    azure.assign(&group_path(""), HUB_APPLICATION, CONTRIBUTOR).await.expect(201);
    let namespace = azure.make_namespace(A).await;
    azure.assign(&namespace_id(), &principal, ADR_CONTRIBUTOR).await.expect(201);
    azure.make_credential_and_policy(A).await;
    azure.make_hub(A).await;
    azure.make_hub_grants(&namespace.text("/identity/principalId")).await;
}

#[tokio::test]
async fn a_namespace_or_identity_without_a_principal() {
    let (_folder, azure) = quirky("namespace_without_principal").await;
    azure.make_group_and_identity().await;
    let namespace = azure.make_namespace(A).await;
    assert_eq!(
        (namespace.text("/identity/type").as_str(), namespace.text("/identity/principalId").as_str()),
        ("SystemAssigned", "")
    );
    let (_folder, azure) = quirky("identity_without_principal").await;
    assert_eq!(azure.make_group_and_identity().await, "");
}

#[tokio::test]
async fn operations_that_succeed_on_resources_that_failed() {
    for (quirk, state) in
        [("credential_failed", ["Failed", "Succeeded"]), ("policy_failed", ["Succeeded", "Failed"])]
    {
        let (_folder, azure) = quirky(quirk).await;
        azure.make_group_and_identity().await;
        azure.make_namespace(A).await;
        let credential = format!("{}/credentials/default", namespace_id());
        let path = format!("{credential}?api-version={}", A.registry);
        let accepted = azure.put(&path, super::support::east()).await.expect(201);
        assert_eq!(azure.poll(&accepted.header("azure-asyncoperation")).await.0.text("/status"), "Succeeded");
        assert_eq!(azure.get(&path).await.text("/properties/provisioningState"), state[0]);
        if state[0] == "Succeeded" {
            let policy = azure.make_credential_and_policy(A).await;
            assert_eq!(policy.text("/properties/provisioningState"), state[1]);
        }
    }
}

#[tokio::test]
async fn a_namespace_that_fails() {
    let (_folder, azure) = quirky("namespace_failed").await;
    azure.make_group_and_identity().await;
    let path = format!("{}?api-version={}", namespace_id(), A.registry);
    let accepted = azure.put(&path, super::support::east()).await.expect(201);
    let (done, _) = azure.poll(&accepted.header("azure-asyncoperation")).await;
    assert_eq!(
        (done.text("/status").as_str(), done.text("/error/code").as_str()),
        ("Failed", "InternalServerError")
    );
    assert_eq!(azure.get(&path).await.text("/properties/provisioningState"), "Failed");
    // What failed to come to be is created again, not replaced.
    azure.put(&path, super::support::east()).await.expect(201);
}

#[tokio::test]
async fn hubs_that_are_not_as_asked() {
    let path = format!("{}?api-version={}", hub_id(), A.hub);
    let (_folder, azure) = quirky("hub_linked_elsewhere").await;
    to_hub(&azure).await;
    assert!(
        azure.get(&path).await.text("/properties/deviceRegistry/namespaceResourceId").ends_with("/elsewhere")
    );
    let (_folder, azure) = quirky("hub_not_active").await;
    to_hub(&azure).await;
    let hub = azure.get(&path).await;
    assert_eq!(
        (hub.text("/properties/provisioningState").as_str(), hub.text("/properties/state").as_str()),
        ("Succeeded", "Transitioning")
    );
}

#[tokio::test]
async fn services_that_are_not_as_asked() {
    let path = format!("{}?api-version={}", dps_id(), A.dps);
    let (_folder, azure) = quirky("dps_loses_link").await;
    to_hub(&azure).await;
    assert_eq!(azure.make_dps(A).await.body["properties"]["iotHubs"], serde_json::json!([]));
    let (_folder, azure) = quirky("dps_linked_elsewhere").await;
    to_hub(&azure).await;
    azure.put_and_wait(&path, super::setup::dps_body()).await;
    assert!(
        azure.get(&path).await.text("/properties/deviceRegistryNamespace/resourceId").ends_with("/elsewhere")
    );
}

#[tokio::test]
async fn synchronizing_that_writes_nothing_or_another() {
    let (_folder, azure) = quirky("sync_writes_nothing").await;
    to_hub(&azure).await;
    azure.synchronize(A).await.expect(200);
    assert!(azure.hub_certificates(A).await.is_empty());
    let (_folder, azure) = quirky("sync_writes_other_policy").await;
    to_hub(&azure).await;
    azure.synchronize(A).await.expect(200);
    let listed = azure.hub_certificates(A).await;
    assert!(listed[0]["properties"]["PolicyResourceId"].as_str().unwrap().ends_with("/policies/another"));
}

#[tokio::test]
async fn enrollment_groups_that_are_not_as_asked() {
    for (quirk, policy, status) in
        [("enrollment_loses_policy", "", "enabled"), ("enrollment_disabled", "default", "disabled")]
    {
        let (_folder, azure) = quirky(quirk).await;
        to_hub(&azure).await;
        azure.make_dps(A).await;
        let signed = azure.owner_signature(A).await;
        azure.enrollment("PUT", "group-1", &signed, None, Some(&group_body("default"))).await.expect(200);
        let group = azure.enrollment("GET", "group-1", &signed, None, None).await.expect(200);
        assert_eq!(
            (group.text("/credentialPolicyName").as_str(), group.text("/provisioningStatus").as_str()),
            (policy, status)
        );
    }
}

#[tokio::test]
async fn roles_and_assignments_that_are_not_as_asked() {
    let (_folder, azure) = quirky("assignment_not_listed").await;
    let principal = azure.make_group_and_identity().await;
    azure.assign(&group_path(""), &principal, CONTRIBUTOR).await.expect(201);
    let list = group_path(&format!(
        "/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter=principalId%20eq%20'{principal}'"
    ));
    assert_eq!(azure.get(&list).await.expect(200).body["value"], serde_json::json!([]));
    let (_folder, azure) = quirky("role_actions_lost").await;
    azure.make_group_and_identity().await;
    let role = group_path(&format!(
        "/providers/Microsoft.Authorization/roleDefinitions/{CUSTOM_ROLE}?api-version=2022-04-01"
    ));
    azure.put(&role, role_body("adr role")).await.expect(201);
    let read = azure.get(&role).await.expect(200);
    assert_eq!(read.body["properties"]["permissions"][0]["actions"].as_array().unwrap().len(), 7);
}
