//! The certificates of `links-2026`: root and issuing authority, policy, and the push that tells DPS (contract links-2026, 6.8 to
//! 6.11).

use std::time::Duration;

use serde_json::Value;

use super::push::push;
use super::{ISSUING_CA, POLICY, ROOT_CA, fields, recall_2026, teardown_2026};
use crate::domain::{
    Answers, Certificates, Method, Moves, Need, Next, Outputs, Replay, StageId, Step, StepId, Template, Text,
    object,
};
use crate::stages::build::{Difference, Follows, arm, compare, outputs, same_id, text};
use crate::stages::dialect::{Profile, Stage};
use crate::stages::documents::{AUTHORITIES, AUTHORITY_COMMANDS, POLICY_COMMANDS};
use crate::stages::ensure::{Ensure, Verdict, provisioning};
use crate::stages::link;
use crate::stages::namespace::id::{namespace_id, namespace_slot};
use crate::stages::recall::Recall;

/// The namespace is Failed: what lies below it cannot be written (contract links-2026, section 9; one source, an
/// update sample).
const PARENT_FAILED: &str = "ResourceProvisioningFailed";

/// How often the namespace is settled again for what lies below it: our choice.
const MOST_SETTLINGS: u32 = 2;

/// What an authority is made with stays (`x-ms-mutability` of the specification's `CertificateAuthorityProperties`).
const MADE_SO: Follows = Follows::Never("an authority keeps what it was made with");

pub static STAGE: Stage = Stage {
    id: StageId::new("certificates"),
    heading: "Certificates",
    fields: fields::LINKS_2026,
    steps,
    recall: Recall { in_group: None, below: Some(recall_2026::authorities) },
    teardown: teardown_2026::steps,
    stays: &[],
};

fn steps(answers: &Answers, profile: &Profile) -> Vec<Step> {
    match answers.certificates {
        Certificates::On { leaf_days } => vec![
            root(answers, profile),
            issuing(answers, profile),
            policy(answers, profile, leaf_days),
            push(answers, profile),
        ],
        Certificates::Off => Vec::new(),
    }
}

/// Resource id of the root authority: an adopted one's, else the one that the answers name.
pub fn root_slot(answers: &Answers) -> Text {
    namespace_slot(answers).then(format!("/certificateAuthorities/{}", answers.root_ca))
}

/// Resource id of the issuing authority.
pub fn issuing_slot(answers: &Answers) -> Text {
    namespace_slot(answers).then(format!("/certificateAuthorities/{}", answers.issuing_ca))
}

/// Resource id of the policy.
pub fn policy_slot(answers: &Answers) -> Text {
    issuing_slot(answers).then(format!("/certificatePolicies/{}", answers.policy))
}

fn authority(answers: &Answers, profile: &Profile, noun: String, path: Text, properties: Template) -> Ensure {
    // One version with the namespace (contract links-2026, section 2).
    let version = profile.version("Microsoft.DeviceRegistry/namespaces");
    let body = object([
        ("location", (&*answers.location).into()),
        ("tags", answers.all_tags().into()),
        ("properties", properties),
    ]);
    let look = arm(answers, Method::Get, path.clone(), version);
    Ensure::new(noun, look, arm(answers, Method::Put, path.clone(), version).with_body(body)).known_as(path)
}

/// The step that ensures something below the namespace, which is settled again where it turns out to be Failed.
fn below(ensure: Ensure, id: StepId, title: &str) -> Step {
    let planned = ensure.clone().step(id.clone(), title);
    let mut step =
        Step::new(id, title, move |answers, known, replay| settled(&ensure, answers, known, replay));
    step.planned = planned.planned;
    step.taking(Duration::from_mins(10))
}

fn settled(ensure: &Ensure, answers: &Answers, known: &Outputs, replay: &mut Replay<'_>) -> Moves<Next> {
    let mut settlings = 0;
    loop {
        match ensure.run(answers, known, replay)? {
            Next::Fail(fault)
                if fault.code.as_deref() == Some(PARENT_FAILED) && settlings < MOST_SETTLINGS =>
            {
                settlings += 1;
                replay.redo(&[link::SETTLE], "the namespace is Failed, and nothing can be made below it")?;
            }
            next => return Ok(next),
        }
    }
}

fn root(answers: &Answers, profile: &Profile) -> Step {
    let properties = object([("certificateAuthorityType", "Root".into()), ("keyType", "ECC".into())]);
    let noun = format!("the root authority {}", answers.root_ca);
    let ensure = authority(answers, profile, noun, root_slot(answers), properties)
        .judged(|_, _, value| judge_authority(value, "Root"));
    below(ensure, ROOT_CA, "Create the root authority")
        .documented(AUTHORITIES)
        .documented(AUTHORITY_COMMANDS)
        .because("Every issued certificate leads back to it. Azure makes and keeps its key. It comes after the link, over which trust is pushed.")
        .needing([Need::effect(link::SETTLE)])
        .touching(format!("{}/certificateAuthorities/{}", namespace_id(answers), answers.root_ca))
}

fn issuing(answers: &Answers, profile: &Profile) -> Step {
    let issuer = object([
        ("issuerType", "Microsoft".into()),
        ("certificateAuthorityResourceId", root_slot(answers).into()),
    ]);
    let properties =
        object([("certificateAuthorityType", "ICA".into()), ("keyType", "ECC".into()), ("issuer", issuer)]);
    let noun = format!("the issuing authority {}", answers.issuing_ca);
    let root = root_slot(answers);
    let ensure = authority(answers, profile, noun, issuing_slot(answers), properties)
        .judged(move |_, known, value| judge_issuing(value, &root.shown(known)))
        .giving(|reply| {
            outputs([
                ("subject", reply.text("/properties/subject")),
                ("expiry", reply.text("/properties/validityNotAfter")),
            ])
        });
    below(ensure, ISSUING_CA, "Create the issuing authority")
        .documented(AUTHORITIES)
        .documented(AUTHORITY_COMMANDS)
        .because("It signs the certificates of devices; making it pushes its certificate to the linked hub, which then trusts them.")
        .needing([Need::effect(ROOT_CA)])
        .touching(format!("{}/certificateAuthorities/{}", namespace_id(answers), answers.issuing_ca))
}

fn policy(answers: &Answers, profile: &Profile, leaf_days: u16) -> Step {
    let version = profile.version("Microsoft.DeviceRegistry/namespaces");
    let properties =
        object([("certificate", object([("validityPeriodInDays", u32::from(leaf_days).into())]))]);
    // Tracked in one specification and not in another: a region is sent and not asked for, tags are not sent (contract
    // links-2026, 6.10).
    let body = object([("location", (&*answers.location).into()), ("properties", properties.clone())]);
    let path = policy_slot(answers);
    let ensure = Ensure::new(
        format!("the policy {}", answers.policy),
        arm(answers, Method::Get, path.clone(), version),
        arm(answers, Method::Put, path.clone(), version).with_body(body),
    )
    .known_as(path.clone())
    .updated_by(arm(answers, Method::Patch, path, version).with_body(object([("properties", properties)])))
    .judged(move |_, _, value| judge_policy(value, leaf_days))
    .giving(|reply| outputs([("name", reply.text("/name"))]));
    below(ensure, POLICY, "Create the certificate policy")
        .documented(AUTHORITIES)
        .documented(POLICY_COMMANDS)
        .because("It says for how long a device certificate is valid; an enrollment names it.")
        .needing([Need::effect(ISSUING_CA)])
        .touching(format!(
            "{}/certificateAuthorities/{}/certificatePolicies/{}",
            namespace_id(answers),
            answers.issuing_ca,
            answers.policy
        ))
}

fn judge_authority(value: &Value, kind: &str) -> Verdict {
    match provisioning(value) {
        Verdict::Fits => {}
        verdict => return verdict,
    }
    let differs = differing(value, kind);
    if differs.is_empty() { Verdict::Fits } else { Verdict::Differs(differs) }
}

fn differing(value: &Value, kind: &str) -> Vec<Difference> {
    let mut differs = Vec::new();
    compare(&mut differs, "kind", value, "/properties/certificateAuthorityType", kind, MADE_SO);
    compare(&mut differs, "key type", value, "/properties/keyType", "ECC", MADE_SO);
    differs
}

fn judge_issuing(value: &Value, root: &str) -> Verdict {
    match provisioning(value) {
        Verdict::Fits => {}
        verdict => return verdict,
    }
    let mut differs = differing(value, "ICA");
    let issuer = text(value, "/properties/issuer/issuerType").unwrap_or_default();
    if issuer.eq_ignore_ascii_case("External") {
        // Succeeded does not yet mean active (contract links-2026, 6.9).
        let status = text(value, "/properties/issuer/status").unwrap_or("not active");
        if !status.to_ascii_lowercase().starts_with("active") {
            return Verdict::Unusable {
                says: format!("the authority is signed by your own PKI and is {status}"),
                remedy: "activate it with its signed certificate, then retry; or choose another `certificates.issuing_ca`"
                    .to_owned(),
            };
        }
        differs.push(Difference::new("issuer is your own PKI (hubup makes one of Microsoft's)", MADE_SO));
    } else {
        let issued_by = text(value, "/properties/issuer/certificateAuthorityResourceId").unwrap_or_default();
        if !same_id(issued_by, root) {
            let text = format!("issuer is {issued_by} (you said {root})");
            differs.push(Difference::new(text, MADE_SO));
        }
    }
    if differs.is_empty() { Verdict::Fits } else { Verdict::Differs(differs) }
}

fn judge_policy(value: &Value, leaf_days: u16) -> Verdict {
    match provisioning(value) {
        Verdict::Fits => {}
        verdict => return verdict,
    }
    let days = value.pointer("/properties/certificate/validityPeriodInDays").and_then(Value::as_u64);
    if days == Some(u64::from(leaf_days)) {
        return Verdict::Fits;
    }
    let found = days.map_or_else(|| "not set".to_owned(), |days| format!("{days} days"));
    let text = format!("leaf validity is {found} (you said {leaf_days} days)");
    Verdict::Differs(vec![Difference::new(text, Follows::Update)])
}
