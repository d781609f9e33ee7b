//! A missing grant fails exactly the call that needs it; a fresh one is waited for.

use serde_json::json;

use super::setup::{
    A, ADR_CONTRIBUTOR, CONTRIBUTOR, CUSTOM_ROLE, HUB_APPLICATION, REGISTRY_CONTRIBUTOR, dps_body, dps_id,
    hub_body, hub_id, namespace_id, role_body,
};
use super::support::{Azure, CALM, SUBSCRIPTION, group_path};

#[tokio::test]
async fn without_the_identitys_role_neither_hub_nor_service_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), CALM, 0.0).await;
    let principal = azure.make_group_and_identity().await;
    azure.assign(&group_path(""), HUB_APPLICATION, CONTRIBUTOR).await.expect(201);
    azure.make_namespace(A).await;
    let hub = format!("{}?api-version={}", hub_id(), A.hub);
    let dps = format!("{}?api-version={}", dps_id(), A.dps);
    for _ in 0..3 {
        let refused = azure.put(&hub, hub_body()).await.refused(400, "IH400913");
        assert!(refused.text("/message").contains("does not have the required DeviceRegistry permissions"));
        assert_eq!(refused.text("/httpStatusCode"), "BadRequest");
        azure.put(&dps, dps_body()).await.refused(400, "400913");
    }
    azure.get(&hub).await.refused(404, "ResourceNotFound");
    azure.assign(&namespace_id(), &principal, ADR_CONTRIBUTOR).await.expect(201);
    azure.put(&hub, hub_body()).await.expect(201);
    azure.put(&dps, dps_body()).await.expect(201);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_role_without_the_issuing_action_is_not_enough() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), CALM, 0.0).await;
    let principal = azure.make_group_and_identity().await;
    azure.assign(&group_path(""), HUB_APPLICATION, CONTRIBUTOR).await.expect(201);
    let mut body = role_body("adr role of the first revision");
    body["properties"]["permissions"][0]["dataActions"] = json!([]);
    let role = group_path(&format!(
        "/providers/Microsoft.Authorization/roleDefinitions/{CUSTOM_ROLE}?api-version=2022-04-01"
    ));
    azure.put(&role, body).await.expect(201);
    azure.make_namespace(A).await;
    azure.assign(&namespace_id(), &principal, CUSTOM_ROLE).await.expect(201);
    let refused =
        azure.put(&format!("{}?api-version={}", hub_id(), A.hub), hub_body()).await.refused(400, "IH400913");
    assert!(refused.text("/message").contains("issueCertificate"), "{}", refused.body);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn without_the_applications_role_only_the_hub_fails() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), CALM, 0.0).await;
    let principal = azure.make_group_and_identity().await;
    azure.make_namespace(A).await;
    azure.assign(&namespace_id(), &principal, ADR_CONTRIBUTOR).await.expect(201);
    let refused =
        azure.put(&format!("{}?api-version={}", hub_id(), A.hub), hub_body()).await.refused(400, "IH400913");
    assert!(refused.text("/message").contains("89d10474-74af-4874-99a7-c23c2f643083"));
    azure.put(&format!("{}?api-version={}", dps_id(), A.dps), dps_body()).await.expect(201);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn synchronizing_needs_both_roles_on_the_hub() {
    for (present, lacking) in [(CONTRIBUTOR, "devices/write"), (REGISTRY_CONTRIBUTOR, "certificates/write")] {
        let folder = tempfile::tempdir().unwrap();
        let azure = Azure::open(folder.path(), CALM, 0.0).await;
        let principal = azure.make_group_and_identity().await;
        azure.assign(&group_path(""), HUB_APPLICATION, CONTRIBUTOR).await.expect(201);
        let namespace = azure.make_namespace(A).await.text("/identity/principalId");
        azure.assign(&namespace_id(), &principal, ADR_CONTRIBUTOR).await.expect(201);
        azure.make_credential_and_policy(A).await;
        azure.make_hub(A).await;
        azure.assign(&hub_id(), &namespace, present).await.expect(201);
        let refused = azure.synchronize(A).await.refused(403, "AuthorizationFailed");
        assert!(refused.text("/error/message").contains(lacking), "{}", refused.body);
        assert!(azure.hub_certificates(A).await.is_empty());
        let other = if present == CONTRIBUTOR { REGISTRY_CONTRIBUTOR } else { CONTRIBUTOR };
        azure.assign(&hub_id(), &namespace, other).await.expect(201);
        azure.synchronize(A).await.expect(200);
        assert_eq!(azure.hub_certificates(A).await.len(), 1);
        azure.sandbox.shutdown().await;
    }
}

#[tokio::test]
async fn with_no_waiting_the_second_look_finds_what_the_first_did_not() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), "", 0.0).await;
    let principal = azure.make_group_and_identity().await;
    let group = group_path("");
    azure.assign(&group, HUB_APPLICATION, CONTRIBUTOR).await.expect(201);
    let role = group_path(&format!(
        "/providers/Microsoft.Authorization/roleDefinitions/{CUSTOM_ROLE}?api-version=2022-04-01"
    ));
    azure.put(&role, role_body("adr role")).await.expect(201);
    azure.make_namespace(A).await;
    azure.assign(&namespace_id(), &principal, CUSTOM_ROLE).await.refused(400, "RoleDefinitionDoesNotExist");
    azure.assign(&namespace_id(), &principal, CUSTOM_ROLE).await.refused(400, "PrincipalNotFound");
    azure.assign(&namespace_id(), &principal, CUSTOM_ROLE).await.expect(201);
    let hub = format!("{}?api-version={}", hub_id(), A.hub);
    azure.put(&hub, hub_body()).await.refused(400, "IH400913");
    azure.put_and_wait(&hub, hub_body()).await.expect(200);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn assignments_exist_once_and_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), CALM, 0.0).await;
    let principal = azure.make_group_and_identity().await;
    azure.make_namespace(A).await;
    let group = group_path("");
    azure.assign(&group, &principal, CONTRIBUTOR).await.expect(201);
    azure.assign(&group, &principal, CONTRIBUTOR).await.expect(200);
    let name = "88888888-8888-4888-8888-888888888888";
    let path =
        format!("{group}/providers/Microsoft.Authorization/roleAssignments/{name}?api-version=2022-04-01");
    let definition = |role: &str| {
        format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}")
    };
    let body = |role: &str, kind: Option<&str>| {
        let mut body =
            json!({"properties": {"roleDefinitionId": definition(role), "principalId": principal}});
        if let Some(kind) = kind {
            body["properties"]["principalType"] = json!(kind);
        }
        body
    };
    azure.put(&path, body(CONTRIBUTOR, Some("ServicePrincipal"))).await.refused(409, "RoleAssignmentExists");
    azure.put(&path, body(ADR_CONTRIBUTOR, None)).await.refused(400, "PrincipalNotFound");
    azure.put(&path, body(ADR_CONTRIBUTOR, Some("User"))).await.refused(400, "UnmatchedPrincipalType");
    azure
        .put(&path, body(CUSTOM_ROLE, Some("ServicePrincipal")))
        .await
        .refused(400, "RoleDefinitionDoesNotExist");
    azure.put(&path, body(ADR_CONTRIBUTOR, Some("ServicePrincipal"))).await.expect(201);
    azure
        .put(&path, body(REGISTRY_CONTRIBUTOR, Some("ServicePrincipal")))
        .await
        .refused(400, "RoleAssignmentUpdateNotPermitted");
    // From the namespace, those of the group above are seen, with definition ids of the subscription.
    let list = format!(
        "{}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter=principalId%20eq%20'{principal}'",
        namespace_id()
    );
    let found = azure.get(&list).await.expect(200);
    let ids: Vec<&str> = found.body["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["properties"]["roleDefinitionId"].as_str().unwrap())
        .collect();
    assert_eq!(ids, [definition(CONTRIBUTOR), definition(ADR_CONTRIBUTOR)]);
    azure.arm("DELETE", &path, None).await.expect(200);
    azure.arm("DELETE", &path, None).await.expect(204);
    assert_eq!(azure.get(&list).await.body["value"].as_array().unwrap().len(), 1);
    // Roles are found by name, at any scope.
    let by_name = format!("{group}/providers/Microsoft.Authorization/roleDefinitions?api-version=2022-04-01&$filter=roleName+eq+'IoT Hub Registry Contributor'").replace(' ', "%20");
    assert_eq!(azure.get(&by_name).await.expect(200).text("/value/0/id"), definition(REGISTRY_CONTRIBUTOR));
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_caller_without_the_right_is_told_action_and_scope() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(
        folder.path(),
        &format!("{CALM}[caller]\nroles = [\"Contributor\"]\n[graph]\ncaller_may_read = false\n"),
        0.0,
    )
    .await;
    let principal = azure.make_group_and_identity().await;
    let refused =
        azure.assign(&group_path(""), &principal, CONTRIBUTOR).await.refused(403, "AuthorizationFailed");
    assert!(refused.text("/error/message").contains("Microsoft.Authorization/roleAssignments/write"));
    let permissions = azure
        .get(&group_path("/providers/Microsoft.Authorization/permissions?api-version=2022-04-01"))
        .await
        .expect(200);
    assert_eq!(permissions.body["value"][0]["actions"], json!(["*"]));
    let graph = azure.sign_in("https://graph.microsoft.com/.default").await.expect(200).text("/access_token");
    let bearer = format!("Bearer {graph}");
    let path =
        "/v1.0/servicePrincipals(appId='89d10474-74af-4874-99a7-c23c2f643083')?$select=id,appId,displayName";
    azure
        .send("GET", "graph.microsoft.com", path, &[("authorization", &bearer)], None)
        .await
        .refused(403, "Authorization_RequestDenied");
    azure.sandbox.shutdown().await;
}

/// What a client may wait out; everything else is a mistake.
const LAGS: [&str; 6] = [
    "PrincipalNotFound",
    "RoleDefinitionDoesNotExist",
    "IH400913",
    "400913",
    "AuthorizationFailed",
    "404001",
];

/// Sends until it is no lag any more; twice is always enough in a world where nothing waits.
async fn second_time_lucky<Sending: Future<Output = super::support::Answer>>(
    mut send: impl FnMut() -> Sending,
) -> super::support::Answer {
    let first = send().await;
    if first.status < 400 {
        return first;
    }
    assert!(LAGS.contains(&first.code().as_str()), "{}", first.body);
    send().await
}

#[tokio::test]
async fn every_lag_of_the_default_world_ends_at_the_second_try() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), "", 0.0).await;
    let (registry, hub_scope) = (namespace_id(), hub_id());
    let principal = azure.make_group_and_identity().await;
    azure.assign(&group_path(""), HUB_APPLICATION, CONTRIBUTOR).await.expect(201);
    let namespace = azure.make_namespace(A).await.text("/identity/principalId");
    second_time_lucky(|| azure.assign(&registry, &principal, ADR_CONTRIBUTOR)).await.expect(201);
    azure.make_credential_and_policy(A).await;
    let (hub, dps) =
        (format!("{}?api-version={}", hub_id(), A.hub), format!("{}?api-version={}", dps_id(), A.dps));
    let accepted = second_time_lucky(|| azure.put(&hub, hub_body())).await.expect(201);
    azure.poll(&accepted.header("azure-asyncoperation")).await.0.expect(200);
    second_time_lucky(|| azure.assign(&hub_scope, &namespace, CONTRIBUTOR)).await.expect(201);
    azure.assign(&hub_scope, &namespace, REGISTRY_CONTRIBUTOR).await.expect(201);
    let accepted = azure.put(&dps, dps_body()).await.expect(201);
    azure.poll(&accepted.header("azure-asyncoperation")).await.0.expect(200);
    azure.link(A, &azure.connection_string(A).await).await.expect(201);
    azure.settled(&dps).await;
    second_time_lucky(|| azure.synchronize(A)).await.expect(200);
    assert!(azure.hub_certificates(A).await.is_empty());
    assert_eq!(azure.hub_certificates(A).await.len(), 1);
    let signed = azure.owner_signature(A).await;
    let body = super::setup::group_body("default");
    second_time_lucky(|| azure.enrollment("PUT", "group-1", &signed, None, Some(&body))).await.expect(200);
    azure.sandbox.shutdown().await;
}
