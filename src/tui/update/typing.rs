//! Text being typed: a line of the form, or what to search for. Says whether a key was text.

use crate::tui::app::{App, Page};
use crate::tui::form::TextInput;
use crate::tui::msg::Key;
use crate::tui::session::Panel;
use crate::tui::using::Using;

/// The line that takes text now.
fn line(app: &mut App) -> Option<&mut TextInput> {
    if app.help {
        return None;
    }
    match (&app.page, &mut app.session) {
        (Page::Form, _) if !app.form.leaving && app.form.picking.is_none() => {
            app.form.entry_mut().filter(|entry| entry.words().is_none()).map(|entry| &mut entry.input)
        }
        (Page::Teardown, _) => {
            app.teardown.as_mut().filter(|teardown| teardown.way_back().is_some()).map(|page| &mut page.input)
        }
        (Page::Setup, Some(session)) => match &mut session.panel {
            Panel::Use(using) if session.log.typing.is_none() => Some(&mut using.input),
            _ => session.log.typing.as_mut(),
        },
        _ => None,
    }
}

/// The choice of something that exists, when that panel stands.
fn using(app: &mut App) -> Option<&mut Using> {
    match (&app.page, &mut app.session) {
        (Page::Setup, Some(session)) if !app.help => match &mut session.panel {
            Panel::Use(using) => Some(using),
            _ => None,
        },
        _ => None,
    }
}

/// Whoever types an id has chosen none from the list.
fn on_id(app: &mut App) {
    if let Some(using) = using(app) {
        using.at = None;
    }
}

/// A name that is typed at is asked about once it stands still; names that are made from it go along at once.
fn typed(app: &mut App) {
    if matches!(app.page, Page::Form) {
        // A line comes whole: nobody types on at it.
        if !app.options.plain {
            app.form.typed_at(app.now);
        }
        app.form.follow();
    }
}

/// Takes `key` as text; false when it is none, or no line takes text.
pub(super) fn key(app: &mut App, key: Key) -> bool {
    // `?` is help where no name could hold it.
    if key == Key::Char('?')
        && matches!(app.page, Page::Form)
        && app.form.entry().is_some_and(|entry| !entry.would_take('?'))
    {
        return false;
    }
    // No id and no setup's name holds it either.
    if key == Key::Char('?') && (using(app).is_some() || matches!(app.page, Page::Teardown)) {
        return false;
    }
    let Some(line) = line(app) else { return false };
    match key {
        Key::Char(c) => line.insert(&c.to_string()),
        Key::Backspace => line.backspace(),
        Key::Delete => line.delete(),
        Key::Left => line.left(),
        Key::Right => line.right(),
        Key::Home => line.home(),
        Key::End => line.end(),
        _ => return false,
    }
    on_id(app);
    typed(app);
    // Whoever mends an answer has read why the launch failed, and what was to be mended.
    app.fault = None;
    app.note = None;
    true
}

/// Takes pasted text: what stands before the first line break, without spaces round it.
pub(super) fn paste(app: &mut App, text: &str) {
    if let Some(line) = line(app) {
        line.insert(text.trim().lines().next().unwrap_or_default().trim());
        on_id(app);
        typed(app);
    }
}
