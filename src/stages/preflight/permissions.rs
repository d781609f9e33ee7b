//! May the signed-in caller do what the plan does (contract preview-2025, P5)?
//!
//! Exactly the actions of the running steps are compared, at the group where it is there and at the subscription else.

use serde_json::Value;

use super::needs::{At, Need, Weight, needs};
use super::{Check, Finding, Group, Missing, Subject, leave, list};
use crate::domain::{ErrorKind, Exit, Moves, Replay, ServiceError, StepId};

const ID: &str = "permissions";

/// One check for each place that something is done at.
pub(super) fn checks<'a>(subject: &'a Subject<'a>) -> Vec<Check<'a>> {
    let needs = needs(subject);
    let (in_group, above): (Vec<Need>, Vec<Need>) = needs.into_iter().partition(|need| need.at == At::Group);
    // A group that is not there yet inherits what holds at the subscription: one question answers both.
    let sets = if subject.group == Group::Missing {
        vec![(At::Subscription, [in_group, above].concat())]
    } else {
        vec![(At::Group, in_group), (At::Subscription, above)]
    };
    let sets = sets.into_iter().filter(|(_, needs)| !needs.is_empty());
    sets.map(|(at, needs)| {
        let title = title(at);
        Check::new(ID, title, move |replay| {
            Ok(vec![match granted(subject, at, replay)? {
                // Who may ask has a right at least: none at all is no answer.
                Ok((_, blocks)) if blocks.is_empty() => {
                    Finding::not_checked(ID, title, "Azure did not say what you may do")
                }
                Ok((scope, blocks)) => judge(title, &scope, &needs, &blocks),
                Err(error) => Finding::refused(ID, title, &error),
            }])
        })
    })
    .collect()
}

fn title(at: At) -> &'static str {
    match at {
        At::Group => "Your rights in the group",
        At::Subscription => "Your rights at the subscription",
    }
}

/// A scope and the blocks of what the caller may do there.
type Granted = (String, Vec<Value>);

/// What the caller may do at `at`. A group that is not there after all is no refusal: it inherits.
pub(super) fn granted(
    subject: &Subject<'_>,
    at: At,
    replay: &mut Replay<'_>,
) -> Moves<Result<Granted, ServiceError>> {
    let version = subject.version("Microsoft.Authorization");
    let mut scope = subject.scope(at);
    let path = |scope: &str| format!("{scope}/providers/Microsoft.Authorization/permissions");
    let mut found = list(replay, &subject.get(path(&scope), version))?;
    let above = subject.answers.subscription_id();
    if scope != above && matches!(&found, Err(error) if error.kind == ErrorKind::NotFound) {
        scope = above;
        found = list(replay, &subject.get(path(&scope), version))?;
    }
    Ok(match found {
        Ok(blocks) => Ok((scope, blocks)),
        // Without a sign-in nothing can be asked at all.
        Err(error) if error.kind == ErrorKind::Auth => return Err(leave(&error)),
        Err(error) => Err(error),
    })
}

fn judge(title: &str, scope: &str, needs: &[Need], blocks: &[Value]) -> Finding {
    let lacking = |weight: Weight| -> Vec<Missing> {
        let lacking = needs.iter().filter(|need| need.weight == weight && !allows(blocks, &need.action));
        let missing = |need: &Need| Missing {
            action: need.action.clone(),
            scope: scope.to_owned(),
            steps: need.steps.clone(),
        };
        lacking.map(missing).collect()
    };
    let (must, maybe) = (lacking(Weight::Must), lacking(Weight::Maybe));
    if !must.is_empty() {
        let finding = Finding::stops(ID, title, Exit::NotPermitted, lacks(&must, scope));
        return missing(finding, must);
    }
    if !maybe.is_empty() {
        let says = format!("{}; the run can do without in most cases", lacks(&maybe, scope));
        return missing(Finding::warned(ID, title, says), maybe);
    }
    Finding::passed(ID, title, format!("you may do all {} actions that the plan needs", needs.len()))
}

fn lacks(missing: &[Missing], scope: &str) -> String {
    let actions: Vec<&str> = missing.iter().map(|missing| missing.action.as_str()).collect();
    format!("you may not do {} at {scope}", actions.join(", "))
}

/// `finding` with the rights that are missing, and how to come by them.
pub(super) fn missing(finding: Finding, missing: Vec<Missing>) -> Finding {
    let mut steps: Vec<StepId> = Vec::new();
    for step in missing.iter().flat_map(|missing| &missing.steps) {
        if !steps.contains(step) {
            steps.push(step.clone());
        }
    }
    let remedy = "run `hubup check --hand-off FOLDER` and give what it writes to an administrator";
    Finding { missing, ..finding.remedied("hand-off", remedy).at(steps) }
}

/// True when one of `blocks` of a permissions reply gives `action` and does not take it back. Wildcards count, case does
/// not.
pub fn allows(blocks: &[Value], action: &str) -> bool {
    blocks.iter().any(|block| lists(block, "actions", action) && !lists(block, "notActions", action))
}

fn lists(block: &Value, list: &str, action: &str) -> bool {
    let patterns = block.get(list).and_then(Value::as_array);
    patterns.into_iter().flatten().filter_map(Value::as_str).any(|pattern| fits(pattern, action))
}

/// True when `pattern` covers `action`; `*` stands for any text, slashes included, and between two slashes for none too: the
/// built-in role Managed Identity Operator has `userAssignedIdentities/*/assign/action`, and is there to assign them.
fn fits(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_lowercase(), action.to_lowercase());
    covers(&pattern, &action) || covers(&pattern.replace("/*/", "/"), &action)
}

fn covers(pattern: &str, action: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == action };
    let Some(mut left) = action.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let tail = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, after)) = left.split_once(part) else { return false };
        left = after;
    }
    left.ends_with(tail)
}
