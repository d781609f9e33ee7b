//! What Microsoft's own clients were found to need: each refusal or misreading of theirs that was mended.
//!
//! The clients themselves run in `tests/clients`; here is what they asked for, so that it holds without them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};

use super::links::setup::world;
use super::setup::{A, A2, dps_id, hub_id, namespace_id};
use super::support::{Azure, CALM, SUBSCRIPTION, east, group_path};

fn at(path: &str, version: &str) -> String {
    format!("{path}?api-version={version}")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_identity_endpoint_gives_the_callers_token() {
    let (_folder, azure) = world("").await;
    let secret = azure.sandbox.sign_in().client_secret;
    let path = "/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fmanagement.azure.com%2F";
    let address = azure.sandbox.address().to_string();
    let headers = [("x-identity-header", secret.as_str())];
    let given = azure.send("GET", &address, path, &headers, None).await.expect(200);
    assert!(given.text("/expires_on").parse::<i64>().unwrap() > jiff::Timestamp::now().as_second());
    assert_eq!(given.text("/token_type"), "Bearer");
    let bearer = format!("Bearer {}", given.text("/access_token"));
    let subscriptions = "/subscriptions?api-version=2022-12-01";
    let headers = [("authorization", bearer.as_str())];
    azure.send("GET", "management.azure.com", subscriptions, &headers, None).await.expect(200);
    azure.send("GET", &address, path, &[], None).await.expect(401);
    azure.send("GET", &address, path, &[("x-identity-header", "wrong")], None).await.expect(401);
    let headers = [("x-identity-header", secret.as_str())];
    azure.send("GET", &address, "/msi/token?api-version=2017-09-01", &headers, None).await.expect(400);
    // Only the machine itself has it.
    azure.send("GET", "management.azure.com", path, &headers, None).await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sign_in_host_describes_itself_where_no_tenant_is_named() {
    let (_folder, azure) = world("").await;
    for tenant in ["organizations", "common"] {
        let path = format!("/{tenant}/v2.0/.well-known/openid-configuration");
        let told = azure.send("GET", "login.microsoftonline.com", &path, &[], None).await.expect(200);
        assert_eq!(told.text("/issuer"), "https://login.microsoftonline.com/{tenantid}/v2.0");
        assert_eq!(
            told.text("/token_endpoint"),
            format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_with_what_accounts_are_kept_by() {
    let (_folder, azure) = world("[sign_in]\ndevice_polls = 0\n").await;
    let base = format!("http://{}/organizations/oauth2/v2.0", azure.sandbox.address());
    let scope = "https://management.core.windows.net//.default openid profile offline_access";
    let client = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
    let post = async |path: &str, form: &[(&str, &str)]| {
        let request = azure.client.post(format!("{base}/{path}"));
        Azure::read(request.header("host", "login.microsoftonline.com").form(form)).await
    };
    let code = post("devicecode", &[("client_id", client), ("scope", scope)]).await.expect(200);
    let code = code.text("/device_code");
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", client),
        ("device_code", code.as_str()),
        ("client_info", "1"),
    ];
    let granted = post("token", &form).await.expect(200);
    let read = |text: &str| -> Value {
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    };
    let tenant = azure.sandbox.sign_in().tenant;
    let id_token = granted.text("/id_token");
    let claims = read(id_token.split('.').nth(1).unwrap());
    assert_eq!((&claims["aud"], &claims["tid"]), (&json!(client), &json!(tenant)));
    assert_eq!(claims["preferred_username"], "ada@sandbox.example");
    let info = read(&granted.text("/client_info"));
    assert_eq!((&info["uid"], &info["utid"]), (&claims["oid"], &json!(tenant)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cloud_can_be_registered_under_the_servers_own_address() {
    let (_folder, azure) = world("").await;
    let address = azure.sandbox.address().to_string();
    let path = "/metadata/endpoints?api-version=2022-09-01";
    let told = azure.send("GET", &address, path, &[], None).await.expect(200);
    assert_eq!(told.text("/resourceManager"), format!("http://{address}"));
    let told = azure.send("GET", "management.azure.com", path, &[], None).await.expect(200);
    assert_eq!(told.text("/authentication/loginEndpoint"), "https://login.microsoftonline.com");
    let older = "/metadata/endpoints?api-version=2019-05-01";
    assert!(azure.send("GET", &address, older, &[], None).await.expect(200).body.is_array());
    // Its directory is found there too, and not at the real one.
    let graph = format!("http://{address}/graph");
    let told = azure.send("GET", &address, path, &[], None).await.expect(200);
    assert_eq!(told.text("/microsoftGraphResourceId"), format!("{graph}/"));
    let token = azure.sign_in(&format!("{graph}//.default")).await.expect(200).text("/access_token");
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let found =
        azure.send("GET", &address, "/graph/v1.0/servicePrincipals", &headers, None).await.expect(200);
    assert_eq!(found.text("/value/0/displayName"), "hubup sandbox caller");
    azure.send("GET", &address, "/subscriptions?api-version=2022-12-01", &headers, None).await.expect(401);
    // Its resource manager's audience is that address.
    let token = azure.sign_in(&format!("https://{address}/.default")).await.expect(200);
    let bearer = format!("Bearer {}", token.text("/access_token"));
    let subscriptions = "/subscriptions?api-version=2022-12-01";
    azure.send("GET", &address, subscriptions, &[("authorization", &bearer)], None).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_client_is_told_to_wait_no_time_in_whole_seconds() {
    let (_folder, azure) = world(CALM).await;
    azure.make_group_and_identity().await;
    let body = json!({"location": "eastus2", "identity": {"type": "SystemAssigned"}});
    let accepted = azure.put(&at(&namespace_id(), A.registry), body).await.expect(201);
    // Microsoft's clients take 0 for no word at all, and wait half a minute.
    assert_eq!(accepted.header("retry-after"), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_and_lists_take_what_az_sends() {
    let (_folder, azure) = world(CALM).await;
    azure.make_group_and_identity().await;
    let group = at(&group_path(""), "2025-04-01");
    let mut whole = azure.get(&group).await.expect(200).body;
    for name in ["id", "name", "type"] {
        whole.as_object_mut().unwrap().remove(name);
    }
    whole["tags"] = json!({"More": "yes"});
    whole["properties"] = json!({});
    azure.put(&group, whole).await.expect(200);
    let list = async |rest: &str| {
        let path = format!("/subscriptions/{SUBSCRIPTION}/{rest}");
        azure.get(&path).await.expect(200).body["value"].as_array().unwrap().len()
    };
    assert_eq!(list("resourcegroups?api-version=2025-04-01&$filter=tagname%20eq%20'more'%20and%20tagvalue%20eq%20'yes'").await, 1);
    assert_eq!(list("resourcegroups?api-version=2025-04-01&$filter=tagname%20eq%20'other'").await, 0);
    assert_eq!(list("resources?api-version=2025-04-01&$filter=resourceGroup%20eq%20'DEVICES'").await, 1);
    assert_eq!(list("resources?api-version=2025-04-01&$filter=resourceGroup%20eq%20'device'").await, 0);
    assert_eq!(list("resources?api-version=2025-04-01&$filter=name%20eq%20'uami'").await, 1);
}

/// `az role assignment create --assignee` with a principal's id asks so for its type, and sends none when it is not told.
#[tokio::test(flavor = "multi_thread")]
async fn the_directory_tells_what_an_id_is() {
    let (_folder, azure) = world("").await;
    let token = azure.sign_in("https://graph.microsoft.com/.default").await.expect(200).text("/access_token");
    let ask = async |body: Value| {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        azure
            .send("POST", "graph.microsoft.com", "/v1.0/directoryObjects/getByIds", &headers, Some(&body))
            .await
    };
    let hub = "66666666-6666-4666-8666-666666666666";
    let nobody = "99999999-9999-4999-8999-999999999999";
    let types = json!(["user", "group", "servicePrincipal", "directoryObjectPartnerReference"]);
    let told = ask(json!({"ids": [nobody, hub.to_uppercase()], "types": types})).await.expect(200);
    assert_eq!(told.body["value"].as_array().unwrap().len(), 1);
    assert_eq!(told.text("/value/0/@odata.type"), "#microsoft.graph.servicePrincipal");
    assert_eq!(told.text("/value/0/id"), hub);
    assert_eq!(ask(json!({"ids": [hub]})).await.expect(200).text("/value/0/displayName"), "Azure IoT Hub");
    assert_eq!(ask(json!({"ids": [hub], "types": ["user"]})).await.expect(200).body["value"], json!([]));
    for wrong in [json!({}), json!({"ids": []}), json!({"ids": [1]}), json!({"ids": [hub], "types": 1})] {
        ask(wrong).await.refused(400, "Request_BadRequest");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_listed_below_their_namespace() {
    let (_folder, azure) = world(CALM).await;
    azure.make_everything(A2).await;
    let listed = azure.get(&at(&format!("{}/credentials", namespace_id()), A2.registry)).await.expect(200);
    assert_eq!(listed.text("/value/0/name"), "default");
    let nowhere = group_path("/providers/Microsoft.DeviceRegistry/namespaces/other/credentials");
    azure.get(&at(&nowhere, A2.registry)).await.refused(404, "ParentResourceNotFound");
}

#[tokio::test(flavor = "multi_thread")]
async fn hubs_tell_group_statistics_quotas_tiers_and_consumer_groups() {
    let (_folder, azure) = world(CALM).await;
    azure.make_everything(A).await;
    let hub = azure.get(&at(&hub_id(), A.hub)).await.expect(200);
    assert_eq!(
        (hub.text("/resourcegroup"), hub.text("/subscriptionid")),
        ("devices".to_owned(), SUBSCRIPTION.to_owned())
    );
    let below = |rest: &str| at(&format!("{}/{rest}", hub_id()), A.hub);
    assert_eq!(azure.get(&below("IotHubStats")).await.expect(200).body["totalDeviceCount"], 0);
    assert_eq!(azure.get(&below("quotaMetrics")).await.expect(200).text("/value/1/name"), "TotalDeviceCount");
    assert_eq!(azure.get(&below("skus")).await.expect(200).text("/value/0/sku/name"), "GEN2");
    for empty in ["routingEndpointsHealth", "jobs"] {
        assert_eq!(azure.get(&below(empty)).await.expect(200).body, json!({"value": []}));
    }
    azure.get(&below("jobs/one")).await.expect(404);
    let groups = "eventHubEndpoints/events/ConsumerGroups";
    let named = json!({"properties": {"name": "readers"}});
    azure.put(&below(&format!("{groups}/readers")), named.clone()).await.expect(200);
    azure.put(&below(&format!("{groups}/readers")), named).await.expect(200);
    assert_eq!(azure.get(&below(groups)).await.expect(200).body["value"].as_array().unwrap().len(), 2);
    assert_eq!(azure.get(&below(&format!("{groups}/Readers"))).await.expect(200).text("/name"), "readers");
    azure.arm("DELETE", &below(&format!("{groups}/readers")), None).await.expect(200);
    azure.get(&below(&format!("{groups}/readers"))).await.expect(404);
    azure.arm("DELETE", &below(&format!("{groups}/$Default")), None).await.expect(400);
    azure.get(&below("eventHubEndpoints/other/ConsumerGroups")).await.expect(404);
    let other = group_path("/providers/Microsoft.Devices/IotHubs/other/IotHubStats");
    azure.get(&at(&other, A.hub)).await.refused(404, "ResourceNotFound");
    let skus = azure.get(&at(&format!("{}/skus", dps_id()), A.dps)).await.expect(200);
    assert_eq!(skus.body, json!({"value": [{"name": "S1"}]}));
}

/// An authority of somebody's own, and a certificate of it for `name`.
pub fn own(name: &str) -> (rcgen::Certificate, Issuer<'static, KeyPair>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    (certificate, Issuer::new(params, key))
}

fn leaf(name: &str, issuer: &Issuer<'static, KeyPair>) -> String {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    STANDARD.encode(params.signed_by(&key, issuer).unwrap().pem())
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_uploaded_verified_and_deleted_by_their_etags() {
    let (_folder, azure) = world(CALM).await;
    azure.make_everything(A).await;
    let (authority, issuer) = own("own-authority");
    // What the registry wrote is there already.
    for (home, version, written) in [(hub_id(), A.hub, 1), (dps_id(), A.dps, 0)] {
        let list = at(&format!("{home}/certificates"), version);
        let path = at(&format!("{home}/certificates/own"), version);
        let body = json!({"properties": {"certificate": STANDARD.encode(authority.pem())}});
        let put = azure.put(&path, body.clone()).await.expect(200);
        assert_eq!(put.text("/properties/subject"), "own-authority");
        assert_eq!(put.body["properties"]["isVerified"], false);
        assert_eq!(put.text("/properties/certificate"), STANDARD.encode(authority.der()));
        let count = azure.get(&list).await.expect(200).body["value"].as_array().unwrap().len();
        assert_eq!(count, written + 1);
        azure.put(&path, body.clone()).await.expect(412);
        let send = async |method: &str, rest: &str, etag: &str, body: Option<&Value>| {
            let bearer = format!("Bearer {}", azure.token);
            let headers = [("authorization", bearer.as_str()), ("if-match", etag)];
            let path = at(&format!("{home}/certificates/own{rest}"), version);
            azure.send(method, "management.azure.com", &path, &headers, body).await
        };
        send("PUT", "", "stale", Some(&body)).await.expect(412);
        send("POST", "/generateVerificationCode", "stale", None).await.expect(412);
        let given = send("POST", "/generateVerificationCode", &put.text("/etag"), None).await.expect(200);
        let (code, etag) = (given.text("/properties/verificationCode"), given.text("/etag"));
        let stranger = own("stranger").1;
        for wrong in [leaf("other", &issuer), leaf(&code, &stranger), "none".to_owned()] {
            send("POST", "/verify", &etag, Some(&json!({"certificate": wrong}))).await.expect(400);
        }
        let proof = json!({"certificate": leaf(&code, &issuer)});
        let verified = send("POST", "/verify", &etag, Some(&proof)).await.expect(200);
        assert_eq!(verified.body["properties"]["isVerified"], true);
        azure.arm("DELETE", &path, None).await.expect(412);
        send("DELETE", "", &verified.text("/etag"), None).await.expect(200);
        azure.get(&path).await.expect(404);
        azure.put(&path, json!({"properties": {"certificate": "none"}})).await.expect(400);
        azure.put(&at(&format!("{home}/certificates/a%20b"), version), body).await.expect(400);
    }
    // Before 2022 a service's certificate came without `properties` around it.
    let bare = json!({"certificate": STANDARD.encode(authority.der()), "isVerified": true});
    let older = at(&format!("{}/certificates/own", dps_id()), "2021-10-15");
    assert_eq!(azure.put(&older, bare).await.expect(200).body["properties"]["isVerified"], true);
}

/// `az iot dps linked-hub create` puts back what a version of 2021 has shown it.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_leaves_alone_what_it_has_no_name_for() {
    let (_folder, azure) = world(CALM).await;
    azure.make_everything(A).await;
    for version in ["2021-10-15", "2022-12-12"] {
        let old = at(&dps_id(), version);
        let mut shown = azure.get(&old).await.expect(200).body;
        assert_eq!((shown.get("identity"), shown["properties"].get("deviceRegistryNamespace")), (None, None));
        assert_eq!(shown["properties"]["iotHubs"].as_array().unwrap().len(), 1);
        for name in ["id", "name", "type", "systemData"] {
            shown.as_object_mut().unwrap().remove(name);
        }
        shown["properties"]
            .as_object_mut()
            .unwrap()
            .retain(|name, _| matches!(name.as_str(), "iotHubs" | "allocationPolicy"));
        shown["sku"].as_object_mut().unwrap().remove("tier");
        let hub = shown["properties"]["iotHubs"][0].as_object_mut().unwrap();
        hub.remove("name");
        hub["allocationWeight"] = json!(7);
        azure.put_and_wait(&old, shown.clone()).await.expect(200);
        let whole = azure.get(&at(&dps_id(), A.dps)).await.expect(200);
        assert_eq!(whole.text("/identity/type"), "UserAssigned");
        let link = whole.text("/properties/deviceRegistryNamespace/resourceId");
        assert!(link.eq_ignore_ascii_case(&namespace_id()), "{link}");
        assert_eq!(whole.body["properties"]["iotHubs"][0]["allocationWeight"], 7);
        shown["identity"] = json!({"type": "None"});
        azure.put(&old, shown).await.refused(400, "400002");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_versions_of_the_released_az_are_served() {
    let (_folder, azure) = world(CALM).await;
    azure.make_group_and_identity().await;
    let list = async |rest: &str, version: &str| {
        let path = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/devices/providers/{rest}");
        azure.get(&at(&path, version)).await.expect(200);
    };
    list("Microsoft.Devices/IotHubs", "2023-06-30-preview").await;
    list("Microsoft.Devices/provisioningServices", "2021-10-15").await;
    list("Microsoft.ManagedIdentity/userAssignedIdentities", "2025-05-31-preview").await;
    list("Microsoft.Authorization/roleDefinitions", "2022-05-01-preview").await;
    // A preview before 2025 knows no namespaces.
    let mut body = super::setup::hub_body();
    body["sku"]["name"] = json!("S1");
    azure.put(&at(&hub_id(), "2023-06-30-preview"), body).await.refused(400, "IH400002");
}

/// The command line's `--cert-subject`.
#[tokio::test]
async fn the_subject_of_a_policys_authority_is_the_services_own() {
    let (_folder, azure) = world(CALM).await;
    azure.make_group_and_identity().await;
    azure.make_namespace(A).await;
    let credential = format!("{}/credentials/default", namespace_id());
    azure.put_and_wait(&at(&credential, A.registry), east()).await.expect(200);
    let authority = "/properties/certificate/certificateAuthorityConfiguration/subject";
    let body = json!({"location": "eastus2", "properties": {"certificate": {
        "certificateAuthorityConfiguration": {"keyType": "ECC", "subject": "CN=mine"},
        "leafCertificateConfiguration": {"validityPeriodInDays": 30},
    }}});
    let path = at(&format!("{credential}/policies/default"), A.registry);
    let policy = azure.put_and_wait(&path, body.clone()).await.expect(200);
    let subject = policy.text(authority);
    assert!(!subject.is_empty() && subject != "CN=mine", "{}", policy.body);
    azure.put_and_wait(&path, body).await.expect(200);
    assert_eq!(azure.get(&path).await.expect(200).text(authority), subject);
}

/// How `az resource` writes the address of a resource without a parent.
#[tokio::test]
async fn no_parent_is_written_as_nothing() {
    let (_folder, azure) = world(CALM).await;
    azure.make_group_and_identity().await;
    let plain = "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/uami";
    let wide = plain.replace("Identity/user", "Identity//user");
    let read = azure.get(&at(&group_path(&wide), "2023-01-31")).await.expect(200);
    let same = azure.get(&at(&group_path(plain), "2023-01-31")).await.expect(200);
    assert_eq!(read.body, same.body);
    for wrong in [plain.replace("Identities/", "Identities//"), format!("/{plain}")] {
        azure.get(&at(&group_path(&wrong), "2023-01-31")).await.refused(400, "InvalidRequestUri");
    }
}
