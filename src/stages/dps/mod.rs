//! The Device Provisioning Service, linked to the namespace, and the hub in its list.

mod fields;
pub mod id;
pub mod links_2026;
pub mod preview_2025;
mod recall_2025;
mod recall_2026;
pub mod teardown_2025;
pub mod teardown_2026;

use crate::domain::StepId;

pub const CREATE: StepId = StepId::new("dps.create");
pub const LINK_HUB: StepId = StepId::new("dps.link-hub");
pub const UNLINK_HUB: StepId = StepId::new("dps.unlink-hub");
pub const DELETE_NAMESPACE_ROLES: StepId = StepId::new("dps.delete-namespace-roles");
pub const DELETE: StepId = StepId::new("dps.delete");
