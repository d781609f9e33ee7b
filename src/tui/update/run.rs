//! What the records of the run do to the screen.

use crate::domain::{Fault, Record, RunEvent};
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
    if matches!(record.event, RunEvent::StepFinished { .. } | RunEvent::RunFinished { .. }) {
        celebrate(app);
    }
    Vec::new()
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
