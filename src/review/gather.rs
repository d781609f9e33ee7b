//! What the fold does not keep of one step: each of its tries, questions, waits and operations, and its calls.

use jiff::{SignedDuration, Timestamp};

use super::value::{Exchange, Operation, QuestionReview, Redo, Remark, Try, Waited};
use crate::domain::{Choice, Question, RunEvent, RunId};

/// What is gathered of one step.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) tries: Vec<Try>,
    /// While it ran, all tries together.
    pub(super) spent: SignedDuration,
    /// Why the next start is not the first.
    again: Option<String>,
    /// With the number by which an answer names it.
    pub(super) questions: Vec<(u64, QuestionReview)>,
    pub(super) redos: Vec<Redo>,
    pub(super) waits: Vec<Waited>,
    pub(super) operations: Vec<Operation>,
    pub(super) remarks: Vec<Remark>,
    pub(super) exchanges: Vec<Exchange>,
    /// The run of the last question.
    asked_in: Option<RunId>,
}

impl Gathered {
    /// True when it was ever started.
    pub(super) fn began(&self) -> bool {
        self.tries.iter().any(|tried| tried.started.is_some())
    }

    /// Takes in one event of the step but its calls.
    pub(super) fn take(&mut self, run: &RunId, at: Timestamp, event: &RunEvent) {
        match event {
            RunEvent::StepStarted { look, .. } => self.begin(run, Some(at), *look),
            RunEvent::StepFinished { outcome, note, fault, .. } => {
                if self.open(run).is_none() {
                    self.begin(run, None, false);
                }
                self.end(run, at);
                if let Some(tried) = self.tries.last_mut() {
                    tried.outcome = Some(*outcome);
                    tried.reason = fault.as_ref().map(|fault| fault.says.clone()).or_else(|| note.clone());
                    tried.code = fault.as_ref().and_then(|fault| fault.code.clone());
                }
            }
            RunEvent::StepReset { why, .. } => {
                self.end(run, at);
                self.again = Some(why.clone());
            }
            RunEvent::Asked(question) => self.asked(run, at, question),
            RunEvent::Answered(choice) => self.answered(run, choice),
            RunEvent::RedoStarted { steps, why, .. } => {
                self.redos.push(Redo { run: run.0.clone(), at, steps: steps.clone(), why: why.clone() });
            }
            RunEvent::StepWaiting { why, millis, .. } => {
                match self.waits.iter_mut().find(|waited| waited.why == *why) {
                    Some(waited) => {
                        waited.times = waited.times.saturating_add(1);
                        waited.millis = waited.millis.saturating_add(*millis);
                    }
                    None => self.waits.push(Waited { why: why.clone(), times: 1, millis: *millis }),
                }
            }
            RunEvent::OperationAccepted { call, wait, .. } => self.operations.push(Operation {
                run: run.0.clone(),
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
            RunEvent::Noted { text, .. } => {
                self.remarks.push(Remark { run: run.0.clone(), at, text: text.clone() });
            }
            _ => {}
        }
    }

    /// Counts the time of a try in the middle of which `run` ended, with a last record of `last`.
    pub(super) fn run_ends(&mut self, run: &RunId, last: Option<Timestamp>) {
        let started = self.open(run).and_then(|open| open.started);
        if let Some((from, to)) = started.zip(last) {
            self.spend(from, to);
        }
    }

    fn begin(&mut self, run: &RunId, started: Option<Timestamp>, look: bool) {
        let again = self.again.take();
        self.tries.push(Try {
            run: run.0.clone(),
            started,
            ended: None,
            look,
            again,
            outcome: None,
            reason: None,
            code: None,
        });
    }

    /// The last try, when it belongs to `run` and has not ended.
    fn open(&mut self, run: &RunId) -> Option<&mut Try> {
        self.tries.last_mut().filter(|tried| tried.run == run.0 && tried.ended.is_none())
    }

    fn end(&mut self, run: &RunId, at: Timestamp) {
        let Some(open) = self.open(run) else { return };
        open.ended = Some(at);
        if let Some(started) = open.started {
            self.spend(started, at);
        }
    }

    /// A clock that was set back meanwhile counts as no time.
    fn spend(&mut self, from: Timestamp, to: Timestamp) {
        self.spent = self.spent.saturating_add(to.duration_since(from).max(SignedDuration::ZERO));
    }

    fn asked(&mut self, run: &RunId, at: Timestamp, question: &Question) {
        self.asked_in = Some(run.clone());
        let review = QuestionReview {
            asked: at,
            question: question.ask.question.clone(),
            differs: question.ask.differs.clone(),
            choice: None,
            by: None,
        };
        self.questions.push((question.number, review));
    }

    /// Numbers count within a run.
    fn answered(&mut self, run: &RunId, choice: &Choice) {
        if self.asked_in.as_ref() != Some(run) {
            return;
        }
        let open = |(number, review): &&mut (u64, QuestionReview)| {
            *number == choice.number && review.choice.is_none()
        };
        if let Some((_, review)) = self.questions.iter_mut().rev().find(open) {
            review.choice = Some(choice.choice.clone());
            review.by = Some(choice.by);
        }
    }
}
