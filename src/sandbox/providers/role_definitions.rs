//! Role definitions: the built-in ones, and custom ones that become assignable a little later.
//!
//! Facts: contract section 1e. PUT answers 201 each time; names are unique in the tenant.

use serde_json::{Value, json};

use super::authorization::guid_name;
use super::authorization::{bad_filter, filter_parts, filter_value};
use super::built_in_roles::{self, BuiltInRole};
use crate::sandbox::clock::{Due, Now};
use crate::sandbox::front_door::{Caller, authorize};
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::request::Request;
use crate::sandbox::schema::{self, Field, Shape, optional, read_only, required, shorten};
use crate::sandbox::target::{Target, covers};
use crate::sandbox::world::{CustomRole, World, text};

const ACTIONS: Shape = Shape::ListOf(&Shape::Rule(action));
static PERMISSION: [Field; 4] = [
    optional("actions", ACTIONS),
    optional("notActions", ACTIONS),
    optional("dataActions", ACTIONS),
    optional("notDataActions", ACTIONS),
];
static PROPERTIES: [Field; 9] = [
    required("roleName", Shape::Rule(role_name)),
    optional("description", Shape::Text),
    optional("type", Shape::OneOf(&["CustomRole"])),
    required("assignableScopes", Shape::ListOf(&Shape::Text)),
    required("permissions", Shape::ListOf(&Shape::Object(&PERMISSION))),
    read_only("createdOn"),
    read_only("updatedOn"),
    read_only("createdBy"),
    read_only("updatedBy"),
];
static BODY: [Field; 1] = [required("properties", Shape::Object(&PROPERTIES))];

fn role_name(name: &str) -> Result<(), &'static str> {
    if (1..=128).contains(&name.chars().count()) { Ok(()) } else { Err("must have 1 to 128 characters") }
}

/// `Provider.Name/type/verb` with wildcards; the catalogue of all operations is not in this world.
fn action(text: &str) -> Result<(), &'static str> {
    let allowed = |character: char| {
        character.is_ascii_alphanumeric() || matches!(character, '.' | '/' | '*' | '-' | '_' | '$')
    };
    let provider = text.split('/').next().unwrap_or_default();
    if text == "*" {
        Ok(())
    } else if !text.chars().all(allowed) || text.contains("//") || text.ends_with('/') {
        Err("is not an action: letters, digits, '.', '/', '*'")
    } else if !text.contains('/') || !(provider.contains('.') || provider == "*") {
        Err("is not an action: it must start with a resource provider, as in Microsoft.Devices/IotHubs/read")
    } else {
        Ok(())
    }
}

/// Handles one call at a scope.
pub(crate) fn handle(
    world: &mut World,
    request: &Request,
    now: &Now,
    caller: &Caller,
    target: &Target,
) -> Result<Reply, Refusal> {
    let scope = target.scope.clone();
    let name = target.name().to_ascii_lowercase();
    match (request.method.as_str(), target.is_collection()) {
        ("GET", collection) => {
            let readable = if scope == "/" { first_subscription(world) } else { scope.clone() };
            authorize(world, now, caller, "Microsoft.Authorization/roleDefinitions/read", &readable)?;
            if collection {
                return list(world, request, &scope);
            }
            if let Some(role) = built_in_roles::by_guid(&name) {
                return Ok(Reply::json(200, built_in_body(role, &scope)));
            }
            // The id that a definition tells is the subscription's, wherever the role may be assigned below it.
            let reaches = |role: &&CustomRole| applies(role, &scope) || applies_below(role, &scope);
            let role = world.roles.get(&name).filter(reaches);
            role.map(|role| Reply::json(200, custom_body(&name, role, &scope))).ok_or_else(|| missing(&name))
        }
        ("PUT", false) => put(world, request, now, caller, &scope, target.name()),
        ("DELETE", false) => {
            let Some(role) = world.roles.get(&name) else { return Ok(Reply::empty(204)) };
            let body = custom_body(&name, role, &scope);
            authorize(world, now, caller, "Microsoft.Authorization/roleDefinitions/delete", &scope)?;
            let assigned = world.assignments.iter().any(|assignment| assignment.role == name);
            if assigned || world.still_held(&name, now) {
                let message = "There are existing role assignments referencing this role. Please delete them before deleting the role definition.";
                return Err(Refusal::arm(400, "RoleDefinitionHasAssignments", message.to_owned()));
            }
            world.roles.remove(&name);
            Ok(Reply::json(200, body))
        }
        _ => Err(Refusal::arm(
            405,
            "MethodNotAllowed",
            "Role definitions have GET, PUT and DELETE.".to_owned(),
        )),
    }
}

fn first_subscription(world: &World) -> String {
    world
        .settings
        .subscriptions
        .first()
        .map(|known| format!("/subscriptions/{}", known.id))
        .unwrap_or_default()
}

fn missing(name: &str) -> Refusal {
    let message = format!("The specified role definition with ID '{}' does not exist.", shorten(name));
    Refusal::arm(404, "RoleDefinitionDoesNotExist", message)
}

/// Definition ids read below a subscription carry its prefix; clients compare them literally.
pub(crate) fn definition_id(scope: &str, guid: &str) -> String {
    let parts: Vec<&str> = scope.trim_matches('/').split('/').collect();
    match parts.as_slice() {
        [word, subscription, ..] if word.eq_ignore_ascii_case("subscriptions") => {
            format!("/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{guid}")
        }
        _ => format!("/providers/Microsoft.Authorization/roleDefinitions/{guid}"),
    }
}

fn built_in_body(role: &BuiltInRole, scope: &str) -> Value {
    json!({
        "id": definition_id(scope, role.guid), "name": role.guid, "type": "Microsoft.Authorization/roleDefinitions",
        "properties": {
            "roleName": role.name, "type": "BuiltInRole", "description": role.description, "assignableScopes": ["/"],
            "permissions": role.permissions(), "createdOn": "2015-02-02T21:55:09.8806423Z",
            "updatedOn": "2025-11-20T16:04:05.4018000Z", "createdBy": null, "updatedBy": null,
        },
    })
}

fn custom_body(guid: &str, role: &CustomRole, scope: &str) -> Value {
    json!({
        "id": definition_id(scope, guid), "name": guid, "type": "Microsoft.Authorization/roleDefinitions",
        "properties": role.properties,
    })
}

fn scopes(role: &CustomRole) -> impl Iterator<Item = &str> {
    role.properties
        .get("assignableScopes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// Whether a role may be assigned at a scope.
pub(crate) fn applies(role: &CustomRole, scope: &str) -> bool {
    scopes(role).any(|assignable| covers(assignable, scope))
}

fn applies_below(role: &CustomRole, scope: &str) -> bool {
    scopes(role).any(|assignable| covers(scope, assignable))
}

fn list(world: &World, request: &Request, scope: &str) -> Result<Reply, Refusal> {
    let (mut wanted_name, mut wanted_type, mut below) = (None, None, false);
    for part in filter_parts(request) {
        if let Some(value) = filter_value(&part, "roleName") {
            wanted_name = Some(value);
        } else if let Some(value) = filter_value(&part, "type") {
            wanted_type = Some(value);
        } else if part.eq_ignore_ascii_case("atScopeAndBelow()") {
            below = true;
        } else {
            return Err(bad_filter(&part));
        }
    }
    let named = |name: &str| wanted_name.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(name));
    let typed = |kind: &str| wanted_type.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(kind));
    let built_in = built_in_roles::listed(world)
        .filter(|role| named(role.name) && typed("BuiltInRole"))
        .map(|role| built_in_body(role, scope));
    let custom = world
        .roles
        .iter()
        .filter(|(_, role)| applies(role, scope) || (below && applies_below(role, scope)))
        .filter(|(_, role)| {
            named(text(&role.properties, &["roleName"]).unwrap_or_default()) && typed("CustomRole")
        })
        .map(|(guid, role)| custom_body(guid, role, scope));
    Ok(Reply::json(200, json!({"value": built_in.chain(custom).collect::<Vec<Value>>()})))
}

fn put(
    world: &mut World,
    request: &Request,
    now: &Now,
    caller: &Caller,
    scope: &str,
    name: &str,
) -> Result<Reply, Refusal> {
    let guid = guid_name(name, "role definition", "InvalidRoleDefinitionId")?;
    if built_in_roles::by_guid(&guid).is_some() {
        let message = "Built-in roles cannot be changed.";
        return Err(Refusal::arm(400, "RoleDefinitionUpdateNotPermitted", message.to_owned()));
    }
    let body = request.json_object()?;
    schema::check_resource(&body, &BODY).map_err(|violation| {
        let is_action = violation.path.contains("ctions[");
        let code = if is_action { "InvalidActionOrNotAction" } else { "InvalidRoleDefinition" };
        let target = violation.path.clone();
        Refusal::arm(400, code, format!("The role definition is not valid. {violation}")).at(target)
    })?;
    let mut properties = body.get("properties").cloned().unwrap_or_default();
    let assignable: Vec<String> = properties
        .get("assignableScopes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|scope| scope.as_str().map(str::to_owned))
        .collect();
    check_scopes(world, scope, &assignable)?;
    for one in &assignable {
        authorize(world, now, caller, "Microsoft.Authorization/roleDefinitions/write", one)?;
    }
    let role_name = text(&properties, &["roleName"]).unwrap_or_default().to_owned();
    let taken = built_in_roles::by_name(&role_name).is_some()
        || world.roles.iter().any(|(other, role)| {
            *other != guid
                && text(&role.properties, &["roleName"])
                    .is_some_and(|known| known.eq_ignore_ascii_case(&role_name))
        });
    if taken {
        let message = format!(
            "A custom role with the same name '{}' already exists in this directory. Use a different name.",
            shorten(&role_name)
        );
        return Err(Refusal::arm(409, "RoleDefinitionWithSameNameExists", message));
    }
    complete(world, &mut properties);
    let existing = world.roles.get(&guid);
    let created = existing
        .and_then(|role| text(&role.properties, &["createdOn"]))
        .map_or_else(|| now.iso(), str::to_owned);
    let assignable = existing
        .map_or_else(|| Due::after(now, world.settings.latency.role_definition), |role| role.assignable);
    if let Some(map) = properties.as_object_mut() {
        map.insert("createdOn".to_owned(), json!(created));
        map.insert("updatedOn".to_owned(), json!(now.iso()));
        map.insert("createdBy".to_owned(), json!(caller.object_id));
        map.insert("updatedBy".to_owned(), json!(caller.object_id));
    }
    let role = CustomRole { properties, assignable };
    let reply = Reply::json(201, custom_body(&guid, &role, scope));
    world.roles.insert(guid, role);
    Ok(reply)
}

/// Fills in what a definition always has, and loses an action in a world where they get lost.
fn complete(world: &World, properties: &mut Value) {
    let Some(map) = properties.as_object_mut() else { return };
    map.insert("type".to_owned(), json!("CustomRole"));
    map.entry("description").or_insert(Value::Null);
    let blocks = map.get_mut("permissions").and_then(Value::as_array_mut);
    for block in blocks.into_iter().flatten().filter_map(Value::as_object_mut) {
        for list in ["actions", "notActions", "dataActions", "notDataActions"] {
            block.entry(list).or_insert_with(|| json!([]));
        }
        if world.settings.quirks.role_actions_lost
            && let Some(actions) = block.get_mut("actions").and_then(Value::as_array_mut)
        {
            actions.pop();
        }
    }
}

fn check_scopes(world: &World, scope: &str, assignable: &[String]) -> Result<(), Refusal> {
    if assignable.is_empty() {
        let message = "The role definition must have at least one assignable scope.";
        return Err(Refusal::arm(400, "MissingAssignableScopes", message.to_owned())
            .at("properties.assignableScopes"));
    }
    for one in assignable {
        let parts: Vec<&str> = one.trim_matches('/').split('/').collect();
        let known = match parts.as_slice() {
            [head, subscription] if head.eq_ignore_ascii_case("subscriptions") => {
                world.settings.subscriptions.iter().any(|known| known.id.eq_ignore_ascii_case(subscription))
            }
            [_, _, middle, _] if middle.eq_ignore_ascii_case("resourcegroups") => {
                world.resource(one).is_some()
            }
            _ => false,
        };
        if !known || !one.starts_with('/') {
            let message = format!(
                "The assignable scope '{}' is not valid: it must be a subscription or resource group that exists.",
                shorten(one)
            );
            return Err(
                Refusal::arm(400, "InvalidAssignableScope", message).at("properties.assignableScopes")
            );
        }
    }
    if assignable.iter().any(|one| covers(one, scope)) {
        return Ok(());
    }
    let message = format!(
        "The role definition is put at scope '{}', which none of its assignable scopes covers.",
        shorten(scope)
    );
    Err(Refusal::arm(400, "LinkedInvalidAssignableScope", message).at("properties.assignableScopes"))
}
