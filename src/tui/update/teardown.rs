//! What leads to the page of the way back, and what its keys do. Nothing is deleted here: a run is launched.

use crate::domain::{Answers, Fault, RunKind};
use crate::tui::app::{App, Page};
use crate::tui::msg::Effect;
use crate::tui::teardown::{Teardown, WayBack};

/// Opens the page for the setup that has `answers`.
pub(super) fn open(app: &mut App, answers: Answers) -> Vec<Effect> {
    app.fault = None;
    app.teardown = Some(Teardown::new(app.page.clone(), app.now));
    app.turn(Page::Teardown);
    vec![Effect::WayBack(Box::new(answers))]
}

/// Takes the plan in.
pub(super) fn found(app: &mut App, found: Result<Box<WayBack>, Box<Fault>>) {
    if let Some(teardown) = &mut app.teardown {
        teardown.found = Some(found);
        app.dirty = true;
    }
}

/// Esc: puts a failed start away, else goes back to where the page was opened from.
pub(super) fn back(app: &mut App) {
    if app.fault.take().is_none()
        && let Some(teardown) = app.teardown.take()
    {
        app.turn(*teardown.from);
    }
}

/// Launches when the name was typed to the letter; else nothing is changed.
pub(super) fn agree(app: &mut App) -> Vec<Effect> {
    let Some(teardown) = &app.teardown else { return Vec::new() };
    let Some(way) = teardown.way_back().filter(|_| teardown.agreed()) else {
        app.tell("not its name: nothing changed");
        return Vec::new();
    };
    let answers = way.answers.clone();
    // One run ends before the other begins.
    if let Some(session) = &mut app.session {
        session.open = false;
        session.confirmed.clear();
    }
    app.starts();
    vec![Effect::Launch(Box::new(answers), RunKind::Teardown)]
}
