//! What would stop a run, seen before its first write: each check is a pure function that looks and gives findings.
//!
//! Nothing here changes anything or decides whether a run goes on. `cli/check.rs` performs the checks, all at once, and
//! tells what they found. Facts: contract preview-2025, section 2, and the preflight calls P9 to P13.

mod guards;
mod hand_off;
pub mod names;
mod needs;
mod permissions;
mod policy;
mod providers;
mod quotas;
mod tenant;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

pub use hand_off::{HandOff, MARK, hand_off};
pub use permissions::allows;

use super::build::arm;
use super::choice::Selection;
use super::found::group_request;
use crate::domain::{
    Answers, ErrorKind, Exit, Fault, Method, Moves, Next, Plan, Replay, Request, ServiceError, StepId,
};
use needs::At;

/// Pages of a list that are read: one that is longer is not one of ours.
const MOST_PAGES: usize = 20;

/// How a check ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingState {
    Passed,
    /// Nothing that stops the run, and worth knowing before it.
    Warned,
    /// The check itself could not be made; why stands in `says`.
    NotChecked,
    /// The run would fail at the steps that are named.
    Stops,
}

impl FindingState {
    /// The word for it, the same on screen and in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Warned => "warned",
            Self::NotChecked => "not checked",
            Self::Stops => "stops",
        }
    }
}

/// A right that the signed-in caller lacks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Missing {
    /// As roles name it: `Microsoft.Devices/IotHubs/write`.
    pub action: String,
    /// Resource id of the group or the subscription that it is needed at.
    pub scope: String,
    /// The steps that need it.
    pub steps: Vec<StepId>,
}

/// What one check found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Finding {
    /// Of the check: `permissions`, `names`.
    pub id: &'static str,
    pub title: String,
    pub state: FindingState,
    /// What was found, as a fragment.
    pub says: String,
    /// What to do; `None` when there is nothing to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// One word for the remedy, the same whatever its text: `change-name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<&'static str>,
    /// The steps that it stops, or is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
    /// How a command ends that this stops.
    #[serde(skip)]
    pub exit: Exit,
}

impl Finding {
    fn new(id: &'static str, title: &str, state: FindingState, says: impl Into<String>) -> Self {
        Self {
            id,
            title: title.to_owned(),
            state,
            says: says.into(),
            remedy: None,
            key: None,
            steps: Vec::new(),
            missing: Vec::new(),
            exit: Exit::Complete,
        }
    }

    /// Nothing is in the way.
    fn passed(id: &'static str, title: &str, says: impl Into<String>) -> Self {
        Self::new(id, title, FindingState::Passed, says)
    }

    /// Nothing that stops, yet worth knowing.
    fn warned(id: &'static str, title: &str, says: impl Into<String>) -> Self {
        Self::new(id, title, FindingState::Warned, says)
    }

    /// The check could not be made.
    fn not_checked(id: &'static str, title: &str, says: impl Into<String>) -> Self {
        let remedy = "the run finds out by itself; check again to ask again";
        Self::new(id, title, FindingState::NotChecked, says).remedied("check-again", remedy)
    }

    /// The check could not be made, since a look of it was refused.
    fn refused(id: &'static str, title: &str, error: &ServiceError) -> Self {
        let why = match error.kind {
            ErrorKind::Forbidden => "you may not ask this: ",
            ErrorKind::NotFound => "Azure knows no such question here: ",
            _ => "",
        };
        Self::not_checked(id, title, format!("{why}{error}"))
    }

    /// The run would fail; a command ends with `exit`.
    fn stops(id: &'static str, title: &str, exit: Exit, says: impl Into<String>) -> Self {
        Self { exit, ..Self::new(id, title, FindingState::Stops, says) }
    }

    fn remedied(mut self, key: &'static str, remedy: impl Into<String>) -> Self {
        self.key = Some(key);
        self.remedy = Some(remedy.into());
        self
    }

    fn at(mut self, steps: Vec<StepId>) -> Self {
        self.steps = steps;
        self
    }
}

/// Whether the resource group is there, which decides where rights are asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Group {
    There,
    Missing,
    /// It could not be looked at.
    Unknown,
}

/// Looks whether the group of `answers` is there. Never fails: what cannot be seen is unknown.
pub fn look_at_group(answers: &Answers, replay: &mut Replay<'_>) -> Moves<Group> {
    Ok(match replay.read(&group_request(answers, &answers.resource_group))? {
        Ok(_) => Group::There,
        Err(error) if error.kind == ErrorKind::NotFound => Group::Missing,
        Err(_) => Group::Unknown,
    })
}

/// What is checked.
pub struct Subject<'a> {
    pub answers: &'a Answers,
    pub selection: &'a Selection,
    pub plan: &'a Plan,
    /// The steps that will be run; all others need nothing.
    pub running: Vec<StepId>,
    pub group: Group,
    /// Object id of the signed-in caller, where the sign-in says it.
    pub caller: Option<String>,
    /// The client's time when the checks began.
    pub now: Timestamp,
}

impl Subject<'_> {
    fn runs(&self, step: &StepId) -> bool {
        self.running.contains(step)
    }

    /// Api-version of `resource_type`.
    fn version(&self, resource_type: &str) -> &str {
        self.selection.profile.version(resource_type)
    }

    fn get(&self, path: impl Into<crate::domain::Text>, version: &str) -> Request {
        arm(self.answers, Method::Get, path, version)
    }

    /// The scope that rights at `at` are asked for: a group that is not there yet inherits those of the subscription.
    fn scope(&self, at: At) -> String {
        match at {
            At::Group if self.group != Group::Missing => self.answers.resource_group_id(),
            _ => self.answers.subscription_id(),
        }
    }
}

type Look<'a> = dyn Fn(&mut Replay<'_>) -> Moves<Vec<Finding>> + Send + Sync + 'a;

/// One check: independent of all others, so that all can be made at once.
pub struct Check<'a> {
    pub id: &'static str,
    pub title: String,
    look: Box<Look<'a>>,
}

impl<'a> Check<'a> {
    fn new(
        id: &'static str,
        title: impl Into<String>,
        look: impl Fn(&mut Replay<'_>) -> Moves<Vec<Finding>> + Send + Sync + 'a,
    ) -> Self {
        Self { id, title: title.into(), look: Box::new(look) }
    }

    /// Makes the looks of the check, and gives what was found: usually one finding.
    pub fn look(&self, replay: &mut Replay<'_>) -> Moves<Vec<Finding>> {
        (self.look)(replay)
    }

    /// What to tell when the looks could not be made at all.
    pub fn not_made(&self, why: &str) -> Finding {
        Finding::not_checked(self.id, &self.title, why)
    }

    /// What to tell when no answer came in time.
    pub fn without_answer(&self, seconds: u64) -> Finding {
        Finding::not_checked(self.id, &self.title, format!("no answer within {seconds} s"))
    }
}

/// The checks that `subject` needs, in the order of the screen. What is not needed is not asked.
pub fn checks<'a>(subject: &'a Subject<'a>) -> Vec<Check<'a>> {
    let mut checks = vec![tenant::versions(subject)];
    checks.extend(permissions::checks(subject));
    checks.extend(providers::checks(subject));
    checks.extend(names::checks(subject));
    checks.extend(quotas::checks(subject));
    checks.extend(tenant::hub_application(subject));
    checks.extend(policy::checks(subject));
    checks.extend(guards::checks(subject));
    checks.push(tenant::clock(subject));
    checks
}

/// The findings of all checks as they are told: what several resources have in common is told once.
pub fn gathered(findings: Vec<Finding>) -> Vec<Finding> {
    let mut gathered: Vec<Finding> = Vec::new();
    for finding in findings {
        let alike = |known: &&mut Finding| {
            known.id == finding.id
                && known.title == finding.title
                && known.state == finding.state
                && known.remedy == finding.remedy
        };
        match gathered.iter_mut().find(alike) {
            Some(known) => {
                known.says = joined(&known.says, &finding.says);
                known.steps.extend(finding.steps);
                known.missing.extend(finding.missing);
            }
            None => gathered.push(finding),
        }
    }
    gathered
}

/// Two tellings as one: what stands before the colon of both is said once.
fn joined(one: &str, other: &str) -> String {
    if one.split("; ").any(|said| said == other) {
        return one.to_owned();
    }
    match (one.split_once(": "), other.split_once(": ")) {
        (Some((about, first)), Some((same, more))) if about == same => {
            let known = first.split(", ").any(|said| said == more);
            if known { one.to_owned() } else { format!("{about}: {first}, {more}") }
        }
        _ => format!("{one}; {other}"),
    }
}

/// How a command ends that was told `findings`: 0 when nothing stops, 4 before anything else when rights, a policy or a
/// lock do.
pub fn exit(findings: &[Finding]) -> Exit {
    let stopping =
        || findings.iter().filter(|finding| finding.state == FindingState::Stops).map(|finding| finding.exit);
    let wanted = [Exit::NotPermitted, Exit::Usage, Exit::Failed];
    wanted.into_iter().find(|exit| stopping().any(|found| found == *exit)).unwrap_or(Exit::Complete)
}

/// All entries of a list, which must be one: an answer without entries is not an empty list.
fn list(replay: &mut Replay<'_>, request: &Request) -> Moves<Result<Vec<Value>, ServiceError>> {
    let (mut entries, mut page) = (Vec::new(), request.clone());
    for _ in 0..MOST_PAGES {
        let reply = match replay.read(&page)? {
            Ok(reply) => reply,
            Err(error) => return Ok(Err(error.clone())),
        };
        let Some(found) = reply.body.get("value").and_then(Value::as_array) else {
            return Ok(Err(ServiceError::local(ErrorKind::NotAzure, "the answer is no list")));
        };
        entries.extend(found.iter().cloned());
        let Some(link) = reply.text("/nextLink").filter(|link| !link.is_empty()) else { break };
        page = request.following(link);
    }
    Ok(Ok(entries))
}

/// A look that goes on where it was refused as if there was nothing.
fn leave(error: &ServiceError) -> Box<Next> {
    Box::new(Next::Fail(Fault::from(error)))
}
