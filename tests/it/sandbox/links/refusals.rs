//! What a link is refused for: at once, or when it settles.

use serde_json::{Value, json};

use super::setup::{
    DPS, HUB, LINKS, REGISTRY, at, bare, both_endpoints, dps_endpoint, dps_id, hub_endpoint, hub_id, linked,
    namespace_id, plain, states, world,
};
use crate::sandbox::support::{Azure, east, group_path};

#[tokio::test]
async fn a_hub_needs_a_service_beside_it() {
    let (_folder, azure) = world(LINKS).await;
    azure.make_unlinked().await;
    let path = at(&namespace_id(), REGISTRY);
    let alone = json!({"properties": {"messaging": {"endpoints": {"hub-1": hub_endpoint()}}}});
    azure.arm("PATCH", &path, Some(&alone)).await.refused(400, "ProvisioningEndpointRequired");
    let mut two = both_endpoints();
    two["provisioning"]["endpoints"]["dps-2"] = dps_endpoint();
    two["provisioning"]["endpoints"]["dps-2"]["resourceId"] =
        json!(group_path("/providers/Microsoft.Devices/provisioningServices/dps-other"));
    let two = json!({"properties": two});
    azure.arm("PATCH", &path, Some(&two)).await.refused(400, "ProvisioningEndpointLimitExceeded");
    let mut many = both_endpoints();
    for index in 0..11 {
        let key = format!("hub-{index}");
        many["messaging"]["endpoints"][&key] = hub_endpoint();
        many["messaging"]["endpoints"][&key]["resourceId"] =
            json!(group_path(&format!("/providers/Microsoft.Devices/IotHubs/{key}")));
    }
    let many = json!({"properties": many});
    azure.arm("PATCH", &path, Some(&many)).await.refused(400, "MessagingEndpointLimitExceeded");
    let mut twice = both_endpoints();
    twice["messaging"]["endpoints"]["hub-2"] = hub_endpoint();
    azure
        .arm("PATCH", &path, Some(&json!({"properties": twice})))
        .await
        .refused(400, "InvalidRequestContent");
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn what_has_linked_is_immutable_but_for_the_callers_identity() {
    let (_folder, azure) = world(LINKS).await;
    azure.make_linked().await;
    let path = at(&namespace_id(), REGISTRY);
    azure.put(&path, linked()).await.refused(400, "LinkedEndpointImmutable");
    azure.put(&path, bare()).await.refused(409, "EndpointUsedByNestedDevices");
    let patch = |endpoint: Value| json!({"properties": {"messaging": {"endpoints": {"hub-1": endpoint}}}});
    let mut changed = vec![hub_endpoint(), hub_endpoint(), hub_endpoint()];
    changed[1]["provisioning"]["allocationWeight"] = json!(5);
    changed[2]["resourceId"] = json!(group_path("/providers/Microsoft.Devices/IotHubs/another"));
    for endpoint in changed {
        azure.arm("PATCH", &path, Some(&patch(endpoint))).await.refused(400, "LinkedEndpointImmutable");
    }
    // Another caller is taken, and linked anew.
    let identity = group_path("/providers/Microsoft.ManagedIdentity/userAssignedIdentities/caller");
    azure.put(&at(&identity, "2023-01-31"), east()).await.expect(201);
    let mut endpoint = hub_endpoint();
    endpoint["inboundCallerIdentity"] = json!({"type": "UserAssigned", "userAssignedIdentity": identity});
    let accepted = azure.arm("PATCH", &path, Some(&patch(endpoint))).await.expect(202);
    azure.poll(&accepted.header("location")).await;
    let namespace = azure.get(&path).await.expect(200);
    assert_eq!(
        namespace.text("/properties/messaging/endpoints/hub-1/linkingError/code"),
        "InboundCallerIdentityUnavailable",
        "the hub does not have that identity"
    );
    let again = patch(hub_endpoint());
    let accepted = azure.arm("PATCH", &path, Some(&again)).await.expect(202);
    azure.poll(&accepted.header("location")).await;
    assert_eq!(states(&azure.get(&path).await), ["Succeeded", "Succeeded", "Succeeded"]);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_deleted_hub_leaves_an_endpoint_that_a_put_may_drop() {
    let (_folder, azure) = world(LINKS).await;
    azure.make_linked().await;
    azure.delete_and_wait(&at(&hub_id(), HUB)).await;
    let path = at(&namespace_id(), REGISTRY);
    assert_eq!(states(&azure.get(&path).await), ["Succeeded", "Succeeded", "Succeeded"]);
    let mut body = bare();
    // The service stays linked, so it cannot be dropped, and cannot be sent again.
    azure.put(&path, body.clone()).await.refused(409, "EndpointUsedByNestedDevices");
    azure.delete_and_wait(&at(&dps_id(), DPS)).await;
    body["tags"] = json!({"after": "all"});
    let namespace = azure.put(&path, body).await.expect(200);
    assert_eq!(states(&namespace), ["Succeeded", "", ""]);
    azure.sandbox.shutdown().await;
}

/// A hub of the same name is not the hub that was linked: its endpoint can be dropped, and linked anew.
#[tokio::test]
async fn a_hub_that_was_made_again_is_linked_again() {
    let (_folder, azure) = world(LINKS).await;
    azure.make_linked().await;
    for (id, version) in [(hub_id(), HUB), (dps_id(), DPS)] {
        azure.delete_and_wait(&at(&id, version)).await;
        azure.put_and_wait(&at(&id, version), plain()).await.expect(200);
    }
    let path = at(&namespace_id(), REGISTRY);
    azure.put(&path, linked()).await.refused(400, "LinkedEndpointImmutable");
    azure.put(&path, bare()).await.expect(200);
    // What lay on the namespace itself is still there.
    azure.grant(REGISTRY, &[6]).await;
    let namespace = azure.link_with(REGISTRY, linked()).await;
    assert_eq!(states(&namespace), ["Succeeded", "Succeeded", "Succeeded"]);
    azure.sandbox.shutdown().await;
}

/// Links to a namespace what is not fit for it, and gives the code of the hub and of the service.
async fn codes(azure: &Azure) -> [String; 2] {
    let namespace = azure.link_with(REGISTRY, linked()).await;
    ["messaging/endpoints/hub-1", "provisioning/endpoints/dps-1"]
        .map(|place| namespace.text(&format!("/properties/{place}/linkingError/code")))
}

#[tokio::test]
async fn targets_must_be_there_ready_near_and_free() {
    let (_folder, azure) = world(LINKS).await;
    azure.put(&group_path("?api-version=2025-04-01"), east()).await.expect(201);
    azure.put_and_wait(&at(&namespace_id(), REGISTRY), bare()).await.expect(200);
    assert_eq!(codes(&azure).await, ["LinkableResourceNotFound", "LinkableResourceNotFound"]);

    // Accepted and never looked at since: still being made.
    azure.put(&at(&hub_id(), HUB), plain()).await.expect(201);
    let mut far = plain();
    far["location"] = json!("westus2");
    azure.put_and_wait(&at(&dps_id(), DPS), far).await.expect(200);
    assert_eq!(codes(&azure).await, ["LinkableResourceNotReady", "LinkableResourceLocationMismatch"]);
    let namespace = azure.get(&at(&namespace_id(), REGISTRY)).await;
    let message = namespace.text("/properties/messaging/endpoints/hub-1/linkingError/message");
    assert!(message.contains("'Creating'"), "{message}");

    azure.settled(&at(&hub_id(), HUB)).await;
    azure.delete_and_wait(&at(&dps_id(), DPS)).await;
    azure.put_and_wait(&at(&dps_id(), DPS), plain()).await.expect(200);
    azure.grant(REGISTRY, &[]).await;
    assert_eq!(codes(&azure).await, ["", ""]);

    // A second namespace cannot have them.
    let other = group_path("/providers/Microsoft.DeviceRegistry/namespaces/ns-second");
    azure.put_and_wait(&at(&other, REGISTRY), bare()).await.expect(200);
    azure.put(&at(&other, REGISTRY), linked()).await.expect(201);
    let second = azure.settled(&at(&other, REGISTRY)).await;
    for place in ["messaging/endpoints/hub-1", "provisioning/endpoints/dps-1"] {
        let code = second.text(&format!("/properties/{place}/linkingError/code"));
        assert_eq!(code, "LinkableResourceAlreadyLinked");
    }
    assert_eq!(
        states(&azure.get(&at(&namespace_id(), REGISTRY)).await),
        ["Succeeded", "Succeeded", "Succeeded"]
    );
    azure.delete_and_wait(&at(&other, REGISTRY)).await;
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_free_hub_is_not_linked() {
    let (_folder, azure) = world(LINKS).await;
    azure.put(&group_path("?api-version=2025-04-01"), east()).await.expect(201);
    let mut basic = plain();
    basic["sku"]["name"] = json!("B1");
    azure.put_and_wait(&at(&hub_id(), HUB), basic).await.expect(200);
    azure.put_and_wait(&at(&dps_id(), DPS), plain()).await.expect(200);
    azure.put_and_wait(&at(&namespace_id(), REGISTRY), bare()).await.expect(200);
    azure.grant(REGISTRY, &[]).await;
    assert_eq!(codes(&azure).await, ["LinkableResourceTierNotSupported", ""]);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn every_missing_role_is_told_and_a_later_grant_mends_it() {
    for (row, hub, dps) in [
        (1, "LinkInitiateFailed", ""),
        (2, "AdrMiNotAuthorized", ""),
        (3, "AuthorizationFailed", ""),
        (4, "", "LinkInitiateFailed"),
        (5, "", "AuthorizationFailed"),
        (6, "", "AdrMiNotAuthorized"),
        (7, "", "AuthorizationFailed"),
        (8, "AuthorizationFailed", ""),
    ] {
        let (_folder, azure) = world(LINKS).await;
        azure.make_devices().await;
        azure.put_and_wait(&at(&namespace_id(), REGISTRY), bare()).await.expect(200);
        azure.grant(REGISTRY, &[row]).await;
        assert_eq!(codes(&azure).await, [hub, dps], "row {row}");
        let others: Vec<u8> = (1..=8).filter(|other| *other != row).collect();
        azure.grant(REGISTRY, &others).await;
        let failed = azure.get(&at(&namespace_id(), REGISTRY)).await;
        let mut body = both_endpoints();
        for (group, key) in [("messaging", "hub-1"), ("provisioning", "dps-1")] {
            let state = failed.text(&format!("/properties/{group}/endpoints/{key}/linkingState"));
            if state == "Succeeded" {
                body.as_object_mut().unwrap().remove(group);
            }
        }
        let patch = json!({"properties": body});
        let accepted = azure.arm("PATCH", &at(&namespace_id(), REGISTRY), Some(&patch)).await.expect(202);
        azure.poll(&accepted.header("location")).await;
        let namespace = azure.get(&at(&namespace_id(), REGISTRY)).await;
        assert_eq!(states(&namespace), ["Succeeded", "Succeeded", "Succeeded"], "row {row}");
        azure.sandbox.shutdown().await;
    }
}

#[tokio::test]
async fn grants_and_principals_take_their_time() {
    let slow = "base = \"links-2026\"\n[latency]\nfill_in = 0\nprincipal = 0\n";
    let (_folder, azure) = world(slow).await;
    azure.make_unlinked().await;
    let mut attempts = 0;
    let mut body = both_endpoints();
    loop {
        attempts += 1;
        let patch = json!({"properties": body});
        let path = at(&namespace_id(), REGISTRY);
        let accepted = azure.arm("PATCH", &path, Some(&patch)).await.expect(202);
        azure.poll(&accepted.header("location")).await;
        let namespace = azure.get(&path).await;
        if states(&namespace) == ["Succeeded", "Succeeded", "Succeeded"] {
            break;
        }
        body = both_endpoints();
        for (group, key) in [("messaging", "hub-1"), ("provisioning", "dps-1")] {
            if namespace.text(&format!("/properties/{group}/endpoints/{key}/linkingState")) == "Succeeded" {
                body.as_object_mut().unwrap().remove(group);
            }
        }
        assert!(attempts < 5, "{}", namespace.body);
    }
    assert!(attempts > 1, "a grant that was just made has not replicated");
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_namespace_without_an_identity_cannot_call_out() {
    let (_folder, azure) = world(LINKS).await;
    azure.make_devices().await;
    let mut body = linked();
    body["identity"] = json!({"type": "None"});
    let namespace = azure.link_with(REGISTRY, body).await;
    let code = namespace.text("/properties/messaging/endpoints/hub-1/linkingError/code");
    assert_eq!(code, "OutboundIdentityUnavailable");
    azure.sandbox.shutdown().await;
}
