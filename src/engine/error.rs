//! Why a run could not go on as a whole.

use thiserror::Error;

use crate::journal::JournalError;

/// A run that had to stop. What failed within a step is not one: it is the step's outcome.
#[derive(Debug, Error)]
pub enum RunError {
    /// The journal cannot be written, so nothing more is sent.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A task of the engine ended in a way that it should not.
    #[error("the engine stopped unexpectedly: {0}")]
    Task(String),
}
