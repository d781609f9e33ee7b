//! The way back of stage 2: the namespace, and the identity's roles on one that stays (contract preview-2025, sections 4 and
//! 13).

use std::time::Duration;

use super::{DELETE, DELETE_IDENTITY_ROLE};
use crate::domain::{Answers, ErrorKind, Moves, Need, Next, Outputs, Replay, Request, Step, Text};
use crate::stages::access::IDENTITY;
use crate::stages::build::{fail, same_id, text};
use crate::stages::dialect::Profile;
use crate::stages::hub::id::look_at_hub;
use crate::stages::namespace::id::{STILL_LINKED, known_namespace, look_at_namespace, namespace_slot};
use crate::stages::remove::{Remove, is_going, left};
use crate::stages::revoke::Revoke;
use crate::stages::{access, certificates, dps, hub};

pub fn steps(answers: &Answers, profile: &Profile) -> Vec<Step> {
    vec![delete(answers, profile), delete_identity_role(answers, profile)]
}

fn delete(answers: &Answers, profile: &Profile) -> Step {
    let look = look_at_namespace(answers, profile);
    let holders = [
        (
            format!("the IoT hub {}", answers.hub),
            "/properties/deviceRegistry/namespaceResourceId",
            look_at_hub(answers, profile),
        ),
        (
            format!("the provisioning service {}", answers.dps),
            "/properties/deviceRegistryNamespace/resourceId",
            dps::teardown_2025::look(answers, profile),
        ),
    ];
    Remove::new(format!("the namespace {}", answers.namespace), namespace_slot(answers), look)
        .tagged()
        .held_by(&STILL_LINKED, move |answers, known, replay| holder(&holders, answers, known, replay))
        .step(DELETE, "Delete the ADR namespace")
        .because("With it go the devices that are registered in it, and its own identity.")
        .needing([
            Need::effect(dps::DELETE),
            Need::effect(hub::DELETE),
            Need::effect(certificates::DELETE_CREDENTIAL),
        ])
        .taking(Duration::from_mins(5))
}

/// Whether hub or service of the setup were left and are linked still: then waiting is in vain.
fn holder(
    holders: &[(String, &'static str, Request)],
    answers: &Answers,
    known: &Outputs,
    replay: &mut Replay<'_>,
) -> Moves<Option<Next>> {
    let namespace = known_namespace(answers, known);
    for (noun, link, look) in holders {
        match replay.read(look)? {
            Ok(reply)
                if !is_going(&reply.body)
                    && text(&reply.body, link).is_some_and(|id| same_id(id, &namespace)) =>
            {
                return Ok(Some(left(format!("{noun} was left and is linked to it"))));
            }
            Ok(_) => {}
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => return Ok(Some(fail(error))),
        }
    }
    Ok(None)
}

fn delete_identity_role(answers: &Answers, profile: &Profile) -> Step {
    Revoke {
        noun: "the identity's roles on the namespace".to_owned(),
        scope: namespace_slot(answers),
        principal: Text::slot(&IDENTITY, "principalId"),
        version: profile.version("Microsoft.Authorization").to_owned(),
    }
    .step(
        answers,
        DELETE_IDENTITY_ROLE,
        "Take the identity's role on the namespace away",
        &access::teardown::look_at_identity(answers, profile),
    )
    .because("Roles go with a namespace that is deleted; on one that stays hubup takes away what it gave.")
    .needing([Need::effect(DELETE)])
}
