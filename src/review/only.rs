//! Which steps a person wants to see: by outcome.

use std::fmt;
use std::str::FromStr;

use super::model::{Review, StepReview};
use crate::domain::Outcome;

/// A choice of steps. `Done`, `Skipped`, `Failed` and so on with `Left` cover all of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Only {
    /// Those that ended so.
    Outcome(Outcome),
    /// Those that are still to be done: neither well, nor skipped, nor failed.
    Left,
    /// Those that are not done or already there, or of which there is something to know.
    NotWell,
}

/// The words that can be said, in the order in which they are told.
const WORDS: [(&str, Only); 9] = [
    ("done", Only::Outcome(Outcome::Done)),
    ("already-there", Only::Outcome(Outcome::AlreadyThere)),
    ("warned", Only::Outcome(Outcome::Warned)),
    ("skipped", Only::Outcome(Outcome::Skipped)),
    ("blocked", Only::Outcome(Outcome::Blocked)),
    ("failed", Only::Outcome(Outcome::Failed)),
    ("cancelled", Only::Outcome(Outcome::Cancelled)),
    ("left", Only::Left),
    ("not-well", Only::NotWell),
];

impl Only {
    /// Says whether `step` is meant.
    pub fn takes(self, step: &StepReview) -> bool {
        match self {
            Self::Outcome(outcome) => step.outcome == Some(outcome),
            Self::Left => matches!(step.outcome, None | Some(Outcome::Blocked | Outcome::Cancelled)),
            Self::NotWell => !step.is_well(),
        }
    }
}

impl FromStr for Only {
    type Err = String;

    /// Takes the words of the screen too, as `already there`. The error names every word.
    fn from_str(word: &str) -> Result<Self, String> {
        let plain = word.trim().to_ascii_lowercase().replace([' ', '_'], "-");
        let found = WORDS.iter().find(|(known, _)| *known == plain);
        found.map(|(_, only)| *only).ok_or_else(|| {
            let known: Vec<&str> = WORDS.iter().map(|(known, _)| *known).collect();
            format!("say one of: {}", known.join(", "))
        })
    }
}

impl fmt::Display for Only {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(WORDS.iter().find(|(_, only)| only == self).map_or("", |(word, _)| *word))
    }
}

impl Review {
    /// This review with the steps alone that one of `only` takes; all of them when none is given. Counts and what is left
    /// stay those of all steps.
    #[must_use]
    pub fn only(mut self, only: &[Only]) -> Self {
        if only.is_empty() {
            return self;
        }
        for stage in &mut self.stages {
            stage.steps.retain(|step| only.iter().any(|only| only.takes(step)));
        }
        self.stages.retain(|stage| !stage.steps.is_empty());
        self.exchanges.clear();
        self.remarks.clear();
        self
    }
}
