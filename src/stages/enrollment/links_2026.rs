//! The enrollment group of `links-2026`, with the three names that lead to its certificates (contract links-2026, 6.12).

use std::time::Duration;

use serde_json::Value;

use super::service::{WHOLE, group_request, judge_rest, service_keys};
use super::{GROUP, fields, recall_2026, teardown_2026};
use crate::domain::{
    Answers, Certificates, Fault, Method, Moves, Need, Next, Outputs, Patience, Purpose, Replay, Request,
    StageId, Step, Template, Text, object,
};
use crate::stages::build::{compare, fail, outputs, text};
use crate::stages::certificates::push::Push;
use crate::stages::dialect::{Profile, Stage};
use crate::stages::documents::ISSUANCE;
use crate::stages::dps::links_2026::dps_request;
use crate::stages::ensure::{Ensure, Verdict};
use crate::stages::namespace::id::{known_namespace, look_at_namespace};
use crate::stages::recall::Recall;
use crate::stages::{certificates, dps, link, namespace};

/// The data plane does not know something; what, only the message tells (contract links-2026, section 9; each meaning is
/// told by one source).
const UNKNOWN: &str = "400004";

/// The provisioning service may not act on the namespace, or the namespace is Failed (contract links-2026, section 9).
const NOT_AUTHORIZED: &str = "403000";

/// How often a group is sent; the first wait is 15 s, and each is twice the one before (contract links-2026, 6.12; one
/// source, a test framework).
const MOST_ATTEMPTS: u32 = 8;
const FIRST_WAIT: Duration = Duration::from_secs(15);

pub static STAGE: Stage = Stage {
    id: StageId::new("enrollment"),
    heading: "Enrollment group",
    fields: fields::FIELDS,
    steps: |answers, profile| vec![group(answers, profile)],
    recall: Recall { in_group: None, below: Some(recall_2026::group) },
    teardown: teardown_2026::steps,
    stays: &[],
};

fn group(answers: &Answers, profile: &Profile) -> Step {
    let host = || Text::slot(&dps::CREATE, "serviceOperationsHostName");
    let request = |method| group_request(answers, profile, method, host());
    let mut keys = service_keys(answers, profile, Text::slot(&dps::CREATE, "id"));
    keys.host = dps_request(answers, profile, Method::Get, "").host;
    let issues = answers.certificates != Certificates::Off;
    let mut members: Vec<(Text, Template)> = vec![
        ("enrollmentGroupId".into(), (&*answers.enrollment_group).into()),
        ("attestation".into(), object([("type", "symmetricKey".into())])),
        ("provisioningStatus".into(), "enabled".into()),
    ];
    let names = [
        ("namespaceName", answers.namespace.clone()),
        ("certificateAuthorityName", answers.issuing_ca.clone()),
        ("certificatePolicyName", answers.policy.clone()),
    ];
    if issues {
        // All three or none, names and not ids (contract links-2026, 6.12).
        members.push(("namespaceName".into(), namespace_name(answers).into()));
        members.push(("certificateAuthorityName".into(), (&*answers.issuing_ca).into()));
        members.push(("certificatePolicyName".into(), (&*answers.policy).into()));
    }
    let look = request(Method::Get);
    let create = request(Method::Put).with_body(Template::Object(members));
    let gives = answers.enrollment_group.clone();
    let ensure = Ensure::new(
        format!("the enrollment group {}", answers.enrollment_group),
        look.clone(),
        create.clone(),
    )
    .reached_within(Duration::from_mins(2))
    .judged(move |answers, known, value| judge(answers, known, value, issues.then_some(&names)))
    .giving(move |reply| {
        outputs([("group", Some(&gives)), ("policy", reply.text("/certificatePolicyName"))])
    });
    let namespace = look_at_namespace(answers, profile);
    let enrolling =
        Enrolling { keys: keys.clone(), namespace, ensure, push: issues.then(|| Push::of(answers, profile)) };
    let mut needs = vec![Need::value(dps::CREATE), Need::effect(link::SETTLE)];
    if issues {
        needs.extend([Need::effect(certificates::POLICY), Need::effect(certificates::PUSH)]);
    }
    let (push, look_at_namespace) = (enrolling.push.clone(), enrolling.namespace.clone());
    let step = Step::new(GROUP, "Create the enrollment group", move |answers, known, replay| {
        enrolling.run(answers, known, replay)
    })
    .because("Devices that hold a key derived from this group's key are let in, and the policy issues their certificates.")
    .needing(needs)
    .touching(format!("{}/enrollmentGroups/{}", dps::id::dps_id(answers), answers.enrollment_group))
    .documented(ISSUANCE)
    .planning(Purpose::Key, &keys)
    .planning(Purpose::Look, &look)
    .planning(Purpose::Change, &create)
    .planning(Purpose::Prove, &look)
    .planning(Purpose::Look, &look_at_namespace);
    match push {
        Some(push) => push.plan(step),
        None => step,
    }
}

/// The namespace's short name; that of another one that is used, where it is.
fn namespace_name(answers: &Answers) -> Text {
    Text::slot_or(&namespace::CREATE, "name", answers.namespace.clone())
}

struct Enrolling {
    keys: Request,
    namespace: Request,
    ensure: Ensure,
    push: Option<Push>,
}

impl Enrolling {
    fn run(&self, answers: &Answers, known: &Outputs, replay: &mut Replay<'_>) -> Moves<Next> {
        if let Err(error) = replay.read(&self.keys)? {
            return Ok(fail(error));
        }
        let mut pushes = 0;
        let mut every = FIRST_WAIT;
        let mut patience = Patience::of(FIRST_WAIT * ((1 << (MOST_ATTEMPTS - 1)) - 1));
        loop {
            let fault = match self.ensure.run(answers, known, replay)? {
                Next::Fail(fault) => fault,
                next => return Ok(next),
            };
            let why = match (fault.code.as_deref(), &self.push) {
                (Some(UNKNOWN), _) if speaks_of_version(&fault) => {
                    return Ok(Next::Fail(wrong_version(fault)));
                }
                (Some(UNKNOWN), Some(push)) if speaks_of_namespace(&fault) => {
                    pushes += 1;
                    if let next @ Next::Fail(_) = push.run(pushes, answers, known, replay)? {
                        return Ok(next);
                    }
                    "the provisioning service's data plane does not know the namespace yet"
                }
                (Some(NOT_AUTHORIZED), _) => {
                    // The code alone names no principal and no scope: a namespace that is Failed shows so here too.
                    match replay.read(&self.namespace)? {
                        Ok(reply) if is_failed(&reply.body) => {
                            replay
                                .redo(&[link::SETTLE], "the namespace is Failed, which refuses enrollment")?;
                        }
                        _ => {}
                    }
                    "the provisioning service may not act on the namespace yet"
                }
                _ => return Ok(Next::Fail(fault)),
            };
            if !replay.wait(&mut patience, why, every)? {
                return Ok(Next::Fail(given_up(fault)));
            }
            every = (every * 2).min(Duration::from_mins(16));
        }
    }
}

fn is_failed(namespace: &Value) -> bool {
    text(namespace, "/properties/provisioningState").is_some_and(|state| state.eq_ignore_ascii_case("Failed"))
}

fn speaks_of_version(fault: &Fault) -> bool {
    let says = fault.says.to_lowercase();
    ["api-version", "api version", "apiversion"].iter().any(|sign| says.contains(sign))
}

fn speaks_of_namespace(fault: &Fault) -> bool {
    fault.says.to_lowercase().contains("namespace")
}

fn wrong_version(fault: Fault) -> Fault {
    fault.meaning("the data plane of the provisioning service does not serve this api-version").remedied_by(
        "set another `\"DPS service plane\"` under `[api_versions]` in the setup file, then run the same command",
    )
}

fn given_up(fault: Fault) -> Fault {
    let (means, remedy) = if fault.code.as_deref() == Some(UNKNOWN) {
        (
            "the data plane of the provisioning service has not been told of the namespace",
            "keep trying, or retry `certificates.push`, which tells it again",
        )
    } else {
        (
            "the identity of the provisioning service has no effective role on the namespace",
            "keep trying, or check the roles of `namespace.own-roles`, then retry",
        )
    };
    fault
        .meaning(means)
        .having_checked(format!("sent {MOST_ATTEMPTS} times, each wait twice the one before"))
        .remedied_by(remedy)
        .passing()
}

fn judge(
    answers: &Answers,
    known: &Outputs,
    value: &Value,
    names: Option<&[(&'static str, String); 3]>,
) -> Verdict {
    let mut differs = Vec::new();
    let namespace = known_namespace(answers, known);
    let namespace = namespace.rsplit('/').next().unwrap_or_default();
    for (key, name) in names.into_iter().flatten() {
        let wanted = if *key == "namespaceName" { namespace } else { name };
        compare(&mut differs, key, value, &format!("/{key}"), wanted, WHOLE);
    }
    judge_rest(differs, value)
}
