//! The endpoints of a namespace write: which are new, which may be sent again, which never.
//!
//! Decides before anything is written; the links themselves are `linking`'s. Facts: contract of 2026, sections 3, 6.6
//! and 8. Codes that no source names are this world's own and say so.

use serde_json::{Map, Value, json};

use super::credentials::HUB;
use super::provisioning_services::SERVICE;
use crate::sandbox::link_settings::EndpointKind;
use crate::sandbox::reply::Refusal;
use crate::sandbox::schema::shorten;
use crate::sandbox::world::{Resource, World, set, text};

/// The property groups that hold links, and what each leads to.
pub(super) const GROUPS: [(&str, EndpointKind); 2] =
    [("provisioning", EndpointKind::Dps), ("messaging", EndpointKind::Hub)];
/// Hubs that one namespace links at most (contract, section 3).
const MOST_HUBS: usize = 10;

/// What a write makes of the endpoints of one group.
pub(super) struct Group {
    pub(super) name: &'static str,
    /// All endpoints of the group as they will be kept; those to be linked are `InProgress`.
    pub(super) endpoints: Map<String, Value>,
    /// Ids of resources whose endpoints are dropped.
    pub(super) dropped: Vec<String>,
}

/// The endpoints of one group of a body or of a kept namespace.
pub(super) fn of<'value>(
    body: &'value Value,
    group: &str,
) -> impl Iterator<Item = (&'value String, &'value Value)> {
    let endpoints = body.pointer(&format!("/properties/{group}/endpoints")).and_then(Value::as_object);
    endpoints.into_iter().flatten()
}

/// Whether an endpoint is a link: a hub's or a service's. Others are addresses, kept as given.
pub(super) fn is_link(endpoint: &Value, kind: EndpointKind) -> bool {
    kind == EndpointKind::Dps
        || text(endpoint, &["endpointType"]).is_some_and(|word| word.eq_ignore_ascii_case(HUB))
}

pub(super) fn state(endpoint: &Value) -> &str {
    text(endpoint, &["linkingState"]).unwrap_or_default()
}

fn target(endpoint: &Value) -> &str {
    text(endpoint, &["resourceId"]).unwrap_or_default()
}

fn bad(code: &str, message: String) -> Refusal {
    Refusal::arm(400, code, message)
}

/// Lays out both groups after a write. A PUT replaces, a PATCH merges by key.
///
/// # Errors
/// What the service refuses at once; nothing has been written then.
pub(super) fn plan(
    world: &World,
    kept: Option<&Resource>,
    body: &Value,
    replaces: bool,
) -> Result<Vec<Group>, Refusal> {
    let mut groups = Vec::new();
    for (name, kind) in GROUPS {
        let before: Map<String, Value> = kept
            .map(|kept| of(&kept.body, name).map(|(key, one)| (key.clone(), one.clone())).collect())
            .unwrap_or_default();
        let mut group = Group { name, endpoints: Map::new(), dropped: Vec::new() };
        for (key, endpoint) in &before {
            let sent = of(body, name).any(|(other, _)| other == key);
            if sent || !replaces {
                group.endpoints.insert(key.clone(), endpoint.clone());
                continue;
            }
            check_drop(world, kept, name, key, endpoint)?;
            group.dropped.push(target(endpoint).to_owned());
        }
        for (key, endpoint) in of(body, name) {
            let place = format!("properties.{name}.endpoints.{}", shorten(key));
            let next = one(endpoint, before.get(key), kind, &place)?;
            group.endpoints.insert(key.clone(), next);
        }
        groups.push(group);
    }
    check_whole(&groups)?;
    Ok(groups)
}

/// A link whose resource is still there, and not another of the same name, stays: the code is the one that a bare create over a namespace with links was
/// seen to give (contract, section 6.3). Nobody knows a narrower way to unlink than to delete the resource (section 8).
fn check_drop(
    world: &World,
    kept: Option<&Resource>,
    group: &str,
    key: &str,
    endpoint: &Value,
) -> Result<(), Refusal> {
    let linked_to =
        world.resource(target(endpoint)).and_then(|found| text(&found.vault, &["link", "namespace"]));
    let ours = linked_to.zip(kept).is_some_and(|(id, kept)| kept.id.eq_ignore_ascii_case(id));
    if state(endpoint) != "Succeeded" || !ours {
        return Ok(());
    }
    let message = format!(
        "The endpoint '{}' in '{group}' is in use and cannot be removed while '{}' exists.",
        shorten(key),
        target(endpoint)
    );
    Err(Refusal::arm(409, "EndpointUsedByNestedDevices", message))
}

/// One endpoint as it will be kept.
fn one(sent: &Value, before: Option<&Value>, kind: EndpointKind, place: &str) -> Result<Value, Refusal> {
    if !is_link(sent, kind) {
        return Ok(sent.clone());
    }
    check_shape(sent, kind, place)?;
    let part = |value: &Value, name: &str| value.get(name).cloned().unwrap_or_default();
    let mut next = sent.clone();
    if let Some(before) = before.filter(|before| is_link(before, kind)) {
        let same_target = target(before).eq_ignore_ascii_case(target(sent));
        let other_identity = part(before, "inboundCallerIdentity") != part(sent, "inboundCallerIdentity");
        let given = sent.get("provisioning");
        let same_rest = given.is_none_or(|given| *given == part(before, "provisioning"));
        let linked = state(before) == "Succeeded";
        // Of a link that failed only the target is fixed; of one that stands all but the caller's identity (section 8).
        if !same_target || (linked && !(other_identity && same_rest)) {
            let message = format!(
                "The endpoint '{place}' is linked ({}) and immutable; only its inboundCallerIdentity can be changed.",
                state(before)
            );
            return Err(bad("LinkedEndpointImmutable", message));
        }
        if given.is_none() && before.get("provisioning").is_some() {
            set(&mut next, &["provisioning"], part(before, "provisioning"));
        }
    }
    if kind == EndpointKind::Hub && next.get("provisioning").is_none_or(Value::is_null) {
        set(&mut next, &["provisioning"], json!({"availability": "Available", "allocationWeight": 1}));
    }
    set(&mut next, &["linkingState"], json!("InProgress"));
    Ok(next)
}

/// What a link needs beyond its declared shape.
fn check_shape(sent: &Value, kind: EndpointKind, place: &str) -> Result<(), Refusal> {
    let invalid = |name: &str, why: &str| {
        let message = format!("The request content was invalid. The property '{place}.{name}' {why}.");
        Err(bad("InvalidRequestContent", message).at(format!("{place}.{name}")))
    };
    let wanted = if kind == EndpointKind::Hub { HUB } else { SERVICE };
    let words: Vec<&str> = target(sent).trim_start_matches('/').split('/').collect();
    let fits = matches!(
        words.as_slice(),
        [_, _, _, _, providers, provider, resource, name]
            if providers.eq_ignore_ascii_case("providers") && !name.is_empty()
                && format!("{provider}/{resource}").eq_ignore_ascii_case(wanted)
    );
    if !fits {
        return invalid("resourceId", &format!("must be the id of a resource of type '{wanted}'"));
    }
    if kind == EndpointKind::Hub && sent.get("address").is_some() {
        return invalid("address", "is read-only for a linked hub");
    }
    let caller = |name: &str| text(sent, &["inboundCallerIdentity", name]);
    if (caller("type") == Some("UserAssigned")) != caller("userAssignedIdentity").is_some() {
        return invalid(
            "inboundCallerIdentity",
            "has a userAssignedIdentity with type UserAssigned, and only then",
        );
    }
    Ok(())
}

/// Limits over both groups, and the order of linking: a hub only beside a provisioning service (section 1.5).
fn check_whole(groups: &[Group]) -> Result<(), Refusal> {
    let count = |kind: EndpointKind| {
        let groups = groups.iter().zip(GROUPS).filter(move |(_, (_, known))| *known == kind);
        groups
            .flat_map(|(group, _)| group.endpoints.values())
            .filter(move |endpoint| is_link(endpoint, kind))
            .count()
    };
    let (hubs, services) = (count(EndpointKind::Hub), count(EndpointKind::Dps));
    // The three codes are this world's own: the sources give the rules without them.
    if services > 1 {
        let message = "A namespace has one provisioning endpoint at most.".to_owned();
        return Err(bad("ProvisioningEndpointLimitExceeded", message));
    }
    if hubs > MOST_HUBS {
        return Err(bad(
            "MessagingEndpointLimitExceeded",
            format!("A namespace links {MOST_HUBS} hubs at most."),
        ));
    }
    let starts =
        groups.iter().flat_map(|group| group.endpoints.values()).any(|one| state(one) == "InProgress");
    if hubs > 0 && services == 0 && starts {
        let message =
            "A messaging endpoint needs a provisioning endpoint in the namespace or in the same request.";
        return Err(bad("ProvisioningEndpointRequired", message.to_owned()));
    }
    let mut seen: Vec<String> = Vec::new();
    for endpoint in groups.iter().flat_map(|group| group.endpoints.values()) {
        let id = target(endpoint).to_ascii_lowercase();
        if !id.is_empty() && seen.contains(&id) {
            let message = format!("The resource '{}' is the target of two endpoints.", target(endpoint));
            return Err(bad("InvalidRequestContent", message));
        }
        seen.push(id);
    }
    Ok(())
}
