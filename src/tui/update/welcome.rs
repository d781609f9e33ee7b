//! What the keys of the welcome page do.

use crate::domain::{Fault, RunKind};
use crate::tui::app::{App, Page};
use crate::tui::ground::{Ground, Place};
use crate::tui::keymap::Action;
use crate::tui::msg::Effect;
use crate::tui::signing::Then;
use crate::tui::welcome::Choice;

use super::{review, signing};

/// Performs `action` on the welcome page.
pub(super) fn perform(app: &mut App, action: Action) -> Vec<Effect> {
    let (now, choices) = (app.now, app.choices().len());
    let Some(welcome) = &mut app.welcome else { return Vec::new() };
    let last = match welcome.practising {
        Some(_) => welcome.rehearsals.len().saturating_sub(1),
        None => choices.saturating_sub(1),
    };
    let practising = welcome.practising;
    let at = welcome.practising.as_mut().unwrap_or(&mut welcome.at);
    match (action, practising) {
        (Action::ChoiceUp, _) => *at = at.saturating_sub(1),
        (Action::ChoiceDown, _) => *at = (*at + 1).min(last),
        (_, Some(at)) => {
            let Some(rehearsal) = welcome.rehearsals.get(at) else { return Vec::new() };
            welcome.entering = Some(now);
            return vec![Effect::Enter(Place::Sandbox, Some(rehearsal.name.clone()))];
        }
        (_, None) => return choose(app),
    }
    Vec::new()
}

fn choose(app: &mut App) -> Vec<Effect> {
    let (now, choice) = (app.now, app.choice());
    let Some(welcome) = &mut app.welcome else { return Vec::new() };
    let teardown = welcome.resume.as_ref().is_some_and(crate::tui::welcome::Resume::is_teardown);
    let kind = if teardown { RunKind::Teardown } else { RunKind::Setup };
    let before = welcome.before().cloned();
    match choice {
        Choice::GoOn => launch(app, kind),
        Choice::GoOnAsBefore => {
            let answers = before.unwrap_or_else(|| app.form.answers());
            signing::once_signed_in(app, Then::Launch(Box::new(answers), kind))
        }
        Choice::SetUpAgain => launch(app, RunKind::Setup),
        Choice::Change | Choice::Begin => {
            app.fault = None;
            signing::once_signed_in(app, Then::Form)
        }
        Choice::TakeDown => before
            .map(|answers| signing::once_signed_in(app, Then::WayBack(Box::new(answers))))
            .unwrap_or_default(),
        Choice::Review => before.map(|answers| review::open(app, answers)).unwrap_or_default(),
        Choice::Other(index) => {
            welcome.turn_to(index);
            let answers = welcome.resume.as_ref().map(|resume| resume.answers.clone());
            if let Some(answers) = answers {
                app.form = app.form.filled_with(answers);
            }
            app.fault = None;
            Vec::new()
        }
        Choice::Another => {
            if let Some(answers) = app.another.clone() {
                app.form = app.form.filled_with(answers);
                app.proposes = app.place == Place::Azure;
            }
            app.fault = None;
            signing::once_signed_in(app, Then::Form)
        }
        Choice::SignIn => signing::open(app, Then::Nothing),
        Choice::Practise => {
            welcome.practising = Some(0);
            Vec::new()
        }
        Choice::Elsewhere(place) => {
            welcome.entering = Some(now);
            vec![Effect::Enter(place, None)]
        }
    }
}

/// Takes in where the person went. A rehearsal begins with its form.
pub(super) fn entered(app: &mut App, entered: Result<Box<Ground>, Box<Fault>>) {
    let Some(welcome) = &mut app.welcome else { return };
    if welcome.entering.take().is_none() {
        return;
    }
    app.dirty = true;
    let practises = welcome.practising.take().is_some();
    match entered {
        Ok(ground) => {
            app.stand(*ground);
            if practises {
                app.turn(Page::Form);
            }
        }
        Err(fault) => app.fault = Some(*fault),
    }
}

/// Launches with the answers of the form, which nobody has changed yet; what does not fit is shown there.
fn launch(app: &mut App, kind: RunKind) -> Vec<Effect> {
    if app.form.first_wrong().is_some() {
        app.turn(Page::Form);
        return super::form::launch(app);
    }
    let answers = Box::new(app.form.answers());
    signing::once_signed_in(app, Then::Launch(answers, kind))
}
