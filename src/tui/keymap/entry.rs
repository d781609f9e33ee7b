//! The keys of the pages before the stages: welcome, sign-in, checks, plan.

use crate::tui::app::App;
use crate::tui::ground::Place as Where;
use crate::tui::msg::Key;
use crate::tui::signing::SignInPrompt;
use crate::tui::welcome::Choice;

use super::binding::{Action, Bindings, Place};

/// The keys of the welcome page.
pub(super) fn welcome(keys: &mut Bindings, app: &App) {
    let Some(welcome) = &app.welcome else { return };
    if welcome.entering.is_some() {
        keys.add(&[Key::Ctrl('c')], "Ctrl+C", "leave", "leave", Action::Leave).at(Place::Main);
        return keys.help_and_suspend();
    }
    if let Some(at) = welcome.practising {
        let help = "begin a setup in the sandbox in which that goes wrong";
        keys.add(&[Key::Enter], "Enter", "practise", help, Action::Choice).at(Place::Main);
        keys.add(&[Key::Esc], "Esc", "back", "back to the choices", Action::Back).at(Place::Main);
        keys.add(&[Key::Ctrl('c'), Key::Char('q')], "Ctrl+C", "leave", "leave", Action::Leave)
            .at(Place::Main);
        up_and_down(keys, at, welcome.rehearsals.len());
        return keys.help_and_suspend();
    }
    let (word, help) = match app.choice() {
        Choice::GoOn | Choice::GoOnAsBefore => {
            ("go on", "go on: look at what is there, then show the stages")
        }
        Choice::Review => ("review", "every step with its outcome, reason and requests"),
        Choice::Change => ("the form", "the answers, to be changed"),
        Choice::TakeDown => ("what goes", "what would be deleted; deletes nothing yet"),
        Choice::SetUpAgain => ("set up", "look at what is there, then show the stages"),
        Choice::Begin | Choice::Another => ("begin", "the form; nothing is changed yet"),
        Choice::Other(_) => ("open", "what can be done about that setup"),
        Choice::Practise => ("list", "what can be practised"),
        Choice::Elsewhere(Where::Azure) => ("to Azure", "set up in Azure; changes nothing yet"),
        Choice::Elsewhere(Where::Sandbox) => ("to the sandbox", "set up inside hubup, without an account"),
        Choice::SignIn => ("sign in", "sign in in another way, or as somebody else"),
    };
    keys.add(&[Key::Enter], "Enter", word, help, Action::Choice).at(Place::Main);
    if app.fault.is_some() {
        keys.add(&[Key::Esc], "Esc", "put away", "put the account of the failed start away", Action::Back)
            .at(Place::Main);
        keys.add(&[Key::Char('q'), Key::Ctrl('c')], "q", "leave", "leave", Action::Leave).at(Place::Main);
    } else {
        keys.add(&[Key::Esc, Key::Char('q'), Key::Ctrl('c')], "Esc q", "leave", "leave", Action::Leave)
            .at(Place::Main);
    }
    up_and_down(keys, welcome.at, app.choices().len());
    keys.help_and_suspend();
}

fn up_and_down(keys: &mut Bindings, at: usize, count: usize) {
    if at > 0 {
        keys.add(&[Key::Up, Key::Char('k')], "↑ k", "up", "choice before", Action::ChoiceUp).at(Place::Row);
    }
    if at + 1 < count {
        keys.add(&[Key::Down, Key::Char('j')], "↓ j", "down", "next choice", Action::ChoiceDown)
            .at(Place::Row);
    }
}

/// The keys of the page of sign-in.
pub(super) fn sign_in(keys: &mut Bindings, app: &App) {
    let Some(signing) = &app.signing else { return };
    if let Some(attempt) = &signing.attempt {
        match &attempt.prompt {
            Some(SignInPrompt::Browser { .. }) => {
                keys.add(&[Key::Char('o')], "o", "open again", "open the browser again", Action::OpenLink)
                    .at(Place::Main);
                keys.add(&[Key::Char('y')], "y", "copy address", "copy the address", Action::Copy)
                    .at(Place::Main);
            }
            Some(SignInPrompt::Code { .. }) => {
                keys.add(&[Key::Char('y')], "y", "copy code", "copy the code", Action::Copy).at(Place::Main);
                let help = "open the address in a browser of this machine";
                keys.add(&[Key::Char('o')], "o", "open browser", help, Action::OpenLink).at(Place::Main);
            }
            None => {}
        }
        keys.add(&[Key::Esc], "Esc", "stop", "stop this sign-in and choose another way", Action::Back)
            .at(Place::Main);
    } else {
        if signing.choosing.is_some() {
            keys.add(&[Key::Enter], "Enter", "take", "go on in the tenant of the cursor", Action::TakeWay)
                .at(Place::Main);
        } else if signing.way().is_some() {
            keys.add(&[Key::Enter], "Enter", "sign in", "sign in by the way of the cursor", Action::TakeWay)
                .at(Place::Main);
        }
        keys.add(&[Key::Esc], "Esc", "back", "back; nothing is changed", Action::Back).at(Place::Main);
        if signing.at > 0 {
            keys.add(&[Key::Up, Key::Char('k')], "↑ k", "up", "line before", Action::WayUp).at(Place::Row);
        }
        if signing.at + 1 < signing.lines() {
            keys.add(&[Key::Down, Key::Char('j')], "↓ j", "down", "next line", Action::WayDown)
                .at(Place::Row);
        }
        if signing.choosing.is_none() && signing.ways.is_some() {
            let help = "look again for what can sign in here";
            keys.add(&[Key::Char('r')], "r", "look again", help, Action::LookAgain).at(Place::Row);
        }
    }
    keys.add(&[Key::Ctrl('c'), Key::Char('q')], "Ctrl+C", "leave", "leave hubup", Action::Leave)
        .at(Place::Main);
    keys.help_and_suspend();
}

/// The keys of the page of the checks.
pub(super) fn preflight(keys: &mut Bindings, app: &App) {
    let Some(preflight) = &app.preflight else { return };
    if preflight.may_go() {
        keys.add(
            &[Key::Enter],
            "Enter",
            "to the stages",
            "show the stages; nothing is changed yet",
            Action::Go,
        )
        .at(Place::Main);
        keys.add(&[Key::Char('c')], "c", "check again", "make the checks again", Action::CheckAgain)
            .at(Place::Row);
    } else if preflight.found.is_some() {
        keys.add(
            &[Key::Enter, Key::Char('c')],
            "Enter",
            "check again",
            "make the checks again",
            Action::CheckAgain,
        )
        .at(Place::Main);
    }
    keys.add(&[Key::Esc], "Esc", "answers", "back to the answers; nothing is changed", Action::Back)
        .at(Place::Main);
    keys.add(&[Key::Ctrl('c'), Key::Char('q')], "Ctrl+C", "leave", "leave hubup", Action::Leave)
        .at(Place::Main);
    if let Some(checkup) = preflight.checkup() {
        if checkup.hand_off.is_some() {
            let help = "write what an administrator needs to give the missing rights";
            keys.add(&[Key::Char('h')], "h", "hand off", help, Action::HandOver).at(Place::Row);
            let (word, help) = match preflight.again_at {
                None => ("wait for them", "check again every 30 s until the rights are there"),
                Some(_) => ("wait no more", "stop checking again by itself"),
            };
            keys.add(&[Key::Char('w')], "w", word, help, Action::WaitForRights).at(Place::Row);
        }
        if !checkup.skips.is_empty() {
            let help = "begin without the steps that you lack the rights for";
            keys.add(&[Key::Char('s')], "s", "go without them", help, Action::GoWithout).at(Place::Row);
        }
        keys.add(&[Key::Char('p')], "p", "plan", "every request that would be sent", Action::Plan)
            .at(Place::Row);
        if checkup.stops() {
            let help = "begin all the same: what stops is met by its step, which can be tried again";
            keys.add(&[Key::Char('o')], "o", "on anyway", help, Action::Go).at(Place::Row);
        }
    }
    keys.scrolling(app.scroll, app.painted.overflow, true);
    keys.help_and_suspend();
}

/// The keys of the page of the plan.
pub(super) fn plan(keys: &mut Bindings, app: &App) {
    keys.add(
        &[Key::Esc, Key::Enter, Key::Char('p'), Key::Char('q')],
        "Esc",
        "back",
        "back; nothing is changed",
        Action::Back,
    )
    .at(Place::Main);
    keys.add(&[Key::Ctrl('c')], "Ctrl+C", "leave", "leave hubup", Action::Leave).at(Place::Main);
    keys.add(&[Key::Char('y')], "y", "copy", "copy the plan", Action::Copy).at(Place::Row);
    keys.scrolling(app.scroll, app.painted.overflow, true);
    keys.help_and_suspend();
}
