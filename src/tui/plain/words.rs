//! What is typed for a key: its letter, or the word that stands beside it on the screen. Made from the key map.

use crate::tui::app::App;
use crate::tui::keymap::{Action, Binding, Place, page_bindings};
use crate::tui::msg::Key;

/// A key that acts now, as it is typed.
pub(in crate::tui) struct Way {
    /// A letter or digit; `None` where only the word is typed.
    pub letter: Option<char>,
    pub word: String,
    pub help: String,
    pub key: Key,
    pub action: Action,
    /// True for what is told with every prompt, false for what only the help lists.
    pub told: bool,
}

impl Way {
    /// How it is typed, at its shortest. Capitals sound like other letters: for those the word comes first.
    pub(super) fn name(&self) -> String {
        match self.letter {
            Some(letter) if letter.is_uppercase() => format!("{} (or {letter})", self.word),
            Some(letter) => letter.to_string(),
            None => self.word.clone(),
        }
    }

    /// Name and short word: `s skip`.
    pub(super) fn short(&self) -> String {
        match self.letter {
            Some(letter) if !letter.is_uppercase() => format!("{letter} {}", self.word),
            _ => self.name(),
        }
    }

    fn is(&self, typed: &str) -> bool {
        let mut characters = typed.chars();
        let (Some(only), None) = (characters.next(), characters.next()) else { return false };
        self.letter == Some(only) || usual(self.action) == Some(only)
    }

    /// True when `typed` is the word, or whole words of its beginning.
    fn begins(&self, typed: &str) -> bool {
        let word = self.word.to_lowercase();
        word == typed || word.strip_prefix(typed).is_some_and(|rest| rest.starts_with(' '))
    }
}

/// The ways that there are now.
pub(in crate::tui) fn ways(app: &App) -> Vec<Way> {
    page_bindings(app).into_iter().filter(|binding| serves(binding.action)).map(way).collect()
}

/// The way that `typed` means.
pub(in crate::tui) fn meant(app: &App, typed: &str) -> Option<Way> {
    let mut ways = ways(app);
    let lower = typed.to_lowercase();
    let at = ways
        .iter()
        .position(|way| way.is(typed))
        .or_else(|| ways.iter().position(|way| way.is(&lower)))
        .or_else(|| ways.iter().position(|way| way.begins(&lower)))?;
    Some(ways.swap_remove(at))
}

/// What Enter does now: a sentence, and whether that is to take what a cursor stands on.
pub(super) fn enter(app: &App) -> Option<Binding> {
    page_bindings(app).into_iter().find(|binding| binding.keys.contains(&Key::Enter))
}

fn way(binding: Binding) -> Way {
    let letter = |key: &Key| match key {
        Key::Char(c) if c.is_alphanumeric() => Some(*c),
        _ => None,
    };
    let key = binding.keys.iter().find(|key| letter(key).is_some()).or(binding.keys.first());
    let key = key.copied().unwrap_or(Key::Esc);
    let digit = letter(&key).filter(char::is_ascii_digit);
    let (letter, word) = match binding.action {
        Action::Back => (digit.or(usual(binding.action)), "back".to_owned()),
        Action::Leave => (digit.or(usual(binding.action)), "leave".to_owned()),
        _ => (letter(&key), binding.word),
    };
    let told = binding.place != Place::Help || matches!(binding.action, Action::Keep | Action::ClearField);
    Way { letter, word, help: binding.help, key, action: binding.action, told }
}

/// The letters that are the same everywhere, whatever keys do it on the page.
fn usual(action: Action) -> Option<char> {
    match action {
        Action::Back => Some('b'),
        Action::Leave | Action::LeaveAnyway => Some('q'),
        _ => None,
    }
}

/// True for what means something in lines: not for what moves a cursor, scrolls, or copies off a screen.
fn serves(action: Action) -> bool {
    matches!(
        action,
        Action::Back
            | Action::Leave
            | Action::LeaveAnyway
            | Action::OpenLink
            | Action::SignInAgain
            | Action::LookAgain
            | Action::CheckAgain
            | Action::HandOver
            | Action::WaitForRights
            | Action::GoWithout
            | Action::Go
            | Action::Plan
            | Action::Keep
            | Action::Launch
            | Action::TakeSuggestion
            | Action::ClearField
            | Action::List
            | Action::ToggleDetail
            | Action::Skip
            | Action::SkipNow
            | Action::TakeUp
            | Action::All
            | Action::AllNow
            | Action::Retry
            | Action::KeepTrying
            | Action::Cancel
            | Action::Requests
            | Action::AzCommand
            | Action::Why
            | Action::Finish
            | Action::Answer
            | Action::Choose(_)
            | Action::DropQueued
            | Action::Review
            | Action::Filter
            | Action::Export
            | Action::ExportMarkdown
            | Action::ExportJson
            | Action::TakeDown
            | Action::UseExisting
    )
}
