//! Each service refuses in its own shape.

use serde_json::{Value, json};

use super::kinds::{both, subscription};
use crate::sandbox::links::setup::{at, world};
use crate::sandbox::setup::{A, DPS_HOST, dps_body, dps_id, hub_body, hub_id, signature};
use crate::sandbox::support::{ARM, Answer, Azure, group_path};

fn keys(body: &Value) -> Vec<&str> {
    body.as_object().unwrap().keys().map(String::as_str).collect()
}

fn arm(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.text("/error/code").as_str()), (status, code), "{}", answer.body);
    assert_eq!(keys(&answer.body), ["error"]);
    assert!(!answer.text("/error/message").is_empty());
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_resource_manager_wraps_its_error_and_devices_do_not() {
    let (_folder, azure) = world(&both("")).await;
    azure.make_everything(A).await;
    // Whoever refuses before the provider speaks as the resource manager, also on the providers' own resources.
    for id in [hub_id(), dps_id()] {
        arm(&azure.get(&id).await, 400, "MissingApiVersionParameter");
        let other = id.replace("/devices/", "/elsewhere/");
        let version = if id == hub_id() { A.hub } else { A.dps };
        arm(&azure.get(&at(&other, version)).await, 404, "ResourceGroupNotFound");
        arm(&azure.get(&at(&format!("{id}-not"), version)).await, 404, "ResourceNotFound");
    }
    let hub = |answer: &Answer, status: u16, code: &str, word: &str| {
        assert_eq!(keys(&answer.body), ["code", "httpStatusCode", "message", "details"], "{}", answer.body);
        assert_eq!((answer.status, answer.body["code"].as_str()), (status, Some(code)));
        assert_eq!(answer.text("/httpStatusCode"), word);
    };
    let path = at(&hub_id(), A.hub);
    hub(&azure.put(&path, hub_body()).await, 412, "IH412001", "PreconditionFailed");
    let fresh = at(&group_path("/providers/Microsoft.Devices/IotHubs/hub-fresh"), A.hub);
    let mut wrong = hub_body();
    wrong["properties"]["surprise"] = json!(1);
    hub(&azure.put(&fresh, wrong).await, 400, "IH400002", "BadRequest");
    let key = at(&format!("{}/IotHubKeys/nobody/listkeys", hub_id()), A.hub);
    hub(&azure.arm("POST", &key, None).await, 404, "IH404002", "NotFound");
    let taken = subscription("/resourceGroups/devices/providers/Microsoft.Devices/IotHubs/HUB-sandbox");
    let second = taken.replace("/devices/", "/second/");
    azure
        .put(&at(&subscription("/resourceGroups/second"), "2025-04-01"), json!({"location": "eastus2"}))
        .await
        .expect(201);
    let mut body = hub_body();
    body["properties"].as_object_mut().unwrap().remove("deviceRegistry");
    hub(&azure.put(&at(&second, A.hub), body).await, 409, "IH409004", "Conflict");

    let service = |answer: &Answer, status: u16, code: u64, word: &str| {
        assert_eq!(keys(&answer.body), ["code", "httpStatusCode", "message", "details"], "{}", answer.body);
        assert_eq!((answer.status, answer.body["code"].as_u64()), (status, Some(code)));
        assert_eq!(answer.text("/httpStatusCode"), word);
    };
    let path = at(&dps_id(), A.dps);
    let mut wrong = dps_body();
    wrong["properties"]["surprise"] = json!(1);
    service(&azure.put(&path, wrong).await, 400, 400_002, "BadRequest");
    let key = at(&format!("{}/keys/nobody/listkeys", dps_id()), A.dps);
    service(&azure.arm("POST", &key, None).await, 404, 404_001, "NotFound");
    azure.put(&path, dps_body()).await.expect(201);
    service(&azure.put(&path, dps_body()).await, 409, 409_001, "Conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_data_planes_the_directory_and_the_sign_in_host_have_shapes_of_their_own() {
    let (_folder, azure) = world(&both("")).await;
    azure.make_everything(A).await;
    let signed = azure.owner_signature(A).await;
    let asked = async |host: &str, path: &str, authorization: &str| {
        azure.send("GET", host, path, &[("authorization", authorization)], None).await
    };
    let group = |name: &str| format!("/enrollmentGroups/{name}?api-version=2025-07-01-preview");
    for (answer, status, code) in [
        (asked(DPS_HOST, &group("none"), &signed).await, 404, 404_201),
        (asked(DPS_HOST, &group("none"), "").await, 401, 401_002),
        (asked(DPS_HOST, "/enrollmentGroups/x?api-version=2020-01-01", &signed).await, 400, 400_004),
        (asked(DPS_HOST, "/nothing?api-version=2025-07-01-preview", &signed).await, 404, 404_000),
        (asked("no.azure-devices-provisioning.net", &group("x"), &signed).await, 404, 404_001),
        (
            asked(super::planes::GLOBAL, "/0ne/registrations/x?api-version=2025-07-01-preview", &signed)
                .await,
            401,
            401_002,
        ),
    ] {
        assert_eq!(keys(&answer.body), ["errorCode", "trackingId", "message", "info", "timestampUtc"]);
        assert_eq!(
            (answer.status, answer.body["errorCode"].as_u64()),
            (status, Some(code)),
            "{}",
            answer.body
        );
        assert_eq!(answer.header("x-ms-error-code"), code.to_string());
        assert_eq!(answer.text("/trackingId"), answer.header("x-ms-request-id"));
        assert!(answer.text("/timestampUtc").parse::<jiff::Timestamp>().is_ok());
    }

    let host = "hub-sandbox.azure-devices.net";
    let connection = azure.connection_string(A).await;
    let key = connection.rsplit_once("SharedAccessKey=").unwrap().1;
    let owner = signature(host, "iothubowner", key, super::planes::soon());
    for (answer, status, code) in [
        (asked(host, "/devices/none?api-version=2021-04-12", &owner).await, 404, "DeviceNotFound"),
        (asked(host, "/devices/none?api-version=2021-04-12", "").await, 401, "IotHubUnauthorizedAccess"),
        (asked(host, "/devices/none", &owner).await, 400, "InvalidProtocolVersion"),
        (asked("no.azure-devices.net", "/devices/x", &owner).await, 404, "IotHubNotFound"),
    ] {
        assert_eq!(keys(&answer.body), ["Message", "ExceptionMessage"], "{}", answer.body);
        assert!(answer.text("/Message").starts_with(&format!("ErrorCode:{code};")), "{}", answer.body);
        assert!(answer.text("/ExceptionMessage").starts_with("Tracking ID:"));
        assert_eq!((answer.status, answer.header("iothub-errorcode").as_str()), (status, code));
    }

    let token = azure.sign_in("https://graph.microsoft.com/.default").await.expect(200).text("/access_token");
    let graph = "graph.microsoft.com";
    let bearer = format!("Bearer {token}");
    let missing = "/v1.0/servicePrincipals/00000000-0000-4000-8000-000000000000";
    for (answer, status, code) in [
        (asked(graph, missing, &bearer).await, 404, "Request_ResourceNotFound"),
        (asked(graph, missing, "").await, 401, "InvalidAuthenticationToken"),
        (asked(graph, "/beta/servicePrincipals", &bearer).await, 400, "BadRequest"),
        (
            azure
                .send(
                    "POST",
                    graph,
                    "/v1.0/servicePrincipals",
                    &[("authorization", &bearer)],
                    Some(&json!({})),
                )
                .await,
            403,
            "Authorization_RequestDenied",
        ),
    ] {
        assert_eq!((answer.status, answer.text("/error/code").as_str()), (status, code), "{}", answer.body);
        assert_eq!(keys(&answer.body["error"]), ["code", "message", "innerError"]);
        assert_eq!(keys(&answer.body["error"]["innerError"]), ["date", "request-id", "client-request-id"]);
    }

    let login = azure.sign_in("https://nowhere.example/.default").await.expect(400);
    let wanted = ["error", "error_description", "error_codes", "timestamp", "trace_id", "correlation_id"];
    assert_eq!(keys(&login.body), wanted);
    assert_eq!(login.body["error_codes"], json!([500_011]));

    for (answer, code) in [
        (
            azure.send("GET", ARM, "/subscriptions?api-version=2022-12-01", &[], None).await,
            "AuthenticationFailed",
        ),
        (
            asked(ARM, "/subscriptions?api-version=2022-12-01", "Basic x").await,
            "AuthenticationFailedInvalidHeader",
        ),
    ] {
        arm(&answer, 401, code);
        assert!(answer.header("www-authenticate").starts_with("Bearer "));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_names_the_field_and_never_a_secret() {
    let (_folder, azure) = world(&both("")).await;
    azure.make_everything(A).await;
    let connection = azure.connection_string(A).await;
    let key = connection.rsplit_once("SharedAccessKey=").unwrap().1.to_owned();
    let wrong = connection.replace("iothubowner", "nobody");
    let refused = azure.link(A, &wrong).await;
    assert!(refused.status == 400 && !refused.body.to_string().contains(&key), "{}", refused.body);
    let space = at(&crate::sandbox::setup::namespace_id(), A.registry);
    let refused = azure.put(&space, json!({"location": "eastus2", "identity": {"type": "Everything"}})).await;
    arm(&refused, 400, "InvalidRequestContent");
    assert_eq!(refused.text("/error/target"), "identity.type");
    let raw = Azure::read(
        azure
            .client
            .put(format!("http://{}{space}", azure.sandbox.address()))
            .header("host", ARM)
            .header("authorization", format!("Bearer {}", azure.token))
            .header("content-type", "application/xml")
            .body("<x/>"),
    )
    .await;
    arm(&raw, 415, "UnsupportedMediaType");
}
