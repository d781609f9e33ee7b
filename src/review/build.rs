//! Makes a review of the records of runs: outcomes by the one fold, the rest of a step by `gather`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::gather::Gathered;
use super::value::{Exchange, Remark, Review, RunReview, StageReview, StepReview, Tally};
use crate::domain::{
    CallId, CallRecord, Exchanged, Outcome, Progress, Record, ReplyRecord, RunEvent, RunHeader, RunId,
    RunKind, StageId, StepId, StepOutline, StepProgress, StepState,
};

/// The stage of steps that the newest plan no longer has.
const EARLIER: StageId = StageId::new("earlier");

/// What is known beside the fold.
#[derive(Default)]
struct Collection {
    kind: Option<RunKind>,
    steps: BTreeMap<StepId, Gathered>,
    /// Where the exchange of a call without a reply stands.
    places: BTreeMap<CallId, (StepId, usize)>,
    remarks: Vec<Remark>,
    /// The steps of all plans, each as the newest has it, in the order in which they came up.
    known: Vec<StepOutline>,
}

impl Review {
    /// Reviews `runs`, oldest first; each begins with its first line. `None` when none has one.
    pub fn of<'a>(runs: impl IntoIterator<Item = &'a [Record]>) -> Option<Self> {
        let mut progress = Progress::default();
        let mut told = Vec::new();
        let mut collection = Collection::default();
        for records in runs {
            let Some(RunEvent::RunStarted(header)) = records.first().map(|record| &record.event) else {
                continue;
            };
            told.extend(RunReview::of(records, &mut progress));
            collection.take(header, records);
        }
        let header = progress.header.clone()?;
        let stages: Vec<StageReview> = header
            .stages
            .iter()
            .map(|stage| StageReview {
                id: stage.id.clone(),
                heading: stage.heading.clone(),
                steps: stage.steps.iter().map(|step| collection.step(step, &progress)).collect(),
            })
            .collect();
        let left = stages
            .iter()
            .flat_map(|stage| &stage.steps)
            .filter(|step| !step.outcome.is_some_and(Outcome::is_settled))
            .map(|step| step.id.clone())
            .collect();
        let tally = tally(&stages);
        let dropped = collection.dropped(&header, &progress);
        let answers = header.answers;
        Some(Self {
            setup: answers.name,
            subscription: answers.subscription,
            resource_group: answers.resource_group,
            location: answers.location,
            cloud: answers.cloud.name,
            sandbox: header.sandbox,
            kind: header.kind,
            dialect: header.dialect,
            profile: header.profile,
            chosen_because: header.chosen_because,
            tally,
            runs: told,
            missing: None,
            remarks: collection.remarks,
            stages: stages.into_iter().chain(dropped).collect(),
            left,
        })
    }
}

fn tally(stages: &[StageReview]) -> Tally {
    let mut tally = Tally::default();
    for step in stages.iter().flat_map(|stage| &stage.steps) {
        tally.all += 1;
        *match step.outcome {
            Some(Outcome::Failed) => &mut tally.failed,
            Some(Outcome::Blocked) => &mut tally.blocked,
            Some(Outcome::Skipped) => &mut tally.skipped,
            Some(Outcome::Cancelled) => &mut tally.cancelled,
            Some(Outcome::Done | Outcome::AlreadyThere | Outcome::Warned) => &mut tally.done,
            None => &mut tally.left,
        } += 1;
    }
    tally
}

impl RunReview {
    /// One run as a list of runs tells it. `progress` is where the run began, and is folded to where it ended. `None` when
    /// the records do not begin with a first line.
    pub fn of(records: &[Record], progress: &mut Progress) -> Option<Self> {
        let (first, last) = (records.first()?, records.last()?);
        let RunEvent::RunStarted(header) = &first.event else { return None };
        for record in records {
            progress.apply(record);
        }
        let exit = match &last.event {
            RunEvent::RunFinished { exit } => Some(*exit),
            _ => None,
        };
        let counts = progress.counts(&header.stages);
        Some(Self {
            run: header.run.0.clone(),
            kind: header.kind,
            hubup: header.hubup.clone(),
            format: header.format,
            started: first.at,
            last: last.at,
            exit,
            done: counts.done,
            failed: counts.failed,
            skipped: counts.skipped,
            all: counts.all,
            continues: header.continues.as_ref().map(|run| run.0.clone()),
            unknown: records.iter().filter(|record| record.event == RunEvent::Unknown).count(),
        })
    }
}

impl Collection {
    fn take(&mut self, header: &RunHeader, records: &[Record]) {
        // The other way round there are other steps; the fold forgets them likewise.
        if self.kind.replace(header.kind).is_some_and(|before| before != header.kind) {
            *self = Self { kind: self.kind, ..Self::default() };
        }
        for step in header.steps() {
            match self.known.iter_mut().find(|known| known.id == step.id) {
                Some(known) => *known = step.clone(),
                None => self.known.push(step.clone()),
            }
        }
        for record in records {
            self.record(header, record);
        }
        let last = records.last().map(|record| record.at);
        for gathered in self.steps.values_mut() {
            gathered.run_ends(&header.run, last);
        }
    }

    fn record(&mut self, header: &RunHeader, record: &Record) {
        match &record.event {
            RunEvent::CallStarted(call) => {
                let Some(step) = &call.step else { return };
                let exchanges = &mut self.steps.entry(step.clone()).or_default().exchanges;
                self.places.insert(call.call, (step.clone(), exchanges.len()));
                exchanges.push(sent(record.at, &header.run, call));
            }
            RunEvent::CallFinished(reply) => {
                let Some((step, index)) = self.places.remove(&reply.call) else { return };
                let exchange = self.steps.get_mut(&step).and_then(|known| known.exchanges.get_mut(index));
                if let Some(exchange) = exchange {
                    replied(exchange, reply);
                }
            }
            RunEvent::Noted { step: None, text } => {
                self.remarks.push(Remark { run: header.run.0.clone(), at: record.at, text: text.clone() });
            }
            event => {
                if let Some(step) = event.step() {
                    self.steps.entry(step.clone()).or_default().take(&header.run, record.at, event);
                }
            }
        }
    }

    fn step(&mut self, outline: &StepOutline, progress: &Progress) -> StepReview {
        let gathered = self.steps.remove(&outline.id).unwrap_or_default();
        let known = progress.step(&outline.id).cloned().unwrap_or_default();
        let state = progress.state(outline);
        let outcome = progress.outcome(&outline.id);
        let remedy = match (&known.fault, outcome) {
            (Some(fault), _) => Some(fault.remedy.clone()),
            (None, Some(Outcome::Blocked)) => {
                let roots = self.roots(outline, progress);
                (!roots.is_empty()).then(|| format!("settle {} first", listed(&roots)))
            }
            _ => None,
        };
        StepReview {
            id: outline.id.clone(),
            title: outline.title.clone(),
            state: state.word().to_owned(),
            outcome,
            was: known.was,
            started: gathered.tries.iter().find_map(|tried| tried.started),
            ended: gathered.tries.last().and_then(|tried| tried.ended),
            seconds: outcome
                .filter(|_| gathered.began())
                .map(|_| u64::try_from(gathered.spent.as_secs()).unwrap_or(0)),
            attempts: known.attempts,
            reason: self.reason(outline, state, &known, progress),
            fault: known.fault,
            remedy,
            in_azures_hands: known.operation.is_some(),
            used: known.using,
            correlation_ids: known.correlation_ids,
            tries: gathered.tries,
            questions: gathered.questions.into_iter().map(|(_, review)| review).collect(),
            redos: gathered.redos,
            waits: gathered.waits,
            operations: gathered.operations,
            remarks: gathered.remarks,
            exchanges: gathered.exchanges,
        }
    }

    fn reason(
        &self,
        outline: &StepOutline,
        state: StepState,
        known: &StepProgress,
        progress: &Progress,
    ) -> Option<String> {
        if let Some(why) = known.note.as_ref().or(known.came_back.as_ref()) {
            return Some(why.clone());
        }
        match (state, known.was) {
            (state, _) if state.is_active() => Some("it was under way when the journal ends".to_owned()),
            (StepState::Finished(Outcome::Blocked), _) if known.fault.is_none() => {
                let roots = self.roots(outline, progress);
                (!roots.is_empty()).then(|| format!("it needs {}", listed(&roots)))
            }
            (StepState::Finished(_), _) => None,
            (_, Some(was)) => Some(format!("{} in an earlier run, not looked at since", was.word())),
            _ => None,
        }
    }

    /// What stands at the beginning of what `outline` needs and does not have.
    fn roots(&self, outline: &StepOutline, progress: &Progress) -> Vec<StepId> {
        let mut roots = Vec::new();
        let mut seen = BTreeSet::new();
        let mut open = missing(outline, progress);
        while let Some(id) = open.pop() {
            if !seen.insert(id.clone()) {
                continue;
            }
            let deeper = match progress.outcome(&id) {
                Some(Outcome::Blocked) | None => self.known.iter().find(|known| known.id == id),
                Some(_) => None,
            };
            let deeper = deeper.map(|outline| missing(outline, progress)).unwrap_or_default();
            if deeper.is_empty() {
                roots.push(id);
            }
            open.extend(deeper);
        }
        roots
    }

    /// The steps that were begun and are no longer in the plan.
    fn dropped(&mut self, newest: &RunHeader, progress: &Progress) -> Option<StageReview> {
        let planned: BTreeSet<&StepId> = newest.steps().map(|step| &step.id).collect();
        let known = std::mem::take(&mut self.known);
        let steps: Vec<StepReview> = known
            .iter()
            .filter(|step| !planned.contains(&step.id))
            .map(|outline| self.step(outline, progress))
            .filter(|step| !step.tries.is_empty())
            .collect();
        let heading = "No longer part of the plan".to_owned();
        (!steps.is_empty()).then_some(StageReview { id: EARLIER, heading, steps })
    }
}

/// What `outline` needs and does not have, last first.
fn missing(outline: &StepOutline, progress: &Progress) -> Vec<StepId> {
    let needs = outline.needs.iter().rev().map(|need| &need.step);
    needs.filter(|need| !progress.outcome(need).is_some_and(Outcome::holds)).cloned().collect()
}

fn listed(steps: &[StepId]) -> String {
    let named: Vec<String> = steps.iter().map(|step| format!("`{step}`")).collect();
    named.join(", ")
}

impl Exchange {
    /// The call that `exchanged` tells of; `None` when its first record is not one of a call.
    pub fn of(exchanged: &Exchanged) -> Option<Self> {
        let RunEvent::CallStarted(call) = &exchanged.begun.event else { return None };
        let mut exchange = sent(exchanged.begun.at, &exchanged.run, call);
        if let Some(RunEvent::CallFinished(reply)) = exchanged.ended.as_ref().map(|record| &record.event) {
            replied(&mut exchange, reply);
        }
        Some(exchange)
    }
}

fn sent(at: Timestamp, run: &RunId, call: &CallRecord) -> Exchange {
    Exchange {
        run: run.0.clone(),
        at,
        call: call.call,
        retry_of: call.retry_of,
        purpose: call.purpose,
        method: call.shown.method,
        url: call.shown.url.clone(),
        headers: call.shown.headers.clone(),
        request: call.shown.body.clone(),
        answered: false,
        status: None,
        millis: None,
        error: None,
        state: None,
        code: None,
        message: None,
        request_id: None,
        correlation_id: None,
        retry_after: None,
        reply: None,
    }
}

fn replied(exchange: &mut Exchange, reply: &ReplyRecord) {
    exchange.answered = true;
    exchange.status = reply.status;
    exchange.millis = Some(reply.millis);
    exchange.error = reply.error;
    exchange.state.clone_from(&reply.state);
    exchange.code.clone_from(&reply.code);
    exchange.message.clone_from(&reply.message);
    exchange.request_id.clone_from(&reply.request_id);
    exchange.correlation_id.clone_from(&reply.correlation_id);
    exchange.retry_after = reply.retry_after;
    exchange.reply.clone_from(&reply.body);
}
