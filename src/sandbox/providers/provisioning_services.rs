//! Device provisioning services: creation with a namespace link, linked hubs, keys, names.
//!
//! Facts: contract section 7; errors are flat with integer codes. A PUT replaces, and is answered with 201 and a state that is
//! not final yet, over an existing service too.

use serde_json::{Value, json};

use super::device_registry::{NAMESPACE, accept, check_idle};
use super::hubs::{asked_name, assigned_identities, availability, filled_identity};
use super::own_certificates::{self, Manner};
use super::{device_view, grants, linked_hubs, public_body, services_2026};
use crate::sandbox::clock::{Due, Now};
use crate::sandbox::front_door::Call;
use crate::sandbox::models::{self, Model};
use crate::sandbox::operations::{Failure, Operation, Style, Work};
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::schema::{Field, Shape, TAGS, optional, read_only, required, shorten};
use crate::sandbox::target::{covers, parent, region};
use crate::sandbox::world::{Resource, World, fresh_key, set, system_data, text};

pub(crate) const SERVICE: &str = "Microsoft.Devices/provisioningServices";
const CERTIFICATE: &str = "Microsoft.Devices/provisioningServices/certificates";
const CERTIFICATES: Manner = Manner { kind: CERTIFICATE, bad, stale };
const OWNER: &str = "provisioningserviceowner";
const OWNER_RIGHTS: &str = "ServiceConfig, DeviceConnect, EnrollmentWrite, RegistrationStatusWrite";
const BAD_ARGUMENT: u32 = 400_002;
const GRANTS_MISSING: u32 = 400_913;
const NAME_TAKEN: u32 = 400_307;

static RULE: [Field; 4] = [
    required("filterName", Shape::Text),
    required("action", Shape::OneOf(&["Accept", "Reject"])),
    required("ipMask", Shape::Text),
    optional("target", Shape::OneOf(&["all", "serviceApi", "deviceApi"])),
];
static POLICY: [Field; 4] = [
    required("keyName", Shape::Text),
    required(
        "rights",
        Shape::OneOf(&[
            "ServiceConfig",
            "EnrollmentRead",
            "EnrollmentWrite",
            "DeviceConnect",
            "RegistrationStatusRead",
            "RegistrationStatusWrite",
        ]),
    ),
    optional("primaryKey", Shape::Text),
    optional("secondaryKey", Shape::Text),
];
static LINK: [Field; 3] = [
    required("resourceId", Shape::Text),
    required("authenticationType", Shape::OneOf(&["UserAssigned", "SystemAssigned"])),
    optional("selectedUserAssignedIdentityResourceId", Shape::Text),
];
static HUB_2025: [Field; 5] = [
    required("connectionString", Shape::Text),
    required("location", Shape::Text),
    optional("applyAllocationPolicy", Shape::Flag),
    optional("allocationWeight", Shape::Whole(0, 1000)),
    read_only("name"),
];
static HUB_2026: [Field; 8] = [
    optional("connectionString", Shape::Text),
    required("location", Shape::Text),
    optional("applyAllocationPolicy", Shape::Flag),
    optional("allocationWeight", Shape::Whole(0, 1000)),
    optional("authenticationType", Shape::OneOf(&["KeyBased", "UserAssigned", "SystemAssigned"])),
    optional("hostName", Shape::Text),
    optional("selectedUserAssignedIdentityResourceId", Shape::Text),
    read_only("name"),
];
const STATES: [&str; 12] = [
    "Activating",
    "Active",
    "Deleting",
    "Deleted",
    "ActivationFailed",
    "DeletionFailed",
    "Transitioning",
    "Suspending",
    "Suspended",
    "Resuming",
    "FailingOver",
    "FailoverFailed",
];

macro_rules! properties {
    ($hub:ident $(, $link:expr)*) => {
        [
            // Not marked read-only in the specification, so taken and ignored.
            optional("state", Shape::OneOf(&STATES)),
            optional("provisioningState", Shape::Text),
            optional("publicNetworkAccess", Shape::OneOf(&["Enabled", "Disabled"])),
            optional("ipFilterRules", Shape::ListOf(&Shape::Object(&RULE))),
            optional("privateEndpointConnections", Shape::ListOf(&Shape::Anything)),
            optional("iotHubs", Shape::ListOf(&Shape::Object(&$hub))),
            optional("allocationPolicy", Shape::OneOf(&["Hashed", "GeoLatency", "Static"])),
            read_only("serviceOperationsHostName"),
            read_only("deviceProvisioningHostName"),
            read_only("idScope"),
            optional("authorizationPolicies", Shape::ListOf(&Shape::Object(&POLICY))),
            optional("enableDataResidency", Shape::Flag),
            optional("portalOperationsHostName", Shape::Text),
            $($link),*
        ]
    };
}

static PROPERTIES_2025: [Field; 14] =
    properties!(HUB_2025, optional("deviceRegistryNamespace", Shape::Object(&LINK)));
static PROPERTIES_2026: [Field; 14] =
    properties!(HUB_2026, optional("deviceRegistryNamespace", Shape::Object(&LINK)));
static PROPERTIES_LINKS: [Field; 17] = properties!(
    HUB_2026,
    optional("disableLocalAuth", Shape::Flag),
    read_only("deviceRegistry"),
    read_only("deviceRegistryNamespace"),
    read_only("deviceRegistryNamespaces")
);
static PROPERTIES_PLAIN: [Field; 13] = properties!(HUB_2025);

static ASSIGNED: [Field; 2] = [read_only("principalId"), read_only("clientId")];
static IDENTITY: [Field; 4] = [
    // The specification has the combined type without a space, its examples with one.
    required(
        "type",
        Shape::OneOf(&[
            "None",
            "SystemAssigned",
            "UserAssigned",
            "SystemAssigned,UserAssigned",
            "SystemAssigned, UserAssigned",
        ]),
    ),
    optional("userAssignedIdentities", Shape::MapOf(&Shape::Object(&ASSIGNED))),
    read_only("principalId"),
    read_only("tenantId"),
];
static SKU: [Field; 3] =
    [required("name", Shape::OneOf(&["S1"])), optional("capacity", Shape::Whole(1, 100)), read_only("tier")];

macro_rules! service {
    ($properties:ident) => {
        [
            required("location", Shape::Text),
            optional("tags", TAGS),
            optional("etag", Shape::Text),
            optional("resourcegroup", Shape::Text),
            optional("subscriptionid", Shape::Text),
            required("sku", Shape::Object(&SKU)),
            optional("identity", Shape::Object(&IDENTITY)),
            required("properties", Shape::Object(&$properties)),
        ]
    };
}

static BODY_2025: [Field; 8] = service!(PROPERTIES_2025);
static BODY_2026: [Field; 8] = service!(PROPERTIES_2026);
static BODY_LINKS: [Field; 8] = service!(PROPERTIES_LINKS);
static BODY_PLAIN: [Field; 7] = [
    required("location", Shape::Text),
    optional("tags", TAGS),
    optional("etag", Shape::Text),
    optional("resourcegroup", Shape::Text),
    optional("subscriptionid", Shape::Text),
    required("sku", Shape::Object(&SKU)),
    required("properties", Shape::Object(&PROPERTIES_PLAIN)),
];
const UNKNOWN_BEFORE_2023: [&[&str]; 2] = [&["identity"], &["properties", "deviceRegistryNamespace"]];

pub(super) fn bad(message: String) -> Refusal {
    Refusal::provisioning(400, BAD_ARGUMENT, message)
}

/// `AnotherOperationInProgress` in the services' own shape.
pub(super) fn check_active(service: &Resource) -> Result<(), Refusal> {
    check_idle(service).map_err(|refusal| Refusal::provisioning(409, 409_001, refusal.message))
}

fn stale(message: String) -> Refusal {
    Refusal::provisioning(412, 412_001, message)
}

/// Handles one call to provisioning services.
pub(crate) fn handle(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let action = call.target.action.clone().map(|action| action.to_ascii_lowercase());
    let kind = call.kind.to_ascii_lowercase();
    match (call.request.method.as_str(), kind.as_str(), action.as_deref()) {
        ("POST", "checkprovisioningservicenameavailability", _) => {
            let name = asked_name(call).map_err(|violation| bad(violation.to_string()))?;
            Ok(Reply::json(
                200,
                availability("Provisioning service", &name, valid_name(&name), name_taken(call.world, &name)),
            ))
        }
        ("GET", "provisioningservices", None) if call.target.is_collection() => Ok(call.list()),
        ("GET", "provisioningservices", None) => call.show(),
        ("PUT", "provisioningservices", None) if !call.target.is_collection() => put(call),
        ("PATCH", "provisioningservices", None) if !call.target.is_collection() => services_2026::patch(call),
        ("DELETE", "provisioningservices", None) if !call.target.is_collection() => {
            let Some(found) = call.world.resource_mut(&call.id) else { return Ok(Reply::empty(204)) };
            check_active(found)?;
            found.set_property("provisioningState", json!("Deleting"));
            found.set_property("state", json!("Deleting"));
            let seconds = call.world.settings.latency.delete;
            Ok(accept(call, Work::Delete, Style::Both, seconds, Reply::empty(202)))
        }
        ("POST", "provisioningservices", Some("listkeys")) => {
            let keys = call
                .world
                .resource(&call.id)
                .map(|found| found.vault.get("keys").cloned().unwrap_or_else(|| json!([])));
            keys.map(|keys| Reply::json(200, json!({"value": keys}))).ok_or_else(|| call.not_found())
        }
        ("POST", "provisioningservices/keys", Some("listkeys")) => {
            let service = call.world.resource(parent(&call.id)).ok_or_else(|| call.not_found())?;
            let wanted = call.target.name();
            let keys = service.vault.get("keys").and_then(Value::as_array);
            let found = keys
                .into_iter()
                .flatten()
                .find(|key| text(key, &["keyName"]).is_some_and(|name| name.eq_ignore_ascii_case(wanted)));
            found.map(|key| Reply::json(200, key.clone())).ok_or_else(|| {
                Refusal::provisioning(
                    404,
                    404_001,
                    format!("The service has no shared access policy '{}'.", shorten(wanted)),
                )
            })
        }
        ("GET", "provisioningservices/skus", None) if call.target.is_collection() => {
            let found = call.world.resource(&call.id).ok_or_else(|| call.not_found())?;
            let tier = found.body.get("sku").and_then(|sku| sku.get("name")).cloned().unwrap_or_default();
            Ok(Reply::json(200, json!({"value": [{"name": tier}]})))
        }
        ("GET", "provisioningservices/certificates", None) => own_certificates::read(call, CERTIFICATE),
        ("DELETE", "provisioningservices/certificates", None) if !call.target.is_collection() => {
            own_certificates::delete(call, &CERTIFICATES)
        }
        (_, "provisioningservices/certificates", _) => own_certificates::handle(call, &CERTIFICATES),
        _ => Err(call.method_not_allowed()),
    }
}

/// 3 to 64 letters, digits and hyphens, alphanumeric at the ends (contract, section 2.1).
fn valid_name(name: &str) -> bool {
    let edge = |character: char| character.is_ascii_alphanumeric();
    (3..=64).contains(&name.len())
        && name.starts_with(edge)
        && name.ends_with(edge)
        && name.chars().all(|character| edge(character) || character == '-')
}

fn name_taken(world: &World, name: &str) -> bool {
    world.settings.names.has(name)
        || name.eq_ignore_ascii_case("global")
        || world.of_kind(SERVICE).any(|service| service.name().eq_ignore_ascii_case(name))
}

fn put(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let mut body = call.body_with_location(true)?;
    let fields: &'static [Field] = match call.version.as_str() {
        version if is_plain(version) => &BODY_PLAIN,
        version if models::of_devices(version) == Model::Links => &BODY_LINKS,
        version if version < "2026" => &BODY_2025,
        _ => &BODY_2026,
    };
    body = call.admitted(&body, fields).map_err(|violation| bad(violation.to_string()))?;
    if is_plain(&call.version)
        && let Some(found) = call.world.resource(&call.id)
    {
        keep_unknown(&mut body, found);
    }
    services_2026::check_no_pointer(call, &body)?;
    let identities = assigned_identities(&body);
    let kind = text(&body, &["identity", "type"]).unwrap_or("None").to_owned();
    if kind.contains("UserAssigned") == identities.is_empty() {
        let message = format!(
            "The property 'identity' is of type '{kind}', which does not fit its {} user-assigned identities.",
            identities.len()
        );
        return Err(bad(message));
    }
    let id = call.id.clone();
    grants::check_identities(call.world, call.now, &call.caller, &id, &identities)?;
    match call.world.resource(&call.id).cloned() {
        Some(found) => update(call, &body, &found, &identities),
        None => create(call, &body, &identities),
    }
}

/// Versions that know neither identities nor namespaces: those before 2023, the released az's among them (type files of
/// 2021-10-15 and 2022-12-12).
pub(super) fn is_plain(version: &str) -> bool {
    version < "2023"
}

/// What a version cannot say stays as it is: the service's reviewers ask for that of every added property, since clients put
/// back what they have read.
fn keep_unknown(body: &mut Value, found: &Resource) {
    for path in UNKNOWN_BEFORE_2023 {
        if let Some(kept) = found.body.pointer(&format!("/{}", path.join("/"))) {
            set(body, path, kept.clone());
        }
    }
}

/// Leaves out what a version before 2023 has no name for.
pub(super) fn hide_unknown(body: &mut Value) {
    if let Some(body) = body.as_object_mut() {
        body.remove("identity");
        if let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) {
            properties.remove("deviceRegistryNamespace");
        }
    }
}

fn create(call: &mut Call<'_>, body: &Value, identities: &[String]) -> Result<Reply, Refusal> {
    let name = call.target.name().to_owned();
    if !valid_name(&name) {
        let message = format!(
            "The name '{}' is invalid: 3 to 64 letters, digits and hyphens, with a letter or digit at both ends.",
            shorten(&name)
        );
        return Err(bad(message));
    }
    if name_taken(call.world, &name) {
        let message = format!("The provisioning service name '{name}' is not available (IH400307).");
        return Err(Refusal::provisioning(400, NAME_TAKEN, message));
    }
    let scope = format!("/subscriptions/{}", call.target.subscription());
    let used = call.world.of_kind(SERVICE).filter(|service| covers(&scope, &service.id)).count();
    if used >= call.world.settings.quotas.provisioning_services_per_subscription {
        let message = format!("The subscription has {used} provisioning services, which is its limit.");
        return Err(Refusal::provisioning(403, 403_001, message));
    }
    check_link(call, body, identities)?;
    let links = linked_hubs::check(call.world, call.now, body, None, identities)?;
    let location = region(text(body, &["location"]).unwrap_or_default());
    let mut resource =
        Resource::new(&call.id, SERVICE, json!({"etag": call.world.fresh_etag(), "location": location}));
    fill(call, &mut resource, body, links);
    set(&mut resource.body, &["systemData"], system_data(&call.caller.app_id, call.now));
    resource.set_property("provisioningState", json!("Accepted"));
    resource.set_property("state", json!("Activating"));
    models::mark(&mut resource, services_2026::model_of(call, body));
    let reply = taken(&resource, &call.version);
    call.world.insert(resource);
    let seconds = call.world.settings.latency.dps;
    Ok(accept(call, Work::Create, Style::Both, seconds, reply))
}

/// The answer to a write: 201 also over a service that was there, and without what only a GET shows. Recorded from the live
/// service by az's tests at 2021-10-15 and 2023-03-01-preview, which sent `Azure-AsyncOperation`; the specification has
/// `Location`, so both are given.
fn taken(resource: &Resource, version: &str) -> Reply {
    let mut body = public_body(resource);
    if is_plain(version) {
        hide_unknown(&mut body);
    }
    if let Some(body) = body.as_object_mut() {
        body.remove("etag");
        if let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) {
            properties.retain(|name, _| !name.ends_with("HostName") && name != "idScope");
        }
    }
    Reply::json(201, body)
}

/// Writes everything that a body says, and nothing of what was there: a PUT replaces.
fn fill(call: &mut Call<'_>, resource: &mut Resource, body: &Value, links: Vec<linked_hubs::Link>) {
    let mut properties = body.get("properties").cloned().unwrap_or_else(|| json!({}));
    for name in
        ["serviceOperationsHostName", "deviceProvisioningHostName", "idScope", "portalOperationsHostName"]
    {
        if let Some(kept) = resource.property(name) {
            set(&mut properties, &[name], json!(kept));
        }
    }
    let policies =
        properties.get("authorizationPolicies").and_then(Value::as_array).cloned().unwrap_or_default();
    set(&mut properties, &["authorizationPolicies"], json!([]));
    if properties.get("allocationPolicy").is_none_or(Value::is_null) {
        set(&mut properties, &["allocationPolicy"], json!("Hashed"));
    }
    let mut kept = json!({});
    let mut shown = Vec::new();
    for link in links {
        if let (Some(host), Some(connection)) = (text(&link.shown, &["name"]), link.connection) {
            set(&mut kept, &[&host.to_ascii_lowercase()], json!(connection));
        }
        shown.push(link.shown);
    }
    set(&mut properties, &["iotHubs"], Value::Array(shown));
    set(&mut resource.body, &["properties"], properties);
    set(&mut resource.vault, &["links"], kept);
    give_keys(resource, &policies);
    set(&mut resource.body, &["tags"], body.get("tags").cloned().unwrap_or_else(|| json!({})));
    let capacity = body.pointer("/sku/capacity").and_then(Value::as_i64).unwrap_or(1);
    set(&mut resource.body, &["sku"], json!({"name": "S1", "tier": "Standard", "capacity": capacity}));
    let identity = filled_identity(call.world, body).unwrap_or_else(|| json!({"type": "None"}));
    set(&mut resource.body, &["identity"], identity);
    set(&mut resource.body, &["resourcegroup"], json!(call.target.group()));
    set(&mut resource.body, &["subscriptionid"], json!(call.target.subscription()));
}

/// The owner policy keeps its keys for life; others are what the last PUT said.
fn give_keys(resource: &mut Resource, policies: &[Value]) {
    let before = resource.vault.get("keys").and_then(Value::as_array).cloned().unwrap_or_default();
    let known = |name: &str| before.iter().find(|key| text(key, &["keyName"]) == Some(name));
    let mut keys = vec![known(OWNER).cloned().unwrap_or_else(|| {
        json!({"keyName": OWNER, "primaryKey": fresh_key(), "secondaryKey": fresh_key(), "rights": OWNER_RIGHTS})
    })];
    for policy in policies {
        let name = text(policy, &["keyName"]).unwrap_or_default();
        if name == OWNER {
            continue;
        }
        let key = |part: &str| {
            text(policy, &[part])
                .or_else(|| known(name).and_then(|old| text(old, &[part])))
                .map_or_else(fresh_key, str::to_owned)
        };
        keys.push(json!({
            "keyName": name, "primaryKey": key("primaryKey"), "secondaryKey": key("secondaryKey"), "rights": policy.get("rights"),
        }));
    }
    set(&mut resource.vault, &["keys"], Value::Array(keys));
}

/// The link to a namespace: in the same region, at rest, and with all rights in place.
fn check_link(call: &mut Call<'_>, body: &Value, identities: &[String]) -> Result<(), Refusal> {
    let Some(namespace) =
        text(body, &["properties", "deviceRegistryNamespace", "resourceId"]).map(str::to_owned)
    else {
        return Ok(());
    };
    let place = "properties.deviceRegistryNamespace";
    let Some(found) = call.world.resource(&namespace).filter(|found| found.kind == NAMESPACE) else {
        return Err(bad(format!(
            "The namespace '{}' of '{place}.resourceId' was not found.",
            shorten(&namespace)
        )));
    };
    if found.provisioning_state() != "Succeeded" {
        return Err(bad(format!(
            "The namespace '{}' is in state '{}'.",
            shorten(&namespace),
            found.provisioning_state()
        )));
    }
    let location = region(text(body, &["location"]).unwrap_or_default());
    if found.location() != location {
        return Err(bad(format!(
            "The service is in '{location}', but its namespace is in '{}'.",
            found.location()
        )));
    }
    let link = |name: &str| text(body, &["properties", "deviceRegistryNamespace", name]).map(str::to_owned);
    if link("authenticationType").as_deref() == Some("SystemAssigned") {
        let message = "The managed identity of the service does not have the required DeviceRegistry permissions: a system-assigned one has none at creation.";
        return Err(Refusal::provisioning(400, GRANTS_MISSING, message.to_owned()));
    }
    let Some(identity) = link("selectedUserAssignedIdentityResourceId") else {
        return Err(bad(format!(
            "The property '{place}.selectedUserAssignedIdentityResourceId' is required with UserAssigned."
        )));
    };
    if !identities.iter().any(|id| id.eq_ignore_ascii_case(&identity)) {
        return Err(bad(format!(
            "'{place}.selectedUserAssignedIdentityResourceId' is not an identity of the service."
        )));
    }
    grants::identity_on_namespace(call.world, &identity, &namespace, call.now)
        .map_err(|message| Refusal::provisioning(400, GRANTS_MISSING, message))
}

fn update(
    call: &mut Call<'_>,
    body: &Value,
    found: &Resource,
    identities: &[String],
) -> Result<Reply, Refusal> {
    check_active(found)?;
    if found.location() != region(text(body, &["location"]).unwrap_or_default()) {
        return Err(bad("The property 'location' cannot be changed.".to_owned()));
    }
    services_2026::check_update(found, body)?;
    let link = |value: &Value, name: &str| {
        text(value, &["properties", "deviceRegistryNamespace", name]).unwrap_or_default().to_ascii_lowercase()
    };
    for name in ["resourceId", "authenticationType", "selectedUserAssignedIdentityResourceId"] {
        if link(&found.body, name) != link(body, name) {
            let message = format!(
                "The property 'properties.deviceRegistryNamespace.{name}' cannot be added, changed or removed after creation."
            );
            return Err(bad(message));
        }
    }
    if let Some(identity) =
        text(body, &["properties", "deviceRegistryNamespace", "selectedUserAssignedIdentityResourceId"])
        && !identities.iter().any(|id| id.eq_ignore_ascii_case(identity))
    {
        return Err(bad("The identity of the namespace link cannot be taken from the service.".to_owned()));
    }
    let links = linked_hubs::check(call.world, call.now, body, Some(found), identities)?;
    let mut resource = found.clone();
    fill(call, &mut resource, body, links);
    let etag = call.world.fresh_etag();
    set(&mut resource.body, &["etag"], json!(etag));
    resource.set_property("provisioningState", json!("Accepted"));
    resource.set_property("state", json!("Transitioning"));
    let reply = taken(&resource, &call.version);
    call.world.insert(resource);
    let seconds = call.world.settings.latency.dps_update;
    Ok(accept(call, Work::Update, Style::Both, seconds, reply))
}

/// Ends creating or changing a service.
pub(crate) fn finish(world: &mut World, operation: &Operation, now: &Now) -> Result<(), Failure> {
    let id = operation.resource.as_str();
    let quirks = world.settings.quirks.clone();
    if operation.work == Work::Create && quirks.dps_failed {
        if let Some(found) = world.resource_mut(id) {
            found.set_property("provisioningState", json!("Failed"));
            found.set_property("state", json!("ActivationFailed"));
        }
        return Err(Failure {
            status: 500,
            code: "500001".to_owned(),
            message: "The service could not be activated.".to_owned(),
        });
    }
    let answers = match operation.work {
        Work::Create => Due::after(now, world.settings.latency.dps_data_plane),
        _ => world.resource(id).map_or_else(Due::already, |found| found.answers),
    };
    activate(world, id, &answers);
    device_view::complete(world, id, now);
    if let Some(found) = world.resource_mut(id) {
        if quirks.dps_not_active {
            found.set_property("state", json!("Transitioning"));
        }
        if quirks.dps_loses_link {
            found.set_property("iotHubs", json!([]));
        }
        if quirks.dps_linked_elsewhere
            && let Some(namespace) =
                text(&found.body, &["properties", "deviceRegistryNamespace", "resourceId"]).map(str::to_owned)
        {
            let (head, _) = namespace.rsplit_once('/').unwrap_or_default();
            set(
                &mut found.body,
                &["properties", "deviceRegistryNamespace", "resourceId"],
                json!(format!("{head}/elsewhere")),
            );
        }
    }
    Ok(())
}

/// Makes a service active: host names, id scope, keys.
pub(crate) fn activate(world: &mut World, id: &str, answers: &Due) {
    world.counter = world.counter.wrapping_add(1);
    let scope = format!("0ne{:08X}", world.counter);
    let etag = world.fresh_etag();
    let Some(found) = world.resource_mut(id) else { return };
    let name = found.name().to_owned();
    found.set_property("provisioningState", json!("Succeeded"));
    found.set_property("state", json!("Active"));
    if found.property("idScope").is_none() {
        found.set_property(
            "serviceOperationsHostName",
            json!(format!("{name}.azure-devices-provisioning.net")),
        );
        found.set_property("deviceProvisioningHostName", json!("global.azure-devices-provisioning.net"));
        found.set_property(
            "portalOperationsHostName",
            json!(format!("{name}.services.azure-devices-provisioning.net")),
        );
        found.set_property("idScope", json!(scope));
    }
    if found.vault.get("keys").is_none() {
        give_keys(found, &[]);
    }
    set(&mut found.body, &["etag"], json!(etag));
    found.answers = *answers;
}
