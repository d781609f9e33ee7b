//! The panel in which something that exists is chosen for a step: what was found, and an id being typed.

use crate::tui::app::App;
use crate::tui::paper::{Paper, Tone};
use crate::tui::session::Session;
use crate::tui::text::safe;
use crate::tui::using::{Candidate, Using};

use super::theme;

/// How far the panel is scrolled, so that the line of the cursor stays in sight on `rows` rows.
pub(super) fn scroll(using: &Using, rows: usize) -> usize {
    // Two lines stand above the list; one more shows where it goes on.
    using.at.map_or(usize::MAX, |at| (at + 4).saturating_sub(rows))
}

/// What the panel says. Gives its title.
pub(super) fn paper(paper: &mut Paper, app: &App, session: &Session, using: &Using) -> String {
    paper.text(Tone::Dim, "It is looked at and judged first, and never changed by this.");
    paper.gap();
    match &using.found {
        // It shows only for what takes long enough to be noticed.
        None if app.indicator(using.since) => paper.line(vec![
            (Tone::Busy, format!("{} ", theme::spinner(app.now, app.options))),
            (Tone::Plain, "looks for what exists".to_owned()),
        ]),
        None => paper.line(Vec::new()),
        Some(Err(fault)) => {
            paper.fault(fault);
        }
        Some(Ok(found)) if found.is_empty() => {
            paper.text(Tone::Plain, "Nothing of this kind was found in the subscription.");
        }
        Some(Ok(found)) => {
            for (index, candidate) in found.iter().enumerate() {
                let here = using.at == Some(index);
                paper.line(vec![
                    (Tone::Key, if here { "> " } else { "  " }.to_owned()),
                    (if here { Tone::Strong } else { Tone::Plain }, of_candidate(candidate)),
                ]);
            }
        }
    }
    paper.gap();
    let (before, after) = using.input.halves();
    let typing = using.at.is_none();
    paper.line(vec![
        (Tone::Key, if typing { "> " } else { "  " }.to_owned()),
        (if typing { Tone::Strong } else { Tone::Plain }, "Id  ".to_owned()),
    ]);
    // A cursor of its own kind, for the text may be wrapped.
    let mark = if typing { "▏" } else { "" };
    paper.item("", 2, if typing { Tone::Strong } else { Tone::Dim }, &format!("{before}{mark}{after}"));
    match using.finding() {
        Some(finding) if !using.input.text().is_empty() => paper.item("", 2, Tone::Bad, &finding),
        Some(finding) => paper.item("", 2, Tone::Dim, &finding),
        None if typing => paper.item("", 2, Tone::Good, "this can be an id of the right kind"),
        None => paper.item("", 2, Tone::Dim, &safe(using.chosen())),
    }
    format!("Use one that exists: {}", session.title(&using.step))
}

/// What tells one resource from another.
pub(in crate::tui) fn of_candidate(candidate: &Candidate) -> String {
    let mut told = vec![candidate.name.clone(), candidate.location.clone(), group(&candidate.id)];
    told.push(candidate.hint.clone());
    told.retain(|part| !part.is_empty());
    told.join(" · ")
}

/// The resource group in an id.
fn group(id: &str) -> String {
    let mut segments = id.split('/');
    let found = segments.find(|segment| segment.eq_ignore_ascii_case("resourceGroups"));
    found.and_then(|_| segments.next()).map(|group| format!("in {group}")).unwrap_or_default()
}
