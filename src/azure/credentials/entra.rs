//! The endpoints of Microsoft Entra: a form goes out, a grant or a denial comes back.
//!
//! Facts: RFC 6749 (5.1, 5.2), the Microsoft identity platform's v2.0 endpoints. It keeps nothing and asks nobody.

use std::sync::Arc;

use azure_core::credentials::{AccessToken, Secret};
use azure_core::http::{HttpClient, Method, Request, Url};
use azure_core::time::OffsetDateTime;
use serde_json::Value;

use super::words::{INTERACTION, code_in};
use crate::azure::clock::Clock;
use crate::azure::error;
use crate::azure::options::AzureOptions;
use crate::azure::reply::Answer;
use crate::azure::routes::Routes;
use crate::domain::{ErrorKind, ServiceError, clean};

/// The tenant that is named while none is known: any of an organisation.
pub(crate) const ANY_TENANT: &str = "organizations";

/// Entra, as it is reached.
#[derive(Debug)]
pub(crate) struct Entra {
    login: String,
    door: Arc<dyn HttpClient>,
    clock: Clock,
    /// `scheme://host` as a browser of this machine reaches it.
    browsed: String,
}

/// A token and what came with it.
pub(crate) struct Granted {
    pub access: AccessToken,
    pub refresh: Option<Secret>,
}

/// Why there is none.
#[derive(Clone, Debug)]
pub(crate) struct Denied {
    /// The OAuth error.
    pub error: String,
    status: u16,
    says: String,
    /// Claims that the next sign-in has to bring, as JSON.
    pub claims: Option<String>,
}

/// What a token request ended in.
pub(crate) enum Outcome {
    Granted(Granted),
    Denied(Denied),
}

impl Entra {
    /// Entra of the options' cloud, through `door`.
    pub fn new(options: &AzureOptions, door: Arc<dyn HttpClient>) -> Self {
        let login = options.cloud.login.clone();
        let named = format!("https://{login}");
        // A browser knows no routes, so it is given the place that they lead to.
        let routed = || {
            let routes = Routes::new(&options.routes).ok()?;
            Some(routes.find(&Url::parse(&named).ok()?)?.origin.clone())
        };
        let browsed = routed().unwrap_or(named);
        Self { login, door, clock: options.clock.clone(), browsed }
    }

    /// The address of a tenant's endpoint, as clients name it.
    pub fn address(&self, tenant: &str, leaf: &str) -> String {
        format!("https://{}/{tenant}/oauth2/v2.0/{leaf}", self.login)
    }

    /// The address at which a person's browser signs in, with these parameters.
    pub fn browsed(&self, tenant: &str, query: &[(&str, &str)]) -> Result<String, ServiceError> {
        let tenant = checked(tenant)?;
        let mut url = parsed(&format!("{}/{tenant}/oauth2/v2.0/authorize", self.browsed))?;
        url.query_pairs_mut().extend_pairs(query);
        Ok(url.into())
    }

    /// Seconds since 1970, for assertions.
    pub fn now(&self) -> i64 {
        self.clock.now().as_second()
    }

    /// Asks for a token. A refusal in Entra's own form is an outcome; everything else is an error.
    pub async fn token(&self, tenant: &str, form: &[(&str, &str)]) -> Result<Outcome, ServiceError> {
        let (status, body) = self.post(tenant, "token", form).await?;
        if status >= 400 {
            return Ok(Outcome::Denied(Denied::read(status, &body)));
        }
        let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let Some(token) = text("access_token") else {
            let what = format!("what answers for sign-in at `{}` gave no token", self.login);
            return Err(ServiceError::local(ErrorKind::NotAzure, what));
        };
        // Older forms of Entra write numbers as text.
        let life = body
            .get("expires_in")
            .and_then(|life| life.as_i64().or_else(|| life.as_str()?.parse().ok()))
            .unwrap_or(0)
            .clamp(0, 7 * 24 * 3600);
        let expires = OffsetDateTime::from_unix_timestamp(self.now().saturating_add(life))
            .unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let access = AccessToken::new(token.to_owned(), expires);
        Ok(Outcome::Granted(Granted {
            access,
            refresh: text("refresh_token").map(|it| it.to_owned().into()),
        }))
    }

    /// As [`Entra::token`], with a refusal as an error too.
    pub async fn granted(&self, tenant: &str, form: &[(&str, &str)]) -> Result<Granted, ServiceError> {
        match self.token(tenant, form).await? {
            Outcome::Granted(granted) => Ok(granted),
            Outcome::Denied(denied) => Err(denied.told()),
        }
    }

    /// Posts `form` to a tenant's endpoint; status and JSON object of the reply.
    pub async fn post(
        &self,
        tenant: &str,
        leaf: &str,
        form: &[(&str, &str)],
    ) -> Result<(u16, Value), ServiceError> {
        let url = parsed(&self.address(checked(tenant)?, leaf))?;
        let mut encoded = url.clone();
        encoded.query_pairs_mut().extend_pairs(form);
        let body = encoded.query().unwrap_or_default().as_bytes().to_vec();
        let mut request = Request::new(url, Method::Post);
        request.insert_header("accept", "application/json");
        request.insert_header("content-type", "application/x-www-form-urlencoded");
        request.set_body(body);
        let reply = self.door.execute_request(&request).await.map_err(|error| error::of_core(&error))?;
        let raw = reply.try_into_raw_response().await.map_err(|error| error::of_core(&error))?;
        let answer = Answer::from(raw);
        Ok((answer.status, serde_json::from_slice(&answer.body).unwrap_or(Value::Null)))
    }
}

impl Denied {
    /// Reads a refusal's body.
    pub fn read(status: u16, body: &Value) -> Self {
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let says = error::tidy(text("error_description"));
        let says = says.split_whitespace().collect::<Vec<_>>().join(" ");
        Self {
            error: clean(text("error"), 100),
            status,
            says: if says.is_empty() { format!("HTTP {status} without a reason") } else { says },
            claims: Some(text("claims")).filter(|claims| !claims.is_empty()).map(str::to_owned),
        }
    }

    /// A denial that came back through a browser.
    pub fn of(error: &str, description: &str) -> Self {
        let body = serde_json::json!({"error": error, "error_description": description});
        Self::read(400, &body)
    }

    /// The denial as an error: `Auth` with Entra's number as its code, or `NotSent` where Entra only could not answer.
    pub fn told(&self) -> ServiceError {
        let kind = match self.error.as_str() {
            "temporarily_unavailable" | "server_error" => ErrorKind::NotSent,
            _ => ErrorKind::Auth,
        };
        let code = code_in(&self.says).or_else(|| match self.error.as_str() {
            "" => None,
            // The grant is gone, whatever the number says that was left out.
            "invalid_grant" => Some(INTERACTION.to_owned()),
            error => Some(error.to_owned()),
        });
        // Entra tells the ids that its support asks for in the text itself.
        let after = |label: &str| {
            let (_, rest) = self.says.split_once(label)?;
            rest.split_whitespace().next().map(str::to_owned)
        };
        ServiceError {
            status: Some(self.status),
            code,
            request_id: after("Trace ID: "),
            correlation_id: after("Correlation ID: "),
            ..ServiceError::local(kind, self.says.clone())
        }
    }
}

fn parsed(url: &str) -> Result<Url, ServiceError> {
    Url::parse(url).map_err(|error| {
        ServiceError::local(ErrorKind::Auth, format!("the address of the sign-in is malformed: {error}"))
    })
}

/// A tenant that may stand in a URL.
fn checked(tenant: &str) -> Result<&str, ServiceError> {
    let plain = tenant.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    if plain && !tenant.is_empty() && !tenant.starts_with('.') {
        return Ok(tenant);
    }
    let what = format!("`{}` is no tenant: a tenant is its id or one of its domains", clean(tenant, 100));
    Err(ServiceError::local(ErrorKind::Auth, what))
}
