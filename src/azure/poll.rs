//! Long-running operations: where an accepted one is followed, and what each look at it means (contract
//! preview-2025, section 1.1).
//!
//! Pure. Asking, and waiting between two looks, are the engine's; `Azure::poll` sends the look itself. After success
//! the step reads the resource: this module says that an operation ended, never that a resource is right.

use azure_core::http::Url;
use serde_json::Value;

use super::error;
use crate::domain::{ErrorKind, Method, Reply, ServiceError, Wait};

/// Where the operation that `reply` accepted is followed; `None` when it was done at once.
///
/// The `Azure-AsyncOperation` header goes first; then `Location` on 201 and 202. A relative URL is resolved against
/// `request_url`, the URL that was asked; any other is kept byte for byte.
pub fn wait_of(reply: &Reply, method: Method, request_url: &str) -> Option<Wait> {
    if method.is_read() {
        return None;
    }
    if let Some(poll) = &reply.async_operation {
        return Some(Wait::AsyncOperation { poll: absolute(poll, request_url) });
    }
    match (&reply.location, reply.status) {
        (Some(poll), 201 | 202) => Some(Wait::Location { poll: absolute(poll, request_url) }),
        _ => None,
    }
}

/// Where to look next time: a look may answer with a new status URL of the same kind.
pub fn follow(wait: &Wait, reply: &Reply) -> Wait {
    match wait {
        Wait::AsyncOperation { poll } => {
            let next = reply.async_operation.as_deref().unwrap_or(poll);
            Wait::AsyncOperation { poll: absolute(next, poll) }
        }
        Wait::Location { poll } => {
            // On 200 and 201 `Location` names the resource, not the next look.
            let next = reply.location.as_deref().filter(|_| reply.status == 202).unwrap_or(poll);
            Wait::Location { poll: absolute(next, poll) }
        }
    }
}

/// What a look at an operation says.
#[derive(Clone, PartialEq, Debug)]
pub enum Status {
    /// Not ended, or this look tells nothing: look again after the reply's `retry_after`.
    Running,
    Succeeded,
    /// Ended badly, with the operation's own code and message: kind `Cancelled` when Azure cancelled it, `Refused`
    /// when it failed. Any other kind: the look itself was refused, as by an expired sign-in (`Auth`).
    Failed(ServiceError),
    /// The status URL is gone (404 or 410): the resource tells how it ended.
    Lost,
}

/// Judges a look at `wait`.
pub fn judge(wait: &Wait, reply: &Result<Reply, ServiceError>) -> Status {
    let reply = match reply {
        Ok(reply) => reply,
        Err(error) => {
            return match error.kind {
                ErrorKind::NotFound => Status::Lost,
                ErrorKind::Throttled | ErrorKind::Service | ErrorKind::NotSent | ErrorKind::Lost => {
                    Status::Running
                }
                _ => Status::Failed(error.clone()),
            };
        }
    };
    let state = reply.text("/status");
    match (wait, state.map(str::to_ascii_lowercase).as_deref()) {
        (_, Some("failed")) => Status::Failed(ended(reply, ErrorKind::Refused)),
        (_, Some("canceled" | "cancelled")) => Status::Failed(ended(reply, ErrorKind::Cancelled)),
        (Wait::AsyncOperation { .. }, Some("succeeded")) => Status::Succeeded,
        (Wait::AsyncOperation { .. }, Some(_)) => Status::Running,
        // No status: some providers answer with the resource itself once the operation has ended.
        (Wait::AsyncOperation { .. }, None) => match provisioning_state(&reply.body).as_deref() {
            Some("failed") => Status::Failed(ended(reply, ErrorKind::Refused)),
            Some("canceled" | "cancelled") => Status::Failed(ended(reply, ErrorKind::Cancelled)),
            Some("succeeded") => Status::Succeeded,
            Some(_) => Status::Running,
            None if matches!(reply.status, 201 | 202) => Status::Running,
            None => Status::Succeeded,
        },
        (Wait::Location { .. }, _) if reply.status == 202 => Status::Running,
        (Wait::Location { .. }, _) => Status::Succeeded,
    }
}

fn provisioning_state(body: &Value) -> Option<String> {
    body.pointer("/properties/provisioningState").and_then(Value::as_str).map(str::to_ascii_lowercase)
}

/// The error of an operation that ended badly, in its own words.
fn ended(reply: &Reply, kind: ErrorKind) -> ServiceError {
    let (code, message) = error::of_operation(&reply.body);
    let word = if kind == ErrorKind::Cancelled { "was cancelled" } else { "failed" };
    ServiceError {
        kind,
        status: Some(reply.status),
        code,
        message: message.unwrap_or_else(|| format!("the operation {word}, and Azure does not say why")),
        request_id: reply.request_id.clone(),
        correlation_id: reply.correlation_id.clone(),
        retry_after: None,
    }
}

/// `url` itself when it is absolute; whether it may be called is judged when it is called.
fn absolute(url: &str, base: &str) -> String {
    if url.contains("://") {
        return url.to_owned();
    }
    let origin = Url::parse(base).ok().map(|base| base.origin().ascii_serialization());
    match origin {
        // By hand where possible: a parser would rewrite the signed part.
        Some(origin) if url.starts_with('/') && !url.starts_with("//") => format!("{origin}{url}"),
        _ => Url::parse(base).and_then(|base| base.join(url)).map_or_else(|_| url.to_owned(), String::from),
    }
}
