//! What a world remembers does not grow with what is asked of it.

use serde_json::{Value, json};

use super::kinds::{both, whole};
use crate::sandbox::links::setup::{self as links, at, world};
use crate::sandbox::setup::{A, CONTRIBUTOR, namespace_id};
use crate::sandbox::support::{Azure, east, group_path};

/// What lies on disk under a name.
fn kept(folder: &tempfile::TempDir, name: &str) -> usize {
    let text = std::fs::read(folder.path().join("world.json")).unwrap();
    let world: Value = serde_json::from_slice(&text).unwrap();
    world[name]
        .as_object()
        .map(serde_json::Map::len)
        .or_else(|| world[name].as_array().map(Vec::len))
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_that_nobody_follows_are_forgotten_in_the_end() {
    let (folder, azure) = whole("").await;
    let synchronize = at(&format!("{}/credentials/default/synchronize", namespace_id()), A.registry);
    let mut first = String::new();
    for turn in 0..160 {
        let accepted = azure.arm("POST", &synchronize, None).await.expect(202);
        if turn == 0 {
            first = accepted.header("location");
        }
        let tags = json!({"tags": {"turn": turn.to_string()}});
        azure.arm("PATCH", &at(&links::dps_id(), links::DPS), Some(&tags)).await.expect(200);
    }
    assert!(kept(&folder, "operations") <= 300, "{}", kept(&folder, "operations"));
    // The newest is there to be followed, the oldest is not known any more.
    let newest = azure.arm("POST", &synchronize, None).await.expect(202).header("location");
    azure.poll(&newest).await.0.expect(200);
    azure.get(&first.replacen("https://management.azure.com", "", 1)).await.refused(404, "ResourceNotFound");
    // Long as status URLs are, the world keeps little of each.
    let size = std::fs::metadata(folder.path().join("world.json")).unwrap().len();
    assert!(newest.len() > 4096 && size < 1_000_000, "{size} bytes");
}

/// Makes and deletes under a new name each time.
async fn round(azure: &Azure, turn: u32) {
    let group = group_path("").replace("devices", &format!("devices-{turn}"));
    azure.put(&at(&group, "2025-04-01"), east()).await.expect(201);
    let space = format!("{group}/providers/Microsoft.DeviceRegistry/namespaces/space");
    let body = json!({"location": "eastus2", "identity": {"type": "SystemAssigned"}});
    let made = azure.put_and_wait(&at(&space, A.registry), body).await.expect(200);
    let principal = made.text("/identity/principalId");
    azure.assign(&group, &principal, CONTRIBUTOR).await.expect(201);
    let accepted = azure.arm("DELETE", &at(&group, "2025-04-01"), None).await.expect(202);
    azure.poll(&accepted.header("location")).await.0.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_leaves_nothing_behind() {
    let (folder, azure) = world(&both("")).await;
    round(&azure, 0).await;
    let names = [
        "resources",
        "principals",
        "assignments",
        "roles",
        "echoes",
        "enrollment_groups",
        "veils",
        "registrations",
    ];
    let before = names.map(|name| kept(&folder, name));
    for turn in 1..=5 {
        round(&azure, turn).await;
    }
    assert_eq!(names.map(|name| kept(&folder, name)), before, "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_gives_up_its_identity_has_no_principal() {
    let (folder, azure) = world(&both("")).await;
    azure.put(&at(&group_path(""), "2025-04-01"), east()).await.expect(201);
    let before = kept(&folder, "principals");
    let path = at(&namespace_id(), A.registry);
    azure.make_namespace(A).await;
    assert_eq!(kept(&folder, "principals"), before + 1);
    let none = json!({"identity": {"type": "None"}});
    let accepted = azure.arm("PATCH", &path, Some(&none)).await.expect(202);
    azure.poll(&accepted.header("location")).await.0.expect(200);
    assert_eq!(azure.get(&path).await.expect(200).body["identity"], json!({"type": "None"}));
    assert_eq!(kept(&folder, "principals"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_that_are_over_are_forgotten() {
    let (folder, azure) = world("[sign_in]\ndevice_seconds = 0\n").await;
    let base = format!("http://{}/organizations/oauth2/v2.0", azure.sandbox.address());
    let client = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
    for _ in 0..5 {
        let post = async |path: &str, form: &[(&str, &str)]| {
            let request = azure.client.post(format!("{base}/{path}"));
            Azure::read(request.header("host", "login.microsoftonline.com").form(form)).await
        };
        let scope = "https://management.azure.com/.default";
        let code = post("devicecode", &[("client_id", client), ("scope", scope)]).await.expect(200);
        let code = code.text("/device_code");
        let grant = "urn:ietf:params:oauth:grant-type:device_code";
        let form = [("grant_type", grant), ("client_id", client), ("device_code", code.as_str())];
        post("token", &form).await.expect(400);
    }
    assert_eq!(kept(&folder, "sign_ins"), 0);
}
