//! One request with its reply, whole, as the review has it: redacted. The page draws it and copies it. Pure.

use jiff::tz::TimeZone;
use serde_json::Value;

use crate::review::Exchange;

use super::paper::{Paper, Tone};
use super::text::time_of_day;

/// Width of the column of labels.
const LABEL: usize = 12;

/// How it ended, in few words: `201  184 ms`.
pub(crate) fn status(exchange: &Exchange) -> (Tone, String) {
    let Some(millis) = exchange.millis else { return (Tone::Warn, "no reply on record".to_owned()) };
    match exchange.status {
        Some(status) if status < 400 => (Tone::Good, format!("{status}  {millis} ms")),
        Some(status) => (Tone::Warn, format!("{status}  {millis} ms")),
        None => (Tone::Warn, format!("no reply  {millis} ms")),
    }
}

/// The request and its reply.
pub(crate) fn paper(exchange: &Exchange, zone: &TimeZone) -> Paper {
    let mut paper = Paper::default();
    paper.line(vec![(Tone::Strong, exchange.method.to_string())]);
    paper.item("", 2, Tone::Plain, &exchange.url);
    paper.item("Sent", LABEL, Tone::Plain, &time_of_day(exchange.at, zone));
    paper.item("Call", LABEL, Tone::Plain, &exchange.call.to_string());
    paper.item("Run", LABEL, Tone::Plain, &exchange.run);
    if let Some(before) = exchange.retry_of {
        paper.item("Again", LABEL, Tone::Warn, &format!("repeats the call {before}"));
    }
    body(&mut paper, exchange.request.as_ref());
    paper.gap();
    let (tone, status) = status(exchange);
    paper.text(tone, &status);
    for (label, value) in [
        ("Code", &exchange.code),
        ("Says", &exchange.message),
        ("Request", &exchange.request_id),
        ("Correlation", &exchange.correlation_id),
    ] {
        if let Some(value) = value {
            paper.item(label, LABEL, Tone::Plain, value);
        }
    }
    if let Some(millis) = exchange.retry_after {
        paper.item("Wait", LABEL, Tone::Plain, &format!("asked for {millis} ms"));
    }
    body(&mut paper, exchange.reply.as_ref());
    paper
}

fn body(paper: &mut Paper, body: Option<&Value>) {
    let Some(body) = body else { return };
    let text = serde_json::to_string_pretty(body).unwrap_or_default();
    for line in text.lines() {
        paper.line(vec![(Tone::Plain, format!("  {line}"))]);
    }
}
