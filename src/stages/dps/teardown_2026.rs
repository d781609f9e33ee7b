//! The way back of the provisioning service of `links-2026`: the service, and the role on one that stays (contract links-2026,
//! section 8).

use super::id::dps_slot;
use super::links_2026::dps_request;
use super::{DELETE, DELETE_NAMESPACE_ROLES};
use crate::domain::{Answers, Method, Need, Request, Step, Text};
use crate::stages::dialect::Profile;
use crate::stages::namespace::id::look_at_namespace;
use crate::stages::remove::Remove;
use crate::stages::revoke::Revoke;
use crate::stages::{certificates, enrollment, namespace};

pub fn steps(answers: &Answers, profile: &Profile) -> Vec<Step> {
    vec![delete(answers, profile), delete_roles(answers, profile)]
}

/// The look at the service.
pub fn look(answers: &Answers, profile: &Profile) -> Request {
    dps_request(answers, profile, Method::Get, dps_slot(answers))
}

fn delete(answers: &Answers, profile: &Profile) -> Step {
    let noun = format!("the provisioning service {}", answers.dps);
    Remove::new(noun, dps_slot(answers), look(answers, profile))
        .tagged()
        .step(DELETE, "Delete the Device Provisioning Service")
        .because("It is billed; devices find no hub through it any more. Its link goes with it.")
        .needing([Need::effect(enrollment::DELETE), Need::effect(certificates::DELETE_ROOT_CA)])
        .taking(std::time::Duration::from_mins(5))
}

fn delete_roles(answers: &Answers, profile: &Profile) -> Step {
    Revoke {
        noun: "the namespace's role on the provisioning service".to_owned(),
        scope: dps_slot(answers),
        principal: Text::slot(&namespace::CREATE, "principalId"),
        version: profile.version("Microsoft.Authorization").to_owned(),
    }
    .step(
        answers,
        DELETE_NAMESPACE_ROLES,
        "Take the namespace's role on the provisioning service away",
        &look_at_namespace(answers, profile),
    )
    .because("Roles go with a service that is deleted; on one that stays hubup takes away what it gave.")
    .needing([Need::effect(DELETE)])
}
