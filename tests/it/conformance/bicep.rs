//! Bicep type files: the bodies of resources and of their actions, with what is required, read-only or write-only.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::schema::Files;
use super::shape::{Field, Id, Object, Rest, Shape, Shapes, Text};

const REQUIRED: u64 = 1;
const READ_ONLY: u64 = 2;
const WRITE_ONLY: u64 = 4;
/// Of a template, not of a request: id, name, type, apiVersion.
const TEMPLATE: u64 = 8;

/// What is held of a resource type, or of one of its actions, in one version.
#[derive(Debug)]
pub struct Body {
    /// In lower case, with the provider.
    pub kind: String,
    pub version: String,
    /// An action's name, in lower case.
    pub action: Option<String>,
    pub sent: Option<Id>,
    pub came: Option<Id>,
}

/// The bodies of a `types.json`.
pub fn read(files: &mut Files, shapes: &mut Shapes, path: &Path) -> Vec<Body> {
    let file = files.json(path);
    let Some(types) = file.as_array() else { return Vec::new() };
    // Places in the file are places among the shapes, moved by where they begin.
    let ids: Vec<Id> = types.iter().map(|_| shapes.add(Shape::Anything)).collect();
    let at = |value: &Value| -> Option<Id> { ids.get(place(value)?).copied() };
    let mut bodies = Vec::new();
    for (told, id) in types.iter().zip(&ids) {
        let shape = match told["$type"].as_str().unwrap_or_default() {
            "StringType" => Shape::Text(Text {
                pattern: told["pattern"].as_str().map(str::to_owned),
                least: told["minLength"].as_u64(),
                most: told["maxLength"].as_u64(),
                format: None,
            }),
            "StringLiteralType" => Shape::Words(vec![told["value"].as_str().unwrap_or_default().to_owned()]),
            "BooleanType" => Shape::Truth,
            "IntegerType" => Shape::Number {
                whole: true,
                least: told["minValue"].as_f64(),
                most: told["maxValue"].as_f64(),
            },
            "ArrayType" => Shape::List(at(&told["itemType"]).unwrap()),
            "UnionType" => union(types, told, &at),
            "ObjectType" => Shape::Object(object(told, &told["properties"], &at)),
            "DiscriminatedObjectType" => {
                let mut base = object(told, &told["baseProperties"], &at);
                let kinds = told["elements"].as_object().into_iter().flatten();
                let kinds = kinds
                    .map(|(name, kind)| {
                        // An element tells what is its own only.
                        let own = types.get(place(kind).unwrap()).unwrap();
                        let mut whole = object(own, &own["properties"], &at);
                        whole.fields.extend(base.fields.clone());
                        (name.clone(), shapes.add(Shape::Object(whole)))
                    })
                    .collect();
                base.kinds = Some((told["discriminator"].as_str().unwrap_or_default().to_owned(), kinds));
                Shape::Object(base)
            }
            "ResourceType" => {
                let (kind, version) = told["name"].as_str().unwrap_or_default().split_once('@').unwrap();
                let body = at(&told["body"]);
                bodies.push(body_of(kind, version, None, body, body));
                Shape::Anything
            }
            "ResourceFunctionType" => {
                let word = |name: &str| told[name].as_str().unwrap_or_default();
                let (sent, came) = (at(&told["input"]), at(&told["output"]));
                bodies.push(body_of(
                    word("resourceType"),
                    word("apiVersion"),
                    Some(word("name")),
                    sent,
                    came,
                ));
                Shape::Anything
            }
            _ => Shape::Anything,
        };
        shapes.set(*id, shape);
    }
    bodies
}

/// Where in the file a reference leads to.
fn place(value: &Value) -> Option<usize> {
    value["$ref"].as_str()?.trim_start_matches("#/").parse().ok()
}

fn body_of(kind: &str, version: &str, action: Option<&str>, sent: Option<Id>, came: Option<Id>) -> Body {
    let lower = str::to_ascii_lowercase;
    Body { kind: lower(kind), version: version.to_owned(), action: action.map(lower), sent, came }
}

/// Literals together are one enumeration; that it may be extended is not for either side to use.
fn union(types: &[Value], told: &Value, at: &impl Fn(&Value) -> Option<Id>) -> Shape {
    let elements = told["elements"].as_array().cloned().unwrap_or_default();
    let word = |element: &Value| Some(types.get(place(element)?)?["value"].as_str()?.to_owned());
    let words: Vec<String> = elements.iter().filter_map(word).collect();
    if words.is_empty() {
        Shape::Either(elements.iter().filter_map(at).collect())
    } else {
        Shape::Words(words)
    }
}

fn object(told: &Value, properties: &Value, at: &impl Fn(&Value) -> Option<Id>) -> Object {
    let mut fields = BTreeMap::new();
    for (name, property) in properties.as_object().into_iter().flatten() {
        let flags = property["flags"].as_u64().unwrap_or(0);
        let is = |flag: u64| flags & flag != 0;
        let (Some(shape), false) = (at(&property["type"]), name == "apiVersion") else { continue };
        fields.insert(
            name.clone(),
            Field {
                required: is(REQUIRED) && !is(TEMPLATE),
                read_only: is(READ_ONLY) || is(TEMPLATE),
                write_only: is(WRITE_ONLY),
                ..Field::of(shape)
            },
        );
    }
    let rest = match at(&told["additionalProperties"]) {
        Some(each) => Rest::Each(each),
        None if fields.is_empty() => Rest::Anything,
        None => Rest::Nothing,
    };
    Object { fields, rest, kinds: None }
}
