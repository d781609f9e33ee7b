//! Makes a review of records: outcomes by `domain::Progress`, and beside it what a fold does not keep.
//!
//! Records must be such as may be shown: `cli` takes the signatures of status URLs out of them first.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use super::model::{
    Exchange, Left, Operation, QuestionReview, RedoReview, Remark, Review, RunReview, StageReview,
    StepReview, Try, Waited,
};
use super::words::rounded;
use crate::domain::{
    CallId, CallRecord, Outcome, Progress, Record, ReplyRecord, RunEvent, RunHeader, RunId, RunKind, StageId,
    StepId, StepOutline, StepProgress, StepState,
};

/// What a review is made of.
#[derive(Clone, Debug, Default)]
pub struct Source<'a> {
    /// One run, or runs that go on from one another, oldest first.
    pub runs: Vec<SourceRun<'a>>,
    /// The run that the oldest goes on from, when its journal is gone.
    pub missing: Option<RunId>,
    /// What has to follow `hubup apply` or `hubup destroy` so that it means this setup, with a space before each part.
    pub flags: String,
}

/// One run of a source.
#[derive(Clone, Copy, Debug)]
pub struct SourceRun<'a> {
    pub header: &'a RunHeader,
    pub records: &'a [Record],
    /// True when its journal ends in the middle of a line.
    pub torn: bool,
}

/// What a fold does not keep of one step.
#[derive(Debug, Default)]
struct Kept {
    seconds: f64,
    tries: Vec<Try>,
    /// Why the next start is not the first.
    again: Option<String>,
    request_ids: Vec<String>,
    questions: Vec<(u64, QuestionReview)>,
    redos: Vec<RedoReview>,
    waits: Vec<Waited>,
    operations: Vec<Operation>,
    remarks: Vec<Remark>,
    exchanges: Vec<Exchange>,
}

#[derive(Default)]
struct Collection {
    progress: Progress,
    runs: Vec<RunReview>,
    steps: BTreeMap<StepId, Kept>,
    exchanges: Vec<Exchange>,
    remarks: Vec<Remark>,
    /// Where the exchange of a call stands: its step, and the place among the step's.
    calls: HashMap<CallId, (Option<StepId>, usize)>,
    /// The steps of all plans so far, each as the newest has it, in the order in which they came up.
    known: Vec<StepOutline>,
}

impl Review {
    /// The review of `source`; `None` when there is no run in it.
    pub fn of(source: &Source<'_>) -> Option<Self> {
        let newest = source.runs.last()?.header;
        let mut collection = Collection::default();
        let mut kind = None;
        for run in &source.runs {
            // The other way round there are other steps; `Progress` forgets them likewise.
            if kind.replace(run.header.kind).is_some_and(|before| before != run.header.kind) {
                let Collection { progress, runs, .. } = collection;
                collection = Collection { progress, runs, ..Collection::default() };
            }
            collection.run(run);
        }
        let command = command(newest.kind, &source.flags);
        let stages = collection.stages(newest, &command);
        let left: Vec<Left> = stages
            .iter()
            .filter(|stage| stage.id != EARLIER)
            .flat_map(|stage| &stage.steps)
            .filter(|step| {
                !step.outcome.is_some_and(|outcome| outcome.holds() || outcome == Outcome::Skipped)
            })
            .map(|step| Left { step: step.id.clone(), title: step.title.clone(), state: step.state })
            .collect();
        Some(Self {
            format: 1,
            setup: newest.answers.name.clone(),
            setup_id: newest.setup,
            cloud: newest.answers.cloud.name.clone(),
            sandbox: newest.sandbox,
            subscription: newest.answers.subscription.clone(),
            resource_group: newest.answers.resource_group.clone(),
            location: newest.answers.location.clone(),
            kind: newest.kind,
            dialect: newest.dialect.clone(),
            profile: newest.profile.clone(),
            chosen_because: newest.chosen_because.clone(),
            missing_run: source.missing.clone(),
            counts: collection.progress.counts(&newest.stages),
            goes_on_with: (!left.is_empty()).then_some(command),
            left,
            stages,
            runs: collection.runs,
            exchanges: collection.exchanges,
            remarks: collection.remarks,
        })
    }
}

/// The stage of steps that are no longer in the plan.
const EARLIER: StageId = StageId::new("earlier");

fn command(kind: RunKind, flags: &str) -> String {
    let verb = match kind {
        RunKind::Setup => "apply",
        RunKind::Teardown => "destroy",
    };
    format!("hubup {verb}{flags}")
}

impl Collection {
    fn run(&mut self, run: &SourceRun<'_>) {
        let header = run.header;
        for step in header.stages.iter().flat_map(|stage| &stage.steps) {
            match self.known.iter_mut().find(|known| known.id == step.id) {
                Some(known) => *known = step.clone(),
                None => self.known.push(step.clone()),
            }
        }
        let mut unknown_events = 0;
        let mut calls = 0;
        let mut finished = None;
        for record in run.records {
            self.progress.apply(record);
            match &record.event {
                RunEvent::Unknown => unknown_events += 1,
                RunEvent::RunFinished { exit } => finished = Some((record.at, *exit)),
                RunEvent::CallStarted(_) => calls += 1,
                _ => {}
            }
            self.take(&header.run, record);
        }
        let started = run.records.first().map_or(Timestamp::UNIX_EPOCH, |record| record.at);
        let last = run.records.last().map_or(started, |record| record.at);
        for kept in self.steps.values_mut() {
            if let Some(started) = kept.open(&header.run).and_then(|open| open.started) {
                kept.seconds += seconds(started, last);
            }
        }
        self.runs.push(RunReview {
            run: header.run.clone(),
            kind: header.kind,
            hubup: header.hubup.clone(),
            started,
            ended: finished.map(|(at, _)| at),
            seconds: seconds(started, last),
            exit: finished.map(|(_, exit)| exit),
            exit_code: finished.map(|(_, exit)| exit.code()),
            torn: run.torn,
            continues: header.continues.clone(),
            calls,
            unknown_events,
        });
    }

    fn take(&mut self, run: &RunId, record: &Record) {
        let at = record.at;
        match &record.event {
            RunEvent::CallStarted(call) => self.call(run, at, call),
            RunEvent::CallFinished(reply) => self.reply(reply),
            RunEvent::Noted { step, text } => {
                let remark = Remark { run: run.clone(), at, text: text.clone() };
                match step {
                    Some(step) => self.kept(step).remarks.push(remark),
                    None => self.remarks.push(remark),
                }
            }
            event => {
                if let Some(step) = event.step() {
                    self.kept(step).take(run, at, event);
                }
            }
        }
    }

    fn kept(&mut self, step: &StepId) -> &mut Kept {
        self.steps.entry(step.clone()).or_default()
    }

    fn exchanges(&mut self, step: Option<&StepId>) -> &mut Vec<Exchange> {
        match step {
            Some(step) => &mut self.kept(step).exchanges,
            None => &mut self.exchanges,
        }
    }

    fn call(&mut self, run: &RunId, at: Timestamp, call: &CallRecord) {
        let exchanges = self.exchanges(call.step.as_ref());
        let place = exchanges.len();
        exchanges.push(Exchange {
            run: run.clone(),
            call: call.call,
            short: call.call.short(),
            at,
            purpose: call.purpose,
            method: call.shown.method,
            url: call.shown.url.clone(),
            headers: call.shown.headers.clone(),
            request: call.shown.body.clone(),
            retry_of: call.retry_of,
            answered: false,
            status: None,
            millis: None,
            error: None,
            code: None,
            message: None,
            state: None,
            request_id: None,
            correlation_id: None,
            retry_after: None,
            reply: None,
        });
        self.calls.insert(call.call, (call.step.clone(), place));
    }

    fn reply(&mut self, reply: &ReplyRecord) {
        let Some((step, place)) = self.calls.get(&reply.call).cloned() else { return };
        if let (Some(step), Some(id)) = (&step, &reply.request_id) {
            let ids = &mut self.kept(step).request_ids;
            if !ids.contains(id) {
                ids.push(id.clone());
            }
        }
        let Some(exchange) = self.exchanges(step.as_ref()).get_mut(place) else { return };
        exchange.answered = true;
        exchange.status = reply.status;
        exchange.millis = Some(reply.millis);
        exchange.error = reply.error;
        exchange.code.clone_from(&reply.code);
        exchange.message.clone_from(&reply.message);
        exchange.state.clone_from(&reply.state);
        exchange.request_id.clone_from(&reply.request_id);
        exchange.correlation_id.clone_from(&reply.correlation_id);
        exchange.retry_after = reply.retry_after;
        exchange.reply.clone_from(&reply.body);
    }

    /// The stages of the newest plan, and what other plans had besides.
    fn stages(&mut self, newest: &RunHeader, command: &str) -> Vec<StageReview> {
        let mut stages: Vec<StageReview> = Vec::new();
        let mut planned = BTreeSet::new();
        for stage in &newest.stages {
            let steps = stage.steps.iter().map(|outline| self.step(outline, command)).collect();
            planned.extend(stage.steps.iter().map(|outline| outline.id.clone()));
            stages.push(StageReview { id: stage.id.clone(), heading: stage.heading.clone(), steps });
        }
        let begun = |id: &StepId| self.steps.get(id).is_some_and(|kept| !kept.tries.is_empty());
        let dropped: Vec<StepOutline> = self
            .known
            .iter()
            .filter(|step| !planned.contains(&step.id) && begun(&step.id))
            .cloned()
            .collect();
        if !dropped.is_empty() {
            let steps = dropped.iter().map(|outline| self.step(outline, command)).collect();
            let heading = "No longer part of the plan".to_owned();
            stages.push(StageReview { id: EARLIER, heading, steps });
        }
        stages
    }

    fn step(&mut self, outline: &StepOutline, command: &str) -> StepReview {
        let kept = self.steps.remove(&outline.id).unwrap_or_default();
        let state = self.progress.state(outline);
        let known = self.progress.step(&outline.id).cloned().unwrap_or_default();
        let outcome = self.progress.outcome(&outline.id);
        let in_azures_hands = known.operation.is_some();
        StepReview {
            id: outline.id.clone(),
            title: outline.title.clone(),
            outcome,
            state: state.word(),
            was: known.was,
            started: kept.tries.iter().find_map(|tried| tried.started),
            ended: kept.tries.last().and_then(|tried| tried.ended),
            seconds: rounded(kept.seconds),
            attempts: known.attempts,
            in_azures_hands,
            reason: self.reason(outline, state, &known),
            remedy: self.remedy(outline, outcome, &known, command),
            code: known.fault.as_ref().and_then(|fault| fault.code.clone()),
            note: known.note,
            fault: known.fault,
            correlation_ids: known.correlation_ids,
            request_ids: kept.request_ids,
            tries: kept.tries,
            questions: kept.questions.into_iter().map(|(_, question)| question).collect(),
            redos: kept.redos,
            waits: kept.waits,
            operations: kept.operations,
            remarks: kept.remarks,
            exchanges: kept.exchanges,
        }
    }

    fn reason(&self, outline: &StepOutline, state: StepState, known: &StepProgress) -> Option<String> {
        if let Some(fault) = &known.fault {
            return Some(fault.says.clone());
        }
        if let Some(why) = known.note.as_ref().or(known.came_back.as_ref()) {
            return Some(why.clone());
        }
        match (state, known.was) {
            (state, _) if state.is_active() => Some("it was under way when the journal ends".to_owned()),
            (StepState::Finished(Outcome::Blocked), _) => {
                let missing = self.roots(outline);
                (!missing.is_empty()).then(|| format!("it needs {}", listed(&missing)))
            }
            (StepState::Finished(_), _) => None,
            (_, _) if known.operation.is_some() => {
                Some("Azure accepted it; its end is not on record".to_owned())
            }
            (_, Some(was)) => Some(format!("{} in an earlier run, not looked at since", was.word())),
            _ => None,
        }
    }

    fn remedy(
        &self,
        outline: &StepOutline,
        outcome: Option<Outcome>,
        known: &StepProgress,
        command: &str,
    ) -> Option<String> {
        if let Some(fault) = &known.fault {
            return Some(fault.remedy.clone());
        }
        if known.operation.is_some() {
            return Some(format!("run `{command}`, which follows it to its end"));
        }
        match outcome {
            Some(Outcome::Blocked) => {
                let first = self.roots(outline);
                (!first.is_empty()).then(|| format!("settle {} first", listed(&first)))
            }
            Some(Outcome::Skipped) => Some(format!("run `{command}` to have it done")),
            Some(Outcome::Cancelled | Outcome::Failed) => Some(format!("run `{command}` to try again")),
            None if known.started.is_some() => Some(format!("run `{command}` to go on")),
            _ => None,
        }
    }

    /// What stands at the beginning of what `outline` needs and does not have.
    fn roots(&self, outline: &StepOutline) -> Vec<StepId> {
        let mut roots = Vec::new();
        let mut seen = BTreeSet::new();
        let mut open = self.missing(outline);
        while let Some(id) = open.pop() {
            if !seen.insert(id.clone()) {
                continue;
            }
            let deeper = match self.progress.outcome(&id) {
                Some(Outcome::Blocked) | None => self.known.iter().find(|known| known.id == id),
                Some(_) => None,
            };
            let deeper = deeper.map(|outline| self.missing(outline)).unwrap_or_default();
            if deeper.is_empty() {
                roots.push(id);
            }
            open.extend(deeper);
        }
        roots
    }

    /// What `outline` needs and does not have, last first.
    fn missing(&self, outline: &StepOutline) -> Vec<StepId> {
        let needs = outline.needs.iter().rev().map(|need| &need.step);
        needs.filter(|need| !self.progress.outcome(need).is_some_and(Outcome::holds)).cloned().collect()
    }
}

impl Kept {
    /// The last try, when it belongs to `run` and has not ended.
    fn open(&mut self, run: &RunId) -> Option<&mut Try> {
        self.tries.last_mut().filter(|tried| tried.run == *run && tried.ended.is_none())
    }

    fn take(&mut self, run: &RunId, at: Timestamp, event: &RunEvent) {
        match event {
            RunEvent::StepStarted { look, .. } => {
                let again_because = self.again.take();
                self.tries.push(Try {
                    run: run.clone(),
                    started: Some(at),
                    ended: None,
                    look: *look,
                    again_because,
                    outcome: None,
                    reason: None,
                    code: None,
                });
            }
            RunEvent::StepFinished { outcome, note, fault, .. } => {
                if self.open(run).is_none() {
                    let again_because = self.again.take();
                    self.tries.push(Try {
                        run: run.clone(),
                        started: None,
                        ended: None,
                        look: false,
                        again_because,
                        outcome: None,
                        reason: None,
                        code: None,
                    });
                }
                if let Some(open) = self.open(run) {
                    open.ended = Some(at);
                    open.outcome = Some(*outcome);
                    open.reason = fault.as_ref().map(|fault| fault.says.clone()).or_else(|| note.clone());
                    open.code = fault.as_ref().and_then(|fault| fault.code.clone());
                    let spent = open.started.map_or(0.0, |started| seconds(started, at));
                    self.seconds += spent;
                }
            }
            RunEvent::StepReset { why, .. } => {
                self.again = Some(why.clone());
                if let Some(open) = self.open(run) {
                    open.ended = Some(at);
                    let spent = open.started.map_or(0.0, |started| seconds(started, at));
                    self.seconds += spent;
                }
            }
            RunEvent::Asked(question) => {
                let ask = &question.ask;
                let asked = QuestionReview {
                    run: run.clone(),
                    asked: at,
                    question: ask.question.clone(),
                    differs: ask.differs.clone(),
                    choices: ask.choices.clone(),
                    choice: None,
                    answered: None,
                    by: None,
                };
                self.questions.push((question.number, asked));
            }
            RunEvent::Answered(choice) => {
                let asked = self
                    .questions
                    .iter_mut()
                    .rev()
                    .find(|(number, asked)| *number == choice.number && asked.run == *run);
                if let Some((_, asked)) = asked {
                    asked.choice = Some(choice.choice.clone());
                    asked.answered = Some(at);
                    asked.by = Some(choice.by);
                }
            }
            RunEvent::RedoStarted { steps, why, .. } => {
                self.redos.push(RedoReview { run: run.clone(), at, steps: steps.clone(), why: why.clone() });
            }
            RunEvent::StepWaiting { why, millis, .. } => {
                let more = std::time::Duration::from_millis(*millis).as_secs_f64();
                match self.waits.iter_mut().find(|waited| waited.why == *why) {
                    Some(waited) => {
                        waited.times = waited.times.saturating_add(1);
                        waited.seconds = rounded(waited.seconds + more);
                    }
                    None => {
                        self.waits.push(Waited { why: why.clone(), times: 1, seconds: rounded(more) });
                    }
                }
            }
            RunEvent::OperationAccepted { call, wait, .. } => self.operations.push(Operation {
                run: run.clone(),
                call: *call,
                accepted: at,
                status_url: wait.poll().split('?').next().unwrap_or_default().to_owned(),
                ended: None,
                state: None,
            }),
            RunEvent::OperationEnded { call, state, .. } => {
                let begun = self.operations.iter_mut().rev().find(|operation| operation.call == *call);
                if let Some(operation) = begun {
                    operation.ended = Some(at);
                    operation.state = Some(state.clone());
                }
            }
            _ => {}
        }
    }
}

/// From `from` to `to`; nothing when the clock was set back meanwhile.
fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    rounded(to.duration_since(from).as_secs_f64().max(0.0))
}

fn listed(steps: &[StepId]) -> String {
    let named: Vec<String> = steps.iter().map(|step| format!("`{step}`")).collect();
    named.join(", ")
}
