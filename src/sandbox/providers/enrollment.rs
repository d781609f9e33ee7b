//! Enrollment groups of a provisioning service.
//!
//! Facts: contract section 9; bodies of the 2025-07-01-preview and 2026-11-01 service specifications. Keys are in the answer
//! to a PUT and to `attestationmechanism`, never in a GET. The 2021 version knows no certificates, 2025 credential policies,
//! 2026 three names.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{device_view, dps_service, enrollment_names};
use crate::sandbox::clock::Now;
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::request::Request;
use crate::sandbox::schema::{self, Field, Shape, optional, read_only, required, shorten};
use crate::sandbox::world::{Resource, World, fresh_key, set, text};

static SYMMETRIC: [Field; 2] =
    [optional("primaryKey", Shape::Rule(key_text)), optional("secondaryKey", Shape::Rule(key_text))];
static TPM: [Field; 2] = [required("endorsementKey", Shape::Text), optional("storageRootKey", Shape::Text)];
static WITH_INFO: [Field; 2] = [optional("certificate", Shape::Text), optional("info", Shape::Anything)];
static CERTIFICATES: [Field; 2] =
    [optional("primary", Shape::Object(&WITH_INFO)), optional("secondary", Shape::Object(&WITH_INFO))];
static REFERENCES: [Field; 2] = [optional("primary", Shape::Text), optional("secondary", Shape::Text)];
static X509: [Field; 3] = [
    optional("clientCertificates", Shape::Object(&CERTIFICATES)),
    optional("signingCertificates", Shape::Object(&CERTIFICATES)),
    optional("caReferences", Shape::Object(&REFERENCES)),
];
static ATTESTATION: [Field; 4] = [
    required("type", Shape::OneOf(&["none", "tpm", "x509", "symmetricKey"])),
    optional("tpm", Shape::Object(&TPM)),
    optional("x509", Shape::Object(&X509)),
    optional("symmetricKey", Shape::Object(&SYMMETRIC)),
];
static CAPABILITIES: [Field; 1] = [required("iotEdge", Shape::Flag)];
static DESIRED: [Field; 1] = [optional("desired", Shape::MapOf(&Shape::Anything))];
static TWIN: [Field; 2] =
    [optional("tags", Shape::MapOf(&Shape::Anything)), optional("properties", Shape::Object(&DESIRED))];
static REPROVISION: [Field; 2] =
    [required("updateHubAssignment", Shape::Flag), required("migrateDeviceData", Shape::Flag)];
static WEBHOOK: [Field; 2] = [required("webhookUrl", Shape::Text), required("apiVersion", Shape::Text)];

macro_rules! group {
    ($($policy:expr),*) => {
        [
            required("enrollmentGroupId", Shape::Text),
            required("attestation", Shape::Object(&ATTESTATION)),
            optional("capabilities", Shape::Object(&CAPABILITIES)),
            optional("iotHubHostName", Shape::Text),
            optional("initialTwin", Shape::Object(&TWIN)),
            optional("etag", Shape::Text),
            optional("provisioningStatus", Shape::OneOf(&["enabled", "disabled"])),
            optional("reprovisionPolicy", Shape::Object(&REPROVISION)),
            optional("allocationPolicy", Shape::OneOf(&["hashed", "geoLatency", "static", "custom"])),
            optional("iotHubs", Shape::ListOf(&Shape::Text)),
            optional("customAllocationDefinition", Shape::Object(&WEBHOOK)),
            read_only("createdDateTimeUtc"),
            read_only("lastUpdatedDateTimeUtc"),
            $($policy),*
        ]
    };
}

static GROUP_2025: [Field; 14] = group!(optional("credentialPolicyName", Shape::Text));
static GROUP_2026: [Field; 16] = group!(
    optional("namespaceName", Shape::Text),
    optional("certificateAuthorityName", Shape::Text),
    optional("certificatePolicyName", Shape::Text)
);
static GROUP_2021: [Field; 13] = group!();

/// Keys are base64 of 16 to 64 bytes.
fn key_text(text: &str) -> Result<(), &'static str> {
    let fits = STANDARD.decode(text).is_ok_and(|bytes| (16..=64).contains(&bytes.len()));
    if fits { Ok(()) } else { Err("must be the base64 text of 16 to 64 bytes") }
}

fn bad(message: String) -> Refusal {
    Refusal::data_plane(400, 400_004, message)
}

/// Handles one checked call to a service.
pub(crate) fn handle(
    world: &mut World,
    request: &Request,
    now: &Now,
    service: &Resource,
    version: &str,
) -> Result<Reply, Refusal> {
    let segments = request.segments();
    let words: Vec<&str> = segments.iter().map(String::as_str).collect();
    let home = service.id.to_ascii_lowercase();
    match (request.method.as_str(), words.as_slice()) {
        ("POST", ["enrollmentGroups", "query"]) => {
            let body = request.json_object().map_err(|refusal| bad(refusal.message))?;
            let query = text(&body, &["query"]).unwrap_or_default().to_ascii_lowercase();
            if query.split_whitespace().collect::<Vec<_>>() != ["select", "*", "from", "enrollmentgroups"] {
                return Err(bad("The query must be 'SELECT * FROM enrollmentGroups'.".to_owned()));
            }
            let groups: Vec<Value> = world
                .enrollment_groups
                .get(&home)
                .into_iter()
                .flat_map(|groups| groups.values())
                .map(|group| shown(group, version))
                .collect();
            dps_service::page(world, request, "enrollmentGroup", groups)
        }
        ("POST", ["enrollmentGroups", id, "attestationmechanism"]) => find(world, &home, id)
            .map(|group| Reply::json(200, group.get("attestation").cloned().unwrap_or_default())),
        ("GET", ["enrollmentGroups", id]) => find(world, &home, id).map(|group| {
            Reply::json(200, shown(group, version)).with("ETag", text(group, &["etag"]).unwrap_or_default())
        }),
        ("DELETE", ["enrollmentGroups", id]) => {
            let group = find(world, &home, id)?;
            check_match(request, Some(group), false)?;
            if let Some(groups) = world.enrollment_groups.get_mut(&home) {
                groups.remove(&id.to_ascii_lowercase());
            }
            Ok(Reply::empty(204))
        }
        ("PUT", ["enrollmentGroups", id]) => put(world, request, now, service, version, id),
        _ => Err(Refusal::data_plane(
            404,
            404_000,
            format!("The service API has no {} {}.", request.method, shorten(&request.path)),
        )),
    }
}

fn find<'world>(world: &'world World, home: &str, id: &str) -> Result<&'world Value, Refusal> {
    world.enrollment_groups.get(home).and_then(|groups| groups.get(&id.to_ascii_lowercase())).ok_or_else(
        || {
            Refusal::data_plane(
                404,
                404_201,
                format!("The enrollment group '{}' was not found.", shorten(id)),
            )
        },
    )
}

/// A group without its keys, and without what the api-version does not know.
fn shown(group: &Value, version: &str) -> Value {
    let mut group = group.clone();
    if let Some(attestation) = group.get_mut("attestation").and_then(Value::as_object_mut) {
        attestation.remove("symmetricKey");
    }
    let known = fields(version);
    if let Some(map) = group.as_object_mut() {
        map.retain(|name, _| known.iter().any(|field| field.is_called(name)));
    }
    group
}

/// What a group has at an api-version.
fn fields(version: &str) -> &'static [Field] {
    match version {
        version if version.starts_with("2021") => &GROUP_2021,
        version if version < "2026" => &GROUP_2025,
        _ => &GROUP_2026,
    }
}

/// `If-Match`: needed to change a group, and it must fit; on a new one there is nothing it could fit.
fn check_match(request: &Request, current: Option<&Value>, needed: bool) -> Result<(), Refusal> {
    let given = request.header("if-match").map(|etag| etag.trim().trim_matches('"'));
    let failed = |message: &str| Err(Refusal::data_plane(412, 412_001, message.to_owned()));
    match (current, given) {
        (Some(_), None) if needed => {
            let message = "The enrollment group exists already; changing it needs the If-Match header.";
            Err(Refusal::data_plane(409, 409_001, message.to_owned()))
        }
        (Some(_), None | Some("*")) | (None, None) => Ok(()),
        (Some(group), Some(etag))
            if text(group, &["etag"]).map(|known| known.trim_matches('"')) == Some(etag) =>
        {
            Ok(())
        }
        (Some(_), Some(_)) => failed("The If-Match header does not fit the etag of the enrollment group."),
        (None, Some(_)) => failed("There is no enrollment group that the If-Match header could fit."),
    }
}

/// Up to 128 letters, digits, `:`, `.`, `_` and `-`, alphanumeric at the ends (contract, section 2.1).
fn valid_id(id: &str) -> bool {
    let edge = |character: char| character.is_ascii_alphanumeric();
    (1..=128).contains(&id.len())
        && id.starts_with(edge)
        && id.ends_with(edge)
        && id.chars().all(|character| edge(character) || matches!(character, ':' | '.' | '_' | '-'))
}

fn put(
    world: &mut World,
    request: &Request,
    now: &Now,
    service: &Resource,
    version: &str,
    id: &str,
) -> Result<Reply, Refusal> {
    if !valid_id(id) {
        let message = format!(
            "The enrollment group id '{}' is invalid: up to 128 letters, digits, ':', '.', '_' and '-', with a letter or digit at both ends.",
            shorten(id)
        );
        return Err(bad(message));
    }
    let body = request
        .json_object()
        .map_err(|refusal| Refusal::data_plane(refusal.status, 400_004, refusal.message))?;
    schema::check(&body, &Shape::Object(fields(version)), "")
        .map_err(|violation| bad(violation.to_string()))?;
    if !text(&body, &["enrollmentGroupId"]).is_some_and(|own| own.eq_ignore_ascii_case(id)) {
        return Err(bad("The property 'enrollmentGroupId' differs from the id in the path.".to_owned()));
    }
    let home = service.id.to_ascii_lowercase();
    let key = id.to_ascii_lowercase();
    let current = world.enrollment_groups.get(&home).and_then(|groups| groups.get(&key)).cloned();
    check_match(request, current.as_ref(), true)?;
    check_policy(world, service, &body)?;
    enrollment_names::check(world, service, &body, now)?;
    check_hubs(world, service, &body)?;
    let attestation = attestation(&body)?;
    let symmetric = text(&attestation, &["type"]) == Some("symmetricKey");
    let limit = world.settings.quotas.symmetric_key_groups_per_dps;
    let groups = world.enrollment_groups.entry(home.clone()).or_default();
    let used =
        groups.values().filter(|group| text(group, &["attestation", "type"]) == Some("symmetricKey")).count();
    if symmetric && current.is_none() && used >= limit {
        return Err(Refusal::data_plane(
            403,
            403_002,
            format!("The service has {used} symmetric-key enrollment groups, which is its limit."),
        ));
    }
    let mut group = defaults(body);
    set(&mut group, &["attestation"], attestation);
    let created = current
        .as_ref()
        .and_then(|group| text(group, &["createdDateTimeUtc"]))
        .map_or_else(|| now.iso(), str::to_owned);
    set(&mut group, &["createdDateTimeUtc"], json!(created));
    set(&mut group, &["lastUpdatedDateTimeUtc"], json!(now.iso()));
    let etag = format!("\"{}\"", world.fresh_etag());
    set(&mut group, &["etag"], json!(etag));
    let quirks = &world.settings.quirks;
    if quirks.enrollment_loses_policy
        && let Some(map) = group.as_object_mut()
    {
        map.remove("credentialPolicyName");
        map.remove("certificatePolicyName");
    }
    if quirks.enrollment_disabled {
        set(&mut group, &["provisioningStatus"], json!("disabled"));
    }
    world.enrollment_groups.entry(home).or_default().insert(key, group.clone());
    Ok(Reply::json(200, group).with("ETag", etag))
}

/// What the service fills in.
fn defaults(body: Value) -> Value {
    let mut group = body;
    let absent = [
        ("capabilities", json!({"iotEdge": false})),
        ("provisioningStatus", json!("enabled")),
        ("reprovisionPolicy", json!({"updateHubAssignment": true, "migrateDeviceData": true})),
        ("allocationPolicy", json!("hashed")),
    ];
    for (name, value) in absent {
        if group.get(name).is_none_or(Value::is_null) {
            set(&mut group, &[name], value);
        }
    }
    if let Some(map) = group.as_object_mut() {
        map.retain(|_, value| !value.is_null());
    }
    group
}

/// A policy is named plainly; its namespace is the one that the service is linked to.
fn check_policy(world: &World, service: &Resource, body: &Value) -> Result<(), Refusal> {
    let Some(name) = text(body, &["credentialPolicyName"]) else { return Ok(()) };
    let Some(namespace) = text(&service.body, &["properties", "deviceRegistryNamespace", "resourceId"])
    else {
        return Err(bad(
            "The property 'credentialPolicyName' needs a service that is linked to a namespace.".to_owned(),
        ));
    };
    let policy = world.resource(&format!("{namespace}/credentials/default/policies/{name}"));
    if policy.is_some_and(|policy| policy.provisioning_state() == "Succeeded") {
        return Ok(());
    }
    let message = format!("The credential policy '{}' was not found in the linked namespace.", shorten(name));
    Err(bad(message))
}

/// Hubs that a group names are linked to the service.
fn check_hubs(world: &World, service: &Resource, body: &Value) -> Result<(), Refusal> {
    let of_namespace = device_view::host_names(world, service);
    let linked: Vec<&str> = service
        .body
        .pointer("/properties/iotHubs")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|hub| text(hub, &["name"]))
        .chain(of_namespace.iter().map(String::as_str))
        .collect();
    let named = body.get("iotHubs").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    for name in named.chain(text(body, &["iotHubHostName"])) {
        if !linked.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return Err(bad(format!(
                "The IoT hub '{}' is not linked to this provisioning service.",
                shorten(name)
            )));
        }
    }
    let custom = text(body, &["allocationPolicy"]) == Some("custom");
    if custom && body.get("customAllocationDefinition").is_none_or(Value::is_null) {
        return Err(bad("The allocation policy 'custom' needs 'customAllocationDefinition'.".to_owned()));
    }
    Ok(())
}

/// The attestation with keys: those given, else fresh ones.
fn attestation(body: &Value) -> Result<Value, Refusal> {
    match text(body, &["attestation", "type"]).unwrap_or_default() {
        "symmetricKey" => {
            let given = |name: &str| text(body, &["attestation", "symmetricKey", name]).map(str::to_owned);
            let (primary, secondary) = (given("primaryKey"), given("secondaryKey"));
            if primary.is_some() != secondary.is_some() {
                return Err(bad(
                    "The property 'attestation.symmetricKey' has both keys or neither.".to_owned()
                ));
            }
            let primary = primary.unwrap_or_else(fresh_key);
            let secondary = secondary.unwrap_or_else(fresh_key);
            Ok(
                json!({"type": "symmetricKey", "symmetricKey": {"primaryKey": primary, "secondaryKey": secondary}}),
            )
        }
        "x509" => {
            let trusted = ["signingCertificates", "caReferences"].iter().any(|name| {
                body.pointer(&format!("/attestation/x509/{name}")).is_some_and(|value| !value.is_null())
            });
            if !trusted {
                return Err(bad("The property 'attestation.x509' needs 'signingCertificates' or 'caReferences' in a group.".to_owned()));
            }
            Ok(body.get("attestation").cloned().unwrap_or_default())
        }
        kind => Err(bad(format!("Attestation '{}' is not for enrollment groups.", shorten(kind)))),
    }
}
