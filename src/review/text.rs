//! The review as text for a person, 80 columns wide. Ids and addresses are never broken, so that they can be copied.

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::model::{Exchange, Review, StepReview};
use super::words::{came_back, counted, details, kind, moment, purpose, run_facts, safe, span, time};
use crate::domain::{Outcome, clean, target};

const COLUMNS: usize = 80;
/// Where the texts of details stand.
const LABELS: usize = 13;
/// Calls of a step that are told without being asked for.
const FEW_CALLS: usize = 6;
/// Characters of a body, which was capped long before.
const LONGEST_BODY: usize = 100_000;

/// How much is told beside the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detail {
    /// Details of the steps that did not end well, with their last calls.
    NotWell,
    /// Details of every step, with all calls.
    Steps,
    /// The same, with what was sent and what came back.
    Bodies,
}

/// The review as text, without a line break at its end.
pub fn text(review: &Review, detail: Detail) -> String {
    let mut page = Page::default();
    page.head(review);
    page.table(review);
    for step in review.steps() {
        if detail != Detail::NotWell || !step.is_well() {
            page.step(step, detail);
        }
    }
    page.outside(review, detail);
    page.left(review);
    page.0.trim_end().to_owned()
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, line: &str) {
        self.0.push_str(line.trim_end());
        self.0.push('\n');
    }

    /// `text` after `label`, its further lines below its first.
    fn item(&mut self, label: &str, text: &str) {
        let spaces = " ".repeat(label.width());
        for (index, line) in wrap(text, COLUMNS.saturating_sub(label.width())).iter().enumerate() {
            self.line(&format!("{}{line}", if index == 0 { label } else { &spaces }));
        }
    }

    fn head(&mut self, review: &Review) {
        let place = if review.sandbox { ", in the sandbox" } else { "" };
        let what = kind(review.kind);
        self.item("", &format!("hubup: {what} of {}{place}", safe(&review.setup)));
        let (group, location) = (safe(&review.resource_group), safe(&review.location));
        self.item(
            "",
            &format!("resource group {group}, {location}, subscription {}", safe(&review.subscription)),
        );
        let (dialect, profile) = (safe(&review.dialect), safe(&review.profile));
        self.item("", &format!("{dialect}, profile {profile}: {}", safe(&review.chosen_because)));
        if let Some(missing) = &review.missing_run {
            let says = "is missing here: its journal is gone, and what it did is not told";
            self.item("run  ", &format!("{} {says}", safe(&missing.0)));
        }
        for run in &review.runs {
            let facts = run_facts(run).join("; ");
            let other = if run.kind == review.kind {
                String::new()
            } else {
                format!("; it was a {}, which `hubup review {}` tells", kind(run.kind), safe(&run.run.0))
            };
            self.item("run  ", &safe(&run.run.0));
            self.item("     ", &format!("{}, {}, {facts}{other}", moment(run.started), span(run.seconds)));
        }
        self.line("");
        self.item("", &counted(review));
    }

    fn table(&mut self, review: &Review) {
        let shown = review.steps().next().is_some();
        if !shown {
            self.line("");
            self.line("No step is as you asked.");
            return;
        }
        self.line("");
        self.line("  outcome          time  tries  step");
        for stage in &review.stages {
            self.line("");
            self.item("", &safe(&stage.heading));
            for step in &stage.steps {
                let spent = step.started.map(|_| span(step.seconds)).unwrap_or_default();
                let attempts = if step.attempts == 0 { String::new() } else { step.attempts.to_string() };
                let row = format!("  {:<13} {spent:>7} {attempts:>6}  ", step.state);
                self.item(&row, &safe(&step.title));
            }
        }
    }

    fn step(&mut self, step: &StepReview, detail: Detail) {
        self.line("");
        self.item("", &format!("{}  {}: {}", safe(step.id.as_str()), safe(&step.title), step.state));
        for (label, value) in details(step) {
            self.item(&format!("  {label:<LABELS$}"), &value);
        }
        let shown = match detail {
            Detail::NotWell if step.outcome.is_some_and(Outcome::holds) => return,
            Detail::NotWell => FEW_CALLS.min(step.exchanges.len()),
            Detail::Steps | Detail::Bodies => step.exchanges.len(),
        };
        let hidden = step.exchanges.len() - shown;
        if hidden > 0 {
            let calls = if hidden == 1 { "call" } else { "calls" };
            self.item("  ", &format!("{hidden} earlier {calls}: `--details` tells of them"));
        }
        for exchange in step.exchanges.iter().skip(hidden) {
            self.exchange(exchange, detail);
        }
    }

    fn exchange(&mut self, exchange: &Exchange, detail: Detail) {
        let again = if exchange.retry_of.is_some() { "  again" } else { "" };
        let what = format!("{:<6} {}{again}", exchange.method, target(&exchange.url));
        let row = format!("{what}  {}", came_back(exchange));
        self.item(&format!("  {}  {}  ", time(exchange.at), exchange.short), &row);
        if detail != Detail::Bodies {
            return;
        }
        let mut items = vec![
            ("call", format!("{}  {}", exchange.call, purpose(exchange.purpose))),
            ("url", safe(&exchange.url)),
        ];
        if let Some(before) = exchange.retry_of {
            items.push(("repeats", before.to_string()));
        }
        let headers = exchange.headers.iter();
        items.extend(headers.map(|(name, value)| ("header", format!("{}: {}", safe(name), safe(value)))));
        for (label, id) in [("request", &exchange.request_id), ("correlation", &exchange.correlation_id)] {
            items.extend(id.iter().map(|id| (label, safe(id))));
        }
        for (label, value) in items {
            self.item(&format!("      {label:<LABELS$}"), &value);
        }
        self.body("sent", exchange.request.as_ref());
        self.body("came back", exchange.reply.as_ref());
    }

    fn body(&mut self, label: &str, body: Option<&Value>) {
        let Some(body) = body else { return };
        self.line(&format!("      {label}"));
        for line in pretty(body).lines() {
            self.line(&format!("        {line}"));
        }
    }

    fn outside(&mut self, review: &Review, detail: Detail) {
        if !review.remarks.is_empty() {
            self.line("");
            self.line("Remarks");
        }
        for remark in &review.remarks {
            self.item(&format!("  {}  ", time(remark.at)), &safe(&remark.text));
        }
        if detail == Detail::NotWell || review.exchanges.is_empty() {
            return;
        }
        self.line("");
        self.line("Calls of no step");
        for exchange in &review.exchanges {
            self.exchange(exchange, detail);
        }
    }

    fn left(&mut self, review: &Review) {
        if review.left.is_empty() {
            return;
        }
        self.line("");
        self.line("What is left");
        for left in &review.left {
            self.item(&format!("  {:<13} ", left.state), &safe(left.step.as_str()));
        }
        if let Some(command) = &review.goes_on_with {
            self.line("");
            // Whole, so that it can be copied.
            self.line(&format!("To go on: {}", safe(command)));
        }
    }
}

/// A body as indented JSON, safe to show.
pub(super) fn pretty(body: &Value) -> String {
    clean(&serde_json::to_string_pretty(body).unwrap_or_default(), LONGEST_BODY)
}

/// `text` in lines of at most `columns`, broken between words only. Always at least one line.
fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut taken = 0;
    for word in text.split(' ') {
        let wide = word.width();
        if taken > 0 && taken + 1 + wide > columns {
            lines.push(std::mem::take(&mut line));
            taken = 0;
            // Spaces between columns have no place at the beginning of a line.
            if word.is_empty() {
                continue;
            }
        }
        if taken > 0 {
            line.push(' ');
            taken += 1;
        }
        line.push_str(word);
        taken += wide;
    }
    lines.push(line);
    lines
}
