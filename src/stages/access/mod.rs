//! Roles and identity: the group, the custom role, the IoT Hub application's grant, the identity.

mod fields;
pub mod preview_2025;
mod recall;

use crate::domain::StepId;

pub const RESOURCE_GROUP: StepId = StepId::new("access.resource-group");
pub const ADR_ROLE: StepId = StepId::new("access.adr-role");
pub const HUB_APP: StepId = StepId::new("access.hub-app");
pub const HUB_APP_CONTRIBUTOR: StepId = StepId::new("access.hub-app-contributor");
pub const IDENTITY: StepId = StepId::new("access.identity");
