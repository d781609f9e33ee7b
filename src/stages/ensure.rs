//! The shape of most steps: look, then adopt, create or report the difference, then wait, then look again to prove.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::build::{
    Difference, Follows, LOOK_AGAIN, Registration, SETTLE_PATIENCE, arm, done, fail, same, text,
};
use super::waits::{Registering, WriteWaits};
use crate::domain::{
    Answers, Ask, Body, ErrorKind, Exit, Fault, Method, Moves, Next, Outcome, Outputs, Patch, Patience,
    Purpose, Replay, Reply, Request, SETUP_TAG, ServiceError, Step, StepId, StepOutputs, Text, USE_AS_IT_IS,
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

/// What to do when what was to be used cannot be.
const OTHER_RESOURCE: &str = "choose another resource, or retry after choosing to make one";

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
            return self.use_existing(id, answers, outputs, replay);
        }
        let mut settling = Patience::of(SETTLE_PATIENCE);
        let mut absent = Patience::of(Duration::from_mins(1));
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
                    let why = format!("{} was accepted and is not listed yet", self.noun);
                    if replay.wait(&mut absent, &why, Duration::from_secs(5))? {
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

    /// Looks whether the resource `id` can serve; changes nothing.
    fn use_existing(
        &self,
        id: &str,
        answers: &Answers,
        known: &Outputs,
        replay: &mut Replay<'_>,
    ) -> Moves<Next> {
        let own = self.look.path.shown(known);
        if !same(&resource_type(id), &resource_type(&own)) {
            let says = format!("`{id}` is not the id of a resource such as {own}");
            return Ok(Next::Fail(Fault::new(says, OTHER_RESOURCE).exiting(Exit::Usage)));
        }
        let mut look = self.look.clone();
        look.path = id.to_owned().into();
        let mut settling = Patience::of(SETTLE_PATIENCE);
        let refused = |says: String| Ok(Next::Fail(Fault::new(says, OTHER_RESOURCE)));
        loop {
            let reply = match replay.read(&look)? {
                Ok(reply) => reply,
                Err(error) if error.kind == ErrorKind::NotFound => {
                    return Ok(Next::Fail(Fault::from(error).remedied_by(OTHER_RESOURCE)));
                }
                Err(error) => return Ok(fail(error)),
            };
            let mut gives = self.gives(known, reply);
            gives.insert("id".to_owned(), id.to_owned());
            match (self.judge)(answers, known, &reply.body) {
                Verdict::Fits => {
                    let note = Some(format!("used as you said: {id}"));
                    return Ok(Next::Done { outcome: Outcome::AlreadyThere, note, outputs: gives });
                }
                Verdict::Settling(state) => {
                    let every = reply.retry_after.unwrap_or(LOOK_AGAIN);
                    if !replay.wait(&mut settling, &format!("{id} is {state}"), every)? {
                        return refused(format!("{id} is still {state}"));
                    }
                }
                Verdict::Differs(differs) => {
                    let told: Vec<String> =
                        differs.iter().map(|difference| difference.text.clone()).collect();
                    let ask = Ask {
                        question: format!("{id} differs from your answers. Use it?"),
                        differs: told.clone(),
                        choices: vec![
                            (USE_AS_IT_IS.to_owned(), "use it as it is".to_owned()),
                            ("stop".to_owned(), "stop here".to_owned()),
                        ],
                        under_yes: None,
                    };
                    if replay.ask(&ask)? != USE_AS_IT_IS {
                        return Ok(Next::Fail(self.stopped()));
                    }
                    let note = Some(format!("used as you said: {id}; {}", told.join("; ")));
                    return Ok(Next::Done { outcome: Outcome::Warned, note, outputs: gives });
                }
                Verdict::Broken(state) => return refused(format!("{id} is {state}")),
                Verdict::Lacks(lacks) => {
                    return refused(format!("{id} cannot be used as it is: {}", lacks.join("; ")));
                }
                Verdict::Unusable { says, remedy } => return Ok(Next::Fail(Fault::new(says, remedy))),
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
            let ask = Ask {
                question: format!("{} exists and is not ours; it is as it should be. Use it?", self.noun),
                differs: Vec::new(),
                choices: vec![("use".into(), "use it as it is".into()), ("stop".into(), "stop here".into())],
                under_yes: Some(USE_AS_IT_IS.into()),
            };
            if replay.ask(&ask)? != "use" {
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

    /// The verdict, with tags that were changed counted as a difference where the resource is ours. Right after a write
    /// they are not looked at: a policy of the organisation may have the last word on them.
    fn verdict(&self, answers: &Answers, known: &Outputs, value: &Value, wrote: bool) -> Verdict {
        let verdict = (self.judge)(answers, known, value);
        if wrote || !self.tagged || !carries_our_tag(answers, value) {
            return verdict;
        }
        let tags = differing_tags(answers, value);
        match verdict {
            Verdict::Fits if !tags.is_empty() => Verdict::Differs(tags),
            Verdict::Differs(differs) => Verdict::Differs(differs.into_iter().chain(tags).collect()),
            verdict => verdict,
        }
    }

    /// Keep, change or stop: a person decides, field by field in sight.
    fn drift(
        &self,
        known: &Outputs,
        reply: &Reply,
        replay: &mut Replay<'_>,
        differs: &[Difference],
        wrote: bool,
        changing: &mut Changing,
    ) -> Moves<Drift> {
        let told: Vec<String> = differs.iter().map(Difference::told).collect();
        let end = |next| Ok(Drift::End(Box::new(next)));
        let follows = |wanted| differs.iter().any(|difference| difference.follows == wanted);
        if !changing.agreed {
            if wrote {
                return end(Next::Fail(self.not_as_asked(&told)));
            }
            let ask = self.ask_about_drift(differs, told.clone());
            match replay.ask(&ask)? {
                USE_AS_IT_IS => {
                    return end(Next::Done {
                        outcome: Outcome::Warned,
                        note: Some(format!("used as it is: {}", told.join("; "))),
                        outputs: self.gives(known, reply),
                    });
                }
                "change" => changing.agreed = true,
                _ => return end(Next::Fail(self.stopped())),
            }
        }
        let update = self.update.as_ref().filter(|_| follows(Follows::Update) && !changing.updated);
        if let Some(update) = update {
            changing.updated = true;
            let mut request = update.request.clone();
            if let (Some(taken_back), Body::MergeInto { read, .. }) = (update.taken_back, &mut request.body) {
                *read = Some(taken_back(&reply.body));
            }
            return Ok(Drift::Write(Box::new(over(&request, reply))));
        }
        if follows(Follows::Tags) && !changing.retagged {
            changing.retagged = true;
            return Ok(Drift::Write(Box::new(self.retag(Some(&reply.body)))));
        }
        end(Next::Fail(self.not_as_asked(&told)))
    }

    fn ask_about_drift(&self, differs: &[Difference], told: Vec<String>) -> Ask {
        let changeable = |difference: &Difference| match difference.follows {
            Follows::Update => self.update.is_some(),
            Follows::Tags => true,
            Follows::Never(_) => false,
        };
        let mut choices = vec![(USE_AS_IT_IS.to_owned(), "keep it as it is".to_owned())];
        if differs.iter().all(changeable) {
            choices.push(("change".to_owned(), "change it to what you said".to_owned()));
        }
        choices.push(("stop".to_owned(), "stop here".to_owned()));
        // Tags that others changed break nothing.
        let harmless = differs.iter().all(|difference| difference.follows == Follows::Tags);
        Ask {
            question: format!("{} exists and differs from your answers", self.noun),
            differs: told,
            choices,
            under_yes: harmless.then(|| USE_AS_IT_IS.to_owned()),
        }
    }

    /// Sets the person's tags and ours beside those that are there (ARM: a PATCH of `tags` replaces them all).
    fn retag(&self, read: Option<&Value>) -> Request {
        let mut request = self.look.clone();
        request.method = Method::Patch;
        let tags = read.and_then(|read| read.get("tags")).cloned().unwrap_or_else(|| json!({}));
        let body = |tags: Value| json!({ "tags": tags });
        let patches = self.tags.iter().map(|(name, value)| {
            let name = name.replace('~', "~0").replace('/', "~1");
            Patch::Set(format!("/tags/{name}"), value.as_str().into())
        });
        request.body = Body::MergeInto { read: read.map(|_| body(tags)), patches: patches.collect() };
        request
    }

    fn not_as_asked(&self, told: &[String]) -> Fault {
        Fault::new(
            format!("{} was made, and is not what was asked for: {}", self.noun, told.join("; ")),
            "look at it in the portal, then retry",
        )
        .meaning("the service took the request and did something else with it")
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

/// How a resource that differs is made what was answered.
#[derive(Clone)]
struct Update {
    request: Request,
    taken_back: Option<fn(&Value) -> Value>,
}

/// What was done about a resource that differs.
#[derive(Clone, Copy, Default)]
struct Changing {
    agreed: bool,
    updated: bool,
    retagged: bool,
}

/// How a resource that differs goes on.
enum Drift {
    Write(Box<Request>),
    End(Box<Next>),
}

/// The type of the resource that an id names: provider and type segments without the names, `` when it has none.
fn resource_type(id: &str) -> String {
    let Some((_, path)) = id.rsplit_once("/providers/") else { return String::new() };
    let segments: Vec<&str> = path.split('/').collect();
    let types = segments.iter().skip(1).step_by(2).copied();
    let whole = segments.len() % 2 == 1 && segments.iter().all(|segment| !segment.is_empty());
    if whole && id.starts_with("/subscriptions/") {
        segments.first().copied().into_iter().chain(types).collect::<Vec<_>>().join("/")
    } else {
        String::new()
    }
}

/// The person's own tags in which the resource differs. Their names are compared without case, as Azure does.
fn differing_tags(answers: &Answers, value: &Value) -> Vec<Difference> {
    let found = value.get("tags").and_then(Value::as_object);
    let of = |name: &str| {
        let mut tags = found.into_iter().flatten();
        tags.find(|(key, _)| same(key, name)).and_then(|(_, tag)| tag.as_str())
    };
    let differing = answers.tags.iter().filter(|(name, wanted)| of(name) != Some(wanted.as_str()));
    differing
        .map(|(name, wanted)| {
            let found = of(name).unwrap_or("not set");
            Difference::new(format!("tag {name} is {found} (you said {wanted})"), Follows::Tags)
        })
        .collect()
}

/// True when a resource carries the tag of this setup.
pub fn carries_our_tag(answers: &Answers, value: &Value) -> bool {
    value.pointer("/tags").and_then(|tags| tags.get(SETUP_TAG)).and_then(Value::as_str) == Some(&answers.name)
}

fn minutes(span: Duration) -> String {
    crate::domain::brief(span.as_millis().try_into().unwrap_or(u64::MAX))
}
