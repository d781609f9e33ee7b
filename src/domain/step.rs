//! A step: data, and one pure function that judges what was seen so far and names the next move.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::answers::Answers;
use super::fault::Fault;
use super::ids::StepId;
use super::replay::{Moves, Replay, Seen};
use super::request::Request;
use super::template::Text;

/// How a step ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Done and proved.
    Done,
    /// Found as it should be; nothing was changed.
    AlreadyThere,
    /// Done and proved, with something to know.
    Warned,
    /// Not done, at the person's word.
    Skipped,
    /// Not done: a value or effect that it needs is missing.
    Blocked,
    Failed,
    /// Stopped at the person's word while it ran.
    Cancelled,
}

impl Outcome {
    /// True when what the step is for is true in Azure.
    pub fn holds(self) -> bool {
        matches!(self, Self::Done | Self::AlreadyThere | Self::Warned)
    }

    /// True when nothing is left to do: it holds, or was left out at the person's word.
    pub fn is_settled(self) -> bool {
        self.holds() || self == Self::Skipped
    }

    /// The word for it, the same on screen, in the journal and in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::AlreadyThere => "already there",
            Self::Warned => "warned",
            Self::Skipped => "skipped",
            Self::Blocked => "blocked",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What a step needs of another.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NeedKind {
    /// An output goes into a request: without it the step cannot be sent.
    Value,
    /// It must be true in Azure first; somebody else may have made it so.
    Effect,
}

/// One need.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Need {
    pub step: StepId,
    pub kind: NeedKind,
}

impl Need {
    /// Needs an output of `step`.
    pub const fn value(step: StepId) -> Self {
        Self { step, kind: NeedKind::Value }
    }

    /// Needs what `step` brings about.
    pub const fn effect(step: StepId) -> Self {
        Self { step, kind: NeedKind::Effect }
    }
}

/// Named values that one step gives to others, none of them secret.
pub type StepOutputs = BTreeMap<String, String>;

/// The outputs of all steps that ended well.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Outputs(BTreeMap<StepId, StepOutputs>);

impl Outputs {
    /// The output `name` of `step`.
    pub fn get(&self, step: &StepId, name: &str) -> Option<&str> {
        self.0.get(step)?.get(name).map(String::as_str)
    }

    /// All outputs of `step`.
    pub fn of(&self, step: &StepId) -> Option<&StepOutputs> {
        self.0.get(step)
    }

    /// Forgets the outputs of `step`.
    pub fn forget(&mut self, step: &StepId) {
        self.0.remove(step);
    }

    /// Replaces the outputs of `step`.
    pub fn set(&mut self, step: &StepId, outputs: StepOutputs) {
        self.0.insert(step.clone(), outputs);
    }
}

/// Why a request is made; it stands in the plan and in the journal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Looks whether it is there.
    Look,
    /// Fetches a key, into memory only.
    Key,
    /// Creates, changes or deletes.
    Change,
    /// Looks again, to prove or to wait.
    Prove,
}

/// A request that a step may make, as the plan shows it.
#[derive(Clone, PartialEq, Debug)]
pub struct Planned {
    pub purpose: Purpose,
    pub request: Request,
}

/// The key of the choice that takes what is there as it is, the same in every question that offers it.
pub const USE_AS_IT_IS: &str = "use";

/// The key of the choice that goes on after a person has signed in again.
pub const SIGNED_IN_AGAIN: &str = "again";

/// A question to a person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ask {
    /// One or two sentences.
    pub question: String,
    /// What differs, field by field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differs: Vec<String>,
    /// `(key, label)`; a key is a word, such as `use`.
    pub choices: Vec<(String, String)>,
    /// What `--yes` answers; `None` when a person must.
    pub under_yes: Option<String>,
}

/// The next move of a step.
#[derive(Clone, PartialEq, Debug)]
pub enum Next {
    /// Look: repeated freely when the way fails.
    Read(Request),
    /// Change: journalled first, sent once; an accepted operation is followed to its end.
    Write(Request),
    /// Wait `every`, then ask again. `why` tells what for, `bound` when the step will stop waiting.
    Wait {
        why: String,
        every: Duration,
        bound: Duration,
    },
    Ask(Ask),
    /// Run `steps` again, then go on here.
    Redo {
        steps: Vec<StepId>,
        why: String,
    },
    Done {
        outcome: Outcome,
        note: Option<String>,
        outputs: StepOutputs,
    },
    Fail(Fault),
}

/// The pure function of a step.
pub type Act = dyn Fn(&Answers, &Outputs, &mut Replay<'_>) -> Moves<Next> + Send + Sync;

/// One intent of a plan.
#[derive(Clone)]
pub struct Step {
    pub id: StepId,
    /// In the imperative: "Create the IoT hub".
    pub title: String,
    /// One or two sentences: what it makes and what that is for.
    pub why: String,
    pub needs: Vec<Need>,
    /// Resource ids that it writes: at most one write per id is in flight.
    pub touches: Vec<String>,
    /// Every request that it may make, in order.
    pub planned: Vec<Planned>,
    /// How long Azure's documents say it can take.
    pub bound: Duration,
    /// The documented `az` commands that do the same, each in its words. Beside them there is always `az_rest`.
    pub az: Vec<Vec<Text>>,
    /// Where it is documented, as an address without its scheme.
    pub documented: Vec<&'static str>,
    /// Lists what may be used instead of making one, where that can be; entries have `id`, `name` and `location`.
    pub usable: Option<Request>,
    /// What Azure charges for what it makes, a fragment; `None` for what is free.
    pub billed: Option<&'static str>,
    act: Arc<Act>,
}

impl Step {
    /// A step that makes the moves of `act`.
    pub fn new(
        id: StepId,
        title: impl Into<String>,
        act: impl Fn(&Answers, &Outputs, &mut Replay<'_>) -> Moves<Next> + Send + Sync + 'static,
    ) -> Self {
        Self {
            id,
            title: title.into(),
            why: String::new(),
            needs: Vec::new(),
            touches: Vec::new(),
            planned: Vec::new(),
            bound: Duration::from_mins(1),
            az: Vec::new(),
            documented: Vec::new(),
            usable: None,
            billed: None,
            act: Arc::new(act),
        }
    }

    /// This step with its reason for being.
    #[must_use]
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    /// This step documented at `address`.
    #[must_use]
    pub fn documented(mut self, address: &'static str) -> Self {
        self.documented.push(address);
        self
    }

    /// This step done by the documented command `words` too.
    #[must_use]
    pub fn in_az(mut self, words: Vec<Text>) -> Self {
        self.az.push(words);
        self
    }

    /// This step needing `needs`.
    #[must_use]
    pub fn needing(mut self, needs: impl IntoIterator<Item = Need>) -> Self {
        self.needs.extend(needs);
        self
    }

    /// This step writing the resource `id`.
    #[must_use]
    pub fn touching(mut self, id: impl Into<String>) -> Self {
        self.touches.push(id.into());
        self
    }

    /// This step making `request` for `purpose`.
    #[must_use]
    pub fn planning(mut self, purpose: Purpose, request: &Request) -> Self {
        self.planned.push(Planned { purpose, request: request.clone() });
        self
    }

    /// This step taking up to `bound` by Azure's documents.
    #[must_use]
    pub fn taking(mut self, bound: Duration) -> Self {
        self.bound = bound;
        self
    }

    /// This step ready to use one of what `list` lists instead of making its own.
    #[must_use]
    pub fn usable_from(mut self, list: Request) -> Self {
        self.usable = Some(list);
        self
    }

    /// This step making something that is charged for, as `billed` says.
    #[must_use]
    pub fn billing(mut self, billed: &'static str) -> Self {
        self.billed = Some(billed);
        self
    }

    /// The next move, given what this step has seen. Pure: the same arguments give the same move.
    pub fn next(&self, answers: &Answers, outputs: &Outputs, seen: &Seen) -> Next {
        (self.act)(answers, outputs, &mut Replay::new(seen)).unwrap_or_else(|next| *next)
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step").field("id", &self.id).field("needs", &self.needs).finish_non_exhaustive()
    }
}
