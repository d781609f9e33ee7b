//! What `preview-2025` reads back of the first stage: the identity, and which roles it was given on the namespace.

use serde_json::Value;

use super::IDENTITY;
use super::preview_2025::custom_role_guid;
use crate::domain::{Answers, Method, Moves, Replay};
use crate::stages::access::identity::identity_id;
use crate::stages::build::{arm, outputs, same, same_id, text};
use crate::stages::grant::list_assignments;
use crate::stages::namespace::id::namespace_id;
use crate::stages::recall::Recollection;
use crate::stages::roles::{ADR_CONTRIBUTOR, ADR_ONBOARDING};

const TYPE: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";

/// Roles beyond that many on one namespace are not looked into.
const MOST_ROLES: usize = 10;

/// The managed identity.
pub fn identity(recollection: &mut Recollection<'_>, replay: &mut Replay<'_>) -> Moves<()> {
    let listed = recollection.list_type(replay, TYPE)?;
    match recollection.pick(listed, "managed identity", |_| false) {
        Ok(identity) => {
            recollection.take("identity.name", text(&identity, "/name").unwrap_or_default());
            recollection.locate("the managed identity", &identity);
            let gives = outputs([("principalId", text(&identity, "/properties/principalId"))]);
            recollection.known.set(&IDENTITY, gives);
        }
        Err(why) => recollection.unread("identity.name", &why),
    }
    Ok(())
}

/// Custom or built-in roles: by what the identity has on the namespace, else by a definition of ours that was not
/// assigned yet.
pub fn roles(recollection: &mut Recollection<'_>, replay: &mut Replay<'_>) -> Moves<()> {
    let mut why = None;
    let assigned = assigned_roles(recollection, replay)?.unwrap_or_else(|reason| {
        why = Some(reason);
        Vec::new()
    });
    let built_in = |guid: &String| same(guid, ADR_CONTRIBUTOR) || same(guid, ADR_ONBOARDING);
    let has_built_in = assigned.iter().any(built_in);
    let version = recollection.profile.version("Microsoft.Authorization");
    let mut custom = Vec::new();
    // Read where it is assigned: a role that can be assigned in the group alone need not show above it.
    let definitions = format!(
        "{}/providers/Microsoft.Authorization/roleDefinitions",
        recollection.answers.resource_group_id()
    );
    for guid in assigned.iter().filter(|guid| !built_in(guid)).take(MOST_ROLES) {
        let request = arm(&recollection.answers, Method::Get, format!("{definitions}/{guid}"), version);
        match recollection.look(replay, &request)? {
            Ok(role) if is_custom(&role.body) => custom.push(role.body.clone()),
            Ok(_) => {}
            Err(reason) => why = why.or(Some(reason)),
        }
    }
    if custom.is_empty() && !has_built_in {
        let request = arm(&recollection.answers, Method::Get, definitions, version)
            .with_query("$filter", "type eq 'CustomRole'");
        match recollection.list(replay, &request)? {
            Ok(listed) => {
                custom.extend(listed.into_iter().filter(|role| is_ours(&recollection.answers, role)));
            }
            Err(reason) => why = why.or(Some(reason)),
        }
    }
    let ours: Vec<&Value> = custom.iter().filter(|role| is_ours(&recollection.answers, role)).collect();
    let chosen = match (ours.as_slice(), custom.as_slice()) {
        ([one], _) => Some(*one),
        // Adopted: it was there before.
        ([], [one]) if !has_built_in => Some(one),
        _ => None,
    };
    match chosen {
        Some(role) => take_custom(recollection, role),
        None if custom.is_empty() && has_built_in => recollection.take("roles.kind", "built-in"),
        None => {
            let why = if custom.is_empty() {
                why.unwrap_or_else(|| "the identity has no role on the namespace yet".to_owned())
            } else {
                let names: Vec<&str> =
                    custom.iter().filter_map(|role| text(role, "/properties/roleName")).collect();
                let why = format!("several roles may be meant: {}", names.join(", "));
                recollection.doubt(format!("{why}; none was taken"));
                why
            };
            for key in ["roles.kind", "roles.name", "roles.assignable_scope"] {
                recollection.unread(key, &why);
            }
        }
    }
    Ok(())
}

fn take_custom(recollection: &mut Recollection<'_>, role: &Value) {
    recollection.take("roles.kind", "custom");
    recollection.take("roles.name", text(role, "/properties/roleName").unwrap_or_default());
    let scopes = role.pointer("/properties/assignableScopes").and_then(Value::as_array);
    let covers = |wanted: &str| {
        let mut scopes = scopes.into_iter().flatten().filter_map(Value::as_str);
        scopes.any(|scope| same_id(scope, wanted))
    };
    let (group, subscription) =
        (recollection.answers.resource_group_id(), recollection.answers.subscription_id());
    if covers(&group) {
        recollection.take("roles.assignable_scope", "resource-group");
    } else if covers(&subscription) {
        recollection.take("roles.assignable_scope", "subscription");
    } else {
        let why = "the role can be assigned neither at the group alone nor at the subscription alone";
        recollection.unread("roles.assignable_scope", why);
    }
}

/// GUIDs of the roles that the identity has at the namespace itself, without a condition.
fn assigned_roles(
    recollection: &Recollection<'_>,
    replay: &mut Replay<'_>,
) -> Moves<Result<Vec<String>, String>> {
    if recollection.is_unread("namespace.name") || recollection.is_unread("identity.name") {
        return Ok(Err(
            "the roles are those of the identity on the namespace, and not both were found".to_owned()
        ));
    }
    let answers = &recollection.answers;
    let principal = match recollection.known.get(&IDENTITY, "principalId") {
        Some(principal) => principal.to_owned(),
        // Taken from a link.
        None => {
            let version = recollection.profile.version(TYPE);
            let request = arm(answers, Method::Get, identity_id(answers), version);
            match recollection.look(replay, &request)? {
                Ok(identity) => identity.text("/properties/principalId").unwrap_or_default().to_owned(),
                Err(why) => return Ok(Err(why)),
            }
        }
    };
    if principal.is_empty() {
        return Ok(Err("the identity has no principal yet".to_owned()));
    }
    let scope = namespace_id(answers);
    let version = recollection.profile.version("Microsoft.Authorization");
    let list = list_assignments(answers, version, scope.clone().into(), principal.clone().into());
    Ok(recollection.list(replay, &list)?.map(|entries| {
        let at = |entry: &Value, pointer| text(entry, pointer).unwrap_or_default().to_owned();
        let holds = |entry: &&Value| {
            let free = entry
                .pointer("/properties/condition")
                .is_none_or(|condition| condition.is_null() || condition == "");
            free && same(&at(entry, "/properties/principalId"), &principal)
                && same_id(&at(entry, "/properties/scope"), &scope)
        };
        let guid = |entry: &Value| {
            let role = at(entry, "/properties/roleDefinitionId");
            role.rsplit('/').next().unwrap_or_default().to_lowercase()
        };
        entries.iter().filter(holds).map(guid).filter(|guid| !guid.is_empty()).collect()
    }))
}

fn is_custom(role: &Value) -> bool {
    text(role, "/properties/type").is_some_and(|kind| same(kind, "CustomRole"))
}

/// True of a definition whose GUID is the one that hubup derives for its name.
fn is_ours(answers: &Answers, role: &Value) -> bool {
    let name = text(role, "/properties/roleName").unwrap_or_default();
    let answers = Answers { role_name: name.to_owned(), ..answers.clone() };
    is_custom(role) && text(role, "/name").is_some_and(|guid| same(guid, &custom_role_guid(&answers)))
}
