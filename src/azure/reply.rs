//! Reads what came back: status, headers and body become a `Reply`, or the error they tell of.

use std::time::Duration;

use azure_core::http::RawResponse;
use azure_core::http::headers::{HeaderName, Headers};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde_json::Value;

use super::error;
use crate::domain::{ErrorKind, Reply, ServiceError, clean};

/// A span that no clock overflows with: 136 years.
const LONGEST_WAIT: u64 = u32::MAX as u64;

/// What came back, whole.
#[derive(Clone)]
pub(super) struct Answer {
    pub status: u16,
    pub headers: Headers,
    pub body: Vec<u8>,
}

impl From<RawResponse> for Answer {
    fn from(raw: RawResponse) -> Self {
        let (status, headers, body) = raw.deconstruct();
        Self { status: u16::from(status), headers, body: body.to_vec() }
    }
}

impl Answer {
    /// The header called `name`, which is lower case.
    pub fn header(&self, name: &'static str) -> Option<&str> {
        self.headers.get_optional_str(&HeaderName::from_static(name)).filter(|value| !value.is_empty())
    }

    fn owned(&self, name: &'static str) -> Option<String> {
        self.header(name).map(str::to_owned)
    }

    /// The service's id of this request, cleaned: it is shown as it is.
    pub fn request_id(&self) -> Option<String> {
        ["x-ms-request-id", "x-ms-requestid", "request-id", "x-ms-routing-request-id"]
            .into_iter()
            .find_map(|name| self.header(name))
            .map(|id| clean(id, 100))
    }

    /// The service's correlation id, cleaned.
    pub fn correlation_id(&self) -> Option<String> {
        self.header("x-ms-correlation-request-id").map(|id| clean(id, 100))
    }

    /// The time that the service has.
    pub fn date(&self) -> Option<Timestamp> {
        self.header("date").and_then(http_date)
    }

    /// How long the service asks to wait: the exact headers first, then `Retry-After` in seconds or as a date.
    /// Never shorter than what was asked for (design, section 5).
    pub fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        for name in ["retry-after-ms", "x-ms-retry-after-ms"] {
            let exact = self.header(name).and_then(|millis| millis.trim().parse::<u64>().ok());
            if let Some(millis) = exact {
                return Some(Duration::from_millis(millis.min(LONGEST_WAIT * 1000)));
            }
        }
        let asked = self.header("retry-after")?.trim();
        if let Ok(seconds) = asked.parse::<u64>() {
            return Some(Duration::from_secs(seconds.min(LONGEST_WAIT)));
        }
        if let Ok(seconds) = asked.parse::<f64>() {
            // Not in the standard, but a service that sends a fraction means it.
            let sane = seconds.is_finite() && seconds >= 0.0;
            return sane.then(|| Duration::from_secs_f64(seconds.min(f64::from(u32::MAX))));
        }
        let until = http_date(asked)?;
        // Against the service's own clock where it gives it: this machine's may be wrong.
        let from = self.date().unwrap_or(now);
        Some(Duration::try_from(until.duration_since(from)).unwrap_or(Duration::ZERO))
    }

    /// The reply when it is a success, else the error.
    pub fn into_reply(self, now: Timestamp) -> Result<Reply, ServiceError> {
        if !(200..300).contains(&self.status) {
            return Err(error::of_answer(&self, now));
        }
        let body = self.json(now)?;
        Ok(Reply {
            status: self.status,
            etag: self.owned("etag").or_else(|| body.get("etag").and_then(Value::as_str).map(str::to_owned)),
            request_id: self.request_id(),
            correlation_id: self.correlation_id(),
            async_operation: self.owned("azure-asyncoperation"),
            location: self.owned("location"),
            retry_after: self.retry_after(now),
            date: self.owned("date"),
            body,
        })
    }

    /// The body of a success; `Null` when there is none.
    fn json(&self, now: Timestamp) -> Result<Value, ServiceError> {
        let body = error::without_mark(&self.body);
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Value::Null);
        }
        serde_json::from_slice(body).map_err(|parse| {
            // JSON that ends early was cut on the way; anything else was never JSON.
            let (kind, what) = if parse.is_eof() {
                (ErrorKind::Lost, "the reply ends in the middle of its JSON".to_owned())
            } else {
                let begins = error::beginning(body);
                (ErrorKind::NotAzure, format!("the reply is not JSON; it begins `{begins}`"))
            };
            ServiceError { kind, message: what, ..error::bare(self, now) }
        })
    }
}

/// A date of HTTP (`Sun, 06 Nov 1994 08:49:37 GMT`).
fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text.trim()).ok()
}
