//! What a run did. The same records are the journal's lines, the wizard's messages and `--output json`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answers::Answers;
use super::exit::Exit;
use super::fault::Fault;
use super::ids::{CallId, RunId, SetupId, StepId};
use super::plan::{StageOutline, StepOutline};
use super::reply::ErrorKind;
use super::request::{Method, Shown};
use super::step::{Ask, Outcome, Purpose, StepOutputs};

/// The version of the journal's format. A reader refuses a newer one.
pub const FORMAT_VERSION: u32 = 2;

/// An event with its place in time and order.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Record {
    /// Wall time, UTC.
    pub at: Timestamp,
    /// Counts from 0 within the run.
    pub seq: u64,
    #[serde(flatten)]
    pub event: RunEvent,
}

/// What a run is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunKind {
    /// It makes what the answers describe.
    #[default]
    Setup,
    /// It takes away what the setup made.
    Teardown,
}

/// The first line of a run's journal: all that is needed to go on from it on this machine. No secrets.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RunHeader {
    pub format: u32,
    /// Version of the hubup that wrote it.
    pub hubup: String,
    pub run: RunId,
    pub setup: SetupId,
    /// Runs of format 1 all made setups.
    #[serde(default)]
    pub kind: RunKind,
    pub answers: Answers,
    /// Id of the dialect.
    pub dialect: String,
    /// Id of the profile.
    pub profile: String,
    /// Why this dialect and profile were chosen.
    pub chosen_because: String,
    /// Api-version by resource type.
    pub versions: BTreeMap<String, String>,
    /// Fingerprint of the plan: equal plans have equal ones.
    pub fingerprint: String,
    /// The run that this one goes on from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<RunId>,
    /// True when the Azure spoken to is the embedded one.
    #[serde(default)]
    pub sandbox: bool,
    /// How many times faster than the clock hubup's own waits pass; 1 on Azure.
    pub time_scale: f64,
    pub stages: Vec<StageOutline>,
}

impl RunHeader {
    /// The steps of the plan, in the order of the screen.
    pub fn steps(&self) -> impl Iterator<Item = &StepOutline> {
        self.stages.iter().flat_map(|stage| &stage.steps)
    }
}

/// A request as it was sent, without its secrets.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CallRecord {
    pub call: CallId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepId>,
    pub purpose: Purpose,
    #[serde(flatten)]
    pub shown: Shown,
    /// The call that this one repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<CallId>,
}

/// How a call ended. Bodies are redacted and capped.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ReplyRecord {
    pub call: CallId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepId>,
    pub method: Method,
    /// The short form of the URL, for the log line.
    pub target: String,
    /// HTTP status; `None` when there was no reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// From the first byte sent to the last byte read, in wall milliseconds.
    pub millis: u64,
    /// `None` when the call succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The state that the reply tells: `provisioningState`, `state` or `status`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// What the service asked to wait, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

/// Where an accepted operation tells how it goes; whole, so that a later run can ask on. Signed, hence kept in the
/// journal (mode 0600) and shown nowhere else.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Wait {
    /// The `Azure-AsyncOperation` header's URL.
    AsyncOperation { poll: String },
    /// The `Location` header's URL.
    Location { poll: String },
}

impl Wait {
    /// The URL to ask.
    pub fn poll(&self) -> &str {
        match self {
            Self::AsyncOperation { poll } | Self::Location { poll } => poll,
        }
    }
}

/// A question that waits.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Question {
    /// Counts within the run: an answer names it, so that no key answers a question not on screen when pressed.
    pub number: u64,
    pub step: StepId,
    #[serde(flatten)]
    pub ask: Ask,
}

/// An answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Choice {
    pub number: u64,
    pub step: StepId,
    /// Key of the choice taken.
    pub choice: String,
    pub by: Who,
}

/// Who decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// A key in the wizard.
    Person,
    /// `--yes`.
    Yes,
    /// A flag such as `--answer` or `--skip`.
    Flag,
}

impl Who {
    /// As a sentence names it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Person => "a person",
            Self::Yes => "--yes",
            Self::Flag => "a flag",
        }
    }
}

/// A fact about a run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum RunEvent {
    RunStarted(Box<RunHeader>),
    /// Confirmed; it starts when its needs are met.
    StepQueued {
        step: StepId,
    },
    StepStarted {
        step: StepId,
        /// True when it is only looked at, to see whether what an earlier run did still holds.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        look: bool,
    },
    CallStarted(Box<CallRecord>),
    CallFinished(Box<ReplyRecord>),
    OperationAccepted {
        step: StepId,
        call: CallId,
        wait: Wait,
    },
    /// The operation that `call` began has ended; `state` is the service's word for how.
    OperationEnded {
        step: StepId,
        call: CallId,
        state: String,
    },
    /// The step waits; both in wall milliseconds, `bound` for all waits of this kind together.
    StepWaiting {
        step: StepId,
        why: String,
        millis: u64,
        bound: u64,
    },
    Asked(Question),
    Answered(Choice),
    /// The person has a resource that exists used for what `step` would make.
    UseChosen {
        step: StepId,
        /// Resource id.
        id: String,
    },
    /// `step` has `steps` run again.
    RedoStarted {
        step: StepId,
        steps: Vec<StepId>,
        why: String,
    },
    StepFinished {
        step: StepId,
        outcome: Outcome,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fault: Option<Box<Fault>>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        outputs: StepOutputs,
    },
    /// Back to not confirmed: retried, un-skipped, or about to be done again.
    StepReset {
        step: StepId,
        why: String,
    },
    Noted {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<StepId>,
        text: String,
    },
    RunFinished {
        exit: Exit,
    },
    /// Written by a newer hubup.
    #[serde(other)]
    Unknown,
}

impl RunEvent {
    /// The step that the event is about.
    pub fn step(&self) -> Option<&StepId> {
        match self {
            Self::StepQueued { step }
            | Self::StepStarted { step, .. }
            | Self::OperationAccepted { step, .. }
            | Self::OperationEnded { step, .. }
            | Self::StepWaiting { step, .. }
            | Self::UseChosen { step, .. }
            | Self::RedoStarted { step, .. }
            | Self::StepFinished { step, .. }
            | Self::StepReset { step, .. } => Some(step),
            Self::CallStarted(call) => call.step.as_ref(),
            Self::CallFinished(reply) => reply.step.as_ref(),
            Self::Asked(question) => Some(&question.step),
            Self::Answered(choice) => Some(&choice.step),
            Self::Noted { step, .. } => step.as_ref(),
            Self::RunStarted(_) | Self::RunFinished { .. } | Self::Unknown => None,
        }
    }
}
