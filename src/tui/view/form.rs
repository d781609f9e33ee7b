//! The form page: every answer with its verdict, the rule of the one that is being typed, why a launch failed.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::widgets::{Paragraph, Widget};

use crate::tui::app::{App, Page};
use crate::tui::form::{Entry, Form, Picking, Verdict};
use crate::tui::msg::Painted;
use crate::tui::paper::{Paper, Piece, Tone};
use crate::tui::summary::fault_items;
use crate::tui::text::{cut, pad, safe, width};

use super::{screen, theme};

/// The rule, the hint and what to do about it.
const HINT_ROWS: u16 = 4;
/// A failed launch is told whole; so many rows are left for the answers, whatever it says.
const ANSWER_ROWS: u16 = 6;
const LONGEST_VALUE: usize = 40;

enum Shown {
    Heading(&'static str),
    Entry(usize),
    Start,
}

/// Draws the page.
pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) -> Painted {
    let form = &app.form;
    let told = told(app);
    let most = match (&app.fault, &form.picking) {
        (_, Some(_)) | (Some(_), _) => area.height.saturating_sub(ANSWER_ROWS + 1),
        (None, None) => HINT_ROWS.min((area.height / 2).saturating_sub(1)),
    };
    let (top, rest) = screen::split(area, screen::rows_of(&told, area).max(HINT_ROWS).min(most + 1));
    entries(app, frame, top);
    let title = match (form.leaving, &app.fault, form.entry()) {
        (true, ..) => "Leave?",
        (_, Some(_), _) => "It could not be started",
        (_, None, Some(entry)) => entry.field.label,
        (_, None, None) => "Start",
    };
    let block = screen::pane(title, false, form.leaving || app.fault.is_some());
    let (_, rows) = screen::paper(&told, block, 0, frame, rest);
    Painted { rows, ..Painted::default() }
}

fn entries(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let form = &app.form;
    let block = screen::pane("Setup", false, true);
    let inner = block.inner(area);
    block.render(area, frame.buffer_mut());
    let mut shown = Vec::new();
    let mut heading = "";
    for (index, entry) in form.entries.iter().enumerate() {
        if entry.heading != heading {
            heading = entry.heading;
            shown.push(Shown::Heading(heading));
        }
        shown.push(Shown::Entry(index));
    }
    shown.push(Shown::Start);
    let here = shown
        .iter()
        .position(|line| match line {
            Shown::Entry(index) => *index == form.at,
            Shown::Start => form.on_start(),
            Shown::Heading(_) => false,
        })
        .unwrap_or(0);
    let rows = usize::from(inner.height);
    let top = here.saturating_sub(rows / 2).min(shown.len().saturating_sub(rows));
    let labels = form.entries.iter().map(|entry| width(entry.field.label)).max().unwrap_or(0) + 2;
    let room = usize::from(inner.width);
    // At 80 cells a GUID and the cursor after it stay whole.
    let value = LONGEST_VALUE.min(room.saturating_sub(labels + 4) * 2 / 3);
    let mut lines = Vec::new();
    for (row, line) in shown.iter().skip(top).take(rows).enumerate() {
        lines.push(theme::line(match line {
            Shown::Heading(heading) => vec![(Tone::Strong, format!(" {heading}"))],
            Shown::Start => start(form),
            Shown::Entry(index) => {
                let Some(entry) = form.entries.get(*index) else { continue };
                let here = *index == form.at;
                if here && entry.words().is_none() && matches!(app.page, Page::Form) && !app.help {
                    let (before, _) = entry.input.halves();
                    let x = 3 + labels + width(before).min(value.saturating_sub(1));
                    let x = inner.x.saturating_add(u16::try_from(x).unwrap_or(u16::MAX));
                    let y = inner.y.saturating_add(u16::try_from(row).unwrap_or(u16::MAX));
                    if inner.contains(Position { x, y }) {
                        frame.set_cursor_position(Position { x, y });
                    }
                }
                pieces(entry, here, labels, value, room)
            }
        }));
    }
    Paragraph::new(lines).render(inner, frame.buffer_mut());
}

fn pieces(entry: &Entry, here: bool, labels: usize, value: usize, room: usize) -> Vec<Piece> {
    let text = safe(entry.input.text());
    let (before, after) = entry.input.halves();
    let told = match entry.words() {
        Some(_) if here => format!("‹ {text} ›"),
        Some(_) => format!("  {text}"),
        // The cursor stays in sight in a text that is too long.
        None if here && width(&text) >= value => {
            let skip = width(before).saturating_sub(value.saturating_sub(1));
            let tail: String = before.chars().skip(skip).chain(after.chars()).collect();
            tail.chars().take(value).collect()
        }
        None => text,
    };
    let verdict = room.saturating_sub(3 + labels + value + 1);
    let (tone, says) = says(entry, verdict);
    vec![
        (Tone::Key, if here { " > " } else { "   " }.to_owned()),
        (if here { Tone::Strong } else { Tone::Plain }, pad(entry.field.label, labels)),
        (if entry.changed() { Tone::Strong } else { Tone::Plain }, pad(&told, value)),
        (tone, format!(" {says}")),
    ]
}

/// What is said of an answer, in `verdict` cells.
pub(in crate::tui) fn says(entry: &Entry, verdict: usize) -> (Tone, String) {
    let taken = matches!(entry.verdict(), Some(Verdict::Taken(_)));
    match entry.finding() {
        None if entry.input.text().is_empty() => (Tone::Dim, "· left out".to_owned()),
        None => match entry.verdict() {
            Some(Verdict::Free) => (Tone::Good, "✔ free".to_owned()),
            Some(Verdict::New) => (Tone::Good, "✔ new".to_owned()),
            Some(Verdict::There(what)) => (Tone::Warn, cut(&format!("✔ {}", safe(what)), verdict)),
            Some(Verdict::Taken(_)) | None => (Tone::Good, "✔".to_owned()),
        },
        Some(finding) => {
            let rule = match finding.suggestion {
                Some(suggestion) if taken => {
                    let whole = format!("✖ taken · try {}", safe(&suggestion));
                    // Where there is no room for the name, its key; the name stands below.
                    if width(&whole) <= verdict { whole } else { "✖ taken · Ctrl+T".to_owned() }
                }
                Some(suggestion) => format!("✖ try {}", safe(&suggestion)),
                None if taken => "✖ taken".to_owned(),
                None => format!("✖ {}", safe(&finding.rule)),
            };
            (Tone::Bad, cut(&rule, verdict))
        }
    }
}

fn start(form: &Form) -> Vec<Piece> {
    let (says_tone, says) = comes_to(form);
    let mark = if form.on_start() { " > " } else { "   " };
    let tone = if form.on_start() { Tone::Key } else { Tone::Strong };
    vec![(Tone::Key, mark.to_owned()), (tone, "Start".to_owned()), (says_tone, format!("   {says}"))]
}

/// Whether all answers fit.
pub(in crate::tui) fn comes_to(form: &Form) -> (Tone, String) {
    let wrong = form.entries.iter().filter(|entry| entry.finding().is_some()).count();
    match wrong {
        0 => (Tone::Good, "✔ every answer fits".to_owned()),
        1 => (Tone::Bad, "✖ 1 answer does not fit".to_owned()),
        wrong => (Tone::Bad, format!("✖ {wrong} answers do not fit")),
    }
}

/// How many answers are shown at once.
const LISTED: usize = 8;

/// The answers to choose from.
fn list(picking: &Picking) -> Paper {
    let mut paper = Paper::default();
    match &picking.found {
        None => paper.text(Tone::Dim, "Looking up what there is…"),
        Some(Err(fault)) => {
            for (label, text) in fault_items(fault) {
                paper.item(label, 12, Tone::Plain, &text);
            }
        }
        Some(Ok(found)) if found.is_empty() => {
            paper.text(Tone::Plain, "There is none yet. Type a name: it is made.");
        }
        Some(Ok(found)) => {
            let top = picking.at.saturating_sub(LISTED / 2).min(found.len().saturating_sub(LISTED));
            let longest = found.iter().map(|candidate| width(&safe(&candidate.name))).max().unwrap_or(0) + 2;
            for (index, candidate) in found.iter().enumerate().skip(top).take(LISTED) {
                let here = index == picking.at;
                let told: Vec<&str> = [&*candidate.location, &*candidate.hint]
                    .into_iter()
                    .filter(|text| !text.is_empty())
                    .collect();
                paper.line(vec![
                    (Tone::Key, if here { "> " } else { "  " }.to_owned()),
                    (if here { Tone::Strong } else { Tone::Plain }, pad(&safe(&candidate.name), longest)),
                    (Tone::Dim, safe(&told.join(", "))),
                ]);
            }
            if found.len() > LISTED {
                paper.text(Tone::Dim, &format!("{} of {}", picking.at + 1, found.len()));
            }
        }
    }
    paper
}

/// What stands below the answers.
pub(in crate::tui) fn told(app: &App) -> Paper {
    let form = &app.form;
    let mut paper = Paper::default();
    if form.leaving {
        let changes = form.changes();
        let answers = if changes == 1 { "1 answer".to_owned() } else { format!("{changes} answers") };
        paper.text(
            Tone::Warn,
            &format!("You changed {answers}; leaving now forgets that. Nothing was sent to Azure."),
        );
        paper.text(Tone::Plain, "l leave   Esc back");
        return paper;
    }
    if let Some(picking) = &form.picking {
        return list(picking);
    }
    if let Some(fault) = &app.fault {
        paper.fault(fault);
        return paper;
    }
    if form.proposing {
        paper.text(Tone::Busy, "Looking for a subscription, a region and names that are free…");
    }
    match form.entry() {
        Some(entry) => {
            paper.text(Tone::Plain, entry.field.hint);
            if let Some(finding) = entry.finding() {
                paper.item("Rule", 12, Tone::Bad, &finding.rule);
                if let Some(suggestion) = finding.suggestion {
                    paper.item("Ctrl+T", 12, Tone::Strong, &format!("takes {suggestion}"));
                }
            }
        }
        None => {
            let says = "Looks for everything that would stop the run, then shows the stages. Nothing is changed before you confirm it there. Ctrl+S writes these answers to a setup file.";
            paper.text(Tone::Plain, says);
        }
    }
    paper
}
