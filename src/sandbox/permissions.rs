//! Role-based access: who may do what where, now.
//!
//! Actions are matched with wildcards and without case. An assignment counts at its scope and below, and only once
//! it is effective. Called by the front door for the caller and by providers for the identities they act as.

use serde_json::Value;

use super::clock::Now;
use super::providers::built_in_roles;
use super::target::covers;
use super::world::World;

/// Control plane (`actions`) or data plane (`dataActions`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plane {
    Control,
    Data,
}

/// Whether a principal may perform an action at a scope.
pub(crate) fn allows(
    world: &World,
    principal: &str,
    plane: Plane,
    action: &str,
    scope: &str,
    now: &Now,
) -> bool {
    world
        .assignments
        .iter()
        .filter(|assignment| assignment.principal.eq_ignore_ascii_case(principal))
        .filter(|assignment| covers(&assignment.scope, scope) && assignment.effective.reached(now))
        .filter_map(|assignment| permissions_of(world, &assignment.role))
        .any(|permissions| grants(&permissions, plane, action))
}

/// Uses up a look at every assignment of a principal that reaches a scope: with no waiting in the world, the first
/// refusal is what makes it effective.
pub(crate) fn look(world: &mut World, principal: &str, scope: &str, now: &Now) {
    for assignment in &mut world.assignments {
        if assignment.principal.eq_ignore_ascii_case(principal) && covers(&assignment.scope, scope) {
            assignment.effective.look(now);
        }
    }
}

/// The permission blocks of a role by its GUID.
pub(crate) fn permissions_of(world: &World, role: &str) -> Option<Value> {
    if let Some(role) = built_in_roles::by_guid(role) {
        return Some(role.permissions());
    }
    world.roles.get(&role.to_ascii_lowercase()).and_then(|role| role.properties.get("permissions").cloned())
}

/// Whether one block of a role grants an action and does not take it back.
pub(crate) fn grants(permissions: &Value, plane: Plane, action: &str) -> bool {
    let (give, take) = match plane {
        Plane::Control => ("actions", "notActions"),
        Plane::Data => ("dataActions", "notDataActions"),
    };
    permissions.as_array().into_iter().flatten().any(|block| {
        let any = |list: &str| {
            block
                .get(list)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .any(|pattern| matches(pattern, action))
        };
        any(give) && !any(take)
    })
}

/// Wildcard match without case; `*` takes any number of characters, slashes included. Between two slashes it takes also
/// none at all: Managed Identity Operator has `userAssignedIdentities/*/assign/action`, and is there to assign them.
pub(crate) fn matches(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    fits(&pattern, &action) || (pattern.contains("/*/") && matches(&pattern.replacen("/*/", "/", 1), &action))
}

fn fits(pattern: &str, action: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|head| action.strip_prefix(head)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(index) => rest = rest.get(index + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}
