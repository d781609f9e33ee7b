//! The shipped worlds open, and offer what their names say.

use hubup::sandbox::{SandboxOptions, WorldSource, builtin_worlds};

use super::setup::{A, A2, namespace_id};
use super::support::{Azure, SUBSCRIPTION, east};

async fn builtin(name: &str) -> (tempfile::TempDir, Azure) {
    let folder = tempfile::tempdir().unwrap();
    let world = WorldSource::Builtin(name.to_owned());
    let azure =
        Azure::with(SandboxOptions { folder: folder.path().to_owned(), speed: 0.0, world, port: 0 }).await;
    (folder, azure)
}

#[tokio::test]
async fn every_shipped_world_signs_in_and_lists_its_providers() {
    for (name, _) in builtin_worlds() {
        let (_folder, azure) = builtin(name).await;
        let subscriptions = azure.get("/subscriptions?api-version=2022-12-01").await.expect(200);
        assert_eq!(subscriptions.text("/value/0/subscriptionId"), SUBSCRIPTION);
        for provider in ["Microsoft.DeviceRegistry", "Microsoft.Devices", "Microsoft.ManagedIdentity"] {
            let found = azure
                .get(&format!("/subscriptions/{SUBSCRIPTION}/providers/{provider}?api-version=2025-04-01"))
                .await
                .expect(200);
            let missing = name == &"obstacles" && provider == "Microsoft.ManagedIdentity";
            let wanted = if missing { "NotRegistered" } else { "Registered" };
            assert_eq!(found.text("/registrationState"), wanted, "{name}");
        }
        azure.sandbox.shutdown().await;
    }
}

#[tokio::test]
async fn march_offers_only_its_own_versions() {
    let (_folder, azure) = builtin("march-2026").await;
    azure.make_group_and_identity().await;
    let refused = azure
        .put(&format!("{}?api-version={}", namespace_id(), A.registry), east())
        .await
        .refused(400, "NoRegisteredProviderFound");
    assert!(refused.text("/error/message").contains("2026-03-01-preview"));
    azure.make_namespace(A2).await;
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn where_nothing_is_offered_credentials_do_not_exist() {
    let (_folder, azure) = builtin("nothing-offered").await;
    azure.make_group_and_identity().await;
    let path = format!("{}/credentials/default?api-version=2026-04-01", namespace_id());
    let answer = azure.put(&path, east()).await;
    assert!(answer.status == 405 || answer.status == 404, "{} {}", answer.status, answer.body);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn neighbours_hold_their_names() {
    let (_folder, azure) = builtin("neighbours").await;
    let base = format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Devices");
    let body = serde_json::json!({"name": "Neighbour-Hub"});
    let taken = azure
        .arm("POST", &format!("{base}/checkNameAvailability?api-version={}", A.hub), Some(&body))
        .await
        .expect(200);
    assert_eq!(
        (taken.body["nameAvailable"].as_bool(), taken.text("/reason").as_str()),
        (Some(false), "AlreadyExists")
    );
    let body = serde_json::json!({"name": "neighbour-dps"});
    let path = format!("{base}/checkProvisioningServiceNameAvailability?api-version={}", A.dps);
    assert_eq!(
        azure.arm("POST", &path, Some(&body)).await.expect(200).body["nameAvailable"].as_bool(),
        Some(false)
    );
    let hubs = azure.get(&format!("{base}/IotHubs?api-version={}", A.hub)).await.expect(200);
    assert_eq!(hubs.text("/value/0/properties/state"), "Active");
    let listed = azure
        .get(&format!(
            "/subscriptions/{SUBSCRIPTION}/resources?api-version=2025-04-01&$filter=tagName%20eq%20'owner'"
        ))
        .await
        .expect(200);
    assert_eq!(listed.body["value"].as_array().unwrap().len(), 1);
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn groups_are_listed_by_their_tags() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), "", 0.0).await;
    let groups = format!("/subscriptions/{SUBSCRIPTION}/resourcegroups");
    for (name, tags) in [
        ("one", serde_json::json!({"Owner": "ann"})),
        ("two", serde_json::json!({"owner": "ben"})),
        ("none", serde_json::json!({})),
    ] {
        let body = serde_json::json!({"location": "eastus2", "tags": tags});
        azure.put(&format!("{groups}/{name}?api-version=2025-04-01"), body).await.expect(201);
    }
    for (filter, wanted) in [
        ("", 3),
        ("&$filter=tagName%20eq%20'owner'", 2),
        ("&$filter=tagName%20eq%20'owner'%20and%20tagValue%20eq%20'ben'", 1),
    ] {
        let listed = azure.get(&format!("{groups}?api-version=2025-04-01{filter}")).await.expect(200);
        assert_eq!(listed.body["value"].as_array().unwrap().len(), wanted, "{filter}");
    }
    azure
        .get(&format!("{groups}?api-version=2025-04-01&$filter=resourceType%20eq%20'x'"))
        .await
        .refused(400, "InvalidFilterInQueryString");
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn long_lists_come_in_pages() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), "[paging]\nitems = 4\n", 0.0).await;
    let mut next = format!(
        "/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions?api-version=2022-04-01"
    );
    let (mut names, mut pages) = (Vec::new(), 0);
    while !next.is_empty() {
        let page = azure.get(&next).await.expect(200);
        let entries = page.body["value"].as_array().unwrap();
        assert!(!entries.is_empty() && entries.len() <= 4);
        names.extend(entries.iter().map(|role| role["name"].as_str().unwrap().to_owned()));
        next = page.text("/nextLink").replacen("https://management.azure.com", "", 1);
        pages += 1;
    }
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!((pages, all, names.len()), (4, 14, 14));
    azure.sandbox.shutdown().await;
}
