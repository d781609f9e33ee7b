//! User-assigned identities: synchronous, with a principal that the directory shows later.
//!
//! Facts: contract section 1d; properties from the 2023-01-31 and 2024-11-30 schemas.

use serde_json::{Value, json};

use super::public_body;
use crate::sandbox::clock::Now;
use crate::sandbox::front_door::Call;
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::schema::{self, Field, Shape, TAGS, optional, read_only, required};
use crate::sandbox::target::region;
use crate::sandbox::world::{Resource, World, set, system_data};

pub(crate) const IDENTITY: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";

static BODY_2023: [Field; 3] =
    [required("location", Shape::Text), optional("tags", TAGS), read_only("properties")];
static PROPERTIES_2024: [Field; 4] = [
    optional("isolationScope", Shape::OneOf(&["None", "Regional"])),
    read_only("principalId"),
    read_only("clientId"),
    read_only("tenantId"),
];
static BODY_2024: [Field; 3] = [
    required("location", Shape::Text),
    optional("tags", TAGS),
    optional("properties", Shape::Object(&PROPERTIES_2024)),
];
static PATCH: [Field; 2] = [optional("location", Shape::Text), optional("tags", TAGS)];

/// Handles one call.
pub(crate) fn handle(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    if call.kind != "userAssignedIdentities" || call.target.action.is_some() {
        return Err(call.not_found());
    }
    match (call.request.method.as_str(), call.target.is_collection()) {
        ("GET", true) => Ok(call.list()),
        ("GET", false) => call.show(),
        ("PUT", false) => put(call),
        ("PATCH", false) => {
            let body = call.request.json_object()?;
            schema::check(&body, &Shape::Object(&PATCH), "").map_err(|violation| invalid(&violation))?;
            let not_found = call.not_found();
            let found = call.world.resource_mut(&call.id).ok_or(not_found)?;
            if let Some(tags) = body.get("tags") {
                set(&mut found.body, &["tags"], tags.clone());
            }
            Ok(Reply::json(200, public_body(found)))
        }
        ("DELETE", false) => {
            let Some(found) = call.world.resource(&call.id) else { return Ok(Reply::empty(204)) };
            let client = found.property("clientId").unwrap_or_default().to_owned();
            // Its role assignments stay behind as orphans (contract, section 13).
            call.world.principals.retain(|_, known| known.app_id != client);
            call.world.remove_tree(&call.id.clone());
            Ok(Reply::empty(200))
        }
        _ => Err(call.method_not_allowed()),
    }
}

fn invalid(violation: &schema::Violation) -> Refusal {
    let target = violation.path.clone();
    Refusal::arm(400, "InvalidRequestContent", format!("The request content was invalid. {violation}"))
        .at(target)
}

/// `^[a-zA-Z0-9]{1}[a-zA-Z0-9-_]{2,119}$` (contract, section 2.1).
fn valid_name(name: &str) -> bool {
    (3..=120).contains(&name.len())
        && name.starts_with(|character: char| character.is_ascii_alphanumeric())
        && name.chars().all(|character| character.is_ascii_alphanumeric() || matches!(character, '-' | '_'))
}

fn put(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    if !valid_name(call.target.name()) {
        let message = format!(
            "The name '{}' is invalid: 3 to 120 letters, digits, '-' and '_', starting with a letter or digit.",
            schema::shorten(call.target.name()),
        );
        return Err(Refusal::arm(400, "InvalidParameter", message).at("resourceName"));
    }
    let body = call.body_with_location(true)?;
    let fields: &'static [Field] = if call.version.as_str() < "2024" { &BODY_2023 } else { &BODY_2024 };
    let body = call.admitted(&body, fields).map_err(|violation| invalid(&violation))?;
    let location = region(body.get("location").and_then(Value::as_str).unwrap_or_default());
    let tags = body.get("tags").cloned().unwrap_or_else(|| json!({}));
    if let Some(found) = call.world.resource_mut(&call.id) {
        if found.location() != location {
            let message = format!(
                "The resource already exists in location '{}' in resource group. A resource with the same name cannot be created in location '{location}'.",
                found.location(),
            );
            return Err(Refusal::arm(409, "InvalidResourceLocation", message));
        }
        set(&mut found.body, &["tags"], tags);
        return Ok(Reply::json(200, public_body(found)));
    }
    let mut resource =
        Resource::new(&call.id, IDENTITY, json!({"location": location, "tags": tags, "properties": {}}));
    if let Some(scope) = body.pointer("/properties/isolationScope") {
        resource.set_property("isolationScope", scope.clone());
    }
    set(&mut resource.body, &["systemData"], system_data(&call.caller.app_id, call.now));
    call.world.insert(resource);
    give_principal(call.world, &call.id.clone(), call.now);
    let body = call.world.resource(&call.id).map(public_body).unwrap_or_default();
    Ok(Reply::json(201, body))
}

/// Makes the identity's principal; the directory shows it after the world's latency.
pub(crate) fn give_principal(world: &mut World, id: &str, now: &Now) {
    let name = id.rsplit('/').next().unwrap_or_default().to_owned();
    let (principal, client) = world.add_principal(&name, now);
    let tenant = world.tenant().to_owned();
    let without = world.settings.quirks.identity_without_principal;
    if let Some(resource) = world.resource_mut(id) {
        resource.set_property("tenantId", json!(tenant));
        if !without {
            resource.set_property("principalId", json!(principal));
        }
        resource.set_property("clientId", json!(client));
    }
}
