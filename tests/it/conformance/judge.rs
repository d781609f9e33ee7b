//! One exchange against everything that is held of it.

use std::collections::HashSet;

use serde_json::Value;

use super::bicep::Body;
use super::exchange::{Exchange, Target};
use super::library::{Library, is_arm_error};
use super::openapi::{Operation, Parameter};
use super::shape::{Deviation, Shape, Way, What};

/// How much of a call is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    Nothing,
    /// Bodies of its resource type.
    Bodies,
    /// The operation, whole.
    Operation,
}

/// What was found of one exchange.
pub struct Judged {
    pub held: Held,
    /// Of the request, and of the reply.
    pub sent: Vec<Deviation>,
    pub came: Vec<Deviation>,
}

/// Judges the exchanges of one record in their order.
pub struct Judge<'library> {
    library: &'library Library,
    /// Addresses that a service gave out: they are used as they are, whatever stands in them.
    given: HashSet<String>,
}

const LINKS: [&str; 2] = ["azure-asyncoperation", "location"];

impl<'library> Judge<'library> {
    pub fn new(library: &'library Library) -> Self {
        Self { library, given: HashSet::new() }
    }

    pub fn judge(&mut self, exchange: &Exchange) -> Judged {
        let given = self.given.contains(&exchange.url);
        let mut judged = Judged { held: Held::Nothing, sent: Vec::new(), came: Vec::new() };
        let (method, path) = (&exchange.method, &exchange.path);
        if let Some(operation) = self.library.operation(method, &exchange.host, path, exchange.version()) {
            judged.held = Held::Operation;
            self.request(operation, exchange, given, &mut judged.sent);
            self.reply(operation, exchange, &mut judged.came);
        }
        if let Some(target) = Target::of(path) {
            self.bodies(&target, exchange, &mut judged);
        }
        let links = LINKS.iter().filter_map(|name| exchange.reply_header(name));
        let next = ["nextLink", "@odata.nextLink"].map(|name| exchange.reply_body[name].as_str());
        self.given.extend(links.chain(next.into_iter().flatten()).map(str::to_owned));
        judged
    }

    fn request(&self, operation: &Operation, exchange: &Exchange, given: bool, found: &mut Vec<Deviation>) {
        for parameter in &operation.parameters {
            let (value, what) = match parameter.place.as_str() {
                "path" => {
                    let hole = format!("{{{}}}", parameter.name);
                    let place = operation.path.iter().position(|part| *part == hole);
                    (place.and_then(|place| exchange.path.get(place)), What::Query)
                }
                "query" => (named(&exchange.query, &parameter.name), What::Query),
                "header" => (named(&exchange.headers, &parameter.name), What::Header),
                _ => continue,
            };
            // The name of the service stands in the host.
            let in_host = parameter.place == "path" && value.is_none();
            match value {
                Some(value) => found.extend(broken(parameter, value)),
                None if parameter.required && !in_host => {
                    found.push(Deviation::new(what, &parameter.name, "it is required"));
                }
                None => {}
            }
        }
        for (name, _) in exchange.query.iter().filter(|_| !given) {
            if !operation.parameters.iter().any(|known| known.place == "query" && known.name == *name) {
                found.push(Deviation::new(What::Query, name, "no such parameter"));
            }
        }
        match (&operation.body, &exchange.body) {
            (None, Value::Null) => {}
            (None, Value::Object(body)) if body.is_empty() => {}
            (None, _) => found.push(Deviation::new(What::Body, "", "this operation takes none")),
            (Some((_, true)), Value::Null) => found.push(Deviation::new(What::Body, "", "it is required")),
            (Some(_), Value::Null) => {}
            (Some((shape, _)), body) => {
                let way = if operation.method == "PATCH" { Way::Patched } else { Way::Sent };
                found.extend(self.library.shapes.deviations(*shape, body, way));
            }
        }
    }

    fn reply(&self, operation: &Operation, exchange: &Exchange, found: &mut Vec<Deviation>) {
        let told = operation.replies.get(&exchange.status.to_string());
        let rule = match told {
            Some(rule) => rule,
            None if exchange.status >= 400 && operation.replies.contains_key("default") => {
                &operation.replies["default"]
            }
            None => {
                let known: Vec<_> = operation.replies.keys().collect();
                let told = format!("{} is none of {known:?}", exchange.status);
                return found.push(Deviation::new(What::Status, "", told));
            }
        };
        let body = &exchange.reply_body;
        match rule.body {
            Some(shape) if body.is_null() && matches!(self.library.shapes.get(shape), Shape::Anything) => {}
            Some(_) if body.is_null() => found.push(Deviation::new(What::Body, "", "there is none")),
            Some(shape) => {
                let differs = self.library.shapes.deviations(shape, body, Way::Came);
                if exchange.status >= 400 && !differs.is_empty() && is_arm_error(body) {
                    found.push(Deviation::new(
                        What::Body,
                        "",
                        "an error in the shape of the resource manager",
                    ));
                } else {
                    found.extend(differs);
                }
            }
            None if !body.is_null() && exchange.status < 400 => {
                found.push(Deviation::new(What::Body, "", "there is one"));
            }
            None => {}
        }
        if exchange.status < 400 && operation.long_running {
            links(exchange, &rule.headers, found);
        }
    }

    /// The bodies of a resource type, from files that tell no operations.
    fn bodies(&self, target: &Target, exchange: &Exchange, judged: &mut Judged) {
        let shapes = &self.library.shapes;
        let held = |bodies: &'library [Body], kind: &str, action: Option<&str>| {
            bodies.iter().find(|body| {
                body.kind == kind && body.version == exchange.version() && body.action.as_deref() == action
            })
        };
        let came = (200..300)
            .contains(&exchange.status)
            .then_some(&exchange.reply_body)
            .filter(|body| !body.is_null());
        match exchange.method.as_str() {
            "POST" if !target.single => {
                let Some(action) = held(&self.library.bodies, &target.owner, Some(&target.last)) else {
                    return;
                };
                judged.held = judged.held.max(Held::Bodies);
                if let (Some(shape), false) = (action.sent, exchange.body.is_null()) {
                    judged.sent.extend(shapes.deviations(shape, &exchange.body, Way::Sent));
                }
                if let (Some(shape), Some(body)) = (action.came, came) {
                    judged.came.extend(shapes.deviations(shape, body, Way::Came));
                }
            }
            "GET" | "PUT" => {
                if exchange.method == "PUT" {
                    for bodies in [&self.library.bodies, &self.library.templates] {
                        if let Some(Body { sent: Some(shape), .. }) = held(bodies, &target.kind, None) {
                            judged.held = judged.held.max(Held::Bodies);
                            judged.sent.extend(shapes.deviations(*shape, &exchange.body, Way::Sent));
                        }
                    }
                }
                let Some(Body { came: Some(shape), .. }) = held(&self.library.bodies, &target.kind, None)
                else {
                    return;
                };
                judged.held = judged.held.max(Held::Bodies);
                let items = match came {
                    Some(body) if target.single => vec![body],
                    Some(body) => body["value"].as_array().into_iter().flatten().collect(),
                    None => Vec::new(),
                };
                for item in items {
                    judged.came.extend(shapes.deviations(*shape, item, Way::Came));
                }
            }
            _ => {}
        }
    }
}

/// The headers of a long-running operation: those that the file names, and no others.
fn links(exchange: &Exchange, named: &[String], found: &mut Vec<Deviation>) {
    let state = exchange.reply_body.pointer("/properties/provisioningState").and_then(Value::as_str);
    let over = exchange.status == 200 || matches!(state, Some("Succeeded" | "Failed" | "Canceled"));
    let mut links = 0;
    for name in LINKS {
        let due = named.iter().any(|known| known == name);
        match exchange.reply_header(name) {
            Some(link) => {
                links += 1;
                if !due && !over {
                    found.push(Deviation::new(What::Header, name, "this reply is not told to have it"));
                }
                if !link.starts_with("https://") {
                    found.push(Deviation::new(What::Header, name, format!("`{link}` is no address")));
                }
            }
            None if due && !over => found.push(Deviation::new(What::Header, name, "it is missing")),
            None => {}
        }
    }
    if links == 0 && !over && exchange.method != "GET" {
        found.push(Deviation::new(What::Header, "", "nothing tells where to look"));
    }
    if let Some(wait) = exchange.reply_header("retry-after")
        && wait.parse::<u32>().is_err()
    {
        found.push(Deviation::new(What::Header, "retry-after", format!("`{wait}` is no number")));
    }
}

fn named<'value>(pairs: &'value [(String, String)], name: &str) -> Option<&'value String> {
    pairs.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn broken(parameter: &Parameter, value: &str) -> Option<Deviation> {
    if !parameter.words.is_empty() && !parameter.words.iter().any(|word| word == value) {
        return Some(Deviation::new(
            What::Word,
            &parameter.name,
            format!("`{value}` is none of {:?}", parameter.words),
        ));
    }
    let (what, told) = parameter.rule.broken_by(value)?;
    Some(Deviation::new(what, &parameter.name, told))
}
