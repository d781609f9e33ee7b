//! What an administrator gets when rights are missing: the smallest role that has them, and a script of the grants.
//!
//! Pure text; `cli/check.rs` writes the files. Nothing in them is secret.

use serde_json::{Value, json};

use super::needs::{known, running};
use super::{Finding, FindingState, Group, Missing, Subject};
use crate::domain::{Auth, Method, Outputs, Purpose, Request, Shown, Step, StepId};

/// The two files of a hand-off.
#[derive(Clone, PartialEq, Debug)]
pub struct HandOff {
    /// A role definition as `az role definition create` takes it, with exactly the actions that are missing; `None` when
    /// only a registration is.
    pub role: Option<Value>,
    /// A script for a shell in which an administrator is signed in with `az`.
    pub script: String,
    /// The steps that what is missing stops.
    pub steps: Vec<StepId>,
}

/// Words of a file that hubup wrote, and may write again.
pub const MARK: &str = "Written by hubup";

/// The hand-off for `findings`; `None` when they name no right that stops the run. `role_file` is how the script calls the
/// file of the role.
pub fn hand_off(subject: &Subject<'_>, findings: &[Finding], role_file: &str) -> Option<HandOff> {
    let stopping = findings.iter().filter(|finding| finding.state == FindingState::Stops);
    let missing: Vec<&Missing> = stopping.flat_map(|finding| &finding.missing).collect();
    if missing.is_empty() {
        return None;
    }
    let (registrations, rights): (Vec<&Missing>, Vec<&Missing>) =
        missing.iter().partition(|missing| missing.action.ends_with("/register/action"));
    let mut steps: Vec<StepId> = Vec::new();
    for step in missing.iter().flat_map(|missing| &missing.steps) {
        if !steps.contains(step) {
            steps.push(step.clone());
        }
    }
    let role = (!rights.is_empty()).then(|| role(subject, &rights));
    let mut lines = opening(subject);
    lines.extend(registering(&registrations));
    lines.extend(granting(subject, &rights));
    if let Some(role) = &role {
        lines.extend(giving(subject, role, role_file));
    }
    Some(HandOff { role, script: lines.join("\n") + "\n", steps })
}

/// The scope that has all of `rights`: the group, when each is needed there.
fn scope(subject: &Subject<'_>, rights: &[&Missing]) -> String {
    let group = subject.answers.resource_group_id();
    if rights.iter().all(|missing| missing.scope == group) {
        group
    } else {
        subject.answers.subscription_id()
    }
}

fn role(subject: &Subject<'_>, rights: &[&Missing]) -> Value {
    let mut actions: Vec<&str> = Vec::new();
    for missing in rights {
        if !actions.contains(&missing.action.as_str()) {
            actions.push(&missing.action);
        }
    }
    json!({
        "Name": format!("hubup setup of {}", subject.answers.name),
        "IsCustom": true,
        "Description": format!("{MARK}: what is missing to set up {}, and nothing else", subject.answers.name),
        "Actions": actions,
        "NotActions": [],
        "DataActions": [],
        "NotDataActions": [],
        "AssignableScopes": [scope(subject, rights)],
    })
}

fn opening(subject: &Subject<'_>) -> Vec<String> {
    vec![
        "#!/bin/sh".to_owned(),
        format!(
            "# {MARK} for the setup {}. Read it, then run it as somebody who may assign roles.",
            subject.answers.name
        ),
        "# It holds nothing secret, and may be run again: what is there already stays as it is.".to_owned(),
        "set -eu".to_owned(),
        format!("az account set --subscription {}", quoted(&subject.answers.subscription)),
    ]
}

fn registering(registrations: &[&Missing]) -> Vec<String> {
    let names =
        registrations.iter().filter_map(|missing| missing.action.split_once('/').map(|(name, _)| name));
    let mut lines = Vec::new();
    for name in names {
        lines.push(String::new());
        lines.push(format!("# The subscription is not registered for {name}."));
        lines.push(format!("az provider register --namespace {} --wait", quoted(name)));
    }
    lines
}

/// The role definitions and grants of the running steps that the caller may not make.
fn granting(subject: &Subject<'_>, rights: &[&Missing]) -> Vec<String> {
    let lacks = |kind: &str| {
        let action = format!("Microsoft.Authorization/{kind}/write");
        rights.iter().any(|missing| missing.action.eq_ignore_ascii_case(&action))
    };
    let (definitions, assignments) = (lacks("roleDefinitions"), lacks("roleAssignments"));
    let outputs = known(subject);
    let mut lines = Vec::new();
    for step in running(subject) {
        let mut told = false;
        for planned in &step.planned {
            let request = &planned.request;
            if planned.purpose != Purpose::Change || request.method != Method::Put {
                continue;
            }
            let shown = request.shown(&outputs);
            let commands = match part(request, &outputs) {
                Some(("roleDefinitions", _)) if definitions => definition(&shown),
                Some(("roleAssignments", at)) if assignments => assignment(subject, &outputs, &shown, &at),
                _ => continue,
            };
            if !told {
                lines.push(String::new());
                lines.push(format!("# {}: {}", step.id, step.title));
                told = true;
            }
            lines.extend(commands);
        }
    }
    if !lines.is_empty() {
        let group = subject.answers.resource_group.as_str();
        let mut first = vec![
            String::new(),
            "# What follows the setup makes for identities of its own. Each command finds its identity by itself; one that"
                .to_owned(),
            "# ends with NotFound comes too early: let `hubup apply` make the resource first, then run this script again."
                .to_owned(),
        ];
        if subject.group != Group::There {
            first.push(format!(
                "# The group {group} must be there, too: hubup makes it, or `az group create` does."
            ));
        }
        first.extend(lines);
        return first;
    }
    lines
}

/// Which part of Microsoft.Authorization a request writes, and the scope that it does so at.
fn part(request: &Request, outputs: &Outputs) -> Option<(&'static str, String)> {
    let path = request.path.shown(outputs);
    ["roleDefinitions", "roleAssignments"].into_iter().find_map(|kind| {
        let word = format!("/providers/Microsoft.Authorization/{kind}/");
        path.split_once(&word).map(|(scope, _)| (kind, scope.to_owned()))
    })
}

fn definition(shown: &Shown) -> Vec<String> {
    let body = shown.body.clone().unwrap_or_default().to_string();
    vec![format!(
        "az rest --method put --url {} --headers Content-Type=application/json --body {} --output none",
        quoted(&shown.url),
        quoted(&body)
    )]
}

fn assignment(subject: &Subject<'_>, outputs: &Outputs, shown: &Shown, scope: &str) -> Vec<String> {
    let body = shown.body.clone().unwrap_or_default();
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let principal = text("/properties/principalId");
    let mut lines = Vec::new();
    let assignee = match giver(subject, &principal) {
        Some(step) => {
            lines.push(format!("principal=$({})", finding(step, outputs)));
            "\"$principal\"".to_owned()
        }
        None => quoted(&principal),
    };
    lines.push(format!(
        "az role assignment create --assignee-object-id {assignee} --assignee-principal-type ServicePrincipal \\\n  \
         --role {} \\\n  --scope {} --output none",
        quoted(&text("/properties/roleDefinitionId")),
        quoted(scope)
    ));
    lines
}

/// The step whose output a principal is, when it is not known yet: `{namespace.create.principalId}`.
fn giver<'a>(subject: &'a Subject<'_>, principal: &str) -> Option<&'a Step> {
    let name = principal.strip_prefix('{')?.strip_suffix('}')?;
    let (step, _) = name.rsplit_once('.')?;
    subject.plan.steps().find(|known| known.id.as_str() == step)
}

/// The command that finds the principal which `step` gives, by the step's own first look.
fn finding(step: &Step, outputs: &Outputs) -> String {
    let look = step.planned.iter().find(|planned| planned.purpose == Purpose::Look);
    let url = look.map(|look| look.request.shown(outputs).url).unwrap_or_default();
    let query = match look.map(|look| &look.request.auth) {
        Some(Auth::Graph) => "id",
        _ => "identity.principalId || properties.principalId",
    };
    format!("az rest --method get --url {} --query {} --output tsv", quoted(&url), quoted(query))
}

/// How the role of `role_file` is given, as comments: it is the other way, and more than the grants above.
fn giving(subject: &Subject<'_>, role: &Value, role_file: &str) -> Vec<String> {
    let name = role["Name"].as_str().unwrap_or_default();
    let scope = role["AssignableScopes"][0].as_str().unwrap_or_default();
    let caller = subject.caller.as_deref().unwrap_or("OBJECT-ID-OF-THE-CALLER");
    let only = role["Actions"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let others = only.filter(|action| !action.starts_with("Microsoft.Authorization/role")).count();
    let mut lines = vec![String::new()];
    if others == 0 {
        lines.push("# Or let the caller do all that, which needs this role:".to_owned());
    } else {
        lines.push(format!(
            "# The caller lacks {others} other actions; this role has them, and those for the grants:"
        ));
    }
    lines.push(format!("#   az role definition create --role-definition @{role_file}"));
    lines.push(format!(
        "#   az role assignment create --assignee {} --role {} --scope {}",
        quoted(caller),
        quoted(name),
        quoted(scope)
    ));
    if subject.group == Group::Missing {
        lines.push(format!(
            "# It is for the subscription since the group {} is not there. Make the group, check again, and it is smaller.",
            subject.answers.resource_group
        ));
    }
    lines
}

/// `text` as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
