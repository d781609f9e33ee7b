//! The page of the checks: what would stop the run, what to do about each, and how to go on.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::stages::preflight::{Finding, FindingState};
use crate::tui::app::App;
use crate::tui::msg::Painted;
use crate::tui::paper::{Paper, Tone};
use crate::tui::plan;
use crate::tui::preflight::{Checkup, Preflight};
use crate::tui::text::pad;

use super::{screen, theme};

/// Width of the column of the states.
const STATE: usize = 15;

/// Draws the page.
pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) -> Painted {
    let Some(preflight) = &app.preflight else { return Painted::default() };
    let below = verdict(app, preflight);
    // Nothing to say needs no rule above it.
    let rows = screen::rows_of(&below, area);
    let (top, rest) = screen::split(area, if rows > 1 { rows.min(area.height / 2) } else { 0 });
    let block = screen::pane("Before the first change", false, true);
    let (overflow, rows) = screen::paper(&found(app, preflight), block, app.scroll, frame, top);
    if rest.height > 0 {
        let bad = app.fault.is_some() || preflight.checkup().is_some_and(Checkup::stops);
        let title = if app.fault.is_some() { "It could not be started" } else { "What it comes to" };
        screen::paper(&below, screen::pane(title, false, bad), 0, frame, rest);
    }
    Painted { overflow, rows, ..Painted::default() }
}

/// What was found, what stops first.
pub(in crate::tui) fn found(app: &App, preflight: &Preflight) -> Paper {
    let mut paper = Paper::default();
    if preflight.found.is_none() && app.indicator(preflight.since) {
        paper.line(vec![
            (Tone::Busy, format!("{} ", theme::spinner(app.now, app.options))),
            (Tone::Plain, "Looking for everything that would stop the run. Nothing is changed.".to_owned()),
        ]);
        paper.gap();
    }
    match (&preflight.found, &preflight.before) {
        (Some(Ok(checkup)), _) | (None, Some(checkup)) => {
            for finding in checkup.in_order() {
                told(&mut paper, finding);
            }
        }
        (Some(Err(fault)), _) => {
            paper.fault(fault);
        }
        (None, None) => {}
    }
    paper
}

fn told(paper: &mut Paper, finding: &Finding) {
    let (mark, tone) = match finding.state {
        FindingState::Passed => ("✔", Tone::Good),
        FindingState::Warned => ("!", Tone::Warn),
        FindingState::NotChecked => ("·", Tone::Dim),
        FindingState::Stops => ("✖", Tone::Bad),
    };
    let label = format!("{mark} {}", finding.state.word());
    if finding.state == FindingState::Passed {
        paper.line(vec![
            (tone, pad(&label, STATE)),
            (Tone::Plain, finding.title.clone()),
            (Tone::Dim, format!("   {}", finding.says)),
        ]);
        return;
    }
    paper.line(vec![(tone, pad(&label, STATE)), (Tone::Strong, finding.title.clone())]);
    paper.item("", STATE, Tone::Plain, &finding.says);
    if !finding.steps.is_empty() {
        let steps: Vec<&str> = finding.steps.iter().map(crate::domain::StepId::as_str).collect();
        paper.item("", STATE, Tone::Dim, &format!("needed by {}", steps.join(", ")));
    }
    if let Some(remedy) = &finding.remedy {
        paper.item("", STATE, Tone::Strong, &format!("do: {remedy}"));
    }
    paper.gap();
}

/// What it comes to, and how to go on.
pub(in crate::tui) fn verdict(app: &App, preflight: &Preflight) -> Paper {
    let mut paper = Paper::default();
    if let Some(fault) = &app.fault {
        paper.fault(fault);
        return paper;
    }
    let Some(checkup) = preflight.checkup() else { return paper };
    let stop = if checkup.count(FindingState::Stops) == 1 { "stops the run" } else { "stop the run" };
    let counts = [
        (FindingState::Stops, stop),
        (FindingState::Warned, "to know"),
        (FindingState::NotChecked, "not checked"),
        (FindingState::Passed, "passed"),
    ];
    let counted: Vec<String> = counts
        .into_iter()
        .map(|(state, word)| (checkup.count(state), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let tone = if checkup.stops() { Tone::Bad } else { Tone::Good };
    let head = if checkup.stops() { "Something stands in the way" } else { "Nothing stands in the way" };
    paper.text(tone, &format!("{head}: {}", counted.join(" · ")));
    match &preflight.handed {
        Some(Ok(text)) => paper.text(Tone::Plain, text),
        Some(Err(fault)) => {
            paper.fault(fault);
        }
        None if checkup.hand_off.is_some() => paper.text(
            Tone::Plain,
            "h writes a role and a script of just the missing grants, for somebody who may give them; w waits for that.",
        ),
        None => {}
    }
    if !checkup.skips.is_empty() {
        let titles = |ids: &[crate::domain::StepId]| {
            let title = |id: &crate::domain::StepId| {
                checkup.plan.step(id).map_or_else(|| id.to_string(), |step| step.title.clone())
            };
            ids.iter().map(title).collect::<Vec<_>>().join(" · ")
        };
        let mut says = format!("s goes on without: {}", titles(&checkup.skips));
        if !checkup.blocked.is_empty() {
            says.push_str(&format!("; then these cannot run yet: {}", titles(&checkup.blocked)));
        }
        paper.text(Tone::Plain, &says);
    }
    if let Some(at) = preflight.again_at {
        let left = (at.as_millisecond() - app.now.as_millisecond()).max(0) / 1_000;
        paper.text(
            Tone::Busy,
            &format!("Checks again in {left} s, and goes on saying so until you press w or Esc."),
        );
    }
    if checkup.stops() {
        paper.text(Tone::Dim, "o goes on all the same: what stops is then met by its step.");
    } else {
        paper.text(Tone::Plain, "Enter shows the stages. Nothing is changed before you confirm it there.");
    }
    paper
}

/// Draws the page of the plan.
pub(super) fn plan(app: &App, frame: &mut Frame<'_>, area: Rect) -> Painted {
    let paper = plan::paper(app).unwrap_or_default();
    let block = screen::pane("The plan", false, true);
    let (overflow, rows) = screen::paper(&paper, block, app.scroll, frame, area);
    Painted { overflow, rows, ..Painted::default() }
}
