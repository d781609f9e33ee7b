//! The way back as the wizard shows it before anything of it is begun: the plan, what stays, the name being typed. Pure.

use jiff::Timestamp;

use crate::domain::{Answers, Fault, Plan};

use super::app::Page;
use super::form::TextInput;

/// What taking a setup down comes to.
#[derive(Clone, Debug)]
pub struct WayBack {
    /// The answers that the newest run had.
    pub answers: Answers,
    pub plan: Plan,
    /// What is never taken away, each with the reason.
    pub stays: Vec<(String, String)>,
}

/// The page that shows it and asks for the setup's name.
#[derive(Clone, Debug)]
pub(crate) struct Teardown {
    /// When it was asked for.
    pub since: Timestamp,
    pub found: Option<Result<Box<WayBack>, Box<Fault>>>,
    /// The name being typed.
    pub input: TextInput,
    /// The page that it was opened from.
    pub from: Box<Page>,
}

impl Teardown {
    /// A page opened from `from`, its plan asked for at `since`.
    pub(crate) fn new(from: Page, since: Timestamp) -> Self {
        Self { since, found: None, input: TextInput::default(), from: Box::new(from) }
    }

    /// The plan, once it is there.
    pub(crate) fn way_back(&self) -> Option<&WayBack> {
        self.found.as_ref()?.as_deref().ok()
    }

    /// True when what was typed is the setup's name, to the letter.
    pub(crate) fn agreed(&self) -> bool {
        self.way_back().is_some_and(|way| self.input.text().trim() == way.answers.name)
    }
}
