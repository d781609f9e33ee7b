//! The review page: which steps of a review are shown, and how deep. Pure; what it shows is a [`Review`].

use jiff::Timestamp;

use crate::domain::{Answers, Fault, Outcome};
use crate::review::{Exchange, Review, StepReview};

use super::app::Page;

/// What the journals say of a setup.
#[derive(Clone, PartialEq, Debug)]
pub struct Reviewed {
    pub review: Review,
    /// The command that continues.
    pub go_on: String,
}

/// Which steps are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Filter {
    #[default]
    All,
    NotWell,
    Failed,
    Skipped,
    Left,
}

impl Filter {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::NotWell => "not well",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Left => "left",
        }
    }

    /// The one after it, round the end.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::All => Self::NotWell,
            Self::NotWell => Self::Failed,
            Self::Failed => Self::Skipped,
            Self::Skipped => Self::Left,
            Self::Left => Self::All,
        }
    }

    fn shows(self, outcome: Option<Outcome>) -> bool {
        match self {
            Self::All => true,
            Self::NotWell => outcome.is_some_and(|outcome| {
                !matches!(outcome, Outcome::Done | Outcome::AlreadyThere | Outcome::Skipped)
            }),
            Self::Failed => outcome == Some(Outcome::Failed),
            Self::Skipped => outcome == Some(Outcome::Skipped),
            Self::Left => !outcome.is_some_and(Outcome::is_settled),
        }
    }
}

/// How deep the page looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Depth {
    Steps,
    /// The exchanges of the step of the cursor; the cursor among them.
    Exchanges(usize),
    /// One of them, whole.
    Exchange(usize),
}

/// In which form a review is written to a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    Markdown,
    Json,
}

/// The page.
#[derive(Clone, Debug)]
pub(crate) struct Reviewing {
    /// Whose setup it is.
    pub answers: Answers,
    /// When it was asked for.
    pub since: Timestamp,
    pub found: Option<Result<Box<Reviewed>, Box<Fault>>>,
    pub filter: Filter,
    /// The cursor among the steps that are shown.
    pub at: usize,
    pub depth: Depth,
    /// True while it is asked in which form to export.
    pub exporting: bool,
    /// What became of the last export: the file, or why there is none.
    pub exported: Option<Result<String, Box<Fault>>>,
    /// The page that it was opened from.
    pub from: Box<Page>,
}

impl Reviewing {
    /// A page for the setup of `answers`, opened from `from`, its journals asked for at `since`.
    pub(crate) fn new(answers: Answers, from: Page, since: Timestamp) -> Self {
        Self {
            answers,
            since,
            found: None,
            filter: Filter::default(),
            at: 0,
            depth: Depth::Steps,
            exporting: false,
            exported: None,
            from: Box::new(from),
        }
    }

    /// What the journals say, once they are read.
    pub(crate) fn reviewed(&self) -> Option<&Reviewed> {
        self.found.as_ref()?.as_deref().ok()
    }

    /// The steps that are shown, in the order of the screen.
    pub(crate) fn steps(&self) -> Vec<&StepReview> {
        let steps = self.reviewed().map(|reviewed| reviewed.review.steps());
        steps.into_iter().flatten().filter(|step| self.filter.shows(step.outcome)).collect()
    }

    /// The step of the cursor.
    pub(crate) fn step(&self) -> Option<&StepReview> {
        self.steps().get(self.at).copied()
    }

    /// The exchanges of the step of the cursor.
    pub(crate) fn exchanges(&self) -> &[Exchange] {
        self.step().map_or(&[], |step| &step.exchanges)
    }
}
