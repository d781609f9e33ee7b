//! Shared access signatures: read from a header, and held against a key.
//!
//! Which keys may sign for what is the services' business. Facts: contract sections 7b, 7 of stage 7, and 10.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::sandbox::clock::Now;
use crate::sandbox::request::decode;

/// `SharedAccessSignature sr=..&sig=..&se=..&skn=..`, read.
pub(super) struct Signature<'header> {
    /// Still encoded: so it was signed.
    resource: &'header str,
    expiry: &'header str,
    given: Vec<u8>,
    /// Name of the policy whose key signed.
    pub(super) policy: Option<String>,
}

impl<'header> Signature<'header> {
    /// Reads the value of an `Authorization` header.
    ///
    /// # Errors
    /// What is wrong, as a sentence that holds no part of the header.
    pub(super) fn read(header: &'header str) -> Result<Self, &'static str> {
        let token = header
            .strip_prefix("SharedAccessSignature ")
            .ok_or("the Authorization header is missing or of an unknown scheme.")?;
        let part = |wanted: &str| {
            token
                .split('&')
                .filter_map(|part| part.split_once('='))
                .find(|(name, _)| *name == wanted)
                .map(|(_, value)| value)
        };
        let (Some(resource), Some(signature), Some(expiry)) = (part("sr"), part("sig"), part("se")) else {
            return Err("the signature needs sr, sig and se.");
        };
        Ok(Self {
            resource,
            expiry,
            given: STANDARD.decode(decode(signature, false)).unwrap_or_default(),
            policy: part("skn").map(|name| decode(name, false)),
        })
    }

    /// What it is for, decoded.
    pub(super) fn resource(&self) -> String {
        decode(self.resource, false)
    }

    pub(super) fn has_expired(&self, now: &Now) -> bool {
        self.expiry.parse::<i64>().unwrap_or(0) <= now.real_ms.div_euclid(1000)
    }

    /// Whether a key, in base64, made it.
    pub(super) fn is_of(&self, key: &str) -> bool {
        let signed = format!("{}\n{}", self.resource, self.expiry);
        STANDARD.decode(key).ok().and_then(|key| Hmac::<Sha256>::new_from_slice(&key).ok()).is_some_and(
            |mut mac| {
                mac.update(signed.as_bytes());
                mac.verify_slice(&self.given).is_ok()
            },
        )
    }
}

/// The key of one device of a group, from the group's (contract, section 10); `None` for a key that is no base64.
pub(super) fn derived(group_key: &str, registration: &str) -> Option<String> {
    let key = STANDARD.decode(group_key).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(registration.as_bytes());
    Some(STANDARD.encode(mac.finalize().into_bytes()))
}
