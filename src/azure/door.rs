//! What credentials send through: a transport that lets them speak to one place only, and that
//! tells a sign-in that is down from a sign-in that says no.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::http::{AsyncRawResponse, HttpClient, Request, StatusCode};
use jiff::Timestamp;

use super::bearer::refused;
use super::error;
use super::reply::Answer;
use super::routes::authority;
use super::transport::Transport;
use crate::domain::{ErrorKind, ServiceError};

/// To Microsoft Entra, by the routes.
#[derive(Debug)]
pub(super) struct LoginDoor {
    pub transport: Arc<dyn HttpClient>,
}

#[async_trait]
impl HttpClient for LoginDoor {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let host = authority(request.url());
        let reply = self.transport.execute_request(request).await.map_err(|error| {
            let error = error::of_core(&error);
            // Whatever became of the token request, the call that it was for has not left.
            let kind = if error.kind == ErrorKind::Lost { ErrorKind::NotSent } else { error.kind };
            error::into_core(ServiceError { kind, ..error })
        })?;
        checked(reply, &host).await
    }
}

/// Passes on what may be a sign-in's answer; everything else becomes an error of its own kind.
async fn checked(reply: AsyncRawResponse, host: &str) -> azure_core::Result<AsyncRawResponse> {
    let answer = Answer::from(reply.try_into_raw_response().await?);
    let is_json =
        serde_json::from_slice::<serde_json::Value>(&answer.body).is_ok_and(|body| body.is_object());
    let wrong = |kind, what: String| {
        let now = Timestamp::UNIX_EPOCH;
        let retry_after = answer.retry_after(now);
        Err(error::into_core(ServiceError { retry_after, ..ServiceError::local(kind, what) }))
    };
    match answer.status {
        429 => wrong(ErrorKind::Throttled, format!("sign-in at `{host}` is limiting calls: HTTP 429")),
        status @ (408 | 500..=599) => {
            wrong(ErrorKind::NotSent, format!("sign-in at `{host}` could not answer: HTTP {status}"))
        }
        status @ (200..=299 | 400..=499) if !is_json => {
            let begins = error::beginning(&answer.body);
            let what = format!("what answers for sign-in at `{host}` is not it: HTTP {status}, `{begins}`");
            wrong(ErrorKind::NotAzure, what)
        }
        status @ (200..=299 | 400..=499) => {
            Ok(AsyncRawResponse::from_bytes(StatusCode::from(status), answer.headers, answer.body))
        }
        status => {
            let what = format!("what answers for sign-in at `{host}` is not it: HTTP {status}");
            wrong(ErrorKind::NotAzure, what)
        }
    }
}

/// To the identity endpoint of the platform, past routes and proxy.
#[derive(Debug)]
pub(super) struct PlatformDoor {
    pub transport: Arc<Transport>,
    /// `host[:port]` of the only address that may be called.
    pub authority: String,
}

#[async_trait]
impl HttpClient for PlatformDoor {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        if authority(request.url()) != self.authority {
            return Err(error::into_core(refused(request.url(), &format!("`{}`", self.authority))));
        }
        self.transport.send_locally(request).await.map_err(error::into_core)
    }
}
