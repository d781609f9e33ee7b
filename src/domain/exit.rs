//! How a command ends: the exit codes of design section 7.

use serde::{Deserialize, Serialize};

/// Why a command ended as it did; each has one exit code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    /// All done, already there, warned, or skipped at the person's word.
    Complete,
    /// Something failed or was blocked.
    Failed,
    /// Usage, setup file, no terminal, nothing offered.
    Usage,
    /// No sign-in.
    SignIn,
    /// Not permitted: role assignments, policy, lock.
    NotPermitted,
    /// Left or aborted; it can be resumed.
    Left,
    /// State cannot be kept: disk, lock held, newer format.
    State,
    /// Azure was not reached, or what answered is not Azure.
    NotReached,
}

impl Exit {
    /// The process exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Complete => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::SignIn => 3,
            Self::NotPermitted => 4,
            Self::Left => 5,
            Self::State => 6,
            Self::NotReached => 7,
        }
    }
}
