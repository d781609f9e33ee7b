//! Certificate authorities: P-384 roots and issuing authorities, as real X.509.
//!
//! Private keys go into the world's vault and never into a reply. Called by the device registry. Facts: contract
//! section 10 (P-384), section 11.1 (P-384 with SHA-384).

use serde::{Deserialize, Serialize};

/// A certificate authority: certificate and key, both base64 DER.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Authority {
    pub(crate) certificate: String,
    key: String,
    /// `CN=...`
    pub(crate) subject: String,
    pub(crate) not_before: String,
    pub(crate) not_after: String,
    pub(crate) not_after_ms: i64,
    /// SHA-1 of the certificate, upper case: what Azure calls a thumbprint.
    pub(crate) thumbprint: String,
}

#[cfg(feature = "pki")]
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A self-signed root that lives ten years.
pub(crate) fn root(name: &str, real_ms: i64) -> Result<Authority, String> {
    make(name, real_ms, 3650, None)
}

/// An issuing authority under a root; it issues leaves only.
pub(crate) fn issuing(name: &str, real_ms: i64, days: i64, root: &Authority) -> Result<Authority, String> {
    make(name, real_ms, days, Some(root))
}

#[cfg(feature = "pki")]
fn make(name: &str, real_ms: i64, days: i64, issuer: Option<&Authority>) -> Result<Authority, String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use rcgen::{
        BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
        KeyUsagePurpose, SerialNumber,
    };
    use sha1::{Digest as _, Sha1};

    let failed = |error: rcgen::Error| error.to_string();
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).map_err(failed)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca =
        IsCa::Ca(issuer.map_or(BasicConstraints::Unconstrained, |_| BasicConstraints::Constrained(0)));
    params.key_usages =
        vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = issuer.is_some();
    // A positive serial: the first byte's top bit is clear.
    let mut serial = uuid::Uuid::new_v4().as_bytes().to_vec();
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x7f) | 0x01;
    }
    params.serial_number = Some(SerialNumber::from(serial));
    // Back-dated by a day, as authorities do for clients whose clocks lag.
    let (from_ms, until_ms) =
        (real_ms.saturating_sub(DAY_MS), real_ms.saturating_add(days.saturating_mul(DAY_MS)));
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let seconds = |ms: i64| std::time::Duration::from_secs(u64::try_from(ms / 1000).unwrap_or(0));
    params.not_before = epoch + seconds(from_ms);
    params.not_after = epoch + seconds(until_ms);
    let certificate = match issuer {
        None => params.self_signed(&key).map_err(failed)?,
        Some(authority) => {
            let der = STANDARD.decode(&authority.key).map_err(|error| error.to_string())?;
            let issuer_key = KeyPair::try_from(der.as_slice()).map_err(failed)?;
            let issuer_der = STANDARD.decode(&authority.certificate).map_err(|error| error.to_string())?;
            let issuer = Issuer::from_ca_cert_der(&issuer_der.into(), issuer_key).map_err(failed)?;
            params.signed_by(&key, &issuer).map_err(failed)?
        }
    };
    let thumbprint = super::operations::hex(&Sha1::digest(certificate.der())).to_ascii_uppercase();
    Ok(Authority {
        certificate: STANDARD.encode(certificate.der()),
        key: STANDARD.encode(key.serialize_der()),
        subject: format!("CN={name}"),
        not_before: super::clock::iso(from_ms),
        not_after: super::clock::iso(until_ms),
        not_after_ms: until_ms,
        thumbprint,
    })
}

/// A key and a PEM request for a certificate of it, for an authority that somebody else signs.
#[cfg(feature = "pki")]
pub(crate) fn request(name: &str) -> Result<(String, String), String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};

    let failed = |error: rcgen::Error| error.to_string();
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).map_err(failed)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let request = params.serialize_request(&key).and_then(|request| request.pem()).map_err(failed)?;
    Ok((STANDARD.encode(key.serialize_der()), request))
}

/// Takes a PEM chain, leaf to root, whose first certificate is for a key that [`request`] made.
///
/// # Errors
/// What is wrong with the chain, as a fragment of a sentence. Signatures are left to those who issue.
#[cfg(feature = "pki")]
pub(crate) fn adopt(key: &str, chain: &str) -> Result<Authority, String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use rcgen::{KeyPair, PublicKeyData as _};
    use sha1::{Digest as _, Sha1};
    use x509_parser::pem::Pem;

    let blocks: Vec<Pem> = Pem::iter_from_buffer(chain.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| "it is no PEM text".to_owned())?;
    let certificates: Vec<_> = blocks
        .iter()
        .map(Pem::parse_x509)
        .collect::<Result<_, _>>()
        .map_err(|_| "a part of it is no certificate".to_owned())?;
    let (Some(first), Some(block)) = (certificates.first(), blocks.first()) else {
        return Err("it is empty".to_owned());
    };
    let der = STANDARD.decode(key).map_err(|error| error.to_string())?;
    let own = KeyPair::try_from(der.as_slice()).map_err(|error| error.to_string())?;
    if first.public_key().raw != own.subject_public_key_info() {
        return Err("its first certificate is for another key".to_owned());
    }
    if !first.is_ca() {
        return Err("its first certificate is not for an authority".to_owned());
    }
    if certificates.windows(2).any(|pair| matches!(pair, [low, high] if low.issuer() != high.subject())) {
        return Err("its certificates are not in the order leaf to root".to_owned());
    }
    let ms = |seconds: i64| seconds.saturating_mul(1000);
    let (from, until) = (first.validity().not_before.timestamp(), first.validity().not_after.timestamp());
    Ok(Authority {
        certificate: STANDARD.encode(&block.contents),
        key: key.to_owned(),
        subject: first.subject().to_string(),
        not_before: super::clock::iso(ms(from)),
        not_after: super::clock::iso(ms(until)),
        not_after_ms: ms(until),
        thumbprint: super::operations::hex(&Sha1::digest(&block.contents)).to_ascii_uppercase(),
    })
}

#[cfg(not(feature = "pki"))]
pub(crate) fn request(_: &str) -> Result<(String, String), String> {
    Err("this build has no certificate support: feature `pki`".to_owned())
}

#[cfg(not(feature = "pki"))]
pub(crate) fn adopt(_: &str, _: &str) -> Result<Authority, String> {
    Err("this build has no certificate support: feature `pki`".to_owned())
}

#[cfg(not(feature = "pki"))]
fn make(_: &str, _: i64, _: i64, _: Option<&Authority>) -> Result<Authority, String> {
    Err("this build has no certificate support: feature `pki`".to_owned())
}
