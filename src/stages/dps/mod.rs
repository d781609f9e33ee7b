//! The Device Provisioning Service, linked to the namespace, and the hub in its list.

mod fields;
pub mod preview_2025;
mod recall;

use crate::domain::StepId;

pub const CREATE: StepId = StepId::new("dps.create");
pub const LINK_HUB: StepId = StepId::new("dps.link-hub");
