//! Time and durability: what was accepted finishes while nothing runs; one world per folder.

use hubup::sandbox::{SandboxError, SandboxOptions, WorldSource, open, reset};
use serde_json::json;

use super::setup::{A, namespace_id};
use super::support::Azure;

/// Fast enough that a namespace's 120 simulated seconds pass between two requests.
const FAST: f64 = 100_000.0;

fn options(folder: &tempfile::TempDir, speed: f64) -> SandboxOptions {
    SandboxOptions { folder: folder.path().to_owned(), speed, world: WorldSource::Default, port: 0 }
}

#[tokio::test]
async fn an_accepted_operation_finishes_after_the_server_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    // At speed 0 nothing but looks moves the world, so the namespace is surely under way at the stop.
    let azure = Azure::with(options(&folder, 0.0)).await;
    azure.make_group_and_identity().await;
    let path = format!("{}?api-version={}", namespace_id(), A.registry);
    let accepted = azure
        .put(&path, json!({"location": "eastus2", "identity": {"type": "SystemAssigned"}}))
        .await
        .expect(201);
    let token = azure.token.clone();
    azure.sandbox.shutdown().await;

    let mut azure = Azure::with(options(&folder, FAST)).await;
    // Tokens and status URLs outlive the server too.
    azure.token = token;
    let (done, _) = azure.poll(&accepted.header("azure-asyncoperation")).await;
    assert_eq!(done.text("/status"), "Succeeded");
    let namespace = azure.get(&path).await.expect(200);
    assert!(!namespace.text("/identity/principalId").is_empty());
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn waiting_times_are_scaled_and_rounded_up() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::with(options(&folder, 7.0)).await;
    azure.make_group_and_identity().await;
    let path = format!("{}?api-version={}", namespace_id(), A.registry);
    let accepted = azure.put(&path, json!({"location": "eastus2"})).await.expect(201);
    // 10 simulated seconds at 7 a second; the namespace itself takes 17 real ones.
    assert_eq!(
        (accepted.header("retry-after-ms"), accepted.header("retry-after")),
        ("1429".to_owned(), "2".to_owned())
    );
    assert_eq!(azure.get(&path).await.text("/properties/provisioningState"), "Accepted");
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_second_opener_joins_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let first = Azure::with(options(&folder, 60.0)).await;
    let second = Azure::with(options(&folder, 0.0)).await;
    assert!(!first.sandbox.joined() && second.sandbox.joined());
    assert_eq!(first.sandbox.address(), second.sandbox.address());
    assert!((second.sandbox.speed() - 60.0).abs() < f64::EPSILON);
    first.make_group_and_identity().await;
    second.get(&super::support::group_path("?api-version=2025-04-01")).await.expect(200);
    assert!(matches!(reset(folder.path()), Err(SandboxError::Held { .. })));
    // Leaving a joined sandbox leaves the server.
    second.sandbox.shutdown().await;
    first.get(&super::support::group_path("?api-version=2025-04-01")).await.expect(200);
    first.sandbox.shutdown().await;
    reset(folder.path()).unwrap();
    let fresh = Azure::with(options(&folder, 0.0)).await;
    fresh
        .get(&super::support::group_path("?api-version=2025-04-01"))
        .await
        .refused(404, "ResourceGroupNotFound");
    fresh.sandbox.shutdown().await;
}

#[tokio::test]
async fn whoever_joined_learns_that_the_server_ended() {
    let folder = tempfile::tempdir().unwrap();
    let first = Azure::with(options(&folder, 0.0)).await;
    let second = Azure::with(options(&folder, 0.0)).await;
    let ended = tokio::spawn(async move { second.sandbox.closed().await });
    first.sandbox.shutdown().await;
    ended.await.unwrap();
}

#[tokio::test]
async fn another_world_than_the_folders_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    Azure::with(options(&folder, 0.0)).await.sandbox.shutdown().await;
    let other =
        SandboxOptions { world: WorldSource::Builtin("march-2026".to_owned()), ..options(&folder, 0.0) };
    assert!(matches!(open(other).await, Err(SandboxError::OtherWorld { .. })));
    let unknown = tempfile::tempdir().unwrap();
    let other =
        SandboxOptions { world: WorldSource::Builtin("nowhere".to_owned()), ..options(&unknown, 0.0) };
    assert!(matches!(open(other).await, Err(SandboxError::World(_))));
    let other = SandboxOptions {
        world: WorldSource::Text("[latency]\nnamespaces = 3\n".to_owned()),
        ..options(&unknown, 0.0)
    };
    let Err(SandboxError::World(message)) = open(other).await else { panic!("an unknown key passed") };
    assert!(message.contains("namespaces"), "{message}");
    std::fs::write(unknown.path().join("world.json"), "{\"format\": 99}").unwrap();
    assert!(matches!(open(options(&unknown, 0.0)).await, Err(SandboxError::World(_))));
}

#[tokio::test]
async fn a_read_that_changes_nothing_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::with(options(&folder, 60.0)).await;
    let file = folder.path().join("world.json");
    azure.make_group_and_identity().await;
    // A file of other bytes survives a read, and not a write.
    std::fs::write(&file, "mark").unwrap();
    azure.get(&super::support::group_path("?api-version=2025-04-01")).await.expect(200);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mark");
    azure
        .arm(
            "PATCH",
            &super::support::group_path("?api-version=2025-04-01"),
            Some(&json!({"tags": {"a": "b"}})),
        )
        .await
        .expect(200);
    assert_ne!(std::fs::read_to_string(&file).unwrap(), "mark");
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn of_two_who_open_at_once_one_serves() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = tokio::join!(Azure::with(options(&folder, 0.0)), Azure::with(options(&folder, 0.0)));
    assert_eq!(one.sandbox.address(), two.sandbox.address());
    assert_ne!(one.sandbox.joined(), two.sandbox.joined());
    one.sandbox.shutdown().await;
    two.sandbox.shutdown().await;
}

#[tokio::test]
async fn a_sandbox_that_is_dropped_lets_its_folder_go() {
    let folder = tempfile::tempdir().unwrap();
    let first = Azure::with(options(&folder, 0.0)).await;
    first.make_group_and_identity().await;
    drop(first);
    let second = Azure::with(options(&folder, 0.0)).await;
    assert!(!second.sandbox.joined());
    second.get(&super::support::group_path("?api-version=2025-04-01")).await.expect(200);
    second.sandbox.shutdown().await;
}

#[tokio::test]
async fn what_cannot_be_kept_is_not_done() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::with(options(&folder, 0.0)).await;
    let path = super::support::group_path("?api-version=2025-04-01");
    let away = folder.path().with_extension("away");
    std::fs::rename(folder.path(), &away).unwrap();
    azure.put(&path, json!({"location": "eastus2"})).await.refused(503, "ServiceUnavailable");
    std::fs::rename(&away, folder.path()).unwrap();
    azure.get(&path).await.refused(404, "ResourceGroupNotFound");
    azure.put(&path, json!({"location": "eastus2"})).await.expect(201);
    azure.sandbox.shutdown().await;
}
