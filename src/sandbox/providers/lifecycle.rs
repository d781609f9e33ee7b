//! Starting a world's resources and ending operations on them: dispatch by kind, and what all kinds share.

use serde_json::{Map, Value, json};

use super::{
    authorities, authority_policies, credentials, device_registry, device_view, hubs, linking,
    managed_identity, namespace_view, namespaces_2026, provisioning_services, resources, services_2026,
};
use crate::sandbox::clock::{Due, Now};
use crate::sandbox::operations::{self, Failure, Operation, Work};
use crate::sandbox::providers::built_in_roles;
use crate::sandbox::settings::Subscription;
use crate::sandbox::target::{covers, parent, region};
use crate::sandbox::world::{Assignment, Principal, Resource, World, set, system_data, text};

/// Does what an operation was accepted for. An error is the operation's failure, not the request's.
pub(crate) fn finish(world: &mut World, operation: &Operation, now: &Now) -> Result<(), Failure> {
    let Some(kind) = world.resource(&operation.resource).map(|resource| resource.kind.clone()) else {
        return if operation.work == Work::Delete { Ok(()) } else { Err(gone()) };
    };
    if operation.work == Work::Delete {
        // A system identity goes with its resource.
        let root = operation.resource.clone();
        let gone: Vec<String> = world
            .resources
            .values()
            .filter(|resource| covers(&root, &resource.id))
            .filter_map(|resource| {
                text(&resource.body, &["identity", "principalId"])
                    .or_else(|| resource.property("principalId"))
            })
            .map(str::to_owned)
            .collect();
        let of_versions: Vec<String> = world
            .resources
            .values()
            .filter(|resource| covers(&root, &resource.id))
            .flat_map(namespace_view::principals)
            .collect();
        world.principals.retain(|id, _| !gone.contains(id) && !of_versions.contains(id));
        linking::forget_failed(world, &root);
        for held in holds(world, &root) {
            world.let_go_of(&held, now);
        }
        world.remove_tree(&root);
        operations::abandon(world, operation, now);
        return Ok(());
    }
    match operation.work {
        Work::FillIn => {
            device_view::fill_in(world, &operation.resource);
            return Ok(());
        }
        Work::Push => {
            services_2026::finish_push(world, &operation.resource);
            return Ok(());
        }
        _ => {}
    }
    match kind.as_str() {
        device_registry::NAMESPACE => device_registry::finish(world, operation, now),
        authorities::AUTHORITY => authorities::finish(world, operation, now),
        authority_policies::POLICY => {
            authority_policies::finish(world, operation);
            Ok(())
        }
        credentials::CREDENTIAL => credentials::finish(world, operation, now),
        credentials::POLICY => credentials::finish_policy(world, operation, now),
        credentials::HUB => hubs::finish(world, operation, now),
        provisioning_services::SERVICE => provisioning_services::finish(world, operation, now),
        _ => {
            if let Some(resource) = world.resource_mut(&operation.resource) {
                resource.set_property("provisioningState", json!("Succeeded"));
            }
            Ok(())
        }
    }
}

/// Ends an operation that a fault script lets fail: what was asked for is there, in that state.
pub(crate) fn spoil(world: &mut World, operation: &Operation, failure: &Failure, word: &str) {
    let id = operation.resource.as_str();
    let Some(kind) = world.resource(id).map(|resource| resource.kind.clone()) else { return };
    if kind == device_registry::NAMESPACE {
        linking::fail_all(world, id, failure);
    }
    let Some(resource) = world.resource_mut(id) else { return };
    match operation.work {
        Work::Synchronize | Work::Push | Work::FillIn | Work::Heal => return,
        Work::Create if resource.property("state").is_some() => {
            resource.set_property("state", json!("ActivationFailed"));
        }
        _ => {}
    }
    resource.set_property("provisioningState", json!(word));
}

/// The namespaces and roles that something at or below `root` holds on to, without those that go with it.
fn holds(world: &World, root: &str) -> Vec<String> {
    let links = world
        .resources
        .values()
        .filter(|resource| covers(root, &resource.id))
        .filter_map(device_registry::link)
        .map(str::to_owned);
    let roles =
        world.assignments.iter().filter(|known| covers(root, &known.scope)).map(|known| known.role.clone());
    links.chain(roles).filter(|held| !covers(root, held)).collect()
}

/// How an operation ends whose resource has been deleted.
pub(crate) fn gone() -> Failure {
    Failure {
        status: 404,
        code: "ResourceNotFound".to_owned(),
        message: "The resource was deleted meanwhile.".to_owned(),
    }
}

/// The body of a GET: what is kept, in ARM's order of keys.
pub(crate) fn public_body(resource: &Resource) -> Value {
    let mut body = Map::new();
    let name = resource.name();
    let (mut id, mut kind) = (resource.id.clone(), resource.kind.clone());
    if resource.kind == provisioning_services::SERVICE {
        // This service spells its ids and type its own way (contract, section 1).
        id = id.replacen("/resourceGroups/", "/resourcegroups/", 1);
        "Microsoft.Devices/ProvisioningServices".clone_into(&mut kind);
    }
    body.insert("id".to_owned(), json!(id));
    body.insert("name".to_owned(), json!(name));
    body.insert("type".to_owned(), json!(kind));
    for (key, value) in resource.body.as_object().into_iter().flatten() {
        body.insert(key.clone(), value.clone());
    }
    if resource.kind == credentials::HUB {
        // Live hubs show both, which their specification lacks; az reads the first.
        let mut parts = resource.id.trim_start_matches('/').split('/').skip(1).step_by(2);
        let (subscription, group) = (parts.next(), parts.next());
        body.insert("resourcegroup".to_owned(), json!(group));
        body.insert("subscriptionid".to_owned(), json!(subscription));
    }
    Value::Object(body)
}

/// Puts the caller, the directory and the starting resources into a new world.
///
/// # Errors
/// A sentence naming the resource or role that does not fit.
pub(crate) fn populate(world: &mut World, now: &Now) -> Result<(), String> {
    let settings = world.settings.clone();
    let caller = &settings.caller;
    let known = |app_id: &str, name: &str| Principal {
        app_id: app_id.to_owned(),
        name: name.to_owned(),
        visible: Due::already(),
    };
    world.principals.insert(caller.object_id.clone(), known(&caller.client_id, "hubup sandbox caller"));
    if settings.graph.hub_application {
        let hub = known(resources::HUB_APPLICATION_ID, "Azure IoT Hub");
        world.principals.insert(settings.graph.hub_application_object_id.clone(), hub);
    }
    for subscription in &settings.subscriptions {
        give_caller_roles(world, now, &subscription.id)?;
    }
    for starting in &settings.resources {
        place(world, now, &starting.id, starting.body.clone())?;
    }
    Ok(())
}

/// Adds a subscription to the tenant, with the caller's roles on it; one that is there stays as it is.
pub(crate) fn admit(world: &mut World, now: &Now, subscription: &str) -> Result<(), String> {
    let known = |known: &Subscription| known.id.eq_ignore_ascii_case(subscription);
    if world.settings.subscriptions.iter().any(known) {
        return Ok(());
    }
    let (id, name) = (subscription.to_owned(), "Subscription of your setup file".to_owned());
    world.settings.subscriptions.push(Subscription { id, name });
    give_caller_roles(world, now, subscription)
}

fn give_caller_roles(world: &mut World, now: &Now, subscription: &str) -> Result<(), String> {
    let caller = world.settings.caller.clone();
    let people = world.settings.sign_in.people.clone();
    let all = people.into_iter().map(|person| {
        let roles = person.roles.unwrap_or_else(|| caller.roles.clone());
        (person.object_id, roles, "User")
    });
    let (object_id, roles) = (caller.object_id.clone(), caller.roles.clone());
    for (principal, roles, kind) in std::iter::once((object_id, roles, "ServicePrincipal")).chain(all) {
        let listed = kind != "User";
        give_roles(world, now, subscription, &Holder { principal, roles, kind, listed })?;
    }
    Ok(())
}

/// Who gets roles. Those of people are not listed: a run's lists are the same whoever signs in.
struct Holder {
    principal: String,
    roles: Vec<String>,
    kind: &'static str,
    listed: bool,
}

fn give_roles(world: &mut World, now: &Now, subscription: &str, holder: &Holder) -> Result<(), String> {
    for role in &holder.roles {
        let found = built_in_roles::by_name(role)
            .ok_or_else(|| format!("caller.roles: no built-in role is called `{role}`"))?;
        let whose = if holder.listed { "" } else { holder.principal.as_str() };
        let name = format!("{subscription}{role}{whose}");
        world.assignments.push(Assignment {
            name: uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()).to_string(),
            scope: format!("/subscriptions/{subscription}"),
            principal: holder.principal.clone(),
            principal_type: holder.kind.to_owned(),
            role: found.guid.to_owned(),
            description: None,
            condition: None,
            created: now.iso(),
            effective: Due::already(),
            listed: holder.listed,
        });
    }
    Ok(())
}

fn place(world: &mut World, now: &Now, id: &str, body: Value) -> Result<(), String> {
    let kind =
        kind_of(id).ok_or_else(|| format!("resources: `{id}` is not the id of a group or a resource"))?;
    let above = parent(id);
    if above.to_ascii_lowercase().contains("/resourcegroups/") && world.resource(above).is_none() {
        return Err(format!("resources: `{id}` comes before its parent `{above}`"));
    }
    if !body.is_object() {
        return Err(format!("resources: the body of `{id}` must be a table"));
    }
    let mut resource = Resource::new(id, &kind, body);
    let location = region(resource.location());
    set(&mut resource.body, &["location"], json!(location));
    set(&mut resource.body, &["systemData"], system_data("someone else", now));
    if resource.provisioning_state().is_empty() {
        resource.set_property("provisioningState", json!("Succeeded"));
    }
    let links = namespaces_2026::place(world, &mut resource);
    world.insert(resource);
    match kind.as_str() {
        managed_identity::IDENTITY => managed_identity::give_principal(world, id, now),
        device_registry::NAMESPACE if links => {}
        device_registry::NAMESPACE => device_registry::give_principal(world, id, now),
        credentials::CREDENTIAL => credentials::give_root(world, id, now)?,
        credentials::POLICY => credentials::give_issuing(world, id, now)?,
        authorities::AUTHORITY => authorities::give(world, id, now)?,
        credentials::HUB => {
            hubs::activate(world, id, now);
            device_view::complete(world, id, now);
        }
        provisioning_services::SERVICE => {
            provisioning_services::activate(world, id, &Due::already());
            device_view::complete(world, id, now);
        }
        _ => {}
    }
    // Whoever was here before has long been in the directory.
    for principal in world.principals.values_mut() {
        principal.visible = Due::already();
    }
    Ok(())
}

/// `Microsoft.Devices/IotHubs` of an id, in its own spelling; the group type for a group's id.
pub(super) fn kind_of(id: &str) -> Option<String> {
    let lower = id.to_ascii_lowercase();
    let Some(index) = lower.rfind("/providers/") else {
        let parts: Vec<&str> = lower.trim_start_matches('/').split('/').collect();
        return matches!(parts.as_slice(), ["subscriptions", _, "resourcegroups", _])
            .then(|| resources::GROUP.to_owned());
    };
    let parts: Vec<&str> = id.get(index + 11..)?.split('/').collect();
    let (provider, rest) = parts.split_first()?;
    if rest.is_empty() || rest.len() % 2 != 0 {
        return None;
    }
    let types: Vec<&str> = rest.iter().step_by(2).copied().collect();
    Some(format!("{provider}/{}", types.join("/")))
}
