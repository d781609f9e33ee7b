//! Why the steps of a row are there: the reason, what they need and what needs them, what they write, what differs from
//! the answers, where it is documented. The page draws it, `y` copies it. Pure.

use crate::domain::{NeedKind, StepOutline, brief};

use super::paper::{Paper, Tone};
use super::session::Session;

/// Width of the column of labels.
const LABEL: usize = 12;

/// The reasons of the row of the cursor.
pub(crate) fn why(session: &Session) -> Paper {
    let mut paper = Paper::default();
    for outline in session.steps_of(session.cursor) {
        paper.gap();
        paper.line(vec![(Tone::Strong, outline.title.clone()), (Tone::Dim, format!("  {}", outline.id))]);
        of_step(&mut paper, session, outline);
    }
    paper
}

fn of_step(paper: &mut Paper, session: &Session, outline: &StepOutline) {
    let step = session.plan.step(&outline.id);
    match step.map(|step| step.why.as_str()).filter(|why| !why.is_empty()) {
        Some(why) => paper.text(Tone::Plain, why),
        None => paper.text(Tone::Dim, "No reason is on record."),
    }
    for (index, need) in outline.needs.iter().enumerate() {
        let how = match need.kind {
            NeedKind::Value => "for a value that goes into its request",
            NeedKind::Effect => "which must be so in Azure first",
        };
        let text = format!("{}, {how}", session.title(&need.step));
        paper.item(if index == 0 { "Needs" } else { "" }, LABEL, Tone::Plain, &text);
    }
    if outline.needs.is_empty() {
        paper.item("Needs", LABEL, Tone::Plain, "nothing: it can be the first");
    }
    let dependants: Vec<String> =
        session.plan.dependants(&outline.id).map(|(step, _)| step.title.clone()).collect();
    if !dependants.is_empty() {
        paper.item("Needed by", LABEL, Tone::Plain, &dependants.join(" · "));
    }
    for (index, id) in step.map(|step| &step.touches[..]).unwrap_or_default().iter().enumerate() {
        paper.item(if index == 0 { "Writes" } else { "" }, LABEL, Tone::Plain, id);
    }
    if outline.bound > 0 {
        let bound = brief(outline.bound.min(u64::from(u32::MAX)) * 1_000);
        paper.item("Takes", LABEL, Tone::Plain, &format!("up to {bound}, by the documents"));
    }
    for (index, differs) in session.differs(&outline.id).iter().enumerate() {
        paper.item(if index == 0 { "Differs" } else { "" }, LABEL, Tone::Warn, differs);
    }
    for (index, address) in step.map(|step| &step.documented[..]).unwrap_or_default().iter().enumerate() {
        let label = if index == 0 { "Documented" } else { "" };
        paper.item(label, LABEL, Tone::Plain, &format!("https://{address}"));
    }
}
