//! Does a lock or a deny assignment stand in the way (preflight calls P11 and P12)?

use serde_json::Value;

use super::needs::{At, Weight, needs};
use super::permissions::allows;
use super::{Check, Finding, Subject, list};
use crate::domain::{ErrorKind, Exit, Moves, Replay, Request, ServiceError, StepId, clean};
use crate::stages::build::{same, text};
use crate::stages::offers::LOCKS_VERSION;

const LOCKS: &str = "locks";
const LOCKS_TITLE: &str = "Locks";
const DENIALS: &str = "deny-assignments";
const DENIALS_TITLE: &str = "Deny assignments";

/// The principal that stands for everybody in a deny assignment (Azure documentation of deny assignments).
const EVERYBODY: &str = "00000000-0000-0000-0000-000000000000";

/// Both look at the group, and so at all above it. Where nothing is to be run there is nothing to look for.
pub(super) fn checks<'a>(subject: &'a Subject<'a>) -> Vec<Check<'a>> {
    if needs(subject).is_empty() {
        return Vec::new();
    }
    vec![
        Check::new(LOCKS, LOCKS_TITLE, |replay| Ok(vec![locks(subject, replay)?])),
        Check::new(DENIALS, DENIALS_TITLE, |replay| Ok(vec![denials(subject, replay)?])),
    ]
}

/// Lists `kind` at the group, or at the subscription where there is no group.
fn listed(
    subject: &Subject<'_>,
    replay: &mut Replay<'_>,
    request: impl Fn(&str) -> Request,
) -> Moves<Result<Vec<Value>, ServiceError>> {
    let scope = subject.scope(At::Group);
    let above = subject.answers.subscription_id();
    let found = list(replay, &request(&scope))?;
    match &found {
        Err(error) if error.kind == ErrorKind::NotFound && scope != above => list(replay, &request(&above)),
        _ => Ok(found),
    }
}

fn locks(subject: &Subject<'_>, replay: &mut Replay<'_>) -> Moves<Finding> {
    let request = |scope: &str| {
        let path = format!("{scope}/providers/Microsoft.Authorization/locks");
        subject.get(path, LOCKS_VERSION).with_query("$filter", "atScope()")
    };
    let locks = match listed(subject, replay, request)? {
        Ok(locks) => locks,
        Err(error) => return Ok(Finding::refused(LOCKS, LOCKS_TITLE, &error)),
    };
    let of_level = |level: &str| -> Vec<String> {
        let fits = |lock: &&Value| text(lock, "/properties/level").is_some_and(|found| same(found, level));
        locks.iter().filter(fits).map(named).collect()
    };
    let (read_only, kept) = (of_level("ReadOnly"), of_level("CanNotDelete"));
    if !read_only.is_empty() {
        let says =
            format!("read-only by {}: nothing can be made or changed, no key be read", read_only.join(", "));
        let remedy = "have the lock removed, or use a group that has none";
        return Ok(Finding::stops(LOCKS, LOCKS_TITLE, Exit::NotPermitted, says)
            .remedied("remove-lock", remedy)
            .at(changing(subject)));
    }
    if !kept.is_empty() {
        let says =
            format!("nothing can be deleted because of {}: `hubup destroy` will be refused", kept.join(", "));
        let remedy = "nothing for now; have the lock removed before you take the setup down";
        return Ok(Finding::warned(LOCKS, LOCKS_TITLE, says).remedied("remove-lock", remedy));
    }
    Ok(Finding::passed(LOCKS, LOCKS_TITLE, "none"))
}

/// The running steps that need more than a look.
fn changing(subject: &Subject<'_>) -> Vec<StepId> {
    let mut steps = Vec::new();
    for need in needs(subject).into_iter().filter(|need| !need.action.ends_with("/read")) {
        for step in need.steps {
            if !steps.contains(&step) {
                steps.push(step);
            }
        }
    }
    steps
}

/// The name of a lock, and where it lies.
fn named(lock: &Value) -> String {
    let id = text(lock, "/id").unwrap_or_default();
    let name = text(lock, "/name").or_else(|| id.rsplit('/').next()).unwrap_or_default();
    let scope =
        id.to_lowercase().find("/providers/microsoft.authorization/locks").and_then(|at| id.get(..at));
    match scope.filter(|scope| !scope.is_empty()) {
        Some(scope) => clean(&format!("the lock {name} at {scope}"), 300),
        None => clean(&format!("the lock {name}"), 300),
    }
}

fn denials(subject: &Subject<'_>, replay: &mut Replay<'_>) -> Moves<Finding> {
    let version = subject.version("Microsoft.Authorization");
    let request = |scope: &str| {
        subject.get(format!("{scope}/providers/Microsoft.Authorization/denyAssignments"), version)
    };
    let found = match listed(subject, replay, request)? {
        Ok(found) => found,
        Err(error) => return Ok(Finding::refused(DENIALS, DENIALS_TITLE, &error)),
    };
    let needs = needs(subject);
    let (mut stops, mut doubts, mut steps) = (Vec::new(), Vec::new(), Vec::new());
    for denial in &found {
        let hits = |need: &&super::needs::Need| {
            let reaches = need.at == At::Group || is_above(subject, denial);
            reaches && need.weight == Weight::Must && forbids(denial, &need.action)
        };
        let hit: Vec<_> = needs.iter().filter(hits).collect();
        let Some(meant) = Some(meant(subject, denial)).filter(|_| !hit.is_empty()) else { continue };
        let name = text(denial, "/properties/denyAssignmentName").unwrap_or("without a name");
        let actions: Vec<&str> = hit.iter().map(|need| need.action.as_str()).collect();
        let told = clean(&format!("{name} forbids {}", actions.join(", ")), 600);
        match meant {
            Meant::You => {
                stops.push(told);
                steps.extend(hit.iter().flat_map(|need| need.steps.clone()));
            }
            Meant::Perhaps => doubts.push(told),
            Meant::Others => {}
        }
    }
    steps.sort();
    steps.dedup();
    if !stops.is_empty() {
        let remedy = "ask whoever made the deny assignment to leave you out of it, or use another group";
        return Ok(Finding::stops(DENIALS, DENIALS_TITLE, Exit::NotPermitted, stops.join("; "))
            .remedied("lift-denial", remedy)
            .at(steps));
    }
    if !doubts.is_empty() {
        let says = format!("{}; whether you are meant cannot be seen", doubts.join("; "));
        let remedy = "ask whoever made the deny assignment whether it means you";
        return Ok(Finding::warned(DENIALS, DENIALS_TITLE, says).remedied("lift-denial", remedy));
    }
    Ok(Finding::passed(DENIALS, DENIALS_TITLE, "none that is meant for you"))
}

/// True when one is set at the subscription, or above it.
fn is_above(subject: &Subject<'_>, denial: &Value) -> bool {
    let scope = text(denial, "/properties/scope").unwrap_or_default().to_lowercase();
    !scope.contains("/resourcegroups/")
        || !scope.starts_with(&subject.answers.subscription_id().to_lowercase())
}

fn forbids(denial: &Value, action: &str) -> bool {
    let blocks = denial.pointer("/properties/permissions").and_then(Value::as_array);
    blocks.is_some_and(|blocks| allows(blocks, action))
}

/// Whom a deny assignment is meant for.
enum Meant {
    You,
    /// Somebody that you may belong to, such as a group.
    Perhaps,
    Others,
}

fn meant(subject: &Subject<'_>, denial: &Value) -> Meant {
    let ids = |pointer: &str| {
        let list = denial.pointer(pointer).and_then(Value::as_array);
        list.into_iter().flatten()
    };
    let is_you =
        |one: &Value| text(one, "/id").zip(subject.caller.as_deref()).is_some_and(|(id, you)| same(id, you));
    let is_group = |one: &Value| text(one, "/type").is_some_and(|kind| same(kind, "Group"));
    let is_everybody = |one: &Value| text(one, "/id") == Some(EVERYBODY);
    if ids("/properties/excludePrincipals").any(is_you) {
        return Meant::Others;
    }
    let left_out_perhaps = ids("/properties/excludePrincipals").any(is_group) || subject.caller.is_none();
    let named = ids("/properties/principals").any(is_you);
    if named || ids("/properties/principals").any(is_everybody) {
        return if left_out_perhaps && !named { Meant::Perhaps } else { Meant::You };
    }
    let perhaps = ids("/properties/principals").any(is_group) || subject.caller.is_none();
    if perhaps { Meant::Perhaps } else { Meant::Others }
}
