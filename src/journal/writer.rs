//! Writes the journal of one run: one JSON object a line, one write a line, synced when the caller asks for it.
//!
//! It never opens a file that is there already, and it never goes on after an error: a line may be half on disk.
//! Called by the engine, which sends nothing before the record of it is `Synced`.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::{Record, RunId};

use super::error::JournalError;
use super::folder::{SetupLock, StateFolder, create_folder, private, sync_folder};
use super::log::JournalLog;

/// How safe a record must be when `append` returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Durability {
    /// Given to the operating system: it outlives this process, not the machine.
    Written,
    /// On the disk, with everything before it.
    Synced,
}

/// The journal of a run that goes on. It holds the setup's lock; dropping it ends both.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    file: File,
    /// Where the next line begins, in bytes.
    end: u64,
    /// What went wrong, once something has.
    failed: Option<String>,
    log: Option<Arc<JournalLog>>,
    _lock: SetupLock,
}

impl Writer {
    /// Makes the file of `run`, which must not exist, readable by this user only. The file and the folders above it
    /// are durable when this returns.
    pub fn create(state: &StateFolder, lock: SetupLock, run: &RunId) -> Result<Self, JournalError> {
        let folder = state.runs_folder(lock.setup());
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if run.0.is_empty() || run.0.len() > 200 || run.0.starts_with('.') || !run.0.chars().all(plain) {
            return Err(JournalError::BadRun { path: folder, run: run.clone() });
        }
        create_folder(&folder)?;
        let path = folder.join(format!("{run}.jsonl"));
        let mut options = OpenOptions::new();
        options.append(true).create_new(true);
        private(&mut options);
        let file = options.open(&path).map_err(|cause| JournalError::io("create", &path, cause))?;
        sync_folder(&folder)?;
        Ok(Self::over(path, file, lock))
    }

    pub(super) fn over(path: PathBuf, file: File, lock: SetupLock) -> Self {
        Self { path, file, end: 0, failed: None, log: None, _lock: lock }
    }

    /// This writer telling `log` of every line, so that a screen can read it back.
    #[must_use]
    pub fn indexed(mut self, log: Arc<JournalLog>) -> Self {
        log.follow(&self.path);
        self.log = Some(log);
        self
    }

    /// Appends one record. After an error every later call fails too, without writing.
    pub fn append(&mut self, record: &Record, durability: Durability) -> Result<(), JournalError> {
        if let Some(before) = &self.failed {
            return Err(JournalError::Broken { path: self.path.clone(), before: before.clone() });
        }
        let written = self.write(record, durability);
        if let Err(error) = &written {
            self.failed = Some(error.to_string());
        }
        written
    }

    fn write(&mut self, record: &Record, durability: Durability) -> Result<(), JournalError> {
        let mut line = serde_json::to_vec(record)
            .map_err(|cause| JournalError::Record { path: self.path.clone(), cause })?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(|cause| JournalError::io("write to", &self.path, cause))?;
        if durability == Durability::Synced {
            self.file.sync_data().map_err(|cause| JournalError::io("sync", &self.path, cause))?;
        }
        if let Some(log) = &self.log {
            log.add(record, self.end);
        }
        self.end += line.len() as u64;
        Ok(())
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
