//! `hubup runs`: every run of a setup, or of all setups, from the journals alone. What cannot be read is listed too.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;

use super::args::{Global, Output};
use super::environment::Surroundings;
use super::failure::Failure;
use super::review::print;
use super::which::{self, is_told, which_id};
use crate::domain::{Exit, Progress, RunEvent, RunId, RunKind, SetupId, clean};
use crate::journal::{self, Journal, JournalError, RunFile, StateFolder};
use crate::review::{ended, span};

/// One run; the members of `--output json`.
#[derive(Debug, Serialize)]
struct Row {
    /// Name of the setup; absent when the run's first line cannot be read.
    setup: Option<String>,
    setup_id: SetupId,
    run: RunId,
    file: String,
    #[serde(flatten)]
    told: Told,
}

#[derive(Debug, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
enum Told {
    Readable(Box<Readable>),
    /// It ended before its first line was on disk: nothing was sent.
    Empty,
    Unreadable {
        because: String,
    },
}

#[derive(Debug, Serialize)]
struct Readable {
    kind: RunKind,
    sandbox: bool,
    resource_group: String,
    started: Option<Timestamp>,
    /// Absent when it ended without a last word: it was killed or still runs.
    ended: Option<Timestamp>,
    /// Until its last record.
    seconds: f64,
    exit: Option<Exit>,
    exit_code: Option<u8>,
    /// How it left the steps of its plan, counting what the runs before it did.
    done: usize,
    failed: usize,
    skipped: usize,
    /// Neither well, nor failed, nor skipped.
    left: usize,
    all: usize,
    continues: Option<RunId>,
    torn: bool,
}

/// Runs the command.
pub fn run(global: &Global, surroundings: &Surroundings, all: bool, output: Output) -> Result<Exit, Failure> {
    let state = which::state(global, surroundings)?;
    let setups = match which_id(global, surroundings, &state) {
        _ if all => state.setups()?,
        Ok(setup) => vec![setup],
        Err(_) if !is_told(global) => state.setups()?,
        Err(failure) => return Err(failure),
    };
    let mut listed: Vec<Vec<Row>> = Vec::new();
    for setup in setups {
        let rows = rows(&state, setup)?;
        if !rows.is_empty() {
            listed.push(rows);
        }
    }
    // The newest stands where the eye is: at the end.
    listed.sort_by(|one, other| one.last().map(|row| &row.run).cmp(&other.last().map(|row| &row.run)));
    let told = match output {
        Output::Text if listed.is_empty() => {
            format!("No run is on record in `{}`.", state.root().display())
        }
        Output::Text => listed.iter().map(|rows| text(rows)).collect::<Vec<_>>().join("\n\n"),
        Output::Json => {
            let rows: Vec<&Row> = listed.iter().flatten().collect();
            serde_json::to_string_pretty(&rows).map_err(|error| {
                Failure::new(Exit::Failed, format!("error: the list has no JSON form: {error}"))
            })?
        }
    };
    print(&told)
}

/// The runs of a setup, oldest first.
fn rows(state: &StateFolder, setup: SetupId) -> Result<Vec<Row>, JournalError> {
    let mut folds: HashMap<RunId, Progress> = HashMap::new();
    let mut rows = Vec::new();
    for RunFile { run, path } in state.runs(setup)? {
        let file = path.display().to_string();
        let (setup_name, told) = match journal::read(&path) {
            Ok(journal) => tell(&journal, &mut folds),
            Err(error) => (None, Told::Unreadable { because: error.to_string() }),
        };
        rows.push(Row { setup: setup_name, setup_id: setup, run, file, told });
    }
    Ok(rows)
}

fn tell(journal: &Journal, folds: &mut HashMap<RunId, Progress>) -> (Option<String>, Told) {
    let Some(header) = &journal.header else { return (None, Told::Empty) };
    let before = header.continues.as_ref().and_then(|run| folds.get(run));
    let mut progress = before.cloned().unwrap_or_default();
    let mut finished = None;
    for record in &journal.records {
        progress.apply(record);
        if let RunEvent::RunFinished { exit } = record.event {
            finished = Some((record.at, exit));
        }
    }
    let counts = progress.counts(&header.stages);
    folds.insert(journal.run.clone(), progress);
    let started = journal.records.first().map(|record| record.at);
    let last = journal.records.last().map(|record| record.at);
    let seconds = started.zip(last).map_or(0.0, |(from, to)| to.duration_since(from).as_secs_f64().max(0.0));
    let readable = Readable {
        kind: header.kind,
        sandbox: header.sandbox,
        resource_group: header.answers.resource_group.clone(),
        started,
        ended: finished.map(|(at, _)| at),
        seconds,
        exit: finished.map(|(_, exit)| exit),
        exit_code: finished.map(|(_, exit)| exit.code()),
        done: counts.done,
        failed: counts.failed,
        skipped: counts.skipped,
        left: counts.all - counts.done - counts.failed - counts.skipped,
        all: counts.all,
        continues: header.continues.clone(),
        torn: journal.torn,
    };
    (Some(header.answers.name.clone()), Told::Readable(Box::new(readable)))
}

/// The runs of one setup as text.
fn text(rows: &[Row]) -> String {
    let known = rows.iter().rev().find_map(|row| match &row.told {
        Told::Readable(readable) => Some((row.setup.as_deref().unwrap_or_default(), readable)),
        _ => None,
    });
    let mut lines = vec![match known {
        Some((name, readable)) => {
            let place = if readable.sandbox { "in the sandbox, " } else { "" };
            format!("{}  ({place}resource group {})", clean(name, 100), clean(&readable.resource_group, 100))
        }
        None => rows.first().map(|row| format!("setup {}", row.setup_id)).unwrap_or_default(),
    }];
    for row in rows {
        let run = clean(&row.run.0, 200);
        match &row.told {
            Told::Empty => {
                lines.push(format!("  {run}"));
                lines.push("      ended before its first line was on disk: nothing was sent".to_owned());
            }
            Told::Unreadable { because } => {
                lines.push(format!("  {run}"));
                lines.push(format!("      {}", clean(because, 2_000)));
            }
            Told::Readable(readable) => {
                lines.push(format!("  {run}  {}", readable.facts()));
                lines.push(format!("      {}", ended(readable.exit)));
                lines.push(format!("      {}", readable.counts()));
                if let Some(continues) = &readable.continues {
                    lines.push(format!("      goes on from {}", clean(&continues.0, 200)));
                }
            }
        }
    }
    lines.join("\n")
}

impl Readable {
    fn facts(&self) -> String {
        let kind = match self.kind {
            RunKind::Setup => "setup",
            RunKind::Teardown => "teardown",
        };
        let when = self.started.map(|at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
        format!("{kind:<8}  {}  {}", when.unwrap_or_default(), span(self.seconds))
    }

    fn counts(&self) -> String {
        let mut parts = vec![format!("{} of {} done", self.done, self.all)];
        for (count, word) in [(self.failed, "failed"), (self.skipped, "skipped"), (self.left, "left")] {
            if count > 0 {
                parts.push(format!("{count} {word}"));
            }
        }
        parts.join(" · ")
    }
}
