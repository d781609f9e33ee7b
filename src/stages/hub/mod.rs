//! The IoT hub, linked to the namespace, and the namespace's rights on it.

mod fields;
pub mod id;
pub mod links_2026;
pub mod preview_2025;
mod recall_2025;
mod recall_2026;
pub mod teardown_2025;
pub mod teardown_2026;
mod update;

use crate::domain::StepId;

pub const CREATE: StepId = StepId::new("hub.create");
pub const NAMESPACE_CONTRIBUTOR: StepId = StepId::new("hub.namespace-contributor");
pub const NAMESPACE_REGISTRY_CONTRIBUTOR: StepId = StepId::new("hub.namespace-registry-contributor");
pub const DELETE: StepId = StepId::new("hub.delete");
pub const DELETE_NAMESPACE_ROLES: StepId = StepId::new("hub.delete-namespace-roles");
