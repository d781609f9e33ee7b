//! What the live services were recorded to answer: the public recordings of azure-cli's own tests of hubs, provisioning services
//! and their certificates (2021 to 2025), read for status codes, headers and names of properties.
//!
//! Where they differ from the specification, the services win here. Kept out: `Retry-After`, which they do not send; without it
//! Microsoft's clients wait half a minute at each look.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::clients::own;
use super::links::setup::world;
use super::setup::{A, dps_id, hub_body, hub_id};
use super::support::{Azure, CALM, SUBSCRIPTION};

fn at(path: &str, version: &str) -> String {
    format!("{path}?api-version={version}")
}

/// The status URL of an accepted write.
#[track_caller]
fn status_url(accepted: &super::support::Answer) -> String {
    let url = accepted.header("azure-asyncoperation");
    assert!(url.starts_with("https://management.azure.com/subscriptions/"), "{url}");
    url
}

async fn with_a_hub() -> (tempfile::TempDir, Azure) {
    let (folder, azure) = world(CALM).await;
    azure.make_everything(A).await;
    (folder, azure)
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_a_service_is_made_and_changed_with_201_and_a_status_url() {
    let (_folder, azure) = world(CALM).await;
    azure.make_group_and_identity().await;
    for version in ["2021-10-15", "2025-02-01-preview"] {
        let name = format!("{}-{}", dps_id(), &version[..4]);
        let path = at(&name, version);
        let body = json!({"location": "eastus2", "sku": {"name": "S1", "capacity": 1}, "properties": {}});
        let made = azure.put(&path, body.clone()).await.expect(201);
        assert_eq!(made.text("/properties/state"), "Activating");
        assert_eq!(made.text("/properties/provisioningState"), "Accepted");
        // The specification's header too.
        assert!(!made.header("location").is_empty());
        assert_eq!((made.body["properties"].get("idScope"), made.body.get("etag")), (None, None));
        let (done, _) = azure.poll(&status_url(&made)).await;
        assert_eq!(done.expect(200).body, json!({"status": "Succeeded"}));
        let shown = azure.get(&path).await.expect(200);
        assert_eq!(shown.text("/properties/state"), "Active");
        assert!(shown.text("/properties/idScope").starts_with("0ne") && !shown.text("/etag").is_empty());
        assert_eq!(shown.body["properties"]["iotHubs"], json!([]));
        assert_eq!(shown.text("/sku/tier"), "Standard");

        let mut body = body;
        body["tags"] = json!({"a": "b"});
        let changed = azure.put(&path, body).await.expect(201);
        assert_eq!(changed.text("/properties/state"), "Transitioning");
        assert_eq!(changed.text("/properties/provisioningState"), "Accepted");
        assert_eq!(changed.body["properties"].get("idScope"), None);
        let (done, _) = azure.poll(&status_url(&changed)).await;
        assert_eq!(done.expect(200).body, json!({"status": "Succeeded"}));
        let again = azure.get(&path).await.expect(200);
        assert_eq!(again.text("/properties/idScope"), shown.text("/properties/idScope"));
        assert_ne!(again.text("/etag"), shown.text("/etag"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_hubs_and_services_go_with_both_headers() {
    let (_folder, azure) = with_a_hub().await;
    for (id, version) in [(dps_id(), A.dps), (hub_id(), A.hub)] {
        let path = at(&id, version);
        let gone = azure.arm("DELETE", &path, None).await.expect(202);
        assert!(!gone.header("location").is_empty());
        let url = gone.header("azure-asyncoperation");
        let running = azure.get(url.strip_prefix("https://management.azure.com").unwrap()).await.expect(200);
        assert_eq!(running.body, json!({"status": "Running"}));
        assert_eq!(azure.get(&path).await.expect(200).text("/properties/state"), "Deleting");
        assert_eq!(azure.poll(&url).await.0.expect(200).body, json!({"status": "Succeeded"}));
        azure.get(&path).await.refused(404, "ResourceNotFound");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_a_hub_is_accepted_then_activating_then_active() {
    let (_folder, azure) = world(CALM).await;
    azure.make_group_and_identity().await;
    let mut body = hub_body();
    body["sku"]["name"] = json!("S1");
    for name in ["identity", "properties"] {
        body.as_object_mut().unwrap().remove(name);
    }
    body["properties"] =
        json!({"eventHubEndpoints": {"events": {"retentionTimeInDays": 1, "partitionCount": 4}}});
    let path = at(&hub_id(), "2023-06-30-preview");
    let made = azure.put(&path, body).await.expect(201);
    assert_eq!(made.text("/properties/provisioningState"), "Accepted");
    assert_eq!((made.body.get("etag"), made.body["properties"].get("state")), (None, None));
    assert_eq!(
        (made.text("/resourcegroup"), made.text("/subscriptionid")),
        ("devices".into(), SUBSCRIPTION.into())
    );
    let url = status_url(&made);
    let seen = azure.get(&path).await.expect(200);
    assert_eq!(seen.text("/properties/provisioningState"), "Activating");
    assert_eq!(seen.text("/properties/state"), "Activating");
    azure.poll(&url).await.0.expect(200);
    let seen = azure.get(&path).await.expect(200);
    assert_eq!(seen.text("/properties/provisioningState"), "Succeeded");
    assert_eq!(seen.body["identity"], json!({"type": "None"}));
    assert_eq!(
        seen.body["properties"]["eventHubEndpoints"]["events"]["partitionIds"],
        json!(["0", "1", "2", "3"])
    );
    assert_eq!(seen.text("/properties/routing/fallbackRoute/endpointNames/0"), "events");
    assert_eq!(seen.body["properties"]["routing"]["routes"], json!([]));
    assert_eq!(seen.body["properties"]["ipFilterRules"], json!([]));
    assert_eq!(
        (seen.text("/location"), seen.text("/properties/locations/0/location")),
        ("westus2".into(), "West US 2".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_a_free_name_has_a_reason_all_the_same() {
    let (_folder, azure) = with_a_hub().await;
    let free = json!({"nameAvailable": true, "reason": "Invalid"});
    for (kind, version) in [
        ("checkNameAvailability", "2023-06-30-preview"),
        ("checkProvisioningServiceNameAvailability", "2021-10-15"),
    ] {
        let path = at(&format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Devices/{kind}"), version);
        let told = azure.arm("POST", &path, Some(&json!({"name": "somewhere-else-1"}))).await.expect(200);
        assert_eq!(told.body, free);
    }
    let path = format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Devices/checkNameAvailability");
    let name = hub_id().rsplit_once('/').unwrap().1.to_owned();
    let told = azure.arm("POST", &at(&path, A.hub), Some(&json!({"name": name}))).await.expect(200);
    assert_eq!(
        (told.body["nameAvailable"].clone(), told.text("/reason")),
        (json!(false), "AlreadyExists".into())
    );
    assert_eq!(told.text("/message"), format!("IotHub name '{name}' is not available"));
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_certificates_are_made_with_200_and_told_by_their_common_name() {
    let (_folder, azure) = with_a_hub().await;
    let pem = own("own-authority").0.pem();
    for (home, version) in [(hub_id(), "2023-06-30"), (dps_id(), "2022-12-12")] {
        let path = at(&format!("{home}/certificates/own"), version);
        let body = json!({"properties": {"certificate": STANDARD.encode(&pem)}});
        let made = azure.put(&path, body).await.expect(200);
        assert_eq!(made.text("/properties/subject"), "own-authority");
        assert!(made.text("/type").ends_with("/Certificates"), "{}", made.body);
        let bearer = format!("Bearer {}", azure.token);
        let etag = made.text("/etag");
        let headers = [("authorization", bearer.as_str()), ("if-match", etag.as_str())];
        let path = at(&format!("{home}/certificates/own/generateVerificationCode"), version);
        let given = azure.send("POST", "management.azure.com", &path, &headers, None).await.expect(200);
        let code = given.text("/properties/verificationCode");
        assert_eq!(code.len(), 48);
        assert!(code.bytes().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte)), "{code}");
    }
}

/// Not of the recordings: reports of users give the words and the codes.
#[tokio::test(flavor = "multi_thread")]
async fn reported_a_hub_under_way_and_a_name_that_is_taken() {
    let (_folder, azure) = with_a_hub().await;
    let path = at(&hub_id(), A.hub);
    azure.arm("DELETE", &path, None).await.expect(202);
    let refused = azure.arm("DELETE", &path, None).await.refused(409, "IH409002");
    assert!(refused.text("/message").contains("is not currently in Active state"), "{}", refused.body);
    let elsewhere = hub_id().replace("/devices/", "/others/");
    azure
        .put(
            &at(&format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/others"), "2025-04-01"),
            json!({"location": "eastus2"}),
        )
        .await;
    let mut body = hub_body();
    body["sku"]["name"] = json!("S1");
    body["properties"].as_object_mut().unwrap().remove("deviceRegistry");
    azure.put(&at(&elsewhere, A.hub), body).await.refused(409, "IH409004");
}
