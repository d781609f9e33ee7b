//! How the provisioning service is addressed.

use super::CREATE;
use crate::domain::{Answers, Text};

/// Resource id of the provisioning service that the answers name.
pub fn dps_id(answers: &Answers) -> String {
    answers.resource_id(&format!("Microsoft.Devices/provisioningServices/{}", answers.dps))
}

/// The service's id as a request carries it, where the need is one of effect.
pub fn dps_slot(answers: &Answers) -> Text {
    Text::slot_or(&CREATE, "id", dps_id(answers))
}
