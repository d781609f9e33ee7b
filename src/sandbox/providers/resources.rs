//! Subscriptions, regions, resource groups, provider registrations and resource lists.
//!
//! Facts: contract sections 1a, 2 (P1 to P4). Groups are ordinary resources of the world whose deletion takes all with it.

use serde_json::{Value, json};

use crate::sandbox::clock::{Due, Now};
use crate::sandbox::front_door::{Caller, authorize, canonical_provider, check_version, locations};
use crate::sandbox::obstacles::check_policies;
use crate::sandbox::operations::{self, Order, Style, Work};
use crate::sandbox::providers::public_body;
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::request::Request;
use crate::sandbox::schema::{self, Field, Shape, TAGS, optional, read_only, required, shorten};
use crate::sandbox::target::{Target, covers, group_id, region};
use crate::sandbox::world::{Resource, World, set};

pub(crate) const GROUP: &str = "Microsoft.Resources/resourceGroups";
/// The application that hubs act as, the same in every tenant (contract, section 1b).
pub(crate) const HUB_APPLICATION_ID: &str = "89d10474-74af-4874-99a7-c23c2f643083";
const PROVIDER: &str = "Microsoft.Resources";

static GROUP_STATE: [Field; 1] = [read_only("provisioningState")];
static GROUP_BODY: [Field; 4] = [
    required("location", Shape::Text),
    optional("tags", TAGS),
    optional("managedBy", Shape::Text),
    optional("properties", Shape::Object(&GROUP_STATE)),
];
static GROUP_PATCH: [Field; 4] = [
    optional("name", Shape::Text),
    optional("tags", TAGS),
    optional("managedBy", Shape::Text),
    optional("properties", Shape::Object(&GROUP_STATE)),
];

/// Handles paths without a provider.
pub(crate) fn handle(
    world: &mut World,
    request: &Request,
    now: &Now,
    caller: &Caller,
    target: &Target,
    version: &str,
) -> Result<Reply, Refusal> {
    let words: Vec<String> = request.segments().iter().map(|word| word.to_ascii_lowercase()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let subscription = format!("/subscriptions/{}", target.subscription());
    let read = "Microsoft.Resources/subscriptions/resourceGroups/read";
    match words.as_slice() {
        ["tenants" | "subscriptions", ..] if !request.is_read() && target.group.is_none() => {
            Err(Refusal::arm(405, "MethodNotAllowed", format!("{} is not allowed here.", request.method)))
        }
        ["tenants"] => {
            check_version(world, PROVIDER, "tenants", version)?;
            let tenant = &world.settings.tenant;
            Ok(Reply::json(
                200,
                json!({"value": [{"id": format!("/tenants/{}", tenant.id), "tenantId": tenant.id, "displayName": tenant.name}]}),
            ))
        }
        ["subscriptions"] => {
            check_version(world, PROVIDER, "subscriptions", version)?;
            let value: Vec<Value> = world
                .settings
                .subscriptions
                .iter()
                .map(|known| subscription_body(world, &known.id))
                .collect();
            Ok(Reply::json(200, json!({"value": value, "count": {"type": "Total", "value": value.len()}})))
        }
        ["subscriptions", _] => {
            check_version(world, PROVIDER, "subscriptions", version)?;
            Ok(Reply::json(200, subscription_body(world, target.subscription())))
        }
        ["subscriptions", _, "locations"] => {
            check_version(world, PROVIDER, "subscriptions", version)?;
            Ok(Reply::json(200, regions(world, target.subscription())))
        }
        ["subscriptions", _, "providers"] => {
            check_version(world, PROVIDER, "resourceGroups", version)?;
            let names: Vec<String> = world.settings.providers.keys().cloned().collect();
            let value: Vec<Value> =
                names.iter().map(|name| provider_body(world, now, target.subscription(), name)).collect();
            Ok(Reply::json(200, json!({"value": value})))
        }
        ["subscriptions", _, "resourcegroups"] => {
            check_version(world, PROVIDER, "resourceGroups", version)?;
            authorize(world, now, caller, read, &subscription)?;
            let filter = Filter::read(request, &["tagName", "tagValue"])?;
            let value: Vec<Value> = world
                .of_kind(GROUP)
                .filter(|group| covers(&subscription, &group.id) && filter.admits(group))
                .map(public_body)
                .collect();
            Ok(Reply::json(200, json!({"value": value})))
        }
        ["subscriptions", _, "resources"] => {
            check_version(world, PROVIDER, "resourceGroups", version)?;
            list(world, request, now, caller, &subscription)
        }
        ["subscriptions", _, "resourcegroups", name, "resources"] => {
            check_version(world, PROVIDER, "resourceGroups", version)?;
            let scope = group_id(target.subscription(), name);
            check_group(world, request, &scope, name)?;
            list(world, request, now, caller, &scope)
        }
        ["subscriptions", _, "resourcegroups", _] => {
            check_version(world, PROVIDER, "resourceGroups", version)?;
            group(world, request, now, caller, target)
        }
        _ => Err(Refusal::arm(
            404,
            "NotFound",
            format!("The path '{}' is not one of the resource manager's.", shorten(&request.path)),
        )),
    }
}

fn subscription_body(world: &World, id: &str) -> Value {
    let name = world
        .settings
        .subscriptions
        .iter()
        .find(|known| known.id.eq_ignore_ascii_case(id))
        .map(|known| known.name.clone());
    json!({
        "id": format!("/subscriptions/{id}"), "authorizationSource": "RoleBased", "managedByTenants": [], "subscriptionId": id,
        "tenantId": world.tenant(), "displayName": name, "state": "Enabled",
        "subscriptionPolicies": {"locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off"},
    })
}

/// Regions and their display names (contract, section 2.2).
const REGIONS: [(&str, &str); 6] = [
    ("eastus", "East US"),
    ("eastus2", "East US 2"),
    ("westus", "West US"),
    ("westus2", "West US 2"),
    ("westeurope", "West Europe"),
    ("northeurope", "North Europe"),
];

pub(super) fn display_name(name: &str) -> &str {
    REGIONS.iter().find(|(known, _)| *known == name).map_or(name, |(_, display)| display)
}

fn regions(world: &World, subscription: &str) -> Value {
    let value: Vec<Value> = locations(world, PROVIDER, "resourceGroups")
        .iter()
        .map(|name| {
            json!({
                "id": format!("/subscriptions/{subscription}/locations/{name}"), "name": name, "type": "Region",
                "displayName": display_name(name), "regionalDisplayName": display_name(name),
                "metadata": {"regionType": "Physical", "regionCategory": "Recommended"},
            })
        })
        .collect();
    json!({"value": value})
}

/// Handles `/subscriptions/{s}/providers/{namespace}` and its `register`.
pub(crate) fn provider(
    world: &mut World,
    request: &Request,
    now: &Now,
    caller: &Caller,
    target: &Target,
    version: &str,
) -> Result<Reply, Refusal> {
    check_version(world, PROVIDER, "resourceGroups", version)?;
    let name = canonical_provider(world, target.provider.as_deref().unwrap_or_default())?;
    let subscription = target.subscription().to_owned();
    if subscription.is_empty() || target.group.is_some() {
        return Err(Refusal::arm(404, "NotFound", "Providers are read below a subscription.".to_owned()));
    }
    let scope = format!("/subscriptions/{subscription}");
    let key = format!("{subscription}|{name}").to_ascii_lowercase();
    match (request.method.as_str(), target.action.is_some()) {
        ("GET", false) => {
            authorize(world, now, caller, &format!("{name}/read"), &scope)?;
            let body = provider_body(world, now, &subscription, &name);
            // A read is a look: with no waiting, the next one finds it registered.
            if let Some(due) = world.registrations.get_mut(&key) {
                due.look(now);
            }
            Ok(Reply::json(200, body))
        }
        ("POST", true) => {
            authorize(world, now, caller, &format!("{name}/register/action"), &scope)?;
            if registration(world, now, &subscription, &name) == "NotRegistered" {
                let due = Due::after(now, world.settings.latency.register);
                world.registrations.insert(key, due);
            }
            Ok(Reply::json(200, provider_body(world, now, &subscription, &name)))
        }
        _ => Err(Refusal::arm(
            405,
            "MethodNotAllowed",
            format!("{} is not allowed on a provider.", request.method),
        )),
    }
}

fn registration(world: &World, now: &Now, subscription: &str, provider: &str) -> &'static str {
    let key = format!("{subscription}|{provider}").to_ascii_lowercase();
    match world.registrations.get(&key) {
        Some(due) if due.reached(now) => "Registered",
        Some(_) => "Registering",
        None if world
            .settings
            .providers
            .get(provider)
            .is_some_and(|known| known.registration == "Registered") =>
        {
            "Registered"
        }
        None => "NotRegistered",
    }
}

/// `MissingSubscriptionRegistration` unless the subscription has the provider (contract, section 1.3).
pub(crate) fn check_registered(
    world: &mut World,
    now: &Now,
    subscription: &str,
    provider: &str,
) -> Result<(), Refusal> {
    if registration(world, now, subscription, provider) == "Registered" {
        return Ok(());
    }
    Err(Refusal::arm(
        409,
        "MissingSubscriptionRegistration",
        format!("The subscription is not registered to use namespace '{provider}'. See https://aka.ms/rps-not-found for how to register subscriptions."),
    )
    .at(provider))
}

fn provider_body(world: &World, now: &Now, subscription: &str, name: &str) -> Value {
    let types: Vec<Value> = world
        .settings
        .providers
        .get(name)
        .into_iter()
        .flat_map(|provider| &provider.types)
        .filter_map(|(kind, offered)| offered.listing().map(|listing| (kind, listing)))
        .map(|(kind, (versions, locations))| {
            // Display names, as Azure gives them here.
            let locations: Vec<&str> = locations.iter().map(|location| display_name(location)).collect();
            json!({
                "resourceType": kind, "locations": locations, "apiVersions": versions,
                "defaultApiVersion": versions.first(), "capabilities": "CrossResourceGroupResourceMove, SupportsTags, SupportsLocation",
            })
        })
        .collect();
    json!({
        "id": format!("/subscriptions/{subscription}/providers/{name}"), "namespace": name, "resourceTypes": types,
        "registrationState": registration(world, now, subscription, name), "registrationPolicy": "RegistrationRequired",
    })
}

/// `ResourceGroupNotFound`, or `ResourceGroupBeingDeleted` for writes into one that goes.
pub(crate) fn check_group(
    world: &mut World,
    request: &Request,
    scope: &str,
    name: &str,
) -> Result<(), Refusal> {
    let Some(group) = world.resource(scope) else {
        let message = format!("Resource group '{}' could not be found.", shorten(name));
        return Err(Refusal::arm(404, "ResourceGroupNotFound", message));
    };
    if group.is_busy() && !request.is_read() {
        let message = format!(
            "The resource group '{}' is in deprovisioning state and cannot perform this operation.",
            shorten(name)
        );
        return Err(Refusal::arm(409, "ResourceGroupBeingDeleted", message));
    }
    Ok(())
}

fn valid_group_name(name: &str) -> bool {
    let allowed =
        |character: char| character.is_alphanumeric() || matches!(character, '-' | '.' | '_' | '(' | ')');
    (1..=90).contains(&name.chars().count()) && name.chars().all(allowed) && !name.ends_with('.')
}

fn group(
    world: &mut World,
    request: &Request,
    now: &Now,
    caller: &Caller,
    target: &Target,
) -> Result<Reply, Refusal> {
    let name = target.group();
    let id = target.container();
    let verb = match request.method.as_str() {
        "GET" | "HEAD" => "read",
        "DELETE" => "delete",
        _ => "write",
    };
    authorize(world, now, caller, &format!("Microsoft.Resources/subscriptions/resourceGroups/{verb}"), &id)?;
    let missing = || {
        Refusal::arm(
            404,
            "ResourceGroupNotFound",
            format!("Resource group '{}' could not be found.", shorten(name)),
        )
    };
    match request.method.as_str() {
        "HEAD" => Ok(Reply::empty(if world.resource(&id).is_some() { 204 } else { 404 })),
        "GET" => {
            operations::note_read(world, &id, now);
            world.resource(&id).map(|group| Reply::json(200, public_body(group))).ok_or_else(missing)
        }
        "PUT" => {
            // Policies call the type as roles do.
            check_policies(world, request, "Microsoft.Resources/subscriptions/resourceGroups", &id)?;
            put_group(world, request, &id, name)
        }
        "PATCH" => {
            let body = request.json_object()?;
            schema::check(&body, &Shape::Object(&GROUP_PATCH), "")
                .map_err(|violation| invalid(&violation))?;
            check_group(world, request, &id, name)?;
            let group = world.resource_mut(&id).ok_or_else(missing)?;
            if let Some(tags) = body.get("tags") {
                set(&mut group.body, &["tags"], tags.clone());
            }
            Ok(Reply::json(200, public_body(group)))
        }
        "DELETE" => {
            // Asked for twice, it is the same deletion.
            if let Some(reply) = operations::deletion(world, request, now, &id) {
                return Ok(reply);
            }
            let group = world.resource_mut(&id).ok_or_else(missing)?;
            group.set_property("provisioningState", json!("Deleting"));
            let location = group.location().to_owned();
            let order = Order {
                work: Work::Delete,
                style: Style::Location,
                provider: PROVIDER,
                subscription: target.subscription(),
                location: &location,
                resource: &id,
                api_version: "2025-04-01",
                seconds: world.settings.latency.delete,
            };
            Ok(operations::accept(world, request, now, &order, Reply::empty(202)))
        }
        other => {
            Err(Refusal::arm(405, "MethodNotAllowed", format!("{other} is not allowed on a resource group.")))
        }
    }
}

fn invalid(violation: &schema::Violation) -> Refusal {
    let target = violation.path.clone();
    Refusal::arm(400, "InvalidRequestContent", format!("The request content was invalid. {violation}"))
        .at(target)
}

fn put_group(world: &mut World, request: &Request, id: &str, name: &str) -> Result<Reply, Refusal> {
    if !valid_group_name(name) {
        let message = format!(
            "Resource group name '{}' is invalid: 1 to 90 letters, digits, '-', '.', '_', '(' and ')', no full stop at the end.",
            shorten(name)
        );
        return Err(Refusal::arm(400, "InvalidResourceGroupName", message));
    }
    let mut body = request.json_object()?;
    if let Some(group) = world.resource(id) {
        schema::pass_over(&mut body, &super::public_body(group), &GROUP_BODY);
    }
    schema::check_resource(&body, &GROUP_BODY).map_err(|violation| invalid(&violation))?;
    let location = region(body.get("location").and_then(Value::as_str).unwrap_or_default());
    let offered = locations(world, PROVIDER, "resourceGroups");
    if !offered.contains(&location) {
        let message = format!(
            "The provided location '{}' is not available for resource group. List of available regions is '{}'.",
            shorten(&location),
            offered.join(",")
        );
        return Err(Refusal::arm(400, "LocationNotAvailableForResourceGroup", message));
    }
    let tags = body.get("tags").cloned().unwrap_or_else(|| json!({}));
    if let Some(group) = world.resource_mut(id) {
        if group.location() != location {
            let message = format!(
                "Invalid resource group location '{}'. The Resource group already exists in location '{}'.",
                shorten(&location),
                group.location()
            );
            return Err(Refusal::arm(409, "InvalidResourceGroupLocation", message));
        }
        if group.is_busy() {
            let message = format!(
                "The resource group '{name}' is in deprovisioning state and cannot perform this operation."
            );
            return Err(Refusal::arm(409, "ResourceGroupBeingDeleted", message));
        }
        set(&mut group.body, &["tags"], tags);
        return Ok(Reply::json(200, public_body(group)));
    }
    let group = Resource::new(
        id,
        GROUP,
        json!({"location": location, "tags": tags, "properties": {"provisioningState": "Succeeded"}}),
    );
    let reply = Reply::json(201, public_body(&group));
    world.insert(group);
    Ok(reply)
}

/// The `$filter` of a list: `name eq 'value'`, joined by `and`.
struct Filter(Vec<(String, String)>);

impl Filter {
    fn read(request: &Request, known: &[&str]) -> Result<Self, Refusal> {
        let filter = request.query_value("$filter").unwrap_or_default();
        let mut conditions = Vec::new();
        for part in filter.split(" and ").map(str::trim).filter(|part| !part.is_empty()) {
            let condition =
                part.split_once(" eq ").map(|(name, value)| (name.trim(), value.trim().trim_matches('\'')));
            let found = condition.and_then(|(name, value)| {
                let name = known.iter().find(|known| known.eq_ignore_ascii_case(name))?;
                Some((*name, value))
            });
            let Some((name, value)) = found else {
                let message = format!("The filter '{}' is not supported.", shorten(part));
                return Err(Refusal::arm(400, "InvalidFilterInQueryString", message));
            };
            conditions.push((name.to_owned(), value.to_owned()));
        }
        Ok(Self(conditions))
    }

    fn of(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn admits(&self, resource: &Resource) -> bool {
        let tags = resource.body.get("tags").and_then(Value::as_object);
        let tagged = |name: &str| {
            tags.into_iter().flatten().any(|(key, value)| {
                key.eq_ignore_ascii_case(name)
                    && self.of("tagValue").is_none_or(|wanted| value.as_str() == Some(wanted))
            })
        };
        let in_group = |group: &str| {
            resource
                .id
                .to_ascii_lowercase()
                .contains(&format!("/resourcegroups/{}/", group.to_ascii_lowercase()))
        };
        self.of("resourceType").is_none_or(|kind| resource.kind.eq_ignore_ascii_case(kind))
            && self.of("resourceGroup").is_none_or(in_group)
            && self.of("name").is_none_or(|name| resource.name().eq_ignore_ascii_case(name))
            && self.of("tagName").is_none_or(tagged)
    }
}

/// Resources below a scope.
fn list(
    world: &mut World,
    request: &Request,
    now: &Now,
    caller: &Caller,
    scope: &str,
) -> Result<Reply, Refusal> {
    authorize(world, now, caller, "Microsoft.Resources/subscriptions/resources/read", scope)?;
    let filter = Filter::read(request, &["tagName", "tagValue", "resourceType", "resourceGroup", "name"])?;
    let value: Vec<Value> = world
        .resources
        .values()
        // Only tracked, outermost resources are in ARM's own list.
        .filter(|resource| {
            resource.kind != GROUP && resource.kind.matches('/').count() == 1 && covers(scope, &resource.id)
        })
        .filter(|resource| filter.admits(resource))
        .map(|resource| {
            json!({
                "id": resource.id, "name": resource.name(), "type": resource.kind,
                "location": resource.location(), "tags": resource.body.get("tags"),
            })
        })
        .collect();
    Ok(Reply::json(200, json!({"value": value})))
}
