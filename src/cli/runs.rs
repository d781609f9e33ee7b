//! `hubup runs`: every run of a setup, or of all of them, from the journals alone.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::args::{Global, Output};
use super::environment::Surroundings;
use super::failure::Failure;
use super::print::out;
use super::which::{self, is_told, which};
use crate::domain::{Exit, Progress, RunId, SetupId, clean};
use crate::journal::{self, Journal, StateFolder};
use crate::review::{RunReview, run_line};

/// Runs the command.
pub fn run(global: &Global, surroundings: &Surroundings, all: bool, output: Output) -> Result<Exit, Failure> {
    let (state, setups) = match which(global, surroundings) {
        Ok(which) if !all => (which.state, vec![which.setup]),
        Err(failure) if !all && is_told(global) => return Err(failure),
        meant => {
            let state = which::state(global, surroundings)?;
            let setups = state.setups()?;
            match meant {
                Err(failure) if !all && setups.is_empty() => return Err(failure),
                _ => (state, setups),
            }
        }
    };
    let mut listed = Vec::new();
    for setup in setups {
        listed.push(list(&state, setup)?);
    }
    // The newest of all stands last.
    listed.sort_by(|one, other| one.last().map(Told::id).cmp(&other.last().map(Told::id)));
    let told: Vec<Told> = listed.into_iter().flatten().collect();
    match output {
        Output::Json => out(&Value::from(told.iter().map(Told::json).collect::<Vec<_>>()).to_string()),
        Output::Text if told.is_empty() => out("No run is on record."),
        Output::Text => told.iter().for_each(|told| out(&told.text())),
    }
    Ok(Exit::Complete)
}

/// One line of the list.
enum Told {
    Run {
        setup: String,
        sandbox: bool,
        run: Box<RunReview>,
    },
    Unreadable {
        run: String,
        why: String,
    },
    /// It ended before its first line was on disk.
    Empty {
        run: String,
    },
}

fn list(state: &StateFolder, setup: SetupId) -> Result<Vec<Told>, Failure> {
    // Where each run left the setup: a later one counts what it goes on from.
    let mut folds: HashMap<RunId, Progress> = HashMap::new();
    let mut told = Vec::new();
    for file in state.runs(setup)? {
        let run = file.run.0.clone();
        told.push(match journal::read(&file.path) {
            Err(error) => Told::Unreadable { run, why: error.to_string() },
            Ok(Journal { header: Some(header), records, .. }) => {
                let before = header.continues.as_ref().and_then(|run| folds.get(run));
                let mut progress = before.cloned().unwrap_or_default();
                let review = RunReview::of(&records, &mut progress);
                folds.insert(file.run, progress);
                match review {
                    Some(review) => {
                        let (setup, sandbox) = (header.answers.name, header.sandbox);
                        Told::Run { setup, sandbox, run: Box::new(review) }
                    }
                    None => Told::Empty { run },
                }
            }
            Ok(_) => Told::Empty { run },
        });
    }
    Ok(told)
}

impl Told {
    fn id(&self) -> &str {
        match self {
            Self::Run { run, .. } => &run.run,
            Self::Unreadable { run, .. } | Self::Empty { run } => run,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Run { setup, sandbox, run } => {
                let sandbox = if *sandbox { " (sandbox)" } else { "" };
                format!("{}{sandbox}  {}", clean(setup, 100), run_line(run))
            }
            Self::Unreadable { run, why } => format!("{}  not readable: {why}", clean(run, 200)),
            Self::Empty { run } => format!("{}  ended before it began: nothing was sent", clean(run, 200)),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Run { setup, sandbox, run } => {
                let mut value = json!(run);
                value["setup"] = json!(setup);
                value["sandbox"] = json!(sandbox);
                value
            }
            Self::Unreadable { run, why } => json!({ "run": run, "unreadable": why }),
            Self::Empty { run } => json!({ "run": run, "empty": true }),
        }
    }
}
