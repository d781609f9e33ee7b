//! Which setup a command means: by its name, by the setup file, or because there is only one.
//!
//! It reads the state folder and the setup file and nothing of Azure. Called by the commands that tell of a setup, and by
//! those that go on with one for which there is no file.

use std::path::Path;

use super::args::Global;
use super::config;
use super::environment::Surroundings;
use super::failure::Failure;
use super::wire::{USUAL_FILE, read_config, said_folder, state_root};
use crate::domain::{Answers, Cloud, Exit, RunHeader, SetupId, clean};
use crate::journal::{self, JournalError, StateFolder};

/// The setup that is meant.
#[derive(Clone, PartialEq, Debug)]
pub struct Which {
    pub setup: SetupId,
    /// Those of the setup file; without one, those of the newest run.
    pub answers: Answers,
    /// The first line of the newest run; `None` when nothing of the setup was ever run here.
    pub header: Option<RunHeader>,
    by: By,
}

/// By what it was told from the others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum By {
    /// Its name was given, or it is the only one: a command that is to mean it again has to name it.
    Name,
    /// The setup file, or the embedded example: the same command finds it again.
    File,
}

/// A setup of the state folder.
struct Known {
    setup: SetupId,
    /// What its newest run says, or why that cannot be read.
    newest: Result<RunHeader, JournalError>,
}

impl Which {
    /// The setup that the run with that first line belongs to.
    pub fn of(header: RunHeader) -> Self {
        Self { setup: header.setup, answers: header.answers.clone(), header: Some(header), by: By::Name }
    }

    /// What has to follow `hubup COMMAND`, with a space before each part, so that it means this setup again.
    pub fn flags(&self, global: &Global) -> String {
        let mut flags = String::new();
        if global.sandbox {
            flags.push_str(" --sandbox");
        }
        match (self.by, &global.config) {
            (By::Name, _) => flags.push_str(&format!(" --setup {}", quoted(&clean(&self.answers.name, 100)))),
            (By::File, Some(path)) => flags.push_str(&format!(" --config {}", quoted_path(path))),
            (By::File, None) => {}
        }
        if let Some(folder) = said_folder(global) {
            flags.push_str(&format!(" --state-folder {}", quoted_path(&folder)));
        }
        flags
    }
}

/// The state folder, for a command that needs nothing else of a setup file. With `--setup` a file that cannot be read
/// is none.
pub fn state(global: &Global, surroundings: &Surroundings) -> Result<StateFolder, Failure> {
    if let Some(said) = said_folder(global) {
        return Ok(StateFolder::new(said));
    }
    let config = match file(global) {
        None => config::Config::example(),
        Some(_) => match read_config(global, surroundings) {
            Err(_) if global.setup.is_some() => config::Config::example(),
            read => read?,
        },
    };
    state_root(global, &config, surroundings).map(StateFolder::new)
}

/// What says which setup is meant, before its journals are read.
struct Meant {
    setup: SetupId,
    /// Those of the setup file, or of the embedded example.
    answers: Option<Answers>,
    header: Option<RunHeader>,
    by: By,
}

/// Finds out which setup is meant, and where its newest run left it.
pub fn which(global: &Global, surroundings: &Surroundings, state: &StateFolder) -> Result<Which, Failure> {
    let Meant { setup, answers, header, by } = meant(global, surroundings, state)?;
    let header = match header {
        Some(header) => Some(header),
        None => journal::newest(state, setup)?,
    };
    match answers.or_else(|| header.as_ref().map(|header| header.answers.clone())) {
        Some(answers) => Ok(Which { setup, answers, header, by }),
        None => Err(Failure::new(
            Exit::Usage,
            format!("error: no run of the setup {setup} is on record any more"),
        )),
    }
}

/// Finds out which setup is meant, also when its journals cannot be read.
pub fn which_id(
    global: &Global,
    surroundings: &Surroundings,
    state: &StateFolder,
) -> Result<SetupId, Failure> {
    meant(global, surroundings, state).map(|meant| meant.setup)
}

fn meant(global: &Global, surroundings: &Surroundings, state: &StateFolder) -> Result<Meant, Failure> {
    if let Some(name) = &global.setup {
        if global.config.is_some() {
            let text =
                "error: `--setup` and `--config` both say which setup is meant\n  do:      give one of them";
            return Err(Failure::new(Exit::Usage, text));
        }
        return by_name(global, state, name);
    }
    if file(global).is_some() {
        return Ok(filed(global, read_config(global, surroundings)?.answers));
    }
    if global.sandbox {
        let example = filed(global, config::Config::example().answers);
        if !state.runs(example.setup)?.is_empty() {
            return Ok(example);
        }
    }
    the_only_one(global, state)
}

/// As `wire::start` does: a rehearsed setup is another than the real one.
fn filed(global: &Global, mut answers: Answers) -> Meant {
    if global.sandbox {
        answers.cloud = Cloud::sandbox();
        answers.tenant = None;
    }
    Meant { setup: answers.setup_id(), answers: Some(answers), header: None, by: By::File }
}

fn named(setup: SetupId, header: Option<RunHeader>) -> Meant {
    Meant { setup, answers: None, header, by: By::Name }
}

/// True when name or file says which setup is meant, so that a guess would be wrong.
pub fn is_told(global: &Global) -> bool {
    global.setup.is_some() || file(global).is_some()
}

/// The setup file that is named or lies in the working folder.
fn file(global: &Global) -> Option<&Path> {
    let usual = Path::new(USUAL_FILE);
    global.config.as_deref().or_else(|| usual.exists().then_some(usual))
}

fn by_name(global: &Global, state: &StateFolder, name: &str) -> Result<Meant, Failure> {
    let mut found = Vec::new();
    let mut others = Vec::new();
    for known in known(state)? {
        let by_id = known.setup.to_string().eq_ignore_ascii_case(name);
        match known.newest {
            // Names are compared as the setup's id does.
            Ok(header)
                if (by_id || header.answers.name.eq_ignore_ascii_case(name)) && fits(global, &header) =>
            {
                found.push((known.setup, header));
            }
            Err(_) if by_id => return Ok(named(known.setup, None)),
            newest => others.push(Known { setup: known.setup, newest }),
        }
    }
    match (found.pop(), found.is_empty()) {
        (Some((setup, header)), true) => Ok(named(setup, Some(header))),
        (Some(last), false) => {
            found.push(last);
            let rows: Vec<String> = found
                .iter()
                .map(|(setup, header)| {
                    let subscription = clean(&header.answers.subscription, 60);
                    format!("    {setup}  in subscription {subscription}")
                })
                .collect();
            let text = format!(
                "error: {} setups are called `{}`\n  do:      give `--setup` the id of one of them:\n{}",
                found.len(),
                clean(name, 100),
                rows.join("\n")
            );
            Err(Failure::new(Exit::Usage, text))
        }
        (None, _) => {
            let says = format!(
                "no setup called `{}` is on record in `{}`",
                clean(name, 100),
                state.root().display()
            );
            Err(undecided(global, &says, "name one of these with `--setup`", &others))
        }
    }
}

fn the_only_one(global: &Global, state: &StateFolder) -> Result<Meant, Failure> {
    let known = known(state)?;
    let mut fitting = known.iter().filter_map(|known| Some((known.setup, known.newest.as_ref().ok()?)));
    let mut fitting = fitting.by_ref().filter(|(_, header)| fits(global, header));
    match (fitting.next(), fitting.next()) {
        (Some((setup, header)), None) => Ok(named(setup, Some(header.clone()))),
        (None, _) => {
            let says = format!(
                "there is no setup file `{USUAL_FILE}` here, and no setup {} is on record in `{}`",
                if global.sandbox { "of the sandbox" } else { "on Azure" },
                state.root().display()
            );
            let remedy = if known.is_empty() {
                "name a setup file with `--config PATH`, or the folder of the journals with `--state-folder PATH`"
            } else {
                "name a setup file with `--config PATH`, or one of these with `--setup`"
            };
            Err(undecided(global, &says, remedy, &known))
        }
        (Some(_), Some(_)) => {
            let says =
                format!("there is no setup file `{USUAL_FILE}` here, and several setups are on record");
            Err(undecided(global, &says, "name one of these with `--setup`", &known))
        }
    }
}

/// Says whether a setup lives in the kind of Azure that the command is for.
fn fits(global: &Global, header: &RunHeader) -> bool {
    header.sandbox == global.sandbox
}

/// Every setup that was ever run here.
fn known(state: &StateFolder) -> Result<Vec<Known>, JournalError> {
    let mut all = Vec::new();
    for setup in state.setups()? {
        match journal::newest(state, setup) {
            Ok(None) => {}
            Ok(Some(header)) => all.push(Known { setup, newest: Ok(header) }),
            Err(error) => all.push(Known { setup, newest: Err(error) }),
        }
    }
    Ok(all)
}

/// The setups that there are, for a person who has to choose.
fn undecided(global: &Global, says: &str, remedy: &str, known: &[Known]) -> Failure {
    let mut text = format!("error: {says}");
    if !known.is_empty() || !remedy.ends_with("`--setup`") {
        text.push_str(&format!("\n  do:      {remedy}"));
    }
    for known in known {
        match &known.newest {
            Ok(header) => {
                let place = match (header.sandbox, global.sandbox) {
                    (true, false) => "  (add `--sandbox`)",
                    (false, true) => "  (on Azure: leave `--sandbox` out)",
                    _ => "",
                };
                let name = clean(&header.answers.name, 100);
                text.push_str(&format!("\n    {name:<24}  last run {}{place}", clean(&header.run.0, 60)));
            }
            Err(error) => text.push_str(&format!("\n    {}  {error}", known.setup)),
        }
    }
    Failure::new(Exit::Usage, text)
}

/// `text` as a shell takes it for one word.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:~\\".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { format!("\"{text}\"") }
}

fn quoted_path(path: &Path) -> String {
    quoted(&path.display().to_string())
}
