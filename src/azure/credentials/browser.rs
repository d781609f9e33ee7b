//! Signs a person in by the browser: authorization code with PKCE, the answer on a loopback redirect.
//!
//! Facts: RFC 7636 (S256), RFC 8252 (loopback), the Microsoft identity platform's authorization code flow.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::entra::{Entra, Granted};
use super::landing::Landing;
use super::person::Invitation;
use super::prompt::Prompt;
use crate::domain::{ErrorKind, ServiceError};

/// Asks for the browser to be opened, waits for the redirect, redeems the code.
pub(super) async fn sign_in(entra: &Entra, invitation: &Invitation<'_>) -> Result<Granted, ServiceError> {
    let landing = Landing::open().await?;
    let redirect = landing.address();
    let (verifier, state) = (unguessable(), unguessable());
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
    let scopes = invitation.scopes();
    let mut query = vec![
        ("client_id", invitation.client()),
        ("response_type", "code"),
        ("redirect_uri", &redirect),
        ("response_mode", "query"),
        ("scope", &scopes),
        ("state", &state),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        // Who has several accounts chooses one each time.
        ("prompt", "select_account"),
    ];
    query.extend(invitation.claims.map(|claims| ("claims", claims)));
    invitation.prompts.tell(Prompt::OpenBrowser { url: entra.browsed(invitation.at(), &query)? });
    let code =
        tokio::time::timeout(invitation.patience, landing.code(&state)).await.unwrap_or_else(|_| {
            let what = format!("the browser gave no answer within {} s", invitation.patience.as_secs_f64());
            Err(ServiceError::local(ErrorKind::Auth, what))
        })?;
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("client_id", invitation.client()),
        ("code", &code),
        ("redirect_uri", &redirect),
        ("code_verifier", &verifier),
        ("scope", &scopes),
    ];
    form.extend(invitation.claims.map(|claims| ("claims", claims)));
    entra.granted(invitation.at(), &form).await
}

/// 43 characters that nobody guesses: 366 random bits through a hash.
fn unguessable() -> String {
    let mut hash = Sha256::new();
    for _ in 0..3 {
        hash.update(Uuid::new_v4().as_bytes());
    }
    URL_SAFE_NO_PAD.encode(hash.finalize())
}
