//! Makes a `ServiceError` of every way to fail: all shapes of contract preview-2025, section 1.2, replies that no
//! Azure service sends, and calls that got no reply.

use azure_core::error::ErrorKind as CoreKind;
use jiff::Timestamp;
use serde_json::Value;

use super::redact;
use super::reply::Answer;
use crate::domain::{ErrorKind, ServiceError, clean};

/// Bytes of an error body that are looked at.
const LOOKED_AT: usize = 256 * 1024;
/// Characters that a message keeps.
const LONGEST_MESSAGE: usize = 2_000;
const LONGEST_CODE: usize = 120;
/// Nested errors are followed no deeper: three levels occur.
const DEEPEST: usize = 6;

/// The error that a reply outside 2xx tells.
pub(super) fn of_answer(answer: &Answer, now: Timestamp) -> ServiceError {
    let error = bare(answer, now);
    if !(400..600).contains(&answer.status) {
        return ServiceError { message: not_azure(answer), ..error };
    }
    let whole = without_mark(&answer.body);
    let body = whole.get(..LOOKED_AT).unwrap_or(whole);
    let header_code = answer.header("x-ms-error-code").map(|code| clean(code, LONGEST_CODE));
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        let said = said(&value, 0);
        let code = said.code.or(header_code);
        let message = Some(tidy(&said.message)).filter(|message| !message.is_empty());
        let message = message.unwrap_or_else(|| format!("HTTP {} without a message", answer.status));
        return ServiceError { code, message, ..error };
    }
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if tidy(text).is_empty() {
        return ServiceError {
            code: header_code,
            message: format!("HTTP {} without a body", answer.status),
            ..error
        };
    }
    // 429 and 5xx come from Azure's own front doors as HTML too; the engine repeats them whoever sent them.
    let repeated = matches!(error.kind, ErrorKind::Throttled | ErrorKind::Service);
    if is_html(answer, text) {
        let kind = if repeated { error.kind } else { ErrorKind::NotAzure };
        return ServiceError {
            kind,
            code: header_code,
            message: format!("HTTP {} with a web page: {}", answer.status, title(text)),
            ..error
        };
    }
    // Text, or JSON that was cut: shown as it came.
    ServiceError { code: header_code, message: tidy(text), ..error }
}

/// The error of an answer without code and message.
pub(super) fn bare(answer: &Answer, now: Timestamp) -> ServiceError {
    ServiceError {
        kind: kind_of(answer.status),
        status: Some(answer.status),
        code: None,
        message: String::new(),
        request_id: answer.request_id(),
        correlation_id: answer.correlation_id(),
        retry_after: answer.retry_after(now),
    }
}

/// The kind of a status, as `ErrorKind` documents.
pub(super) fn kind_of(status: u16) -> ErrorKind {
    match status {
        401 => ErrorKind::Auth,
        403 => ErrorKind::Forbidden,
        404 | 410 => ErrorKind::NotFound,
        409 | 412 => ErrorKind::Conflict,
        429 => ErrorKind::Throttled,
        408 | 500..=599 => ErrorKind::Service,
        // A proxy asks for its own sign-in.
        407 => ErrorKind::NotAzure,
        400..=499 => ErrorKind::Refused,
        _ => ErrorKind::NotAzure,
    }
}

fn not_azure(answer: &Answer) -> String {
    match (answer.status, answer.header("location")) {
        (300..=399, Some(to)) => {
            let to = to.split(['?', '#']).next().unwrap_or_default();
            format!("HTTP {}, a redirect to `{}`: Azure sends none", answer.status, clean(to, 200))
        }
        _ => format!("HTTP {}: Azure never answers so", answer.status),
    }
}

/// What the body of an operation that ended Failed or Canceled says: code, if any, and message, if any.
pub(super) fn of_operation(body: &Value) -> (Option<String>, Option<String>) {
    let said = body
        .get("error")
        .filter(|error| !error.is_null())
        .or_else(|| body.pointer("/properties/error").filter(|error| !error.is_null()))
        .map_or_else(|| said(body, 0), |error| said(error, 0));
    (said.code, Some(tidy(&said.message)).filter(|message| !message.is_empty()))
}

#[derive(Default)]
struct Said {
    code: Option<String>,
    message: String,
}

/// Reads `error.code`, then `code`, then `errorCode`, text or number; likewise the message; then what is nested
/// below, because the cause often stands there.
fn said(value: &Value, depth: usize) -> Said {
    if depth > DEEPEST {
        return Said::default();
    }
    let object = match value {
        Value::Object(object) => object,
        Value::String(text) => return Said { code: None, message: text.clone() },
        Value::Array(items) => return items.first().map(|item| said(item, depth + 1)).unwrap_or_default(),
        _ => return Said::default(),
    };
    let any = |names: &[&str]| {
        names.iter().find_map(|name| {
            object
                .iter()
                .find(|(key, value)| key.eq_ignore_ascii_case(name) && !value.is_null())
                .map(|(_, value)| value)
        })
    };
    match any(&["error", "odata.error"]) {
        Some(inner @ Value::Object(_)) => return said(inner, depth + 1),
        Some(Value::String(code)) => {
            // Sign-in's form (RFC 6749, 5.2).
            let message = any(&["error_description", "message"]).and_then(Value::as_str).unwrap_or_default();
            return Said { code: Some(clean(code, LONGEST_CODE)), message: message.to_owned() };
        }
        _ => {}
    }
    let code = any(&["code", "errorCode"]).and_then(code_text);
    let mut message = match any(&["message", "error_description", "exceptionMessage", "title"]) {
        Some(Value::String(text)) => text.clone(),
        // Graph's older form: {"lang": ..., "value": ...}.
        Some(Value::Object(inner)) => {
            inner.get("value").and_then(Value::as_str).unwrap_or_default().to_owned()
        }
        _ => String::new(),
    };
    if let Some(inner) = embedded(&message) {
        // A provider's whole error as the text of Resource Manager's.
        let inner = said(&inner, depth + 1);
        if !inner.message.is_empty() {
            message = inner.code.map_or(inner.message.clone(), |code| format!("{code}: {}", inner.message));
        }
    }
    for nested in ["details", "innererror", "innerError"].iter().filter_map(|name| object.get(*name)) {
        let items = match nested {
            Value::Array(items) => items.as_slice(),
            Value::Null => continue,
            other => std::slice::from_ref(other),
        };
        for item in items.iter().take(10) {
            let inner = said(item, depth + 1);
            let part = match (&inner.code, inner.message.as_str()) {
                (_, text) if !text.is_empty() && message.contains(text) => continue,
                (None, "") => continue,
                (Some(code), "") => code.clone(),
                (Some(code), text) => format!("{code}: {text}"),
                (None, text) => text.to_owned(),
            };
            message.push_str(if message.is_empty() { "" } else { "; " });
            message.push_str(&part);
        }
    }
    Said { code, message }
}

fn code_text(value: &Value) -> Option<String> {
    match value {
        Value::String(code) if !code.is_empty() => Some(clean(code, LONGEST_CODE)),
        Value::Number(code) => Some(code.to_string()),
        _ => None,
    }
}

/// The JSON object that a message is, if it is one.
fn embedded(message: &str) -> Option<Value> {
    let text = message.trim();
    (text.starts_with('{') && text.ends_with('}'))
        .then(|| serde_json::from_str::<Value>(text).ok())
        .flatten()
        .filter(Value::is_object)
}

/// A service's text as it may be shown: no control bytes, no secrets by form, no more than fits a screen.
pub(super) fn tidy(text: &str) -> String {
    let whole = clean(text, LOOKED_AT);
    clean(redact::text(whole.trim()).trim(), LONGEST_MESSAGE)
}

/// How a body begins, for a person to recognise the proxy or portal that sent it.
pub(super) fn beginning(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..600).unwrap_or(body)).into_owned();
    clean(tidy(&text).replace('\n', " ").trim(), 120)
}

/// The bytes after a byte order mark.
pub(super) fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)
}

fn is_html(answer: &Answer, text: &str) -> bool {
    let kind = answer.header("content-type").unwrap_or_default().to_ascii_lowercase();
    kind.contains("html") || text.starts_with('<')
}

/// The title of a web page, else how it begins.
fn title(page: &str) -> String {
    let lower = page.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|at| {
        let from = at + lower.get(at..)?.find('>')? + 1;
        let to = from + lower.get(from..)?.find('<')?;
        page.get(from..to)
    });
    match title.map(str::trim).filter(|title| !title.is_empty()) {
        Some(title) => format!("`{}`", clean(tidy(title).replace('\n', " ").trim(), 120)),
        None => format!("`{}`", beginning(page.as_bytes())),
    }
}

/// The error of a call that got no answer. One that `azure` made itself comes back as it was; of others, the kind
/// says whether the request had left.
pub(super) fn of_core(error: &azure_core::Error) -> ServiceError {
    if let Some(ours) = carried(error) {
        return ours;
    }
    let kind = match error.kind() {
        CoreKind::Connection => ErrorKind::NotSent,
        CoreKind::Credential => ErrorKind::Auth,
        _ => ErrorKind::Lost,
    };
    ServiceError::local(kind, tidy(&chain(error)))
}

/// The `ServiceError` inside `error`, however deep.
pub(super) fn carried(error: &azure_core::Error) -> Option<ServiceError> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(ours) = error.downcast_ref::<ServiceError>() {
            return Some(ours.clone());
        }
        cause = error.source();
    }
    None
}

/// `error` as azure_core carries it through its pipeline.
pub(super) fn into_core(error: ServiceError) -> azure_core::Error {
    azure_core::Error::new(CoreKind::Other, error)
}

/// An error and all its causes. azure_core's `Display` shows the outermost alone.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !more.is_empty() && !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}
