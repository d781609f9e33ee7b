//! What a service says late, knob by knob: not before, however often one looks, and then by itself.
//!
//! Nothing here waits. A world in which everything else is at once runs at the pace of the clock, where an hour has not passed;
//! then the same folder is opened at a hundred thousand times that pace, and read until the hour has.

use serde_json::{Value, json};

use super::kinds::{GROUPS, subscription};
use crate::sandbox::links::setup::{self as links, at};
use crate::sandbox::setup::{
    A, ADR_CONTRIBUTOR, CONTRIBUTOR, CUSTOM_ROLE, HUB_APPLICATION, REGISTRY_CONTRIBUTOR, dps_body, dps_id,
    hub_body, hub_id, identity_id, namespace_id, role_body,
};
use crate::sandbox::support::{Azure, east, group_path};

/// Every knob of `[latency]` but `poll`, which is a header.
const KNOBS: [&str; 23] = [
    "namespace",
    "hub",
    "dps",
    "dps_update",
    "dps_data_plane",
    "credential",
    "policy",
    "sync",
    "hub_certificate",
    "principal",
    "role_effective",
    "role_definition",
    "register",
    "delete",
    "update",
    "let_go",
    "link",
    "certificate_authority",
    "certificate_policy",
    "heal",
    "push",
    "fill_in",
    "registration",
];

/// A world in which only one thing is late.
fn world_of(knob: &str, more: &str) -> String {
    let seconds = |name: &str| if name == knob { 3600 } else { 0 };
    let lines: Vec<String> = KNOBS.iter().map(|name| format!("{name} = {}", seconds(name))).collect();
    format!("base = \"both-models\"\n[latency]\npoll = 0\n{}\n{more}", lines.join("\n"))
}

/// Whether what `before` has begun is seen: not at the pace of the clock, but at a faster one.
async fn late(knob: &str, more: &str, before: impl AsyncFn(&Azure), seen: impl AsyncFn(&Azure) -> bool) {
    assert!(KNOBS.contains(&knob), "{knob}");
    let folder = tempfile::tempdir().unwrap();
    let world = world_of(knob, more);
    let azure = Azure::open(folder.path(), &world, 1.0).await;
    azure.put(&at(&group_path(""), GROUPS), east()).await.expect(201);
    before(&azure).await;
    for _ in 0..3 {
        assert!(!seen(&azure).await, "{knob} was seen too early");
    }
    azure.sandbox.shutdown().await;
    let azure = Azure::open(folder.path(), &world, 100_000.0).await;
    for _ in 0..1000 {
        if seen(&azure).await {
            return;
        }
    }
    panic!("{knob} is never seen");
}

async fn state(azure: &Azure, id: &str, version: &str) -> String {
    azure.get(&at(id, version)).await.text("/properties/provisioningState")
}

fn plain_hub() -> Value {
    let mut body = hub_body();
    body["properties"].as_object_mut().unwrap().remove("deviceRegistry");
    body
}

fn plain_dps() -> Value {
    let mut body = dps_body();
    body["properties"] = json!({});
    body
}

fn policy() -> Value {
    json!({"location": "eastus2", "properties": {"certificate": {
        "certificateAuthorityConfiguration": {"keyType": "ECC"},
        "leafCertificateConfiguration": {"validityPeriodInDays": 30},
    }}})
}

/// An id, a version, a body.
type Put = (String, &'static str, Value);

#[tokio::test(flavor = "multi_thread")]
async fn creations_and_changes_take_their_time() {
    let credential = format!("{}/credentials/default", namespace_id());
    let policy_id = format!("{credential}/policies/default");
    let rows: Vec<(&str, Vec<Put>)> = vec![
        ("namespace", vec![(namespace_id(), A.registry, east())]),
        ("credential", vec![(namespace_id(), A.registry, east()), (credential.clone(), A.registry, east())]),
        (
            "policy",
            vec![
                (namespace_id(), A.registry, east()),
                (credential, A.registry, east()),
                (policy_id, A.registry, policy()),
            ],
        ),
        ("hub", vec![(identity_id(), "2023-01-31", east()), (hub_id(), A.hub, plain_hub())]),
        ("dps", vec![(identity_id(), "2023-01-31", east()), (dps_id(), A.dps, plain_dps())]),
        (
            "dps_update",
            vec![
                (identity_id(), "2023-01-31", east()),
                (dps_id(), A.dps, plain_dps()),
                (dps_id(), A.dps, plain_dps()),
            ],
        ),
        (
            "certificate_authority",
            vec![
                (links::namespace_id(), links::REGISTRY, links::bare()),
                (links::root_id(), links::REGISTRY, links::root_body()),
            ],
        ),
    ];
    for (knob, puts) in rows {
        let (id, version, _) = puts.last().unwrap().clone();
        let before = async |azure: &Azure| {
            for (id, version, body) in &puts {
                let answer = azure.put(&at(id, version), body.clone()).await;
                assert!(matches!(answer.status, 200 | 201), "{knob}: {}", answer.body);
            }
        };
        late(knob, "", before, async |azure| state(azure, &id, version).await == "Succeeded").await;
    }
    let before = async |azure: &Azure| {
        for (id, body) in [
            (links::namespace_id(), links::bare()),
            (links::root_id(), links::root_body()),
            (links::ica_id(), links::ica_body()),
            (links::policy_id(), links::policy_body()),
        ] {
            azure.put(&at(&id, links::REGISTRY), body).await.expect(201);
        }
    };
    let seen = async |azure: &Azure| state(azure, &links::policy_id(), links::REGISTRY).await == "Succeeded";
    late("certificate_policy", "", before, seen).await;
    let before = async |azure: &Azure| {
        azure.put(&at(&namespace_id(), A.registry), east()).await.expect(201);
        azure
            .arm("PATCH", &at(&namespace_id(), A.registry), Some(&json!({"tags": {"a": "b"}})))
            .await
            .expect(202);
    };
    late("update", "", before, async |azure| state(azure, &namespace_id(), A.registry).await == "Succeeded")
        .await;
    let before = async |azure: &Azure| {
        azure.put(&at(&namespace_id(), A.registry), east()).await.expect(201);
        azure.arm("DELETE", &at(&namespace_id(), A.registry), None).await.expect(202);
    };
    late("delete", "", before, async |azure| azure.get(&at(&namespace_id(), A.registry)).await.status == 404)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_directory_and_the_roles_are_late() {
    // An identity's principal.
    let before = async |azure: &Azure| {
        azure.put(&at(&identity_id(), "2023-01-31"), east()).await.expect(201);
    };
    let seen = async |azure: &Azure| {
        let principal = azure.get(&at(&identity_id(), "2023-01-31")).await.text("/properties/principalId");
        let answer = azure.assign(&group_path(""), &principal, CONTRIBUTOR).await;
        assert!(answer.status < 300 || answer.code() == "PrincipalNotFound", "{}", answer.body);
        answer.status < 300
    };
    late("principal", "", before, seen).await;
    // A role that was defined.
    let before = async |azure: &Azure| {
        let role = group_path(&format!("/providers/Microsoft.Authorization/roleDefinitions/{CUSTOM_ROLE}"));
        azure.put(&at(&role, "2022-04-01"), role_body("a role")).await.expect(201);
    };
    let seen = async |azure: &Azure| {
        let answer = azure.assign(&group_path(""), HUB_APPLICATION, CUSTOM_ROLE).await;
        assert!(answer.status < 300 || answer.code() == "RoleDefinitionDoesNotExist", "{}", answer.body);
        answer.status < 300
    };
    late("role_definition", "", before, seen).await;
    // A role that was assigned: it is listed at once, and works later.
    let before = async |azure: &Azure| {
        azure.put(&at(&identity_id(), "2023-01-31"), east()).await.expect(201);
        azure.put(&at(&namespace_id(), A.registry), east()).await.expect(201);
        let principal = azure.get(&at(&identity_id(), "2023-01-31")).await.text("/properties/principalId");
        let assigned =
            azure.assign(&namespace_id(), &principal, ADR_CONTRIBUTOR).await.expect(201).text("/id");
        azure.get(&at(&assigned, "2022-04-01")).await.expect(200);
    };
    let seen = async |azure: &Azure| {
        let answer = azure.put(&at(&dps_id(), A.dps), dps_body()).await;
        assert!(answer.status < 300 || answer.code() == "400913", "{}", answer.body);
        answer.status < 300
    };
    late("role_effective", "", before, seen).await;
    // A provider that was registered.
    let provider = subscription("/providers/Microsoft.ManagedIdentity");
    let before = async |azure: &Azure| {
        azure.arm("POST", &at(&format!("{provider}/register"), GROUPS), None).await.expect(200);
    };
    let seen = async |azure: &Azure| {
        let told = azure.get(&at(&provider, GROUPS)).await.text("/registrationState");
        let answer = azure.put(&at(&identity_id(), "2023-01-31"), east()).await;
        assert!(answer.status < 300 || answer.code() == "MissingSubscriptionRegistration", "{}", answer.body);
        told == "Registered" && answer.status < 300
    };
    late("register", "[registration]\n\"Microsoft.ManagedIdentity\" = \"NotRegistered\"\n", before, seen)
        .await;
    // A deletion that others have not heard of.
    let before = async |azure: &Azure| {
        let role = group_path(&format!("/providers/Microsoft.Authorization/roleDefinitions/{CUSTOM_ROLE}"));
        azure.put(&at(&role, "2022-04-01"), role_body("a role")).await.expect(201);
        let assigned =
            azure.assign(&group_path(""), HUB_APPLICATION, CUSTOM_ROLE).await.expect(201).text("/id");
        azure.arm("DELETE", &at(&assigned, "2022-04-01"), None).await.expect(200);
    };
    let seen = async |azure: &Azure| {
        let role = group_path(&format!("/providers/Microsoft.Authorization/roleDefinitions/{CUSTOM_ROLE}"));
        let answer = azure.arm("DELETE", &at(&role, "2022-04-01"), None).await;
        assert!(answer.status < 300 || answer.code() == "RoleDefinitionHasAssignments", "{}", answer.body);
        answer.status < 300
    };
    late("let_go", "", before, seen).await;
}

/// The older model up to its hub, as it is where nothing is late.
async fn to_hub(azure: &Azure) {
    azure.put(&at(&identity_id(), "2023-01-31"), east()).await.expect(201);
    let principal = azure.get(&at(&identity_id(), "2023-01-31")).await.text("/properties/principalId");
    azure.assign(&group_path(""), HUB_APPLICATION, CONTRIBUTOR).await.expect(201);
    let body = json!({"location": "eastus2", "identity": {"type": "SystemAssigned"}});
    azure.put(&at(&namespace_id(), A.registry), body).await.expect(201);
    azure.assign(&namespace_id(), &principal, ADR_CONTRIBUTOR).await.expect(201);
    let credential = format!("{}/credentials/default", namespace_id());
    azure.put(&at(&credential, A.registry), east()).await.expect(201);
    azure.put(&at(&format!("{credential}/policies/default"), A.registry), policy()).await.expect(201);
    azure.put(&at(&hub_id(), A.hub), hub_body()).await.expect(201);
    let namespace = azure.get(&at(&namespace_id(), A.registry)).await.text("/identity/principalId");
    azure.assign(&hub_id(), &namespace, CONTRIBUTOR).await.expect(201);
    azure.assign(&hub_id(), &namespace, REGISTRY_CONTRIBUTOR).await.expect(201);
    azure.arm("POST", &at(&format!("{credential}/synchronize"), A.registry), None).await.expect(202);
}

#[tokio::test(flavor = "multi_thread")]
async fn trust_and_the_data_planes_are_late() {
    let seen = async |azure: &Azure| {
        let list = azure.get(&at(&format!("{}/certificates", hub_id()), A.hub)).await.expect(200);
        !list.body["value"].as_array().unwrap().is_empty()
    };
    late("sync", "", to_hub, seen).await;
    late("hub_certificate", "", to_hub, seen).await;
    let before = async |azure: &Azure| {
        azure.put(&at(&identity_id(), "2023-01-31"), east()).await.expect(201);
        azure.put(&at(&dps_id(), A.dps), plain_dps()).await.expect(201);
        assert_eq!(state(azure, &dps_id(), A.dps).await, "Succeeded");
    };
    let seen = async |azure: &Azure| {
        let signed = azure.owner_signature(A).await;
        let answer = azure.enrollment("GET", "none", &signed, None, None).await.expect(404);
        answer.code() == "404201"
    };
    late("dps_data_plane", "", before, seen).await;
    // A device's registration goes on while nobody looks.
    let before = async |azure: &Azure| {
        to_hub(azure).await;
        azure.put(&at(&dps_id(), A.dps), dps_body()).await.expect(201);
        azure.link(A, &azure.connection_string(A).await).await.expect(201);
        let signed = azure.owner_signature(A).await;
        let group = crate::sandbox::setup::group_body("default");
        azure.enrollment("PUT", "group-1", &signed, None, Some(&group)).await.expect(200);
        azure.begin_registration("group-1", "one").await.expect(202);
    };
    let seen = async |azure: &Azure| {
        let signed = azure.owner_signature(A).await;
        let headers = [("authorization", signed.as_str())];
        let path = "/registrations/one?api-version=2025-07-01-preview";
        let read = azure.send("GET", crate::sandbox::setup::DPS_HOST, path, &headers, None).await.expect(200);
        read.text("/status") == "assigned"
    };
    late("registration", "", before, seen).await;
}

/// The newer model up to its namespace.
async fn to_link(azure: &Azure) {
    azure.put(&at(&links::hub_id(), links::HUB), links::plain()).await.expect(201);
    azure.put(&at(&links::dps_id(), links::DPS), links::plain()).await.expect(201);
    azure.put(&at(&links::namespace_id(), links::REGISTRY), links::bare()).await.expect(201);
    azure.grant(links::REGISTRY, &[]).await;
    azure.put(&at(&links::namespace_id(), links::REGISTRY), links::linked()).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_and_what_follows_them_are_late() {
    let space = || at(&links::namespace_id(), links::REGISTRY);
    let seen = async |azure: &Azure| {
        links::states(&azure.get(&space()).await.expect(200)) == ["Succeeded", "Succeeded", "Succeeded"]
    };
    late("link", "", to_link, seen).await;
    let before = async |azure: &Azure| {
        to_link(azure).await;
        let states = links::states(&azure.get(&space()).await.expect(200));
        assert_eq!(states, ["Failed", "Succeeded", "Succeeded"]);
        azure.arm("PATCH", &space(), Some(&json!({"tags": {"heal": "me"}}))).await.expect(202);
    };
    late("heal", "[links]\nhalf_settled = true\n", before, seen).await;
    let before = async |azure: &Azure| {
        to_link(azure).await;
        let tags = json!({"tags": {"marker": "told"}});
        azure.arm("PATCH", &at(&links::dps_id(), links::DPS), Some(&tags)).await.expect(200);
    };
    let seen = async |azure: &Azure| {
        azure.get(&at(&links::dps_id(), links::DPS)).await.expect(200).text("/tags/marker") == "told"
    };
    late("push", "", before, seen).await;
    for (id, version, late_one) in [
        (links::hub_id(), links::HUB, "/identity/principalId"),
        (links::dps_id(), links::DPS, "/properties/idScope"),
    ] {
        let before = async |azure: &Azure| {
            azure.put(&at(&id, version), links::plain()).await.expect(201);
            assert_eq!(state(azure, &id, version).await, "Succeeded");
        };
        let seen = async |azure: &Azure| {
            let read = azure.get(&at(&id, version)).await.expect(200);
            !read.text(late_one).is_empty() && read.text("/properties/state") == "Active"
        };
        late("fill_in", "", before, seen).await;
    }
}

#[test]
fn every_knob_has_its_row_here() {
    let shipped = hubup::sandbox::builtin_worlds()[0].1.parse::<toml::Table>().unwrap();
    let knobs = shipped["latency"].as_table().unwrap().keys().filter(|name| *name != "poll");
    let mut listed: Vec<&str> = KNOBS.to_vec();
    listed.sort_unstable();
    let mut knobs: Vec<&str> = knobs.map(String::as_str).collect();
    knobs.sort_unstable();
    assert_eq!(listed, knobs);
    // Each is turned by a test of this file.
    let own = include_str!("consistency.rs");
    for knob in KNOBS {
        // Once in the list, and once where it is turned.
        assert!(own.matches(&format!("\"{knob}\"")).count() > 1, "{knob}");
    }
}
