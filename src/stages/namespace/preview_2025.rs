//! Stage 2 of `preview-2025` (contract preview-2025, section 4).

use serde_json::Value;

use super::{CREATE, IDENTITY_ROLE, fields, recall_2025, teardown_2025};
use crate::domain::{
    Answers, Method, Moves, Need, Replay, Request, StageId, Step, StepOutputs, Text, object,
};
use crate::stages::access::preview_2025::namespace_roles;
use crate::stages::access::{ADR_ROLE, IDENTITY, RESOURCE_GROUP};
use crate::stages::build::{arm, compare_location, done, outputs, registration, same, text};
use crate::stages::dialect::{Profile, Sign, Stage};
use crate::stages::documents::{REGISTRY, az};
use crate::stages::ensure::{Ensure, Verdict, provisioning};
use crate::stages::grant::{Grant, list_assignments, outcome};
use crate::stages::hub::id::hub_id;
use crate::stages::namespace::id::{namespace_id, namespace_slot};
use crate::stages::recall::Recall;

pub static STAGE: Stage = Stage {
    id: StageId::new("namespace"),
    heading: "ADR namespace",
    fields: fields::FIELDS,
    steps,
    recall: Recall { in_group: Some(recall_2025::namespace), below: None },
    teardown: teardown_2025::steps,
    stays: &[],
};

fn steps(answers: &Answers, profile: &Profile) -> Vec<Step> {
    vec![create(answers, profile), identity_role(answers, profile)]
}

fn create(answers: &Answers, profile: &Profile) -> Step {
    let id = namespace_id(answers);
    let version = profile.version("Microsoft.DeviceRegistry/namespaces");
    let identity = || object([("type", "SystemAssigned".into())]);
    let body = object([
        ("location", (&*answers.location).into()),
        ("tags", answers.all_tags().into()),
        ("identity", identity()),
    ]);
    Ensure::new(
        format!("the namespace {}", answers.namespace),
        arm(answers, Method::Get, id.clone(), version),
        arm(answers, Method::Put, id.clone(), version).with_body(body),
    )
    .tagged(answers)
    .known_as(id.clone())
    .usable(answers, "Microsoft.DeviceRegistry/namespaces", version)
    .registered_by(registration(answers, profile, "Microsoft.DeviceRegistry"))
    // A PUT would replace it and drop what others added; the identity alone can be patched in (section 4).
    .mended_by(
        arm(answers, Method::Patch, id.clone(), version).with_body(object([("identity", identity())])),
    )
    .judged(|answers, _, value| judge(answers, value))
    .giving(|reply| {
        outputs([
            ("principalId", reply.text("/identity/principalId")),
            ("location", reply.text("/location")),
        ])
    })
    .step(CREATE, "Create the ADR namespace")
    .because("Devices, the root credential and the issuing policy are registered in it; it acts through its own identity.")
    .needing([Need::effect(RESOURCE_GROUP)])
    .touching(id)
    .documented(REGISTRY)
    .in_az(az("az iot adr ns create", [("--name", (&*answers.namespace).into()), ("--resource-group", (&*answers.resource_group).into()), ("--location", (&*answers.location).into())]))
    .taking(std::time::Duration::from_mins(5))
}

fn judge(answers: &Answers, value: &Value) -> Verdict {
    match provisioning(value) {
        Verdict::Fits => {}
        verdict => return verdict,
    }
    let kind = text(value, "/identity/type").unwrap_or("None");
    if !kind.to_ascii_lowercase().contains("systemassigned") {
        return Verdict::Lacks(vec![format!("its identity is {kind} (SystemAssigned is needed)")]);
    }
    if text(value, "/identity/principalId").unwrap_or_default().is_empty() {
        return Verdict::Settling("without a principal for its identity".to_owned());
    }
    let mut differs = Vec::new();
    compare_location(&mut differs, value, &answers.location);
    if differs.is_empty() { Verdict::Fits } else { Verdict::Differs(differs) }
}

/// A namespace of this dialect holds a credential; without certificates its hub tells, whose tier the other does not have
/// (contract links-2026, section 11).
pub fn recognise(answers: &Answers, profile: &Profile, replay: &mut Replay<'_>) -> Moves<Sign> {
    let version = profile.version("Microsoft.DeviceRegistry/namespaces");
    let credential = format!("{}/credentials/default", namespace_id(answers));
    match replay.read(&arm(answers, Method::Get, credential, version))? {
        Ok(_) => return Ok(Sign::Ours("it holds a credential")),
        Err(error) => match Sign::of_error(error)? {
            Sign::Nothing => {}
            sign => return Ok(sign),
        },
    }
    match replay.read(&arm(
        answers,
        Method::Get,
        hub_id(answers),
        profile.version("Microsoft.Devices/IotHubs"),
    ))? {
        Ok(hub) if hub.text("/sku/name").is_some_and(|sku| same(sku, "GEN2")) => {
            Ok(Sign::Ours("its hub is of tier GEN2"))
        }
        Ok(_) => Ok(Sign::Nothing),
        Err(error) => match Sign::of_error(error)? {
            // A hub that cannot be looked at closes nothing.
            Sign::Closed => Ok(Sign::Nothing),
            sign => Ok(sign),
        },
    }
}

/// The look that lists what roles the identity has on the namespace.
pub fn identity_assignments(answers: &Answers, profile: &Profile) -> Request {
    let version = profile.version("Microsoft.Authorization");
    let principal = Text::slot(&IDENTITY, "principalId");
    list_assignments(answers, version, namespace_slot(answers), principal)
}

fn identity_role(answers: &Answers, profile: &Profile) -> Step {
    let grants: Vec<Grant> = namespace_roles(answers)
        .into_iter()
        .map(|(name, role)| Grant {
            noun: format!("{name} for the identity on the namespace"),
            scope: namespace_slot(answers),
            principal: Text::slot(&IDENTITY, "principalId"),
            role,
            fresh: true,
            version: profile.version("Microsoft.Authorization").to_owned(),
        })
        .collect();
    let planned = grants.clone();
    let step = Step::new(
        IDENTITY_ROLE,
        "Give the identity its role on the namespace",
        move |answers, known, replay| {
            let mut granted = Vec::new();
            for grant in &grants {
                granted.push(grant.run(answers, known, replay)?);
            }
            Ok(done(outcome(&granted), StepOutputs::new()))
        },
    )
    .because("Given early: it takes minutes to reach IoT Hub, which refuses a hub until it has.")
    .needing([Need::effect(CREATE), Need::value(IDENTITY), Need::effect(ADR_ROLE)])
    .touching(format!("{}/roleAssignments/identity", namespace_id(answers)));
    planned.iter().fold(step, |step, grant| grant.plan(answers, step))
}
