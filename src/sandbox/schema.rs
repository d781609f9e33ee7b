//! A small strict validator for request bodies.
//!
//! Shapes are static data written from the published schemas. Everything that is not declared is refused, and so
//! is every read-only property: the strictest reading of the specification, but for what a client read and sends back as it
//! was, which ARM passes over (`az resource update` sends all that it read). Called by the providers.

use serde_json::Value;

/// What a value must look like.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    Text,
    /// A string that passes a rule; the rule says what is wrong.
    Rule(fn(&str) -> Result<(), &'static str>),
    OneOf(&'static [&'static str]),
    /// A whole number within inclusive limits.
    Whole(i64, i64),
    Flag,
    Object(&'static [Field]),
    /// Tags within the resource manager's limits.
    Tags,
    /// Any keys, values of one shape.
    MapOf(&'static Shape),
    ListOf(&'static Shape),
    /// Not looked into (settings that hubs accept and this world does not act on).
    Anything,
}

/// How a property may appear in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Required,
    Optional,
    ReadOnly,
}

/// One declared property.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    name: &'static str,
    need: Need,
    shape: Shape,
}

impl Field {
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name
    }
}

pub(crate) const fn required(name: &'static str, shape: Shape) -> Field {
    Field { name, need: Need::Required, shape }
}

pub(crate) const fn optional(name: &'static str, shape: Shape) -> Field {
    Field { name, need: Need::Optional, shape }
}

pub(crate) const fn read_only(name: &'static str) -> Field {
    Field { name, need: Need::ReadOnly, shape: Shape::Anything }
}

/// The first thing wrong with a body: where, as `properties.deviceRegistry`, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) path: String,
    pub(crate) why: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.path.is_empty() {
            write!(formatter, "The request body {}.", self.why)
        } else {
            write!(formatter, "The property '{}' {}.", self.path, self.why)
        }
    }
}

/// The resource's own envelope, which a request must not carry.
pub(crate) const ENVELOPE: [Field; 4] =
    [read_only("id"), read_only("name"), read_only("type"), read_only("systemData")];

pub(crate) const TAGS: Shape = Shape::Tags;
/// Limits of tags that the resource manager documents: how many, and how long a name and a value.
const TAG_LIMITS: (usize, usize, usize) = (50, 512, 256);

/// Checks an object body against its fields plus the read-only envelope of every resource.
pub(crate) fn check_resource(body: &Value, fields: &'static [Field]) -> Result<(), Violation> {
    if let Value::Object(map) = body {
        for field in &ENVELOPE {
            if map.contains_key(field.name) {
                return Err(Violation { path: field.name.to_owned(), why: "is read-only".to_owned() });
            }
        }
    }
    check(body, &Shape::Object(fields), "")
}

/// Takes out of a body what a client may not set where it only sends back what is `shown`. What it may set stays, the same
/// or not, for a PUT replaces. The envelope is among what it may not set, since no resource declares it.
pub(crate) fn pass_over(body: &mut Value, shown: &Value, fields: &'static [Field]) {
    pass(body, shown, &Shape::Object(fields));
}

fn pass(value: &mut Value, shown: &Value, shape: &Shape) {
    match (shape, value, shown) {
        (Shape::Object(fields), Value::Object(map), Value::Object(shown)) => map.retain(|name, value| {
            let Some(known) = shown.get(name) else { return true };
            match fields.iter().find(|field| field.name == name && field.need != Need::ReadOnly) {
                Some(field) => pass(value, known, &field.shape),
                None => return !same(value, known),
            }
            true
        }),
        (Shape::MapOf(inner), Value::Object(map), Value::Object(shown)) => {
            for (name, value) in map {
                if let Some(known) = shown.get(name) {
                    pass(value, known, inner);
                }
            }
        }
        (Shape::ListOf(inner), Value::Array(items), Value::Array(shown)) => {
            for (value, known) in items.iter_mut().zip(shown) {
                pass(value, known, inner);
            }
        }
        _ => {}
    }
}

/// Ids and types are the same in any case.
fn same(value: &Value, known: &Value) -> bool {
    match (value.as_str(), known.as_str()) {
        (Some(value), Some(known)) => value.eq_ignore_ascii_case(known),
        _ => value == known,
    }
}

/// Checks a value; `path` is where it stands.
pub(crate) fn check(value: &Value, shape: &Shape, path: &str) -> Result<(), Violation> {
    let fail = |why: String| Err(Violation { path: path.to_owned(), why });
    match (shape, value) {
        (Shape::Anything, _) | (Shape::Text, Value::String(_)) | (Shape::Flag, Value::Bool(_)) => Ok(()),
        (Shape::Rule(rule), Value::String(text)) => rule(text).or_else(|why| fail(why.to_owned())),
        (Shape::OneOf(choices), Value::String(text)) => {
            if choices.contains(&text.as_str()) {
                Ok(())
            } else {
                fail(format!("has the value '{}', but must be one of: {}", shorten(text), choices.join(", ")))
            }
        }
        (Shape::Whole(least, most), Value::Number(number)) => match number.as_i64() {
            Some(whole) if (*least..=*most).contains(&whole) => Ok(()),
            Some(whole) => fail(format!("has the value {whole}, but must lie between {least} and {most}")),
            None => fail("must be a whole number".to_owned()),
        },
        (Shape::Object(fields), Value::Object(map)) => {
            for field in *fields {
                if field.need == Need::Required && map.get(field.name).is_none_or(Value::is_null) {
                    return Err(Violation { path: join(path, field.name), why: "is required".to_owned() });
                }
            }
            for (name, inner) in map {
                let inner_path = join(path, name);
                let Some(field) = fields.iter().find(|field| field.name == name) else {
                    let why = "is not known to this api-version".to_owned();
                    return Err(Violation { path: inner_path, why });
                };
                if field.need == Need::ReadOnly {
                    return Err(Violation { path: inner_path, why: "is read-only".to_owned() });
                }
                // Azure takes an explicit null for an absent optional property.
                if !inner.is_null() {
                    check(inner, &field.shape, &inner_path)?;
                }
            }
            Ok(())
        }
        (Shape::Tags, Value::Object(map)) => check_tags(map, path),
        (Shape::MapOf(inner), Value::Object(map)) => {
            map.iter().try_for_each(|(name, value)| check(value, inner, &join(path, name)))
        }
        (Shape::ListOf(inner), Value::Array(items)) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, value)| check(value, inner, &format!("{path}[{index}]"))),
        _ => fail(format!("must be {}, but is {}", describe(shape), kind_of(value))),
    }
}

fn check_tags(tags: &serde_json::Map<String, Value>, path: &str) -> Result<(), Violation> {
    let (most, name_length, value_length) = TAG_LIMITS;
    if tags.len() > most {
        return Err(Violation {
            path: path.to_owned(),
            why: format!("has {} tags, but the limit is {most}", tags.len()),
        });
    }
    for (name, value) in tags {
        let fail = |why: String| Err(Violation { path: join(path, name), why });
        let long = name.chars().count() > name_length;
        if name.is_empty() || long || name.contains(['<', '>', '%', '&', '\\', '?', '/']) {
            return fail(format!("is no tag name: 1 to {name_length} characters without < > % & \\ ? /"));
        }
        match value.as_str() {
            Some(text) if text.chars().count() <= value_length => {}
            Some(_) => return fail(format!("is longer than {value_length} characters")),
            None => return fail(format!("must be a string, but is {}", kind_of(value))),
        }
    }
    Ok(())
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { shorten(name) } else { format!("{path}.{}", shorten(name)) }
}

/// Names and values are quoted in errors; a hostile one must not make a hostile error.
pub(crate) fn shorten(text: &str) -> String {
    let clean: String = text.chars().filter(|character| !character.is_control()).take(400).collect();
    if clean.len() < text.len() { format!("{clean}...") } else { clean }
}

fn describe(shape: &Shape) -> &'static str {
    match shape {
        Shape::Text | Shape::Rule(_) | Shape::OneOf(_) => "a string",
        Shape::Whole(..) => "a whole number",
        Shape::Flag => "true or false",
        Shape::Object(_) | Shape::MapOf(_) | Shape::Tags => "an object",
        Shape::ListOf(_) => "a list",
        Shape::Anything => "a value",
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
