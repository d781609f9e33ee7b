//! A server that is killed in the middle: what it answered is there, and what it accepted finishes.
//!
//! The server is this test binary again, told by a variable to serve a folder; so it is a process of its own.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hubup::sandbox::{SandboxOptions, WorldSource, open};
use serde_json::json;

use super::setup::{A, namespace_id};
use super::support::Azure;

const FOLDER: &str = "HUBUP_TEST_SANDBOX_FOLDER";
const NAME: &str = "sandbox::kill::a_killed_server_keeps_what_it_answered";

/// The server's process; it does not outlive a test that fails.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "how this test tells its own child what to be")]
fn told_to_serve() -> Option<String> {
    std::env::var(FOLDER).ok()
}

fn options(folder: &std::path::Path, speed: f64) -> SandboxOptions {
    SandboxOptions { folder: folder.to_owned(), speed, world: WorldSource::Default, port: 0 }
}

#[tokio::test]
async fn a_killed_server_keeps_what_it_answered() {
    if let Some(folder) = told_to_serve() {
        // At real speed the namespace takes two minutes: it is surely under way when the kill comes.
        let sandbox = open(options(folder.as_ref(), 1.0)).await.unwrap();
        return sandbox.closed().await;
    }
    let folder = tempfile::tempdir().unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", NAME])
        .env(FOLDER, folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut server = Server(child);
    // Until the child holds the folder, opening it here would take it.
    while !folder.path().join("server.json").exists() {
        assert!(server.0.try_wait().unwrap().is_none(), "the server ended by itself");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let azure = Azure::with(options(folder.path(), 0.0)).await;
    assert!(azure.sandbox.joined());
    azure.make_group_and_identity().await;
    let path = format!("{}?api-version={}", namespace_id(), A.registry);
    let body = json!({"location": "eastus2", "identity": {"type": "SystemAssigned"}});
    let accepted = azure.put(&path, body).await.expect(201);
    drop(server);
    azure.sandbox.closed().await;

    let azure = Azure::with(options(folder.path(), 100_000.0)).await;
    assert!(!azure.sandbox.joined());
    let (done, _) = azure.poll(&accepted.header("azure-asyncoperation")).await;
    assert_eq!(done.text("/status"), "Succeeded");
    assert_eq!(azure.get(&path).await.expect(200).text("/properties/provisioningState"), "Succeeded");
    azure.sandbox.shutdown().await;
}
