//! The review as the wizard shows it: what the journals say of every step, which of them are shown, how deep. Pure.
//!
//! Outcomes are those of [`Progress`], the one fold; here is only what a page needs beside it.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::domain::{
    Answers, CallId, CallRecord, Counts, Fault, Outcome, Progress, Record, ReplyRecord, RunEvent, RunKind,
    StageOutline, StepId, StepOutline, StepState,
};

use super::app::Page;

/// One call with what came back.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub at: Timestamp,
    pub call: CallRecord,
    pub reply: Option<ReplyRecord>,
}

/// What the journals say of a setup.
#[derive(Clone, Debug)]
pub(crate) struct Reviewed {
    pub progress: Progress,
    pub outline: Vec<StageOutline>,
    /// How many runs it is made of.
    pub runs: usize,
    /// Of every step, oldest first.
    pub exchanges: HashMap<StepId, Vec<Exchange>>,
}

impl Reviewed {
    /// The picture of `records`, those of a chain of runs, oldest first; `None` when none of them began.
    pub(crate) fn of(records: &[Record]) -> Option<Self> {
        let mut progress = Progress::default();
        let mut runs = 0;
        let mut exchanges: HashMap<StepId, Vec<Exchange>> = HashMap::new();
        let mut places: HashMap<CallId, (StepId, usize)> = HashMap::new();
        for record in records {
            progress.apply(record);
            match &record.event {
                RunEvent::RunStarted(_) => runs += 1,
                RunEvent::CallStarted(call) => {
                    let Some(step) = &call.step else { continue };
                    let calls = exchanges.entry(step.clone()).or_default();
                    places.insert(call.call, (step.clone(), calls.len()));
                    calls.push(Exchange { at: record.at, call: (**call).clone(), reply: None });
                }
                RunEvent::CallFinished(reply) => {
                    let place = places.get(&reply.call);
                    let exchange = place.and_then(|(step, index)| exchanges.get_mut(step)?.get_mut(*index));
                    if let Some(exchange) = exchange {
                        exchange.reply = Some((**reply).clone());
                    }
                }
                _ => {}
            }
        }
        let outline = progress.header.as_ref()?.stages.clone();
        Some(Self { progress, outline, runs, exchanges })
    }

    /// How `step` stands. What held in an earlier run and was not looked at since counts as it was.
    pub(crate) fn state(&self, step: &StepOutline) -> StepState {
        match (self.progress.state(step), self.progress.step(&step.id).and_then(|known| known.was)) {
            (StepState::NotYet | StepState::Ready | StepState::Queued, Some(was)) => StepState::Finished(was),
            (state, _) => state,
        }
    }

    /// Counts the steps as [`Reviewed::state`] has them.
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for step in self.outline.iter().flat_map(|stage| &stage.steps) {
            counts.all += 1;
            match self.state(step) {
                StepState::Finished(outcome) if outcome.holds() => counts.done += 1,
                StepState::Finished(Outcome::Skipped) => counts.skipped += 1,
                StepState::Finished(Outcome::Failed) => counts.failed += 1,
                StepState::Finished(Outcome::Blocked) => counts.blocked += 1,
                state if state.is_active() => counts.running += 1,
                _ => counts.left += 1,
            }
        }
        counts
    }

    /// True when the newest run has not told its end: it was cut off, or goes on.
    pub(crate) fn is_open(&self) -> bool {
        self.progress.ended.is_none()
    }

    /// True when the newest run was to take the setup down.
    pub(crate) fn is_teardown(&self) -> bool {
        self.progress.header.as_ref().is_some_and(|header| header.kind == RunKind::Teardown)
    }

    /// The exchanges of `step`.
    pub(crate) fn of_step(&self, step: &StepId) -> &[Exchange] {
        self.exchanges.get(step).map_or(&[], Vec::as_slice)
    }
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

    fn shows(self, state: StepState) -> bool {
        let outcome = match state {
            StepState::Finished(outcome) => Some(outcome),
            _ => None,
        };
        match self {
            Self::All => true,
            Self::NotWell => outcome.is_some_and(|outcome| {
                !matches!(outcome, Outcome::Done | Outcome::AlreadyThere | Outcome::Skipped)
            }),
            Self::Failed => outcome == Some(Outcome::Failed),
            Self::Skipped => outcome == Some(Outcome::Skipped),
            Self::Left => !outcome.is_some_and(|outcome| outcome.holds() || outcome == Outcome::Skipped),
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

/// The review page.
#[derive(Clone, Debug)]
pub(crate) struct Review {
    /// Whose setup it is.
    pub answers: Answers,
    /// When it was asked for.
    pub since: Timestamp,
    pub found: Option<Result<Reviewed, Box<Fault>>>,
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

impl Review {
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
        self.found.as_ref()?.as_ref().ok()
    }

    /// The steps that are shown, in the order of the screen.
    pub(crate) fn steps(&self) -> Vec<&StepOutline> {
        let Some(reviewed) = self.reviewed() else { return Vec::new() };
        let steps = reviewed.outline.iter().flat_map(|stage| &stage.steps);
        steps.filter(|step| self.filter.shows(reviewed.state(step))).collect()
    }

    /// The step of the cursor.
    pub(crate) fn step(&self) -> Option<&StepOutline> {
        self.steps().get(self.at).copied()
    }

    /// The exchanges of the step of the cursor.
    pub(crate) fn exchanges(&self) -> &[Exchange] {
        match (self.reviewed(), self.step()) {
            (Some(reviewed), Some(step)) => reviewed.of_step(&step.id),
            _ => &[],
        }
    }
}
