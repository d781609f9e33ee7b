//! The form's state: what was typed, whether it fits, where the cursor stands. Pure; generic over `Field`.

use std::fmt;

use jiff::Timestamp;

use super::using::Candidate;
use crate::domain::{Answers, Fault, Field, FieldKind, Finding};

/// A line of text being typed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct TextInput {
    text: String,
    /// Characters before the cursor.
    cursor: usize,
}

impl TextInput {
    /// An input that holds `text`, the cursor after it.
    pub(crate) fn of(text: &str) -> Self {
        Self { text: text.to_owned(), cursor: text.chars().count() }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The text before the cursor and the text after it.
    pub(crate) fn halves(&self) -> (&str, &str) {
        self.text.split_at(self.byte(self.cursor))
    }

    fn byte(&self, character: usize) -> usize {
        self.text.char_indices().nth(character).map_or(self.text.len(), |(at, _)| at)
    }

    /// Types `more` at the cursor, without what no line can hold.
    pub(crate) fn insert(&mut self, more: &str) {
        let more: String = more.chars().filter(|c| !c.is_control()).collect();
        let at = self.byte(self.cursor);
        self.text.insert_str(at, &more);
        self.cursor += more.chars().count();
    }

    /// Removes the character before the cursor.
    pub(crate) fn backspace(&mut self) {
        if self.cursor > 0 {
            self.cursor -= 1;
            self.delete();
        }
    }

    /// Removes the character at the cursor.
    pub(crate) fn delete(&mut self) {
        let at = self.byte(self.cursor);
        if at < self.text.len() {
            self.text.remove(at);
        }
    }

    pub(crate) fn left(&mut self) {
        self.cursor = self.cursor.saturating_sub(1);
    }

    pub(crate) fn right(&mut self) {
        self.cursor = (self.cursor + 1).min(self.text.chars().count());
    }

    pub(crate) fn home(&mut self) {
        self.cursor = 0;
    }

    pub(crate) fn end(&mut self) {
        self.cursor = self.text.chars().count();
    }
}

/// One line of the form.
#[derive(Clone)]
pub(crate) struct Entry {
    pub heading: &'static str,
    pub field: Field,
    pub input: TextInput,
    /// What it held when the form was opened.
    initial: String,
}

impl Entry {
    /// What is wrong with what was typed.
    pub(crate) fn finding(&self) -> Option<Finding> {
        self.field.check(self.input.text())
    }

    /// The words to choose from, when it is a choice.
    pub(crate) fn words(&self) -> Option<&'static [&'static str]> {
        match self.field.kind {
            FieldKind::Choice(words) => Some(words),
            _ => None,
        }
    }

    /// Takes the next word, or the one before.
    pub(crate) fn cycle(&mut self, forward: bool) {
        let Some(words) = self.words() else { return };
        let count = words.len();
        let next = match words.iter().position(|word| *word == self.input.text()) {
            Some(at) if forward => (at + 1) % count,
            Some(at) => (at + count - 1) % count,
            None => 0,
        };
        if let Some(word) = words.get(next) {
            self.input = TextInput::of(word);
        }
    }

    /// True when typing `c` at the cursor leaves something that fits.
    pub(crate) fn would_take(&self, c: char) -> bool {
        let mut tried = self.input.clone();
        tried.insert(&c.to_string());
        self.words().is_none() && self.field.check(tried.text()).is_none()
    }

    pub(crate) fn changed(&self) -> bool {
        self.input.text() != self.initial
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("key", &self.field.key)
            .field("input", &self.input)
            .finish_non_exhaustive()
    }
}

/// The list in which an answer is chosen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Picking {
    /// The key of the field that it is for.
    pub key: &'static str,
    /// When it was asked for.
    pub since: Timestamp,
    pub found: Option<Result<Vec<Candidate>, Box<Fault>>>,
    pub at: usize,
}

impl Picking {
    /// What was found.
    pub(crate) fn candidates(&self) -> &[Candidate] {
        self.found.as_ref().and_then(|found| found.as_ref().ok()).map_or(&[], Vec::as_slice)
    }
}

/// The form.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    answers: Answers,
    pub entries: Vec<Entry>,
    /// The line of the cursor; `entries.len()` is the line "Start".
    pub at: usize,
    /// True while it asks whether to throw changed answers away.
    pub leaving: bool,
    /// The list in which an answer is chosen, while it stands.
    pub picking: Option<Picking>,
}

impl Form {
    /// A form filled from `answers`.
    pub(crate) fn new(answers: Answers, fields: &[(&'static str, Vec<Field>)]) -> Self {
        let entries: Vec<Entry> = fields
            .iter()
            .flat_map(|(heading, fields)| fields.iter().map(move |field| (*heading, field.clone())))
            .map(|(heading, field)| {
                let initial = (field.get)(&answers);
                Entry { heading, field, input: TextInput::of(&initial), initial }
            })
            .collect();
        let at = entries.iter().position(|entry| entry.finding().is_some()).unwrap_or(0);
        Self { answers, entries, at, leaving: false, picking: None }
    }

    pub(crate) fn entry(&self) -> Option<&Entry> {
        self.entries.get(self.at)
    }

    pub(crate) fn entry_mut(&mut self) -> Option<&mut Entry> {
        self.entries.get_mut(self.at)
    }

    pub(crate) fn on_start(&self) -> bool {
        self.at >= self.entries.len()
    }

    /// The first line that does not fit.
    pub(crate) fn first_wrong(&self) -> Option<usize> {
        self.entries.iter().position(|entry| entry.finding().is_some())
    }

    /// How many answers differ from what the form was opened with.
    pub(crate) fn changes(&self) -> usize {
        self.entries.iter().filter(|entry| entry.changed()).count()
    }

    /// The answers as typed, as far as they fit, each set only where it was changed: one field's setter may look at
    /// another's answer, or move it.
    pub(crate) fn answers(&self) -> Answers {
        let mut answers = self.answers.clone();
        for entry in &self.entries {
            if entry.finding().is_none()
                && entry.changed()
                && (entry.field.get)(&answers) != entry.input.text()
            {
                (entry.field.set)(&mut answers, entry.input.text());
            }
        }
        answers
    }

    /// Shows in the lines that nobody changed what the others made of their answers.
    pub(crate) fn follow(&mut self) {
        let answers = self.answers();
        for entry in self.entries.iter_mut().filter(|entry| !entry.changed()) {
            let now = (entry.field.get)(&answers);
            if now != entry.initial {
                entry.input = TextInput::of(&now);
                entry.initial = now;
            }
        }
    }
}
