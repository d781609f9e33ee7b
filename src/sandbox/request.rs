//! One request as the step sees it: plain values, nothing of the server.
//!
//! Paths and query strings are kept byte for byte, because status URLs must come back exactly as they were given.

use serde_json::Value;

use super::reply::Refusal;

/// A request that has arrived whole.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Upper case.
    pub(crate) method: String,
    /// The host as asked for, without a port, lower case; empty when there was none.
    pub(crate) host: String,
    /// The `Host` header as it came, for building links that lead back here.
    pub(crate) authority: String,
    /// Whether it came through TLS.
    pub(crate) secure: bool,
    /// Still percent-encoded.
    pub(crate) path: String,
    /// Still percent-encoded, without the question mark; `None` when there was no question mark.
    pub(crate) query: Option<String>,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A decoded query parameter; names are compared without case, as Azure does.
    pub(crate) fn query_value(&self, name: &str) -> Option<String> {
        pairs(self.query.as_deref().unwrap_or_default())
            .into_iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The query with one parameter set anew, for a link that repeats the request. Clients encode names as they like, so the
    /// earlier value is found by the decoded name.
    pub(crate) fn query_with(&self, name: &str, value: &str) -> String {
        let query = self.query.as_deref().unwrap_or_default();
        let other = |part: &&str| {
            let key = part.split('=').next().unwrap_or_default();
            !part.is_empty() && !decode(key, true).eq_ignore_ascii_case(name)
        };
        let own = format!("{name}={value}");
        let kept = query.split('&').filter(other);
        kept.chain([own.as_str()]).collect::<Vec<_>>().join("&")
    }

    /// Decoded path segments. An empty segment in the middle is kept: it is a mistake worth naming.
    pub(crate) fn segments(&self) -> Vec<String> {
        let trimmed = self.path.strip_prefix('/').unwrap_or(&self.path);
        let trimmed = trimmed.strip_suffix('/').unwrap_or(trimmed);
        if trimmed.is_empty() {
            Vec::new()
        } else {
            trimmed.split('/').map(|part| decode(part, false)).collect()
        }
    }

    /// Path and query exactly as they came.
    pub(crate) fn path_and_query(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// Whether the client addressed the loopback server itself instead of an Azure host.
    pub(crate) fn to_loopback(&self) -> bool {
        matches!(self.host.as_str(), "" | "localhost" | "127.0.0.1" | "[::1]")
    }

    /// The start of a link that reaches the same host again.
    pub(crate) fn link_base(&self) -> String {
        if self.to_loopback() {
            let scheme = if self.secure { "https" } else { "http" };
            format!("{scheme}://{}", self.authority)
        } else {
            format!("https://{}", self.host)
        }
    }

    pub(crate) fn is_read(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD")
    }

    /// The JSON body of a write in ARM's terms.
    ///
    /// # Errors
    /// 415 for another content type, `InvalidRequestContent` for a body that is missing, broken or no object.
    pub(crate) fn json_object(&self) -> Result<Value, Refusal> {
        let kind = self.header("content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            return Err(Refusal::arm(
                415,
                "UnsupportedMediaType",
                format!(
                    "The content media type '{kind}' is not supported. Only 'application/json' is supported."
                ),
            ));
        }
        let value: Value = serde_json::from_slice(&self.body).map_err(|error| {
            Refusal::arm(
                400,
                "InvalidRequestContent",
                format!("The request content was invalid and could not be deserialized: '{error}'."),
            )
        })?;
        if value.is_object() {
            Ok(value)
        } else {
            Err(Refusal::arm(
                400,
                "InvalidRequestContent",
                "The request content must be a JSON object.".to_owned(),
            ))
        }
    }
}

/// Decoded name and value pairs of a query string or form body, in order.
pub(crate) fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|part| !part.is_empty())
        .map(|part| match part.split_once('=') {
            Some((name, value)) => (decode(name, true), decode(value, true)),
            None => (decode(part, true), String::new()),
        })
        .collect()
}

/// Percent decoding; what is no valid escape stays as it is, and bytes that are no UTF-8 are replaced.
pub(crate) fn decode(text: &str, plus_is_space: bool) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(&byte) = bytes.get(index) {
        let escape = if byte == b'%' { bytes.get(index + 1..index + 3) } else { None };
        let value = escape.and_then(|digits| std::str::from_utf8(digits).ok()).and_then(|digits| {
            if digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                u8::from_str_radix(digits, 16).ok()
            } else {
                None
            }
        });
        if let Some(value) = value {
            decoded.push(value);
            index += 3;
        } else {
            decoded.push(if byte == b'+' && plus_is_space { b' ' } else { byte });
            index += 1;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
