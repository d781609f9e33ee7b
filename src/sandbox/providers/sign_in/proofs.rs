//! How the caller's application proves itself: by secret, by an assertion signed with its certificate's key, or by a token that a
//! federated credential trusts.
//!
//! Facts: RFC 7521 and 7523, and the Microsoft identity platform's certificate credentials.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use x509_parser::pem::Pem;

use super::Form;
use crate::sandbox::clock::Now;
use crate::sandbox::reply::Refusal;
use crate::sandbox::world::World;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn refuse(number: u32, message: &str) -> Refusal {
    Refusal::sign_in(401, "invalid_client", number, message)
}

/// Refuses an application that does not prove itself.
pub(super) fn check(world: &World, form: &Form, now: &Now) -> Result<(), Refusal> {
    let settings = &world.settings.sign_in;
    let assertion = form.value("client_assertion");
    if assertion.is_empty() {
        let caller = &world.settings.caller;
        if form.field("client_secret")? != caller.client_secret {
            let message = format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{}'.",
                caller.client_id
            );
            return Err(refuse(7_000_215, &message));
        }
        return Ok(());
    }
    if form.field("client_assertion_type")? != ASSERTION_TYPE {
        return Err(refuse(900_023, "The client assertion type is not supported."));
    }
    if !settings.federated_token.is_empty() && assertion == settings.federated_token {
        return Ok(());
    }
    let part = |index: usize| {
        let bytes = URL_SAFE_NO_PAD.decode(assertion.split('.').nth(index)?).ok()?;
        serde_json::from_slice::<Value>(&bytes).ok()
    };
    let (Some(header), Some(claims)) = (part(0), part(1)) else {
        return Err(refuse(50_027, "JWT token is invalid or malformed."));
    };
    let claim = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let Some(print) = header.get("x5t#S256").and_then(Value::as_str) else {
        return Err(refuse(
            700_213,
            "No matching federated identity record found for presented assertion subject. Check your federated identity credential Subject, Audience and Issuer against the presented assertion.",
        ));
    };
    let unknown = || {
        refuse(
            700_027,
            "The certificate with identifier used to sign the client assertion is not registered on application.",
        )
    };
    let pem = Pem::iter_from_buffer(settings.certificate.as_bytes()).flatten();
    let certificate = pem.into_iter().find(|pem| pem.label == "CERTIFICATE").ok_or_else(unknown)?;
    if URL_SAFE_NO_PAD.encode(Sha256::digest(&certificate.contents)) != print {
        return Err(unknown());
    }
    if !is_signed(&certificate, assertion) {
        return Err(refuse(700_027, "Client assertion failed signature validation."));
    }
    let seconds = now.real_ms.div_euclid(1000);
    let time = |name: &str| claims.get(name).and_then(Value::as_i64).unwrap_or(0);
    if time("exp") <= seconds || time("nbf") > seconds + 300 || time("exp") - time("nbf") > 24 * 3600 {
        return Err(refuse(700_024, "Client assertion is not within its valid time range."));
    }
    let audience = format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", world.tenant());
    let client = form.field("client_id")?;
    if claim("aud") != audience || claim("iss") != client || claim("sub") != client || claim("jti").is_empty()
    {
        return Err(refuse(
            50_027,
            "JWT token is invalid or malformed: its audience, issuer or subject is another.",
        ));
    }
    Ok(())
}

#[cfg(feature = "tls-ring")]
fn is_signed(certificate: &Pem, assertion: &str) -> bool {
    use ring::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
    let checked = || {
        let (signed, signature) = assertion.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let certificate = certificate.parse_x509().ok()?;
        let key = certificate.public_key().subject_public_key.data.to_vec();
        UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, key).verify(signed.as_bytes(), &signature).ok()
    };
    checked().is_some()
}

/// A build without ring checks no signatures, and believes none.
#[cfg(not(feature = "tls-ring"))]
fn is_signed(_: &Pem, _: &str) -> bool {
    false
}
