//! Hubs: creation with a namespace link, keys, certificates, names.
//!
//! Facts: contract sections 6, 7 (keys) and 8 (certificates); errors are flat with string codes. Codes other than 400913 are
//! not published and are this world's own.

use serde_json::{Value, json};

use super::device_registry::{NAMESPACE, accept, check_idle};
use super::own_certificates::{self, Manner};
use super::{credentials, device_view, grants, hub_details, hub_schema, hubs_2026, public_body, resources};
use crate::sandbox::clock::Now;
use crate::sandbox::front_door::Call;
use crate::sandbox::models::{self, Model};
use crate::sandbox::operations::{Failure, Operation, Style, Work};
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::schema::{self, Field, Shape, TAGS, optional, required, shorten};
use crate::sandbox::target::{covers, parent, region};
use crate::sandbox::world::{Resource, World, fresh_key, set, system_data, text};

const BAD_ARGUMENT: &str = "IH400002";
/// Policies that every hub starts with, and their rights.
const POLICIES: [(&str, &str); 5] = [
    ("iothubowner", "RegistryWrite, ServiceConnect, DeviceConnect"),
    ("service", "ServiceConnect"),
    ("device", "DeviceConnect"),
    ("registryRead", "RegistryRead"),
    ("registryReadWrite", "RegistryWrite"),
];

const CERTIFICATES: Manner = Manner { kind: credentials::HUB_CERTIFICATE, bad, stale };

pub(super) static TAGS_ONLY: [Field; 1] = [optional("tags", TAGS)];
static NAME_QUESTION: [Field; 1] = [required("name", Shape::Text)];

pub(super) fn bad(message: String) -> Refusal {
    Refusal::hub(400, BAD_ARGUMENT, message)
}

fn stale(message: String) -> Refusal {
    Refusal::hub(412, "IH412001", message)
}

/// Handles one call to hubs and what lies below them.
pub(crate) fn handle(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let action = call.target.action.clone().map(|action| action.to_ascii_lowercase());
    let kind = call.kind.to_ascii_lowercase();
    match (call.request.method.as_str(), kind.as_str(), action.as_deref()) {
        ("POST", "checknameavailability", _) => {
            let name = asked_name(call).map_err(|violation| bad(violation.to_string()))?;
            Ok(Reply::json(
                200,
                availability("IotHub", &name, valid_name(&name), name_taken(call.world, &name)),
            ))
        }
        ("GET", "usages", None) => Ok(usages(call)),
        ("GET", "iothubs", None) if call.target.is_collection() => Ok(call.list()),
        ("GET", "iothubs", None) => call.show(),
        ("PUT", "iothubs", None) if !call.target.is_collection() => {
            if models::of_devices(&call.version) == Model::Links { hubs_2026::put(call) } else { put(call) }
        }
        ("PATCH", "iothubs", None) if !call.target.is_collection() => retag(call, bad, check_active),
        ("DELETE", "iothubs", None) if !call.target.is_collection() => {
            let Some(found) = call.world.resource_mut(&call.id) else { return Ok(Reply::empty(204)) };
            check_active(found)?;
            found.set_property("provisioningState", json!("Deleting"));
            found.set_property("state", json!("Deleting"));
            let body = public_body(found);
            let seconds = call.world.settings.latency.delete;
            Ok(accept(call, Work::Delete, Style::Both, seconds, Reply::json(202, body)))
        }
        ("POST", "iothubs", Some("listkeys")) => {
            let keys = call
                .world
                .resource(&call.id)
                .map(|hub| hub.vault.get("keys").cloned().unwrap_or_else(|| json!([])));
            keys.map(|keys| Reply::json(200, json!({"value": keys}))).ok_or_else(|| call.not_found())
        }
        ("POST", "iothubs/iothubkeys", Some("listkeys")) => key(call),
        ("GET", "iothubs/certificates", None) => certificates(call),
        ("DELETE", "iothubs/certificates", None) if !call.target.is_collection() => {
            own_certificates::delete(call, &CERTIFICATES)
        }
        (_, "iothubs/certificates", _) => own_certificates::handle(call, &CERTIFICATES),
        (_, kind, None) if kind.starts_with("iothubs/") => hub_details::handle(call, kind),
        _ => Err(call.method_not_allowed()),
    }
}

/// Replaces the tags: all that a PATCH of a hub or a provisioning service takes (`IotHubResource_Update`,
/// `IotDpsResource_Update` of the specifications). Tags that are not given stay.
pub(crate) fn retag(
    call: &mut Call<'_>,
    bad: fn(String) -> Refusal,
    at_rest: fn(&Resource) -> Result<(), Refusal>,
) -> Result<Reply, Refusal> {
    let body = call.request.json_object()?;
    schema::check(&body, &Shape::Object(&TAGS_ONLY), "").map_err(|violation| bad(violation.to_string()))?;
    let etag = call.world.fresh_etag();
    let not_found = call.not_found();
    let found = call.world.resource_mut(&call.id).ok_or(not_found)?;
    at_rest(found)?;
    if let Some(tags) = body.get("tags").filter(|tags| tags.is_object()) {
        set(&mut found.body, &["tags"], tags.clone());
    }
    set(&mut found.body, &["etag"], json!(etag));
    let body = call.world.resource(&call.id).map(|found| super::view(call.world, found, &call.version));
    Ok(Reply::json(200, body.unwrap_or_default()))
}

/// The `name` of a checkNameAvailability body.
pub(crate) fn asked_name(call: &Call<'_>) -> Result<String, schema::Violation> {
    let body = call
        .request
        .json_object()
        .map_err(|refusal| schema::Violation { path: String::new(), why: refusal.message })?;
    schema::check(&body, &Shape::Object(&NAME_QUESTION), "")?;
    Ok(text(&body, &["name"]).unwrap_or_default().to_owned())
}

/// Answer to a question about a name of `what`.
pub(crate) fn availability(what: &str, name: &str, valid: bool, taken: bool) -> Value {
    if !valid {
        let message = format!("The name '{}' is not valid.", shorten(name));
        return json!({"nameAvailable": false, "reason": "Invalid", "message": message});
    }
    if taken {
        let message = format!("{what} name '{}' is not available", shorten(name));
        return json!({"nameAvailable": false, "reason": "AlreadyExists", "message": message});
    }
    // A reason all the same: recorded from both services.
    json!({"nameAvailable": true, "reason": "Invalid"})
}

/// 3 to 50 letters, digits and hyphens, no hyphen at the end (contract, section 2.1).
fn valid_name(name: &str) -> bool {
    (3..=50).contains(&name.len())
        && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '-')
        && name.starts_with(|character: char| character.is_ascii_alphanumeric())
        && !name.ends_with('-')
}

fn name_taken(world: &World, name: &str) -> bool {
    world.settings.names.has(name)
        || world.of_kind(credentials::HUB).any(|hub| hub.name().eq_ignore_ascii_case(name))
}

/// A hub under way takes no other change (the words and the code are what users report).
fn check_active(hub: &Resource) -> Result<(), Refusal> {
    check_idle(hub).map_err(|_| {
        let message = format!(
            "IotHub '{}' is not currently in Active state. Try the request again after it is in Active state.",
            hub.name()
        );
        Refusal::hub(409, "IH409002", message)
    })
}

fn usages(call: &Call<'_>) -> Reply {
    let scope = call.target.container();
    let used = call.world.of_kind(credentials::HUB).filter(|hub| covers(&scope, &hub.id)).count();
    let limit = call.world.settings.quotas.hubs_per_subscription;
    let name = json!({"value": "Standard.Hubs", "localizedValue": "IoT Hubs"});
    let value = json!([{"id": format!("{scope}/providers/Microsoft.Devices/usages/Hubs"), "type": "Hubs", "unit": "Count", "currentValue": used, "limit": limit, "name": name}]);
    Reply::json(200, json!({"value": value}))
}

fn key(call: &Call<'_>) -> Result<Reply, Refusal> {
    let hub = call.world.resource(parent(&call.id)).ok_or_else(|| call.not_found())?;
    let wanted = call.target.name();
    let keys = hub.vault.get("keys").and_then(Value::as_array);
    let found = keys
        .into_iter()
        .flatten()
        .find(|key| text(key, &["keyName"]).is_some_and(|name| name.eq_ignore_ascii_case(wanted)));
    found.map(|key| Reply::json(200, key.clone())).ok_or_else(|| {
        let message = format!("The hub has no shared access policy '{}'.", shorten(wanted));
        Refusal::hub(404, "IH404002", message)
    })
}

/// One certificate, or the list. What synchronizing wrote shows up a little later.
fn certificates(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let single = !call.target.is_collection();
    let hub = if single { parent(&call.id).to_owned() } else { call.id.clone() };
    if call.world.resource(&hub).is_none() {
        return Err(call.not_found());
    }
    let mut value = Vec::new();
    for resource in call.world.resources.values_mut() {
        let ours =
            resource.kind == credentials::HUB_CERTIFICATE && parent(&resource.id).eq_ignore_ascii_case(&hub);
        if !ours
            || (single && !resource.id.eq_ignore_ascii_case(&call.id))
            || !resource.answers.look(call.now)
        {
            continue;
        }
        let mut body = public_body(resource);
        set(&mut body, &["type"], json!("Microsoft.Devices/IotHubs/Certificates"));
        name_policy(&mut body, &call.version);
        value.push(body);
    }
    if single {
        return value.pop().map(|body| Reply::json(200, body)).ok_or_else(|| call.not_found());
    }
    Ok(Reply::json(200, json!({"value": value})))
}

/// Which policy a certificate stands for, as an api-version tells it.
fn name_policy(certificate: &mut Value, version: &str) {
    let properties = certificate.get_mut("properties").and_then(Value::as_object_mut);
    let Some((properties, policy)) = properties.and_then(|properties| {
        let policy = properties.remove("policyResourceId")?;
        Some((properties, policy))
    }) else {
        return;
    };
    // The live 2025 service spells this key with a capital, unlike its specification (contract, section 8).
    let name = if version.starts_with("2025") { "PolicyResourceId" } else { "policyResourceId" };
    if models::knows_pointers(version) {
        properties.insert(name.to_owned(), policy);
    }
}

/// Identity ids that a body assigns.
pub(crate) fn assigned_identities(body: &Value) -> Vec<String> {
    let map = body.pointer("/identity/userAssignedIdentities").and_then(Value::as_object);
    map.into_iter().flatten().map(|(id, _)| id.clone()).collect()
}

/// The identity block of a reply: assigned identities with their principals.
pub(crate) fn filled_identity(world: &World, body: &Value) -> Option<Value> {
    let kind = text(body, &["identity", "type"])?;
    let mut filled = json!({"type": kind});
    let ids = assigned_identities(body);
    if !ids.is_empty() {
        let mut map = serde_json::Map::new();
        for id in ids {
            let property =
                |name: &str| world.resource(&id).and_then(|found| found.property(name)).map(str::to_owned);
            map.insert(
                id.clone(),
                json!({"principalId": property("principalId"), "clientId": property("clientId")}),
            );
        }
        set(&mut filled, &["userAssignedIdentities"], Value::Object(map));
    }
    Some(filled)
}

fn put(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let body = call.body_with_location(true)?;
    let fields: &'static [Field] =
        if models::knows_pointers(&call.version) { &hub_schema::PREVIEW } else { &hub_schema::STABLE };
    let body = call.admitted(&body, fields).map_err(|violation| bad(violation.to_string()))?;
    if let Some(found) = call.world.resource(&call.id) {
        let links = models::of(found) == Model::Links;
        return if links { hubs_2026::update(call, &body) } else { update(call, &body) };
    }
    check_new(call)?;
    let ids = check_identity(call, &body)?;
    check_link(call, &body, &ids)?;
    Ok(create(call, &body))
}

/// Tag, name and quota of a hub that is not there yet.
pub(super) fn check_new(call: &Call<'_>) -> Result<(), Refusal> {
    if call.request.header("if-match").is_some() {
        return Err(stale("There is no hub that the If-Match header could fit.".to_owned()));
    }
    let name = call.target.name().to_owned();
    if !valid_name(&name) {
        let message = format!(
            "The hub name '{}' is invalid: 3 to 50 letters, digits and hyphens, no hyphen at the ends.",
            shorten(&name)
        );
        return Err(bad(message));
    }
    if name_taken(call.world, &name) {
        return Err(Refusal::hub(409, "IH409004", format!("IotHub name '{name}' is not available.")));
    }
    let scope = format!("/subscriptions/{}", call.target.subscription());
    let used = call.world.of_kind(credentials::HUB).filter(|hub| covers(&scope, &hub.id)).count();
    if used >= call.world.settings.quotas.hubs_per_subscription {
        return Err(Refusal::hub(
            403,
            "IH403001",
            format!("The subscription has {used} IoT hubs, which is its limit."),
        ));
    }
    Ok(())
}

/// Type and identities agree, and the identities may be assigned.
pub(super) fn check_identity(call: &mut Call<'_>, body: &Value) -> Result<Vec<String>, Refusal> {
    let kind = text(body, &["identity", "type"]).unwrap_or("None").to_owned();
    let ids = assigned_identities(body);
    if kind.contains("UserAssigned") == ids.is_empty() {
        let message = format!(
            "The property 'identity' is of type '{kind}', which does not fit its {} user-assigned identities.",
            ids.len()
        );
        return Err(bad(message));
    }
    let id = call.id.clone();
    grants::check_identities(call.world, call.now, &call.caller, &id, &ids)?;
    Ok(ids)
}

/// The link to a namespace: only with GEN2, whole, to a namespace at rest, and with all rights in place.
fn check_link(call: &mut Call<'_>, body: &Value, identities: &[String]) -> Result<(), Refusal> {
    if body.pointer("/properties/deviceRegistry").is_none_or(Value::is_null) {
        return Ok(());
    }
    if text(body, &["sku", "name"]) != Some("GEN2") {
        return Err(bad("The property 'properties.deviceRegistry' needs the sku 'GEN2'.".to_owned()));
    }
    let part = |name: &str| {
        text(body, &["properties", "deviceRegistry", name])
            .map(str::to_owned)
            .ok_or_else(|| bad(format!("The property 'properties.deviceRegistry.{name}' is required.")))
    };
    let (namespace, identity) = (part("namespaceResourceId")?, part("identityResourceId")?);
    if !identities.iter().any(|id| id.eq_ignore_ascii_case(&identity)) {
        return Err(bad("The property 'properties.deviceRegistry.identityResourceId' is not one of the hub's user-assigned identities.".to_owned()));
    }
    let state = call
        .world
        .resource(&namespace)
        .filter(|found| found.kind == NAMESPACE)
        .map(|found| found.provisioning_state().to_owned());
    match state.as_deref() {
        Some("Succeeded") => {}
        Some(state) => {
            return Err(bad(format!("The namespace '{}' is in state '{state}'.", shorten(&namespace))));
        }
        None => {
            return Err(bad(format!(
                "The namespace '{}' of 'properties.deviceRegistry.namespaceResourceId' was not found.",
                shorten(&namespace)
            )));
        }
    }
    // Both are looked at each time, so that one wait serves for both.
    let group = call.target.container();
    let own = grants::identity_on_namespace(call.world, &identity, &namespace, call.now);
    let application = grants::hub_application_on_group(call.world, &group, call.now);
    own.and(application).map_err(|message| Refusal::hub(400, "IH400913", message))
}

pub(super) fn create(call: &mut Call<'_>, body: &Value) -> Reply {
    let sku = text(body, &["sku", "name"]).unwrap_or_default().to_owned();
    let capacity = body.pointer("/sku/capacity").and_then(Value::as_i64).unwrap_or(1);
    let location = region(text(body, &["location"]).unwrap_or_default());
    let mut resource = Resource::new(
        &call.id,
        credentials::HUB,
        json!({
            "location": location, "tags": body.get("tags").cloned().unwrap_or_else(|| json!({})), "etag": call.world.fresh_etag(),
            "properties": body.get("properties").cloned().unwrap_or_default(),
            "sku": {"name": sku, "tier": hub_schema::tier(&sku), "capacity": capacity},
        }),
    );
    let identity = filled_identity(call.world, body).unwrap_or_else(|| json!({"type": "None"}));
    set(&mut resource.body, &["identity"], identity);
    set(&mut resource.body, &["systemData"], system_data(&call.caller.app_id, call.now));
    hide_keys(&mut resource);
    give_keys(&mut resource);
    let reply = taken(&mut resource);
    call.world.insert(resource);
    let seconds = call.world.settings.latency.hub;
    accept(call, Work::Create, Style::AsyncOperation, seconds, reply)
}

/// The answer to a write that makes a hub: accepted, without what only a GET shows; a GET finds it activating (recorded from
/// the live service by az's tests, 2023-06-30-preview).
fn taken(hub: &mut Resource) -> Reply {
    hub.set_property("provisioningState", json!("Accepted"));
    let mut body = public_body(hub);
    if let Some(body) = body.as_object_mut() {
        body.remove("etag");
        if let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) {
            properties.remove("state");
        }
    }
    hub.set_property("provisioningState", json!("Activating"));
    hub.set_property("state", json!("Activating"));
    Reply::json(201, body)
}

/// Keys of a body's policies go to the vault; a GET names policies without keys.
fn hide_keys(hub: &mut Resource) {
    let policies = hub.body.pointer_mut("/properties/authorizationPolicies").and_then(Value::as_array_mut);
    let mut own = Vec::new();
    for policy in policies.into_iter().flatten().filter_map(Value::as_object_mut) {
        let mut whole = policy.clone();
        for name in ["primaryKey", "secondaryKey"] {
            policy.remove(name);
            whole.entry(name).or_insert_with(|| json!(fresh_key()));
        }
        own.push(Value::Object(whole));
    }
    set(&mut hub.vault, &["keys"], Value::Array(own));
}

/// The policies every hub starts with, unless the body brought one of the same name.
fn give_keys(hub: &mut Resource) {
    let mut keys = hub.vault.get("keys").and_then(Value::as_array).cloned().unwrap_or_default();
    for (name, rights) in POLICIES {
        if !keys.iter().any(|key| text(key, &["keyName"]) == Some(name)) {
            keys.push(json!({"keyName": name, "primaryKey": fresh_key(), "secondaryKey": fresh_key(), "rights": rights}));
        }
    }
    set(&mut hub.vault, &["keys"], Value::Array(keys));
}

/// Changing a hub: with its etag, never its region, generation or link.
pub(super) fn update(call: &mut Call<'_>, body: &Value) -> Result<Reply, Refusal> {
    let etag = call.world.fresh_etag();
    let found = call.world.resource(&call.id).ok_or_else(|| call.not_found())?;
    check_active(found)?;
    let current = text(&found.body, &["etag"]).unwrap_or_default();
    match call.request.header("if-match").map(|given| given.trim_matches('"')) {
        Some(given) if given == "*" || given == current => {}
        Some(_) => return Err(stale("The If-Match header does not fit the hub's etag.".to_owned())),
        None => return Err(stale("Updating a hub needs the If-Match header with its etag.".to_owned())),
    }
    if found.location() != region(text(body, &["location"]).unwrap_or_default()) {
        return Err(bad("The property 'location' cannot be changed.".to_owned()));
    }
    let sku = |value: &Value| text(value, &["sku", "name"]).unwrap_or_default().to_owned();
    if (sku(&found.body) == "GEN2") != (sku(body) == "GEN2") {
        return Err(bad("The property 'sku.name' cannot be changed to or from 'GEN2'.".to_owned()));
    }
    let link = |value: &Value, name: &str| {
        text(value, &["properties", "deviceRegistry", name]).unwrap_or_default().to_ascii_lowercase()
    };
    for name in ["namespaceResourceId", "identityResourceId"] {
        if link(&found.body, name) != link(body, name) {
            let message = format!(
                "The property 'properties.deviceRegistry.{name}' cannot be added, changed or removed after creation."
            );
            return Err(bad(message));
        }
    }
    check_identity(call, body)?;
    let identity = filled_identity(call.world, body);
    let not_found = call.not_found();
    let found = call.world.resource_mut(&call.id).ok_or(not_found)?;
    // As the other resources here: a PUT over one that could not be made goes on making it.
    let anew = matches!(found.provisioning_state(), "Failed" | "Canceled" | "Cancelled");
    let mut properties = body.get("properties").cloned().unwrap_or_default();
    for name in ["provisioningState", "state", "hostName"] {
        let kept = found.property(name).map(str::to_owned);
        set(&mut properties, &[name], json!(kept));
    }
    set(&mut found.body, &["properties"], properties);
    hide_events(found);
    let keys = found.vault.get("keys").cloned().unwrap_or_default();
    hide_keys(found);
    set(&mut found.vault, &["keys"], keys);
    set(&mut found.body, &["tags"], body.get("tags").cloned().unwrap_or_else(|| json!({})));
    set(&mut found.body, &["identity"], identity.unwrap_or_else(|| json!({"type": "None"})));
    let name = sku(body);
    let capacity = body.pointer("/sku/capacity").and_then(Value::as_i64).unwrap_or(1);
    set(
        &mut found.body,
        &["sku"],
        json!({"name": name, "tier": hub_schema::tier(&name), "capacity": capacity}),
    );
    set(&mut found.body, &["etag"], json!(etag));
    if !anew {
        return Ok(Reply::json(200, public_body(found)));
    }
    let reply = taken(found);
    let seconds = call.world.settings.latency.hub;
    Ok(accept(call, Work::Create, Style::AsyncOperation, seconds, reply))
}

/// What a hub says of its built-in endpoint beside what was asked.
fn hide_events(hub: &mut Resource) {
    let name = hub.name().to_owned();
    let count = hub
        .body
        .pointer("/properties/eventHubEndpoints/events/partitionCount")
        .and_then(Value::as_i64)
        .unwrap_or(4);
    let ids: Vec<String> = (0..count).map(|index| index.to_string()).collect();
    let days = hub
        .body
        .pointer("/properties/eventHubEndpoints/events/retentionTimeInDays")
        .and_then(Value::as_i64)
        .unwrap_or(1);
    let events = json!({
        "retentionTimeInDays": days, "partitionCount": count, "partitionIds": ids, "path": name.to_ascii_lowercase(),
        "endpoint": format!("sb://iothub-ns-{}.servicebus.windows.net/", name.to_ascii_lowercase()),
    });
    set(&mut hub.body, &["properties", "eventHubEndpoints", "events"], events);
}

/// What a hub shows although nobody asked for it; az's route commands add to it (recorded).
fn show_defaults(hub: &mut Resource) {
    let missing = |hub: &Resource, name: &str| {
        hub.body.pointer(&format!("/properties/{name}")).is_none_or(Value::is_null)
    };
    if missing(hub, "ipFilterRules") {
        hub.set_property("ipFilterRules", json!([]));
    }
    if missing(hub, "routing") {
        hub.set_property("routing", json!({
            "endpoints": {"serviceBusQueues": [], "serviceBusTopics": [], "eventHubs": [], "storageContainers": []},
            "routes": [],
            "fallbackRoute": {
                "name": "$fallback", "source": "DeviceMessages", "condition": "true", "endpointNames": ["events"], "isEnabled": true,
            },
        }));
    }
}

/// Ends creating a hub.
pub(crate) fn finish(world: &mut World, operation: &Operation, now: &Now) -> Result<(), Failure> {
    let id = operation.resource.as_str();
    let quirks = world.settings.quirks.clone();
    if quirks.hub_failed {
        if let Some(found) = world.resource_mut(id) {
            found.set_property("provisioningState", json!("Failed"));
            found.set_property("state", json!("ActivationFailed"));
        }
        return Err(Failure {
            status: 500,
            code: "IH500001".to_owned(),
            message: "The hub could not be activated.".to_owned(),
        });
    }
    activate(world, id, now);
    device_view::complete(world, id, now);
    if let Some(found) = world.resource_mut(id) {
        if quirks.hub_not_active {
            found.set_property("state", json!("Transitioning"));
        }
        if quirks.hub_linked_elsewhere
            && let Some(namespace) =
                text(&found.body, &["properties", "deviceRegistry", "namespaceResourceId"]).map(str::to_owned)
        {
            let (head, _) = namespace.rsplit_once('/').unwrap_or_default();
            let elsewhere = format!("{head}/elsewhere");
            set(&mut found.body, &["properties", "deviceRegistry", "namespaceResourceId"], json!(elsewhere));
        }
    }
    Ok(())
}

/// Makes a hub active: host name, endpoint, keys.
pub(crate) fn activate(world: &mut World, id: &str, _now: &Now) {
    let etag = world.fresh_etag();
    let Some(found) = world.resource_mut(id) else { return };
    let host = format!("{}.azure-devices.net", found.name());
    found.set_property("provisioningState", json!("Succeeded"));
    found.set_property("state", json!("Active"));
    found.set_property("hostName", json!(host));
    hide_events(found);
    show_defaults(found);
    give_keys(found);
    set(&mut found.body, &["etag"], json!(etag));
    // By its display name, unlike `location` (recorded).
    let location = resources::display_name(found.location()).to_owned();
    found.set_property("locations", json!([{"location": location, "role": "primary"}]));
}
