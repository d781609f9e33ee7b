//! The ways of signing in, each by azure_identity, and the order in which they are tried.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::{AccessToken, Secret, TokenCredential};
use azure_core::http::{ClientOptions, HttpClient, RetryOptions, Transport as CoreTransport, Url};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
};

use super::az::AzRunner;
use super::door::{LoginDoor, PlatformDoor};
use super::error;
use super::options::{AzureOptions, Environment, SignInMethod, Timeouts};
use super::routes::authority;
use super::transport::Transport;
use crate::domain::{ErrorKind, ServiceError};

/// The metadata service of a virtual machine, as azure_identity calls it.
const METADATA_AUTHORITY: &str = "169.254.169.254";

/// One way of signing in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    ServicePrincipal,
    AppService,
    AzureCli,
    VirtualMachine,
}

impl Way {
    /// Its name, as it stands in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::ServicePrincipal => "service principal",
            Self::AppService => "App Service identity",
            Self::AzureCli => "Azure CLI",
            Self::VirtualMachine => "virtual machine identity",
        }
    }
}

/// Signs in. The way that worked first is kept for the rest of the run, so that the caller never changes in it.
pub(super) struct SignIn {
    method: SignInMethod,
    tenant: Option<String>,
    environment: Environment,
    login: String,
    routed: bool,
    timeouts: Timeouts,
    to_login: Arc<dyn HttpClient>,
    /// `None` where there is no network at all, as in tests.
    to_platform: Option<Arc<Transport>>,
    chosen: OnceLock<Way>,
}

impl SignIn {
    /// Reads `options`; calls nobody.
    pub fn new(
        options: &AzureOptions,
        transport: Arc<dyn HttpClient>,
        to_platform: Option<Arc<Transport>>,
    ) -> Self {
        let environment = options.environment.clone();
        let tenant = set(options.tenant.as_deref()).or_else(|| set(environment.tenant_id.as_deref()));
        Self {
            method: options.sign_in,
            tenant: tenant.map(str::to_owned),
            environment,
            login: options.cloud.login.clone(),
            routed: !options.routes.is_empty(),
            timeouts: options.timeouts,
            to_login: Arc::new(LoginDoor { transport }),
            to_platform,
            chosen: OnceLock::new(),
        }
    }

    /// The way that worked.
    pub fn way(&self) -> Option<Way> {
        self.chosen.get().copied()
    }

    /// A new token for `scope`.
    pub async fn fetch(&self, scope: &str) -> Result<AccessToken, ServiceError> {
        if let Some(way) = self.way() {
            return self.by(way, scope).await.map_err(|error| only(way, error));
        }
        let mut failures = Vec::new();
        for &way in self.ways() {
            let tried = match self.hindrance(way) {
                Some(reason) => Err(ServiceError::local(ErrorKind::Auth, reason)),
                None => self.by(way, scope).await,
            };
            match tried {
                Ok(token) => {
                    let _ = self.chosen.set(way);
                    return Ok(token);
                }
                Err(error) => failures.push((way, self.judged(way, error))),
            }
            if way == Way::ServicePrincipal && self.hindrance(way).is_none() {
                // Its variables are set on purpose: going on as somebody else would surprise.
                break;
            }
        }
        Err(self.none_worked(&failures))
    }

    fn ways(&self) -> &'static [Way] {
        match self.method {
            SignInMethod::Auto => {
                &[Way::ServicePrincipal, Way::AppService, Way::AzureCli, Way::VirtualMachine]
            }
            SignInMethod::AzureCli => &[Way::AzureCli],
            SignInMethod::ServicePrincipal => &[Way::ServicePrincipal],
            SignInMethod::ManagedIdentity if self.has_app_service() => &[Way::AppService],
            SignInMethod::ManagedIdentity => &[Way::VirtualMachine],
        }
    }

    /// Why `way` need not be tried, if so.
    fn hindrance(&self, way: Way) -> Option<String> {
        match way {
            Way::ServicePrincipal => {
                let environment = &self.environment;
                let missing: Vec<_> = [
                    ("AZURE_TENANT_ID", self.tenant.is_none()),
                    ("AZURE_CLIENT_ID", set(environment.client_id.as_deref()).is_none()),
                    (
                        "AZURE_CLIENT_SECRET",
                        environment.client_secret.as_ref().is_none_or(|s| s.secret().is_empty()),
                    ),
                ]
                .into_iter()
                .filter_map(|(name, missing)| missing.then_some(name))
                .collect();
                (!missing.is_empty()).then(|| format!("{} not set", listed(&missing)))
            }
            Way::AppService if !self.has_app_service() => {
                Some("IDENTITY_ENDPOINT and IDENTITY_HEADER not set".to_owned())
            }
            Way::VirtualMachine if self.routed => {
                // No call to a host that nobody named.
                Some("not tried while `[network] routes` are set".to_owned())
            }
            _ => None,
        }
    }

    fn has_app_service(&self) -> bool {
        set(self.environment.identity_endpoint.as_deref()).is_some()
            && self.environment.identity_header.is_some()
    }

    /// Where nobody said that this is a machine in Azure, a metadata service that cannot be reached says that it is none:
    /// Azure's own sign-in was not asked, so it is not what is out of reach.
    pub(super) fn judged(&self, way: Way, error: ServiceError) -> ServiceError {
        let is_probe = way == Way::VirtualMachine && self.method == SignInMethod::Auto;
        match error.kind {
            ErrorKind::NotSent | ErrorKind::NotAzure if is_probe => {
                ServiceError { kind: ErrorKind::Auth, ..error }
            }
            _ => error,
        }
    }

    async fn by(&self, way: Way, scope: &str) -> Result<AccessToken, ServiceError> {
        let limit = match way {
            Way::VirtualMachine if self.method == SignInMethod::Auto => self.timeouts.probe,
            _ => self.timeouts.sign_in,
        };
        let fetching = async {
            // Built anew each time: it keeps a cache of its own, which would give a dropped token back.
            let credential = self.credential(way).map_err(|error| refusal(&error))?;
            credential.get_token(&[scope], None).await.map_err(|error| refusal(&error))
        };
        tokio::time::timeout(limit, fetching).await.unwrap_or_else(|_| Err(timed_out(way, limit)))
    }

    fn credential(&self, way: Way) -> azure_core::Result<Arc<dyn TokenCredential>> {
        Ok(match way {
            Way::ServicePrincipal => {
                let mut cloud = CustomConfiguration::default();
                cloud.authority_host = format!("https://{}", self.login);
                let client_options =
                    ClientOptions { cloud: Some(Arc::new(cloud.into())), ..through(self.to_login.clone()) };
                ClientSecretCredential::new(
                    self.tenant.as_deref().unwrap_or_default(),
                    self.environment.client_id.clone().unwrap_or_default(),
                    self.environment.client_secret.clone().unwrap_or(Secret::new("")),
                    Some(ClientSecretCredentialOptions { client_options }),
                )?
            }
            Way::AzureCli => AzureCliCredential::new(Some(AzureCliCredentialOptions {
                tenant_id: self.tenant.clone(),
                executor: Some(Arc::new(AzRunner { path: self.environment.path.clone() })),
                ..Default::default()
            }))?,
            Way::AppService | Way::VirtualMachine => {
                let authority = match way {
                    Way::VirtualMachine => METADATA_AUTHORITY.to_owned(),
                    _ => {
                        let endpoint = self.environment.identity_endpoint.as_deref().unwrap_or_default();
                        authority(&Url::parse(endpoint)?)
                    }
                };
                let Some(transport) = self.to_platform.clone() else {
                    return Err(azure_core::Error::with_message(
                        azure_core::error::ErrorKind::Credential,
                        "there is no network here",
                    ));
                };
                ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions {
                    user_assigned_id: set(self.environment.client_id.as_deref())
                        .map(|id| UserAssignedId::ClientId(id.to_owned())),
                    client_options: through(Arc::new(PlatformDoor { transport, authority })),
                }))?
            }
        })
    }

    /// One error of all failures, each with its own reason.
    fn none_worked(&self, failures: &[(Way, ServiceError)]) -> ServiceError {
        // What could not be tried is no hint; what was tried and could not be reached is.
        let kind = [ErrorKind::NotSent, ErrorKind::NotAzure, ErrorKind::Throttled]
            .into_iter()
            .find(|kind| failures.iter().any(|(_, error)| error.kind == *kind))
            .unwrap_or(ErrorKind::Auth);
        let retry_after = failures.iter().find_map(|(_, error)| error.retry_after);
        if let [(way, error)] = failures {
            return ServiceError { kind, retry_after, ..only(*way, error.clone()) };
        }
        let mut message = "no way to sign in worked".to_owned();
        for (way, error) in failures {
            message.push_str(&format!("\n- {}: {}", way.name(), one_line(&error.message)));
        }
        let tenant = self.tenant.as_deref().map(|tenant| format!(" --tenant {tenant}")).unwrap_or_default();
        message.push_str(&format!(
            "\nnext: run `az login{tenant}`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"
        ));
        ServiceError { retry_after, ..ServiceError::local(kind, message) }
    }
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn")
            .field("method", &self.method)
            .field("way", &self.way())
            .finish_non_exhaustive()
    }
}

fn through(transport: Arc<dyn HttpClient>) -> ClientOptions {
    ClientOptions {
        retry: RetryOptions::none(),
        transport: Some(CoreTransport::new(transport)),
        ..ClientOptions::default()
    }
}

/// What a credential's error means for the call it was for.
fn refusal(error: &azure_core::Error) -> ServiceError {
    if let Some(ours) = error::carried(error) {
        let kind = if ours.kind == ErrorKind::Lost { ErrorKind::NotSent } else { ours.kind };
        return ServiceError { kind, ..ours };
    }
    let text = error::chain(error);
    // azure_identity ends its messages with a link to the SDK's own guide.
    let text = text.split("\nTo troubleshoot, visit").next().unwrap_or_default();
    ServiceError::local(ErrorKind::Auth, error::tidy(text))
}

fn only(way: Way, error: ServiceError) -> ServiceError {
    let message = format!("sign-in by {} failed: {}", way.name(), one_line(&error.message));
    ServiceError { message, ..error }
}

fn timed_out(way: Way, limit: Duration) -> ServiceError {
    ServiceError::local(
        ErrorKind::Auth,
        format!("{} gave no token within {} s", way.name(), limit.as_secs_f64()),
    )
}

fn set(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|value| !value.is_empty())
}

fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
