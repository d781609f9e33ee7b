//! The way back of stage 3: the policy, then the credential, which frees its place in the quota (contract preview-2025,
//! sections 5 and 13).

use std::time::Duration;

use super::preview_2025::policy_id_slot;
use super::{DELETE_CREDENTIAL, DELETE_POLICY};
use crate::domain::{Answers, Method, Need, Step};
use crate::stages::build::arm;
use crate::stages::dialect::Profile;
use crate::stages::namespace::id::namespace_slot;
use crate::stages::remove::Remove;
use crate::stages::{hub, sync};

/// Signs that policies lie below the credential still.
const HAS_POLICIES: &[&str] = &["CannotDeleteResource", "nested resource"];

pub fn steps(answers: &Answers, profile: &Profile) -> Vec<Step> {
    vec![policy(answers, profile), credential(answers, profile)]
}

/// `removal` of something below the namespace, and ours when that is or when its credential is. `version` is that of
/// namespaces.
pub fn below_namespace(answers: &Answers, removal: Remove, version: &str) -> Remove {
    let credential = namespace_slot(answers).then("/credentials/default");
    let look_at_credential = arm(answers, Method::Get, credential.clone(), version);
    let look_at_namespace = arm(answers, Method::Get, namespace_slot(answers), version);
    removal.below("the namespace's credential", credential, look_at_credential).below(
        format!("the namespace {}", answers.namespace),
        namespace_slot(answers),
        look_at_namespace,
    )
}

fn policy(answers: &Answers, profile: &Profile) -> Step {
    let version = profile.version("Microsoft.DeviceRegistry/namespaces");
    let id = policy_id_slot(answers);
    let look = arm(answers, Method::Get, id.clone(), version);
    let removal = Remove::new(format!("the policy {}", answers.policy), id, look).tagged();
    below_namespace(answers, removal, version)
        .step(DELETE_POLICY, "Delete the issuing policy")
        .because("What it issued stays valid to its day, wherever its CA is still trusted.")
        .needing([Need::effect(hub::DELETE), Need::effect(sync::DELETE_CERTIFICATE)])
        .taking(Duration::from_mins(5))
}

fn credential(answers: &Answers, profile: &Profile) -> Step {
    let version = profile.version("Microsoft.DeviceRegistry/namespaces");
    let id = namespace_slot(answers).then("/credentials/default");
    let look = arm(answers, Method::Get, id.clone(), version);
    let look_at_namespace = arm(answers, Method::Get, namespace_slot(answers), version);
    Remove::new("the namespace's credential", id, look)
        .tagged()
        .below(format!("the namespace {}", answers.namespace), namespace_slot(answers), look_at_namespace)
        .held_by(HAS_POLICIES, |_, _, _| Ok(None))
        .step(DELETE_CREDENTIAL, "Delete the root credential")
        .because("A tenant may hold two in a region: this one's place becomes free.")
        .needing([Need::effect(DELETE_POLICY)])
        .taking(Duration::from_mins(5))
}
