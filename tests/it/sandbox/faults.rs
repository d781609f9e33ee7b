//! Fault scripts over real HTTP: what is done and not answered, what is answered and not done.

use super::support::{ARM, Azure, east, group_path};

async fn scripted(action: &str, more: &str) -> (tempfile::TempDir, Azure) {
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "[[faults]]\nmethod = \"PUT\"\npath = \"*/resourceGroups/*\"\nnth = [1]\naction = \"{action}\"\n{more}\n"
    );
    let azure = Azure::open(folder.path(), &script, 60.0).await;
    (folder, azure)
}

fn path() -> String {
    group_path("?api-version=2025-04-01")
}

#[tokio::test]
async fn answers_that_do_nothing() {
    for (action, status) in [
        ("forbidden", 403),
        ("locked", 409),
        ("throttle", 429),
        ("conflict", 409),
        ("unavailable", 503),
        ("broken", 500),
        ("expired", 401),
        ("html", 502),
    ] {
        let (_folder, azure) = scripted(action, "seconds = 30").await;
        let refused = azure.put(&path(), east()).await.expect(status);
        match action {
            "throttle" | "unavailable" => assert_eq!(refused.header("retry-after-ms"), "500"),
            "html" => assert_eq!(refused.header("content-type"), "text/html"),
            "expired" => assert!(refused.header("www-authenticate").starts_with("Bearer")),
            _ => assert!(!refused.code().is_empty()),
        }
        azure.get(&path()).await.refused(404, "ResourceGroupNotFound");
        azure.put(&path(), east()).await.expect(201);
        azure.sandbox.shutdown().await;
    }
}

#[tokio::test]
async fn answers_that_do_not_arrive() {
    for (action, done) in [("reset", false), ("lost", true), ("torn", true)] {
        let (_folder, azure) = scripted(action, "").await;
        let request = azure
            .client
            .put(format!("http://{}{}", azure.sandbox.address(), path()))
            .header("host", ARM)
            .header("authorization", format!("Bearer {}", azure.token))
            .header("content-type", "application/json")
            .body(east().to_string());
        let arrived = match request.send().await {
            Ok(response) => response.bytes().await.is_ok(),
            Err(_) => false,
        };
        assert!(!arrived, "{action}");
        assert_eq!(azure.get(&path()).await.status, if done { 200 } else { 404 }, "{action}");
        azure.sandbox.shutdown().await;
    }
}
