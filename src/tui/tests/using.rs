//! Using what exists: what is found, what is typed, what is sent.

use crate::domain::{Fault, Outcome};
use crate::engine::Command;
use crate::tui::app::App;
use crate::tui::msg::{Effect, Key, Msg};
use crate::tui::session::Panel;
use crate::tui::update::update;
use crate::tui::using::Candidate;

use super::fixture::*;

const HUBS: &str = "/subscriptions/1111/resourceGroups/rg-other/providers/Microsoft.Devices/IotHubs";

fn candidate(name: &str, hint: &str) -> Candidate {
    Candidate {
        id: format!("{HUBS}/{name}"),
        name: name.into(),
        location: "westus2".into(),
        hint: hint.into(),
    }
}

fn two() -> Vec<Candidate> {
    vec![candidate("hub-one", ""), candidate("hub-two", "of the setup factory")]
}

/// The panel for the hub, its list asked for and not there yet.
pub(super) fn asked_for(width: u16, height: u16) -> App {
    let mut app = setup_app(width, height);
    press(&mut app, &[Key::Down, Key::Down]);
    assert_eq!(press(&mut app, &[Key::Char('u')]), [Effect::Candidates(HUB)]);
    app
}

pub(super) fn found(width: u16, height: u16) -> App {
    let mut app = asked_for(width, height);
    update(&mut app, Msg::Candidates(HUB, Ok(two())));
    draw(&mut app);
    app
}

pub(super) fn refused(width: u16, height: u16) -> App {
    let mut app = asked_for(width, height);
    let fault = Fault::new("the caller may not list hubs", "ask for Reader, or type the id");
    update(&mut app, Msg::Candidates(HUB, Err(Box::new(fault))));
    draw(&mut app);
    app
}

fn use_hub(name: &str) -> Command {
    Command::Use { step: HUB, id: format!("{HUBS}/{name}") }
}

#[test]
fn what_was_found_is_picked_with_arrows_and_enter() {
    let mut app = found(80, 24);
    for text in
        ["> hub-one · westus2 · in rg-other", "hub-two · westus2 · in rg-other · of the setup factory"]
    {
        assert!(shows(&mut app, text), "{text}:\n{}", draw(&mut app));
    }
    let effects = press(&mut app, &[Key::Down, Key::Enter]);
    assert_eq!(commands(&effects), [use_hub("hub-two")]);
    assert_eq!(session(&app).panel, Panel::Detail);
    // It counts as decided at once.
    assert!(session(&app).confirmed.contains(&HUB));
}

#[test]
fn a_list_that_was_not_on_the_screen_is_not_chosen_from() {
    let mut app = asked_for(80, 24);
    draw(&mut app);
    update(&mut app, Msg::Candidates(HUB, Ok(two())));
    assert_eq!(update(&mut app, Msg::Key(Key::Enter)), []);
    draw(&mut app);
    assert_eq!(commands(&update(&mut app, Msg::Key(Key::Enter))), [use_hub("hub-one")]);
}

#[test]
fn an_id_can_be_typed_and_is_judged_while_it_is() {
    let mut app = found(120, 36);
    let rows = [
        ("x", "an id begins with /subscriptions/"),
        (
            "/subscriptions/1/resourceGroups/g/providers/Microsoft.Devices/provisioningServices/d",
            "something else",
        ),
        ("/subscriptions/1/resourceGroups/g/providers/Microsoft.Devices/IotHubs/", "the name is missing"),
        ("/subscriptions/1/resourceGroups/g/providers/Microsoft.Devices/IotHubs/a/b", "nothing may follow"),
    ];
    for (typed, says) in rows {
        let mut app = app.clone();
        update(&mut app, Msg::Paste(typed.into()));
        assert!(shows(&mut app, says), "{typed}:\n{}", draw(&mut app));
        assert_eq!(press(&mut app, &[Key::Enter]), []);
    }
    update(&mut app, Msg::Paste(format!("  {HUBS}/typed\nand more")));
    assert_eq!(commands(&press(&mut app, &[Key::Enter])), [use_hub("typed")]);
}

#[test]
fn letters_are_text_and_esc_uses_nothing() {
    let mut app = found(80, 24);
    assert_eq!(press(&mut app, &[Key::Char('q'), Key::Char('s'), Key::Char('u'), Key::Char('/')]), []);
    assert!(shows(&mut app, "qsu/"));
    assert_eq!(press(&mut app, &[Key::Esc]), []);
    assert_eq!(session(&app).panel, Panel::Detail);
    // What comes in late finds nobody.
    update(&mut app, Msg::Candidates(HUB, Ok(two())));
    assert_eq!(session(&app).panel, Panel::Detail);
}

#[test]
fn a_list_that_failed_says_why_and_is_asked_for_again() {
    let mut app = refused(80, 24);
    assert!(shows(&mut app, "the caller may not list hubs") && shows(&mut app, "Ctrl+R look again"));
    assert_eq!(press(&mut app, &[Key::Ctrl('r')]), [Effect::Candidates(HUB)]);
    assert!(!shows(&mut app, "the caller may not list hubs"));
    // It only spins when that takes long enough to be noticed.
    assert!(!shows(&mut app, "looks for what exists"));
    tell_time(&mut app, 2);
    assert!(shows(&mut app, "looks for what exists"));
}

#[test]
fn it_is_offered_where_something_can_be_used_and_nowhere_else() {
    // The detail of a step, and what skipping costs.
    let mut app = setup_app(80, 24);
    assert_eq!(press(&mut app, &[Key::Char('u')]), []);
    let effects = press(&mut app, &[Key::Down, Key::Down, Key::Char('s'), Key::Char('u')]);
    assert_eq!(effects, [Effect::Candidates(HUB)]);
    // A failure.
    let mut app = running_app(120, 36);
    feed(&mut app, 95, failed(&HUB));
    press(&mut app, &[Key::Down, Key::Down]);
    assert!(shows(&mut app, "u use existing"));
    // What runs or holds is no longer made otherwise; a skip is taken back first.
    let mut app = running_app(80, 24);
    assert_eq!(press(&mut app, &[Key::Down, Key::Down, Key::Char('u')]), []);
    feed(&mut app, 95, finished(&HUB, Outcome::Done));
    assert_eq!(press(&mut app, &[Key::Char('u')]), []);
    feed(&mut app, 96, finished(&HUB, Outcome::Skipped));
    assert_eq!(commands(&press(&mut app, &[Key::Char('u')])), [Command::Unskip(HUB)]);
}
