//! Small words of the review, the same in every form: spans, times, how a run ended.

use jiff::Timestamp;

use super::model::{Exchange, Review, RunReview, StepReview};
use crate::domain::{Exit, Purpose, RunKind, Who, brief, clean};

/// No text from outside is told beyond this many characters in one piece.
const LONGEST: usize = 4_000;

/// Text from outside as one line that is safe to show.
pub(super) fn safe(text: &str) -> String {
    clean(text, LONGEST).replace('\n', " ")
}

/// To milliseconds.
pub(super) fn rounded(seconds: f64) -> f64 {
    (seconds * 1_000.0).round() / 1_000.0
}

/// A span as `mm:ss`, with hours where there are some.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float saturates")]
pub fn span(seconds: f64) -> String {
    let seconds = seconds.max(0.0) as u64;
    let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{rest:02}") } else { format!("{minutes:02}:{rest:02}") }
}

/// The date and time of day, UTC.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The time of day, UTC.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// How a run ended: a word and the exit code.
pub fn ended(exit: Option<Exit>) -> String {
    let word = match exit {
        None => return "ended without a last word: it was killed or still runs".to_owned(),
        Some(Exit::Complete) => "complete",
        Some(Exit::Failed) => "failed",
        Some(Exit::Usage) => "stopped",
        Some(Exit::SignIn) => "no sign-in",
        Some(Exit::NotPermitted) => "not permitted",
        Some(Exit::Left) => "left",
        Some(Exit::State) => "state not kept",
        Some(Exit::NotReached) => "Azure not reached",
    };
    format!("{word}, exit code {}", exit.map_or(0, Exit::code))
}

pub(super) fn kind(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Setup => "setup",
        RunKind::Teardown => "teardown",
    }
}

pub(super) fn who(who: Who) -> &'static str {
    match who {
        Who::Person => "you",
        Who::Yes => "`--yes`",
        Who::Flag => "a flag",
    }
}

pub(super) fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Look => "to look",
        Purpose::Key => "for a key",
        Purpose::Change => "to change",
        Purpose::Prove => "to prove",
    }
}

/// What is told of a run beside its times.
pub(super) fn run_facts(run: &RunReview) -> Vec<String> {
    let mut facts = vec![ended(run.exit)];
    if run.torn {
        facts.push("its last line is not whole and left out".to_owned());
    }
    if run.unknown_events > 0 {
        let are = if run.unknown_events == 1 { "event is" } else { "events are" };
        facts.push(format!("{} {are} of a newer hubup and not told", run.unknown_events));
    }
    if let Some(continues) = &run.continues {
        facts.push(format!("goes on from {}", safe(&continues.0)));
    }
    facts
}

/// The numbers, without those that are zero.
pub(super) fn counted(review: &Review) -> String {
    let counts = review.counts;
    let mut parts = vec![format!("{} of {} done", counts.done, counts.all)];
    for (count, word) in [
        (counts.running, "under way"),
        (counts.skipped, "skipped"),
        (counts.failed, "failed"),
        (counts.blocked, "blocked"),
        (counts.left, "left"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    parts.join(" · ")
}

/// The details of a step as labels and texts, without its exchanges.
pub(super) fn details(step: &StepReview) -> Vec<(&'static str, String)> {
    let mut items: Vec<(&'static str, String)> = Vec::new();
    if let Some(fault) = &step.fault {
        let code = match (&fault.code, fault.status) {
            (Some(code), _) => format!("{} · ", safe(code)),
            (None, Some(status)) => format!("{status} · "),
            (None, None) => String::new(),
        };
        let who = if fault.code.is_some() || fault.status.is_some() { "Azure says" } else { "What" };
        items.push((who, format!("{code}{}", safe(&fault.says))));
        if let Some(means) = &fault.means {
            items.push(("Means", safe(means)));
        }
        if let Some(checked) = &fault.checked {
            items.push(("Checked", safe(checked)));
        }
        if let Some(note) = &step.note {
            items.push(("Note", safe(note)));
        }
    } else if let Some(reason) = &step.reason {
        items.push(("Why", safe(reason)));
    }
    if step.in_azures_hands && step.outcome.is_some() {
        items.push(("Azure", "accepted it; its end is not on record".to_owned()));
    }
    if let Some(remedy) = &step.remedy {
        items.push(("Do", safe(remedy)));
    }
    if let Some(started) = step.started {
        let until = step
            .ended
            .map_or("its end is not on record".to_owned(), |ended| format!("until {}", moment(ended)));
        items.push(("When", format!("{}, {until}", moment(started))));
    }
    if step.tries.len() > 1 {
        items.extend(step.tries.iter().map(|tried| {
            let mut text = match (tried.started, tried.look) {
                (Some(at), true) => format!("looked for {}", moment(at)),
                (Some(at), false) => format!("started {}", moment(at)),
                (None, _) => "not started".to_owned(),
            };
            if let Some(why) = &tried.again_because {
                text.push_str(&format!(" ({})", safe(why)));
            }
            text.push_str(&match (tried.outcome, tried.ended) {
                (Some(outcome), _) => format!(": {}", outcome.word()),
                (None, Some(_)) => ": taken back".to_owned(),
                (None, None) => ": its end is not on record".to_owned(),
            });
            for part in [&tried.code, &tried.reason].into_iter().flatten() {
                text.push_str(&format!(", {}", safe(part)));
            }
            ("Tried", text)
        }));
    }
    for asked in &step.questions {
        items.push(("Asked", safe(&asked.question)));
        items.extend(asked.differs.iter().map(|differs| ("Differs", safe(differs))));
        let answer = match (&asked.choice, asked.by) {
            (Some(choice), Some(by)) => {
                let label = asked.choices.iter().find(|(key, _)| key == choice).map(|(_, label)| label);
                let label = label.map(|label| format!(" ({})", safe(label))).unwrap_or_default();
                format!("{}{label}, by {}", safe(choice), who(by))
            }
            _ => "nobody".to_owned(),
        };
        items.push(("Answered", answer));
    }
    for redo in &step.redos {
        let steps: Vec<&str> = redo.steps.iter().map(crate::domain::StepId::as_str).collect();
        items.push(("Ran again", format!("{}: {}", safe(&steps.join(", ")), safe(&redo.why))));
    }
    for waited in &step.waits {
        let times = if waited.times == 1 { "once".to_owned() } else { format!("{} times", waited.times) };
        items.push(("Waited", format!("{}: {times}, {}", safe(&waited.why), span_of(waited.seconds))));
    }
    for operation in &step.operations {
        let end = operation.state.as_ref().map_or("its end is not on record".to_owned(), |state| safe(state));
        items.push(("Operation", format!("{end}  {}", safe(&operation.status_url))));
    }
    items.extend(step.remarks.iter().map(|remark| ("Remark", safe(&remark.text))));
    if !step.correlation_ids.is_empty() {
        items.push(("Correlation", safe(&step.correlation_ids.join(" "))));
    }
    if let Some(id) = step.fault.as_ref().and_then(|fault| fault.request_id.as_ref()) {
        items.push(("Request", safe(id)));
    }
    items
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float saturates")]
fn span_of(seconds: f64) -> String {
    brief((seconds * 1_000.0).max(0.0) as u64)
}

/// What came back of a call, in one line: status or its absence, how long it took, state, code and message.
pub(super) fn came_back(exchange: &Exchange) -> String {
    let mut text = match (exchange.answered, exchange.status) {
        (false, _) => "no end on record".to_owned(),
        (true, Some(status)) => status.to_string(),
        (true, None) => "no reply".to_owned(),
    };
    if let Some(millis) = exchange.millis {
        text.push_str(&format!("  {}", brief(millis)));
    }
    for part in [&exchange.state, &exchange.code, &exchange.message].into_iter().flatten() {
        text.push_str(&format!("  {}", safe(part)));
    }
    text
}
