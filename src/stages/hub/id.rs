//! How the hub is addressed.

use super::CREATE;
use crate::domain::{Answers, Text};

/// Resource id of the hub that the answers name.
pub fn hub_id(answers: &Answers) -> String {
    answers.resource_id(&format!("Microsoft.Devices/IotHubs/{}", answers.hub))
}

/// The hub's id as a request carries it, where the need is one of effect.
pub fn hub_slot(answers: &Answers) -> Text {
    Text::slot_or(&CREATE, "id", hub_id(answers))
}
