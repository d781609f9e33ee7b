//! Text being typed: a line of the form, or what to search for. Says whether a key was text.

use crate::tui::app::{App, Page};
use crate::tui::form::TextInput;
use crate::tui::msg::Key;

/// The line that takes text now.
fn line(app: &mut App) -> Option<&mut TextInput> {
    if app.help {
        return None;
    }
    match (&app.page, &mut app.session) {
        (Page::Form, _) if !app.form.leaving => {
            app.form.entry_mut().filter(|entry| entry.words().is_none()).map(|entry| &mut entry.input)
        }
        (Page::Setup, Some(session)) => session.log.typing.as_mut(),
        _ => None,
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
    // Whoever mends an answer has read why the launch failed, and what was to be mended.
    app.fault = None;
    app.note = None;
    true
}

/// Takes pasted text: what stands before the first line break, without spaces round it.
pub(super) fn paste(app: &mut App, text: &str) {
    if let Some(line) = line(app) {
        line.insert(text.trim().lines().next().unwrap_or_default().trim());
    }
}
