//! Unit tests: the step with time as a value, and the parts it rests on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::{any, prop, prop_oneof, proptest};
use serde_json::{Value, json};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::clock::{Due, Epoch, Now};
use super::permissions::{Plane, grants, matches};
use super::providers::credentials;
use super::reply::Reply;
use super::request::{Request, decode, pairs};
use super::schema::{Field, Shape, check, optional, read_only, required};
use super::settings::{self, WorldSource, builtin_worlds};
use super::step::step;
use super::target::{Target, covers, parent, region};
use super::world::World;

const SUBSCRIPTION: &str = "/subscriptions/11111111-1111-4111-8111-111111111111";
/// 2026-11-24, so that certificates have sensible dates.
const START: i64 = 1_795_500_000_000;

/// A world and its clock, driven without a server.
struct Driven {
    world: World,
    now: Now,
    token: String,
}

fn request(method: &str, host: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Request {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path.to_owned(), Some(query.to_owned())),
        None => (target.to_owned(), None),
    };
    Request {
        method: method.to_owned(),
        host: host.to_owned(),
        authority: host.to_owned(),
        secure: false,
        path,
        query,
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: body.to_vec(),
    }
}

impl Driven {
    fn new(text: &str, speed: f64) -> Self {
        let (source, settings) = settings::read(&WorldSource::Text(text.to_owned())).unwrap();
        let world = World::found(source, settings, START, speed).unwrap();
        let now = Now { real_ms: START, sim_ms: START, speed };
        let mut driven = Self { world, now, token: String::new() };
        let caller = driven.world.settings.caller.clone();
        let form = format!(
            "client_id={}&client_secret={}&grant_type=client_credentials&scope=https%3A%2F%2Fmanagement.azure.com%2F.default",
            caller.client_id, caller.client_secret
        );
        let path = format!("/{}/oauth2/v2.0/token", driven.world.tenant());
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let reply = step(
            &mut driven.world,
            &request("POST", "login.microsoftonline.com", &path, &headers, form.as_bytes()),
            &driven.now,
        );
        driven.token = reply.body.unwrap()["access_token"].as_str().unwrap().to_owned();
        driven
    }

    fn pass(&mut self, sim_seconds: i64) {
        self.now.sim_ms += sim_seconds * 1000;
    }

    fn send(&mut self, method: &str, target: &str, body: Option<&Value>) -> Reply {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = body.map(Value::to_string).unwrap_or_default();
        step(
            &mut self.world,
            &request(method, "management.azure.com", target, &headers, body.as_bytes()),
            &self.now,
        )
    }

    fn state(&mut self, target: &str) -> String {
        let body = self.send("GET", target, None).body.unwrap();
        body.pointer("/properties/provisioningState").and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

fn code(reply: &Reply) -> String {
    let body = reply.body.as_ref().unwrap();
    body.pointer("/error/code").and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[test]
fn things_happen_at_their_time_and_not_before() {
    let mut azure = Driven::new("", 60.0);
    let group = format!("{SUBSCRIPTION}/resourceGroups/devices");
    let located = json!({"location": "eastus2"});
    assert_eq!(azure.send("PUT", &format!("{group}?api-version=2025-04-01"), Some(&located)).status, 201);
    let identity = format!(
        "{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/uami?api-version=2023-01-31"
    );
    let made = azure.send("PUT", &identity, Some(&located)).body.unwrap();
    let principal = made["properties"]["principalId"].as_str().unwrap().to_owned();
    let assignment = format!(
        "{group}/providers/Microsoft.Authorization/roleAssignments/88888888-8888-4888-8888-888888888888?api-version=2022-04-01"
    );
    let body = json!({"properties": {
        "principalId": principal, "principalType": "ServicePrincipal",
        "roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c",
    }});
    azure.pass(9);
    assert_eq!(code(&azure.send("PUT", &assignment, Some(&body))), "PrincipalNotFound");
    assert_eq!(code(&azure.send("PUT", &assignment, Some(&body))), "PrincipalNotFound");
    azure.pass(1);
    assert_eq!(azure.send("PUT", &assignment, Some(&body)).status, 201);
    let allowed = |azure: &Driven| {
        super::permissions::allows(
            &azure.world,
            &principal,
            Plane::Control,
            "Microsoft.Devices/IotHubs/write",
            &group,
            &azure.now,
        )
    };
    azure.pass(29);
    assert!(!allowed(&azure));
    azure.pass(1);
    assert!(allowed(&azure));

    let namespace =
        format!("{group}/providers/Microsoft.DeviceRegistry/namespaces/ns-1?api-version=2025-11-01-preview");
    azure.send(
        "PUT",
        &namespace,
        Some(&json!({"location": "eastus2", "identity": {"type": "SystemAssigned"}})),
    );
    azure.pass(119);
    assert_eq!(azure.state(&namespace), "Accepted");
    azure.pass(1);
    assert_eq!(azure.state(&namespace), "Succeeded");
}

#[test]
fn what_is_overdue_counts_from_its_own_moment() {
    let mut azure = Driven::new("", 60.0);
    let group = format!("{SUBSCRIPTION}/resourceGroups/devices");
    azure.send("PUT", &format!("{group}?api-version=2025-04-01"), Some(&json!({"location": "eastus2"})));
    let namespace =
        format!("{group}/providers/Microsoft.DeviceRegistry/namespaces/ns-1?api-version=2025-11-01-preview");
    azure.send(
        "PUT",
        &namespace,
        Some(&json!({"location": "eastus2", "identity": {"type": "SystemAssigned"}})),
    );
    // Nobody asks for an hour: the principal was made after 120 seconds and has been visible since 130.
    azure.pass(3600);
    let made = azure.send("GET", &namespace, None).body.unwrap();
    let principal = made["identity"]["principalId"].as_str().unwrap().to_owned();
    assert!(azure.world.principals[&principal].visible.reached(&azure.now));
}

#[test]
fn a_policys_authority_is_signed_by_the_credentials_root() {
    let mut azure = Driven::new("", 60.0);
    let group = format!("{SUBSCRIPTION}/resourceGroups/devices");
    let version = "api-version=2025-11-01-preview";
    let namespace = format!("{group}/providers/Microsoft.DeviceRegistry/namespaces/ns-1");
    let policy = format!("{namespace}/credentials/default/policies/default");
    azure.send("PUT", &format!("{group}?api-version=2025-04-01"), Some(&json!({"location": "eastus2"})));
    azure.send("PUT", &format!("{namespace}?{version}"), Some(&json!({"location": "eastus2"})));
    azure.pass(120);
    azure.send(
        "PUT",
        &format!("{namespace}/credentials/default?{version}"),
        Some(&json!({"location": "eastus2"})),
    );
    azure.pass(20);
    let body = json!({"properties": {"certificate": {
        "certificateAuthorityConfiguration": {"keyType": "ECC"}, "leafCertificateConfiguration": {"validityPeriodInDays": 30},
    }}});
    assert_eq!(azure.send("PUT", &format!("{policy}?{version}"), Some(&body)).status, 201);
    azure.pass(15);
    let shown = azure.send("GET", &format!("{policy}?{version}"), None).body.unwrap();
    let (issuing, root) = credentials::chain(&azure.world, &policy).unwrap();
    let (issuing, root) = (STANDARD.decode(issuing).unwrap(), STANDARD.decode(root).unwrap());
    let (_, issuing) = X509Certificate::from_der(&issuing).unwrap();
    let (_, root) = X509Certificate::from_der(&root).unwrap();
    root.verify_signature(None).unwrap();
    issuing.verify_signature(Some(root.public_key())).unwrap();
    assert!(issuing.verify_signature(Some(issuing.public_key())).is_err());
    assert_eq!(issuing.issuer(), root.subject());
    assert_ne!(issuing.raw_serial(), root.raw_serial());
    let authority = &shown["properties"]["certificate"]["certificateAuthorityConfiguration"];
    assert_eq!(authority["subject"], json!(issuing.subject().to_string()));
    let until: jiff::Timestamp = authority["validityNotAfter"].as_str().unwrap().parse().unwrap();
    assert_eq!(until.as_second(), issuing.validity().not_after.timestamp());
    // No reply ever holds a private key, and the world keeps both.
    assert!(!shown.to_string().contains("\"key\""));
    assert!(azure.world.resource(&policy).unwrap().vault["authority"]["key"].is_string());
}

#[test]
fn simulated_time_goes_on_and_never_back() {
    let mut epoch = Epoch::starting(1000, 60.0);
    assert_eq!(epoch.now(2000).sim_ms, 61_000);
    epoch.rebase(2000, 0.0);
    assert_eq!(epoch.now(3000).sim_ms, 62_000);
    assert_eq!(epoch.now(0).sim_ms, 61_000);
    let now = Now { real_ms: 0, sim_ms: 0, speed: 60.0 };
    assert_eq!((now.real_wait_ms(10.0), now.real_wait_ms(0.0)), (167, 0));
    let still = Now { speed: 0.0, ..now };
    let mut due = Due::after(&still, 5.0);
    assert_eq!((due.look(&still), due.look(&still)), (false, true));
    assert!(Due::after(&still, 0.0).reached(&still));
}

#[test]
fn actions_match_with_wildcards_and_without_case() {
    let cases = [
        ("*", "Microsoft.Devices/IotHubs/write", true),
        ("*/read", "Microsoft.Devices/IotHubs/read", true),
        ("*/read", "Microsoft.Devices/IotHubs/write", false),
        ("microsoft.devices/iothubs/*", "Microsoft.Devices/IotHubs/certificates/write", true),
        ("Microsoft.Authorization/*/Write", "Microsoft.Authorization/roleAssignments/write", true),
        ("Microsoft.Authorization/*/Write", "Microsoft.Authorization/Writer", false),
        ("a/*/assign/action", "a/assign/action", true),
        ("a/*/*/b", "a/b", true),
        ("a/*/b", "ab", false),
        ("Microsoft.Devices/IotHubs/read", "Microsoft.Devices/IotHubs/read/more", false),
        ("a*b*c", "abbc", true),
        ("a*bc*c", "abc", false),
        ("", "", true),
    ];
    for (pattern, action, expected) in cases {
        assert_eq!(matches(pattern, action), expected, "{pattern} {action}");
    }
    let blocks =
        json!([{"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"], "dataActions": []}]);
    assert!(grants(&blocks, Plane::Control, "Microsoft.Devices/IotHubs/write"));
    assert!(!grants(&blocks, Plane::Control, "Microsoft.Authorization/roleAssignments/write"));
    assert!(!grants(&blocks, Plane::Data, "Microsoft.Devices/IotHubs/devices/read"));
}

#[test]
fn paths_are_taken_apart() {
    let parse = |method: &str, path: &str| Target::parse(&request(method, "", path, &[], &[])).unwrap();
    let target = parse(
        "POST",
        "/subscriptions/S/resourcegroups/G/providers/Microsoft.Devices/IotHubs/h/IotHubKeys/k/listkeys",
    );
    assert_eq!(
        (target.group(), target.types.join("/"), target.names.join("/")),
        ("G", "IotHubs/IotHubKeys".to_owned(), "h/k".to_owned())
    );
    assert_eq!(target.action.as_deref(), Some("listkeys"));
    let target = parse(
        "PUT",
        "/subscriptions/S/resourceGroups/G/providers/Microsoft.Devices/IotHubs/h/providers/microsoft.authorization/roleAssignments/x",
    );
    assert_eq!(target.scope, "/subscriptions/S/resourceGroups/G/providers/Microsoft.Devices/IotHubs/h");
    assert_eq!((target.name(), target.is_collection()), ("x", false));
    assert_eq!(
        parse("GET", "/subscriptions/S/providers/Microsoft.Authorization/roleDefinitions").scope,
        "/subscriptions/S"
    );
    assert_eq!(parse("GET", "/providers/Microsoft.Authorization/roleDefinitions").scope, "/");
    assert!(Target::parse(&request("GET", "", "/subscriptions//resourceGroups", &[], &[])).is_err());

    let credential = "/subscriptions/S/resourceGroups/G/providers/Microsoft.DeviceRegistry/namespaces/n/credentials/default";
    assert!(parent(credential).ends_with("/namespaces/n"));
    assert_eq!(parent(parent(credential)), "/subscriptions/S/resourceGroups/G");
    assert!(
        covers("/", credential) && covers("/SUBSCRIPTIONS/s", credential) && covers(credential, credential)
    );
    assert!(!covers(
        "/subscriptions/S/resourceGroups/G/providers/Microsoft.DeviceRegistry/namespaces/n",
        "/subscriptions/S/resourceGroups/G/providers/Microsoft.DeviceRegistry/namespaces/n2"
    ));
    assert_eq!(region("East US 2"), "eastus2");
    assert_eq!((decode("a%20b%zz+", false), decode("a+b", true)), ("a b%zz+".to_owned(), "a b".to_owned()));
    assert_eq!(
        pairs("a=1&b&c=%3D"),
        [("a", "1"), ("b", ""), ("c", "=")].map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}

#[test]
fn bodies_are_held_to_their_shapes() {
    static INNER: [Field; 2] = [required("days", Shape::Whole(7, 90)), read_only("subject")];
    static OUTER: [Field; 3] = [
        required("kind", Shape::OneOf(&["a", "b"])),
        optional("inner", Shape::Object(&INNER)),
        optional("list", Shape::ListOf(&Shape::Text)),
    ];
    static TAGGED: [Field; 1] = [optional("tags", Shape::Tags)];
    let wrong = |body: Value| check(&body, &Shape::Object(&OUTER), "").unwrap_err().to_string();
    assert!(
        check(&json!({"kind": "a", "inner": {"days": 30}, "list": null}), &Shape::Object(&OUTER), "").is_ok()
    );
    assert_eq!(wrong(json!({})), "The property 'kind' is required.");
    assert_eq!(
        wrong(json!({"kind": "c"})),
        "The property 'kind' has the value 'c', but must be one of: a, b."
    );
    assert_eq!(
        wrong(json!({"kind": "a", "other": 1})),
        "The property 'other' is not known to this api-version."
    );
    assert_eq!(
        wrong(json!({"kind": "a", "inner": {"days": 7, "subject": "x"}})),
        "The property 'inner.subject' is read-only."
    );
    assert_eq!(
        wrong(json!({"kind": "a", "inner": {"days": 7.5}})),
        "The property 'inner.days' must be a whole number."
    );
    assert_eq!(
        wrong(json!({"kind": "a", "list": ["x", 1]})),
        "The property 'list[1]' must be a string, but is a number."
    );
    assert_eq!(wrong(json!([])), "The request body must be an object, but is a list.");
    let tags =
        |tags: Value| check(&json!({"tags": tags}), &Shape::Object(&TAGGED), "").map_err(|wrong| wrong.path);
    assert_eq!(tags(json!({"hubup-setup": "devices", "empty": ""})), Ok(()));
    assert_eq!(tags(json!({"a/b": "x"})), Err("tags.a/b".to_owned()));
    assert_eq!(tags(json!({"a": 1})), Err("tags.a".to_owned()));
    assert_eq!(tags(json!({"a": "x".repeat(257)})), Err("tags.a".to_owned()));
    let many: serde_json::Map<String, Value> =
        (0..51).map(|number| (number.to_string(), json!(""))).collect();
    assert_eq!(tags(Value::Object(many)), Err("tags".to_owned()));
    let hostile = wrong(json!({"kind": format!("\u{1b}[2J{}", "x".repeat(10_000))}));
    assert!(hostile.len() < 1000 && !hostile.contains('\u{1b}'));
}

#[test]
fn every_shipped_world_can_be_founded() {
    for (name, _) in builtin_worlds() {
        let (source, settings) = settings::read(&WorldSource::Builtin((*name).to_owned())).unwrap();
        assert!(World::found(source, settings, START, 60.0).is_ok(), "{name}");
    }
    let misplaced = "[[resources]]\nid = \"/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/g/providers/Microsoft.Devices/IotHubs/h\"\nbody = {}\n";
    let (source, settings) = settings::read(&WorldSource::Text(misplaced.to_owned())).unwrap();
    assert!(World::found(source, settings, START, 60.0).is_err());
}

/// Words that lead deep into the providers, so that random requests do not all end at the front door.
fn segment() -> impl proptest::strategy::Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "subscriptions",
            "11111111-1111-4111-8111-111111111111",
            "resourceGroups",
            "neighbours",
            "providers",
            "Microsoft.Devices",
            "Microsoft.DeviceRegistry",
            "Microsoft.ManagedIdentity",
            "Microsoft.Authorization",
            "IotHubs",
            "neighbour-hub",
            "provisioningServices",
            "neighbour-dps",
            "namespaces",
            "neighbour-namespace",
            "credentials",
            "default",
            "policies",
            "synchronize",
            "listkeys",
            "certificates",
            "keys",
            "roleDefinitions",
            "roleAssignments",
            "permissions",
            "register",
            "checkNameAvailability",
            "usages",
            "userAssignedIdentities",
            "enrollmentGroups",
            "query",
            "v1.0",
            "oauth2",
            "locations",
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,12}",
        any::<String>(),
    ]
}

use proptest::strategy::Strategy as _;

proptest! {
    #[test]
    fn no_request_makes_the_step_panic(
        method in prop::sample::select(vec!["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "TRACE"]),
        host in prop_oneof![
            prop::sample::select(vec![
                "management.azure.com", "graph.microsoft.com", "login.microsoftonline.com", "127.0.0.1",
                "neighbour-dps.azure-devices-provisioning.net", "",
            ]).prop_map(str::to_owned),
            any::<String>(),
        ],
        segments in prop::collection::vec(segment(), 0..10),
        query in prop_oneof![
            prop::sample::select(vec![
                "api-version=2025-11-01-preview", "api-version=2025-08-01-preview", "api-version=2025-02-01-preview",
                "api-version=2022-04-01&$filter=roleName eq 'x'", "api-version=2025-07-01-preview", "api-version=2025-04-01",
            ]).prop_map(str::to_owned),
            any::<String>(),
        ],
        header in any::<String>(),
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..64),
            prop::sample::select(vec![
                "{}", "{\"location\":\"eastus\",\"properties\":{}}", "{\"properties\":{\"roleName\":\"\"}}", "[[[[", "null",
                "{\"location\":\"eastus\",\"sku\":{\"name\":\"S1\"},\"properties\":{\"iotHubs\":[{\"connectionString\":\"HostName=;;=\"}]}}",
            ]).prop_map(|text| text.as_bytes().to_vec()),
        ],
        sas in any::<bool>(),
    ) {
        let neighbours = builtin_worlds().iter().find(|(name, _)| *name == "neighbours").unwrap().1;
        let mut azure = Driven::new(neighbours, 0.0);
        let authorization = if sas { format!("SharedAccessSignature {header}") } else { format!("Bearer {}", azure.token) };
        let headers = [
            ("authorization", authorization.as_str()), ("content-type", "application/json"), ("if-match", header.as_str()),
        ];
        let request = request(method, &host, &format!("/{}?{query}", segments.join("/")), &headers, &body);
        let reply = step(&mut azure.world, &request, &azure.now);
        proptest::prop_assert!((200..600).contains(&reply.status));
    }
}

/// Links, healing and what shows late happen when they are due, and not because somebody looks.
#[test]
fn links_settle_at_their_time() {
    let world =
        "base = \"links-2026\"\n[latency]\nprincipal = 0\n[links]\nroles_needed = []\nhalf_settled = true\n";
    let mut azure = Driven::new(world, 60.0);
    let group = format!("{SUBSCRIPTION}/resourceGroups/devices");
    let located = json!({"location": "eastus2"});
    assert_eq!(azure.send("PUT", &format!("{group}?api-version=2025-04-01"), Some(&located)).status, 201);
    let plain = json!({
        "location": "eastus2", "sku": {"name": "S1", "capacity": 1}, "identity": {"type": "SystemAssigned"}, "properties": {},
    });
    let hub_id = format!("{group}/providers/Microsoft.Devices/IotHubs/hub-links");
    let dps_id = format!("{group}/providers/Microsoft.Devices/provisioningServices/dps-links");
    let hub = format!("{hub_id}?api-version=2026-10-01-preview");
    assert_eq!(azure.send("PUT", &hub, Some(&plain)).status, 201);
    assert_eq!(azure.send("PUT", &format!("{dps_id}?api-version=2026-11-01"), Some(&plain)).status, 201);
    azure.pass(150);
    let shown = |azure: &mut Driven| {
        let body = azure.send("GET", &hub, None).body.unwrap();
        (body["properties"]["state"].clone(), body["identity"].get("principalId").is_some())
    };
    assert_eq!(azure.state(&hub), "Succeeded");
    assert_eq!(shown(&mut azure), (json!("Activating"), false));
    azure.pass(10);
    assert_eq!(shown(&mut azure), (json!("Active"), true));

    let namespace =
        format!("{group}/providers/Microsoft.DeviceRegistry/namespaces/ns-links?api-version=2026-11-01");
    let mut body = json!({"location": "eastus2", "identity": {"type": "SystemAssigned"}});
    assert_eq!(azure.send("PUT", &namespace, Some(&body)).status, 201);
    azure.pass(120);
    let caller = json!({"type": "SystemAssigned"});
    body["properties"] = json!({
        "messaging": {"endpoints": {"hub": {"endpointType": "Microsoft.Devices/IotHubs", "resourceId": hub_id, "inboundCallerIdentity": caller}}},
        "provisioning": {"endpoints": {"dps": {"endpointType": "Microsoft.Devices/provisioningServices", "resourceId": dps_id, "inboundCallerIdentity": caller}}},
    });
    assert_eq!(azure.send("PUT", &namespace, Some(&body)).status, 201);
    azure.pass(89);
    for _ in 0..5 {
        assert_eq!(azure.state(&namespace), "Accepted");
    }
    azure.pass(1);
    assert_eq!(azure.state(&namespace), "Failed");
    assert_eq!(azure.send("PATCH", &namespace, Some(&json!({"tags": {"heal": "1"}}))).status, 202);
    azure.pass(59);
    assert_eq!(azure.state(&namespace), "Failed");
    azure.pass(1);
    assert_eq!(azure.state(&namespace), "Succeeded");
}
