//! The log's search through all lines, its filters, and how its lines are drawn.

use std::ops::Range;
use std::sync::Arc;

use ratatui::style::{Color, Modifier};

use crate::domain::{CallId, Exchanged, Line, LogSource, Method, Outcome, RunEvent, RunId, StepId, line};
use crate::journal::{Durability, JournalLog, StateFolder, Writer};
use crate::tui::app::App;
use crate::tui::keymap::page_bindings;
use crate::tui::log::{self, HELD};
use crate::tui::msg::{Effect, Key, Msg};
use crate::tui::update::update;

use super::fixture::*;

/// A journal in memory.
pub(super) struct Lines(pub(super) Vec<Line>);

impl LogSource for Lines {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn lines(&self, range: Range<usize>) -> Vec<Line> {
        let range = range.start.min(self.0.len())..range.end.min(self.0.len());
        self.0.get(range).unwrap_or_default().to_vec()
    }

    fn exchange(&self, _: CallId) -> Option<Exchanged> {
        None
    }
}

/// Does what `drive` does with the effects of the log, until nothing is left of them.
fn answer(app: &mut App, effects: Vec<Effect>, source: &Lines) {
    for effect in effects {
        let message = match effect {
            Effect::Older { numbers, anchor } => {
                Msg::Older { shift: anchor.shift(source), lines: log::read(source, &numbers) }
            }
            Effect::Seek(seek) => {
                let hit = log::seek(source, &seek, &|| false);
                Msg::Sought { token: seek.token, shift: seek.anchor.shift(source), hit }
            }
            Effect::Sift(sift) => {
                let shift = sift.anchor.shift(source);
                let numbers = log::sift(source, &sift, shift, &|| false).unwrap();
                Msg::Sifted { token: sift.token, shift, numbers }
            }
            other => panic!("{other:?}"),
        };
        let effects = update(app, message);
        answer(app, effects, source);
        draw(app);
    }
}

fn note(step: Option<StepId>, text: &str) -> RunEvent {
    RunEvent::Noted { step, text: text.to_owned() }
}

/// A run with so many notes that the first are in the journal only, and that journal.
fn long_run() -> (App, Lines) {
    let mut app = setup_app(80, 24);
    let mut lines = Vec::new();
    for index in 0..HELD + 3_000 {
        let step = if index % 2 == 0 { HUB } else { DPS };
        let event = note(Some(step), &format!("note {index} end"));
        let told = record(i64::try_from(index).unwrap(), event);
        lines.extend(line(&told));
        update(&mut app, Msg::Run(told));
    }
    draw(&mut app);
    (app, Lines(lines))
}

fn typed(app: &mut App, open: char, text: &str) -> Vec<Effect> {
    let keys: Vec<Key> = [open].into_iter().chain(text.chars()).map(Key::Char).collect();
    press(app, &keys);
    press(app, &[Key::Enter])
}

fn here(app: &App) -> &str {
    session(app).log.current_line().map_or("?", |line| &line.text)
}

/// What stands in the title of the log.
fn title(app: &mut App) -> String {
    let screen = draw(app).to_string();
    screen.lines().find(|line| line.contains("Log · ")).unwrap_or_default().to_owned()
}

#[test]
fn a_reply_has_no_number_of_its_own() {
    let mut app = setup_app(80, 24);
    for number in 0..3 {
        feed(&mut app, 1, call_started(number, &HUB, Method::Put, "Microsoft.Devices/IotHubs/h"));
        feed(&mut app, 2, call_finished(number, &HUB, Method::Put, "IotHubs/h", 201));
    }
    for index in 0..HELD {
        feed(&mut app, 3, note(None, &format!("note {index}")));
    }
    // As the journal counts them, which has a line for each of the three calls.
    assert_eq!(session(&app).log.boundary(), 3);
    // The reply of a call that has left the memory is no new line either.
    feed(&mut app, 4, call_started(9, &HUB, Method::Put, "Microsoft.Devices/IotHubs/h"));
    for index in 0..HELD {
        feed(&mut app, 5, note(None, &format!("later {index}")));
    }
    let total = session(&app).log.total();
    feed(&mut app, 6, call_finished(9, &HUB, Method::Put, "IotHubs/h", 201));
    assert_eq!(session(&app).log.total(), total);
}

#[test]
fn a_search_goes_through_lines_that_are_only_in_the_journal() {
    let (mut app, source) = long_run();
    let effects = typed(&mut app, '/', "Note 7 ");
    assert!(matches!(&effects[..], [Effect::Seek(_)]), "{effects:?}");
    answer(&mut app, effects, &source);
    assert_eq!(here(&app), "note 7 end");
    assert!(shows(&mut app, "note 7 end"));
    assert!(shows(&mut app, "found; n next, N previous"));
    // Round the end, and to the same again: there is no other.
    for key in ['n', 'N'] {
        let effects = press(&mut app, &[Key::Char(key)]);
        answer(&mut app, effects, &source);
        assert_eq!(here(&app), "note 7 end");
    }
    // From there on into what is in memory, without a look at the journal's rest where that is not on the way.
    let effects = typed(&mut app, '/', "note 22999 ");
    answer(&mut app, effects, &source);
    assert_eq!(here(&app), "note 22999 end");
    let effects = typed(&mut app, '/', "nowhere");
    answer(&mut app, effects, &source);
    assert!(shows(&mut app, "`nowhere` is in no line"));
    assert_eq!(here(&app), "note 22999 end");
}

#[test]
fn a_search_that_takes_long_says_so_and_can_be_stopped() {
    let (mut app, _) = long_run();
    tell_time(&mut app, 100_000);
    let effects = typed(&mut app, '/', "note 7 ");
    let [Effect::Seek(seek)] = &effects[..] else { panic!("{effects:?}") };
    assert!(!title(&mut app).contains("searching"));
    app.now = at(100_000).checked_add(jiff::SignedDuration::from_millis(200)).unwrap();
    assert!(title(&mut app).contains("searching older lines… Esc stops"));
    // It stays long enough to be read: what comes in meanwhile waits.
    let found = Msg::Sought { token: seek.token, shift: 0, hit: Some(7) };
    update(&mut app, found.clone());
    assert!(title(&mut app).contains("searching"));
    tell_time(&mut app, 100_002);
    assert!(!title(&mut app).contains("searching"));
    // Stopped, it finds nothing any more.
    press(&mut app, &[Key::Char('G')]);
    let effects = typed(&mut app, '/', "note 8 ");
    let [Effect::Seek(seek)] = &effects[..] else { panic!("{effects:?}") };
    let token = seek.token;
    assert_eq!(press(&mut app, &[Key::Esc]), [Effect::StopLog(token)]);
    update(&mut app, Msg::Sought { token, shift: 0, hit: Some(8) });
    assert!(session(&app).log.follows());
    assert!(shows(&mut app, "stopped searching"));
}

#[test]
fn another_search_stops_the_one_before() {
    let (mut app, _) = long_run();
    let first = typed(&mut app, '/', "note 7 ");
    let [Effect::Seek(seek)] = &first[..] else { panic!("{first:?}") };
    let effects = press(&mut app, &[Key::Char('n')]);
    assert_eq!(effects.first(), Some(&Effect::StopLog(seek.token)));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Seek(_))), "{effects:?}");
}

#[test]
fn filters_hold_all_at_once_stand_in_the_title_and_are_cleared_by_one_key() {
    let mut app = running_app(120, 36);
    feed(&mut app, 90, failed(&HUB));
    feed(&mut app, 91, note(Some(DPS), "about the service"));
    feed(&mut app, 92, finished(&DPS, Outcome::Warned));
    let all = session(&app).log.count();
    press(&mut app, &[Key::Down, Key::Down, Key::Char('F')]);
    assert!(title(&mut app).contains("Log · IoT hub · "), "{}", title(&mut app));
    press(&mut app, &[Key::Char('v')]);
    assert!(title(&mut app).contains("Log · IoT hub · warnings and errors · 1 line · following"));
    press(&mut app, &[Key::Char('v')]);
    assert!(title(&mut app).contains("IoT hub · errors · 1 line"));
    typed(&mut app, '&', "no such text");
    assert!(title(&mut app).contains("IoT hub · errors · with `no such text` · 0 lines"));
    assert!(shows(&mut app, "No line passes the filter; * shows all lines."));
    press(&mut app, &[Key::Char('*')]);
    assert!(title(&mut app).contains("Log · all steps · following"));
    assert_eq!(session(&app).log.count(), all);
    // Once more on the same row takes the step away and leaves the level.
    press(&mut app, &[Key::Char('F'), Key::Char('v'), Key::Char('F')]);
    assert!(title(&mut app).contains("Log · warnings and errors · 2 lines"), "{}", title(&mut app));
}

#[test]
fn a_filter_follows_and_a_reply_that_passes_comes_into_it() {
    let mut app = running_app(80, 24);
    press(&mut app, &[Key::Char('v')]);
    assert_eq!(session(&app).log.count(), 0);
    feed(&mut app, 95, call_started(5, &HUB, Method::Put, "Microsoft.Devices/IotHubs/h"));
    assert_eq!(session(&app).log.count(), 0);
    let RunEvent::CallFinished(mut reply) = call_finished(5, &HUB, Method::Put, "IotHubs/h", 409) else {
        unreachable!("it makes a finished call")
    };
    reply.error = Some(crate::domain::ErrorKind::Refused);
    feed(&mut app, 96, RunEvent::CallFinished(reply));
    assert_eq!(session(&app).log.count(), 1);
    assert!(shows(&mut app, "409"));
    feed(&mut app, 97, note(None, "not of interest"));
    assert_eq!(session(&app).log.count(), 1);
}

#[test]
fn a_filter_reaches_lines_that_are_only_in_the_journal() {
    let (mut app, source) = long_run();
    let effects = typed(&mut app, '&', "0 end");
    let in_memory = session(&app).log.count();
    assert_eq!(in_memory, HELD / 10);
    answer(&mut app, effects, &source);
    assert_eq!(session(&app).log.count(), (HELD + 3_000) / 10);
    let effects = press(&mut app, &[Key::Char('g')]);
    answer(&mut app, effects, &source);
    assert_eq!(here(&app), "note 0 end");
    assert!(shows(&mut app, "note 120 end"));
    // What was looked through for a filter that is gone is not taken in.
    let effects = typed(&mut app, '&', "5 end");
    let [Effect::Sift(sift), ..] = &effects[..] else { panic!("{effects:?}") };
    let token = sift.token;
    assert_eq!(press(&mut app, &[Key::Char('*')]).first(), Some(&Effect::StopLog(token)));
    update(&mut app, Msg::Sifted { token, shift: 0, numbers: vec![5] });
    assert_eq!(session(&app).log.count(), HELD + 3_000);
}

#[test]
fn a_search_stays_within_the_filter() {
    let (mut app, source) = long_run();
    press(&mut app, &[Key::Down, Key::Down]);
    let effects = press(&mut app, &[Key::Char('F')]);
    answer(&mut app, effects, &source);
    // The first of the hub's lines that holds it; the other step's comes before.
    let effects = typed(&mut app, '/', "note 1");
    answer(&mut app, effects, &source);
    let effects = press(&mut app, &[Key::Char('g')]);
    answer(&mut app, effects, &source);
    let effects = press(&mut app, &[Key::Char('n')]);
    answer(&mut app, effects, &source);
    assert_eq!(here(&app), "note 10 end");
}

#[test]
fn long_lines_are_cut_or_wrapped_and_the_cursor_stays_in_sight() {
    let mut app = running_app(80, 24);
    let text = format!("{}the-very-end", "words and words ".repeat(12));
    feed(&mut app, 95, note(Some(HUB), &text));
    assert!(!shows(&mut app, "the-very-end"));
    press(&mut app, &[Key::Char('W')]);
    assert!(shows(&mut app, "the-very-end"));
    for index in 0..40 {
        feed(&mut app, 96, note(Some(HUB), &format!("{index} {text}")));
    }
    press(&mut app, &[Key::Tab]);
    for key in [Key::Up, Key::PageUp, Key::PageUp, Key::Down, Key::Char('g'), Key::PageDown, Key::Up] {
        press(&mut app, &[key]);
        let screen = draw(&mut app).to_string();
        assert!(
            screen.lines().any(|line| line.starts_with("\">") && line.contains(':')),
            "{key:?}\n{screen}"
        );
    }
}

#[test]
fn pages_of_wrapped_lines_leave_none_out() {
    let mut app = running_app(80, 24);
    for index in 0..60 {
        feed(&mut app, 96, note(Some(HUB), &format!("line-{index} {}", "and on and on ".repeat(9))));
    }
    press(&mut app, &[Key::Char('W'), Key::Tab, Key::Char('g')]);
    let mut seen = String::new();
    for _ in 0..60 {
        seen.push_str(&draw(&mut app).to_string());
        press(&mut app, &[Key::PageDown]);
    }
    seen.push_str(&draw(&mut app).to_string());
    for index in 0..60 {
        assert!(seen.contains(&format!("line-{index} ")), "line-{index} was never shown");
    }
}

#[test]
fn cut_lines_can_be_moved_to_the_side_as_far_as_they_go() {
    let mut app = running_app(80, 24);
    let right = |app: &App| page_bindings(app).iter().any(|known| known.keys.contains(&Key::Right));
    press(&mut app, &[Key::Tab]);
    let text = format!("begins {}the-very-end", "words and words ".repeat(6));
    feed(&mut app, 95, note(Some(HUB), &text));
    draw(&mut app);
    let mut moves = 0;
    while right(&app) && moves < 50 {
        press(&mut app, &[Key::Right]);
        moves += 1;
    }
    assert!(shows(&mut app, "the-very-end") && !shows(&mut app, "begins"));
    assert!(moves > 1, "it was not moved");
    for _ in 0..moves {
        press(&mut app, &[Key::Left]);
    }
    assert!(shows(&mut app, "begins"));
    assert!(!page_bindings(&app).iter().any(|known| known.keys.contains(&Key::Left)));
}

#[test]
fn times_are_of_the_day_or_since_the_run_began() {
    let mut app = running_app(80, 24);
    assert!(shows(&mut app, " 20:27:52  hub.create"), "{}", draw(&mut app));
    press(&mut app, &[Key::Char('t')]);
    assert!(shows(&mut app, "   +01:12  hub.create"), "{}", draw(&mut app));
    press(&mut app, &[Key::Char('t')]);
    assert!(shows(&mut app, " 20:27:52  hub.create"));
}

#[test]
fn what_is_found_is_marked_and_levels_have_their_colours() {
    let mut app = running_app(120, 36);
    feed(&mut app, 90, failed(&HUB));
    typed(&mut app, '/', "permissions");
    let backend = draw(&mut app);
    let buffer = backend.buffer();
    let mut marked = String::new();
    for y in 0..buffer.area.height {
        let row: String = (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect();
        if row.contains("IH400913: ") && row.contains("hub.create") {
            for x in 0..buffer.area.width {
                let cell = &buffer[(x, y)];
                if cell.modifier.contains(Modifier::REVERSED) {
                    marked.push_str(cell.symbol());
                    assert_eq!(cell.fg, Color::Red);
                }
            }
        }
    }
    assert_eq!(marked, "permissions");
}

#[test]
fn the_screen_counts_lines_as_the_journal_does() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateFolder::new(folder.path().to_owned());
    let lock = state.lock(answers().setup_id()).unwrap();
    let journal = Arc::new(JournalLog::default());
    let run = RunId("run-1".into());
    let mut writer = Writer::create(&state, lock, &run).unwrap().indexed(Arc::clone(&journal));
    let mut app = setup_app(80, 24);
    let mut events = vec![RunEvent::RunStarted(Box::new(header())), RunEvent::StepQueued { step: HUB }];
    for number in 0..150 {
        events.push(call_started(number, &HUB, Method::Put, "Microsoft.Devices/IotHubs/h"));
        events.push(call_started(1_000 + number, &HUB, Method::Get, "Microsoft.Devices/IotHubs/h"));
        events.push(note(None, &format!("before {number}")));
        events.push(call_finished(1_000 + number, &HUB, Method::Get, "IotHubs/h", 200));
        events.push(call_finished(number, &HUB, Method::Put, "IotHubs/h", 201));
    }
    events.extend((0..HELD).map(|index| note(None, &format!("after {index}"))));
    for (seconds, event) in (0..).zip(events) {
        let told = record(seconds, event);
        writer.append(&told, Durability::Written).unwrap();
        update(&mut app, Msg::Run(told));
    }
    draw(&mut app);
    assert_eq!((session(&app).log.total(), session(&app).log.boundary()), (journal.len(), 451));
    let effects = typed(&mut app, '/', "before 77");
    let [Effect::Seek(seek)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(seek.anchor.shift(journal.as_ref()), 0);
    let hit = log::seek(journal.as_ref(), seek, &|| false).unwrap();
    assert_eq!(journal.lines(hit..hit + 1)[0].text, "before 77");
    // Stopped, nothing is found.
    assert_eq!(log::seek(journal.as_ref(), seek, &|| true), None);
    let effects = update(&mut app, Msg::Sought { token: seek.token, shift: 0, hit: Some(hit) });
    let [Effect::Older { numbers, anchor }] = &effects[..] else { panic!("{effects:?}") };
    let lines = log::read(journal.as_ref(), numbers);
    update(&mut app, Msg::Older { shift: anchor.shift(journal.as_ref()), lines });
    assert_eq!(here(&app), "before 77");
    // The line of the cursor opens with what the journal has of it.
    let effects = press(&mut app, &[Key::Tab, Key::Up, Key::Enter]);
    let [Effect::Exchange { call, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(*call, super::fixture::call(1_077));
    let found = journal.exchange(*call).unwrap();
    assert_eq!((found.place, found.count, found.run), (156, 300, run));
}
