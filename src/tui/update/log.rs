//! What the keys of the log do, and what came of looking through the journal for them.

use crate::domain::{CallId, Exchanged, Fault, Line};
use crate::tui::app::{App, Page};
use crate::tui::exchange::{self, Reading};
use crate::tui::form::TextInput;
use crate::tui::keymap::{Action, Scroll, Taking};
use crate::tui::log::{Filter, Found, Take, To, Typing, text_of};
use crate::tui::msg::Effect;
use crate::tui::session::{Panel, Session};

/// How far one key moves the texts to the side, in cells.
const SIDE: usize = 16;
/// So many bytes of a copy are given to the terminal: in base 64 they are just below the 100,000 bytes at which terminals
/// give up (xterm, hterm and tmux are among them).
const CLIPBOARD: usize = 72 * 1024;

/// Performs `action` on the log.
pub(super) fn perform(app: &mut App, action: Action) -> Vec<Effect> {
    let rows = app.painted.log_rows.max(1);
    let lines = app.painted.log_lines.max(1);
    let beyond = app.painted.log_beyond;
    let Some(session) = &mut app.session else { return Vec::new() };
    let log = &mut session.log;
    match action {
        Action::Log(scroll) => scroll_by(session, scroll, rows, lines),
        Action::Search => {
            log.typing = Some(TextInput::default());
            log.typing_for = Typing::Search;
        }
        Action::FilterText => {
            log.typing = Some(TextInput::default());
            log.typing_for = Typing::Filter;
        }
        Action::ClearSearch => log.query.clear(),
        Action::StopSearch => {
            let stopped = log.stop();
            app.tell("stopped searching");
            return stopped.into_iter().collect();
        }
        Action::Find => {
            let typed = log.typing.take().map(|input| input.text().to_lowercase()).unwrap_or_default();
            if log.typing_for == Typing::Filter {
                let filter = Filter { text: typed, ..log.filter().clone() };
                return sieve(app, filter);
            }
            log.query = typed;
            if !log.query.is_empty() {
                return find(app, false, true);
            }
            return log.stop().into_iter().collect();
        }
        Action::NextMatch => return find(app, true, false),
        Action::PreviousMatch => return find(app, false, false),
        Action::ThisRow => {
            let of = session.log_of_row();
            let log = &session.log;
            let of = of.filter(|of| log.filter().of.as_ref() != Some(of));
            let filter = Filter { of, ..log.filter().clone() };
            return sieve(app, filter);
        }
        Action::NextLevel => {
            let filter = Filter { least: log.filter().least.next(), ..log.filter().clone() };
            return sieve(app, filter);
        }
        Action::ClearFilter => return sieve(app, Filter::default()),
        Action::Wrap => {
            log.manner.wrap = !log.manner.wrap;
            log.manner.shift = 0;
        }
        Action::Times => log.manner.since_start = !log.manner.since_start,
        Action::ShiftLeft => log.manner.shift = log.manner.shift.saturating_sub(SIDE),
        Action::ShiftRight => log.manner.shift += SIDE.min(beyond),
        Action::OpenLine => {
            let Some(line) = log.current_line().cloned() else { return Vec::new() };
            if let Some(call) = line.call {
                return open(app, call);
            }
            app.turn(Page::LogLine(Box::new(line)));
        }
        Action::TakeOut => session.show(Panel::TakeOut(None)),
        Action::TakeOutNow(what) => return take_out(app, what),
        Action::CallBefore | Action::CallAfter => {
            let Page::Exchange(reading) = &app.page else { return Vec::new() };
            let next = if action == Action::CallBefore { reading.before() } else { reading.after() };
            return next.map(|call| open(app, call)).unwrap_or_default();
        }
        _ => {}
    }
    Vec::new()
}

/// Shows the exchange of `call` once it is read.
fn open(app: &mut App, call: CallId) -> Vec<Effect> {
    let reading = match &app.page {
        // Until the next is there, the one before stays in sight.
        Page::Exchange(before) => before.then(call, app.now),
        _ => Reading::new(call, app.now),
    };
    app.turn(Page::Exchange(Box::new(reading)));
    vec![Effect::Exchange { call, copy: false }]
}

fn scroll_by(session: &mut Session, scroll: Scroll, rows: usize, lines: usize) {
    let page = isize::try_from(lines.saturating_sub(1).max(1)).unwrap_or(1);
    match scroll {
        Scroll::LineUp => session.log.scroll(-1, rows),
        Scroll::LineDown => session.log.scroll(1, rows),
        // While it follows, its cursor stands on the last line: the first page up shows the page before.
        Scroll::PageUp => session.log.scroll(-page, rows),
        Scroll::PageDown => session.log.scroll(page, rows),
        Scroll::Top => session.log.top(),
        Scroll::Bottom => session.log.follow(),
    }
}

fn sieve(app: &mut App, filter: Filter) -> Vec<Effect> {
    let now = app.now;
    let Some(session) = &mut app.session else { return Vec::new() };
    session.log.sieve(filter, now)
}

fn find(app: &mut App, forward: bool, here: bool) -> Vec<Effect> {
    let (rows, now) = (app.painted.log_rows.max(1), app.now);
    let Some(session) = &mut app.session else { return Vec::new() };
    let mut effects: Vec<Effect> = session.log.stop().into_iter().collect();
    let found = session.log.find(forward, here, rows, now);
    effects.extend(tell_found(app, found));
    effects
}

fn tell_found(app: &mut App, found: Found) -> Option<Effect> {
    let query = app.session.as_ref().map(|session| session.log.query.clone()).unwrap_or_default();
    let filtered = app.session.as_ref().is_some_and(|session| !session.log.filter().is_open());
    match found {
        Found::Here => app.tell("found; n next, N previous"),
        Found::Nowhere if filtered => app.tell(format!("`{query}` is in no line that is shown")),
        Found::Nowhere => app.tell(format!("`{query}` is in no line")),
        Found::Asked(effect) => return Some(effect),
    }
    None
}

/// Takes in what a search of the journal came to.
pub(super) fn sought(app: &mut App, token: u64, shift: isize, hit: Option<usize>) -> Vec<Effect> {
    app.dirty = true;
    let rows = app.painted.log_rows.max(1);
    let found = app.session.as_mut().and_then(|session| session.log.sought(token, shift, hit, rows));
    found.and_then(|found| tell_found(app, found)).into_iter().collect()
}

/// Takes in which older lines pass the filter.
pub(super) fn sifted(app: &mut App, token: u64, shift: isize, numbers: Vec<usize>) {
    app.dirty = true;
    if let Some(session) = &mut app.session {
        session.log.sifted(token, shift, numbers);
    }
}

/// Takes in a call that was looked up.
pub(super) fn exchanged(
    app: &mut App,
    call: CallId,
    copy: bool,
    found: Option<Box<Exchanged>>,
) -> Vec<Effect> {
    app.dirty = true;
    if copy {
        let exchange = found.and_then(|found| crate::review::Exchange::of(&found));
        let Some(exchange) = exchange else {
            app.tell("that call is not in the journal");
            return Vec::new();
        };
        let text = exchange::paper(&exchange, &app.zone).plain();
        return to_clipboard(app, "the exchange", text);
    }
    if let Page::Exchange(reading) = &mut app.page
        && reading.call == call
    {
        reading.take(found);
        app.scroll = 0;
    }
    Vec::new()
}

/// Takes in lines for the clipboard.
pub(super) fn taken(app: &mut App, text: String, told: String) -> Vec<Effect> {
    app.dirty = true;
    came_of_it(app, told);
    vec![Effect::Copy(text)]
}

/// Tells what came of a copy, in the panel that it was asked for in while that stands.
fn came_of_it(app: &mut App, told: String) {
    match &mut app.session {
        Some(Session { panel: Panel::TakeOut(came), .. }) => *came = Some(told),
        _ => app.tell(told),
    }
}

/// Takes in what became of lines that were to be saved.
pub(super) fn saved(app: &mut App, saved: Result<(String, usize), Box<Fault>>) {
    app.dirty = true;
    match saved {
        Ok((path, 1)) => came_of_it(app, format!("saved 1 line to {path}")),
        Ok((path, count)) => came_of_it(app, format!("saved {count} lines to {path}")),
        Err(fault) => came_of_it(app, format!("{}: {}", fault.says, fault.remedy)),
    }
}

/// Copies `text`, as much of it as terminals take, and tells what it was.
pub(super) fn to_clipboard(app: &mut App, what: &str, text: String) -> Vec<Effect> {
    let (text, all) = fitting(text, CLIPBOARD);
    let part = if all { "" } else { ", its first 72 KiB; the terminal takes no more" };
    came_of_it(app, format!("copied by OSC 52: {what}{part}"));
    vec![Effect::Copy(text)]
}

/// The beginning of `text` that is at most `most` bytes, to the end of a line; and whether that is all of it.
fn fitting(mut text: String, most: usize) -> (String, bool) {
    if text.len() <= most {
        return (text, true);
    }
    let mut end = most;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let end = text.get(..end).and_then(|head| head.rfind('\n')).map_or(end, |at| at + 1);
    text.truncate(end);
    (text, false)
}

/// A line as it is copied.
pub(super) fn line_text(app: &App, line: &Line) -> String {
    text_of(line, &app.zone, app.session.as_ref().and_then(Session::times_since))
}

fn take_out(app: &mut App, what: Taking) -> Vec<Effect> {
    let zone = app.zone.clone();
    let Some(session) = &app.session else { return Vec::new() };
    let line = session.log.current_line().cloned();
    let shown = session.log.filter().clone();
    let since = session.times_since();
    let run = session.progress.header.as_ref().map(|header| header.run.0.clone()).unwrap_or_default();
    let file = || To::File(format!("hubup-log-{run}"));
    let all = "the log".to_owned();
    let shown_name =
        if shown.is_open() { all.clone() } else { format!("the log: {}", shown.told().join(", ")) };
    let (what, filter, to) = match (what, line) {
        (Taking::CopyLine, Some(line)) => {
            let text = line_text(app, &line);
            return to_clipboard(app, "the line", text);
        }
        (Taking::CopyExchange, Some(Line { call: Some(call), .. })) => {
            return vec![Effect::Exchange { call, copy: true }];
        }
        (Taking::CopyStep, Some(line)) => {
            let what = if line.step.is_empty() { "the run itself".to_owned() } else { line.step.clone() };
            (what, Filter::of_step(&line.step), To::Clipboard(CLIPBOARD))
        }
        (Taking::CopyShown, _) => (shown_name, shown, To::Clipboard(CLIPBOARD)),
        (Taking::SaveShown, _) => (shown_name, shown, file()),
        (Taking::SaveAll, _) => (all, Filter::default(), file()),
        (_, None | Some(_)) => return Vec::new(),
    };
    vec![Effect::Take(Box::new(Take { what, filter, to, zone, since }))]
}

#[cfg(test)]
mod tests {
    use super::fitting;

    #[test]
    fn a_copy_ends_with_a_whole_line_where_it_is_cut() {
        assert_eq!(fitting("one\ntwo\n".into(), 8), ("one\ntwo\n".to_owned(), true));
        assert_eq!(fitting("one\ntwo\n".into(), 6), ("one\n".to_owned(), false));
        assert_eq!(fitting("日本".into(), 4), ("日".to_owned(), false));
    }
}
