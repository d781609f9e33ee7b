//! Not found, taken, in use, held, locked: the same questions asked of every kind.

use serde_json::json;

use super::kinds::{GROUPS, both, kinds, subscription, whole};
use crate::sandbox::links::setup::{self as links, at, world};
use crate::sandbox::setup::{A, dps_body, dps_id, hub_body, hub_id, identity_id, namespace_id};
use crate::sandbox::support::{CALM, east, group_path};

/// Kinds that lie below another, with the name of what is above.
const PARENTS: [(&str, &str); 6] = [
    ("hub certificate", "hub-sandbox"),
    ("certificate policy", "ica-1"),
    ("issuing authority", "ns-links"),
    ("root authority", "ns-links"),
    ("policy", "ns-1"),
    ("credential", "ns-1"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_subscription_group_parent_or_name_is_not_found() {
    let (_folder, azure) = whole("").await;
    let nobody = "99999999-9999-4999-8999-999999999999";
    for kind in kinds(&azure).await {
        let name = kind.name;
        let get = async |id: &str| azure.get(&at(id, kind.version)).await;
        let own = crate::sandbox::support::SUBSCRIPTION;
        let answer = get(&kind.id.replacen(own, nobody, 1)).await;
        assert_eq!((answer.status, answer.code().as_str()), (404, "SubscriptionNotFound"), "{name}");
        if kind.id.contains("/resourceGroups/devices") {
            let answer = get(&kind.id.replacen("/devices", "/nowhere", 1)).await;
            assert_eq!((answer.status, answer.code().as_str()), (404, "ResourceGroupNotFound"), "{name}");
        }
        // The other group exists, and holds nothing.
        let second = subscription("/resourceGroups/second");
        azure.put(&at(&second, GROUPS), east()).await;
        if kind.id.contains("/providers/") && kind.id.contains("/resourceGroups/devices") {
            let answer = get(&kind.id.replacen("/devices", "/second", 1)).await;
            assert_eq!(answer.status, 404, "{name}: {}", answer.body);
        }
        let other = kind.id[..kind.id.rfind('/').unwrap()].to_owned();
        let last = if name.starts_with("role") { nobody } else { "not-there" };
        let answer = get(&format!("{other}/{last}")).await;
        let (status, code) = match name {
            "role assignment" => (404, "RoleAssignmentNotFound"),
            "role definition" => (404, "RoleDefinitionDoesNotExist"),
            "group" => (404, "ResourceGroupNotFound"),
            // There is one credential, and its name is fixed.
            "credential" => (400, "InvalidResourceName"),
            _ => (404, "ResourceNotFound"),
        };
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{name}: {}", answer.body);
        if let Some((_, above)) = PARENTS.iter().find(|(known, _)| *known == name) {
            let orphan = kind.id.replacen(&format!("/{above}/"), "/no-parent/", 1);
            assert_ne!(orphan, kind.id, "{name}");
            assert_eq!(get(&orphan).await.status, 404, "{name}");
            let list = orphan[..orphan.rfind('/').unwrap()].to_owned();
            let answer = get(&list).await;
            assert_eq!(answer.status, 404, "{name} in {list}: {}", answer.body);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_another_subscription_or_somebody_outside_has_is_taken() {
    let (_folder, azure) = world(&both("[names]\ntaken = [\"contoso-thing\"]\n")).await;
    azure.make_everything(A).await;
    let second = "/subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/other";
    azure.put(&at(second, GROUPS), east()).await.expect(201);
    let plain = links::plain();
    for (kind, version, taken, status, code) in [
        ("IotHubs", links::HUB, "HUB-Sandbox", 409, "IH409004"),
        ("IotHubs", links::HUB, "Contoso-Thing", 409, "IH409004"),
        ("provisioningServices", links::DPS, "DPS-Sandbox", 400, "400307"),
        ("provisioningServices", links::DPS, "contoso-thing", 400, "400307"),
    ] {
        let path = at(&format!("{second}/providers/Microsoft.Devices/{kind}/{taken}"), version);
        azure.put(&path, plain.clone()).await.refused(status, code);
        azure.get(&path).await.refused(404, "ResourceNotFound");
    }
    // What is named within its group may be named so in each.
    let path = identity_id().replacen(&group_path(""), second, 1);
    azure.put(&at(&path, "2023-01-31"), east()).await.expect(201);
    let path = namespace_id().replacen(&group_path(""), second, 1);
    azure.put(&at(&path, A.registry), east()).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_need_is_not_deleted() {
    let (_folder, azure) = whole("").await;
    let delete = async |id: &str, version: &str| azure.arm("DELETE", &at(id, version), None).await;
    delete(&namespace_id(), A.registry).await.refused(409, "NamespaceHasLinkedResources");
    delete(&links::namespace_id(), links::REGISTRY).await.refused(409, "CannotDeleteResource");
    delete(&format!("{}/credentials/default", namespace_id()), A.registry)
        .await
        .refused(409, "CannotDeleteResource");
    delete(&links::ica_id(), links::REGISTRY).await.refused(409, "CannotDeleteResource");
    delete(&links::root_id(), links::REGISTRY).await.refused(409, "CannotDeleteResource");
    let principal = azure.get(&at(&identity_id(), "2023-01-31")).await.text("/properties/principalId");
    let role = crate::sandbox::setup::CUSTOM_ROLE;
    azure.assign(&group_path(""), &principal, role).await.expect(201);
    let definition = group_path(&format!("/providers/Microsoft.Authorization/roleDefinitions/{role}"));
    delete(&definition, "2022-04-01").await.refused(400, "RoleDefinitionHasAssignments");
    // The hub that another namespace links already.
    let other = group_path("/providers/Microsoft.DeviceRegistry/namespaces/ns-other");
    azure.put(&at(&other, links::REGISTRY), links::linked()).await.expect(201);
    let settled = azure.settled(&at(&other, links::REGISTRY)).await;
    assert_ne!(settled.text("/properties/messaging/endpoints/hub-1/linkingState"), "Succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_goes_takes_nothing_new() {
    let (_folder, azure) = whole("").await;
    let table = kinds(&azure).await;
    azure.arm("DELETE", &at(&group_path(""), GROUPS), None).await.expect(202);
    for (id, version, body) in [
        (identity_id(), "2023-01-31", east()),
        (namespace_id(), A.registry, east()),
        (hub_id(), A.hub, hub_body()),
        (dps_id(), A.dps, dps_body()),
        (group_path(""), GROUPS, east()),
    ] {
        azure.put(&at(&id, version), body).await.refused(409, "ResourceGroupBeingDeleted");
    }
    for kind in &table {
        if kind.patch.is_some() {
            let refused = azure.arm("PATCH", &kind.path(), Some(&json!({"tags": {}}))).await;
            assert_eq!(refused.code(), "ResourceGroupBeingDeleted", "{}: {}", kind.name, refused.body);
        }
    }
    // What is in it can be read until it is gone.
    azure.get(&at(&identity_id(), "2023-01-31")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_keeps_what_it_is_on_and_what_holds_it() {
    let lock = |level: &str| {
        format!("{CALM}[[locks]]\nname = \"frozen\"\nscope = \"{}\"\nlevel = \"{level}\"\n", identity_id())
    };
    for (level, changes) in [("CanNotDelete", 200), ("ReadOnly", 409)] {
        let (_folder, azure) = world(&lock(level)).await;
        azure.put(&at(&group_path(""), GROUPS), east()).await.expect(201);
        let own = at(&identity_id(), "2023-01-31");
        let made = azure.put(&own, east()).await;
        assert_eq!(made.status, if level == "ReadOnly" { 409 } else { 201 }, "{}", made.body);
        if level == "CanNotDelete" {
            azure.arm("PATCH", &own, Some(&json!({"tags": {}}))).await.expect(changes);
            azure.arm("DELETE", &own, None).await.refused(409, "ScopeLocked");
        }
        // Deleting the group would delete what is locked.
        let group = at(&group_path(""), GROUPS);
        azure.arm("DELETE", &group, None).await.refused(409, "ScopeLocked");
        azure.arm("PATCH", &group, Some(&json!({"tags": {}}))).await.expect(200);
        let neighbour = at(&identity_id().replace("uami", "free"), "2023-01-31");
        azure.put(&neighbour, east()).await.expect(201);
        azure.arm("DELETE", &neighbour, None).await.expect(200);
        // Locks are listed at the scope, and from above and below.
        for scope in [identity_id(), group_path(""), subscription("")] {
            let path = format!("{scope}/providers/Microsoft.Authorization/locks?api-version=2016-09-01");
            if scope == identity_id() && level == "ReadOnly" {
                continue;
            }
            assert_eq!(azure.get(&path).await.expect(200).text("/value/0/properties/level"), level);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_denies_by_tag_and_by_place_and_tells_which() {
    let rules = "[[policies]]\nname = \"tagged\"\neffect = \"Deny\"\ntypes = [\"Microsoft.ManagedIdentity/*\", \"Microsoft.Devices/*\"]\nrequires_tag = \"costCentre\"\n[[policies]]\nname = \"near\"\neffect = \"Audit\"\ntypes = [\"*\"]\nlocations = [\"westeurope\"]\n";
    let (_folder, azure) = world(&format!("{CALM}{rules}")).await;
    azure.put(&at(&group_path(""), GROUPS), east()).await.expect(201);
    for (id, version) in [(identity_id(), "2023-01-31"), (hub_id(), A.hub), (dps_id(), A.dps)] {
        let refused = azure.put(&at(&id, version), east()).await.refused(403, "RequestDisallowedByPolicy");
        assert!(refused.text("/error/message").contains("tagged"), "{}", refused.body);
    }
    let body = json!({"location": "eastus2", "tags": {"CostCentre": "1"}});
    azure.put(&at(&identity_id(), "2023-01-31"), body).await.expect(201);
    // What is only audited passes, and is told by the question.
    let ask =
        group_path("/providers/Microsoft.PolicyInsights/checkPolicyRestrictions?api-version=2022-03-01");
    let content = json!({"resourceDetails": {"resourceContent": {"type": "Microsoft.Devices/IotHubs", "location": "eastus2"}}});
    let told = azure.arm("POST", &ask, Some(&content)).await.expect(200);
    let effects: Vec<&str> = told.body["contentEvaluationResult"]["policyEvaluations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["effectDetails"]["policyEffect"].as_str().unwrap())
        .collect();
    assert_eq!(effects, ["Deny", "Audit"]);
}
