//! What is on record of a step when it starts: what it may take for granted, what it must settle first, what was chosen.
//!
//! `Progress` collects it from the journals; the engine hands it to each step it performs.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::reply::ServiceError;
use super::step::Ask;

/// What earlier runs know that one step has to know.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Earlier {
    /// Resource ids that the setup is on record as having created, lower case.
    pub made: Arc<BTreeSet<String>>,
    /// A change of this step was sent and no reply to it is on record: it may have been carried out, or still be.
    pub unanswered: bool,
    /// Questions of this step that a person has answered, with the key of the choice.
    pub answers: Vec<(Ask, String)>,
    /// How the operation failed that an earlier run began and this one saw to its end.
    pub ended: Option<ServiceError>,
    /// The resource that the person has used instead of making one: its id.
    pub using: Option<String>,
}

impl Earlier {
    /// True when the setup created the resource `id`; ids are compared without case (contract preview-2025, section 1).
    pub fn made(&self, id: &str) -> bool {
        self.made.contains(&id.to_lowercase())
    }

    /// The choice that a person made when exactly this was asked before.
    pub fn answer(&self, ask: &Ask) -> Option<&str> {
        self.answers.iter().rev().find(|(asked, _)| asked == ask).map(|(_, choice)| choice.as_str())
    }
}
