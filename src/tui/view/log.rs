//! The log pane: only the lines that show are touched, however many there are.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line as TextLine, Span};
use ratatui::widgets::{Paragraph, Widget};

use crate::domain::Line;
use crate::tui::app::{App, WIDE};
use crate::tui::paper::Tone;
use crate::tui::session::Session;
use crate::tui::text::{cut, matches, pad, safe, time_of_day, width};

use super::{screen, theme};

/// The widest that the column of step ids becomes.
const STEP: usize = 24;
const NARROW_STEP: usize = 16;
/// So much of a target is always shown.
const LEAST_TARGET: usize = 12;
/// `hh:mm:ss` and what follows it.
const TIME: usize = 10;

/// Draws the pane; gives how many lines it has room for.
pub(super) fn draw(
    app: &App,
    session: &Session,
    boxed: bool,
    focused: bool,
    frame: &mut Frame<'_>,
    area: Rect,
) -> usize {
    let log = &session.log;
    let title = match &log.typing {
        Some(typed) => format!("Search the log: {}", typed.text()),
        None => title(session),
    };
    let block = screen::pane(&title, boxed, focused || log.typing.is_some());
    let inner = block.inner(area);
    block.render(area, frame.buffer_mut());
    if let Some(typed) = &log.typing {
        let before = width(&format!(" Search the log: {}", typed.halves().0)) + usize::from(boxed);
        let x = area.x + u16::try_from(before).unwrap_or(0);
        if x < area.right() {
            frame.set_cursor_position(Position { x, y: area.y });
        }
    }
    let rows = usize::from(inner.height);
    let steps = session.outline.iter().flat_map(|stage| &stage.steps);
    let longest = steps.map(|step| width(step.id.as_str())).max().unwrap_or(0);
    let column = longest.min(if inner.width >= WIDE { STEP } else { NARROW_STEP });
    let current = if focused { log.current() } else { None };
    let lines: Vec<TextLine<'static>> = log
        .window(rows)
        .map(|rank| match log.line(rank) {
            Some(line) => row(app, line, &log.query, column, usize::from(inner.width), current == Some(rank)),
            None => theme::line(vec![(Tone::Dim, "  reading the journal …".to_owned())]),
        })
        .collect();
    Paragraph::new(lines).render(inner, frame.buffer_mut());
    rows
}

fn title(session: &Session) -> String {
    let log = &session.log;
    if log.follows() {
        return "Log · all steps · following".to_owned();
    }
    let place = log.current().map_or(0, |rank| rank + 1);
    let fresh = match log.fresh {
        0 => String::new(),
        1 => " · 1 new line".to_owned(),
        fresh => format!(" · {fresh} new lines"),
    };
    format!("Log · line {place} of {}{fresh} · G follows", log.total())
}

fn row(app: &App, line: &Line, query: &str, column: usize, room: usize, here: bool) -> TextLine<'static> {
    let call = match line.call {
        Some(call) if room >= usize::from(WIDE) => call.short(),
        _ => String::new(),
    };
    let right = if call.is_empty() { 0 } else { width(&call) + 2 };
    let left = room.saturating_sub(1 + TIME + column + 2 + right);
    let text = safe(&line.text);
    // The columns of a reply line up only where there is room for that.
    let text = if room < usize::from(WIDE) { close_up(&text) } else { text };
    let text = cut(&shorten_target(&text, left), left);
    let filler = " ".repeat(left.saturating_sub(width(&text)));
    let mut spans = vec![
        Span::styled(if here { ">" } else { " " }, theme::style(Tone::Key)),
        Span::styled(format!("{}  ", time_of_day(line.at, &app.zone)), theme::style(Tone::Dim)),
    ];
    mark(&mut spans, &pad(short(&safe(&line.step), column), column), query, Tone::Dim);
    spans.push(Span::raw("  "));
    mark(&mut spans, &text, query, theme::level(line.level));
    if !call.is_empty() {
        spans.push(Span::raw(filler));
        spans.push(Span::styled(format!("  {call}"), theme::style(Tone::Dim)));
    }
    TextLine::from(spans)
}

/// The id of a step, without its stage where both do not fit.
fn short(step: &str, cells: usize) -> &str {
    if width(step) <= cells { step } else { step.split_once('.').map_or(step, |(_, rest)| rest) }
}

/// The line of a reply with its target cut so far that status and time still fit in `cells`.
fn shorten_target(text: &str, cells: usize) -> String {
    let parts: Vec<&str> = text.split("  ").collect();
    let status = |part: &&str| part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_digit());
    let Some(at) = parts.iter().position(status).filter(|at| *at > 0 && width(text) > cells) else {
        return text.to_owned();
    };
    let others = parts.iter().take(at + 2).enumerate().filter(|(index, _)| *index != at - 1);
    // What follows may be cut, the mark for that stands apart.
    let more = if parts.len() > at + 2 { 3 } else { 0 };
    let taken = others.map(|(_, part)| width(part) + 2).sum::<usize>() + more;
    let shown: Vec<String> = parts
        .iter()
        .enumerate()
        .map(|(index, part)| match index {
            index if index == at - 1 => cut(part, cells.saturating_sub(taken).max(LEAST_TARGET)),
            _ => (*part).to_owned(),
        })
        .collect();
    shown.join("  ")
}

/// `text` with every gap made two cells wide.
pub(super) fn close_up(text: &str) -> String {
    text.split("  ").map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ")
}

/// Adds `text`, with what is searched for reversed.
fn mark(spans: &mut Vec<Span<'static>>, text: &str, query: &str, tone: Tone) {
    let style = theme::style(tone);
    let mut from = 0;
    for (start, end) in matches(text, query) {
        spans.push(Span::styled(text.get(from..start).unwrap_or_default().to_owned(), style));
        let found = text.get(start..end).unwrap_or_default().to_owned();
        spans.push(Span::styled(found, style.add_modifier(Modifier::REVERSED)));
        from = end;
    }
    spans.push(Span::styled(text.get(from..).unwrap_or_default().to_owned(), style));
}
