//! What stands in a caller's way beside missing roles: locks, deny assignments, policies, names that others have.
//!
//! Part of a world's description, and held against every request. Facts: preflight calls P9, P11 and P12; the codes are those
//! that Azure documents for each.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::permissions::{Plane, grants, matches};
use super::reply::Refusal;
use super::request::Request;
use super::schema::shorten;
use super::target::{covers, region};
use super::world::World;

/// Stands for everybody in a deny assignment.
const EVERYBODY: &str = "00000000-0000-0000-0000-000000000000";

/// A management lock.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lock {
    pub(crate) name: String,
    /// Id of what is locked, with all below it.
    pub(crate) scope: String,
    /// `ReadOnly` or `CanNotDelete`.
    pub(crate) level: String,
}

/// A deny assignment.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DenyAssignment {
    pub(crate) name: String,
    pub(crate) scope: String,
    pub(crate) actions: Vec<String>,
    #[serde(default)]
    pub(crate) not_actions: Vec<String>,
    /// Object ids; everybody when empty.
    #[serde(default)]
    pub(crate) principals: Vec<String>,
}

/// A policy that is assigned.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Policy {
    pub(crate) name: String,
    /// Where it is assigned; every subscription when absent.
    #[serde(default)]
    pub(crate) scope: Option<String>,
    /// `Deny` or `Audit`.
    pub(crate) effect: String,
    /// Resource types, with `*` wildcards.
    pub(crate) types: Vec<String>,
    /// A tag that must be there.
    #[serde(default)]
    pub(crate) requires_tag: Option<String>,
    /// The regions that are allowed.
    #[serde(default)]
    pub(crate) locations: Option<Vec<String>>,
}

/// Names that somebody outside this world has.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Names {
    pub(crate) taken: Vec<String>,
}

/// How the services' clocks differ from the machine's.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Clocks {
    pub(crate) ahead_seconds: i32,
}

impl Names {
    /// Whether somebody outside has the name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.taken.iter().any(|taken| taken.eq_ignore_ascii_case(name))
    }
}

impl Lock {
    /// As a list of locks shows it.
    pub(crate) fn body(&self) -> Value {
        json!({
            "id": format!("{}/providers/Microsoft.Authorization/locks/{}", self.scope, self.name), "name": self.name,
            "type": "Microsoft.Authorization/locks", "properties": {"level": self.level, "notes": "of this world"},
        })
    }
}

impl DenyAssignment {
    /// As a list of deny assignments shows it.
    pub(crate) fn body(&self) -> Value {
        let everybody = || json!([{"id": EVERYBODY, "type": "SystemDefined"}]);
        let principals = self.principals.iter().map(|id| json!({"id": id, "type": "ServicePrincipal"}));
        let principals: Vec<Value> = principals.collect();
        json!({
            "id": format!("{}/providers/Microsoft.Authorization/denyAssignments/{}", self.scope, self.name),
            "name": self.name, "type": "Microsoft.Authorization/denyAssignments",
            "properties": {
                "denyAssignmentName": self.name, "scope": self.scope, "doNotApplyToChildScopes": false,
                "permissions": self.permissions(),
                "principals": if principals.is_empty() { everybody() } else { json!(principals) },
                "excludePrincipals": [], "isSystemProtected": true,
            },
        })
    }

    fn permissions(&self) -> Value {
        json!([{"actions": self.actions, "notActions": self.not_actions, "dataActions": [], "notDataActions": []}])
    }

    fn hits(&self, principal: &str, action: &str, scope: &str) -> bool {
        let meant = self.principals.is_empty()
            || self.principals.iter().any(|known| known.eq_ignore_ascii_case(principal));
        meant && covers(&self.scope, scope) && grants(&self.permissions(), Plane::Control, action)
    }
}

impl Policy {
    /// Whether it is about `kind` at `scope`, and `content` does not meet it.
    fn is_broken_by(&self, kind: &str, scope: &str, content: &Value) -> bool {
        let assigned = self.scope.as_deref().is_none_or(|at| covers(at, scope));
        assigned && self.types.iter().any(|pattern| matches(pattern, kind)) && !self.is_met_by(content)
    }

    fn is_met_by(&self, content: &Value) -> bool {
        let tags = content.get("tags").and_then(Value::as_object);
        let tagged = self.requires_tag.as_ref().is_none_or(|wanted| {
            tags.is_some_and(|tags| tags.keys().any(|name| name.eq_ignore_ascii_case(wanted)))
        });
        let location = content.get("location").and_then(Value::as_str).map(region);
        let placed = self
            .locations
            .as_ref()
            .is_none_or(|allowed| location.is_none_or(|at| allowed.iter().any(|known| region(known) == at)));
        // One that asks for nothing in particular is met by nothing.
        (self.requires_tag.is_some() || self.locations.is_some()) && tagged && placed
    }

    fn denies(&self) -> bool {
        self.effect.eq_ignore_ascii_case("Deny")
    }

    /// As `policyInfo` names it.
    fn reference(&self, subscription: &str) -> Value {
        let id = format!("/subscriptions/{subscription}/providers/Microsoft.Authorization");
        json!({
            "policyDefinitionId": format!("{id}/policyDefinitions/{}", self.name),
            "policyAssignmentId": format!("{id}/policyAssignments/{}", self.name),
        })
    }

    fn restrictions(&self, subscription: &str) -> Vec<Value> {
        let restriction = |field: String, mut more: Value| {
            more["result"] = json!("Required");
            more["policy"] = self.reference(subscription);
            json!({"field": field, "restrictions": [more]})
        };
        let tag = self.requires_tag.iter().map(|tag| restriction(format!("tags.{tag}"), json!({})));
        let places =
            self.locations.iter().map(|values| restriction("location".to_owned(), json!({"values": values})));
        tag.chain(places).collect()
    }
}

/// Refuses an action that a lock or a deny assignment forbids.
pub(crate) fn check_action(world: &World, principal: &str, action: &str, scope: &str) -> Result<(), Refusal> {
    let settings = &world.settings;
    if let Some(denial) = settings.deny_assignments.iter().find(|one| one.hits(principal, action, scope)) {
        let message = format!(
            "The client with object id '{principal}' has permission to perform action '{action}' on scope '{}'; however, it does not have permission to perform it because of the deny assignment with name '{}' at scope '{}'.",
            shorten(scope),
            denial.name,
            denial.scope
        );
        return Err(Refusal::arm(403, "DenyAssignmentAuthorizationFailed", message));
    }
    let verb = action.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    // Questions about names and registrations change nothing that a lock guards.
    let asks = ["/checkname", "/checkprovisioningservicename", "/register/"]
        .iter()
        .any(|word| action.to_ascii_lowercase().contains(word));
    let forbids = |lock: &&super::obstacles::Lock| {
        let level = match verb.as_str() {
            "delete" => true,
            "read" => false,
            _ => lock.level.eq_ignore_ascii_case("ReadOnly"),
        };
        // What is inside goes with what holds it, so a lock inside keeps both.
        let inside = verb == "delete" && covers(scope, &lock.scope);
        level && (covers(&lock.scope, scope) || inside)
    };
    match settings.locks.iter().find(forbids) {
        Some(lock) if !asks => {
            let operation = if verb == "delete" { "delete" } else { "write" };
            let message = format!(
                "The scope '{}' cannot perform {operation} operation because following scope(s) are locked: '{}'. Please remove the lock and try again.",
                shorten(scope),
                lock.scope
            );
            Err(Refusal::arm(409, "ScopeLocked", message))
        }
        _ => Ok(()),
    }
}

/// Refuses what a policy denies: a whole resource that is put, or one that is not an object.
pub(crate) fn check_policies(
    world: &World,
    request: &Request,
    kind: &str,
    scope: &str,
) -> Result<(), Refusal> {
    if request.method != "PUT" || world.settings.policies.is_empty() {
        return Ok(());
    }
    let content = request.json_object()?;
    let mut broken =
        world.settings.policies.iter().filter(|policy| policy.is_broken_by(kind, scope, &content));
    match broken.find(|policy| policy.denies()) {
        Some(policy) => {
            let message = format!(
                "Resource '{}' was disallowed by policy. Policy identifiers: '{}'.",
                shorten(scope),
                policy.name
            );
            Err(Refusal::arm(403, "RequestDisallowedByPolicy", message))
        }
        None => Ok(()),
    }
}

/// What `checkPolicyRestrictions` answers about `content` at `scope`.
pub(crate) fn restrictions(world: &World, subscription: &str, scope: &str, content: &Value) -> Value {
    let kind = content.get("type").and_then(Value::as_str).unwrap_or_default();
    let broken: Vec<&Policy> =
        world.settings.policies.iter().filter(|policy| policy.is_broken_by(kind, scope, content)).collect();
    let evaluations: Vec<Value> = broken
        .iter()
        .map(|policy| {
            json!({
                "policyInfo": policy.reference(subscription), "evaluationResult": "NonCompliant",
                "evaluationDetails": {"reason": "of this world"}, "effectDetails": {"policyEffect": policy.effect},
            })
        })
        .collect();
    let fields: Vec<Value> = broken.iter().flat_map(|policy| policy.restrictions(subscription)).collect();
    json!({"contentEvaluationResult": {"policyEvaluations": evaluations}, "fieldRestrictions": fields})
}
