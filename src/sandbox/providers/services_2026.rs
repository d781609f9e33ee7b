//! Provisioning services of the object model of 2026: plain, with an identity from the start; a namespace links them.
//!
//! What is the same in both models is in `provisioning_services`. Facts: contract of 2026, sections 6.2b, 6.11, 8 and 9:
//! an identity only at creation (IH400158), a list of hubs that is the namespace's (IH409313), and a data plane that
//! learns of the namespace by a PATCH of tags.

use serde_json::{Value, json};

use super::device_registry::accept;
use super::hubs::{TAGS_ONLY, assigned_identities, retag};
use super::{device_view, provisioning_services};
use crate::sandbox::front_door::Call;
use crate::sandbox::models::{self, Model};
use crate::sandbox::operations::{Style, Work};
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::schema::{self, Shape};
use crate::sandbox::world::{Resource, World, set, text};

const IDENTITY_FIXED: u32 = 400_158;
const HUBS_OWNED: u32 = 409_313;

/// The model of a service that a PUT creates. The version of March 2026 speaks both (contract, section 4.3).
pub(super) fn model_of(call: &Call<'_>, body: &Value) -> Model {
    let points = body.pointer("/properties/deviceRegistryNamespace").is_some_and(Value::is_object);
    let both = call.version == "2026-03-01-preview" && models::links_served(call.world);
    if both && !points { Model::Links } else { models::of_devices(&call.version) }
}

/// Where only the new model is in force a service cannot point at a namespace (contract, section 12).
pub(super) fn check_no_pointer(call: &Call<'_>, body: &Value) -> Result<(), Refusal> {
    let points = body.pointer("/properties/deviceRegistryNamespace").is_some_and(Value::is_object);
    if !points || !models::links_served(call.world) || models::credentials_served(call.world) {
        return Ok(());
    }
    let message = "The property 'properties.deviceRegistryNamespace' is not supported: the namespace links the service.";
    Err(provisioning_services::bad(message.to_owned()))
}

/// What a PUT may not change of a service of this model.
pub(super) fn check_update(found: &Resource, body: &Value) -> Result<(), Refusal> {
    if models::of(found) == Model::Credentials {
        return Ok(());
    }
    let kind = |value: &Value| text(value, &["identity", "type"]).unwrap_or("None").replace(' ', "");
    let ids = |value: &Value| {
        let mut ids: Vec<String> =
            assigned_identities(value).iter().map(|id| id.to_ascii_lowercase()).collect();
        ids.sort();
        ids
    };
    if kind(&found.body) != kind(body) || ids(&found.body) != ids(body) {
        return Err(identity_fixed());
    }
    let hubs = body.pointer("/properties/iotHubs").and_then(Value::as_array);
    if is_linked(found) && hubs.is_some_and(|hubs| !hubs.is_empty()) {
        let message = "The linked hubs of the service are managed by its namespace and cannot be changed here (IH409313).";
        return Err(Refusal::provisioning(409, HUBS_OWNED, message.to_owned()));
    }
    Ok(())
}

fn identity_fixed() -> Refusal {
    let message = "The identity of a provisioning service can only be set at its creation (IH400158).";
    Refusal::provisioning(400, IDENTITY_FIXED, message.to_owned())
}

pub(super) fn is_linked(service: &Resource) -> bool {
    text(&service.vault, &["link", "state"]) == Some("Succeeded")
}

/// Changes tags and nothing else. On a linked service it takes a while, and is what tells the data plane.
pub(super) fn patch(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let links = call.world.resource(&call.id).is_some_and(|found| models::of(found) == Model::Links);
    if !links && models::of_devices(&call.version) == Model::Credentials {
        return retag(call, provisioning_services::bad, provisioning_services::check_active);
    }
    let body = call.request.json_object()?;
    if body.get("identity").is_some() {
        return Err(identity_fixed());
    }
    schema::check(&body, &Shape::Object(&TAGS_ONLY), "")
        .map_err(|violation| provisioning_services::bad(violation.to_string()))?;
    let found = call.world.resource(&call.id).ok_or_else(|| call.not_found())?;
    provisioning_services::check_active(found)?;
    if !is_linked(found) {
        return retag(call, provisioning_services::bad, provisioning_services::check_active);
    }
    // Succeeded before, meanwhile and after: only the marker tells (contract, section 6.11).
    let tags = body.get("tags").filter(|tags| tags.is_object()).cloned();
    let id = call.id.clone();
    if let Some(found) = call.world.resource_mut(&id)
        && let Some(tags) = tags
    {
        set(&mut found.vault, &["tags"], tags);
    }
    let found = call.world.resource(&id).ok_or_else(|| call.not_found())?;
    let reply = Reply::json(200, device_view::service(call.world, found, &call.version));
    let seconds = call.world.settings.latency.push;
    Ok(accept(call, Work::Push, Style::ResourceOnly, seconds, reply))
}

/// The marker shows, and the data plane knows the namespace that the service is linked to by now.
pub(super) fn finish_push(world: &mut World, id: &str) {
    let etag = world.fresh_etag();
    let Some(found) = world.resource_mut(id) else { return };
    let told = text(&found.vault, &["link", "namespaceUuid"]).map(str::to_owned);
    if is_linked(found) {
        set(&mut found.vault, &["told"], json!(told));
    }
    if let Some(tags) = found.vault.as_object_mut().and_then(|vault| vault.remove("tags")) {
        set(&mut found.body, &["tags"], tags);
    }
    set(&mut found.body, &["etag"], json!(etag));
}
