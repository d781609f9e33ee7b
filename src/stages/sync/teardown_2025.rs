//! The way back of stage 6: our CA out of a hub that stays (contract preview-2025, 6b).

use serde_json::Value;

use super::DELETE_CERTIFICATE;
use super::preview_2025::{is_of_policy, list_certificates};
use crate::domain::{
    Answers, ErrorKind, Method, Moves, Need, Next, Outcome, Outputs, Purpose, Replay, Request, Step, Text,
};
use crate::stages::build::{arm, fail, read_all, text};
use crate::stages::certificates::preview_2025::policy_id_slot;
use crate::stages::certificates::teardown_2025::below_namespace;
use crate::stages::dialect::Profile;
use crate::stages::hub;
use crate::stages::hub::id::hub_slot;
use crate::stages::remove::{Remove, goes_along};

pub fn steps(answers: &Answers, profile: &Profile) -> Vec<Step> {
    let list = list_certificates(answers, profile);
    let (look, policy) = (list.clone(), policy_id_slot(answers));
    let planned = removal(answers, profile, "{certificate}");
    let profile = profile.clone();
    let step = Step::new(
        DELETE_CERTIFICATE,
        "Take the policy's CA out of a hub that stays",
        move |answers, known, replay| run(&look, &policy, &profile, answers, known, replay),
    )
    .because("A hub that hubup did not make stays, and no longer trusts what the policy issued.")
    .needing([Need::effect(hub::DELETE)])
    .touching(format!("{}/certificates", hub_slot(answers)))
    .planning(Purpose::Look, &list);
    vec![planned.plan(step)]
}

/// The deletion of the certificate `name`, which is ours when its policy is.
fn removal(answers: &Answers, profile: &Profile, name: &str) -> Remove {
    let namespaces = profile.version("Microsoft.DeviceRegistry/namespaces");
    let id = hub_slot(answers).then(format!("/certificates/{name}"));
    let look = arm(answers, Method::Get, id.clone(), profile.version("Microsoft.Devices/IotHubs"));
    let policy = policy_id_slot(answers);
    let look_at_policy = arm(answers, Method::Get, policy.clone(), namespaces);
    let removal = Remove::new(format!("the certificate {name}"), id, look).matched();
    below_namespace(
        answers,
        removal.below(format!("the policy {}", answers.policy), policy, look_at_policy),
        namespaces,
    )
}

fn run(
    list: &Request,
    policy: &Text,
    profile: &Profile,
    answers: &Answers,
    known: &Outputs,
    replay: &mut Replay<'_>,
) -> Moves<Next> {
    let certificates = match read_all(replay, list)? {
        Ok(certificates) => certificates,
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(goes_along("gone with the hub")),
        Err(error) => return Ok(fail(&error)),
    };
    let policy = policy.shown(known);
    let names: Vec<&str> = certificates
        .iter()
        .filter(|certificate: &&Value| is_of_policy(certificate, &policy))
        .filter_map(|certificate| text(certificate, "/name"))
        .collect();
    let mut ended = goes_along("gone already");
    for name in names {
        let next = removal(answers, profile, name).run(answers, known, replay)?;
        match &next {
            Next::Done { outcome: Outcome::AlreadyThere, .. } => {}
            Next::Done { .. } => ended = next,
            _ => return Ok(next),
        }
    }
    Ok(ended)
}
