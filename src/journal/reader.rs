//! Reads journals back: one file, or the chain of runs that go on from one another.
//!
//! It changes nothing on disk: a torn last line is left where it is, since no later run appends to that file. What a
//! journal means is for `domain::Progress`. Called by `cli`, to go on and to tell.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::domain::{FORMAT_VERSION, Record, RunEvent, RunHeader, RunId, SetupId};

use super::error::JournalError;
use super::folder::StateFolder;

/// No line that hubup writes comes near; what does is not a journal.
pub(super) const LONGEST_LINE: u64 = 16 * 1024 * 1024;

/// What one run left behind.
#[derive(Clone, PartialEq, Debug)]
pub struct Journal {
    pub path: PathBuf,
    /// The run, by the name of its file.
    pub run: RunId,
    /// `None` when the run ended before its first line was on disk: then there are no records either.
    pub header: Option<RunHeader>,
    /// Every whole line in order, the first being the start of the run. Kinds of event that this hubup does not
    /// know are kept as `RunEvent::Unknown`.
    pub records: Vec<Record>,
    /// True when the file ends in the middle of a line, which is left out: the run ended while writing it.
    pub torn: bool,
    /// Where each record's line begins, in bytes.
    pub(super) offsets: Vec<u64>,
}

impl Journal {
    /// True when the run ended before its first line was on disk: nothing was sent.
    pub fn is_empty(&self) -> bool {
        self.header.is_none()
    }
}

/// The part of the first line that every format has.
#[derive(Deserialize)]
struct Opening {
    event: String,
    format: u64,
    #[serde(default)]
    hubup: String,
}

/// Reads one journal. A torn last line is no error; a damaged line before it is one.
pub fn read(path: &Path) -> Result<Journal, JournalError> {
    let file = File::open(path).map_err(|cause| JournalError::io("open", path, cause))?;
    let run = RunId(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default());
    let mut journal = Journal {
        path: path.to_owned(),
        run,
        header: None,
        records: Vec::new(),
        torn: false,
        offsets: Vec::new(),
    };
    let mut source = BufReader::new(file);
    let mut offset = 0;
    let mut number = 0;
    let mut line = Vec::new();
    while next_line(&mut source, &mut line).map_err(|cause| JournalError::io("read", path, cause))? {
        number += 1;
        let last = source.fill_buf().map_err(|cause| JournalError::io("read", path, cause))?.is_empty();
        if line.len() as u64 >= LONGEST_LINE {
            return Err(damaged(path, number, "it is longer than any line of hubup"));
        }
        // The newline is written with its line, so a line without one never came back from `append`.
        let Some(text) = line.strip_suffix(b"\n") else {
            journal.torn = true;
            break;
        };
        match understand(path, number, text) {
            Ok(record) => {
                if let RunEvent::RunStarted(header) = &record.event
                    && number == 1
                {
                    journal.header = Some((**header).clone());
                }
                journal.records.push(record);
                journal.offsets.push(offset);
            }
            // A power failure may leave the blocks of the last line unwritten though its length is there.
            Err(_) if last && serde_json::from_slice::<Value>(text).is_err() => {
                journal.torn = true;
                break;
            }
            Err(error) => return Err(error),
        }
        offset += line.len() as u64;
    }
    Ok(journal)
}

fn next_line(source: &mut BufReader<File>, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    source.take(LONGEST_LINE).read_until(b'\n', line).map(|length| length > 0)
}

fn understand(path: &Path, number: u64, text: &[u8]) -> Result<Record, JournalError> {
    if number == 1 {
        let value: Value =
            serde_json::from_slice(text).map_err(|_| JournalError::NotJournal { path: path.to_owned() })?;
        match Opening::deserialize(&value) {
            Ok(opening) if opening.event == "run-started" => {
                if opening.format > u64::from(FORMAT_VERSION) {
                    return Err(JournalError::Newer {
                        path: path.to_owned(),
                        format: opening.format,
                        known: FORMAT_VERSION,
                        hubup: crate::domain::clean(&opening.hubup, 40),
                    });
                }
            }
            _ => return Err(JournalError::NotJournal { path: path.to_owned() }),
        }
    }
    serde_json::from_slice(text).map_err(|cause| {
        // Positions of serde_json count within the line, which is always its own line 1.
        let cause = cause.to_string();
        let cause = cause.split(" at line ").next().unwrap_or(&cause);
        damaged(path, number, &crate::domain::clean(cause, 200))
    })
}

fn damaged(path: &Path, line: u64, why: &str) -> JournalError {
    JournalError::Damaged { path: path.to_owned(), line, why: why.to_owned() }
}

/// Reads the first line of a journal and no more; `None` when the run ended before that was on disk.
pub fn opening(path: &Path) -> Result<Option<RunHeader>, JournalError> {
    let file = File::open(path).map_err(|cause| JournalError::io("open", path, cause))?;
    let mut line = Vec::new();
    next_line(&mut BufReader::new(file), &mut line).map_err(|cause| JournalError::io("read", path, cause))?;
    let Some(text) = line.strip_suffix(b"\n") else { return Ok(None) };
    match understand(path, 1, text) {
        Ok(Record { event: RunEvent::RunStarted(header), .. }) => Ok(Some(*header)),
        Ok(_) => Err(JournalError::NotJournal { path: path.to_owned() }),
        // All that is there may be the blocks that a power failure left unwritten.
        Err(JournalError::NotJournal { .. }) => read(path).map(|journal| journal.header),
        Err(error) => Err(error),
    }
}

/// Runs that go on from one another, as far as they are there.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Chain {
    /// Oldest first; empty when the setup was never run here.
    pub journals: Vec<Journal>,
    /// The run that the oldest of them goes on from, when its file is gone.
    pub missing: Option<RunId>,
}

/// Reads the newest run of a setup that got as far as its first line, and every run that it goes on from: oldest
/// first, empty when the setup was never run here. Without one of them the others cannot be gone on from.
pub fn chain(state: &StateFolder, id: SetupId) -> Result<Vec<Journal>, JournalError> {
    let Chain { journals, missing } = chain_as_found(state, id)?;
    match (missing, journals.first()) {
        (Some(missing), Some(oldest)) => Err(JournalError::Missing { path: oldest.path.clone(), missing }),
        _ => Ok(journals),
    }
}

/// Reads the same as [`chain`], as far as it is there: enough to tell what was done.
pub fn chain_as_found(state: &StateFolder, id: SetupId) -> Result<Chain, JournalError> {
    let files = state.runs(id)?;
    let mut chain: Vec<Journal> = Vec::new();
    for file in files.iter().rev() {
        let wanted = match chain.last() {
            None => None,
            Some(newer) => match newer.header.as_ref().and_then(|header| header.continues.as_ref()) {
                None => break,
                // Runs go on from older ones only; so a circle cannot keep this loop going.
                Some(continues) if *continues >= newer.run => break,
                Some(continues) => Some(continues),
            },
        };
        if wanted.is_some_and(|wanted| *wanted != file.run) {
            continue;
        }
        let journal = read(&file.path)?;
        if !journal.is_empty() {
            chain.push(journal);
        }
    }
    let oldest = chain.last().and_then(|journal| journal.header.as_ref());
    let missing = oldest.and_then(|header| header.continues.clone());
    chain.reverse();
    Ok(Chain { journals: chain, missing })
}
