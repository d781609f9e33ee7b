//! What is refused, by whom, in which shape, and that the reason names the field.

use serde_json::{Value, json};

use super::setup::{
    A, A2, DATA_PLANE, DPS_HOST, dps_body, dps_id, group_body, hub_body, hub_id, identity_id, namespace_id,
    role_body, signature,
};
use super::support::{Azure, CALM, SUBSCRIPTION, east, group_path};

async fn calm() -> (tempfile::TempDir, Azure) {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), CALM, 0.0).await;
    (folder, azure)
}

#[tokio::test]
async fn sign_in_says_what_is_wrong() {
    let (_folder, azure) = calm().await;
    let sign_in = azure.sandbox.sign_in();
    let ask = |tenant: &str, client: &str, secret: &str, scope: &str| {
        let form = [
            ("client_id", client),
            ("client_secret", secret),
            ("grant_type", "client_credentials"),
            ("scope", scope),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let url = format!("http://{}/{tenant}/oauth2/v2.0/token", azure.sandbox.address());
        Azure::read(azure.client.post(url).header("host", "login.microsoftonline.com").form(&form))
    };
    let scope = "https://management.azure.com/.default";
    let check = |answer: super::support::Answer, status: u16, error: &str, number: u32| {
        assert_eq!((answer.status, answer.text("/error").as_str()), (status, error), "{}", answer.body);
        assert!(
            answer.text("/error_description").starts_with(&format!("AADSTS{number}:")),
            "{}",
            answer.body
        );
        assert!(!answer.body.to_string().contains(&sign_in.client_secret));
    };
    check(ask(&sign_in.tenant, &sign_in.client_id, "wrong", scope).await, 401, "invalid_client", 7_000_215);
    check(
        ask("someone-else", &sign_in.client_id, &sign_in.client_secret, scope).await,
        400,
        "invalid_request",
        90_002,
    );
    check(
        ask(&sign_in.tenant, "nobody", &sign_in.client_secret, scope).await,
        400,
        "unauthorized_client",
        700_016,
    );
    check(
        ask(&sign_in.tenant, &sign_in.client_id, &sign_in.client_secret, "https://vault.azure.net/.default")
            .await,
        400,
        "invalid_resource",
        500_011,
    );
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn tokens_are_checked() {
    let (_folder, azure) = calm().await;
    let path = "/subscriptions?api-version=2022-12-01";
    let arm = "management.azure.com";
    let none = azure.send("GET", arm, path, &[], None).await.refused(401, "AuthenticationFailed");
    assert!(none.header("www-authenticate").starts_with("Bearer "));
    azure
        .send("GET", arm, path, &[("authorization", "Bearer a.b.c")], None)
        .await
        .refused(401, "InvalidAuthenticationToken");
    let graph = azure.sign_in("https://graph.microsoft.com/.default").await.expect(200).text("/access_token");
    azure
        .send("GET", arm, path, &[("authorization", &format!("Bearer {graph}"))], None)
        .await
        .refused(401, "InvalidAuthenticationTokenAudience");
    azure.send("GET", "example.com", path, &[], None).await.refused(404, "UnknownHost");
    azure.sandbox.shutdown().await;

    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), "[tenant]\ntoken_seconds = 0\n", 0.0).await;
    azure.get(path).await.refused(401, "ExpiredAuthenticationToken");
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn the_loopback_address_itself_is_dispatched_by_path() {
    let (_folder, azure) = calm().await;
    let address = azure.sandbox.address().to_string();
    let bearer = format!("Bearer {}", azure.token);
    azure
        .send("GET", &address, "/subscriptions?api-version=2022-12-01", &[("authorization", &bearer)], None)
        .await
        .expect(200);
    azure
        .send(
            "GET",
            &address,
            &format!("/{}/v2.0/.well-known/openid-configuration", azure.sandbox.sign_in().tenant),
            &[],
            None,
        )
        .await
        .expect(200);
    azure.send("GET", &address, "/elsewhere", &[], None).await.refused(404, "UnknownPath");
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn the_front_door_refuses_before_any_provider() {
    let (_folder, azure) = calm().await;
    let namespace = namespace_id();
    azure.get(&namespace).await.refused(400, "MissingApiVersionParameter");
    azure.get(&format!("{namespace}?api-version=latest")).await.refused(400, "InvalidApiVersionParameter");
    azure.get(&format!("{namespace}?api-version=2020-01-01")).await.refused(400, "NoRegisteredProviderFound");
    azure
        .get("/subscriptions/99999999-9999-4999-8999-999999999999/resourcegroups/x?api-version=2025-04-01")
        .await
        .refused(404, "SubscriptionNotFound");
    azure.get(&format!("{namespace}?api-version={}", A.registry)).await.refused(404, "ResourceGroupNotFound");
    azure
        .get(&group_path("/providers/Microsoft.Nothing/things/x?api-version=2020-01-01"))
        .await
        .refused(404, "InvalidResourceNamespace");
    azure
        .get(&group_path("/providers/Microsoft.Devices/things/x?api-version=2020-01-01"))
        .await
        .refused(404, "InvalidResourceType");
    azure.make_group_and_identity().await;
    let path = format!("{namespace}?api-version={}", A.registry);
    azure.get(&path).await.refused(404, "ResourceNotFound");
    azure.put(&path, json!({"location": "mars"})).await.refused(400, "LocationNotAvailableForResourceType");
    azure.put(&path, json!({})).await.refused(400, "LocationRequired");
    let bearer = format!("Bearer {}", azure.token);
    let url = format!("http://{}{path}", azure.sandbox.address());
    let raw = |kind: &str, body: &str| {
        azure
            .client
            .put(&url)
            .header("host", "management.azure.com")
            .header("authorization", &bearer)
            .header("content-type", kind)
            .body(body.to_owned())
    };
    Azure::read(raw("text/plain", "{}")).await.refused(415, "UnsupportedMediaType");
    Azure::read(raw("application/json", "{\"location\":")).await.refused(400, "InvalidRequestContent");
    Azure::read(raw("application/json", "[]")).await.refused(400, "InvalidRequestContent");
    assert_eq!(Azure::read(raw("application/json", &" ".repeat(5 * 1024 * 1024))).await.status, 413);
    azure
        .put(&group_path("?api-version=2025-04-01"), json!({"location": "westus"}))
        .await
        .refused(409, "InvalidResourceGroupLocation");
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn an_unregistered_provider_is_registered_first() {
    let folder = tempfile::tempdir().unwrap();
    let own = hubup::sandbox::builtin_worlds()[0]
        .1
        .split_once("[providers.")
        .map(|(_, rest)| format!("[providers.{rest}"))
        .unwrap();
    let own = own.replacen("registration = \"Registered\"", "registration = \"NotRegistered\"", 1);
    let azure = Azure::open(folder.path(), &own, 0.0).await;
    azure.make_group_and_identity().await;
    let path = format!("{}?api-version={}", namespace_id(), A.registry);
    azure.put(&path, east()).await.refused(409, "MissingSubscriptionRegistration");
    let provider = format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.DeviceRegistry");
    let register = format!("{provider}/register?api-version=2025-04-01");
    assert_eq!(
        azure.arm("POST", &register, None).await.expect(200).text("/registrationState"),
        "Registering"
    );
    let read = format!("{provider}?api-version=2025-04-01");
    assert_eq!(azure.get(&read).await.text("/registrationState"), "Registering");
    assert_eq!(azure.get(&read).await.text("/registrationState"), "Registered");
    azure.put(&path, east()).await.expect(201);
    azure.sandbox.shutdown().await;
}

/// One wrong body per line: how it differs from a good one, and the field that the refusal names.
#[tokio::test]
async fn wrong_bodies_are_refused_by_field() {
    let (_folder, azure) = calm().await;
    azure.make_everything(A).await;
    let check = async |id: &str, version: &str, good: Value, pointer: &str, value: Value, named: &str| {
        let mut body = good;
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[key] = value;
        let answer = azure.put(&format!("{id}?api-version={version}"), body).await;
        assert_eq!(answer.status, 400, "{pointer}: {}", answer.body);
        assert!(answer.body.to_string().contains(named), "{pointer}: {}", answer.body);
    };
    let namespace = json!({"location": "eastus2", "identity": {"type": "SystemAssigned"}});
    check(&namespace_id(), A.registry, namespace.clone(), "/sku", json!({}), "sku").await;
    check(
        &namespace_id(),
        A.registry,
        namespace.clone(),
        "/identity/type",
        json!("UserAssigned"),
        "identity.type",
    )
    .await;
    check(
        &namespace_id(),
        A.registry,
        namespace.clone(),
        "/identity/principalId",
        json!("x"),
        "identity.principalId",
    )
    .await;
    check(&namespace_id(), A.registry, namespace, "/properties", json!({"uuid": "x"}), "properties.uuid")
        .await;
    check(
        &namespace_id().replace("ns-1", "Ns_1"),
        A.registry,
        json!({"location": "eastus2"}),
        "/tags",
        json!({}),
        "Ns_1",
    )
    .await;
    let policy = json!({"properties": {"certificate": {
        "certificateAuthorityConfiguration": {"keyType": "ECC"}, "leafCertificateConfiguration": {"validityPeriodInDays": 30},
    }}});
    let policy_id = format!("{}/credentials/default/policies/default", namespace_id());
    let days = "/properties/certificate/leafCertificateConfiguration/validityPeriodInDays";
    check(&policy_id, A.registry, policy.clone(), days, json!(91), "validityPeriodInDays").await;
    check(&policy_id, A.registry, policy.clone(), days, json!(6), "validityPeriodInDays").await;
    check(
        &policy_id,
        A.registry,
        policy.clone(),
        "/properties/certificate/certificateAuthorityConfiguration/keyType",
        json!("RSA"),
        "keyType",
    )
    .await;
    check(
        &policy_id,
        A.registry,
        policy.clone(),
        "/properties/certificate/certificateAuthorityConfiguration/validityNotAfter",
        json!("2030-01-01T00:00:00Z"),
        "validityNotAfter",
    )
    .await;
    check(&policy_id, A2.registry, policy, "/location", json!("eastus2"), "location").await;
    let fresh_hub = group_path("/providers/Microsoft.Devices/IotHubs/hub-other");
    check(&fresh_hub, A.hub, hub_body(), "/properties/surprise", json!(1), "properties.surprise").await;
    check(&fresh_hub, A.hub, hub_body(), "/properties/hostName", json!("x"), "properties.hostName").await;
    check(
        &fresh_hub,
        A.hub,
        hub_body(),
        "/properties/eventHubEndpoints",
        json!({}),
        "properties.eventHubEndpoints.events",
    )
    .await;
    check(&fresh_hub, A.hub, hub_body(), "/sku/name", json!("S1"), "properties.deviceRegistry").await;
    check(&fresh_hub, A.hub, hub_body(), "/sku/tier", json!("Generation2"), "sku.tier").await;
    check(&fresh_hub, A.hub, hub_body(), "/identity", json!({"type": "UserAssigned"}), "identity").await;
    check(
        &fresh_hub,
        A.hub,
        hub_body(),
        "/properties/deviceRegistry/namespaceResourceId",
        json!(namespace_id().replace("ns-1", "ns-2")),
        "ns-2",
    )
    .await;
    check(
        &fresh_hub,
        A.hub,
        hub_body(),
        "/properties/deviceRegistry/identityResourceId",
        json!("x"),
        "identityResourceId",
    )
    .await;
    let fresh_dps = group_path("/providers/Microsoft.Devices/provisioningServices/dps-other");
    check(&fresh_dps, A.dps, dps_body(), "/location", json!("westus"), "namespace is in 'eastus2'").await;
    check(&fresh_dps, A.dps, dps_body(), "/properties/idScope", json!("x"), "properties.idScope").await;
    check(
        &fresh_dps,
        A.dps,
        dps_body(),
        "/properties/iotHubs",
        json!([{"location": "westus2"}]),
        "properties.iotHubs[0].connectionString",
    )
    .await;
    check(
        &dps_id(),
        A.dps,
        dps_body(),
        "/properties/deviceRegistryNamespace",
        Value::Null,
        "deviceRegistryNamespace",
    )
    .await;
    check(&identity_id(), "2023-01-31", east(), "/properties", json!({}), "properties").await;
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn hubs_change_with_their_etag_and_keep_their_link() {
    let (_folder, azure) = calm().await;
    azure.make_everything(A).await;
    let path = format!("{}?api-version={}", hub_id(), A.hub);
    azure.put(&path, hub_body()).await.refused(412, "IH412001");
    let bearer = format!("Bearer {}", azure.token);
    let etag = azure.get(&path).await.text("/etag");
    let with = async |etag: &str, body: Value| {
        azure
            .send(
                "PUT",
                "management.azure.com",
                &path,
                &[("authorization", &bearer), ("if-match", etag)],
                Some(&body),
            )
            .await
    };
    with("old", hub_body()).await.refused(412, "IH412001");
    let mut body = hub_body();
    body["properties"].as_object_mut().unwrap().remove("deviceRegistry");
    let refused = with(&etag, body).await.refused(400, "IH400002");
    assert!(refused.text("/message").contains("deviceRegistry"));
    let mut body = hub_body();
    body["tags"] = json!({"a": "b"});
    let changed = with(&etag, body).await.expect(200);
    assert_eq!(
        (changed.text("/properties/state").as_str(), changed.text("/tags/a").as_str()),
        ("Active", "b")
    );
    assert_ne!(changed.text("/etag"), etag);
    // The name is the whole world's, in any case of letters.
    let other =
        group_path(&format!("/providers/Microsoft.Devices/IotHubs/HUB-SANDBOX-2?api-version={}", A.hub));
    azure.put(&other, hub_body()).await.expect(201);
    let second = "/subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/other";
    azure.put(&format!("{second}?api-version=2025-04-01"), east()).await.expect(201);
    let taken = format!("{second}/providers/Microsoft.Devices/IotHubs/Hub-Sandbox?api-version={}", A.hub);
    azure.put(&taken, hub_body()).await.refused(409, "IH409004");
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn links_need_the_hubs_own_key() {
    let (_folder, azure) = calm().await;
    azure.make_everything(A).await;
    let right = azure.connection_string(A).await;
    let wrong = right.replace("SharedAccessKey=", "SharedAccessKey=AAAA");
    let refused = azure.link(A, &wrong).await.refused(400, "401001");
    assert!(!refused.body.to_string().contains("AAAA"), "{}", refused.body);
    azure.link(A, &right.replace("hub-sandbox", "hub-nowhere")).await.refused(400, "404002");
    azure.link(A, "HostName=hub-sandbox.azure-devices.net").await.refused(400, "400002");
    let path = format!("{}?api-version={}", dps_id(), A.dps);
    let mut twice = dps_body();
    let entry = json!({"connectionString": right, "location": "westus2"});
    twice["properties"]["iotHubs"] = json!([entry, entry]);
    azure.put(&path, twice).await.refused(400, "400303");
    // What a GET masked is taken back, and still works.
    let shown = azure.get(&path).await.text("/properties/iotHubs/0/connectionString");
    azure.link(A, &shown).await.expect(201);
    assert_eq!(
        azure.settled(&path).await.text("/properties/iotHubs/0/name"),
        "hub-sandbox.azure-devices.net"
    );
    // A PUT without the list takes the links away.
    azure.put(&path, dps_body()).await.expect(201);
    assert_eq!(azure.settled(&path).await.body["properties"]["iotHubs"], json!([]));
    azure.link(A, &shown).await.refused(400, "401001");
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn signatures_are_verified_for_real() {
    let (_folder, azure) = calm().await;
    azure.make_everything(A).await;
    let path = format!("{}/listkeys?api-version={}", dps_id(), A.dps);
    let keys = azure.arm("POST", &path, None).await.expect(200);
    assert!(keys.text("/value/0/rights").split(", ").any(|right| right == "EnrollmentWrite"));
    let (primary, secondary) = (keys.text("/value/0/primaryKey"), keys.text("/value/0/secondaryKey"));
    let (owner, soon) = ("provisioningserviceowner", jiff::Timestamp::now().as_second() + 600);
    let get = async |token: String| azure.enrollment("GET", "group-1", &token, None, None).await;
    get(signature(DPS_HOST, owner, &primary, soon)).await.expect(200);
    get(signature(DPS_HOST, owner, &secondary, soon)).await.expect(200);
    get(signature(DPS_HOST, owner, "AAAAAAAAAAAAAAAAAAAAAA==", soon)).await.refused(401, "401002");
    get(signature(DPS_HOST, owner, &primary, soon - 1200)).await.refused(401, "401002");
    get(signature("other.azure-devices-provisioning.net", owner, &primary, soon))
        .await
        .refused(401, "401002");
    get(signature(DPS_HOST, "nobody", &primary, soon)).await.refused(401, "401002");
    get("SharedAccessSignature sr=x".to_owned()).await.refused(401, "401002");
    get(String::new()).await.refused(401, "401002");
    // Owner of the subscription is no data role; the token is fine, the right is missing.
    let token = azure
        .sign_in("https://azure-devices-provisioning.net/.default")
        .await
        .expect(200)
        .text("/access_token");
    get(format!("Bearer {token}")).await.refused(403, "403001");
    azure
        .assign(&dps_id(), "55555555-5555-4555-8555-555555555555", "dfce44e4-17b7-4bd1-a6d1-04996ec95633")
        .await
        .expect(201);
    get(format!("Bearer {token}")).await.expect(200);
    let signed = signature(DPS_HOST, owner, &primary, soon);
    let stable = "/enrollmentGroups/group-2?api-version=2021-10-01";
    let mut body = group_body("default");
    body["enrollmentGroupId"] = json!("group-2");
    let refused = azure
        .send("PUT", DPS_HOST, stable, &[("authorization", &signed)], Some(&body))
        .await
        .refused(400, "400004");
    assert!(refused.text("/message").contains("credentialPolicyName"));
    body["iotHubs"] = json!(["elsewhere.azure-devices.net"]);
    azure
        .send(
            "PUT",
            DPS_HOST,
            &format!("/enrollmentGroups/group-2?{DATA_PLANE}"),
            &[("authorization", &signed)],
            Some(&body),
        )
        .await
        .refused(400, "400004");
    azure
        .send(
            "GET",
            "nobody.azure-devices-provisioning.net",
            &format!("/enrollmentGroups/x?{DATA_PLANE}"),
            &[("authorization", &signed)],
            None,
        )
        .await
        .refused(404, "404001");
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn credentials_and_policies_have_parents_and_limits() {
    let (_folder, azure) = calm().await;
    azure.make_group_and_identity().await;
    let namespace =
        |index: u32| group_path(&format!("/providers/Microsoft.DeviceRegistry/namespaces/space-{index}"));
    let policy = json!({"properties": {"certificate": {
        "certificateAuthorityConfiguration": {"keyType": "ECC"}, "leafCertificateConfiguration": {"validityPeriodInDays": 30},
    }}});
    let version = format!("api-version={}", A.registry);
    azure
        .put(&format!("{}/credentials/default?{version}", namespace(1)), east())
        .await
        .refused(404, "ParentResourceNotFound");
    for index in 1..=3 {
        azure.put_and_wait(&format!("{}?{version}", namespace(index)), east()).await.expect(200);
    }
    azure
        .put(&format!("{}/credentials/default/policies/first?{version}", namespace(1)), policy.clone())
        .await
        .refused(404, "ParentResourceNotFound");
    azure
        .put(&format!("{}/credentials/other?{version}", namespace(1)), east())
        .await
        .refused(400, "InvalidResourceName");
    azure.put_and_wait(&format!("{}/credentials/default?{version}", namespace(1)), east()).await.expect(200);
    azure.put(&format!("{}/credentials/default?{version}", namespace(1)), east()).await.expect(200);
    azure.put_and_wait(&format!("{}/credentials/default?{version}", namespace(2)), east()).await.expect(200);
    azure
        .put(&format!("{}/credentials/default?{version}", namespace(3)), east())
        .await
        .refused(400, "CredentialQuotaExceeded");
    azure
        .put_and_wait(
            &format!("{}/credentials/default/policies/first?{version}", namespace(1)),
            policy.clone(),
        )
        .await
        .expect(200);
    azure
        .put(&format!("{}/credentials/default/policies/second?{version}", namespace(1)), policy)
        .await
        .refused(409, "PolicyQuotaExceeded");
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn custom_roles_are_checked() {
    let (_folder, azure) = calm().await;
    azure.make_group_and_identity().await;
    let path = |name: &str| {
        group_path(&format!(
            "/providers/Microsoft.Authorization/roleDefinitions/{name}?api-version=2022-04-01"
        ))
    };
    let (one, two) = ("77777777-7777-4777-8777-777777777777", "77777777-7777-4777-8777-777777777778");
    azure.put(&path("not-a-guid"), role_body("a")).await.refused(400, "InvalidRoleDefinitionId");
    azure.put(&path(one), role_body("a")).await.expect(201);
    azure.put(&path(two), role_body("A")).await.refused(409, "RoleDefinitionWithSameNameExists");
    azure.put(&path(two), role_body("Contributor")).await.refused(409, "RoleDefinitionWithSameNameExists");
    let mut body = role_body("b");
    body["properties"]["assignableScopes"] =
        json!(["/subscriptions/$SUBSCRIPTION_ID/resourceGroups/devices"]);
    azure.put(&path(two), body.clone()).await.refused(400, "InvalidAssignableScope");
    body["properties"]["assignableScopes"] = json!(["/subscriptions/33333333-3333-4333-8333-333333333333"]);
    azure.put(&path(two), body.clone()).await.refused(400, "LinkedInvalidAssignableScope");
    let mut body = role_body("b");
    body["properties"]["permissions"][0]["actions"] = json!(["read everything"]);
    azure.put(&path(two), body).await.refused(400, "InvalidActionOrNotAction");
    azure.arm("DELETE", &path(one), None).await.expect(200);
    azure.get(&path(one)).await.refused(404, "RoleDefinitionDoesNotExist");
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn writes_beyond_the_limit_are_throttled() {
    let folder = tempfile::tempdir().unwrap();
    let azure = Azure::open(folder.path(), "[throttle]\nwrites_per_minute = 2\n", 1.0).await;
    let path = group_path("?api-version=2025-04-01");
    let mut refused = None;
    // The minute may turn between two of them, but not between all.
    for _ in 0..6 {
        let answer = azure.put(&path, east()).await;
        if answer.status == 429 {
            refused = Some(answer);
        }
    }
    let refused = refused.expect("a throttled write");
    assert_eq!(refused.code(), "SubscriptionRequestsThrottled");
    assert!((1..=60).contains(&refused.header("retry-after").parse::<u32>().unwrap()));
    azure.sandbox.shutdown().await;
}

#[tokio::test]
async fn the_directory_knows_the_hub_application() {
    let (_folder, azure) = calm().await;
    let token = azure.sign_in("https://graph.microsoft.com/.default").await.expect(200).text("/access_token");
    let bearer = format!("Bearer {token}");
    let get = async |path: &str| {
        azure.send("GET", "graph.microsoft.com", path, &[("authorization", &bearer)], None).await
    };
    let app = "89d10474-74af-4874-99a7-c23c2f643083";
    let found = get(&format!("/v1.0/servicePrincipals(appId='{app}')?$select=id,appId,displayName"))
        .await
        .expect(200);
    assert_eq!(found.text("/id"), "66666666-6666-4666-8666-666666666666");
    let found =
        get(&format!("/v1.0/servicePrincipals?$filter=servicePrincipalNames/any(c:c%20eq%20'{app}')"))
            .await
            .expect(200);
    assert_eq!(found.text("/value/0/appId"), app);
    get("/v1.0/servicePrincipals/66666666-6666-4666-8666-666666666666").await.expect(200);
    get("/v1.0/servicePrincipals(appId='00000000-0000-4000-8000-000000000000')")
        .await
        .refused(404, "Request_ResourceNotFound");
    get("/v1.0/servicePrincipals?$select=secrets").await.refused(400, "BadRequest");
    azure.sandbox.shutdown().await;
}
