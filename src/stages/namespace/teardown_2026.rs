//! The way back of the namespace of `links-2026`, and the roles on one that stays (contract links-2026, section 8).

use std::time::Duration;

use super::id::{STILL_LINKED, look_at_namespace, namespace_slot};
use super::{CREATE, DELETE, DELETE_ROLES};
use crate::domain::{Answers, ErrorKind, Moves, Need, Next, Replay, Request, Step, Text};
use crate::stages::build::fail;
use crate::stages::dialect::Profile;
use crate::stages::hub::id::look_at_hub;
use crate::stages::remove::{Remove, is_going, left};
use crate::stages::revoke::Revoke;
use crate::stages::{certificates, dps, hub};

/// Signs that something lies below the namespace or is linked to it; the codes themselves are not published.
const HOLDS: [&str; 7] = {
    let [linked, is, are, still, to] = STILL_LINKED;
    ["CannotDelete", "nested resource", linked, is, are, still, to]
};

pub fn steps(answers: &Answers, profile: &Profile) -> Vec<Step> {
    vec![delete(answers, profile), delete_roles(answers, profile)]
}

fn delete(answers: &Answers, profile: &Profile) -> Step {
    let holders = [
        (format!("the IoT hub {}", answers.hub), look_at_hub(answers, profile)),
        (format!("the provisioning service {}", answers.dps), dps::teardown_2026::look(answers, profile)),
    ];
    let noun = format!("the namespace {}", answers.namespace);
    Remove::new(noun, namespace_slot(answers), look_at_namespace(answers, profile))
        .tagged()
        .held_by(&HOLDS, move |_, _, replay| holder(&holders, replay))
        .step(DELETE, "Delete the ADR namespace")
        .because("With it go the devices that are registered in it, and its own identity.")
        .needing([
            Need::effect(dps::DELETE),
            Need::effect(hub::DELETE),
            Need::effect(certificates::DELETE_ROOT_CA),
        ])
        .taking(Duration::from_mins(5))
}

/// Whether hub or service of the setup were left: nothing unlinks them but their own deletion, so waiting is in vain.
fn holder(holders: &[(String, Request)], replay: &mut Replay<'_>) -> Moves<Option<Next>> {
    for (noun, look) in holders {
        match replay.read(look)? {
            Ok(reply) if !is_going(&reply.body) => {
                return Ok(Some(left(format!("{noun} was left and is linked to it"))));
            }
            Ok(_) => {}
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => return Ok(Some(fail(error))),
        }
    }
    Ok(None)
}

fn delete_roles(answers: &Answers, profile: &Profile) -> Step {
    Revoke {
        noun: "the roles on the namespace".to_owned(),
        scope: namespace_slot(answers),
        principal: Text::slot(&CREATE, "principalId"),
        version: profile.version("Microsoft.Authorization").to_owned(),
    }
    .step(answers, DELETE_ROLES, "Take the roles on the namespace away", &look_at_namespace(answers, profile))
    .because("Roles go with a namespace that is deleted; on one that stays hubup takes away what it gave.")
    .needing([Need::effect(DELETE)])
}
