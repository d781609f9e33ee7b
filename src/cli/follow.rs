//! Follows a run on the command line: prints its records, shows its questions, passes on answers and signals.
//!
//! It decides nothing and knows no stage. `apply` and `destroy` run it, and tell what came of it.

use std::io::BufRead;

use tokio::sync::mpsc;

use super::args::Output;
use super::environment::Surroundings;
use super::failure::Failure;
use super::print::{out, trouble};
use super::signals::{Signal, Signals};
use super::wire::{Connected, Prepared, Start};
use crate::azure::redact;
use crate::domain::{Exit, Level, Progress, Question, Record, RunEvent, Wait, line};
use crate::engine::{Command, Handle, Manner};

/// How a command ended: by itself, or by a signal.
pub enum Ending {
    Exit(Exit),
    Signal(u8),
}

/// A run that was agreed to.
pub struct Errand<'a> {
    pub connected: &'a Connected,
    pub prepared: &'a Prepared,
    /// Where earlier runs left the setup.
    pub earlier: Progress,
    pub manner: Manner,
    pub orders: Vec<Command>,
    pub output: Output,
}

/// Without a terminal, or where only records may be printed, nobody can be asked and only `--yes` can agree; `nobody` says
/// what there is no terminal for.
pub fn can_ask(
    surroundings: &Surroundings,
    output: Output,
    nobody: &str,
    remedy: &str,
) -> Result<(), Failure> {
    let why = match (surroundings.interactive, output) {
        (true, Output::Text) => return Ok(()),
        (true, Output::Json) => "`--output json` prints records and no questions",
        (false, _) => nobody,
    };
    Err(Failure::new(Exit::Usage, format!("error: {why}\n  do:      {remedy}")))
}

/// Runs `errand` and follows it; `report` tells a person what came of it.
pub async fn carry_out(
    start: Start,
    errand: Errand<'_>,
    report: impl FnOnce(&Progress),
) -> Result<Ending, Failure> {
    let Errand { connected, prepared, earlier, manner, orders, output } = errand;
    let asks = !manner.yes;
    let mut signals =
        Signals::listen().map_err(|error| Failure::new(Exit::Failed, format!("error: {error}")))?;
    let running = start.begin(connected, prepared, manner, orders, None)?;
    let mut follow = Follow::new(earlier, output, running.handle.clone(), asks);
    let signal = match follow.run(running.events, &mut signals).await {
        Followed::ToItsEnd(signal) => signal,
        // What is under way is not waited for: every change of it is in the journal already.
        Followed::ThrownOff(signal) => return Ok(Ending::Signal(signal.number())),
    };
    let ended = running.ended.await;
    // Also after a journal that broke: then this is all that tells what was done.
    if output == Output::Text {
        report(&follow.progress);
    }
    let exit = ended
        .map_err(|error| Failure::new(Exit::Failed, format!("error: the engine stopped: {error}")))??;
    if let Some(sandbox) = start.sandbox {
        sandbox.shutdown().await;
    }
    Ok(match signal {
        Some(signal) => Ending::Signal(signal.number()),
        None => Ending::Exit(exit),
    })
}

/// Prints events as they come, passes on answers and signals.
struct Follow {
    /// The run so far.
    progress: Progress,
    output: Output,
    handle: Handle,
    /// A person is there to answer.
    asks: bool,
    /// Number of the question that was shown last: what is typed answers this one and no other.
    shown: Option<u64>,
    answers: Option<mpsc::Receiver<String>>,
}

impl Follow {
    /// Follows the run that takes orders through `handle` and goes on from `progress`; `asks` when a person is there to
    /// answer.
    fn new(progress: Progress, output: Output, handle: Handle, asks: bool) -> Self {
        Self { progress, output, handle, asks, shown: None, answers: None }
    }

    /// Follows `events` to their end, or until a second signal.
    async fn run(&mut self, mut events: mpsc::UnboundedReceiver<Record>, signals: &mut Signals) -> Followed {
        let mut signalled = None;
        loop {
            tokio::select! {
                record = events.recv() => match record {
                    Some(record) => self.tell(&record),
                    None => return Followed::ToItsEnd(signalled),
                },
                signal = signals.next() => {
                    if signalled.is_some() {
                        // The second one does not wait: what Azure accepted is in the journal.
                        return Followed::ThrownOff(signal);
                    }
                    signalled = Some(signal);
                    trouble("leaving: nothing new is sent; what Azure accepted goes on there (again to leave at once)");
                    self.handle.send(Command::Leave);
                }
                typed = next(&mut self.answers) => match typed {
                    Some(typed) => self.answer(&typed),
                    // The terminal takes no more lines, so nobody can answer.
                    None => {
                        self.answers = None;
                        self.asks = false;
                        self.handle.send(Command::Leave);
                    }
                },
            }
        }
    }

    fn tell(&mut self, record: &Record) {
        self.progress.apply(record);
        match self.output {
            Output::Json => {
                if let Ok(text) = serde_json::to_string(&shareable(record)) {
                    out(&text);
                }
            }
            Output::Text => {
                if let Some(line) = line(record).filter(|line| line.level != Level::Detail) {
                    let time = line.at.strftime("%H:%M:%S");
                    let call = line.call.map(|call| format!("  {}", call.short())).unwrap_or_default();
                    out(&format!("{time}  {:<34}  {}{call}", line.step, line.text));
                }
                self.ask();
            }
        }
    }

    /// Shows the oldest question, one at a time.
    fn ask(&mut self) {
        let Some(question) = self.progress.questions.first() else { return };
        if self.shown.is_some_and(|number| self.waits(number).is_some()) {
            return;
        }
        self.shown = Some(question.number);
        out(&format!("    {}: {}", question.step, question.ask.question));
        for difference in &question.ask.differs {
            out(&format!("    differs: {difference}"));
        }
        for (number, (key, label)) in question.ask.choices.iter().enumerate() {
            out(&format!("    {} {label} ({key})", number + 1));
        }
        match &mut self.answers {
            // What was typed before the question stood there was not meant for it.
            Some(answers) => while answers.try_recv().is_ok() {},
            None if self.asks => self.answers = Some(typed_lines()),
            None => {}
        }
    }

    /// The question `number`, while it waits.
    fn waits(&self, number: u64) -> Option<&Question> {
        self.progress.questions.iter().find(|question| question.number == number)
    }

    fn answer(&mut self, typed: &str) {
        let Some(question) = self.shown.and_then(|number| self.waits(number)) else { return };
        let typed = typed.trim();
        let by_number = typed.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let choice = by_number
            .and_then(|index| question.ask.choices.get(index))
            .or_else(|| question.ask.choices.iter().find(|(key, _)| key == typed));
        match choice {
            Some((key, _)) => {
                self.handle.send(Command::Answer { number: question.number, choice: key.clone() });
            }
            None => trouble("type the number of a choice"),
        }
    }
}

/// How following a run ended.
enum Followed {
    /// With the run, after that signal if one came.
    ToItsEnd(Option<Signal>),
    /// By a second signal, with the run still going.
    ThrownOff(Signal),
}

async fn next(answers: &mut Option<mpsc::Receiver<String>>) -> Option<String> {
    match answers {
        Some(answers) => answers.recv().await,
        None => std::future::pending().await,
    }
}

/// So many lines are read before they are wanted.
const AHEAD: usize = 64;
/// Of a longer line the rest is dropped: nothing that is asked for has so many bytes.
const LONGEST: usize = 16 * 1024;

/// Lines typed on standard input, read by a thread of its own: a read of a terminal cannot be cancelled.
pub fn typed_lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        while let Some(line) = typed_line(&mut input) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// The next line without its end; `None` when there is none any more.
fn typed_line(input: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    let mut any = false;
    loop {
        let read = match input.fill_buf() {
            Ok([]) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        any = true;
        let end = read.iter().position(|byte| *byte == b'\n');
        let part = read.get(..end.unwrap_or(read.len())).unwrap_or_default();
        line.extend(part.iter().take(LONGEST.saturating_sub(line.len())));
        let used = end.map_or(read.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() {
            break;
        }
    }
    any.then(|| String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned())
}

/// The record as it may leave the journal: a status URL is signed, so neither what was accepted nor the looks at it tell
/// its signature.
pub fn shareable(record: &Record) -> Record {
    let mut record = record.clone();
    match &mut record.event {
        RunEvent::OperationAccepted {
            wait: Wait::AsyncOperation { poll } | Wait::Location { poll }, ..
        } => *poll = redact::text(poll.split('?').next().unwrap_or_default()),
        RunEvent::CallStarted(call) => call.shown.url = redact::url(&call.shown.url),
        _ => {}
    }
    record
}
