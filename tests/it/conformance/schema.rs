//! JSON schemas to shapes: the definitions of OpenAPI 2.0 files, and the draft-04 schemas of ARM templates.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::shape::{Field, Id, Object, Rest, Shape, Shapes, Text};

/// The files that are read, each once, and what became of each definition.
#[derive(Default)]
pub struct Files {
    read: HashMap<PathBuf, Value>,
    known: HashMap<(PathBuf, String), Id>,
}

impl Files {
    /// The JSON of a file.
    pub fn json(&mut self, path: &Path) -> Value {
        let path = path.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let read = self.read.entry(path.clone()).or_insert_with(|| {
            serde_json::from_slice(&std::fs::read(&path).unwrap())
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        });
        read.clone()
    }

    /// What a reference in `file` leads to, and the file that it stands in.
    pub fn follow(&mut self, file: &Path, reference: &str) -> (PathBuf, String, Value) {
        let (other, pointer) = reference.split_once('#').expect("a reference with a fragment");
        let target = if other.is_empty() { file.to_owned() } else { file.parent().unwrap().join(other) };
        let value = self.json(&target).pointer(pointer).cloned();
        let value = value.unwrap_or_else(|| panic!("{}: {reference} leads nowhere", file.display()));
        (target.canonicalize().unwrap(), pointer.to_owned(), value)
    }

    /// The shape of a schema in `file`.
    pub fn shape(&mut self, shapes: &mut Shapes, file: &Path, schema: &Value) -> Id {
        if let Some(reference) = schema["$ref"].as_str() {
            let (file, pointer, schema) = self.follow(file, reference);
            let key = (file.clone(), pointer);
            if let Some(id) = self.known.get(&key) {
                return *id;
            }
            let id = shapes.add(Shape::Anything);
            self.known.insert(key.clone(), id);
            let shape = self.build(shapes, &file, &schema, Some(&key.1));
            shapes.set(id, shape);
            return id;
        }
        let shape = self.build(shapes, file, schema, None);
        shapes.add(shape)
    }

    fn build(&mut self, shapes: &mut Shapes, file: &Path, schema: &Value, pointer: Option<&str>) -> Shape {
        if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
            // Every value of a template may be an expression too; a request has none.
            let ids: Vec<Id> = choices
                .iter()
                .filter(|choice| !choice["$ref"].as_str().is_some_and(|to| to.ends_with("/expression")))
                .map(|choice| self.shape(shapes, file, choice))
                .collect();
            return match ids.as_slice() {
                [only] => shapes.get(*only).clone(),
                _ => Shape::Either(ids),
            };
        }
        let parts = schema["allOf"].as_array().cloned().unwrap_or_default();
        if let ([only], None) = (parts.as_slice(), schema.get("properties")) {
            let id = self.shape(shapes, file, only);
            if let Shape::Object(object) = shapes.get(id) {
                let whole = Object { kinds: None, ..object.clone() };
                return Shape::Object(whole);
            }
            return shapes.get(id).clone();
        }
        if let Some(words) = schema["enum"].as_array() {
            return Shape::Words(words.iter().filter_map(Value::as_str).map(str::to_owned).collect());
        }
        let number = |name: &str| schema[name].as_f64();
        match schema["type"].as_str() {
            Some("string") => Shape::Text(Text {
                pattern: schema["pattern"].as_str().map(str::to_owned),
                least: schema["minLength"].as_u64(),
                most: schema["maxLength"].as_u64(),
                format: schema["format"].as_str().map(str::to_owned),
            }),
            Some("boolean") => Shape::Truth,
            Some(kind @ ("integer" | "number")) => {
                Shape::Number { whole: kind == "integer", least: number("minimum"), most: number("maximum") }
            }
            Some("array") => Shape::List(self.shape(shapes, file, &schema["items"])),
            None if schema.get("properties").is_none() && parts.is_empty() => Shape::Anything,
            _ => {
                let mut object = Object::default();
                for part in &parts {
                    let id = self.shape(shapes, file, part);
                    if let Shape::Object(base) = shapes.get(id) {
                        object.fields.extend(base.fields.clone());
                        object.rest = base.rest;
                    }
                }
                self.fields(shapes, file, schema, &mut object);
                if let (Some(name), Some(pointer)) = (schema["discriminator"].as_str(), pointer) {
                    object.kinds = Some((name.to_owned(), self.kinds(shapes, file, pointer, &object)));
                }
                Shape::Object(object)
            }
        }
    }

    fn fields(&mut self, shapes: &mut Shapes, file: &Path, schema: &Value, object: &mut Object) {
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let shape = self.shape(shapes, file, property);
            let said = |name: &str| property[name].as_bool().unwrap_or(false);
            let mutability = property["x-ms-mutability"].as_array();
            let may = |word: &str| mutability.is_none_or(|words| words.iter().any(|known| known == word));
            object.fields.insert(
                name.clone(),
                Field {
                    shape,
                    required: false,
                    read_only: said("readOnly") || !(may("create") || may("update")),
                    write_only: !may("read") || said("x-ms-secret"),
                    changeable: may("update"),
                    nullable: said("x-nullable"),
                },
            );
        }
        for name in required.iter().filter_map(Value::as_str) {
            if let Some(field) = object.fields.get_mut(name) {
                field.required = true;
            }
        }
        object.rest = match &schema["additionalProperties"] {
            Value::Object(each) if each.is_empty() => Rest::Anything,
            Value::Bool(true) => Rest::Anything,
            each @ Value::Object(_) => Rest::Each(self.shape(shapes, file, each)),
            // An object of which nothing is told is a free one.
            _ if object.fields.is_empty() => Rest::Anything,
            _ => object.rest,
        };
        if object.rest == Rest::Anything
            && !object.fields.is_empty()
            && schema["additionalProperties"].is_null()
        {
            object.rest = Rest::Nothing;
        }
    }

    /// The kinds of a base: definitions of the same file that are all of it and more.
    fn kinds(
        &mut self,
        shapes: &mut Shapes,
        file: &Path,
        pointer: &str,
        base: &Object,
    ) -> BTreeMap<String, Id> {
        let definitions = self.json(file)["definitions"].as_object().cloned().unwrap_or_default();
        let of_base = format!("#{pointer}");
        let mut kinds = BTreeMap::new();
        for (name, definition) in definitions {
            let parts = definition["allOf"].as_array().cloned().unwrap_or_default();
            if !parts.iter().any(|part| part["$ref"] == of_base.as_str()) {
                continue;
            }
            let mut object = Object { kinds: None, ..base.clone() };
            self.fields(shapes, file, &definition, &mut object);
            let value = definition["x-ms-discriminator-value"].as_str().unwrap_or(&name);
            kinds.insert(value.to_owned(), shapes.add(Shape::Object(object)));
        }
        kinds
    }
}
