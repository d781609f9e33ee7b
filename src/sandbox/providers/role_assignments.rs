//! Role assignments: readable at once, effective later, and only for principals that the directory shows.
//!
//! Facts: contract section 1c. An assignment of the same role to the same principal at the same scope exists once.

use serde_json::{Value, json};
use uuid::Uuid;

use super::authorization::guid_name;
use super::authorization::{bad_filter, filter_parts, filter_value};
use super::built_in_roles;
use super::role_definitions::{applies, definition_id};
use crate::sandbox::clock::{Due, Now};
use crate::sandbox::front_door::{Caller, authorize};
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::request::Request;
use crate::sandbox::schema::{self, Field, Shape, optional, read_only, required, shorten};
use crate::sandbox::target::{Target, covers};
use crate::sandbox::world::{Assignment, World, text};

static PROPERTIES: [Field; 12] = [
    required("roleDefinitionId", Shape::Text),
    required("principalId", Shape::Text),
    optional("principalType", Shape::OneOf(&["User", "Group", "ServicePrincipal", "ForeignGroup", "Device"])),
    optional("description", Shape::Text),
    optional("condition", Shape::Text),
    optional("conditionVersion", Shape::OneOf(&["2.0"])),
    optional("delegatedManagedIdentityResourceId", Shape::Text),
    read_only("scope"),
    read_only("createdOn"),
    read_only("updatedOn"),
    read_only("createdBy"),
    read_only("updatedBy"),
];
static BODY: [Field; 1] = [required("properties", Shape::Object(&PROPERTIES))];

/// Handles one call at a scope.
pub(crate) fn handle(
    world: &mut World,
    request: &Request,
    now: &Now,
    caller: &Caller,
    target: &Target,
) -> Result<Reply, Refusal> {
    let scope = target.scope.as_str();
    let verb = match request.method.as_str() {
        "GET" => "read",
        "DELETE" => "delete",
        _ => "write",
    };
    authorize(world, now, caller, &format!("Microsoft.Authorization/roleAssignments/{verb}"), scope)?;
    let name = target.name();
    let position = world
        .assignments
        .iter()
        .position(|known| known.name.eq_ignore_ascii_case(name) && known.scope.eq_ignore_ascii_case(scope));
    match (request.method.as_str(), target.is_collection()) {
        ("GET", true) => list(world, request, scope),
        ("GET", false) => position
            .and_then(|index| world.assignments.get(index))
            .map(|known| Reply::json(200, body(known, scope, caller)))
            .ok_or_else(|| {
                let message = format!("The role assignment '{}' is not found.", shorten(name));
                Refusal::arm(404, "RoleAssignmentNotFound", message)
            }),
        ("DELETE", false) => Ok(match position {
            Some(index) => {
                let gone = world.assignments.remove(index);
                world.let_go_of(&gone.role, now);
                Reply::json(200, body(&gone, scope, caller))
            }
            None => Reply::empty(204),
        }),
        ("PUT", false) => put(world, request, now, caller, scope, name),
        _ => Err(Refusal::arm(
            405,
            "MethodNotAllowed",
            "Role assignments have GET, PUT and DELETE.".to_owned(),
        )),
    }
}

fn body(assignment: &Assignment, read_at: &str, caller: &Caller) -> Value {
    let prefix = if assignment.scope == "/" { "" } else { assignment.scope.as_str() };
    let version = assignment.condition.as_ref().map(|_| "2.0");
    json!({
        "id": format!("{prefix}/providers/Microsoft.Authorization/roleAssignments/{}", assignment.name),
        "name": assignment.name,
        "type": "Microsoft.Authorization/roleAssignments",
        "properties": {
            "roleDefinitionId": definition_id(read_at, &assignment.role),
            "principalId": assignment.principal, "principalType": assignment.principal_type, "scope": assignment.scope,
            "condition": assignment.condition, "conditionVersion": version, "description": assignment.description,
            "createdOn": assignment.created, "updatedOn": assignment.created,
            "createdBy": caller.object_id, "updatedBy": caller.object_id, "delegatedManagedIdentityResourceId": null,
        },
    })
}

/// Without a principal: this scope, above and below. `atScope()` leaves out what is below.
fn list(world: &World, request: &Request, scope: &str) -> Result<Reply, Refusal> {
    let (mut principal, mut at_scope) = (None, false);
    for part in filter_parts(request) {
        let assigned_to =
            part.strip_prefix("assignedTo('").and_then(|rest| rest.strip_suffix("')")).map(str::to_owned);
        if let Some(value) = filter_value(&part, "principalId").or(assigned_to) {
            principal = Some(value);
        } else if part.eq_ignore_ascii_case("atScope()") {
            at_scope = true;
        } else {
            return Err(bad_filter(&part));
        }
    }
    let caller = Caller { object_id: world.settings.caller.object_id.clone(), app_id: String::new() };
    let value: Vec<Value> = world
        .assignments
        .iter()
        .filter(|known| known.listed)
        .filter(|known| covers(&known.scope, scope) || (!at_scope && covers(scope, &known.scope)))
        .filter(|known| {
            principal.as_deref().is_none_or(|wanted| known.principal.eq_ignore_ascii_case(wanted))
        })
        .map(|known| body(known, scope, &caller))
        .collect();
    Ok(Reply::json(200, json!({"value": value})))
}

fn put(
    world: &mut World,
    request: &Request,
    now: &Now,
    caller: &Caller,
    scope: &str,
    name: &str,
) -> Result<Reply, Refusal> {
    let name = guid_name(name, "role assignment", "InvalidRoleAssignmentId")?;
    let request_body = request.json_object()?;
    schema::check_resource(&request_body, &BODY).map_err(|violation| {
        let target = violation.path.clone();
        Refusal::arm(
            400,
            "InvalidCreateRoleAssignmentRequest",
            format!("The request to create role assignment is not valid. {violation}"),
        )
        .at(target)
    })?;
    let property = |field: &str| text(&request_body, &["properties", field]).map(str::to_owned);
    let principal = property("principalId").unwrap_or_default();
    let role = property("roleDefinitionId").unwrap_or_default();
    let role = role_guid(&role)?;
    check_role(world, now, &role, scope)?;
    check_principal(world, now, &principal, property("principalType").as_deref())?;
    if property("condition").is_some() != property("conditionVersion").is_some() {
        let message = "condition and conditionVersion are given together.";
        return Err(Refusal::arm(400, "InvalidCreateRoleAssignmentRequest", message.to_owned())
            .at("properties.condition"));
    }
    let same = |known: &Assignment| {
        known.principal.eq_ignore_ascii_case(&principal)
            && known.role == role
            && known.scope.eq_ignore_ascii_case(scope)
    };
    let by_name =
        world.assignments.iter().find(|known| known.name == name && known.scope.eq_ignore_ascii_case(scope));
    if let Some(known) = by_name {
        if same(known) {
            return Ok(Reply::json(200, body(known, scope, caller)));
        }
        let message = "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.";
        return Err(Refusal::arm(400, "RoleAssignmentUpdateNotPermitted", message.to_owned()));
    }
    if let Some(known) = world.assignments.iter().find(|known| same(known)) {
        let message = format!(
            "The role assignment already exists. The ID of the existing role assignment is {}.",
            known.name.replace('-', "")
        );
        return Err(Refusal::arm(409, "RoleAssignmentExists", message));
    }
    let assignment = Assignment {
        name,
        scope: scope.to_owned(),
        principal,
        principal_type: "ServicePrincipal".to_owned(),
        role,
        description: property("description"),
        condition: property("condition"),
        created: now.iso(),
        effective: Due::after(now, world.settings.latency.role_effective),
        listed: !world.settings.quirks.assignment_not_listed,
    };
    let reply = Reply::json(201, body(&assignment, scope, caller));
    world.assignments.push(assignment);
    Ok(reply)
}

/// The trailing GUID of a definition id.
fn role_guid(id: &str) -> Result<String, Refusal> {
    let lower = id.to_ascii_lowercase();
    let guid = lower
        .rsplit_once("/providers/microsoft.authorization/roledefinitions/")
        .and_then(|(_, guid)| Uuid::parse_str(guid).ok());
    guid.map(|guid| guid.to_string()).ok_or_else(|| {
        let message = format!(
            "The role definition ID '{}' is not valid: it must be a resource id that ends in a GUID.",
            shorten(id)
        );
        Refusal::arm(400, "InvalidRoleDefinitionId", message).at("properties.roleDefinitionId")
    })
}

fn check_role(world: &mut World, now: &Now, role: &str, scope: &str) -> Result<(), Refusal> {
    if built_in_roles::by_guid(role).is_some() {
        return Ok(());
    }
    // A new definition takes a while to reach those who assign it.
    let known = world.roles.get_mut(role).and_then(|custom| custom.assignable.look(now).then_some(custom));
    match known {
        Some(custom) if applies(custom, scope) => Ok(()),
        Some(_) => Err(Refusal::arm(
            400,
            "RoleAssignmentScopeNotAssignableToRoleDefinition",
            format!(
                "The scope '{}' of the role assignment is not assignable to the role definition '{role}'.",
                shorten(scope)
            ),
        )),
        None => Err(Refusal::arm(
            400,
            "RoleDefinitionDoesNotExist",
            format!("The specified role definition with ID '{role}' does not exist."),
        )),
    }
}

fn check_principal(world: &mut World, now: &Now, principal: &str, kind: Option<&str>) -> Result<(), Refusal> {
    if Uuid::parse_str(principal).is_err() {
        let message =
            format!("The principal ID '{}' is not valid. Principal ID must be a GUID.", shorten(principal));
        return Err(Refusal::arm(400, "InvalidPrincipalId", message).at("properties.principalId"));
    }
    let tenant = world.tenant().to_owned();
    let key = principal.to_ascii_lowercase();
    // Without a type this version looks for a user, and everybody in this directory is a service principal.
    let typed = kind == Some("ServicePrincipal");
    let visible = world.principals.get_mut(&key).is_some_and(|known| known.visible.look(now));
    if visible && !typed && kind.is_some() {
        let message = format!(
            "The PrincipalId '{principal}' has type 'ServicePrincipal', which is different from the specified PrincipalType '{}'.",
            kind.unwrap_or_default()
        );
        return Err(Refusal::arm(400, "UnmatchedPrincipalType", message));
    }
    if visible && typed {
        return Ok(());
    }
    Err(Refusal::arm(
        400,
        "PrincipalNotFound",
        format!(
            "Principal {} does not exist in the directory {tenant}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype",
            key.replace('-', ""),
        ),
    ))
}
