//! The Azure Device Registry namespace and the identity's role on it.

mod fields;
pub mod id;
pub mod links_2026;
pub mod preview_2025;
mod recall_2025;
mod recall_2026;
pub mod teardown_2025;
pub mod teardown_2026;

use crate::domain::StepId;

pub const CREATE: StepId = StepId::new("namespace.create");
pub const IDENTITY_ROLE: StepId = StepId::new("namespace.identity-role");
pub const HUB_ROLES: StepId = StepId::new("namespace.hub-roles");
pub const DPS_ROLES: StepId = StepId::new("namespace.dps-roles");
pub const OWN_ROLES: StepId = StepId::new("namespace.own-roles");
pub const DELETE_ROLES: StepId = StepId::new("namespace.delete-roles");
pub const DELETE: StepId = StepId::new("namespace.delete");
pub const DELETE_IDENTITY_ROLE: StepId = StepId::new("namespace.delete-identity-role");
