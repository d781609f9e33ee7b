//! Why a step failed, as a person needs it: what happened, what it means, what to do, what to quote.

use serde::{Deserialize, Serialize};

use super::catalogue;
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
    /// The key of the catalogue's entry that it was told from; none where no service said so, or where nothing is known of
    /// its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
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
            key: None,
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

    /// This fault as the entry `key` of the catalogue tells it apart.
    #[must_use]
    pub fn keyed(mut self, key: &'static str) -> Self {
        self.key = Some(key.to_owned());
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
    /// What the catalogue knows of the error, else the general account; and the ids to quote.
    fn from(error: &ServiceError) -> Self {
        let entry = catalogue::find(error);
        let (mut means, mut remedy) = match entry {
            Some(entry) => (entry.meaning.to_owned(), entry.remedy.to_owned()),
            None if error.kind == ErrorKind::Left => {
                ("the run was left".to_owned(), "run the same command to go on".to_owned())
            }
            None => (
                "Azure refused the request as it is".to_owned(),
                "correct what the message names, then retry".to_owned(),
            ),
        };
        let (says, next) = error.parts();
        // One hint and no more: what fits the code goes first, then what fits the way that was tried.
        let by_code = entry.is_some_and(|entry| entry.key != catalogue::SIGN_IN_NEEDED);
        if let Some(next) = next.filter(|_| !by_code) {
            next.clone_into(&mut remedy);
        }
        if let Some(code) = error.code.as_ref().filter(|_| catalogue::is_unknown(error, entry)) {
            means.push_str(&format!("; hubup does not know the code {code}"));
            remedy.push_str("; if the message does not help, ask Azure support and quote the ids");
        }
        let by_kind = match error.kind {
            ErrorKind::Auth => Exit::SignIn,
            ErrorKind::Forbidden => Exit::NotPermitted,
            ErrorKind::NotSent | ErrorKind::Lost | ErrorKind::NotAzure => Exit::NotReached,
            ErrorKind::Left | ErrorKind::StillRunning => Exit::Left,
            _ => Exit::Failed,
        };
        Self {
            says: says.to_owned(),
            code: error.code.clone(),
            status: error.status,
            means: Some(means),
            checked: None,
            remedy,
            request_id: error.request_id.clone(),
            correlation_id: error.correlation_id.clone(),
            exit: entry.and_then(|entry| entry.exit).unwrap_or(by_kind),
            may_pass: error.kind == ErrorKind::StillRunning,
            key: entry.map(|entry| entry.key.to_owned()),
        }
    }
}
