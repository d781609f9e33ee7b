//! A service principal: proves itself by a secret, by a certificate's key, or by a token of a platform that Entra trusts.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, Secret, TokenCredential, TokenRequestOptions};

use super::assertion;
use super::entra::Entra;
use crate::azure::error;
use crate::domain::{ErrorKind, ServiceError};

/// What makes an assertion a client's proof (RFC 7523, 2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Federated tokens are a few KiB.
const LARGEST_FILE: u64 = 1024 * 1024;

/// By what a principal proves itself. Files are read anew each time: platforms renew them in place.
#[derive(Clone)]
pub(crate) enum Proof {
    Secret(Secret),
    /// PEM with a certificate and its RSA key.
    Certificate(PathBuf),
    /// A token of the platform, for a federated credential.
    Federated(PathBuf),
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret(_) => "Secret",
            Self::Certificate(_) => "Certificate",
            Self::Federated(_) => "Federated",
        })
    }
}

/// Tokens of a service principal.
#[derive(Debug)]
pub(crate) struct PrincipalCredential {
    pub entra: Arc<Entra>,
    pub tenant: String,
    pub client_id: String,
    pub proof: Proof,
    /// Claims for the next token, as JSON.
    pub claims: Option<String>,
}

impl PrincipalCredential {
    async fn token(&self, scope: &str) -> Result<AccessToken, ServiceError> {
        let assertion = match &self.proof {
            Proof::Secret(_) => String::new(),
            Proof::Certificate(path) => {
                let pem = read("AZURE_CLIENT_CERTIFICATE_PATH", path).await?;
                let audience = self.entra.address(&self.tenant, "token");
                assertion::signed(&pem, &self.client_id, &audience, self.entra.now()).map_err(|reason| {
                    let what = format!("`{}` (AZURE_CLIENT_CERTIFICATE_PATH) {reason}", path.display());
                    ServiceError::local(ErrorKind::Auth, what)
                })?
            }
            Proof::Federated(path) => {
                let token = read("AZURE_FEDERATED_TOKEN_FILE", path).await?;
                String::from_utf8_lossy(&token).trim().to_owned()
            }
        };
        let mut form =
            vec![("grant_type", "client_credentials"), ("client_id", &self.client_id), ("scope", scope)];
        match &self.proof {
            Proof::Secret(secret) => form.push(("client_secret", secret.secret())),
            _ => form.extend([
                ("client_assertion_type", ASSERTION_TYPE),
                ("client_assertion", assertion.as_str()),
            ]),
        }
        form.extend(self.claims.as_deref().map(|claims| ("claims", claims)));
        let granted = self.entra.granted(&self.tenant, &form).await;
        // Whoever repeats the proof in an error does not get it on the screen.
        let hidden = match &self.proof {
            Proof::Secret(secret) => secret.secret(),
            _ => assertion.as_str(),
        };
        granted.map(|granted| granted.access).map_err(|error| {
            let message = crate::azure::redact::mask_values(&error.message, [hidden].into_iter());
            ServiceError { message, ..error }
        })
    }
}

async fn read(name: &str, path: &PathBuf) -> Result<Vec<u8>, ServiceError> {
    let refuse = |reason: String| {
        let what = format!("`{}` ({name}) cannot be used: {reason}", path.display());
        ServiceError::local(ErrorKind::Auth, what)
    };
    let size = tokio::fs::metadata(path).await.map_err(|error| refuse(error.to_string()))?.len();
    if size > LARGEST_FILE {
        return Err(refuse(format!("it has {size} bytes")));
    }
    let bytes = tokio::fs::read(path).await.map_err(|error| refuse(error.to_string()))?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(refuse("it is empty".to_owned()));
    }
    Ok(bytes)
}

#[async_trait]
impl TokenCredential for PrincipalCredential {
    async fn get_token(
        &self,
        scopes: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        self.token(scopes.first().copied().unwrap_or_default()).await.map_err(error::into_core)
    }
}
