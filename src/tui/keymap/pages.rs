//! The keys of every page, and those of the form and the pages of one text.

use crate::tui::app::{App, FINISH_SETTLES, Page};
use crate::tui::exchange::Reading;
use crate::tui::msg::Key;

use super::binding::{Action, Binding, Bindings, Place};
use super::entry::{plan, preflight, sign_in, welcome};
use super::review::review;
use super::setup::setup;

/// The keys that act now, the most important first.
pub(crate) fn bindings(app: &App) -> Vec<Binding> {
    if app.help {
        let mut keys = Bindings::default();
        keys.add(
            &[Key::Esc, Key::Char('?'), Key::Char('q'), Key::Enter],
            "Esc ?",
            "back",
            "back to the page",
            Action::Back,
        )
        .at(Place::Main);
        keys.add(&[Key::Ctrl('c')], "Ctrl+C", "leave", "leave", Action::Leave).at(Place::Main);
        keys.scrolling(app.scroll, app.painted_help.overflow, true);
        return keys.0;
    }
    page_bindings(app)
}

/// The keys of the page, as its help lists them.
pub(crate) fn page_bindings(app: &App) -> Vec<Binding> {
    let mut keys = Bindings::default();
    match (&app.page, &app.session) {
        (Page::Welcome, _) => welcome(&mut keys, app),
        (Page::SignIn, _) => sign_in(&mut keys, app),
        (Page::Preflight, _) => preflight(&mut keys, app),
        (Page::Plan(_), _) => plan(&mut keys, app),
        (Page::Form, _) => form(&mut keys, app),
        (Page::Starting { .. }, _) => {
            keys.add(&[Key::Esc], "Esc", "back", "back; nothing is started", Action::Back).at(Place::Main);
            keys.add(&[Key::Ctrl('c')], "Ctrl+C", "leave", "leave hubup", Action::Leave).at(Place::Main);
            keys.help_and_suspend();
        }
        (Page::Setup, Some(session)) => setup(&mut keys, app, session),
        (Page::Teardown, _) => teardown(&mut keys, app),
        (Page::Review, _) => {
            if let Some(page) = &app.review {
                review(&mut keys, app, page);
            }
        }
        (Page::Finish { since }, _) => {
            // It comes up by itself: an Enter meant for what stood there before must not leave.
            let read =
                app.options.plain || app.now.as_millisecond() - since.as_millisecond() >= FINISH_SETTLES;
            if app.painted.finish && read {
                keys.add(
                    &[Key::Enter],
                    "Enter",
                    "leave",
                    "leave; the summary stays in the terminal",
                    Action::LeaveAnyway,
                )
                .at(Place::Main);
            }
            keys.add(
                &[Key::Char('q'), Key::Ctrl('c')],
                "q Ctrl+C",
                "leave",
                "leave; the summary stays in the terminal",
                Action::LeaveAnyway,
            )
            .at(Place::Main);
            keys.add(&[Key::Char('y')], "y", "copy", "copy the summary", Action::Copy).at(Place::Row);
            let help = "every step with its outcome, reason and requests";
            keys.add(&[Key::Char('R')], "R", "review", help, Action::Review).at(Place::Row);
            keys.add(&[Key::Esc], "Esc", "stages", "back to the stages and the log", Action::Back)
                .at(Place::Row);
            keys.scrolling(app.scroll, app.painted.overflow, true);
            keys.help_and_suspend();
        }
        (Page::Requests | Page::Az | Page::Why | Page::LogLine(_) | Page::Exchange(_), _) => {
            let own: &'static [Key] = match app.page {
                Page::Requests => &[Key::Esc, Key::Enter, Key::Char('D'), Key::Char('q')],
                Page::Az => &[Key::Esc, Key::Enter, Key::Char('z'), Key::Char('q')],
                Page::Why => &[Key::Esc, Key::Enter, Key::Char('x'), Key::Char('q')],
                _ => &[Key::Esc, Key::Enter, Key::Char('q')],
            };
            keys.add(own, "Esc", "back", "back to the stages", Action::Back).at(Place::Main);
            keys.add(&[Key::Ctrl('c')], "Ctrl+C", "abort", "leave the run", Action::Leave).at(Place::Main);
            if let Page::Exchange(reading) = &app.page {
                turns(&mut keys, reading);
            }
            keys.add(&[Key::Char('y')], "y", "copy", "copy this text", Action::Copy).at(Place::Row);
            keys.scrolling(app.scroll, app.painted.overflow, true);
            keys.help_and_suspend();
        }
        (Page::Setup, None) => {}
    }
    keys.0
}

/// The ways from one call of a step to the next.
fn turns(keys: &mut Bindings, reading: &Reading) {
    if reading.after().is_some() {
        let help = "the next call of this step";
        keys.add(&[Key::Char('n'), Key::Right], "n →", "next", help, Action::CallAfter).at(Place::Row);
    }
    if reading.before().is_some() {
        let help = "the call of this step before";
        keys.add(&[Key::Char('p'), Key::Left], "p ←", "before", help, Action::CallBefore).at(Place::Row);
    }
}

fn teardown(keys: &mut Bindings, app: &App) {
    if app.teardown.as_ref().is_some_and(|teardown| teardown.way_back().is_some()) {
        let help = "to the stages of the way back, when the name was typed";
        keys.add(&[Key::Enter], "Enter", "begin", help, Action::Agree).at(Place::Main);
    }
    keys.add(&[Key::Esc], "Esc", "back", "back; nothing is deleted", Action::Back).at(Place::Main);
    keys.add(&[Key::Ctrl('c')], "Ctrl+C", "leave", "leave hubup", Action::Leave).at(Place::Main);
    keys.scrolling(app.scroll, app.painted.overflow, false);
    keys.help_and_suspend();
}

fn form(keys: &mut Bindings, app: &App) {
    let form = &app.form;
    if form.leaving {
        keys.add(
            &[Key::Char('l'), Key::Ctrl('c')],
            "l",
            "leave",
            "leave; what you changed here is lost",
            Action::LeaveAnyway,
        )
        .at(Place::Main);
        keys.add(&[Key::Esc], "Esc", "back", "back to the form", Action::Back).at(Place::Main);
        return;
    }
    if let Some(picking) = &form.picking {
        if !picking.candidates().is_empty() {
            keys.add(&[Key::Enter], "Enter", "take", "take the answer of the cursor", Action::Take)
                .at(Place::Main);
        }
        keys.add(&[Key::Esc], "Esc", "back", "back to the form; nothing is taken", Action::Back)
            .at(Place::Main);
        keys.add(&[Key::Ctrl('c')], "Ctrl+C", "leave", "leave hubup", Action::Leave).at(Place::Main);
        if picking.at > 0 {
            keys.add(&[Key::Up], "↑", "up", "answer before", Action::PickUp).at(Place::Row);
        }
        if picking.at + 1 < picking.candidates().len() {
            keys.add(&[Key::Down], "↓", "down", "next answer", Action::PickDown).at(Place::Row);
        }
        keys.help_and_suspend();
        return;
    }
    if app.fault.is_some() {
        keys.add(&[Key::Esc], "Esc", "put away", "put the account of the failed start away", Action::Back)
            .at(Place::Row);
    } else if app.welcome.is_some() {
        keys.add(&[Key::Esc], "Esc", "back", "back to the choices; what you typed stays", Action::Back)
            .at(Place::Row);
    }
    if form.on_start() {
        keys.add(&[Key::Enter], "Enter", "start", "start, when every answer fits", Action::Launch)
            .at(Place::Main);
    } else {
        keys.add(&[Key::Enter], "Enter", "next", "next line", Action::NextField).at(Place::Main);
    }
    keys.add(&[Key::Ctrl('g')], "Ctrl+G", "start", "start, when every answer fits", Action::Launch)
        .at(Place::Main);
    let leave = if form.changes() > 0 { "leave; asks first, for answers were changed" } else { "leave" };
    keys.add(&[Key::Ctrl('c')], "Ctrl+C", "leave", leave, Action::Leave).at(Place::Main);
    if let Some(entry) = form.entry() {
        if entry.words().is_some_and(|words| words.len() > 1 || entry.finding().is_some()) {
            keys.add(&[Key::Right, Key::Char(' ')], "→ Space", "change", "next choice", Action::CycleForward)
                .at(Place::Row);
            keys.add(&[Key::Left], "←", "back", "choice before", Action::CycleBackward);
        }
        if entry.field.choices.is_some() {
            keys.add(
                &[Key::Ctrl('l')],
                "Ctrl+L",
                "list",
                "look up what there is to choose from",
                Action::List,
            )
            .at(Place::Row);
        }
        if entry.finding().is_some_and(|finding| finding.suggestion.is_some()) {
            keys.add(
                &[Key::Ctrl('t')],
                "Ctrl+T",
                "take suggestion",
                "take what is suggested",
                Action::TakeSuggestion,
            )
            .at(Place::Row);
        }
        if entry.words().is_none() && !entry.input.text().is_empty() {
            keys.add(&[Key::Ctrl('u')], "Ctrl+U", "clear", "empty the line", Action::ClearField);
        }
        keys.add(&[Key::Tab, Key::Down], "Tab ↓", "next", "next line", Action::NextField);
    }
    keys.add(&[Key::Ctrl('s')], "Ctrl+S", "keep", "write the answers to a new setup file", Action::Keep);
    if form.at > 0 {
        keys.add(&[Key::BackTab, Key::Up], "Shift+Tab ↑", "previous", "line before", Action::PreviousField);
    }
    keys.help_and_suspend();
}
