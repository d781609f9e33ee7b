//! What a client read and sends back: ARM passes over what may not be set, where it is as it was.
//!
//! `az resource update` reads the whole, changes a part, and puts the whole.

use serde_json::json;

use super::kinds::{kinds, whole};
use crate::sandbox::support::ARM;

/// Kinds whose PUT is none of what is there, and those of which a part is fixed once they are linked.
const OTHERS: [&str; 6] = [
    "role assignment",
    "role definition",
    "enrollment group",
    "hub certificate",
    "linked service",
    "linking namespace",
];

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_is_put_again_with_one_change() {
    let (_folder, azure) = whole("").await;
    let bearer = format!("Bearer {}", azure.token);
    let headers = [("authorization", bearer.as_str()), ("if-match", "*")];
    let mut tried = 0;
    for kind in kinds(&azure).await.into_iter().filter(|kind| !OTHERS.contains(&kind.name)) {
        let mut body = azure.get(&kind.path()).await.expect(200).body;
        for (name, value) in
            [("id", json!("/subscriptions/other")), ("name", json!("other")), ("type", json!("other"))]
        {
            let mut invented = body.clone();
            invented[name] = value;
            let refused = azure.send("PUT", ARM, &kind.path(), &headers, Some(&invented)).await;
            assert_eq!(refused.status, 400, "{} {name}: {}", kind.name, refused.body);
        }
        if body.get("tags").is_some() {
            body["tags"]["echoed"] = json!("yes");
        }
        let put = azure.send("PUT", ARM, &kind.path(), &headers, Some(&body)).await;
        assert!(matches!(put.status, 200 | 201), "{}: {} {}", kind.name, put.status, put.body);
        if body.get("tags").is_some() {
            assert_eq!(
                azure.get(&kind.path()).await.expect(200).text("/tags/echoed"),
                "yes",
                "{}",
                kind.name
            );
        }
        tried += 1;
    }
    assert!(tried >= 10, "{tried}");
}
