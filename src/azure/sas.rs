//! Shared access signatures of the DPS service plane (contract preview-2025, 7b), and the policy that sends them.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::Secret;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::bearer::refused;
use super::error;
use super::redact::percent_encoded;
use super::routes::authority;
use super::stamp::proceed;
use crate::domain::{Cloud, ErrorKind, ServiceError};

/// How long a signature holds, in seconds; one is made for each call.
const LIFE: i64 = 600;

/// What a signature is made with; it travels in the pipeline's context.
#[derive(Clone, Debug)]
pub(super) struct SasKey {
    /// Base64, as Azure gives it.
    pub key: Secret,
    pub policy: Secret,
    /// The service's time, in seconds of the Unix epoch.
    pub now: i64,
}

/// Signs each request with the key of its context, for DPS hosts of the cloud only.
#[derive(Debug)]
pub(super) struct SasPolicy {
    pub cloud: Cloud,
}

#[async_trait]
impl Policy for SasPolicy {
    async fn send(&self, ctx: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        let url = request.url();
        let host = authority(url);
        if url.scheme() != "https" || !self.cloud.is_dps_host(&host) || !url.username().is_empty() {
            let wanted = format!("`https://*.{}`", self.cloud.dps_domain);
            return Err(error::into_core(refused(url, &wanted)));
        }
        let Some(key) = ctx.value::<SasKey>() else {
            let message = "the request was not sent: it has no key to sign with";
            return Err(error::into_core(ServiceError::local(ErrorKind::Refused, message)));
        };
        let signed = signature(&host, key, key.now.saturating_add(LIFE)).map_err(error::into_core)?;
        request.insert_header("authorization", signed.secret().to_owned());
        proceed(ctx, request, next).await
    }
}

/// The `Authorization` value for `host` until `expiry`, in seconds of the Unix epoch.
pub(super) fn signature(host: &str, key: &SasKey, expiry: i64) -> Result<Secret, ServiceError> {
    let unusable = |what: &str| {
        ServiceError::local(ErrorKind::Refused, format!("the request was not sent: the access key {what}"))
    };
    let bytes = STANDARD.decode(key.key.secret().trim()).map_err(|_| unusable("is not base64"))?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&bytes).map_err(|_| unusable("cannot sign"))?;
    let resource = percent_encoded(host);
    mac.update(format!("{resource}\n{expiry}").as_bytes());
    let signed = percent_encoded(&STANDARD.encode(mac.finalize().into_bytes()));
    let policy = percent_encoded(key.policy.secret());
    Ok(Secret::new(format!("SharedAccessSignature sr={resource}&sig={signed}&se={expiry}&skn={policy}")))
}
