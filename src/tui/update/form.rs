//! What the keys of the form do.

use crate::domain::{Fault, RunKind};
use crate::tui::app::App;
use crate::tui::form::{Picking, TextInput};
use crate::tui::keymap::Action;
use crate::tui::msg::Effect;
use crate::tui::using::Candidate;

/// Performs `action` on the form.
pub(super) fn perform(app: &mut App, action: Action) -> Vec<Effect> {
    app.note = None;
    let form = &mut app.form;
    match action {
        Action::NextField => {
            form.follow();
            form.at = (form.at + 1).min(form.entries.len());
        }
        Action::PreviousField => {
            form.follow();
            form.at = form.at.saturating_sub(1);
        }
        Action::CycleForward | Action::CycleBackward => {
            if let Some(entry) = form.entry_mut() {
                entry.cycle(action == Action::CycleForward);
            }
        }
        Action::TakeSuggestion => {
            if let Some(entry) = form.entry_mut()
                && let Some(suggestion) = entry.finding().and_then(|finding| finding.suggestion)
            {
                entry.input = TextInput::of(&suggestion);
            }
        }
        Action::ClearField => {
            if let Some(entry) = form.entry_mut() {
                entry.input = TextInput::default();
            }
        }
        Action::List => {
            let asked = form.entry().filter(|entry| entry.field.choices.is_some());
            if let Some(key) = asked.map(|entry| entry.field.key) {
                form.picking = Some(Picking { key, since: app.now, found: None, at: 0 });
                return vec![Effect::Choices(key, Box::new(form.answers()))];
            }
        }
        Action::PickUp | Action::PickDown => {
            if let Some(picking) = &mut form.picking {
                let last = picking.candidates().len().saturating_sub(1);
                picking.at = match action {
                    Action::PickUp => picking.at.saturating_sub(1),
                    _ => (picking.at + 1).min(last),
                };
            }
        }
        Action::Take => {
            let taken = form.picking.as_ref().and_then(|picking| picking.candidates().get(picking.at));
            if let Some(text) = taken.map(|candidate| candidate.name.clone()) {
                form.picking = None;
                if let Some(entry) = form.entry_mut() {
                    entry.input = TextInput::of(&text);
                }
                form.follow();
            }
        }
        Action::Launch => return launch(app),
        _ => {}
    }
    Vec::new()
}

/// Takes in what was found for the field `key`, while its list stands.
pub(super) fn found(app: &mut App, key: &str, found: Result<Vec<Candidate>, Box<Fault>>) {
    if let Some(picking) = app.form.picking.as_mut().filter(|picking| picking.key == key) {
        picking.found = Some(found);
        app.dirty = true;
    }
}

/// Launches when every answer fits; else goes to the first that does not.
pub(crate) fn launch(app: &mut App) -> Vec<Effect> {
    if let Some(wrong) = app.form.first_wrong() {
        app.form.at = wrong;
        let label = app.form.entry().map(|entry| entry.field.label).unwrap_or_default();
        app.tell(format!("first mend {label}"));
        return Vec::new();
    }
    app.starts();
    vec![Effect::Launch(Box::new(app.form.answers()), RunKind::Setup)]
}
