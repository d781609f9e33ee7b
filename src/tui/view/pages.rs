//! The pages that fill the screen with one text: starting, requests, a line of the log, the finish, the help.

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;

use crate::domain::{Line, StepId};
use crate::tui::app::App;
use crate::tui::exchange::Reading;
use crate::tui::keymap::{Place, page_bindings};
use crate::tui::msg::Painted;
use crate::tui::paper::{Paper, Tone};
use crate::tui::rows::{Row, RowState};
use crate::tui::session::Session;
use crate::tui::summary::{card, counted, fault_items, portal};
use crate::tui::text::{clock, pad, seconds, time_of_day};
use crate::tui::{az, requests, why};

use super::{log, screen, theme};

fn whole(app: &App, title: &str, paper: &Paper, frame: &mut Frame<'_>, area: Rect) -> Painted {
    let block = screen::pane(title, false, true);
    let (overflow, rows) = screen::paper(paper, block, app.scroll, frame, area);
    Painted { overflow, rows, ..Painted::default() }
}

/// The launch is under way, and takes long enough to be noticed.
pub(super) fn starting(app: &App, since: Timestamp, frame: &mut Frame<'_>, area: Rect) -> Painted {
    let mut paper = Paper::default();
    paper.gap();
    paper.line(vec![
        (Tone::Busy, format!("{} ", theme::spinner(app.now, app.options))),
        (Tone::Strong, "Starting".to_owned()),
        (Tone::Dim, format!("  {}", clock(seconds(since, app.now)))),
    ]);
    paper.item(
        "",
        2,
        Tone::Plain,
        "Signs in, reads what this Azure offers, and makes the plan. Nothing is changed.",
    );
    whole(app, "Starting", &paper, frame, area)
}

/// Every request of the row of the cursor.
pub(super) fn requests(app: &App, session: &Session, frame: &mut Frame<'_>, area: Rect) -> Painted {
    whole(
        app,
        &format!("Requests of {}", subject(session)),
        &requests::requests(session, &app.zone),
        frame,
        area,
    )
}

/// The requests of the row of the cursor as `az` commands.
pub(super) fn az(app: &App, session: &Session, frame: &mut Frame<'_>, area: Rect) -> Painted {
    let title = format!("In az, as typed in bash: {}", subject(session));
    whole(app, &title, &az::commands(session), frame, area)
}

/// Why the row of the cursor is there.
pub(super) fn why(app: &App, session: &Session, frame: &mut Frame<'_>, area: Rect) -> Painted {
    whole(app, &format!("Why: {}", subject(session)), &why::why(session), frame, area)
}

/// A call with its reply.
pub(super) fn exchange(app: &App, reading: &Reading, frame: &mut Frame<'_>, area: Rect) -> Painted {
    let title = match reading.shown() {
        Some(shown) => {
            let step = shown.begun.event.step().map_or("no step", StepId::as_str);
            format!("Call {} of {} of {step}", shown.place, shown.count)
        }
        None => "A call".to_owned(),
    };
    whole(app, &title, &reading.paper(&app.zone), frame, area)
}

/// The row of the cursor, as titles name it.
fn subject(session: &Session) -> String {
    match (session.step_of(session.cursor), session.stage(session.cursor)) {
        (Some(step), _) => step.title.clone(),
        (None, Some(stage)) => stage.heading.clone(),
        (None, None) => "nothing".to_owned(),
    }
}

/// One line of the log, whole.
pub(super) fn log_line(app: &App, line: &Line, frame: &mut Frame<'_>, area: Rect) -> Painted {
    let mut paper = Paper::default();
    paper.item("Time", 8, Tone::Plain, &time_of_day(line.at, &app.zone));
    if !line.step.is_empty() {
        paper.item("Step", 8, Tone::Plain, &line.step);
    }
    if let Some(call) = line.call {
        paper.item("Call", 8, Tone::Plain, &call.to_string());
    }
    paper.gap();
    paper.text(theme::level(line.level), &log::close_up(&line.text));
    whole(app, "A line of the log", &paper, frame, area)
}

/// What it came to, and what a device maker needs next.
pub(in crate::tui) fn finished(app: &App, session: &Session) -> Paper {
    let mut paper = Paper::default();
    let progress = &session.progress;
    let mut says = counted(session.counts());
    if let Some(started) = progress.started {
        says.push_str(&format!(" · {}", clock(seconds(started, session.until(app.now)))));
    }
    let what = if session.is_teardown() { "The setup is taken down" } else { "Everything is finished" };
    paper.text(Tone::Good, &format!("{what}: {says}"));
    let card = card(&session.plan, progress);
    if !card.facts.is_empty() {
        paper.gap();
        paper.text(Tone::Strong, "What a device maker needs");
        for (label, value) in &card.facts {
            paper.item(&format!("  {label}"), 20, Tone::Plain, value);
        }
    }
    paper
}

/// What was done, and what a device maker needs next.
pub(super) fn finish(app: &App, session: &Session, frame: &mut Frame<'_>, area: Rect) -> Painted {
    let mut paper = finished(app, session);
    let progress = &session.progress;
    let answers = progress.header.as_ref().map(|header| &header.answers);
    let public = answers.is_some_and(|answers| answers.cloud.name == "public");
    let links = public && !session.is_sandbox(&app.banner.cloud);
    let card = card(&session.plan, progress);
    for (index, stage) in session.outline.iter().enumerate() {
        paper.gap();
        paper.text(Tone::Strong, &format!("{} {}", index + 1, stage.heading));
        for (place, step) in stage.steps.iter().enumerate() {
            let row = Row::Step(index, place);
            let state = RowState::Step(session.state(step));
            let tone = theme::tone(state);
            let time = session.row_seconds(row, app.now).map(clock).unwrap_or_default();
            paper.line(vec![
                (tone, format!("  {} ", theme::symbol(state, app.now, app.options))),
                (tone, pad(state.word(), 14)),
                (Tone::Dim, pad(&time, 8)),
                (Tone::Plain, step.title.clone()),
            ]);
            let known = session.progress.step(&step.id);
            if let Some(note) = known.and_then(|known| known.note.as_deref()) {
                paper.item("", 26, Tone::Dim, note);
            }
            if let Some(fault) = known.and_then(|known| known.fault.as_ref()) {
                for (label, text) in fault_items(fault) {
                    paper.item(&format!("      {label}"), 26, Tone::Plain, &text);
                }
            }
        }
    }
    if !session.stays.is_empty() {
        paper.gap();
        paper.text(Tone::Strong, "What stays");
    }
    for (what, why) in &session.stays {
        paper.item("", 2, Tone::Plain, &format!("{what}: {why}"));
    }
    if !card.resources.is_empty() {
        paper.gap();
        paper.text(Tone::Strong, "Resources");
    }
    for id in &card.resources {
        paper.item("", 2, Tone::Plain, id);
        if links {
            paper.item("", 4, Tone::Dim, &portal(id));
        }
    }
    Painted { finish: true, ..whole(app, "Finished", &paper, frame, area) }
}

/// The keys of the page beneath that act now.
pub(super) fn help(app: &App, frame: &mut Frame<'_>, area: Rect) -> Painted {
    let bindings = page_bindings(app);
    let mut paper = Paper::default();
    for places in [&[Place::Main, Place::Row][..], &[Place::Help]] {
        paper.gap();
        for binding in bindings.iter().filter(|binding| places.contains(&binding.place)) {
            paper.item(binding.name, 14, Tone::Plain, &binding.help);
        }
    }
    whole(app, "Keys that act now", &paper, frame, area)
}
