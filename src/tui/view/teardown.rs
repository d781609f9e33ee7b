//! The page of the way back: what is deleted and what stays, and the setup's name being typed.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::domain::{Method, Outputs, Step};
use crate::tui::app::App;
use crate::tui::msg::Painted;
use crate::tui::paper::{Paper, Tone};
use crate::tui::teardown::{Teardown, WayBack};

use super::{screen, theme};

/// The rule, what is asked, what is typed, what comes of it.
const ASKED_ROWS: u16 = 5;

/// Draws the page.
pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) -> Painted {
    let Some(teardown) = &app.teardown else { return Painted::default() };
    let asked = asked(app, teardown);
    let below = match (teardown.way_back(), &app.fault) {
        (None, _) => 0,
        (Some(_), Some(_)) => screen::rows_of(&asked, area).min(area.height / 2),
        (Some(_), None) => ASKED_ROWS,
    };
    let (top, rest) = screen::split(area, below);
    let block = screen::pane("The way back", false, false);
    let (overflow, rows) = screen::paper(&told(app, teardown), block, app.scroll, frame, top);
    if rest.height > 0 {
        let title = if app.fault.is_some() { "It could not be started" } else { "Take it down?" };
        screen::paper(&asked, screen::pane(title, false, true), 0, frame, rest);
    }
    Painted { overflow, rows, ..Painted::default() }
}

/// What is deleted and what stays.
pub(in crate::tui) fn told(app: &App, teardown: &Teardown) -> Paper {
    let mut paper = Paper::default();
    match &teardown.found {
        None if app.indicator(teardown.since) => {
            paper.line(vec![
                (Tone::Busy, format!("{} ", theme::spinner(app.now, app.options))),
                (Tone::Plain, "Signs in and makes the plan. Nothing is changed.".to_owned()),
            ]);
        }
        None => {}
        Some(Err(fault)) => {
            paper.fault(fault);
        }
        Some(Ok(way)) => plan(&mut paper, app, way),
    }
    paper
}

fn plan(paper: &mut Paper, app: &App, way: &WayBack) {
    let says = format!(
        "{}: what is deleted, in this order, each only if it belongs to the setup {}:",
        app.banner.cloud, way.answers.name
    );
    paper.text(Tone::Strong, &says);
    for stage in way.plan.stages() {
        paper.gap();
        paper.text(Tone::Strong, &stage.heading);
        for step in &stage.steps {
            paper.item("", 2, Tone::Plain, &step.title);
            for (word, path) in requests(step) {
                paper.item(&format!("    {word}"), 14, Tone::Dim, &path);
            }
        }
    }
    paper.gap();
    paper.text(Tone::Strong, "What stays");
    paper.item(
        "",
        2,
        Tone::Plain,
        "whatever hubup did not make: it is looked at, left, and listed at the end",
    );
    for (what, why) in &way.stays {
        paper.item("", 2, Tone::Plain, &format!("{what}: {why}"));
    }
}

/// What a step deletes or changes: a word and a path, without host and query.
fn requests(step: &Step) -> Vec<(&'static str, String)> {
    let mut told = Vec::new();
    for planned in &step.planned {
        let shown = planned.request.shown(&Outputs::default());
        let word = match shown.method {
            Method::Delete => "delete",
            Method::Put | Method::Patch => "change",
            Method::Get | Method::Head | Method::Post => continue,
        };
        let url = shown.url.split('?').next().unwrap_or_default();
        let path = url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("", |at| &rest[at..]));
        let line = (word, path.to_owned());
        if !told.contains(&line) {
            told.push(line);
        }
    }
    told
}

fn asked(app: &App, teardown: &Teardown) -> Paper {
    let mut paper = Paper::default();
    if let Some(fault) = &app.fault {
        paper.fault(fault);
        return paper;
    }
    let Some(way) = teardown.way_back() else { return paper };
    paper.text(Tone::Plain, &question(way));
    let (before, after) = teardown.input.halves();
    paper.item("> ", 2, Tone::Strong, &format!("{before}▏{after}"));
    if teardown.agreed() {
        paper.text(
            Tone::Good,
            "Enter shows the stages of the way back. Each begins when you confirm it there.",
        );
    } else {
        paper.text(Tone::Dim, OTHERWISE);
    }
    paper
}

/// What is asked before it is begun.
pub(in crate::tui) fn question(way: &WayBack) -> String {
    format!("Type the name of the setup, {}, to begin.", way.answers.name)
}

/// What comes of another answer.
pub(in crate::tui) const OTHERWISE: &str = "Any other text changes nothing.";
