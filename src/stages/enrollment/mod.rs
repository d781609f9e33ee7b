//! The enrollment group: what devices present, and which policy issues their certificates.

mod fields;
pub mod links_2026;
pub mod preview_2025;
mod recall_2025;
mod recall_2026;
mod service;
mod teardown;
mod teardown_2025;
mod teardown_2026;

use crate::domain::StepId;

pub const GROUP: StepId = StepId::new("enrollment.group");
pub const DELETE: StepId = StepId::new("enrollment.delete");
