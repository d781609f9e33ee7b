//! A person's sign-in: what both ways of it share, and the session that is left, with its refresh token in memory only.

use std::fmt;
use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, Secret, TokenCredential, TokenRequestOptions};
use tokio::sync::Mutex;

use super::entra::{ANY_TENANT, Entra, Granted, Outcome};
use super::prompt::{Account, Prompt, Prompts};
use super::way::Way;
use super::words::INTERACTION;
use super::{browser, device};
use crate::azure::caller::Caller;
use crate::azure::error;
use crate::domain::{ErrorKind, ServiceError};

/// The public client id of the Azure CLI: a first-party application that every tenant knows, allowed to sign people in to
/// Resource Manager and Graph by loopback redirect and by device code.
const CLIENT_ID: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// What a person is asked to sign in to.
pub(crate) struct Invitation<'a> {
    pub way: Way,
    /// `[auth] client_id`, where it was given.
    pub client_id: Option<&'a str>,
    /// `None` while no tenant is known.
    pub tenant: Option<&'a str>,
    /// The first resource that a token is wanted for.
    pub scope: &'a str,
    /// Claims that a service asked for, as JSON.
    pub claims: Option<&'a str>,
    pub prompts: &'a Prompts,
    /// How long a person may take in the browser.
    pub patience: std::time::Duration,
}

impl Invitation<'_> {
    pub fn client(&self) -> &str {
        self.client_id.unwrap_or(CLIENT_ID)
    }

    pub fn at(&self) -> &str {
        self.tenant.unwrap_or(ANY_TENANT)
    }

    pub fn scopes(&self) -> String {
        scopes(self.scope)
    }

    /// Has the person sign in: a session, and the token that was had first. The prompts end with `Done` or `Failed`.
    pub async fn accepted(&self, entra: &Entra) -> Result<(Session, AccessToken), ServiceError> {
        let signed_in = match self.way {
            Way::Browser => browser::sign_in(entra, self).await,
            _ => device::sign_in(entra, self).await,
        };
        match signed_in {
            Ok(granted) => {
                self.prompts.tell(Prompt::Done);
                let access = granted.access.clone();
                Ok((Session::of(self, granted), access))
            }
            Err(error) => {
                self.prompts.tell(Prompt::Failed(error.message.clone()));
                Err(error)
            }
        }
    }
}

/// A person who is signed in. Its refresh token is never written, logged or shown.
pub(crate) struct Session {
    pub way: Way,
    client_id: String,
    id: String,
    name: Option<String>,
    tenant: Option<String>,
    /// Held while it is used, since each use may give another.
    refresh: Mutex<Option<Secret>>,
    /// Claims that Entra wants the next sign-in to bring, as JSON.
    asked: std::sync::Mutex<Option<String>>,
}

impl Session {
    fn of(invitation: &Invitation<'_>, granted: Granted) -> Self {
        let caller = Caller::of(invitation.way.name(), &granted.access.token);
        let part = |value: &Option<String>| value.clone().unwrap_or_default();
        Self {
            way: invitation.way,
            client_id: invitation.client().to_owned(),
            id: format!("{}/{}", part(&caller.tenant), part(&caller.object_id)),
            name: caller.name,
            tenant: caller.tenant,
            refresh: Mutex::new(granted.refresh),
            asked: std::sync::Mutex::default(),
        }
    }

    /// The account as it is shown.
    pub fn account(&self, current: bool) -> Account {
        Account {
            id: self.id.clone(),
            name: self.name.clone(),
            tenant: self.tenant.clone(),
            method: self.way.name(),
            current,
        }
    }

    /// Tells this account from others.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The tenant that tokens are for when none was named.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// Claims that the next sign-in has to bring, as JSON.
    pub fn asked(&self) -> Option<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn token(
        &self,
        entra: &Entra,
        tenant: &str,
        scope: &str,
        claims: Option<&str>,
    ) -> Result<AccessToken, ServiceError> {
        let mut refresh = self.refresh.lock().await;
        let Some(kept) = refresh.clone() else {
            return Err(ServiceError {
                code: Some(INTERACTION.to_owned()),
                ..ServiceError::local(
                    ErrorKind::Auth,
                    "the sign-in has ended, and it can only be renewed by you",
                )
            });
        };
        let scopes = scopes(scope);
        let mut form = vec![
            ("grant_type", "refresh_token"),
            ("client_id", &self.client_id),
            ("refresh_token", kept.secret()),
            ("scope", &scopes),
        ];
        form.extend(claims.map(|claims| ("claims", claims)));
        match entra.token(tenant, &form).await? {
            Outcome::Granted(granted) => {
                if let Some(newer) = granted.refresh {
                    *refresh = Some(newer);
                }
                Ok(granted.access)
            }
            Outcome::Denied(denied) => {
                let told = denied.told();
                *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = denied.claims;
                Err(told)
            }
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("way", &self.way).finish_non_exhaustive()
    }
}

/// Tokens of a session, for one tenant.
#[derive(Debug)]
pub(crate) struct PersonCredential {
    pub entra: Arc<Entra>,
    pub session: Arc<Session>,
    pub tenant: Option<String>,
    /// Claims for the next token, as JSON.
    pub claims: Option<String>,
}

#[async_trait]
impl TokenCredential for PersonCredential {
    async fn get_token(
        &self,
        scopes: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let tenant = self.tenant.as_deref().or(self.session.tenant()).unwrap_or(ANY_TENANT);
        let scope = scopes.first().copied().unwrap_or_default();
        let got = self.session.token(&self.entra, tenant, scope, self.claims.as_deref()).await;
        got.map_err(error::into_core)
    }
}

/// `scope` with what a session needs beside it.
fn scopes(scope: &str) -> String {
    format!("{scope} openid profile offline_access")
}
