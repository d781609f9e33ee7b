//! `hubup` without a command: gives the wizard what it needs, and prints what it leaves behind.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::task::JoinHandle;

use super::apply::Ending;
use super::args::Global;
use super::environment::Surroundings;
use super::failure::Failure;
use super::print::out;
use super::wire::{self, Start};
use crate::domain::{Answers, Exit, Fault, Field};
use crate::engine::{Manner, RunError};
use crate::journal::JournalLog;
use crate::stages::DIALECTS;
use crate::tui::{self, Banner, End, Launch, Launched, ScreenOptions, TuiError};

/// Runs the wizard.
pub async fn run(global: &Global, surroundings: Surroundings) -> Result<Ending, Failure> {
    if !surroundings.interactive {
        return Err(no_terminal());
    }
    let no_colour = surroundings.no_colour;
    let start = Arc::new(wire::start(global, surroundings).await?);
    let launcher = Arc::new(Launcher { start: start.clone(), ended: Mutex::new(None) });
    let report = tui::run(tui::Start {
        answers: start.config.answers.clone(),
        fields: fields(),
        banner: Banner { cloud: start.which_azure(), detail: String::new() },
        launcher: launcher.clone(),
        options: ScreenOptions { ascii: global.ascii, no_colour, skip_form: false },
        scale: start.scale(),
    })
    .await
    .map_err(|error| match error {
        TuiError::NoTerminal => no_terminal(),
        TuiError::Io(_) => Failure::new(Exit::Failed, format!("error: {error}")),
    })?;
    if !report.summary.is_empty() {
        out(&report.summary);
    }
    let ended = launcher.take();
    let exit =
        match ended {
            // The engine has closed its journal when this ends.
            Some(ended) => Some(ended.await.map_err(|error| {
                Failure::new(Exit::Failed, format!("error: the engine stopped: {error}"))
            })??),
            None => None,
        };
    Ok(match report.end {
        End::Signal(number) => Ending::Signal(u8::try_from(number).unwrap_or(1)),
        End::Quit => Ending::Exit(Exit::Complete),
        End::Finished(shown) | End::Left(shown) => Ending::Exit(exit.unwrap_or(shown)),
    })
}

fn no_terminal() -> Failure {
    Failure::new(
        Exit::Usage,
        "error: the wizard needs a terminal for its input and its output\n  do:      use `hubup apply --yes` where there is none",
    )
}

/// The fields of all stages under their headings. The wizard asks them before the dialect is known, so they are those
/// of the dialect that is preferred.
fn fields() -> Vec<(&'static str, Vec<Field>)> {
    let stages = DIALECTS.first().map(|dialect| dialect.stages).unwrap_or_default();
    stages
        .iter()
        .filter(|stage| !stage.fields.is_empty())
        .map(|stage| (stage.heading, stage.fields.to_vec()))
        .collect()
}

struct Launcher {
    start: Arc<Start>,
    ended: Mutex<Option<JoinHandle<Result<Exit, RunError>>>>,
}

impl Launcher {
    fn take(&self) -> Option<JoinHandle<Result<Exit, RunError>>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[async_trait]
impl Launch for Launcher {
    async fn launch(&self, answers: Answers) -> Result<Launched, Fault> {
        let connected = self.start.connect().await.map_err(as_fault)?;
        let prepared = self.start.prepare(&connected, answers, &|_, _| {}).await.map_err(as_fault)?;
        let log = Arc::new(JournalLog::default());
        let manner = Manner::default();
        let running =
            self.start.begin(&connected, &prepared, manner, Vec::new(), Some(&log)).map_err(as_fault)?;
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(running.ended);
        Ok(Launched {
            plan: prepared.plan,
            engine: running.handle,
            events: running.events,
            account: connected.account,
            why: prepared.selection.because,
            older: log,
        })
    }
}

/// A failure before the run, as the form shows it.
fn as_fault(failure: Failure) -> Fault {
    match failure.fault {
        Some(fault) => *fault,
        None => Fault::new(failure.text, "mend that, then start again").exiting(failure.exit),
    }
}
