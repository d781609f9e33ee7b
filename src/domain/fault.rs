//! Why a step failed, as a person needs it: what happened, what it means, what to do, what to quote.

use serde::{Deserialize, Serialize};

use super::exit::Exit;
use super::reply::{ErrorKind, ServiceError};

/// A failure, told in full. Texts are fragments without a final full stop; none holds a secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Fault {
    /// What happened, or the service's own words.
    pub says: String,
    /// The service's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// HTTP status of the reply that said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What it means, in plain words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub means: Option<String>,
    /// What hubup looked at to be sure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked: Option<String>,
    /// What to do.
    pub remedy: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// The exit code that this fault asks for.
    pub exit: Exit,
    /// True when a wait ran out: to keep trying is worth it, for nothing says that the thing waited for will not come.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_pass: bool,
}

impl Fault {
    /// A fault that no service reported.
    pub fn new(says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            says: says.into(),
            code: None,
            status: None,
            means: None,
            checked: None,
            remedy: remedy.into(),
            request_id: None,
            correlation_id: None,
            exit: Exit::Failed,
            may_pass: false,
        }
    }

    /// This fault with its meaning.
    #[must_use]
    pub fn meaning(mut self, means: impl Into<String>) -> Self {
        self.means = Some(means.into());
        self
    }

    /// This fault with what was looked at.
    #[must_use]
    pub fn having_checked(mut self, checked: impl Into<String>) -> Self {
        self.checked = Some(checked.into());
        self
    }

    /// The fault with `remedy` in place of the general one.
    #[must_use]
    pub fn remedied_by(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// This fault as the end of a wait that can be made longer.
    #[must_use]
    pub fn passing(mut self) -> Self {
        self.may_pass = true;
        self
    }

    /// This fault leading to `exit`.
    #[must_use]
    pub fn exiting(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }
}

impl From<&ServiceError> for Fault {
    /// The general account of an error: what it means by its kind, and the ids to quote.
    fn from(error: &ServiceError) -> Self {
        let (means, remedy, exit) = match error.kind {
            ErrorKind::NotSent => (
                "Azure, or its sign-in, was not reached: the request did not arrive",
                "check the network, the proxy and the host name, then retry",
                Exit::NotReached,
            ),
            ErrorKind::Lost => (
                "the request was sent and its reply was lost; it may have been carried out",
                "retry: hubup looks first and repeats nothing that is there",
                Exit::NotReached,
            ),
            ErrorKind::Throttled => {
                ("Azure is limiting the calls of this caller", "wait a few minutes, then retry", Exit::Failed)
            }
            ErrorKind::Conflict => (
                "something else is changing, or already holds, what this step changes",
                "retry in a minute; if it stays, look at the resource in the portal",
                Exit::Failed,
            ),
            ErrorKind::NotFound => {
                ("what this step needs is not there", "check the names, then retry", Exit::Failed)
            }
            ErrorKind::Auth => (
                "the sign-in was not accepted",
                "sign in again (for example `az login`), then run the same command",
                Exit::SignIn,
            ),
            ErrorKind::Forbidden => (
                "the signed-in caller may not do this",
                "ask an administrator for the action named above, then retry",
                Exit::NotPermitted,
            ),
            ErrorKind::Refused => (
                "Azure refused the request as it is",
                "correct what the message names, then retry",
                Exit::Failed,
            ),
            ErrorKind::Service => (
                "Azure could not answer",
                "retry in a few minutes; nothing that was made is lost",
                Exit::Failed,
            ),
            ErrorKind::NotAzure => (
                "what answered is not Azure: a proxy, a captive portal or a wrong route",
                "check the proxy settings and `[network] routes`, then retry",
                Exit::NotReached,
            ),
            ErrorKind::Cancelled => ("Azure cancelled the operation", "retry", Exit::Failed),
            ErrorKind::StillRunning => (
                "Azure is still working on it; leaving is safe, it goes on without hubup",
                "keep trying, or come back later: the step finds it again",
                Exit::Left,
            ),
            ErrorKind::Left => ("the run was left", "run the same command to go on", Exit::Left),
        };
        let (means, remedy, exit) = match error {
            error if error.shows(&["ScopeLocked"]) => (
                "a lock on this resource, or above it, forbids the change",
                "have the lock removed, then retry",
                Exit::NotPermitted,
            ),
            // An operation that Azure took and that then failed is told with the status of the look at it.
            error if error.kind == ErrorKind::Refused && error.status.is_some_and(|status| status < 300) => (
                "Azure took the request and could not carry it out",
                "look at the activity log of the resource in the portal, mend what it names, then retry",
                Exit::Failed,
            ),
            // The codes of Microsoft Entra for a secret that is wrong or has expired.
            error if error.shows(&["AADSTS7000215", "AADSTS7000222"]) => (
                "the service principal's secret is wrong or has expired",
                "put a valid secret into `AZURE_CLIENT_SECRET` (its value, not its id), then run the same command",
                Exit::SignIn,
            ),
            _ => (means, remedy, exit),
        };
        Self {
            says: error.message.clone(),
            code: error.code.clone(),
            status: error.status,
            means: Some(means.to_owned()),
            checked: None,
            remedy: remedy.to_owned(),
            request_id: error.request_id.clone(),
            correlation_id: error.correlation_id.clone(),
            exit,
            may_pass: error.kind == ErrorKind::StillRunning,
        }
    }
}
