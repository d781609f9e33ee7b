//! A line's exchange, the log taken out, the commands and reasons of a row.

use jiff::tz::TimeZone;
use serde_json::json;

use crate::domain::{Exchanged, Fault, Method, Outcome, RunEvent, RunId};
use crate::tui::app::{App, Page};
use crate::tui::log::{Filter, Take, To};
use crate::tui::msg::{Effect, Key, Msg};
use crate::tui::session::Panel;
use crate::tui::update::update;

use super::fixture::*;
use super::searching::Lines;

/// What the journal has of the hub's first call.
fn exchanged() -> Exchanged {
    let RunEvent::CallStarted(mut started) =
        call_started(1, &HUB, Method::Put, "Microsoft.Devices/IotHubs/contoso-hub")
    else {
        unreachable!("it makes a started call")
    };
    started.retry_of = Some(call(7));
    started.shown.headers =
        vec![("If-Match".into(), "\"7\"".into()), ("X-Key".into(), "not for eyes".into())];
    started.shown.body = Some(json!({ "location": "westus2", "sku": { "name": "GEN2" } }));
    let RunEvent::CallFinished(mut reply) = call_finished(1, &HUB, Method::Put, "IotHubs/contoso-hub", 201)
    else {
        unreachable!("it makes a finished call")
    };
    reply.retry_after = Some(10_000);
    reply.body = Some(json!({ "properties": { "state": "Activating", "key": "***" } }));
    Exchanged {
        run: RunId("run-1".into()),
        begun: record(61, RunEvent::CallStarted(started)),
        ended: Some(record(62, RunEvent::CallFinished(reply))),
        before: Some(call(7)),
        after: Some(call(2)),
        place: 2,
        count: 3,
    }
}

/// The page of that call.
pub(super) fn exchange_page(width: u16, height: u16) -> App {
    let mut app = running_app(width, height);
    press(&mut app, &[Key::Tab, Key::Up, Key::Up, Key::Enter]);
    let found = Some(Box::new(exchanged()));
    update(&mut app, Msg::Exchanged { call: call(1), copy: false, found });
    draw(&mut app);
    app
}

/// The panel that copies and saves, over a filtered log.
pub(super) fn taking_out(width: u16, height: u16) -> App {
    let mut app = running_app(width, height);
    press(&mut app, &[Key::Down, Key::Down, Key::Char('F'), Key::Tab, Key::Up, Key::Up, Key::Char('Y')]);
    app
}

#[test]
fn enter_on_a_line_opens_its_exchange() {
    let mut app = running_app(80, 24);
    let effects = press(&mut app, &[Key::Tab, Key::Up, Key::Up, Key::Enter]);
    assert_eq!(effects, [Effect::Exchange { call: call(1), copy: false }]);
    // Until it takes long enough to be noticed the stages stay in sight.
    assert!(shows(&mut app, "Stages"));
    let now = app.now;
    app.now = now.checked_add(jiff::SignedDuration::from_millis(150)).unwrap();
    assert!(shows(&mut app, "Reading the journal"));
    app.now = now;
    let mut app = exchange_page(80, 40);
    let screen = draw(&mut app).to_string();
    for told in [
        "Call 2 of 3 of hub.create",
        "PUT",
        "contoso-hub?api-version=2025-11-01-preview",
        "x-ms-client-request-id: 9f31c2aa-0000-4000-8000-000000000001",
        "If-Match: \"7\"",
        "X-Key: (not shown)",
        "repeats the call 9f31c2aa-0000-4000-8000-000000000007",
        "\"name\": \"GEN2\"",
        "201  184 ms",
        "req-1",
        "corr-1",
        "asked for 10 s",
        "\"state\": \"Activating\"",
    ] {
        assert!(screen.contains(told), "{told} is not in\n{screen}");
    }
    assert!(!screen.contains("not for eyes"));
    let effects = press(&mut app, &[Key::Char('y')]);
    let [Effect::Copy(text)] = &effects[..] else { panic!("{effects:?}") };
    assert!(text.contains("\"name\": \"GEN2\"") && !text.contains("not for eyes"));
    press(&mut app, &[Key::Esc]);
    assert!(matches!(app.page, Page::Setup));
}

#[test]
fn exchanges_are_turned_like_pages() {
    let mut app = exchange_page(80, 24);
    assert_eq!(press(&mut app, &[Key::Char('n')]), [Effect::Exchange { call: call(2), copy: false }]);
    // The one before stays until the next is there; where it is not, that is told.
    assert!(shows(&mut app, "Call 2 of 3"));
    update(&mut app, Msg::Exchanged { call: call(2), copy: false, found: None });
    assert!(shows(&mut app, "This call is not in the journal."));
    let mut app = exchange_page(80, 24);
    assert_eq!(press(&mut app, &[Key::Left]), [Effect::Exchange { call: call(7), copy: false }]);
    // What was asked for before is not shown in place of it.
    update(&mut app, Msg::Exchanged { call: call(2), copy: false, found: None });
    assert!(shows(&mut app, "Call 2 of 3"));
}

#[test]
fn a_line_without_a_call_is_shown_whole() {
    let mut app = running_app(80, 24);
    press(&mut app, &[Key::Tab, Key::Up, Key::Enter]);
    assert!(matches!(app.page, Page::LogLine(_)));
}

#[test]
fn line_step_exchange_and_all_are_taken_out() {
    let app = taking_out(80, 24);
    let take = |key: char| press(&mut app.clone(), &[Key::Char(key)]);
    assert!(matches!(&take('1')[..], [Effect::Copy(text)] if text.contains("IotHubs/contoso-hub")));
    let effects = take('2');
    let [Effect::Take(step)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((&*step.what, &step.filter), ("hub.create", &Filter::of_step("hub.create")));
    assert_eq!(take('3'), [Effect::Exchange { call: call(1), copy: true }]);
    let effects = take('4');
    let [Effect::Take(shown)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(&shown.filter, session(&app).log.filter());
    assert!(matches!(shown.to, To::Clipboard(_)));
    let effects = take('5');
    let [Effect::Take(save)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((&save.filter, &save.to), (&shown.filter, &To::File("hubup-log-run-1".into())));
    let effects = take('6');
    let [Effect::Take(all)] = &effects[..] else { panic!("{effects:?}") };
    assert!(all.filter.is_open());
}

#[test]
fn what_came_of_it_stands_in_the_panel() {
    let mut app = taking_out(80, 24);
    update(&mut app, Msg::Saved(Ok(("hubup-log-run-1.log".into(), 12))));
    assert!(shows(&mut app, "saved 12 lines to hubup-log-run-1.log"));
    let fault = Fault::new("cannot write `hubup-log-run-1.log`: full", "make room");
    update(&mut app, Msg::Saved(Err(Box::new(fault))));
    assert!(shows(&mut app, "cannot write `hubup-log-run-1.log`: full: make room"));
    let effects = update(&mut app, Msg::Taken { text: "all".into(), told: "copied: 1 line".into() });
    assert_eq!(effects, [Effect::Copy("all".into())]);
    assert!(shows(&mut app, "copied: 1 line"));
    press(&mut app, &[Key::Esc]);
    assert_eq!(session(&app).panel, Panel::Detail);
    // Whoever has left the panel is told in the footer.
    update(&mut app, Msg::Saved(Ok(("x.log".into(), 1))));
    assert!(shows(&mut app, "saved 1 line to x.log"));
}

#[test]
fn a_copy_is_capped_and_says_so() {
    let told = |index: i64| {
        crate::domain::line(&record(index, RunEvent::Noted { step: None, text: format!("note {index}") }))
    };
    let source = Lines((0..1_000).filter_map(told).collect());
    let take = Take {
        what: "the log".into(),
        filter: Filter { text: "5".into(), ..Filter::default() },
        to: To::Clipboard(100),
        zone: TimeZone::UTC,
        since: Some(at(0)),
    };
    let (text, count, all) = take.newest(&source, 100);
    assert!(text.len() <= 100 && text.ends_with("note 995\n"), "{text}");
    assert_eq!((count, all), (text.lines().count(), 271));
    assert_eq!(
        take.copied(count, all),
        format!("copied by OSC 52: the last {count} of 271 lines of the log; Y saves them all")
    );
    let (text, count, all) = take.newest(&source, 1_000_000);
    assert_eq!((count, all), (271, 271));
    assert_eq!(text.lines().count(), 271);
    assert_eq!(take.copied(count, all), "copied by OSC 52: 271 lines of the log");
    assert_eq!(take.lines(&source).count(), 271);
    assert_eq!(take.lines(&source).next().unwrap(), "  +00:05    note 5");
}

#[test]
fn a_row_tells_its_requests_as_commands() {
    let mut app = running_app(120, 60);
    press(&mut app, &[Key::Down, Key::Down, Key::Right, Key::Down, Key::Char('z')]);
    let screen = draw(&mut app).to_string();
    assert!(screen.contains("az rest --method put \\"), "{screen}");
    assert!(screen.contains("\"principal\": \"p-1\""), "{screen}");
    let effects = press(&mut app, &[Key::Char('y')]);
    let [Effect::Copy(text)] = &effects[..] else { panic!("{effects:?}") };
    // What is no command is a comment.
    assert!(text.starts_with("# Create the IoT hub (hub.create)\n"), "{text}");
    press(&mut app, &[Key::Char('z')]);
    assert!(matches!(app.page, Page::Setup));
}

#[test]
fn a_row_tells_why_it_is_there() {
    let mut app = running_app(120, 36);
    press(&mut app, &[Key::Down, Key::Down, Key::Right, Key::Down, Key::Char('x')]);
    let screen = draw(&mut app).to_string();
    for told in [
        "An IoT hub of sku GEN2 in westus2",
        "Create the identity, for a value that goes into its request",
        "Create the namespace, which must be so in Azure first",
        "Needed by   Namespace is Contributor on the hub · Link the hub",
        "up to 5 min, by the documents",
        "https://learn.example/hub",
    ] {
        assert!(screen.contains(told), "{told} is not in\n{screen}");
    }
}

#[test]
fn a_difference_shows_what_is_there_and_what_was_said_also_after_the_answer() {
    let mut app = running_app(120, 36);
    feed(&mut app, 90, asked(3, &HUB));
    press(&mut app, &[Key::Down, Key::Down, Key::Right, Key::Down]);
    let stands = |app: &mut App| {
        let screen = draw(app).to_string();
        let pairs = [("Differs", "location"), ("there", "westus2"), ("you said", "eastus2")];
        pairs.iter().all(|(label, text)| {
            screen.lines().any(|line| {
                line.find(label).is_some_and(|at| line[at + label.len()..].trim_start().starts_with(text))
            })
        })
    };
    assert!(stands(&mut app), "{}", draw(&mut app));
    let choice =
        crate::domain::Choice { number: 3, step: HUB, choice: "use".into(), by: crate::domain::Who::Person };
    feed(&mut app, 91, RunEvent::Answered(choice));
    feed(&mut app, 92, finished(&HUB, Outcome::Warned));
    assert!(stands(&mut app), "{}", draw(&mut app));
    // What was changed differs no longer.
    feed(&mut app, 93, finished(&HUB, Outcome::Done));
    assert!(!stands(&mut app));
}
