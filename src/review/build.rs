//! Makes a review of the records of runs: outcomes by the one fold, exchanges by pairing calls with their replies.

use std::collections::BTreeMap;

use super::value::{Exchange, QuestionReview, Review, RunReview, StageReview, StepReview, Tally};
use crate::domain::{
    CallId, CallRecord, Outcome, Progress, Record, ReplyRecord, RunEvent, RunHeader, StepId, StepOutline,
    StepState,
};

/// What is gathered of a step beside what the fold knows.
#[derive(Default)]
struct Gathered {
    first: Option<jiff::Timestamp>,
    questions: Vec<(u64, QuestionReview)>,
    exchanges: Vec<Exchange>,
}

impl Review {
    /// Reviews `runs`, oldest first; each begins with its first line. `None` when none has one.
    pub fn of<'a>(runs: impl IntoIterator<Item = &'a [Record]>) -> Option<Self> {
        let mut progress = Progress::default();
        let mut told = Vec::new();
        let mut gathered: BTreeMap<StepId, Gathered> = BTreeMap::new();
        let mut places: BTreeMap<CallId, (StepId, usize)> = BTreeMap::new();
        for records in runs {
            let Some(RunEvent::RunStarted(header)) = records.first().map(|record| &record.event) else {
                continue;
            };
            for record in records {
                progress.apply(record);
                gather(record, header, &mut gathered, &mut places);
            }
            told.extend(run(header, records, &progress));
        }
        let header = progress.header.clone()?;
        let stages: Vec<StageReview> = header
            .stages
            .iter()
            .map(|stage| StageReview {
                id: stage.id.clone(),
                heading: stage.heading.clone(),
                steps: stage
                    .steps
                    .iter()
                    .map(|step| review_of(step, &progress, gathered.remove(&step.id).unwrap_or_default()))
                    .collect(),
            })
            .collect();
        let well = |outcome: Outcome| outcome.holds() || outcome == Outcome::Skipped;
        let left = stages
            .iter()
            .flat_map(|stage| &stage.steps)
            .filter(|step| !step.outcome.is_some_and(well))
            .map(|step| step.id.clone())
            .collect();
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
            tally: tally(&stages),
            runs: told,
            stages,
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

/// One run as the list of runs tells it; `progress` is where things stood at its end.
fn run(header: &RunHeader, records: &[Record], progress: &Progress) -> Option<RunReview> {
    let (first, last) = (records.first()?, records.last()?);
    let exit = match &last.event {
        RunEvent::RunFinished { exit } => Some(*exit),
        _ => None,
    };
    let counts = progress.counts(&header.stages);
    Some(RunReview {
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
    })
}

fn gather(
    record: &Record,
    header: &RunHeader,
    gathered: &mut BTreeMap<StepId, Gathered>,
    places: &mut BTreeMap<CallId, (StepId, usize)>,
) {
    match &record.event {
        RunEvent::StepStarted { step, .. } => {
            gathered.entry(step.clone()).or_default().first.get_or_insert(record.at);
        }
        RunEvent::CallStarted(call) => {
            let Some(step) = &call.step else { return };
            let exchanges = &mut gathered.entry(step.clone()).or_default().exchanges;
            places.insert(call.call, (step.clone(), exchanges.len()));
            exchanges.push(sent(record, header, call));
        }
        RunEvent::CallFinished(reply) => {
            let Some((step, index)) = places.remove(&reply.call) else { return };
            let exchange = gathered.get_mut(&step).and_then(|gathered| gathered.exchanges.get_mut(index));
            if let Some(exchange) = exchange {
                replied(exchange, reply);
            }
        }
        RunEvent::Asked(question) => {
            let review = QuestionReview {
                asked: record.at,
                question: question.ask.question.clone(),
                differs: question.ask.differs.clone(),
                choice: None,
                by: None,
            };
            gathered.entry(question.step.clone()).or_default().questions.push((question.number, review));
        }
        RunEvent::Answered(choice) => {
            let questions = gathered.get_mut(&choice.step).map(|gathered| &mut gathered.questions);
            let open = |(number, review): &&mut (u64, QuestionReview)| {
                *number == choice.number && review.choice.is_none()
            };
            if let Some((_, review)) = questions.into_iter().flatten().rev().find(open) {
                review.choice = Some(choice.choice.clone());
                review.by = Some(choice.by);
            }
        }
        _ => {}
    }
}

fn sent(record: &Record, header: &RunHeader, call: &CallRecord) -> Exchange {
    Exchange {
        run: header.run.0.clone(),
        at: record.at,
        call: call.call,
        retry_of: call.retry_of,
        purpose: call.purpose,
        method: call.shown.method,
        url: call.shown.url.clone(),
        request: call.shown.body.clone(),
        status: None,
        millis: None,
        code: None,
        message: None,
        request_id: None,
        correlation_id: None,
        retry_after: None,
        reply: None,
    }
}

fn replied(exchange: &mut Exchange, reply: &ReplyRecord) {
    exchange.status = reply.status;
    exchange.millis = Some(reply.millis);
    exchange.code.clone_from(&reply.code);
    exchange.message.clone_from(&reply.message);
    exchange.request_id.clone_from(&reply.request_id);
    exchange.correlation_id.clone_from(&reply.correlation_id);
    exchange.retry_after = reply.retry_after;
    exchange.reply.clone_from(&reply.body);
}

fn review_of(step: &StepOutline, progress: &Progress, gathered: Gathered) -> StepReview {
    let known = progress.step(&step.id).cloned().unwrap_or_default();
    let state = progress.state(step);
    let outcome = progress.outcome(&step.id);
    let finished = matches!(state, StepState::Finished(_));
    let seconds = known.started.zip(known.ended).filter(|_| finished);
    let seconds = seconds.map(|(from, to)| u64::try_from(to.duration_since(from).as_secs()).unwrap_or(0));
    StepReview {
        id: step.id.clone(),
        title: step.title.clone(),
        state: state.word().to_owned(),
        outcome,
        started: gathered.first,
        ended: known.ended,
        seconds,
        attempts: known.attempts,
        reason: known.note.or(known.came_back),
        fault: known.fault,
        in_azures_hands: known.operation.is_some(),
        used: known.using,
        correlation_ids: known.correlation_ids,
        questions: gathered.questions.into_iter().map(|(_, review)| review).collect(),
        exchanges: gathered.exchanges,
    }
}
