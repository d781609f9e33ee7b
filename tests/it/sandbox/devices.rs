//! The device side: registration over HTTPS by derived keys, certificates issued by the policy, and a hub that knows.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rcgen::{CertificateParams, DnType, KeyPair, PublicKeyData as _};
use serde_json::{Value, json};
use sha2::Sha256;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::links::setup as links;
use super::setup::{A, dps_id, group_body, hub_id, signature};
use super::support::{Answer, Azure, CALM};

const GLOBAL: &str = "global.azure-devices-provisioning.net";

/// One device of a group.
struct Device<'azure> {
    azure: &'azure Azure,
    scope: String,
    name: &'static str,
    key: String,
    version: &'static str,
}

fn derived(group_key: &str, name: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(group_key).unwrap()).unwrap();
    mac.update(name.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

fn soon() -> i64 {
    jiff::Timestamp::now().as_second() + 600
}

/// A signing request for `name` and its key.
fn request(name: &str, algorithm: &'static rcgen::SignatureAlgorithm) -> (String, KeyPair) {
    let key = KeyPair::generate_for(algorithm).unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    (STANDARD.encode(params.serialize_request(&key).unwrap().der()), key)
}

impl Device<'_> {
    async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.signed(method, path, body, &self.key, soon()).await
    }

    async fn signed(&self, method: &str, path: &str, body: Option<&Value>, key: &str, until: i64) -> Answer {
        let resource = format!("{}%2Fregistrations%2F{}", self.scope, self.name);
        let authorization = signature(&resource, "registration", key, until);
        let path = format!("/{}/registrations/{}{path}?api-version={}", self.scope, self.name, self.version);
        self.azure.send(method, GLOBAL, &path, &[("authorization", &authorization)], body).await
    }

    fn body(&self, more: &Value) -> Value {
        let mut body = json!({"registrationId": self.name});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    }

    /// Registers and polls to the end.
    async fn register(&self, more: Value) -> Answer {
        let begun = self.send("PUT", "/register", Some(&self.body(&more))).await.expect(202);
        assert_eq!(begun.text("/status"), "assigning");
        let operation = begun.text("/operationId");
        assert!(begun.header("location").contains(&format!("/operations/{operation}?")));
        for _ in 0..10 {
            let look = self.send("GET", &format!("/operations/{operation}"), None).await;
            if look.status == 200 {
                return look;
            }
            look.expect(202);
        }
        panic!("the registration never ends");
    }
}

/// Everything of the model of 2025 with a linked hub, and one of its devices.
async fn older(azure: &Azure) -> Device<'_> {
    azure.make_everything(A).await;
    let connection = azure.connection_string(A).await;
    azure.link(A, &connection).await;
    azure.settled(&format!("{}?api-version={}", dps_id(), A.dps)).await;
    let path = format!("{}?api-version={}", dps_id(), A.dps);
    let scope = azure.get(&path).await.expect(200).text("/properties/idScope");
    let signed = azure.owner_signature(A).await;
    let keys =
        azure.enrollment("POST", "group-1/attestationmechanism", &signed, None, None).await.expect(200);
    let key = derived(&keys.text("/symmetricKey/primaryKey"), "device-1");
    Device { azure, scope, name: "device-1", key, version: "2025-07-01-preview" }
}

/// Checks a chain from leaf to root, and gives its thumbprint-bearing middle.
fn check_chain(answer: &Answer, key: &KeyPair, days: i64) -> Vec<u8> {
    let chain = answer.body["registrationState"]["issuedCertificateChain"].as_array().unwrap();
    let ders: Vec<Vec<u8>> =
        chain.iter().map(|one| STANDARD.decode(one.as_str().unwrap()).unwrap()).collect();
    let all: Vec<X509Certificate<'_>> =
        ders.iter().map(|der| X509Certificate::from_der(der).unwrap().1).collect();
    let [leaf, issuing, root] = all.as_slice() else { panic!("{} certificates", all.len()) };
    leaf.verify_signature(Some(issuing.public_key())).unwrap();
    issuing.verify_signature(Some(root.public_key())).unwrap();
    root.verify_signature(None).unwrap();
    assert_eq!(leaf.public_key().raw, key.subject_public_key_info());
    assert_eq!(leaf.subject().to_string(), "CN=device-1");
    assert!(!leaf.is_ca());
    let seconds = leaf.validity().not_after.timestamp() - leaf.validity().not_before.timestamp();
    assert_eq!(seconds, (days + 1) * 24 * 3600);
    ders.into_iter().nth(1).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_registers_by_its_key_and_its_hub_knows_it() {
    let (_folder, azure) = links::world(CALM).await;
    let device = older(&azure).await;
    device.send("POST", "", Some(&json!({"registrationId": "device-1"}))).await.refused(404, "404201");
    let done = device.register(json!({})).await;
    assert_eq!(done.text("/registrationState/assignedHub"), "hub-sandbox.azure-devices.net");
    assert_eq!(done.text("/registrationState/substatus"), "initialAssignment");
    assert!(done.body["registrationState"].get("issuedCertificateChain").is_none());
    let looked = device.send("POST", "", Some(&json!({"registrationId": "device-1"}))).await.expect(200);
    assert_eq!(
        (looked.text("/status").as_str(), looked.text("/deviceId").as_str()),
        ("assigned", "device-1")
    );

    // The hub: by its own host, and in its statistics.
    let path = format!("{}/IotHubKeys/iothubowner/listkeys?api-version={}", hub_id(), A.hub);
    let key = azure.arm("POST", &path, None).await.expect(200).text("/primaryKey");
    let host = "hub-sandbox.azure-devices.net";
    let owner = signature(host, "iothubowner", &key, soon());
    let headers = [("authorization", owner.as_str())];
    let found = azure.send("GET", host, "/devices/device-1?api-version=2021-04-12", &headers, None).await;
    assert_eq!(found.expect(200).text("/authentication/symmetricKey/primaryKey"), device.key);
    let stats = azure.get(&format!("{}/IotHubStats?api-version={}", hub_id(), A.hub)).await.expect(200);
    assert_eq!(stats.body["totalDeviceCount"], 1);
    azure.send("GET", host, "/devices/other?api-version=2021-04-12", &headers, None).await.expect(404);
    azure.send("GET", host, "/devices/device-1?api-version=2021-04-12", &[], None).await.expect(401);
    azure.send("DELETE", host, "/devices/device-1?api-version=2021-04-12", &headers, None).await.expect(400);
    let headers = [("authorization", owner.as_str()), ("if-match", "*")];
    azure.send("DELETE", host, "/devices/device-1?api-version=2021-04-12", &headers, None).await.expect(204);

    // The service API.
    let signed = azure.owner_signature(A).await;
    let service = "dps-sandbox.azure-devices-provisioning.net";
    let state = async |method: &str, rest: &str| {
        let path = format!("/registrations/{rest}?api-version=2025-07-01-preview");
        azure.send(method, service, &path, &[("authorization", &signed)], None).await
    };
    assert_eq!(state("GET", "device-1").await.expect(200).text("/status"), "assigned");
    assert_eq!(state("POST", "group-1/query").await.expect(200).body.as_array().unwrap().len(), 1);
    state("DELETE", "device-1").await.expect(204);
    state("GET", "device-1").await.refused(404, "404201");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signing_request_is_answered_with_the_chain_of_the_policy() {
    let (_folder, azure) = links::world(CALM).await;
    let device = older(&azure).await;
    let (csr, key) = request("device-1", &rcgen::PKCS_ECDSA_P384_SHA384);
    let done = device.register(json!({"csr": csr})).await;
    let issuing = check_chain(&done, &key, 30);
    let known = &azure.hub_certificates(A).await[0];
    assert_eq!(
        known["properties"]["certificate"],
        STANDARD.encode(issuing),
        "the hub trusts another authority"
    );
    let looked = device.send("POST", "", Some(&json!({"registrationId": "device-1"}))).await.expect(200);
    assert!(looked.body.get("issuedCertificateChain").is_none(), "the chain is given once");
    let look = json!({"registrationId": "device-1", "csr": csr});
    device.send("POST", "", Some(&look)).await.refused(400, "400004");

    for wrong in [
        json!({"csr": request("device-2", &rcgen::PKCS_ECDSA_P384_SHA384).0}),
        json!({"csr": "not base64"}),
        json!({"csr": STANDARD.encode("no request")}),
        json!({"csr": request("device-1", &rcgen::PKCS_ED25519).0}),
        json!({"registrationId": "device-2"}),
        json!({"more": 1}),
    ] {
        device.send("PUT", "/register", Some(&device.body(&wrong))).await.refused(400, "400004");
    }
    // A request that was changed after it was signed.
    let mut bytes = STANDARD.decode(&csr).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let broken = json!({"csr": STANDARD.encode(bytes)});
    device.send("PUT", "/register", Some(&device.body(&broken))).await.refused(400, "400004");
    // A version that knows no requests.
    let older = Device { version: "2021-10-01", ..device };
    older.send("PUT", "/register", Some(&older.body(&json!({"csr": csr})))).await.refused(400, "400004");
    older.register(json!({})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_not_the_key_learns_nothing() {
    let (_folder, azure) = links::world(CALM).await;
    let device = older(&azure).await;
    let body = device.body(&json!({}));
    let other = derived(&device.key, "device-1");
    device.signed("PUT", "/register", Some(&body), &other, soon()).await.refused(401, "401002");
    device.signed("PUT", "/register", Some(&body), &device.key, 1).await.refused(401, "401002");
    azure
        .send(
            "PUT",
            GLOBAL,
            &format!("/{}/registrations/device-1/register?api-version=2025-07-01-preview", device.scope),
            &[],
            Some(&body),
        )
        .await
        .refused(401, "401002");
    let elsewhere = Device { scope: "0ne00000000".to_owned(), key: device.key.clone(), ..device };
    elsewhere.send("PUT", "/register", Some(&body)).await.refused(401, "401002");
}

#[tokio::test(flavor = "multi_thread")]
async fn disabled_groups_and_services_without_hubs_end_registrations() {
    let (_folder, azure) = links::world(CALM).await;
    let device = older(&azure).await;
    let signed = azure.owner_signature(A).await;
    let mut group = group_body("default");
    let keys =
        azure.enrollment("POST", "group-1/attestationmechanism", &signed, None, None).await.expect(200);
    group["attestation"] = keys.body;
    group["provisioningStatus"] = json!("disabled");
    azure.enrollment("PUT", "group-1", &signed, Some("*"), Some(&group)).await.expect(200);
    assert_eq!(device.register(json!({})).await.text("/status"), "disabled");
    group["provisioningStatus"] = json!("enabled");
    azure.enrollment("PUT", "group-1", &signed, Some("*"), Some(&group)).await.expect(200);
    let hub = format!("{}?api-version={}", hub_id(), A.hub);
    let gone = azure.arm("DELETE", &hub, None).await.expect(202);
    azure.poll(&gone.header("location")).await;
    let failed = device.register(json!({})).await;
    assert_eq!(failed.text("/status"), "failed");
    assert_eq!(failed.body["registrationState"]["errorCode"], 401_001);
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_of_the_newer_model_get_certificates_too() {
    let (_folder, azure) = links::world(links::LINKS).await;
    azure.make_linked().await;
    azure.make_authorities().await;
    azure.tell_data_plane().await;
    let made = azure.enroll("PUT", "2026-11-01", Some(&links::enrollment_body())).await.expect(200);
    let key = derived(&made.text("/attestation/symmetricKey/primaryKey"), "device-1");
    let scope =
        azure.get(&links::at(&links::dps_id(), links::DPS)).await.expect(200).text("/properties/idScope");
    let device = Device { azure: &azure, scope, name: "device-1", key, version: "2026-11-01" };
    let (csr, key) = request("device-1", &rcgen::PKCS_ECDSA_P384_SHA384);
    let done = device.register(json!({"csr": csr})).await;
    let issuing = check_chain(&done, &key, 30);
    assert_eq!(azure.trusted().await[0]["properties"]["certificate"], STANDARD.encode(issuing));
}
