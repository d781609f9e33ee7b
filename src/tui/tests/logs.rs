//! The log's window, places, older lines and search.

use std::ops::Range;

use crate::domain::{CallId, Exchanged, Level, Line, LogSource, Method, RunEvent};
use crate::tui::log::{Found, HELD, Log, locate, read};
use crate::tui::msg::{Effect, Key, Msg};
use crate::tui::update::update;

use super::fixture::*;

fn line(seconds: usize, text: &str, call: Option<CallId>) -> Line {
    let at = at(i64::try_from(seconds).unwrap());
    Line { at, level: Level::Info, step: "hub.create".into(), text: text.to_owned(), call }
}

fn filled(count: usize) -> Log {
    let mut log = Log::new(0);
    for index in 0..count {
        log.push(line(index, &format!("line {index}"), None), false);
    }
    log
}

fn texts(log: &Log, rows: usize) -> Vec<String> {
    log.window(rows).map(|rank| log.line(rank).map_or("?".to_owned(), |line| line.text.clone())).collect()
}

/// A journal of so many lines.
struct Journal(usize);

impl LogSource for Journal {
    fn len(&self) -> usize {
        self.0
    }

    fn lines(&self, range: Range<usize>) -> Vec<Line> {
        (range.start.min(self.0)..range.end.min(self.0))
            .map(|n| line(n, &format!("line {n}"), None))
            .collect()
    }

    fn exchange(&self, _: CallId) -> Option<Exchanged> {
        None
    }
}

#[test]
fn a_reply_takes_the_place_of_the_line_that_began_it() {
    let mut app = setup_app(120, 36);
    feed(&mut app, 1, call_started(1, &HUB, Method::Put, "Microsoft.Devices/IotHubs/h"));
    feed(&mut app, 2, call_started(2, &DPS, Method::Get, "Microsoft.Devices/provisioningServices/d"));
    feed(&mut app, 3, call_finished(1, &HUB, Method::Put, "IotHubs/h", 201));
    let log = &session(&app).log;
    assert_eq!(log.total(), 2);
    assert!(log.line(0).unwrap().text.contains("201"));
}

#[test]
fn it_follows_until_scrolled_and_then_counts_what_is_new() {
    let mut log = filled(30);
    assert_eq!(texts(&log, 3), ["line 27", "line 28", "line 29"]);
    log.scroll(-2, 3);
    let before = texts(&log, 3);
    log.push(line(31, "new", None), false);
    assert_eq!(texts(&log, 3), before);
    assert_eq!(log.fresh, 1);
    log.follow();
    assert_eq!(texts(&log, 3), ["line 28", "line 29", "new"]);
    assert_eq!(log.fresh, 0);
}

#[test]
fn pages_go_to_the_first_line_and_back_to_following() {
    let mut log = filled(30);
    for _ in 0..20 {
        log.scroll(-4, 5);
    }
    assert_eq!(log.current(), Some(0));
    assert_eq!(texts(&log, 5)[0], "line 0");
    for _ in 0..20 {
        log.scroll(4, 5);
    }
    assert!(log.follows());
}

#[test]
fn it_holds_a_window_and_keeps_the_place_while_lines_leave() {
    let mut log = filled(HELD);
    log.top();
    log.scroll(10, 5);
    let place = log.current().unwrap();
    let text = log.line(place).unwrap().text.clone();
    for index in 0..5 {
        log.push(line(HELD + index, "later", None), false);
    }
    assert_eq!(log.boundary(), 5);
    let current = log.current().unwrap();
    assert_eq!(log.line(current).unwrap().text, text);
}

#[test]
fn lines_that_left_are_read_back_once() {
    let mut log = filled(HELD + 3_000);
    log.top();
    let Some(Effect::Older { numbers, anchor }) = log.missing(5) else { panic!("nothing was asked") };
    assert_eq!((numbers[0], anchor.expected), (0, 3_000));
    assert_eq!(log.missing(5), None);
    let journal = Journal(HELD + 3_000);
    log.read_back(anchor.shift(&journal), read(&journal, &numbers));
    assert_eq!(texts(&log, 2), ["line 0", "line 1"]);
}

#[test]
fn a_place_that_leaves_the_memory_is_read_back_whole() {
    let mut log = filled(HELD);
    log.top();
    assert_eq!(log.missing(5), None);
    // The first line leaves, and is asked for with those that will leave next.
    log.push(line(HELD, "later", None), false);
    let Some(Effect::Older { numbers, .. }) = log.missing(5) else { panic!("nothing was asked") };
    log.read_back(0, read(&Journal(HELD + 1), &numbers));
    for index in 1..100 {
        log.push(line(HELD + index, "later", None), false);
    }
    assert_eq!(log.missing(5), None);
    assert_eq!(texts(&log, 2), ["line 0", "line 1"]);
}

#[test]
fn the_journal_may_count_a_little_differently() {
    // Two lines stood in the journal before this run, of which we were not told.
    let mut log = filled(HELD + 100);
    log.top();
    let Some(Effect::Older { anchor, .. }) = log.missing(5) else { panic!("nothing was asked") };
    let mut first = anchor.first.unwrap();
    first.at = at(102);
    first.text = "line 102".into();
    assert_eq!(locate(&Journal(HELD + 100), &first, anchor.expected), 102);
    log.read_back(2, read(&Journal(200), &[0, 1, 101]));
    assert_eq!(log.boundary(), 102);
    assert_eq!(log.total(), HELD + 102);
}

#[test]
fn drawing_the_first_page_asks_for_what_is_not_in_memory() {
    let mut app = setup_app(80, 24);
    for index in 0..=HELD {
        feed(
            &mut app,
            i64::try_from(index).unwrap(),
            RunEvent::Noted { step: None, text: format!("note {index}") },
        );
    }
    let effects = press(&mut app, &[Key::Char('g')]);
    assert!(matches!(&effects[..], [Effect::Older { numbers, .. }] if numbers[0] == 0), "{effects:?}");
    update(&mut app, Msg::Older { shift: 0, lines: vec![(0, line(0, "note 0", None))] });
    assert!(shows(&mut app, "note 0 "));
}

#[test]
fn a_search_goes_up_first_then_round() {
    let mut log = filled(30);
    log.query = "line 1".into();
    assert_eq!(log.find(false, true, 5, at(0)), Found::Here);
    assert_eq!(log.current(), Some(19));
    assert_eq!(log.find(true, false, 5, at(0)), Found::Here);
    assert_eq!(log.current(), Some(1));
    log.query = "nowhere".into();
    assert_eq!(log.find(true, false, 5, at(0)), Found::Nowhere);
}
