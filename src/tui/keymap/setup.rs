//! The keys of the setup page: its stages, its log, and whatever stands in the pane.

use crate::domain::{Outcome, StepId, StepState};
use crate::tui::app::App;
use crate::tui::az;
use crate::tui::msg::Key;
use crate::tui::rows::Row;
use crate::tui::session::{Focus, Panel, Session};

use super::binding::{Action, Bindings, Place};
use super::log;
use super::using::using;

/// The keys of the setup page, whatever its pane shows.
pub(super) fn setup(keys: &mut Bindings, app: &App, session: &Session) {
    if session.log.typing.is_some() {
        log::typing(keys, &session.log);
        return;
    }
    match &session.panel {
        Panel::Detail => main(keys, app, session),
        Panel::Use(choice) => using(keys, app, choice),
        Panel::TakeOut(_) => log::take_out(keys, session),
        Panel::SkipCost(steps) => {
            keys.add(&[Key::Enter], "Enter", "skip", "skip", Action::SkipNow).at(Place::Main);
            if session.open && session.usable_of(steps).is_some() {
                use_existing(keys);
            }
            keys.add(&[Key::Esc], "Esc", "back", "skip nothing", Action::Back).at(Place::Main);
            keys.add(&[Key::Ctrl('c')], "Ctrl+C", "abort", "leave the run", Action::Leave).at(Place::Main);
        }
        Panel::All => {
            keys.add(
                &[Key::Enter],
                "Enter",
                "make all of it",
                "confirm every step that is left",
                Action::AllNow,
            )
            .at(Place::Main);
            keys.add(&[Key::Esc], "Esc", "back", "confirm nothing", Action::Back).at(Place::Main);
            keys.add(&[Key::Ctrl('c')], "Ctrl+C", "abort", "leave the run", Action::Leave).at(Place::Main);
        }
        Panel::Abort => {
            keys.add(
                &[Key::Char('1'), Key::Ctrl('c')],
                "1",
                "leave",
                "leave; Azure goes on with what it accepted",
                Action::LeaveAnyway,
            )
            .at(Place::Main);
            if session.open && !session.queued().is_empty() {
                keys.add(
                    &[Key::Char('2')],
                    "2",
                    "drop what is not sent",
                    "stop the steps that were not started, and stay",
                    Action::DropQueued,
                )
                .at(Place::Main);
            }
            keys.add(&[Key::Char('3'), Key::Esc], "3", "back", "go on", Action::Back).at(Place::Main);
        }
        Panel::Stopped(_) => {
            let help = "leave; the summary and the reason stay in the terminal";
            keys.add(&[Key::Ctrl('c'), Key::Char('q')], "Ctrl+C", "leave", help, Action::Leave)
                .at(Place::Main);
            keys.add(&[Key::Esc], "Esc", "back", "back to the stages and the log", Action::Back)
                .at(Place::Main);
        }
        Panel::Question(number) => {
            // Only a question that stood on the screen when the key was pressed can be answered.
            if app.painted.question == Some(*number) && session.open {
                const DIGITS: [(&[Key], &str); 9] = [
                    (&[Key::Char('1')], "1"),
                    (&[Key::Char('2')], "2"),
                    (&[Key::Char('3')], "3"),
                    (&[Key::Char('4')], "4"),
                    (&[Key::Char('5')], "5"),
                    (&[Key::Char('6')], "6"),
                    (&[Key::Char('7')], "7"),
                    (&[Key::Char('8')], "8"),
                    (&[Key::Char('9')], "9"),
                ];
                let choices = session.question(*number).map(|question| &question.ask.choices[..]);
                for (index, ((digit, name), (_, label))) in
                    DIGITS.iter().zip(choices.unwrap_or_default()).enumerate()
                {
                    keys.add(digit, name, label, label, Action::Choose(index)).at(Place::Main);
                }
            }
            if session.signs_in(*number) && session.open {
                let help = "sign in here; then every step that waits for it goes on";
                keys.add(&[Key::Char('i')], "i", "sign in here", help, Action::SignInAgain).at(Place::Main);
            }
            keys.add(&[Key::Esc], "Esc", "later", "answer later; the step waits", Action::Back)
                .at(Place::Main);
            keys.add(&[Key::Ctrl('c')], "Ctrl+C", "abort", "leave the run", Action::Leave).at(Place::Main);
        }
    }
    if session.panel != Panel::Detail {
        // The list of what exists follows its own cursor.
        if !matches!(session.panel, Panel::Use(_)) {
            keys.scrolling(session.scroll, app.painted.overflow, false);
        }
        keys.help_and_suspend();
    }
}

fn main(keys: &mut Bindings, app: &App, session: &Session) {
    let on_log = session.focus == Focus::Log;
    let row = session.cursor;
    let unconfirmed = !session.confirmable(row).is_empty() && session.open;
    if on_log {
        if session.log.current().is_some() {
            let (word, help) = match session.log.current_line() {
                Some(line) if line.call.is_some() => ("exchange", "the request and its reply, whole"),
                _ => ("whole line", "show the line in full"),
            };
            keys.add(&[Key::Enter], "Enter", word, help, Action::OpenLine).at(Place::Main);
        }
    } else if unconfirmed && !app.settled(session) {
        // Nothing: this Enter may be the second press of the one that started the run.
    } else if unconfirmed {
        let help = match row {
            Row::Stage(_) => "go: do every step of this stage that is left",
            Row::Step(..) => "go: do this step",
        };
        keys.add(&[Key::Enter], "Enter", "go", help, Action::Confirm).at(Place::Main);
    } else if !session.detail_open && !seen_whole(app) {
        keys.add(&[Key::Enter], "Enter", "detail", "the detail of this row", Action::OpenDetail)
            .at(Place::Main);
    }
    let skippable = session.open && !session.steps_in(row, can_skip).is_empty();
    if skippable {
        keys.add(
            &[Key::Char('s'), Key::Char('S')],
            "s",
            "skip",
            "skip this row; shows first what that costs",
            Action::Skip,
        )
        .at(Place::Main);
    }
    let (word, help) = if session.busy() {
        ("abort", "leave the run; asks first, for something runs")
    } else {
        ("leave", "leave; the summary stays in the terminal")
    };
    keys.add(&[Key::Ctrl('c'), Key::Char('q')], "Ctrl+C", word, help, Action::Leave).at(Place::Main);
    keys.help_and_suspend();
    if session.complete() {
        keys.add(
            &[Key::Char('f')],
            "f",
            "finish",
            "what was done, and what a device maker needs",
            Action::Finish,
        )
        .at(Place::Row);
    }
    if on_log {
        log::first(keys, session);
    }
    if session.trouble().is_some_and(|place| place != row.stage()) && !on_log {
        let help = "to the next stage that failed, or asks you";
        keys.add(&[Key::Char('!')], "!", "what needs you", help, Action::ToTrouble).at(Place::Row);
    }
    row_actions(keys, session, row);
    if session.open && !session.unconfirmed().is_empty() {
        keys.add(&[Key::Char('A')], "A", "all the rest", "do everything that is left", Action::All)
            .at(Place::Row);
    }
    let skipped = !session.steps_in(row, is_skipped).is_empty();
    if session.open && !skipped && session.usable_in(row).is_some() {
        use_existing(keys);
    }
    if session.progress.header.is_some() {
        let help = "every step with its outcome, reason and requests";
        keys.add(&[Key::Char('R')], "R", "review", help, Action::Review).at(Place::Row);
    }
    let help = "every request of the plan, what it needs, what is billed";
    keys.add(&[Key::Char('P')], "P", "plan", help, Action::Plan);
    if session.can_take_down() {
        let help = "what taking the setup down comes to; deletes nothing yet";
        keys.add(&[Key::Char('T')], "T", "take down", help, Action::TakeDown);
    }
    let searched = !session.log.query.is_empty();
    let seeking = session.log.seeking.is_some();
    if searched && !seeking && (on_log || !session.detail_open) {
        keys.add(&[Key::Esc], "Esc", "end search", "take the marks of the search away", Action::ClearSearch);
    }
    if on_log {
        keys.add(
            if searched || seeking { &[Key::Tab] } else { &[Key::Tab, Key::Esc] },
            "Tab",
            "stages",
            "to the stages",
            Action::SwitchFocus,
        )
        .at(Place::Row);
    } else {
        moves(keys, session, row);
        keys.add(&[Key::Tab], "Tab", "log", "to the log", Action::SwitchFocus);
        if session.detail_open {
            keys.add(&[Key::Esc], "Esc", "back", "close the detail", Action::Back).at(Place::Row);
        }
    }
    if session.detail_open && !on_log {
        keys.scrolling(session.scroll, app.painted.overflow, false);
    } else {
        log::rest(keys, app, session, on_log);
    }
    if on_log && session.log.current().is_some() {
        keys.add(&[Key::Char('y')], "y", "copy", "copy this line", Action::Copy);
    } else if !on_log && session.stage(row).is_some() {
        keys.add(&[Key::Char('y')], "y", "copy", "copy what is known of this row, for support", Action::Copy);
    }
}

/// True when the detail stands beside the stages, all of it: to open it would only hide the log.
fn seen_whole(app: &App) -> bool {
    app.painted.rows > 0 && app.painted.overflow == 0
}

/// What can be done about the row of the cursor, in the order in which the footer has room for it.
fn row_actions(keys: &mut Bindings, session: &Session, row: Row) {
    if session.open && session.next_question().is_some() {
        keys.add(&[Key::Char('a')], "a", "answer", "open the question that waits", Action::Answer)
            .at(Place::Row);
    }
    if session.open && !session.steps_in(row, can_retry).is_empty() {
        keys.add(&[Key::Char('r')], "r", "retry", "try again", Action::Retry).at(Place::Row);
    }
    if session.open && !can_keep_trying(session, row).is_empty() {
        keys.add(&[Key::Char('w')], "w", "keep trying", "wait five minutes longer", Action::KeepTrying)
            .at(Place::Row);
    }
    if session.open && !session.steps_in(row, is_skipped).is_empty() {
        keys.add(&[Key::Char('u')], "u", "do it after all", "take the skip back", Action::TakeUp)
            .at(Place::Row);
    }
    keys.add(&[Key::Char('d')], "d", "detail", "open or close the detail of this row", Action::ToggleDetail)
        .at(Place::Row);
    if session.open && !session.steps_in(row, can_cancel).is_empty() {
        keys.add(
            &[Key::Char('c')],
            "c",
            "cancel step",
            "stop this row: nothing more is sent for it",
            Action::Cancel,
        )
        .at(Place::Row);
    }
    if session.steps_of(row).iter().any(|step| {
        session.sent.contains_key(&step.id)
            || session.plan.step(&step.id).is_some_and(|step| !step.planned.is_empty())
    }) {
        keys.add(
            &[Key::Char('D')],
            "D",
            "requests",
            "every request of this row, as planned and as sent",
            Action::Requests,
        )
        .at(Place::Row);
    }
    if az::has_commands(session) {
        let help = "the requests of this row as az commands";
        keys.add(&[Key::Char('z')], "z", "as az command", help, Action::AzCommand);
    }
    if session.stage(row).is_some() {
        let help = "why this row is there, what it needs, where it is documented";
        keys.add(&[Key::Char('x')], "x", "why this step", help, Action::Why);
    }
}

fn use_existing(keys: &mut Bindings) {
    let help = "use one that exists in place of making it; shows what was found";
    keys.add(&[Key::Char('u')], "u", "use existing", help, Action::UseExisting).at(Place::Row);
}

fn moves(keys: &mut Bindings, session: &Session, row: Row) {
    let rows = session.rows();
    if rows.first().is_some_and(|first| *first != row) {
        keys.add(&[Key::Up, Key::Char('k')], "↑ k", "up", "row before", Action::CursorUp);
        keys.add(&[Key::Home], "Home", "first", "first row", Action::CursorFirst);
    }
    if rows.last().is_some_and(|last| *last != row) {
        keys.add(&[Key::Down, Key::Char('j')], "↓ j", "down", "next row", Action::CursorDown);
        keys.add(&[Key::End], "End", "last", "last row", Action::CursorLast);
    }
    let Some(stage) = session.stage(row) else { return };
    let unfolded = session.unfolded.contains(&stage.id);
    if !unfolded && !stage.steps.is_empty() {
        keys.add(
            &[Key::Right, Key::Char('l')],
            "→ l",
            "unfold",
            "show the steps of this stage",
            Action::Unfold,
        );
    } else if unfolded {
        keys.add(&[Key::Left, Key::Char('h')], "← h", "fold", "back to the stage alone", Action::Fold);
    }
}

/// What can be skipped: whatever does not hold and does not run.
pub(crate) fn can_skip(state: StepState) -> bool {
    match state {
        StepState::NotYet | StepState::Ready | StepState::Queued => true,
        StepState::Finished(outcome) => {
            matches!(outcome, Outcome::Failed | Outcome::Blocked | Outcome::Cancelled)
        }
        _ => false,
    }
}

/// What can be tried again.
pub(crate) fn can_retry(state: StepState) -> bool {
    matches!(state, StepState::Finished(Outcome::Failed | Outcome::Blocked | Outcome::Cancelled))
}

/// The steps of a row that can be waited for longer: those that wait, and those whose wait ran out.
pub(crate) fn can_keep_trying(session: &Session, row: Row) -> Vec<StepId> {
    let may_pass = |id: &StepId| {
        let fault = session.progress.step(id).and_then(|progress| progress.fault.as_ref());
        fault.is_none_or(|fault| fault.may_pass)
    };
    let steps = session
        .steps_in(row, |state| matches!(state, StepState::Waiting | StepState::Finished(Outcome::Failed)));
    steps.into_iter().filter(may_pass).collect()
}

/// What can be cancelled.
pub(crate) fn can_cancel(state: StepState) -> bool {
    state.is_active() || state == StepState::Queued
}

/// What was skipped.
pub(crate) fn is_skipped(state: StepState) -> bool {
    state == StepState::Finished(Outcome::Skipped)
}
