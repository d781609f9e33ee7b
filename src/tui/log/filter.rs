//! Which lines of the log are shown: by step, by level, by text. Pure data; all that is set must hold at once.

use std::collections::BTreeSet;

use crate::domain::{Level, Line};
use crate::tui::text::matches;

/// The least that a shown line must matter.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Least {
    #[default]
    All,
    Warnings,
    Errors,
}

impl Least {
    /// The next one, round the end.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::All => Self::Warnings,
            Self::Warnings => Self::Errors,
            Self::Errors => Self::All,
        }
    }

    /// As the pane's title says it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::All => "all levels",
            Self::Warnings => "warnings and errors",
            Self::Errors => "errors",
        }
    }
}

/// The steps that lines are wanted of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Of {
    /// The id of the step, or of the stage.
    pub name: String,
    pub steps: BTreeSet<String>,
}

/// What a line must be to be shown.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Filter {
    pub of: Option<Of>,
    pub least: Least,
    /// Lower case; empty when any text will do.
    pub text: String,
}

impl Filter {
    /// The lines of one step; of the run itself when `step` is empty.
    pub(crate) fn of_step(step: &str) -> Self {
        let of = Of { name: step.to_owned(), steps: BTreeSet::from([step.to_owned()]) };
        Self { of: Some(of), ..Self::default() }
    }

    /// True when every line is shown.
    pub(crate) fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// True when `line` is shown.
    pub(crate) fn passes(&self, line: &Line) -> bool {
        let level = match self.least {
            Least::All => true,
            Least::Warnings => line.level >= Level::Warning,
            Least::Errors => line.level >= Level::Bad,
        };
        level
            && self.of.as_ref().is_none_or(|of| of.steps.contains(&line.step))
            && (self.text.is_empty() || holds(line, &self.text))
    }

    /// What is set, for the title of the pane: each part in a few words.
    pub(crate) fn told(&self) -> Vec<String> {
        let mut told = Vec::new();
        told.extend(self.of.as_ref().map(|of| of.name.clone()));
        if self.least != Least::All {
            told.push(self.least.word().to_owned());
        }
        if !self.text.is_empty() {
            told.push(format!("with `{}`", self.text));
        }
        told
    }
}

/// True when `line` holds `needle`, which is lower case, in its text or in the id of its step.
pub(crate) fn holds(line: &Line, needle: &str) -> bool {
    !matches(&line.text, needle).is_empty() || !matches(&line.step, needle).is_empty()
}
