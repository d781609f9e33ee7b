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
        KeyUsagePurpose,
    };

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
    let (from_ms, until_ms) = dated(&mut params, real_ms, days);
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
    let thumbprint = thumbprint(certificate.der());
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

/// Valid from a day ago, as authorities do for clients whose clocks lag, with a serial of its own; both ends, in milliseconds.
#[cfg(feature = "pki")]
fn dated(params: &mut rcgen::CertificateParams, real_ms: i64, days: i64) -> (i64, i64) {
    // A positive serial: the first byte's top bit is clear.
    let mut serial = uuid::Uuid::new_v4().as_bytes().to_vec();
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x7f) | 0x01;
    }
    params.serial_number = Some(rcgen::SerialNumber::from(serial));
    let (from_ms, until_ms) =
        (real_ms.saturating_sub(DAY_MS), real_ms.saturating_add(days.saturating_mul(DAY_MS)));
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let seconds = |ms: i64| std::time::Duration::from_secs(u64::try_from(ms / 1000).unwrap_or(0));
    params.not_before = epoch + seconds(from_ms);
    params.not_after = epoch + seconds(until_ms);
    (from_ms, until_ms)
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
        thumbprint: thumbprint(&block.contents),
    })
}

/// SHA-1 of a certificate, upper case: what Azure calls a thumbprint.
#[cfg(feature = "pki")]
pub(crate) fn thumbprint(der: &[u8]) -> String {
    use sha1::{Digest as _, Sha1};

    super::operations::hex(&Sha1::digest(der)).to_ascii_uppercase()
}

#[cfg(not(feature = "pki"))]
pub(crate) fn thumbprint(_: &[u8]) -> String {
    String::new()
}

/// Whether one certificate, in DER, is signed by the key of another.
#[cfg(feature = "pki")]
pub(crate) fn is_issued_by(der: &[u8], issuer: &[u8]) -> bool {
    use x509_parser::prelude::{FromDer as _, X509Certificate};

    let (Ok((_, leaf)), Ok((_, issuer))) =
        (X509Certificate::from_der(der), X509Certificate::from_der(issuer))
    else {
        return false;
    };
    // Through rcgen this feature of the parser is in every build with certificate support.
    leaf.verify_signature(Some(issuer.public_key())).is_ok()
}

/// A build without certificate support believes nobody.
#[cfg(not(feature = "pki"))]
pub(crate) fn is_issued_by(_: &[u8], _: &[u8]) -> bool {
    false
}

/// The certificates of a PEM text in their order, each base64 of DER.
pub(crate) fn certificates(chain: &str) -> Vec<String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use x509_parser::pem::Pem;

    Pem::iter_from_buffer(chain.as_bytes()).flatten().map(|pem| STANDARD.encode(pem.contents)).collect()
}

/// The common name of a signing request that is signed by the key it is for; base64 of DER.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
#[cfg(feature = "pki")]
pub(crate) fn requested(csr: &str) -> Result<String, String> {
    use x509_parser::certification_request::X509CertificationRequest;
    use x509_parser::prelude::FromDer as _;

    let der = signing_request(csr)?;
    let (_, request) = X509CertificationRequest::from_der(&der).map_err(|_| NO_REQUEST.to_owned())?;
    let info = &request.certification_request_info;
    // Elliptic curves only, while this is in preview (contract, section 10).
    if info.subject_pki.algorithm.algorithm != x509_parser::oid_registry::OID_KEY_TYPE_EC_PUBLIC_KEY {
        return Err("is for a key that is not of an elliptic curve".to_owned());
    }
    rcgen::CertificateSigningRequestParams::from_der(&der.as_slice().into())
        .map_err(|_| "is not signed by the key that it is for, or asks for what is not issued".to_owned())?;
    let name = info.subject.iter_common_name().next().and_then(|name| name.as_str().ok());
    name.map(str::to_owned).ok_or_else(|| "has no common name".to_owned())
}

#[cfg(feature = "pki")]
const NO_REQUEST: &str = "must be the base64 text of a signing request in DER (PKCS #10), without PEM lines";

#[cfg(feature = "pki")]
fn signing_request(csr: &str) -> Result<Vec<u8>, String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    STANDARD.decode(csr).map_err(|_| NO_REQUEST.to_owned())
}

/// A leaf for the key of a signing request that was checked: for clients of TLS, named as the request is; base64 of DER.
///
/// # Errors
/// What went wrong, as a sentence.
#[cfg(feature = "pki")]
pub(crate) fn leaf(csr: &str, authority: &Authority, real_ms: i64, days: i64) -> Result<String, String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use rcgen::{
        CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType,
        ExtendedKeyUsagePurpose, Issuer, KeyPair, KeyUsagePurpose,
    };

    let failed = |error: rcgen::Error| error.to_string();
    let name = requested(csr)?;
    let der = signing_request(csr)?;
    let mut request = CertificateSigningRequestParams::from_der(&der.as_slice().into()).map_err(failed)?;
    // What a device asks for beside its name is not given.
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    dated(&mut params, real_ms, days);
    request.params = params;
    let key = STANDARD.decode(&authority.key).map_err(|error| error.to_string())?;
    let key = KeyPair::try_from(key.as_slice()).map_err(failed)?;
    let issuer = STANDARD.decode(&authority.certificate).map_err(|error| error.to_string())?;
    let issuer = Issuer::from_ca_cert_der(&issuer.into(), key).map_err(failed)?;
    Ok(STANDARD.encode(request.signed_by(&issuer).map_err(failed)?.der()))
}

#[cfg(not(feature = "pki"))]
pub(crate) fn requested(_: &str) -> Result<String, String> {
    Err("cannot be read: this build has no certificate support (feature `pki`)".to_owned())
}

#[cfg(not(feature = "pki"))]
pub(crate) fn leaf(_: &str, _: &Authority, _: i64, _: i64) -> Result<String, String> {
    Err("this build has no certificate support: feature `pki`".to_owned())
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
