//! Marks of tones, symbols, and the last pass over a frame: the theme's looks, ASCII alone, no colours, when asked.

use jiff::Timestamp;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use crate::domain::{Level, Outcome, StepState};
use crate::tui::paper::{Piece, Tone};
use crate::tui::rows::RowState;
use crate::tui::start::ScreenOptions;

const SPINNER: [&str; 8] = ["⠋", "⠙", "⠸", "⠴", "⠦", "⠇", "⠏", "⠹"];
const ASCII_SPINNER: [&str; 4] = ["|", "/", "-", "\\"];

/// The first of the indexed colours that stand for tones until the last pass over the frame.
const MARKS: u8 = 240;

/// The style of a tone: a mark, which the last pass gives its look of the theme.
pub(super) fn style(tone: Tone) -> Style {
    Style::new().fg(Color::Indexed(MARKS + tone as u8))
}

/// The tone that a cell was marked with.
fn marked(cell: &Cell) -> Tone {
    let mark = match cell.fg {
        Color::Indexed(mark) => mark.checked_sub(MARKS),
        _ => None,
    };
    mark.and_then(|mark| Tone::ALL.get(usize::from(mark))).copied().unwrap_or(Tone::Plain)
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

/// The symbol of a state, one cell wide; what moves turns with `now`. Nothing where the word alone is read.
pub(crate) fn symbol(state: RowState, now: Timestamp, options: ScreenOptions) -> &'static str {
    if options.plain {
        return "";
    }
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
    if options.plain {
        return "";
    }
    if options.still {
        return "*";
    }
    let turn = usize::try_from(now.as_millisecond().rem_euclid(800) / 100).unwrap_or(0);
    let set: &[&'static str] = if options.ascii { &ASCII_SPINNER } else { &SPINNER };
    set.get(turn % set.len()).copied().unwrap_or("*")
}

/// The last pass over a frame: tones get the look of the theme, and what the options forbid is replaced.
pub(super) fn finish(buffer: &mut Buffer, options: ScreenOptions) {
    for cell in &mut buffer.content {
        let look = options.theme.look(marked(cell));
        let shown = |colour: Option<Color>| colour.filter(|_| !options.no_colour).unwrap_or(Color::Reset);
        (cell.fg, cell.bg) = (shown(look.fg), shown(options.theme.background()));
        // Reversed twice is not reversed: what is found in a failed line stands out, too.
        let both = cell.modifier & look.add_modifier & Modifier::REVERSED;
        cell.modifier = (cell.modifier | look.add_modifier) - both;
        if options.ascii && !cell.symbol().is_ascii() {
            cell.set_symbol(ascii(cell.symbol()));
        }
    }
}

/// What stands for `symbol` where there is ASCII alone.
pub(in crate::tui) fn ascii(symbol: &str) -> &'static str {
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
