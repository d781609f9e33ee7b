//! Which setup a command means that reads journals alone, or that goes on without a setup file. Touches no Azure.

use std::path::{Path, PathBuf};

use super::args::Global;
use super::config::Config;
use super::environment::Surroundings;
use super::failure::Failure;
use super::wire::{USUAL_FILE, read_config, said_folder, state_root};
use crate::domain::{Answers, Exit, RunHeader, SetupId, clean};
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
    if let Some(name) = &global.setup {
        let config = file_of(global, surroundings, name)?;
        let state = StateFolder::new(root(global, config.as_ref(), surroundings)?);
        let setup = match config {
            Some(config) => spoken(config.answers, global.sandbox).setup_id(),
            None => named(&state, name, global.sandbox)?.setup,
        };
        return Ok(Which { state, setup, flags: flags(global, Some(name)) });
    }
    let config = if file(global) { Some(read_config(global, surroundings)?) } else { None };
    let state = StateFolder::new(root(global, config.as_ref(), surroundings)?);
    if let Some(config) = config {
        let setup = spoken(config.answers, global.sandbox).setup_id();
        return Ok(Which { state, setup, flags: flags(global, None) });
    }
    let known = headers(&state, global.sandbox)?;
    let example = Config::example().answers.rehearsed().setup_id();
    if global.sandbox && known.iter().any(|header| header.setup == example) {
        return Ok(Which { state, setup: example, flags: flags(global, None) });
    }
    match known.as_slice() {
        [only] => Ok(Which { setup: only.setup, state, flags: flags(global, Some(&only.answers.name)) }),
        [] => Err(Failure::new(
            Exit::Usage,
            format!(
                "error: no run of any {} is on record under `{}`\n  do:      run `hubup{} apply`, or name another folder with `--state-folder PATH`{}",
                if global.sandbox { "rehearsed setup" } else { "setup" },
                state.root().display(),
                flags(global, None),
                others(&state, global.sandbox)?,
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

/// True when the command line or a file says which setup is meant, so that no other may be taken for it.
pub fn is_told(global: &Global) -> bool {
    global.setup.is_some() || file(global)
}

/// The state folder, where a command needs to know no setup.
pub fn state(global: &Global, surroundings: &Surroundings) -> Result<StateFolder, Failure> {
    let config = match &global.setup {
        Some(name) => file_of(global, surroundings, name)?,
        None if said_folder(global).is_none() && file(global) => Some(read_config(global, surroundings)?),
        None => None,
    };
    root(global, config.as_ref(), surroundings).map(StateFolder::new)
}

/// The setup of a run that was found by its id.
pub fn of_run(global: &Global, state: StateFolder, header: &RunHeader) -> Which {
    let global = Global { sandbox: header.sandbox, config: None, ..global.clone() };
    Which { state, setup: header.setup, flags: flags(&global, Some(&header.answers.name)) }
}

/// The configuration of a run that goes on by `--setup NAME`: the setup file's where it is of that name, else the answers
/// of the newest run.
pub fn resumed(global: &Global, surroundings: &Surroundings) -> Result<Config, Failure> {
    let name = global.setup.as_deref().unwrap_or_default();
    if let Some(config) = file_of(global, surroundings, name)? {
        return Ok(config);
    }
    let root = root(global, None, surroundings)?;
    let header = named(&StateFolder::new(root), name, global.sandbox)?;
    Ok(Config { answers: header.answers, ..Config::example() })
}

/// The setup file, where it is that of the setup `name`. One that is not, or cannot be read, matters only when it was
/// named.
fn file_of(global: &Global, surroundings: &Surroundings, name: &str) -> Result<Option<Config>, Failure> {
    if !file(global) {
        return Ok(None);
    }
    match read_config(global, surroundings) {
        Ok(config) if config.answers.name.eq_ignore_ascii_case(name) => Ok(Some(config)),
        Ok(config) if global.config.is_some() => Err(Failure::new(
            Exit::Usage,
            format!(
                "error: the setup file is that of `{}`, and `--setup` names `{name}`\n  do:      give one of the two",
                config.answers.name
            ),
        )),
        Err(failure) if global.config.is_some() => Err(failure),
        Ok(_) | Err(_) => Ok(None),
    }
}

/// What the command line needs to name a setup again: by `name`, else by its file.
pub fn flags(global: &Global, name: Option<&str>) -> String {
    let mut flags = if global.sandbox { " --sandbox".to_owned() } else { String::new() };
    match (name, &global.config) {
        (Some(name), _) => flags.push_str(&format!(" --setup {}", quoted(&clean(name, 100)))),
        (None, Some(path)) => flags.push_str(&format!(" --config {}", quoted(&path.display().to_string()))),
        (None, None) => {}
    }
    if let Some(folder) = said_folder(global) {
        flags.push_str(&format!(" --state-folder {}", quoted(&folder.display().to_string())));
    }
    flags
}

/// `text` as a shell takes it for one word.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "._-/:~\\".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { format!("\"{text}\"") }
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

fn spoken(answers: Answers, sandbox: bool) -> Answers {
    if sandbox { answers.rehearsed() } else { answers }
}

/// The first line of the newest run of every setup that can be read, of rehearsals or of real ones.
pub fn headers(state: &StateFolder, sandbox: bool) -> Result<Vec<RunHeader>, JournalError> {
    let mut headers = Vec::new();
    for setup in state.setups()? {
        for file in state.runs(setup)?.iter().rev() {
            // One that cannot be read is told by whoever reads it; here it only has no name.
            if let Ok(Some(header)) = journal::opening(&file.path) {
                headers.extend(Some(header).filter(|header| header.sandbox == sandbox));
                break;
            }
        }
    }
    headers.sort_by(|one, other| one.answers.name.cmp(&other.answers.name));
    Ok(headers)
}

/// The newest first line of the setup of that name or id. Names are compared as ids of setups are made, without case.
fn named(state: &StateFolder, name: &str, sandbox: bool) -> Result<RunHeader, Failure> {
    let known = headers(state, sandbox)?;
    let is_meant = |header: &&RunHeader| {
        header.answers.name.eq_ignore_ascii_case(name) || header.setup.to_string().eq_ignore_ascii_case(name)
    };
    let mut found: Vec<&RunHeader> = known.iter().filter(is_meant).collect();
    match (found.pop(), found.is_empty()) {
        (Some(header), true) => Ok(header.clone()),
        (None, _) => {
            let kind = if sandbox { "rehearsed setup" } else { "setup" };
            let there = if known.is_empty() { "none".to_owned() } else { names(&known) };
            Err(Failure::new(
                Exit::Usage,
                format!(
                    "error: no {kind} `{name}` is on record under `{}`\n  do:      name one of: {there}{}",
                    state.root().display(),
                    others(state, sandbox)?,
                ),
            ))
        }
        (Some(last), false) => {
            found.push(last);
            let ids: Vec<String> = found
                .iter()
                .map(|header| format!("{} in {}", header.setup, header.answers.subscription))
                .collect();
            Err(Failure::new(
                Exit::Usage,
                format!(
                    "error: several subscriptions have a setup `{name}`\n  do:      give the setup file with `--config PATH`, or one of these ids with `--setup`: {}",
                    clean(&ids.join(", "), 2_000)
                ),
            ))
        }
    }
}

/// A line on the setups of the other kind, of which the person may think.
fn others(state: &StateFolder, sandbox: bool) -> Result<String, JournalError> {
    let others = headers(state, !sandbox)?;
    Ok(match (others.is_empty(), sandbox) {
        (true, _) => String::new(),
        (false, true) => format!("\n           on Azure, without `--sandbox`: {}", names(&others)),
        (false, false) => format!("\n           in the sandbox, with `--sandbox`: {}", names(&others)),
    })
}

fn names(headers: &[RunHeader]) -> String {
    let names = headers.iter().map(|header| format!("{} (last run {})", header.answers.name, header.run));
    clean(&names.collect::<Vec<_>>().join(", "), 2_000)
}
