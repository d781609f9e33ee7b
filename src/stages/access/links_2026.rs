//! The first stage of `links-2026`: the group and, where hub and provisioning service are to share one, the identity. No role
//! is defined: built-in roles serve in both directions (contract links-2026, sections 5 and 7).

use super::{fields, group, identity, recall_2026, teardown_2026};
use crate::domain::{Answers, IdentityKind, StageId, Step};
use crate::stages::dialect::{Profile, Stage};
use crate::stages::recall::Recall;

pub static STAGE: Stage = Stage {
    id: StageId::new("access"),
    heading: "Roles and identity",
    fields: fields::LINKS_2026,
    steps,
    recall: Recall { in_group: Some(recall_2026::identity), below: None },
    teardown: teardown_2026::steps,
    stays: teardown_2026::STAYS,
};

fn steps(answers: &Answers, profile: &Profile) -> Vec<Step> {
    let group = group::resource_group(answers, profile);
    match answers.identity_kind {
        IdentityKind::SystemAssigned => vec![group],
        IdentityKind::UserAssigned => vec![group, identity::identity(answers, profile)],
    }
}
