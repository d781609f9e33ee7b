//! The shape of a JSON value as a specification gives it, and what of a value is not so.
//!
//! Every kind of file is read into these few shapes: OpenAPI definitions, ARM schemas, Bicep types. What a file leaves open
//! (an extensible enumeration, properties that are not listed) is taken as closed here: neither side is to invent anything.

use std::collections::BTreeMap;

use serde_json::Value;

/// Which way a body goes, and so what may stand in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To Azure, to create or replace.
    Sent,
    /// To Azure, to change: null takes away.
    Patched,
    /// From Azure.
    Came,
}

/// What is not as the file has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    UnknownProperty,
    Missing,
    ReadOnlySent,
    NotChangeable,
    WriteOnlyCame,
    Type,
    Word,
    Pattern,
    Range,
    Status,
    Header,
    Query,
    Body,
}

/// One place where something is not as a file has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deviation {
    pub what: What,
    /// A path into the body, `*` for items and free names, or what else it is about.
    pub at: String,
    pub told: String,
}

impl Deviation {
    pub fn new(what: What, at: impl Into<String>, told: impl Into<String>) -> Self {
        Self { what, at: at.into(), told: told.into() }
    }
}

pub type Id = usize;

#[derive(Debug, Clone)]
pub enum Shape {
    Anything,
    Text(Text),
    Words(Vec<String>),
    Number {
        whole: bool,
        least: Option<f64>,
        most: Option<f64>,
    },
    Truth,
    List(Id),
    Object(Object),
    /// As one of these.
    Either(Vec<Id>),
}

#[derive(Debug, Clone, Default)]
pub struct Text {
    pub pattern: Option<String>,
    pub least: Option<u64>,
    pub most: Option<u64>,
    pub format: Option<String>,
}

#[derive(Debug, Clone, Default)]
pub struct Object {
    pub fields: BTreeMap<String, Field>,
    pub rest: Rest,
    /// The property that tells kinds apart, and the shape of each.
    pub kinds: Option<(String, BTreeMap<String, Id>)>,
}

/// What else may stand in an object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rest {
    #[default]
    Nothing,
    Anything,
    Each(Id),
}

#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the files, and any may stand with any")]
pub struct Field {
    pub shape: Id,
    pub required: bool,
    pub read_only: bool,
    pub write_only: bool,
    pub changeable: bool,
    pub nullable: bool,
}

impl Field {
    pub fn of(shape: Id) -> Self {
        Self {
            shape,
            required: false,
            read_only: false,
            write_only: false,
            changeable: true,
            nullable: false,
        }
    }
}

/// All shapes of a library; an [`Id`] is a place in it, so that shapes may hold themselves.
#[derive(Debug, Default)]
pub struct Shapes(Vec<Shape>);

impl Shapes {
    pub fn add(&mut self, shape: Shape) -> Id {
        self.0.push(shape);
        self.0.len() - 1
    }

    pub fn set(&mut self, id: Id, shape: Shape) {
        self.0[id] = shape;
    }

    pub fn get(&self, id: Id) -> &Shape {
        &self.0[id]
    }

    /// What of `value` is not of the shape `id`.
    pub fn deviations(&self, id: Id, value: &Value, way: Way) -> Vec<Deviation> {
        let mut found = Vec::new();
        self.check(id, value, way, "", &mut found);
        found
    }

    fn check(&self, id: Id, value: &Value, way: Way, at: &str, found: &mut Vec<Deviation>) {
        let mut wrong = |what, told: String| found.push(Deviation::new(what, at, told));
        match (self.get(id), value) {
            (Shape::Anything, _) | (Shape::Truth, Value::Bool(_)) => {}
            (Shape::Text(rule), Value::String(text)) => {
                if let Some((what, told)) = rule.broken_by(text) {
                    wrong(what, told);
                }
            }
            (Shape::Words(words), Value::String(text)) => {
                if !words.contains(text) {
                    wrong(What::Word, format!("`{text}` is none of {words:?}"));
                }
            }
            (Shape::Number { whole, least, most }, Value::Number(number)) => {
                let size = number.as_f64().unwrap_or(f64::NAN);
                if *whole && number.is_f64() {
                    wrong(What::Type, format!("{number} is not whole"));
                }
                if least.is_some_and(|least| size < least) || most.is_some_and(|most| size > most) {
                    wrong(What::Range, format!("{number} is not from {least:?} to {most:?}"));
                }
            }
            (Shape::List(each), Value::Array(items)) => {
                for item in items {
                    self.check(*each, item, way, &format!("{at}/*"), found);
                }
            }
            (Shape::Either(shapes), _) => {
                let best = shapes.iter().map(|id| {
                    let mut found = Vec::new();
                    self.check(*id, value, way, at, &mut found);
                    found
                });
                found.extend(best.min_by_key(Vec::len).unwrap_or_default());
            }
            (Shape::Object(object), Value::Object(fields)) => {
                if let Some((name, kinds)) = &object.kinds {
                    match fields.get(name).and_then(Value::as_str).map(|kind| (kind, kinds.get(kind))) {
                        Some((_, Some(kind))) => return self.check(*kind, value, way, at, found),
                        Some((kind, None)) => {
                            let known: Vec<_> = kinds.keys().collect();
                            found.push(Deviation::new(
                                What::Word,
                                format!("{at}/{name}"),
                                format!("`{kind}` is none of {known:?}"),
                            ));
                        }
                        None => {}
                    }
                }
                self.check_fields(object, fields, way, at, found);
            }
            (shape, value) => wrong(What::Type, format!("{} where {} is due", kind_of(value), shape.name())),
        }
    }

    fn check_fields(
        &self,
        object: &Object,
        fields: &serde_json::Map<String, Value>,
        way: Way,
        at: &str,
        found: &mut Vec<Deviation>,
    ) {
        for (name, field) in &object.fields {
            let missing = !fields.contains_key(name) && field.required;
            if missing && (way == Way::Came || !field.read_only) {
                found.push(Deviation::new(What::Missing, format!("{at}/{name}"), "it is required"));
            }
        }
        for (name, value) in fields {
            let below = format!("{at}/{name}");
            let Some(field) = object.fields.get(name) else {
                match object.rest {
                    Rest::Anything => {}
                    Rest::Each(shape) => self.check(shape, value, way, &format!("{at}/*"), found),
                    Rest::Nothing => {
                        found.push(Deviation::new(What::UnknownProperty, below, "no such property"));
                    }
                }
                continue;
            };
            match way {
                Way::Sent | Way::Patched if field.read_only => {
                    found.push(Deviation::new(What::ReadOnlySent, below, "it is read-only"));
                    continue;
                }
                // What an update requires it has to bring, changed or not.
                Way::Patched if !field.changeable && !field.required => {
                    found.push(Deviation::new(What::NotChangeable, below.clone(), "it is not to be changed"));
                }
                Way::Came if field.write_only => {
                    found.push(Deviation::new(What::WriteOnlyCame, below.clone(), "it is write-only"));
                }
                _ => {}
            }
            if value.is_null() && (field.nullable || way == Way::Patched) {
                continue;
            }
            self.check(field.shape, value, way, &below, found);
        }
    }
}

impl Shape {
    fn name(&self) -> &'static str {
        match self {
            Self::Anything | Self::Either(_) => "another value",
            Self::Text(_) | Self::Words(_) => "a string",
            Self::Number { .. } => "a number",
            Self::Truth => "a boolean",
            Self::List(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

impl Text {
    /// What of the rule a text breaks.
    pub fn broken_by(&self, text: &str) -> Option<(What, String)> {
        let length = text.encode_utf16().count() as u64;
        if self.least.is_some_and(|least| length < least) || self.most.is_some_and(|most| length > most) {
            return Some((What::Range, format!("`{text}` is not {:?} to {:?} long", self.least, self.most)));
        }
        if let Some(pattern) = &self.pattern {
            let rule = regex::Regex::new(pattern).expect("a pattern that can be read");
            if !rule.is_match(text) {
                return Some((What::Pattern, format!("`{text}` is not as `{pattern}`")));
            }
        }
        let formed = match self.format.as_deref() {
            Some("date-time") => text.parse::<jiff::Timestamp>().is_ok(),
            Some("uuid") => uuid::Uuid::try_parse(text).is_ok_and(|_| text.len() == 36),
            Some("uri") => text.contains("://"),
            Some("arm-id") => text.starts_with("/subscriptions/") || text.starts_with("/providers/"),
            Some("byte") => base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).is_ok(),
            _ => true,
        };
        (!formed).then(|| {
            (What::Pattern, format!("`{text}` is no {}", self.format.as_deref().unwrap_or_default()))
        })
    }
}
