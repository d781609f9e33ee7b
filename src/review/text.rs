//! A review as a person reads it in a terminal. No line is wrapped: the terminal does that.

use serde_json::Value;

use super::value::{Exchange, Remark, Review, RunReview, StepReview, Try};
use crate::domain::{Outcome, RunKind, StepId, brief, clean, target};

/// A text of whatever origin as part of one line.
pub(super) fn line(text: &str) -> String {
    clean(text, LINE).replace('\n', " ")
}

/// Longest text of a service that is told in one line, in characters.
const LINE: usize = 600;

/// Longest body that is told, in characters; the journal keeps less.
const BODY: usize = 100_000;

/// The whole account. `go_on` is the command that continues. With `exchanges` every call of every step is told with what was
/// sent and what came back, else only those of steps that did not end well, a line each.
pub fn text(review: &Review, go_on: &str, exchanges: bool) -> String {
    let mut lines = vec![
        heading(review),
        format!("{} {}: {}", review.dialect, review.profile, line(&review.chosen_because)),
        String::new(),
        "Runs".to_owned(),
    ];
    lines.extend(missing(review).map(|missing| format!("  {missing}")));
    lines.extend(review.runs.iter().map(|run| format!("  {}", run_line(run))));
    lines.extend(review.remarks.iter().map(|remark| format!("  {}", remark_line(remark))));
    if review.stages.is_empty() {
        lines.extend([String::new(), "No step is as you asked.".to_owned()]);
    }
    for (index, stage) in review.stages.iter().enumerate() {
        lines.push(String::new());
        lines.push(format!("{} {}", index + 1, line(&stage.heading)));
        for step in &stage.steps {
            lines.push(step_line(step));
            lines
                .extend(details(step).into_iter().map(|(label, value)| format!("      {label:<10} {value}")));
            let well = step.outcome.is_some_and(Outcome::holds);
            if exchanges || !well {
                for exchange in &step.exchanges {
                    lines.push(format!("      {}", exchange_line(exchange)));
                    if exchanges {
                        lines.extend(whole(exchange).into_iter().map(|part| format!("        {part}")));
                    }
                }
            }
        }
    }
    lines.extend(left(review, go_on));
    lines.join("\n")
}

/// The run whose journal is gone.
pub(super) fn missing(review: &Review) -> Option<String> {
    let run = review.missing.as_ref()?;
    Some(format!(
        "{}  is not there: its journal is gone, and what it did is not told; what is there is shown",
        line(run)
    ))
}

pub(super) fn remark_line(remark: &Remark) -> String {
    format!("{} UTC  {}", remark.at.strftime("%Y-%m-%d %H:%M:%S"), line(&remark.text))
}

/// Which setup, where, and how it stands.
pub(super) fn heading(review: &Review) -> String {
    let kind = match review.kind {
        RunKind::Setup => "",
        RunKind::Teardown => ", being taken down",
    };
    let which = if review.sandbox { ", in the sandbox" } else { "" };
    format!(
        "hubup: setup {} in resource group {}, {}{which}{kind}: {}",
        line(&review.setup),
        line(&review.resource_group),
        line(&review.location),
        review.tally.parts().join(", "),
    )
}

/// A run in one line: id, purpose, when, how long, how it ended.
pub fn run_line(run: &RunReview) -> String {
    let kind = match run.kind {
        RunKind::Setup => "setup",
        RunKind::Teardown => "teardown",
    };
    let took = u64::try_from(run.last.duration_since(run.started).as_millis()).unwrap_or(0);
    let ended = match run.exit {
        Some(exit) => format!("exit code {}", exit.code()),
        None => "ended without a last word, or still runs".to_owned(),
    };
    let skipped = if run.skipped > 0 { format!(", {} skipped", run.skipped) } else { String::new() };
    let failed = if run.failed > 0 { format!(", {} failed", run.failed) } else { String::new() };
    let unknown = match run.unknown {
        0 => String::new(),
        count => format!(", {count} events of a newer hubup not told"),
    };
    format!(
        "{}  {kind:<8}  {} UTC  {:>7}  {ended}; {} of {} done{failed}{skipped}{unknown}",
        clean(&run.run, 80),
        run.started.strftime("%Y-%m-%d %H:%M:%S"),
        brief(took),
        run.done,
        run.all,
    )
}

fn step_line(step: &StepReview) -> String {
    let took =
        step.seconds.map(|seconds| format!("{:02}:{:02}", seconds / 60, seconds % 60)).unwrap_or_default();
    let tried = if step.attempts > 1 { format!("  (run {} times)", step.attempts) } else { String::new() };
    format!("  {:<13} {took:<5}  {}  {}{tried}", step.state, step.id, line(&step.title))
}

/// What there is to know of a step, label by label: reason, fault, remedy, ids, questions.
pub(super) fn details(step: &StepReview) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    if step.in_azures_hands {
        rows.push(("azure", "accepted it; its end is not on record".to_owned()));
    }
    if let Some(id) = &step.used {
        rows.push(("used", line(id)));
    }
    if let Some(reason) = &step.reason {
        rows.push(("reason", line(reason)));
    }
    if let Some(fault) = &step.fault {
        let code = fault.code.as_ref().map(|code| format!("{code}: ")).unwrap_or_default();
        rows.push(("says", line(&format!("{code}{}", fault.says))));
        rows.extend(fault.means.as_ref().map(|means| ("means", line(means))));
        rows.extend(fault.checked.as_ref().map(|checked| ("checked", line(checked))));
    }
    rows.extend(step.remedy.as_ref().map(|remedy| ("do", line(remedy))));
    // Done once and found so since is no news.
    if step.tries.len() > 1 && !step.tries.iter().all(|tried| tried.outcome.is_some_and(Outcome::holds)) {
        rows.extend(step.tries.iter().map(|tried| ("tried", try_line(tried))));
    }
    rows.extend(step.redos.iter().map(|redo| {
        let steps: Vec<&str> = redo.steps.iter().map(StepId::as_str).collect();
        ("redid", line(&format!("{}: {}", steps.join(", "), redo.why)))
    }));
    for question in &step.questions {
        let differs = if question.differs.is_empty() {
            String::new()
        } else {
            format!(": {}", question.differs.join("; "))
        };
        let answer = match (&question.choice, question.by) {
            (Some(choice), Some(by)) => format!("{choice} ({})", by.word()),
            _ => "no answer".to_owned(),
        };
        rows.push(("asked", line(&format!("{}{differs} -> {answer}", question.question))));
    }
    rows.extend(step.remarks.iter().map(|remark| ("remark", remark_line(remark))));
    let well = step.outcome.is_some_and(Outcome::holds);
    if !well {
        rows.extend(step.waits.iter().map(|waited| {
            let times = if waited.times == 1 { "once".to_owned() } else { format!("{} times", waited.times) };
            ("waited", line(&format!("{times}, {} in all: {}", brief(waited.millis), waited.why)))
        }));
        rows.extend(step.operations.iter().map(|operation| {
            let end = operation.state.as_deref().unwrap_or("its end is not on record");
            ("operation", line(&format!("{end}  {}", operation.status_url)))
        }));
    }
    let request = step.fault.as_ref().and_then(|fault| fault.request_id.as_ref());
    // The newest are those of what is told here.
    let newest = step.correlation_ids.iter().rev().take(2);
    let ids = newest.map(|id| format!("correlation {id}"));
    let ids: Vec<String> = ids.chain(request.map(|id| format!("request {id}"))).collect();
    if !well && !ids.is_empty() {
        rows.push(("quote", line(&ids.join("  "))));
    }
    rows
}

/// One try of a step: when, why again, how it ended.
fn try_line(tried: &Try) -> String {
    let mut text = match (tried.started, tried.look) {
        (Some(at), true) => format!("{} UTC, looked for", at.strftime("%Y-%m-%d %H:%M:%S")),
        (Some(at), false) => format!("{} UTC", at.strftime("%Y-%m-%d %H:%M:%S")),
        (None, _) => "not started".to_owned(),
    };
    if let Some(why) = &tried.again {
        text.push_str(&format!(" ({why})"));
    }
    text.push_str(": ");
    text.push_str(match (tried.outcome, tried.ended) {
        (Some(outcome), _) => outcome.word(),
        (None, Some(_)) => "taken back",
        (None, None) => "its end is not on record",
    });
    for part in [&tried.code, &tried.reason].into_iter().flatten() {
        text.push_str(&format!(", {part}"));
    }
    line(&text)
}

/// What was sent and what came back, line by line.
fn whole(exchange: &Exchange) -> Vec<String> {
    let mut lines = vec![line(&exchange.url), format!("call {}", exchange.call)];
    if let Some(before) = exchange.retry_of {
        lines.push(format!("repeats {before}"));
    }
    for (label, id) in [("request", &exchange.request_id), ("correlation", &exchange.correlation_id)] {
        lines.extend(id.iter().map(|id| line(&format!("{label} {id}"))));
    }
    lines.extend(exchange.message.iter().map(|message| line(message)));
    for (label, body) in [("sent", &exchange.request), ("came back", &exchange.reply)] {
        if let Some(body) = body {
            lines.push(format!("{label}:"));
            lines.extend(pretty(body).lines().map(|part| format!("  {part}")));
        }
    }
    lines
}

/// A body as indented JSON, safe to show.
pub(super) fn pretty(body: &Value) -> String {
    clean(&serde_json::to_string_pretty(body).unwrap_or_default(), BODY)
}

/// A call in one line: time, method, target, status, how long, code, id.
pub(super) fn exchange_line(exchange: &Exchange) -> String {
    let status = match (exchange.answered, exchange.status) {
        (false, _) => "no reply on record".to_owned(),
        (true, None) => "no reply".to_owned(),
        (true, Some(status)) => status.to_string(),
    };
    let state = exchange.state.as_ref().map(|state| format!("  {}", clean(state, 80))).unwrap_or_default();
    let took = exchange.millis.map(brief).unwrap_or_default();
    let code = exchange.code.as_ref().map(|code| format!("  {}", clean(code, 80))).unwrap_or_default();
    let again = if exchange.retry_of.is_some() { "  again" } else { "" };
    format!(
        "{}  {:<6} {}  {status}  {took}{state}{code}{again}  {}",
        exchange.at.strftime("%H:%M:%S"),
        exchange.method,
        target(&exchange.url),
        exchange.call.short(),
    )
}

fn left(review: &Review, go_on: &str) -> Vec<String> {
    if review.left.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![String::new(), "What is left".to_owned()];
    lines.extend(review.left.iter().map(|step| format!("  {step}")));
    lines.push(format!("To go on: {go_on}"));
    lines
}
