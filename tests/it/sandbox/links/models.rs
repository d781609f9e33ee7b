//! Which model a world lists, serves and refuses; both in one subscription.

use hubup::sandbox::{SandboxOptions, WorldSource};
use serde_json::{Value, json};

use super::setup::{DPS, HUB, LINKS, REGISTRY, at, bare, namespace_id, plain, root_body, root_id, world};
use crate::sandbox::setup::{A, A2, dps_body, group_body};
use crate::sandbox::support::{Azure, CALM, east, group_path};

const CREDENTIALS: &str = "namespaces/credentials";
const AUTHORITIES: &str = "namespaces/certificateAuthorities";

async fn builtin(name: &str) -> (tempfile::TempDir, Azure) {
    let folder = tempfile::tempdir().unwrap();
    let world = WorldSource::Builtin(name.to_owned());
    let azure =
        Azure::with(SandboxOptions { folder: folder.path().to_owned(), speed: 0.0, world, port: 0 }).await;
    (folder, azure)
}

/// Types that a provider lists, with their versions.
async fn listed(azure: &Azure, provider: &str) -> Vec<(String, Vec<String>)> {
    let path = format!("{}/providers/{provider}?api-version=2021-04-01", Azure::subscription());
    let provider = azure.get(&path).await.expect(200);
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
    };
    let types = provider.body["resourceTypes"].as_array().unwrap();
    types
        .iter()
        .map(|one| (one["resourceType"].as_str().unwrap().to_owned(), texts(&one["apiVersions"])))
        .collect()
}

async fn lists(azure: &Azure, kind: &str) -> bool {
    listed(azure, "Microsoft.DeviceRegistry").await.iter().any(|(known, _)| known == kind)
}

#[tokio::test]
async fn worlds_list_what_their_names_say() {
    for (name, old, new) in [
        ("default", true, false),
        ("links-2026", false, true),
        ("both-models", true, true),
        ("old-refused", true, true),
    ] {
        let (_folder, azure) = builtin(name).await;
        assert_eq!(
            (lists(&azure, CREDENTIALS).await, lists(&azure, AUTHORITIES).await),
            (old, new),
            "{name}"
        );
        azure.sandbox.shutdown().await;
    }
    let (_folder, azure) = builtin("links-2026").await;
    let devices = listed(&azure, "Microsoft.Devices").await;
    let of = |kind: &str| devices.iter().find(|(known, _)| known == kind).unwrap().1.clone();
    assert_eq!(
        of("IotHubs"),
        ["2026-10-01-preview", "2026-06-01-preview", "2023-06-30", "2023-06-30-preview"]
    );
    assert_eq!(
        of("provisioningServices"),
        [
            "2026-11-02-preview",
            "2026-11-01",
            "2026-06-01-preview",
            "2026-03-01-preview",
            "2022-12-12",
            "2021-10-15"
        ]
    );
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn the_old_model_is_listed_and_refused() {
    let (_folder, azure) = builtin("old-refused").await;
    azure.put(&group_path("?api-version=2025-04-01"), east()).await.expect(201);
    azure.put_and_wait(&at(&namespace_id(), A.registry), bare()).await.expect(200);
    let credential = format!("{}/credentials/default", namespace_id());
    for (method, path, body) in [
        ("GET", credential.clone(), None),
        ("PUT", credential.clone(), Some(json!({"location": "eastus2"}))),
        ("PATCH", credential.clone(), Some(json!({"tags": {}}))),
        ("DELETE", credential.clone(), None),
        ("POST", format!("{credential}/synchronize"), None),
        ("GET", format!("{credential}/policies"), None),
        ("PUT", format!("{credential}/policies/default"), Some(json!({}))),
    ] {
        azure
            .arm(method, &at(&path, A.registry), body.as_ref())
            .await
            .refused(405, "DisallowedResourceOperation");
    }
    // Pointing at a namespace is over too.
    azure.put(&at(&dps(), A2.dps), dps_body()).await.refused(400, "400002");
    azure.sandbox.shutdown().await;
}

fn dps() -> String {
    group_path("/providers/Microsoft.Devices/provisioningServices/dps-sandbox")
}

/// Listing and serving are two settings: the new model works although nobody says so.
#[tokio::test]
async fn what_is_served_need_not_be_listed() {
    let text = "base = \"old-refused\"\n[latency]\nprincipal = 0\nrole_effective = 0\n\
        [types.\"Microsoft.DeviceRegistry\".\"namespaces/certificateAuthorities\"]\nlisted_versions = []\n\
        [types.\"Microsoft.DeviceRegistry\".\"namespaces/certificateAuthorities/certificatePolicies\"]\nlisted_versions = []\n\
        [types.\"Microsoft.DeviceRegistry\".namespaces]\nlisted_locations = [\"eastus\"]\n";
    let (_folder, azure) = world(text).await;
    assert_eq!((lists(&azure, CREDENTIALS).await, lists(&azure, AUTHORITIES).await), (true, false));
    let path = format!("{}/providers/Microsoft.DeviceRegistry?api-version=2021-04-01", Azure::subscription());
    let provider = azure.get(&path).await.expect(200);
    let namespaces = provider.body["resourceTypes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["resourceType"] == json!("namespaces"))
        .unwrap();
    assert_eq!(namespaces["locations"], json!(["East US"]));
    azure.put(&group_path("?api-version=2025-04-01"), east()).await.expect(201);
    azure.put_and_wait(&at(&namespace_id(), REGISTRY), bare()).await.expect(200);
    azure.put_and_wait(&at(&root_id(), REGISTRY), root_body()).await.expect(200);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_base_or_a_type_that_is_not_there_is_refused() {
    for (text, word) in [
        ("base = \"nowhere\"", "nowhere"),
        ("[types.\"Microsoft.Devices\".cats]\nrefused = true", "cats"),
        ("types = { \"Microsoft.Devices\" = 1 }", "Microsoft.Devices"),
        ("[types.\"Microsoft.Devices\".IotHubs]\nhidden = true", "hidden"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let world = WorldSource::Text(text.to_owned());
        let options = SandboxOptions { folder: folder.path().to_owned(), speed: 0.0, world, port: 0 };
        let error = hubup::sandbox::open(options).await.err().unwrap().to_string();
        assert!(error.contains(word), "{error}");
    }
}

/// Both setups, each whole, in one subscription.
#[tokio::test]
async fn both_models_live_side_by_side() {
    let both = LINKS.replace("links-2026", "both-models");
    let (_folder, azure) = world(&both).await;
    azure.make_everything(A2).await;
    let signed = azure.owner_signature(A2).await;
    azure.enrollment("GET", "group-1", &signed, None, None).await.expect(200);
    // The group is there already; everything else is made.
    azure.put_and_wait(&at(&super::setup::hub_id(), HUB), plain()).await.expect(200);
    azure.put_and_wait(&at(&super::setup::dps_id(), DPS), plain()).await.expect(200);
    azure.put_and_wait(&at(&namespace_id(), REGISTRY), bare()).await.expect(200);
    azure.grant(REGISTRY, &[]).await;
    let namespace = azure.link_with(REGISTRY, super::setup::linked()).await;
    assert_eq!(super::setup::states(&namespace), ["Succeeded", "Succeeded", "Succeeded"]);
    azure.make_authorities().await;
    azure.tell_data_plane().await;
    azure.enroll("PUT", super::setup::DATA, Some(&super::setup::enrollment_body())).await.expect(200);

    // Neither namespace takes children or writes of the other model.
    let credential = format!("{}/credentials/default", namespace_id());
    azure
        .put(&at(&credential, A.registry), json!({"location": "eastus2"}))
        .await
        .refused(405, "DisallowedResourceOperation");
    let old = crate::sandbox::setup::namespace_id();
    let authority = format!("{old}/certificateAuthorities/root-1");
    azure.put(&at(&authority, REGISTRY), root_body()).await.refused(405, "DisallowedResourceOperation");
    azure.put(&at(&old, REGISTRY), bare()).await.refused(409, "NamespaceModelConflict");
    azure.put(&at(&namespace_id(), A.registry), bare()).await.refused(409, "NamespaceModelConflict");
    // A hub that points at a namespace cannot be linked by another.
    let mut body = super::setup::hub_endpoint();
    body["resourceId"] = json!(crate::sandbox::setup::hub_id());
    let patch = json!({"properties": {"messaging": {"endpoints": {"hub-2": body}}}});
    let path = at(&namespace_id(), REGISTRY);
    let accepted = azure.arm("PATCH", &path, Some(&patch)).await.expect(202);
    azure.poll(&accepted.header("location")).await;
    let code = azure.get(&path).await.text("/properties/messaging/endpoints/hub-2/linkingError/code");
    assert!(code.starts_with("LinkableResource"), "{code}");
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_bare_namespace_is_of_the_model_it_was_last_written_in() {
    let both = LINKS.replace("links-2026", "both-models");
    let (_folder, azure) = world(&both).await;
    azure.put(&group_path("?api-version=2025-04-01"), east()).await.expect(201);
    azure.put_and_wait(&at(&namespace_id(), A.registry), bare()).await.expect(200);
    azure.put(&at(&root_id(), REGISTRY), root_body()).await.refused(405, "DisallowedResourceOperation");
    azure.put_and_wait(&at(&namespace_id(), REGISTRY), bare()).await.expect(200);
    assert_ne!(azure.principal_of(&namespace_id(), REGISTRY).await, "");
    azure.put_and_wait(&at(&root_id(), REGISTRY), root_body()).await.expect(200);
    azure.sandbox.shutdown().await;
}

/// The world before there was a new model answers as it did.
#[tokio::test]
async fn the_old_world_knows_nothing_of_the_new_model() {
    let (_folder, azure) = world(CALM).await;
    azure.make_everything(A).await;
    azure.put(&at(&root_id(), A.registry), root_body()).await.refused(404, "ResourceNotFound");
    azure
        .get(&at(&crate::sandbox::setup::namespace_id(), REGISTRY))
        .await
        .refused(400, "NoRegisteredProviderFound");
    let signed = azure.owner_signature(A).await;
    let path = "/enrollmentGroups/group-1?api-version=2026-11-01";
    let host = crate::sandbox::setup::DPS_HOST;
    azure
        .send("PUT", host, path, &[("authorization", &signed)], Some(&group_body("default")))
        .await
        .refused(400, "400003");
    azure.sandbox.shutdown().await;
}

/// Resources that are there when a world of the new model begins are of that model, and whole.
#[tokio::test]
async fn resources_may_be_there_from_the_start() {
    let group = group_path("");
    let resource = |kind: &str, name: &str, more: &str| {
        format!(
            "[[resources]]\nid = \"{group}/providers/{kind}/{name}\"\n[resources.body]\nlocation = \"eastus2\"\nidentity = {{ type = \"SystemAssigned\" }}\n{more}\n"
        )
    };
    let sku = "sku = { name = \"S1\", tier = \"Standard\", capacity = 1 }";
    let text = format!(
        "{LINKS}[[resources]]\nid = \"{group}\"\nbody = {{ location = \"eastus2\" }}\n{}{}{}",
        resource("Microsoft.Devices/IotHubs", "hub-links", sku),
        resource("Microsoft.Devices/provisioningServices", "dps-links", sku),
        resource("Microsoft.DeviceRegistry/namespaces", "ns-links", ""),
    );
    let (_folder, azure) = world(&text).await;
    azure.grant(REGISTRY, &[]).await;
    let namespace = azure.link_with(REGISTRY, super::setup::linked()).await;
    assert_eq!(
        super::setup::states(&namespace),
        ["Succeeded", "Succeeded", "Succeeded"],
        "{}",
        namespace.body
    );
    azure.make_authorities().await;
    azure.sandbox.shutdown().await;
}

/// A world of the earlier format opens, and is written in the present one.
#[tokio::test]
async fn a_world_kept_by_an_earlier_version_opens() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), CALM, 0.0).await;
    azure.make_group_and_identity().await;
    azure.sandbox.shutdown().await;
    let file = folder.path().join("world.json");
    let mut kept: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    kept["format"] = json!(1);
    kept["settings"].as_object_mut().unwrap().remove("links");
    kept.as_object_mut().unwrap().remove("link_hits");
    let latency = kept["settings"]["latency"].as_object_mut().unwrap();
    for name in ["link", "certificate_authority", "certificate_policy", "heal", "push", "fill_in"] {
        latency.remove(name).unwrap();
    }
    std::fs::write(&file, kept.to_string()).unwrap();
    let azure = Azure::open(folder.path(), CALM, 0.0).await;
    azure.get(&group_path("?api-version=2025-04-01")).await.expect(200);
    azure.sandbox.shutdown().await;
    let kept: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(kept["format"], json!(2));
}
