//! Why a journal could not be kept or read. Every kind names the path, what was being done, and what to do.
//!
//! The exit code of all of them is 6 (design, section 7).

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::domain::RunId;

/// A failure to keep or to read state. Its text is one sentence fragment: what happened, a colon, what to do.
#[derive(Debug, Error)]
pub enum JournalError {
    /// The operating system refused.
    #[error("cannot {operation} `{}`: {}: {}", path.display(), plain(cause), advice(cause))]
    Io {
        /// In the infinitive: "create the folder".
        operation: &'static str,
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    /// Another process works on the setup.
    #[error(
        "the setup is in use by {}, which holds `{}`: wait until it ends or leave it there, then run this command again",
        holder.map_or("another hubup".to_owned(), |pid| format!("another hubup (process {pid})")),
        path.display()
    )]
    Held { path: PathBuf, holder: Option<u32> },
    /// A file stands where a folder must be.
    #[error("cannot keep state under `{}`: it is a file where a folder is needed: move it away, or give another state folder", path.display())]
    NotFolder { path: PathBuf },
    /// An identifier that cannot be the name of a file.
    #[error("cannot begin a journal in `{}` for the run `{run}`: a run is named by letters, digits, dots, hyphens and underscores", path.display())]
    BadRun { path: PathBuf, run: RunId },
    /// The record to write is not one that JSON can hold.
    #[error("cannot write a record to `{}`: {cause}", path.display())]
    Record {
        path: PathBuf,
        #[source]
        cause: serde_json::Error,
    },
    /// An earlier write failed, so that the file may end in the middle of a line. `before` is what was told then: whoever
    /// comes second may be the first whose error is shown.
    #[error("{before}")]
    Broken { path: PathBuf, before: String },
    /// A line that is damaged and is not the last.
    #[error("cannot read line {line} of `{}`: {why}: copy the file away to keep it, remove it here, and hubup goes on from what Azure holds", path.display())]
    Damaged { path: PathBuf, line: u64, why: String },
    /// The file does not begin as a journal does.
    #[error("`{}` is not a journal of hubup: its first line does not begin a run: move it out of the folder", path.display())]
    NotJournal { path: PathBuf },
    /// Written by a hubup whose format this one does not know.
    #[error(
        "cannot read `{}`: it has format {format}, written by hubup {hubup}, and this hubup reads up to format {known}: use hubup {hubup} or newer for this setup",
        path.display()
    )]
    Newer { path: PathBuf, format: u64, known: u32, hubup: String },
    /// A run goes on from one whose file is gone.
    #[error(
        "`{}` goes on from run `{missing}`, whose file is not beside it: put it back, or move `{}` away and hubup goes on from what Azure holds",
        path.display(), path.display()
    )]
    Missing { path: PathBuf, missing: RunId },
}

impl JournalError {
    /// An operating system error met while doing `operation` on `path`.
    pub(super) fn io(operation: &'static str, path: &Path, cause: io::Error) -> Self {
        if cause.kind() == io::ErrorKind::NotADirectory {
            return Self::NotFolder { path: path.to_owned() };
        }
        Self::Io { operation, path: path.to_owned(), cause }
    }

    /// The file or folder that it is about.
    pub fn path(&self) -> &Path {
        match self {
            Self::Io { path, .. }
            | Self::Held { path, .. }
            | Self::NotFolder { path }
            | Self::BadRun { path, .. }
            | Self::Record { path, .. }
            | Self::Broken { path, .. }
            | Self::Damaged { path, .. }
            | Self::NotJournal { path }
            | Self::Newer { path, .. }
            | Self::Missing { path, .. } => path,
        }
    }
}

/// The cause in words; the number that Rust adds says nothing to a person.
fn plain(cause: &io::Error) -> String {
    let text = cause.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    text.to_lowercase()
}

fn advice(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some space, then run the same command; nothing was sent that is not on disk"
        }
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            "make it writable for this user, or give another state folder"
        }
        io::ErrorKind::NotFound => "check that the state folder is still there",
        io::ErrorKind::AlreadyExists => "a run of that name was there before; run the command again",
        io::ErrorKind::Unsupported => "use a state folder on a local disk",
        _ => "check the disk, or give another state folder",
    }
}
