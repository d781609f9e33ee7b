//! What messages do: each test presses keys or feeds records and looks at effects and state.

use crate::domain::{Exit, Fault, Outcome, RunEvent, RunKind, StepState};
use crate::engine::Command;
use crate::tui::app::{App, Page};
use crate::tui::msg::{Effect, Key, Msg};
use crate::tui::preflight::Checkup;
use crate::tui::rows::Row;
use crate::tui::session::{Focus, Panel};
use crate::tui::start::End;
use crate::tui::summary::summary;
use crate::tui::update::update;

use super::fixture::*;

fn cursor(app: &App) -> Row {
    session(app).cursor
}

fn launching(app: &mut App) -> crate::domain::Answers {
    let effects = press(app, &[Key::Ctrl('g')]);
    let [Effect::Check(answers)] = &effects[..] else { panic!("{effects:?}") };
    let answers = (**answers).clone();
    let checkup = Checkup { answers: answers.clone(), ..super::entry::checkup(false) };
    update(app, Msg::Checked(Ok(Box::new(checkup))));
    assert_eq!(press(app, &[Key::Enter]), [Effect::Launch(Box::new(answers.clone()), RunKind::Setup)]);
    answers
}

#[test]
fn a_setup_is_as_many_enters_as_stages() {
    let mut app = setup_app(80, 24);
    let stages = session(&app).outline.len();
    let effects = press(&mut app, &vec![Key::Enter; stages]);
    let confirmed: Vec<_> = commands(&effects)
        .into_iter()
        .flat_map(|command| match command {
            Command::Confirm(steps) => steps,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(confirmed, [GROUP, IDENTITY, NAMESPACE, HUB, GRANT, DPS, LINK]);
    // The next Enter confirms nothing: it opens the detail.
    assert_eq!(press(&mut app, &[Key::Enter]), []);
    assert!(session(&app).detail_open);
}

#[test]
fn what_is_confirmed_counts_as_queued_at_once() {
    let mut app = setup_app(80, 24);
    press(&mut app, &[Key::Enter]);
    let run = session(&app);
    assert_eq!(run.state(&run.outline[0].steps[0]), StepState::Queued);
    assert_eq!(cursor(&app), Row::Stage(1));
}

#[test]
fn enter_on_a_step_confirms_only_it_and_goes_to_the_next() {
    let mut app = setup_app(80, 24);
    let effects = press(&mut app, &[Key::Right, Key::Down, Key::Enter]);
    assert_eq!(commands(&effects), [Command::Confirm(vec![GROUP])]);
    assert_eq!(cursor(&app), Row::Step(0, 1));
    // The stage takes what is left of it.
    let effects = press(&mut app, &[Key::Left, Key::Enter]);
    assert_eq!(commands(&effects), [Command::Confirm(vec![IDENTITY])]);
    assert_eq!(cursor(&app), Row::Stage(1));
}

#[test]
fn the_cursor_never_moves_by_itself() {
    let mut app = setup_app(80, 24);
    running(&mut app);
    feed(&mut app, 95, failed(&HUB));
    feed(&mut app, 96, asked(1, &DPS));
    assert_eq!(cursor(&app), Row::Stage(0));
}

#[test]
fn skipping_shows_its_cost_first() {
    let mut app = setup_app(80, 24);
    // Everything of the first stage: others need a value of it.
    assert_eq!(press(&mut app, &[Key::Char('s')]), []);
    assert_eq!(session(&app).panel, Panel::SkipCost(vec![GROUP, IDENTITY]));
    assert!(shows(&mut app, "Then these cannot run"));
    assert_eq!(press(&mut app, &[Key::Esc]), []);
    assert_eq!(session(&app).panel, Panel::Detail);
    let effects = press(&mut app, &[Key::Char('S'), Key::Enter]);
    assert_eq!(commands(&effects), [Command::Skip(vec![GROUP, IDENTITY])]);
    assert_eq!(cursor(&app), Row::Stage(1));
}

#[test]
fn a_skip_can_be_taken_back() {
    let mut app = setup_app(80, 24);
    feed(&mut app, 1, finished(&NAMESPACE, Outcome::Skipped));
    let effects = press(&mut app, &[Key::Down, Key::Char('u')]);
    assert_eq!(commands(&effects), [Command::Unskip(NAMESPACE)]);
}

#[test]
fn a_step_goes_on_without_a_skipped_effect_and_says_so() {
    let mut app = setup_app(120, 36);
    feed(&mut app, 1, finished(&GROUP, Outcome::Skipped));
    press(&mut app, &[Key::Down, Key::Right, Key::Down]);
    assert!(shows(&mut app, "Create the resource group (skipped)"));
    let effects = press(&mut app, &[Key::Enter]);
    assert_eq!(commands(&effects), [Command::Confirm(vec![NAMESPACE])]);
}

#[test]
fn all_the_rest_asks_once_on_azure_and_not_in_the_sandbox() {
    let mut app = setup_app(80, 24);
    assert_eq!(commands(&press(&mut app, &[Key::Char('A')])), [Command::ConfirmAll]);

    let mut app = setup_app(80, 24);
    app.banner.cloud = "AZURE".into();
    assert_eq!(press(&mut app, &[Key::Char('A')]), []);
    assert!(shows(&mut app, "PUT IotHubs/contoso-hub"));
    assert_eq!(commands(&press(&mut app, &[Key::Enter])), [Command::ConfirmAll]);
}

#[test]
fn failures_can_be_retried_kept_trying_and_copied() {
    let mut app = running_app(80, 24);
    feed(&mut app, 95, failed(&HUB));
    press(&mut app, &[Key::Down, Key::Down]);
    assert_eq!(commands(&press(&mut app, &[Key::Char('r')])), [Command::Retry(HUB)]);
    assert_eq!(commands(&press(&mut app, &[Key::Char('w')])), [Command::KeepTrying(HUB)]);
    let effects = press(&mut app, &[Key::Char('y')]);
    let [Effect::Copy(text)] = &effects[..] else { panic!("{effects:?}") };
    assert!(text.contains("IH400913") && text.contains("correlation 1b2f"), "{text}");
    assert!(shows(&mut app, "copied by OSC 52"));
}

#[test]
fn what_runs_can_be_cancelled() {
    let mut app = running_app(80, 24);
    let effects = press(&mut app, &[Key::Down, Key::Down, Key::Char('c')]);
    assert_eq!(commands(&effects), [Command::Cancel(HUB), Command::Cancel(GRANT)]);
}

#[test]
fn digits_answer_only_a_question_that_was_opened_and_seen() {
    let mut app = running_app(80, 24);
    feed(&mut app, 95, asked(7, &HUB));
    assert_eq!(press(&mut app, &[Key::Char('1')]), []);
    // Opened, and the digit pressed before a frame showed it.
    update(&mut app, Msg::Key(Key::Char('a')));
    assert_eq!(update(&mut app, Msg::Key(Key::Char('1'))), []);
    draw(&mut app);
    assert_eq!(press(&mut app, &[Key::Enter]), []);
    let effects = press(&mut app, &[Key::Char('2')]);
    assert_eq!(commands(&effects), [Command::Answer { number: 7, choice: "stop".into() }]);
}

#[test]
fn a_question_that_is_gone_closes_its_pane_and_takes_no_answer() {
    let mut app = running_app(80, 24);
    feed(&mut app, 95, asked(7, &HUB));
    press(&mut app, &[Key::Char('a')]);
    feed(&mut app, 96, finished(&HUB, Outcome::Cancelled));
    feed(&mut app, 96, asked(8, &DPS));
    assert_eq!(session(&app).panel, Panel::Detail);
    assert_eq!(press(&mut app, &[Key::Char('1')]), []);
}

#[test]
fn leaving_asks_only_while_something_runs() {
    let mut app = setup_app(80, 24);
    assert_eq!(press(&mut app, &[Key::Char('q')]), [Effect::End(End::Left(Exit::Left))]);

    let mut app = running_app(80, 24);
    assert_eq!(press(&mut app, &[Key::Ctrl('c')]), []);
    assert_eq!(session(&app).panel, Panel::Abort);
    assert_eq!(press(&mut app, &[Key::Esc]), []);
    assert_eq!(session(&app).panel, Panel::Detail);
    let effects = press(&mut app, &[Key::Ctrl('c'), Key::Ctrl('c')]);
    assert_eq!(effects, [Effect::End(End::Left(Exit::Left))]);
}

#[test]
fn leaving_can_drop_what_was_not_sent() {
    let mut app = running_app(80, 24);
    let effects = press(&mut app, &[Key::Ctrl('c'), Key::Char('2')]);
    assert_eq!(commands(&effects), [Command::Cancel(GRANT)]);
    assert_eq!(session(&app).panel, Panel::Detail);
}

#[test]
fn an_engine_that_ended_is_told_nothing() {
    let mut app = running_app(80, 24);
    feed(&mut app, 95, failed(&HUB));
    update(&mut app, Msg::RunClosed(None));
    for key in [Key::Char('r'), Key::Char('s'), Key::Char('A'), Key::Enter, Key::Char('w')] {
        assert_eq!(commands(&press(&mut app, &[key])), []);
    }
    assert_eq!(press(&mut app, &[Key::Char('q')]), [Effect::End(End::Left(Exit::Failed))]);
}

#[test]
fn the_finish_comes_up_once_and_an_early_enter_does_not_leave() {
    let mut app = running_app(80, 24);
    everything_done(&mut app);
    assert!(matches!(app.page, Page::Finish { .. }));
    assert_eq!(press(&mut app, &[Key::Enter]), []);
    tell_time(&mut app, 90);
    assert_eq!(press(&mut app, &[Key::Enter]), [Effect::End(End::Finished(Exit::Complete))]);
    press(&mut app, &[Key::Esc]);
    feed(&mut app, 97, RunEvent::RunFinished { exit: Exit::Complete });
    assert!(matches!(app.page, Page::Setup));
}

#[test]
fn the_form_launches_what_was_typed() {
    let mut app = form_app(80, 24);
    press(&mut app, &[Key::Down, Key::Right, Key::Down, Key::Char('2')]);
    let answers = launching(&mut app);
    assert_eq!(answers.namespace, "contoso-ns2");
    assert_eq!(answers.roles, crate::domain::Roles::BuiltIn);
    assert!(matches!(app.page, Page::Starting { .. }));
}

#[test]
fn the_form_does_not_launch_what_does_not_fit() {
    let mut app = form_app(80, 24);
    press(&mut app, &[Key::Down, Key::Down, Key::Down, Key::Char('0'), Key::Char('0')]);
    press(&mut app, &[Key::Up, Key::Up, Key::Up]);
    assert_eq!(press(&mut app, &[Key::Ctrl('g')]), []);
    assert_eq!(app.form.at, 3);
    // The suggestion mends it.
    press(&mut app, &[Key::Ctrl('t')]);
    assert_eq!(launching(&mut app).hub_capacity, 10);
}

#[test]
fn a_launch_that_fails_comes_back_to_the_form_with_every_answer() {
    let mut app = form_app(80, 24);
    press(&mut app, &[Key::Char('x')]);
    launching(&mut app);
    update(&mut app, Msg::Launched(Box::new(Err(Fault::new("no sign-in", "run `az login`")))));
    assert!(shows(&mut app, "no sign-in"));
    press(&mut app, &[Key::Esc, Key::Esc]);
    assert!(matches!(app.page, Page::Form) && shows(&mut app, "rg-contosox"));
}

#[test]
fn an_indicator_that_came_up_stays_a_second() {
    let mut app = form_app(80, 24);
    launching(&mut app);
    tell_time(&mut app, 1);
    assert!(shows(&mut app, "Starting"));
    update(&mut app, Msg::Launched(Box::new(Ok(opened()))));
    assert!(matches!(app.page, Page::Starting { .. }));
    tell_time(&mut app, 2);
    assert!(matches!(app.page, Page::Setup));
}

#[test]
fn a_second_enter_on_start_confirms_nothing() {
    let mut app = form_app(80, 24);
    launching(&mut app);
    update(&mut app, Msg::Launched(Box::new(Ok(opened()))));
    assert!(matches!(app.page, Page::Setup));
    assert_eq!(press(&mut app, &[Key::Enter]), []);
    tell_time(&mut app, 1);
    assert_eq!(commands(&press(&mut app, &[Key::Enter])).len(), 1);
}

#[test]
fn answers_that_do_not_fit_are_not_taken_over() {
    let mut app = form_app(80, 24);
    press(&mut app, &[Key::Down, Key::Down, Key::Char('_')]);
    assert_eq!(app.form.answers().namespace, "contoso-ns");
}

#[test]
fn a_launch_can_be_left() {
    let mut app = form_app(80, 24);
    launching(&mut app);
    assert_eq!(press(&mut app, &[Key::Esc]), [Effect::StopLaunch]);
    // What comes back too late changes nothing.
    update(&mut app, Msg::Launched(Box::new(Ok(opened()))));
    assert!(matches!(app.page, Page::Preflight) && app.session.is_none());
}

#[test]
fn leaving_the_form_asks_when_answers_would_be_lost() {
    let mut app = form_app(80, 24);
    assert_eq!(press(&mut app, &[Key::Ctrl('c')]), [Effect::End(End::Quit)]);
    press(&mut app, &[Key::Char('x')]);
    assert_eq!(press(&mut app, &[Key::Ctrl('c')]), []);
    assert!(shows(&mut app, "You changed 1 answer"));
    assert_eq!(press(&mut app, &[Key::Ctrl('c')]), [Effect::End(End::Quit)]);
}

#[test]
fn a_question_mark_is_help_where_no_name_could_hold_it() {
    let mut app = form_app(80, 24);
    press(&mut app, &[Key::Char('?')]);
    assert!(app.help);
    assert_eq!(app.form.entries[0].input.text(), "rg-contoso");
}

#[test]
fn tab_moves_the_arrows_to_the_log_and_back() {
    let mut app = running_app(80, 24);
    press(&mut app, &[Key::Tab]);
    assert_eq!(session(&app).focus, Focus::Log);
    press(&mut app, &[Key::Up, Key::Up]);
    assert!(!session(&app).log.follows());
    assert_eq!(cursor(&app), Row::Stage(0));
    press(&mut app, &[Key::Esc]);
    assert_eq!(session(&app).focus, Focus::Stages);
}

#[test]
fn a_stage_done_in_part_says_so() {
    let mut app = setup_app(80, 24);
    feed(&mut app, 1, finished(&GROUP, Outcome::Done));
    feed(&mut app, 2, finished(&IDENTITY, Outcome::Skipped));
    assert_eq!(session(&app).row_state(Row::Stage(0)).word(), "in part");
}

#[test]
fn running_rows_stay_in_sight_however_few_fit() {
    let mut app = running_app(80, 24);
    press(&mut app, &[Key::Right, Key::End]);
    let run = session(&app);
    let kept = run.fitting(2);
    assert_eq!(kept, [Row::Stage(2), Row::Stage(3)]);
}

#[test]
fn the_summary_tells_outcomes_reasons_facts_and_what_is_left() {
    let mut app = running_app(80, 24);
    feed(&mut app, 90, done_with(&IDENTITY, &[("idScope", "0ne00FF"), ("principalId", "p")]));
    feed(&mut app, 95, failed(&HUB));
    let run = session(&app);
    let text = summary(&run.plan, &run.progress, &answers(), " --sandbox");
    for part in [
        "setup contoso in resource group rg-contoso, eastus2, in the sandbox",
        "already there",
        "IH400913 · the identity does not have",
        "Do         retry in a minute",
        "id scope          0ne00FF",
        "What is left",
        "dps.create",
        "To go on: hubup --sandbox",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn time_alone_paints_only_what_it_changes() {
    let mut app = setup_app(80, 24);
    app.dirty = false;
    update(&mut app, Msg::Tick(at(0)));
    assert!(!app.dirty);
    running(&mut app);
    app.dirty = false;
    update(&mut app, Msg::Tick(at(84)));
    assert!(app.dirty);
}

#[test]
fn a_frame_that_shows_something_new_asks_for_another_with_the_keys_for_it() {
    let mut app = setup_app(80, 24);
    press(&mut app, &[Key::Char('D')]);
    app.dirty = false;
    let seen = crate::tui::msg::Painted { overflow: 7, ..app.painted };
    update(&mut app, Msg::Painted(seen));
    assert!(app.dirty);
    app.dirty = false;
    update(&mut app, Msg::Painted(seen));
    assert!(!app.dirty);
}

#[test]
fn an_engine_that_could_not_go_on_says_why_and_nothing_turns_any_more() {
    let mut app = running_app(80, 24);
    let why = Fault::new("cannot write to `run.jsonl`: no space left", "make room").exiting(Exit::State);
    update(&mut app, Msg::RunClosed(Some(Box::new(why))));
    assert!(shows(&mut app, "cannot write to `run.jsonl`: no space left"));
    assert!(!app.animated() && !app.ticking());
    // The clock stands still, also where the person looks later.
    assert!(shows(&mut app, "01:23"));
    tell_time(&mut app, 200);
    assert!(shows(&mut app, "01:23"));
    assert_eq!(press(&mut app, &[Key::Esc]), []);
    assert_eq!(session(&app).panel, Panel::Detail);
    assert!(matches!(press(&mut app, &[Key::Ctrl('c')])[..], [Effect::End(End::Left(_))]));
}

#[test]
fn the_mouse_is_off_until_a_key_turns_it_on_and_never_confirms() {
    use crate::tui::msg::Mouse;
    let mut app = running_app(80, 24);
    assert_eq!(press(&mut app, &[Key::Ctrl('o')]), [Effect::Mouse(true)]);
    // The second row of the stages, below header and title.
    let effects = update(&mut app, Msg::Mouse(Mouse::Press, 5, 3));
    assert_eq!((effects, cursor(&app)), (Vec::new(), Row::Stage(1)));
    // Beside the rows nothing happens.
    update(&mut app, Msg::Mouse(Mouse::Press, 5, 0));
    assert_eq!(cursor(&app), Row::Stage(1));
    update(&mut app, Msg::Mouse(Mouse::Up, 5, 20));
    assert!(!session(&app).log.follows());
    update(&mut app, Msg::Mouse(Mouse::Down, 5, 20));
    assert!(session(&app).log.follows());
    assert_eq!(press(&mut app, &[Key::Ctrl('o')]), [Effect::Mouse(false)]);
}

#[test]
fn one_key_leads_to_what_failed_or_asks() {
    let mut app = running_app(80, 24);
    assert!(!shows(&mut app, "what needs you"));
    feed(&mut app, 90, failed(&HUB));
    feed(&mut app, 91, asked(1, &DPS));
    assert!(shows(&mut app, "! what needs you"));
    press(&mut app, &[Key::Char('!')]);
    assert_eq!(cursor(&app), Row::Stage(2));
    press(&mut app, &[Key::Char('!')]);
    assert_eq!(cursor(&app), Row::Stage(3));
    press(&mut app, &[Key::Char('!')]);
    assert_eq!(cursor(&app), Row::Stage(2));
}
