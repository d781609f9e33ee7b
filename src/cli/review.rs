//! `hubup review`: what was done, from the journals alone: no network, no sandbox server, no lock, no sign-in.
//!
//! It works while a run goes on. The wizard's review page and `hubup bundle` gather the same runs here.

use super::args::{self, Form, Global};
use super::environment::Surroundings;
use super::failure::Failure;
use super::follow::shareable;
use super::print::whole;
use super::which::{self, Which, which};
use crate::domain::{Exit, RunId, SetupId, clean};
use crate::journal::{self, Chain, Journal, JournalError, RunFile, StateFolder};
use crate::review::{Detail, Review, Source, SourceRun, markdown, text};

/// The word for the newest run.
const LAST: &str = "last";
/// Runs that are named to a person who has to choose.
const FEW_RUNS: usize = 10;

/// The runs that a command tells of, their records as they may be shown.
pub struct Gathered {
    /// Oldest first; each has a first line.
    pub journals: Vec<Journal>,
    /// The run that the oldest goes on from, when its journal is gone.
    missing: Option<RunId>,
    /// What has to follow a command that goes on with the setup.
    flags: String,
}

impl Gathered {
    /// The newest run of a setup and those that it goes on from; none when the setup was never run here. `flags` has to
    /// follow a command that is to mean this setup, with a space before each part.
    pub fn newest(state: &StateFolder, setup: SetupId, flags: String) -> Result<Self, JournalError> {
        let Chain { journals, missing } = journal::chain_as_found(state, setup)?;
        Ok(Self { journals: journals.into_iter().map(shown).collect(), missing, flags })
    }

    /// What they came to; `None` when there is no run.
    pub fn review(&self) -> Option<Review> {
        let runs = self.journals.iter().filter_map(|journal| {
            let header = journal.header.as_ref()?;
            Some(SourceRun { header, records: &journal.records, torn: journal.torn })
        });
        let source =
            Source { runs: runs.collect(), missing: self.missing.clone(), flags: self.flags.clone() };
        Review::of(&source)
    }
}

/// The journal with its records as they may be shown.
fn shown(mut journal: Journal) -> Journal {
    for record in &mut journal.records {
        *record = shareable(record);
    }
    journal
}

/// Runs the command.
pub fn run(global: &Global, surroundings: &Surroundings, asked: &args::Review) -> Result<Exit, Failure> {
    let (_, review) = gather(global, surroundings, asked.run.as_deref())?;
    let review = review.only(&asked.only);
    let detail = match (asked.details, asked.only.is_empty()) {
        (true, _) => Detail::Bodies,
        (false, false) => Detail::Steps,
        (false, true) => Detail::NotWell,
    };
    let told = match asked.output {
        Form::Text => text(&review, detail),
        Form::Markdown => markdown(&review, detail),
        Form::Json => serde_json::to_string_pretty(&review).map_err(|error| {
            Failure::new(Exit::Failed, format!("error: the review has no JSON form: {error}"))
        })?,
    };
    print(&told)
}

/// Prints what a command is there for.
pub fn print(told: &str) -> Result<Exit, Failure> {
    whole(told).map(|()| Exit::Complete).map_err(|error| {
        let text = format!("error: it could not be printed in full: {error}\n  do:      print it elsewhere");
        Failure::new(Exit::State, text)
    })
}

/// The runs that are meant, and what they came to. Without `run` the newest of the setup and those that it goes on
/// from.
pub fn gather(
    global: &Global,
    surroundings: &Surroundings,
    run: Option<&str>,
) -> Result<(Gathered, Review), Failure> {
    let state = which::state(global, surroundings)?;
    let meant = which(global, surroundings, &state);
    let gathered = match run {
        None => {
            let meant = meant?;
            let gathered = Gathered::newest(&state, meant.setup, meant.flags(global))?;
            if gathered.journals.is_empty() {
                return Err(never_run(&state, &meant));
            }
            gathered
        }
        Some(wanted) => alone(global, &state, meant, wanted)?,
    };
    let review =
        gathered.review().ok_or_else(|| Failure::new(Exit::Failed, "error: no run has a first line"))?;
    Ok((gathered, review))
}

fn never_run(state: &StateFolder, meant: &Which) -> Failure {
    let name = clean(&meant.answers.name, 100);
    let text = format!(
        "error: no run of the setup {name} is on record in `{}`\n  do:      run `hubup runs --all`, which lists what is there; or begin with `hubup apply`",
        state.root().display()
    );
    Failure::new(Exit::Usage, text)
}

/// One run alone, of the setup that is meant or, found by its id, of any.
fn alone(
    global: &Global,
    state: &StateFolder,
    meant: Result<Which, Failure>,
    wanted: &str,
) -> Result<Gathered, Failure> {
    let (meant, file) = match meant {
        Ok(meant) => {
            let file = match find(state.runs(meant.setup)?, wanted) {
                Found::One(file) => Some(file),
                Found::Several(files) => return Err(several(wanted, &files)),
                Found::None if wanted == LAST => return Err(never_run(state, &meant)),
                Found::None => None,
            };
            (Some(meant), file)
        }
        Err(failure) if wanted == LAST => return Err(failure),
        // A setup file that cannot be read, or none: the id says it all.
        Err(_) => (None, None),
    };
    let file = match file {
        Some(file) => file,
        None => anywhere(state, meant.as_ref(), wanted)?,
    };
    let journal = journal::read(&file.path)?;
    let Some(header) = &journal.header else {
        let text = format!(
            "error: run {} ended before its first line was on disk: nothing was sent in it",
            file.run
        );
        return Err(Failure::new(Exit::Usage, text));
    };
    let flags = match &meant {
        Some(meant) if meant.setup == header.setup => meant.flags(global),
        _ => {
            let global = super::args::Global { sandbox: header.sandbox, config: None, ..global.clone() };
            Which::of(header.clone()).flags(&global)
        }
    };
    Ok(Gathered { journals: vec![shown(journal)], missing: None, flags })
}

/// The run that `wanted` names among those of all setups.
fn anywhere(state: &StateFolder, meant: Option<&Which>, wanted: &str) -> Result<RunFile, Failure> {
    let mut all = Vec::new();
    for setup in state.setups()? {
        all.extend(state.runs(setup)?);
    }
    all.sort_by(|one, other| one.run.cmp(&other.run));
    match find(all.clone(), wanted) {
        Found::One(file) => Ok(file),
        Found::Several(files) => Err(several(wanted, &files)),
        Found::None => {
            let own = meant.map(|meant| state.runs(meant.setup)).transpose()?.unwrap_or(all);
            let says = format!("no run is called `{}`", clean(wanted, 100));
            Err(choose(&says, &own))
        }
    }
}

enum Found {
    None,
    One(RunFile),
    Several(Vec<RunFile>),
}

/// The runs, oldest first, that `wanted` may name.
fn find(mut files: Vec<RunFile>, wanted: &str) -> Found {
    if wanted == LAST {
        // One that ended before its first line tells nothing, unless there is no other.
        let begun = |file: &RunFile| !matches!(journal::opening(&file.path), Ok(None));
        let place = files.iter().rposition(begun).or_else(|| files.len().checked_sub(1));
        return place.map_or(Found::None, |place| Found::One(files.swap_remove(place)));
    }
    if let Some(place) = files.iter().position(|file| file.run.0 == wanted) {
        return Found::One(files.swap_remove(place));
    }
    files.retain(|file| file.run.0.starts_with(wanted));
    match (files.pop(), files.is_empty()) {
        (None, _) => Found::None,
        (Some(file), true) => Found::One(file),
        (Some(last), false) => {
            files.push(last);
            Found::Several(files)
        }
    }
}

fn several(wanted: &str, files: &[RunFile]) -> Failure {
    choose(&format!("several runs begin with `{}`", clean(wanted, 100)), files)
}

fn choose(says: &str, files: &[RunFile]) -> Failure {
    let mut text = format!("error: {says}");
    if files.is_empty() {
        text.push_str("\n  do:      run `hubup runs --all`, which lists what is there");
    } else {
        text.push_str("\n  do:      name one of these, or `last`; `hubup runs` tells more of them");
    }
    for file in files.iter().rev().take(FEW_RUNS) {
        text.push_str(&format!("\n    {}", clean(&file.run.0, 100)));
    }
    Failure::new(Exit::Usage, text)
}
