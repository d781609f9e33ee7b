//! Fills a request with outputs and secrets: the only place where both meet.

use std::fmt;

use azure_core::http::Url;

use super::vault::Vault;
use crate::domain::{ErrorKind, Method, Outputs, Request, ServiceError, Shown};

/// A request ready to be sent. It may hold secrets, so its `Debug` tells method and host only, and it cannot be
/// serialised.
#[derive(Clone)]
pub struct Rendered {
    shown: Shown,
    url: Url,
}

impl Rendered {
    /// The request with everything filled in, secrets included: for sending and for comparing in tests.
    pub fn exposed(&self) -> &Shown {
        &self.shown
    }

    /// The HTTP method.
    pub fn method(&self) -> Method {
        self.shown.method
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }
}

impl fmt::Debug for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rendered")
            .field("method", &self.shown.method)
            .field("host", &self.url.host_str())
            .finish_non_exhaustive()
    }
}

/// Fills `request` from `outputs` and `vault`.
///
/// Fails with `Refused`, naming what is missing, when a hole cannot be filled, and when the URL would not arrive as
/// it is shown.
pub fn render(request: &Request, outputs: &Outputs, vault: &Vault) -> Result<Rendered, ServiceError> {
    let mut missing = Vec::new();
    let secret = |name: &str| vault.get(name).map(|secret| secret.secret().to_owned());
    let shown = request.fill(outputs, &secret, &mut missing);
    if !missing.is_empty() {
        missing.dedup();
        return Err(ServiceError::local(
            ErrorKind::Refused,
            format!("the request was not sent: nothing gives a value for {}", missing.join(", ")),
        ));
    }
    let url = exact_url(&shown.url)?;
    Ok(Rendered { shown, url })
}

/// Parses `text`, refusing what a URL parser would change: dot segments, spaces, control characters.
pub(super) fn exact_url(text: &str) -> Result<Url, ServiceError> {
    let url = Url::parse(text).map_err(|error| {
        ServiceError::local(
            ErrorKind::Refused,
            format!("the request was not sent: its URL is malformed: {error}"),
        )
    })?;
    let sent = after_host(url.as_str());
    if url.host_str().is_none() || sent != after_host(text) {
        return Err(ServiceError::local(
            ErrorKind::Refused,
            "the request was not sent: its URL holds characters that would change on the way",
        ));
    }
    Ok(url)
}

/// Path and query as they stand, `/` when there are none.
fn after_host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.find(['/', '?']).map_or("", |at| &rest[at..]);
    if rest.is_empty() { "/" } else { rest }
}
