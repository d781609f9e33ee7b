//! Links hub and provisioning service in one write, and watches every endpoint until it has settled (contract links-2026,
//! 6.6, and the first rows of section 9).
//!
//! What is linked is immutable: only endpoints that are missing or Failed are ever sent.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::CONNECT;
use super::endpoints::{Both, Endpoint, Linking, NOT_REPLICATED, Wanted, endpoint_of, endpoints, wanted};
use crate::domain::{
    Answers, Ask, Body, ErrorKind, Exit, Fault, Method, Moves, Need, Next, Outcome, Outputs, Patch, Patience,
    Purpose, Replay, Request, ServiceError, Step, StepOutputs,
};
use crate::stages::build::{BUSY, SETTLE_PATIENCE, fail, same, text};
use crate::stages::dialect::Profile;
use crate::stages::documents::NAMESPACES;
use crate::stages::dps::links_2026::dps_request;
use crate::stages::ensure::{Verdict, provisioning_and_active};
use crate::stages::hub::id::look_at_hub;
use crate::stages::namespace::id::{look_at_namespace, namespace_id, namespace_slot};
use crate::stages::namespace::links_2026::{MADE_ANEW, MI_SDK, roles_are_void, wants_mi_sdk};
use crate::stages::remove::{Remove, is_tagged_by_us};
use crate::stages::{dps, hub, namespace};

/// Between two looks at a link (contract links-2026, section 10).
pub(super) const EVERY: Duration = Duration::from_secs(15);

/// How long one attempt may take to settle (contract links-2026, section 10).
const LINK_PATIENCE: Duration = Duration::from_mins(15);

/// How long an endpoint that was sent, or that stands beside another, may be left out of what the namespace shows: it was
/// seen to be (contract links-2026, 6.6; one source, a script). How long, is our choice, as it is for the two below.
const OMITTED_PATIENCE: Duration = Duration::from_mins(2);

const UNREAD_PATIENCE: Duration = Duration::from_mins(5);
const LOST_PATIENCE: Duration = Duration::from_mins(2);

/// How often the same body is sent again for roles that have not arrived: the sources try 5 to 12 times (contract links-2026,
/// section 9).
const MOST_ATTEMPTS: u32 = 8;

/// The waits before so many attempts together, less a moment: 30 s, then a minute each.
const AGAIN_PATIENCE: Duration = Duration::from_secs(30 + 60 * (MOST_ATTEMPTS as u64 - 1) - 1);

/// How often a namespace is made anew for a link (contract links-2026, section 7).
const MOST_CYCLES: u32 = 2;

/// Signs that an earlier change of the namespace has not settled (contract links-2026, section 9; one source, a repair
/// script).
const SETTLING: &[&str] = &["ResourceProvisioningInProgress"];

/// The step that links.
pub fn connect(answers: &Answers, profile: &Profile) -> Step {
    let look = look_at_namespace(answers, profile);
    let both = wanted(answers);
    let mut put = Request { method: Method::Put, ..look.clone() }.unfollowed();
    let patches = both.each().iter().map(|wanted| wanted.patch(wanted.key)).collect();
    put.body = Body::MergeInto { read: None, patches };
    let targets = [
        look_at_hub(answers, profile),
        dps_request(answers, profile, Method::Get, dps::id::dps_slot(answers)),
    ];
    let alone = Request { method: Method::Patch, ..put.clone() };
    let removal = anew(answers, &look);
    let link = Link { look: look.clone(), put: put.clone(), both, targets: targets.clone() };
    let step = Step::new(CONNECT, "Link hub and provisioning service", move |answers, known, replay| {
        link.run(answers, known, replay)
    })
    .documented(NAMESPACES)
    .because("One write puts both into the namespace, which then makes the links; devices find their hub through them. A namespace that never links is deleted and made again at your word only.")
    .needing([
        Need::effect(hub::CREATE),
        Need::effect(dps::CREATE),
        Need::value(namespace::CREATE),
        Need::effect(namespace::HUB_ROLES),
        Need::effect(namespace::DPS_ROLES),
        Need::effect(namespace::OWN_ROLES),
    ])
    .touching(namespace_id(answers))
    .taking(LINK_PATIENCE)
    .planning(Purpose::Look, &look)
    .planning(Purpose::Change, &put)
    .planning(Purpose::Change, &alone);
    let step = targets.iter().fold(step, |step, target| step.planning(Purpose::Look, target));
    removal.plan(step)
}

/// The deletion of a namespace that is to be made anew; whose it is, was seen before.
fn anew(answers: &Answers, look: &Request) -> Remove {
    Remove::new(format!("the namespace {}", answers.namespace), namespace_slot(answers), look.clone()).named()
}

/// What linking takes.
struct Link {
    look: Request,
    put: Request,
    both: Both,
    /// Looks at hub and provisioning service.
    targets: [Request; 2],
}

/// What the links of the setup say together.
enum Standing {
    Linked,
    /// What is waited for.
    Pending(String),
    /// Not all that were sent, or that must be there, are shown.
    Omitted {
        why: String,
        /// Whether it was sent, or must have been: it cannot be sent again then.
        sent: bool,
    },
    /// None is there, or some failed for roles that have not arrived: to be sent.
    ToSend,
    /// One failed for good.
    Failed(Fault),
}

impl Link {
    fn run(&self, answers: &Answers, known: &Outputs, replay: &mut Replay<'_>) -> Moves<Next> {
        let mut tries = Tries::default();
        let mut cycles = 0;
        let mut redone = 0;
        let mut changed = false;
        loop {
            let found = replay.read(&self.look)?;
            let gone = found.is_err_and(|error| error.kind == ErrorKind::NotFound);
            let void = found.is_ok_and(|reply| roles_are_void(known, &reply.body));
            let why = if gone { "the namespace is not there" } else { VOID };
            if replay.redo_when((gone || void) && redone < MOST_CYCLES, &MADE_ANEW, why)? {
                redone += 1;
                tries = Tries::default();
                continue;
            }
            let reply = match found {
                Ok(_) if void && replay.is_at_end() => return Ok(Next::Fail(void_for_good())),
                Ok(reply) => reply,
                // What cannot be read is not known; it has not failed (contract links-2026, section 6).
                Err(error) if is_passing(error) => {
                    let why = "the namespace cannot be read just now";
                    if replay.wait(&mut tries.unread, why, error.retry_after.unwrap_or(EVERY))? {
                        continue;
                    }
                    return Ok(fail(error));
                }
                Err(error) => return Ok(fail(error)),
            };
            let namespace = &reply.body;
            let every = reply.retry_after.unwrap_or(EVERY).max(EVERY);
            match self.standing(known, namespace, tries.wrote) {
                Standing::Linked => return Ok(linked(&self.both, known, namespace, changed)),
                Standing::Failed(fault) => return Ok(Next::Fail(fault)),
                Standing::Pending(why) => {
                    if replay.wait(&mut tries.linking, &why, every)? {
                        continue;
                    }
                    return Ok(Next::Fail(still_linking(&why)));
                }
                Standing::Omitted { why, sent } => {
                    // It has as long as a link has.
                    let patience = if sent { &mut tries.linking } else { &mut tries.omitted };
                    if replay.wait(patience, &why, every)? {
                        continue;
                    }
                    if sent || tries.made_up {
                        return Ok(Next::Fail(left_out(&why)));
                    }
                    tries.made_up = true;
                    tries.omitted = Patience::of(OMITTED_PATIENCE);
                }
                Standing::ToSend => {
                    if let Some(failed) = self.first_failed(known, namespace)
                        && is_not_replicated(&failed)
                        && !tries.waited
                    {
                        let error = of_endpoint(&failed);
                        if self.wait_for_roles(&error, &mut tries, replay)? {
                            continue;
                        }
                        match self.anew(answers, known, namespace, &error, cycles, replay)? {
                            Ok(()) => (cycles, tries) = (cycles + 1, Tries::default()),
                            Err(next) => return Ok(*next),
                        }
                        continue;
                    }
                }
            }
            tries.waited = false;
            match replay.write(&self.request(answers, known, namespace))? {
                Ok(_) => {
                    changed = true;
                    tries.sent();
                }
                Err(error) if is_callers(error) => return Ok(Next::Fail(not_permitted(error))),
                Err(error) if NOT_REPLICATED.iter().any(|code| is_code(error, code)) => {
                    if !self.wait_for_roles(error, &mut tries, replay)? {
                        match self.anew(answers, known, namespace, error, cycles, replay)? {
                            Ok(()) => (cycles, tries) = (cycles + 1, Tries::default()),
                            Err(next) => return Ok(*next),
                        }
                    }
                }
                Err(error) if error.shows(SETTLING) => {
                    let why = "an earlier change of the namespace is still settling";
                    if !replay.wait(&mut tries.linking, why, error.retry_after.unwrap_or(EVERY))? {
                        return Ok(fail(error));
                    }
                }
                Err(error) if is_passing(error) || is_busy(error) => {
                    let why = "the link was not taken; looking what became of it";
                    if !replay.wait(&mut tries.lost, why, error.retry_after.unwrap_or(EVERY))? {
                        return Ok(fail(error));
                    }
                }
                Err(error) => return Ok(Next::Fail(refused(error))),
            }
        }
    }

    /// Waits before the same body is sent again; false when that was done often enough.
    fn wait_for_roles(
        &self,
        error: &ServiceError,
        tries: &mut Tries,
        replay: &mut Replay<'_>,
    ) -> Moves<bool> {
        if names_unfinished(error) {
            self.await_targets(replay)?;
        }
        let (pause, why) = (pause(tries.attempts + 1), not_replicated(error, tries.attempts + 1));
        tries.waited = replay.wait(&mut tries.again, &why, pause)?;
        tries.attempts += u32::from(tries.waited);
        Ok(tries.waited)
    }

    fn standing(&self, known: &Outputs, namespace: &Value, wrote: bool) -> Standing {
        let found = self.both.each().map(|wanted| (wanted, endpoint_of(namespace, &wanted.id.shown(known))));
        let present = found.iter().filter(|(_, endpoint)| endpoint.is_some()).count();
        let is = |linking| {
            let mut links = found.iter().filter_map(|(wanted, endpoint)| Some((wanted, (*endpoint)?)));
            links.find(|(_, endpoint)| endpoint.linking == linking)
        };
        if self.both.are_linked(known, namespace) {
            return Standing::Linked;
        }
        let failed = found.iter().filter_map(|(wanted, endpoint)| Some((wanted, (*endpoint)?)));
        let mut failed = failed.filter(|(_, endpoint)| endpoint.linking == Some(Linking::Failed));
        // What failed before this step sent anything may have been mended since: it is sent once more.
        if let Some((wanted, endpoint)) = failed.find(|(_, endpoint)| !is_not_replicated(endpoint))
            && wrote
        {
            return Standing::Failed(final_failure(wanted, &endpoint));
        }
        // One that tells nothing has not come to its end.
        if let Some((wanted, _)) = is(Some(Linking::InProgress)).or_else(|| is(None)) {
            return Standing::Pending(format!("the namespace links {}", wanted.noun));
        }
        let missing = found.iter().find(|(_, endpoint)| endpoint.is_none());
        match missing {
            // What failed is sent again, whatever is left out.
            Some((missing, _)) if (wrote || present > 0) && is(Some(Linking::Failed)).is_none() => {
                let why = format!("the namespace does not show {} yet", missing.noun);
                let sent = wrote && present > 0 || self.hides_dps(known, namespace);
                Standing::Omitted { why, sent }
            }
            _ => Standing::ToSend,
        }
    }

    /// True when the provisioning service is linked, or was sent, though it is not shown: our hub was not taken without one
    /// (contract links-2026, section 1, point 5, and 6.6; seen by one source, a script).
    fn hides_dps(&self, known: &Outputs, namespace: &Value) -> bool {
        let shown = endpoint_of(namespace, &self.both.dps.id.shown(known)).is_some();
        !shown && endpoint_of(namespace, &self.both.hub.id.shown(known)).is_some_and(|hub| hub.is_hub())
    }

    fn first_failed<'a>(&self, known: &Outputs, namespace: &'a Value) -> Option<Endpoint<'a>> {
        let each = self.both.each();
        let mut found = each.iter().filter_map(|wanted| endpoint_of(namespace, &wanted.id.shown(known)));
        found.find(|endpoint| endpoint.linking == Some(Linking::Failed))
    }

    /// The write of what is missing or failed: the whole namespace where nothing in it is linked yet, as the sources do;
    /// else just those endpoints, since a PUT would send what is immutable or drop what others linked.
    fn request(&self, answers: &Answers, known: &Outputs, namespace: &Value) -> Request {
        let mut patches: Vec<Patch> = Vec::new();
        let hides_dps = self.hides_dps(known, namespace);
        for wanted in self.both.each() {
            let found = endpoint_of(namespace, &wanted.id.shown(known));
            let hidden = found.is_none() && wanted.place == self.both.dps.place && hides_dps;
            if !hidden && found.is_none_or(|endpoint| endpoint.linking == Some(Linking::Failed)) {
                patches.push(wanted.patch(&key_for(wanted, known, namespace)));
            }
        }
        let ours: Vec<String> = self.both.each().iter().map(|wanted| wanted.id.shown(known)).collect();
        let alone = !hides_dps
            && endpoints(namespace).iter().all(|endpoint| {
                ours.iter().any(|id| same(id, endpoint.resource_id))
                    && endpoint.linking == Some(Linking::Failed)
            });
        let mut request = self.put.clone();
        let mut read = if alone {
            taken_back(namespace)
        } else {
            request.method = Method::Patch;
            json!({})
        };
        // Asserted on every write, as the sources do; a PATCH of tags takes all of them.
        let untagged = text(namespace, &format!("/tags/{MI_SDK}")) != Some("true");
        if wants_mi_sdk(answers) && untagged {
            patches.push(Patch::Set(format!("/tags/{MI_SDK}"), "true".into()));
            if let (Some(tags), None) = (namespace.get("tags"), read.get("tags")) {
                read["tags"] = tags.clone();
            }
        }
        request.body = Body::MergeInto { read: Some(read), patches };
        request
    }

    /// Waits until hub and provisioning service are finished (contract links-2026, section 9, second row; one source, an
    /// update sample).
    fn await_targets(&self, replay: &mut Replay<'_>) -> Moves<()> {
        let mut patience = Patience::of(SETTLE_PATIENCE);
        for target in &self.targets {
            while let Ok(reply) = replay.read(target)? {
                let Verdict::Settling(state) = provisioning_and_active(&reply.body) else { break };
                let every = reply.retry_after.unwrap_or(EVERY);
                if !replay.wait(&mut patience, &format!("what is to be linked is {state}"), every)? {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Deletes the namespace and has it made again, which gives it a new principal: at the person's word only (contract
    /// links-2026, section 7; measured by one source).
    fn anew(
        &self,
        answers: &Answers,
        known: &Outputs,
        found: &Value,
        error: &ServiceError,
        cycles: u32,
        replay: &mut Replay<'_>,
    ) -> Moves<Result<(), Box<Next>>> {
        let id = namespace_slot(answers).shown(known);
        let ours = replay.earlier().made(&id) || is_tagged_by_us(answers, &id, found);
        if !ours || cycles >= MOST_CYCLES {
            return Ok(Err(Box::new(Next::Fail(exhausted(error)))));
        }
        let ask = Ask {
            question: format!(
                "the namespace {} was sent its links {} times, and still {}: roles that they need are missing, or never \
                 reach a namespace like this{}. Delete it and make it again, with a new principal and new roles?",
                answers.namespace,
                MOST_ATTEMPTS + 1,
                told(error),
                if is_code(error, "LinkableResourceNotReady") {
                    ", or its version does not link in this subscription (`[api_versions]` takes another)"
                } else {
                    ""
                }
            ),
            differs: Vec::new(),
            choices: vec![
                ("anew".into(), "delete the namespace and make it again".into()),
                ("stop".into(), "stop here".into()),
            ],
            under_yes: None,
        };
        if replay.ask(&ask)? != "anew" {
            // Nothing is waited for any more: to go on is to begin the step again.
            let fault = Fault { may_pass: false, ..exhausted(error) };
            return Ok(Err(Box::new(Next::Fail(fault))));
        }
        match anew(answers, &self.look).run(answers, known, replay)? {
            Next::Done { outcome, .. } if outcome != Outcome::Warned => {}
            next => return Ok(Err(Box::new(next))),
        }
        replay.redo(&MADE_ANEW, "the namespace was deleted and is made again")?;
        Ok(Ok(()))
    }
}

/// What was tried, and how much longer each wait may last.
struct Tries {
    /// How often the same body was waited for to be sent again.
    attempts: u32,
    /// Whether the wait before the next send is over.
    waited: bool,
    wrote: bool,
    /// Whether what was left out was sent for that reason.
    made_up: bool,
    unread: Patience,
    linking: Patience,
    omitted: Patience,
    lost: Patience,
    again: Patience,
}

impl Default for Tries {
    fn default() -> Self {
        Self {
            attempts: 0,
            waited: false,
            wrote: false,
            made_up: false,
            unread: Patience::of(UNREAD_PATIENCE),
            linking: Patience::of(LINK_PATIENCE),
            omitted: Patience::of(OMITTED_PATIENCE),
            lost: Patience::of(LOST_PATIENCE),
            again: Patience::of(AGAIN_PATIENCE),
        }
    }
}

impl Tries {
    /// A write was taken: each link has its time anew, what was left out has not.
    fn sent(&mut self) {
        self.wrote = true;
        self.linking = Patience::of(LINK_PATIENCE);
    }
}

const VOID: &str = "the namespace shows another principal than the one that its roles were given to";

/// Before attempt `attempts` (contract links-2026, section 9).
fn pause(attempts: u32) -> Duration {
    (Duration::from_secs(30) * attempts).min(Duration::from_mins(1))
}

pub(super) fn is_passing(error: &ServiceError) -> bool {
    matches!(
        error.kind,
        ErrorKind::Lost
            | ErrorKind::Service
            | ErrorKind::Throttled
            | ErrorKind::NotSent
            | ErrorKind::StillRunning
    )
}

fn is_busy(error: &ServiceError) -> bool {
    error.kind == ErrorKind::Conflict && (error.shows(BUSY) || error.status == Some(412))
}

fn is_code(error: &ServiceError, code: &str) -> bool {
    error.code.as_deref().is_some_and(|found| same(found, code))
}

/// ARM has the same code for a caller who may not write the namespace: that no wait will mend.
fn is_callers(error: &ServiceError) -> bool {
    error.kind == ErrorKind::Forbidden && error.shows(&["namespaces/write"])
}

fn not_permitted(error: &ServiceError) -> Fault {
    Fault::from(error)
        .meaning("the signed-in caller may not change the namespace")
        .remedied_by(
            "ask an Owner or Contributor of the resource group to run this, or for the right to, then retry",
        )
        .exiting(Exit::NotPermitted)
}

fn is_not_replicated(endpoint: &Endpoint<'_>) -> bool {
    NOT_REPLICATED.iter().any(|code| same(code, endpoint.code))
}

fn names_unfinished(error: &ServiceError) -> bool {
    is_code(error, "LinkableResourceNotReady") && error.message.contains("Creating")
}

/// The failure that an endpoint shows, as an error of the service.
fn of_endpoint(endpoint: &Endpoint<'_>) -> ServiceError {
    let mut error = ServiceError::local(ErrorKind::Refused, endpoint.message);
    error.code = (!endpoint.code.is_empty()).then(|| endpoint.code.to_owned());
    error
}

fn told(error: &ServiceError) -> String {
    format!("it says {}", error.code.as_deref().unwrap_or("nothing of the cause"))
}

fn not_replicated(error: &ServiceError, attempts: u32) -> String {
    let code = error.code.as_deref().unwrap_or("no code");
    format!(
        "the roles have not reached the service that links ({code}); attempt {attempts} of {MOST_ATTEMPTS} follows"
    )
}

fn exhausted(error: &ServiceError) -> Fault {
    let mut remedy =
        "keep trying, or check the roles of namespace, hub and provisioning service on each other, then retry".to_owned();
    if is_code(error, "LinkableResourceNotReady") {
        // Contract links-2026, section 2: seen for ever where a subscription is not enabled for a version (one source).
        remedy.push_str(
            "; if it stays so, this version may not link in your subscription: take the setup down with `hubup destroy`, set \
             another `\"Microsoft.DeviceRegistry/namespaces\"` under `[api_versions]`, then begin anew",
        );
    }
    Fault::from(error)
        .keyed("roles-not-replicated")
        .meaning("the roles that a link needs have not reached the service that links, or are missing")
        .having_checked(format!(
            "the same body was sent {} times, over more than seven minutes",
            MOST_ATTEMPTS + 1
        ))
        .remedied_by(remedy)
        .passing()
}

fn final_failure(wanted: &Wanted, endpoint: &Endpoint<'_>) -> Fault {
    Fault::from(&of_endpoint(endpoint))
        .keyed("link-failed")
        .meaning(format!("the namespace cannot link {}, and says that this is final", wanted.noun))
        .remedied_by("mend what the message names, then retry: only what failed is sent again")
}

fn still_linking(why: &str) -> Fault {
    Fault::new(
        format!("{why}, and has not come to an end"),
        "keep trying, or come back later: it goes on in Azure",
    )
    .meaning("linking takes minutes; more than fifteen are not usual")
    .passing()
}

fn left_out(why: &str) -> Fault {
    Fault::new(why, "keep trying, or look at the namespace in the portal, then retry")
        .meaning("the namespace took the link and does not show it; what is linked cannot be sent again")
        .passing()
}

fn void_for_good() -> Fault {
    Fault::new(VOID, "retry; if it stays so, take the setup down with `hubup destroy` and begin anew")
        .meaning("a namespace shows another principal in each api-version, and roles that were given to one are void for another")
}

fn refused(error: &ServiceError) -> Fault {
    let fault = Fault::from(error);
    if error.shows(&["immutable", "cannot be modified", "cannot be changed"]) {
        return fault
            .meaning("a link that is made cannot be written again; somebody else linked at the same time")
            .remedied_by("retry: the step looks first and sends only what is missing");
    }
    if error.kind == ErrorKind::Conflict {
        return fault
            .meaning(
                "the namespace does not take these links as it is; one of the older object model never does",
            )
            .remedied_by("choose another `namespace.name`, or mend what the message names, then retry");
    }
    fault
}

/// The key of a failed endpoint stays; a new one gets one that is free.
fn key_for(wanted: &Wanted, known: &Outputs, namespace: &Value) -> String {
    if let Some(found) = endpoint_of(namespace, &wanted.id.shown(known)) {
        return found.key.to_owned();
    }
    let taken: Vec<&str> = endpoints(namespace).iter().map(|endpoint| endpoint.key).collect();
    let (stem, _) = wanted.key.rsplit_once('-').unwrap_or((wanted.key, ""));
    let mut keys = (1..=u32::MAX).map(|number| format!("{stem}-{number}"));
    keys.find(|key| !taken.iter().any(|taken| same(taken, key))).unwrap_or_else(|| wanted.key.to_owned())
}

/// What the service takes back of a namespace that it gave, apart from its links: a PUT replaces tags and properties
/// (contract links-2026, 6.3; read-only properties by the specification's `Namespace`).
fn taken_back(read: &Value) -> Value {
    let mut kept = Map::new();
    for key in ["location", "tags"] {
        if let Some(value) = read.get(key).filter(|value| !value.is_null()) {
            kept.insert(key.to_owned(), value.clone());
        }
    }
    if let Some(kind) = read.pointer("/identity/type") {
        let mut identity = Map::new();
        identity.insert("type".to_owned(), kind.clone());
        if let Some(assigned) = read.pointer("/identity/userAssignedIdentities").and_then(Value::as_object) {
            let keys = assigned.keys().map(|id| (id.clone(), json!({})));
            identity.insert("userAssignedIdentities".to_owned(), Value::Object(keys.collect()));
        }
        kept.insert("identity".to_owned(), Value::Object(identity));
    }
    let mut properties = read["properties"].as_object().cloned().unwrap_or_default();
    for key in ["uuid", "provisioningState", "messaging", "provisioning", "updating"] {
        properties.shift_remove(key);
    }
    properties.retain(|_, value| !value.is_null());
    kept.insert("properties".to_owned(), Value::Object(properties));
    Value::Object(kept)
}

fn linked(both: &Both, known: &Outputs, namespace: &Value, changed: bool) -> Next {
    let ours: Vec<String> = both.each().iter().map(|wanted| wanted.id.shown(known)).collect();
    let others: Vec<&str> = endpoints(namespace)
        .iter()
        .filter(|endpoint| endpoint.is_link() && !ours.iter().any(|id| same(id, endpoint.resource_id)))
        .filter(|endpoint| endpoint.linking == Some(Linking::Failed))
        .map(|endpoint| endpoint.key)
        .collect();
    let note = (!others.is_empty()).then(|| {
        format!("the namespace also has links that others made and that failed: {}", others.join(", "))
    });
    let outcome = match (&note, changed) {
        (Some(_), _) => Outcome::Warned,
        (None, true) => Outcome::Done,
        (None, false) => Outcome::AlreadyThere,
    };
    Next::Done { outcome, note, outputs: StepOutputs::new() }
}
