//! The value of a review. Its JSON form is what `hubup review --output json` prints, and stays as it is named here.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::domain::{CallId, Exit, Fault, Method, Outcome, Purpose, RunKind, StageId, StepId, Who};

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
    /// In the order of the screen.
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
    /// When it was started first.
    pub started: Option<Timestamp>,
    /// When it ended last.
    pub ended: Option<Timestamp>,
    /// From the start of its last attempt to its end.
    pub seconds: Option<u64>,
    /// How many times it was run, looks alone not counted.
    pub attempts: u32,
    /// What there is to know of how it ended, or why it waits for a person again.
    pub reason: Option<String>,
    pub fault: Option<Fault>,
    /// True when Azure accepted an operation whose end is not on record.
    pub in_azures_hands: bool,
    /// The resource that the person had used for it.
    pub used: Option<String>,
    pub correlation_ids: Vec<String>,
    pub questions: Vec<QuestionReview>,
    /// Its calls over all the runs, oldest first.
    pub exchanges: Vec<Exchange>,
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
    pub request: Option<Value>,
    /// `None` when no reply is on record.
    pub status: Option<u16>,
    pub millis: Option<u64>,
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
