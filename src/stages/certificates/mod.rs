//! Credential (root CA) and policy (issuing CA) of the namespace.

mod fields;
pub mod preview_2025;
mod recall;

use crate::domain::StepId;

pub const CREDENTIAL: StepId = StepId::new("certificates.credential");
pub const POLICY: StepId = StepId::new("certificates.policy");
