//! The log pane: only the lines that show are touched, however many there are.

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line as TextLine, Span};
use ratatui::widgets::{Paragraph, Widget};

use crate::domain::Line;
use crate::tui::app::{App, WIDE};
use crate::tui::log::{Manner, Typing};
use crate::tui::msg::Painted;
use crate::tui::paper::Tone;
use crate::tui::session::Session;
use crate::tui::text::{cut, matches, pad, safe, stamp, width, without, wrap};

use super::{screen, theme};

/// The widest that the column of step ids becomes.
const STEP: usize = 24;
const NARROW_STEP: usize = 16;
/// So much of a target is always shown.
const LEAST_TARGET: usize = 12;
/// `hh:mm:ss` and what follows it.
const TIME: usize = 10;

/// What stands before a text that is typed.
fn asks(typing: Typing) -> &'static str {
    match typing {
        Typing::Search => "Search the log: ",
        Typing::Filter => "Only lines with: ",
    }
}

/// Draws the pane; gives what is seen of the log.
pub(super) fn draw(
    app: &App,
    session: &Session,
    boxed: bool,
    focused: bool,
    frame: &mut Frame<'_>,
    area: Rect,
) -> Painted {
    let log = &session.log;
    let title = match &log.typing {
        Some(typed) => format!("{}{}", asks(log.typing_for), typed.text()),
        None => title(app, session),
    };
    let block = screen::pane(&title, boxed, focused || log.typing.is_some());
    let inner = block.inner(area);
    block.render(area, frame.buffer_mut());
    if let Some(typed) = &log.typing {
        let before = width(&format!(" {}{}", asks(log.typing_for), typed.halves().0)) + usize::from(boxed);
        let x = area.x + u16::try_from(before).unwrap_or(0);
        if x < area.right() {
            frame.set_cursor_position(Position { x, y: area.y });
        }
    }
    let rows = usize::from(inner.height);
    let steps = session.outline.iter().flat_map(|stage| &stage.steps);
    let longest = steps.map(|step| width(step.id.as_str())).max().unwrap_or(0);
    let look = Look {
        app,
        query: &log.query,
        manner: log.manner,
        since: session.times_since(),
        column: longest.min(if inner.width >= WIDE { STEP } else { NARROW_STEP }),
        room: usize::from(inner.width),
    };
    let current = if focused { log.current() } else { None };
    let mut beyond = 0;
    let mut drawn = Vec::new();
    for index in log.window(rows) {
        drawn.push(match log.line(index) {
            Some(line) => {
                beyond = beyond.max(look.beyond(line));
                look.rows(line, current == Some(index), rows)
            }
            None => vec![theme::line(vec![(Tone::Dim, "  reading the journal …".to_owned())])],
        });
    }
    if drawn.is_empty() && !log.filter().is_open() {
        let says = if log.sifting.is_some() { "" } else { "  No line passes the filter; * shows all lines." };
        drawn.push(vec![theme::line(vec![(Tone::Dim, says.to_owned())])]);
    }
    // Where lines are wrapped there may be more rows than room: the last line, or that of the cursor, stays in sight.
    let all: usize = drawn.iter().map(Vec::len).sum();
    let place = log.current().filter(|_| !log.follows()).map(|at| at - log.window(rows).start.min(at));
    let until = place.map_or(all, |place| drawn.iter().take(place + 1).map(Vec::len).sum());
    let skip = until.saturating_sub(rows);
    let (mut at, mut whole) = (0, 0);
    for lines in &drawn {
        whole += usize::from(at >= skip && at + lines.len() <= skip + rows);
        at += lines.len();
    }
    let lines: Vec<TextLine<'static>> = drawn.into_iter().flatten().skip(skip).take(rows).collect();
    Paragraph::new(lines).render(inner, frame.buffer_mut());
    Painted { log_rows: rows, log_lines: whole, log_beyond: beyond, ..Painted::default() }
}

/// What is shown of the log, where it stands, and what is being looked for.
fn title(app: &App, session: &Session) -> String {
    let log = &session.log;
    let mut parts = vec!["Log".to_owned()];
    let filtered = !log.filter().is_open();
    if filtered {
        parts.extend(log.filter().told());
    } else if log.follows() {
        parts.push("all steps".to_owned());
    }
    let count = log.count();
    if log.follows() {
        if filtered {
            parts.push(lines(count));
        }
        parts.push("following".to_owned());
    } else {
        parts.push(format!("line {} of {count}", log.current().map_or(0, |index| index + 1)));
        match log.fresh {
            0 => {}
            1 => parts.push("1 new line".to_owned()),
            fresh => parts.push(format!("{fresh} new lines")),
        }
        parts.push("G follows".to_owned());
    }
    if log.seeking.as_ref().is_some_and(|job| app.indicator(job.since)) {
        parts.push("searching older lines… Esc stops".to_owned());
    }
    if log.sifting.as_ref().is_some_and(|job| app.indicator(job.since)) {
        parts.push("sifting older lines…".to_owned());
    }
    if log.manner.shift > 0 {
        parts.push(format!("from cell {}", log.manner.shift + 1));
    }
    if filtered {
        parts.push("* all lines".to_owned());
    }
    parts.join(" · ")
}

fn lines(count: usize) -> String {
    if count == 1 { "1 line".to_owned() } else { format!("{count} lines") }
}

/// How lines are drawn in this frame.
struct Look<'a> {
    app: &'a App,
    query: &'a str,
    manner: Manner,
    since: Option<Timestamp>,
    column: usize,
    room: usize,
}

impl Look<'_> {
    /// The text, the short id of its call, and how many cells there are for the text.
    fn parts(&self, line: &Line) -> (String, String, usize) {
        let wide = self.room >= usize::from(WIDE);
        let call = line.call.filter(|_| wide).map(|call| call.short()).unwrap_or_default();
        let right = if call.is_empty() { 0 } else { width(&call) + 2 };
        let left = self.room.saturating_sub(1 + TIME + self.column + 2 + right);
        let text = safe(&line.text);
        // The columns of a reply line up only where there is room for that.
        let text = if wide && !self.manner.wrap { text } else { close_up(&text) };
        (text, call, left)
    }

    /// How many cells of the text stand to the right of what shows.
    fn beyond(&self, line: &Line) -> usize {
        if self.manner.wrap {
            return 0;
        }
        let (text, _, left) = self.parts(line);
        width(&text).saturating_sub(left + self.manner.shift)
    }

    /// The rows of a line: one, or as many of `most` as it needs when lines are wrapped.
    fn rows(&self, line: &Line, here: bool, most: usize) -> Vec<TextLine<'static>> {
        let (text, call, left) = self.parts(line);
        let texts = match (self.manner.wrap, self.manner.shift) {
            (true, _) => wrap(&text, left),
            (false, 0) => vec![cut(&shorten_target(&text, left), left)],
            (false, shift) => vec![cut(&without(&text, shift), left)],
        };
        let time = stamp(line.at, &self.app.zone, self.since);
        let mut rows = Vec::new();
        for (index, text) in texts.into_iter().take(most.max(1)).enumerate() {
            let first = index == 0;
            let mut spans =
                vec![Span::styled(if here && first { ">" } else { " " }, theme::style(Tone::Key))];
            if first {
                spans.push(Span::styled(format!("{time}  "), theme::style(Tone::Dim)));
                let step = pad(short(&safe(&line.step), self.column), self.column);
                mark(&mut spans, &step, self.query, Tone::Dim);
            } else {
                spans.push(Span::raw(" ".repeat(TIME + self.column)));
            }
            spans.push(Span::raw("  "));
            mark(&mut spans, &text, self.query, theme::level(line.level));
            if first && !call.is_empty() {
                spans.push(Span::raw(" ".repeat(left.saturating_sub(width(&text)))));
                spans.push(Span::styled(format!("  {call}"), theme::style(Tone::Dim)));
            }
            rows.push(TextLine::from(spans));
        }
        rows
    }
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
