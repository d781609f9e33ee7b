//! The way back of the certificates of `links-2026`: policy, issuing authority, root (contract links-2026, section 8).

use std::time::Duration;

use super::links_2026::{issuing_slot, policy_slot, root_slot};
use super::{DELETE_ISSUING_CA, DELETE_POLICY, DELETE_ROOT_CA};
use crate::domain::{Answers, Method, Need, Step, Text};
use crate::stages::build::arm;
use crate::stages::dialect::Profile;
use crate::stages::enrollment;
use crate::stages::namespace::id::{look_at_namespace, namespace_slot};
use crate::stages::remove::Remove;

/// Signs that something lies below an authority still, or is signed by it; the codes are not published.
const HOLDS: &[&str] = &["CannotDelete", "nested resource", "has policies", "is the issuer", "still issues"];

pub fn steps(answers: &Answers, profile: &Profile) -> Vec<Step> {
    let policy = format!("the policy {}", answers.policy);
    let issuing = format!("the issuing authority {}", answers.issuing_ca);
    let root = format!("the root authority {}", answers.root_ca);
    let parent = (issuing.clone(), issuing_slot(answers));
    vec![
        below(answers, profile, policy, policy_slot(answers), Some(parent))
            .step(DELETE_POLICY, "Delete the certificate policy")
            .because(
                "What was issued under it stays valid to its day, wherever its authority is still trusted.",
            )
            .needing([Need::effect(enrollment::DELETE)])
            .taking(Duration::from_mins(5)),
        below(answers, profile, issuing, issuing_slot(answers), None)
            .step(DELETE_ISSUING_CA, "Delete the issuing authority")
            .because("Nothing is signed by it any more.")
            .needing([Need::effect(DELETE_POLICY)])
            .taking(Duration::from_mins(5)),
        below(answers, profile, root, root_slot(answers), None)
            .step(DELETE_ROOT_CA, "Delete the root authority")
            .because("Azure deletes its key with it.")
            .needing([Need::effect(DELETE_ISSUING_CA)])
            .taking(Duration::from_mins(5)),
    ]
}

/// What lies below the namespace is ours when it is, or when its own parent is.
fn below(
    answers: &Answers,
    profile: &Profile,
    noun: String,
    id: Text,
    parent: Option<(String, Text)>,
) -> Remove {
    let version = profile.version("Microsoft.DeviceRegistry/namespaces");
    let at = |id: Text| arm(answers, Method::Get, id, version);
    let mut removal = Remove::new(noun, id.clone(), at(id)).tagged().held_by(HOLDS, |_, _, _| Ok(None));
    if let Some((noun, id)) = parent {
        removal = removal.below(noun, id.clone(), at(id));
    }
    let noun = format!("the namespace {}", answers.namespace);
    removal.below(noun, namespace_slot(answers), look_at_namespace(answers, profile))
}
