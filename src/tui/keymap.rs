//! The keys that act now. The footer, the help and the dispatch of `update` all read this one list, so none of them
//! can name a key that does nothing. Pure.

use crate::domain::{Outcome, StepState};

use super::app::{App, Page};
use super::msg::Key;
use super::rows::Row;
use super::session::{Focus, Panel, Session};

/// What a key does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Action {
    // Everywhere.
    Help,
    Back,
    Leave,
    LeaveAnyway,
    Suspend,
    Scroll(Scroll),
    Copy,
    // The form.
    NextField,
    PreviousField,
    CycleForward,
    CycleBackward,
    TakeSuggestion,
    ClearField,
    Launch,
    // The setup.
    Confirm,
    OpenDetail,
    ToggleDetail,
    Fold,
    Unfold,
    CursorUp,
    CursorDown,
    CursorFirst,
    CursorLast,
    Skip,
    SkipNow,
    TakeUp,
    All,
    AllNow,
    Retry,
    KeepTrying,
    Cancel,
    Requests,
    Finish,
    Answer,
    Choose(usize),
    DropQueued,
    SwitchFocus,
    // The log.
    Find,
    ClearSearch,
    Log(Scroll),
    Search,
    NextMatch,
    PreviousMatch,
    OpenLine,
}

/// A way through a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scroll {
    LineUp,
    LineDown,
    PageUp,
    PageDown,
    Top,
    Bottom,
}

/// Where a key is told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Place {
    /// In the footer.
    Main,
    /// In the footer if there is room: it acts on this row.
    Row,
    /// In the help only.
    Help,
}

/// One or more keys with what they do now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Binding {
    pub keys: &'static [Key],
    /// How the keys are written.
    pub name: &'static str,
    /// The short word of the footer.
    pub word: String,
    /// The sentence of the help.
    pub help: String,
    pub action: Action,
    pub place: Place,
}

#[derive(Default)]
struct Bindings(Vec<Binding>);

impl Bindings {
    fn add(
        &mut self,
        keys: &'static [Key],
        name: &'static str,
        word: &str,
        help: &str,
        action: Action,
    ) -> &mut Self {
        self.0.push(Binding {
            keys,
            name,
            word: word.to_owned(),
            help: help.to_owned(),
            action,
            place: Place::Help,
        });
        self
    }

    /// The binding added last goes to `place`.
    fn at(&mut self, place: Place) {
        if let Some(last) = self.0.last_mut() {
            last.place = place;
        }
    }

    fn help_and_suspend(&mut self) {
        self.add(&[Key::Char('?')], "?", "help", "this list", Action::Help).at(Place::Main);
        if cfg!(unix) {
            let help = "back to the shell, `fg` returns; hubup stands still, Azure goes on";
            self.add(&[Key::Ctrl('z')], "Ctrl+Z", "suspend", help, Action::Suspend);
        }
    }

    /// Keys that scroll a text which is `overflow` lines too long and scrolled by `scroll`.
    fn scrolling(&mut self, scroll: usize, overflow: usize, lines: bool) {
        if scroll > 0 {
            if lines {
                self.add(
                    &[Key::Up, Key::Char('k')],
                    "↑ k",
                    "up",
                    "one line up",
                    Action::Scroll(Scroll::LineUp),
                );
                self.add(
                    &[Key::Home, Key::Char('g')],
                    "Home g",
                    "top",
                    "to the top",
                    Action::Scroll(Scroll::Top),
                );
            }
            self.add(&[Key::PageUp], "PgUp", "up", "one page up", Action::Scroll(Scroll::PageUp));
        }
        if scroll < overflow {
            if lines {
                self.add(
                    &[Key::Down, Key::Char('j')],
                    "↓ j",
                    "down",
                    "one line down",
                    Action::Scroll(Scroll::LineDown),
                );
                self.add(
                    &[Key::End, Key::Char('G')],
                    "End G",
                    "end",
                    "to the end",
                    Action::Scroll(Scroll::Bottom),
                );
            }
            self.add(&[Key::PageDown], "PgDn", "more", "one page down", Action::Scroll(Scroll::PageDown))
                .at(Place::Row);
        }
    }
}

/// The keys that act now, the most important first.
pub(crate) fn bindings(app: &App) -> Vec<Binding> {
    if app.help {
        let mut keys = Bindings::default();
        keys.add(
            &[Key::Esc, Key::Char('?'), Key::Char('q'), Key::Enter],
            "Esc ?",
            "back",
            "back to the page",
            Action::Back,
        )
        .at(Place::Main);
        keys.add(&[Key::Ctrl('c')], "Ctrl+C", "leave", "leave", Action::Leave).at(Place::Main);
        keys.scrolling(app.scroll, app.painted.overflow, true);
        return keys.0;
    }
    page_bindings(app)
}

/// The keys of the page, as its help lists them.
pub(crate) fn page_bindings(app: &App) -> Vec<Binding> {
    let mut keys = Bindings::default();
    match (&app.page, &app.session) {
        (Page::Form, _) => form(&mut keys, app),
        (Page::Starting { .. }, _) => {
            keys.add(&[Key::Esc], "Esc", "back", "back to the form", Action::Back).at(Place::Main);
            keys.add(&[Key::Ctrl('c')], "Ctrl+C", "leave", "leave hubup", Action::Leave).at(Place::Main);
            keys.help_and_suspend();
        }
        (Page::Setup, Some(session)) => setup(&mut keys, app, session),
        (Page::Finish { since }, _) => {
            // It comes up by itself: an Enter meant for what stood there before must not leave.
            if app.painted.finish && app.now.as_millisecond() - since.as_millisecond() >= 1_000 {
                keys.add(
                    &[Key::Enter],
                    "Enter",
                    "leave",
                    "leave; the summary stays in the terminal",
                    Action::LeaveAnyway,
                )
                .at(Place::Main);
            }
            keys.add(
                &[Key::Char('q'), Key::Ctrl('c')],
                "q Ctrl+C",
                "leave",
                "leave; the summary stays in the terminal",
                Action::LeaveAnyway,
            )
            .at(Place::Main);
            keys.add(&[Key::Char('y')], "y", "copy", "copy the summary", Action::Copy).at(Place::Row);
            keys.add(&[Key::Esc], "Esc", "stages", "back to the stages and the log", Action::Back)
                .at(Place::Row);
            keys.scrolling(app.scroll, app.painted.overflow, true);
            keys.help_and_suspend();
        }
        (Page::Requests | Page::LogLine(_), _) => {
            let own: &'static [Key] = match app.page {
                Page::Requests => &[Key::Esc, Key::Enter, Key::Char('D'), Key::Char('q')],
                _ => &[Key::Esc, Key::Enter, Key::Char('q')],
            };
            keys.add(own, "Esc", "back", "back to the stages", Action::Back).at(Place::Main);
            keys.add(&[Key::Ctrl('c')], "Ctrl+C", "abort", "leave the run", Action::Leave).at(Place::Main);
            keys.add(&[Key::Char('y')], "y", "copy", "copy this text", Action::Copy).at(Place::Row);
            keys.scrolling(app.scroll, app.painted.overflow, true);
            keys.help_and_suspend();
        }
        (Page::Setup, None) => {}
    }
    keys.0
}

fn form(keys: &mut Bindings, app: &App) {
    let form = &app.form;
    if form.leaving {
        keys.add(
            &[Key::Char('l'), Key::Ctrl('c')],
            "l",
            "leave",
            "leave; what you changed here is lost",
            Action::LeaveAnyway,
        )
        .at(Place::Main);
        keys.add(&[Key::Esc], "Esc", "back", "back to the form", Action::Back).at(Place::Main);
        return;
    }
    if form.fault.is_some() {
        keys.add(&[Key::Esc], "Esc", "put away", "put the account of the failed start away", Action::Back)
            .at(Place::Row);
    }
    if form.on_start() {
        keys.add(&[Key::Enter], "Enter", "start", "start, when every answer fits", Action::Launch)
            .at(Place::Main);
    } else {
        keys.add(&[Key::Enter], "Enter", "next", "next line", Action::NextField).at(Place::Main);
    }
    keys.add(&[Key::Ctrl('g')], "Ctrl+G", "start", "start, when every answer fits", Action::Launch)
        .at(Place::Main);
    let leave = if form.changes() > 0 { "leave; asks first, for answers were changed" } else { "leave" };
    keys.add(&[Key::Ctrl('c')], "Ctrl+C", "leave", leave, Action::Leave).at(Place::Main);
    if let Some(entry) = form.entry() {
        if entry.words().is_some_and(|words| words.len() > 1 || entry.finding().is_some()) {
            keys.add(&[Key::Right, Key::Char(' ')], "→ Space", "change", "next choice", Action::CycleForward)
                .at(Place::Row);
            keys.add(&[Key::Left], "←", "back", "choice before", Action::CycleBackward);
        }
        if entry.finding().is_some_and(|finding| finding.suggestion.is_some()) {
            keys.add(
                &[Key::Ctrl('t')],
                "Ctrl+T",
                "take suggestion",
                "take what is suggested",
                Action::TakeSuggestion,
            )
            .at(Place::Row);
        }
        if entry.words().is_none() && !entry.input.text().is_empty() {
            keys.add(&[Key::Ctrl('u')], "Ctrl+U", "clear", "empty the line", Action::ClearField);
        }
        keys.add(&[Key::Tab, Key::Down], "Tab ↓", "next", "next line", Action::NextField);
    }
    if form.at > 0 {
        keys.add(&[Key::BackTab, Key::Up], "Shift+Tab ↑", "previous", "line before", Action::PreviousField);
    }
    keys.help_and_suspend();
}

fn setup(keys: &mut Bindings, app: &App, session: &Session) {
    if session.log.typing.is_some() {
        keys.add(&[Key::Enter], "Enter", "find", "go to the nearest line that holds it", Action::Find)
            .at(Place::Main);
        keys.add(&[Key::Esc, Key::Ctrl('c')], "Esc", "back", "search nothing", Action::Back).at(Place::Main);
        return;
    }
    match &session.panel {
        Panel::Detail => main(keys, app, session),
        Panel::SkipCost(_) => {
            keys.add(&[Key::Enter], "Enter", "skip", "skip", Action::SkipNow).at(Place::Main);
            keys.add(&[Key::Esc], "Esc", "back", "skip nothing", Action::Back).at(Place::Main);
            keys.add(&[Key::Ctrl('c')], "Ctrl+C", "abort", "leave the run", Action::Leave).at(Place::Main);
        }
        Panel::All => {
            keys.add(
                &[Key::Enter],
                "Enter",
                "make all of it",
                "confirm every step that is left",
                Action::AllNow,
            )
            .at(Place::Main);
            keys.add(&[Key::Esc], "Esc", "back", "confirm nothing", Action::Back).at(Place::Main);
            keys.add(&[Key::Ctrl('c')], "Ctrl+C", "abort", "leave the run", Action::Leave).at(Place::Main);
        }
        Panel::Abort => {
            keys.add(
                &[Key::Char('1'), Key::Ctrl('c')],
                "1",
                "leave",
                "leave; Azure goes on with what it accepted",
                Action::LeaveAnyway,
            )
            .at(Place::Main);
            if session.open && !session.queued().is_empty() {
                keys.add(
                    &[Key::Char('2')],
                    "2",
                    "drop what is not sent",
                    "stop the steps that were not started, and stay",
                    Action::DropQueued,
                )
                .at(Place::Main);
            }
            keys.add(&[Key::Char('3'), Key::Esc], "3", "back", "go on", Action::Back).at(Place::Main);
        }
        Panel::Question(number) => {
            // Only a question that stood on the screen when the key was pressed can be answered.
            if app.painted.question == Some(*number) && session.open {
                const DIGITS: [(&[Key], &str); 9] = [
                    (&[Key::Char('1')], "1"),
                    (&[Key::Char('2')], "2"),
                    (&[Key::Char('3')], "3"),
                    (&[Key::Char('4')], "4"),
                    (&[Key::Char('5')], "5"),
                    (&[Key::Char('6')], "6"),
                    (&[Key::Char('7')], "7"),
                    (&[Key::Char('8')], "8"),
                    (&[Key::Char('9')], "9"),
                ];
                let choices = session.question(*number).map(|question| &question.ask.choices[..]);
                for (index, ((digit, name), (_, label))) in
                    DIGITS.iter().zip(choices.unwrap_or_default()).enumerate()
                {
                    keys.add(digit, name, label, label, Action::Choose(index)).at(Place::Main);
                }
            }
            keys.add(&[Key::Esc], "Esc", "later", "answer later; the step waits", Action::Back)
                .at(Place::Main);
            keys.add(&[Key::Ctrl('c')], "Ctrl+C", "abort", "leave the run", Action::Leave).at(Place::Main);
        }
    }
    if session.panel != Panel::Detail {
        keys.scrolling(session.scroll, app.painted.overflow, false);
        keys.help_and_suspend();
    }
}

fn main(keys: &mut Bindings, app: &App, session: &Session) {
    let on_log = session.focus == Focus::Log;
    let row = session.cursor;
    let unconfirmed = !session.confirmable(row).is_empty() && session.open;
    if on_log {
        if session.log.current().is_some() {
            keys.add(&[Key::Enter], "Enter", "whole line", "show the line in full", Action::OpenLine)
                .at(Place::Main);
        }
    } else if unconfirmed {
        let help = match row {
            Row::Stage(_) => "go: do every step of this stage that is left",
            Row::Step(..) => "go: do this step",
        };
        keys.add(&[Key::Enter], "Enter", "go", help, Action::Confirm).at(Place::Main);
    } else if !session.detail_open {
        keys.add(&[Key::Enter], "Enter", "detail", "the detail of this row", Action::OpenDetail)
            .at(Place::Main);
    }
    let skippable = session.open && !session.steps_in(row, can_skip).is_empty();
    if skippable {
        keys.add(
            &[Key::Char('s'), Key::Char('S')],
            "s",
            "skip",
            "skip this row; shows first what that costs",
            Action::Skip,
        )
        .at(Place::Main);
    }
    let (word, help) = if session.busy() {
        ("abort", "leave the run; asks first, for something runs")
    } else {
        ("leave", "leave; the summary stays in the terminal")
    };
    keys.add(&[Key::Ctrl('c'), Key::Char('q')], "Ctrl+C", word, help, Action::Leave).at(Place::Main);
    keys.help_and_suspend();
    if session.complete() {
        keys.add(
            &[Key::Char('f')],
            "f",
            "finish",
            "what was done, and what a device maker needs",
            Action::Finish,
        )
        .at(Place::Row);
    }
    row_actions(keys, session, row);
    if session.open && !session.unconfirmed().is_empty() {
        keys.add(&[Key::Char('A')], "A", "all the rest", "do everything that is left", Action::All)
            .at(Place::Row);
    }
    let searched = !session.log.query.is_empty();
    if searched && (on_log || !session.detail_open) {
        keys.add(&[Key::Esc], "Esc", "end search", "take the marks of the search away", Action::ClearSearch);
    }
    if on_log {
        keys.add(
            if searched { &[Key::Tab] } else { &[Key::Tab, Key::Esc] },
            "Tab",
            "stages",
            "to the stages",
            Action::SwitchFocus,
        )
        .at(Place::Row);
    } else {
        moves(keys, session, row);
        keys.add(&[Key::Tab], "Tab", "log", "to the log", Action::SwitchFocus);
        if session.detail_open {
            keys.add(&[Key::Esc], "Esc", "back", "close the detail", Action::Back).at(Place::Row);
        }
    }
    if session.detail_open && !on_log {
        keys.scrolling(session.scroll, app.painted.overflow, false);
    } else {
        log_keys(keys, app, session, on_log);
    }
    if on_log && session.log.current().is_some() {
        keys.add(&[Key::Char('y')], "y", "copy", "copy this line", Action::Copy);
    } else if !on_log && session.stage(row).is_some() {
        keys.add(&[Key::Char('y')], "y", "copy", "copy what is known of this row, for support", Action::Copy);
    }
}

/// What can be done about the row of the cursor, in the order in which the footer has room for it.
fn row_actions(keys: &mut Bindings, session: &Session, row: Row) {
    if session.open && session.next_question().is_some() {
        keys.add(&[Key::Char('a')], "a", "answer", "open the question that waits", Action::Answer)
            .at(Place::Row);
    }
    if session.open && !session.steps_in(row, can_retry).is_empty() {
        keys.add(&[Key::Char('r')], "r", "retry", "try again", Action::Retry).at(Place::Row);
    }
    if session.open && !session.steps_in(row, can_keep_trying).is_empty() {
        keys.add(&[Key::Char('w')], "w", "keep trying", "wait five minutes longer", Action::KeepTrying)
            .at(Place::Row);
    }
    if session.open && !session.steps_in(row, is_skipped).is_empty() {
        keys.add(&[Key::Char('u')], "u", "do it after all", "take the skip back", Action::TakeUp)
            .at(Place::Row);
    }
    keys.add(&[Key::Char('d')], "d", "detail", "open or close the detail of this row", Action::ToggleDetail)
        .at(Place::Row);
    if session.open && !session.steps_in(row, can_cancel).is_empty() {
        keys.add(
            &[Key::Char('c')],
            "c",
            "cancel step",
            "stop this row: nothing more is sent for it",
            Action::Cancel,
        )
        .at(Place::Row);
    }
    if session.steps_of(row).iter().any(|step| {
        session.sent.contains_key(&step.id)
            || session.plan.step(&step.id).is_some_and(|step| !step.planned.is_empty())
    }) {
        keys.add(
            &[Key::Char('D')],
            "D",
            "requests",
            "every request of this row, as planned and as sent",
            Action::Requests,
        )
        .at(Place::Row);
    }
}

fn moves(keys: &mut Bindings, session: &Session, row: Row) {
    let rows = session.rows();
    if rows.first().is_some_and(|first| *first != row) {
        keys.add(&[Key::Up, Key::Char('k')], "↑ k", "up", "row before", Action::CursorUp);
        keys.add(&[Key::Home], "Home", "first", "first row", Action::CursorFirst);
    }
    if rows.last().is_some_and(|last| *last != row) {
        keys.add(&[Key::Down, Key::Char('j')], "↓ j", "down", "next row", Action::CursorDown);
        keys.add(&[Key::End], "End", "last", "last row", Action::CursorLast);
    }
    let Some(stage) = session.stage(row) else { return };
    let unfolded = session.unfolded.contains(&stage.id);
    if !unfolded && !stage.steps.is_empty() {
        keys.add(
            &[Key::Right, Key::Char('l')],
            "→ l",
            "unfold",
            "show the steps of this stage",
            Action::Unfold,
        );
    } else if unfolded {
        keys.add(&[Key::Left, Key::Char('h')], "← h", "fold", "back to the stage alone", Action::Fold);
    }
}

fn log_keys(keys: &mut Bindings, app: &App, session: &Session, on_log: bool) {
    let log = &session.log;
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
    keys.add(&[Key::Char('/')], "/", "search", "search the log", Action::Search);
    if !log.query.is_empty() && app.painted.log_rows > 0 {
        keys.add(&[Key::Char('n')], "n", "next", "next line that matches", Action::NextMatch);
        keys.add(&[Key::Char('N')], "N", "previous", "line before that matches", Action::PreviousMatch);
    }
}

/// What can be skipped: whatever does not hold and does not run.
pub(super) fn can_skip(state: StepState) -> bool {
    match state {
        StepState::NotYet | StepState::Ready | StepState::Queued => true,
        StepState::Finished(outcome) => {
            matches!(outcome, Outcome::Failed | Outcome::Blocked | Outcome::Cancelled)
        }
        _ => false,
    }
}

/// What can be tried again.
pub(super) fn can_retry(state: StepState) -> bool {
    matches!(state, StepState::Finished(Outcome::Failed | Outcome::Blocked | Outcome::Cancelled))
}

/// What can be waited for longer.
pub(super) fn can_keep_trying(state: StepState) -> bool {
    matches!(state, StepState::Waiting | StepState::Finished(Outcome::Failed))
}

/// What can be cancelled.
pub(super) fn can_cancel(state: StepState) -> bool {
    state.is_active() || state == StepState::Queued
}

/// What was skipped.
pub(super) fn is_skipped(state: StepState) -> bool {
    state == StepState::Finished(Outcome::Skipped)
}
