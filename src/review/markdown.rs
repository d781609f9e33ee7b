//! A review as Markdown, for a ticket or an issue.

use super::text::{details, exchange_line, heading, line, missing, pretty, remark_line, run_line};
use super::value::{Review, StepReview};
use crate::domain::Outcome;

/// The whole account; `go_on` is the command that continues. Bodies stand with the steps that did not end well.
pub fn markdown(review: &Review, go_on: &str) -> String {
    let mut lines = vec![
        format!("# {}", escape(&heading(review))),
        String::new(),
        format!("{} {}: {}", review.dialect, review.profile, escape(&review.chosen_because)),
        String::new(),
        "## Runs".to_owned(),
        String::new(),
    ];
    lines.extend(missing(review).map(|missing| format!("- {}", escape(&missing))));
    lines.extend(review.runs.iter().map(|run| format!("- {}", escape(&run_line(run)))));
    lines.extend(review.remarks.iter().map(|remark| format!("- {}", escape(&remark_line(remark)))));
    if review.stages.is_empty() {
        lines.extend([String::new(), "No step is as you asked.".to_owned()]);
    }
    for stage in &review.stages {
        lines.push(String::new());
        lines.push(format!("## {}", escape(&stage.heading)));
        lines.push(String::new());
        lines.push("| step | outcome | time | run | |".to_owned());
        lines.push("|---|---|---|---|---|".to_owned());
        lines.extend(stage.steps.iter().map(row));
    }
    for step in review.steps().filter(|step| !step.outcome.is_some_and(Outcome::holds)) {
        lines.extend(account(step));
    }
    if !review.left.is_empty() {
        lines.push(String::new());
        lines.push("## What is left".to_owned());
        lines.push(String::new());
        lines.extend(review.left.iter().map(|step| format!("- {}", escape(step.as_str()))));
        lines.push(String::new());
        lines.push(format!("To go on: {}", code(go_on)));
    }
    lines.join("\n")
}

fn row(step: &StepReview) -> String {
    let seconds = step.seconds.map(|seconds| format!("{seconds} s")).unwrap_or_default();
    let reason = step.fault.as_ref().map(|fault| fault.says.clone()).or_else(|| step.reason.clone());
    format!(
        "| {} | {} | {seconds} | {} | {} |",
        escape(&format!("{} ({})", step.title, step.id)),
        step.state,
        step.attempts,
        escape(&reason.unwrap_or_default()),
    )
}

fn account(step: &StepReview) -> Vec<String> {
    let rows = details(step);
    if rows.is_empty() && step.exchanges.is_empty() {
        return Vec::new();
    }
    let mut lines =
        vec![String::new(), format!("### {}: {}", escape(&step.title), step.state), String::new()];
    lines.extend(rows.iter().map(|(label, value)| format!("- {label}: {}", escape(value))));
    for exchange in &step.exchanges {
        lines.push(format!("- {}", code(&exchange_line(exchange))));
        let bodies = [("request", &exchange.request), ("reply", &exchange.reply)];
        for (label, body) in
            bodies.into_iter().filter_map(|(label, body)| body.as_ref().map(|body| (label, body)))
        {
            lines.push(format!("  {label}:"));
            lines.push(String::new());
            // Indented code: nothing that a body holds can end it.
            lines.extend(pretty(body).lines().map(|part| format!("          {part}")));
            lines.push(String::new());
        }
    }
    lines
}

/// A text whose signs Markdown and HTML leave alone.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for sign in line(text).chars() {
        match sign {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' => {
                escaped.push('\\');
                escaped.push(sign);
            }
            _ => escaped.push(sign),
        }
    }
    escaped
}

/// A text as code; its own backticks become apostrophes.
fn code(text: &str) -> String {
    format!("`{}`", line(text).replace('`', "'"))
}
