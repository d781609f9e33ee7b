//! Where a run stands: a fold over its events. The live screen, resume, status and review use the same one.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::event::{Question, Record, RunEvent, RunHeader};
use super::exit::Exit;
use super::fault::Fault;
use super::ids::{CallId, StepId};
use super::plan::{StageOutline, StepOutline};
use super::step::{NeedKind, Outcome, Outputs, StepOutputs};

/// The state of one step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StepState {
    /// Its needs are not met.
    NotYet,
    /// Its needs are met; it waits for the person's word.
    Ready,
    /// Confirmed; it starts when its needs are met.
    Queued,
    Running,
    /// Azure works, or a wait goes on.
    Waiting,
    /// It waits for an answer.
    AsksYou,
    Finished(Outcome),
}

impl StepState {
    /// The word for it, the same everywhere.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotYet => "not yet",
            Self::Ready => "ready",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::AsksYou => "asks you",
            Self::Finished(outcome) => outcome.word(),
        }
    }

    /// True while it runs, waits or asks.
    pub fn is_active(self) -> bool {
        matches!(self, Self::Running | Self::Waiting | Self::AsksYou)
    }
}

/// What is known of one step.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct StepProgress {
    queued: bool,
    active: Option<StepActivity>,
    outcome: Option<Outcome>,
    /// When it was started, the last time.
    pub started: Option<Timestamp>,
    pub ended: Option<Timestamp>,
    /// How many times it was started.
    pub attempts: u32,
    /// Why it waits, with since when and the bound in wall milliseconds.
    pub waiting: Option<(String, Timestamp, u64)>,
    pub note: Option<String>,
    pub fault: Option<Fault>,
    /// Its calls, oldest first.
    pub calls: Vec<CallId>,
    /// Correlation ids of its calls, without repeats.
    pub correlation_ids: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum StepActivity {
    Running,
    Waiting,
    Asking,
}

/// Where a run, or a chain of runs, stands.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Progress {
    pub header: Option<RunHeader>,
    steps: BTreeMap<StepId, StepProgress>,
    pub outputs: Outputs,
    /// Questions that wait, oldest first.
    pub questions: Vec<Question>,
    pub started: Option<Timestamp>,
    pub ended: Option<Timestamp>,
    pub exit: Option<Exit>,
    /// Calls made so far, each attempt its own.
    pub calls: u64,
}

/// How many steps are in which condition.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Done, already there or warned.
    pub done: usize,
    /// Running, waiting or asking.
    pub running: usize,
    pub failed: usize,
    pub blocked: usize,
    pub skipped: usize,
    /// Not finished and not running.
    pub left: usize,
    pub all: usize,
}

impl Progress {
    /// A progress in which nothing happened yet.
    pub fn of(stages: &[StageOutline], header: Option<RunHeader>) -> Self {
        let mut progress = Self { header, ..Self::default() };
        progress.know(stages);
        progress
    }

    fn know(&mut self, stages: &[StageOutline]) {
        for step in stages.iter().flat_map(|stage| &stage.steps) {
            self.steps.entry(step.id.clone()).or_default();
        }
    }

    /// Takes one event in. Events seen before, or of steps not known, do no harm.
    pub fn apply(&mut self, record: &Record) {
        let at = record.at;
        match &record.event {
            RunEvent::RunStarted(header) => {
                self.know(&header.stages);
                self.header = Some((**header).clone());
                self.started = Some(at);
                self.ended = None;
                self.exit = None;
            }
            RunEvent::StepQueued { step } => self.step_mut(step).queued = true,
            RunEvent::StepStarted { step } => {
                let progress = self.step_mut(step);
                progress.active = Some(StepActivity::Running);
                progress.outcome = None;
                progress.fault = None;
                progress.note = None;
                progress.started = Some(at);
                progress.ended = None;
                progress.attempts += 1;
            }
            RunEvent::CallStarted(call) => {
                self.calls += 1;
                if let Some(step) = &call.step {
                    let progress = self.step_mut(step);
                    if progress.active == Some(StepActivity::Waiting) && !call.shown.method.is_read() {
                        progress.active = Some(StepActivity::Running);
                        progress.waiting = None;
                    }
                    if !progress.calls.contains(&call.call) {
                        progress.calls.push(call.call);
                    }
                }
            }
            RunEvent::CallFinished(reply) => {
                if let (Some(step), Some(id)) = (&reply.step, &reply.correlation_id) {
                    let progress = self.step_mut(step);
                    if !progress.correlation_ids.contains(id) {
                        progress.correlation_ids.push(id.clone());
                    }
                }
            }
            RunEvent::OperationAccepted { step, .. } => {
                self.step_mut(step).active = Some(StepActivity::Waiting);
            }
            RunEvent::OperationEnded { step, .. } => {
                let progress = self.step_mut(step);
                progress.active = Some(StepActivity::Running);
                progress.waiting = None;
            }
            RunEvent::StepWaiting { step, why, bound, .. } => {
                let progress = self.step_mut(step);
                progress.active = Some(StepActivity::Waiting);
                let since = match &progress.waiting {
                    Some((before, since, _)) if before == why => *since,
                    _ => at,
                };
                progress.waiting = Some((why.clone(), since, *bound));
            }
            RunEvent::Asked(question) => {
                self.step_mut(&question.step).active = Some(StepActivity::Asking);
                if self.questions.iter().all(|known| known.number != question.number) {
                    self.questions.push(question.clone());
                }
            }
            RunEvent::Answered(choice) => {
                self.questions.retain(|question| question.number != choice.number);
                self.step_mut(&choice.step).active = Some(StepActivity::Running);
            }
            RunEvent::StepFinished { step, outcome, note, fault, outputs } => {
                self.finish(at, step, *outcome, note.as_deref(), fault.as_deref(), outputs);
            }
            RunEvent::StepReset { step, .. } => {
                self.questions.retain(|question| question.step != *step);
                let progress = self.step_mut(step);
                progress.queued = false;
                progress.active = None;
                progress.outcome = None;
                progress.fault = None;
                progress.note = None;
                progress.waiting = None;
            }
            RunEvent::RunFinished { exit } => {
                self.exit = Some(*exit);
                self.ended = Some(at);
                self.questions.clear();
                for progress in self.steps.values_mut() {
                    progress.active = None;
                    progress.queued = false;
                }
            }
            RunEvent::RedoStarted { .. } | RunEvent::Noted { .. } | RunEvent::Unknown => {}
        }
    }

    fn finish(
        &mut self,
        at: Timestamp,
        step: &StepId,
        outcome: Outcome,
        note: Option<&str>,
        fault: Option<&Fault>,
        outputs: &StepOutputs,
    ) {
        self.questions.retain(|question| question.step != *step);
        if outcome.holds() {
            self.outputs.set(step, outputs.clone());
        }
        let progress = self.step_mut(step);
        progress.queued = false;
        progress.active = None;
        progress.waiting = None;
        progress.outcome = Some(outcome);
        progress.ended = Some(at);
        progress.note = note.map(ToOwned::to_owned);
        progress.fault = fault.cloned();
    }

    fn step_mut(&mut self, step: &StepId) -> &mut StepProgress {
        self.steps.entry(step.clone()).or_default()
    }

    /// What is known of `step`.
    pub fn step(&self, step: &StepId) -> Option<&StepProgress> {
        self.steps.get(step)
    }

    /// How `step` ended, if it did.
    pub fn outcome(&self, step: &StepId) -> Option<Outcome> {
        self.steps.get(step)?.outcome
    }

    /// The state of a step of the plan.
    pub fn state(&self, outline: &StepOutline) -> StepState {
        let Some(progress) = self.steps.get(&outline.id) else { return StepState::NotYet };
        match (progress.active, progress.outcome) {
            (Some(StepActivity::Running), _) => StepState::Running,
            (Some(StepActivity::Waiting), _) => StepState::Waiting,
            (Some(StepActivity::Asking), _) => StepState::AsksYou,
            (None, Some(outcome)) => StepState::Finished(outcome),
            (None, None) if progress.queued => StepState::Queued,
            (None, None) if self.needs_met(outline) => StepState::Ready,
            (None, None) => StepState::NotYet,
        }
    }

    /// True when every need holds, or is an effect that the person chose to do without.
    fn needs_met(&self, outline: &StepOutline) -> bool {
        outline.needs.iter().all(|need| match self.outcome(&need.step) {
            Some(outcome) if outcome.holds() => true,
            Some(Outcome::Skipped) => need.kind == NeedKind::Effect,
            _ => false,
        })
    }

    /// Counts the steps of `stages`.
    pub fn counts(&self, stages: &[StageOutline]) -> Counts {
        let mut counts = Counts::default();
        for step in stages.iter().flat_map(|stage| &stage.steps) {
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

    /// How the run would end now, as far as `steps` go: 0 when each holds or was skipped at the person's word.
    pub fn verdict_over<'a>(&self, steps: impl IntoIterator<Item = &'a StepId>) -> Exit {
        let mut verdict = Exit::Complete;
        let mut blocked = false;
        for step in steps {
            let progress = self.steps.get(step);
            let exit = match progress.and_then(|progress| progress.outcome) {
                Some(Outcome::Done | Outcome::AlreadyThere | Outcome::Warned | Outcome::Skipped) => continue,
                Some(Outcome::Failed) => progress
                    .and_then(|progress| progress.fault.as_ref())
                    .map_or(Exit::Failed, |fault| fault.exit),
                Some(Outcome::Blocked) => {
                    blocked = true;
                    continue;
                }
                Some(Outcome::Cancelled) | None => Exit::Left,
            };
            verdict = graver(verdict, exit);
        }
        // What blocked it tells more than that it was blocked.
        if verdict == Exit::Complete && blocked { Exit::Failed } else { verdict }
    }

    /// How the run would end now, over all its steps.
    pub fn verdict(&self) -> Exit {
        self.verdict_over(self.steps.keys())
    }
}

/// The exit that tells more: a cause beats what follows from it.
fn graver(one: Exit, other: Exit) -> Exit {
    let rank = |exit: Exit| match exit {
        Exit::Complete => 0,
        Exit::Left => 1,
        Exit::Failed => 2,
        Exit::Usage => 3,
        Exit::NotReached => 4,
        Exit::NotPermitted => 5,
        Exit::SignIn => 6,
        Exit::State => 7,
    };
    if rank(other) > rank(one) { other } else { one }
}
