//! What the keys of the welcome page do.

use crate::domain::RunKind;
use crate::tui::app::{App, Page};
use crate::tui::keymap::Action;
use crate::tui::msg::Effect;
use crate::tui::welcome::Choice;

use super::{review, teardown};

/// Performs `action` on the welcome page.
pub(super) fn perform(app: &mut App, action: Action) -> Vec<Effect> {
    let Some(welcome) = &mut app.welcome else { return Vec::new() };
    let last = welcome.choices().len().saturating_sub(1);
    match action {
        Action::ChoiceUp => welcome.at = welcome.at.saturating_sub(1),
        Action::ChoiceDown => welcome.at = (welcome.at + 1).min(last),
        _ => return choose(app),
    }
    Vec::new()
}

fn choose(app: &mut App) -> Vec<Effect> {
    let Some(welcome) = &app.welcome else { return Vec::new() };
    let kind = if welcome.is_teardown() { RunKind::Teardown } else { RunKind::Setup };
    let before = welcome.before().cloned();
    match welcome.choice() {
        Choice::GoOn => launch(app, kind),
        Choice::GoOnAsBefore => {
            app.starts();
            let answers = before.unwrap_or_else(|| app.form.answers());
            vec![Effect::Launch(Box::new(answers), kind)]
        }
        Choice::SetUpAgain => launch(app, RunKind::Setup),
        Choice::Change => {
            app.fault = None;
            app.turn(Page::Form);
            Vec::new()
        }
        Choice::TakeDown => before.map(|answers| teardown::open(app, answers)).unwrap_or_default(),
        Choice::Review => before.map(|answers| review::open(app, answers)).unwrap_or_default(),
    }
}

/// Launches with the answers of the form, which nobody has changed yet; what does not fit is shown there.
fn launch(app: &mut App, kind: RunKind) -> Vec<Effect> {
    if app.form.first_wrong().is_some() {
        app.turn(Page::Form);
        return super::form::launch(app);
    }
    app.starts();
    vec![Effect::Launch(Box::new(app.form.answers()), kind)]
}
