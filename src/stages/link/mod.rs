//! Link and trust of `links-2026`: the namespace links hub and provisioning service, and is seen to have settled.

mod connect;
pub mod endpoints;
pub mod links_2026;
mod settle;
mod teardown_2026;

pub use settle::{number_of, tagging};

use crate::domain::StepId;

pub const CONNECT: StepId = StepId::new("link.connect");
pub const SETTLE: StepId = StepId::new("link.settle");
