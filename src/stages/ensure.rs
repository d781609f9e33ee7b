//! The shape of most steps: look, then adopt, create or report the difference, then wait, then look again to prove.

mod drift;
mod using;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use self::drift::{Changing, Drift, Update};
use super::build::{
    Difference, LOOK_AGAIN, Registration, SETTLE_PATIENCE, arm, ask_to_use, done, fail, same, text,
};
use super::waits::{Registering, Unlisted, WriteWaits};
use crate::domain::{
    Answers, Ask, ErrorKind, Fault, Method, Moves, Next, Outcome, Outputs, Patience, Purpose, Replay, Reply,
    Request, SETUP_TAG, ServiceError, Step, StepId, StepOutputs, Text, USE_AS_IT_IS,
};

/// What a look at a resource says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// As it should be, settled.
    Fits,
    /// On its way; the word that the service has for it.
    Settling(String),
    /// It ended in this state, which is not the wanted one.
    Broken(String),
    /// Usable, yet different, field by field.
    Differs(Vec<Difference>),
    /// It lacks something that the step's `mend` request adds.
    Lacks(Vec<String>),
    /// It cannot become what is wanted.
    Unusable { says: String, remedy: String },
}

/// How long a request whose sender was killed may take to show.
const ON_ITS_WAY: Duration = Duration::from_secs(5);

/// What is known of how a resource came to be.
#[derive(Clone, Copy)]
struct Whose {
    /// The setup is on record as having created it.
    made: bool,
    /// This step has just sent a change of it.
    wrote: bool,
}

type Judge = dyn Fn(&Answers, &Outputs, &Value) -> Verdict + Send + Sync;
type Give = dyn Fn(&Reply) -> StepOutputs + Send + Sync;

/// A resource that a step ensures.
#[derive(Clone)]
pub struct Ensure {
    noun: String,
    look: Request,
    create: Request,
    mend: Option<Request>,
    update: Option<Update>,
    verify: Option<Request>,
    registration: Option<Registration>,
    id: Option<Text>,
    usable: Option<Request>,
    tagged: bool,
    tags: BTreeMap<String, String>,
    reach: Duration,
    judge: Arc<Judge>,
    give: Arc<Give>,
}

impl Ensure {
    /// Ensures what `look` finds and `create` makes. `noun` is how a sentence names it: "the IoT hub contoso-hub".
    pub fn new(noun: impl Into<String>, look: Request, create: Request) -> Self {
        Self {
            noun: noun.into(),
            look,
            create,
            mend: None,
            update: None,
            verify: None,
            registration: None,
            id: None,
            usable: None,
            tagged: false,
            tags: BTreeMap::new(),
            reach: Duration::ZERO,
            judge: Arc::new(|_, _, value| provisioning(value)),
            give: Arc::new(|_| StepOutputs::new()),
        }
    }

    /// Judged by `judge` instead of by `provisioningState` alone.
    #[must_use]
    pub fn judged(
        mut self,
        judge: impl Fn(&Answers, &Outputs, &Value) -> Verdict + Send + Sync + 'static,
    ) -> Self {
        self.judge = Arc::new(judge);
        self
    }

    /// Giving these outputs of the proving look.
    #[must_use]
    pub fn giving(mut self, give: impl Fn(&Reply) -> StepOutputs + Send + Sync + 'static) -> Self {
        self.give = Arc::new(give);
        self
    }

    /// Giving the output `id`: the id that it was asked for by. What a service says of itself may be spelt another
    /// way, or even lack a segment (contract preview-2025, section 1), so it is compared and never used as an address.
    #[must_use]
    pub fn known_as(mut self, id: impl Into<Text>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Of a provider that is registered in the subscription first where it is not.
    #[must_use]
    pub fn registered_by(mut self, registration: Registration) -> Self {
        self.registration = Some(registration);
        self
    }

    /// Ready to use another resource of its type in the subscription instead.
    #[must_use]
    pub fn usable(mut self, answers: &Answers, resource_type: &str, version: &str) -> Self {
        let path = format!("{}/providers/{resource_type}", answers.subscription_id());
        self.usable = Some(arm(answers, Method::Get, path, version));
        self
    }

    /// Of a type that carries tags: one without ours is adopted only at the person's word.
    #[must_use]
    pub fn tagged(mut self, answers: &Answers) -> Self {
        self.tagged = true;
        self.tags = answers.all_tags();
        self
    }

    /// At a host that was just made: not found, refused keys and missing hosts are waited out for `bound`.
    #[must_use]
    pub fn reached_within(mut self, bound: Duration) -> Self {
        self.reach = bound;
        self
    }

    /// Mended by `request` when the verdict is [`Verdict::Lacks`].
    #[must_use]
    pub fn mended_by(mut self, request: Request) -> Self {
        self.mend = Some(request);
        self
    }

    /// Made what was answered by `request` where what is there differs in what an update can change.
    #[must_use]
    pub fn updated_by(mut self, request: Request) -> Self {
        self.update = Some(Update { request, taken_back: None });
        self
    }

    /// [`Ensure::updated_by`] with a request that merges into what was read; `taken_back` leaves of that what the service
    /// takes back.
    #[must_use]
    pub fn merged_by(mut self, request: Request, taken_back: fn(&Value) -> Value) -> Self {
        self.update = Some(Update { request, taken_back: Some(taken_back) });
        self
    }

    /// While a grant is waited for, `request` shows that the assignment exists.
    #[must_use]
    pub fn granted_by(mut self, request: Request) -> Self {
        self.verify = Some(request);
        self
    }

    /// The step that does it.
    pub fn step(self, id: StepId, title: impl Into<String>) -> Step {
        let (look, create) = (self.look.clone(), self.create.clone());
        let (mend, verify, registration) =
            (self.mend.clone(), self.verify.clone(), self.registration.clone());
        let update = self.update.as_ref().map(|update| update.request.clone());
        let usable = self.usable.clone();
        let retag = self.tagged.then(|| self.retag(None));
        let mut step =
            Step::new(id, title, move |answers, outputs, replay| self.run(answers, outputs, replay))
                .planning(Purpose::Look, &look)
                .planning(Purpose::Change, &create);
        for change in mend.iter().chain(&update).chain(&retag) {
            step = step.planning(Purpose::Change, change);
        }
        if let Some(registration) = &registration {
            step = step
                .planning(Purpose::Change, &registration.register)
                .planning(Purpose::Look, &registration.look);
        }
        if let Some(verify) = &verify {
            step = step.planning(Purpose::Prove, verify);
        }
        step = step.planning(Purpose::Prove, &look);
        match usable {
            Some(list) => step.usable_from(list),
            None => step,
        }
    }

    /// Makes the moves. Other shapes call it as a part of theirs.
    pub fn run(&self, answers: &Answers, outputs: &Outputs, replay: &mut Replay<'_>) -> Moves<Next> {
        if let (Some(id), Some(_)) = (&replay.earlier().using, &self.id) {
            // To use the step's own resource is to have it made where it is not there: the way back from another.
            if !same(id, &self.look.path.shown(outputs)) {
                return self.use_existing(id, answers, outputs, replay);
            }
        }
        let mut settling = Patience::of(SETTLE_PATIENCE);
        let mut unlisted = Unlisted::default();
        let mut waits = WriteWaits::default();
        let mut registering = Registering::default();
        let mut reach = Patience::of(self.reach);
        let unreached = format!("the host of {} does not answer in earnest yet", self.noun);
        let mut wrote = false;
        // Set when our own write was refused for a reason that passes: what is broken now is of our making.
        let mut ours_to_repeat = false;
        // Set when a reply to our write was lost: what is there then is of our making.
        let mut unanswered = false;
        let earlier = replay.earlier();
        let made = earlier.made(&self.look.path.shown(outputs));
        // A request of an earlier run may still be on its way when this one looks.
        let mut on_its_way = Patience::of(if earlier.unanswered { ON_ITS_WAY } else { Duration::ZERO });
        let mut ended = earlier.ended.as_ref();
        let mut changing = Changing::default();
        loop {
            let found = replay.read(&self.look)?;
            let broken =
                |reply: &Reply| matches!((self.judge)(answers, outputs, &reply.body), Verdict::Broken(_));
            // Why it came to this the operation of the earlier run said itself.
            if let Some(error) = ended.take()
                && found.is_ok_and(broken)
            {
                match waits.judge(error, &self.noun, self.verify.as_ref(), replay)? {
                    None => ours_to_repeat = true,
                    Some(fault) => return Ok(Next::Fail(fault)),
                }
            }
            let write = match found {
                Ok(reply) => match self.verdict(answers, outputs, &reply.body, wrote || unanswered) {
                    Verdict::Fits => {
                        let whose = Whose { made, wrote: wrote || unanswered };
                        return self.fits(answers, outputs, reply, replay, whose);
                    }
                    Verdict::Settling(state) => {
                        let why = format!("{} is {state}", self.noun);
                        if replay.wait(&mut settling, &why, reply.retry_after.unwrap_or(LOOK_AGAIN))? {
                            continue;
                        }
                        let error = ServiceError::local(
                            ErrorKind::StillRunning,
                            format!("{} is still {state} after {}", self.noun, minutes(settling.spent())),
                        );
                        return Ok(fail(&error));
                    }
                    Verdict::Broken(state) if wrote || unanswered => {
                        return Ok(Next::Fail(self.broken(&state)));
                    }
                    Verdict::Broken(_) if ours_to_repeat || made => over(&self.create, reply),
                    Verdict::Broken(state) => {
                        let ask = self.ask_about_broken(&state);
                        match replay.ask(&ask)? {
                            "again" => over(&self.create, reply),
                            _ => return Ok(Next::Fail(self.broken(&state))),
                        }
                    }
                    Verdict::Differs(differs) => {
                        match self.drift(outputs, reply, replay, &differs, wrote, &mut changing)? {
                            Drift::Write(request) => *request,
                            Drift::End(next) => return Ok(*next),
                        }
                    }
                    Verdict::Lacks(differs) => match &self.mend {
                        Some(mend) if !wrote => {
                            if replay.ask(&self.ask_to_mend(answers, reply, differs))? != "change" {
                                return Ok(Next::Fail(self.stopped()));
                            }
                            over(mend, reply)
                        }
                        _ => return Ok(Next::Fail(self.still_lacks(&differs))),
                    },
                    Verdict::Unusable { says, remedy } => return Ok(Next::Fail(Fault::new(says, remedy))),
                },
                Err(error) if self.wants_registering(error) => {
                    match registering.run(error, self.registration.as_ref(), replay)? {
                        Some(fault) => return Ok(Next::Fail(fault)),
                        None => continue,
                    }
                }
                Err(error) if error.kind == ErrorKind::NotFound && wrote => {
                    if unlisted.wait(error, &self.noun, wrote, replay)? {
                        continue;
                    }
                    return Ok(fail(error));
                }
                Err(error) if error.kind == ErrorKind::NotFound => {
                    let why =
                        format!("a request of an earlier run for {} may still be on its way", self.noun);
                    if replay.wait(&mut on_its_way, &why, ON_ITS_WAY)? {
                        continue;
                    }
                    self.create.clone()
                }
                Err(error) if matches!(error.kind, ErrorKind::NotSent | ErrorKind::Auth) => {
                    if replay.wait(&mut reach, &unreached, LOOK_AGAIN)? {
                        continue;
                    }
                    return Ok(fail(error));
                }
                Err(error) => return Ok(fail(error)),
            };
            match replay.write(&write)? {
                Ok(_) => {
                    wrote = true;
                    ours_to_repeat = false;
                }
                Err(error)
                    if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Auth | ErrorKind::NotSent) =>
                {
                    if !replay.wait(&mut reach, &unreached, LOOK_AGAIN)? {
                        return Ok(fail(error));
                    }
                }
                // It goes on in Azure: to keep trying is to look at the resource itself.
                Err(error) if error.kind == ErrorKind::StillRunning && replay.is_graced() => {
                    unanswered = true;
                }
                Err(error) if self.wants_registering(error) => {
                    if let Some(fault) = registering.run(error, self.registration.as_ref(), replay)? {
                        return Ok(Next::Fail(fault));
                    }
                }
                Err(error) => match waits.judge(error, &self.noun, self.verify.as_ref(), replay)? {
                    None if matches!(error.kind, ErrorKind::Lost | ErrorKind::Service) => unanswered = true,
                    None => ours_to_repeat = true,
                    Some(fault) => return Ok(Next::Fail(fault)),
                },
            }
        }
    }

    fn fits(
        &self,
        answers: &Answers,
        known: &Outputs,
        reply: &Reply,
        replay: &mut Replay<'_>,
        whose: Whose,
    ) -> Moves<Next> {
        let gives = self.gives(known, reply);
        if whose.wrote {
            return Ok(done(Outcome::Done, gives));
        }
        if self.tagged && !whose.made && !carries_our_tag(answers, &reply.body) {
            let question = format!("{} exists and is not ours; it is as it should be. Use it?", self.noun);
            if replay.ask(&ask_to_use(question, Vec::new(), true))? != USE_AS_IT_IS {
                return Ok(Next::Fail(self.stopped()));
            }
        }
        Ok(done(Outcome::AlreadyThere, gives))
    }

    /// Looks and changes alike are refused where the provider is not registered (contract preview-2025, 1.3).
    fn wants_registering(&self, error: &ServiceError) -> bool {
        self.registration.is_some() && error.shows(&["MissingSubscriptionRegistration"])
    }

    fn gives(&self, known: &Outputs, reply: &Reply) -> StepOutputs {
        let mut gives = (self.give)(reply);
        if let Some(id) = &self.id {
            gives.insert("id".to_owned(), id.shown(known));
        }
        gives
    }

    fn still_lacks(&self, differs: &[String]) -> Fault {
        Fault::new(
            format!("{} still lacks what was added: {}", self.noun, differs.join("; ")),
            "look at it in the portal, then retry",
        )
        .meaning("the service took the request and did something else with it")
    }

    fn ask_about_broken(&self, state: &str) -> Ask {
        Ask {
            question: format!(
                "{} exists and is {state}. Try to make it again over what is there?",
                self.noun
            ),
            differs: Vec::new(),
            choices: vec![
                ("again".into(), "send the request again".into()),
                ("stop".into(), "stop here".into()),
            ],
            under_yes: None,
        }
    }

    fn ask_to_mend(&self, answers: &Answers, reply: &Reply, differs: Vec<String>) -> Ask {
        let ours = carries_our_tag(answers, &reply.body);
        Ask {
            question: format!("{} lacks something that the setup needs. Add it?", self.noun),
            differs,
            choices: vec![
                ("change".into(), "add what is missing".into()),
                ("stop".into(), "stop here".into()),
            ],
            under_yes: ours.then(|| "change".into()),
        }
    }

    fn broken(&self, state: &str) -> Fault {
        Fault::new(
            format!("{} is {state}", self.noun),
            "look at its activity log in the portal; delete it there or choose another name, then retry",
        )
        .meaning("Azure could not finish making it")
    }

    fn stopped(&self) -> Fault {
        Fault::new(
            format!("stopped at your word: {} stays as it is", self.noun),
            "retry to be asked again, or give another name in the setup file",
        )
    }
}

/// `create` over what `reply` found: a hub takes an update only with the tag of what it replaces (contract
/// preview-2025, section 6).
fn over(create: &Request, reply: &Reply) -> Request {
    match &reply.etag {
        Some(etag) => create.clone().with_header("If-Match", etag.clone()),
        None => create.clone(),
    }
}

/// Judges by `provisioningState` alone; where it is missing the resource is settled (guide: field notes, 4.2).
pub fn provisioning(value: &Value) -> Verdict {
    let state = text(value, "/properties/provisioningState").unwrap_or("Succeeded");
    match state.to_ascii_lowercase().as_str() {
        "succeeded" => Verdict::Fits,
        "failed" | "canceled" | "cancelled" => Verdict::Broken(state.to_owned()),
        _ => Verdict::Settling(state.to_owned()),
    }
}

/// Judges by `provisioningState` and then by `properties.state`, which hubs and DPS have beside it (contract
/// preview-2025, 1.1).
pub fn provisioning_and_active(value: &Value) -> Verdict {
    match (provisioning(value), text(value, "/properties/state")) {
        (Verdict::Fits, Some(state)) if state.eq_ignore_ascii_case("Active") => Verdict::Fits,
        (Verdict::Fits, Some(state)) if state.to_ascii_lowercase().ends_with("failed") => {
            Verdict::Broken(state.to_owned())
        }
        (Verdict::Fits, Some(state)) => Verdict::Settling(state.to_owned()),
        (Verdict::Fits, None) => Verdict::Settling("without a state".to_owned()),
        (verdict, _) => verdict,
    }
}

/// True when a resource carries the tag of this setup.
pub fn carries_our_tag(answers: &Answers, value: &Value) -> bool {
    value.pointer("/tags").and_then(|tags| tags.get(SETUP_TAG)).and_then(Value::as_str) == Some(&answers.name)
}

fn minutes(span: Duration) -> String {
    crate::domain::brief(span.as_millis().try_into().unwrap_or(u64::MAX))
}
