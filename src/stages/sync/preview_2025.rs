//! Stage 6 of `preview-2025` (contract preview-2025, section 8).

use std::time::Duration;

use serde_json::Value;

use super::{HUB_CERTIFICATE, SYNCHRONIZE, teardown_2025};
use crate::domain::{
    Answers, Certificates, ErrorKind, Exit, Fault, Method, Moves, Need, Next, Outcome, Outputs, Patience,
    Purpose, Replay, Request, StageId, Step, StepOutputs, Text,
};
use crate::stages::build::{
    BUSY, GRANT_PATIENCE, LOOK_AGAIN, arm, done, fail, outputs, read_all, same_id, text,
};
use crate::stages::certificates;
use crate::stages::certificates::preview_2025::policy_id_slot;
use crate::stages::dialect::{Profile, Stage};
use crate::stages::documents::{CERTIFICATES, az};
use crate::stages::hub;
use crate::stages::hub::id::{hub_id, hub_slot};
use crate::stages::namespace::id::{namespace_id, namespace_slot};
use crate::stages::recall::Recall;

/// Signs that the namespace's rights on the hub have not arrived (contract preview-2025, 6a).
const RIGHTS_NOT_EFFECTIVE: &[&str] = &[
    "AuthorizationFailed",
    "LinkedAuthorizationFailed",
    "does not have authorization",
    "permission",
    "Forbidden",
];

pub static STAGE: Stage = Stage {
    id: StageId::new("sync"),
    heading: "Credential sync",
    fields: &[],
    steps,
    recall: Recall::NOTHING,
    teardown: teardown_2025::steps,
    stays: &[],
};

fn steps(answers: &Answers, profile: &Profile) -> Vec<Step> {
    if answers.certificates == Certificates::Off {
        return Vec::new();
    }
    vec![synchronize(answers, profile), hub_certificate(answers, profile)]
}

/// The look that lists what the hub trusts.
pub(super) fn list_certificates(answers: &Answers, profile: &Profile) -> Request {
    let path = hub_slot(answers).then("/certificates");
    arm(answers, Method::Get, path, profile.version("Microsoft.Devices/IotHubs"))
}

fn synchronize(answers: &Answers, profile: &Profile) -> Step {
    let list = list_certificates(answers, profile);
    let post = arm(
        answers,
        Method::Post,
        namespace_slot(answers).then("/credentials/default/synchronize"),
        profile.version("Microsoft.DeviceRegistry/namespaces"),
    );
    let policy = policy_id_slot(answers);
    let (look, send) = (list.clone(), post.clone());
    Step::new(SYNCHRONIZE, "Synchronize the credential with the hub", move |_, known, replay| {
        run_synchronize(&look, &send, &policy, known, replay)
    })
    .because("Pushes the issuing CA of the namespace's policy to the linked hub, which then trusts issued certificates.")
    .needing([
        Need::effect(certificates::POLICY),
        Need::effect(hub::CREATE),
        Need::effect(hub::NAMESPACE_CONTRIBUTOR),
        Need::effect(hub::NAMESPACE_REGISTRY_CONTRIBUTOR),
    ])
    .touching(format!("{}/credentials/default/synchronize", namespace_id(answers)))
    .touching(format!("{}/certificates", hub_id(answers)))
    .documented(CERTIFICATES)
    .in_az(az(
        "az iot adr ns credential sync",
        [
            ("--namespace", (&*answers.namespace).into()),
            ("--resource-group", (&*answers.resource_group).into()),
        ],
    ))
    .planning(Purpose::Look, &list)
    .planning(Purpose::Change, &post)
}

fn run_synchronize(
    look: &Request,
    send: &Request,
    policy: &Text,
    known: &Outputs,
    replay: &mut Replay<'_>,
) -> Moves<Next> {
    // A hub that lists our CA has been synchronised: nothing is sent twice.
    match read_all(replay, look)? {
        Ok(found) if ours(&found, &policy.shown(known)).is_some() => {
            return Ok(done(Outcome::AlreadyThere, StepOutputs::new()));
        }
        Ok(_) => {}
        Err(error) => return Ok(fail(&error)),
    }
    let mut rights = Patience::of(GRANT_PATIENCE);
    // Each try is an operation of its own, so they grow apart (contract preview-2025, 6a: "retry with backoff").
    let mut every = LOOK_AGAIN;
    let mut lost = Patience::of(Duration::from_mins(2));
    loop {
        let Err(error) = replay.write(send)? else {
            return Ok(done(Outcome::Done, StepOutputs::new()));
        };
        if error.kind == ErrorKind::Forbidden || error.shows(RIGHTS_NOT_EFFECTIVE) {
            let why = "the namespace's rights on the hub have not arrived";
            if replay.wait(&mut rights, why, every)? {
                every = (every * 2).min(Duration::from_secs(80));
                continue;
            }
            return Ok(Next::Fail(
                Fault::from(error)
                    .keyed("grant-not-effective")
                    .meaning("the namespace may not write to the hub: its two roles there are missing, or late")
                    .exiting(Exit::Failed)
                    .passing()
                    .remedied_by(
                        "keep trying for five minutes, or check that the namespace's identity is Contributor and \
                         IoT Hub Registry Contributor on the hub",
                    ),
            ));
        }
        // Safe to repeat, so a lost reply needs no looking first.
        let passing = matches!(error.kind, ErrorKind::Lost | ErrorKind::Service | ErrorKind::Throttled)
            || (error.kind == ErrorKind::Conflict && error.shows(BUSY));
        let pause = error.retry_after.unwrap_or(LOOK_AGAIN);
        if !passing || !replay.wait(&mut lost, "sync was not taken; sending it again", pause)? {
            return Ok(fail(error));
        }
    }
}

fn hub_certificate(answers: &Answers, profile: &Profile) -> Step {
    let list = list_certificates(answers, profile);
    let policy = policy_id_slot(answers);
    let look = list.clone();
    Step::new(HUB_CERTIFICATE, "See the CA in the hub", move |_, known, replay| {
        run_certificate(&look, &policy, known, replay)
    })
    .because("An empty list is not success: the hub must list the CA of exactly this policy.")
    .needing([Need::effect(SYNCHRONIZE)])
    .documented(CERTIFICATES)
    .in_az(az(
        "az iot hub certificate list",
        [("--hub-name", (&*answers.hub).into()), ("--resource-group", (&*answers.resource_group).into())],
    ))
    .planning(Purpose::Prove, &list)
}

fn run_certificate(look: &Request, policy: &Text, known: &Outputs, replay: &mut Replay<'_>) -> Moves<Next> {
    let policy = policy.shown(known);
    // Two minutes, then one sync more, then two minutes again (contract preview-2025, 6b).
    for round in 0..2 {
        let mut patience = Patience::of(Duration::from_mins(2));
        loop {
            let found = match read_all(replay, look)? {
                Ok(found) => found,
                Err(error) => return Ok(fail(&error)),
            };
            if let Some(certificate) = ours(&found, &policy) {
                return Ok(done(
                    Outcome::Done,
                    outputs([
                        ("certificate", text(certificate, "/name")),
                        ("subject", text(certificate, "/properties/subject")),
                        ("thumbprint", text(certificate, "/properties/thumbprint")),
                        ("expiry", text(certificate, "/properties/expiry")),
                    ]),
                ));
            }
            let why = "the hub does not list the policy's CA yet";
            if !replay.wait(&mut patience, why, Duration::from_secs(5))? {
                break;
            }
        }
        if round == 0 {
            replay.redo(&[SYNCHRONIZE], "the hub still lists no CA of the policy")?;
        }
    }
    Ok(Next::Fail(
        Fault::new(
            "sync ended well, and the hub lists no CA of the policy",
            "keep trying; if it stays so, check the namespace's two roles on the hub and that the hub is linked",
        )
        .meaning("the hub would refuse every certificate that is issued")
        .passing()
        .having_checked(format!("the certificates of the hub, twice over two minutes, for {policy}")),
    ))
}

/// The hub's certificate of `policy`.
fn ours<'a>(certificates: &'a [Value], policy: &str) -> Option<&'a Value> {
    certificates.iter().find(|certificate| is_of_policy(certificate, policy))
}

/// True for the CA of `policy`. The live service spells the key with a capital (contract preview-2025, 6b).
pub(super) fn is_of_policy(certificate: &Value, policy: &str) -> bool {
    ["/properties/policyResourceId", "/properties/PolicyResourceId"]
        .iter()
        .filter_map(|pointer| text(certificate, pointer))
        .any(|id| same_id(id, policy))
}
