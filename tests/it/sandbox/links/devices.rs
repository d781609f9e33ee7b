//! Hubs and provisioning services of the 2026 model: plain, with identities, late values and back-references.

use serde_json::{Value, json};

use super::setup::{DPS, HUB, LINKS, REGISTRY, at, dps_id, hub_id, linked, namespace_id, plain, world};
use crate::sandbox::support::{Azure, east, group_path};

const LATE: &str = "base = \"links-2026\"\n";

async fn group(text: &str) -> (tempfile::TempDir, Azure) {
    let (folder, azure) = world(text).await;
    azure.put(&group_path("?api-version=2025-04-01"), east()).await.expect(201);
    (folder, azure)
}

#[tokio::test]
async fn a_plain_hub_with_a_system_identity() {
    let (_folder, azure) = group(LATE).await;
    let path = at(&hub_id(), HUB);
    let accepted = azure.put(&path, plain()).await.expect(201);
    assert_eq!(accepted.body["identity"], json!({"type": "SystemAssigned"}));
    azure.poll(&accepted.header("azure-asyncoperation")).await;
    // Succeeded comes first, Active and the principal later.
    let early = azure.get(&path).await.expect(200);
    assert_eq!(early.text("/properties/provisioningState"), "Succeeded");
    assert_eq!(
        (early.text("/properties/state").as_str(), early.text("/identity/principalId").as_str()),
        ("Activating", "")
    );
    let hub = azure.get(&path).await.expect(200);
    assert_eq!(hub.text("/properties/state"), "Active");
    assert!(uuid::Uuid::parse_str(&hub.text("/identity/principalId")).is_ok());
    for (name, value) in [
        ("hostName", "hub-links.azure-devices.net"),
        ("deviceHostName", "hub-links.device.azure-devices.net"),
        ("serviceHostName", "hub-links.service.azure-devices.net"),
    ] {
        assert_eq!(hub.body["properties"][name], json!(value));
    }
    assert_eq!(hub.text("/properties/iotHubDetails/gatewayVersion"), "V2");
    assert_eq!(hub.text("/sku/tier"), "Standard");
    assert_eq!(hub.body["properties"].get("deviceRegistry"), None);

    // Changed with its etag, it keeps its principal; without the identity it loses it.
    let bearer = format!("Bearer {}", azure.token);
    let headers = [("authorization", bearer.as_str()), ("if-match", "*")];
    let changed =
        azure.send("PUT", crate::sandbox::support::ARM, &path, &headers, Some(&plain())).await.expect(200);
    assert_eq!(changed.body["identity"], hub.body["identity"]);
    assert_eq!(changed.text("/properties/serviceHostName"), "hub-links.service.azure-devices.net");
    let mut without = plain();
    without["identity"] = json!({"type": "None"});
    let changed =
        azure.send("PUT", crate::sandbox::support::ARM, &path, &headers, Some(&without)).await.expect(200);
    assert_eq!(changed.body["identity"], json!({"type": "None"}));
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_hub_points_at_nothing_and_is_of_no_second_generation() {
    let (_folder, azure) = group(LINKS).await;
    let path = at(&hub_id(), HUB);
    let mut body = plain();
    body["properties"]["deviceRegistry"] =
        json!({"namespaceResourceId": namespace_id(), "identityResourceId": "x"});
    let refused = azure.put(&path, body).await.refused(400, "IH400002");
    assert!(refused.text("/message").contains("deviceRegistry"));
    let mut body = plain();
    body["sku"]["name"] = json!("GEN2");
    azure.put(&path, body).await.refused(400, "IH400002");
    azure.get(&path).await.expect(404);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn identities_may_be_assigned_or_both() {
    let (_folder, azure) = group(LINKS).await;
    let identity = group_path("/providers/Microsoft.ManagedIdentity/userAssignedIdentities/shared");
    azure.put(&at(&identity, "2023-01-31"), east()).await.expect(201);
    let mut body = plain();
    body["identity"] =
        json!({"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {identity.clone(): {}}});
    let hub = azure.put_and_wait(&at(&hub_id(), HUB), body.clone()).await.expect(200);
    assert!(!hub.text("/identity/principalId").is_empty());
    assert!(hub.body["identity"]["userAssignedIdentities"][&identity]["principalId"].is_string());
    body["identity"]["type"] = json!("SystemAssigned,UserAssigned");
    let dps = azure.put_and_wait(&at(&dps_id(), DPS), body.clone()).await.expect(200);
    assert!(!dps.text("/identity/principalId").is_empty());
    // A namespace that calls with the shared identity, and is called with it.
    let mut namespace = linked();
    namespace["identity"] = json!({"type": "UserAssigned", "userAssignedIdentities": {identity.clone(): {}}});
    namespace["properties"]["outboundIdentity"] =
        json!({"type": "UserAssigned", "userAssignedIdentity": identity});
    for (group, key) in [("messaging", "hub-1"), ("provisioning", "dps-1")] {
        namespace["properties"][group]["endpoints"][key]["inboundCallerIdentity"] =
            json!({"type": "UserAssigned", "userAssignedIdentity": identity});
    }
    let principal = azure.get(&at(&identity, "2023-01-31")).await.text("/properties/principalId");
    for role in [
        super::setup::DATA_CONTRIBUTOR,
        super::setup::REGISTRY_CONTRIBUTOR,
        crate::sandbox::setup::CONTRIBUTOR,
    ] {
        azure.assign(&group_path(""), &principal, role).await.expect(201);
    }
    let settled = azure.link_with(REGISTRY, namespace).await;
    assert_eq!(super::setup::states(&settled), ["Succeeded", "Succeeded", "Succeeded"], "{}", settled.body);
    assert_eq!(settled.text("/identity/principalId"), "");
    let hub = azure.get(&at(&hub_id(), HUB)).await;
    assert_eq!(hub.text("/properties/deviceRegistry/identity/userAssignedIdentity"), identity);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_service_shows_its_hosts_late() {
    let (_folder, azure) = group(LATE).await;
    let path = at(&dps_id(), DPS);
    let accepted = azure.put(&path, plain()).await.expect(201);
    azure.poll(&accepted.header("azure-asyncoperation")).await;
    let early = azure.get(&path).await.expect(200);
    assert_eq!(early.text("/properties/provisioningState"), "Succeeded");
    let late = azure.get(&path).await.expect(200);
    for place in [
        "/properties/idScope",
        "/properties/serviceOperationsHostName",
        "/properties/deviceProvisioningHostName",
        "/identity/principalId",
    ] {
        assert_eq!(early.text(place), "", "{place}");
        assert_ne!(late.text(place), "", "{place}");
    }
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_service_has_its_identity_from_the_start_or_never() {
    let (_folder, azure) = group(LINKS).await;
    let path = at(&dps_id(), DPS);
    let mut without = plain();
    without["identity"] = json!({"type": "None"});
    azure.put_and_wait(&path, without.clone()).await.expect(200);
    let patch = json!({"identity": {"type": "SystemAssigned"}});
    let refused = azure.arm("PATCH", &path, Some(&patch)).await.refused(400, "400158");
    assert!(refused.text("/message").contains("IH400158"));
    azure.put(&path, plain()).await.refused(400, "400158");
    azure.put(&path, without).await.expect(201);
    azure.settled(&path).await;
    let patch = json!({"properties": {"allocationPolicy": "Static"}});
    azure.arm("PATCH", &path, Some(&patch)).await.refused(400, "400002");
    // Tags of a service that nobody has linked are there at once.
    let tagged = azure.arm("PATCH", &path, Some(&json!({"tags": {"a": "b"}}))).await.expect(200);
    assert_eq!(tagged.text("/tags/a"), "b");
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_linked_service_has_the_hubs_of_its_namespace() {
    let (_folder, azure) = world(LINKS).await;
    azure.make_linked().await;
    let path = at(&dps_id(), DPS);
    let dps = azure.get(&path).await.expect(200);
    assert_eq!(dps.text("/properties/iotHubs/0/name"), "hub-links.azure-devices.net");
    let mut body = plain();
    body["properties"]["iotHubs"] = json!([{"hostName": "x.azure-devices.net", "location": "eastus2"}]);
    let refused = azure.put(&path, body).await.refused(409, "409313");
    assert!(refused.text("/message").contains("IH409313"));
    assert_eq!(refused.text("/httpStatusCode"), "Conflict");
    // The same body as at its creation changes nothing of the link.
    azure.put(&path, plain()).await.expect(201);
    let after = azure.settled(&path).await;
    assert_eq!(after.body["identity"], dps.body["identity"]);
    assert_eq!(after.text("/properties/iotHubs/0/name"), "hub-links.azure-devices.net");
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn back_references_move_between_versions() {
    let (_folder, azure) = world(LINKS).await;
    let namespace = azure.make_linked().await;
    let uuid = namespace.body["properties"]["uuid"].clone();
    let names = ["deviceRegistry", "deviceRegistryNamespace", "deviceRegistryNamespaces"];
    let shown = |body: &Value| -> Vec<&str> {
        names.into_iter().filter(|name| body["properties"].get(*name).is_some()).collect()
    };
    for (version, wanted) in [
        ("2026-03-01-preview", vec!["deviceRegistry"]),
        ("2026-06-01-preview", vec!["deviceRegistryNamespaces"]),
        ("2026-11-02-preview", vec!["deviceRegistryNamespaces"]),
        ("2026-11-01", vec![]),
        ("2022-12-12", vec![]),
    ] {
        let dps = azure.get(&at(&dps_id(), version)).await.expect(200);
        assert_eq!(shown(&dps.body), wanted, "{version}");
        if wanted == ["deviceRegistryNamespaces"] {
            let link = &dps.body["properties"]["deviceRegistryNamespaces"][0];
            assert_eq!(link["resourceId"], json!(namespace_id()));
            assert_eq!(link["namespaceUuid"], uuid);
            assert_eq!(link["linkingProperties"]["state"], json!("Succeeded"));
        }
    }
    let hub = azure.get(&at(&hub_id(), HUB)).await.expect(200);
    let link = &hub.body["properties"]["deviceRegistry"];
    assert_eq!(link["namespaceResourceId"], json!(namespace_id()));
    assert_eq!(link["namespaceUuid"], uuid);
    assert_eq!(link["dataPlaneHostName"], json!("eastus2.api.deviceregistry.com"));
    assert_eq!(link["linkingProperties"], json!({"state": "Success"}));
    let old = azure.get(&at(&hub_id(), "2023-06-30")).await.expect(200);
    assert_eq!(shown(&old.body), Vec::<&str>::new());
    assert_eq!(old.body["properties"].get("serviceHostName"), None);
    azure.sandbox.shutdown().await;
}

/// A namespace that goes with its group leaves its service an orphan.
#[tokio::test]
async fn a_service_may_be_left_behind() {
    let (_folder, azure) = world(LINKS).await;
    azure.make_unlinked().await;
    let other = group_path("").replace("/devices", "/other");
    azure.put(&at(&other, "2025-04-01"), east()).await.expect(201);
    let namespace = format!("{other}/providers/Microsoft.DeviceRegistry/namespaces/ns-other");
    azure.put_and_wait(&at(&namespace, REGISTRY), super::setup::bare()).await.expect(200);
    let principal = azure.principal_of(&namespace, REGISTRY).await;
    for role in [super::setup::DATA_CONTRIBUTOR, crate::sandbox::setup::CONTRIBUTOR] {
        azure.assign(&group_path(""), &principal, role).await.expect(201);
        azure.assign(&other, &principal, role).await.expect(201);
    }
    for id in [hub_id(), dps_id()] {
        let principal =
            azure.get(&at(&id, if id == hub_id() { HUB } else { DPS })).await.text("/identity/principalId");
        azure.assign(&other, &principal, crate::sandbox::setup::CONTRIBUTOR).await.expect(201);
        azure.assign(&other, &principal, super::setup::REGISTRY_CONTRIBUTOR).await.expect(201);
    }
    azure.put(&at(&namespace, REGISTRY), linked()).await.expect(201);
    let settled = azure.settled(&at(&namespace, REGISTRY)).await;
    assert_eq!(super::setup::states(&settled), ["Succeeded", "Succeeded", "Succeeded"], "{}", settled.body);
    let accepted = azure.arm("DELETE", &at(&other, "2025-04-01"), None).await.expect(202);
    azure.poll(&accepted.header("location")).await;
    azure.get(&at(&namespace, REGISTRY)).await.expect(404);
    let dps = azure.get(&at(&dps_id(), "2026-11-02-preview")).await.expect(200);
    assert_eq!(dps.text("/properties/deviceRegistryNamespaces/0/linkingProperties/state"), "Orphaned");
    let hub = azure.get(&at(&hub_id(), HUB)).await.expect(200);
    assert_eq!(hub.text("/properties/deviceRegistry/linkingProperties/state"), "Orphaned");
    azure.sandbox.shutdown().await;
}
