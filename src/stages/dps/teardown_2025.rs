//! The way back of stage 5: our link out of a service that stays, and the service of ours (contract preview-2025, sections 7
//! and 13).

use serde_json::Value;

use super::preview_2025::{lists, taken_back};
use super::{DELETE, LINK_HUB, UNLINK_HUB};
use crate::domain::{
    Answers, Body, ErrorKind, Fault, Method, Moves, Need, Next, Outcome, Outputs, Patience, Purpose, Replay,
    Request, Step, StepOutputs,
};
use crate::stages::build::{LOOK_AGAIN, SETTLE_PATIENCE, arm, done, fail, same, text};
use crate::stages::dialect::Profile;
use crate::stages::dps::id::dps_slot;
use crate::stages::enrollment;
use crate::stages::ensure::{Verdict, provisioning_and_active};
use crate::stages::found::another_setup;
use crate::stages::hub::id::hub_slot;
use crate::stages::remove::{Refusals, Remove, goes_along, is_going, is_tagged_by_us, left, not_allowed};

pub fn steps(answers: &Answers, profile: &Profile) -> Vec<Step> {
    vec![unlink(answers, profile), delete(answers, profile)]
}

/// The look at the service.
pub fn look(answers: &Answers, profile: &Profile) -> Request {
    let version = profile.version("Microsoft.Devices/provisioningServices");
    arm(answers, Method::Get, dps_slot(answers), version)
}

fn unlink(answers: &Answers, profile: &Profile) -> Step {
    let look = look(answers, profile);
    let mut put = Request { method: Method::Put, ..look.clone() };
    put.body = Body::MergeInto { read: None, patches: Vec::new() };
    let hub = arm(answers, Method::Get, hub_slot(answers), profile.version("Microsoft.Devices/IotHubs"));
    let (seen, change, linked) = (look.clone(), put.clone(), hub.clone());
    Step::new(UNLINK_HUB, "Take the hub out of a service that stays", move |answers, known, replay| {
        run_unlink([&seen, &linked], &change, answers, known, replay)
    })
    .because("A provisioning service that hubup did not make stays, without the link that hubup put into it.")
    .touching(dps_slot(answers).to_string())
    .planning(Purpose::Look, &look)
    .planning(Purpose::Look, &hub)
    .planning(Purpose::Change, &put)
    .planning(Purpose::Prove, &look)
}

fn run_unlink(
    [look, linked]: [&Request; 2],
    put: &Request,
    answers: &Answers,
    known: &Outputs,
    replay: &mut Replay<'_>,
) -> Moves<Next> {
    let mut settling = Patience::of(SETTLE_PATIENCE);
    let mut refusals = Refusals::default();
    let mut acted = false;
    let noun = format!("the provisioning service {}", answers.dps);
    let id = dps_slot(answers).shown(known);
    // The host name of a hub begins with its own name (contract preview-2025, section 6).
    let hub = hub_slot(answers).shown(known);
    let hub = hub.rsplit('/').next().unwrap_or_default();
    let is_its_host = |host: &str| host.split_once('.').is_some_and(|(name, _)| same(name, hub));
    loop {
        let found = match replay.read(look)? {
            Ok(reply) => reply,
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(goes_along("gone already")),
            Err(error) => return Ok(fail(error)),
        };
        let ours =
            replay.earlier().made(&id) || is_tagged_by_us(answers, &id, &found.body) || is_going(&found.body);
        if ours {
            return Ok(goes_along("the link goes with the service"));
        }
        let hubs = found.body.pointer("/properties/iotHubs").and_then(Value::as_array);
        let hosts = hubs.into_iter().flatten().filter_map(|hub| text(hub, "/name"));
        let Some(host) = hosts.into_iter().find(|host| is_its_host(host)).map(str::to_owned) else {
            return Ok(if acted {
                done(Outcome::Done, StepOutputs::new())
            } else {
                goes_along("gone already")
            });
        };
        if known.get(&LINK_HUB, "linked").is_none_or(|linked| !same(linked, &host)) {
            return Ok(left(format!(
                "{noun} lists {host}, and no journal on this machine says that hubup linked it"
            )));
        }
        if !acted {
            match replay.read(linked)? {
                Ok(hub) => {
                    // What is on record may be gone, and another setup have made its own under the same names.
                    if let Some(other) = another_setup(answers, &hub.body) {
                        return Ok(left(format!(
                            "{host} belongs to the setup {other}, and so does its link"
                        )));
                    }
                }
                Err(error) if error.kind == ErrorKind::NotFound => {}
                Err(error) => return Ok(fail(error)),
            }
        }
        if let Verdict::Settling(state) = provisioning_and_active(&found.body) {
            let every = found.retry_after.unwrap_or(LOOK_AGAIN);
            if replay.wait(&mut settling, &format!("{noun} is {state}"), every)? {
                continue;
            }
            let says = format!("{noun} is still {state}");
            return Ok(Next::Fail(Fault::new(says, "keep trying, or run the same command later").passing()));
        }
        if acted && lists(&found.body, &host) {
            let says = format!("the update was taken, and {host} is still linked");
            return Ok(Next::Fail(Fault::new(
                says,
                "take the link out in the portal, then run the same command",
            )));
        }
        let mut change = put.clone();
        if let Body::MergeInto { read, .. } = &mut change.body {
            *read = Some(without(taken_back(&found.body), &found.body, &host));
        }
        match replay.write(&change)? {
            Ok(_) => acted = true,
            Err(error) => {
                if !refusals.pass(error, &noun, replay)? {
                    let keeper = "an Owner or Contributor of the service";
                    return Ok(Next::Fail(not_allowed(error, &noun, keeper)));
                }
            }
        }
    }
}

/// The description without the link to `host`. What is taken back has lost the names, so places are told by what was read.
fn without(mut description: Value, read: &Value, host: &str) -> Value {
    let named: Vec<bool> = read
        .pointer("/properties/iotHubs")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|hub| text(hub, "/name").is_some_and(|name| same(name, host)))
        .collect();
    if let Some(Value::Array(hubs)) = description.pointer_mut("/properties/iotHubs") {
        let mut named = named.into_iter();
        hubs.retain(|_| !named.next().unwrap_or_default());
    }
    description
}

fn delete(answers: &Answers, profile: &Profile) -> Step {
    Remove::new(
        format!("the provisioning service {}", answers.dps),
        dps_slot(answers),
        look(answers, profile),
    )
    .tagged()
    .step(DELETE, "Delete the Device Provisioning Service")
    .because("It is what is billed; devices find no hub through it any more.")
    .needing([Need::effect(enrollment::DELETE), Need::effect(UNLINK_HUB)])
    .taking(std::time::Duration::from_mins(5))
}
