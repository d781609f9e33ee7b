//! Worlds of the sandbox, read from their file: what a world comes to, what must not change in it any more, which secrets
//! it holds. It knows no engine.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

/// Fields that are never the same in two worlds.
const BY_CHANCE: &[&str] = &[
    "etag",
    "uuid",
    "namespaceUuid",
    "told",
    "idScope",
    "created",
    "updated",
    "expiry",
    "createdAt",
    "lastModifiedAt",
    "createdOn",
    "updatedOn",
    "createdDateTimeUtc",
    "lastUpdatedDateTimeUtc",
    "not_after_ms",
];

/// Fields that tell one resource from another that was put in its place.
const IDENTITY: &[&str] = &[
    "uuid",
    "idScope",
    "created",
    "createdAt",
    "createdOn",
    "createdDateTimeUtc",
    "principalId",
    "clientId",
    "primaryKey",
    "secondaryKey",
    "thumbprint",
    "certificate",
    "key",
];

const SECRETS: &[&str] = &["primaryKey", "secondaryKey", "key", "client_secret", "token_key"];

/// Everything that a sandbox remembered at one moment.
pub struct World(Value);

impl World {
    /// Reads the world of a sandbox's folder. It is replaced as a whole, so it may be read while it is served.
    pub fn read(folder: &Path) -> Self {
        let bytes = std::fs::read(folder.join("world.json")).unwrap();
        Self(serde_json::from_slice(&bytes).unwrap())
    }

    /// What the world comes to, a line a fact, with everything that is there by chance called by what it is of: two
    /// worlds in which the same was made have the same lines.
    pub fn essence(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (id, resource) in self.members("resources") {
            let mut resource = resource.clone();
            resource.as_object_mut().unwrap().remove("answers");
            tell(&format!("resource {id}"), &resource, &mut lines);
        }
        for (service, groups) in self.members("enrollment_groups") {
            tell(&format!("enrollment {service}"), groups, &mut lines);
        }
        for principal in self.members("principals").map(|(_, principal)| principal) {
            lines.push(format!("principal {}", principal["name"]));
        }
        for (id, role) in self.members("roles") {
            tell(&format!("role {id}"), &role["properties"], &mut lines);
        }
        for assignment in self.0["assignments"].as_array().unwrap() {
            let parts =
                ["scope", "principal", "principal_type", "role", "description", "condition", "listed"];
            let parts: Vec<String> = parts.iter().map(|part| assignment[part].to_string()).collect();
            lines.push(format!("assignment {}", parts.join(" ")));
        }
        let mut synchronized = BTreeSet::new();
        for (_, operation) in self.members("operations") {
            // Of a push the service's tag tells; its operation is followed only where its reply came.
            if operation["work"] == "Push" {
                continue;
            }
            let again = operation["work"] == "Synchronize";
            let state = match &operation["end"] {
                // Nobody has its status URL when the reply that told it was lost, and nothing else asks for its end here.
                Value::Null if again => continue,
                Value::Null => "has not ended",
                end if end["failure"].is_null() => "succeeded",
                _ => continue,
            };
            let line = format!("operation {} of {} {state}", operation["work"], operation["resource"]);
            // It may be carried out twice, and is when the reply to the first was lost.
            if !again || synchronized.insert(line.clone()) {
                lines.push(line);
            }
        }
        let labels = self.labels();
        for line in &mut lines {
            for (value, label) in &labels {
                if line.contains(value.as_str()) {
                    *line = line.replace(value, label);
                }
            }
        }
        lines.sort();
        lines
    }

    /// What Azure has taken up, with that by which each is known again: none of it may be missing or other later.
    pub fn facts(&self) -> BTreeMap<String, String> {
        let mut facts = BTreeMap::new();
        let mut identity = |what: String, value: &Value| {
            for (path, name, text) in leaves(value) {
                if IDENTITY.contains(&name.as_str()) {
                    facts.insert(format!("{what} {path}"), text);
                }
            }
            facts.insert(what, "is there".to_owned());
        };
        for (id, resource) in self.members("resources") {
            identity(format!("resource {id}"), resource);
        }
        for (service, groups) in self.members("enrollment_groups") {
            for (group, value) in groups.as_object().unwrap() {
                identity(format!("enrollment {service} {group}"), value);
            }
        }
        for (id, role) in self.members("roles") {
            identity(format!("role {id}"), role);
        }
        for (id, principal) in self.members("principals") {
            identity(format!("principal {id} {}", principal["name"]), principal);
        }
        for assignment in self.0["assignments"].as_array().unwrap() {
            identity(format!("assignment {}", assignment["name"]), assignment);
        }
        for (id, operation) in self.members("operations") {
            identity(format!("operation {} {id}", operation["work"]), operation);
        }
        facts
    }

    /// How often each entry of the world's fault script was met.
    pub fn counted(&self) -> Vec<u64> {
        self.0["fault_hits"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect()
    }

    /// Every secret that the world holds or guards.
    pub fn secrets(&self) -> BTreeSet<String> {
        let secret = |(_, name, text): (String, String, String)| {
            (SECRETS.contains(&name.as_str()) && text.len() >= 20).then_some(text)
        };
        leaves(&self.0).into_iter().filter_map(secret).collect()
    }

    fn members(&self, name: &str) -> impl Iterator<Item = (&String, &Value)> {
        self.0[name].as_object().unwrap().iter()
    }

    /// What is there by chance, and what to call it; longer ones first, since one may hold another.
    fn labels(&self) -> Vec<(String, String)> {
        let mut labels = BTreeMap::new();
        for (id, principal) in self.members("principals") {
            labels.insert(id.clone(), format!("<object of {}>", principal["name"]));
            let application = principal["app_id"].as_str().unwrap();
            labels.insert(application.to_owned(), format!("<application of {}>", principal["name"]));
        }
        for (id, resource) in self.members("resources") {
            for part in ["keys", "authority"] {
                for (path, name, text) in leaves(&resource["vault"][part]) {
                    if name == "keyName" || name == "rights" {
                        continue;
                    }
                    labels.insert(text.to_lowercase(), format!("<{part}{path} of {id}>"));
                    labels.insert(text, format!("<{part}{path} of {id}>"));
                }
            }
        }
        for (service, groups) in self.members("enrollment_groups") {
            for (path, name, text) in leaves(groups) {
                if SECRETS.contains(&name.as_str()) {
                    labels.insert(text, format!("<{path} of {service}>"));
                }
            }
        }
        let mut labels: Vec<_> = labels.into_iter().collect();
        labels.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
        labels
    }
}

/// What is missing in `found` or too much, for a message; empty when they are the same.
pub fn differences(expected: &[String], found: &[String]) -> Vec<String> {
    let mut counts: BTreeMap<&String, i64> = BTreeMap::new();
    for line in expected {
        *counts.entry(line).or_default() -= 1;
    }
    for line in found {
        *counts.entry(line).or_default() += 1;
    }
    let told = |(line, count): (&String, i64)| {
        (count != 0).then(|| format!("{} {line}", if count < 0 { "missing" } else { "too much:" }))
    };
    counts.into_iter().filter_map(told).collect()
}

/// What was there at one moment and is not there, or other, later.
pub fn replaced(then: &BTreeMap<String, String>, later: &BTreeMap<String, String>) -> Vec<String> {
    let other = then.iter().filter(|(fact, value)| later.get(*fact) != Some(*value));
    other.map(|(fact, value)| format!("{fact} was {value}, is {:?}", later.get(fact))).collect()
}

/// Where a secret stands in the files under `folder`, those of the sandbox itself left out.
pub fn leaks(folder: &Path, secrets: &BTreeSet<String>) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("sandbox") {
                found.extend(leaks(&path, secrets));
            }
            continue;
        }
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        found.extend(leaked(&text, secrets).map(|what| format!("{} holds {what}", path.display())));
    }
    found
}

/// The first secret that stands in `text`.
pub fn leaked(text: &str, secrets: &BTreeSet<String>) -> Option<String> {
    let signed = ["SharedAccessSignature s", "Bearer ey", "access_token\":\"ey"].into_iter();
    let patterns = signed.filter(|pattern| text.contains(pattern)).map(str::to_owned);
    let connection = text.split("SharedAccessKey=").skip(1).find(|rest| !rest.starts_with(['*', '{']));
    let known = secrets.iter().filter(|secret| text.contains(secret.as_str())).cloned();
    known.chain(patterns).chain(connection.map(|_| "a connection string".to_owned())).next()
}

fn tell(what: &str, value: &Value, lines: &mut Vec<String>) {
    for (path, name, text) in leaves(value) {
        let text = match name.as_str() {
            name if BY_CHANCE.contains(&name) => "*".to_owned(),
            // Named by a principal, which is there by chance, and by how often it was done.
            "hubup-pushed" => text.rsplit('-').next().unwrap_or_default().to_owned(),
            _ => text,
        };
        lines.push(format!("{what} {path} = {text}"));
    }
}

/// Every value that holds no other: its path, its own name, its text.
fn leaves(value: &Value) -> Vec<(String, String, String)> {
    fn walk(path: &str, name: &str, value: &Value, found: &mut Vec<(String, String, String)>) {
        match value {
            Value::Object(object) => {
                object.iter().for_each(|(name, value)| walk(&format!("{path}/{name}"), name, value, found));
            }
            Value::Array(items) => {
                let numbered = items.iter().enumerate();
                numbered.for_each(|(index, value)| walk(&format!("{path}/{index}"), name, value, found));
            }
            Value::Null => {}
            Value::String(text) => found.push((path.to_owned(), name.to_owned(), text.clone())),
            other => found.push((path.to_owned(), name.to_owned(), other.to_string())),
        }
    }
    let mut found = Vec::new();
    walk("", "", value, &mut found);
    found
}
