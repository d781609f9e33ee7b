//! Whether a person can be asked now, or something is under way that has to be there first. Pure.

use std::collections::BTreeSet;

use crate::domain::{StepId, StepOutline, StepState, brief};
use crate::tui::app::{App, Page};
use crate::tui::session::{Panel, Session};
use crate::tui::text::{clock, seconds};

/// What is under way before the next question; `None` when there is nothing to wait for. Runs are told of by `moves`.
pub(super) fn awaited(app: &App) -> Option<&'static str> {
    match &app.page {
        Page::Welcome => {
            let entering = app.welcome.as_ref().is_some_and(|welcome| welcome.entering.is_some());
            entering.then_some("Opening it. Nothing is changed.")
        }
        Page::SignIn => {
            let signing = app.signing.as_ref()?;
            if signing.attempt.is_some() {
                return Some("Signing in.");
            }
            let looks = signing.ways.is_none() && signing.choosing.is_none();
            looks.then_some("Looking for what can sign in here.")
        }
        Page::Form if app.form.proposing => {
            Some("Looking for a subscription, a region and names that are free.")
        }
        Page::Form => {
            let listing = app.form.picking.as_ref().is_some_and(|picking| picking.found.is_none());
            if listing {
                return Some("Looking up what there is.");
            }
            (app.can_ask() && app.form.wonders()).then_some("Asking whether the names are free.")
        }
        Page::Preflight => {
            let looks = app.preflight.as_ref().is_some_and(|preflight| preflight.found.is_none());
            looks.then_some("Looking for everything that would stop the run. Nothing is changed.")
        }
        Page::Starting { .. } => {
            Some("Starting: signs in, reads what this Azure offers, and makes the plan. Nothing is changed.")
        }
        Page::Review => {
            let reads = app.review.as_ref().is_some_and(|review| review.found.is_none());
            reads.then_some("Reading the journals.")
        }
        Page::Teardown => {
            let plans = app.teardown.as_ref().is_some_and(|teardown| teardown.found.is_none());
            plans.then_some("Signs in and makes the plan. Nothing is changed.")
        }
        Page::Setup => match app.session.as_ref().map(|session| &session.panel) {
            Some(Panel::Use(using)) if using.found.is_none() => Some("Looking for what exists."),
            _ => None,
        },
        Page::Plan(_)
        | Page::Requests
        | Page::Az
        | Page::Why
        | Page::Exchange(_)
        | Page::LogLine(_)
        | Page::Finish { .. } => None,
    }
}

/// True while something of the run goes on by itself. `orders` are the steps that were told something and have not
/// answered.
pub(super) fn moves(session: &Session, orders: &BTreeSet<StepId>) -> bool {
    session.open
        && (runs(session)
            || session.progress.started.is_none()
            || !session.confirmed.is_empty()
            || !orders.is_empty()
            || session.outline.iter().flat_map(|stage| &stage.steps).any(|step| starts(session, step)))
}

/// True while a step runs or waits.
pub(super) fn runs(session: &Session) -> bool {
    let mut steps = session.outline.iter().flat_map(|stage| &stage.steps);
    steps.any(|step| matches!(session.state(step), StepState::Running | StepState::Waiting))
}

/// True for a step that starts by itself: it is queued and all that it needs has ended, or it is still to be looked at.
fn starts(session: &Session, step: &StepOutline) -> bool {
    let known = session.progress.step(&step.id);
    match session.state(step) {
        StepState::Queued => step.needs.iter().all(|need| session.progress.outcome(&need.step).is_some()),
        StepState::NotYet | StepState::Ready => {
            let back = known.is_some_and(|known| known.came_back.is_some());
            !back && session.progress.begun(&step.id)
        }
        _ => false,
    }
}

/// What is said when nothing was said for a while: what is under way, and for how long.
pub(in crate::tui) fn still(app: &App, orders: &BTreeSet<StepId>) -> Vec<String> {
    let mut told = Vec::new();
    let session = app.session.as_ref().filter(|session| session.open);
    for step in session.iter().flat_map(|session| &session.outline).flat_map(|stage| &stage.steps) {
        let Some(session) = session else { continue };
        let known = session.progress.step(&step.id);
        let (state, id) = (session.state(step), &step.id);
        match known.and_then(|known| known.waiting.as_ref()) {
            Some((why, since, bound)) if state == StepState::Waiting => {
                let (waited, bound) = (clock(seconds(*since, app.now)), brief(*bound));
                told.push(format!("still: {id} waits, {waited} of at most {bound}: {why}"));
            }
            _ if matches!(state, StepState::Running | StepState::Waiting) => {
                let since = known.and_then(|known| known.started).unwrap_or(app.now);
                let word = if state == StepState::Waiting { "waits" } else { "runs" };
                told.push(format!("still: {id} {word}, {}", clock(seconds(since, app.now))));
            }
            _ => {}
        }
    }
    if told.is_empty() {
        let moves = session.is_some_and(|session| moves(session, orders));
        let what = awaited(app).or(moves.then_some("the run goes on"));
        told.extend(what.map(|what| format!("still: {what}")));
    }
    told
}
