//! The headers by which an answer is found again: ids of the request, the date, and what is left of the limits.
//!
//! Every answer has them, refusals and accepted operations included. Facts: the resource manager's pages on request and
//! response headers and on throttling; Graph's `client-request-id`. Called by the step, and by the server for what never
//! became a step.

use super::clock::Now;
use super::reply::Reply;
use super::request::Request;
use super::world::World;

/// What the resource manager grants a subscription in an hour, told as if one request had been made. Nothing is counted,
/// since a count would change the world with every read.
const READS: u32 = 12_000;
const WRITES: u32 = 1_200;
const DELETES: u32 = 15_000;

/// The client's own id, and the header by which it asks to have it back.
const ECHOES: [(&str, &str); 2] = [
    ("x-ms-client-request-id", "x-ms-return-client-request-id"),
    ("client-request-id", "return-client-request-id"),
];

/// Whether the resource manager answers a request.
pub(crate) fn is_arm(request: &Request) -> bool {
    let first = || request.segments().first().map(|word| word.to_ascii_lowercase()).unwrap_or_default();
    request.host == "management.azure.com"
        || (request.to_loopback() && ["subscriptions", "providers", "tenants"].contains(&first().as_str()))
}

/// Puts the ids and the date on an answer.
pub(crate) fn put(reply: Reply, request: &Request, now: &Now, request_id: &str) -> Reply {
    let correlation = request.header("x-ms-correlation-request-id").unwrap_or(request_id);
    let mut reply = reply
        .with("x-ms-request-id", request_id)
        .with("request-id", request_id)
        .with("x-ms-correlation-request-id", correlation)
        .with("Date", now.rfc1123());
    if is_arm(request) {
        let moment = now.iso();
        let compact: String = moment
            .split('.')
            .next()
            .unwrap_or_default()
            .chars()
            .filter(|letter| !matches!(letter, '-' | ':' | 'Z'))
            .collect();
        reply = reply
            .with("x-ms-routing-request-id", format!("SANDBOX:{compact}Z:{request_id}"))
            .with("strict-transport-security", "max-age=31536000; includeSubDomains")
            .with("x-content-type-options", "nosniff");
    }
    for (id, asks) in ECHOES {
        let wanted = request.header(asks).is_some_and(|word| word.eq_ignore_ascii_case("true"));
        if let Some(own) = request.header(id).filter(|_| wanted) {
            reply = reply.with(id, own);
        }
    }
    reply
}

/// Says what is left of the resource manager's limits: of the world's own limit on writes, where it has one.
pub(crate) fn remaining(world: &World, request: &Request, reply: Reply) -> Reply {
    let of_tenant = !request.path.to_ascii_lowercase().starts_with("/subscriptions/");
    let (kind, left) = match request.method.as_str() {
        "GET" | "HEAD" => ("reads", READS - 1),
        method => {
            let limited = world.settings.throttle.as_ref().map(|limit| limit.writes_per_minute);
            let usual = if method == "DELETE" { DELETES - 1 } else { WRITES - 1 };
            let left = limited.map_or(usual, |limit| limit.saturating_sub(world.writes.1));
            (if method == "DELETE" { "deletes" } else { "writes" }, left)
        }
    };
    let whose = if of_tenant { "tenant" } else { "subscription" };
    reply.with(&format!("x-ms-ratelimit-remaining-{whose}-{kind}"), left.to_string())
}
