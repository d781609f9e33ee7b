//! The enrollment group: what devices present, and which policy issues their certificates.

mod fields;
pub mod preview_2025;
mod recall_2025;
mod service;
mod teardown_2025;

use crate::domain::StepId;

pub const GROUP: StepId = StepId::new("enrollment.group");
pub const DELETE: StepId = StepId::new("enrollment.delete");
