//! One request with its reply, whole, as the journal has it: redacted. The review draws it and copies it.

use jiff::tz::TimeZone;
use serde_json::Value;

use super::paper::{Paper, Tone};
use super::review::Exchange;
use super::text::time_of_day;

/// Width of the column of labels.
const LABEL: usize = 12;

/// How it ended, in few words: `201  184 ms`.
pub(crate) fn status(exchange: &Exchange) -> (Tone, String) {
    let Some(reply) = &exchange.reply else { return (Tone::Warn, "no reply on record".to_owned()) };
    let tone = if reply.error.is_none() { Tone::Good } else { Tone::Warn };
    match reply.status {
        Some(status) => (tone, format!("{status}  {} ms", reply.millis)),
        None => (tone, format!("no reply  {} ms", reply.millis)),
    }
}

/// The request and its reply.
pub(crate) fn paper(exchange: &Exchange, zone: &TimeZone) -> Paper {
    let mut paper = Paper::default();
    let call = &exchange.call;
    paper.line(vec![(Tone::Strong, format!("{} ", call.shown.method))]);
    paper.item("", 2, Tone::Plain, &call.shown.url);
    paper.item("Sent", LABEL, Tone::Plain, &time_of_day(exchange.at, zone));
    paper.item("Call", LABEL, Tone::Plain, &call.call.to_string());
    if let Some(before) = call.retry_of {
        paper.item("Again", LABEL, Tone::Warn, &format!("repeats the call {before}"));
    }
    for (name, value) in &call.shown.headers {
        paper.item(name, LABEL, Tone::Plain, value);
    }
    body(&mut paper, call.shown.body.as_ref());
    paper.gap();
    let (tone, status) = status(exchange);
    paper.text(tone, &status);
    let Some(reply) = &exchange.reply else { return paper };
    for (label, value) in [
        ("Code", &reply.code),
        ("Says", &reply.message),
        ("State", &reply.state),
        ("Request", &reply.request_id),
        ("Correlation", &reply.correlation_id),
    ] {
        if let Some(value) = value {
            paper.item(label, LABEL, Tone::Plain, value);
        }
    }
    if let Some(millis) = reply.retry_after {
        paper.item("Wait", LABEL, Tone::Plain, &format!("asked for {millis} ms"));
    }
    body(&mut paper, reply.body.as_ref());
    paper
}

fn body(paper: &mut Paper, body: Option<&Value>) {
    let Some(body) = body else { return };
    let text = serde_json::to_string_pretty(body).unwrap_or_default();
    for line in text.lines() {
        paper.line(vec![(Tone::Plain, format!("  {line}"))]);
    }
}
