//! Fault scripts: which requests go wrong, and how.
//!
//! A script is a list in the world's TOML. Each entry counts the requests it fits, in the world, so that a restart does not
//! start it over. Reading and counting only; the step acts on an answer, and the server on one that must not arrive.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::permissions::matches;
use super::reply::{Delivery, Refusal, Reply};
use super::request::Request;
use super::world::World;

/// One entry of a fault script.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// Any method when absent.
    #[serde(default)]
    method: Option<String>,
    /// With `*` wildcards, without case.
    #[serde(default = "anything")]
    host: String,
    /// Of the path without its query; with `*` wildcards, without case.
    #[serde(default = "anything")]
    path: String,
    /// Which of the fitting requests, counted from 1; all of them when empty.
    #[serde(default)]
    nth: Vec<u32>,
    action: Action,
    /// Simulated seconds of `Retry-After`, where the action sends one.
    #[serde(default)]
    seconds: f64,
}

fn anything() -> String {
    "*".to_owned()
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Action {
    /// 403 `AuthorizationFailed`; nothing is done.
    Forbidden,
    /// 409 `ScopeLocked`; nothing is done.
    Locked,
    /// 429 with `Retry-After`; nothing is done.
    Throttle,
    /// 409 `AnotherOperationInProgress`; nothing is done.
    Conflict,
    /// 503 with `Retry-After`; nothing is done.
    Unavailable,
    /// 500; nothing is done.
    Broken,
    /// 401 `ExpiredAuthenticationToken`; nothing is done.
    Expired,
    /// 502 with an HTML page, as a proxy answers; nothing is done.
    Html,
    /// The connection closes without an answer; nothing is done.
    Reset,
    /// It is done, and the connection closes without an answer.
    Lost,
    /// It is done, and the answer breaks off in the middle.
    Torn,
}

/// What the script has for a request; every fitting entry counts it, the first that is due acts.
pub(crate) fn pick(world: &mut World, request: &Request) -> Option<(Action, f64)> {
    let World { settings, fault_hits, .. } = world;
    fault_hits.resize(settings.faults.len(), 0);
    let mut picked = None;
    for (fault, hits) in settings.faults.iter().zip(fault_hits.iter_mut()) {
        let fits = fault.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(&request.method))
            && matches(&fault.host, &request.host)
            && matches(&fault.path, &request.path);
        if fits {
            *hits = hits.saturating_add(1);
            if picked.is_none() && (fault.nth.is_empty() || fault.nth.contains(hits)) {
                picked = Some((fault.action, fault.seconds));
            }
        }
    }
    picked
}

/// The answer of an action that does nothing else.
pub(crate) fn instead(action: Action, seconds: f64) -> Option<Result<Reply, Refusal>> {
    let refuse = |status: u16, code: &str, message: &str, retry: bool| {
        let mut refusal = Refusal::arm(status, code, message.to_owned());
        refusal.retry_seconds = retry.then_some(seconds);
        Some(Err(refusal))
    };
    match action {
        Action::Forbidden => refuse(
            403,
            "AuthorizationFailed",
            "The client does not have authorization to perform the action over the scope.",
            false,
        ),
        Action::Locked => refuse(
            409,
            "ScopeLocked",
            "The scope cannot perform delete operation because following scope(s) are locked. Please remove the lock and try again.",
            false,
        ),
        Action::Throttle => refuse(429, "TooManyRequests", "The request is being throttled.", true),
        Action::Conflict => refuse(
            409,
            "AnotherOperationInProgress",
            "Another operation on this or dependent resource is in progress.",
            false,
        ),
        Action::Unavailable => refuse(503, "ServiceUnavailable", "The service is unavailable.", true),
        Action::Broken => {
            refuse(500, "InternalServerError", "The server encountered an internal error.", false)
        }
        Action::Expired => refuse(401, "ExpiredAuthenticationToken", "The access token has expired.", false),
        Action::Html => {
            let page = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>";
            Some(Ok(Reply::json(502, json!(page)).with("content-type", "text/html")))
        }
        Action::Reset => {
            let mut reply = Reply::empty(500);
            reply.delivery = Delivery::Never;
            Some(Ok(reply))
        }
        Action::Lost | Action::Torn => None,
    }
}

/// How the answer of an action that is done arrives.
pub(crate) fn delivery(action: Action) -> Delivery {
    match action {
        Action::Lost => Delivery::Never,
        Action::Torn => Delivery::Half,
        _ => Delivery::Whole,
    }
}
