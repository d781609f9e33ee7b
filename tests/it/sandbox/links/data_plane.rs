//! Enrollment groups with three names: what the service's data plane knows, and when.

use serde_json::json;

use super::setup::{
    DATA, DPS, LINKS, REGISTRY, REGISTRY_CONTRIBUTOR, at, dps_id, enrollment_body, namespace_id, world,
};
use crate::sandbox::support::{Answer, Azure};

fn message(answer: &Answer) -> String {
    answer.text("/message")
}

#[tokio::test]
async fn nothing_is_known_of_the_namespace_before_the_push() {
    let (_folder, azure) = world(LINKS).await;
    azure.make_unlinked().await;
    // A marker before the link tells nothing.
    azure.tell_data_plane().await;
    azure.link_with(REGISTRY, super::setup::linked()).await;
    azure.make_authorities().await;
    let refused = azure.enroll("PUT", DATA, Some(&enrollment_body())).await.refused(400, "400004");
    assert!(message(&refused).contains("namespace"), "{}", refused.body);
    let path = at(&dps_id(), DPS);
    let before = azure.get(&path).await.expect(200);
    let patched = azure.arm("PATCH", &path, Some(&json!({"tags": {"marker": "x"}}))).await.expect(200);
    // Succeeded and Active, before and after: only the marker tells.
    for answer in [&before, &patched] {
        assert_eq!(answer.text("/tags/marker"), "told");
        assert_eq!(answer.text("/properties/provisioningState"), "Succeeded");
        assert_eq!(answer.text("/properties/state"), "Active");
    }
    azure.enroll("PUT", DATA, Some(&enrollment_body())).await.refused(400, "400004");
    let shown: Vec<String> =
        [azure.get(&path).await, azure.get(&path).await].map(|one| one.text("/tags/marker")).into();
    assert_eq!(shown, ["told", "x"]);
    azure.enroll("PUT", DATA, Some(&enrollment_body())).await.expect(200);
    azure.sandbox.shutdown().await;
}

/// The push tells of the namespace; authorities and policies are looked up when they are named.
#[tokio::test]
async fn a_policy_made_after_the_push_is_found() {
    let (_folder, azure) = world(LINKS).await;
    azure.make_linked().await;
    azure.tell_data_plane().await;
    let refused = azure.enroll("PUT", DATA, Some(&enrollment_body())).await.refused(400, "400004");
    assert!(message(&refused).contains("ica-1"), "{}", refused.body);
    azure.make_authorities().await;
    azure.enroll("PUT", DATA, Some(&enrollment_body())).await.expect(200);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn three_names_or_none() {
    let (_folder, azure) = world(LINKS).await;
    azure.make_linked().await;
    azure.make_authorities().await;
    azure.tell_data_plane().await;
    let names = ["namespaceName", "certificateAuthorityName", "certificatePolicyName"];
    for left_out in names {
        let mut body = enrollment_body();
        body.as_object_mut().unwrap().remove(left_out);
        azure.enroll("PUT", DATA, Some(&body)).await.refused(400, "400004");
    }
    for (name, value, word) in [
        ("namespaceName", "ns-other", "namespace"),
        ("certificateAuthorityName", "root-1", "certificate authority"),
        ("certificateAuthorityName", "ica-9", "certificate authority"),
        ("certificatePolicyName", "leaves-9", "policy"),
    ] {
        let mut body = enrollment_body();
        body[name] = json!(value);
        let refused = azure.enroll("PUT", DATA, Some(&body)).await.refused(400, "400004");
        assert!(message(&refused).contains(word), "{}", refused.body);
    }
    let mut old = enrollment_body();
    old["credentialPolicyName"] = json!("leaves");
    let refused = azure.enroll("PUT", DATA, Some(&old)).await.refused(400, "400004");
    assert!(message(&refused).contains("credentialPolicyName"));
    let mut hubs = enrollment_body();
    hubs["iotHubs"] = json!(["hub-links.azure-devices.net"]);
    hubs["allocationPolicy"] = json!("static");
    azure.enroll("PUT", DATA, Some(&hubs)).await.expect(200);
    azure.enroll("DELETE", DATA, None).await.expect(204);
    let none = json!({"enrollmentGroupId": "group-1", "attestation": {"type": "symmetricKey"}});
    azure.enroll("PUT", DATA, Some(&none)).await.expect(200);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn versions_that_are_not_spoken_say_so() {
    let (_folder, azure) = world(LINKS).await;
    azure.make_linked().await;
    azure.make_authorities().await;
    azure.tell_data_plane().await;
    for version in ["2026-04-01", "2027-01-01"] {
        let refused = azure.enroll("PUT", version, Some(&enrollment_body())).await.refused(400, "400004");
        assert!(message(&refused).contains("api-version"), "{}", refused.body);
    }
    azure.enroll("PUT", "2026-11-02-preview", Some(&enrollment_body())).await.expect(200);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_service_that_may_not_issue_is_forbidden() {
    let (_folder, azure) = world(LINKS).await;
    azure.make_linked().await;
    azure.make_authorities().await;
    azure.tell_data_plane().await;
    let service = azure.principal_of(&dps_id(), DPS).await;
    azure.unassign(&namespace_id(), &service, REGISTRY_CONTRIBUTOR).await;
    azure.enroll("PUT", DATA, Some(&enrollment_body())).await.refused(403, "403000");
    azure.assign(&namespace_id(), &service, REGISTRY_CONTRIBUTOR).await.expect(201);
    azure.enroll("PUT", DATA, Some(&enrollment_body())).await.expect(200);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_failed_namespace_forbids_too() {
    let (_folder, azure) = world(&format!("{LINKS}[links]\nhalf_settled = true\n")).await;
    azure.make_unlinked().await;
    azure.link_with(REGISTRY, super::setup::linked()).await;
    azure.tell_data_plane().await;
    azure.enroll("PUT", DATA, Some(&enrollment_body())).await.refused(403, "403000");
    let path = at(&namespace_id(), REGISTRY);
    let accepted = azure.arm("PATCH", &path, Some(&json!({"tags": {"heal": "1"}}))).await.expect(202);
    azure.poll(&accepted.header("location")).await;
    azure.make_authorities().await;
    azure.enroll("PUT", DATA, Some(&enrollment_body())).await.expect(200);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn local_authentication_can_be_off() {
    let (_folder, azure) = world(LINKS).await;
    azure
        .put(&crate::sandbox::support::group_path("?api-version=2025-04-01"), crate::sandbox::support::east())
        .await
        .expect(201);
    let mut body = super::setup::plain();
    body["properties"]["disableLocalAuth"] = json!(true);
    azure.put_and_wait(&at(&dps_id(), "2026-06-01-preview"), body).await.expect(200);
    azure.enroll("GET", DATA, None).await.refused(401, "401002");
    azure.sandbox.shutdown().await;
}

/// Services deleted and made again are linked again, and told again.
#[tokio::test]
async fn a_new_service_of_the_same_name_knows_nothing() {
    let (_folder, azure) = world(LINKS).await;
    azure.make_linked().await;
    azure.make_authorities().await;
    azure.tell_data_plane().await;
    azure.delete_and_wait(&at(&dps_id(), DPS)).await;
    azure.put_and_wait(&at(&dps_id(), DPS), super::setup::plain()).await.expect(200);
    azure.enroll("PUT", DATA, Some(&enrollment_body())).await.refused(400, "400004");
    azure.sandbox.shutdown().await;
}

impl Azure {
    async fn unassign(&self, scope: &str, principal: &str, role: &str) {
        let name =
            uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, format!("{scope}{principal}{role}").as_bytes());
        let path = format!(
            "{scope}/providers/Microsoft.Authorization/roleAssignments/{name}?api-version=2022-04-01"
        );
        self.arm("DELETE", &path, None).await.expect(200);
    }
}
