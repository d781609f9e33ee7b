//! Small parts that steps are built from: requests, comparisons, faults.

use std::time::Duration;

use serde_json::Value;

use super::dialect::Profile;
use super::offers::canonical_location;
use crate::domain::{
    Answers, Ask, Auth, Fault, Method, Moves, Next, Outcome, Replay, Request, ServiceError, StepOutputs,
    Text, USE_AS_IT_IS,
};

/// Signs that a grant has not reached the service that checks it (contract preview-2025, sections 0.4, 4 and 6).
pub const GRANT_NOT_EFFECTIVE: &[&str] = &["400913", "does not have the required DeviceRegistry permissions"];

/// Signs that something else is changing the resource just now (contract preview-2025, 1.3), or what it belongs to
/// (contract links-2026, section 9: an earlier change of the namespace).
pub const BUSY: &[&str] = &[
    "AnotherOperationInProgress",
    "OperationInProgress",
    "ResourceProvisioningInProgress",
    // The service plane says it with a number alone.
    "another operation",
    "in transition",
    "Transitioning",
];

/// How long a grant is waited for: Microsoft's own set-up script gives it five minutes (contract preview-2025, 6).
pub const GRANT_PATIENCE: Duration = Duration::from_mins(5);

/// How long a resource may take to settle before hubup offers to leave (contract preview-2025, 1.1).
pub const SETTLE_PATIENCE: Duration = Duration::from_mins(20);

/// The wait between looks where the service names none (design, section 5).
pub const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// A Resource Manager request of `version` to `path`.
pub fn arm(answers: &Answers, method: Method, path: impl Into<Text>, version: &str) -> Request {
    let host = answers.cloud.resource_manager.clone();
    Request::new(method, Auth::ResourceManager, host, path, version)
}

/// How a provider is registered in the subscription, and looked at (contract preview-2025, P3 and P4).
#[derive(Clone)]
pub struct Registration {
    pub look: Request,
    pub register: Request,
}

/// The registration of the provider `namespace`.
pub fn registration(answers: &Answers, profile: &Profile, namespace: &str) -> Registration {
    let path = format!("{}/providers/{namespace}", answers.subscription_id());
    let version = profile.version("Microsoft.Resources");
    let register = format!("{path}/register");
    Registration {
        look: arm(answers, Method::Get, path, version),
        register: arm(answers, Method::Post, register, version),
    }
}

/// Asks whether what is there shall be used as it is; `under_yes` when `--yes` may say so.
pub fn ask_to_use(question: impl Into<String>, differs: Vec<String>, under_yes: bool) -> Ask {
    Ask {
        question: question.into(),
        differs,
        choices: vec![
            (USE_AS_IT_IS.to_owned(), "use it as it is".to_owned()),
            ("stop".to_owned(), "stop here".to_owned()),
        ],
        under_yes: under_yes.then(|| USE_AS_IT_IS.to_owned()),
    }
}

/// Ends a step well.
pub fn done(outcome: Outcome, outputs: StepOutputs) -> Next {
    Next::Done { outcome, note: None, outputs }
}

/// Ends a step with the general account of an error.
pub fn fail(error: &ServiceError) -> Next {
    Next::Fail(Fault::from(error))
}

/// Outputs from pairs; a value that is missing is left out.
pub fn outputs<const N: usize>(pairs: [(&str, Option<&str>); N]) -> StepOutputs {
    pairs
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name.to_owned(), value.to_owned())))
        .collect()
}

/// Resource ids and enumerated words are compared without case (contract preview-2025, section 1).
pub fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// True when two resource ids name the same thing; a trailing slash does not count.
pub fn same_id(one: &str, other: &str) -> bool {
    same(one.trim_end_matches('/'), other.trim_end_matches('/'))
}

/// The text at `pointer`.
pub fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

/// The member of the object at `pointer` whose key equals `key` without case.
pub fn member<'a>(value: &'a Value, pointer: &str, key: &str) -> Option<&'a Value> {
    let object = value.pointer(pointer)?.as_object()?;
    object.iter().find(|(name, _)| same(name, key)).map(|(_, member)| member)
}

/// One field in which what is there is not what was answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// `what it is (you said what you want)`.
    pub text: String,
    pub follows: Follows,
}

/// How what is there can be made what was answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Follows {
    /// By an update of the resource.
    Update,
    /// By new tags.
    Tags,
    /// Not at all; why.
    Never(&'static str),
}

impl Difference {
    /// A difference told as `text`.
    pub fn new(text: impl Into<String>, follows: Follows) -> Self {
        Self { text: text.into(), follows }
    }

    /// As a question tells it.
    pub fn told(&self) -> String {
        match self.follows {
            Follows::Update | Follows::Tags => self.text.clone(),
            Follows::Never(why) => format!("{}; that cannot be changed: {why}", self.text),
        }
    }
}

/// Adds what you have and what you said to `differs` when the text at `pointer` is another, without case.
pub fn compare(
    differs: &mut Vec<Difference>,
    name: &str,
    value: &Value,
    pointer: &str,
    wanted: &str,
    follows: Follows,
) {
    let found = match text(value, pointer) {
        Some(found) if same(found, wanted) => return,
        found => found.unwrap_or("not set"),
    };
    differs.push(Difference::new(format!("{name} is {found} (you said {wanted})"), follows));
}

/// [`compare`] for a region: Azure tells it as `East US 2` or as `eastus2`.
pub fn compare_location(differs: &mut Vec<Difference>, value: &Value, wanted: &str) {
    let found = text(value, "/location").map(canonical_location).unwrap_or_default();
    if !same(&found, &canonical_location(wanted)) {
        let found = if found.is_empty() { "not set" } else { &found };
        let text = format!("location is {found} (you said {wanted})");
        differs.push(Difference::new(text, Follows::Never("a resource stays in its region")));
    }
}

/// All entries of a list, following `nextLink` as it was given. At most 50 pages: a list that long is not one of ours.
pub fn read_all(replay: &mut Replay<'_>, request: &Request) -> Moves<Result<Vec<Value>, ServiceError>> {
    let mut entries = Vec::new();
    let mut page = request.clone();
    for _ in 0..50 {
        let reply = match replay.read(&page)? {
            Ok(reply) => reply,
            Err(error) => return Ok(Err(error.clone())),
        };
        entries.extend(reply.body["value"].as_array().into_iter().flatten().cloned());
        match reply.text("/nextLink").filter(|link| !link.is_empty()) {
            // A list that points at itself has been read.
            Some(link) => {
                let next = request.following(link);
                if next == page {
                    break;
                }
                page = next;
            }
            None => break,
        }
    }
    Ok(Ok(entries))
}
