//! Every request of a row: as the plan has it, and as it was sent. The request view draws it, `y` copies it. Pure.

use jiff::tz::TimeZone;

use crate::domain::{Outputs, Planned, Purpose, Shown, StepOutline, target};

use super::paper::{Paper, Tone};
use super::session::{Sent, Session};
use super::text::time_of_day;

/// The requests of the row of the cursor.
pub(crate) fn requests(session: &Session, zone: &TimeZone) -> Paper {
    let mut paper = Paper::default();
    for step in session.steps_of(session.cursor) {
        paper.gap();
        paper.line(vec![(Tone::Strong, step.title.clone()), (Tone::Dim, format!("  {}", step.id))]);
        of_step(&mut paper, session, step, zone);
    }
    paper
}

fn of_step(paper: &mut Paper, session: &Session, step: &StepOutline, zone: &TimeZone) {
    let none = Vec::new();
    let sent = session.sent.get(&step.id).unwrap_or(&none);
    let planned = session.plan.step(&step.id).map_or(&[][..], |step| &step.planned);
    let mut told = vec![false; sent.len()];
    for (index, plan) in planned.iter().enumerate() {
        paper.gap();
        template(paper, index + 1, plan);
        let filled = plan.request.shown(&session.progress.outputs);
        let same = |sent: &Sent| sent.shown.method == filled.method && sent.shown.url == filled.url;
        let mut any = false;
        for (call, told) in sent.iter().zip(&mut told).filter(|(call, _)| same(call)) {
            // One call may be planned twice, to look and to prove: it is told where it was meant first.
            any = true;
            if !*told {
                as_sent(paper, call, plan.request.shown(&Outputs::default()) == call.shown, zone);
            }
            *told = true;
        }
        if !any {
            paper.item("", 3, Tone::Dim, "not sent yet");
        }
    }
    let rest: Vec<&Sent> = sent.iter().zip(&told).filter(|(_, told)| !**told).map(|(call, _)| call).collect();
    if !rest.is_empty() {
        paper.gap();
        paper.text(Tone::Strong, "Also sent");
        for call in rest {
            // Such as the status of an operation, whose address is signed: shown without its query.
            let line = format!("{} {}", call.shown.method, target(&call.shown.url));
            paper.item("", 3, Tone::Plain, &line);
            reply(paper, call, zone);
        }
    }
    if planned.is_empty() && sent.is_empty() {
        paper.text(Tone::Dim, "It makes no request.");
    }
}

fn template(paper: &mut Paper, number: usize, planned: &Planned) {
    let what = match planned.purpose {
        Purpose::Look => "looks whether it is there",
        Purpose::Key => "fetches a key, into memory only",
        Purpose::Change => "changes",
        Purpose::Prove => "looks again, to prove or to wait",
    };
    let shown = planned.request.shown(&Outputs::default());
    paper.line(vec![
        (Tone::Key, format!("{number:>2} ")),
        (Tone::Strong, format!("{} ", shown.method)),
        (Tone::Dim, what.to_owned()),
    ]);
    address_and_body(paper, &shown);
}

fn address_and_body(paper: &mut Paper, shown: &Shown) {
    paper.item("", 3, Tone::Plain, &shown.url);
    for (name, value) in &shown.headers {
        paper.item("", 3, Tone::Plain, &format!("{name}: {value}"));
    }
    if let Some(body) = &shown.body {
        paper.json(3, body);
    }
}

fn as_sent(paper: &mut Paper, call: &Sent, same: bool, zone: &TimeZone) {
    reply(paper, call, zone);
    if same {
        paper.item("", 3, Tone::Dim, "exactly as above");
    } else {
        address_and_body(paper, &call.shown);
    }
}

fn reply(paper: &mut Paper, call: &Sent, zone: &TimeZone) {
    let mut text = format!("sent {}", time_of_day(call.at, zone));
    if call.times > 1 {
        text.push_str(&format!(", {} times, this the last", call.times));
    }
    let mut tone = Tone::Busy;
    match &call.reply {
        Some(reply) => {
            let status = reply.status.map_or_else(|| "no reply".to_owned(), |status| status.to_string());
            let good = reply.status.is_some_and(|status| status < 400);
            tone = if good { Tone::Good } else { Tone::Warn };
            text.push_str(&format!("  {status}  {} ms", reply.millis));
            if let Some(id) = &reply.request_id {
                text.push_str(&format!("  request {id}"));
            }
        }
        None => text.push_str("  no reply yet"),
    }
    text.push_str(&format!("  call {}", call.call));
    paper.item("", 3, tone, &text);
}
