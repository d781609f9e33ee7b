//! The whole setup as a client would make it, step by step, so that tests can leave one out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::support::{Answer, Azure, SUBSCRIPTION, east, group_path};

/// Versions of one generation.
#[derive(Clone, Copy)]
pub struct Versions {
    pub registry: &'static str,
    pub hub: &'static str,
    pub dps: &'static str,
}

pub const A: Versions =
    Versions { registry: "2025-11-01-preview", hub: "2025-08-01-preview", dps: "2025-02-01-preview" };
pub const A2: Versions =
    Versions { registry: "2026-03-01-preview", hub: "2026-03-01-preview", dps: "2026-03-01-preview" };

pub const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
pub const ADR_CONTRIBUTOR: &str = "a5c3590a-3a1a-4cd4-9648-ea0a32b15137";
pub const REGISTRY_CONTRIBUTOR: &str = "4ea46cd5-c1b2-4a8e-910b-273211f9ce47";
pub const HUB_APPLICATION: &str = "66666666-6666-4666-8666-666666666666";
pub const CUSTOM_ROLE: &str = "77777777-7777-4777-8777-777777777777";
pub const DPS_HOST: &str = "dps-sandbox.azure-devices-provisioning.net";
pub const DATA_PLANE: &str = "api-version=2025-07-01-preview";

pub fn identity_id() -> String {
    group_path("/providers/Microsoft.ManagedIdentity/userAssignedIdentities/uami")
}

pub fn namespace_id() -> String {
    group_path("/providers/Microsoft.DeviceRegistry/namespaces/ns-1")
}

pub fn hub_id() -> String {
    group_path("/providers/Microsoft.Devices/IotHubs/hub-sandbox")
}

pub fn dps_id() -> String {
    group_path("/providers/Microsoft.Devices/provisioningServices/dps-sandbox")
}

pub fn hub_body() -> Value {
    json!({
        "location": "westus2", "sku": {"name": "GEN2", "capacity": 1},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {identity_id(): {}}},
        "properties": {
            "eventHubEndpoints": {"events": {"retentionTimeInDays": 1, "partitionCount": 4}},
            "deviceRegistry": {"namespaceResourceId": namespace_id(), "identityResourceId": identity_id()},
        },
    })
}

pub fn dps_body() -> Value {
    json!({
        "location": "eastus2", "sku": {"name": "S1", "capacity": 1}, "tags": {"hubup-setup": "devices"},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {identity_id(): {}}},
        "properties": {"deviceRegistryNamespace": {
            "resourceId": namespace_id(), "authenticationType": "UserAssigned", "selectedUserAssignedIdentityResourceId": identity_id(),
        }},
    })
}

pub fn role_body(name: &str) -> Value {
    json!({"properties": {
        "roleName": name, "description": "access of the identity", "type": "CustomRole",
        "assignableScopes": [format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/devices")],
        "permissions": [{
            "actions": [
                "Microsoft.DeviceRegistry/namespaces/read", "Microsoft.DeviceRegistry/namespaces/write",
                "Microsoft.DeviceRegistry/namespaces/devices/read", "Microsoft.DeviceRegistry/namespaces/devices/write",
                "Microsoft.DeviceRegistry/namespaces/credentials/read", "Microsoft.DeviceRegistry/namespaces/credentials/policies/read",
                "Microsoft.Devices/iothubs/certificates/*", "Microsoft.Devices/iothubs/read",
            ],
            "notActions": [],
            "dataActions": [
                "Microsoft.DeviceRegistry/namespaces/credentials/policies/issueCertificate/action", "Microsoft.Devices/iothubs/devices/*",
            ],
            "notDataActions": [],
        }],
    }})
}

pub fn group_body(policy: &str) -> Value {
    json!({"enrollmentGroupId": "group-1", "attestation": {"type": "symmetricKey", "symmetricKey": {}}, "credentialPolicyName": policy})
}

/// A shared access signature; `resource` is what is signed.
pub fn signature(resource: &str, policy: &str, key: &str, expiry: i64) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(key).unwrap()).unwrap();
    mac.update(format!("{resource}\n{expiry}").as_bytes());
    let signed = STANDARD.encode(mac.finalize().into_bytes());
    let signed = signed.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    format!("SharedAccessSignature sr={resource}&sig={signed}&se={expiry}&skn={policy}")
}

impl Azure {
    pub async fn assign(&self, scope: &str, principal: &str, role: &str) -> Answer {
        let name =
            uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, format!("{scope}{principal}{role}").as_bytes());
        let body = json!({"properties": {
            "roleDefinitionId": format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}"),
            "principalId": principal, "principalType": "ServicePrincipal",
        }});
        self.put(
            &format!(
                "{scope}/providers/Microsoft.Authorization/roleAssignments/{name}?api-version=2022-04-01"
            ),
            body,
        )
        .await
    }

    pub async fn make_group_and_identity(&self) -> String {
        self.put(&group_path("?api-version=2025-04-01"), east()).await.expect(201);
        let path = format!("{}?api-version=2023-01-31", identity_id());
        self.put(&path, east()).await.expect(201).text("/properties/principalId")
    }

    pub async fn make_namespace(&self, versions: Versions) -> Answer {
        let path = format!("{}?api-version={}", namespace_id(), versions.registry);
        self.put_and_wait(&path, json!({"location": "eastus2", "identity": {"type": "SystemAssigned"}}))
            .await
            .expect(200)
    }

    pub async fn make_credential_and_policy(&self, versions: Versions) -> Answer {
        let credential = format!("{}/credentials/default", namespace_id());
        self.put_and_wait(
            &format!("{credential}?api-version={}", versions.registry),
            json!({"location": "eastus2"}),
        )
        .await
        .expect(200);
        let mut body = json!({"properties": {"certificate": {
            "certificateAuthorityConfiguration": {"keyType": "ECC"}, "leafCertificateConfiguration": {"validityPeriodInDays": 30},
        }}});
        if versions.registry.starts_with("2025") {
            body["location"] = json!("eastus2");
        }
        self.put_and_wait(&format!("{credential}/policies/default?api-version={}", versions.registry), body)
            .await
            .expect(200)
    }

    pub async fn make_hub(&self, versions: Versions) -> Answer {
        self.put_and_wait(&format!("{}?api-version={}", hub_id(), versions.hub), hub_body()).await.expect(200)
    }

    /// Creates the service, then links the hub the way every client does: GET, change, PUT the whole.
    pub async fn make_dps(&self, versions: Versions) -> Answer {
        let path = format!("{}?api-version={}", dps_id(), versions.dps);
        self.put_and_wait(&path, dps_body()).await.expect(200);
        self.link(versions, &self.connection_string(versions).await).await.expect(201);
        self.settled(&path).await
    }

    pub async fn connection_string(&self, versions: Versions) -> String {
        let path = format!("{}/IotHubKeys/iothubowner/listkeys?api-version={}", hub_id(), versions.hub);
        let key = self.arm("POST", &path, None).await.expect(200).text("/primaryKey");
        format!(
            "HostName=hub-sandbox.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey={key}"
        )
    }

    pub async fn link(&self, versions: Versions, connection: &str) -> Answer {
        let mut body = dps_body();
        body["properties"]["iotHubs"] = json!([{"connectionString": connection, "location": "westus2"}]);
        self.put(&format!("{}?api-version={}", dps_id(), versions.dps), body).await
    }

    /// Reads until the resource is at rest.
    pub async fn settled(&self, path: &str) -> Answer {
        for _ in 0..1000 {
            let answer = self.get(path).await.expect(200);
            if matches!(answer.text("/properties/provisioningState").as_str(), "Succeeded" | "Failed") {
                return answer;
            }
        }
        panic!("{path} never comes to rest");
    }

    pub async fn make_hub_grants(&self, principal: &str) {
        self.assign(&hub_id(), principal, CONTRIBUTOR).await.expect(201);
        self.assign(&hub_id(), principal, REGISTRY_CONTRIBUTOR).await.expect(201);
    }

    pub async fn synchronize(&self, versions: Versions) -> Answer {
        let path =
            format!("{}/credentials/default/synchronize?api-version={}", namespace_id(), versions.registry);
        let accepted = self.arm("POST", &path, None).await.expect(202);
        self.poll(&accepted.header("location")).await.0
    }

    pub async fn hub_certificates(&self, versions: Versions) -> Vec<Value> {
        let path = format!("{}/certificates?api-version={}", hub_id(), versions.hub);
        self.get(&path).await.expect(200).body["value"].as_array().unwrap().clone()
    }

    pub async fn owner_signature(&self, versions: Versions) -> String {
        let path =
            format!("{}/keys/provisioningserviceowner/listkeys?api-version={}", dps_id(), versions.dps);
        let key = self.arm("POST", &path, None).await.expect(200).text("/primaryKey");
        signature(DPS_HOST, "provisioningserviceowner", &key, jiff::Timestamp::now().as_second() + 600)
    }

    pub async fn enrollment(
        &self,
        method: &str,
        rest: &str,
        authorization: &str,
        etag: Option<&str>,
        body: Option<&Value>,
    ) -> Answer {
        let mut headers = vec![("authorization", authorization)];
        headers.extend(etag.map(|etag| ("if-match", etag)));
        self.send(method, DPS_HOST, &format!("/enrollmentGroups/{rest}?{DATA_PLANE}"), &headers, body).await
    }

    /// All seven stages, in a world without eventual consistency.
    pub async fn make_everything(&self, versions: Versions) {
        let principal = self.make_group_and_identity().await;
        self.assign(&group_path(""), HUB_APPLICATION, CONTRIBUTOR).await.expect(201);
        let namespace = self.make_namespace(versions).await;
        self.assign(&namespace_id(), &principal, ADR_CONTRIBUTOR).await.expect(201);
        self.make_credential_and_policy(versions).await;
        self.make_hub(versions).await;
        self.make_hub_grants(&namespace.text("/identity/principalId")).await;
        self.make_dps(versions).await;
        self.synchronize(versions).await.expect(200);
        let signed = self.owner_signature(versions).await;
        self.enrollment("PUT", "group-1", &signed, None, Some(&group_body("default"))).await.expect(200);
    }
}
