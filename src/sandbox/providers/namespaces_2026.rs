//! Namespaces of the object model of 2026: they link hubs and a provisioning service.
//!
//! Checks and keeps what is written, and says at once what is refused; links are settled in `linking`. Facts: contract
//! of 2026, sections 6.3, 6.6 and 6.7; bodies of the 2026-11-01 specification. The codes for a namespace of the other
//! model and for what is below it are this world's own.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::device_registry::{self, NAMESPACE, accept, check_idle, invalid};
use super::endpoints::{self, GROUPS, Group};
use super::{authorities, grants, hubs, linking, namespace_view};
use crate::sandbox::front_door::Call;
use crate::sandbox::models::{self, Model};
use crate::sandbox::operations::{Style, Work};
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::schema::{self, Field, Shape, TAGS, optional, read_only, required};
use crate::sandbox::target::{parent, region};
use crate::sandbox::world::{Resource, World, set, system_data, text};

static IDENTITY: [Field; 4] = [
    required(
        "type",
        Shape::OneOf(&["None", "SystemAssigned", "UserAssigned", "SystemAssigned,UserAssigned"]),
    ),
    optional("userAssignedIdentities", Shape::MapOf(&Shape::Anything)),
    read_only("principalId"),
    read_only("tenantId"),
];
static CALLER: [Field; 2] = [
    required("type", Shape::OneOf(&["SystemAssigned", "UserAssigned"])),
    optional("userAssignedIdentity", Shape::Text),
];
static ALLOCATION: [Field; 2] = [
    optional("availability", Shape::OneOf(&["Available", "Disabled"])),
    optional("allocationWeight", Shape::Whole(0, 2_147_483_647)),
];
static MESSAGING_ENDPOINT: [Field; 8] = [
    optional("endpointType", Shape::Text),
    optional("address", Shape::Text),
    optional("resourceId", Shape::Text),
    optional("inboundCallerIdentity", Shape::Object(&CALLER)),
    optional("provisioning", Shape::Object(&ALLOCATION)),
    read_only("deviceAddress"),
    read_only("linkingState"),
    read_only("linkingError"),
];
static PROVISIONING_ENDPOINT: [Field; 5] = [
    required("endpointType", Shape::OneOf(&["Microsoft.Devices/provisioningServices"])),
    required("resourceId", Shape::Text),
    required("inboundCallerIdentity", Shape::Object(&CALLER)),
    read_only("linkingState"),
    read_only("linkingError"),
];
static MANAGEMENT_ENDPOINT: [Field; 4] = [
    required("endpointType", Shape::Text),
    required("address", Shape::Text),
    required("scopeId", Shape::Text),
    required("resourceId", Shape::Text),
];
static MESSAGING: [Field; 1] = [optional("endpoints", Shape::MapOf(&Shape::Object(&MESSAGING_ENDPOINT)))];
static PROVISIONING: [Field; 1] =
    [optional("endpoints", Shape::MapOf(&Shape::Object(&PROVISIONING_ENDPOINT)))];
static MANAGEMENT: [Field; 1] = [optional("endpoints", Shape::MapOf(&Shape::Object(&MANAGEMENT_ENDPOINT)))];
static PROPERTIES: [Field; 7] = [
    read_only("uuid"),
    read_only("provisioningState"),
    read_only("updating"),
    optional("messaging", Shape::Object(&MESSAGING)),
    optional("management", Shape::Object(&MANAGEMENT)),
    optional("provisioning", Shape::Object(&PROVISIONING)),
    optional("outboundIdentity", Shape::Object(&CALLER)),
];
static BODY: [Field; 4] = [
    required("location", Shape::Text),
    optional("tags", TAGS),
    optional("identity", Shape::Object(&IDENTITY)),
    optional("properties", Shape::Object(&PROPERTIES)),
];
static PATCH: [Field; 3] = [
    optional("tags", TAGS),
    optional("identity", Shape::Object(&IDENTITY)),
    optional("properties", Shape::Object(&PROPERTIES)),
];

/// Whether a namespace holds something that only one model knows, so that the other's writes are refused.
pub(super) fn settled_model(world: &World, namespace: &Resource) -> Option<Model> {
    let below =
        |kind: &str| world.of_kind(kind).any(|child| parent(&child.id).eq_ignore_ascii_case(&namespace.id));
    let links = GROUPS.iter().any(|(group, kind)| {
        endpoints::of(&namespace.body, group)
            .any(|(_, one)| endpoints::is_link(one, *kind) && !endpoints::state(one).is_empty())
    });
    if links || below(authorities::AUTHORITY) {
        return Some(Model::Links);
    }
    let old =
        below(super::credentials::CREDENTIAL) || device_registry::linked_to(world, &namespace.id).is_some();
    old.then_some(Model::Credentials)
}

/// Refuses a write in one model to a namespace that holds something of the other.
pub(super) fn check_model(world: &World, namespace: &Resource, model: Model) -> Result<(), Refusal> {
    let (held, asked) = match settled_model(world, namespace) {
        Some(Model::Links) if model == Model::Credentials => {
            ("links or certificate authorities", "credentials")
        }
        Some(Model::Credentials) if model == Model::Links => {
            ("credentials or resources that point at it", "links")
        }
        _ => return Ok(()),
    };
    let message = format!(
        "The namespace '{}' has {held}; an api-version that knows {asked} cannot change it.",
        namespace.name()
    );
    Err(Refusal::arm(409, "NamespaceModelConflict", message))
}

/// `ResourceProvisioningInProgress` while a write settles (contract, section 9).
fn check_settled(namespace: &Resource) -> Result<(), Refusal> {
    if namespace.provisioning_state() == "Deleting" {
        return check_idle(namespace);
    }
    if !namespace.is_busy() {
        return Ok(());
    }
    let message = format!(
        "The namespace '{}' is being provisioned (state '{}'); try again when that has ended.",
        namespace.name(),
        namespace.provisioning_state()
    );
    Err(Refusal::arm(409, "ResourceProvisioningInProgress", message))
}

/// Creates or replaces.
pub(super) fn put(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    device_registry::check_name(call)?;
    let body = call.body_with_location(true)?;
    let body = call.admitted(&body, &BODY).map_err(|violation| invalid(&violation))?;
    let location = region(text(&body, &["location"]).unwrap_or_default());
    check_identity(call, &body)?;
    let kept = call.world.resource(&call.id).cloned();
    if let Some(found) = &kept {
        check_settled(found)?;
        check_model(call.world, found, Model::Links)?;
        if found.location() != location {
            let message =
                format!("The resource '{}' already exists in location '{}'.", found.name(), found.location());
            return Err(Refusal::arm(409, "InvalidResourceLocation", message));
        }
    }
    let groups = endpoints::plan(call.world, kept.as_ref(), &body, true)?;
    let bare = groups.iter().all(|group| group.endpoints.is_empty());
    if kept.is_none() && bare && call.world.settings.links.ghost {
        let message =
            "The namespace cannot be created without its endpoints, which are in use by nested devices.";
        return Err(Refusal::arm(409, "EndpointUsedByNestedDevices", message.to_owned()));
    }
    linking::refuse_at_once(call.world, &groups)?;
    if !bare {
        // With its endpoints the ghost is a namespace again.
        call.world.settings.links.ghost = false;
    }
    let new = kept.as_ref().is_none_or(|found| !was_made(found));
    let mut resource = kept.unwrap_or_else(|| {
        let mut made = Resource::new(&call.id, NAMESPACE, json!({"location": location}));
        made.set_property("uuid", json!(Uuid::new_v4().to_string()));
        set(&mut made.body, &["systemData"], system_data(&call.caller.app_id, call.now));
        made
    });
    set(&mut resource.body, &["tags"], body.get("tags").cloned().unwrap_or_else(|| json!({})));
    take_identity(&mut resource, body.get("identity").unwrap_or(&Value::Null));
    for name in ["management", "outboundIdentity"] {
        put_property(&mut resource, name, body.pointer(&format!("/properties/{name}")).cloned());
    }
    let links = keep(call, &mut resource, &groups);
    if !links && !new {
        // Nothing to wait for: replaced at once. What had failed with links that are gone now is whole again.
        resource.set_property("provisioningState", json!("Succeeded"));
        call.world.insert(resource);
        return Ok(Reply::json(200, read(call)));
    }
    resource.set_property("provisioningState", json!("Accepted"));
    call.world.insert(resource);
    let latency = &call.world.settings.latency;
    let (work, seconds) = match (links, new) {
        (true, true) => (Work::Link, latency.namespace + latency.link),
        (true, false) => (Work::Link, latency.link),
        (false, _) => (Work::Create, latency.namespace),
    };
    // A principal is not in the first answer (contract, section 6.3).
    let reply = Reply::json(201, read(call));
    Ok(accept(call, work, Style::AsyncOperation, seconds, reply))
}

/// Whether a namespace has ever come to be; one that failed at its creation is created again.
fn was_made(namespace: &Resource) -> bool {
    namespace.vault.get("ready") == Some(&json!(true)) || namespace.provisioning_state() == "Succeeded"
}

/// Merges; tags are replaced as a whole, as the resource manager does.
pub(super) fn patch(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let body = call.request.json_object()?;
    schema::check_resource(&body, &PATCH).map_err(|violation| invalid(&violation))?;
    check_identity(call, &body)?;
    let mut resource = call.world.resource(&call.id).cloned().ok_or_else(|| call.not_found())?;
    check_settled(&resource)?;
    check_model(call.world, &resource, Model::Links)?;
    let groups = endpoints::plan(call.world, Some(&resource), &body, false)?;
    linking::refuse_at_once(call.world, &groups)?;
    if let Some(tags) = body.get("tags").filter(|tags| tags.is_object()) {
        set(&mut resource.body, &["tags"], tags.clone());
    }
    if let Some(identity) = body.get("identity").filter(|given| given.is_object()) {
        take_identity(&mut resource, identity);
    }
    if let Some(outbound) = body.pointer("/properties/outboundIdentity") {
        put_property(&mut resource, "outboundIdentity", Some(outbound.clone()));
    }
    let management = body.pointer("/properties/management/endpoints").and_then(Value::as_object);
    for (key, endpoint) in management.into_iter().flatten() {
        set(&mut resource.body, &["properties", "management", "endpoints", key], endpoint.clone());
    }
    let failed = resource.provisioning_state() == "Failed";
    let links = keep(call, &mut resource, &groups);
    let tags_only = body.as_object().is_some_and(|body| body.keys().eq(["tags"]));
    // Healing shows nothing until it has ended (contract, section 6.7).
    if links || !failed {
        resource.set_property("provisioningState", json!("Accepted"));
    }
    call.world.insert(resource);
    let latency = &call.world.settings.latency;
    let (work, seconds) = match (links, failed && tags_only) {
        (true, _) => (Work::Link, latency.link),
        (false, true) => (Work::Heal, latency.heal),
        (false, false) => (Work::Update, latency.update),
    };
    Ok(accept(call, work, Style::Location, seconds, Reply::empty(202)))
}

fn read(call: &mut Call<'_>) -> Value {
    let version = call.version.clone();
    let id = call.id.clone();
    namespace_view::principal(call.world, &id, &version, call.now);
    call.world
        .resource(&id)
        .map(|found| namespace_view::view(call.world, found, &version))
        .unwrap_or_default()
}

/// User-assigned identities exist, fit the type, and the caller may assign them.
fn check_identity(call: &mut Call<'_>, body: &Value) -> Result<(), Refusal> {
    let Some(kind) = text(body, &["identity", "type"]).map(str::to_owned) else { return Ok(()) };
    let ids = hubs::assigned_identities(body);
    if kind.contains("UserAssigned") == ids.is_empty() {
        let message = format!(
            "The property 'identity' is of type '{kind}', which does not fit its {} user-assigned identities.",
            ids.len()
        );
        return Err(Refusal::arm(400, "InvalidRequestContent", message).at("identity"));
    }
    let id = call.id.clone();
    grants::check_identities(call.world, call.now, &call.caller, &id, &ids)
}

/// Principals live in the vault by version; the kept body has type and assigned identities only.
fn take_identity(resource: &mut Resource, given: &Value) {
    if let Some(before) = text(&resource.body, &["identity", "principalId"]).map(str::to_owned) {
        set(&mut resource.vault, &["principals", "shared"], json!(before));
    }
    let mut identity = Map::new();
    identity.insert("type".to_owned(), given.get("type").cloned().unwrap_or_else(|| json!("None")));
    identity.extend(
        given.get("userAssignedIdentities").map(|ids| ("userAssignedIdentities".to_owned(), ids.clone())),
    );
    set(&mut resource.body, &["identity"], Value::Object(identity));
}

fn put_property(resource: &mut Resource, name: &str, value: Option<Value>) {
    if let Some(value) = value.filter(|value| !value.is_null()) {
        resource.set_property(name, value);
    } else if let Some(properties) = resource.body.get_mut("properties").and_then(Value::as_object_mut) {
        properties.remove(name);
    }
}

/// Keeps the endpoints and the version of a write. True when a link is to be settled.
fn keep(call: &mut Call<'_>, resource: &mut Resource, groups: &[Group]) -> bool {
    let mut links = false;
    for group in groups {
        links |= group.endpoints.values().any(|endpoint| endpoints::state(endpoint) == "InProgress");
        let kept = (!group.endpoints.is_empty()).then(|| json!({"endpoints": group.endpoints}));
        put_property(resource, group.name, kept);
        for gone in &group.dropped {
            linking::forget(call.world, gone, &call.id);
        }
    }
    models::mark(resource, Model::Links);
    if was_made(resource) {
        set(&mut resource.vault, &["ready"], json!(true));
    }
    set(&mut resource.vault, &["version"], json!(call.version));
    if links {
        set(&mut resource.vault, &["omit"], json!(call.world.settings.links.omits_dps_polls));
    }
    links
}

/// Notes the model of a resource that exists when the world begins: that of 2026 for a namespace whose body has links,
/// and for every namespace, hub and service of a world that serves no other. Nothing of such a one is late.
pub(super) fn place(world: &World, resource: &mut Resource) -> bool {
    let has_links = GROUPS.iter().any(|(group, _)| {
        endpoints::of(&resource.body, group).any(|(_, endpoint)| !endpoints::state(endpoint).is_empty())
    });
    let only = models::links_served(world) && !models::credentials_served(world);
    let fits = [NAMESPACE, super::credentials::HUB, super::provisioning_services::SERVICE]
        .contains(&resource.kind.as_str());
    if !fits || !(has_links || only) {
        return false;
    }
    models::mark(resource, Model::Links);
    set(&mut resource.vault, &["ready"], json!(true));
    set(&mut resource.vault, &["hidden"], json!(false));
    true
}
