//! Credential sync: the policy's CA goes to the hub, and the hub is seen to have it.

pub mod preview_2025;
mod teardown_2025;

use crate::domain::StepId;

pub const SYNCHRONIZE: StepId = StepId::new("sync.synchronize");
pub const HUB_CERTIFICATE: StepId = StepId::new("sync.hub-certificate");
pub const DELETE_CERTIFICATE: StepId = StepId::new("sync.delete-certificate");
