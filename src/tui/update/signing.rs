//! What leads to the page of sign-in, what its keys do, and how it goes on from there.

use crate::domain::{Fault, SIGNED_IN_AGAIN};
use crate::engine::Command;
use crate::tui::app::{App, Page};
use crate::tui::keymap::Action;
use crate::tui::msg::Effect;
use crate::tui::session::Panel;
use crate::tui::signing::{Attempt, SignInPrompt, SignInWay, SignedIn, SigningIn, Then};

use super::teardown;

/// Goes on with `then` where Azure can be asked, else asks first how to sign in.
pub(super) fn once_signed_in(app: &mut App, then: Then) -> Vec<Effect> {
    if app.can_ask() { go_on(app, then) } else { open(app, then) }
}

/// Opens the page; what comes after it is `then`.
pub(super) fn open(app: &mut App, then: Then) -> Vec<Effect> {
    app.fault = None;
    app.signing = Some(SigningIn::new(app.page.clone(), then, app.now));
    app.turn(Page::SignIn);
    vec![Effect::Ways]
}

fn go_on(app: &mut App, then: Then) -> Vec<Effect> {
    match then {
        Then::Nothing => Vec::new(),
        Then::Form => {
            app.turn(Page::Form);
            if app.proposes && app.form.changes() == 0 {
                app.form.proposing = true;
                return vec![Effect::Propose(Box::new(app.form.answers()))];
            }
            Vec::new()
        }
        Then::Launch(answers, kind) => {
            app.starts();
            vec![Effect::Launch(answers, kind)]
        }
        Then::WayBack(answers) => teardown::open(app, *answers),
        Then::Answer(number) => {
            app.turn(Page::Setup);
            let Some(session) = &mut app.session else { return Vec::new() };
            if session.panel == Panel::Question(number) {
                session.close_panel();
            }
            let choice = SIGNED_IN_AGAIN.to_owned();
            vec![Effect::Send(Command::Answer { number, choice })]
        }
    }
}

/// Performs `action` on the page.
pub(super) fn perform(app: &mut App, action: Action) -> Vec<Effect> {
    let now = app.now;
    let Some(signing) = &mut app.signing else { return Vec::new() };
    match action {
        Action::WayUp => signing.at = signing.at.saturating_sub(1),
        Action::WayDown => signing.at = (signing.at + 1).min(signing.lines().saturating_sub(1)),
        Action::TakeWay => {
            if let Some(known) = &signing.choosing {
                let chosen = known.tenants.get(signing.at).map(|tenant| tenant.id.clone());
                let Some(tenant) = chosen else { return Vec::new() };
                if known.tenant.as_ref() == Some(&tenant) {
                    return finish(app);
                }
                let what = format!("the tenant {tenant}");
                signing.fault = None;
                signing.attempt = Some(Attempt { what, since: now, prompt: None });
                return vec![Effect::TakeTenant(tenant)];
            }
            let Some(way) = signing.way().cloned() else { return Vec::new() };
            signing.fault = None;
            signing.attempt = Some(Attempt { what: way.what, since: now, prompt: None });
            return vec![Effect::SignIn(way.id)];
        }
        Action::LookAgain => {
            (signing.ways, signing.fault, signing.since) = (None, None, now);
            return vec![Effect::Ways];
        }
        Action::OpenLink => {
            let prompt = signing.attempt.as_ref().and_then(|attempt| attempt.prompt.as_ref());
            if let Some(SignInPrompt::Browser { url, .. } | SignInPrompt::Code { url, .. }) = prompt {
                return vec![Effect::OpenLink(url.clone())];
            }
        }
        _ => {}
    }
    Vec::new()
}

/// Takes the ways in.
pub(super) fn ways(app: &mut App, ways: Result<Vec<SignInWay>, Box<Fault>>) {
    if let Some(signing) = &mut app.signing {
        app.dirty = true;
        signing.take(ways);
    }
}

/// Takes in what the person has to do.
pub(super) fn prompted(app: &mut App, prompt: SignInPrompt) {
    if let Some(attempt) = app.signing.as_mut().and_then(|signing| signing.attempt.as_mut()) {
        app.dirty = true;
        attempt.prompt = Some(prompt);
    }
}

/// Takes in how the attempt ended: goes on, or lets a tenant be chosen where there are several.
pub(super) fn signed_in(app: &mut App, result: Result<SignedIn, Box<Fault>>) -> Vec<Effect> {
    let Some(signing) = app.signing.as_mut().filter(|signing| signing.attempt.is_some()) else {
        return Vec::new();
    };
    app.dirty = true;
    signing.attempt = None;
    match result {
        Ok(known) => {
            app.signed_in = Some(known.clone());
            // A run goes on in the tenant that it was begun in.
            let asks = matches!(signing.then, Then::Form | Then::Nothing)
                && signing.choosing.is_none()
                && known.tenants.len() > 1;
            if asks {
                let here = |tenant: &crate::tui::using::Candidate| known.tenant.as_ref() == Some(&tenant.id);
                signing.at = known.tenants.iter().position(here).unwrap_or(0);
                signing.choosing = Some(known);
                return Vec::new();
            }
            finish(app)
        }
        Err(fault) => {
            signing.fault = Some(*fault);
            Vec::new()
        }
    }
}

fn finish(app: &mut App) -> Vec<Effect> {
    let Some(signing) = app.signing.take() else { return Vec::new() };
    // What comes next begins where the sign-in began.
    app.turn(*signing.from);
    go_on(app, signing.then)
}

/// Esc: drops an attempt, then the choice of a tenant, then goes back to where the page was opened from.
pub(super) fn back(app: &mut App) -> Vec<Effect> {
    let Some(signing) = &mut app.signing else { return Vec::new() };
    if signing.attempt.take().is_some() {
        return vec![Effect::StopSignIn];
    }
    if signing.choosing.take().is_some() {
        signing.at = 0;
        return Vec::new();
    }
    let from = *signing.from.clone();
    app.signing = None;
    app.turn(from);
    Vec::new()
}
