//! How the hub is addressed.

use super::CREATE;
use crate::domain::{Answers, Method, Request, Text};
use crate::stages::build::arm;
use crate::stages::dialect::Profile;

/// Resource id of the hub that the answers name.
pub fn hub_id(answers: &Answers) -> String {
    answers.resource_id(&format!("Microsoft.Devices/IotHubs/{}", answers.hub))
}

/// The hub's id as a request carries it, where the need is one of effect.
pub fn hub_slot(answers: &Answers) -> Text {
    Text::slot_or(&CREATE, "id", hub_id(answers))
}

/// The look at the hub.
pub fn look_at_hub(answers: &Answers, profile: &Profile) -> Request {
    arm(answers, Method::Get, hub_slot(answers), profile.version("Microsoft.Devices/IotHubs"))
}
