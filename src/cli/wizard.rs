//! `hubup` without a command: gives the wizard what it needs, and prints what it leaves behind.

mod before;
mod launcher;
mod signing;
mod standing;

use std::sync::Arc;

use super::args::Global;
use super::environment::Surroundings;
use super::failure::Failure;
use super::follow::{Ending, typed_lines};
use super::print::{out, piece, trouble};
use crate::domain::{Exit, Fault, clean};
use crate::sandbox;
use crate::tui::{self, Depth, End, Place, Rehearsal, ScreenOptions, THEMES, Theme, TuiError};
use launcher::{Launcher, stopped};

/// Runs the wizard.
pub async fn run(global: &Global, mut surroundings: Surroundings) -> Result<Ending, Failure> {
    if !global.plain && (!surroundings.interactive || surroundings.dumb) {
        return Err(no_terminal());
    }
    let piped = !surroundings.typed;
    // What cannot be started is told in the same way.
    surroundings.colour_errors &= !global.plain;
    let options = ScreenOptions {
        ascii: global.ascii,
        no_colour: surroundings.no_colour,
        still: global.no_motion,
        bell: global.bell,
        plain: global.plain,
        theme: theme(global.theme.as_deref(), surroundings.true_colour)?,
    };
    let (launcher, ground) = Launcher::begin(global, surroundings).await?;
    let launcher = Arc::new(launcher);
    let start = tui::Start {
        ground,
        elsewhere: vec![Place::Azure, Place::Sandbox],
        rehearsals: rehearsals(),
        launcher: launcher.clone(),
        options,
    };
    let report = if global.plain {
        let ends = tui::Ends { typed: typed_lines(), piped, out: Box::new(piece) };
        Box::pin(tui::run_plain(start, ends)).await
    } else {
        Box::pin(tui::run(start)).await
    };
    let report = report.map_err(|error| match error {
        TuiError::NoTerminal => no_terminal(),
        TuiError::Io(_) => Failure::new(Exit::Failed, format!("error: {error}")),
    })?;
    if !report.summary.is_empty() {
        out(&report.summary);
    }
    // The engine has closed its journal when this ends.
    let ended = match launcher.engine() {
        Some(engine) => Some(engine.await.unwrap_or_else(|error| Err(stopped(&error)))),
        None => None,
    };
    if let (End::Signal(number), Some(Err(failure))) = (report.end, &ended) {
        trouble(&failure.text);
        return Ok(Ending::Signal(u8::try_from(number).unwrap_or(1)));
    }
    let ended = ended.transpose()?;
    Ok(match report.end {
        End::Signal(number) => Ending::Signal(u8::try_from(number).unwrap_or(1)),
        // Whoever leaves after a start that failed has it in the terminal, with its exit code.
        End::Quit => match launcher.failed() {
            Some(failure) => return Err(failure),
            None => Ending::Exit(Exit::Complete),
        },
        End::Finished(shown) | End::Left(shown) => Ending::Exit(ended.unwrap_or(shown)),
    })
}

fn no_terminal() -> Failure {
    Failure::new(
        Exit::Usage,
        "error: the wizard needs a terminal for its input and its output, one that is not `TERM=dumb`\n  do:      use `hubup --plain`, which works with any terminal and with pipes; or `hubup apply --yes`, which asks nothing",
    )
}

/// The theme that is asked for: a shipped one by its name, else a file.
fn theme(said: Option<&str>, true_colour: bool) -> Result<Theme, Failure> {
    let depth = if true_colour { Depth::True } else { Depth::Sixteen };
    let Some(said) = said.filter(|said| !said.is_empty()) else { return Ok(Theme::default()) };
    let shipped = THEMES.iter().find(|(name, _)| *name == said).map(|(_, text)| (*text).to_owned());
    let names = THEMES.map(|(name, _)| name).join(", ");
    let refused = |why: &str| {
        let text = format!(
            "error: the theme `{said}` cannot be used: {why}\n  do:      name one of: {names}; or a TOML file such as those in assets/themes"
        );
        Failure::new(Exit::Usage, clean(&text, 1_000))
    };
    let text = match shipped {
        Some(text) => text,
        None => std::fs::read_to_string(said).map_err(|error| refused(&error.to_string()))?,
    };
    Theme::from_toml(&text, depth).map_err(|why| refused(&why))
}

/// What can be practised; the script that takes faults back is none of it.
fn rehearsals() -> Vec<Rehearsal> {
    let shipped = sandbox::builtin_faults().iter().filter(|(name, _, _)| *name != standing::NO_FAULTS);
    shipped
        .map(|(name, about, _)| Rehearsal { name: (*name).to_owned(), about: (*about).to_owned() })
        .collect()
}

/// A failure as the screen shows it.
fn as_fault(failure: &Failure) -> Fault {
    if let Some(fault) = &failure.fault {
        return (**fault).clone();
    }
    let text = failure.text.strip_prefix("error: ").unwrap_or(&failure.text);
    let (says, remedy) = text.split_once("\n  do:").unwrap_or((text, "mend that, then start again"));
    Fault::new(says, remedy.trim()).exiting(failure.exit)
}
