//! A cloud without sockets: a struct that implements `HttpClient`, answers from a function, and remembers.

use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use azure_core::credentials::Secret;
use azure_core::http::headers::{HeaderName, HeaderValue, Headers};
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::azure::reply::Answer;
use crate::azure::{Azure, AzureOptions, Environment};
use crate::domain::{Auth, Method, Request as Template};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

type Reaction = dyn Fn(&Seen) -> azure_core::Result<Answer> + Send + Sync;

pub(super) struct Cloud {
    react: Box<Reaction>,
    seen: Mutex<Vec<Seen>>,
}

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cloud")
    }
}

impl Cloud {
    /// A cloud that answers with what `react` returns; sign-in is answered by the cloud itself.
    pub fn new(react: impl Fn(&Seen) -> azure_core::Result<Answer> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { react: Box::new(react), seen: Mutex::default() })
    }

    /// A cloud that answers every call but sign-in with `answer`.
    pub fn saying(answer: Answer) -> Arc<Self> {
        Self::new(move |seen| {
            if seen.url.starts_with("https://login.") {
                Ok(token_answer("signed-in"))
            } else {
                Ok(answer.clone())
            }
        })
    }

    /// All requests but sign-in's.
    pub fn calls(&self) -> Vec<Seen> {
        self.all().into_iter().filter(|seen| !seen.url.starts_with("https://login.")).collect()
    }

    pub fn all(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

#[async_trait]
impl HttpClient for Cloud {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let body = match request.body() {
            Body::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Body::SeekableStream(_) => panic!("nothing is streamed"),
        };
        let seen = Seen {
            method: request.method().to_string(),
            url: request.url().to_string(),
            headers: request
                .headers()
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), value.as_str().to_owned()))
                .collect(),
            body,
        };
        self.seen.lock().unwrap().push(seen.clone());
        // Others get a turn, as they would on a network.
        tokio::task::yield_now().await;
        let answer = (self.react)(&seen)?;
        Ok(AsyncRawResponse::from_bytes(StatusCode::from(answer.status), answer.headers, answer.body))
    }
}

pub(super) fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Answer {
    let mut kept = Headers::new();
    for (name, value) in headers {
        kept.insert(HeaderName::from((*name).to_owned()), HeaderValue::from((*value).to_owned()));
    }
    Answer { status, headers: kept, body: body.into() }
}

pub(super) fn json(status: u16, body: &str) -> Answer {
    answer(status, &[("content-type", "application/json")], body)
}

/// A web token whose payload is `claims`.
pub(super) fn web_token(claims: &str) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", part(r#"{"alg":"none"}"#), part(claims), part("signature"))
}

/// Sign-in's answer with a token for an hour.
pub(super) fn token_answer(token: &str) -> Answer {
    json(200, &format!(r#"{{"token_type":"Bearer","expires_in":3600,"access_token":"{token}"}}"#))
}

pub(super) const CLIENT_SECRET: &str = "s3cr3t~of-the.principal";

/// Options that sign in as a service principal.
pub(super) fn options() -> AzureOptions {
    AzureOptions {
        environment: Environment {
            tenant_id: Some("11111111-1111-1111-1111-111111111111".into()),
            client_id: Some("22222222-2222-2222-2222-222222222222".into()),
            client_secret: Some(Secret::new(CLIENT_SECRET)),
            ..Environment::default()
        },
        ..AzureOptions::default()
    }
}

pub(super) fn azure(cloud: &Arc<Cloud>) -> Azure {
    Azure::over(options(), cloud.clone(), None)
}

/// A GET at Resource Manager.
pub(super) fn get(path: &str) -> Template {
    Template::new(Method::Get, Auth::ResourceManager, "management.azure.com", path, "2025-04-01")
}

/// A request at Resource Manager.
pub(super) fn arm(method: Method, path: &str) -> Template {
    Template::new(method, Auth::ResourceManager, "management.azure.com", path, "2025-04-01")
}
