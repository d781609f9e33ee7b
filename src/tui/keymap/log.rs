//! The keys of the log: on the setup page from either pane, and of the panel that copies and saves.

use crate::tui::app::App;
use crate::tui::log::{Log, Typing};
use crate::tui::msg::Key;
use crate::tui::session::Session;

use super::binding::{Action, Bindings, Place, Scroll, Taking};

/// Something to take out of the log: its keys, their name, what it does.
pub(crate) type Choice = (&'static [Key], &'static str, String, Taking);

/// The keys while a text for the log is typed.
pub(super) fn typing(keys: &mut Bindings, log: &Log) {
    let (word, help, none) = match log.typing_for {
        Typing::Search => ("find", "go to the nearest line that holds it", "search nothing"),
        Typing::Filter => ("filter", "show only lines that hold it", "leave the filter as it is"),
    };
    keys.add(&[Key::Enter], "Enter", word, help, Action::Find).at(Place::Main);
    keys.add(&[Key::Esc, Key::Ctrl('c')], "Esc", "back", none, Action::Back).at(Place::Main);
}

/// The keys of the log that stand in the footer while it has the focus.
pub(super) fn first(keys: &mut Bindings, session: &Session) {
    stop(keys, &session.log);
    finding(keys, &session.log, Place::Row);
    take(keys, &session.log).at(Place::Row);
}

/// The rest of the keys of the log, or all of them where the stages have the focus.
pub(super) fn rest(keys: &mut Bindings, app: &App, session: &Session, on_log: bool) {
    let log = &session.log;
    if log.total() == 0 {
        return;
    }
    moves(keys, log, on_log);
    if !on_log {
        stop(keys, log);
        finding(keys, log, Place::Help);
        take(keys, log);
    }
    filters(keys, session);
    if on_log {
        sideways(keys, app, log);
    }
    let help = if log.manner.wrap { "log: cut long lines" } else { "log: wrap long lines" };
    keys.add(&[Key::Char('W')], "W", "wrap", help, Action::Wrap);
    if session.progress.started.is_some() {
        let since = log.manner.since_start;
        let help = if since { "log: the time of day" } else { "log: times since the run began" };
        keys.add(&[Key::Char('t')], "t", "times", help, Action::Times);
    }
}

fn stop(keys: &mut Bindings, log: &Log) {
    if log.seeking.is_some() {
        keys.add(&[Key::Esc], "Esc", "stop", "stop searching", Action::StopSearch).at(Place::Row);
    }
}

fn finding(keys: &mut Bindings, log: &Log, place: Place) {
    if !log.query.is_empty() {
        keys.add(&[Key::Char('n')], "n", "next", "log: next line that matches", Action::NextMatch).at(place);
    }
    keys.add(&[Key::Char('/')], "/", "search", "search all lines of the log", Action::Search).at(place);
    if !log.query.is_empty() {
        let help = "log: line before that matches";
        keys.add(&[Key::Char('N')], "N", "previous", help, Action::PreviousMatch);
    }
}

fn take<'a>(keys: &'a mut Bindings, log: &Log) -> &'a mut Bindings {
    if log.total() == 0 {
        return keys;
    }
    keys.add(&[Key::Char('Y')], "Y", "copy, save", "copy or save lines of the log", Action::TakeOut)
}

fn moves(keys: &mut Bindings, log: &Log, on_log: bool) {
    let Some(current) = log.current() else { return };
    if current > 0 {
        if on_log {
            keys.add(&[Key::Up, Key::Char('k')], "↑ k", "up", "line before", Action::Log(Scroll::LineUp));
        }
        keys.add(&[Key::PageUp], "PgUp", "up", "log: one page up", Action::Log(Scroll::PageUp));
        keys.add(&[Key::Char('g')], "g", "first", "log: first line", Action::Log(Scroll::Top));
    }
    if !log.follows() {
        if on_log {
            keys.add(&[Key::Down, Key::Char('j')], "↓ j", "down", "next line", Action::Log(Scroll::LineDown));
        }
        keys.add(&[Key::PageDown], "PgDn", "down", "log: one page down", Action::Log(Scroll::PageDown));
        keys.add(&[Key::Char('G')], "G", "follow", "log: last line, and follow", Action::Log(Scroll::Bottom));
    }
}

fn filters(keys: &mut Bindings, session: &Session) {
    let filter = session.log.filter();
    if let Some(of) = session.log_of_row() {
        let already = filter.of.as_ref() == Some(&of);
        let help = if already { "log: lines of every step" } else { "log: only lines of this row" };
        keys.add(&[Key::Char('F')], "F", "this row", help, Action::ThisRow);
    }
    let help = format!("log: {}", filter.least.next().word());
    keys.add(&[Key::Char('v')], "v", "level", &help, Action::NextLevel);
    keys.add(&[Key::Char('&')], "&", "filter", "log: only lines that hold a text", Action::FilterText);
    if !filter.is_open() {
        keys.add(&[Key::Char('*')], "*", "all lines", "log: all lines, no filter", Action::ClearFilter);
    }
}

fn sideways(keys: &mut Bindings, app: &App, log: &Log) {
    if log.manner.wrap {
        return;
    }
    if log.manner.shift > 0 {
        let help = "log: back to the left";
        keys.add(&[Key::Left, Key::Char('h')], "← h", "left", help, Action::ShiftLeft);
    }
    if app.painted.log_beyond > 0 {
        let help = "log: what stands further to the right";
        keys.add(&[Key::Right, Key::Char('l')], "→ l", "right", help, Action::ShiftRight);
    }
}

/// The keys of the panel that copies and saves.
pub(super) fn take_out(keys: &mut Bindings, session: &Session) {
    for (key, name, word, taking) in choices(session) {
        keys.add(key, name, &word, &word, Action::TakeOutNow(taking)).at(Place::Row);
    }
    keys.add(&[Key::Esc, Key::Char('Y')], "Esc", "back", "copy and save nothing", Action::Back)
        .at(Place::Main);
    keys.add(&[Key::Ctrl('c')], "Ctrl+C", "abort", "leave the run", Action::Leave).at(Place::Main);
}

/// What can be taken out of the log.
pub(crate) fn choices(session: &Session) -> Vec<Choice> {
    let log = &session.log;
    let mut choices: Vec<Choice> = Vec::new();
    if let Some(line) = log.current_line() {
        choices.push((&[Key::Char('1')], "1", "copy the line".to_owned(), Taking::CopyLine));
        let step = if line.step.is_empty() { "the run itself" } else { &line.step };
        let word = format!("copy the lines of {step}");
        choices.push((&[Key::Char('2')], "2", word, Taking::CopyStep));
        if line.call.is_some() {
            let word = "copy the exchange".to_owned();
            choices.push((&[Key::Char('3')], "3", word, Taking::CopyExchange));
        }
    }
    let shown = if log.filter().is_open() { "all lines" } else { "the lines that are shown" };
    choices.push((&[Key::Char('4')], "4", format!("copy {shown}"), Taking::CopyShown));
    choices.push((&[Key::Char('5')], "5", format!("save {shown}"), Taking::SaveShown));
    if !log.filter().is_open() {
        choices.push((&[Key::Char('6')], "6", "save all lines".to_owned(), Taking::SaveAll));
    }
    choices
}
