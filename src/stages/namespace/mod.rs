//! The Azure Device Registry namespace and the identity's role on it.

mod fields;
pub mod preview_2025;
mod recall;

use crate::domain::StepId;

pub const CREATE: StepId = StepId::new("namespace.create");
pub const IDENTITY_ROLE: StepId = StepId::new("namespace.identity-role");
