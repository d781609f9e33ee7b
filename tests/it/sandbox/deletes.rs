//! Deletions: what goes with what, what is in the way, and what lets go only later.

use serde_json::json;

use super::setup::{A, CUSTOM_ROLE, dps_id, hub_id, identity_id, namespace_id, role_body};
use super::support::{Azure, CALM, group_path};

/// A world in which nothing waits but what was deleted, at speed 0: a look each.
fn lingering() -> String {
    CALM.replace("let_go = 0", "let_go = 15")
}

async fn delete_and_wait(azure: &Azure, path: &str) {
    let accepted = azure.arm("DELETE", path, None).await.expect(202);
    let url = [accepted.header("azure-asyncoperation"), accepted.header("location")]
        .into_iter()
        .find(|url| !url.is_empty())
        .unwrap();
    let (done, polls) = azure.poll(&url).await;
    assert!(matches!(done.status, 200 | 204), "{}", done.body);
    assert!(polls >= 2, "a deletion takes a while");
}

#[tokio::test]
async fn a_group_takes_all_that_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), CALM, 0.0).await;
    azure.make_everything(A).await;
    let path = group_path("?api-version=2025-04-01");
    let listed = azure.get(&group_path("/resources?api-version=2025-04-01")).await.expect(200);
    assert_eq!(listed.body["value"].as_array().unwrap().len(), 4, "{}", listed.body);
    let accepted = azure.arm("DELETE", &path, None).await.expect(202);
    // While it goes it takes nothing in.
    let identity = format!("{}?api-version=2023-01-31", identity_id());
    azure.put(&identity, json!({"location": "eastus2"})).await.refused(409, "ResourceGroupBeingDeleted");
    azure.poll(&accepted.header("location")).await.0.expect(204);
    azure.get(&path).await.refused(404, "ResourceGroupNotFound");
    azure.get(&format!("{}?api-version={}", hub_id(), A.hub)).await.expect(404);
    let all = format!("/subscriptions/{}/resources?api-version=2025-04-01", super::support::SUBSCRIPTION);
    assert_eq!(azure.get(&all).await.expect(200).body["value"], json!([]));
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_namespace_is_let_go_of_late() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), &lingering(), 0.0).await;
    azure.make_everything(A).await;
    let path = format!("{}?api-version={}", namespace_id(), A.registry);
    azure.arm("DELETE", &path, None).await.refused(409, "NamespaceHasLinkedResources");
    delete_and_wait(&azure, &format!("{}?api-version={}", dps_id(), A.dps)).await;
    azure.arm("DELETE", &path, None).await.refused(409, "NamespaceHasLinkedResources");
    delete_and_wait(&azure, &format!("{}?api-version={}", hub_id(), A.hub)).await;
    azure.get(&format!("{}?api-version={}", hub_id(), A.hub)).await.expect(404);
    azure.arm("DELETE", &path, None).await.refused(409, "NamespaceHasLinkedResources");
    delete_and_wait(&azure, &path).await;
    azure.arm("DELETE", &path, None).await.expect(204);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_role_is_let_go_of_late() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), &lingering(), 0.0).await;
    let principal = azure.make_group_and_identity().await;
    let definitions = group_path("/providers/Microsoft.Authorization/roleDefinitions");
    let role = format!("{definitions}/{CUSTOM_ROLE}?api-version=2022-04-01");
    azure.put(&role, role_body("a role")).await.expect(201);
    let assigned = azure.assign(&group_path(""), &principal, CUSTOM_ROLE).await.expect(201).text("/id");
    azure.arm("DELETE", &role, None).await.refused(400, "RoleDefinitionHasAssignments");
    let assignment = format!("{assigned}?api-version=2022-04-01");
    azure.arm("DELETE", &assignment, None).await.expect(200);
    azure.arm("DELETE", &assignment, None).await.expect(204);
    azure.arm("DELETE", &role, None).await.refused(400, "RoleDefinitionHasAssignments");
    azure.arm("DELETE", &role, None).await.expect(200);
    azure.get(&role).await.refused(404, "RoleDefinitionDoesNotExist");
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_credential_frees_its_place_and_an_identity_leaves_orphans() {
    let folder = tempfile::tempdir().unwrap();
    let world = format!("{CALM}\n[quotas]\ncredentials_per_tenant_and_region = 1\n");
    let azure = Azure::open(folder.path(), &world, 0.0).await;
    let principal = azure.make_group_and_identity().await;
    azure.make_namespace(A).await;
    azure.make_credential_and_policy(A).await;
    let credential = format!("{}/credentials/default?api-version={}", namespace_id(), A.registry);
    azure.arm("DELETE", &credential, None).await.refused(409, "CannotDeleteResource");
    let policy =
        format!("{}/credentials/default/policies/default?api-version={}", namespace_id(), A.registry);
    delete_and_wait(&azure, &policy).await;
    delete_and_wait(&azure, &credential).await;
    // The one place of the region is free again.
    azure.make_credential_and_policy(A).await;

    azure.assign(&group_path(""), &principal, super::setup::CONTRIBUTOR).await.expect(201);
    azure.arm("DELETE", &format!("{}?api-version=2023-01-31", identity_id()), None).await.expect(200);
    azure.arm("DELETE", &format!("{}?api-version=2023-01-31", identity_id()), None).await.expect(204);
    let list = group_path(&format!(
        "/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter=principalId%20eq%20'{principal}'"
    ));
    assert_eq!(azure.get(&list).await.expect(200).body["value"].as_array().unwrap().len(), 1);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_certificate_of_a_hub_goes_with_its_etag() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), CALM, 0.0).await;
    azure.make_everything(A).await;
    let certificates = azure.hub_certificates(A).await;
    let name = certificates[0]["name"].as_str().unwrap();
    let etag = certificates[0]["etag"].as_str().unwrap();
    let path = format!("{}/certificates/{name}?api-version={}", hub_id(), A.hub);
    azure.arm("DELETE", &path, None).await.refused(412, "IH412001");
    let bearer = format!("Bearer {}", azure.token);
    let with = |etag: &str| [("authorization", bearer.clone()), ("if-match", etag.to_owned())];
    for (etag, status) in [("\"another\"", 412), (etag, 200), (etag, 204)] {
        let headers = with(etag);
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        azure.send("DELETE", super::support::ARM, &path, &headers, None).await.expect(status);
    }
    assert_eq!(azure.hub_certificates(A).await.len(), 0);
    azure.sandbox.shutdown().await;
}
