//! The log of a setup, read back from its journals line by line: what a screen no longer holds in memory.
//!
//! It keeps eight bytes a line. A call's line is one line, told by its end once that is known, as on the screen.
//! Given to the wizard by `cli` as a `domain::LogSource`; told of new lines by the writer.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Deserialize;

use crate::domain::{CallId, Exchanged, Line, LogSource, Record, RunEvent, RunId, line};

use super::reader::Journal;

/// Bytes read from a journal at once.
const BUFFER: usize = 64 * 1024;
/// What lines of calls and of replies hold, as `serde_json` writes them. Another line may hold it in a text.
const BEGUN: &[u8] = br#""event":"call-started""#;
const ENDED: &[u8] = br#""event":"call-finished""#;

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

    /// Reads the files from their beginnings: calls are opened one at a time, so no index is kept for that.
    fn exchange(&self, call: CallId) -> Option<Exchanged> {
        let paths: Vec<PathBuf> = self.locked().files.iter().rev().map(|file| file.path.clone()).collect();
        paths.iter().find_map(|path| exchange_in(path, call))
    }
}

fn lines_at(path: &Path, offsets: &[u64]) -> Vec<Line> {
    let Ok(file) = File::open(path) else { return Vec::new() };
    let mut source = BufReader::with_capacity(BUFFER, file);
    let mut at = 0;
    let mut text = Vec::new();
    let mut lines = Vec::with_capacity(offsets.len());
    for offset in offsets {
        // What is in the buffer already is not read again: most lines stand one after the other.
        let by = i64::try_from(*offset).unwrap_or(i64::MAX).saturating_sub_unsigned(at);
        if source.seek_relative(by).is_err() {
            break;
        }
        text.clear();
        let read = (&mut source).take(super::reader::LONGEST_LINE).read_until(b'\n', &mut text);
        let Ok(read) = read else { break };
        at = offset.saturating_add(u64::try_from(read).unwrap_or(0));
        let record = serde_json::from_slice::<Record>(&text).ok();
        lines.extend(record.and_then(|record| line(&record)));
    }
    lines
}

/// Gives every line of the file at `path` to `take`, until that says it has enough.
fn each_line(path: &Path, mut take: impl FnMut(&[u8]) -> bool) {
    let Ok(file) = File::open(path) else { return };
    let mut source = BufReader::with_capacity(BUFFER, file);
    let mut text = Vec::new();
    loop {
        text.clear();
        match (&mut source).take(super::reader::LONGEST_LINE).read_until(b'\n', &mut text) {
            Ok(read) if read > 0 => {}
            _ => return,
        }
        if take(&text) {
            return;
        }
    }
}

/// The part of a record of a call that tells which it is.
#[derive(Deserialize)]
struct Named {
    call: CallId,
    #[serde(default)]
    step: Option<String>,
}

/// Looks for the records of `call` in the file at `path`.
fn exchange_in(path: &Path, call: CallId) -> Option<Exchanged> {
    let mut begun: Option<Record> = None;
    let name = call.to_string();
    each_line(path, |text| {
        if holds(text, BEGUN) && holds(text, name.as_bytes()) {
            begun = serde_json::from_slice::<Record>(text).ok().filter(
                |record| matches!(&record.event, RunEvent::CallStarted(started) if started.call == call),
            );
        }
        begun.is_some()
    });
    let begun = begun?;
    let step = begun.event.step().map(|step| step.as_str().to_owned());
    let mut calls: Vec<CallId> = Vec::new();
    let mut ended = None;
    each_line(path, |text| {
        let (starts, ends) = (holds(text, BEGUN), holds(text, ENDED));
        if starts && let Ok(named) = serde_json::from_slice::<Named>(text) {
            if named.step == step {
                calls.push(named.call);
            }
        } else if ends && holds(text, name.as_bytes()) {
            let record = serde_json::from_slice::<Record>(text).ok();
            ended = ended.take().or(record.filter(
                |record| matches!(&record.event, RunEvent::CallFinished(reply) if reply.call == call),
            ));
        }
        false
    });
    let place = calls.iter().position(|known| *known == call)?;
    let run = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    Some(Exchanged {
        run: RunId(run),
        begun,
        ended,
        before: place.checked_sub(1).and_then(|before| calls.get(before)).copied(),
        after: calls.get(place + 1).copied(),
        place: place + 1,
        count: calls.len(),
    })
}

fn holds(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
