//! The keys of the review page, at each of its depths.

use crate::domain::RunKind;
use crate::tui::app::App;
use crate::tui::msg::Key;
use crate::tui::review::{Depth, Reviewing};
use crate::tui::session::Session;

use super::binding::{Action, Bindings, Place};

/// The keys of the page.
pub(super) fn review(keys: &mut Bindings, app: &App, review: &Reviewing) {
    if review.exporting {
        keys.add(
            &[Key::Char('m')],
            "m",
            "Markdown",
            "write it as Markdown, for a ticket",
            Action::ExportMarkdown,
        )
        .at(Place::Main);
        keys.add(&[Key::Char('j')], "j", "JSON", "write it as JSON, for a program", Action::ExportJson)
            .at(Place::Main);
        keys.add(&[Key::Esc], "Esc", "back", "write nothing", Action::Back).at(Place::Main);
        keys.add(&[Key::Ctrl('c')], "Ctrl+C", "leave", "leave hubup", Action::Leave).at(Place::Main);
        return;
    }
    match review.depth {
        Depth::Steps if !review.exchanges().is_empty() => {
            let help = "the requests of this step, with their replies";
            keys.add(&[Key::Enter], "Enter", "open", help, Action::Deeper).at(Place::Main);
        }
        Depth::Exchanges(_) if !review.exchanges().is_empty() => {
            let help = "this request and its reply, whole";
            keys.add(&[Key::Enter], "Enter", "open", help, Action::Deeper).at(Place::Main);
        }
        _ => {}
    }
    keys.add(&[Key::Esc, Key::Char('q')], "Esc", "back", "one layer back", Action::Back).at(Place::Main);
    keys.add(&[Key::Ctrl('c')], "Ctrl+C", "leave", "leave hubup", Action::Leave).at(Place::Main);
    if review.reviewed().is_some() {
        if review.depth == Depth::Steps {
            let help = "all, not well, failed, skipped, left: the next of them";
            keys.add(&[Key::Char('f')], "f", "filter", help, Action::Filter).at(Place::Row);
        }
        keys.add(&[Key::Char('e')], "e", "export", "write the review to a file here", Action::Export)
            .at(Place::Row);
        let free = app.session.as_ref().is_none_or(Session::can_take_down);
        let setup = review.reviewed().is_some_and(|reviewed| reviewed.review.kind == RunKind::Setup);
        if review.depth == Depth::Steps && free && setup {
            let help = "what taking the setup down comes to; deletes nothing yet";
            keys.add(&[Key::Char('T')], "T", "take down", help, Action::TakeDown).at(Place::Row);
        }
    }
    moves(keys, app, review);
    keys.help_and_suspend();
}

fn moves(keys: &mut Bindings, app: &App, review: &Reviewing) {
    let (at, count) = match review.depth {
        Depth::Steps => (review.at, review.steps().len()),
        Depth::Exchanges(at) => (at, review.exchanges().len()),
        // Up and down scroll; the arrows to the side turn the page.
        Depth::Exchange(at) => {
            if at > 0 {
                keys.add(&[Key::Left], "←", "before", "the request before", Action::ReviewUp);
            }
            if at + 1 < review.exchanges().len() {
                keys.add(&[Key::Right], "→", "next", "the next request", Action::ReviewDown).at(Place::Row);
            }
            keys.add(&[Key::Char('y')], "y", "copy", "copy this text", Action::Copy).at(Place::Row);
            keys.scrolling(app.scroll, app.painted.overflow, true);
            return;
        }
    };
    if at > 0 {
        keys.add(&[Key::Up, Key::Char('k')], "↑ k", "up", "line before", Action::ReviewUp);
        keys.add(&[Key::Home, Key::Char('g')], "Home g", "first", "first line", Action::ReviewFirst);
    }
    if at + 1 < count {
        keys.add(&[Key::Down, Key::Char('j')], "↓ j", "down", "next line", Action::ReviewDown);
        keys.add(&[Key::End, Key::Char('G')], "End G", "last", "last line", Action::ReviewLast);
    }
    keys.scrolling(app.scroll, app.painted.overflow, false);
}
