//! What walks through the wizard in a real terminal found wanting: a test for each.

use crate::domain::{Fault, Outcome, RunEvent};
use crate::tui::msg::Key;
use crate::tui::rows::Row;
use crate::tui::start::ScreenOptions;

use super::fixture::*;

/// The row of the screen that holds `text`.
fn row_with(app: &mut crate::tui::app::App, text: &str) -> String {
    let screen = draw(app).to_string();
    screen.lines().find(|row| row.contains(text)).unwrap_or_default().to_owned()
}

#[test]
fn a_stage_with_a_step_to_confirm_is_not_told_as_queued() {
    let mut app = setup_app(80, 24);
    // Only the second step of the first stage: it is queued behind the first, which nobody confirmed.
    press(&mut app, &[Key::Right, Key::Down, Key::Down, Key::Enter]);
    let run = session(&app);
    assert_eq!(run.row_state(Row::Step(0, 1)).word(), "queued");
    assert_eq!(run.row_state(Row::Stage(0)).word(), "ready");
}

#[test]
fn what_failed_and_what_is_blocked_are_counted_apart() {
    let mut app = running_app(120, 36);
    feed(&mut app, 95, failed(&HUB));
    feed(&mut app, 95, finished(&GRANT, Outcome::Blocked));
    assert!(row_with(&mut app, "SANDBOX").contains("1 failed · 1 blocked"));
}

#[test]
fn the_clock_stops_when_everything_is_done() {
    let mut app = setup_app(120, 36);
    feed(&mut app, 0, RunEvent::RunStarted(Box::new(header())));
    everything_done(&mut app);
    tell_time(&mut app, 300);
    assert!(row_with(&mut app, "SANDBOX").contains("01:35"));
    // Then nothing is drawn any more.
    assert!(!app.ticking());
}

#[test]
fn a_skip_that_was_taken_back_leaves_no_time() {
    let mut app = running_app(80, 24);
    feed(&mut app, 90, started(&DPS));
    feed(&mut app, 91, finished(&DPS, Outcome::Skipped));
    let row = Row::Stage(3);
    assert_eq!(session(&app).row_seconds(row, at(95)), Some(1));
    feed(&mut app, 92, RunEvent::StepReset { step: DPS, why: "no longer skipped".into() });
    assert_eq!(session(&app).row_seconds(row, at(95)), None);
}

#[test]
fn enter_on_what_is_confirmed_does_not_hide_the_log_where_the_detail_is_seen_whole() {
    let mut app = running_app(160, 40);
    press(&mut app, &[Key::Home, Key::Enter]);
    assert!(!session(&app).detail_open);
    // Where the log stands in its place, the detail is opened over it.
    let mut app = running_app(80, 24);
    press(&mut app, &[Key::Home, Key::Enter]);
    assert!(session(&app).detail_open);
}

#[test]
fn a_reply_tells_its_status_however_long_its_target_is() {
    use crate::domain::Method;
    let mut app = running_app(80, 24);
    let path = "roleDefinitions/629a101a-b9e2-52cb-990c-6657e6a327a0";
    feed(&mut app, 90, call_finished(9, &GRANT, Method::Put, path, 409));
    let row = row_with(&mut app, "roleDefinitions/");
    assert!(row.contains("…  409  184 ms"), "{row}");
}

#[test]
fn leaving_names_all_its_choices_also_where_there_is_little_room() {
    let mut app = running_app(80, 12);
    press(&mut app, &[Key::Ctrl('c')]);
    let screen = draw(&mut app).to_string();
    assert!(screen.contains("1  leave:"), "{screen}");
    assert!(screen.contains("2  drop what is not sent"), "{screen}");
}

#[test]
fn why_a_launch_failed_is_told_whole() {
    let mut app = form_app(80, 24);
    let says = "the subscription offers nothing that hubup speaks; ".repeat(8);
    app.fault = Some(Fault::new(says, "use another subscription").meaning("no preview is offered here"));
    assert!(shows(&mut app, "use another subscription"));
    // The answer of the cursor is still in sight.
    assert!(shows(&mut app, " > "));
}

#[test]
fn a_note_about_an_answer_goes_when_the_answer_is_mended() {
    let mut app = form_app(80, 24);
    press(&mut app, &[Key::Down, Key::Down, Key::Char('_'), Key::Ctrl('g')]);
    assert!(row_with(&mut app, "Ctrl+C leave").contains("first mend"));
    press(&mut app, &[Key::Backspace]);
    assert!(!row_with(&mut app, "Ctrl+C leave").contains("first mend"));
}

#[test]
fn in_ascii_a_fold_mark_a_queued_row_and_a_cut_are_told_apart() {
    let mut app = setup_app_with(80, 24, ScreenOptions { ascii: true, ..ScreenOptions::default() });
    press(&mut app, &[Key::Enter]);
    let row = row_with(&mut app, "queued");
    assert!(row.contains("> : 1 "), "{row}");
}
