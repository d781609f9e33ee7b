//! One HTTP request as a template: shown in the plan, filled and sent by `azure`, written to the journal.
//!
//! A request never holds a secret; it names the ones it needs.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::step::Outputs;
use super::template::{Template, Text};

/// HTTP methods that Azure's management and data planes use.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    Get,
    Head,
    Put,
    Post,
    Patch,
    Delete,
}

impl Method {
    /// True when the method changes nothing by its definition.
    pub fn is_read(self) -> bool {
        matches!(self, Self::Get | Self::Head)
    }

    /// Upper case, as on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How a request proves who sends it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Auth {
    /// A bearer token for Azure Resource Manager.
    ResourceManager,
    /// A bearer token for Microsoft Graph.
    Graph,
    /// A shared access signature of the DPS service plane: the names of the vault's entries that hold the key
    /// (base64) and the name of its policy (contract preview-2025, 7b).
    DpsSas { key: String, policy: String },
}

/// A value of the reply that goes to the vault, and is masked everywhere else.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Capture {
    /// The vault's name for it.
    pub secret: String,
    pub pick: Pick,
}

/// Where in a reply a secret stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Pick {
    /// At this JSON pointer.
    At(String),
    /// The member `field` of the first entry of `value[]` whose comma-separated `rights` hold all of `rights`.
    KeyWithRights { rights: Vec<String>, field: String },
}

/// The body of a request.
#[derive(Clone, PartialEq, Debug)]
pub enum Body {
    Empty,
    Json(Template),
    /// What was read, changed by `patches`. `read` is `None` in the plan; the step leaves out of it what a service
    /// does not take back.
    MergeInto {
        read: Option<Value>,
        patches: Vec<Patch>,
    },
}

/// One change to what was read.
#[derive(Clone, PartialEq, Debug)]
pub enum Patch {
    /// Sets the value at a JSON pointer, making objects on the way.
    Set(String, Template),
    /// Appends to the array at a JSON pointer, making it when it is missing.
    Append(String, Template),
}

/// A request as a template.
#[derive(Clone, PartialEq, Debug)]
pub struct Request {
    pub method: Method,
    pub auth: Auth,
    /// A URL that a service gave, such as a `nextLink`: used as it is, instead of host, path and query.
    pub given_url: Option<String>,
    /// Host, with port only when it is not 443.
    pub host: Text,
    /// Path from its first slash on, not percent-encoded.
    pub path: Text,
    /// Query parameters in order, not percent-encoded.
    pub query: Vec<(String, Text)>,
    /// Headers beside those that every call has.
    pub headers: Vec<(String, Text)>,
    pub body: Body,
    pub captures: Vec<Capture>,
    /// True when the resource itself is to be watched, and not the operation that the service accepts.
    pub unfollowed: bool,
    /// True for a POST that only asks something, such as whether a name is free.
    pub asks: bool,
}

/// A request filled as far as it may be shown: outputs in, secrets as marks.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Shown {
    pub method: Method,
    pub url: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

impl Request {
    /// A request without body to `path` of `host`, whose api-version is `version`.
    pub fn new(
        method: Method,
        auth: Auth,
        host: impl Into<Text>,
        path: impl Into<Text>,
        version: &str,
    ) -> Self {
        Self::unversioned(method, auth, host, path).with_query("api-version", version)
    }

    /// A request without body and without an api-version.
    pub fn unversioned(method: Method, auth: Auth, host: impl Into<Text>, path: impl Into<Text>) -> Self {
        Self {
            method,
            auth,
            given_url: None,
            host: host.into(),
            path: path.into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::Empty,
            captures: Vec::new(),
            unfollowed: false,
            asks: false,
        }
    }

    /// A look at the URL that a service gave. An apostrophe of its query goes out as `%27`, as every URL parser has it.
    #[must_use]
    pub fn following(&self, url: &str) -> Self {
        Self {
            given_url: Some(with_plain_query(url)),
            method: Method::Get,
            auth: self.auth.clone(),
            host: Text::default(),
            path: Text::default(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::Empty,
            captures: Vec::new(),
            unfollowed: false,
            asks: false,
        }
    }

    /// This request with a change whose operation nobody follows: the step watches the resource itself.
    #[must_use]
    pub fn unfollowed(mut self) -> Self {
        self.unfollowed = true;
        self
    }

    /// This request as a question: it changes nothing, whatever its method.
    #[must_use]
    pub fn asking(mut self) -> Self {
        self.asks = true;
        self
    }

    /// This request with a JSON body.
    #[must_use]
    pub fn with_body(mut self, body: Template) -> Self {
        self.body = Body::Json(body);
        self
    }

    /// This request with one more query parameter.
    #[must_use]
    pub fn with_query(mut self, name: &str, value: impl Into<Text>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// This request with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<Text>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// This request keeping `pick` of its reply in the vault as `secret`.
    #[must_use]
    pub fn capturing(mut self, secret: &str, pick: Pick) -> Self {
        self.captures.push(Capture { secret: secret.to_owned(), pick });
        self
    }

    /// True when the request changes nothing: a GET or HEAD, or a POST that only asks or reads keys.
    pub fn is_read(&self) -> bool {
        self.method.is_read() || self.asks || !self.captures.is_empty()
    }

    /// The request with what `outputs` knows filled in; secrets and unknown outputs stay marks.
    pub fn shown(&self, outputs: &Outputs) -> Shown {
        self.fill(outputs, &|_| None, &mut Vec::new())
    }

    /// Fills the request. What could not be filled stands as its mark and is named in `missing`.
    pub fn fill(
        &self,
        outputs: &Outputs,
        secret: &dyn Fn(&str) -> Option<String>,
        missing: &mut Vec<String>,
    ) -> Shown {
        let url = self.given_url.clone().unwrap_or_else(|| self.url(outputs, secret, missing));
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), value.fill(outputs, secret, missing)))
            .collect();
        let body = match &self.body {
            Body::Empty => None,
            Body::Json(template) => Some(template.fill(outputs, secret, missing)),
            Body::MergeInto { read, patches } => {
                let mut value = read.clone().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
                for patch in patches {
                    apply(&mut value, patch, outputs, secret, missing);
                }
                Some(value)
            }
        };
        Shown { method: self.method, url, headers, body }
    }

    fn url(
        &self,
        outputs: &Outputs,
        secret: &dyn Fn(&str) -> Option<String>,
        missing: &mut Vec<String>,
    ) -> String {
        let host = self.host.fill(outputs, secret, missing);
        let path = self.path.fill(outputs, secret, missing);
        let mut url = format!("https://{host}{}", escape(&path, Place::Path));
        for (index, (name, value)) in self.query.iter().enumerate() {
            url.push(if index == 0 { '?' } else { '&' });
            url.push_str(&escape(name, Place::Query));
            url.push('=');
            url.push_str(&escape(&value.fill(outputs, secret, missing), Place::Query));
        }
        url
    }
}

fn with_plain_query(url: &str) -> String {
    match url.split_once('?') {
        Some((path, query)) => format!("{path}?{}", query.replace('\'', "%27")),
        None => url.to_owned(),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Path,
    Query,
}

/// Percent-encodes what may not stand in a path or a query value. Marks keep their braces: they are for eyes only,
/// since a request with marks is never sent.
fn escape(text: &str, place: Place) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric()
            || b"-._~!$()*,;:@{}".contains(&byte)
            || byte == b'/'
            // An apostrophe in a query is escaped by every URL parser: what is shown must be what is sent.
            || (place == Place::Path && b"=&+'".contains(&byte));
        if plain {
            escaped.push(byte.into());
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

fn apply(
    value: &mut Value,
    patch: &Patch,
    outputs: &Outputs,
    secret: &dyn Fn(&str) -> Option<String>,
    missing: &mut Vec<String>,
) {
    match patch {
        Patch::Set(pointer, template) => {
            let filled = template.fill(outputs, secret, missing);
            if let Some(place) = ensure_at(value, pointer) {
                *place = filled;
            }
        }
        Patch::Append(pointer, template) => {
            let filled = template.fill(outputs, secret, missing);
            if let Some(place) = ensure_at(value, pointer) {
                match place {
                    Value::Array(items) => items.push(filled),
                    other => *other = Value::Array(vec![filled]),
                }
            }
        }
    }
}

fn ensure_at<'a>(value: &'a mut Value, pointer: &str) -> Option<&'a mut Value> {
    let mut place = value;
    for key in pointer.split('/').skip(1) {
        if !place.is_object() {
            *place = Value::Object(serde_json::Map::new());
        }
        place = place.as_object_mut()?.entry(key).or_insert(Value::Null);
    }
    Some(place)
}
