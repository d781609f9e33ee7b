//! How each way of signing in gets a token: which credential, made of what, waited for how long, and why it need not be
//! tried.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::{AccessToken, TokenCredential};
use azure_core::http::{ClientOptions, HttpClient, RetryOptions, Transport as CoreTransport, Url};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, AzureDeveloperCliCredential,
    AzureDeveloperCliCredentialOptions, ManagedIdentityCredential, ManagedIdentityCredentialOptions,
    UserAssignedId,
};

use super::{SignIn, set, wanting};
use crate::azure::az::AzRunner;
use crate::azure::credentials::{PersonCredential, PrincipalCredential, Proof, Way, code_in, unset};
use crate::azure::door::PlatformDoor;
use crate::azure::error;
use crate::azure::options::SignInMethod;
use crate::azure::routes::authority;
use crate::domain::{ErrorKind, ServiceError};

/// The metadata service of a virtual machine, as azure_identity calls it.
const METADATA_AUTHORITY: &str = "169.254.169.254";

impl SignIn {
    /// Why `way` need not be tried, if so.
    pub(super) fn hindrance(&self, way: Way) -> Option<String> {
        let tenant = self.state().tenant.clone();
        let lacking = |missing: Vec<&str>| (!missing.is_empty()).then(|| unset(&missing));
        match way {
            Way::ServicePrincipal => lacking(self.environment.lacks_principal(tenant.as_deref())),
            Way::WorkloadIdentity => lacking(self.environment.lacks_workload(tenant.as_deref())),
            Way::AppService if !self.has_app_service() => {
                Some("IDENTITY_ENDPOINT and IDENTITY_HEADER not set".to_owned())
            }
            // No call to a host that nobody named.
            Way::VirtualMachine if self.routed => {
                Some("not tried while `[network] routes` are set".to_owned())
            }
            _ => None,
        }
    }

    pub(super) fn has_app_service(&self) -> bool {
        set(self.environment.identity_endpoint.as_deref()).is_some()
            && self.environment.identity_header.is_some()
    }

    /// A token by `way`. Claims that were asked for go into it, once.
    pub(super) async fn by(
        &self,
        method: SignInMethod,
        way: Way,
        scope: &str,
    ) -> Result<AccessToken, ServiceError> {
        let limit = match way {
            Way::VirtualMachine if method == SignInMethod::Auto => self.timeouts.probe,
            _ => self.timeouts.sign_in,
        };
        let claims = self.state().claims.get(scope).filter(|_| way.takes_claims()).cloned();
        let fetching = async {
            // Built anew each time: it keeps a cache of its own, which would give a dropped token back.
            let credential = self.credential(way, claims.clone())?;
            credential.get_token(&[scope], None).await.map_err(|error| refusal(&error))
        };
        let fetched =
            tokio::time::timeout(limit, fetching).await.unwrap_or_else(|_| Err(timed_out(way, limit)));
        if let Some(claims) = claims {
            let mut state = self.state();
            // A person brings them at the next sign-in; a principal that is refused them has nothing else to try.
            let spent = match &fetched {
                Ok(_) => true,
                Err(error) => error.kind == ErrorKind::Auth && !way.is_personal(),
            };
            if spent && state.claims.get(scope) == Some(&claims) {
                state.claims.remove(scope);
            }
            state.met.insert(scope.to_owned(), claims);
        }
        fetched
    }

    fn credential(&self, way: Way, claims: Option<String>) -> Result<Arc<dyn TokenCredential>, ServiceError> {
        let (tenant, session) = {
            let state = self.state();
            (state.tenant.clone(), state.session().cloned())
        };
        let environment = &self.environment;
        let principal = |proof: Proof| -> Arc<dyn TokenCredential> {
            Arc::new(PrincipalCredential {
                entra: self.entra.clone(),
                tenant: tenant.clone().unwrap_or_default(),
                client_id: environment.client_id.clone().unwrap_or_default(),
                proof,
                claims: claims.clone(),
            })
        };
        let foreign =
            |made: azure_core::Result<Arc<dyn TokenCredential>>| made.map_err(|error| refusal(&error));
        let named =
            |path: &Option<std::path::PathBuf>| path.clone().unwrap_or_else(|| Path::new("").to_owned());
        match way {
            Way::Browser | Way::DeviceCode => match session {
                Some(session) => {
                    let entra = self.entra.clone();
                    Ok(Arc::new(PersonCredential { entra, session, tenant, claims }))
                }
                None => Err(wanting("nobody is signed in yet")),
            },
            // The secret goes first, as in the SDKs of Azure.
            Way::ServicePrincipal => match &environment.client_secret {
                Some(secret) if !secret.secret().is_empty() => Ok(principal(Proof::Secret(secret.clone()))),
                _ => Ok(principal(Proof::Certificate(named(&environment.client_certificate)))),
            },
            Way::WorkloadIdentity => {
                Ok(principal(Proof::Federated(named(&environment.federated_token_file))))
            }
            Way::AzureCli => foreign(
                AzureCliCredential::new(Some(AzureCliCredentialOptions {
                    tenant_id: tenant,
                    executor: Some(self.runner()),
                    ..Default::default()
                }))
                .map(|made| made as Arc<dyn TokenCredential>),
            ),
            Way::AzureDeveloperCli => foreign(
                AzureDeveloperCliCredential::new(Some(AzureDeveloperCliCredentialOptions {
                    tenant_id: tenant,
                    executor: Some(self.runner()),
                }))
                .map(|made| made as Arc<dyn TokenCredential>),
            ),
            Way::AppService | Way::VirtualMachine => foreign(self.managed(way)),
        }
    }

    fn runner(&self) -> Arc<AzRunner> {
        Arc::new(AzRunner { path: self.environment.path.clone() })
    }

    fn managed(&self, way: Way) -> azure_core::Result<Arc<dyn TokenCredential>> {
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
        let made = ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions {
            user_assigned_id: set(self.environment.client_id.as_deref())
                .map(|id| UserAssignedId::ClientId(id.to_owned())),
            client_options: through(Arc::new(PlatformDoor { transport, authority })),
        }))?;
        Ok(made)
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
    ServiceError { code: code_in(text), ..ServiceError::local(ErrorKind::Auth, error::tidy(text)) }
}

fn timed_out(way: Way, limit: Duration) -> ServiceError {
    ServiceError::local(
        ErrorKind::Auth,
        format!("{} gave no token within {} s", way.name(), limit.as_secs_f64()),
    )
}
