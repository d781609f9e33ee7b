//! Reading, listing, patching and deleting, of every kind.

use super::kinds::{ids, kinds, list_at, subscription, whole};
use crate::sandbox::links::setup::{self as links, at};
use crate::sandbox::setup::{A, dps_id, hub_id};
use crate::sandbox::support::{ARM, Azure, group_path};

/// How the service of a kind spells ids; only its own spelling differs from what was asked for.
fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_is_read_in_any_spelling_and_is_in_its_lists_once() {
    let (_folder, azure) = whole("").await;
    for kind in kinds(&azure).await {
        let name = kind.name;
        let read = azure.get(&kind.path()).await;
        assert_eq!(read.status, 200, "{name}: {}", read.body);
        let role = name == "role definition";
        assert!(role || same(&read.text("/id"), &kind.id), "{name}: {}", read.body);
        let (provider, kind_of) = kind.provider_and_type();
        assert!(same(&read.text("/type"), &format!("{provider}/{kind_of}")), "{name}: {}", read.body);
        assert_eq!(read.text("/name"), kind.id.rsplit('/').next().unwrap(), "{name}");
        let shouted = azure.get(&at(&kind.id.to_uppercase(), kind.version)).await;
        assert_eq!(shouted.status, 200, "{name}: {}", shouted.body);
        assert!(role || same(&shouted.text("/id"), &kind.id), "{name}: {}", shouted.body);
        for list in &kind.lists {
            let listed = azure.get(&list_at(&kind, list)).await;
            assert_eq!(listed.status, 200, "{name} in {list}: {}", listed.body);
            let id = if role { read.text("/id") } else { kind.id.clone() };
            let found = ids(&listed.body).iter().filter(|one| same(one, &id)).count();
            assert_eq!(found, 1, "{name} in {list}: {}", listed.body);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_takes_its_patch_or_refuses_the_method() {
    let (_folder, azure) = whole("").await;
    for kind in kinds(&azure).await {
        let name = kind.name;
        let Some((body, pointer, value)) = &kind.patch else {
            let refused = azure.arm("PATCH", &kind.path(), Some(&serde_json::json!({}))).await;
            assert_eq!(refused.status, 405, "{name}: {}", refused.body);
            continue;
        };
        let before = azure.get(&kind.path()).await.expect(200);
        let patched = azure.arm("PATCH", &kind.path(), Some(body)).await;
        assert!(matches!(patched.status, 200 | 202), "{name}: {} {}", patched.status, patched.body);
        let location = patched.header("location");
        if !location.is_empty() {
            azure.poll(&location).await.0.expect(200);
        }
        // A linked service shows the new tags when its data plane has been told.
        let mut after = azure.get(&kind.path()).await.expect(200);
        for _ in 0..3 {
            if after.body.pointer(pointer) != Some(value) {
                after = azure.get(&kind.path()).await.expect(200);
            }
        }
        assert_eq!(after.body.pointer(pointer), Some(value), "{name}: {}", after.body);
        // A PATCH changes nothing but what it says.
        let unchanged = ["/id", "/location", "/identity", "/sku", "/properties/provisioningState"];
        for pointer in unchanged {
            assert_eq!(after.body.pointer(pointer), before.body.pointer(pointer), "{name} {pointer}");
        }
        // One that says nothing leaves the tags.
        if pointer.starts_with("/tags") {
            let nothing = azure.arm("PATCH", &kind.path(), Some(&serde_json::json!({}))).await;
            let location = nothing.header("location");
            if !location.is_empty() {
                azure.poll(&location).await.0.expect(200);
            }
            let after = azure.get(&kind.path()).await.expect(200);
            assert_eq!(after.body.pointer(pointer), Some(value), "{name}: {}", after.body);
        }
    }
}

/// Deletes, whatever way the service has, and looks.
async fn delete(azure: &Azure, path: &str, name: &str) {
    let bearer = format!("Bearer {}", azure.token);
    let headers = [("authorization", bearer.as_str()), ("if-match", "*")];
    let accepted = azure.send("DELETE", ARM, path, &headers, None).await;
    match accepted.status {
        200 => {}
        202 => {
            let (done, _) = azure.poll(&accepted.header("location")).await;
            assert_eq!(done.status, 204, "{name}: {}", done.body);
        }
        other => panic!("{name}: {other} {}", accepted.body),
    }
    let gone = azure.get(path).await;
    assert_eq!(gone.status, 404, "{name}: {}", gone.body);
    let again = azure.send("DELETE", ARM, path, &headers, None).await;
    let wanted = if name == "group" { 404 } else { 204 };
    assert_eq!(again.status, wanted, "{name}: {}", again.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_is_deleted_and_leaves_its_lists() {
    let (_folder, azure) = whole("").await;
    for kind in kinds(&azure).await {
        delete(&azure, &kind.path(), kind.name).await;
        for list in &kind.lists {
            // Lists of what is gone with the group are gone too.
            let listed = azure.get(&list_at(&kind, list)).await;
            if listed.status == 404 {
                continue;
            }
            let found = ids(&listed.body).iter().any(|one| same(one, &kind.id));
            assert!(!found, "{} in {list}: {}", kind.name, listed.body);
        }
    }
    let left = azure.get(&at(&subscription("/resources"), "2025-04-01")).await.expect(200);
    assert_eq!(ids(&left.body), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_names_are_asked_for() {
    let (_folder, azure) = whole("").await;
    for (id, version, keys, owner) in [
        (hub_id(), A.hub, "IotHubKeys", "iothubowner"),
        (links::hub_id(), links::HUB, "IotHubKeys", "iothubowner"),
        (dps_id(), A.dps, "keys", "provisioningserviceowner"),
        (links::dps_id(), links::DPS, "keys", "provisioningserviceowner"),
    ] {
        let all = azure.arm("POST", &at(&format!("{id}/listkeys"), version), None).await.expect(200);
        let all = all.body["value"].as_array().unwrap().clone();
        assert!(all.iter().all(|key| key["primaryKey"].is_string() && key["rights"].is_string()), "{all:?}");
        let one = at(&format!("{id}/{keys}/{owner}/listkeys"), version);
        let one = azure.arm("POST", &one, None).await.expect(200);
        assert!(all.contains(&one.body), "{}", one.body);
        let none = at(&format!("{id}/{keys}/nobody/listkeys"), version);
        azure.arm("POST", &none, None).await.expect(404);
        // A GET never shows a key, and none lies in a list.
        let shown = azure.get(&at(&id, version)).await.expect(200).body.to_string();
        assert!(!shown.contains(&one.text("/primaryKey")), "{shown}");
    }
    for (action, version, taken) in [
        ("checkNameAvailability", A.hub, "hub-sandbox"),
        ("checkNameAvailability", links::HUB, "HUB-LINKS"),
        ("checkProvisioningServiceNameAvailability", A.dps, "dps-sandbox"),
        ("checkProvisioningServiceNameAvailability", links::DPS, "DPS-LINKS"),
    ] {
        let path = at(&subscription(&format!("/providers/Microsoft.Devices/{action}")), version);
        for (name, available, reason) in
            [(taken, false, "AlreadyExists"), ("-bad-", false, "Invalid"), ("nobody-has-it", true, "Invalid")]
        {
            let told = azure.arm("POST", &path, Some(&serde_json::json!({"name": name}))).await.expect(200);
            assert_eq!(
                (&told.body["nameAvailable"], told.text("/reason").as_str()),
                (&serde_json::json!(available), reason),
                "{action} {name}"
            );
        }
        azure.arm("POST", &path, Some(&serde_json::json!({}))).await.expect(400);
    }
    azure.arm("HEAD", &at(&group_path(""), "2025-04-01"), None).await.expect(204);
    azure.arm("HEAD", &at(&subscription("/resourceGroups/other"), "2025-04-01"), None).await.expect(404);
}
