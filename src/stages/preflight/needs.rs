//! What a plan will do to Azure's management plane, read off its requests: actions with their scopes, and the resources
//! that it would make.
//!
//! Used by every check; knows no stage and no dialect.

use serde_json::{Map, Value};

use super::Subject;
use crate::domain::{
    Auth, Body, Method, Outputs, Planned, Purpose, Request, Step, StepId, StepOutputs, Template,
};

/// The type of a resource group, as policies and roles name it.
pub(super) const GROUP_TYPE: &str = "Microsoft.Resources/subscriptions/resourceGroups";

/// Where an action is carried out, as far as rights can be asked for before anything is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum At {
    Group,
    Subscription,
}

/// How much depends on an action.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Weight {
    /// A look that the run can do without where it lies above the group, or a way out that is rarely taken.
    Maybe,
    Must,
}

/// An action that the running steps carry out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Need {
    /// `Microsoft.Devices/IotHubs/write`.
    pub action: String,
    pub at: At,
    pub weight: Weight,
    pub steps: Vec<StepId>,
}

/// A resource that a running step would make.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Creation {
    pub step: StepId,
    /// `Microsoft.DeviceRegistry/namespaces/credentials`.
    pub kind: String,
    /// Its names from the outermost on: `factory-ns/default`.
    pub name: String,
    /// Resource id.
    pub id: String,
    pub location: String,
    /// Api-version of its type.
    pub version: String,
    /// What it would be made with, as far as that is known before.
    pub content: Map<String, Value>,
}

impl Creation {
    /// `IotHubs factory-hub`.
    pub(super) fn told(&self) -> String {
        let kind = self.kind.rsplit('/').next().unwrap_or(&self.kind);
        format!("{kind} {}", self.name)
    }

    /// The provider of its type.
    pub(super) fn provider(&self) -> &str {
        self.kind.split('/').next().unwrap_or_default()
    }
}

/// What a path names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Path {
    pub kind: String,
    pub names: Vec<String>,
    /// The last word of a POST.
    pub action: Option<String>,
}

/// Reads a path of the resource manager; `None` for one that names no resource, such as a provider.
pub(super) fn path(method: Method, path: &str) -> Option<Path> {
    let words: Vec<&str> = path.split('/').filter(|word| !word.is_empty()).collect();
    let provider = words.iter().rposition(|word| word.eq_ignore_ascii_case("providers"));
    let Some(at) = provider else {
        let is_group = words.get(2).is_some_and(|word| word.eq_ignore_ascii_case("resourcegroups"));
        let name = words.get(3).filter(|_| is_group && words.len() == 4)?;
        return Some(Path { kind: GROUP_TYPE.to_owned(), names: vec![(*name).to_owned()], action: None });
    };
    let mut rest = words.get(at + 2..)?.to_vec();
    let action = (method == Method::Post && rest.len() % 2 == 1).then(|| rest.pop()).flatten();
    let (mut kind, mut names) = ((*words.get(at + 1)?).to_owned(), Vec::new());
    for (index, word) in rest.iter().enumerate() {
        if index % 2 == 0 {
            kind.push('/');
            kind.push_str(word);
        } else {
            names.push((*word).to_owned());
        }
    }
    let is_resource = !rest.is_empty();
    is_resource.then_some(Path { kind, names, action: action.map(str::to_owned) })
}

impl Path {
    fn action(&self, method: Method) -> String {
        let verb = match (method, &self.action) {
            (_, Some(action)) => format!("{action}/action"),
            (Method::Get | Method::Head, None) => "read".to_owned(),
            (Method::Delete, None) => "delete".to_owned(),
            (Method::Put | Method::Patch | Method::Post, None) => "write".to_owned(),
        };
        format!("{}/{verb}", self.kind)
    }
}

/// The outputs that are known before the run: the id of what each step writes.
pub(super) fn known(subject: &Subject<'_>) -> Outputs {
    let mut outputs = Outputs::default();
    for step in subject.plan.steps() {
        if let Some(id) = step.touches.first() {
            outputs.set(&step.id, StepOutputs::from([("id".to_owned(), id.clone())]));
        }
    }
    outputs
}

/// The running steps.
pub(super) fn running<'a>(subject: &'a Subject<'_>) -> impl Iterator<Item = &'a Step> {
    subject.plan.steps().filter(|step| subject.runs(&step.id))
}

/// The requests of the running steps to the resource manager.
fn managed<'a>(subject: &'a Subject<'_>) -> impl Iterator<Item = (&'a Step, &'a Planned)> {
    running(subject).flat_map(|step| {
        let planned = step.planned.iter();
        planned
            .filter(|planned| planned.request.auth == Auth::ResourceManager)
            .map(move |planned| (step, planned))
    })
}

/// Every action that the running steps carry out, each once at each place. Registering a provider is not among them: it
/// is needed only where one is not registered.
pub(super) fn needs(subject: &Subject<'_>) -> Vec<Need> {
    let outputs = known(subject);
    let group = format!("{}/", subject.answers.resource_group_id().to_lowercase());
    let mut needs: Vec<Need> = Vec::new();
    for (step, planned) in managed(subject) {
        let Request { method, path: text, .. } = &planned.request;
        let text = text.shown(&outputs);
        let Some(path) = path(*method, &text) else { continue };
        let in_group = format!("{}/", text.to_lowercase()).starts_with(&group);
        let at = if in_group { At::Group } else { At::Subscription };
        let weight = match (method, at) {
            // A namespace is deleted only where its links never come about.
            (Method::Delete, _) | (Method::Get | Method::Head, At::Subscription) => Weight::Maybe,
            _ => Weight::Must,
        };
        let action = path.action(*method);
        match needs.iter_mut().find(|need| need.at == at && need.action.eq_ignore_ascii_case(&action)) {
            Some(need) => {
                need.weight = need.weight.max(weight);
                if !need.steps.contains(&step.id) {
                    need.steps.push(step.id.clone());
                }
            }
            None => needs.push(Need { action, at, weight, steps: vec![step.id.clone()] }),
        }
    }
    needs
}

/// The resources with a region that the running steps would make; a group that is there is made no more.
pub(super) fn creations(subject: &Subject<'_>) -> Vec<Creation> {
    let outputs = known(subject);
    let mut creations: Vec<Creation> = Vec::new();
    for (step, planned) in managed(subject) {
        let request = &planned.request;
        let Body::Json(Template::Object(members)) = &request.body else { continue };
        if planned.purpose != Purpose::Change || request.method != Method::Put {
            continue;
        }
        let id = request.path.shown(&outputs);
        let content = content(members, &outputs);
        let location = content.get("location").and_then(Value::as_str).map(str::to_owned);
        let (Some(path), Some(location)) = (path(request.method, &id), location) else { continue };
        let is_there = path.kind == GROUP_TYPE && subject.group == super::Group::There;
        if is_there || creations.iter().any(|known| known.id.eq_ignore_ascii_case(&id)) {
            continue;
        }
        let version = request.query.iter().find(|(name, _)| name == "api-version");
        creations.push(Creation {
            step: step.id.clone(),
            kind: path.kind,
            name: path.names.join("/"),
            id,
            location,
            version: version.map(|(_, version)| version.shown(&outputs)).unwrap_or_default(),
            content,
        });
    }
    creations
}

/// The one of `creations` that is of the type `kind`.
pub(super) fn of_kind<'c>(creations: &'c [Creation], kind: &str) -> Option<&'c Creation> {
    creations.iter().find(|creation| creation.kind.eq_ignore_ascii_case(kind))
}

/// The members of a body whose every value is known. Of an identity its type says enough.
fn content(members: &[(crate::domain::Text, Template)], outputs: &Outputs) -> Map<String, Value> {
    let mut content = Map::new();
    for (name, template) in members {
        let name = name.shown(outputs);
        let mut missing = Vec::new();
        let value = template.fill(outputs, &|_| None, &mut missing);
        if missing.is_empty() {
            content.insert(name, value);
        } else if let Some(kind) = value.get("type").filter(|_| name == "identity") {
            content.insert(name, serde_json::json!({ "type": kind }));
        }
    }
    content
}
