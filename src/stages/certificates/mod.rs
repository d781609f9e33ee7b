//! Credential (root CA) and policy (issuing CA) of the namespace.

mod fields;
pub mod preview_2025;
mod recall_2025;
pub mod teardown_2025;

use crate::domain::StepId;

pub const CREDENTIAL: StepId = StepId::new("certificates.credential");
pub const POLICY: StepId = StepId::new("certificates.policy");
pub const DELETE_POLICY: StepId = StepId::new("certificates.delete-policy");
pub const DELETE_CREDENTIAL: StepId = StepId::new("certificates.delete-credential");
