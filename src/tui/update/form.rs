//! What the keys of the form do.

use crate::domain::{Answers, Fault};
use crate::tui::app::{App, Page};
use crate::tui::form::{Picking, TextInput};
use crate::tui::keymap::Action;
use crate::tui::msg::Effect;
use crate::tui::using::Candidate;

use super::preflight;

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
        Action::Keep => return keep(app),
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

/// Has the checks made when every answer fits; else goes to the first that does not.
pub(crate) fn launch(app: &mut App) -> Vec<Effect> {
    if mend_first(app) {
        return Vec::new();
    }
    let answers = app.form.answers();
    preflight::open(app, answers)
}

/// Has a setup file written when every answer fits.
fn keep(app: &mut App) -> Vec<Effect> {
    if mend_first(app) {
        return Vec::new();
    }
    vec![Effect::Keep(Box::new(app.form.answers()))]
}

/// Goes to the first answer that does not fit; false when all do.
fn mend_first(app: &mut App) -> bool {
    let Some(wrong) = app.form.first_wrong() else { return false };
    app.form.at = wrong;
    let label = app.form.entry().map(|entry| entry.field.label).unwrap_or_default();
    app.tell(format!("first mend {label}"));
    true
}

/// Takes in which setup file was written.
pub(super) fn kept(app: &mut App, kept: Result<String, Box<Fault>>) {
    app.dirty = true;
    match kept {
        Ok(path) => app.tell(format!("wrote {path}")),
        Err(fault) => app.fault = Some(*fault),
    }
}

/// Takes in answers that fit the subscription, unless the person has begun to give others.
pub(super) fn proposed(app: &mut App, proposed: Result<Box<Answers>, Box<Fault>>) {
    if !std::mem::take(&mut app.form.proposing) {
        return;
    }
    app.dirty = true;
    match proposed {
        Ok(answers) if app.form.changes() == 0 => {
            app.proposes = false;
            app.form = app.form.filled_with(*answers);
        }
        Ok(_) => {}
        Err(fault) => app.fault = Some(*fault),
    }
}

/// Asks about the names that nobody was asked about yet.
pub(super) fn tick(app: &mut App) -> Vec<Effect> {
    if !matches!(app.page, Page::Form) || app.form.proposing || !app.can_ask() {
        return Vec::new();
    }
    let due = app.form.due(app.now);
    if due.is_empty() {
        return Vec::new();
    }
    let answers = app.form.answers();
    due.into_iter().map(|(key, text)| Effect::Judge(key, text, Box::new(answers.clone()))).collect()
}
