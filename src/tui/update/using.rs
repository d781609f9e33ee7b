//! What the keys of the panel do in which something that exists is chosen for a step.

use crate::domain::{Fault, StepId};
use crate::engine::Command;
use crate::tui::app::App;
use crate::tui::keymap::Action;
use crate::tui::msg::Effect;
use crate::tui::session::Panel;
use crate::tui::using::{Candidate, Using};

/// Performs `action`.
pub(super) fn perform(app: &mut App, action: Action) -> Vec<Effect> {
    let now = app.now;
    let Some(session) = &mut app.session else { return Vec::new() };
    if action == Action::UseExisting {
        let step = match &session.panel {
            Panel::SkipCost(steps) => session.usable_of(steps),
            _ => session.usable_in(session.cursor),
        };
        let known = step.and_then(|step| session.usable_kind(&step).map(|kind| (step, kind)));
        let Some((step, kind)) = known else { return Vec::new() };
        session.show(Panel::Use(Box::new(Using::new(step.clone(), kind, now))));
        return vec![Effect::Candidates(step)];
    }
    let Panel::Use(using) = &mut session.panel else { return Vec::new() };
    let last = using.candidates().len().checked_sub(1);
    match action {
        Action::PickUp => {
            using.at = match using.at {
                None => last,
                Some(at) => Some(at.saturating_sub(1)),
            };
        }
        Action::PickDown => using.at = using.at.map(|at| at + 1).filter(|at| Some(*at) <= last),
        Action::LookAgain => {
            (using.found, using.since) = (None, now);
            return vec![Effect::Candidates(using.step.clone())];
        }
        Action::UseNow if using.finding().is_none() => {
            let (step, id) = (using.step.clone(), using.chosen().to_owned());
            session.confirmed.insert(step.clone());
            session.close_panel();
            app.tell(format!("{step}: looks at {}", id.rsplit('/').next().unwrap_or_default()));
            return vec![Effect::Send(Command::Use { step, id })];
        }
        _ => {}
    }
    Vec::new()
}

/// Takes in what was found for `step`, when its panel still stands.
pub(super) fn found(app: &mut App, step: &StepId, found: Result<Vec<Candidate>, Box<Fault>>) {
    if let Some(Panel::Use(using)) = app.session.as_mut().map(|session| &mut session.panel)
        && using.step == *step
    {
        app.dirty = true;
        using.take(found);
    }
}
