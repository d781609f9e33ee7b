//! What the keys of the setup page do.

use crate::domain::{StepId, StepState};
use crate::engine::Command;
use crate::tui::app::{App, Page, WIDE};
use crate::tui::keymap::{self, Action};
use crate::tui::msg::Effect;
use crate::tui::rows::Row;
use crate::tui::session::{Focus, Panel, Session};
use crate::tui::summary::step_text;

use super::log::line_text;

/// Performs `action` on the setup page.
pub(super) fn perform(app: &mut App, action: Action) -> Vec<Effect> {
    let sandbox = app.session.as_ref().is_some_and(|session| session.is_sandbox(&app.banner.cloud));
    let narrow = app.width < WIDE;
    let Some(session) = &mut app.session else { return Vec::new() };
    match action {
        Action::Confirm => return confirm(session),
        Action::OpenDetail => session.detail_open = true,
        Action::ToggleDetail => {
            session.detail_open = !session.detail_open;
            session.scroll = 0;
        }
        Action::Unfold => unfold(session, narrow),
        Action::Fold => {
            if let Some(stage) = session.stage(session.cursor).map(|stage| stage.id.clone()) {
                session.unfolded.remove(&stage);
                session.cursor = Row::Stage(session.cursor.stage());
            }
        }
        Action::CursorUp => move_cursor(session, |at, _| at.saturating_sub(1)),
        Action::CursorDown => move_cursor(session, |at, last| (at + 1).min(last)),
        Action::CursorFirst => move_cursor(session, |_, _| 0),
        Action::CursorLast => move_cursor(session, |_, last| last),
        Action::Skip => {
            let steps = session.steps_in(session.cursor, keymap::can_skip);
            session.show(Panel::SkipCost(steps));
        }
        Action::SkipNow => return skip(session),
        Action::TakeUp => {
            let steps = session.steps_in(session.cursor, keymap::is_skipped);
            return send(steps.into_iter().map(Command::Unskip));
        }
        Action::All if sandbox => return confirm_all(session),
        Action::All => session.show(Panel::All),
        Action::AllNow => return confirm_all(session),
        Action::Retry => return each(app, keymap::can_retry, Command::Retry, "tries again"),
        Action::KeepTrying => {
            let steps = keymap::can_keep_trying(session, session.cursor);
            return tell_each(app, steps, Command::KeepTrying, "waits five minutes longer");
        }
        Action::Cancel => return each(app, keymap::can_cancel, Command::Cancel, "stops"),
        Action::Requests => app.turn(Page::Requests),
        Action::AzCommand => app.turn(Page::Az),
        Action::Why => app.turn(Page::Why),
        Action::Finish => app.turn(Page::Finish { since: app.now }),
        Action::Answer => {
            if let Some(number) = session.next_question().map(|question| question.number) {
                session.show(Panel::Question(number));
            }
        }
        Action::Choose(index) => return choose(session, index),
        Action::DropQueued => {
            let steps = session.queued();
            for step in &steps {
                session.confirmed.remove(step);
            }
            session.close_panel();
            return send(steps.into_iter().map(Command::Cancel));
        }
        Action::ToTrouble => {
            if let Some(stage) = session.trouble() {
                session.cursor = Row::Stage(stage);
                session.scroll = 0;
            }
        }
        Action::SwitchFocus => {
            session.focus = if session.focus == Focus::Log { Focus::Stages } else { Focus::Log };
            session.detail_open = false;
        }
        _ => {}
    }
    Vec::new()
}

fn send(commands: impl IntoIterator<Item = Command>) -> Vec<Effect> {
    commands.into_iter().map(Effect::Send).collect()
}

fn confirm(session: &mut Session) -> Vec<Effect> {
    let steps = session.confirmable(session.cursor);
    if steps.is_empty() {
        return Vec::new();
    }
    session.confirmed.extend(steps.iter().cloned());
    session.scroll = 0;
    session.advance();
    send([Command::Confirm(steps)])
}

fn confirm_all(session: &mut Session) -> Vec<Effect> {
    let steps = session.unconfirmed();
    session.confirmed.extend(steps);
    session.close_panel();
    send([Command::ConfirmAll])
}

fn skip(session: &mut Session) -> Vec<Effect> {
    let Panel::SkipCost(steps) = session.panel.clone() else { return Vec::new() };
    session.close_panel();
    // What began to run since the cost was shown is no longer skipped.
    let steps: Vec<StepId> = session
        .steps_in(session.cursor, keymap::can_skip)
        .into_iter()
        .filter(|step| steps.contains(step))
        .collect();
    if steps.is_empty() {
        return Vec::new();
    }
    // They count as decided: the cursor goes on, and the engine tells when they are looked at.
    session.confirmed.extend(steps.iter().cloned());
    session.advance();
    send([Command::Skip(steps)])
}

/// Sends `command` for each step of the cursor's row in a state that fits, and says so.
fn each(
    app: &mut App,
    wanted: impl Fn(StepState) -> bool,
    command: impl Fn(StepId) -> Command,
    does: &str,
) -> Vec<Effect> {
    let Some(session) = &app.session else { return Vec::new() };
    let steps = session.steps_in(session.cursor, wanted);
    tell_each(app, steps, command, does)
}

fn tell_each(
    app: &mut App,
    steps: Vec<StepId>,
    command: impl Fn(StepId) -> Command,
    does: &str,
) -> Vec<Effect> {
    let names: Vec<&str> = steps.iter().map(StepId::as_str).collect();
    let told = format!("{}: {does}", names.join(", "));
    app.tell(told);
    send(steps.into_iter().map(command))
}

fn choose(session: &mut Session, index: usize) -> Vec<Effect> {
    let Panel::Question(number) = session.panel else { return Vec::new() };
    let choices = session.question(number).map(|question| &question.ask.choices[..]).unwrap_or_default();
    let Some((key, _)) = choices.get(index) else { return Vec::new() };
    let choice = key.clone();
    session.close_panel();
    send([Command::Answer { number, choice }])
}

fn move_cursor(session: &mut Session, to: impl Fn(usize, usize) -> usize) {
    let rows = session.rows();
    let at = rows.iter().position(|row| *row == session.cursor).unwrap_or(0);
    if let Some(row) = rows.get(to(at, rows.len().saturating_sub(1))) {
        session.cursor = *row;
        session.scroll = 0;
    }
}

/// Shows the steps of the cursor's stage; where there is little room, those of no other stage.
fn unfold(session: &mut Session, narrow: bool) {
    let Some(stage) = session.stage(session.cursor).map(|stage| stage.id.clone()) else { return };
    if narrow {
        session.unfolded.clear();
    }
    session.unfolded.insert(stage);
}

/// What `y` copies on the setup page: its name and the text.
pub(super) fn copied(app: &App, session: &Session) -> (String, String) {
    if session.focus == Focus::Log
        && let Some(line) = session.log.current_line()
    {
        return ("the line".to_owned(), line_text(app, line));
    }
    let steps = session.steps_of(session.cursor);
    let text: Vec<String> =
        steps.iter().map(|step| step_text(&session.plan, &session.progress, step)).collect();
    let name = match (session.step_of(session.cursor), session.stage(session.cursor)) {
        (Some(step), _) => step.title.clone(),
        (None, Some(stage)) => stage.heading.clone(),
        (None, None) => String::new(),
    };
    (name, text.join("\n"))
}
