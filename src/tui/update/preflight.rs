//! What leads to the page of the checks, what its keys do, and how the run begins from there.

use jiff::Timestamp;

use crate::domain::{Answers, Fault, RunKind, StepId};
use crate::tui::app::{App, Page};
use crate::tui::keymap::Action;
use crate::tui::msg::Effect;
use crate::tui::preflight::{AGAIN_MILLIS, Checkup, Preflight};

/// Opens the page for a setup with `answers`, and has the checks made.
pub(super) fn open(app: &mut App, answers: Answers) -> Vec<Effect> {
    app.fault = None;
    app.skips.clear();
    app.preflight = Some(Preflight::new(answers.clone(), app.now));
    app.turn(Page::Preflight);
    vec![Effect::Check(Box::new(answers))]
}

/// Performs `action` on the page.
pub(super) fn perform(app: &mut App, action: Action) -> Vec<Effect> {
    let now = app.now;
    let Some(preflight) = &mut app.preflight else { return Vec::new() };
    match action {
        Action::CheckAgain => return again(preflight, now),
        Action::HandOver => {
            let hand_off = preflight.checkup().and_then(|checkup| checkup.hand_off.clone());
            return hand_off.map(|hand_off| Effect::HandOver(Box::new(hand_off))).into_iter().collect();
        }
        Action::WaitForRights => {
            preflight.again_at = match preflight.again_at {
                Some(_) => None,
                None => Some(after(now, AGAIN_MILLIS)),
            };
        }
        Action::GoWithout => {
            let skips = preflight.checkup().map(|checkup| checkup.skips.clone()).unwrap_or_default();
            return launch(app, skips);
        }
        Action::Go => return launch(app, Vec::new()),
        _ => {}
    }
    Vec::new()
}

fn again(preflight: &mut Preflight, now: Timestamp) -> Vec<Effect> {
    if let Some(Ok(checkup)) = preflight.found.take() {
        preflight.before = Some(checkup);
    }
    preflight.since = now;
    preflight.handed = None;
    vec![Effect::Check(Box::new(preflight.answers.clone()))]
}

fn launch(app: &mut App, skips: Vec<StepId>) -> Vec<Effect> {
    let Some(preflight) = &mut app.preflight else { return Vec::new() };
    preflight.again_at = None;
    let answers = Box::new(preflight.answers.clone());
    app.skips = skips;
    app.starts();
    vec![Effect::Launch(answers, RunKind::Setup)]
}

/// Looks again when it is time.
pub(super) fn tick(app: &mut App) -> Vec<Effect> {
    let now = app.now;
    let due = |preflight: &&mut Preflight| {
        preflight.found.is_some() && preflight.again_at.is_some_and(|at| at <= now)
    };
    let Some(preflight) = app.preflight.as_mut().filter(due) else { return Vec::new() };
    preflight.again_at = Some(after(now, AGAIN_MILLIS));
    app.dirty = true;
    again(preflight, now)
}

fn after(now: Timestamp, millis: i64) -> Timestamp {
    Timestamp::from_millisecond(now.as_millisecond().saturating_add(millis)).unwrap_or(now)
}

/// Takes in what was found.
pub(super) fn checked(app: &mut App, found: Result<Box<Checkup>, Box<Fault>>) {
    if let Some(preflight) = app.preflight.as_mut().filter(|preflight| preflight.found.is_none()) {
        app.dirty = true;
        preflight.before = None;
        preflight.found = Some(found);
        if preflight.may_go() {
            // What was waited for is there.
            preflight.again_at = None;
        }
    }
}

/// Takes in which files were written for an administrator.
pub(super) fn handed(app: &mut App, handed: Result<String, Box<Fault>>) {
    if let Some(preflight) = &mut app.preflight {
        app.dirty = true;
        preflight.handed = Some(handed);
    }
}

/// Esc: puts a failed start away, else goes back to the answers.
pub(super) fn back(app: &mut App) {
    if app.fault.take().is_none() {
        app.preflight = None;
        app.turn(Page::Form);
    }
}
