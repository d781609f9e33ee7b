//! Why a command ends without a run: a sentence for the person and an exit code.

use crate::domain::{ErrorKind, Exit, Fault, ServiceError};
use crate::engine::RunError;
use crate::journal::JournalError;

/// What is told on standard error, and the exit code that goes with it.
#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    pub text: String,
    /// The fault it was told from, for a screen that tells it its own way.
    pub fault: Option<Box<Fault>>,
}

impl Failure {
    /// A failure told by `text`.
    pub fn new(exit: Exit, text: impl Into<String>) -> Self {
        Self { exit, text: text.into(), fault: None }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self { exit: fault.exit, text: told(&fault), fault: Some(Box::new(fault)) }
    }
}

impl From<ServiceError> for Failure {
    /// The failure of a look before there is a run, when nothing has been changed.
    fn from(error: ServiceError) -> Self {
        let fault = Fault::from(&error);
        // A server that could not answer and shows nothing of Azure's, neither a code nor a request's id, may as well be
        // a proxy in front of it.
        let nameless = error.code.is_none() && error.request_id.is_none();
        let means = match error.kind {
            ErrorKind::Service if nameless => "Azure, or a proxy on the way to it, could not answer",
            ErrorKind::Lost => "the way to Azure breaks off; nothing was changed",
            _ => return fault.into(),
        };
        let remedy = "check the network and the proxy, then retry in a few minutes";
        fault.meaning(means).remedied_by(remedy).exiting(Exit::NotReached).into()
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Self::new(Exit::State, format!("error: {error}"))
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Journal(error) => {
                let remedy = "mend that, then run the same command: what Azure has is found again";
                let fault = Fault::new(error.to_string(), remedy)
                    .meaning("the journal cannot be written, so nothing more is sent")
                    .exiting(Exit::State);
                fault.into()
            }
            RunError::Task(_) => Self::new(Exit::Failed, format!("error: {error}")),
        }
    }
}

/// A fault in lines: what happened, what it means, what to do, what to quote.
pub fn told(fault: &Fault) -> String {
    let code = fault.code.as_ref().map(|code| format!("{code}: ")).unwrap_or_default();
    let mut text = format!("error: {code}{}", fault.says);
    let rows = [("means", &fault.means), ("checked", &fault.checked), ("do", &Some(fault.remedy.clone()))];
    for (label, value) in rows {
        if let Some(value) = value {
            text.push_str(&format!("\n  {:<8} {value}", format!("{label}:")));
        }
    }
    let quotes: Vec<String> = [("correlation", &fault.correlation_id), ("request", &fault.request_id)]
        .into_iter()
        .filter_map(|(label, id)| id.as_ref().map(|id| format!("{label} {id}")))
        .collect();
    if !quotes.is_empty() {
        text.push_str(&format!("\n  {:<8} {}", "quote:", quotes.join("  ")));
    }
    text
}
