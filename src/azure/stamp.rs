//! The policy that names each request: the call's id goes out with it and comes back in Azure's own logs.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{Context, Request};

use crate::domain::CallId;

/// Sends `x-ms-client-request-id`, and asks for it back (contract preview-2025, section 1). The id comes with the
/// pipeline's context.
#[derive(Debug)]
pub(super) struct StampPolicy;

#[async_trait]
impl Policy for StampPolicy {
    async fn send(&self, ctx: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        if let Some(call) = ctx.value::<CallId>() {
            request.insert_header("x-ms-client-request-id", call.to_string());
            request.insert_header("x-ms-return-client-request-id", "true");
        }
        proceed(ctx, request, next).await
    }
}

/// Hands `request` to the next policy. The transport is always the last, so there is one.
pub(super) async fn proceed(
    ctx: &Context<'_>,
    request: &mut Request,
    next: &[Arc<dyn Policy>],
) -> PolicyResult {
    match next.split_first() {
        Some((policy, rest)) => policy.send(ctx, request, rest).await,
        None => Err(azure_core::Error::with_message(
            azure_core::error::ErrorKind::Other,
            "the pipeline has no transport",
        )),
    }
}
