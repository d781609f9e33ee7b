//! The one network seam: every byte that leaves goes through [`Transport`].
//!
//! It implements azure_core's `HttpClient`, maps hosts by the routes, and returns whole replies of a bounded size. It
//! knows no tokens and repeats nothing. The pipelines and the credentials of azure_identity sit on top of it.

use std::time::Duration;

use async_trait::async_trait;
use azure_core::http::headers::{HeaderName, HeaderValue, Headers};
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Method, Request, StatusCode, Url};
use reqwest::header::{HOST, HeaderMap};

use super::clients::{Clients, USER_AGENT};
use super::error;
use super::options::{AzureError, AzureOptions};
use super::routes::{Routes, authority};
use crate::domain::{ErrorKind, ServiceError};

/// Larger than any reply of the services spoken to: all role definitions of a subscription are about 2 MiB.
const LARGEST_REPLY: usize = 4 * 1024 * 1024;

/// Sends requests for Azure's hosts, by the routes.
#[derive(Clone, Debug)]
pub(super) struct Transport {
    routes: Routes,
    clients: Clients,
    whole: Duration,
}

impl Transport {
    /// Reads the routes and builds the HTTP clients; opens no connection.
    pub fn new(options: &AzureOptions) -> Result<Self, AzureError> {
        let routes = Routes::new(&options.routes)?;
        let clients = Clients::new(options, &routes)?;
        Ok(Self { routes, clients, whole: options.timeouts.whole })
    }

    /// Sends `request` to the host it names, past routes and proxy: for the identity endpoint of the platform that
    /// hubup runs on. The caller has made sure that the host is that one.
    pub async fn send_locally(&self, request: &Request) -> Result<AsyncRawResponse, ServiceError> {
        self.exchange(&self.clients.local, request, request.url().clone(), None).await
    }

    async fn send(&self, request: &Request) -> Result<AsyncRawResponse, ServiceError> {
        let url = request.url();
        let host = authority(url);
        let Some(base) = self.routes.find(url) else {
            if !self.routes.is_empty() {
                return Err(not_sent(format!(
                    "`{host}` has no route in `[network] routes`, and others have"
                )));
            }
            if url.scheme() != "https" {
                return Err(not_sent(format!("`{host}` is named without https")));
            }
            return self.exchange(&self.clients.out, request, url.clone(), None).await;
        };
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let target = Url::parse(&format!("{}{}{query}", base.origin, url.path()))
            .map_err(|error| not_sent(format!("the route of `{host}` does not fit: {error}")))?;
        let client = if base.loopback { &self.clients.local } else { &self.clients.out };
        self.exchange(client, request, target, Some(&host)).await
    }

    async fn exchange(
        &self,
        client: &reqwest::Client,
        request: &Request,
        target: Url,
        host: Option<&str>,
    ) -> Result<AsyncRawResponse, ServiceError> {
        let named = authority(request.url());
        let said = host.filter(|host| *host != authority(&target));
        let place = said.map_or_else(
            || format!("`{named}`"),
            |_| format!("`{named}` (routed to `{}`)", target.origin().ascii_serialization()),
        );
        let sent = built(client, request, target, host)?;
        let exchange = async {
            let reply = client.execute(sent).await.map_err(|error| lost(&error, &place))?;
            whole(reply, &place).await
        };
        tokio::time::timeout(self.whole, exchange).await.unwrap_or_else(|_| {
            let seconds = self.whole.as_secs_f64();
            Err(ServiceError::local(
                ErrorKind::Lost,
                format!("{place} had not answered in full after {seconds} s"),
            ))
        })
    }
}

#[async_trait]
impl HttpClient for Transport {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        self.send(request).await.map_err(error::into_core)
    }
}

/// The request as reqwest sends it: same path, query, headers and body, the `Host` of the original.
fn built(
    client: &reqwest::Client,
    request: &Request,
    target: Url,
    host: Option<&str>,
) -> Result<reqwest::Request, ServiceError> {
    let method = match request.method() {
        Method::Get => reqwest::Method::GET,
        Method::Head => reqwest::Method::HEAD,
        Method::Put => reqwest::Method::PUT,
        Method::Post => reqwest::Method::POST,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
        other => {
            return Err(ServiceError::local(ErrorKind::Refused, format!("hubup sends no {other} requests")));
        }
    };
    let mut builder = client.request(method, target);
    for (name, value) in request.headers().iter() {
        let value = if *name == "user-agent" { USER_AGENT } else { value.as_str() };
        builder = builder.header(name.as_str(), value);
    }
    if let Some(host) = host {
        builder = builder.header(HOST, host);
    }
    let body = match request.body() {
        Body::Bytes(bytes) => bytes.clone(),
        Body::SeekableStream(_) => {
            return Err(ServiceError::local(ErrorKind::Refused, "hubup sends no streams"));
        }
    };
    if !body.is_empty() {
        builder = builder.body(body);
    }
    builder.build().map_err(|error| {
        ServiceError::local(
            ErrorKind::Refused,
            format!("the request was not sent: {}", error::chain(&error.without_url())),
        )
    })
}

/// Reads a reply to its end, unless it is too large.
async fn whole(mut reply: reqwest::Response, place: &str) -> Result<AsyncRawResponse, ServiceError> {
    let status = reply.status().as_u16();
    let headers = merged(reply.headers());
    let too_large = || ServiceError {
        status: Some(status),
        ..ServiceError::local(
            ErrorKind::NotAzure,
            format!("HTTP {status} from {place} with more than 4 MiB: no Azure service answers so"),
        )
    };
    if reply
        .content_length()
        .is_some_and(|length| usize::try_from(length).map_or(true, |l| l > LARGEST_REPLY))
    {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(chunk) = reply.chunk().await.map_err(|error| lost(&error, place))? {
        if body.len() + chunk.len() > LARGEST_REPLY {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(AsyncRawResponse::from_bytes(StatusCode::from(status), headers, body))
}

/// All headers; one that came several times is joined by commas, since azure_core keeps one value for a name.
fn merged(headers: &HeaderMap) -> Headers {
    let mut merged = Headers::new();
    for name in headers.keys() {
        let values: Vec<_> =
            headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        merged.insert(HeaderName::from(name.as_str().to_owned()), HeaderValue::from(values.join(", ")));
    }
    merged
}

/// What became of a request that has no whole reply.
fn lost(error: &reqwest::Error, place: &str) -> ServiceError {
    let cause = causes(error);
    if error.is_connect() {
        return not_sent(format!("{place} cannot be reached: {cause}"));
    }
    if speaks_no_http(error) {
        let message = format!("what answers at {place} does not speak HTTP: {cause}");
        return ServiceError::local(ErrorKind::NotAzure, message);
    }
    let what = if error.is_timeout() { "went silent" } else { "broke off" };
    ServiceError::local(ErrorKind::Lost, format!("{place} {what} before its reply was complete: {cause}"))
}

/// The causes below reqwest's own words, which repeat the URL with its signature.
fn causes(error: &reqwest::Error) -> String {
    let cause =
        std::error::Error::source(error).map_or_else(|| "no cause was given".to_owned(), error::chain);
    error::tidy(&cause)
}

fn speaks_no_http(error: &reqwest::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            return error.is_parse();
        }
        cause = error.source();
    }
    false
}

fn not_sent(message: String) -> ServiceError {
    ServiceError::local(ErrorKind::NotSent, message)
}
