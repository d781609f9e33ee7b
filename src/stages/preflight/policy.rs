//! Would Azure Policy let what the plan makes be made (preflight call P9)?
//!
//! One question for each resource. An empty answer is "nothing found", not "allowed": policies of management groups were
//! reported missing from it.

use serde_json::{Map, Value, json};

use super::needs::{At, Creation, GROUP_TYPE, creations};
use super::{Check, Finding, Subject};
use crate::domain::{ErrorKind, Exit, Method, Moves, Replay, Request, Template};
use crate::stages::build::{arm, text};
use crate::stages::offers::POLICY_VERSION;

const ID: &str = "policy";
const TITLE: &str = "Azure Policy";

pub(super) fn checks<'a>(subject: &'a Subject<'a>) -> Vec<Check<'a>> {
    let check =
        |made: Creation| Check::new(ID, TITLE, move |replay| Ok(vec![policy(subject, &made, replay)?]));
    creations(subject).into_iter().map(check).collect()
}

fn policy(subject: &Subject<'_>, made: &Creation, replay: &mut Replay<'_>) -> Moves<Finding> {
    let at = if made.kind == GROUP_TYPE { At::Subscription } else { At::Group };
    let scope = subject.scope(at);
    let above = subject.answers.subscription_id();
    let mut reply = replay.read(&ask(subject, &scope, made))?;
    if scope != above && matches!(reply, Err(error) if error.kind == ErrorKind::NotFound) {
        reply = replay.read(&ask(subject, &above, made))?;
    }
    Ok(match reply {
        Ok(reply) if reply.body.is_object() => judge(made, &reply.body),
        Ok(_) => Finding::not_checked(ID, TITLE, "Azure's answer says nothing"),
        Err(error) => Finding::refused(ID, TITLE, error),
    })
}

fn ask(subject: &Subject<'_>, scope: &str, made: &Creation) -> Request {
    let mut content =
        Map::from_iter([("type".to_owned(), json!(made.kind)), ("name".to_owned(), json!(made.name))]);
    content.extend(made.content.clone());
    let body = json!({ "resourceDetails": { "resourceContent": content, "apiVersion": made.version } });
    let path = format!("{scope}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions");
    arm(subject.answers, Method::Post, path, POLICY_VERSION).asking().with_body(Template::Value(body))
}

fn judge(made: &Creation, body: &Value) -> Finding {
    let list = |pointer: &str| body.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    let (mut denied, mut noted) = (Vec::new(), Vec::new());
    for evaluation in list("/contentEvaluationResult/policyEvaluations") {
        let result = text(evaluation, "/evaluationResult").unwrap_or_default();
        if !result.eq_ignore_ascii_case("NonCompliant") {
            continue;
        }
        let effect = text(evaluation, "/effectDetails/policyEffect").unwrap_or("of unknown effect");
        let told = format!("{} ({})", policy_name(evaluation), effect.to_lowercase());
        let stops = effect.to_lowercase().starts_with("deny");
        if stops { denied.push(told) } else { noted.push(told) }
    }
    let wishes: Vec<String> = list("/fieldRestrictions").flat_map(wishes).collect();
    let steps = vec![made.step.clone()];
    if !denied.is_empty() {
        let says = format!("{} would be refused by {}", made.told(), denied.join(", "));
        let remedy = match wishes.as_slice() {
            [] => "ask whoever owns the policy for an exemption, or meet what it asks for".to_owned(),
            wishes => format!("{}; or ask whoever owns the policy for an exemption", wishes.join("; ")),
        };
        return Finding::stops(ID, TITLE, Exit::NotPermitted, says).remedied("meet-policy", remedy).at(steps);
    }
    if noted.is_empty() && wishes.is_empty() {
        return Finding::passed(ID, TITLE, format!("nothing found against: {}", made.kind));
    }
    let says = match noted.as_slice() {
        [] => format!("{} has to meet what policies ask for", made.told()),
        noted => format!("{} does not meet {}", made.told(), noted.join(", ")),
    };
    let finding = Finding::warned(ID, TITLE, says).at(steps);
    if wishes.is_empty() { finding } else { finding.remedied("meet-policy", wishes.join("; ")) }
}

/// The name that tells a policy best: the last word of an id else.
fn policy_name(evaluation: &Value) -> String {
    let id = ["/policyInfo/policyAssignmentId", "/policyInfo/policyDefinitionId"]
        .iter()
        .find_map(|pointer| text(evaluation, pointer));
    let name = id.and_then(|id| id.rsplit('/').next()).filter(|name| !name.is_empty());
    format!("the policy {}", crate::domain::clean(name.unwrap_or("without a name"), 120))
}

/// What a restriction of a field asks of the setup file. Only tags and regions stand there; the rest is told by the policy.
fn wishes(restriction: &Value) -> Vec<String> {
    let field = text(restriction, "/field").unwrap_or_default();
    let list = restriction.get("restrictions").and_then(Value::as_array);
    let wish = |one: &Value| {
        let result = text(one, "/result").unwrap_or_default().to_lowercase();
        let values: Vec<&str> = one
            .get("values")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let among = values.join(", ");
        let tag = field.strip_prefix("tags.").or_else(|| field.strip_prefix("tags['"));
        let tag = tag.map(|tag| tag.trim_end_matches("']"));
        match (tag, field, result.as_str()) {
            (Some(tag), _, "required") if among.is_empty() => {
                let usual = text(one, "/defaultValue").map(|value| format!(", such as `{value}`"));
                Some(format!("add `{tag}` under `[tags]`{}", usual.unwrap_or_default()))
            }
            (Some(tag), _, "required") => Some(format!("set `{tag}` under `[tags]` to one of: {among}")),
            (Some(tag), _, "removed") => Some(format!("leave `{tag}` out of `[tags]`")),
            (None, "location", "required") if !among.is_empty() => {
                Some(format!("set `location` to one of: {among}"))
            }
            (None, "location", "deny") if !among.is_empty() => {
                Some(format!("set `location` to none of: {among}"))
            }
            _ => None,
        }
    };
    list.into_iter().flatten().filter_map(wish).map(|wish| crate::domain::clean(&wish, 400)).collect()
}
