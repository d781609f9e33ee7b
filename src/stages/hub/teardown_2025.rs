//! The way back of stage 4: the hub, and the namespace's roles on one that stays (contract preview-2025, sections 6 and 13).

use super::{DELETE, DELETE_NAMESPACE_ROLES};
use crate::domain::{Answers, Need, Step, Text};
use crate::stages::dialect::Profile;
use crate::stages::dps;
use crate::stages::hub::id::{hub_slot, look_at_hub};
use crate::stages::namespace;
use crate::stages::namespace::id::look_at_namespace;
use crate::stages::remove::Remove;
use crate::stages::revoke::Revoke;

pub fn steps(answers: &Answers, profile: &Profile) -> Vec<Step> {
    vec![delete(answers, profile), delete_roles(answers, profile)]
}

fn delete(answers: &Answers, profile: &Profile) -> Step {
    Remove::new(format!("the IoT hub {}", answers.hub), hub_slot(answers), look_at_hub(answers, profile))
        .tagged()
        .step(DELETE, "Delete the IoT hub")
        .because("With it go its devices, its certificates and the roles that were given on it.")
        .needing([Need::effect(dps::DELETE)])
        .taking(std::time::Duration::from_mins(5))
}

fn delete_roles(answers: &Answers, profile: &Profile) -> Step {
    Revoke {
        noun: "the namespace's roles on the hub".to_owned(),
        scope: hub_slot(answers),
        principal: Text::slot(&namespace::CREATE, "principalId"),
        version: profile.version("Microsoft.Authorization").to_owned(),
    }
    .step(
        answers,
        DELETE_NAMESPACE_ROLES,
        "Take the namespace's roles on the hub away",
        &look_at_namespace(answers, profile),
    )
    .because("Roles go with a hub that is deleted; on one that stays hubup takes away what it gave.")
    .needing([Need::effect(DELETE)])
}
