//! What stands on the screen at the two sizes that count, and the colours that mean something.

use insta::assert_snapshot;
use jiff::Timestamp;
use ratatui::style::Color;

use crate::domain::{NameKind, Outcome};
use crate::tui::app::App;
use crate::tui::form::TextInput;
use crate::tui::msg::{Effect, Key, Msg};
use crate::tui::start::ScreenOptions;
use crate::tui::theme::{Depth, THEMES, Theme};

use super::fixture::*;

const SIZES: [(u16, u16); 2] = [(80, 24), (120, 36)];

/// Compares what `make` draws at both sizes with the stored screens.
fn check(name: &str, make: impl Fn(u16, u16) -> App) {
    for (width, height) in SIZES {
        let mut app = make(width, height);
        let screen = draw(&mut app);
        insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
            assert_snapshot!(format!("{name}_{width}x{height}"), screen);
        });
    }
}

#[test]
fn the_form() {
    check("form", |width, height| {
        let mut app = form_app(width, height);
        app.form.at = 2;
        app.form.entries[2].input = TextInput::of("Contoso NS");
        app
    });
}

#[test]
fn a_failed_start() {
    check("form_fault", |width, height| {
        let mut app = form_app(width, height);
        app.fault = Some(
            crate::domain::Fault::new("no sign-in was found", "run `az login`, then start again")
                .meaning("hubup has nothing to prove who you are"),
        );
        app
    });
}

#[test]
fn a_fresh_setup() {
    check("setup_fresh", setup_app);
}

#[test]
fn the_pages_before_the_stages() {
    check("newcomer", super::entry::newcomer);
    check("practising", super::entry::practising);
    check("sign_in", super::entry::sign_in);
    check("sign_in_code", super::entry::code);
    check("sign_in_tenants", super::entry::tenants);
    check("sign_in_refused", super::entry::refused);
    check("preflight_passed", super::entry::passed);
    check("preflight_stops", super::entry::stopped);
    check("plan", super::entry::planned);
}

#[test]
fn a_setup_from_before() {
    check("welcome", super::resume::welcome);
    check("welcome_changed", super::resume::welcome_changed);
}

#[test]
fn a_setup_that_goes_on() {
    check("setup_resumed", super::resume::resumed);
}

#[test]
fn a_running_setup() {
    check("setup_running", |width, height| {
        let mut app = running_app(width, height);
        press(&mut app, &[Key::Down, Key::Down, Key::Right, Key::Down]);
        app
    });
}

#[test]
fn an_open_detail() {
    check("setup_detail", |width, height| {
        let mut app = running_app(width, height);
        press(&mut app, &[Key::Down, Key::Down, Key::Right, Key::Down, Key::Char('d')]);
        app
    });
}

#[test]
fn a_failure() {
    check("failure", |width, height| {
        let mut app = running_app(width, height);
        feed(&mut app, 95, failed(&HUB));
        press(&mut app, &[Key::Down, Key::Down, Key::Char('d')]);
        app
    });
}

#[test]
fn a_question() {
    check("question", |width, height| {
        let mut app = running_app(width, height);
        feed(&mut app, 95, asked(7, &HUB));
        press(&mut app, &[Key::Char('a')]);
        app
    });
}

#[test]
fn what_skipping_costs() {
    check("skip_cost", |width, height| {
        let mut app = running_app(width, height);
        press(&mut app, &[Key::End, Key::Char('s')]);
        app
    });
}

#[test]
fn what_exists_for_a_step() {
    check("use_existing", super::using::found);
    check("use_existing_fault", super::using::refused);
}

#[test]
fn the_way_back() {
    check("teardown", |width, height| {
        let mut app = super::teardown::shown(width, height);
        super::teardown::typed(&mut app, "contoso");
        app
    });
}

#[test]
fn the_review() {
    check("review", super::review::on_hub);
    check("review_requests", |width, height| {
        let mut app = super::review::on_hub(width, height);
        press(&mut app, &[Key::Enter]);
        app
    });
    check("review_request", |width, height| {
        let mut app = super::review::on_hub(width, height);
        press(&mut app, &[Key::Enter, Key::Enter]);
        app
    });
    check("review_export", |width, height| {
        let mut app = super::review::on_hub(width, height);
        press(&mut app, &[Key::Char('e')]);
        app
    });
}

#[test]
fn leaving_while_something_runs() {
    check("abort", |width, height| {
        let mut app = running_app(width, height);
        press(&mut app, &[Key::Ctrl('c')]);
        app
    });
}

#[test]
fn the_help() {
    check("help", |width, height| {
        let mut app = running_app(width, height);
        press(&mut app, &[Key::Char('?')]);
        app
    });
}

#[test]
fn the_requests() {
    check("requests", |width, height| {
        let mut app = running_app(width, height);
        press(&mut app, &[Key::Down, Key::Down, Key::Char('D')]);
        app
    });
}

#[test]
fn the_finish() {
    check("finish", |width, height| {
        let mut app = running_app(width, height);
        everything_done(&mut app);
        tell_time(&mut app, 200);
        app
    });
}

#[test]
fn a_search() {
    check("search", |width, height| {
        let mut app = running_app(width, height);
        press(
            &mut app,
            &[Key::Tab, Key::Char('/'), Key::Char('h'), Key::Char('u'), Key::Char('b'), Key::Enter],
        );
        app
    });
}

#[test]
fn the_log_in_its_forms() {
    check("log_filtered", |width, height| {
        let mut app = running_app(width, height);
        feed(&mut app, 95, failed(&HUB));
        press(&mut app, &[Key::Down, Key::Down, Key::Char('F'), Key::Char('v'), Key::Tab, Key::Up]);
        app
    });
    check("log_nothing_passes", |width, height| {
        let mut app = running_app(width, height);
        press(&mut app, &[Key::Char('v')]);
        app
    });
    check("log_filter_typed", |width, height| {
        let mut app = running_app(width, height);
        press(&mut app, &[Key::Tab, Key::Char('&'), Key::Char('h'), Key::Char('u')]);
        app
    });
    check("log_wrapped", |width, height| {
        let mut app = running_app(width, height);
        feed(&mut app, 95, failed(&HUB));
        press(&mut app, &[Key::Tab, Key::Char('W'), Key::Char('t')]);
        app
    });
    check("log_moved", |width, height| {
        let mut app = running_app(width, height);
        feed(&mut app, 95, failed(&HUB));
        press(&mut app, &[Key::Tab, Key::Right]);
        app
    });
    check("log_searching", |width, height| {
        let mut app = running_app(width, height);
        if let Some(session) = &mut app.session {
            session.log = crate::tui::log::Log::new(900_000);
        }
        feed(&mut app, 95, failed(&HUB));
        press(&mut app, &[Key::Tab, Key::Char('/'), Key::Char('~'), Key::Enter]);
        tell_time(&mut app, 84);
        app
    });
}

#[test]
fn what_is_taken_out_of_the_log() {
    check("take_out", super::details::taking_out);
    check("take_out_done", |width, height| {
        let mut app = super::details::taking_out(width, height);
        let saved = Ok(("hubup-log-20261130T094945.029-978d5c.log".to_owned(), 12));
        crate::tui::update::update(&mut app, crate::tui::msg::Msg::Saved(saved));
        app
    });
}

#[test]
fn an_exchange() {
    check("exchange", super::details::exchange_page);
}

#[test]
fn commands_and_reasons() {
    for (name, key) in [("az", 'z'), ("why", 'x')] {
        check(name, |width, height| {
            let mut app = running_app(width, height);
            press(&mut app, &[Key::Down, Key::Down, Key::Right, Key::Down, Key::Char(key)]);
            app
        });
    }
}

#[test]
fn too_small() {
    let mut app = running_app(30, 5);
    let screen = draw(&mut app).to_string();
    assert!(screen.contains("3/7 hub.create"), "{screen}");
    // Keys still act.
    let effects = press(&mut app, &[Key::End, Key::Enter]);
    assert_eq!(commands(&effects).len(), 1);
}

/// The colour of `word` on the screen.
fn colour(app: &mut App, word: &str) -> Color {
    let backend = draw(app);
    let buffer = backend.buffer();
    for y in 0..buffer.area.height {
        let row: String = (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect();
        // Only ASCII stands before the word, but for the symbol: count characters, not bytes.
        if let Some(at) = row.find(word) {
            let x = row[..at].chars().count();
            return buffer[(u16::try_from(x).unwrap(), y)].fg;
        }
    }
    panic!("{word} is not on the screen");
}

#[test]
fn colours_repeat_what_the_words_say() {
    let mut app = running_app(120, 36);
    feed(&mut app, 95, failed(&DPS));
    assert_eq!(colour(&mut app, "already there"), Color::Cyan);
    assert_eq!(colour(&mut app, "running   "), Color::LightBlue);
    assert_eq!(colour(&mut app, "failed "), Color::Red);
    assert_eq!(colour(&mut app, "3 of 7"), Color::Red);
    feed(&mut app, 96, asked(1, &LINK));
    assert_eq!(colour(&mut app, "asks you    "), Color::Magenta);
    app.options.no_colour = true;
    assert_eq!(colour(&mut app, "failed "), Color::Reset);
}

#[test]
fn ascii_means_ascii() {
    for options in [
        ScreenOptions { ascii: true, ..ScreenOptions::default() },
        ScreenOptions { ascii: true, no_colour: true, ..ScreenOptions::default() },
    ] {
        let mut app = setup_app_with(120, 36, options);
        running(&mut app);
        feed(&mut app, 95, failed(&DPS));
        feed(&mut app, 95, RunEventNoted::note("Zürich 日本 …"));
        for keys in [&[][..], &[Key::Char('?')], &[Key::Esc, Key::End, Key::Right, Key::Char('D')]] {
            press(&mut app, keys);
            let screen = draw(&mut app);
            assert!(screen.buffer().content.iter().all(|cell| cell.symbol().is_ascii()));
        }
    }
}

struct RunEventNoted;

impl RunEventNoted {
    fn note(text: &str) -> crate::domain::RunEvent {
        crate::domain::RunEvent::Noted { step: None, text: text.to_owned() }
    }
}

#[test]
fn text_of_a_service_has_no_power_over_the_terminal() {
    let mut app = running_app(120, 36);
    feed(&mut app, 95, RunEventNoted::note("bad \u{1b}[2Jthing\u{202e}\u{7}"));
    let screen = draw(&mut app).to_string();
    assert!(screen.contains("bad [2Jthing"), "{screen}");
}

#[test]
fn every_symbol_is_one_cell_wide() {
    use crate::domain::StepState;
    use crate::tui::rows::RowState;
    use crate::tui::view::symbol;
    let mut states = vec![RowState::InPart];
    states.extend(
        [
            StepState::NotYet,
            StepState::Ready,
            StepState::Queued,
            StepState::Running,
            StepState::Waiting,
            StepState::AsksYou,
        ]
        .map(RowState::Step),
    );
    states.extend(
        [
            Outcome::Done,
            Outcome::AlreadyThere,
            Outcome::Warned,
            Outcome::Skipped,
            Outcome::Blocked,
            Outcome::Failed,
            Outcome::Cancelled,
        ]
        .map(|outcome| RowState::Step(StepState::Finished(outcome))),
    );
    for state in states {
        for options in [ScreenOptions::default(), ScreenOptions { ascii: true, ..ScreenOptions::default() }] {
            assert_eq!(crate::tui::text::width(symbol(state, at(0), options)), 1, "{}", state.word());
        }
    }
}

#[test]
fn a_rule_and_a_suggestion_stand_while_it_is_typed() {
    let mut app = form_app(80, 24);
    app.form.at = 2;
    press(&mut app, &[Key::Ctrl('u'), Key::Char('A'), Key::Char('b'), Key::Char('_'), Key::Char('c')]);
    let rule = NameKind::Namespace.check("Ab_c").unwrap().rule;
    assert!(shows(&mut app, &rule[..40]));
    assert!(shows(&mut app, "ab-c"));
}

#[test]
fn every_shipped_theme_can_be_read_and_tells_good_from_bad() {
    for (name, text) in THEMES {
        for depth in [Depth::Sixteen, Depth::True] {
            let theme = Theme::from_toml(text, depth).unwrap_or_else(|error| panic!("{name}: {error}"));
            let options = ScreenOptions { theme, ..ScreenOptions::default() };
            let mut app = setup_app_with(120, 36, options);
            running(&mut app);
            feed(&mut app, 95, failed(&HUB));
            let (good, bad) = (colour(&mut app, "already there"), colour(&mut app, "failed "));
            assert_ne!(good, bad, "{name}");
            // Red beside green is what many eyes cannot tell apart.
            assert!(!matches!(good, Color::Green | Color::LightGreen), "{name}");
        }
    }
    assert_eq!(Theme::default(), Theme::from_toml(THEMES[0].1, Depth::Sixteen).unwrap());
    let error = Theme::from_toml("good = { fg = \"greenish\" }", Depth::Sixteen).unwrap_err();
    assert!(error.contains("`greenish` is no colour"), "{error}");
    assert!(Theme::from_toml("god = {}", Depth::Sixteen).is_err());
}

#[test]
fn nothing_turns_where_that_is_not_wanted() {
    let mut app = setup_app_with(80, 24, ScreenOptions { still: true, ..ScreenOptions::default() });
    running(&mut app);
    draw(&mut app);
    app.dirty = false;
    crate::tui::update::update(
        &mut app,
        Msg::Tick(Timestamp::from_millisecond(at(83).as_millisecond() + 100).unwrap()),
    );
    assert!(!app.dirty, "a tenth of a second changes nothing");
    tell_time(&mut app, 84);
    assert!(app.dirty, "the seconds of what runs go on");
}

#[test]
fn the_bell_rings_only_when_wanted_and_needed() {
    for bell in [false, true] {
        let mut app = setup_app_with(80, 24, ScreenOptions { bell, ..ScreenOptions::default() });
        running(&mut app);
        let ring = if bell { vec![Effect::Bell] } else { Vec::new() };
        assert_eq!(feed(&mut app, 90, asked(1, &DPS)), ring);
        assert_eq!(feed(&mut app, 91, failed(&HUB)), ring);
        assert_eq!(feed(&mut app, 92, started(&LINK)), []);
    }
}
