//! `hubup review`: what the runs of a setup did, from the journals alone: no sign-in, no network, no lock.

use super::args::{Form, Global, ReviewArgs};
use super::environment::Surroundings;
use super::failure::Failure;
use super::follow::shareable;
use super::print::{trouble, whole};
use super::which::{Which, which};
use crate::domain::{Exit, Record, RunKind};
use crate::journal::{self, Journal, JournalError};
use crate::review::{Review, markdown, text};

/// Runs the command.
pub fn run(global: &Global, surroundings: &Surroundings, args: &ReviewArgs) -> Result<Exit, Failure> {
    let which = which(global, surroundings)?;
    let runs = records(&which, args.run.as_deref())?;
    let review = reviewed(&which, &runs)?;
    let go_on = go_on(&which, review.kind);
    let review = review.only(&args.only);
    let shown = match args.output {
        Form::Text => text(&review, &go_on, args.exchanges),
        Form::Markdown => markdown(&review, &go_on),
        Form::Json => serde_json::to_string_pretty(&review)
            .map_err(|error| Failure::new(Exit::State, format!("error: the review is no JSON: {error}")))?,
    };
    whole(&shown).map_err(|error| {
        let text =
            format!("error: the review could not be printed in full: {error}\n  do:      print it elsewhere");
        Failure::new(Exit::State, text)
    })?;
    Ok(Exit::Complete)
}

/// The review of these runs of `which`.
pub fn reviewed(which: &Which, runs: &[Vec<Record>]) -> Result<Review, Failure> {
    Review::of(runs.iter().map(Vec::as_slice)).ok_or_else(|| {
        let remedy = format!("`hubup{} apply` makes it", which.flags);
        Failure::new(Exit::Usage, format!("error: no run of this setup is on record\n  do:      {remedy}"))
    })
}

/// The command that continues.
pub fn go_on(which: &Which, kind: RunKind) -> String {
    match kind {
        RunKind::Setup => format!("hubup{} apply", which.flags),
        RunKind::Teardown => format!("hubup{} destroy", which.flags),
    }
}

/// The records that are asked for, fit to be shown, oldest run first: of the one run that `wanted` names, or of the newest
/// and all that it goes on from. A run that is missing in between is told, and what is there is shown.
pub fn records(which: &Which, wanted: Option<&str>) -> Result<Vec<Vec<Record>>, Failure> {
    let journals = match wanted {
        Some(wanted) => vec![one(which, wanted)?],
        None => match journal::chain(&which.state, which.setup) {
            Err(error @ JournalError::Missing { .. }) => {
                trouble(&format!("note: {error}; what is there is shown"));
                every(which)?
            }
            chain => chain?,
        },
    };
    Ok(journals.iter().map(|journal| journal.records.iter().map(shareable).collect()).collect())
}

fn one(which: &Which, wanted: &str) -> Result<Journal, Failure> {
    let runs = which.state.runs(which.setup)?;
    let matching: Vec<_> = match wanted {
        "last" => runs.last().into_iter().collect(),
        wanted => runs.iter().filter(|file| file.run.0.starts_with(wanted)).collect(),
    };
    match matching.as_slice() {
        [only] => Ok(journal::read(&only.path)?),
        found => {
            let says = if found.is_empty() { "no run" } else { "more than one run" };
            let known: Vec<&str> = runs.iter().rev().take(5).map(|file| file.run.0.as_str()).collect();
            let remedy =
                format!("`hubup{} runs` lists them all; the newest are {}", which.flags, known.join(", "));
            Err(Failure::new(
                Exit::Usage,
                format!("error: {says} begins with `{wanted}`\n  do:      {remedy}"),
            ))
        }
    }
}

fn every(which: &Which) -> Result<Vec<Journal>, JournalError> {
    which.state.runs(which.setup)?.iter().map(|file| journal::read(&file.path)).collect()
}
