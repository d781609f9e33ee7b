//! The way back of the first stage of `links-2026`: a shared identity, and the group.

use super::DELETE_IDENTITY;
use super::teardown::{PROVIDERS_STAY, delete_group, delete_identity};
use crate::domain::{Answers, Step, StepId};
use crate::stages::dialect::Profile;
use crate::stages::{certificates, dps, enrollment, hub, namespace};

/// What the subscription has at hubup's asking, and others may use.
pub const STAYS: &[(&str, &str)] = &[PROVIDERS_STAY];

/// What names the identity, or holds its roles.
const IDENTITY_USERS: &[StepId] =
    &[dps::DELETE, hub::DELETE, hub::DELETE_NAMESPACE_ROLES, namespace::DELETE_ROLES];

/// What lies in the group, or on something in it.
const BEFORE_THE_GROUP: &[StepId] = &[
    enrollment::DELETE,
    certificates::DELETE_ROOT_CA,
    dps::DELETE_NAMESPACE_ROLES,
    hub::DELETE_NAMESPACE_ROLES,
    namespace::DELETE_ROLES,
    DELETE_IDENTITY,
];

pub fn steps(answers: &Answers, profile: &Profile) -> Vec<Step> {
    vec![delete_identity(answers, profile, IDENTITY_USERS), delete_group(answers, profile, BEFORE_THE_GROUP)]
}
