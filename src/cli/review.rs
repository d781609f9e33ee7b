//! `hubup review`: what the runs of a setup did, from the journals alone: no sign-in, no network, no lock.

use super::args::{Form, Global, ReviewArgs};
use super::environment::Surroundings;
use super::failure::Failure;
use super::follow::shareable;
use super::print::in_full;
use super::which::{self, Which, which};
use crate::domain::{Exit, Record, RunKind, clean};
use crate::journal::{self, Chain, Journal, RunFile};
use crate::review::{Review, markdown, text};

/// The word for the newest run.
const LAST: &str = "last";

/// The runs that a command tells of.
pub struct Told {
    pub which: Which,
    /// Their records, fit to be shown, oldest run first.
    pub runs: Vec<Vec<Record>>,
    pub review: Review,
}

/// Runs the command.
pub fn run(global: &Global, surroundings: &Surroundings, args: &ReviewArgs) -> Result<Exit, Failure> {
    let Told { which, review, .. } = told(global, surroundings, args.run.as_deref())?;
    let go_on = go_on(&which, review.kind);
    let review = review.only(&args.only);
    let shown = match args.output {
        Form::Text => text(&review, &go_on, args.exchanges),
        Form::Markdown => markdown(&review, &go_on),
        Form::Json => serde_json::to_string_pretty(&review)
            .map_err(|error| Failure::new(Exit::State, format!("error: the review is no JSON: {error}")))?,
    };
    in_full("the review", &shown)?;
    Ok(Exit::Complete)
}

/// The command that continues.
pub fn go_on(which: &Which, kind: RunKind) -> String {
    match kind {
        RunKind::Setup => format!("hubup{} apply", which.flags),
        RunKind::Teardown => format!("hubup{} destroy", which.flags),
    }
}

/// The runs that are asked for: the one that `wanted` names, or the newest and all that it goes on from. Where one of
/// those is gone the review says so, and what is there is told.
pub fn told(global: &Global, surroundings: &Surroundings, wanted: Option<&str>) -> Result<Told, Failure> {
    let meant = which(global, surroundings);
    match wanted {
        None => newest(meant?),
        Some(wanted) => {
            let (which, journal) = one(global, surroundings, meant, wanted)?;
            tell(which, Chain { journals: vec![journal], missing: None })
        }
    }
}

/// The newest run of a setup and all that it goes on from.
pub fn newest(which: Which) -> Result<Told, Failure> {
    let chain = journal::chain_as_found(&which.state, which.setup)?;
    tell(which, chain)
}

fn tell(which: Which, chain: Chain) -> Result<Told, Failure> {
    let runs: Vec<Vec<Record>> =
        chain.journals.iter().map(|journal| journal.records.iter().map(shareable).collect()).collect();
    let Some(review) = Review::of(runs.iter().map(Vec::as_slice)) else {
        let remedy = format!("`hubup{} apply` makes it", which.flags);
        return Err(Failure::new(
            Exit::Usage,
            format!("error: no run of this setup is on record\n  do:      {remedy}"),
        ));
    };
    Ok(Told { which, runs, review: review.without(chain.missing) })
}

/// The run that `wanted` names: of the setup that is meant, else of any, since ids of runs never occur twice.
fn one(
    global: &Global,
    surroundings: &Surroundings,
    meant: Result<Which, Failure>,
    wanted: &str,
) -> Result<(Which, Journal), Failure> {
    let own = match &meant {
        Ok(which) => which.state.runs(which.setup)?,
        Err(_) => Vec::new(),
    };
    if let Some(file) = found(&own, wanted)? {
        let journal = begun(&file)?;
        return Ok((meant?, journal));
    }
    let state = match (meant, wanted) {
        (Err(failure), LAST) => return Err(failure),
        (Ok(which), _) => which.state,
        (Err(_), _) => which::state(global, surroundings)?,
    };
    let mut all = Vec::new();
    if wanted != LAST {
        for setup in state.setups()? {
            all.extend(state.runs(setup)?);
        }
        all.sort_by(|one, other| one.run.cmp(&other.run));
    }
    let Some(file) = found(&all, wanted)? else {
        return Err(choose("no run", wanted, if own.is_empty() { &all } else { &own }));
    };
    let journal = begun(&file)?;
    let which = journal.header.as_ref().map(|header| which::of_run(global, state, header));
    which.map(|which| (which, journal)).ok_or_else(|| nothing_sent(&file))
}

/// The one of `files`, oldest first, that `wanted` names.
fn found(files: &[RunFile], wanted: &str) -> Result<Option<RunFile>, Failure> {
    if wanted == LAST {
        // One that ended before its first line tells nothing, unless there is no other.
        let tells = |file: &&RunFile| !matches!(journal::opening(&file.path), Ok(None));
        return Ok(files.iter().rev().find(tells).or(files.last()).cloned());
    }
    if let Some(file) = files.iter().find(|file| file.run.0 == wanted) {
        return Ok(Some(file.clone()));
    }
    let matching: Vec<RunFile> =
        files.iter().filter(|file| file.run.0.starts_with(wanted)).cloned().collect();
    match matching.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(only.clone())),
        several => Err(choose("more than one run", wanted, several)),
    }
}

fn begun(file: &RunFile) -> Result<Journal, Failure> {
    let journal = journal::read(&file.path)?;
    if journal.is_empty() { Err(nothing_sent(file)) } else { Ok(journal) }
}

fn nothing_sent(file: &RunFile) -> Failure {
    let says =
        format!("error: the run {} ended before its first line was on disk: nothing was sent", file.run);
    Failure::new(Exit::Usage, format!("{says}\n  do:      look at another one of `hubup runs`"))
}

fn choose(says: &str, wanted: &str, files: &[RunFile]) -> Failure {
    let known: Vec<&str> = files.iter().rev().take(5).map(|file| file.run.0.as_str()).collect();
    let newest = if known.is_empty() {
        String::new()
    } else {
        format!("; the newest are {}", clean(&known.join(", "), 1_000))
    };
    let wanted = clean(wanted, 100);
    let text =
        format!("error: {says} begins with `{wanted}`\n  do:      `hubup runs --all` lists them all{newest}");
    Failure::new(Exit::Usage, text)
}
