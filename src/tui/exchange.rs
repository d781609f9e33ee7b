//! One request with its reply, whole: redacted. The review and the log open it; its page draws it and copies it. Pure.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::domain::{CallId, Exchanged, brief};
use crate::review::Exchange;

use super::paper::{Paper, Tone};
use super::text::time_of_day;

/// Width of the column of labels.
const LABEL: usize = 12;

/// Headers whose values may be shown; others are named only (their values may be credentials).
const OPEN_HEADERS: [&str; 6] =
    ["accept", "content-type", "if-match", "if-none-match", "x-ms-client-request-id", "prefer"];

/// An exchange of the log, while it is looked up and after.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Reading {
    pub call: CallId,
    pub since: Timestamp,
    /// True once it was looked up.
    pub answered: bool,
    /// What was found; until it is answered, what stood there before.
    exchanged: Option<Box<Exchanged>>,
}

impl Reading {
    /// The exchange of `call`, asked for at `since`.
    pub(crate) fn new(call: CallId, since: Timestamp) -> Self {
        Self { call, since, answered: false, exchanged: None }
    }

    /// The exchange of `call` in place of this one.
    pub(crate) fn then(&self, call: CallId, since: Timestamp) -> Self {
        Self { exchanged: self.exchanged.clone(), ..Self::new(call, since) }
    }

    /// Takes in what was found.
    pub(crate) fn take(&mut self, found: Option<Box<Exchanged>>) {
        (self.answered, self.exchanged) = (true, found);
    }

    /// What stands on the page.
    pub(crate) fn shown(&self) -> Option<&Exchanged> {
        self.exchanged.as_deref()
    }

    /// True when there is something to show.
    pub(crate) fn stands(&self) -> bool {
        self.answered || self.exchanged.is_some()
    }

    /// The call of the step before the one that stands there.
    pub(crate) fn before(&self) -> Option<CallId> {
        self.shown().filter(|_| self.answered)?.before
    }

    /// The call after it.
    pub(crate) fn after(&self) -> Option<CallId> {
        self.shown().filter(|_| self.answered)?.after
    }

    /// The exchange whole, or why there is none.
    pub(crate) fn paper(&self, zone: &TimeZone) -> Paper {
        let mut nothing = Paper::default();
        match self.shown().and_then(Exchange::of) {
            Some(exchange) => return paper(&exchange, zone),
            None if self.answered => nothing.text(Tone::Warn, "This call is not in the journal."),
            None => nothing.text(Tone::Dim, "Reading the journal…"),
        }
        nothing
    }
}

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
        paper.item("Again", LABEL, Tone::Warn, &format!("repeats the call {before} (retry_of)"));
    }
    headers(&mut paper, exchange);
    body(&mut paper, exchange.request.as_ref());
    paper.gap();
    let (tone, status) = status(exchange);
    paper.text(tone, &status);
    for (label, value) in [
        ("Code", &exchange.code),
        ("Says", &exchange.message),
        ("Request id", &exchange.request_id),
        ("Correlation", &exchange.correlation_id),
        ("State", &exchange.state),
    ] {
        if let Some(value) = value {
            paper.item(label, LABEL, Tone::Plain, value);
        }
    }
    if let Some(millis) = exchange.retry_after {
        paper.item("Wait", LABEL, Tone::Plain, &format!("asked for {}", brief(millis)));
    }
    body(&mut paper, exchange.reply.as_ref());
    paper
}

/// The headers as they were sent, without values that may be credentials.
fn headers(paper: &mut Paper, exchange: &Exchange) {
    paper.item("Headers", LABEL, Tone::Plain, &format!("x-ms-client-request-id: {}", exchange.call));
    for (name, value) in &exchange.headers {
        let open = OPEN_HEADERS.iter().any(|known| known.eq_ignore_ascii_case(name));
        let value = if open { value } else { "(not shown)" };
        paper.item("", LABEL, Tone::Plain, &format!("{name}: {value}"));
    }
}

fn body(paper: &mut Paper, body: Option<&Value>) {
    let Some(body) = body else { return };
    paper.json(2, body);
}
