//! Where a run stands: a fold over its events. The live screen, resume, status and review use the same one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::earlier::Earlier;
use super::event::{CallRecord, Question, Record, ReplyRecord, RunEvent, RunHeader, RunKind, Wait};
use super::exit::Exit;
use super::fault::Fault;
use super::ids::{CallId, StepId};
use super::plan::{StageOutline, StepOutline};
use super::reply::ErrorKind;
use super::request::Method;
use super::step::{Ask, NeedKind, Outcome, Outputs, Purpose, StepOutputs};

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

/// So many correlation ids of a step are kept, the newest: one that is watched for hours has a new one with each look.
const MOST_IDS: usize = 200;

/// What is known of one step.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct StepProgress {
    queued: bool,
    active: Option<StepActivity>,
    outcome: Option<Outcome>,
    /// How it ended in an earlier run, until this one has looked again.
    pub was: Option<Outcome>,
    /// Why it waits for the person's word again, after it was looked for or taken back.
    pub came_back: Option<String>,
    /// The operation that Azure accepted and whose end is not on record.
    pub operation: Option<Wait>,
    /// Before this the service asked not to be asked again.
    pub not_before: Option<Timestamp>,
    /// The change that was sent and whose reply is not on record.
    unanswered: Option<CallId>,
    /// The resource that the person has used for it.
    pub using: Option<String>,
    /// What was asked, with the key of the choice.
    answers: Vec<(Ask, String)>,
    /// When it was started, the last time.
    pub started: Option<Timestamp>,
    pub ended: Option<Timestamp>,
    /// How many times it was started, looks alone not counted.
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

impl StepProgress {
    /// In what the resource differed from the answers, the last time that this was asked about.
    pub fn differed(&self) -> &[String] {
        let mut asked = self.answers.iter().rev().map(|(ask, _)| &ask.differs[..]);
        asked.find(|differs| !differs.is_empty()).unwrap_or_default()
    }
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
    /// Resource ids that were created, lower case.
    made: Arc<BTreeSet<String>>,
    /// Resource ids that the last look did not find, lower case.
    missing: BTreeSet<String>,
    /// Calls without a reply on record: method and resource id.
    under_way: BTreeMap<CallId, (Method, String)>,
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

    /// Takes the steps of `stages` in, those that are not known as not begun.
    pub fn know(&mut self, stages: &[StageOutline]) {
        for step in stages.iter().flat_map(|stage| &stage.steps) {
            self.steps.entry(step.id.clone()).or_default();
        }
    }

    /// Takes one event in. Events seen before, or of steps not known, do no harm.
    pub fn apply(&mut self, record: &Record) {
        let at = record.at;
        match &record.event {
            RunEvent::RunStarted(header) => {
                self.go_on(header);
                self.know(&header.stages);
                self.header = Some((**header).clone());
                self.started = Some(at);
                self.ended = None;
                self.exit = None;
            }
            RunEvent::StepQueued { step } => self.step_mut(step).queued = true,
            RunEvent::StepStarted { step, look } => {
                let progress = self.step_mut(step);
                progress.active = Some(StepActivity::Running);
                progress.outcome = None;
                progress.fault = None;
                progress.note = None;
                progress.came_back = None;
                progress.started = Some(at);
                progress.ended = None;
                progress.attempts += u32::from(!look);
            }
            RunEvent::CallStarted(call) => {
                self.calls += 1;
                self.sent(call);
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
                self.replied(at, reply);
                if let (Some(step), Some(id)) = (&reply.step, &reply.correlation_id) {
                    let progress = self.step_mut(step);
                    if !progress.correlation_ids.contains(id) {
                        if progress.correlation_ids.len() >= MOST_IDS {
                            progress.correlation_ids.remove(0);
                        }
                        progress.correlation_ids.push(id.clone());
                    }
                }
            }
            RunEvent::OperationAccepted { step, wait, .. } => {
                let progress = self.step_mut(step);
                progress.active = Some(StepActivity::Waiting);
                progress.operation = Some(wait.clone());
            }
            RunEvent::OperationEnded { step, .. } => {
                let progress = self.step_mut(step);
                progress.active = Some(StepActivity::Running);
                progress.waiting = None;
                progress.operation = None;
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
                let asked = self.questions.iter().position(|question| question.number == choice.number);
                if let Some(asked) = asked {
                    let ask = self.questions.remove(asked).ask;
                    self.step_mut(&choice.step).answers.push((ask, choice.choice.clone()));
                }
                self.step_mut(&choice.step).active = Some(StepActivity::Running);
            }
            RunEvent::StepFinished { step, outcome, note, fault, outputs } => {
                self.finish(at, step, *outcome, note.as_deref(), fault.as_deref(), outputs);
            }
            RunEvent::StepReset { step, why } => {
                self.questions.retain(|question| question.step != *step);
                // Done again, it gives them anew; looked for and not found, it no longer gives what an earlier run had of it.
                if self.outcome(step).is_none() {
                    self.outputs.forget(step);
                }
                let progress = self.step_mut(step);
                progress.queued = false;
                progress.active = None;
                progress.outcome = None;
                progress.fault = None;
                progress.note = None;
                progress.waiting = None;
                progress.was = None;
                progress.came_back = Some(why.clone());
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
            RunEvent::UseChosen { step, id } => self.step_mut(step).using = Some(id.clone()),
            RunEvent::RedoStarted { .. } | RunEvent::Noted { .. } | RunEvent::Unknown => {}
        }
    }

    /// A run begins that goes on from what was folded so far. What held has to be seen again; what ended otherwise stays
    /// as a choice; what was blocked may not be any more, and what was stopped is simply not done.
    fn go_on(&mut self, header: &RunHeader) {
        self.questions.clear();
        let Some(before) = self.header.as_ref().map(|header| header.kind) else { return };
        if before != header.kind {
            // The other way round there are other steps. What was given is what a teardown looks for; what a setup
            // needs it finds anew.
            self.steps.clear();
            if header.kind == RunKind::Setup {
                self.outputs = Outputs::default();
            }
            return;
        }
        for progress in self.steps.values_mut() {
            progress.queued = false;
            progress.active = None;
            progress.waiting = None;
            progress.came_back = None;
            if !matches!(progress.outcome, None | Some(Outcome::Failed | Outcome::Skipped)) {
                progress.was = progress.outcome.take().filter(|outcome| outcome.holds());
                progress.note = None;
            }
        }
    }

    /// Keeps in mind that a change is on its way, and what it creates.
    fn sent(&mut self, call: &CallRecord) {
        let id = resource_id(&call.shown.url);
        self.under_way.insert(call.call, (call.shown.method, id.clone()));
        if call.purpose != Purpose::Change {
            return;
        }
        // Also when no reply comes back: what is there then is of our making.
        if call.shown.method == Method::Put && self.missing.contains(&id) {
            Arc::make_mut(&mut self.made).insert(id);
        }
        if let Some(step) = &call.step {
            self.step_mut(step).unanswered = Some(call.call);
        }
    }

    fn replied(&mut self, at: Timestamp, reply: &ReplyRecord) {
        let lost = reply.error == Some(ErrorKind::Lost);
        match self.under_way.remove(&reply.call) {
            Some((Method::Get, id)) if reply.status == Some(404) => {
                self.missing.insert(id);
            }
            Some((Method::Get, id)) if reply.error.is_none() => {
                self.missing.remove(&id);
            }
            Some((Method::Put, id)) if reply.error.is_some() && !lost && self.missing.contains(&id) => {
                Arc::make_mut(&mut self.made).remove(&id);
            }
            Some((Method::Delete, id)) if reply.error.is_none() => {
                Arc::make_mut(&mut self.made).remove(&id);
            }
            _ => {}
        }
        let Some(step) = &reply.step else { return };
        let progress = self.step_mut(step);
        let pause = reply.retry_after.map(|millis| SignedDuration::from_millis(millis.cast_signed()));
        progress.not_before = pause.and_then(|pause| at.checked_add(pause).ok());
        if !lost && progress.unanswered == Some(reply.call) {
            progress.unanswered = None;
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
        progress.was = None;
        if outcome.holds() {
            progress.operation = None;
            progress.unanswered = None;
        }
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

    /// What `step` has to know of what was done before.
    pub fn earlier(&self, step: &StepId) -> Earlier {
        let progress = self.steps.get(step);
        Earlier {
            made: self.made.clone(),
            unanswered: progress.is_some_and(|progress| progress.unanswered.is_some()),
            answers: progress.map(|progress| progress.answers.clone()).unwrap_or_default(),
            ended: None,
            using: progress.and_then(|progress| progress.using.clone()),
        }
    }

    /// True when something of `step` is, or may be, in Azure: it held when it was last seen, or a change of it was sent.
    /// What a step gave is known until a look did not find it, so a look that failed takes nothing of this back.
    pub fn begun(&self, step: &StepId) -> bool {
        let gave = self.outputs.of(step).is_some();
        gave || self.steps.get(step).is_some_and(|progress| {
            let held = progress.outcome.or(progress.was).is_some_and(Outcome::holds);
            held || progress.operation.is_some() || progress.unanswered.is_some()
        })
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

/// The resource that a URL names, in the form in which ids are compared.
fn resource_id(url: &str) -> String {
    let path = url.split('?').next().unwrap_or_default();
    let path = path.split_once("://").map_or(path, |(_, rest)| rest.find('/').map_or("", |at| &rest[at..]));
    path.to_lowercase()
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
