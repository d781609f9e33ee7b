//! The record of a server: every exchange as one line of JSON, in the order of the answers.
//!
//! What guards something elsewhere has no place in it: credentials in headers and forms, and the tokens that are given out, are
//! masked. Keys of hubs and provisioning services stand in it as they were sent. Kept by the server before an answer leaves.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use serde_json::{Map, Value, json};

use super::delivery;
use super::reply::Reply;
use super::request::{Request, pairs};

const MASK: &str = "***";
/// Names in forms and in replies of the sign-in host whose values are secrets.
const SECRETS: [&str; 7] = [
    "client_secret",
    "client_assertion",
    "code_verifier",
    "password",
    "access_token",
    "refresh_token",
    "id_token",
];

/// An open record.
pub(crate) struct Recorder {
    file: File,
}

impl Recorder {
    /// Opens the file to append to; it is made when missing, readable by its owner only.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self { file: options.open(path)? })
    }

    /// Appends one exchange.
    pub(crate) fn keep(&mut self, request: &Request, reply: &Reply) -> io::Result<()> {
        let line = json!({
            "method": request.method,
            "url": format!("{}{}", request.link_base(), request.path_and_query()),
            "headers": sent_headers(request),
            "body": sent_body(request),
            "status": reply.status,
            "reply_headers": delivery::headers(reply)
                .iter()
                .map(|(name, value)| (name.to_string(), json!(String::from_utf8_lossy(value.as_bytes()))))
                .collect::<Map<_, _>>(),
            "reply_body": reply.body.clone().map(masked),
        });
        self.file.write_all(format!("{line}\n").as_bytes())
    }
}

/// Of a credential only its kind is kept.
fn sent_headers(request: &Request) -> Map<String, Value> {
    let mut headers = Map::new();
    for (name, value) in &request.headers {
        let value = match name.as_str() {
            "authorization" => {
                format!(
                    "{} {MASK}",
                    value.split(' ').next().filter(|kind| *kind != value).unwrap_or_default()
                )
            }
            "x-identity-header" => MASK.to_owned(),
            _ => value.clone(),
        };
        headers.insert(name.clone(), json!(value));
    }
    headers
}

/// JSON as JSON, a form as its names and values, anything else as text.
fn sent_body(request: &Request) -> Value {
    if request.body.is_empty() {
        return Value::Null;
    }
    if let Ok(body) = serde_json::from_slice(&request.body) {
        return body;
    }
    let text = String::from_utf8_lossy(&request.body);
    if request
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
    {
        return masked(pairs(&text).into_iter().map(|(name, value)| (name, json!(value))).collect());
    }
    json!(text)
}

fn masked(mut body: Value) -> Value {
    if let Value::Object(fields) = &mut body {
        for (name, value) in fields.iter_mut().filter(|(name, _)| SECRETS.contains(&name.as_str())) {
            if value.is_string() || name == "password" {
                *value = json!(MASK);
            }
        }
    }
    body
}
