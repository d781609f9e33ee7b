//! The form's state: what was typed, whether it fits, where the cursor stands. Pure; generic over `Field`.

use std::fmt;

use jiff::Timestamp;

use super::using::Candidate;
use crate::domain::{Answers, Fault, Field, FieldKind, Finding, NameKind};

/// A name is asked about when it has not been typed at for so long, in milliseconds.
const STILL: i64 = 400;

/// Whether a name can be had.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Nobody in all of Azure has it.
    Free,
    /// Nothing of that name is there: it is made.
    New,
    /// It is there, and what comes of that, a fragment.
    There(String),
    /// Somebody else has it; and another that is free, where one was found.
    Taken(Option<String>),
}

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
    /// What was asked about it last, and the answer: the text with the place it is looked for in.
    asked: Option<String>,
    verdict: Option<(String, Verdict)>,
}

impl Entry {
    /// What is wrong with what was typed: with the text itself, or because somebody has that name.
    pub(crate) fn finding(&self) -> Option<Finding> {
        self.misfit().or_else(|| match self.verdict() {
            Some(Verdict::Taken(other)) => {
                let rule = "a name that nobody in all of Azure has: this one is taken".to_owned();
                Some(Finding { rule, suggestion: other.clone() })
            }
            _ => None,
        })
    }

    /// What was said of the name that stands here now.
    pub(crate) fn verdict(&self) -> Option<&Verdict> {
        self.verdict.as_ref().filter(|(text, _)| text == self.input.text()).map(|(_, verdict)| verdict)
    }

    /// What is wrong with the text itself.
    fn misfit(&self) -> Option<Finding> {
        self.field.check(self.input.text())
    }

    /// True for a name that can be asked about.
    fn is_name(&self) -> bool {
        let unasked = |kind: &NameKind| matches!(kind, NameKind::Guid | NameKind::Location);
        matches!(&self.field.kind, FieldKind::Name(kind) if !unasked(kind))
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
    /// True while answers are proposed that fit the subscription.
    pub proposing: bool,
    /// When a line was typed at last.
    typed: Option<Timestamp>,
}

impl Form {
    /// A form filled from `answers`.
    pub(crate) fn new(answers: Answers, fields: &[(&'static str, Vec<Field>)]) -> Self {
        let entries: Vec<Entry> = fields
            .iter()
            .flat_map(|(heading, fields)| fields.iter().map(move |field| (*heading, field.clone())))
            .map(|(heading, field)| {
                let initial = (field.get)(&answers);
                let input = TextInput::of(&initial);
                Entry { heading, field, input, initial, asked: None, verdict: None }
            })
            .collect();
        let at = entries.iter().position(|entry| entry.finding().is_some()).unwrap_or(0);
        Self { answers, entries, at, leaving: false, picking: None, proposing: false, typed: None }
    }

    /// The same form, filled from other answers.
    pub(crate) fn filled_with(&self, answers: Answers) -> Self {
        let fields: Vec<_> =
            self.entries.iter().map(|entry| (entry.heading, vec![entry.field.clone()])).collect();
        Self::new(answers, &fields)
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
            if entry.misfit().is_none()
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

    /// Notes that a line was typed at.
    pub(crate) fn typed_at(&mut self, now: Timestamp) {
        self.typed = Some(now);
    }

    /// The names that nobody was asked about as they stand now: index, key, text, and what tells one question from another.
    fn unasked(&self) -> Vec<(usize, &'static str, String, String)> {
        let answers = self.answers();
        let place = format!("{}|{}|{}", answers.subscription, answers.resource_group, answers.location);
        let names = self.entries.iter().enumerate().filter(|(_, entry)| entry.is_name());
        names
            .filter(|(_, entry)| entry.misfit().is_none() && !entry.input.text().is_empty())
            .map(|(index, entry)| {
                let text = entry.input.text().to_owned();
                let question = format!("{text}|{place}");
                (index, entry.field.key, text, question)
            })
            .filter(|(index, _, _, question)| {
                self.entries.get(*index).is_some_and(|entry| entry.asked.as_ref() != Some(question))
            })
            .collect()
    }

    /// True while names wait to be asked about.
    pub(crate) fn wonders(&self) -> bool {
        !self.unasked().is_empty()
    }

    /// The names to ask about at `now`, key and text; none while one is being typed.
    pub(crate) fn due(&mut self, now: Timestamp) -> Vec<(&'static str, String)> {
        let still = |typed: Timestamp| now.as_millisecond() - typed.as_millisecond() >= STILL;
        if !self.typed.is_none_or(still) {
            return Vec::new();
        }
        let mut due = Vec::new();
        for (index, key, text, question) in self.unasked() {
            if let Some(entry) = self.entries.get_mut(index) {
                entry.asked = Some(question);
                due.push((key, text));
            }
        }
        due
    }

    /// Takes in what was said of `text` in the field `key`.
    pub(crate) fn judged(&mut self, key: &str, text: String, verdict: Option<Verdict>) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.field.key == key) {
            entry.verdict = verdict.map(|verdict| (text, verdict));
        }
    }
}
