//! Which setup a command means that reads journals alone, or that goes on without a setup file. Touches no Azure.

use std::path::{Path, PathBuf};

use super::args::Global;
use super::config::Config;
use super::environment::Surroundings;
use super::failure::Failure;
use super::wire::{USUAL_FILE, read_config, said_folder, state_root};
use crate::domain::{Answers, Cloud, Exit, RunHeader, SetupId};
use crate::journal::{self, JournalError, StateFolder};

/// The setup that is meant.
#[derive(Debug)]
pub struct Which {
    pub state: StateFolder,
    pub setup: SetupId,
    /// How the command line names it again.
    pub flags: String,
}

/// Finds the setup: by `--setup`, by the setup file, by the embedded example of `--sandbox`, or because it is the only one.
pub fn which(global: &Global, surroundings: &Surroundings) -> Result<Which, Failure> {
    let config = if file(global) { Some(read_config(global, surroundings)?) } else { None };
    let state = StateFolder::new(root(global, config.as_ref(), surroundings)?);
    let sandbox = if global.sandbox { " --sandbox" } else { "" };
    if let Some(name) = &global.setup {
        let header = named(&state, name, global.sandbox)?;
        return Ok(Which { state, setup: header.setup, flags: format!("{sandbox} --setup {name}") });
    }
    if let Some(config) = config {
        let answers = spoken(config.answers, global.sandbox);
        let flags = match &global.config {
            Some(path) => format!("{sandbox} --config {}", path.display()),
            None => sandbox.to_owned(),
        };
        return Ok(Which { state, setup: answers.setup_id(), flags });
    }
    let known = headers(&state, global.sandbox)?;
    let example = spoken(Config::example().answers, true).setup_id();
    if global.sandbox && known.iter().any(|header| header.setup == example) {
        return Ok(Which { state, setup: example, flags: sandbox.to_owned() });
    }
    match known.as_slice() {
        [only] => {
            let flags = format!("{sandbox} --setup {}", only.answers.name);
            Ok(Which { setup: only.setup, state, flags })
        }
        [] => Err(Failure::new(
            Exit::Usage,
            format!(
                "error: no run of any setup is on record under `{}`\n  do:      run `hubup{sandbox} apply`, or name another folder with `--state-folder PATH`",
                state.root().display()
            ),
        )),
        several => Err(Failure::new(
            Exit::Usage,
            format!(
                "error: there are {} setups on record here\n  do:      name one with `--setup NAME`: {}",
                several.len(),
                names(several)
            ),
        )),
    }
}

/// The configuration of a run that goes on by `--setup NAME`: the setup file's where it is of that name, else the answers
/// of the newest run.
pub fn resumed(global: &Global, surroundings: &Surroundings) -> Result<Config, Failure> {
    let name = global.setup.as_deref().unwrap_or_default();
    if file(global) {
        let config = read_config(global, surroundings)?;
        if config.answers.name == name {
            return Ok(config);
        }
        if global.config.is_some() {
            return Err(Failure::new(
                Exit::Usage,
                format!(
                    "error: the setup file is that of `{}`, and `--setup` names `{name}`\n  do:      give one of the two",
                    config.answers.name
                ),
            ));
        }
    }
    let root = root(global, None, surroundings)?;
    let header = named(&StateFolder::new(root), name, global.sandbox)?;
    Ok(Config { answers: header.answers, ..Config::example() })
}

/// True when there is a setup file to read: one that is named, or the usual one.
fn file(global: &Global) -> bool {
    global.config.is_some() || Path::new(USUAL_FILE).exists()
}

fn root(global: &Global, config: Option<&Config>, surroundings: &Surroundings) -> Result<PathBuf, Failure> {
    match (said_folder(global), config) {
        (Some(said), _) => Ok(said),
        (None, Some(config)) => state_root(global, config, surroundings),
        (None, None) => state_root(global, &Config::example(), surroundings),
    }
}

/// A rehearsal has a cloud of its own.
fn spoken(answers: Answers, sandbox: bool) -> Answers {
    if sandbox { Answers { cloud: Cloud::sandbox(), tenant: None, ..answers } } else { answers }
}

/// The first line of the newest run of every setup that can be read, of rehearsals or of real ones.
pub fn headers(state: &StateFolder, sandbox: bool) -> Result<Vec<RunHeader>, JournalError> {
    let mut headers = Vec::new();
    for setup in state.setups()? {
        for file in state.runs(setup)?.iter().rev() {
            // One that cannot be read is told by whoever reads it; here it only has no name.
            if let Ok(journal) = journal::read(&file.path)
                && let Some(header) = journal.header
            {
                headers.extend(Some(header).filter(|header| header.sandbox == sandbox));
                break;
            }
        }
    }
    headers.sort_by(|one, other| one.answers.name.cmp(&other.answers.name));
    Ok(headers)
}

fn named(state: &StateFolder, name: &str, sandbox: bool) -> Result<RunHeader, Failure> {
    let known = headers(state, sandbox)?;
    let mut found: Vec<&RunHeader> = known.iter().filter(|header| header.answers.name == name).collect();
    match (found.pop(), found.is_empty()) {
        (Some(header), true) => Ok(header.clone()),
        (None, _) => {
            let kind = if sandbox { "rehearsed setup" } else { "setup" };
            let there = if known.is_empty() { "none".to_owned() } else { names(&known) };
            Err(Failure::new(
                Exit::Usage,
                format!(
                    "error: no {kind} `{name}` is on record under `{}`\n  do:      name one of: {there}",
                    state.root().display()
                ),
            ))
        }
        (Some(_), false) => Err(Failure::new(
            Exit::Usage,
            format!(
                "error: several subscriptions have a setup `{name}`\n  do:      give the setup file with `--config PATH`"
            ),
        )),
    }
}

fn names(headers: &[RunHeader]) -> String {
    let names = headers.iter().map(|header| format!("{} (last run {})", header.answers.name, header.run));
    names.collect::<Vec<_>>().join(", ")
}
