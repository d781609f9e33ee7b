//! Using what exists for what a step would make: what was found, what is typed, whether it can be an id. Pure.
//!
//! The list is looked up by whoever launched the run; the engine looks at what is chosen and judges it.

use jiff::Timestamp;

use crate::domain::{Fault, Outcome, Outputs, StepId, StepState};

use super::form::TextInput;
use super::rows::Row;
use super::session::Session;

/// A resource that exists and may serve.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// Resource id.
    pub id: String,
    pub name: String,
    /// Region; empty where there is none.
    pub location: String,
    /// What tells it from others, as the setup whose tag it carries; may be empty.
    pub hint: String,
}

/// What the panel holds in which a person chooses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Using {
    pub step: StepId,
    /// `Provider/type` of what can serve.
    pub kind: String,
    /// When the list was asked for.
    pub since: Timestamp,
    pub found: Option<Result<Vec<Candidate>, Box<Fault>>>,
    /// The candidate of the cursor; `None` is the line in which an id is typed.
    pub at: Option<usize>,
    pub input: TextInput,
}

impl Using {
    /// A panel for `step` whose list was asked for at `since`.
    pub(crate) fn new(step: StepId, kind: String, since: Timestamp) -> Self {
        Self { step, kind, since, found: None, at: None, input: TextInput::default() }
    }

    /// The resources that were found.
    pub(crate) fn candidates(&self) -> &[Candidate] {
        self.found.as_ref().and_then(|found| found.as_ref().ok()).map_or(&[], Vec::as_slice)
    }

    /// Takes the list in; the cursor goes to its first line unless an id is being typed.
    pub(crate) fn take(&mut self, found: Result<Vec<Candidate>, Box<Fault>>) {
        self.found = Some(found);
        if self.input.text().is_empty() && !self.candidates().is_empty() {
            self.at = Some(0);
        }
    }

    /// The id that Enter would use: the candidate of the cursor, else what was typed.
    pub(crate) fn chosen(&self) -> &str {
        match self.at.and_then(|at| self.candidates().get(at)) {
            Some(candidate) => &candidate.id,
            None => self.input.text().trim(),
        }
    }

    /// Why what was typed cannot be used; `None` when it can be, or a candidate is chosen.
    pub(crate) fn finding(&self) -> Option<String> {
        if self.at.is_some() { None } else { wrong(self.chosen(), &self.kind) }
    }
}

/// Why `id` is not the id of a resource of the type `kind`.
fn wrong(id: &str, kind: &str) -> Option<String> {
    if id.is_empty() {
        return Some("type or paste the id of the resource".to_owned());
    }
    if !id.starts_with("/subscriptions/") {
        return Some("an id begins with /subscriptions/".to_owned());
    }
    let wanted = format!("/providers/{kind}/");
    let Some(at) = id.to_ascii_lowercase().find(&wanted.to_ascii_lowercase()) else {
        return Some(format!("this is the id of something else: one that can serve holds {wanted}"));
    };
    let name = id.get(at + wanted.len()..).unwrap_or_default();
    match name {
        "" => Some("the name is missing at its end".to_owned()),
        name if name.contains(['/', '?', '#', ' ']) => {
            Some("nothing may follow the name at its end".to_owned())
        }
        _ => None,
    }
}

impl Session {
    /// `Provider/type` of what can be used for `step`, when something can.
    pub(crate) fn usable_kind(&self, step: &StepId) -> Option<String> {
        let list = self.plan.step(step)?.usable.as_ref()?.shown(&Outputs::default());
        let path = list.url.split('?').next().unwrap_or_default();
        path.rsplit_once("/providers/").map(|(_, kind)| kind.to_owned())
    }

    /// The one step among `steps` for which something that exists can be used now.
    pub(crate) fn usable_of(&self, steps: &[StepId]) -> Option<StepId> {
        let open = |id: &&StepId| {
            let known = self.outline.iter().flat_map(|stage| &stage.steps).find(|step| step.id == **id);
            let free = known.is_some_and(|step| match self.state(step) {
                StepState::NotYet | StepState::Ready | StepState::Queued => true,
                StepState::Finished(outcome) => !outcome.holds() && outcome != Outcome::Skipped,
                _ => false,
            });
            free && self.usable_kind(id).is_some()
        };
        let mut usable = steps.iter().filter(open);
        usable.next().filter(|_| usable.next().is_none()).cloned()
    }

    /// The one step of `row` for which something that exists can be used now.
    pub(crate) fn usable_in(&self, row: Row) -> Option<StepId> {
        self.usable_of(&self.steps_in(row, |_| true))
    }
}
