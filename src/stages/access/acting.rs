//! Which identity hub and provisioning service act with in `links-2026`: their own, or one that they share (contract
//! links-2026, sections 5 and 7).

use serde_json::Value;

use super::identity::{assigned_identity, identity_id, identity_slot};
use super::{IDENTITY, RESOURCE_GROUP};
use crate::domain::{Answers, IdentityKind, Need, Outputs, StepId, Template, Text, object};
use crate::stages::build::{member, text};
use crate::stages::ensure::Verdict;

/// The `identity` that a resource is created with. It cannot be added later to a provisioning service (contract links-2026,
/// 6.2b; measured).
pub fn identity_of(answers: &Answers) -> Template {
    match answers.identity_kind {
        IdentityKind::SystemAssigned => object([("type", "SystemAssigned".into())]),
        IdentityKind::UserAssigned => assigned_identity(),
    }
}

/// The `inboundCallerIdentity` of an endpoint: who calls the namespace.
pub fn caller(answers: &Answers) -> Template {
    match answers.identity_kind {
        IdentityKind::SystemAssigned => object([("type", "SystemAssigned".into())]),
        IdentityKind::UserAssigned => {
            object([("type", "UserAssigned".into()), ("userAssignedIdentity", identity_slot().into())])
        }
    }
}

/// The step that gives the principal with which the resource of `step` acts.
pub fn giver(answers: &Answers, step: StepId) -> StepId {
    match answers.identity_kind {
        IdentityKind::SystemAssigned => step,
        IdentityKind::UserAssigned => IDENTITY,
    }
}

/// What a resource needs before it can be created with its identity.
pub fn needs(answers: &Answers) -> Vec<Need> {
    let mut needs = vec![Need::effect(RESOURCE_GROUP)];
    if answers.identity_kind == IdentityKind::UserAssigned {
        needs.push(Need::value(IDENTITY));
    }
    needs
}

/// That principal's object id.
pub fn principal(answers: &Answers, step: StepId) -> Text {
    Text::slot(&giver(answers, step), "principalId")
}

/// What is wrong with the identity of a resource; `None` when it can act. `remedy` is what to do where it never will.
pub fn judge_identity(
    answers: &Answers,
    known: &Outputs,
    value: &Value,
    noun: &str,
    remedy: &str,
) -> Option<Verdict> {
    let kind = text(value, "/identity/type").unwrap_or("None");
    let unusable = |says: String| Some(Verdict::Unusable { says, remedy: remedy.to_owned() });
    match answers.identity_kind {
        IdentityKind::SystemAssigned if !kind.to_ascii_lowercase().contains("systemassigned") => {
            unusable(format!("the identity of {noun} is {kind} (SystemAssigned is needed)"))
        }
        IdentityKind::SystemAssigned => text(value, "/identity/principalId")
            .is_none_or(str::is_empty)
            .then(|| Verdict::Settling("without a principal for its identity".to_owned())),
        IdentityKind::UserAssigned => {
            let identity = known.get(&IDENTITY, "id").map_or_else(|| identity_id(answers), str::to_owned);
            match member(value, "/identity/userAssignedIdentities", &identity) {
                Some(_) => None,
                None => unusable(format!("the identity {identity} is not assigned to {noun}")),
            }
        }
    }
}
