//! The assertion by which a service principal proves that it holds a certificate's key: a JWT signed with PS256.
//!
//! Facts: the Microsoft identity platform's certificate credentials (header `x5t#S256`, claims, at most ten minutes). It reads no
//! file; errors never repeat what the PEM holds.

/// A fresh assertion of `client_id` for the token endpoint `audience`, signed with the RSA key in `pem`. `now` is in seconds
/// since 1970. The error says what is wrong with the PEM.
#[cfg(feature = "tls-ring")]
pub(super) fn signed(pem: &[u8], client_id: &str, audience: &str, now: i64) -> Result<String, String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use ring::rand::SystemRandom;
    use ring::signature::{RSA_PSS_SHA256, RsaKeyPair};
    use sha2::{Digest as _, Sha256};
    use x509_parser::pem::Pem;

    let (mut certificate, mut key) = (None, None);
    for part in Pem::iter_from_buffer(pem) {
        let part = part.map_err(|_| {
            "holds no well formed PEM: convert it with `openssl pkcs12 -nodes` if it is a PFX file".to_owned()
        })?;
        match part.label.as_str() {
            // The first is the certificate itself, the others are its issuers.
            "CERTIFICATE" if certificate.is_none() => certificate = Some(part.contents),
            "PRIVATE KEY" => key = Some(RsaKeyPair::from_pkcs8(&part.contents)),
            "RSA PRIVATE KEY" => key = Some(RsaKeyPair::from_der(&part.contents)),
            "ENCRYPTED PRIVATE KEY" => {
                return Err("holds a key that a password protects: hubup asks for none; decrypt it with `openssl pkey`".to_owned());
            }
            "EC PRIVATE KEY" => return Err("holds no RSA key, and Entra takes no other".to_owned()),
            _ => {}
        }
    }
    let certificate =
        certificate.ok_or("holds no certificate: PEM with the certificate and its key is needed")?;
    let key = key.ok_or("holds no private key: PEM with the certificate and its key is needed")?;
    let key =
        key.map_err(|_| "holds a key that cannot be used: an RSA key of 2048 to 4096 bits is needed")?;
    let encode = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = serde_json::json!({
        "alg": "PS256", "typ": "JWT", "x5t#S256": URL_SAFE_NO_PAD.encode(Sha256::digest(&certificate)),
    });
    let claims = serde_json::json!({
        "aud": audience, "iss": client_id, "sub": client_id, "jti": uuid::Uuid::new_v4().to_string(),
        "iat": now, "nbf": now, "exp": now.saturating_add(600),
    });
    let text = format!("{}.{}", encode(&header), encode(&claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
        .map_err(|_| "holds a key that cannot sign")?;
    Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// A build without ring cannot sign.
#[cfg(not(feature = "tls-ring"))]
pub(super) fn signed(_: &[u8], _: &str, _: &str, _: i64) -> Result<String, String> {
    Err("cannot be used by this build of hubup, which cannot sign: use AZURE_CLIENT_SECRET".to_owned())
}
