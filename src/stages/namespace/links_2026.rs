//! The namespace of `links-2026` and the roles that a link needs (contract links-2026, 6.3 to 6.5 and section 7).

use std::time::Duration;

use serde_json::Value;

use super::id::{namespace_id, namespace_slot};
use super::{CREATE, DPS_ROLES, HUB_ROLES, OWN_ROLES, fields, recall_2026, teardown_2026};
use crate::domain::{
    Answers, Fault, IdentityKind, Method, Moves, Need, Next, Outputs, Patience, Purpose, Replay, Request,
    StageId, Step, StepId, StepOutputs, Text, object,
};
use crate::stages::access::RESOURCE_GROUP;
use crate::stages::access::acting::{giver, principal};
use crate::stages::build::{arm, compare_location, done, outputs, registration, same, same_id, text};
use crate::stages::dialect::{Profile, Sign, Stage};
use crate::stages::documents::{NAMESPACE_GUIDE, NAMESPACES};
use crate::stages::dps::id::{dps_id, dps_slot};
use crate::stages::ensure::{Ensure, Verdict, provisioning};
use crate::stages::grant::{Grant, Granted, outcome};
use crate::stages::hub::id::hub_slot;
use crate::stages::link::endpoints::{Endpoint, endpoints, wanted};
use crate::stages::recall::Recall;
use crate::stages::remove::is_going;
use crate::stages::roles::{ADR_CONTRIBUTOR, CONTRIBUTOR, HUB_DATA_CONTRIBUTOR, role_definition_id};
use crate::stages::{dps, hub};

/// Registry and ARM disagree about whether the namespace exists: it takes a create that names the endpoints (contract
/// links-2026, 6.3; one source, a repair script).
const GHOST: &str = "EndpointUsedByNestedDevices";

/// What a grant takes at least to reach the services that check it (contract links-2026, section 7; two scripts wait so).
const HEAD_START: Duration = Duration::from_mins(1);

/// The tag by which a namespace links another way; two maintained scripts set it and say that linking fails without it,
/// two successful runs did without (contract links-2026, 6.3).
pub const MI_SDK: &str = "useMiSdk";

pub static STAGE: Stage = Stage {
    id: StageId::new("namespace"),
    heading: "ADR namespace",
    fields: fields::LINKS_2026,
    steps,
    recall: Recall { in_group: Some(recall_2026::namespace), below: None },
    teardown: teardown_2026::steps,
    stays: &[],
};

fn steps(answers: &Answers, profile: &Profile) -> Vec<Step> {
    vec![
        create(answers, profile),
        hub_roles(answers, profile),
        dps_roles(answers, profile),
        own_roles(answers, profile),
    ]
}

/// The steps that make the namespace and give the roles that its principal needs: they are done anew together.
pub const MADE_ANEW: [StepId; 4] = [CREATE, HUB_ROLES, DPS_ROLES, OWN_ROLES];

/// A namespace of this dialect links something, or holds certificate authorities (contract links-2026, section 4, point 5).
pub fn recognise(answers: &Answers, profile: &Profile, replay: &mut Replay<'_>) -> Moves<Sign> {
    let version = profile.version("Microsoft.DeviceRegistry/namespaces");
    let id = namespace_id(answers);
    match replay.read(&arm(answers, Method::Get, id.clone(), version))? {
        Ok(reply) if endpoints(&reply.body).iter().any(Endpoint::is_link) => {
            return Ok(match another_dps(&reply.body, &dps_id(answers)) {
                Some((says, remedy)) => Sign::Unfit(Box::new(Fault::new(says, remedy))),
                None => Sign::Ours("it links a hub or a provisioning service"),
            });
        }
        Ok(_) => {}
        Err(error) => return Sign::of_error(error),
    }
    let authorities = arm(answers, Method::Get, format!("{id}/certificateAuthorities"), version);
    match replay.read(&authorities)? {
        Ok(reply) if reply.body["value"].as_array().is_some_and(|found| !found.is_empty()) => {
            Ok(Sign::Ours("it holds certificate authorities"))
        }
        Ok(_) => Ok(Sign::Nothing),
        Err(error) => Sign::of_error(error),
    }
}

/// Whether the namespace is to carry [`MI_SDK`].
pub fn wants_mi_sdk(answers: &Answers) -> bool {
    answers.use_mi_sdk.unwrap_or_else(|| answers.location.ends_with("euap"))
}

/// What is wrong with a namespace that links another provisioning service than `ours`, and what to do: it links one
/// (contract links-2026, section 3).
fn another_dps(namespace: &Value, ours: &str) -> Option<(String, String)> {
    let links = endpoints(namespace);
    let other = links.iter().find(|endpoint| endpoint.is_dps() && !same_id(endpoint.resource_id, ours))?;
    let name = other.resource_id.rsplit('/').next().unwrap_or_default();
    Some((
        format!("the namespace links another provisioning service already: {}", other.resource_id),
        format!("a namespace links one: set `dps.name` to {name}, or choose another `namespace.name`"),
    ))
}

fn create(answers: &Answers, profile: &Profile) -> Step {
    let id = namespace_id(answers);
    let version = profile.version("Microsoft.DeviceRegistry/namespaces");
    let identity = || object([("type", "SystemAssigned".into())]);
    let mut tags = answers.all_tags();
    if wants_mi_sdk(answers) {
        tags.insert(MI_SDK.to_owned(), "true".to_owned());
    }
    let members = || {
        [("location", (&*answers.location).into()), ("tags", tags.clone().into()), ("identity", identity())]
    };
    let [location, tagged, acting] = members();
    let endpoints = wanted(answers).properties();
    let whole = object([location, tagged, acting, ("properties", endpoints)]);
    let look = arm(answers, Method::Get, id.clone(), version);
    let ensure = |create: Request| {
        Ensure::new(format!("the namespace {}", answers.namespace), look.clone(), create)
            .tagged(answers)
            .known_as(id.clone())
            .registered_by(registration(answers, profile, "Microsoft.DeviceRegistry"))
            // A PUT would replace it and drop its links; the identity alone can be patched in (`NamespaceUpdate` of the
            // specification).
            .mended_by(
                arm(answers, Method::Patch, id.clone(), version)
                    .with_body(object([("identity", identity())])),
            )
            .judged(|answers, known, value| match another_dps(value, &dps_slot(answers).shown(known)) {
                Some((says, remedy)) => Verdict::Unusable { says, remedy },
                None => judge(answers, value),
            })
            .giving(|reply| {
                outputs([
                    ("name", reply.text("/name")),
                    ("principalId", reply.text("/identity/principalId")),
                    ("location", reply.text("/location")),
                ])
            })
    };
    let put = |body| arm(answers, Method::Put, id.clone(), version).with_body(body);
    let usual = ensure(put(object(members())));
    let usual = usual.usable(answers, "Microsoft.DeviceRegistry/namespaces", version);
    // Its links fail for want of the roles that are still to be given, and with them the operation: they are sent again.
    let at_once = put(whole).unfollowed();
    let over_ghost = ensure(at_once.clone());
    let planned = usual.clone().step(CREATE, "").planning(Purpose::Change, &at_once);
    let mut step = Step::new(CREATE, "Create the ADR namespace", move |answers, known, replay| {
        match usual.run(answers, known, replay)? {
            Next::Fail(fault) if fault.code.as_deref() == Some(GHOST) => over_ghost.run(answers, known, replay),
            next => Ok(next),
        }
    })
    .documented(NAMESPACES)
    .documented(NAMESPACE_GUIDE)
    .because("Devices and certificate authorities are registered in it; it links hub and provisioning service through its own identity.")
    .needing([Need::effect(RESOURCE_GROUP), Need::effect(hub::CREATE), Need::effect(dps::CREATE)])
    .touching(id.clone())
    .taking(Duration::from_mins(10));
    step.planned = planned.planned;
    step.usable = planned.usable;
    step
}

/// Once it holds links, how they stand is the matter of the steps that link: a PUT to mend a Failed namespace would drop
/// them, and what is linked cannot be written again (contract links-2026, section 8).
fn judge(answers: &Answers, value: &Value) -> Verdict {
    if is_going(value) {
        return Verdict::Settling("being deleted".to_owned());
    }
    if !endpoints(value).iter().any(Endpoint::is_link) {
        match provisioning(value) {
            Verdict::Fits => {}
            verdict => return verdict,
        }
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

/// The namespace, as one that roles are given to.
fn namespace_itself() -> (&'static str, Text) {
    ("the namespace", Text::slot(&CREATE, "principalId"))
}

/// Who is given what: the union of the sets that the sources used (contract links-2026, section 7, rows 1 to 8).
struct Roles<'a> {
    answers: &'a Answers,
    profile: &'a Profile,
}

impl Roles<'_> {
    fn grant(&self, name: &str, role: &str, whom: (&str, Text), on: (&str, Text)) -> Grant {
        Grant {
            noun: format!("{name} for {} on {}", whom.0, on.0),
            scope: on.1,
            principal: whom.1,
            role: role_definition_id(self.answers, role).into(),
            fresh: true,
            version: self.profile.version("Microsoft.Authorization").to_owned(),
        }
    }

    fn hub(&self) -> (&'static str, Text) {
        (self.shared("the hub"), principal(self.answers, hub::CREATE))
    }

    fn dps(&self) -> (&'static str, Text) {
        (self.shared("the provisioning service"), principal(self.answers, dps::CREATE))
    }

    fn shared(&self, own: &'static str) -> &'static str {
        match self.answers.identity_kind {
            IdentityKind::SystemAssigned => own,
            IdentityKind::UserAssigned => "the shared identity",
        }
    }
}

fn hub_roles(answers: &Answers, profile: &Profile) -> Step {
    let roles = Roles { answers, profile };
    let on = || ("the hub", hub_slot(answers));
    let grants = vec![
        roles.grant("Contributor", CONTRIBUTOR, namespace_itself(), on()),
        roles.grant("IoT Hub Data Contributor", HUB_DATA_CONTRIBUTOR, namespace_itself(), on()),
        roles.grant("IoT Hub Data Contributor", HUB_DATA_CONTRIBUTOR, roles.dps(), on()),
    ];
    granting(answers, HUB_ROLES, "Give roles on the hub", grants)
        .because("The namespace links the hub and manages devices in it; the provisioning service registers devices there.")
        .needing([
            Need::effect(hub::CREATE),
            Need::value(CREATE),
            Need::value(giver(answers, dps::CREATE)),
        ])
}

fn dps_roles(answers: &Answers, profile: &Profile) -> Step {
    let roles = Roles { answers, profile };
    let on = ("the provisioning service", dps_slot(answers));
    let grants = vec![roles.grant("Contributor", CONTRIBUTOR, namespace_itself(), on)];
    granting(answers, DPS_ROLES, "Give a role on the provisioning service", grants)
        .because("The namespace links the provisioning service.")
        .needing([Need::effect(dps::CREATE), Need::value(CREATE)])
}

fn own_roles(answers: &Answers, profile: &Profile) -> Step {
    let roles = Roles { answers, profile };
    let on = || ("the namespace", namespace_slot(answers));
    let mut grants = vec![
        roles.grant("Contributor", CONTRIBUTOR, roles.hub(), on()),
        roles.grant("Azure Device Registry Contributor", ADR_CONTRIBUTOR, roles.dps(), on()),
        // It onboards devices as itself (contract links-2026, section 7, row 6).
        roles.grant("Contributor", CONTRIBUTOR, namespace_itself(), on()),
    ];
    if answers.identity_kind == IdentityKind::SystemAssigned {
        grants.insert(1, roles.grant("Contributor", CONTRIBUTOR, roles.dps(), on()));
    }
    granting(answers, OWN_ROLES, "Give roles on the namespace", grants)
        .because("Hub and provisioning service call the namespace, which also registers devices as itself.")
        .needing([
            Need::value(CREATE),
            Need::value(giver(answers, hub::CREATE)),
            Need::value(giver(answers, dps::CREATE)),
        ])
}

fn granting(answers: &Answers, id: StepId, title: &str, grants: Vec<Grant>) -> Step {
    let planned = grants.clone();
    let touched = grants.first().map(|grant| format!("{}/roleAssignments", grant.scope)).unwrap_or_default();
    let step = Step::new(id, title, move |answers, known, replay| grant_all(&grants, answers, known, replay));
    planned.iter().fold(step.touching(touched), |step, grant| grant.plan(answers, step))
}

fn grant_all(grants: &[Grant], answers: &Answers, known: &Outputs, replay: &mut Replay<'_>) -> Moves<Next> {
    let mut granted = Vec::new();
    for grant in grants {
        granted.push(grant.run(answers, known, replay)?);
    }
    if granted.contains(&Granted::Made) {
        let why = "the roles are listed; they take about a minute to reach the services that check them";
        replay.wait(&mut Patience::of(HEAD_START), why, HEAD_START)?;
    }
    Ok(done(outcome(&granted), StepOutputs::new()))
}

/// True when the namespace shows another principal than the one that the roles were given to: they are void then (contract
/// links-2026, 6.6; one source).
pub fn roles_are_void(known: &Outputs, namespace: &Value) -> bool {
    let shown = text(namespace, "/identity/principalId").filter(|shown| !shown.is_empty());
    shown.zip(known.get(&CREATE, "principalId")).is_some_and(|(shown, given)| !same(shown, given))
}
