//! The words of a fault script: what goes wrong, in which shape, and how an operation ends.
//!
//! Words only; what they do stands beside. Read with each entry of a script.

use serde::{Deserialize, Serialize};

/// What goes wrong. Those before `Lost` are answered and nothing is done; from there on the request is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Action {
    /// Whatever `status`, `code`, `message` and `shape` say.
    Refuse,
    /// 403 `AuthorizationFailed`.
    Forbidden,
    /// 409 `ScopeLocked`.
    Locked,
    /// 429 with `Retry-After`.
    Throttle,
    /// 409 `AnotherOperationInProgress`.
    Conflict,
    /// 503 with `Retry-After`.
    Unavailable,
    /// 500.
    Broken,
    /// 408.
    TimedOut,
    /// 502.
    BadGateway,
    /// 504.
    GatewayTimeout,
    /// 401 `ExpiredAuthenticationToken`, with a claims challenge when `claims` is set.
    Expired,
    /// 400 whose message carries control sequences of terminals.
    Escapes,
    /// 502 with an HTML page, as a proxy answers.
    Html,
    /// 307 to `to`, which is no Azure host unless named.
    Redirect,
    /// The connection closes without an answer.
    Reset,
    /// No answer ever, until the client gives up.
    Hang,
    /// The connection closes without an answer.
    Lost,
    /// The answer breaks off in the middle.
    Torn,
    /// No answer ever, until the client gives up.
    HangAfter,
    /// The answer comes in small pieces, over `seconds` of wall time.
    Slow,
    /// The answer is padded by `megabytes`.
    Huge,
    /// Status URLs have a path alone.
    RelativeStatus,
    /// Status URLs lead to the host `to`.
    ForeignStatus,
    /// The status URL is not found, for ever.
    StatusGone,
    /// The status URL is not found `times` times.
    StatusLate,
    /// The answer names no status URL.
    NoStatus,
    /// The answer says nothing about waiting.
    NoRetryAfter,
    /// The resource is not found the next `times` times.
    Hidden,
    /// The `Date` header is `seconds` of wall time ahead, or behind when negative.
    Skewed,
}

/// Which service speaks. The host decides where a script does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Voice {
    /// `{"error":{"code","message"}}`.
    Arm,
    /// `{"code","httpStatusCode","message"}`; a code of digits is an integer, as provisioning services have it.
    Flat,
    /// `{"errorCode","trackingId","message"}`: the provisioning service's own host. The code must be digits.
    Dps,
    /// `{"error":{"code","message","innerError"}}`.
    Graph,
    /// `{"error","error_description","error_codes"}`. A code of digits, with or without `AADSTS`, or an OAuth error.
    SignIn,
    /// The request is accepted, and its operation ends so.
    Async,
}

/// How an operation ends that does not succeed; both spellings of the second occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum Ending {
    #[default]
    Failed,
    Canceled,
    Cancelled,
}

impl Ending {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Failed => "Failed",
            Self::Canceled => "Canceled",
            Self::Cancelled => "Cancelled",
        }
    }
}

/// Which headers tell how long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RetryForm {
    /// `retry-after-ms`, exact, and `Retry-After` in whole seconds.
    #[default]
    Both,
    /// `Retry-After` in whole seconds alone.
    Seconds,
    /// `Retry-After` as an HTTP date alone.
    Date,
    /// `retry-after-ms` alone.
    Milliseconds,
}
