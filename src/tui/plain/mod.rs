//! The wizard in lines: for a screen reader, a dumb terminal, a pipe. Nothing is repainted, no escape sequence is sent.
//!
//! It is the wizard itself: state, `update`, key map and texts are those of the screen. Only here is new how a page is told
//! (`block`), what a typed line means in keys (`words`, `hear`), and when a person is asked (`rest`). `cli` calls [`run`].

mod block;
mod converse;
mod hear;
mod rest;
mod talk;
mod words;

#[cfg(test)]
pub(super) use rest::still;
#[cfg(test)]
pub(super) use words::{meant, ways};

use tokio::sync::mpsc::Receiver;

use super::app::App;
use super::drive::Driver;
use super::start::{Report, ScreenOptions, Start, TuiError};
use super::terminal::{self, Signals};
use converse::Conversation;
use talk::Talk;

/// Where lines come from and go to.
pub struct Ends {
    /// What is typed, line by line, without line breaks. Its end is taken as Ctrl+C is.
    pub typed: Receiver<String>,
    /// True for lines that nobody types just now, as from a pipe: each is kept until it is asked for, and repeated behind
    /// the prompt that it answers.
    pub piped: bool,
    /// Takes what is told; lines come with their line breaks, a prompt without one.
    pub out: Box<dyn FnMut(&str) + Send>,
}

/// Nothing is cut to a width here; this one has room for everything.
const SIZE: (u16, u16) = (200, 60);

/// Runs the wizard in lines, from its first question to its end. The engine of a run has been told to leave by then.
pub async fn run(start: Start, ends: Ends) -> Result<Report, TuiError> {
    let signals = Signals::new()?;
    let options = ScreenOptions { plain: true, still: true, ..start.options };
    let mut app = App::begin(start.ground, options, terminal::now(), terminal::zone(), SIZE);
    app.offer(start.elsewhere, start.rehearsals);
    let talk = Talk::new(ends.out, options);
    let mut conversation =
        Conversation::new(Driver::new(app, start.launcher), talk, ends.typed, ends.piped, signals);
    let ended = conversation.hold().await;
    let (driver, mut talk) = conversation.apart();
    talk.end();
    let mut report = Box::pin(driver.report(ended)).await?;
    report.summary = report.summary.lines().map(|line| talk.shown(line)).collect::<Vec<_>>().join("\n");
    Ok(report)
}
