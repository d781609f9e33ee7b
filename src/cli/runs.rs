//! `hubup runs`: every run of a setup, or of all of them, from the journals alone.

use serde_json::{Value, json};

use super::args::{Global, Output};
use super::environment::Surroundings;
use super::failure::Failure;
use super::print::out;
use super::which::which;
use super::wire::sandbox_root;
use crate::domain::{Exit, Record, SetupId};
use crate::journal::{self, StateFolder};
use crate::review::{Review, RunReview, run_line};

/// Runs the command.
pub fn run(global: &Global, surroundings: &Surroundings, all: bool, output: Output) -> Result<Exit, Failure> {
    let (state, setups) = if all {
        let state = StateFolder::new(sandbox_root(global, surroundings)?);
        let setups = state.setups()?;
        (state, setups)
    } else {
        let which = which(global, surroundings)?;
        (which.state, vec![which.setup])
    };
    let mut told = Vec::new();
    for setup in setups {
        told.extend(list(&state, setup)?);
    }
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
    let mut told = Vec::new();
    for file in state.runs(setup)? {
        let run = file.run.0.clone();
        told.push(match journal::read(&file.path) {
            Err(error) => Told::Unreadable { run, why: error.to_string() },
            Ok(journal) => match of(&journal.records) {
                Some((setup, sandbox, review)) => Told::Run { setup, sandbox, run: Box::new(review) },
                None => Told::Empty { run },
            },
        });
    }
    Ok(told)
}

fn of(records: &[Record]) -> Option<(String, bool, RunReview)> {
    let mut review = Review::of([records])?;
    Some((review.setup, review.sandbox, review.runs.pop()?))
}

impl Told {
    fn text(&self) -> String {
        match self {
            Self::Run { setup, sandbox, run } => {
                let sandbox = if *sandbox { " (sandbox)" } else { "" };
                format!("{setup}{sandbox}  {}", run_line(run))
            }
            Self::Unreadable { run, why } => format!("{run}  not readable: {why}"),
            Self::Empty { run } => format!("{run}  ended before it began: nothing was sent"),
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
