//! The record of a server: what was said, in order, without what guards something.

use hubup::sandbox::{Extras, SandboxError, SandboxOptions, open_with};
use serde_json::{Value, json};

use super::support::{Azure, SUBSCRIPTION, east, group_path};

#[tokio::test]
async fn each_exchange_is_a_line_and_no_token_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    let options =
        SandboxOptions { folder: folder.path().to_owned(), speed: 0.0, ..SandboxOptions::default() };
    let extras = Extras { record: Some(record.clone()), ..Extras::default() };
    let azure = Azure::of(open_with(options.clone(), extras.clone()).await.unwrap()).await;
    azure.put(&group_path("?api-version=2025-04-01"), east()).await.expect(201);
    azure
        .get(&format!("/subscriptions/{SUBSCRIPTION}/resourcegroups/none"))
        .await
        .refused(400, "MissingApiVersionParameter");
    // A record that is asked for is kept, or it is said that it is not.
    let refused = open_with(options.clone(), extras).await.err().unwrap();
    assert!(matches!(refused, SandboxError::OtherRecord { .. }), "{refused}");
    let secret = azure.sandbox.sign_in().client_secret;
    azure.sandbox.shutdown().await;

    let text = std::fs::read_to_string(&record).unwrap();
    assert!(!text.contains(&azure.token) && !text.contains(&secret), "{text}");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [signed_in, put, refused] = lines.as_slice() else { panic!("{text}") };
    assert_eq!(signed_in["body"]["client_secret"], "***");
    assert_eq!(signed_in["body"]["grant_type"], "client_credentials");
    assert_eq!(signed_in["reply_body"]["access_token"], "***");
    assert_eq!(signed_in["reply_body"]["token_type"], "Bearer");
    assert_eq!(put["method"], "PUT");
    assert_eq!(put["url"], format!("https://management.azure.com{}", group_path("?api-version=2025-04-01")));
    assert_eq!(put["headers"]["authorization"], "Bearer ***");
    assert_eq!((put["body"].clone(), put["status"].clone()), (east(), json!(201)));
    assert_eq!(put["reply_body"]["name"], "devices");
    assert!(put["reply_headers"]["x-ms-request-id"].is_string(), "{put}");
    assert_eq!((refused["status"].clone(), refused["body"].clone()), (json!(400), Value::Null));

    let nowhere = Extras { record: Some(folder.path().join("none/record")), ..Extras::default() };
    let refused = open_with(options, nowhere).await.err().unwrap();
    assert!(matches!(refused, SandboxError::Record { .. }), "{refused}");
}
