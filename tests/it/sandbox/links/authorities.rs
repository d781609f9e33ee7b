//! Certificate authorities and policies: real X.509, rules of creation and deletion, trust in linked hubs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, CertificateSigningRequestParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::setup::{
    LINKS, REGISTRY, at, bare, ica_body, ica_id, linked, namespace_id, policy_body, policy_id, root_body,
    root_id, states, world,
};
use crate::sandbox::support::{Azure, east, group_path};

/// A namespace and nothing else.
async fn namespace() -> (tempfile::TempDir, Azure) {
    let (folder, azure) = world(LINKS).await;
    azure.put(&group_path("?api-version=2025-04-01"), east()).await.expect(201);
    azure.put_and_wait(&at(&namespace_id(), REGISTRY), bare()).await.expect(200);
    (folder, azure)
}

#[tokio::test]
async fn a_root_and_an_issuing_authority_are_real() {
    let (_folder, azure) = world(LINKS).await;
    azure.make_linked().await;
    let accepted = azure.put(&at(&root_id(), REGISTRY), root_body()).await.expect(201);
    assert_eq!(accepted.text("/properties/provisioningState"), "Accepted");
    assert_eq!(accepted.body["properties"].get("subject"), None);
    let (done, polls) = azure.poll(&accepted.header("azure-asyncoperation")).await;
    assert_eq!((done.text("/status").as_str(), polls), ("Succeeded", 2));
    let root = azure.get(&at(&root_id(), REGISTRY)).await.expect(200);
    assert_eq!(root.text("/type"), "Microsoft.DeviceRegistry/namespaces/certificateAuthorities");
    assert_eq!(root.text("/properties/subject"), "CN=root-1");
    assert!(uuid::Uuid::parse_str(&root.text("/properties/uuid")).is_ok());
    // A root is trusted by nobody's hub.
    assert_eq!(azure.trusted().await.len(), 0);

    let ica = azure.put_and_wait(&at(&ica_id(), REGISTRY), ica_body()).await.expect(200);
    let trusted = azure.trusted().await;
    assert_eq!(trusted.len(), 1);
    let der = STANDARD.decode(trusted[0]["properties"]["certificate"].as_str().unwrap()).unwrap();
    let (_, certificate) = X509Certificate::from_der(&der).unwrap();
    assert_eq!(certificate.subject().to_string(), ica.text("/properties/subject"));
    assert_eq!(certificate.issuer().to_string(), root.text("/properties/subject"));
    assert!(certificate.validity().is_valid());
    assert_eq!(certificate.public_key().parsed().unwrap().key_size(), 384);
    let constraints = certificate.basic_constraints().unwrap().unwrap();
    assert!(constraints.value.ca && constraints.value.path_len_constraint == Some(0));
    let told: jiff::Timestamp = ica.text("/properties/validityNotAfter").parse().unwrap();
    assert_eq!(told.as_second(), certificate.validity().not_after.timestamp());
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn what_was_made_before_a_link_is_not_trusted_by_it() {
    let (_folder, azure) = world(LINKS).await;
    azure.make_unlinked().await;
    azure.make_authorities().await;
    let namespace = azure.link_with(REGISTRY, linked()).await;
    assert_eq!(states(&namespace), ["Succeeded", "Succeeded", "Succeeded"]);
    assert_eq!(azure.trusted().await.len(), 0);
    // A new certificate for the same authority is pushed.
    let path = format!("{}/revokeAndRotate?api-version={REGISTRY}", ica_id());
    let accepted = azure.arm("POST", &path, None).await.expect(202);
    azure.poll(&accepted.header("location")).await;
    assert_eq!(azure.trusted().await.len(), 1);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn trust_arrives_after_a_while() {
    let (_folder, azure) = world(&LINKS.replace("hub_certificate = 0", "hub_certificate = 5")).await;
    azure.make_linked().await;
    azure.make_authorities().await;
    assert_eq!(azure.trusted().await.len(), 0);
    assert_eq!(azure.trusted().await.len(), 1);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn bodies_of_authorities_are_checked() {
    let (_folder, azure) = namespace().await;
    let path = at(&root_id(), REGISTRY);
    let change = |pointer: &str, value: Value| {
        let mut body = ica_body();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[name] = value;
        body
    };
    for (body, code, field) in [
        (json!({"properties": root_body()["properties"]}), "LocationRequired", "location"),
        (change("/location", json!("westus2")), "LocationMismatch", "location"),
        (json!({"location": "eastus2"}), "InvalidRequestContent", "properties"),
        (change("/properties/keyType", json!("RSA")), "InvalidRequestContent", "keyType"),
        (
            change("/properties/certificateAuthorityType", json!("Leaf")),
            "InvalidRequestContent",
            "certificateAuthorityType",
        ),
        (change("/properties/certificateAuthorityType", json!("Root")), "InvalidRequestContent", "issuer"),
        (
            change("/properties/issuer", json!({"issuerType": "Microsoft"})),
            "InvalidRequestContent",
            "certificateAuthorityResourceId",
        ),
        (change("/properties/issuer/issuerType", json!("Other")), "InvalidRequestContent", "issuerType"),
        (change("/properties/subject", json!("CN=mine")), "InvalidRequestContent", "subject"),
        (change("/properties/uuid", json!("1")), "InvalidRequestContent", "uuid"),
        (ica_body(), "InvalidIssuer", "root-1"),
    ] {
        let refused = azure.put(&path, body).await.refused(400, code);
        assert!(refused.text("/error/message").contains(field), "{}", refused.body);
    }
    let bad_name = format!("{}/certificateAuthorities/-a", namespace_id());
    azure.put(&at(&bad_name, REGISTRY), root_body()).await.refused(400, "InvalidResourceName");
    let elsewhere = root_id().replace("ns-links", "ns-none");
    azure.put(&at(&elsewhere, REGISTRY), root_body()).await.refused(404, "ParentResourceNotFound");
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn what_is_said_at_creation_stays() {
    let (_folder, azure) = namespace().await;
    azure.put(&at(&root_id(), REGISTRY), root_body()).await.expect(201);
    azure.put(&at(&ica_id(), REGISTRY), ica_body()).await.refused(409, "IssuerNotReady");
    azure.settled(&at(&root_id(), REGISTRY)).await;
    azure.put_and_wait(&at(&ica_id(), REGISTRY), ica_body()).await.expect(200);
    let before = azure.get(&at(&ica_id(), REGISTRY)).await;
    // Equal is as good as nothing, but for tags.
    let mut tagged = ica_body();
    tagged["tags"] = json!({"a": "b"});
    let same = azure.put(&at(&ica_id(), REGISTRY), tagged).await.expect(200);
    assert_eq!(same.body["properties"], before.body["properties"]);
    assert_eq!(same.text("/tags/a"), "b");
    azure.put(&at(&ica_id(), REGISTRY), root_body()).await.refused(409, "PropertyChangeNotAllowed");
    let mut external = ica_body();
    external["properties"]["issuer"] = json!({"issuerType": "External"});
    azure.put(&at(&ica_id(), REGISTRY), external).await.refused(409, "PropertyChangeNotAllowed");
    // A PATCH takes tags only.
    let retagged = json!({"tags": {"c": "d"}});
    let accepted = azure.arm("PATCH", &at(&ica_id(), REGISTRY), Some(&retagged)).await.expect(202);
    let (done, polls) = azure.poll(&accepted.header("location")).await;
    assert_eq!((done.body["tags"].clone(), polls), (retagged["tags"].clone(), 2));
    azure
        .arm("PATCH", &at(&ica_id(), REGISTRY), Some(&json!({"properties": {}})))
        .await
        .refused(400, "InvalidRequestContent");
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn three_issuing_authorities_with_one_policy_each() {
    let (_folder, azure) = namespace().await;
    azure.make_authorities().await;
    let authority = |name: &str| format!("{}/certificateAuthorities/{name}", namespace_id());
    for name in ["ica-2", "ica-3"] {
        azure.put_and_wait(&at(&authority(name), REGISTRY), ica_body()).await.expect(200);
    }
    azure
        .put(&at(&authority("ica-4"), REGISTRY), ica_body())
        .await
        .refused(409, "CertificateAuthorityQuotaExceeded");
    let second = format!("{}/certificatePolicies/second", ica_id());
    azure.put(&at(&second, REGISTRY), policy_body()).await.refused(409, "CertificatePolicyQuotaExceeded");
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn policies_are_for_issuing_authorities() {
    let (_folder, azure) = namespace().await;
    azure.put_and_wait(&at(&root_id(), REGISTRY), root_body()).await.expect(200);
    let below_root = format!("{}/certificatePolicies/leaves", root_id());
    azure.put(&at(&below_root, REGISTRY), policy_body()).await.refused(409, "PolicyRequiresIssuingCa");
    azure.put(&at(&policy_id(), REGISTRY), policy_body()).await.refused(404, "ParentResourceNotFound");
    azure.put_and_wait(&at(&ica_id(), REGISTRY), ica_body()).await.expect(200);
    for days in [0, 6, 91] {
        let mut body = policy_body();
        body["properties"]["certificate"]["validityPeriodInDays"] = json!(days);
        azure.put(&at(&policy_id(), REGISTRY), body).await.refused(400, "InvalidRequestContent");
    }
    azure
        .put(&at(&policy_id(), REGISTRY), json!({"properties": policy_body()["properties"]}))
        .await
        .refused(400, "LocationRequired");
    let policy = azure.put_and_wait(&at(&policy_id(), REGISTRY), policy_body()).await.expect(200);
    assert!(uuid::Uuid::parse_str(&policy.text("/properties/uuid")).is_ok());
    let longer = json!({"properties": {"certificate": {"validityPeriodInDays": 90}}});
    let accepted = azure.arm("PATCH", &at(&policy_id(), REGISTRY), Some(&longer)).await.expect(202);
    let (done, _) = azure.poll(&accepted.header("location")).await;
    assert_eq!(done.body["properties"]["certificate"], json!({"validityPeriodInDays": 90}));
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn children_go_before_their_parents() {
    let (_folder, azure) = namespace().await;
    azure.make_authorities().await;
    for id in [namespace_id(), root_id(), ica_id()] {
        azure.arm("DELETE", &at(&id, REGISTRY), None).await.refused(409, "CannotDeleteResource");
    }
    for id in [policy_id(), ica_id(), root_id(), namespace_id()] {
        azure.delete_and_wait(&at(&id, REGISTRY)).await;
        azure.arm("DELETE", &at(&id, REGISTRY), None).await;
    }
    azure.sandbox.shutdown().await;
}

/// Signs a request as somebody's own root would.
fn sign(request: &str) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut root = CertificateParams::default();
    root.distinguished_name.push(rcgen::DnType::CommonName, "somebody's root");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = root.self_signed(&key).unwrap();
    let issuer = Issuer::new(root, key);
    let mut asked = CertificateSigningRequestParams::from_pem(request).unwrap();
    asked.params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    (asked.signed_by(&issuer).unwrap().pem(), certificate.pem())
}

#[tokio::test]
async fn an_authority_below_somebody_elses_root() {
    let (_folder, azure) = world(LINKS).await;
    azure.make_linked().await;
    let mut body = ica_body();
    body["properties"]["issuer"] = json!({"issuerType": "External"});
    let pending = azure.put_and_wait(&at(&ica_id(), REGISTRY), body.clone()).await.expect(200);
    assert_eq!(pending.text("/properties/provisioningState"), "Succeeded");
    assert_eq!(pending.text("/properties/issuer/status"), "PendingActivation");
    azure.put(&at(&policy_id(), REGISTRY), policy_body()).await.refused(409, "CertificateAuthorityNotActive");
    assert_eq!(azure.trusted().await.len(), 0);
    let activate = format!("{}/activate?api-version={REGISTRY}", ica_id());
    let (leaf, root) = sign(&pending.text("/properties/issuer/certificateSigningRequest"));
    for wrong in ["", "no PEM", &root, &format!("{root}{leaf}")] {
        let chain = json!({"certificateChain": wrong});
        azure.arm("POST", &activate, Some(&chain)).await.refused(400, "InvalidCertificateChain");
    }
    let chain = json!({"certificateChain": format!("{leaf}{root}")});
    let accepted = azure.arm("POST", &activate, Some(&chain)).await.expect(202);
    assert_eq!(azure.poll(&accepted.header("location")).await.1, 2);
    let active = azure.get(&at(&ica_id(), REGISTRY)).await.expect(200);
    assert_eq!(active.text("/properties/issuer/status"), "Active");
    assert_eq!(azure.trusted().await.len(), 1);
    assert_eq!(
        azure.trusted().await[0]["properties"]["thumbprint"],
        active.body["properties"]["issuer"]["thumbprint"]
    );
    azure.put_and_wait(&at(&policy_id(), REGISTRY), policy_body()).await.expect(200);

    // Each action is for one kind of authority.
    let rotate = format!("{}/revokeAndRotate?api-version={REGISTRY}", ica_id());
    azure.arm("POST", &rotate, None).await.refused(400, "InvalidCertificateAuthorityKind");
    azure.put_and_wait(&at(&root_id(), REGISTRY), root_body()).await.expect(200);
    let activate = format!("{}/activate?api-version={REGISTRY}", root_id());
    azure.arm("POST", &activate, Some(&chain)).await.refused(400, "InvalidCertificateAuthorityKind");
    azure.sandbox.shutdown().await;
}

/// The chain is signed as it says: the issuing authority by its root. Both are read from the file of the world, since
/// a root is in no answer.
#[tokio::test]
async fn the_issuing_authority_is_signed_by_its_root() {
    let (folder, azure) = namespace().await;
    azure.make_authorities().await;
    azure.sandbox.shutdown().await;
    let kept: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("world.json")).unwrap()).unwrap();
    let der = |id: &str| {
        let text =
            kept["resources"][id.to_ascii_lowercase()]["vault"]["authority"]["certificate"].as_str().unwrap();
        STANDARD.decode(text).unwrap()
    };
    let (root, issuing) = (der(&root_id()), der(&ica_id()));
    let (_, root) = X509Certificate::from_der(&root).unwrap();
    let (_, issuing) = X509Certificate::from_der(&issuing).unwrap();
    root.verify_signature(None).unwrap();
    issuing.verify_signature(Some(root.public_key())).unwrap();
    assert!(issuing.verify_signature(None).is_err());
}
