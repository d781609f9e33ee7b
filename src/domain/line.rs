//! The only text form of an event: the log pane, the plain mode and the review all print it.

use std::ops::Range;

use jiff::Timestamp;

use super::event::{Record, RunEvent, Wait};
use super::ids::{CallId, RunId, StepId};
use super::step::Outcome;

/// How much a line matters; a screen may colour it, the words say it anyway.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// A look that was begun: only of interest until its reply stands.
    Detail,
    Info,
    Good,
    Warning,
    Bad,
}

/// One line of the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    pub at: Timestamp,
    pub level: Level,
    /// Id of the step, empty for lines about the run.
    pub step: String,
    pub text: String,
    /// The call it tells of: the line of a finished call takes the place of the line that began it.
    pub call: Option<CallId>,
}

/// Where older lines come from when the screen no longer holds them.
pub trait LogSource: Send + Sync {
    /// How many lines there are.
    fn len(&self) -> usize;
    /// The lines of `range`, fewer when there are not so many.
    fn lines(&self, range: Range<usize>) -> Vec<Line>;
    /// True when there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The records of a call, and its place among the calls of its step; `None` when it is not on record.
    fn exchange(&self, call: CallId) -> Option<Exchanged>;
}

/// What is on record of one call.
#[derive(Clone, PartialEq, Debug)]
pub struct Exchanged {
    pub run: RunId,
    /// The record that the call was begun.
    pub begun: Record,
    /// The record of its reply, once there is one.
    pub ended: Option<Record>,
    /// The calls of the same step before and after it.
    pub before: Option<CallId>,
    pub after: Option<CallId>,
    /// Counts the calls of the step from 1.
    pub place: usize,
    pub count: usize,
}

/// The line of an event; `None` for events that are not told.
pub fn line(record: &Record) -> Option<Line> {
    let (level, text, call) = match &record.event {
        RunEvent::RunStarted(header) => (
            Level::Info,
            format!(
                "run {} of setup {}, dialect {}, profile {}: {}",
                header.run, header.answers.name, header.dialect, header.profile, header.chosen_because
            ),
            None,
        ),
        RunEvent::StepQueued { .. } | RunEvent::Unknown => return None,
        RunEvent::StepStarted { look: true, .. } => (Level::Info, "looked for".to_owned(), None),
        RunEvent::StepStarted { .. } => (Level::Info, "started".to_owned(), None),
        RunEvent::CallStarted(call) => {
            let level = if call.shown.method.is_read() { Level::Detail } else { Level::Info };
            let again = if call.retry_of.is_some() { "  again" } else { "" };
            (level, format!("{:<4} {}{again}", call.shown.method, target(&call.shown.url)), Some(call.call))
        }
        RunEvent::CallFinished(reply) => {
            let mut text = format!("{:<4} {:<40}", reply.method, reply.target);
            match reply.status {
                Some(status) => text.push_str(&format!("  {status}  {} ms", reply.millis)),
                None => text.push_str(&format!("  no reply  {} ms", reply.millis)),
            }
            if let Some(state) = &reply.state {
                text.push_str(&format!("  {state}"));
            }
            let mut level = Level::Info;
            if reply.error.is_some() {
                // A look that finds nothing is an answer, not a mishap.
                let absent = reply.status == Some(404) && reply.method.is_read();
                level = if absent { Level::Info } else { Level::Warning };
                for part in [&reply.code, &reply.message].into_iter().flatten() {
                    text.push_str("  ");
                    text.push_str(&clean(part, 300).replace('\n', " "));
                }
            }
            (level, text, Some(reply.call))
        }
        RunEvent::OperationAccepted { wait, .. } => {
            let by = match wait {
                Wait::AsyncOperation { .. } => "its operation",
                Wait::Location { .. } => "its location",
            };
            (Level::Info, format!("accepted; Azure works, following {by}"), None)
        }
        RunEvent::OperationEnded { state, .. } => {
            (Level::Info, format!("the operation ended: {}", clean(state, 40)), None)
        }
        RunEvent::StepWaiting { why, millis, bound, .. } => (
            Level::Info,
            format!("{why}; next look in {}, at most {} in all", brief(*millis), brief(*bound)),
            None,
        ),
        RunEvent::Asked(question) => (Level::Warning, format!("asks: {}", question.ask.question), None),
        RunEvent::Answered(choice) => (Level::Info, format!("answered: {}", choice.choice), None),
        RunEvent::RedoStarted { steps, why, .. } => {
            let steps: Vec<_> = steps.iter().map(StepId::as_str).collect();
            (Level::Warning, format!("runs {} again: {why}", steps.join(", ")), None)
        }
        RunEvent::StepFinished { outcome, note, fault, .. } => {
            let level = match outcome {
                Outcome::Done | Outcome::AlreadyThere => Level::Good,
                Outcome::Warned | Outcome::Skipped | Outcome::Cancelled => Level::Warning,
                Outcome::Blocked | Outcome::Failed => Level::Bad,
            };
            let mut text = outcome.word().to_owned();
            if let Some(note) = note {
                text.push_str(&format!(": {note}"));
            }
            if let Some(fault) = fault {
                let code = fault.code.as_ref().map(|code| format!("{code}: ")).unwrap_or_default();
                text.push_str(&format!(": {code}{}", clean(&fault.says, 500).replace('\n', " ")));
            }
            (level, text, None)
        }
        RunEvent::UseChosen { id, .. } => (Level::Info, format!("to use {id}"), None),
        RunEvent::StepReset { why, .. } => (Level::Info, why.clone(), None),
        RunEvent::Noted { text, .. } => (Level::Info, text.clone(), None),
        RunEvent::RunFinished { exit } => {
            (Level::Info, format!("run ended with exit code {}", exit.code()), None)
        }
    };
    let step = record.event.step().map(ToString::to_string).unwrap_or_default();
    Some(Line { at: record.at, level, step, text, call })
}

/// The short form of a URL: what follows the provider's name, else the last two segments. No query, no host.
pub fn target(url: &str) -> String {
    let path = url.split('?').next().unwrap_or_default();
    let path = path.split_once("://").map_or(path, |(_, rest)| rest.split_once('/').map_or("", |(_, p)| p));
    let short = match path.rfind("/providers/") {
        Some(at) => {
            let rest = &path[at + "/providers/".len()..];
            match rest.split_once('/') {
                // Which provider it is stands in the way alone.
                Some((_, "register")) | None => rest,
                Some((_, inner)) => inner,
            }
        }
        None => {
            let mut slashes = path.rmatch_indices('/').map(|(at, _)| at);
            slashes.next();
            slashes.next().map_or(path, |at| &path[at + 1..])
        }
    };
    clean(short, 72)
}

/// A span as a person says it: `800 ms`, `12 s`, `5 min`.
pub fn brief(millis: u64) -> String {
    match millis {
        0..=999 => format!("{millis} ms"),
        1_000..=119_999 => {
            let tenths = millis.saturating_add(50) / 100;
            if tenths.is_multiple_of(10) || tenths >= 100 {
                format!("{} s", millis.saturating_add(500) / 1_000)
            } else {
                format!("{}.{} s", tenths / 10, tenths % 10)
            }
        }
        _ => format!("{} min", millis.saturating_add(30_000) / 60_000),
    }
}

/// Text from a service, safe for a terminal: control and bidirectional bytes out, cut after `longest` characters.
pub fn clean(text: &str, longest: usize) -> String {
    let mut cleaned = String::new();
    for (index, c) in text.chars().enumerate() {
        if index >= longest {
            cleaned.push('…');
            break;
        }
        match c {
            '\n' => cleaned.push('\n'),
            '\t' | '\r' => cleaned.push(' '),
            c if c.is_control() => {}
            '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' => {}
            c => cleaned.push(c),
        }
    }
    cleaned
}
