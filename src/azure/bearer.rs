//! The policy that proves with a token who calls; one for each audience.
//!
//! It sees the URL as it is named, never where a route leads, and gives a token to https and to its own hosts only:
//! status URLs come out of reply headers.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Request, Url};

use super::error;
use super::routes::authority;
use super::stamp::proceed;
use super::token::{Kept, Tokens};
use crate::domain::{ErrorKind, ServiceError, clean};

/// An audience: what a token is for, and whose host is given it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Audience {
    pub scope: String,
    /// Lower case, with a port when it is not 443.
    pub host: String,
    /// Whether a region's own host below it is given the token too.
    regional: bool,
}

impl Audience {
    /// The audience of the API at `host`.
    pub fn of(host: &str) -> Self {
        let host = host.to_ascii_lowercase();
        let host = host.strip_suffix(":443").unwrap_or(&host).to_owned();
        Self { scope: format!("https://{host}/.default"), host, regional: false }
    }

    /// This audience with the hosts that regions have below its own: one label of lower-case letters and digits (contract
    /// links-2026, section 2: `https://{location}.management.azure.com`, the token's audience staying as it is).
    #[must_use]
    pub fn with_regions(mut self) -> Self {
        self.regional = true;
        self
    }

    fn names(&self, authority: &str) -> bool {
        let region = || {
            let label = authority.strip_suffix(&self.host)?.strip_suffix('.')?;
            (!label.is_empty())
                .then(|| label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()))
        };
        authority == self.host || self.regional && region().unwrap_or_default()
    }

    /// Fails with `NotAzure` unless `url` is https and names this audience's host.
    pub fn admit(&self, url: &Url) -> Result<(), ServiceError> {
        if url.scheme() == "https" && self.names(&authority(url)) && url.username().is_empty() {
            return Ok(());
        }
        Err(refused(url, &format!("`https://{}`", self.host)))
    }
}

/// The refusal to call `url` because only `wanted` is called so.
pub(super) fn refused(url: &Url, wanted: &str) -> ServiceError {
    let named = clean(&format!("{}://{}", url.scheme(), authority(url)), 200);
    ServiceError::local(
        ErrorKind::NotAzure,
        format!("`{named}` was not called and no token was sent: only {wanted} is called here"),
    )
}

/// Where the policy notes which token it sent; it travels in the pipeline's context.
#[derive(Clone, Default)]
pub(super) struct Sent(Arc<Mutex<Option<Kept>>>);

impl Sent {
    /// The token that was sent, if one was.
    pub fn token(&self) -> Option<Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, token: &Kept) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
    }
}

/// Puts the audience's token on each request.
#[derive(Debug)]
pub(super) struct BearerPolicy {
    pub audience: Audience,
    pub tokens: Arc<Tokens>,
}

#[async_trait]
impl Policy for BearerPolicy {
    async fn send(&self, ctx: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        self.audience.admit(request.url()).map_err(error::into_core)?;
        let token = self.tokens.get(&self.audience.scope).await.map_err(error::into_core)?;
        request.insert_header("authorization", format!("Bearer {}", token.secret.secret()));
        if let Some(sent) = ctx.value::<Sent>() {
            sent.note(&token);
        }
        proceed(ctx, request, next).await
    }
}
