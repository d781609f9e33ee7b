//! Sees that links and namespace have settled together; heals a namespace that is Failed though its links are good (contract
//! links-2026, 6.7).

use std::time::Duration;

use serde_json::{Value, json};

use super::connect::{EVERY, is_passing};
use super::endpoints::{Both, Linking, endpoints, wanted};
use super::{CONNECT, SETTLE};
use crate::domain::{
    Answers, Body, ErrorKind, Fault, Method, Moves, Need, Next, Outcome, Outputs, Patch, Patience, Purpose,
    Replay, Request, Step, StepOutputs,
};
use crate::stages::build::{SETTLE_PATIENCE, done, fail, text};
use crate::stages::dialect::Profile;
use crate::stages::documents::NAMESPACES;
use crate::stages::ensure::{Verdict, provisioning};
use crate::stages::namespace::id::{look_at_namespace, namespace_id};
use crate::stages::namespace::links_2026::roles_are_void;

/// The tag whose change makes the namespace look at itself again.
const MARKER: &str = "hubup-healed";

/// How long one healing may take, the namespace being Failed meanwhile (contract links-2026, section 10).
const HEAL_PATIENCE: Duration = Duration::from_mins(5);

/// How often it is tried, and how often the links are made sure of: our choice.
const MOST_HEALINGS: u32 = 2;

/// The step that settles.
pub fn settle(answers: &Answers, profile: &Profile) -> Step {
    let look = look_at_namespace(answers, profile);
    let heal = heal(&look, None, "1");
    let settling = Settling { look: look.clone(), both: wanted(answers) };
    Step::new(SETTLE, "See that the links have settled", move |_, known, replay| settling.run(known, replay))
        .documented(NAMESPACES)
        .because(
            "Links and namespace tell different halves: authorities and enrollment need both to be good.",
        )
        .needing([Need::effect(CONNECT)])
        .touching(namespace_id(answers))
        .taking(HEAL_PATIENCE)
        .planning(Purpose::Look, &look)
        .planning(Purpose::Change, &heal)
        .planning(Purpose::Prove, &look)
}

struct Settling {
    look: Request,
    both: Both,
}

impl Settling {
    fn run(&self, known: &Outputs, replay: &mut Replay<'_>) -> Moves<Next> {
        let mut settling = Patience::of(SETTLE_PATIENCE);
        let mut healing = Patience::of(HEAL_PATIENCE);
        let mut unread = Patience::of(HEAL_PATIENCE);
        let mut healings = 0;
        let mut redone = 0;
        loop {
            let reply = match replay.read(&self.look)? {
                Ok(reply) => reply,
                Err(error) if is_passing(error) => {
                    let why = "the namespace cannot be read just now";
                    if replay.wait(&mut unread, why, error.retry_after.unwrap_or(EVERY))? {
                        continue;
                    }
                    return Ok(fail(error));
                }
                Err(error) => return Ok(fail(error)),
            };
            let namespace = &reply.body;
            let every = reply.retry_after.unwrap_or(EVERY).max(EVERY);
            // What is linked is a matter of the step before, principals included.
            let open = !self.both.are_linked(known, namespace) || roles_are_void(known, namespace);
            if replay.redo_when(open && redone < MOST_HEALINGS, &[CONNECT], "a link is not made any more")? {
                redone += 1;
                continue;
            }
            if open && replay.is_at_end() {
                let says = "the namespace does not show both links as made";
                return Ok(Next::Fail(Fault::new(says, "retry `link.connect`").passing()));
            }
            let state = provisioning(namespace);
            // Only where all links are good (contract links-2026, 6.7).
            if let (Verdict::Broken(state), Some(other)) = (&state, failed_link(namespace)) {
                return Ok(Next::Fail(failed_by_others(state, &other)));
            }
            match state {
                Verdict::Settling(state) => {
                    if !replay.wait(&mut settling, &format!("the namespace is {state}"), every)? {
                        let says = format!("the namespace is still {state}, and its links are good");
                        return Ok(Next::Fail(Fault::new(says, "keep trying, or come back later").passing()));
                    }
                }
                Verdict::Broken(state) => {
                    let why = format!(
                        "the namespace is {state} though its links are good; it was told to look again"
                    );
                    if healings > 0 && replay.wait(&mut healing, &why, every)? {
                        continue;
                    }
                    if healings >= MOST_HEALINGS {
                        return Ok(Next::Fail(not_healed(&state)));
                    }
                    healings += 1;
                    healing = Patience::of(HEAL_PATIENCE);
                    let found = text(namespace, &format!("/tags/{MARKER}")).unwrap_or_default();
                    let marker = number_of(found).saturating_add(1).to_string();
                    match replay.write(&heal(&self.look, Some(namespace), &marker))? {
                        Ok(_) => {}
                        Err(error) if is_passing(error) || error.kind == ErrorKind::Conflict => {
                            if !replay.wait(&mut unread, "the change was not taken; looking again", EVERY)? {
                                return Ok(fail(error));
                            }
                        }
                        Err(error) => return Ok(fail(error)),
                    }
                }
                _ => {
                    let outcome = if healings > 0 { Outcome::Done } else { Outcome::AlreadyThere };
                    return Ok(done(outcome, StepOutputs::new()));
                }
            }
        }
    }
}

/// The change that heals. Its operation is not followed: the namespace may be Failed meanwhile, and tells when it is not.
fn heal(look: &Request, read: Option<&Value>, marker: &str) -> Request {
    tagging(look, read, MARKER, marker).unfollowed()
}

/// A link that failed, and why.
fn failed_link(namespace: &Value) -> Option<String> {
    let mut links = endpoints(namespace).into_iter();
    let failed = links.find(|endpoint| endpoint.linking == Some(Linking::Failed))?;
    Some(format!("{} ({}: {})", failed.key, failed.code, failed.message))
}

fn failed_by_others(state: &str, other: &str) -> Fault {
    Fault::new(
        format!("the namespace is {state}, and a link in it that is not of this setup failed: {other}"),
        "have whoever made that link mend it or delete what it links, then retry",
    )
    .meaning("nothing can be made below a namespace that is Failed; the links of this setup are good")
}

fn not_healed(state: &str) -> Fault {
    Fault::new(
        format!("the namespace is {state} though its links are good, and stays so"),
        "keep trying; if it stays so, delete the namespace with `hubup destroy` and begin anew",
    )
    .meaning("nothing can be made below a namespace that is Failed, and devices are refused")
    .having_checked(format!("its tags were changed {MOST_HEALINGS} times, which heals it as a rule"))
    .passing()
}

/// A change of one tag and of nothing else. ARM replaces all tags: those that are there are sent along.
pub fn tagging(look: &Request, read: Option<&Value>, tag: &str, value: &str) -> Request {
    let mut request = look.clone();
    request.method = Method::Patch;
    let tags = read
        .map(|read| read.get("tags").filter(|tags| tags.is_object()).cloned().unwrap_or_else(|| json!({})));
    request.body = Body::MergeInto {
        read: tags.map(|tags| json!({ "tags": tags })),
        patches: vec![Patch::Set(format!("/tags/{tag}"), value.into())],
    };
    request
}

/// The number at the end of what a marker is: one more makes it one that was not there yet.
pub fn number_of(marker: &str) -> u32 {
    marker.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or_default()
}
