//! A setup from before: what the wizard opens on, what it launches, and what the stages say of earlier runs.

use crate::domain::{
    Exit, Fault, Outcome, Progress, RunEvent, RunHeader, RunId, RunKind, StepId, StepState, Wait,
};
use crate::engine::Command;
use crate::stages::Change;
use crate::tui::app::{App, Page};
use crate::tui::msg::{Effect, Key, Msg, Opened};
use crate::tui::rows::Row;
use crate::tui::start::End;
use crate::tui::update::update;
use crate::tui::welcome::{Choice, Resume, Welcome};

use super::fixture::*;

/// An earlier run, two hours before noon: the namespace is in Azure's hands, the hub failed, the link was skipped.
pub(super) fn earlier() -> Vec<(i64, RunEvent)> {
    let wait = Wait::Location { poll: "https://management.azure.com/status?sig=secret".into() };
    vec![
        (-7_500, RunEvent::RunStarted(Box::new(header()))),
        (-7_500, started(&GROUP)),
        (-7_400, finished(&GROUP, Outcome::Done)),
        (-7_400, started(&IDENTITY)),
        (-7_390, done_with(&IDENTITY, &[("principalId", "p-1")])),
        (-7_390, started(&NAMESPACE)),
        (-7_380, RunEvent::OperationAccepted { step: NAMESPACE, call: call(1), wait }),
        (-7_380, started(&HUB)),
        (-7_346, failed(&HUB)),
        (-7_300, finished(&LINK, Outcome::Skipped)),
    ]
}

pub(super) fn folded(events: &[(i64, RunEvent)]) -> Progress {
    let mut progress = Progress::default();
    for (seconds, event) in events {
        progress.apply(&record(*seconds, event.clone()));
    }
    progress
}

fn left() -> Progress {
    let mut events = earlier();
    events.push((-7_200, RunEvent::RunFinished { exit: Exit::Left }));
    folded(&events)
}

fn welcome_app(width: u16, height: u16, progress: Progress, changes: Vec<Change>) -> App {
    let mut app = form_app(width, height);
    let mut page = Welcome::new();
    page.resume = Some(Resume { progress, answers: answers(), changes });
    app.welcome = Some(page);
    app.page = Page::Welcome;
    app
}

pub(super) fn welcome(width: u16, height: u16) -> App {
    welcome_app(width, height, left(), Vec::new())
}

fn change(refused: Option<&str>) -> Change {
    Change {
        key: "hub.capacity".into(),
        was: "1".into(),
        now: "2".into(),
        refused: refused.map(ToOwned::to_owned),
    }
}

pub(super) fn welcome_changed(width: u16, height: u16) -> App {
    welcome_app(width, height, left(), vec![change(None)])
}

/// On the stages of a run that goes on: the group is proved, the identity is gone, the namespace is looked at.
pub(super) fn resumed(width: u16, height: u16) -> App {
    let mut app = form_app(width, height);
    app.now = at(-10);
    app.open(Opened { earlier: left(), ..opened() });
    app.now = at(0);
    app.turn(Page::Setup);
    let header = RunHeader { run: RunId("run-2".into()), continues: Some(RunId("run-1".into())), ..header() };
    feed(&mut app, 0, RunEvent::RunStarted(Box::new(header)));
    for step in [&GROUP, &IDENTITY, &NAMESPACE] {
        feed(&mut app, 0, RunEvent::StepStarted { step: step.clone(), look: true });
    }
    feed(&mut app, 1, finished(&GROUP, Outcome::AlreadyThere));
    let why = "contoso-id exists and differs from your answers: location: westus2 (you said eastus2); tags.a: 1 (you said 2)";
    feed(&mut app, 1, RunEvent::StepReset { step: IDENTITY, why: why.into() });
    draw(&mut app);
    app
}

#[test]
fn enter_goes_on_without_the_form() {
    let mut app = welcome(80, 24);
    for text in [
        "contoso is set up in part, left 2 h ago",
        "> Go on with contoso",
        "2 of 7 done · 1 failed · 1 skipped · 1 in Azure's hands · 2 left",
        "failed: Create the IoT hub (IH400913)",
        "in Azure's hands: Create the namespace",
    ] {
        assert!(shows(&mut app, text), "{text}:\n{}", draw(&mut app));
    }
    let effects = press(&mut app, &[Key::Enter]);
    assert_eq!(effects, [Effect::Launch(Box::new(answers()), RunKind::Setup)]);
    assert!(matches!(app.page, Page::Starting { .. }));
    assert_eq!(press(&mut app, &[Key::Esc]), [Effect::StopLaunch]);
    assert!(matches!(app.page, Page::Welcome));
    assert_eq!(press(&mut app, &[Key::Esc]), [Effect::End(End::Quit)]);
}

#[test]
fn a_run_that_was_killed_is_told_as_cut_off() {
    let mut app = welcome_app(80, 24, folded(&earlier()), Vec::new());
    assert!(shows(&mut app, "is set up in part, cut off 2 h ago"));
}

#[test]
fn what_was_done_counts_though_the_newest_run_did_not_come_to_look_again() {
    let mut events = earlier();
    events.push((-90, RunEvent::RunStarted(Box::new(header()))));
    let mut app = welcome_app(80, 24, folded(&events), Vec::new());
    assert!(
        shows(&mut app, "2 of 7 done · 1 failed · 1 skipped · 1 in Azure's hands · 2 left"),
        "{}",
        draw(&mut app)
    );
}

#[test]
fn a_complete_setup_says_so_and_offers_the_same() {
    let mut events = vec![(-90, RunEvent::RunStarted(Box::new(header())))];
    for step in [GROUP, IDENTITY, NAMESPACE, HUB, GRANT, DPS, LINK] {
        events.push((-80, finished(&step, Outcome::Done)));
    }
    events.push((-70, RunEvent::RunFinished { exit: Exit::Complete }));
    let mut app = welcome_app(80, 24, folded(&events), Vec::new());
    assert!(shows(&mut app, "contoso is set up, finished 1 min ago"));
    assert_eq!(
        app.choices(),
        [Choice::GoOn, Choice::Review, Choice::Change, Choice::TakeDown, Choice::Another]
    );
}

#[test]
fn answers_that_changed_are_shown_and_those_of_before_can_be_kept() {
    let mut app = welcome_changed(80, 24);
    if let Some(progress) =
        app.welcome.as_mut().and_then(|welcome| welcome.resume.as_mut()?.progress.header.as_mut())
    {
        progress.answers.hub_capacity = 7;
    }
    assert!(shows(&mut app, "hub.capacity: 1 -> 2"));
    assert_eq!(press(&mut app, &[Key::Enter]), [Effect::Launch(Box::new(answers()), RunKind::Setup)]);
    press(&mut app, &[Key::Esc]);
    let effects = press(&mut app, &[Key::Down, Key::Enter]);
    let [Effect::Launch(launched, RunKind::Setup)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(launched.hub_capacity, 7);
}

#[test]
fn what_cannot_follow_is_not_launched() {
    let mut app = welcome_app(80, 24, left(), vec![change(Some("the hub is made"))]);
    assert!(shows(&mut app, "that cannot follow: the hub is made"));
    assert_eq!(app.choices()[0], Choice::GoOnAsBefore);
}

#[test]
fn a_teardown_that_was_left_goes_on_as_one() {
    let mut progress = left();
    progress.header.as_mut().unwrap().kind = RunKind::Teardown;
    let mut app = welcome_app(80, 24, progress, Vec::new());
    assert!(shows(&mut app, "> Go on taking contoso down"));
    let effects = press(&mut app, &[Key::Enter]);
    assert_eq!(effects, [Effect::Launch(Box::new(answers()), RunKind::Teardown)]);
}

#[test]
fn a_start_that_failed_is_told_where_it_was_begun() {
    let mut app = welcome(80, 24);
    press(&mut app, &[Key::Enter]);
    update(&mut app, Msg::Launched(Box::new(Err(Fault::new("no sign-in was found", "run `az login`")))));
    assert!(matches!(app.page, Page::Welcome));
    assert!(shows(&mut app, "no sign-in was found") && shows(&mut app, "run `az login`"));
    // Esc puts it away, and does not leave yet.
    assert_eq!(press(&mut app, &[Key::Esc]), []);
    assert!(!shows(&mut app, "no sign-in was found"));
}

#[test]
fn the_form_is_one_choice_and_leads_back() {
    let mut app = welcome(80, 24);
    press(&mut app, &[Key::Down, Key::Down, Key::Enter]);
    assert!(matches!(app.page, Page::Form));
    press(&mut app, &[Key::Char('x'), Key::Esc]);
    assert!(matches!(app.page, Page::Welcome));
    // What was typed is launched, and leaving does not throw it away unasked.
    assert_eq!(press(&mut app, &[Key::Char('q')]), []);
    assert!(app.form.leaving);
    press(&mut app, &[Key::Esc, Key::Esc, Key::Home]);
    let effects = press(&mut app, &[Key::Up, Key::Up, Key::Enter]);
    let [Effect::Launch(launched, _)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(launched.resource_group, "rg-contosox");
}

#[test]
fn the_cursor_begins_where_a_person_is_needed_and_follows_what_comes_to_light() {
    let mut app = form_app(80, 24);
    app.open(Opened { earlier: left(), ..opened() });
    // What was done is looked at by itself: the first that nobody will do is the failed hub.
    assert_eq!(session(&app).cursor, Row::Stage(2));
    let mut app = resumed(80, 24);
    assert_eq!(session(&app).cursor, Row::Stage(0));
    // An Enter that was on its way when it moved confirms nothing.
    assert_eq!(commands(&press(&mut app, &[Key::Enter])), []);
    tell_time(&mut app, 1);
    assert_eq!(commands(&press(&mut app, &[Key::Enter])), [Command::Confirm(vec![IDENTITY])]);
    // From then on it stays where the person put it.
    let cursor = session(&app).cursor;
    feed(&mut app, 2, RunEvent::StepReset { step: GROUP, why: "it is not there".into() });
    assert_eq!(session(&app).cursor, cursor);
}

#[test]
fn nothing_proved_waits_for_a_word() {
    let app = resumed(80, 24);
    let waiting = session(&app).unconfirmed();
    assert!(!waiting.contains(&GROUP), "{waiting:?}");
    let run = session(&app);
    assert_eq!(run.state(&run.outline[0].steps[0]), StepState::Finished(Outcome::AlreadyThere));
}

#[test]
fn what_came_back_says_why_line_by_line() {
    let mut app = resumed(120, 36);
    press(&mut app, &[Key::Right, Key::Down, Key::Down]);
    for text in ["Came back", "exists and differs from your answers:", "location: westus2 (you said eastus2)"]
    {
        assert!(shows(&mut app, text), "{text}:\n{}", draw(&mut app));
    }
    assert!(!shows(&mut app, "eastus2); tags"), "{}", draw(&mut app));
}

#[test]
fn what_failed_before_offers_what_a_failure_offers() {
    let mut app = resumed(120, 36);
    press(&mut app, &[Key::Down, Key::Down]);
    for text in ["failed after 00:34 in an earlier run", "IH400913", "r retry", "w keep trying", "s skip"] {
        assert!(shows(&mut app, text), "{text}:\n{}", draw(&mut app));
    }
    assert_eq!(commands(&press(&mut app, &[Key::Char('r')])), [Command::Retry(HUB)]);
    // What was skipped can be taken up again.
    press(&mut app, &[Key::End]);
    assert_eq!(commands(&press(&mut app, &[Key::Char('u')])), [Command::Unskip(LINK)]);
}

#[test]
fn an_operation_that_azure_has_is_told() {
    let mut app = resumed(120, 36);
    feed(&mut app, 1, RunEvent::StepReset { step: NAMESPACE, why: "it is not there".into() });
    press(&mut app, &[Key::Down, Key::Right, Key::Down]);
    assert!(shows(&mut app, "has accepted it and may go on with it"), "{}", draw(&mut app));
    assert!(!shows(&mut app, "sig=secret"));
}

#[test]
fn times_are_those_of_this_run() {
    let mut app = form_app(80, 24);
    app.open(Opened { earlier: left(), ..opened() });
    app.turn(Page::Setup);
    // Before its first word nothing of the run before is told as if it were now.
    assert!(!shows(&mut app, "02:"), "{}", draw(&mut app));
    let mut app = resumed(80, 24);
    tell_time(&mut app, 7);
    let screen = draw(&mut app).to_string();
    let header = screen.lines().next().unwrap_or_default().to_owned();
    assert!(header.contains("00:07"), "{header}");
    assert!(!screen.contains("2:0"), "{screen}");
}

#[test]
fn a_setup_found_whole_finishes_only_once_it_was_looked_at() {
    let steps = [GROUP, IDENTITY, NAMESPACE, HUB, GRANT, DPS, LINK];
    let mut events = vec![(-90, RunEvent::RunStarted(Box::new(header())))];
    events.extend(steps.iter().map(|step: &StepId| (-80, finished(step, Outcome::Done))));
    let mut app = welcome_app(80, 24, folded(&events), Vec::new());
    press(&mut app, &[Key::Enter]);
    update(&mut app, Msg::Launched(Box::new(Ok(Opened { earlier: folded(&events), ..opened() }))));
    assert!(matches!(app.page, Page::Setup));
    feed(&mut app, 0, RunEvent::RunStarted(Box::new(header())));
    for step in &steps {
        assert!(matches!(app.page, Page::Setup));
        feed(&mut app, 1, RunEvent::StepStarted { step: step.clone(), look: true });
        feed(&mut app, 1, finished(step, Outcome::AlreadyThere));
    }
    assert!(matches!(app.page, Page::Finish { .. }));
}
