//! The log of a setup, read back from its journals line by line: what a screen no longer holds in memory.
//!
//! It keeps eight bytes a line. A call's line is one line, told by its end once that is known, as on the screen.
//! Given to the wizard by `cli` as a `domain::LogSource`; told of new lines by the writer.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::{CallId, Line, LogSource, Record, RunEvent, line};

use super::reader::Journal;

/// An index of the lines of several journals, the last of which may still grow.
#[derive(Debug, Default)]
pub struct JournalLog {
    index: Mutex<Index>,
}

#[derive(Debug, Default)]
struct Index {
    files: Vec<Indexed>,
}

#[derive(Debug)]
struct Indexed {
    path: PathBuf,
    /// Where the record of each line begins, in bytes.
    offsets: Vec<u64>,
    /// Calls without an end, and the place of their line.
    open: HashMap<CallId, usize>,
}

impl JournalLog {
    /// The log of `journals`, oldest first.
    pub fn of(journals: &[Journal]) -> Self {
        let log = Self::default();
        for journal in journals {
            log.follow(&journal.path);
            for (record, offset) in journal.records.iter().zip(&journal.offsets) {
                log.add(record, *offset);
            }
        }
        log
    }

    /// Adds a file: lines told from now on are in it.
    pub(super) fn follow(&self, path: &Path) {
        self.locked().files.push(Indexed {
            path: path.to_owned(),
            offsets: Vec::new(),
            open: HashMap::new(),
        });
    }

    /// Adds a record of the newest file whose line begins at `offset`.
    pub(super) fn add(&self, record: &Record, offset: u64) {
        if line(record).is_none() {
            return;
        }
        if let Some(file) = self.locked().files.last_mut() {
            file.add(record, offset);
        }
    }

    /// A thread that panicked with the lock held leaves at most one line out.
    fn locked(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Indexed {
    fn add(&mut self, record: &Record, offset: u64) {
        match &record.event {
            RunEvent::CallStarted(call) => {
                self.open.insert(call.call, self.offsets.len());
            }
            RunEvent::CallFinished(reply) => {
                let begun = self.open.remove(&reply.call).and_then(|place| self.offsets.get_mut(place));
                if let Some(place) = begun {
                    *place = offset;
                    return;
                }
            }
            _ => {}
        }
        self.offsets.push(offset);
    }
}

impl LogSource for JournalLog {
    fn len(&self) -> usize {
        self.locked().files.iter().map(|file| file.offsets.len()).sum()
    }

    /// Lines that cannot be read back are left out: a log that is shown must never stop a run.
    fn lines(&self, range: Range<usize>) -> Vec<Line> {
        // The places are copied so that the writer does not wait for the disk.
        let mut wanted: Vec<(PathBuf, Vec<u64>)> = Vec::new();
        let mut first = 0;
        for file in &self.locked().files {
            let next = first + file.offsets.len();
            let from = range.start.clamp(first, next) - first;
            let to = range.end.clamp(first, next) - first;
            if let Some(offsets) = file.offsets.get(from..to).filter(|offsets| !offsets.is_empty()) {
                wanted.push((file.path.clone(), offsets.to_vec()));
            }
            first = next;
        }
        wanted.iter().flat_map(|(path, offsets)| lines_at(path, offsets)).collect()
    }
}

fn lines_at(path: &Path, offsets: &[u64]) -> Vec<Line> {
    let Ok(file) = File::open(path) else { return Vec::new() };
    let mut source = BufReader::new(file);
    offsets
        .iter()
        .filter_map(|offset| {
            source.seek(SeekFrom::Start(*offset)).ok()?;
            let mut text = Vec::new();
            (&mut source).take(super::reader::LONGEST_LINE).read_until(b'\n', &mut text).ok()?;
            line(&serde_json::from_slice::<Record>(&text).ok()?)
        })
        .collect()
}
