//! The specification files that are held: folders of any layout, each file read as what it is, the best folder first.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::bicep::{self, Body};
use super::openapi::{self, Operation};
use super::schema::Files;
use super::shape::{Object, Shape, Shapes};

/// Everything that is known of requests and replies.
#[derive(Default)]
pub struct Library {
    pub shapes: Shapes,
    pub operations: Vec<Operation>,
    /// Bodies of Bicep types.
    pub bodies: Vec<Body>,
    /// Bodies of ARM schemas, of requests only.
    pub templates: Vec<Body>,
}

impl Library {
    /// Reads every JSON file below the folders; examples are left out, for they only illustrate.
    pub fn read(folders: &[PathBuf]) -> Self {
        let mut library = Self::default();
        let mut files = Files::default();
        let mut paths = Vec::new();
        for folder in folders {
            let begin = paths.len();
            collect(folder, &mut paths);
            paths[begin..].sort();
        }
        for path in paths {
            for operation in openapi::read(&mut files, &mut library.shapes, &path) {
                // Where two files tell of the same operation the first has the word.
                if !library.operations.iter().any(|known| known.is_same(&operation)) {
                    library.operations.push(operation);
                }
            }
            library.bodies.extend(bicep::read(&mut files, &mut library.shapes, &path));
            library.templates(&mut files, &path);
        }
        library
    }

    /// The resources of an ARM schema. What a template adds to a request is taken out again.
    fn templates(&mut self, files: &mut Files, path: &Path) {
        let file = files.json(path);
        let path = path.canonicalize().unwrap();
        for section in ["resourceDefinitions", "subscription_resourceDefinitions"] {
            for definition in file[section].as_object().into_iter().flatten().map(|(_, told)| told) {
                let word = |name: &str| definition["properties"][name]["enum"][0].as_str().map(str::to_owned);
                let (Some(kind), Some(version)) = (word("type"), word("apiVersion")) else { continue };
                let id = files.shape(&mut self.shapes, &path, definition);
                let Shape::Object(object) = self.shapes.get(id) else { continue };
                let mut object = Object { ..object.clone() };
                object
                    .fields
                    .retain(|name, _| !["name", "type", "apiVersion", "resources"].contains(&name.as_str()));
                // These files require it of every resource, also where the service does not.
                if let Some(properties) = object.fields.get_mut("properties") {
                    properties.required = false;
                }
                let id = self.shapes.add(Shape::Object(object));
                let kind = kind.to_ascii_lowercase();
                if self.templates.iter().any(|known| known.kind == kind && known.version == version) {
                    continue;
                }
                self.templates.push(Body { kind, version, action: None, sent: Some(id), came: None });
            }
        }
    }

    /// The operation that a request is of, if it is held.
    pub fn operation(&self, method: &str, host: &str, path: &[String], version: &str) -> Option<&Operation> {
        let fitting = self
            .operations
            .iter()
            .filter_map(|operation| Some((operation.fits(method, host, path, version)?, operation)));
        fitting.max_by_key(|(same, _)| *same).map(|(_, operation)| operation)
    }
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() && path.file_name().is_none_or(|name| name != "examples") {
            collect(&path, paths);
        } else if path.extension().is_some_and(|kind| kind == "json") {
            paths.push(path);
        }
    }
}

/// The body of an error in ARM's own shape: what the front door answers whatever the provider.
pub fn is_arm_error(body: &Value) -> bool {
    body["error"]["code"].is_string() && body["error"]["message"].is_string()
}
