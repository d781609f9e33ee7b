//! What issues certificates: credential and policy of the namespace, or its authorities and their policy.

mod fields;
pub mod links_2026;
pub mod preview_2025;
pub mod push;
mod recall_2025;
mod recall_2026;
pub mod teardown_2025;
mod teardown_2026;

use crate::domain::StepId;

pub const CREDENTIAL: StepId = StepId::new("certificates.credential");
pub const ROOT_CA: StepId = StepId::new("certificates.root-ca");
pub const ISSUING_CA: StepId = StepId::new("certificates.issuing-ca");
pub const PUSH: StepId = StepId::new("certificates.push");
pub const DELETE_ISSUING_CA: StepId = StepId::new("certificates.delete-issuing-ca");
pub const DELETE_ROOT_CA: StepId = StepId::new("certificates.delete-root-ca");
pub const POLICY: StepId = StepId::new("certificates.policy");
pub const DELETE_POLICY: StepId = StepId::new("certificates.delete-policy");
pub const DELETE_CREDENTIAL: StepId = StepId::new("certificates.delete-credential");
