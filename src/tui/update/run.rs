//! What the records of the run do to the screen.

use crate::domain::{Fault, Outcome, Record, RunEvent};
use crate::tui::app::{App, Page};
use crate::tui::msg::Effect;
use crate::tui::session::Panel;

/// Takes a record in.
pub(super) fn record(app: &mut App, record: &Record) -> Vec<Effect> {
    let Some(session) = &mut app.session else { return Vec::new() };
    app.dirty = true;
    if session.take(record) {
        // An Enter that was on its way is not meant for where the cursor stands now.
        session.shown = app.now;
    }
    let finished = matches!(app.page, Page::Finish { .. });
    if matches!(record.event, RunEvent::StepFinished { .. } | RunEvent::RunFinished { .. }) {
        celebrate(app);
    }
    let celebrates = !finished && matches!(app.page, Page::Finish { .. });
    let rings = app.options.bell && (celebrates || needs_a_person(&record.event));
    if rings { vec![Effect::Bell] } else { Vec::new() }
}

/// True for what only a person can take further.
fn needs_a_person(event: &RunEvent) -> bool {
    match event {
        RunEvent::Asked(_) => true,
        RunEvent::StepFinished { outcome, .. } => *outcome == Outcome::Failed,
        _ => false,
    }
}

/// Shows the finish page, once, when everything has ended well and the person is looking at the stages.
pub(super) fn celebrate(app: &mut App) {
    let Some(session) = &mut app.session else { return };
    if matches!(app.page, Page::Setup)
        && !app.help
        && session.complete()
        && !session.celebrated
        && session.log.typing.is_none()
    {
        session.celebrated = true;
        session.close_panel();
        app.turn(Page::Finish { since: app.now });
    }
}

/// The engine has ended. One that could not go on has said so in no record.
pub(super) fn closed(app: &mut App, why: Option<Box<Fault>>) -> Vec<Effect> {
    if let Some(session) = &mut app.session {
        app.dirty = true;
        session.open = false;
        session.confirmed.clear();
        session.progress.ended.get_or_insert(app.now);
        if let Some(why) = why {
            session.show(Panel::Stopped(why));
        }
    }
    Vec::new()
}
