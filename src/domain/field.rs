//! What is asked for an answer: data that the form draws and the setup file is checked with.

use super::answers::Answers;
use super::ids::StepId;
use super::names::{Finding, NameKind};
use super::request::Request;

/// One question of the form.
#[derive(Clone)]
pub struct Field {
    /// The key in the setup file, dotted: `hub.name`.
    pub key: &'static str,
    /// The label on screen: "IoT hub".
    pub label: &'static str,
    /// One sentence that helps to answer.
    pub hint: &'static str,
    /// Where answers that exist can be looked for.
    pub choices: Option<Choices>,
    /// Until when another answer can still be given; `None` when it can at any time.
    pub fixed: Option<Fixed>,
    pub kind: FieldKind,
    /// The answer as text.
    pub get: fn(&Answers) -> String,
    /// Takes a text that was checked.
    pub set: fn(&mut Answers, &str),
}

/// Where answers to a field can be looked for.
#[derive(Clone, Copy, Debug)]
pub enum Choices {
    /// In a list: where in an entry the answer stands, and what tells it from others (JSON pointers).
    Listed { list: fn(&Answers) -> Request, value: &'static str, hint: &'static str },
    /// In the regions that the subscription offers for everything that is made.
    Regions,
}

/// What settles an answer for good.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// Once this step was begun the answer stays.
    pub step: StepId,
    /// Why, as a fragment: "a hub stays in its region".
    pub why: &'static str,
}

/// What a field accepts.
#[derive(Clone, Copy, Debug)]
pub enum FieldKind {
    Name(NameKind),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A whole number within these bounds, both included.
    Number(u32, u32),
    /// A GUID, or nothing.
    OptionalGuid,
}

impl Field {
    /// Checks what was typed; `None` when it fits.
    pub fn check(&self, text: &str) -> Option<Finding> {
        self.kind.check(text)
    }
}

impl FieldKind {
    /// Checks a text against the kind; `None` when it fits.
    pub fn check(&self, text: &str) -> Option<Finding> {
        match self {
            Self::Name(kind) => kind.check(text),
            Self::OptionalGuid if text.is_empty() => None,
            Self::OptionalGuid => NameKind::Guid.check(text),
            Self::Choice(words) if words.contains(&text) => None,
            Self::Choice(words) => Some(Finding {
                rule: format!("one of {}", words.join(", ")),
                suggestion: words.first().map(ToString::to_string),
            }),
            Self::Number(least, most) => match text.parse::<u32>() {
                Ok(number) if (*least..=*most).contains(&number) => None,
                Ok(number) => Some(Finding {
                    rule: format!("a whole number from {least} to {most}"),
                    suggestion: Some(number.clamp(*least, *most).to_string()),
                }),
                Err(_) => {
                    Some(Finding { rule: format!("a whole number from {least} to {most}"), suggestion: None })
                }
            },
        }
    }
}
