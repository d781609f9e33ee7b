//! Api-versions: which are served for each kind, how the others are refused, and what each shows.

use serde_json::{Value, json};

use super::kinds::{Kind, kinds, list_at, subscription, whole};
use crate::sandbox::links::setup::{self as links, at};
use crate::sandbox::setup::{A, A2, dps_id, hub_id, namespace_id};
use crate::sandbox::support::{ARM, Azure, group_path};

/// The versions that the provider lists for a kind: those of the longest type that it belongs to.
async fn offered(azure: &Azure, kind: &Kind) -> Vec<String> {
    let (provider, kind_of) = kind.provider_and_type();
    let path = at(&subscription(&format!("/providers/{provider}")), "2025-04-01");
    let types = azure.get(&path).await.expect(200).body["resourceTypes"].clone();
    let name = |one: &Value| one["resourceType"].as_str().unwrap().to_ascii_lowercase();
    let kind_of = kind_of.to_ascii_lowercase();
    let fits = |one: &&Value| kind_of == name(one) || kind_of.starts_with(&format!("{}/", name(one)));
    let longest = types.as_array().unwrap().iter().filter(fits).max_by_key(|one| name(one).len());
    let versions = longest.unwrap()["apiVersions"].as_array().unwrap();
    versions.iter().map(|version| version.as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_version_that_is_listed_answers_for_every_kind() {
    let (_folder, azure) = whole("").await;
    for kind in kinds(&azure).await {
        let versions = offered(&azure, &kind).await;
        assert!(versions.iter().any(|version| version == kind.version), "{}: {versions:?}", kind.name);
        for version in versions {
            let read = azure.get(&at(&kind.id, &version)).await;
            assert_eq!(read.status, 200, "{} at {version}: {}", kind.name, read.body);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_unknown_version_is_refused_for_every_kind_and_method() {
    let (_folder, azure) = whole("").await;
    let bearer = format!("Bearer {}", azure.token);
    let headers = [("authorization", bearer.as_str()), ("if-match", "*")];
    for kind in kinds(&azure).await {
        let name = kind.name;
        let versions = offered(&azure, &kind).await;
        let of_arm = kind.provider_and_type().0 == "Microsoft.Resources";
        let code = if of_arm { "InvalidApiVersionParameter" } else { "NoRegisteredProviderFound" };
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            let body = (!matches!(method, "GET" | "DELETE")).then(|| json!({}));
            let ask = async |path: &str| azure.send(method, ARM, path, &headers, body.as_ref()).await;
            for path in [kind.id.clone(), format!("{}?api-version=", kind.id)] {
                let refused = ask(&path).await;
                let got = (refused.status, refused.code());
                assert_eq!(got, (400, "MissingApiVersionParameter".to_owned()), "{method} {name}");
            }
            for (version, code) in [("2099-01-01", code), ("latest", "InvalidApiVersionParameter")] {
                let refused = ask(&at(&kind.id, version)).await;
                let got = (refused.status, refused.code());
                assert_eq!(got, (400, code.to_owned()), "{method} {name}: {}", refused.body);
                let message = refused.text("/error/message");
                let told = versions.iter().all(|version| message.contains(version.as_str()));
                assert!(told && message.contains(version), "{method} {name}: {message}");
            }
        }
        for list in &kind.lists {
            let own = list.contains("/providers/");
            let refused = azure.get(&at(list, "2099-01-01")).await;
            let code = if own { "NoRegisteredProviderFound" } else { "InvalidApiVersionParameter" };
            assert_eq!((refused.status, refused.code()), (400, code.to_owned()), "{name} in {list}");
            azure.get(&list_at(&kind, list)).await.expect(200);
        }
        // What was refused was not done.
        azure.get(&kind.path()).await.expect(200);
    }
    for path in ["/tenants", "/subscriptions", &subscription(""), &subscription("/locations")] {
        azure.get(path).await.refused(400, "MissingApiVersionParameter");
        azure.get(&at(path, "2099-01-01")).await.refused(400, "InvalidApiVersionParameter");
        azure.get(&at(path, "2021-01-01")).await.expect(200);
    }
    for (action, code) in [
        ("listkeys", "NoRegisteredProviderFound"),
        ("IotHubKeys/iothubowner/listkeys", "NoRegisteredProviderFound"),
    ] {
        let path = format!("{}/{action}", hub_id());
        azure.arm("POST", &path, None).await.refused(400, "MissingApiVersionParameter");
        azure.arm("POST", &at(&path, "2099-01-01"), None).await.refused(400, code);
    }
    let register = subscription("/providers/Microsoft.Devices/register");
    azure.arm("POST", &at(&register, "2099-01-01"), None).await.refused(400, "InvalidApiVersionParameter");
}

/// A path, the versions at which a property shows, and those at which it does not.
type Row = (String, &'static str, &'static [&'static str], &'static [&'static str]);

#[tokio::test(flavor = "multi_thread")]
async fn a_version_shows_only_what_it_knows() {
    let (_folder, azure) = whole("").await;
    let identity = group_path("/providers/Microsoft.ManagedIdentity/userAssignedIdentities/isolated");
    let body = json!({"location": "eastus2", "properties": {"isolationScope": "Regional"}});
    azure.put(&at(&identity, "2024-11-30"), body).await.expect(201);
    let certificate = azure.hub_certificates(A).await[0]["id"].as_str().unwrap().to_owned();
    let policy = format!("{}/credentials/default/policies/default", namespace_id());
    let (hub, dps, space) = (links::hub_id(), links::dps_id(), links::namespace_id());
    let rows: Vec<Row> = vec![
        (identity, "/properties/isolationScope", &["2024-11-30", "2025-05-31-preview"], &["2023-01-31"]),
        (policy.clone(), "/location", &["2025-11-01-preview"], &["2026-03-01-preview"]),
        (policy, "/tags", &["2025-11-01-preview"], &["2026-03-01-preview"]),
        (
            certificate.clone(),
            "/properties/PolicyResourceId",
            &["2025-08-01-preview"],
            &["2026-03-01-preview", "2023-06-30"],
        ),
        (
            certificate,
            "/properties/policyResourceId",
            &["2026-03-01-preview"],
            &["2025-08-01-preview", "2023-06-30"],
        ),
        (
            hub_id(),
            "/properties/deviceRegistry/identityResourceId",
            &["2025-08-01-preview", "2026-03-01-preview"],
            &["2023-06-30", "2023-06-30-preview", "2026-10-01-preview"],
        ),
        (
            hub_id(),
            "/properties/deviceRegistry/identity/userAssignedIdentity",
            &["2026-10-01-preview"],
            &["2025-08-01-preview", "2023-06-30"],
        ),
        (
            hub_id(),
            "/properties/deviceRegistry",
            &["2025-08-01-preview"],
            &["2023-06-30", "2023-06-30-preview"],
        ),
        (
            dps_id(),
            "/properties/deviceRegistryNamespace",
            &["2025-02-01-preview", "2026-03-01-preview"],
            &["2022-12-12", "2021-10-15", "2026-11-01"],
        ),
        (
            hub.clone(),
            "/properties/deviceRegistry/linkingProperties",
            &["2026-10-01-preview", "2026-06-01-preview"],
            &["2026-03-01-preview", "2025-08-01-preview", "2023-06-30"],
        ),
        (
            hub.clone(),
            "/properties/iotHubDetails",
            &["2026-10-01-preview"],
            &["2025-08-01-preview", "2023-06-30"],
        ),
        (hub, "/properties/deviceHostName", &["2026-10-01-preview"], &["2025-08-01-preview", "2023-06-30"]),
        (
            dps,
            "/properties/deviceRegistryNamespaces",
            &["2026-06-01-preview", "2026-11-02-preview"],
            &["2026-11-01", "2026-03-01-preview", "2022-12-12"],
        ),
        (
            space.clone(),
            "/properties/provisioning",
            &["2026-11-01", "2026-11-02-preview"],
            &["2026-03-01-preview", "2025-11-01-preview", "2025-10-01"],
        ),
        (
            space,
            "/properties/messaging/endpoints/hub-1/linkingState",
            &["2026-11-01"],
            &["2026-04-01", "2025-11-01-preview"],
        ),
    ];
    for (id, pointer, shown, hidden) in rows {
        for (versions, wanted) in [(shown, true), (hidden, false)] {
            for version in versions {
                let read = azure.get(&at(&id, version)).await.expect(200);
                assert_eq!(
                    read.body.pointer(pointer).is_some(),
                    wanted,
                    "{pointer} at {version}: {}",
                    read.body
                );
            }
        }
    }
    // Lists show the same.
    let hubs = at(&subscription("/providers/Microsoft.Devices/IotHubs"), "2023-06-30");
    let listed = azure.get(&hubs).await.expect(200).body.to_string();
    assert!(listed.contains("hub-links") && !listed.contains("deviceRegistry"), "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrollment_group_shows_the_policy_of_the_versions_model() {
    let (_folder, azure) = whole("").await;
    let old = azure.owner_signature(A).await;
    let new = azure.service_key().await;
    for (host, signed, shown, by) in [
        (crate::sandbox::setup::DPS_HOST, &old, "credentialPolicyName", "2025-07-01-preview"),
        (links::SERVICE_HOST, &new, "certificatePolicyName", "2026-11-01"),
    ] {
        for version in ["2021-10-01", "2025-07-01-preview", "2026-11-01", "2026-11-02-preview"] {
            let headers = [("authorization", signed.as_str())];
            let path = format!("/enrollmentGroups/group-1?api-version={version}");
            let read = azure.send("GET", host, &path, &headers, None).await.expect(200);
            let path = format!("/enrollmentGroups/query?api-version={version}");
            let query = json!({"query": "SELECT * FROM enrollmentGroups"});
            let listed = azure.send("POST", host, &path, &headers, Some(&query)).await.expect(200);
            let wanted = version[..4] == by[..4];
            for body in [&read.body, &listed.body[0]] {
                assert_eq!(body.get(shown).is_some(), wanted, "{shown} at {version}: {body}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn older_bodies_are_refused_what_only_newer_versions_know() {
    let (_folder, azure) = whole("").await;
    let dps = group_path("/providers/Microsoft.Devices/provisioningServices/dps-fresh");
    let hub = group_path("/providers/Microsoft.Devices/IotHubs/hub-fresh");
    let identity = group_path("/providers/Microsoft.ManagedIdentity/userAssignedIdentities/fresh");
    let isolated = json!({"location": "eastus2", "properties": {"isolationScope": "None"}});
    azure.put(&at(&identity, "2023-01-31"), isolated).await.refused(400, "InvalidRequestContent");
    azure.put(&at(&hub, "2023-06-30"), crate::sandbox::setup::hub_body()).await.refused(400, "IH400002");
    azure.put(&at(&hub, links::HUB), crate::sandbox::setup::hub_body()).await.refused(400, "IH400002");
    azure.put(&at(&dps, "2022-12-12"), crate::sandbox::setup::dps_body()).await.refused(400, "400002");
    azure.put(&at(&dps, links::DPS), crate::sandbox::setup::dps_body()).await.refused(400, "400002");
    let space = group_path("/providers/Microsoft.DeviceRegistry/namespaces/fresh");
    let refused = azure.put(&at(&space, A2.registry), links::linked()).await;
    refused.refused(400, "InvalidRequestContent");
    for (id, version) in [(identity, "2024-11-30"), (hub, A.hub), (dps, A.dps)] {
        azure.get(&at(&id, version)).await.refused(404, "ResourceNotFound");
    }
}
