//! The whole setup in both generations, and the certificates it leaves.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::setup::{
    A, A2, ADR_CONTRIBUTOR, CONTRIBUTOR, CUSTOM_ROLE, DPS_HOST, HUB_APPLICATION, REGISTRY_CONTRIBUTOR,
    Versions, dps_body, dps_id, group_body, hub_body, hub_id, identity_id, namespace_id, role_body,
    signature,
};
use super::support::{Azure, CALM, SUBSCRIPTION, group_path};

async fn whole(versions: Versions) {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), CALM, 0.0).await;
    azure.make_everything(versions).await;

    let hub = azure.get(&format!("{}?api-version={}", hub_id(), versions.hub)).await.expect(200);
    assert_eq!(hub.text("/properties/state"), "Active");
    assert_eq!(hub.text("/properties/hostName"), "hub-sandbox.azure-devices.net");
    assert_eq!(hub.text("/properties/deviceRegistry/namespaceResourceId"), namespace_id());
    assert_eq!(hub.text("/sku/tier"), "Generation2");
    let assigned = &hub.body["identity"]["userAssignedIdentities"][identity_id()];
    assert!(assigned["principalId"].is_string() && assigned["clientId"].is_string(), "{assigned}");

    let dps = azure.get(&format!("{}?api-version={}", dps_id(), versions.dps)).await.expect(200);
    assert_eq!(dps.text("/properties/state"), "Active");
    assert_eq!(dps.text("/properties/serviceOperationsHostName"), DPS_HOST);
    assert_eq!(dps.text("/properties/iotHubs/0/name"), "hub-sandbox.azure-devices.net");
    assert!(dps.text("/properties/iotHubs/0/connectionString").ends_with("SharedAccessKey=****"));
    assert_eq!(dps.body["tags"], json!({"hubup-setup": "devices"}));

    let policy = format!("{}/credentials/default/policies/default", namespace_id());
    let certificates = azure.hub_certificates(versions).await;
    let [certificate] = certificates.as_slice() else { panic!("{certificates:?}") };
    let spelled = if versions.hub.starts_with("2025") { "PolicyResourceId" } else { "policyResourceId" };
    assert_eq!(certificate["properties"][spelled].as_str().unwrap(), policy);
    check_certificate(certificate);

    let signed = azure.owner_signature(versions).await;
    let group = azure.enrollment("GET", "group-1", &signed, None, None).await.expect(200);
    assert_eq!(group.text("/credentialPolicyName"), "default");
    assert_eq!(group.text("/provisioningStatus"), "enabled");
    assert!(!group.body.to_string().contains("primaryKey"), "{}", group.body);
    let keys =
        azure.enrollment("POST", "group-1/attestationmechanism", &signed, None, None).await.expect(200);
    assert!(STANDARD.decode(keys.text("/symmetricKey/primaryKey")).is_ok_and(|key| key.len() == 32));
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn seven_stages_in_generation_a() {
    whole(A).await;
}

#[tokio::test]
async fn seven_stages_in_generation_a2() {
    whole(A2).await;
}

/// The hub's entry is a real issuing authority: P-384, a CA that issues leaves only, dates and thumbprint as told.
fn check_certificate(entry: &serde_json::Value) {
    let der = STANDARD.decode(entry["properties"]["certificate"].as_str().unwrap()).unwrap();
    let (_, certificate) = X509Certificate::from_der(&der).unwrap();
    assert_eq!(certificate.subject().to_string(), entry["properties"]["subject"].as_str().unwrap());
    let constraints = certificate.basic_constraints().unwrap().unwrap();
    assert!(constraints.value.ca && constraints.value.path_len_constraint == Some(0));
    assert_eq!(certificate.public_key().parsed().unwrap().key_size(), 384);
    assert!(certificate.validity().is_valid());
    let expiry = jiff::fmt::rfc2822::parse(entry["properties"]["expiry"].as_str().unwrap()).unwrap();
    assert_eq!(expiry.timestamp().as_second(), certificate.validity().not_after.timestamp());
    let told = entry["properties"]["thumbprint"].as_str().unwrap();
    let told: Vec<u8> =
        (0..told.len()).step_by(2).map(|at| u8::from_str_radix(&told[at..at + 2], 16).unwrap()).collect();
    assert_eq!(told, <sha1::Sha1 as sha1::Digest>::digest(&der).as_slice());
}

#[tokio::test]
async fn long_operations_take_two_polls_and_show_their_headers() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), CALM, 0.0).await;
    let principal = azure.make_group_and_identity().await;
    azure.assign(&group_path(""), HUB_APPLICATION, CONTRIBUTOR).await.expect(201);
    let path = format!("{}?api-version={}", namespace_id(), A.registry);
    let accepted = azure
        .put(&path, json!({"location": "East US 2", "identity": {"type": "SystemAssigned"}}))
        .await
        .expect(201);
    assert_eq!(accepted.text("/properties/provisioningState"), "Accepted");
    assert_eq!(accepted.text("/location"), "eastus2");
    let url = accepted.header("azure-asyncoperation");
    assert!(url.len() > 4000 && url.ends_with("&h"), "{url}");
    assert_eq!(accepted.header("retry-after-ms"), "0");
    // A status URL that was changed on the way is refused, however little.
    azure
        .get(url.strip_prefix("https://management.azure.com").unwrap().strip_suffix("&h").unwrap())
        .await
        .refused(400, "InvalidOperationStatusUrl");
    let (done, polls) = azure.poll(&url).await;
    assert_eq!((done.text("/status").as_str(), polls), ("Succeeded", 2));
    azure.assign(&namespace_id(), &principal, ADR_CONTRIBUTOR).await.expect(201);

    let accepted = azure.put(&format!("{}?api-version={}", hub_id(), A.hub), hub_body()).await.expect(201);
    assert!(!accepted.header("azure-asyncoperation").is_empty() && accepted.header("location").is_empty());
    assert_eq!(azure.poll(&accepted.header("azure-asyncoperation")).await.1, 2);

    // The same namespace again: replaced at once, and what the body leaves out is gone.
    let tagged = json!({"location": "eastus2", "tags": {"a": "b"}, "identity": {"type": "SystemAssigned"}});
    let before = azure.put(&path, tagged).await.expect(200).text("/identity/principalId");
    let after = azure
        .put(&path, json!({"location": "eastus2", "identity": {"type": "SystemAssigned"}}))
        .await
        .expect(200);
    assert_eq!((after.body["tags"].clone(), after.text("/identity/principalId")), (json!({}), before));

    // Linked, it does not go; PATCH and DELETE answer 202 with a Location.
    azure.arm("DELETE", &path, None).await.refused(409, "NamespaceHasLinkedResources");
    let accepted = azure.arm("PATCH", &path, Some(&json!({"tags": {"c": "d"}}))).await.expect(202);
    let (done, polls) = azure.poll(&accepted.header("location")).await;
    assert_eq!((done.status, done.body["tags"].clone(), polls), (200, json!({"c": "d"}), 2));
    let accepted =
        azure.arm("DELETE", &format!("{}?api-version={}", hub_id(), A.hub), None).await.expect(202);
    assert!(!accepted.header("azure-asyncoperation").is_empty());
    assert_eq!(azure.poll(&accepted.header("location")).await.0.status, 204);
    let accepted = azure.arm("DELETE", &path, None).await.expect(202);
    azure.poll(&accepted.header("location")).await.0.expect(204);
    azure.get(&path).await.refused(404, "ResourceNotFound");
    azure.arm("DELETE", &path, None).await.expect(204);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn the_corrected_custom_role_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), CALM, 0.0).await;
    let principal = azure.make_group_and_identity().await;
    azure.assign(&group_path(""), HUB_APPLICATION, CONTRIBUTOR).await.expect(201);
    let role = group_path(&format!(
        "/providers/Microsoft.Authorization/roleDefinitions/{CUSTOM_ROLE}?api-version=2022-04-01"
    ));
    azure.put(&role, role_body("adr role")).await.expect(201);
    azure.put(&role, role_body("adr role")).await.expect(201);
    let read = azure.get(&role).await.expect(200);
    assert_eq!(read.body["properties"]["permissions"], role_body("")["properties"]["permissions"]);
    assert_eq!(
        read.text("/id"),
        format!(
            "/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{CUSTOM_ROLE}"
        )
    );
    azure.make_namespace(A).await;
    azure.assign(&namespace_id(), &principal, CUSTOM_ROLE).await.expect(201);
    azure.make_hub(A).await;
    azure.make_dps(A).await;
    azure.arm("DELETE", &role, None).await.refused(400, "RoleDefinitionHasAssignments");
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn enrollment_groups_follow_their_etags() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), CALM, 0.0).await;
    azure.make_everything(A).await;
    let signed = azure.owner_signature(A).await;
    let body = group_body("default");
    azure.enrollment("PUT", "group-1", &signed, None, Some(&body)).await.refused(409, "409001");
    azure.enrollment("PUT", "group-1", &signed, Some("\"old\""), Some(&body)).await.refused(412, "412001");
    let etag = azure.enrollment("GET", "group-1", &signed, None, None).await.expect(200).text("/etag");
    let changed = azure.enrollment("PUT", "group-1", &signed, Some(&etag), Some(&body)).await.expect(200);
    assert!(!changed.text("/attestation/symmetricKey/primaryKey").is_empty());
    azure
        .enrollment("PUT", "group-1", &signed, Some("*"), Some(&group_body("missing")))
        .await
        .refused(400, "400004");
    let query = json!({"query": "SELECT * FROM enrollmentGroups"});
    let listed = azure.enrollment("POST", "query", &signed, None, Some(&query)).await.expect(200);
    assert_eq!(listed.body.as_array().unwrap().len(), 1);
    azure.enrollment("DELETE", "group-1", &signed, None, None).await.expect(204);
    let gone = azure.enrollment("GET", "group-1", &signed, None, None).await.refused(404, "404201");
    assert_eq!(gone.header("x-ms-error-code"), "404201");
    assert!(gone.body["trackingId"].is_string() && gone.body["timestampUtc"].is_string());
    azure.sandbox.shutdown().await;
}

/// Everything that the published examples and the command-line tools put into bodies, in our own words.
#[tokio::test]
async fn full_bodies_are_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), CALM, 0.0).await;
    let principal = azure.make_group_and_identity().await;
    azure.assign(&group_path(""), HUB_APPLICATION, CONTRIBUTOR).await.expect(201);
    let namespace = json!({
        "location": "East US 2", "tags": {"env": "dev"}, "identity": {"type": "SystemAssigned"},
        "properties": {"messaging": {"endpoints": {"one": {
            "endpointType": "Microsoft.Devices/IoTHubs", "address": "https://one.example", "resourceId": "/x",
        }}}},
    });
    azure
        .put_and_wait(&format!("{}?api-version={}", namespace_id(), A.registry), namespace)
        .await
        .expect(200);
    azure.assign(&namespace_id(), &principal, ADR_CONTRIBUTOR).await.expect(201);
    let credential = format!("{}/credentials/default", namespace_id());
    let body = json!({"location": "eastus2", "tags": {}, "properties": {}});
    azure.put_and_wait(&format!("{credential}?api-version={}", A.registry), body).await.expect(200);
    let policy = json!({"location": "eastus2", "tags": {"a": "b"}, "properties": {"certificate": {
        "certificateAuthorityConfiguration": {"keyType": "ECC"}, "leafCertificateConfiguration": {"validityPeriodInDays": 10},
    }}});
    azure
        .put_and_wait(&format!("{credential}/policies/default?api-version={}", A.registry), policy)
        .await
        .expect(200);
    let mut hub = hub_body();
    hub["tags"] = json!({});
    let more = json!({
        "ipFilterRules": [], "networkRuleSets": {"defaultAction": "Deny", "applyToBuiltInEventHubEndpoint": true, "ipRules": [
            {"filterName": "rule1", "action": "Allow", "ipMask": "131.117.159.53"}]},
        "routing": {"endpoints": {"serviceBusQueues": []}, "routes": [], "fallbackRoute": {
            "name": "$fallback", "source": "DeviceMessages", "condition": "true", "endpointNames": ["events"], "isEnabled": true}},
        "cloudToDevice": {"maxDeliveryCount": 10, "defaultTtlAsIso8601": "PT1H", "feedback": {
            "lockDurationAsIso8601": "PT5S", "ttlAsIso8601": "PT1H", "maxDeliveryCount": 10}},
        "messagingEndpoints": {"fileNotifications": {"maxDeliveryCount": 10, "ttlAsIso8601": "PT1H", "lockDurationAsIso8601": "PT5S"}},
        "storageEndpoints": {"$default": {"sasTtlAsIso8601": "PT1H", "connectionString": "", "containerName": ""}},
        "enableFileUploadNotifications": false, "minTlsVersion": "1.2", "disableLocalAuth": false, "publicNetworkAccess": "Enabled",
        "features": "None", "enableDataResidency": true, "rootCertificate": {"enableRootCertificateV2": true}, "ipVersion": "ipv4ipv6",
        "authorizationPolicies": [{"keyName": "mine", "rights": "RegistryWrite"}],
    });
    for (name, value) in more.as_object().unwrap() {
        hub["properties"][name] = value.clone();
    }
    azure.put_and_wait(&format!("{}?api-version={}", hub_id(), A.hub), hub).await.expect(200);
    let keys =
        azure.arm("POST", &format!("{}/listkeys?api-version={}", hub_id(), A.hub), None).await.expect(200);
    assert_eq!(keys.body["value"].as_array().unwrap().len(), 6);
    let mut dps = dps_body();
    let more = json!({
        "allocationPolicy": "GeoLatency", "enableDataResidency": false, "publicNetworkAccess": "Enabled", "state": "Active",
        "ipFilterRules": [{"filterName": "all", "action": "Accept", "ipMask": "0.0.0.0/0", "target": "all"}],
        "authorizationPolicies": [{"keyName": "reader", "rights": "EnrollmentRead"}],
    });
    for (name, value) in more.as_object().unwrap() {
        dps["properties"][name] = value.clone();
    }
    azure.put_and_wait(&format!("{}?api-version={}", dps_id(), A.dps), dps).await.expect(200);
    let plain = json!({"location": "East US", "properties": {"enableDataResidency": false}, "sku": {"name": "S1", "capacity": 1}, "tags": {}});
    let path = group_path(&format!(
        "/providers/Microsoft.Devices/provisioningServices/dps-plain?api-version={}",
        A.dps
    ));
    azure.put_and_wait(&path, plain).await.expect(200);
    // A policy with one right is a key with one right.
    let path = format!("{}/keys/reader/listkeys?api-version={}", dps_id(), A.dps);
    let key = azure.arm("POST", &path, None).await.expect(200).text("/primaryKey");
    let reader = signature(DPS_HOST, "reader", &key, jiff::Timestamp::now().as_second() + 600);
    azure.enrollment("GET", "group-1", &reader, None, None).await.refused(404, "404201");
    azure
        .enrollment("PUT", "group-1", &reader, None, Some(&group_body("default")))
        .await
        .refused(403, "403001");
    let group = json!({
        "enrollmentGroupId": "group-1", "credentialPolicyName": "default", "capabilities": {"iotEdge": false},
        "attestation": {"type": "symmetricKey", "symmetricKey": {"primaryKey": key, "secondaryKey": key}},
        "initialTwin": {"tags": {"a": 1}, "properties": {"desired": {"b": {}}}}, "provisioningStatus": "enabled",
        "reprovisionPolicy": {"updateHubAssignment": true, "migrateDeviceData": true}, "allocationPolicy": "hashed", "iotHubs": [],
    });
    let signed = azure.owner_signature(A).await;
    let put = azure.enrollment("PUT", "group-1", &signed, None, Some(&group)).await.expect(200);
    assert_eq!(put.text("/attestation/symmetricKey/primaryKey"), key);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn the_march_generation_links_hubs_by_identity() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), CALM, 0.0).await;
    azure.make_everything(A2).await;
    let principal =
        azure.get(&format!("{}?api-version=2023-01-31", identity_id())).await.text("/properties/principalId");
    let mut body = dps_body();
    body["properties"]["iotHubs"] = json!([{
        "hostName": "hub-sandbox.azure-devices.net", "authenticationType": "UserAssigned", "location": "westus2",
        "selectedUserAssignedIdentityResourceId": identity_id(),
    }]);
    let path = format!("{}?api-version={}", dps_id(), A2.dps);
    azure.put(&path, body.clone()).await.refused(400, "401001");
    azure.assign(&hub_id(), &principal, REGISTRY_CONTRIBUTOR).await.expect(201);
    azure.put(&path, body).await.expect(201);
    let linked = azure.settled(&path).await;
    assert_eq!(linked.text("/properties/iotHubs/0/authenticationType"), "UserAssigned");
    azure.sandbox.shutdown().await;
}
