//! Microsoft.Authorization: dispatch to roles and assignments, the caller's own permissions, locks and deny assignments.
//!
//! Facts: contract sections 1c, 1e, 2 (P5) and the preflight calls P11 and P12.

use serde_json::{Value, json};

use super::{role_assignments, role_definitions};
use crate::sandbox::clock::Now;
use crate::sandbox::front_door::{Caller, authorize};
use crate::sandbox::obstacles::{DenyAssignment, Lock};
use crate::sandbox::permissions::permissions_of;
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::request::Request;
use crate::sandbox::schema::shorten;
use crate::sandbox::target::{Target, covers};
use crate::sandbox::world::World;

/// Handles one call below `{scope}/providers/Microsoft.Authorization`.
pub(crate) fn handle(
    world: &mut World,
    request: &Request,
    now: &Now,
    caller: &Caller,
    target: &Target,
    kind: &str,
) -> Result<Reply, Refusal> {
    check_scope(world, &target.scope)?;
    match kind {
        "roleDefinitions" => role_definitions::handle(world, request, now, caller, target),
        "roleAssignments" => role_assignments::handle(world, request, now, caller, target),
        "permissions" if request.method == "GET" && target.is_collection() => {
            let value: Vec<Value> = world
                .assignments
                .iter()
                .filter(|assignment| assignment.principal.eq_ignore_ascii_case(&caller.object_id))
                .filter(|assignment| {
                    covers(&assignment.scope, &target.scope) && assignment.effective.reached(now)
                })
                .filter_map(|assignment| permissions_of(world, &assignment.role))
                .flat_map(|blocks| blocks.as_array().cloned().unwrap_or_default())
                .collect();
            Ok(Reply::json(200, json!({"value": value})))
        }
        "locks" | "denyAssignments" if request.method == "GET" && target.is_collection() => {
            authorize(world, now, caller, &format!("Microsoft.Authorization/{kind}/read"), &target.scope)?;
            Ok(Reply::json(200, json!({"value": listed(world, request, kind, &target.scope)})))
        }
        _ => Err(Refusal::arm(
            405,
            "MethodNotAllowed",
            format!(
                "The resource type 'Microsoft.Authorization/{}' does not support the method {} here.",
                shorten(kind),
                request.method
            ),
        )),
    }
}

/// Locks or deny assignments at a scope and above it; below it as well, unless the filter is `atScope()`.
fn listed(world: &World, request: &Request, kind: &str, scope: &str) -> Vec<Value> {
    let only_at = request.query_value("$filter").is_some_and(|filter| filter.trim() == "atScope()");
    let reaches = |at: &str| covers(at, scope) || (!only_at && covers(scope, at));
    let settings = &world.settings;
    if kind == "locks" {
        settings.locks.iter().filter(|lock| reaches(&lock.scope)).map(Lock::body).collect()
    } else {
        let denials = settings.deny_assignments.iter();
        denials.filter(|denial| reaches(&denial.scope)).map(DenyAssignment::body).collect()
    }
}

/// The GUID that names a role definition or assignment, in its usual spelling; `what` is how the refusal calls it.
pub(crate) fn guid_name(name: &str, what: &str, code: &'static str) -> Result<String, Refusal> {
    uuid::Uuid::parse_str(name).map(|guid| guid.to_string()).map_err(|_| {
        let shown = shorten(name);
        let message = format!("The {what} ID '{shown}' is not valid. The {what} ID must be a GUID.");
        Refusal::arm(400, code, message)
    })
}

/// A scope must exist: subscription, group or resource.
fn check_scope(world: &World, scope: &str) -> Result<(), Refusal> {
    let parts: Vec<&str> = scope.trim_matches('/').split('/').collect();
    match parts.as_slice() {
        [""] | ["providers", ..] => Ok(()),
        [head, subscription] if head.eq_ignore_ascii_case("subscriptions") => {
            let known =
                world.settings.subscriptions.iter().any(|known| known.id.eq_ignore_ascii_case(subscription));
            if known {
                return Ok(());
            }
            let message = format!("The subscription '{}' could not be found.", shorten(subscription));
            Err(Refusal::arm(404, "SubscriptionNotFound", message))
        }
        [_, _, middle, group] if middle.eq_ignore_ascii_case("resourcegroups") => {
            if world.resource(scope).is_some() {
                return Ok(());
            }
            let message = format!("Resource group '{}' could not be found.", shorten(group));
            Err(Refusal::arm(404, "ResourceGroupNotFound", message))
        }
        _ => {
            if world.resource(scope).is_some() {
                return Ok(());
            }
            let message = format!("The resource at scope '{}' was not found.", shorten(scope));
            Err(Refusal::arm(404, "ResourceNotFound", message))
        }
    }
}

/// A filter's parts, joined by `and`.
pub(crate) fn filter_parts(request: &Request) -> Vec<String> {
    let filter = request.query_value("$filter").unwrap_or_default();
    filter.split(" and ").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// The value of `name eq 'value'`, with doubled quotes read as one.
pub(crate) fn filter_value<'part>(part: &'part str, name: &str) -> Option<String> {
    let rest: &'part str = part.strip_prefix(name)?.trim_start().strip_prefix("eq ")?.trim();
    let quoted = rest.strip_prefix('\'')?.strip_suffix('\'')?;
    Some(quoted.replace("''", "'"))
}

pub(crate) fn bad_filter(part: &str) -> Refusal {
    Refusal::arm(400, "InvalidFilter", format!("The filter '{}' is not supported.", shorten(part)))
}
