//! Roles and identity: the group, the custom role, the IoT Hub application's grant, the identity.

pub mod acting;
mod fields;
pub mod group;
pub mod identity;
pub mod links_2026;
pub mod preview_2025;
mod recall_2025;
mod recall_2026;
pub mod teardown;
mod teardown_2025;
mod teardown_2026;

use crate::domain::StepId;

pub const RESOURCE_GROUP: StepId = StepId::new("access.resource-group");
pub const ADR_ROLE: StepId = StepId::new("access.adr-role");
pub const HUB_APP: StepId = StepId::new("access.hub-app");
pub const HUB_APP_CONTRIBUTOR: StepId = StepId::new("access.hub-app-contributor");
pub const IDENTITY: StepId = StepId::new("access.identity");
pub const DELETE_HUB_APP_CONTRIBUTOR: StepId = StepId::new("access.delete-hub-app-contributor");
pub const DELETE_ADR_ROLE: StepId = StepId::new("access.delete-adr-role");
pub const DELETE_IDENTITY: StepId = StepId::new("access.delete-identity");
pub const DELETE_RESOURCE_GROUP: StepId = StepId::new("access.delete-resource-group");
