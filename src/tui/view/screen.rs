//! The whole frame: header, page, footer; or one line where there is no room for that.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, Borders, Paragraph, Widget};

use crate::domain::StepState;
use crate::tui::app::{App, Page};
use crate::tui::keymap::bindings;
use crate::tui::msg::{Key, Painted};
use crate::tui::paper::{Paper, Tone};
use crate::tui::session::Session;
use crate::tui::text::{cut, safe, wrap};

use super::{bars, form, pages, preflight, review, setup, signing, teardown, theme, welcome};

/// Below this there is one line only.
const LEAST: (u16, u16) = (40, 10);

/// Draws `app`, and says what a person can see of it.
pub(crate) fn view(app: &App, frame: &mut Frame<'_>) -> Painted {
    let area = frame.area();
    let painted = if area.width < LEAST.0 || area.height < LEAST.1 {
        tiny(app, frame);
        Painted::default()
    } else {
        let header = Rect { height: 1, ..area };
        let body = Rect { y: area.y + 1, height: area.height - 2, ..area };
        let footer = Rect { y: area.bottom() - 1, height: 1, ..area };
        bars::header(app, frame, header);
        bars::footer(app, frame, footer);
        page(app, frame, body)
    };
    theme::finish(frame.buffer_mut(), app.options);
    painted
}

fn page(app: &App, frame: &mut Frame<'_>, body: Rect) -> Painted {
    if app.help {
        return pages::help(app, frame, body);
    }
    match (&app.page, &app.session) {
        (Page::Welcome, _) => welcome::draw(app, frame, body),
        (Page::SignIn, _) => signing::draw(app, frame, body),
        (Page::Preflight, _) => preflight::draw(app, frame, body),
        (Page::Plan(_), _) => preflight::plan(app, frame, body),
        (Page::Teardown, _) => teardown::draw(app, frame, body),
        (Page::Review, _) => review::draw(app, frame, body),
        (Page::Form, _) | (_, None) if !matches!(app.page, Page::Starting { .. }) => {
            form::draw(app, frame, body)
        }
        // The page it was launched from stays in sight until that takes long enough to be noticed.
        (Page::Starting { since, from, .. }, _) if !app.indicator(*since) => match **from {
            Page::Welcome => welcome::draw(app, frame, body),
            Page::Preflight => preflight::draw(app, frame, body),
            Page::Teardown => teardown::draw(app, frame, body),
            _ => form::draw(app, frame, body),
        },
        (Page::Starting { since, .. }, _) => pages::starting(app, *since, frame, body),
        (Page::Requests, Some(session)) => pages::requests(app, session, frame, body),
        (Page::Az, Some(session)) => pages::az(app, session, frame, body),
        (Page::Why, Some(session)) => pages::why(app, session, frame, body),
        // What stood there before stays in sight until that takes long enough to be noticed.
        (Page::Exchange(reading), _) if reading.stands() || app.indicator(reading.since) => {
            pages::exchange(app, reading, frame, body)
        }
        (Page::LogLine(line), _) => pages::log_line(app, line, frame, body),
        (Page::Finish { .. }, Some(session)) => pages::finish(app, session, frame, body),
        (_, Some(session)) => setup::draw(app, session, frame, body),
        (_, None) => Painted::default(),
    }
}

/// What runs, in the one line that there is room for. Keys act as ever.
fn tiny(app: &App, frame: &mut Frame<'_>) {
    let says = app.session.as_ref().map_or_else(|| next(app), running);
    let text = format!("{says} · window too small, 40x10 is the least");
    let area = frame.area();
    let mut lines = wrap(&text, usize::from(area.width));
    // In one line what runs comes first; where there are more, all of it is told.
    if lines.len() > usize::from(area.height) {
        lines = vec![cut(&text, usize::from(area.width))];
    }
    Paragraph::new(lines.join("\n")).render(area, frame.buffer_mut());
}

/// What Enter does, before there is a run.
fn next(app: &App) -> String {
    let bindings = bindings(app);
    let enter = bindings.iter().find(|binding| binding.keys.contains(&Key::Enter));
    enter.map_or_else(|| "hubup".to_owned(), |binding| format!("hubup: Enter {}", binding.word))
}

fn running(session: &Session) -> String {
    let counts = session.counts();
    let steps = session.outline.iter().flat_map(|stage| &stage.steps);
    let active = steps.filter(|step| session.state(step).is_active());
    let mut names: Vec<String> = active
        .map(|step| {
            let asks = if session.state(step) == StepState::AsksYou { " asks you" } else { "" };
            format!("{}{asks}", step.id)
        })
        .collect();
    if names.is_empty() {
        names.push("nothing runs".to_owned());
    }
    safe(&format!("{}/{} {}", counts.done, counts.all, names.join(", ")))
}

/// A pane: a box where there is room, else a rule with the title.
pub(super) fn pane(title: &str, boxed: bool, focused: bool) -> Block<'static> {
    let tone = if focused { Tone::Key } else { Tone::Strong };
    let title = theme::line(vec![(tone, format!(" {} ", safe(title)))]);
    let borders = if boxed { Borders::ALL } else { Borders::TOP };
    let border = if focused { theme::style(Tone::Busy) } else { theme::style(Tone::Dim) };
    Block::new().borders(borders).border_style(border).title(title)
}

/// How many rows `paper` takes in a pane without a box of the width of `area`, its rule included.
pub(super) fn rows_of(paper: &Paper, area: Rect) -> u16 {
    let lines = paper.laid_out(usize::from(area.width.saturating_sub(2))).len();
    u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(1)
}

/// `area` in two: what is left above, and at most so many rows below.
pub(super) fn split(area: Rect, below: u16) -> (Rect, Rect) {
    let below = below.min(area.height);
    let top = Rect { height: area.height - below, ..area };
    (top, Rect { y: top.bottom(), height: below, ..area })
}

/// Draws `paper` in a pane, `scroll` lines down; gives how far it could be scrolled and how many lines show.
pub(super) fn paper(
    paper: &Paper,
    block: Block<'static>,
    scroll: usize,
    frame: &mut Frame<'_>,
    area: Rect,
) -> (usize, usize) {
    let mut inner = block.inner(area);
    block.render(area, frame.buffer_mut());
    // One cell of air on both sides.
    inner.x = (inner.x + 1).min(inner.right());
    inner.width = inner.width.saturating_sub(2);
    let rows = usize::from(inner.height);
    let lines = paper.laid_out(usize::from(inner.width));
    let overflow = lines.len().saturating_sub(rows);
    let shown: Vec<_> = lines.into_iter().skip(scroll.min(overflow)).take(rows).map(theme::line).collect();
    Paragraph::new(shown).render(inner, frame.buffer_mut());
    if overflow > 0 && area.height > 0 {
        let more = format!(" {}/{} ", scroll.min(overflow) + rows, overflow + rows);
        let wide = u16::try_from(more.len()).unwrap_or(0).min(area.width);
        let place = Rect { x: area.right() - wide, width: wide, height: 1, ..area };
        Paragraph::new(theme::line(vec![(Tone::Dim, more)])).render(place, frame.buffer_mut());
    }
    (overflow, rows)
}
