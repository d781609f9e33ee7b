//! The way back of the hub of `links-2026`: the hub, and the roles on one that stays (contract links-2026, section 8).

use super::id::{hub_slot, look_at_hub};
use super::{DELETE, DELETE_NAMESPACE_ROLES};
use crate::domain::{Answers, Need, Step, Text};
use crate::stages::dialect::Profile;
use crate::stages::namespace::id::look_at_namespace;
use crate::stages::remove::Remove;
use crate::stages::revoke::Revoke;
use crate::stages::{certificates, enrollment, namespace};

pub fn steps(answers: &Answers, profile: &Profile) -> Vec<Step> {
    vec![delete(answers, profile), delete_roles(answers, profile)]
}

fn delete(answers: &Answers, profile: &Profile) -> Step {
    Remove::new(format!("the IoT hub {}", answers.hub), hub_slot(answers), look_at_hub(answers, profile))
        .tagged()
        .step(DELETE, "Delete the IoT hub")
        .because("With it go its devices, its certificates, its link and the roles that were given on it.")
        .needing([Need::effect(enrollment::DELETE), Need::effect(certificates::DELETE_ROOT_CA)])
        .taking(std::time::Duration::from_mins(5))
}

fn delete_roles(answers: &Answers, profile: &Profile) -> Step {
    Revoke {
        noun: "the roles on the hub".to_owned(),
        scope: hub_slot(answers),
        principal: Text::slot(&namespace::CREATE, "principalId"),
        version: profile.version("Microsoft.Authorization").to_owned(),
    }
    .step(
        answers,
        DELETE_NAMESPACE_ROLES,
        "Take the roles on the hub away",
        &look_at_namespace(answers, profile),
    )
    .because("Roles go with a hub that is deleted; on one that stays hubup takes away what it gave.")
    .needing([Need::effect(DELETE)])
}
