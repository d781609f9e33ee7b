//! The whole setup, as far as it is built.

use serde_json::json;

use super::support::{Azure, CALM, east, group_path};

const ADR: &str = "api-version=2025-11-01-preview";

#[tokio::test]
async fn group_identity_and_namespace_come_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), CALM, 0.0).await;
    azure.put(&group_path("?api-version=2025-04-01"), east()).await.expect(201);
    azure.put(&group_path("?api-version=2025-04-01"), east()).await.expect(200);
    let path =
        group_path("/providers/Microsoft.ManagedIdentity/userAssignedIdentities/uami?api-version=2023-01-31");
    let identity = azure.put(&path, east()).await.expect(201);
    assert_eq!(
        azure.put(&path, east()).await.expect(200).text("/properties/principalId"),
        identity.text("/properties/principalId")
    );
    let path = group_path(&format!("/providers/Microsoft.DeviceRegistry/namespaces/ns-1?{ADR}"));
    let accepted = azure
        .put(&path, json!({"location": "East US 2", "identity": {"type": "SystemAssigned"}}))
        .await
        .expect(201);
    assert_eq!(accepted.text("/properties/provisioningState"), "Accepted");
    let url = accepted.header("azure-asyncoperation");
    assert!(url.len() > 4000 && url.ends_with("&h"), "{url}");
    assert!(!accepted.header("retry-after").is_empty());
    let (done, polls) = azure.poll(&url).await;
    assert_eq!((done.text("/status").as_str(), polls), ("Succeeded", 2));
    let namespace = azure.get(&path).await.expect(200);
    assert_eq!(namespace.text("/properties/provisioningState"), "Succeeded");
    assert!(!namespace.text("/identity/principalId").is_empty());
    azure.sandbox.shutdown().await;
}
