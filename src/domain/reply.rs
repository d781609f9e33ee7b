//! What came back: a reply, or the error that a service, or the way to it, made of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

/// A successful reply (2xx). Secrets named by the request's captures are already masked in `body`.
#[derive(Clone, PartialEq, Debug)]
pub struct Reply {
    pub status: u16,
    /// The JSON body; `Null` when there was none.
    pub body: Value,
    /// The `ETag` header or, where a service puts it there, the body's `etag`.
    pub etag: Option<String>,
    /// The service's `x-ms-request-id`.
    pub request_id: Option<String>,
    /// The service's `x-ms-correlation-request-id`.
    pub correlation_id: Option<String>,
    /// The `Azure-AsyncOperation` header, as it came.
    pub async_operation: Option<String>,
    /// The `Location` header, as it came.
    pub location: Option<String>,
    /// How long the service asks to wait before the next look.
    pub retry_after: Option<Duration>,
    /// The `Date` header, as it came.
    pub date: Option<String>,
}

impl Reply {
    /// The text at `pointer` of the body.
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.body.pointer(pointer).and_then(Value::as_str)
    }
}

/// What kind of thing went wrong. A kind exists where somebody acts differently on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// The request never left: name not found, connection refused, TLS refused, host not routed.
    NotSent,
    /// It was sent and no whole reply came back: it may have arrived.
    Lost,
    /// 429.
    Throttled,
    /// 409 or 412.
    Conflict,
    /// 404 or 410.
    NotFound,
    /// No token could be had, or 401.
    Auth,
    /// 403.
    Forbidden,
    /// Any other 4xx, and an accepted operation that ended Failed.
    Refused,
    /// 408 and 5xx.
    Service,
    /// Something answered that is not Azure: no JSON where JSON must be, a redirect, an absurd size.
    NotAzure,
    /// An accepted operation that ended Canceled.
    Cancelled,
    /// An accepted operation that had not ended when the wait for it did.
    StillRunning,
    /// The run is being left; the call was not made.
    Left,
}

/// What stands in a message of our own before what to do next.
pub const NEXT: &str = "\nnext: ";

/// An exchange that did not succeed. `message` is the service's own text, cleaned of control bytes and capped.
#[derive(Clone, PartialEq, Debug, Error)]
#[error("{}{message}", code.as_ref().map(|code| format!("{code}: ")).unwrap_or_default())]
pub struct ServiceError {
    pub kind: ErrorKind,
    pub status: Option<u16>,
    /// The service's code, as text: strings and integers both occur (contract preview-2025, 1.2).
    pub code: Option<String>,
    pub message: String,
    pub request_id: Option<String>,
    pub correlation_id: Option<String>,
    pub retry_after: Option<Duration>,
}

impl ServiceError {
    /// An error that no service sent.
    pub fn local(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            status: None,
            code: None,
            message: message.into(),
            request_id: None,
            correlation_id: None,
            retry_after: None,
        }
    }

    /// What the message says, and what it says is to be done next, where it does: a sign-in knows which way was tried.
    pub fn parts(&self) -> (&str, Option<&str>) {
        match self.message.split_once(NEXT) {
            Some((says, next)) => (says, Some(next)),
            None => (&self.message, None),
        }
    }

    /// Says whether the code equals, or code or message contain, one of `signs`, whatever their case.
    pub fn shows(&self, signs: &[&str]) -> bool {
        let code = self.code.as_deref().unwrap_or_default().to_lowercase();
        let message = self.message.to_lowercase();
        signs.iter().any(|sign| {
            let sign = sign.to_lowercase();
            code.contains(&sign) || message.contains(&sign)
        })
    }
}
