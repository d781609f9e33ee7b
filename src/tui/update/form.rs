//! What the keys of the form do.

use crate::domain::RunKind;
use crate::tui::app::App;
use crate::tui::form::TextInput;
use crate::tui::keymap::Action;
use crate::tui::msg::Effect;

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
        Action::Launch => return launch(app),
        _ => {}
    }
    Vec::new()
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
