//! The setup of the 2026 model as a client would make it, step by step, so that tests can leave one out.

use serde_json::{Value, json};

use crate::sandbox::setup::{CONTRIBUTOR, signature};
use crate::sandbox::support::{Answer, Azure, SUBSCRIPTION, east, group_path};

pub const REGISTRY: &str = "2026-11-02-preview";
pub const OTHER_REGISTRY: &str = "2026-11-01-preview";
pub const HUB: &str = "2026-10-01-preview";
pub const DPS: &str = "2026-11-01";
pub const DATA: &str = "2026-11-01";
pub const DATA_CONTRIBUTOR: &str = "4fc6c259-987e-4a07-842e-c321cc9d413f";
pub const REGISTRY_CONTRIBUTOR: &str = "a5c3590a-3a1a-4cd4-9648-ea0a32b15137";
pub const ADMINISTRATOR: &str = "12675fd7-7f59-493f-9201-f7944860a2f1";
pub const SERVICE_HOST: &str = "dps-links.azure-devices-provisioning.net";

/// The new model alone, without eventual consistency.
pub const LINKS: &str = "base = \"links-2026\"\n[latency]\nprincipal = 0\nrole_effective = 0\nhub_certificate = 0\nlet_go = 0\ndps_data_plane = 0\nfill_in = 0\n";

pub fn hub_id() -> String {
    group_path("/providers/Microsoft.Devices/IotHubs/hub-links")
}

pub fn dps_id() -> String {
    group_path("/providers/Microsoft.Devices/provisioningServices/dps-links")
}

pub fn namespace_id() -> String {
    group_path("/providers/Microsoft.DeviceRegistry/namespaces/ns-links")
}

pub fn root_id() -> String {
    format!("{}/certificateAuthorities/root-1", namespace_id())
}

pub fn ica_id() -> String {
    format!("{}/certificateAuthorities/ica-1", namespace_id())
}

pub fn policy_id() -> String {
    format!("{}/certificatePolicies/leaves", ica_id())
}

pub fn at(id: &str, version: &str) -> String {
    format!("{id}?api-version={version}")
}

pub fn plain() -> Value {
    json!({"location": "eastus2", "sku": {"name": "S1", "capacity": 1}, "identity": {"type": "SystemAssigned"}, "properties": {}})
}

pub fn bare() -> Value {
    json!({"location": "eastus2", "identity": {"type": "SystemAssigned"}, "tags": {"owner": "tests"}})
}

pub fn hub_endpoint() -> Value {
    json!({
        "endpointType": "Microsoft.Devices/IotHubs", "resourceId": hub_id(),
        "inboundCallerIdentity": {"type": "SystemAssigned"},
        "provisioning": {"availability": "Available", "allocationWeight": 1},
    })
}

pub fn dps_endpoint() -> Value {
    json!({
        "endpointType": "Microsoft.Devices/provisioningServices", "resourceId": dps_id(),
        "inboundCallerIdentity": {"type": "SystemAssigned"},
    })
}

pub fn both_endpoints() -> Value {
    json!({
        "messaging": {"endpoints": {"hub-1": hub_endpoint()}},
        "provisioning": {"endpoints": {"dps-1": dps_endpoint()}},
    })
}

pub fn linked() -> Value {
    let mut body = bare();
    body["properties"] = both_endpoints();
    body
}

pub fn root_body() -> Value {
    json!({"location": "eastus2", "properties": {"certificateAuthorityType": "Root", "keyType": "ECC"}})
}

pub fn ica_body() -> Value {
    json!({"location": "eastus2", "properties": {
        "certificateAuthorityType": "ICA", "keyType": "ECC",
        "issuer": {"issuerType": "Microsoft", "certificateAuthorityResourceId": root_id()},
    }})
}

pub fn policy_body() -> Value {
    json!({"location": "eastus2", "properties": {"certificate": {"validityPeriodInDays": 30}}})
}

pub fn enrollment_body() -> Value {
    json!({
        "enrollmentGroupId": "group-1", "attestation": {"type": "symmetricKey"}, "provisioningStatus": "enabled",
        "namespaceName": "ns-links", "certificateAuthorityName": "ica-1", "certificatePolicyName": "leaves",
    })
}

/// A state of a namespace, and of its two endpoints.
pub fn states(namespace: &Answer) -> [String; 3] {
    [
        namespace.text("/properties/provisioningState"),
        namespace.text("/properties/messaging/endpoints/hub-1/linkingState"),
        namespace.text("/properties/provisioning/endpoints/dps-1/linkingState"),
    ]
}

impl Azure {
    pub async fn make_devices(&self) {
        self.put(&group_path("?api-version=2025-04-01"), east()).await.expect(201);
        self.put_and_wait(&at(&hub_id(), HUB), plain()).await.expect(200);
        self.put_and_wait(&at(&dps_id(), DPS), plain()).await.expect(200);
    }

    pub async fn principal_of(&self, id: &str, version: &str) -> String {
        self.get(&at(id, version)).await.expect(200).text("/identity/principalId")
    }

    /// Rows 1 to 8 of the table of roles, but for those left out.
    pub async fn grant(&self, version: &str, without: &[u8]) {
        let namespace = self.principal_of(&namespace_id(), version).await;
        let hub = self.principal_of(&hub_id(), HUB).await;
        let dps = self.principal_of(&dps_id(), DPS).await;
        let rows = [
            (1, hub_id(), &namespace, CONTRIBUTOR),
            (2, hub_id(), &namespace, DATA_CONTRIBUTOR),
            (3, namespace_id(), &hub, CONTRIBUTOR),
            (4, dps_id(), &namespace, CONTRIBUTOR),
            (5, namespace_id(), &dps, CONTRIBUTOR),
            (6, namespace_id(), &namespace, ADMINISTRATOR),
            (7, namespace_id(), &dps, REGISTRY_CONTRIBUTOR),
            (8, hub_id(), &dps, DATA_CONTRIBUTOR),
        ];
        for (row, scope, principal, role) in rows {
            if !without.contains(&row) {
                self.assign(&scope, principal, role).await.expect(201);
            }
        }
    }

    /// Hub, service, namespace and grants: everything before the link.
    pub async fn make_unlinked(&self) {
        self.make_devices().await;
        self.put_and_wait(&at(&namespace_id(), REGISTRY), bare()).await.expect(200);
        self.grant(REGISTRY, &[]).await;
    }

    /// Writes the namespace and reads until it is at rest.
    pub async fn link_with(&self, version: &str, body: Value) -> Answer {
        let path = at(&namespace_id(), version);
        self.put(&path, body).await.expect(201);
        self.settled(&path).await
    }

    pub async fn make_linked(&self) -> Answer {
        self.make_unlinked().await;
        let namespace = self.link_with(REGISTRY, linked()).await;
        assert_eq!(states(&namespace), ["Succeeded", "Succeeded", "Succeeded"], "{}", namespace.body);
        namespace
    }

    pub async fn make_authorities(&self) {
        self.put_and_wait(&at(&root_id(), REGISTRY), root_body()).await.expect(200);
        self.put_and_wait(&at(&ica_id(), REGISTRY), ica_body()).await.expect(200);
        self.put_and_wait(&at(&policy_id(), REGISTRY), policy_body()).await.expect(200);
    }

    /// Writes a marker and reads until it is there.
    pub async fn tell_data_plane(&self) {
        let path = at(&dps_id(), DPS);
        self.arm("PATCH", &path, Some(&json!({"tags": {"marker": "told"}}))).await.expect(200);
        for _ in 0..1000 {
            if self.get(&path).await.expect(200).text("/tags/marker") == "told" {
                return;
            }
        }
        panic!("the marker never reads back");
    }

    pub async fn service_key(&self) -> String {
        let path = format!("{}/keys/provisioningserviceowner/listkeys?api-version={DPS}", dps_id());
        let key = self.arm("POST", &path, None).await.expect(200).text("/primaryKey");
        signature(SERVICE_HOST, "provisioningserviceowner", &key, jiff::Timestamp::now().as_second() + 600)
    }

    pub async fn enroll(&self, method: &str, version: &str, body: Option<&Value>) -> Answer {
        let signed = self.service_key().await;
        let path = format!("/enrollmentGroups/group-1?api-version={version}");
        self.send(method, SERVICE_HOST, &path, &[("authorization", &signed)], body).await
    }

    pub async fn trusted(&self) -> Vec<Value> {
        let path = format!("{}/certificates?api-version={HUB}", hub_id());
        self.get(&path).await.expect(200).body["value"].as_array().unwrap().clone()
    }

    pub async fn delete_and_wait(&self, path: &str) {
        let accepted = self.arm("DELETE", path, None).await.expect(202);
        let (done, polls) = self.poll(&accepted.header("location")).await;
        assert_eq!((done.status, polls), (204, 2), "{path}");
        self.get(path).await.expect(404);
    }

    pub fn subscription() -> String {
        format!("/subscriptions/{SUBSCRIPTION}")
    }
}

/// A sandbox with a world of text at speed 0.
pub async fn world(text: &str) -> (tempfile::TempDir, Azure) {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), text, 0.0).await;
    (folder, azure)
}
