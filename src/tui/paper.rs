//! Text with tones: what a pane says, before it is wrapped and coloured. The same text is copied and printed.
//!
//! Pure. `view` turns it into cells; a tone only repeats what the words say.

use serde_json::Value;

use super::summary::fault_items;
use super::text::{cut, safe, width, wrap};
use crate::domain::Fault;

/// How a piece of text is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tone {
    Plain,
    Dim,
    Strong,
    Good,
    Busy,
    Warn,
    Bad,
    Ask,
    Key,
}

impl Tone {
    /// Every tone, in the order of their numbers.
    pub(super) const ALL: [Self; 9] = [
        Self::Plain,
        Self::Dim,
        Self::Strong,
        Self::Good,
        Self::Busy,
        Self::Warn,
        Self::Bad,
        Self::Ask,
        Self::Key,
    ];
}

/// Where the text of a fault hangs beside its labels.
const FAULT: usize = 12;

/// A piece of a line in one tone.
pub(crate) type Piece = (Tone, String);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Entry {
    /// A label, and a text that hangs beside it.
    Item { label: String, column: usize, tone: Tone, text: String },
    /// One line that is cut, not wrapped.
    Line(Vec<Piece>),
}

/// Lines of text with tones.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Paper(Vec<Entry>);

impl Paper {
    /// A paragraph.
    pub(crate) fn text(&mut self, tone: Tone, text: &str) {
        self.item("", 0, tone, text);
    }

    /// A paragraph that hangs in column `column` beside `label`. Service text may be given: it is made safe.
    pub(crate) fn item(&mut self, label: &str, column: usize, tone: Tone, text: &str) {
        self.0.push(Entry::Item { label: safe(label), column, tone, text: safe(text) });
    }

    /// What went wrong: what was said, what it means, what to do, what to quote.
    pub(crate) fn fault(&mut self, fault: &Fault) {
        for (label, text) in fault_items(fault) {
            let tone = if label == "Do" { Tone::Strong } else { Tone::Plain };
            self.item(label, FAULT, tone, &text);
        }
    }

    /// One line of pieces.
    pub(crate) fn line(&mut self, pieces: Vec<Piece>) {
        self.0.push(Entry::Line(pieces.into_iter().map(|(tone, text)| (tone, safe(&text))).collect()));
    }

    /// `value` as JSON, `column` cells in. What is too long for a line goes on in the next.
    pub(crate) fn json(&mut self, column: usize, value: &Value) {
        let text = serde_json::to_string_pretty(value).unwrap_or_default();
        for line in text.lines() {
            let rest = line.trim_start();
            self.item("", column + line.len() - rest.len(), Tone::Plain, rest);
        }
    }

    /// An empty line, unless it would be the first or follow another.
    pub(crate) fn gap(&mut self) {
        let empty = Entry::Line(Vec::new());
        if self.0.last().is_some_and(|last| *last != empty) {
            self.0.push(empty);
        }
    }

    /// The lines when there are `cells` cells to a line.
    pub(crate) fn laid_out(&self, cells: usize) -> Vec<Vec<Piece>> {
        let mut lines = Vec::new();
        for entry in &self.0 {
            match entry {
                Entry::Line(pieces) => lines.push(cut_to(pieces, cells)),
                Entry::Item { label, column, tone, text } => {
                    // Where the text would be squeezed, it goes under its label.
                    let hangs = column + 16 <= cells || *column == 0;
                    let indent = if hangs { *column } else { 2 };
                    let mut label = Some(label).filter(|label| !label.is_empty());
                    if !hangs && let Some(label) = label.take() {
                        lines.push(vec![(Tone::Dim, label.clone())]);
                    }
                    for part in wrap(text, cells.saturating_sub(indent)) {
                        let mut pieces = Vec::new();
                        let label = label.take().map_or("", String::as_str);
                        let spaces = indent.saturating_sub(width(label));
                        if indent > 0 {
                            pieces.push((Tone::Dim, format!("{label}{}", " ".repeat(spaces))));
                        }
                        pieces.push((*tone, part));
                        lines.push(pieces);
                    }
                }
            }
        }
        lines
    }

    /// The text as it is read aloud: a line each, without marks, columns and indents, which only an eye needs.
    pub(crate) fn spoken(&self) -> Vec<String> {
        let mut before = ("", 0);
        let told = self.0.iter().map(|entry| match entry {
            Entry::Item { label, text, column, .. } => {
                let text = unmarked(text).replace("  ", ", ");
                // What hangs below another stands under the same label, which is heard with each.
                let label = match unmarked(label) {
                    "" if *column > 0 && before.1 == *column => before.0,
                    label => label,
                };
                before = (label, *column);
                if label.is_empty() { text } else { format!("{label}: {text}") }
            }
            Entry::Line(pieces) => {
                before = ("", 0);
                match pieces.as_slice() {
                    // Such as a line of JSON: its indent is part of it.
                    [(_, text)] => text.trim_end().to_owned(),
                    pieces => run_on(pieces),
                }
            }
        });
        told.filter(|line| !line.trim().is_empty()).collect()
    }

    /// The text alone, for the clipboard.
    pub(crate) fn plain(&self) -> String {
        let mut plain = String::new();
        for line in self.laid_out(usize::MAX) {
            let line: String = line.into_iter().map(|(_, text)| text).collect();
            plain.push_str(line.trim_end());
            plain.push('\n');
        }
        plain
    }
}

/// The pieces of one line, cut so that they take no more than `cells`; a mark tells that something is missing.
fn cut_to(pieces: &[Piece], cells: usize) -> Vec<Piece> {
    if pieces.iter().map(|(_, text)| width(text)).sum::<usize>() <= cells {
        return pieces.to_vec();
    }
    let mut left = cells;
    let mut fitting = Vec::new();
    for (index, (tone, text)) in pieces.iter().enumerate() {
        let wide = width(text);
        if wide >= left {
            // What follows is cut away whole; with it the mark shows that there was more.
            let rest: String = pieces.iter().skip(index).map(|(_, text)| text.as_str()).collect();
            fitting.push((*tone, cut(&rest, left)));
            break;
        }
        left -= wide;
        fitting.push((*tone, text.clone()));
    }
    fitting
}

/// What only repeats the word beside it.
const MARKS: [char; 7] = ['✔', '✖', '·', '!', '=', '▏', '>'];

/// `text` without the marks before it, and without spaces round it.
pub(super) fn unmarked(text: &str) -> &str {
    let text = text.trim();
    match text.strip_prefix(MARKS) {
        Some(rest) if rest.is_empty() || rest.starts_with(' ') => rest.trim(),
        _ => text,
    }
}

/// The pieces of one line as one text: what stood in columns is parted by commas.
fn run_on(pieces: &[Piece]) -> String {
    let mut told = String::new();
    let mut spaces = 0;
    for (_, piece) in pieces {
        let text = unmarked(piece);
        spaces += piece.len() - piece.trim_start().len();
        if text.is_empty() {
            spaces += piece.len() - piece.trim_end().len();
            continue;
        }
        match (told.is_empty(), spaces) {
            (true, _) | (_, 0) => {}
            (_, 1) => told.push(' '),
            _ => told.push_str(", "),
        }
        told.push_str(text);
        spaces = piece.len() - piece.trim_end().len();
    }
    told
}
