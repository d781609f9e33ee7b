//! The value of a review. Its JSON form is what `hubup review --output json` prints, and stays as it is named here.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::domain::{
    CallId, ErrorKind, Exit, Fault, Method, Outcome, Purpose, RunId, RunKind, StageId, StepId, Who,
};

/// Everything that is on record of a setup, or of one of its runs.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Review {
    pub setup: String,
    pub subscription: String,
    pub resource_group: String,
    pub location: String,
    pub cloud: String,
    pub sandbox: bool,
    /// What the newest run was for.
    pub kind: RunKind,
    pub dialect: String,
    pub profile: String,
    pub chosen_because: String,
    /// How many of all its steps ended how.
    pub tally: Tally,
    /// Oldest first.
    pub runs: Vec<RunReview>,
    /// The run that the oldest goes on from, when its journal is gone: what it did is not told.
    pub missing: Option<String>,
    /// What the runs had to say that is about no step.
    pub remarks: Vec<Remark>,
    /// In the order of the screen. Steps that only an earlier plan had stand in a last stage `earlier`, and are not counted.
    pub stages: Vec<StageReview>,
    /// Steps that did not end well, in the order of the screen.
    pub left: Vec<StepId>,
}

/// Steps by how they ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Tally {
    /// Done, already there or warned.
    pub done: usize,
    pub failed: usize,
    pub blocked: usize,
    pub skipped: usize,
    pub cancelled: usize,
    /// Without an outcome.
    pub left: usize,
    pub all: usize,
}

impl Tally {
    /// The numbers in words, without those that are zero.
    pub fn parts(self) -> Vec<String> {
        let mut parts = vec![format!("{} of {} done", self.done, self.all)];
        for (count, word) in [
            (self.failed, "failed"),
            (self.blocked, "blocked"),
            (self.skipped, "skipped"),
            (self.cancelled, "cancelled"),
            (self.left, "left"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {word}"));
            }
        }
        parts
    }
}

/// One run.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RunReview {
    pub run: String,
    pub kind: RunKind,
    pub hubup: String,
    pub format: u32,
    pub started: Timestamp,
    /// When its last record was written.
    pub last: Timestamp,
    /// `None` when it ended without a last word: it was killed, or still runs.
    pub exit: Option<Exit>,
    pub done: usize,
    pub failed: usize,
    pub skipped: usize,
    pub all: usize,
    /// The run that it goes on from.
    pub continues: Option<String>,
    /// Events that a newer hubup wrote; they are not told.
    pub unknown: usize,
}

/// One heading with its steps.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct StageReview {
    pub id: StageId,
    pub heading: String,
    pub steps: Vec<StepReview>,
}

/// One step over all the runs.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct StepReview {
    pub id: StepId,
    pub title: String,
    /// The word of its outcome, or of its state where it has none.
    pub state: String,
    #[serde(skip)]
    pub outcome: Option<Outcome>,
    /// How it ended in an earlier run, where the newest has not looked again.
    pub was: Option<Outcome>,
    /// When it was started first.
    pub started: Option<Timestamp>,
    /// When it ended last.
    pub ended: Option<Timestamp>,
    /// While it ran, all tries together; of a step that has an outcome.
    pub seconds: Option<u64>,
    /// How many times it was run, looks alone not counted.
    pub attempts: u32,
    /// What there is to know of how it ended or stands, or why it waits for a person again.
    pub reason: Option<String>,
    pub fault: Option<Fault>,
    /// What to do about it: that of the fault or, where it is blocked, what to settle first.
    pub remedy: Option<String>,
    /// True when Azure accepted an operation whose end is not on record.
    pub in_azures_hands: bool,
    /// The resource that the person had used for it.
    pub used: Option<String>,
    pub correlation_ids: Vec<String>,
    /// Each time it was started, looked for or ended without a start, oldest first.
    pub tries: Vec<Try>,
    pub questions: Vec<QuestionReview>,
    /// Other steps that it had run again.
    pub redos: Vec<Redo>,
    /// What it waited for, looks of one kind together.
    pub waits: Vec<Waited>,
    pub operations: Vec<Operation>,
    pub remarks: Vec<Remark>,
    /// Its calls over all the runs, oldest first.
    pub exchanges: Vec<Exchange>,
}

/// One start of a step and what became of it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Try {
    pub run: String,
    /// Absent where it ended without a start: blocked, or skipped unseen.
    pub started: Option<Timestamp>,
    /// Absent where the run ended, or goes on, in the middle of it.
    pub ended: Option<Timestamp>,
    /// True when it was only looked for.
    pub look: bool,
    /// Why it was started though it had ended before.
    pub again: Option<String>,
    pub outcome: Option<Outcome>,
    /// The note or, where it failed, what the fault says.
    pub reason: Option<String>,
    pub code: Option<String>,
}

/// The step had others run again.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Redo {
    pub run: String,
    pub at: Timestamp,
    pub steps: Vec<StepId>,
    pub why: String,
}

/// Waits of one kind.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Waited {
    pub why: String,
    pub times: u32,
    /// As planned; a wait that was left was shorter.
    pub millis: u64,
}

/// An operation that Azure accepted.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Operation {
    pub run: String,
    /// The call that began it.
    pub call: CallId,
    pub accepted: Timestamp,
    /// Where its state is told, without the query, which is a signature.
    pub status_url: String,
    pub ended: Option<Timestamp>,
    /// The service's word for how it ended.
    pub state: Option<String>,
}

/// Something that a run had to say.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Remark {
    pub run: String,
    pub at: Timestamp,
    pub text: String,
}

/// One question and what became of it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct QuestionReview {
    pub asked: Timestamp,
    pub question: String,
    pub differs: Vec<String>,
    pub choice: Option<String>,
    pub by: Option<Who>,
}

/// One call with its reply.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Exchange {
    pub run: String,
    pub at: Timestamp,
    pub call: CallId,
    pub retry_of: Option<CallId>,
    pub purpose: Purpose,
    pub method: Method,
    pub url: String,
    /// Those that not every call has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    pub request: Option<Value>,
    /// False when how it went is not on record: it was under way when the run ended, or still is.
    pub answered: bool,
    /// `None` when no reply came, or none is on record.
    pub status: Option<u16>,
    pub millis: Option<u64>,
    /// `None` when the call succeeded.
    pub error: Option<ErrorKind>,
    /// The state that the reply tells of the resource or the operation.
    pub state: Option<String>,
    pub code: Option<String>,
    pub message: Option<String>,
    pub request_id: Option<String>,
    pub correlation_id: Option<String>,
    /// What the service asked to wait, in milliseconds.
    pub retry_after: Option<u64>,
    pub reply: Option<Value>,
}

impl Review {
    /// Every step in the order of the screen.
    pub fn steps(&self) -> impl Iterator<Item = &StepReview> {
        self.stages.iter().flat_map(|stage| &stage.steps)
    }

    /// This review of runs, the oldest of which goes on from `missing`, whose journal is gone.
    #[must_use]
    pub fn without(mut self, missing: Option<RunId>) -> Self {
        self.missing = missing.map(|run| run.0);
        self
    }

    /// This review with the steps alone that one of `only` names; all of them when it is empty.
    #[must_use]
    pub fn only(mut self, only: &[Only]) -> Self {
        if !only.is_empty() {
            for stage in &mut self.stages {
                stage.steps.retain(|step| only.iter().any(|only| only.takes(step.outcome)));
            }
            self.stages.retain(|stage| !stage.steps.is_empty());
        }
        self
    }
}

/// Which steps a person wants to see.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Only {
    Ended(Outcome),
    /// Without an outcome.
    Left,
}

/// The outcomes by the words that name them.
const OUTCOMES: [Outcome; 7] = [
    Outcome::Done,
    Outcome::AlreadyThere,
    Outcome::Warned,
    Outcome::Skipped,
    Outcome::Blocked,
    Outcome::Failed,
    Outcome::Cancelled,
];

impl Only {
    fn takes(self, outcome: Option<Outcome>) -> bool {
        match self {
            Self::Ended(wanted) => outcome == Some(wanted),
            Self::Left => outcome.is_none(),
        }
    }
}

impl FromStr for Only {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim().replace(' ', "-");
        let same = |word: &str| word.replace(' ', "-").eq_ignore_ascii_case(&text);
        if same("left") {
            return Ok(Self::Left);
        }
        OUTCOMES.into_iter().find(|outcome| same(outcome.word())).map(Self::Ended).ok_or_else(|| {
            let known: Vec<String> =
                OUTCOMES.iter().map(|outcome| outcome.word().replace(' ', "-")).collect();
            format!("name some of: {}, left", known.join(", "))
        })
    }
}

impl fmt::Display for Only {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(outcome) => f.write_str(outcome.word()),
            Self::Left => f.write_str("left"),
        }
    }
}
