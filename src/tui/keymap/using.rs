//! The keys of the panel in which something that exists is chosen for a step. Letters are text here.

use crate::tui::app::App;
use crate::tui::msg::Key;
use crate::tui::using::Using;

use super::binding::{Action, Bindings, Place};

/// The keys of the panel.
pub(super) fn using(keys: &mut Bindings, app: &App, using: &Using) {
    // A list that was not on the screen when the key was pressed was not chosen from.
    let seen = using.at.is_none() || app.painted.candidates == using.candidates().len();
    if using.finding().is_none() && seen {
        keys.add(&[Key::Enter], "Enter", "use it", "use this one; it is looked at first", Action::UseNow)
            .at(Place::Main);
    }
    keys.add(&[Key::Esc], "Esc", "back", "use nothing that exists", Action::Back).at(Place::Main);
    keys.add(&[Key::Ctrl('c')], "Ctrl+C", "abort", "leave the run", Action::Leave).at(Place::Main);
    let count = using.candidates().len();
    if count > 0 && using.at != Some(0) {
        keys.add(&[Key::Up], "↑", "up", "choice before", Action::PickUp).at(Place::Row);
    }
    if let Some(at) = using.at {
        let word = if at + 1 < count { "down" } else { "type an id" };
        keys.add(&[Key::Down], "↓", word, "next choice; after the last an id can be typed", Action::PickDown)
            .at(Place::Row);
    }
    if using.found.as_ref().is_some_and(Result::is_err) {
        keys.add(&[Key::Ctrl('r')], "Ctrl+R", "look again", "look again for what exists", Action::LookAgain)
            .at(Place::Row);
    }
}
