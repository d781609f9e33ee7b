//! The way back of stage 1: the application's grant, the custom role, the identity, the group (contract preview-2025, section
//! 13).

use serde_json::Value;

use super::preview_2025::{custom_role_guid, role_scope};
use super::teardown::{PROVIDERS_STAY, delete_group, delete_identity, list_group};
use super::{DELETE_ADR_ROLE, DELETE_HUB_APP_CONTRIBUTOR, DELETE_IDENTITY, HUB_APP};
use crate::domain::{
    Answers, ErrorKind, Method, Moves, Need, Next, Outcome, Outputs, Purpose, Replay, Request, Roles, Step,
    StepId, Text,
};
use crate::stages::build::{arm, fail, read_all, same, text};
use crate::stages::dialect::Profile;
use crate::stages::found::another_setup;
use crate::stages::remove::{GONE, Remove, left};
use crate::stages::revoke::{KEEPER, Revoke, scope_of};
use crate::stages::{certificates, dps, enrollment, hub, namespace, sync};

/// What the tenant or the subscription has at hubup's asking, and others may use.
pub const STAYS: &[(&str, &str)] = &[
    (
        "the service principal of the IoT Hub application",
        "it is one for the whole tenant, and every hub needs it",
    ),
    PROVIDERS_STAY,
];

/// What names the identity.
const IDENTITY_USERS: &[StepId] = &[dps::DELETE, hub::DELETE, namespace::DELETE_IDENTITY_ROLE];

/// What lies in the group, or on something in it.
const BEFORE_THE_GROUP: &[StepId] = &[
    enrollment::DELETE,
    hub::DELETE_NAMESPACE_ROLES,
    sync::DELETE_CERTIFICATE,
    certificates::DELETE_CREDENTIAL,
    DELETE_HUB_APP_CONTRIBUTOR,
    DELETE_ADR_ROLE,
    DELETE_IDENTITY,
];

pub fn steps(answers: &Answers, profile: &Profile) -> Vec<Step> {
    vec![
        delete_hub_app_contributor(answers, profile),
        delete_role(answers, profile),
        delete_identity(answers, profile, IDENTITY_USERS),
        delete_group(answers, profile, BEFORE_THE_GROUP),
    ]
}

fn delete_hub_app_contributor(answers: &Answers, profile: &Profile) -> Step {
    let principal = match &answers.iot_hub_app_object_id {
        Some(id) => id.clone().into(),
        None => Text::slot(&HUB_APP, "objectId"),
    };
    let revoke = Revoke {
        noun: "the roles of the IoT Hub application on the resource group".to_owned(),
        scope: answers.resource_group_id().into(),
        principal,
        version: profile.version("Microsoft.Authorization").to_owned(),
    };
    let planned = revoke.clone();
    let list = list_group(answers, profile);
    let seen = list.clone();
    let step = Step::new(
        DELETE_HUB_APP_CONTRIBUTOR,
        "Take the IoT Hub application's role away",
        move |answers, known, replay| {
            revoke.run(answers, known, replay, &|replay| needed_by_another(answers, &seen, replay))
        },
    )
    .because("The grant served this setup's hub; it goes when no other setup of hubup lies in the group.")
    .needing([Need::effect(hub::DELETE), Need::effect(namespace::DELETE)])
    .planning(Purpose::Look, &list);
    planned.plan(answers, step)
}

/// The grant has one name for all setups in a group: whichever goes first must not take it from the others.
fn needed_by_another(answers: &Answers, list: &Request, replay: &mut Replay<'_>) -> Moves<Option<Next>> {
    let entries = match read_all(replay, list)? {
        Ok(entries) => entries,
        Err(error) => return Ok(Some(fail(&error))),
    };
    let other = entries.iter().find_map(|entry| another_setup(answers, entry));
    Ok(other.map(|name| left(format!("the setup {name} in the same group needs it"))))
}

fn delete_role(answers: &Answers, profile: &Profile) -> Step {
    let version = profile.version("Microsoft.Authorization");
    let scope = role_scope(answers);
    let guid = custom_role_guid(answers);
    let definitions = format!("{scope}/providers/Microsoft.Authorization/roleDefinitions");
    let id = format!("{definitions}/{guid}");
    let by_name = arm(answers, Method::Get, definitions, version)
        .with_query("$filter", format!("roleName eq '{}'", answers.role_name.replace('\'', "''")));
    let assignments = arm(
        answers,
        Method::Get,
        format!("{scope}/providers/Microsoft.Authorization/roleAssignments"),
        version,
    );
    let look = arm(answers, Method::Get, id.clone(), version);
    let removal = Remove::new(format!("the custom role {}", answers.role_name), id, look)
        .named()
        .kept_by(KEEPER)
        .held_by(&["RoleDefinitionHasAssignments"], move |_, known, replay| {
            assigned_to_others(known, &assignments, &guid, replay)
        });
    let planned = removal.clone();
    let same_name = by_name.clone();
    let step = Step::new(DELETE_ADR_ROLE, "Delete the custom role", move |answers, known, replay| {
        let next = removal.run(answers, known, replay)?;
        let gone = matches!(next, Next::Done { outcome: Outcome::AlreadyThere, .. });
        if !gone || answers.roles == Roles::BuiltIn {
            return Ok(next);
        }
        Ok(adopted(&same_name, replay)?.unwrap_or(next))
    })
    .because("A role that hubup defined for this setup; it cannot go while somebody holds it.")
    .needing([Need::effect(namespace::DELETE_IDENTITY_ROLE)])
    .touching(format!("{scope}/roleDefinitions/{}", answers.role_name))
    .planning(Purpose::Look, &by_name);
    planned.plan(step)
}

/// Whether somebody holds the role still: then it stays with them. What was given on the namespace goes with it, and may be
/// listed a little longer.
fn assigned_to_others(
    known: &Outputs,
    assignments: &Request,
    guid: &str,
    replay: &mut Replay<'_>,
) -> Moves<Option<Next>> {
    let entries = match read_all(replay, assignments)? {
        Ok(entries) => entries,
        Err(error) => return Ok(Some(fail(&error))),
    };
    let gone = known.get(&namespace::DELETE, GONE);
    let others: Vec<&Value> = entries
        .iter()
        .filter(|entry| {
            let role = text(entry, "/properties/roleDefinitionId").unwrap_or_default();
            same(role.rsplit('/').next().unwrap_or_default(), guid)
        })
        .filter(|entry| gone.is_none_or(|gone| !same(scope_of(entry), gone)))
        .collect();
    Ok(others.first().map(|other| {
        let principal = text(other, "/properties/principalId").unwrap_or("somebody");
        let more = if others.len() > 1 { format!(", and {} more", others.len() - 1) } else { String::new() };
        left(format!("somebody holds it still: {principal} on {}{more}", scope_of(other)))
    }))
}

/// A role of the wanted name under another id was used, or would have been: it is not ours.
fn adopted(by_name: &Request, replay: &mut Replay<'_>) -> Moves<Option<Next>> {
    let found = match read_all(replay, by_name)? {
        Ok(found) => found,
        // Without its group there is nothing below it.
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Ok(Some(fail(&error))),
    };
    let id = found.first().and_then(|role| text(role, "/name"));
    Ok(id.map(|id| left(format!("the role of that name, {id}, was there before, and others may use it"))))
}
