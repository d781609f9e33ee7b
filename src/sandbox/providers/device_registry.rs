//! Microsoft.DeviceRegistry: dispatch, and namespaces.
//!
//! Creating a namespace never makes a credential or a policy, and a PUT replaces. Facts: contract section 4; status codes
//! and headers of section 1.1; body of the 2025-11-01-preview specification.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{authorities, authority_policies, credentials, linking, namespaces_2026, public_body};
use crate::sandbox::clock::Now;
use crate::sandbox::front_door::{Call, disallowed};
use crate::sandbox::models::{self, Model};
use crate::sandbox::operations::{self, Failure, Operation, Order, Style, Work};
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::schema::{self, Field, Shape, TAGS, optional, read_only, required, shorten};
use crate::sandbox::target::{parent, region};
use crate::sandbox::world::{Resource, World, set, system_data, text};

pub(crate) const NAMESPACE: &str = "Microsoft.DeviceRegistry/namespaces";

static IDENTITY: [Field; 3] = [
    required("type", Shape::OneOf(&["None", "SystemAssigned"])),
    read_only("principalId"),
    read_only("tenantId"),
];
static ENDPOINT: [Field; 3] = [
    required("address", Shape::Text),
    optional("endpointType", Shape::Text),
    optional("resourceId", Shape::Text),
];
static MESSAGING: [Field; 1] = [optional("endpoints", Shape::MapOf(&Shape::Object(&ENDPOINT)))];
static PROPERTIES: [Field; 3] =
    [read_only("uuid"), read_only("provisioningState"), optional("messaging", Shape::Object(&MESSAGING))];
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

/// Handles one call to the provider.
pub(crate) fn handle(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let authorities = models::links_served(call.world);
    match call.kind.as_str() {
        "namespaces" if call.target.action.is_none() => namespaces(call),
        "namespaces/credentials" => {
            check_children(call, Model::Credentials)?;
            credentials::handle(call)
        }
        "namespaces/credentials/policies" if call.target.action.is_none() => {
            check_children(call, Model::Credentials)?;
            credentials::handle_policies(call)
        }
        "namespaces/certificateAuthorities" if authorities => {
            check_children(call, Model::Links)?;
            authorities::handle(call)
        }
        "namespaces/certificateAuthorities/certificatePolicies"
            if authorities && call.target.action.is_none() =>
        {
            check_children(call, Model::Links)?;
            authority_policies::handle(call)
        }
        _ => Err(call.not_found()),
    }
}

/// Children of one model under a namespace of the other are refused with the code that Azure was measured to give for
/// credentials where the new model is in force (contract of 2026, section 4.2); the same code the other way round is this
/// world's own. Reads find nothing.
fn check_children(call: &Call<'_>, model: Model) -> Result<(), Refusal> {
    let lower = call.id.to_ascii_lowercase();
    let word = if model == Model::Links { "/certificateauthorities" } else { "/credentials" };
    let namespace = lower.find(word).and_then(|index| lower.get(..index)).unwrap_or(&lower);
    let found = call.world.resource(namespace).filter(|_| !call.request.is_read());
    match found {
        // A bare namespace is of the model that it was last written in.
        Some(found) if models::of(found) != model => Err(disallowed(&call.provider, &call.kind)),
        _ => Ok(()),
    }
}

pub(crate) fn invalid(violation: &schema::Violation) -> Refusal {
    let target = violation.path.clone();
    Refusal::arm(400, "InvalidRequestContent", format!("The request content was invalid. {violation}"))
        .at(target)
}

/// `AnotherOperationInProgress` while the last one on a resource has not ended.
pub(crate) fn check_idle(resource: &Resource) -> Result<(), Refusal> {
    if !resource.is_busy() {
        return Ok(());
    }
    let message = format!(
        "Another operation is in progress on '{}' (state '{}').",
        resource.name(),
        resource.provisioning_state()
    );
    Err(Refusal::arm(409, "AnotherOperationInProgress", message))
}

/// Accepts an operation on this call's resource.
pub(crate) fn accept(call: &mut Call<'_>, work: Work, style: Style, seconds: f64, reply: Reply) -> Reply {
    // A policy of 2026 has no location of its own; its namespace has.
    let place = |id: &str| {
        call.world.resource(id).map(|found| found.location().to_owned()).filter(|found| !found.is_empty())
    };
    let above = parent(&call.id);
    let location = place(&call.id)
        .or_else(|| place(above))
        .or_else(|| place(parent(above)))
        .unwrap_or_else(|| "global".to_owned());
    let order = Order {
        work,
        style,
        provider: &call.provider,
        subscription: call.target.subscription(),
        location: &location,
        resource: &call.id,
        api_version: &call.version,
        seconds,
    };
    operations::accept(call.world, call.request, call.now, &order, reply)
}

/// Marks this call's resource as deleting and accepts the deletion.
pub(crate) fn accept_delete(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let Some(found) = call.world.resource_mut(&call.id) else { return Ok(Reply::empty(204)) };
    check_idle(found)?;
    found.set_property("provisioningState", json!("Deleting"));
    let seconds = call.world.settings.latency.delete;
    Ok(accept(call, Work::Delete, Style::Location, seconds, Reply::empty(202)))
}

fn namespaces(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    match (call.request.method.as_str(), call.target.is_collection()) {
        ("GET", true) => Ok(call.list()),
        ("GET", false) => call.show(),
        ("PUT", false) if models::of_registry(&call.version) == Model::Links => namespaces_2026::put(call),
        ("PATCH", false) if models::of_registry(&call.version) == Model::Links => {
            namespaces_2026::patch(call)
        }
        ("PUT", false) => put(call),
        ("PATCH", false) => patch(call),
        ("DELETE", false) => {
            if authorities::exist_below(call.world, &call.id) {
                let message = "The namespace has certificate authorities; delete them first.";
                return Err(Refusal::arm(409, "CannotDeleteResource", message.to_owned()));
            }
            let mut linked = linked_to(call.world, &call.id);
            if linked.is_none() && call.world.still_held(&call.id, call.now) {
                linked = Some("a resource that was deleted".to_owned());
            }
            if let Some(linked) = linked {
                let message = format!(
                    "The namespace '{}' cannot be deleted while '{linked}' is linked to it.",
                    call.target.name()
                );
                return Err(Refusal::arm(409, "NamespaceHasLinkedResources", message));
            }
            accept_delete(call)
        }
        _ => Err(call.method_not_allowed()),
    }
}

/// Id of a hub or provisioning service that is linked to a namespace.
pub(super) fn linked_to(world: &World, namespace: &str) -> Option<String> {
    world
        .resources
        .values()
        .find(|resource| link(resource).is_some_and(|id| id.eq_ignore_ascii_case(namespace)))
        .map(|resource| resource.id.clone())
}

/// Id of the namespace that a hub or provisioning service is linked to.
pub(crate) fn link(resource: &Resource) -> Option<&str> {
    // One that the namespace made counts once it stands; a failed one holds nothing.
    let linked = text(&resource.vault, &["link", "namespace"])
        .filter(|_| text(&resource.vault, &["link", "state"]) == Some("Succeeded"));
    linked.or_else(|| pointed_at(resource))
}

/// Id of the namespace that the body of a hub or provisioning service points at: the model of 2025.
pub(super) fn pointed_at(resource: &Resource) -> Option<&str> {
    let hub = text(&resource.body, &["properties", "deviceRegistry", "namespaceResourceId"]);
    hub.or_else(|| text(&resource.body, &["properties", "deviceRegistryNamespace", "resourceId"]))
}

/// `^[a-z0-9][a-z0-9-]*[a-z0-9]$`, 3 to 64 (contract, section 2.1).
fn valid_name(name: &str) -> bool {
    let edge = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
    (3..=64).contains(&name.len())
        && name.starts_with(edge)
        && name.ends_with(edge)
        && name.chars().all(|character| edge(character) || character == '-')
}

/// Refuses a name that no namespace can have.
pub(super) fn check_name(call: &Call<'_>) -> Result<(), Refusal> {
    if !valid_name(call.target.name()) {
        let message = format!(
            "The namespace name '{}' is invalid: 3 to 64 lower-case letters, digits and hyphens, with a letter or digit at both ends.",
            shorten(call.target.name()),
        );
        return Err(Refusal::arm(400, "InvalidResourceName", message).at("namespaceName"));
    }
    Ok(())
}

fn put(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    check_name(call)?;
    let body = call.body_with_location(true)?;
    let body = call.admitted(&body, &BODY).map_err(|violation| invalid(&violation))?;
    let location = region(body.get("location").and_then(Value::as_str).unwrap_or_default());
    let kind = text(&body, &["identity", "type"]).unwrap_or("None").to_owned();
    if let Some(found) = call.world.resource(&call.id) {
        check_idle(found)?;
        namespaces_2026::check_model(call.world, found, Model::Credentials)?;
        if found.location() != location {
            let message =
                format!("The resource '{}' already exists in location '{}'.", found.name(), found.location());
            return Err(Refusal::arm(409, "InvalidResourceLocation", message));
        }
        // What failed to come to be is created again.
        if found.provisioning_state() == "Succeeded" {
            return Ok(replace(call, &body, &kind));
        }
    }
    let mut resource = Resource::new(&call.id, NAMESPACE, json!({"location": location}));
    fill(&mut resource, &body, &kind);
    set(&mut resource.body, &["systemData"], system_data(&call.caller.app_id, call.now));
    resource.set_property("uuid", json!(Uuid::new_v4().to_string()));
    resource.set_property("provisioningState", json!("Accepted"));
    let reply = Reply::json(201, public_body(&resource));
    call.world.insert(resource);
    let seconds = call.world.settings.latency.namespace;
    Ok(accept(call, Work::Create, Style::AsyncOperation, seconds, reply))
}

/// Writes what a body says, and drops what it does not: a PUT replaces.
fn fill(resource: &mut Resource, body: &Value, identity: &str) {
    models::mark(resource, Model::Credentials);
    let kept = text(&resource.body, &["identity", "principalId"]).map(str::to_owned);
    let tenant = text(&resource.body, &["identity", "tenantId"]).map(str::to_owned);
    let mut new = json!({"type": identity});
    if identity == "SystemAssigned"
        && let (Some(principal), Some(tenant)) = (kept, tenant)
    {
        new = json!({"principalId": principal, "tenantId": tenant, "type": identity});
    }
    set(&mut resource.body, &["identity"], new);
    set(&mut resource.body, &["tags"], body.get("tags").cloned().unwrap_or_else(|| json!({})));
    let messaging = body.pointer("/properties/messaging").cloned();
    match messaging {
        Some(messaging) => resource.set_property("messaging", messaging),
        None => {
            if let Some(properties) = resource.body.get_mut("properties").and_then(Value::as_object_mut) {
                properties.remove("messaging");
            }
        }
    }
}

fn replace(call: &mut Call<'_>, body: &Value, identity: &str) -> Reply {
    let id = call.id.clone();
    let mut lost = None;
    if let Some(found) = call.world.resource_mut(&id) {
        let before = text(&found.body, &["identity", "principalId"]).map(str::to_owned);
        fill(found, body, identity);
        if identity == "None" {
            lost = before;
        }
    }
    if let Some(principal) = lost {
        call.world.principals.remove(&principal);
    }
    if identity == "SystemAssigned" {
        give_principal(call.world, &id, call.now);
    }
    Reply::json(200, call.world.resource(&id).map(public_body).unwrap_or_default())
}

fn patch(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let body = call.request.json_object()?;
    schema::check_resource(&body, &PATCH).map_err(|violation| invalid(&violation))?;
    let found = call.world.resource(&call.id).ok_or_else(|| call.not_found())?;
    namespaces_2026::check_model(call.world, found, Model::Credentials)?;
    let not_found = call.not_found();
    let found = call.world.resource_mut(&call.id).ok_or(not_found)?;
    check_idle(found)?;
    models::mark(found, Model::Credentials);
    if let Some(tags) = body.get("tags") {
        set(&mut found.body, &["tags"], tags.clone());
    }
    let mut lost = None;
    match text(&body, &["identity", "type"]) {
        Some("None") => {
            lost = text(&found.body, &["identity", "principalId"]).map(str::to_owned);
            set(&mut found.body, &["identity"], json!({"type": "None"}));
        }
        Some(kind) => set(&mut found.body, &["identity", "type"], json!(kind)),
        None => {}
    }
    let endpoints = body.pointer("/properties/messaging/endpoints").and_then(Value::as_object);
    for (name, endpoint) in endpoints.into_iter().flatten() {
        set(&mut found.body, &["properties", "messaging", "endpoints", name], endpoint.clone());
    }
    found.set_property("provisioningState", json!("Accepted"));
    if let Some(lost) = lost {
        call.world.principals.remove(&lost);
    }
    let seconds = call.world.settings.latency.update;
    Ok(accept(call, Work::Update, Style::Location, seconds, Reply::empty(202)))
}

/// Ends creating or changing a namespace.
pub(crate) fn finish(world: &mut World, operation: &Operation, now: &Now) -> Result<(), Failure> {
    let id = operation.resource.as_str();
    if world.resource(id).is_some_and(|found| models::of(found) == Model::Links) {
        return linking::finish(world, operation, now);
    }
    if operation.work == Work::Create && world.settings.quirks.namespace_failed {
        if let Some(found) = world.resource_mut(id) {
            found.set_property("provisioningState", json!("Failed"));
        }
        return Err(Failure {
            status: 500,
            code: "InternalServerError".to_owned(),
            message: "The namespace could not be provisioned.".to_owned(),
        });
    }
    give_principal(world, id, now);
    if let Some(found) = world.resource_mut(id) {
        found.set_property("provisioningState", json!("Succeeded"));
    }
    Ok(())
}

/// Sets the state that a namespace ends in.
pub(super) fn end(world: &mut World, id: &str, state: &str) {
    if let Some(found) = world.resource_mut(id) {
        found.set_property("provisioningState", json!(state));
    }
}

/// Gives a namespace with a system identity its principal, once.
pub(crate) fn give_principal(world: &mut World, id: &str, now: &Now) {
    let Some(found) = world.resource(id) else { return };
    let wants = text(&found.body, &["identity", "type"]) == Some("SystemAssigned");
    let has = text(&found.body, &["identity", "principalId"]).is_some();
    if !wants || has || world.settings.quirks.namespace_without_principal {
        return;
    }
    let name = found.name().to_owned();
    let (principal, _) = world.add_principal(&name, now);
    let tenant = world.tenant().to_owned();
    if let Some(found) = world.resource_mut(id) {
        set(
            &mut found.body,
            &["identity"],
            json!({"principalId": principal, "tenantId": tenant, "type": "SystemAssigned"}),
        );
    }
}
