//! Settling links: a namespace, the hubs and the service that it names, and what each then says of the others.
//!
//! A write of a namespace leaves endpoints `InProgress`; when its operation is due each is tried once and ends
//! `Succeeded` or `Failed` with an error. Facts: contract of 2026, sections 6.6, 6.7, 7 and 9. The six codes of section
//! 9 are used for what has not replicated yet; codes for what never can be are this world's own.

use serde_json::{Value, json};

use super::credentials::HUB;
use super::endpoints::{self, GROUPS, Group};
use super::provisioning_services::SERVICE;
use super::{device_registry, link_rights, namespace_view};
use crate::sandbox::clock::Now;
use crate::sandbox::link_settings::EndpointKind;
use crate::sandbox::operations::{Failure, Operation, Work};
use crate::sandbox::reply::Refusal;
use crate::sandbox::world::{Resource, World, set, text};

/// Why a link fails.
pub(super) struct LinkError {
    pub(super) code: String,
    pub(super) message: String,
}

impl LinkError {
    pub(super) fn new(code: &str, message: String) -> Self {
        Self { code: code.to_owned(), message }
    }
}

/// Refuses a write whose next attempt the world's script fails outright.
pub(super) fn refuse_at_once(world: &mut World, groups: &[Group]) -> Result<(), Refusal> {
    for (group, (_, kind)) in groups.iter().zip(GROUPS) {
        let starts = group.endpoints.values().filter(|endpoint| endpoints::state(endpoint) == "InProgress");
        for _ in starts {
            if let Some(error) = scripted(world, kind, true) {
                return Err(Refusal::arm(400, &error.code, error.message));
            }
        }
    }
    Ok(())
}

/// The script's next failure for an endpoint of this kind, when it is of the asked sort: outright, or later.
fn scripted(world: &mut World, kind: EndpointKind, outright: bool) -> Option<LinkError> {
    let World { settings, link_hits, .. } = world;
    link_hits.resize(settings.links.failures.len(), 0);
    let mut entries = settings.links.failures.iter().zip(link_hits.iter_mut());
    let (failure, hits) =
        entries.find(|(failure, hits)| failure.endpoint == kind && **hits < failure.times)?;
    if failure.outright != outright {
        return None;
    }
    *hits += 1;
    let message = failure.message.clone().unwrap_or_else(|| {
        "The resource could not be linked. Grant the identities access, then resubmit the request.".to_owned()
    });
    Some(LinkError::new(&failure.code, message))
}

/// Ends a write of a namespace of the 2026 model.
pub(super) fn finish(world: &mut World, operation: &Operation, now: &Now) -> Result<(), Failure> {
    let id = operation.resource.as_str();
    match operation.work {
        Work::Create if world.settings.quirks.namespace_failed => {
            device_registry::end(world, id, "Failed");
            return Err(Failure {
                status: 500,
                code: "InternalServerError".to_owned(),
                message: "The namespace could not be provisioned.".to_owned(),
            });
        }
        Work::Heal => {
            heal(world, id);
            return Ok(());
        }
        _ => {}
    }
    let Some(found) = world.resource_mut(id) else { return Ok(()) };
    set(&mut found.vault, &["ready"], json!(true));
    let version = text(&found.vault, &["version"]).unwrap_or_default().to_owned();
    namespace_view::principal(world, id, &version, now);
    let mut failed = None;
    for (group, kind) in GROUPS {
        let keys: Vec<String> = world
            .resource(id)
            .into_iter()
            .flat_map(|found| endpoints::of(&found.body, group))
            .filter(|(_, endpoint)| endpoints::state(endpoint) == "InProgress")
            .map(|(key, _)| key.clone())
            .collect();
        for key in keys {
            failed = settle(world, id, group, kind, &key, now).err().or(failed);
        }
    }
    let left = world.resource(id).is_some_and(has_failed);
    if let Some(error) = failed {
        device_registry::end(world, id, "Failed");
        return Err(Failure { status: 409, code: error.code, message: error.message });
    }
    let half = operation.work == Work::Link && world.settings.links.half_settled;
    // A change that was accepted while Failed heals nothing (contract, section 6.7).
    let was_failed = world.resource(id).is_some_and(|found| found.provisioning_state() == "Failed");
    let state = if half || left || was_failed { "Failed" } else { "Succeeded" };
    device_registry::end(world, id, state);
    if half {
        let message = "The namespace ended in state 'Failed'.".to_owned();
        return Err(Failure { status: 409, code: "ResourceProvisioningFailed".to_owned(), message });
    }
    Ok(())
}

/// Ends every link under way with the same error.
pub(super) fn fail_all(world: &mut World, id: &str, failure: &Failure) {
    for (group, _) in GROUPS {
        let Some(found) = world.resource(id) else { return };
        let keys: Vec<String> = endpoints::of(&found.body, group)
            .filter(|(_, endpoint)| endpoints::state(endpoint) == "InProgress")
            .map(|(key, _)| key.clone())
            .collect();
        let Some(found) = world.resource_mut(id) else { return };
        for key in keys {
            let place = ["properties", group, "endpoints", key.as_str()];
            let error = json!({"code": failure.code, "message": failure.message});
            set(&mut found.body, &[place.as_slice(), &["linkingState"]].concat(), json!("Failed"));
            set(&mut found.body, &[place.as_slice(), &["linkingError"]].concat(), error);
        }
    }
}

fn has_failed(namespace: &Resource) -> bool {
    GROUPS.iter().any(|(group, _)| {
        endpoints::of(&namespace.body, group).any(|(_, one)| endpoints::state(one) == "Failed")
    })
}

/// A tags-only PATCH heals a namespace whose links are all good, and no other.
fn heal(world: &mut World, id: &str) {
    let more = world.settings.links.heal_needed_polls;
    let Some(found) = world.resource_mut(id) else { return };
    if has_failed(found) {
        return;
    }
    if more == 0 {
        found.set_property("provisioningState", json!("Succeeded"));
    } else {
        set(&mut found.vault, &["heal"], json!(more));
    }
}

/// Tries one link and writes what came of it into the endpoint and into the resource.
fn settle(
    world: &mut World,
    id: &str,
    group: &str,
    kind: EndpointKind,
    key: &str,
    now: &Now,
) -> Result<(), LinkError> {
    let Some(namespace) = world.resource(id).cloned() else { return Ok(()) };
    let endpoint = endpoints::of(&namespace.body, group).find(|(known, _)| *known == key);
    let Some(mut endpoint) = endpoint.map(|(_, endpoint)| endpoint.clone()) else { return Ok(()) };
    let target = text(&endpoint, &["resourceId"]).unwrap_or_default().to_owned();
    let tried = attempt(world, &namespace, &endpoint, kind, now);
    if let Some(map) = endpoint.as_object_mut() {
        map.remove("linkingError");
        map.remove("linkingState");
    }
    let word = if tried.is_ok() { "Succeeded" } else { "Failed" };
    set(&mut endpoint, &["linkingState"], json!(word));
    match &tried {
        Ok(()) if kind == EndpointKind::Hub => {
            let name = target.rsplit('/').next().unwrap_or_default();
            set(&mut endpoint, &["address"], json!(format!("{name}.service.azure-devices.net")));
            set(&mut endpoint, &["deviceAddress"], json!(format!("{name}.device.azure-devices.net")));
        }
        Ok(()) => {}
        Err(error) => {
            set(&mut endpoint, &["linkingError"], json!({"code": error.code, "message": error.message}));
        }
    }
    note_on_target(world, &namespace, &target, &endpoint, word);
    if let Some(found) = world.resource_mut(id) {
        set(&mut found.body, &["properties", group, "endpoints", key], endpoint);
    }
    tried
}

/// The linked resource remembers who linked it, unless somebody else has.
fn note_on_target(world: &mut World, namespace: &Resource, target: &str, endpoint: &Value, word: &str) {
    let push_needed = world.settings.links.push_needed;
    let uuid = namespace.property("uuid").map(str::to_owned);
    let Some(found) = world.resource_mut(target) else { return };
    if is_taken(found, &namespace.id) {
        return;
    }
    let same = text(&found.vault, &["link", "namespaceUuid"]) == uuid.as_deref();
    let link = json!({
        "namespace": namespace.id, "namespaceUuid": uuid, "location": namespace.location(), "state": word,
        "identity": endpoint.get("inboundCallerIdentity"),
    });
    set(&mut found.vault, &["link"], link);
    if word == "Succeeded" && (!same || !push_needed) {
        let told = if push_needed { Value::Null } else { json!(uuid) };
        set(&mut found.vault, &["told"], told);
    }
}

/// Whether a hub or service is linked, by either model, to another namespace than this one.
fn is_taken(target: &Resource, namespace: &str) -> bool {
    let by_body = device_registry::pointed_at(target).is_some();
    let by_link = matches!(text(&target.vault, &["link", "state"]), Some("Succeeded"))
        && text(&target.vault, &["link", "namespace"]).is_some_and(|id| !id.eq_ignore_ascii_case(namespace));
    by_body || by_link
}

/// A namespace gives up an endpoint, or goes: the resource forgets that it was linked to it.
pub(super) fn forget(world: &mut World, target: &str, namespace: &str) {
    let Some(found) = world.resource_mut(target) else { return };
    if text(&found.vault, &["link", "namespace"]).is_some_and(|id| id.eq_ignore_ascii_case(namespace)) {
        set(&mut found.vault, &["link"], Value::Null);
        set(&mut found.vault, &["told"], Value::Null);
    }
}

/// Ends every memory of a namespace that is deleted, but for links that stood: those are orphans then.
pub(super) fn forget_failed(world: &mut World, namespace: &str) {
    let targets: Vec<String> = world
        .resources
        .values()
        .filter(|found| {
            text(&found.vault, &["link", "namespace"]).is_some_and(|id| id.eq_ignore_ascii_case(namespace))
                && text(&found.vault, &["link", "state"]) != Some("Succeeded")
        })
        .map(|found| found.id.clone())
        .collect();
    for target in targets {
        forget(world, &target, namespace);
    }
}

/// One attempt at one link.
fn attempt(
    world: &mut World,
    namespace: &Resource,
    endpoint: &Value,
    kind: EndpointKind,
    now: &Now,
) -> Result<(), LinkError> {
    let target = text(endpoint, &["resourceId"]).unwrap_or_default();
    let version = text(&namespace.vault, &["version"]).unwrap_or_default();
    if let Some(error) = scripted(world, kind, false) {
        return Err(error);
    }
    let not_ready = |why: &str| {
        Err(LinkError::new(
            "LinkableResourceNotReady",
            format!("The resource '{target}' is not ready to be linked: {why}."),
        ))
    };
    if world.settings.links.disabled_versions.iter().any(|known| known == version) {
        return not_ready("it could not be read");
    }
    let wanted = if kind == EndpointKind::Hub { HUB } else { SERVICE };
    let Some(found) = world.resource(target).filter(|found| found.kind == wanted) else {
        let message = format!("The resource '{target}' was not found.");
        return Err(LinkError::new("LinkableResourceNotFound", message));
    };
    if found.is_busy() {
        let word = if matches!(found.provisioning_state(), "Accepted" | "Activating") {
            "Creating"
        } else {
            found.provisioning_state()
        };
        return not_ready(&format!("it is in state '{word}'"));
    }
    if found.provisioning_state() != "Succeeded" {
        return not_ready(&format!("it is in state '{}'", found.provisioning_state()));
    }
    if found.location() != namespace.location() {
        let message = format!(
            "The resource '{target}' is in '{}', but the namespace is in '{}'.",
            found.location(),
            namespace.location()
        );
        return Err(LinkError::new("LinkableResourceLocationMismatch", message));
    }
    if kind == EndpointKind::Hub && text(&found.body, &["sku", "tier"]) != Some("Standard") {
        let message = format!("The hub '{target}' is not of the Standard tier.");
        return Err(LinkError::new("LinkableResourceTierNotSupported", message));
    }
    if is_taken(found, &namespace.id) {
        let message = format!("The resource '{target}' is linked to another namespace.");
        return Err(LinkError::new("LinkableResourceAlreadyLinked", message));
    }
    link_rights::check(world, namespace, endpoint, kind, now)
}
