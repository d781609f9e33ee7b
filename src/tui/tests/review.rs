//! The review page: what it shows, how deep, what it writes, where it leads.

use crate::domain::{Fault, Record};
use crate::review::Review;
use crate::tui::app::{App, Page};
use crate::tui::msg::{Effect, Key, Msg};
use crate::tui::review::{Form, Reviewed};
use crate::tui::update::update;

use super::fixture::*;
use super::resume;

fn reviewed() -> Reviewed {
    let hub = "Microsoft.Devices/IotHubs/contoso-hub";
    let mut events = resume::earlier();
    events.push((-7_350, call_started(7, &HUB, crate::domain::Method::Put, hub)));
    events.push((-7_349, call_finished(7, &HUB, crate::domain::Method::Put, hub, 400)));
    events.push((-7_348, call_started(8, &HUB, crate::domain::Method::Get, hub)));
    let records: Vec<Record> = events.into_iter().map(|(seconds, event)| record(seconds, event)).collect();
    let review = Review::of([&records[..]]).unwrap();
    Reviewed { review, go_on: "hubup --sandbox apply".into() }
}

/// The page, opened from the choices about a setup from before.
pub(super) fn asked(width: u16, height: u16) -> App {
    let mut app = resume::welcome(width, height);
    let effects = press(&mut app, &[Key::Down, Key::Enter]);
    assert_eq!(effects, [Effect::Review(Box::new(answers()))]);
    app
}

pub(super) fn shown(width: u16, height: u16) -> App {
    let mut app = asked(width, height);
    update(&mut app, Msg::Reviewed(Ok(Box::new(reviewed()))));
    draw(&mut app);
    app
}

/// The cursor on the hub, which failed.
pub(super) fn on_hub(width: u16, height: u16) -> App {
    let mut app = shown(width, height);
    press(&mut app, &[Key::Down, Key::Down, Key::Down]);
    app
}

#[test]
fn every_step_stands_there_with_its_outcome() {
    let mut app = on_hub(80, 24);
    for text in [
        "1 run in the sandbox",
        "2 of 7 done",
        "The newest run did not tell its end",
        "What is left goes on with: hubup --sandbox apply",
        "done",
        "Azure has it",
        "failed",
        "skipped",
        "IH400913",
    ] {
        assert!(shows(&mut app, text), "{text}:\n{}", draw(&mut app));
    }
    assert!(!shows(&mut app, "sig=secret"));
}

#[test]
fn the_filter_goes_round() {
    let mut app = shown(80, 24);
    let mut steps = Vec::new();
    for _ in 0..6 {
        steps.push(app.review.as_ref().unwrap().steps().len());
        press(&mut app, &[Key::Char('f')]);
    }
    assert_eq!(steps, [7, 1, 1, 1, 4, 7]);
}

#[test]
fn enter_goes_deeper_and_esc_comes_back() {
    let mut app = on_hub(80, 24);
    press(&mut app, &[Key::Enter]);
    assert!(shows(&mut app, "Requests of Create the IoT hub") && shows(&mut app, "400  184 ms"));
    assert!(shows(&mut app, "no reply on record"));
    press(&mut app, &[Key::Enter]);
    assert!(shows(&mut app, "Request 1 of 2") && shows(&mut app, "corr-1"));
    let effects = press(&mut app, &[Key::Char('y')]);
    assert!(matches!(&effects[..], [Effect::Copy(text)] if text.contains("PUT")), "{effects:?}");
    press(&mut app, &[Key::Right]);
    assert!(shows(&mut app, "Request 2 of 2"));
    press(&mut app, &[Key::Esc]);
    assert!(shows(&mut app, "Requests of Create the IoT hub"));
    press(&mut app, &[Key::Esc, Key::Esc]);
    assert!(matches!(app.page, Page::Welcome));
}

#[test]
fn an_export_asks_for_its_form_and_tells_the_file() {
    let mut app = shown(80, 24);
    press(&mut app, &[Key::Char('e')]);
    assert!(shows(&mut app, "Markdown, for a ticket"));
    assert_eq!(press(&mut app, &[Key::Esc]), []);
    let effects = press(&mut app, &[Key::Char('e'), Key::Char('j')]);
    assert_eq!(effects, [Effect::Export(Box::new(answers()), Form::Json)]);
    update(&mut app, Msg::Exported(Ok("hubup-review-run-1.json".into())));
    assert!(shows(&mut app, "hubup-review-run-1.json"));
    press(&mut app, &[Key::Esc]);
    assert!(matches!(app.page, Page::Review) && !shows(&mut app, "hubup-review-run-1.json"));
    let effects = press(&mut app, &[Key::Char('e'), Key::Char('m')]);
    assert_eq!(effects, [Effect::Export(Box::new(answers()), Form::Markdown)]);
    update(&mut app, Msg::Exported(Err(Box::new(Fault::new("the disk is full", "make room")))));
    assert!(shows(&mut app, "the disk is full"));
}

#[test]
fn journals_that_cannot_be_read_say_why() {
    let mut app = asked(80, 24);
    update(
        &mut app,
        Msg::Reviewed(Err(Box::new(Fault::new("line 3 of `run.jsonl` is damaged", "look at it")))),
    );
    assert!(shows(&mut app, "line 3 of `run.jsonl` is damaged"));
}

#[test]
fn it_is_reached_from_the_stages_and_from_the_finish_and_leads_to_the_way_back() {
    let mut app = running_app(80, 24);
    assert_eq!(press(&mut app, &[Key::Char('R')]), [Effect::Review(Box::new(answers()))]);
    update(&mut app, Msg::Reviewed(Ok(Box::new(reviewed()))));
    // Something of this run is under way.
    assert_eq!(press(&mut app, &[Key::Char('T')]), []);
    press(&mut app, &[Key::Esc]);
    assert!(matches!(app.page, Page::Setup));
    everything_done(&mut app);
    assert!(matches!(app.page, Page::Finish { .. }));
    assert_eq!(press(&mut app, &[Key::Char('R')]), [Effect::Review(Box::new(answers()))]);
    update(&mut app, Msg::Reviewed(Ok(Box::new(reviewed()))));
    assert_eq!(press(&mut app, &[Key::Char('T')]), [Effect::WayBack(Box::new(answers()))]);
    press(&mut app, &[Key::Esc]);
    assert!(matches!(app.page, Page::Review));
    press(&mut app, &[Key::Esc]);
    assert!(matches!(app.page, Page::Finish { .. }));
}

#[test]
fn what_arrives_while_its_indicator_stands_waits_for_it() {
    let mut app = asked(80, 24);
    tell_time(&mut app, 1);
    // A second has passed by the clock since it was asked for.
    update(&mut app, Msg::Reviewed(Ok(Box::new(reviewed()))));
    assert!(app.review.as_ref().unwrap().found.is_none() && app.animated());
    tell_time(&mut app, 2);
    assert!(app.review.as_ref().unwrap().found.is_some());
}
