//! How the namespace is addressed.

use super::CREATE;
use crate::domain::{Answers, Method, Outputs, Request, Text};
use crate::stages::build::arm;
use crate::stages::dialect::Profile;

/// Resource id of the namespace that the answers name.
pub fn namespace_id(answers: &Answers) -> String {
    answers.resource_id(&format!("Microsoft.DeviceRegistry/namespaces/{}", answers.namespace))
}

/// The namespace's id as this run knows it: what the step gave, else what the answers name.
pub fn known_namespace(answers: &Answers, known: &Outputs) -> String {
    namespace_slot(answers).shown(known)
}

/// The namespace's id as a request carries it: an adopted one's, else the one that the answers name. The need is one
/// of effect, so a skipped step leaves the name.
pub fn namespace_slot(answers: &Answers) -> Text {
    Text::slot_or(&CREATE, "id", namespace_id(answers))
}

/// The look at the namespace.
pub fn look_at_namespace(answers: &Answers, profile: &Profile) -> Request {
    let version = profile.version("Microsoft.DeviceRegistry/namespaces");
    arm(answers, Method::Get, namespace_slot(answers), version)
}

/// Signs that a hub or a provisioning service is linked to it; the code itself is not published.
pub const STILL_LINKED: [&str; 5] = ["HasLinked", "is linked", "are linked", "still linked", "linked to"];
