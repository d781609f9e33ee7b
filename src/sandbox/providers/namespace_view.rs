//! What a read of a namespace shows: it depends on the api-version, and on what the world leaves out for a while.
//!
//! Principals are made here too, since each api-version has its own (contract of 2026, section 2). Nothing is linked
//! here. Called by the front door's reads and by `namespaces_2026`.

use serde_json::{Map, Value, json};

use super::public_body;
use crate::sandbox::clock::Now;
use crate::sandbox::models::{self, Model};
use crate::sandbox::world::{Resource, World, set, text};

/// The body of a namespace as an api-version shows it.
pub(super) fn view(world: &World, namespace: &Resource, version: &str) -> Value {
    let mut body = public_body(namespace);
    if models::of(namespace) == Model::Credentials {
        return body;
    }
    if let (Some(principal), Some(identity)) =
        (known_principal(world, namespace, version), body.get_mut("identity").and_then(Value::as_object_mut))
    {
        let kind = identity.get("type").cloned().unwrap_or_default();
        let assigned = identity.get("userAssignedIdentities").cloned();
        *identity = Map::new();
        identity.insert("principalId".to_owned(), json!(principal));
        identity.insert("tenantId".to_owned(), json!(world.tenant()));
        identity.insert("type".to_owned(), kind);
        identity.extend(assigned.map(|assigned| ("userAssignedIdentities".to_owned(), assigned)));
    }
    let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) else { return body };
    if models::of_registry(version) == Model::Credentials {
        forget_links(properties);
        return body;
    }
    if left(namespace, "omit") > 0 {
        properties.remove("provisioning");
    }
    if world.settings.links.moves_to_updating {
        move_finished(properties);
    }
    body
}

/// An older version knows endpoints by type, address and id only.
fn forget_links(properties: &mut Map<String, Value>) {
    for name in ["provisioning", "outboundIdentity", "management"] {
        properties.remove(name);
    }
    let endpoints = properties.get_mut("messaging").and_then(|group| group.get_mut("endpoints"));
    let endpoints = endpoints.and_then(Value::as_object_mut);
    for endpoint in endpoints.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        endpoint.retain(|name, _| matches!(name.as_str(), "endpointType" | "address" | "resourceId"));
    }
}

/// Takes the endpoints whose link is finished into the group `updating`.
fn move_finished(properties: &mut Map<String, Value>) {
    let mut moved = Map::new();
    for group in ["messaging", "provisioning"] {
        let endpoints = properties.get_mut(group).and_then(|group| group.get_mut("endpoints"));
        let Some(endpoints) = endpoints.and_then(Value::as_object_mut) else { continue };
        let finished = |endpoint: &Value| text(endpoint, &["linkingState"]) == Some("Succeeded");
        moved.extend(
            endpoints.iter().filter(|(_, one)| finished(one)).map(|(key, one)| (key.clone(), one.clone())),
        );
        endpoints.retain(|_, endpoint| !finished(endpoint));
    }
    if !moved.is_empty() {
        properties.insert("updating".to_owned(), json!({"endpoints": moved}));
    }
}

/// A counter of the namespace's vault.
pub(super) fn left(namespace: &Resource, counter: &str) -> u64 {
    namespace.vault.get(counter).and_then(Value::as_u64).unwrap_or(0)
}

/// A read has been answered: uses up what the world counts by reads.
pub(super) fn note(world: &mut World, id: &str, version: &str) {
    if models::of_registry(version) == Model::Credentials {
        return;
    }
    let Some(found) = world.resource_mut(id) else { return };
    if found.is_busy() {
        return;
    }
    for counter in ["omit", "heal"] {
        let before = left(found, counter);
        if before > 0 {
            set(&mut found.vault, &[counter], json!(before - 1));
        }
        if counter == "heal" && before == 1 && found.provisioning_state() == "Failed" {
            found.set_property("provisioningState", json!("Succeeded"));
        }
    }
}

/// Under which key a namespace keeps its principal of an api-version.
fn key(world: &World, version: &str) -> String {
    // The versions of the older model share the one that they have always had.
    let own = world.settings.links.principal_per_version && models::of_registry(version) == Model::Links;
    if own { version.to_owned() } else { "shared".to_owned() }
}

fn known_principal(world: &World, namespace: &Resource, version: &str) -> Option<String> {
    text(&namespace.vault, &["principals", &key(world, version)]).map(str::to_owned)
}

/// The system-assigned principal of a namespace at an api-version, made when it is asked for the first time.
/// `None` while the namespace is being made, and for one without such an identity.
pub(super) fn principal(world: &mut World, id: &str, version: &str, now: &Now) -> Option<String> {
    let namespace = world.resource(id)?;
    let system = text(&namespace.body, &["identity", "type"])?.contains("SystemAssigned");
    let ready = namespace.vault.get("ready") == Some(&json!(true));
    if !system || !ready || world.settings.quirks.namespace_without_principal {
        return None;
    }
    if let Some(known) = known_principal(world, namespace, version) {
        return Some(known);
    }
    let name = namespace.name().to_owned();
    let key = key(world, version);
    let (made, _) = world.add_principal(&name, now);
    set(&mut world.resource_mut(id)?.vault, &["principals", &key], json!(made));
    Some(made)
}

/// Every principal of a namespace, whatever the version; they go with it.
pub(super) fn principals(namespace: &Resource) -> Vec<String> {
    let map = namespace.vault.get("principals").and_then(Value::as_object);
    map.into_iter().flat_map(Map::values).filter_map(Value::as_str).map(str::to_owned).collect()
}
