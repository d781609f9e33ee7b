//! The `[links]` table of a world: each knob does what it says, and ends.

use serde_json::json;

use super::setup::{
    ADMINISTRATOR, DATA, LINKS, OTHER_REGISTRY, REGISTRY, at, bare, both_endpoints, enrollment_body, hub_id,
    linked, namespace_id, root_body, root_id, states, world,
};
use crate::sandbox::support::Azure;

fn with(knobs: &str) -> String {
    format!("{LINKS}[links]\n{knobs}\n")
}

const CODES: [&str; 7] = [
    "AdrMiNotAuthorized",
    "LinkableResourceNotReady",
    "AuthorizationFailed",
    "LinkInitiateFailed",
    "NamespaceMiTokenAcquisitionFailed",
    "OutboundIdentityUnavailable",
    "SomethingFinal",
];

#[tokio::test]
async fn every_code_fails_as_often_as_the_world_says() {
    for (index, code) in CODES.into_iter().enumerate() {
        let (kind, group, key) =
            if index % 2 == 0 { ("hub", "messaging", "hub-1") } else { ("dps", "provisioning", "dps-1") };
        let (_folder, azure) =
            world(&with(&format!("failures = [{{ endpoint = \"{kind}\", code = \"{code}\", times = 2 }}]")))
                .await;
        azure.make_unlinked().await;
        let path = at(&namespace_id(), REGISTRY);
        let accepted = azure.put(&path, linked()).await.expect(201);
        let (done, _) = azure.poll(&accepted.header("azure-asyncoperation")).await;
        assert_eq!((done.text("/status").as_str(), done.text("/error/code").as_str()), ("Failed", code));
        let failed = azure.get(&path).await.expect(200);
        let endpoint = failed.body["properties"][group]["endpoints"][key].clone();
        assert_eq!(
            (endpoint["linkingState"].clone(), endpoint["linkingError"]["code"].clone()),
            (json!("Failed"), json!(code))
        );
        assert_eq!(failed.text("/properties/provisioningState"), "Failed");
        // The failed endpoint alone goes again with the same body; its neighbour stands.
        let again = json!({"properties": {group: {"endpoints": {key: both_endpoints()[group]["endpoints"][key].clone()}}}});
        for wanted in ["Failed", "Succeeded"] {
            let accepted = azure.arm("PATCH", &path, Some(&again)).await.expect(202);
            azure.poll(&accepted.header("location")).await;
            let namespace = azure.get(&path).await.expect(200);
            let endpoint = namespace.body["properties"][group]["endpoints"][key].clone();
            assert_eq!(endpoint["linkingState"], json!(wanted), "{code}");
            assert_eq!(endpoint.get("linkingError").is_some(), wanted == "Failed");
            assert_eq!(namespace.text("/properties/provisioningState"), wanted);
        }
        azure.sandbox.shutdown().await;
    }
}

#[tokio::test]
async fn entries_of_the_script_follow_each_other_and_may_refuse_outright() {
    let script = "failures = [\
        { endpoint = \"hub\", code = \"AuthorizationFailed\", outright = true, message = \"Not yet.\" },\
        { endpoint = \"hub\", code = \"AdrMiNotAuthorized\" }]";
    let (_folder, azure) = world(&with(script)).await;
    azure.make_unlinked().await;
    let path = at(&namespace_id(), REGISTRY);
    let refused = azure.put(&path, linked()).await.refused(400, "AuthorizationFailed");
    assert_eq!(refused.text("/error/message"), "Not yet.");
    // Nothing was written.
    assert_eq!(states(&azure.get(&path).await), ["Succeeded", "", ""]);
    let namespace = azure.link_with(REGISTRY, linked()).await;
    assert_eq!(states(&namespace), ["Failed", "Failed", "Succeeded"]);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn both_endpoints_that_failed_go_again_in_the_same_put() {
    let script = "failures = [{ endpoint = \"hub\", code = \"AdrMiNotAuthorized\" }, { endpoint = \"dps\", code = \"LinkInitiateFailed\" }]";
    let (_folder, azure) = world(&with(script)).await;
    azure.make_unlinked().await;
    let failed = azure.link_with(REGISTRY, linked()).await;
    assert_eq!(states(&failed), ["Failed", "Failed", "Failed"]);
    let namespace = azure.link_with(REGISTRY, linked()).await;
    assert_eq!(states(&namespace), ["Succeeded", "Succeeded", "Succeeded"]);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_hub_shows_that_its_link_failed() {
    let (_folder, azure) =
        world(&with("failures = [{ endpoint = \"hub\", code = \"LinkInitiateFailed\" }]")).await;
    azure.make_unlinked().await;
    azure.link_with(REGISTRY, linked()).await;
    let hub = azure.get(&at(&hub_id(), super::setup::HUB)).await.expect(200);
    let link = &hub.body["properties"]["deviceRegistry"];
    assert_eq!(link["linkingProperties"]["state"], json!("Failed"));
    assert_eq!(link["linkingProperties"]["error"]["code"], json!("ADRLinkingFailed"));
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn reads_leave_out_the_service_for_a_while() {
    let (_folder, azure) = world(&with("omits_dps_polls = 2")).await;
    azure.make_unlinked().await;
    let path = at(&namespace_id(), REGISTRY);
    let accepted = azure.put(&path, linked()).await.expect(201);
    azure.poll(&accepted.header("azure-asyncoperation")).await;
    for wanted in ["", "", "Succeeded", "Succeeded"] {
        let namespace = azure.get(&path).await.expect(200);
        assert_eq!(states(&namespace), ["Succeeded", "Succeeded", wanted]);
    }
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_half_settled_namespace_heals_by_tags_alone() {
    let (_folder, azure) = world(&with("half_settled = true\nheal_needed_polls = 2")).await;
    azure.make_unlinked().await;
    let path = at(&namespace_id(), REGISTRY);
    let half = azure.link_with(REGISTRY, linked()).await;
    assert_eq!(states(&half), ["Failed", "Succeeded", "Succeeded"]);
    azure.put(&at(&root_id(), REGISTRY), root_body()).await.refused(409, "ResourceProvisioningFailed");
    azure.put(&path, linked()).await.refused(400, "LinkedEndpointImmutable");
    azure.put(&path, bare()).await.refused(409, "EndpointUsedByNestedDevices");
    // Anything but tags alone heals nothing.
    let more = json!({"tags": {"owner": "tests"}, "identity": {"type": "SystemAssigned"}});
    let accepted = azure.arm("PATCH", &path, Some(&more)).await.expect(202);
    azure.poll(&accepted.header("location")).await;
    assert_eq!(states(&azure.get(&path).await), ["Failed", "Succeeded", "Succeeded"]);
    let marked = json!({"tags": {"owner": "tests", "heal": "1"}});
    let accepted = azure.arm("PATCH", &path, Some(&marked)).await.expect(202);
    assert_eq!(azure.get(&path).await.text("/properties/provisioningState"), "Failed");
    azure.poll(&accepted.header("location")).await;
    for wanted in ["Failed", "Failed", "Succeeded"] {
        let namespace = azure.get(&path).await.expect(200);
        assert_eq!(states(&namespace), [wanted, "Succeeded", "Succeeded"]);
        assert_eq!(namespace.body["tags"], marked["tags"]);
    }
    azure.put(&at(&root_id(), REGISTRY), root_body()).await.expect(201);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn tags_do_not_heal_a_link_that_failed() {
    let (_folder, azure) =
        world(&with("failures = [{ endpoint = \"hub\", code = \"AdrMiNotAuthorized\", times = 9 }]")).await;
    azure.make_unlinked().await;
    azure.link_with(REGISTRY, linked()).await;
    let path = at(&namespace_id(), REGISTRY);
    let accepted = azure.arm("PATCH", &path, Some(&json!({"tags": {"heal": "1"}}))).await.expect(202);
    azure.poll(&accepted.header("location")).await;
    assert_eq!(states(&azure.get(&path).await), ["Failed", "Failed", "Succeeded"]);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn finished_links_are_found_under_updating() {
    let (_folder, azure) = world(&with("moves_to_updating = true")).await;
    azure.make_unlinked().await;
    let namespace = azure.link_with(REGISTRY, linked()).await;
    assert_eq!(states(&namespace), ["Succeeded", "", ""]);
    for key in ["hub-1", "dps-1"] {
        let endpoint = &namespace.body["properties"]["updating"]["endpoints"][key];
        assert_eq!(endpoint["linkingState"], json!("Succeeded"));
    }
    azure.put(&at(&namespace_id(), REGISTRY), linked()).await.refused(400, "LinkedEndpointImmutable");
    azure.sandbox.shutdown().await;
}

/// Grants that were made to the principal of one version are void at another.
#[tokio::test]
async fn each_version_has_its_principal() {
    let (_folder, azure) = world(LINKS).await;
    azure.make_unlinked().await;
    let ours = azure.principal_of(&namespace_id(), REGISTRY).await;
    let theirs = azure.principal_of(&namespace_id(), OTHER_REGISTRY).await;
    assert_ne!(ours, theirs);
    assert_eq!(azure.principal_of(&namespace_id(), REGISTRY).await, ours);
    let namespace = azure.link_with(OTHER_REGISTRY, linked()).await;
    assert_eq!(states(&namespace), ["Failed", "Failed", "Failed"]);
    let error = namespace.text("/properties/messaging/endpoints/hub-1/linkingError/message");
    assert!(error.contains(&theirs), "{error}");
    let namespace = azure.link_with(REGISTRY, linked()).await;
    assert_eq!(states(&namespace), ["Succeeded", "Succeeded", "Succeeded"]);
    azure.sandbox.shutdown().await;

    let (_folder, azure) = world(&with("principal_per_version = false")).await;
    azure.make_unlinked().await;
    assert_eq!(
        azure.principal_of(&namespace_id(), REGISTRY).await,
        azure.principal_of(&namespace_id(), OTHER_REGISTRY).await
    );
    let namespace = azure.link_with(OTHER_REGISTRY, linked()).await;
    assert_eq!(states(&namespace), ["Succeeded", "Succeeded", "Succeeded"]);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_version_may_never_link() {
    let (_folder, azure) = world(&with("disabled_versions = [\"2026-11-02-preview\"]")).await;
    azure.make_unlinked().await;
    for _ in 0..3 {
        let namespace = azure.link_with(REGISTRY, linked()).await;
        for group in ["messaging/endpoints/hub-1", "provisioning/endpoints/dps-1"] {
            let code = namespace.text(&format!("/properties/{group}/linkingError/code"));
            assert_eq!(code, "LinkableResourceNotReady");
        }
    }
    // A namespace of which no link stands goes, and another version may have it.
    azure.delete_and_wait(&at(&namespace_id(), REGISTRY)).await;
    azure.put_and_wait(&at(&namespace_id(), OTHER_REGISTRY), bare()).await.expect(200);
    azure.grant_namespace(OTHER_REGISTRY).await;
    let namespace = azure.link_with(OTHER_REGISTRY, linked()).await;
    assert_eq!(states(&namespace), ["Succeeded", "Succeeded", "Succeeded"], "{}", namespace.body);
    azure.sandbox.shutdown().await;
}

impl Azure {
    /// The rows of a namespace that was made anew; those on it went with the one before.
    async fn grant_namespace(&self, version: &str) {
        self.grant(version, &[8]).await;
    }
}

#[tokio::test]
async fn a_ghost_namespace_wants_its_endpoints() {
    let (_folder, azure) = world(&with("ghost = true")).await;
    azure.make_devices().await;
    let path = at(&namespace_id(), REGISTRY);
    azure.put(&path, bare()).await.refused(409, "EndpointUsedByNestedDevices");
    azure.get(&path).await.expect(404);
    let namespace = azure.link_with(REGISTRY, linked()).await;
    assert_eq!(states(&namespace), ["Failed", "Failed", "Failed"]);
    azure.delete_and_wait(&path).await;
    // It is a ghost no more.
    azure.put_and_wait(&path, bare()).await.expect(200);
    azure.grant(REGISTRY, &[]).await;
    let namespace = azure.link_with(REGISTRY, linked()).await;
    assert_eq!(states(&namespace), ["Succeeded", "Succeeded", "Succeeded"]);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_world_may_need_no_push_and_fewer_roles() {
    let (_folder, azure) = world(&with("push_needed = false\nroles_needed = [1, 2, 7]")).await;
    azure.make_devices().await;
    azure.put_and_wait(&at(&namespace_id(), REGISTRY), bare()).await.expect(200);
    azure.grant(REGISTRY, &[3, 4, 5, 6, 8]).await;
    let namespace = azure.link_with(REGISTRY, linked()).await;
    assert_eq!(states(&namespace), ["Succeeded", "Succeeded", "Succeeded"]);
    azure.make_authorities().await;
    azure.enroll("PUT", DATA, Some(&enrollment_body())).await.expect(200);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn the_role_of_the_new_model_is_there() {
    let (_folder, azure) = world(LINKS).await;
    let path = format!(
        "{}/providers/Microsoft.Authorization/roleDefinitions/{ADMINISTRATOR}?api-version=2022-04-01",
        Azure::subscription()
    );
    assert_eq!(
        azure.get(&path).await.expect(200).text("/properties/roleName"),
        "Azure Device Registry Administrator"
    );
    azure.sandbox.shutdown().await;
}

/// A wrong table is refused with a sentence when the world is opened.
#[tokio::test]
async fn knobs_that_do_not_exist_are_refused() {
    for (knob, word) in [
        ("rows = 1", "rows"),
        ("roles_needed = [9]", "roles_needed"),
        ("failures = [{ endpoint = \"cat\", code = \"X\" }]", "cat"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let world = hubup::sandbox::WorldSource::Text(with(knob));
        let options =
            hubup::sandbox::SandboxOptions { folder: folder.path().to_owned(), speed: 0.0, world, port: 0 };
        let error = hubup::sandbox::open(options).await.err().unwrap().to_string();
        assert!(error.contains(word), "{error}");
    }
}
