//! The shape of the way back: look, see whose it is, delete, then look again until it is gone.
//!
//! Only what is ours is deleted (design, section 6): on record as created, tagged with the setup's name, named by a UUID that
//! hubup derives, or below something of ours. All else is left and told. The teardown of every stage is made of it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::build::{LOOK_AGAIN, SETTLE_PATIENCE, outputs, text};
use super::ensure::{Verdict, carries_our_tag, provisioning};
use super::found::another_setup;
use super::waits::WriteWaits;
use crate::domain::{
    Answers, ErrorKind, Exit, Fault, Method, Moves, Next, Outcome, Outputs, Patience, Purpose, Replay, Reply,
    Request, SETUP_TAG, ServiceError, Step, StepId, StepOutputs, Text,
};

/// The output of a step that has seen its resource gone: the id of that resource.
pub const GONE: &str = "gone";

/// How long what was deleted may still be shown, and a conflict may last.
const LINGER_PATIENCE: Duration = Duration::from_mins(2);

/// How long others may hold on to what was let go of: deletions reach them late.
const HELD_PATIENCE: Duration = Duration::from_mins(5);

/// Looks around before or instead of a deletion; a move ends the step.
type Guard = dyn Fn(&Answers, &Outputs, &mut Replay<'_>) -> Moves<Option<Next>> + Send + Sync;

/// Something that a resource lies below.
#[derive(Clone)]
struct Parent {
    noun: String,
    id: Text,
    look: Request,
}

/// Signs that others still hold on to a resource, and what to look at then.
#[derive(Clone)]
struct Held {
    signs: &'static [&'static str],
    look: Arc<Guard>,
}

/// A resource that a step takes away.
#[derive(Clone)]
pub struct Remove {
    noun: String,
    id: Text,
    look: Request,
    delete: Request,
    parents: Vec<Parent>,
    named: bool,
    tagged: bool,
    matched: bool,
    guard: Option<Arc<Guard>>,
    held: Option<Held>,
    keeper: &'static str,
}

impl Remove {
    /// Takes away what `look` finds. `noun` is how a sentence names it, `id` what the journals know it by.
    pub fn new(noun: impl Into<String>, id: impl Into<Text>, look: Request) -> Self {
        let delete = Request { method: Method::Delete, ..look.clone() };
        Self {
            noun: noun.into(),
            id: id.into(),
            look,
            delete,
            parents: Vec::new(),
            named: false,
            tagged: false,
            matched: false,
            guard: None,
            held: None,
            keeper: "an Owner or Contributor of the resource group",
        }
    }

    /// Ours when it carries our tag.
    #[must_use]
    pub fn tagged(mut self) -> Self {
        self.tagged = true;
        self
    }

    /// Ours whatever it carries: its name is derived by hubup, or whoever builds this has seen whose it is.
    #[must_use]
    pub fn named(mut self) -> Self {
        self.named = true;
        self
    }

    /// Ours when what it lies below is. The nearest comes first.
    #[must_use]
    pub fn below(mut self, noun: impl Into<String>, id: impl Into<Text>, look: Request) -> Self {
        self.parents.push(Parent { noun: noun.into(), id: id.into(), look });
        self
    }

    /// Deleted only as it was seen: with the tag of the look in `If-Match`.
    #[must_use]
    pub fn matched(mut self) -> Self {
        self.matched = true;
        self
    }

    /// Kept when `guard` finds a reason to.
    #[must_use]
    pub fn unless(
        mut self,
        guard: impl Fn(&Answers, &Outputs, &mut Replay<'_>) -> Moves<Option<Next>> + Send + Sync + 'static,
    ) -> Self {
        self.guard = Some(Arc::new(guard));
        self
    }

    /// A refusal that shows one of `signs` is waited out, unless `look` finds out that waiting is in vain.
    #[must_use]
    pub fn held_by(
        mut self,
        signs: &'static [&'static str],
        look: impl Fn(&Answers, &Outputs, &mut Replay<'_>) -> Moves<Option<Next>> + Send + Sync + 'static,
    ) -> Self {
        self.held = Some(Held { signs, look: Arc::new(look) });
        self
    }

    /// `keeper` may delete it, where the caller may not.
    #[must_use]
    pub fn kept_by(mut self, keeper: &'static str) -> Self {
        self.keeper = keeper;
        self
    }

    /// The step that does it.
    pub fn step(self, id: StepId, title: impl Into<String>) -> Step {
        let planned = self.clone();
        let touches = self.id.to_string();
        let step = Step::new(id, title, move |answers, known, replay| self.run(answers, known, replay))
            .touching(touches);
        planned.plan(step)
    }

    /// `step` with the requests of this deletion.
    #[must_use]
    pub fn plan(&self, step: Step) -> Step {
        let step = step.planning(Purpose::Look, &self.look);
        let step = self.parents.iter().fold(step, |step, parent| step.planning(Purpose::Look, &parent.look));
        step.planning(Purpose::Change, &self.delete).planning(Purpose::Prove, &self.look)
    }

    /// Makes the moves. Other shapes call it as a part of theirs.
    pub fn run(&self, answers: &Answers, known: &Outputs, replay: &mut Replay<'_>) -> Moves<Next> {
        let mut settling = Patience::of(SETTLE_PATIENCE);
        let mut deleting = Patience::of(SETTLE_PATIENCE);
        let mut lingering = Patience::of(LINGER_PATIENCE);
        let mut held = Patience::of(HELD_PATIENCE);
        let mut refusals = Refusals::default();
        // A deletion of an earlier run whose reply was lost may be what made it go.
        let mut acted = replay.earlier().unanswered;
        let mut claimed = false;
        let mut sent = false;
        loop {
            let reply = match replay.read(&self.look)? {
                Ok(reply) => reply,
                Err(error) if error.kind == ErrorKind::NotFound => return Ok(self.gone(known, acted)),
                Err(error) if is_unserved(error) => return Ok(left(format!("{}: {UNSERVED}", self.noun))),
                Err(error) => return Ok(Next::Fail(self.refused(error))),
            };
            let every = reply.retry_after.unwrap_or(LOOK_AGAIN);
            if is_going(&reply.body) {
                acted = true;
                if replay.wait(&mut deleting, &format!("{} is being deleted", self.noun), every)? {
                    continue;
                }
                let says = format!("{} is still being deleted", self.noun);
                return Ok(Next::Fail(Fault::from(&ServiceError::local(ErrorKind::StillRunning, says))));
            }
            if sent {
                let why = format!("{} is deleted and still shown", self.noun);
                if replay.wait(&mut lingering, &why, Duration::from_secs(5))? {
                    continue;
                }
                return Ok(Next::Fail(self.still_shown()));
            }
            // What is being made cannot be deleted; what never settles can be tried all the same.
            if let Verdict::Settling(state) = provisioning(&reply.body)
                && replay.wait(&mut settling, &format!("{} is {state}", self.noun), every)?
            {
                continue;
            }
            if !claimed {
                match self.claim(answers, known, reply, replay)? {
                    Ok(None) => claimed = true,
                    Ok(Some(why)) => return Ok(left(why)),
                    Err(error) => return Ok(Next::Fail(Fault::from(&error))),
                }
                if let Some(guard) = &self.guard
                    && let Some(next) = guard(answers, known, replay)?
                {
                    return Ok(next);
                }
            }
            let Err(error) = replay.write(&self.deleting(reply))? else {
                (sent, acted) = (true, true);
                continue;
            };
            match error.kind {
                ErrorKind::NotFound => sent = true,
                // It goes on in Azure: to keep trying is to look at the resource itself.
                ErrorKind::StillRunning if replay.is_graced() => acted = true,
                _ => match self.held.as_ref().filter(|held| stands_in_the_way(error, held.signs)) {
                    Some(holders) => {
                        if let Some(next) = (holders.look)(answers, known, replay)? {
                            return Ok(next);
                        }
                        let why = format!("what holds on to {} has not let go everywhere", self.noun);
                        if !replay.wait(&mut held, &why, error.retry_after.unwrap_or(LOOK_AGAIN))? {
                            return Ok(Next::Fail(self.held(error)));
                        }
                    }
                    None => {
                        acted |= error.kind == ErrorKind::Lost;
                        if !refusals.pass(error, &self.noun, replay)? {
                            return Ok(Next::Fail(self.refused(error)));
                        }
                    }
                },
            }
        }
    }

    /// Why it is not ours; `None` when it is.
    fn claim(
        &self,
        answers: &Answers,
        known: &Outputs,
        reply: &Reply,
        replay: &mut Replay<'_>,
    ) -> Moves<Result<Option<String>, ServiceError>> {
        // What is on record may have been deleted by somebody, and made again by another setup under the same name.
        if let Some(other) = another_setup(answers, &reply.body).filter(|_| self.tagged) {
            return Ok(Ok(Some(format!("{} belongs to the setup {other}", self.noun))));
        }
        let made = |id: &Text| replay.earlier().made(&id.shown(known));
        if self.named || made(&self.id) || self.parents.iter().any(|parent| made(&parent.id)) {
            return Ok(Ok(None));
        }
        if self.tagged && is_tagged_by_us(answers, &self.id.shown(known), &reply.body) {
            return Ok(Ok(None));
        }
        for parent in &self.parents {
            match replay.read(&parent.look)? {
                Ok(reply) if is_tagged_by_us(answers, &parent.id.shown(known), &reply.body) => {
                    return Ok(Ok(None));
                }
                Ok(_) => {}
                Err(error) if error.kind == ErrorKind::NotFound || is_unserved(error) => {}
                Err(error) => return Ok(Err(error.clone())),
            }
        }
        let unrecorded = "no journal on this machine says that hubup made it";
        Ok(Ok(Some(match self.parents.last() {
            Some(parent) => format!("{} is not of this setup, and {unrecorded}", parent.noun),
            None => format!("it carries no tag {SETUP_TAG}={}, and {unrecorded}", answers.name),
        })))
    }

    fn deleting(&self, reply: &Reply) -> Request {
        match reply.etag.as_ref().filter(|_| self.matched) {
            Some(etag) => self.delete.clone().with_header("If-Match", etag.clone()),
            None => self.delete.clone(),
        }
    }

    fn gone(&self, known: &Outputs, acted: bool) -> Next {
        Next::Done {
            outcome: if acted { Outcome::Done } else { Outcome::AlreadyThere },
            note: (!acted).then(|| "gone already".to_owned()),
            outputs: outputs([(GONE, Some(&self.id.shown(known)))]),
        }
    }

    fn still_shown(&self) -> Fault {
        let says =
            format!("{} was deleted, and Azure still shows it after {}", self.noun, told(LINGER_PATIENCE));
        Fault::new(says, "keep trying, or run the same command again later: the step looks first")
            .meaning("the deletion was taken and has not been carried out")
            .passing()
    }

    fn held(&self, error: &ServiceError) -> Fault {
        Fault::from(error)
            .meaning(format!("something else still holds on to {}", self.noun))
            .having_checked(format!("for {}, since deletions reach other services late", told(HELD_PATIENCE)))
            .remedied_by(
                "delete what the message names, or keep trying if that is gone, then run the same command",
            )
            .passing()
    }

    fn refused(&self, error: &ServiceError) -> Fault {
        not_allowed(error, &self.noun, self.keeper)
    }
}

/// Why something is left that can neither be seen nor deleted.
const UNSERVED: &str =
    "Azure does not serve its kind here any more; what it lies below is deleted all the same";

/// True when the operation is refused as such, whoever asks for it (contract links-2026, section 4, point 2).
fn is_unserved(error: &ServiceError) -> bool {
    error.shows(&["DisallowedResourceOperation"])
}

/// The fault of a deletion that was refused: a lock, a right that is missing, or what the error says of itself.
pub fn not_allowed(error: &ServiceError, noun: &str, keeper: &str) -> Fault {
    let fault = Fault::from(error);
    if error.kind != ErrorKind::Forbidden || error.shows(&["ScopeLocked"]) {
        return fault;
    }
    fault
        .meaning(format!("the signed-in caller may not look at or delete {noun}"))
        .remedied_by(format!(
            "ask {keeper} to delete it, or for the right to, then run the same command: what is gone is seen to be"
        ))
        .exiting(Exit::NotPermitted)
}

/// Refusals of a deletion that pass, and how long they are waited for.
pub struct Refusals {
    writes: WriteWaits,
    conflict: Patience,
}

impl Default for Refusals {
    fn default() -> Self {
        Self { writes: WriteWaits::default(), conflict: Patience::of(LINGER_PATIENCE) }
    }
}

impl Refusals {
    /// Waits when `error` is one that passes; false when it is not, or was waited for long enough.
    pub fn pass(&mut self, error: &ServiceError, noun: &str, replay: &mut Replay<'_>) -> Moves<bool> {
        if error.shows(&["ScopeLocked"]) || error.kind == ErrorKind::Forbidden {
            return Ok(false);
        }
        if self.writes.judge(error, noun, None, replay)?.is_none() {
            return Ok(true);
        }
        // Each service has words of its own for being busy.
        if error.kind != ErrorKind::Conflict {
            return Ok(false);
        }
        let why = format!("{noun} cannot be deleted just now");
        replay.wait(&mut self.conflict, &why, error.retry_after.unwrap_or(LOOK_AGAIN))
    }
}

/// The end of a step that leaves something as it is; `why` is a fragment.
pub fn left(why: impl Into<String>) -> Next {
    let note = Some(format!("left: {}", why.into()));
    Next::Done { outcome: Outcome::Warned, note, outputs: StepOutputs::new() }
}

/// The end of a step whose resource goes, or went, with another.
pub fn goes_along(note: impl Into<String>) -> Next {
    Next::Done { outcome: Outcome::AlreadyThere, note: Some(note.into()), outputs: StepOutputs::new() }
}

/// True when the resource `id` carries the tag of this setup. A setup is its name in one subscription: what is tagged alike
/// in another is another setup's (design, section 2).
pub fn is_tagged_by_us(answers: &Answers, id: &str, value: &Value) -> bool {
    let subscription = format!("{}/", answers.subscription_id()).to_lowercase();
    id.to_lowercase().starts_with(&subscription) && carries_our_tag(answers, value)
}

/// True when a resource says that it is being deleted, in either of the places where services say so (contract
/// preview-2025, sections 4 and 7).
pub fn is_going(value: &Value) -> bool {
    ["/properties/provisioningState", "/properties/state"]
        .iter()
        .filter_map(|pointer| text(value, pointer))
        .any(|state| state.eq_ignore_ascii_case("Deleting") || state.eq_ignore_ascii_case("Deleted"))
}

fn stands_in_the_way(error: &ServiceError, signs: &[&str]) -> bool {
    matches!(error.kind, ErrorKind::Conflict | ErrorKind::Refused)
        && !error.shows(&["ScopeLocked"])
        && error.shows(signs)
}

fn told(span: Duration) -> String {
    crate::domain::brief(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
}
