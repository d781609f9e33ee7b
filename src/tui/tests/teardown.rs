//! The way back: what is shown, what has to be typed, what is launched.

use crate::domain::{
    Exit, Fault, Method, Plan, PlannedStage, Progress, Purpose, Request, RunEvent, RunHeader, RunKind,
    StageId,
};
use crate::tui::app::{App, Page};
use crate::tui::msg::{Effect, Key, Msg, Opened};
use crate::tui::teardown::WayBack;
use crate::tui::update::update;

use super::fixture::*;
use super::resume;

fn back() -> Plan {
    let delete = Request { method: Method::Delete, ..put("Microsoft.Devices/IotHubs/contoso-hub") };
    let steps = vec![step(HUB, "Delete the IoT hub", "").planning(Purpose::Change, &delete)];
    Plan::new(vec![PlannedStage { id: StageId::new("hub"), heading: "IoT hub".into(), steps }]).unwrap()
}

fn way_back() -> WayBack {
    let stays = vec![("the IoT Hub application".to_owned(), "others may use it".to_owned())];
    WayBack { answers: answers(), plan: back(), stays }
}

/// The page, opened from the choices about a setup from before.
pub(super) fn asked(width: u16, height: u16) -> App {
    let mut app = resume::welcome(width, height);
    let effects = press(&mut app, &[Key::Down, Key::Down, Key::Down, Key::Enter]);
    assert_eq!(effects, [Effect::WayBack(Box::new(answers()))]);
    app
}

pub(super) fn shown(width: u16, height: u16) -> App {
    let mut app = asked(width, height);
    update(&mut app, Msg::WayBack(Ok(Box::new(way_back()))));
    draw(&mut app);
    app
}

pub(super) fn typed(app: &mut App, text: &str) {
    let keys: Vec<Key> = text.chars().map(Key::Char).collect();
    assert_eq!(press(app, &keys), []);
}

pub(super) fn header_of_teardown() -> RunHeader {
    RunHeader { kind: RunKind::Teardown, stages: back().outline(), ..header() }
}

/// The stages of the way back, its run begun.
pub(super) fn under_way(width: u16, height: u16) -> App {
    let mut app = form_app(width, height);
    let stays = way_back().stays;
    app.open(Opened { plan: back(), stays, ..opened() });
    app.turn(Page::Setup);
    feed(&mut app, 0, RunEvent::RunStarted(Box::new(header_of_teardown())));
    tell_time(&mut app, 5);
    app
}

#[test]
fn the_plan_is_shown_before_a_name_is_asked_for() {
    let mut app = asked(80, 24);
    assert!(!shows(&mut app, "Take it down?"));
    tell_time(&mut app, 1);
    assert!(shows(&mut app, "Signs in and makes the plan"));
    let mut app = shown(80, 24);
    for text in [
        "each only if it belongs to the",
        "Delete the IoT hub",
        "delete    /subscriptions/1111/resourceGroups/rg-contoso",
        "What stays",
        "the IoT Hub application: others may use it",
        "Type the name of the setup, contoso, to begin",
    ] {
        assert!(shows(&mut app, text), "{text}:\n{}", draw(&mut app));
    }
}

#[test]
fn only_the_name_to_the_letter_launches_it() {
    for wrong in ["", "x", "contos", "Contoso", "contoso2", "yes"] {
        let mut app = shown(80, 24);
        typed(&mut app, wrong);
        assert_eq!(press(&mut app, &[Key::Enter]), [], "{wrong}");
        assert!(shows(&mut app, "not its name: nothing changed"), "{wrong}");
        assert!(matches!(app.page, Page::Teardown));
    }
    let mut app = shown(80, 24);
    typed(&mut app, "contoso");
    let effects = press(&mut app, &[Key::Enter]);
    assert_eq!(effects, [Effect::Launch(Box::new(answers()), RunKind::Teardown)]);
    assert!(matches!(app.page, Page::Starting { .. }));
}

#[test]
fn esc_leads_back_and_deletes_nothing() {
    let mut app = shown(80, 24);
    typed(&mut app, "contoso");
    assert_eq!(press(&mut app, &[Key::Esc]), []);
    assert!(matches!(app.page, Page::Welcome));
    // A plan that comes in late finds nobody.
    update(&mut app, Msg::WayBack(Ok(Box::new(way_back()))));
    assert!(matches!(app.page, Page::Welcome));
}

#[test]
fn a_plan_that_cannot_be_had_says_why_and_asks_for_nothing() {
    let mut app = asked(80, 24);
    let fault = Fault::new("no sign-in was found", "run `az login`");
    update(&mut app, Msg::WayBack(Err(Box::new(fault))));
    assert!(shows(&mut app, "no sign-in was found") && !shows(&mut app, "Type the name"));
    assert_eq!(press(&mut app, &[Key::Char('x'), Key::Enter]), []);
}

#[test]
fn a_start_that_failed_is_told_on_the_page() {
    let mut app = shown(80, 24);
    typed(&mut app, "contoso");
    press(&mut app, &[Key::Enter]);
    update(&mut app, Msg::Launched(Box::new(Err(Fault::new("the lock is held", "end the other hubup")))));
    assert!(matches!(app.page, Page::Teardown));
    assert!(shows(&mut app, "the lock is held"));
    press(&mut app, &[Key::Esc]);
    assert!(matches!(app.page, Page::Teardown) && !shows(&mut app, "the lock is held"));
}

#[test]
fn it_is_reached_from_the_stages_when_nothing_is_under_way() {
    let mut app = running_app(80, 24);
    assert_eq!(press(&mut app, &[Key::Char('T')]), []);
    everything_done(&mut app);
    tell_time(&mut app, 200);
    let effects = press(&mut app, &[Key::Esc, Key::Char('T')]);
    assert_eq!(effects, [Effect::WayBack(Box::new(answers()))]);
    update(&mut app, Msg::WayBack(Ok(Box::new(way_back()))));
    typed(&mut app, "contoso");
    press(&mut app, &[Key::Enter]);
    // The run before is over, whatever comes of this one.
    assert!(!session(&app).open);
    assert_eq!(press(&mut app, &[Key::Esc]), [Effect::StopLaunch]);
    assert!(matches!(app.page, Page::Teardown));
    press(&mut app, &[Key::Enter]);
    update(
        &mut app,
        Msg::Launched(Box::new(Ok(Opened { plan: back(), earlier: Progress::default(), ..opened() }))),
    );
    assert!(matches!(app.page, Page::Setup) && session(&app).open);
    assert!(shows(&mut app, "1 IoT hub"));
}

#[test]
fn its_end_is_told_as_what_it_is() {
    let mut app = under_way(80, 24);
    assert_eq!(press(&mut app, &[Key::Char('T')]), []);
    feed(&mut app, 5, started(&HUB));
    feed(&mut app, 9, finished(&HUB, crate::domain::Outcome::Done));
    for text in ["The setup is taken down: 1 of 1 done", "What stays", "others may use it"] {
        assert!(shows(&mut app, text), "{text}:\n{}", draw(&mut app));
    }
    let session = session(&app);
    let text = crate::tui::summary::summary(&session.plan, &session.progress, &answers(), " --sandbox");
    assert!(text.starts_with("hubup: taking down setup contoso"), "{text}");
    let mut app = under_way(80, 24);
    feed(&mut app, 9, RunEvent::RunFinished { exit: Exit::Left });
    let session = super::fixture::session(&app);
    let text = crate::tui::summary::summary(&session.plan, &session.progress, &answers(), " --sandbox");
    assert!(text.contains("To go on: hubup destroy --sandbox"), "{text}");
}
