//! A plain HTTP client for the sandbox's tests: it keeps the Azure host and changes only the TCP target.

use std::path::Path;

use hubup::sandbox::{Sandbox, SandboxOptions, WorldSource, open};
use serde_json::{Value, json};

pub const SUBSCRIPTION: &str = "11111111-1111-4111-8111-111111111111";
pub const ARM: &str = "management.azure.com";

/// No eventual consistency, and nothing waits.
pub const CALM: &str = "[latency]\nprincipal = 0\nrole_effective = 0\nrole_definition = 0\nhub_certificate = 0\nlet_go = 0\ndps_data_plane = 0\n";

/// A running sandbox with a signed-in client.
pub struct Azure {
    pub sandbox: Sandbox,
    pub client: reqwest::Client,
    pub token: String,
}

pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Answer {
    /// The error code in any of the services' shapes.
    pub fn code(&self) -> String {
        let code = self
            .body
            .pointer("/error/code")
            .or_else(|| self.body.get("code"))
            .or_else(|| self.body.get("errorCode"));
        match code {
            Some(Value::String(text)) => text.clone(),
            Some(number) => number.to_string(),
            None => String::new(),
        }
    }

    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    }

    pub fn text(&self, pointer: &str) -> String {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.code().as_str()), (status, code), "{}", self.body);
        self
    }
}

impl Azure {
    pub async fn open(folder: &Path, world: &str, speed: f64) -> Self {
        let world = WorldSource::Text(world.to_owned());
        Self::with(SandboxOptions { folder: folder.to_owned(), speed, world, port: 0 }).await
    }

    pub async fn with(options: SandboxOptions) -> Self {
        // Another test of this process may have been first.
        _ = rustls::crypto::ring::default_provider().install_default();
        Self::of(open(options).await.unwrap()).await
    }

    /// A client of a sandbox that runs.
    pub async fn of(sandbox: Sandbox) -> Self {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let mut azure = Self { sandbox, client, token: String::new() };
        azure.token =
            azure.sign_in("https://management.azure.com/.default").await.expect(200).text("/access_token");
        azure
    }

    pub async fn sign_in(&self, scope: &str) -> Answer {
        let sign_in = self.sandbox.sign_in();
        let form = [
            ("client_id", sign_in.client_id.as_str()),
            ("client_secret", sign_in.client_secret.as_str()),
            ("grant_type", "client_credentials"),
            ("scope", scope),
        ];
        let url = format!("http://{}/{}/oauth2/v2.0/token", self.sandbox.address(), sign_in.tenant);
        let request = self.client.post(url).header("host", "login.microsoftonline.com").form(&form);
        Self::read(request).await
    }

    pub async fn read(request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null) }
    }

    pub async fn send(
        &self,
        method: &str,
        host: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let url = format!("http://{}{path}", self.sandbox.address());
        let mut request = self.client.request(method.parse().unwrap(), url).header("host", host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        Self::read(request).await
    }

    pub async fn arm(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        self.send(method, ARM, path, &[("authorization", &bearer)], body).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.arm("GET", path, None).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.arm("PUT", path, Some(&body)).await
    }

    /// Polls a status URL as given, until it is done; the number of polls comes back too.
    pub async fn poll(&self, url: &str) -> (Answer, u32) {
        let path = url.strip_prefix("https://management.azure.com").expect("a status URL of the same host");
        for polls in 1..=1000 {
            let answer = self.get(path).await;
            let running =
                answer.status == 202 || matches!(answer.text("/status").as_str(), "Running" | "Accepted");
            if !running {
                return (answer, polls);
            }
        }
        panic!("the operation never ends");
    }

    /// Puts, and polls whatever header comes back.
    pub async fn put_and_wait(&self, path: &str, body: Value) -> Answer {
        let accepted = self.put(path, body).await;
        assert!(matches!(accepted.status, 200 | 201), "{} {}", accepted.status, accepted.body);
        let url = [accepted.header("azure-asyncoperation"), accepted.header("location")]
            .into_iter()
            .find(|url| !url.is_empty());
        if let Some(url) = url {
            self.poll(&url).await.0.expect(200);
        }
        self.get(path).await
    }
}

pub fn group_path(rest: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/devices{rest}")
}

pub fn east() -> Value {
    json!({"location": "eastus2", "tags": {}})
}
