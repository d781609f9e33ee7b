//! The way in: every message arrives here, every key is looked up in the list of the keys that act now.

use jiff::Timestamp;

use crate::domain::{Answers, Fault};
use crate::engine::Command;
use crate::tui::app::{App, Arrival, Page};
use crate::tui::keymap::{self, Action, Scroll};
use crate::tui::msg::{Effect, Key, Mouse, Msg, Opened};
use crate::tui::plan;
use crate::tui::requests::requests;
use crate::tui::review::Depth;
use crate::tui::session::{Focus, Lead, Panel};
use crate::tui::signing::{SignInPrompt, Then};
use crate::tui::summary::summary;
use crate::tui::{az, exchange, why};

use super::{form, log, preflight, review, run, setup, signing, teardown, typing, using, welcome};

/// Takes one message in.
pub(crate) fn update(app: &mut App, msg: Msg) -> Vec<Effect> {
    // An indicator that came up stays for a while: what it waited for is taken in after that.
    if app.asked_at(&msg).is_some_and(|since| !app.indicator_may_go(since)) {
        app.late.push(msg);
        return Vec::new();
    }
    match msg {
        Msg::Key(key) => {
            app.dirty = true;
            key_pressed(app, key)
        }
        Msg::Mouse(kind, column, row) => {
            app.dirty = true;
            mouse(app, kind, (column, row))
        }
        Msg::Paste(text) => {
            app.dirty = true;
            typing::paste(app, &text);
            Vec::new()
        }
        Msg::Resize(width, height) => {
            app.dirty = true;
            (app.width, app.height) = (width, height);
            Vec::new()
        }
        Msg::Tick(now) => tick(app, now),
        Msg::Launched(result) => {
            app.dirty = true;
            launched(app, *result)
        }
        Msg::Entered(entered) => {
            welcome::entered(app, entered);
            Vec::new()
        }
        Msg::Ways(ways) => {
            signing::ways(app, ways);
            Vec::new()
        }
        Msg::Prompted(prompt) => {
            signing::prompted(app, prompt);
            Vec::new()
        }
        Msg::SignedIn(result) => signing::signed_in(app, result),
        Msg::Proposed(proposed) => {
            form::proposed(app, proposed);
            Vec::new()
        }
        Msg::Judged(key, text, verdict) => {
            app.dirty = true;
            // Who cannot be asked now is asked by the checks: nothing is said in place of an answer.
            app.form.judged(key, text, verdict.ok().flatten());
            Vec::new()
        }
        Msg::Checked(found) => {
            preflight::checked(app, found);
            Vec::new()
        }
        Msg::Handed(handed) => {
            preflight::handed(app, handed);
            Vec::new()
        }
        Msg::Kept(kept) => {
            form::kept(app, kept);
            Vec::new()
        }
        Msg::Candidates(step, found) => {
            using::found(app, &step, found);
            Vec::new()
        }
        Msg::Choices(key, found) => {
            form::found(app, key, found);
            Vec::new()
        }
        Msg::Reviewed(found) => {
            review::found(app, found);
            Vec::new()
        }
        Msg::Exported(exported) => {
            review::exported(app, exported);
            Vec::new()
        }
        Msg::WayBack(found) => {
            teardown::found(app, found);
            Vec::new()
        }
        Msg::Usual(usual) => {
            if let Some(session) = &mut app.session {
                app.dirty = true;
                session.usual = usual;
            }
            Vec::new()
        }
        Msg::Run(record) => run::record(app, &record),
        Msg::RunClosed(why) => run::closed(app, why),
        Msg::Older { shift, lines } => {
            app.dirty = true;
            if let Some(session) = &mut app.session {
                session.log.read_back(shift, lines);
            }
            missing(app)
        }
        Msg::Sought { token, shift, hit } => {
            let mut effects = log::sought(app, token, shift, hit);
            effects.extend(missing(app));
            effects
        }
        Msg::Sifted { token, shift, numbers } => {
            log::sifted(app, token, shift, numbers);
            missing(app)
        }
        Msg::Exchanged { call, copy, found } => log::exchanged(app, call, copy, found),
        Msg::Taken { text, told } => log::taken(app, text, told),
        Msg::Saved(result) => {
            log::saved(app, result);
            Vec::new()
        }
        Msg::Painted(painted) => {
            // The footer was drawn by what the frame before showed: keys such as PgDn are named by another frame.
            let before = if app.help { &mut app.painted_help } else { &mut app.painted };
            app.dirty |= std::mem::replace(before, painted) != painted;
            if let (Page::Setup, false, Some(session)) = (&app.page, app.help, &mut app.session) {
                session.scroll = session.scroll.min(painted.overflow);
            } else {
                app.scroll = app.scroll.min(painted.overflow);
            }
            missing(app)
        }
    }
}

/// Asks for the lines of the log that are shown and not in memory.
fn missing(app: &mut App) -> Vec<Effect> {
    let rows = app.painted.log_rows;
    let session = app.session.as_mut().filter(|_| rows > 0);
    session.and_then(|session| session.log.missing(rows)).into_iter().collect()
}

fn tick(app: &mut App, now: Timestamp) -> Vec<Effect> {
    // The clock of the machine may be set back.
    let before = std::mem::replace(&mut app.now, now);
    let spins = app.turns() && now.as_millisecond() / 100 != before.as_millisecond() / 100;
    if spins || (app.ticking() && now.as_second() != before.as_second()) {
        app.dirty = true;
    }
    if app.note.as_ref().is_some_and(|note| note.until <= now) {
        app.note = None;
        app.dirty = true;
    }
    let mut effects = arrive(app);
    effects.extend(form::tick(app));
    effects.extend(preflight::tick(app));
    effects.extend(std::mem::take(&mut app.late).into_iter().flat_map(|late| update(app, late)));
    effects
}

fn launched(app: &mut App, result: Result<Opened, Fault>) -> Vec<Effect> {
    let Page::Starting { since, from, .. } = &app.page else { return Vec::new() };
    let (since, from) = (*since, from.clone());
    let arrival = match result {
        Ok(opened) => {
            app.open(opened);
            Arrival::Run
        }
        Err(fault) => Arrival::Failed(Box::new(fault)),
    };
    app.page = Page::Starting { since, arrived: Some(arrival), from };
    arrive(app)
}

/// Leaves the starting page when the launch came back and the indicator has stood long enough.
fn arrive(app: &mut App) -> Vec<Effect> {
    let mut effects = Vec::new();
    if let Page::Starting { since, arrived: Some(arrival), from } = &app.page
        && app.indicator_may_go(*since)
    {
        let now = app.now;
        let page = match arrival.clone() {
            Arrival::Run => {
                app.preflight = None;
                effects.push(Effect::Usual);
                let skips = std::mem::take(&mut app.skips);
                if let Some(session) = &mut app.session {
                    session.shown = now;
                    if !skips.is_empty() {
                        session.confirmed.extend(skips.iter().cloned());
                        effects.push(Effect::Send(Command::Skip(skips)));
                        session.advance();
                    }
                }
                Page::Setup
            }
            Arrival::Failed(fault) => {
                let page = (**from).clone();
                app.fault = Some(*fault);
                page
            }
        };
        app.turn(page);
        app.dirty = true;
        run::celebrate(app);
    }
    effects
}

fn key_pressed(app: &mut App, key: Key) -> Vec<Effect> {
    if typing::key(app, key) {
        return Vec::new();
    }
    let binding = keymap::bindings(app).into_iter().find(|binding| binding.keys.contains(&key));
    let Some(binding) = binding else { return Vec::new() };
    if let (Page::Setup, Some(session)) = (&app.page, &mut app.session) {
        session.led_by = Lead::Person;
    }
    let mut effects = perform(app, binding.action);
    effects.extend(missing(app));
    effects
}

fn perform(app: &mut App, action: Action) -> Vec<Effect> {
    match action {
        Action::Help => {
            app.help = true;
            app.scroll = 0;
        }
        Action::Back => return back(app),
        Action::Leave => return leave(app),
        Action::LeaveAnyway => return vec![Effect::End(app.end())],
        Action::Suspend => return vec![Effect::Suspend],
        Action::Mouse => {
            app.mouse = !app.mouse;
            let told = if app.mouse {
                "mouse on: Ctrl+O gives it back to the terminal"
            } else {
                "mouse off: the terminal selects"
            };
            app.tell(told);
            return vec![Effect::Mouse(app.mouse)];
        }
        Action::Scroll(scroll) => scrolled(app, scroll),
        Action::Copy => return copy(app),
        Action::NextField
        | Action::PreviousField
        | Action::CycleForward
        | Action::CycleBackward
        | Action::TakeSuggestion
        | Action::ClearField
        | Action::List
        | Action::Take
        | Action::Keep
        | Action::Launch => return form::perform(app, action),
        Action::ChoiceUp | Action::ChoiceDown | Action::Choice => return welcome::perform(app, action),
        Action::WayUp | Action::WayDown | Action::TakeWay | Action::OpenLink => {
            return signing::perform(app, action);
        }
        Action::LookAgain if matches!(app.page, Page::SignIn) => return signing::perform(app, action),
        Action::SignInAgain => {
            let panel = app.session.as_ref().map(|session| &session.panel);
            if let Some(Panel::Question(number)) = panel {
                let then = Then::Answer(*number);
                return signing::open(app, then);
            }
        }
        Action::Go | Action::CheckAgain | Action::HandOver | Action::WaitForRights | Action::GoWithout => {
            return preflight::perform(app, action);
        }
        Action::Plan => {
            let from = Box::new(app.page.clone());
            app.turn(Page::Plan(from));
        }
        Action::TakeDown => {
            return subject(app).map(|answers| teardown::open(app, answers)).unwrap_or_default();
        }
        Action::Review => return subject(app).map(|answers| review::open(app, answers)).unwrap_or_default(),
        Action::ReviewUp
        | Action::ReviewDown
        | Action::ReviewFirst
        | Action::ReviewLast
        | Action::Deeper
        | Action::Filter
        | Action::Export
        | Action::ExportMarkdown
        | Action::ExportJson => return review::perform(app, action),
        Action::Agree => return teardown::agree(app),
        Action::PickUp | Action::PickDown if app.form.picking.is_some() => return form::perform(app, action),
        Action::UseExisting | Action::PickUp | Action::PickDown | Action::LookAgain | Action::UseNow => {
            return using::perform(app, action);
        }
        Action::Log(_)
        | Action::Search
        | Action::FilterText
        | Action::ClearSearch
        | Action::StopSearch
        | Action::Find
        | Action::NextMatch
        | Action::PreviousMatch
        | Action::ThisRow
        | Action::NextLevel
        | Action::ClearFilter
        | Action::Wrap
        | Action::Times
        | Action::ShiftLeft
        | Action::ShiftRight
        | Action::OpenLine
        | Action::TakeOut
        | Action::TakeOutNow(_)
        | Action::CallBefore
        | Action::CallAfter => return log::perform(app, action),
        _ => return setup::perform(app, action),
    }
    Vec::new()
}

/// The answers of the setup that is shown.
fn subject(app: &App) -> Option<Answers> {
    let reviewed = app.review.as_ref().filter(|_| matches!(app.page, Page::Review));
    let header = || app.session.as_ref()?.progress.header.as_ref();
    reviewed.map(|review| &review.answers).or_else(|| header().map(|header| &header.answers)).cloned()
}

/// Esc: one layer back, never forward.
fn back(app: &mut App) -> Vec<Effect> {
    if app.help {
        app.help = false;
        app.scroll = 0;
        run::celebrate(app);
        return Vec::new();
    }
    match &app.page {
        Page::Welcome if app.welcome.as_ref().is_some_and(|welcome| welcome.practising.is_some()) => {
            if let Some(welcome) = &mut app.welcome {
                welcome.practising = None;
            }
        }
        Page::SignIn => return signing::back(app),
        Page::Preflight => preflight::back(app),
        Page::Plan(from) => {
            let from = (**from).clone();
            app.turn(from);
        }
        Page::Form if app.form.leaving => app.form.leaving = false,
        Page::Form if app.form.picking.is_some() => app.form.picking = None,
        Page::Welcome => app.fault = None,
        Page::Teardown => teardown::back(app),
        Page::Review => review::back(app),
        Page::Form if app.fault.is_some() => app.fault = None,
        Page::Form if app.welcome.is_some() => app.turn(Page::Welcome),
        Page::Form => {}
        Page::Starting { from, arrived, .. } => {
            // What came back already is a run: leaving it is all that can be done with it.
            if matches!(arrived, Some(Arrival::Run)) {
                app.turn(Page::Setup);
                return Vec::new();
            }
            let from = (**from).clone();
            app.turn(from);
            return vec![Effect::StopLaunch];
        }
        Page::Requests
        | Page::Az
        | Page::Why
        | Page::LogLine(_)
        | Page::Exchange(_)
        | Page::Finish { .. } => {
            app.turn(Page::Setup);
            run::celebrate(app);
        }
        Page::Setup => {
            if let Some(session) = &mut app.session {
                if session.log.typing.take().is_some() {
                } else if session.panel == Panel::Detail {
                    session.detail_open = false;
                    session.scroll = 0;
                } else {
                    session.close_panel();
                }
            }
        }
    }
    Vec::new()
}

/// Ctrl+C and q: leaves when nothing would be lost, else asks.
fn leave(app: &mut App) -> Vec<Effect> {
    app.help = false;
    app.scroll = 0;
    match (&app.page, &mut app.session) {
        (Page::Form | Page::Welcome | Page::SignIn | Page::Preflight | Page::Plan(_), None)
            if app.form.changes() > 0 =>
        {
            app.turn(Page::Form);
            app.form.leaving = true;
            Vec::new()
        }
        (Page::Finish { .. }, _) | (_, None) => vec![Effect::End(app.end())],
        (_, Some(session)) => {
            if session.busy() {
                session.show(Panel::Abort);
                app.turn(Page::Setup);
                Vec::new()
            } else {
                vec![Effect::End(app.end())]
            }
        }
    }
}

/// How many lines the wheel moves.
const WHEEL: isize = 3;

/// The wheel moves the log or the text that stands there; a click takes the cursor to its row. It confirms nothing.
fn mouse(app: &mut App, kind: Mouse, place: (u16, u16)) -> Vec<Effect> {
    let (on_stages, rows) = (matches!(app.page, Page::Setup) && !app.help, app.painted.log_rows);
    let by = match kind {
        Mouse::Up => -WHEEL,
        Mouse::Down => WHEEL,
        Mouse::Press => {
            press(app, place, on_stages);
            return Vec::new();
        }
    };
    match &mut app.session {
        Some(session) if on_stages && rows > 0 => session.log.scroll(by, rows),
        _ => {
            for _ in 0..WHEEL {
                scrolled(app, if by < 0 { Scroll::LineUp } else { Scroll::LineDown });
            }
        }
    }
    missing(app)
}

fn press(app: &mut App, (column, row): (u16, u16), on_stages: bool) {
    let (left, top, width, height) = app.painted.stages;
    let inside = (left..left.saturating_add(width)).contains(&column)
        && (top..top.saturating_add(height)).contains(&row);
    let Some(session) = app.session.as_mut().filter(|session| {
        on_stages && inside && session.panel == Panel::Detail && session.log.typing.is_none()
    }) else {
        return;
    };
    let shown = session.fitting(usize::from(height));
    if let Some(found) = shown.get(usize::from(row - top)) {
        session.cursor = *found;
        session.scroll = 0;
        session.focus = Focus::Stages;
        session.led_by = Lead::Person;
        session.shown = app.now;
    }
}

fn scrolled(app: &mut App, scroll: Scroll) {
    let painted = if app.help { app.painted_help } else { app.painted };
    let (rows, overflow) = (painted.rows, painted.overflow);
    let place = match (&app.page, app.help, &mut app.session) {
        (Page::Setup, false, Some(session)) => &mut session.scroll,
        _ => &mut app.scroll,
    };
    let page = rows.saturating_sub(1).max(1);
    *place = match scroll {
        Scroll::LineUp => place.saturating_sub(1),
        Scroll::LineDown => place.saturating_add(1),
        Scroll::PageUp => place.saturating_sub(page),
        Scroll::PageDown => place.saturating_add(page),
        Scroll::Top => 0,
        Scroll::Bottom => overflow,
    }
    .min(overflow);
}

fn copy(app: &mut App) -> Vec<Effect> {
    let (what, text) = match (&app.page, &app.session) {
        (Page::Finish { .. }, Some(session)) => {
            let text = summary(&session.plan, &session.progress, &app.form.answers(), &session.flags);
            ("the summary".to_owned(), text)
        }
        (Page::Requests, Some(session)) => ("the requests".to_owned(), requests(session, &app.zone).plain()),
        (Page::Review, _) => {
            let exchange = app.review.as_ref().and_then(|review| match review.depth {
                Depth::Exchange(at) => review.exchanges().get(at),
                _ => None,
            });
            let Some(exchange) = exchange else { return Vec::new() };
            ("the request".to_owned(), exchange::paper(exchange, &app.zone).plain())
        }
        (Page::SignIn, _) => {
            let attempt = app.signing.as_ref().and_then(|signing| signing.attempt.as_ref());
            match attempt.and_then(|attempt| attempt.prompt.clone()) {
                Some(SignInPrompt::Code { code, .. }) => ("the code".to_owned(), code),
                Some(SignInPrompt::Browser { url, .. }) => ("the address".to_owned(), url),
                None => return Vec::new(),
            }
        }
        (Page::Plan(_), _) => match plan::paper(app) {
            Some(paper) => ("the plan".to_owned(), paper.plain()),
            None => return Vec::new(),
        },
        (Page::Az, Some(session)) => ("the commands".to_owned(), az::commands(session).plain()),
        (Page::Why, Some(session)) => ("the reason".to_owned(), why::why(session).plain()),
        (Page::Exchange(reading), _) => ("the exchange".to_owned(), reading.paper(&app.zone).plain()),
        (Page::LogLine(line), _) => ("the line".to_owned(), log::line_text(app, line)),
        (_, Some(session)) => setup::copied(app, session),
        (_, None) => return Vec::new(),
    };
    log::to_clipboard(app, &what, text)
}
