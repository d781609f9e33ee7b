//! What a fault script may answer with: any status, code, message and shape, and operations that end badly.

use serde_json::{Value, json};

use super::support::{ARM, Azure, CALM, SUBSCRIPTION, east, group_path};

async fn refusing(more: &str) -> (tempfile::TempDir, Azure) {
    let folder = tempfile::tempdir().unwrap();
    // Signing in comes first, and is no PUT.
    let script = format!("{CALM}[[faults]]\nmethod = \"PUT\"\nnth = [1]\naction = \"refuse\"\n{more}\n");
    let azure = Azure::open(folder.path(), &script, 0.0).await;
    (folder, azure)
}

fn group() -> String {
    group_path("?api-version=2025-04-01")
}

#[tokio::test]
async fn every_shape_of_a_refusal() {
    for (shape, code, expected) in [
        ("arm", "QuotaExceeded", json!({"error": {"code": "QuotaExceeded", "message": "No more."}})),
        (
            "flat",
            "IH400307",
            json!({"code": "IH400307", "httpStatusCode": "Conflict", "message": "No more.", "details": null}),
        ),
        (
            "flat",
            "409002",
            json!({"code": 409_002, "httpStatusCode": "Conflict", "message": "No more.", "details": null}),
        ),
    ] {
        let more = format!("status = 409\ncode = \"{code}\"\nmessage = \"No more.\"\nshape = \"{shape}\"");
        let (_folder, azure) = refusing(&more).await;
        assert_eq!(azure.put(&group(), east()).await.expect(409).body, expected, "{shape}");
        azure.get(&group()).await.refused(404, "ResourceGroupNotFound");
        azure.put(&group(), east()).await.expect(201);
        azure.sandbox.shutdown().await;
    }
    let says = |shape: &str, code: &str| {
        format!("status = 400\ncode = \"{code}\"\nmessage = \"No more.\"\nshape = \"{shape}\"")
    };
    let (_folder, azure) = refusing(&says("dps", "400004")).await;
    let refused = azure.put(&group(), east()).await.expect(400);
    assert_eq!((&refused.body["errorCode"], &refused.body["message"]), (&json!(400_004), &json!("No more.")));
    assert_eq!(refused.header("x-ms-error-code"), "400004");
    let (_folder, azure) = refusing(&says("graph", "Request_ResourceNotFound")).await;
    let refused = azure.put(&group(), east()).await.expect(400);
    assert_eq!(refused.code(), "Request_ResourceNotFound");
    assert!(refused.body["error"]["innerError"].is_object());
    for (code, error, number) in
        [("AADSTS50076", "invalid_grant", 50_076), ("authorization_pending", "authorization_pending", 0)]
    {
        let (_folder, azure) = refusing(&says("sign-in", code)).await;
        let refused = azure.put(&group(), east()).await.expect(400);
        assert_eq!(refused.body["error"], error);
        assert_eq!(refused.body["error_codes"], json!([number]));
        assert_eq!(refused.text("/error_description").starts_with("AADSTS50076: No more."), number > 0);
    }
}

#[tokio::test]
async fn the_host_gives_the_shape_where_the_script_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let script = "[[faults]]\npath = \"/asked\"\naction = \"throttle\"\nseconds = 30\n";
    let azure = Azure::open(folder.path(), script, 60.0).await;
    for (host, pointer, code) in [
        (ARM, "/error/code", json!("TooManyRequests")),
        ("graph.microsoft.com", "/error/innerError/date", Value::Null),
        ("login.microsoftonline.com", "/error", json!("TooManyRequests")),
        ("dps.azure-devices-provisioning.net", "/errorCode", json!(429_001)),
    ] {
        let refused = azure.send("GET", host, "/asked", &[], None).await.expect(429);
        assert_eq!(refused.header("retry-after-ms"), "500", "{host}");
        let found = refused.body.pointer(pointer).cloned().unwrap_or_default();
        assert!(found == code || (code.is_null() && found.is_string()), "{host} {}", refused.body);
    }
}

#[tokio::test]
async fn accepted_and_then_not_done() {
    for (ends, state) in [("Failed", "Failed"), ("Canceled", "Canceled"), ("Cancelled", "Cancelled")] {
        let folder = tempfile::tempdir().unwrap();
        let script = format!(
            "{CALM}[[faults]]\nmethod = \"PUT\"\npath = \"*/namespaces/*\"\nnth = [1]\naction = \"refuse\"\nshape = \"async\"\ncode = \"SkuNotAvailable\"\nmessage = \"Not here.\"\nends = \"{ends}\"\n"
        );
        let azure = Azure::open(folder.path(), &script, 0.0).await;
        azure.put(&group(), east()).await.expect(201);
        let namespace =
            group_path("/providers/Microsoft.DeviceRegistry/namespaces/ns-1?api-version=2025-11-01-preview");
        let body = json!({"location": "eastus2", "identity": {"type": "SystemAssigned"}});
        let accepted = azure.put(&namespace, body.clone()).await.expect(201);
        let (ended, _) = azure.poll(&accepted.header("azure-asyncoperation")).await;
        assert_eq!(ended.text("/status"), ends);
        assert_eq!(ended.body["error"], json!({"code": "SkuNotAvailable", "message": "Not here."}));
        assert_eq!(azure.get(&namespace).await.text("/properties/provisioningState"), state);
        // The next time all is well.
        let again = azure.put_and_wait(&namespace, body).await;
        assert_eq!(again.text("/properties/provisioningState"), "Succeeded");
        azure.sandbox.shutdown().await;
    }
}

#[tokio::test]
async fn what_is_done_at_once_can_end_badly_too() {
    let (_folder, azure) = refusing("shape = \"async\"\ncode = \"Denied\"\nstatus = 403").await;
    let accepted = azure.put(&group(), east()).await.expect(202);
    let url = accepted.header("azure-asyncoperation");
    assert!(url.contains(SUBSCRIPTION));
    let (ended, polls) = azure.poll(&url).await;
    assert_eq!((ended.text("/status").as_str(), ended.code().as_str()), ("Failed", "Denied"));
    assert_eq!(polls, 2);
    azure.get(&group()).await.refused(404, "ResourceGroupNotFound");
}
