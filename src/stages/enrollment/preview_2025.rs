//! Stage 7 of `preview-2025`: the DPS service plane (contract preview-2025, section 9).

use std::time::Duration;

use serde_json::Value;

use super::{GROUP, fields, recall_2025, teardown_2025};
use crate::domain::{
    Answers, Certificates, Method, Need, Outputs, Purpose, StageId, Step, Template, Text, object,
};
use crate::stages::build::{compare, fail, outputs};
use crate::stages::certificates;
use crate::stages::certificates::preview_2025::policy_name_slot;
use crate::stages::dialect::{Profile, Stage};
use crate::stages::documents::{ISSUANCE, az};
use crate::stages::dps;
use crate::stages::enrollment::service::{WHOLE, group_request, judge_rest, service_keys};
use crate::stages::ensure::{Ensure, Verdict};
use crate::stages::recall::Recall;

pub static STAGE: Stage = Stage {
    id: StageId::new("enrollment"),
    heading: "Enrollment group",
    fields: fields::FIELDS,
    steps,
    recall: Recall { in_group: None, below: Some(recall_2025::group) },
    teardown: teardown_2025::steps,
    stays: &[],
};

fn steps(answers: &Answers, profile: &Profile) -> Vec<Step> {
    vec![group(answers, profile)]
}

fn group(answers: &Answers, profile: &Profile) -> Step {
    let host = || Text::slot(&dps::CREATE, "serviceOperationsHostName");
    let request = |method| group_request(answers, profile, method, host());
    let keys = service_keys(answers, profile, Text::slot(&dps::CREATE, "id"));
    let issues = answers.certificates != Certificates::Off;
    let mut members: Vec<(Text, Template)> = vec![
        ("enrollmentGroupId".into(), (&*answers.enrollment_group).into()),
        // Without keys the service makes both (contract preview-2025, 7c).
        ("attestation".into(), object([("type", "symmetricKey".into()), ("symmetricKey", object([]))])),
        ("provisioningStatus".into(), "enabled".into()),
    ];
    if issues {
        members.push(("credentialPolicyName".into(), policy_name_slot(answers).into()));
    }
    let look = request(Method::Get);
    let create = request(Method::Put).with_body(Template::Object(members));
    let policy = issues.then(|| policy_name_slot(answers));
    let ensure = {
        let policy = policy.clone();
        let gives = answers.enrollment_group.clone();
        Ensure::new(
            format!("the enrollment group {}", answers.enrollment_group),
            look.clone(),
            create.clone(),
        )
        // Its host may not resolve yet, or may answer 401 or 404 for a minute (contract preview-2025, 7c).
        .reached_within(Duration::from_mins(2))
        .judged(move |_, known, value| judge(value, policy.as_ref(), known))
        .giving(move |reply| {
            outputs([("group", Some(&gives)), ("policy", reply.text("/credentialPolicyName"))])
        })
    };
    let fetch = keys.clone();
    let mut needs = vec![Need::value(dps::CREATE)];
    if issues {
        needs.push(Need::effect(certificates::POLICY));
    }
    let mut words = az(
        "az iot dps enrollment-group create",
        [
            ("--dps-name", (&*answers.dps).into()),
            ("--resource-group", (&*answers.resource_group).into()),
            ("--enrollment-id", (&*answers.enrollment_group).into()),
        ],
    );
    if issues {
        words.extend(["--credential-policy".into(), policy_name_slot(answers)]);
    }
    Step::new(GROUP, "Create the enrollment group", move |answers, known, replay| {
        if let Err(error) = replay.read(&fetch)? {
            return Ok(fail(error));
        }
        ensure.run(answers, known, replay)
    })
    .because("Devices that hold a key derived from this group's key are let in, and the policy issues their certificates.")
    .needing(needs)
    .touching(format!("{}/enrollmentGroups/{}", dps::id::dps_id(answers), answers.enrollment_group))
    .documented(ISSUANCE)
    .in_az(words)
    .planning(Purpose::Key, &keys)
    .planning(Purpose::Look, &look)
    .planning(Purpose::Change, &create)
    .planning(Purpose::Prove, &look)
}

fn judge(value: &Value, policy: Option<&Text>, known: &Outputs) -> Verdict {
    let mut differs = Vec::new();
    if let Some(policy) = policy {
        compare(&mut differs, "policy", value, "/credentialPolicyName", &policy.shown(known), WHOLE);
    }
    judge_rest(differs, value)
}
