//! The review as Markdown, for an issue or a ticket. What Markdown would take for its own is escaped.

use serde_json::Value;

use super::model::{Exchange, Review, StepReview};
use super::text::{Detail, pretty};
use super::words::{came_back, counted, details, kind, moment, purpose, run_facts, safe, span};

/// The review as Markdown, without a line break at its end. `detail` says of which steps more than the table is told;
/// the calls of those are told with their bodies, except under `Detail::NotWell` for steps that hold.
pub fn markdown(review: &Review, detail: Detail) -> String {
    let mut text = String::new();
    head(&mut text, review);
    table(&mut text, review);
    left(&mut text, review);
    for step in review.steps() {
        if detail != Detail::NotWell || !step.is_well() {
            step_text(&mut text, step, detail);
        }
    }
    if !review.remarks.is_empty() {
        text.push_str("\n## Remarks\n\n");
        for remark in &review.remarks {
            text.push_str(&format!("- {}: {}\n", moment(remark.at), escaped(&remark.text)));
        }
    }
    if detail != Detail::NotWell && !review.exchanges.is_empty() {
        text.push_str("\n## Calls of no step\n");
        for exchange in &review.exchanges {
            exchange_text(&mut text, exchange, detail);
        }
    }
    text.trim_end().to_owned()
}

fn head(text: &mut String, review: &Review) {
    let place = if review.sandbox { ", in the sandbox" } else { "" };
    text.push_str(&format!("# hubup: {} of {}{place}\n\n", kind(review.kind), escaped(&review.setup)));
    for (label, value) in [
        ("Subscription", &review.subscription),
        ("Resource group", &review.resource_group),
        ("Location", &review.location),
    ] {
        text.push_str(&format!("- {label}: {}\n", code(value)));
    }
    let (dialect, profile) = (code(&review.dialect), code(&review.profile));
    text.push_str(&format!("- Dialect: {dialect}, profile {profile}: {}\n", escaped(&review.chosen_because)));
    if let Some(missing) = &review.missing_run {
        let says = "is missing: its journal is gone, and what it did is not told";
        text.push_str(&format!("- Run {} {says}\n", code(&missing.0)));
    }
    for run in &review.runs {
        let facts: Vec<String> = run_facts(run).iter().map(|fact| escaped(fact)).collect();
        let (id, started) = (code(&run.run.0), moment(run.started));
        let (what, took, hubup) = (kind(run.kind), span(run.seconds), escaped(&run.hubup));
        text.push_str(&format!(
            "- Run {id}, {what}: {started}, {took}, {}, hubup {hubup}\n",
            facts.join("; ")
        ));
    }
    text.push_str(&format!("\n{}\n", escaped(&counted(review))));
}

fn table(text: &mut String, review: &Review) {
    if review.steps().next().is_none() {
        text.push_str("\nNo step is as you asked.\n");
        return;
    }
    text.push_str("\n| Stage | Step | Outcome | Time | Tries | Reason |\n|---|---|---|---:|---:|---|\n");
    for stage in &review.stages {
        for (index, step) in stage.steps.iter().enumerate() {
            let heading = if index == 0 { escaped(&stage.heading) } else { String::new() };
            let title = escaped(&step.title);
            let spent = step.started.map(|_| span(step.seconds)).unwrap_or_default();
            let reason = step.reason.as_deref().map(escaped).unwrap_or_default();
            text.push_str(&format!(
                "| {heading} | {title} | {} | {spent} | {} | {reason} |\n",
                step.state, step.attempts
            ));
        }
    }
}

fn left(text: &mut String, review: &Review) {
    if review.left.is_empty() {
        return;
    }
    text.push_str("\n## What is left\n\n");
    for left in &review.left {
        let title = escaped(&left.title);
        text.push_str(&format!("- {}: {title}, {}\n", code(left.step.as_str()), left.state));
    }
    if let Some(command) = &review.goes_on_with {
        text.push_str(&format!("\nTo go on: {}\n", code(command)));
    }
}

fn step_text(text: &mut String, step: &StepReview, detail: Detail) {
    text.push_str(&format!("\n## {}: {}\n\n", escaped(&step.title), step.state));
    text.push_str(&format!("- Step: {}\n", code(step.id.as_str())));
    for (label, value) in details(step) {
        text.push_str(&format!("- {label}: {}\n", escaped(&value)));
    }
    if detail == Detail::NotWell && step.outcome.is_some_and(crate::domain::Outcome::holds) {
        return;
    }
    for exchange in &step.exchanges {
        exchange_text(text, exchange, detail);
    }
}

fn exchange_text(text: &mut String, exchange: &Exchange, detail: Detail) {
    let what = format!("**{}** {}", exchange.method, code(&exchange.url));
    let again = exchange.retry_of.map(|call| format!(", repeats {}", code(&call.to_string())));
    text.push_str(&format!(
        "\n{what}\n\n- {}, {}, call {}{}\n- {}\n",
        moment(exchange.at),
        purpose(exchange.purpose),
        code(&exchange.call.to_string()),
        again.unwrap_or_default(),
        escaped(&came_back(exchange)),
    ));
    for (label, id) in [("Request", &exchange.request_id), ("Correlation", &exchange.correlation_id)] {
        if let Some(id) = id {
            text.push_str(&format!("- {label} {}\n", code(id)));
        }
    }
    // A look that worked tells nothing beyond its line; a person who asked for bodies gets them all.
    if detail == Detail::Bodies || exchange.error.is_some() || !exchange.method.is_read() {
        fenced(text, "Sent", exchange.request.as_ref());
        fenced(text, "Came back", exchange.reply.as_ref());
    }
}

fn fenced(text: &mut String, label: &str, body: Option<&Value>) {
    let Some(body) = body else { return };
    let body = pretty(body);
    let fence = "`".repeat(longest_run(&body, '`').max(2) + 1);
    text.push_str(&format!("\n{label}:\n\n{fence}json\n{body}\n{fence}\n"));
}

/// Text from anywhere as one line of Markdown that means nothing but itself.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in safe(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '|' | '~' | '!' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// Text from anywhere as a code span; never used inside a table, where a bar would end the cell.
fn code(text: &str) -> String {
    let text = safe(text);
    let fence = "`".repeat(longest_run(&text, '`') + 1);
    let space = if text.is_empty() || text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

fn longest_run(text: &str, wanted: char) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == wanted { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}
