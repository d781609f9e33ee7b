//! The review as plain data; its JSON form is exactly these fields.
//!
//! Fields are only ever added. A member that has no value is left out or `null`; times are UTC, spans are seconds.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::domain::{
    CallId, Counts, ErrorKind, Exit, Fault, Method, Outcome, Purpose, RunId, RunKind, SetupId, StageId,
    StepId, Who,
};

/// What one run, or a chain of runs that go on from one another, came to.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Review {
    /// Version of this form; 1.
    pub format: u32,
    /// Name of the setup.
    pub setup: String,
    pub setup_id: SetupId,
    /// `public`, `custom` or `sandbox`.
    pub cloud: String,
    /// True when the Azure spoken to was the embedded one.
    pub sandbox: bool,
    pub subscription: String,
    pub resource_group: String,
    pub location: String,
    /// What the newest run was for. Steps of runs of the other kind are not told: they were other steps.
    pub kind: RunKind,
    pub dialect: String,
    pub profile: String,
    /// Why this dialect and profile were chosen.
    pub chosen_because: String,
    /// Oldest first, never empty.
    pub runs: Vec<RunReview>,
    /// The run that the oldest goes on from, when its journal is gone: what it did is not told here.
    pub missing_run: Option<RunId>,
    /// By where the newest run left the steps of its plan.
    pub counts: Counts,
    /// In screen order. Steps that only an earlier run had in its plan stand in a last stage of id `earlier`.
    pub stages: Vec<StageReview>,
    /// Calls of no step.
    pub exchanges: Vec<Exchange>,
    /// Remarks of no step.
    pub remarks: Vec<Remark>,
    /// What did not end well and was not skipped, in screen order.
    pub left: Vec<Left>,
    /// The command that goes on; absent when there is nothing to go on with.
    pub goes_on_with: Option<String>,
}

/// One run.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RunReview {
    pub run: RunId,
    pub kind: RunKind,
    /// Version of the hubup that ran.
    pub hubup: String,
    pub started: Timestamp,
    /// Of its last word; absent when it ended without one: it was killed or still runs.
    pub ended: Option<Timestamp>,
    /// Until its last record.
    pub seconds: f64,
    pub exit: Option<Exit>,
    /// The exit code that goes with `exit`.
    pub exit_code: Option<u8>,
    /// True when its journal ends in the middle of a line.
    pub torn: bool,
    /// The run that it goes on from.
    pub continues: Option<RunId>,
    /// Calls that it made, each attempt its own.
    pub calls: usize,
    /// Events written by a newer hubup, which are not told here.
    pub unknown_events: usize,
}

/// One stage.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct StageReview {
    pub id: StageId,
    pub heading: String,
    pub steps: Vec<StepReview>,
}

/// One step, over all runs.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct StepReview {
    pub id: StepId,
    pub title: String,
    /// How it ended, the last time; absent when that is not on record.
    pub outcome: Option<Outcome>,
    /// The word for how it stands: that of the outcome, or `not yet`, `ready`, `queued`, `running`, `waiting`, `asks you`.
    pub state: &'static str,
    /// How it ended in an earlier run, when the newest has not looked again.
    pub was: Option<Outcome>,
    /// When it was first started.
    pub started: Option<Timestamp>,
    /// When it last ended.
    pub ended: Option<Timestamp>,
    /// While it ran, all tries together.
    pub seconds: f64,
    /// How many times it was started; looks alone do not count.
    pub attempts: u32,
    /// True when Azure accepted an operation of it whose end is not on record.
    pub in_azures_hands: bool,
    /// Why it ended or stands as it does, in one fragment.
    pub reason: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
    /// The service's code for the failure.
    pub code: Option<String>,
    /// What there is to know though nothing failed.
    pub note: Option<String>,
    /// The failure in full.
    pub fault: Option<Fault>,
    /// For a support request to Microsoft, oldest first, without repeats.
    pub correlation_ids: Vec<String>,
    pub request_ids: Vec<String>,
    /// Each time it was started, looked for or ended without a start, oldest first.
    pub tries: Vec<Try>,
    pub questions: Vec<QuestionReview>,
    pub redos: Vec<RedoReview>,
    pub waits: Vec<Waited>,
    pub operations: Vec<Operation>,
    pub remarks: Vec<Remark>,
    /// Its calls, oldest first.
    pub exchanges: Vec<Exchange>,
}

/// One start of a step and what became of it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Try {
    pub run: RunId,
    /// Absent when it ended without having been started: blocked, or skipped unseen.
    pub started: Option<Timestamp>,
    /// Absent when the run ended, or goes on, in the middle of it.
    pub ended: Option<Timestamp>,
    /// True when it was only looked for.
    pub look: bool,
    /// Why it was started though it had ended before.
    pub again_because: Option<String>,
    pub outcome: Option<Outcome>,
    /// The note or, where it failed, what the fault says.
    pub reason: Option<String>,
    pub code: Option<String>,
}

/// A question and its answer.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct QuestionReview {
    pub run: RunId,
    pub asked: Timestamp,
    pub question: String,
    /// What differed, field by field.
    pub differs: Vec<String>,
    /// Key and label of each choice.
    pub choices: Vec<(String, String)>,
    /// Key of the choice taken; absent when nobody answered.
    pub choice: Option<String>,
    pub answered: Option<Timestamp>,
    /// Who decided.
    pub by: Option<Who>,
}

/// The step had others run again.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RedoReview {
    pub run: RunId,
    pub at: Timestamp,
    pub steps: Vec<StepId>,
    pub why: String,
}

/// What it waited for, looks of one kind together.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Waited {
    pub why: String,
    pub times: u32,
    /// As planned; a wait that was left was shorter.
    pub seconds: f64,
}

/// An operation that Azure accepted.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Operation {
    pub run: RunId,
    /// The call that began it.
    pub call: CallId,
    pub accepted: Timestamp,
    /// Where its state is told: host and path.
    pub status_url: String,
    pub ended: Option<Timestamp>,
    /// The service's word for how it ended.
    pub state: Option<String>,
}

/// Something that a run had to say.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Remark {
    pub run: RunId,
    pub at: Timestamp,
    pub text: String,
}

/// One call: the request as it was sent, without its secrets, and what came back.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Exchange {
    pub run: RunId,
    pub call: CallId,
    /// The characters by which the log names the call.
    pub short: String,
    pub at: Timestamp,
    pub purpose: Purpose,
    pub method: Method,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub request: Option<Value>,
    /// The call that this one repeats.
    pub retry_of: Option<CallId>,
    /// True when how it went is on record; else it was under way when the run ended, or still is.
    pub answered: bool,
    /// HTTP status; absent when nothing came back.
    pub status: Option<u16>,
    /// From the first byte sent to the last byte read.
    pub millis: Option<u64>,
    /// Absent when the call succeeded.
    pub error: Option<ErrorKind>,
    pub code: Option<String>,
    pub message: Option<String>,
    /// The state that the reply tells of the resource or operation.
    pub state: Option<String>,
    pub request_id: Option<String>,
    pub correlation_id: Option<String>,
    /// What the service asked to wait, in milliseconds.
    pub retry_after: Option<u64>,
    /// The reply's body, redacted and capped.
    pub reply: Option<Value>,
}

/// A step that did not end well.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Left {
    pub step: StepId,
    pub title: String,
    /// The word for how it stands.
    pub state: &'static str,
}

impl Review {
    /// All steps in screen order.
    pub fn steps(&self) -> impl Iterator<Item = &StepReview> {
        self.stages.iter().flat_map(|stage| &stage.steps)
    }

    /// The step `id`.
    pub fn step(&self, id: &str) -> Option<&StepReview> {
        self.steps().find(|step| step.id.as_str() == id)
    }

    /// From the start of the oldest run.
    pub fn started(&self) -> Option<Timestamp> {
        self.runs.first().map(|run| run.started)
    }

    /// The newest run.
    pub fn newest(&self) -> Option<&RunReview> {
        self.runs.last()
    }
}

impl StepReview {
    /// True when it is done or already there, and there is nothing to know about it.
    pub fn is_well(&self) -> bool {
        let well = matches!(self.outcome, Some(Outcome::Done | Outcome::AlreadyThere));
        well && self.note.is_none() && !self.in_azures_hands
    }
}
