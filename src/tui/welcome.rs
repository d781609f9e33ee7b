//! What a person is offered first: where to go, what can be done about setups from before, what can be practised. Pure.
//!
//! `cli` reads the journals and gives a [`Resume`] of each; nothing of Azure is asked before a choice is made.

use jiff::Timestamp;

use crate::domain::{Answers, Counts, Outcome, Progress, RunKind, StageOutline, StepOutline, StepState};
use crate::stages::Change;

use super::app::App;
use super::ground::{Place, Rehearsal};
use super::text::{ago, seconds};

/// What the journals know of a setup.
#[derive(Clone, Debug)]
pub struct Resume {
    /// Where the newest run left the setup; its header is that of this run.
    pub progress: Progress,
    /// The answers that it goes on with: those of the setup file where that speaks of it, else those of the newest run.
    pub answers: Answers,
    /// In which of them it differs from that run.
    pub changes: Vec<Change>,
}

/// What can be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Choice {
    /// With the answers that the wizard was started with.
    GoOn,
    /// With those of the run before.
    GoOnAsBefore,
    Review,
    Change,
    TakeDown,
    /// Make again what was taken down.
    SetUpAgain,
    /// Make the setup that nothing is known of yet.
    Begin,
    /// See what can be done about another setup of this place, by its index.
    Other(usize),
    /// Make one more.
    Another,
    /// Have something go wrong in the sandbox.
    Practise,
    /// Go there.
    Elsewhere(Place),
    /// Sign in in another way, or as somebody else.
    SignIn,
}

/// The welcome page.
#[derive(Clone, Debug)]
pub(crate) struct Welcome {
    pub resume: Option<Resume>,
    /// Other setups of the place, the newest first.
    pub others: Vec<Resume>,
    /// Where else it can go.
    pub elsewhere: Vec<Place>,
    /// What can be practised.
    pub rehearsals: Vec<Rehearsal>,
    /// Index of the choice that the cursor stands on.
    pub at: usize,
    /// The rehearsal of the cursor, while they are listed.
    pub practising: Option<usize>,
    /// Since when it is under way to another place.
    pub entering: Option<Timestamp>,
}

impl Welcome {
    /// A page on which nothing but a new setup is offered so far.
    pub(crate) fn new() -> Self {
        Self {
            resume: None,
            others: Vec::new(),
            elsewhere: Vec::new(),
            rehearsals: Vec::new(),
            at: 0,
            practising: None,
            entering: None,
        }
    }

    /// The choices of somebody who stands at `place`, the one that goes on first.
    fn choices(&self, place: Place, signed_in: bool) -> Vec<Choice> {
        let mut choices = match &self.resume {
            Some(resume) => resume.choices(),
            None => vec![Choice::Begin],
        };
        choices.extend((0..self.others.len()).map(Choice::Other));
        if self.resume.is_some() {
            choices.push(Choice::Another);
        }
        if !self.rehearsals.is_empty() {
            choices.push(Choice::Practise);
        }
        choices
            .extend(self.elsewhere.iter().filter(|other| **other != place).copied().map(Choice::Elsewhere));
        if signed_in {
            choices.push(Choice::SignIn);
        }
        choices
    }

    /// The answers of the newest run.
    pub(crate) fn before(&self) -> Option<&Answers> {
        self.resume.as_ref().and_then(Resume::before)
    }

    /// Takes the setup of that index among the others for the one that is offered first, and that one for another.
    pub(crate) fn turn_to(&mut self, other: usize) {
        if other < self.others.len() {
            let chosen = self.others.remove(other);
            self.others.splice(0..0, self.resume.replace(chosen));
            self.at = 0;
        }
    }
}

impl App {
    /// The choices of the welcome page, the one that goes on first.
    pub(crate) fn choices(&self) -> Vec<Choice> {
        let choices = |welcome: &Welcome| welcome.choices(self.place, self.signed_in.is_some());
        self.welcome.as_ref().map(choices).unwrap_or_default()
    }

    /// The choice of its cursor.
    pub(crate) fn choice(&self) -> Choice {
        let at = self.welcome.as_ref().map_or(0, |welcome| welcome.at);
        self.choices().get(at).copied().unwrap_or(Choice::Begin)
    }
}

impl Resume {
    /// What can be done about it, what goes on first.
    fn choices(&self) -> Vec<Choice> {
        let refused = self.changes.iter().any(|change| change.refused.is_some());
        if self.is_teardown() {
            return if self.complete() {
                vec![Choice::SetUpAgain, Choice::Review, Choice::Change]
            } else {
                vec![Choice::GoOn, Choice::Review, Choice::SetUpAgain, Choice::Change]
            };
        }
        // What would be refused is not offered.
        let mut choices = match (self.changes.is_empty(), refused) {
            (true, _) => vec![Choice::GoOn],
            (false, false) => vec![Choice::GoOn, Choice::GoOnAsBefore],
            (false, true) => vec![Choice::GoOnAsBefore],
        };
        choices.extend([Choice::Review, Choice::Change, Choice::TakeDown]);
        choices
    }

    /// The answers of the newest run.
    pub(crate) fn before(&self) -> Option<&Answers> {
        self.progress.header.as_ref().map(|header| &header.answers)
    }

    /// True when the newest run was to take the setup down.
    pub(crate) fn is_teardown(&self) -> bool {
        self.progress.header.as_ref().is_some_and(|header| header.kind == RunKind::Teardown)
    }

    fn stages(&self) -> &[StageOutline] {
        self.progress.header.as_ref().map_or(&[], |header| &header.stages)
    }

    /// The steps of the newest run.
    pub(crate) fn steps(&self) -> impl Iterator<Item = &StepOutline> {
        self.stages().iter().flat_map(|stage| &stage.steps)
    }

    /// Counts the steps. What held in an earlier run, and the newest did not come to look at again, counts as it was.
    fn counts(&self) -> Counts {
        let progress = &self.progress;
        let mut counts = progress.counts(self.stages());
        for step in self.steps() {
            let unseen =
                matches!(progress.state(step), StepState::NotYet | StepState::Ready | StepState::Queued);
            if unseen && progress.step(&step.id).is_some_and(|known| known.was.is_some()) {
                counts.left = counts.left.saturating_sub(1);
                counts.done += 1;
            }
        }
        counts
    }

    /// True when every step held, or was skipped at the person's word.
    pub(crate) fn complete(&self) -> bool {
        let counts = self.counts();
        counts.all > 0 && counts.done + counts.skipped == counts.all
    }

    /// True when Azure goes on with something of `step`, as far as is on record.
    pub(crate) fn in_azures_hands(&self, step: &StepOutline) -> bool {
        let known = self.progress.step(&step.id);
        known.is_some_and(|known| known.operation.is_some())
            && self.progress.outcome(&step.id).is_none_or(|outcome| outcome == Outcome::Cancelled)
    }

    /// The numbers, without those that are zero.
    pub(crate) fn counted(&self) -> String {
        let counts = self.counts();
        let hands = self.steps().filter(|step| self.in_azures_hands(step)).count();
        let known = counts.done + counts.failed + counts.skipped + counts.blocked + hands;
        let mut parts = vec![format!("{} of {} done", counts.done, counts.all)];
        for (count, word) in [
            (counts.failed, "failed"),
            (counts.blocked, "blocked"),
            (counts.skipped, "skipped"),
            (hands, "in Azure's hands"),
            (counts.all.saturating_sub(known), "left"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {word}"));
            }
        }
        parts.join(" · ")
    }

    /// When something was last heard of it.
    fn last(&self) -> Option<Timestamp> {
        let progress = &self.progress;
        let of_steps = self.steps().filter_map(|step| {
            let known = progress.step(&step.id)?;
            known.started.max(known.ended)
        });
        of_steps.chain(progress.started).chain(progress.ended).max()
    }

    /// How and when it was left: `left 2 h ago`, `cut off 5 min ago`.
    pub(crate) fn left(&self, now: Timestamp) -> String {
        let progress = &self.progress;
        let word = match (progress.ended, self.complete()) {
            (None, _) => "cut off",
            (Some(_), true) => "finished",
            (Some(_), false) => "left",
        };
        match self.last() {
            Some(last) => format!("{word} {}", ago(seconds(last, now))),
            None => word.to_owned(),
        }
    }
}
