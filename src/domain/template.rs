//! JSON and text with holes: what the plan shows and what is sent are the same value, filled more or less.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use super::ids::{StepId, derived_uuid};
use super::step::Outputs;

/// A piece of a [`Text`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part {
    /// Fixed when the plan is made.
    Literal(String),
    /// The output of another step. `otherwise` is what it is when that step gives none: a name that the
    /// answers fix already, so that the need is one of effect and not of value.
    Slot { step: StepId, output: String, otherwise: Option<String> },
    /// A secret of the run's vault, by name.
    Secret(String),
    /// The UUID that hubup derives from the filled text.
    Derived(Box<Text>),
}

/// Text in which some pieces are filled late.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Text(pub Vec<Part>);

impl Text {
    /// The output `output` of `step`.
    pub fn slot(step: &StepId, output: &str) -> Self {
        Self(vec![Part::Slot { step: step.clone(), output: output.to_owned(), otherwise: None }])
    }

    /// The output `output` of `step` where it gives one, else `otherwise`.
    pub fn slot_or(step: &StepId, output: &str, otherwise: impl Into<String>) -> Self {
        Self(vec![Part::Slot {
            step: step.clone(),
            output: output.to_owned(),
            otherwise: Some(otherwise.into()),
        }])
    }

    /// The secret called `name`.
    pub fn secret(name: &str) -> Self {
        Self(vec![Part::Secret(name.to_owned())])
    }

    /// The UUID derived from `of`.
    pub fn derived(of: Text) -> Self {
        Self(vec![Part::Derived(Box::new(of))])
    }

    /// This text with `more` after it.
    #[must_use]
    pub fn then(mut self, more: impl Into<Text>) -> Self {
        self.0.extend(more.into().0);
        self
    }

    /// Fills the text: slots from `outputs`, secrets through `secret`. A piece that cannot be filled is kept as
    /// its mark, such as `{access.identity.principalId}`, and named in `missing`.
    pub fn fill(
        &self,
        outputs: &Outputs,
        secret: &dyn Fn(&str) -> Option<String>,
        missing: &mut Vec<String>,
    ) -> String {
        let mut filled = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(text) => filled.push_str(text),
                Part::Slot { step, output, otherwise } => {
                    match outputs.get(step, output).or(otherwise.as_deref()) {
                        Some(value) => filled.push_str(value),
                        None => mark(&mut filled, missing, part),
                    }
                }
                Part::Secret(name) => match secret(name) {
                    Some(value) => filled.push_str(&value),
                    None => mark(&mut filled, missing, part),
                },
                Part::Derived(of) => {
                    let before = missing.len();
                    let inner = of.fill(outputs, secret, missing);
                    if missing.len() == before {
                        filled.push_str(&derived_uuid(&inner).to_string());
                    } else {
                        filled.push_str(&part.to_string());
                    }
                }
            }
        }
        filled
    }

    /// The text with slots filled from `outputs`, everything else as its mark.
    pub fn shown(&self, outputs: &Outputs) -> String {
        self.fill(outputs, &|_| None, &mut Vec::new())
    }
}

fn mark(filled: &mut String, missing: &mut Vec<String>, part: &Part) {
    let mark = part.to_string();
    filled.push_str(&mark);
    missing.push(mark);
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(text) | Self::Slot { otherwise: Some(text), .. } => f.write_str(text),
            Self::Slot { step, output, otherwise: None } => write!(f, "{{{step}.{output}}}"),
            Self::Secret(name) => write!(f, "{{secret: {name}}}"),
            Self::Derived(_) => f.write_str("{derived-id}"),
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| part.fmt(f))
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(vec![Part::Literal(text.to_owned())])
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(vec![Part::Literal(text)])
    }
}

/// A JSON tree whose texts, and whose object keys, may have holes.
#[derive(Clone, PartialEq, Debug)]
pub enum Template {
    Null,
    Bool(bool),
    Number(i64),
    Text(Text),
    Array(Vec<Template>),
    Object(Vec<(Text, Template)>),
    /// Data that was read and goes back as it came.
    Value(Value),
}

/// An object template from `(key, value)` pairs, in this order.
pub fn object<const N: usize>(members: [(&str, Template); N]) -> Template {
    Template::Object(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

impl Template {
    /// Fills the tree as [`Text::fill`] does.
    pub fn fill(
        &self,
        outputs: &Outputs,
        secret: &dyn Fn(&str) -> Option<String>,
        missing: &mut Vec<String>,
    ) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Number(value) => (*value).into(),
            Self::Text(text) => text.fill(outputs, secret, missing).into(),
            Self::Value(value) => value.clone(),
            Self::Array(items) => items.iter().map(|item| item.fill(outputs, secret, missing)).collect(),
            Self::Object(members) => {
                let mut object = Map::new();
                for (key, value) in members {
                    object.insert(key.fill(outputs, secret, missing), value.fill(outputs, secret, missing));
                }
                Value::Object(object)
            }
        }
    }
}

impl From<bool> for Template {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i32> for Template {
    fn from(value: i32) -> Self {
        Self::Number(value.into())
    }
}

impl From<u32> for Template {
    fn from(value: u32) -> Self {
        Self::Number(value.into())
    }
}

impl From<&str> for Template {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Template {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Text> for Template {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<Template>> for Template {
    fn from(items: Vec<Template>) -> Self {
        Self::Array(items)
    }
}

impl From<BTreeMap<String, String>> for Template {
    fn from(members: BTreeMap<String, String>) -> Self {
        Self::Object(members.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}
