//! Colours, symbols and the last pass over a frame: ASCII alone, no colours, when asked. The only file that names a
//! colour.
//!
//! Only the terminal's own sixteen colours are used, so that a person's palette holds.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use crate::domain::{Level, Outcome, StepState};
use crate::tui::paper::{Piece, Tone};
use crate::tui::rows::RowState;
use crate::tui::start::ScreenOptions;

const SPINNER: [&str; 8] = ["⠋", "⠙", "⠸", "⠴", "⠦", "⠇", "⠏", "⠹"];
const ASCII_SPINNER: [&str; 4] = ["|", "/", "-", "\\"];

/// The style of a tone.
pub(super) fn style(tone: Tone) -> Style {
    let plain = Style::new();
    match tone {
        Tone::Plain => plain,
        Tone::Dim => plain.add_modifier(Modifier::DIM),
        Tone::Strong => plain.add_modifier(Modifier::BOLD),
        Tone::Good => plain.fg(Color::Green),
        Tone::Busy => plain.fg(Color::Cyan),
        Tone::Warn => plain.fg(Color::Yellow),
        Tone::Bad => plain.fg(Color::Red).add_modifier(Modifier::BOLD),
        Tone::Ask => plain.fg(Color::Magenta).add_modifier(Modifier::BOLD),
        Tone::Key => plain.fg(Color::Cyan).add_modifier(Modifier::BOLD),
    }
}

/// Pieces as a line of the screen.
pub(super) fn line(pieces: Vec<Piece>) -> Line<'static> {
    Line::from(pieces.into_iter().map(|(tone, text)| Span::styled(text, style(tone))).collect::<Vec<_>>())
}

/// How a state is meant.
pub(super) fn tone(state: RowState) -> Tone {
    match state {
        RowState::InPart => Tone::Warn,
        RowState::Step(state) => match state {
            StepState::NotYet => Tone::Dim,
            StepState::Ready => Tone::Plain,
            StepState::Queued | StepState::Running | StepState::Waiting => Tone::Busy,
            StepState::AsksYou => Tone::Ask,
            StepState::Finished(outcome) => match outcome {
                Outcome::Done | Outcome::AlreadyThere => Tone::Good,
                Outcome::Warned | Outcome::Skipped | Outcome::Cancelled => Tone::Warn,
                Outcome::Blocked | Outcome::Failed => Tone::Bad,
            },
        },
    }
}

/// How a line of the log is meant.
pub(super) fn level(level: Level) -> Tone {
    match level {
        Level::Detail => Tone::Dim,
        Level::Info => Tone::Plain,
        Level::Good => Tone::Good,
        Level::Warning => Tone::Warn,
        Level::Bad => Tone::Bad,
    }
}

/// The symbol of a state, one cell wide; what moves turns with `now`.
pub(crate) fn symbol(state: RowState, now: Timestamp, options: ScreenOptions) -> &'static str {
    let RowState::Step(state) = state else { return "~" };
    match state {
        StepState::NotYet => "·",
        StepState::Ready => "○",
        StepState::Queued => "›",
        StepState::Running | StepState::Waiting => spinner(now, options),
        StepState::AsksYou => "?",
        StepState::Finished(outcome) => match outcome {
            Outcome::Done => "✔",
            Outcome::AlreadyThere => "=",
            Outcome::Warned => "!",
            Outcome::Skipped => "–",
            Outcome::Blocked => "#",
            Outcome::Failed => "✖",
            Outcome::Cancelled => "×",
        },
    }
}

/// The turning symbol of what runs.
pub(super) fn spinner(now: Timestamp, options: ScreenOptions) -> &'static str {
    let turn = usize::try_from(now.as_millisecond().rem_euclid(800) / 100).unwrap_or(0);
    let set: &[&'static str] = if options.ascii { &ASCII_SPINNER } else { &SPINNER };
    set.get(turn % set.len()).copied().unwrap_or("*")
}

/// The last pass over a frame: what the options forbid is replaced, wherever it came from.
pub(super) fn finish(buffer: &mut Buffer, options: ScreenOptions) {
    if !options.ascii && !options.no_colour {
        return;
    }
    for cell in &mut buffer.content {
        if options.no_colour {
            cell.fg = Color::Reset;
            cell.bg = Color::Reset;
        }
        if options.ascii && !cell.symbol().is_ascii() {
            cell.set_symbol(ascii(cell.symbol()));
        }
    }
}

fn ascii(symbol: &str) -> &'static str {
    match symbol {
        "✖" => "x",
        "×" => "c",
        "○" => "o",
        "▸" | "→" => ">",
        "›" => ":",
        "‹" | "←" => "<",
        "▾" | "↓" => "v",
        "↑" => "^",
        "·" => ".",
        "…" => "~",
        "–" | "─" => "-",
        "│" | "▏" => "|",
        "✔" | "┌" | "┐" | "└" | "┘" => "+",
        _ => "?",
    }
}
