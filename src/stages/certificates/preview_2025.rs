//! Stage 3 of `preview-2025` (contract preview-2025, section 5).

use std::time::Duration;

use serde_json::Value;

use super::{CREDENTIAL, POLICY, fields, recall_2025, teardown_2025};
use crate::domain::{
    Answers, Ask, Certificates, ErrorKind, Fault, Method, Moves, Need, Next, Outcome, Purpose, Replay,
    Request, StageId, Step, Text, object,
};
use crate::stages::build::{Difference, Follows, arm, compare, done, fail, outputs, read_all, text};
use crate::stages::dialect::{Profile, Stage};
use crate::stages::documents::{CERTIFICATES, ISSUANCE};
use crate::stages::ensure::{Ensure, Verdict, provisioning};
use crate::stages::namespace;
use crate::stages::namespace::id::{namespace_id, namespace_slot};
use crate::stages::recall::Recall;

pub static STAGE: Stage = Stage {
    id: StageId::new("certificates"),
    heading: "Credential and policy",
    fields: fields::FIELDS,
    steps,
    recall: Recall { in_group: None, below: Some(recall_2025::credential) },
    teardown: teardown_2025::steps,
    stays: &[],
};

fn steps(answers: &Answers, profile: &Profile) -> Vec<Step> {
    match answers.certificates {
        Certificates::On { leaf_days } => {
            vec![credential(answers, profile), policy(answers, profile, leaf_days)]
        }
        Certificates::Off => Vec::new(),
    }
}

/// The policy's name as a request carries it: an adopted one's, else the one that the answers name.
pub fn policy_name_slot(answers: &Answers) -> Text {
    Text::slot_or(&POLICY, "name", answers.policy.clone())
}

/// The policy's resource id, likewise.
pub fn policy_id_slot(answers: &Answers) -> Text {
    let id = format!("{}/credentials/default/policies/{}", namespace_id(answers), answers.policy);
    Text::slot_or(&POLICY, "id", id)
}

fn credential(answers: &Answers, profile: &Profile) -> Step {
    let version = profile.version("Microsoft.DeviceRegistry/namespaces");
    // The name is fixed by the service.
    let path = namespace_slot(answers).then("/credentials/default");
    let body = object([("location", (&*answers.location).into()), ("tags", answers.all_tags().into())]);
    let ensure = Ensure::new(
        "the namespace's credential",
        arm(answers, Method::Get, path.clone(), version),
        arm(answers, Method::Put, path, version).with_body(body),
    )
    .known_as(namespace_slot(answers).then("/credentials/default"));
    let planned = ensure.clone().step(CREDENTIAL, "");
    let mut step = Step::new(CREDENTIAL, "Create the root credential", move |answers, known, replay| {
        Ok(match ensure.run(answers, known, replay)? {
            Next::Fail(fault) if fault.code.as_deref() == Some("CredentialQuotaExceeded") => Next::Fail(
                fault
                    .meaning("a tenant may hold two credentials in a region while the service is in preview")
                    .remedied_by(
                        "delete an unused credential of another namespace, or choose another `location`",
                    ),
            ),
            // Refused as an operation, whatever the provider lists (contract links-2026, section 4, point 2).
            Next::Fail(fault) if fault.code.as_deref() == Some("DisallowedResourceOperation") => Next::Fail(
                fault
                    .meaning("the older object model is not served to this subscription any more")
                    .remedied_by(
                        "take this setup down with `hubup destroy`, then run it again with `dialect = \"auto\"`",
                    ),
            ),
            next => next,
        })
    })
    .because("The root CA of the namespace: every issued certificate leads back to it.")
    .needing([Need::effect(namespace::CREATE)])
    .touching(format!("{}/credentials/default", namespace_id(answers)))
    .documented(CERTIFICATES)
    .taking(Duration::from_mins(5));
    step.planned = planned.planned;
    step
}

fn policy(answers: &Answers, profile: &Profile, leaf_days: u16) -> Step {
    let version = profile.version("Microsoft.DeviceRegistry/namespaces");
    let policies = namespace_slot(answers).then("/credentials/default/policies");
    let path = policies.clone().then(format!("/{}", answers.policy));
    let properties = object([(
        "certificate",
        object([
            ("certificateAuthorityConfiguration", object([("keyType", "ECC".into())])),
            ("leafCertificateConfiguration", object([("validityPeriodInDays", u32::from(leaf_days).into())])),
        ]),
    )]);
    let body = if profile.row.policies_are_tracked {
        object([
            ("location", (&*answers.location).into()),
            ("tags", answers.all_tags().into()),
            ("properties", properties.clone()),
        ])
    } else {
        object([("properties", properties.clone())])
    };
    let path_of_policy = path.clone();
    let look = arm(answers, Method::Get, path.clone(), version);
    let create = arm(answers, Method::Put, path, version).with_body(body);
    let list = arm(answers, Method::Get, policies, version);
    // An update takes the certificate as a whole; its CA stays as it was made (`PolicyUpdate` of the specification;
    // contract preview-2025, 3b).
    let patch = arm(answers, Method::Patch, path_of_policy.clone(), version)
        .with_body(object([("properties", properties)]));
    let update = patch.clone();
    let ensure = Ensure::new(format!("the policy {}", answers.policy), look.clone(), create.clone())
        .known_as(path_of_policy)
        .updated_by(patch)
        .judged(move |_, _, value| judge_policy(value, leaf_days))
        .giving(|reply| {
            outputs([
                ("name", reply.text("/name")),
                ("subject", reply.text("/properties/certificate/certificateAuthorityConfiguration/subject")),
            ])
        });
    let others = list.clone();
    Step::new(POLICY, "Create the issuing policy", move |answers, known, replay| {
        match use_other(answers, replay, &others)? {
            Some(next) => Ok(next),
            None => ensure.run(answers, known, replay),
        }
    })
    .because("The issuing CA: it signs the certificates that devices get, valid for the days you said.")
    .needing([Need::effect(CREDENTIAL)])
    .touching(format!("{}/credentials/default/policies", namespace_id(answers)))
    .documented(CERTIFICATES)
    .documented(ISSUANCE)
    .taking(Duration::from_mins(5))
    .planning(Purpose::Look, &list)
    .planning(Purpose::Look, &look)
    .planning(Purpose::Change, &create)
    .planning(Purpose::Change, &update)
    .planning(Purpose::Prove, &look)
}

/// A namespace holds one policy (contract preview-2025, 3b): where another one is, it is that or none.
fn use_other(answers: &Answers, replay: &mut Replay<'_>, list: &Request) -> Moves<Option<Next>> {
    let found = match read_all(replay, list)? {
        Ok(found) => found,
        // Without a credential there are no policies; the create will tell what is missing.
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Ok(Some(fail(&error))),
    };
    let name = |value: &Value| text(value, "/name").unwrap_or_default().to_owned();
    if found.iter().any(|policy| name(policy).eq_ignore_ascii_case(&answers.policy)) {
        return Ok(None);
    }
    let Some(other) = found.first() else { return Ok(None) };
    let ask = Ask {
        question: format!(
            "the namespace has the policy {} and can hold only one. Use it instead of {}?",
            name(other),
            answers.policy
        ),
        differs: Vec::new(),
        choices: vec![("use".into(), format!("use {}", name(other))), ("stop".into(), "stop here".into())],
        under_yes: None,
    };
    if replay.ask(&ask)? != "use" {
        return Ok(Some(Next::Fail(Fault::new(
            format!("the namespace has another policy, {}, and can hold only one", name(other)),
            format!("set `certificates.policy = \"{}\"`, or delete that policy, then retry", name(other)),
        ))));
    }
    Ok(Some(match provisioning(other) {
        Verdict::Fits => done(
            Outcome::AlreadyThere,
            outputs([
                ("id", text(other, "/id")),
                ("name", text(other, "/name")),
                ("subject", text(other, "/properties/certificate/certificateAuthorityConfiguration/subject")),
            ]),
        ),
        _ => Next::Fail(Fault::new(
            format!("the policy {} is not ready", name(other)),
            "look at it in the portal, then retry",
        )),
    }))
}

fn judge_policy(value: &Value, leaf_days: u16) -> Verdict {
    match provisioning(value) {
        Verdict::Fits => {}
        verdict => return verdict,
    }
    let mut differs = Vec::new();
    let key_type = "/properties/certificate/certificateAuthorityConfiguration/keyType";
    let fixed = Follows::Never("a CA keeps its key");
    compare(&mut differs, "key type", value, key_type, "ECC", fixed);
    let days = value
        .pointer("/properties/certificate/leafCertificateConfiguration/validityPeriodInDays")
        .and_then(Value::as_u64);
    if days != Some(u64::from(leaf_days)) {
        let found = days.map_or_else(|| "not set".to_owned(), |days| format!("{days} days"));
        let text = format!("leaf validity is {found} (you said {leaf_days} days)");
        differs.push(Difference::new(text, Follows::Update));
    }
    if differs.is_empty() { Verdict::Fits } else { Verdict::Differs(differs) }
}
