//! OpenAPI 2.0 files: operations with their parameters, replies and headers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::schema::Files;
use super::shape::{Id, Shape, Shapes, Text};

/// One operation of one version.
#[derive(Debug)]
pub struct Operation {
    pub method: String,
    /// `*` stands for the name of a service.
    pub host: String,
    pub path: Vec<String>,
    pub version: String,
    pub parameters: Vec<Parameter>,
    pub body: Option<(Id, bool)>,
    pub replies: BTreeMap<String, ReplyRule>,
    pub long_running: bool,
}

#[derive(Debug)]
pub struct Parameter {
    pub name: String,
    /// `path`, `query` or `header`.
    pub place: String,
    pub required: bool,
    pub rule: Text,
    pub words: Vec<String>,
}

#[derive(Debug)]
pub struct ReplyRule {
    pub body: Option<Id>,
    /// In lower case.
    pub headers: Vec<String>,
}

/// The operations of a file; none for one that is not of OpenAPI.
pub fn read(files: &mut Files, shapes: &mut Shapes, path: &Path) -> Vec<Operation> {
    let file = files.json(path);
    if file["swagger"] != "2.0" {
        return Vec::new();
    }
    let path = path.canonicalize().unwrap();
    let host = file["host"].as_str().map_or_else(
        || {
            let template = file["x-ms-parameterized-host"]["hostTemplate"].as_str().unwrap_or_default();
            let host = template.trim_start_matches("https://");
            host.split_once('}').map_or_else(|| host.to_owned(), |(_, rest)| format!("*{rest}"))
        },
        str::to_owned,
    );
    let mut operations = Vec::new();
    for (template, methods) in file["paths"].as_object().into_iter().flatten() {
        for (method, told) in
            methods.as_object().into_iter().flatten().filter(|(name, _)| *name != "parameters")
        {
            let mut operation = Operation {
                method: method.to_ascii_uppercase(),
                host: host.clone(),
                path: template.trim_start_matches('/').split('/').map(str::to_owned).collect(),
                version: file["info"]["version"].as_str().unwrap_or_default().to_owned(),
                parameters: Vec::new(),
                body: None,
                replies: BTreeMap::new(),
                long_running: told["x-ms-long-running-operation"] == true,
            };
            let shared = methods["parameters"].as_array().into_iter().flatten();
            for parameter in shared.chain(told["parameters"].as_array().into_iter().flatten()) {
                let (home, parameter) = resolved(files, &path, parameter);
                let required = parameter["required"] == true;
                if parameter["in"] == "body" {
                    operation.body = Some((files.shape(shapes, &home, &parameter["schema"]), required));
                    continue;
                }
                let id = files.shape(shapes, &home, &parameter);
                let (rule, words) = match shapes.get(id) {
                    Shape::Text(rule) => (rule.clone(), Vec::new()),
                    Shape::Words(words) => (Text::default(), words.clone()),
                    _ => (Text::default(), Vec::new()),
                };
                operation.parameters.push(Parameter {
                    name: parameter["name"].as_str().unwrap_or_default().to_owned(),
                    place: parameter["in"].as_str().unwrap_or_default().to_owned(),
                    required,
                    rule,
                    words,
                });
            }
            for (status, reply) in told["responses"].as_object().into_iter().flatten() {
                let (home, reply) = resolved(files, &path, reply);
                let body = reply.get("schema").map(|schema| files.shape(shapes, &home, schema));
                let headers = reply["headers"].as_object().into_iter().flatten();
                let headers = headers.map(|(name, _)| name.to_ascii_lowercase()).collect();
                operation.replies.insert(status.clone(), ReplyRule { body, headers });
            }
            operations.push(operation);
        }
    }
    operations
}

fn resolved(files: &mut Files, file: &Path, value: &Value) -> (PathBuf, Value) {
    match value["$ref"].as_str() {
        Some(reference) => {
            let (file, _, value) = files.follow(file, reference);
            (file, value)
        }
        None => (file.to_owned(), value.clone()),
    }
}

impl Operation {
    /// Whether another file tells of the same; what it calls the parameters does not matter.
    pub fn is_same(&self, other: &Self) -> bool {
        let same = |(mine, theirs): (&String, &String)| {
            mine.eq_ignore_ascii_case(theirs) || (mine.starts_with('{') && theirs.starts_with('{'))
        };
        (&self.method, &self.host, &self.version) == (&other.method, &other.host, &other.version)
            && self.path.len() == other.path.len()
            && self.path.iter().zip(&other.path).all(same)
    }

    /// How well a request fits: the number of path segments that are the same; `None` when it is another operation.
    pub fn fits(&self, method: &str, host: &str, path: &[String], version: &str) -> Option<usize> {
        let at_home = match self.host.strip_prefix('*') {
            Some(suffix) => host.ends_with(suffix) && !host.starts_with("global."),
            None => host == self.host,
        };
        if self.method != method || !at_home || self.version != version || self.path.len() != path.len() {
            return None;
        }
        let mut same = 0;
        for (mine, theirs) in self.path.iter().zip(path) {
            if mine.eq_ignore_ascii_case(theirs) {
                same += 1;
            } else if !mine.starts_with('{') {
                return None;
            }
        }
        Some(same)
    }
}
