//! The one step of the world: `(world, request, now)` to a reply, with the world changed in place.
//!
//! Picks the service by host, counts throttled writes, and turns refusals into replies. The server calls it.

use uuid::Uuid;

use super::clock::Now;
use super::faults;
use super::front_door;
use super::labels;
use super::operations;
use super::providers::{dps_service, graph, hub_devices, sign_in};
use super::reply::{Refusal, Reply};
use super::request::Request;
use super::world::World;

/// Largest body that is read, in bytes. ARM's own limit is 4 MB.
pub(crate) const BODY_LIMIT: usize = 4 * 1024 * 1024;

const DPS_SUFFIX: &str = ".azure-devices-provisioning.net";
const HUB_SUFFIX: &str = ".azure-devices.net";

/// Answers one request.
pub(crate) fn step(world: &mut World, request: &Request, now: &Now) -> Reply {
    let request_id = Uuid::new_v4().to_string();
    let now = &now.ahead(world.settings.clock.ahead_seconds);
    operations::settle(world, now);
    let fault = faults::pick(world, request);
    let outcome = match (&fault, faults::veiled(world, request)) {
        (Some(fault), _) => faults::outcome(fault, world, request, now, dispatch),
        (None, Some(refusal)) => Err(refusal),
        (None, None) => dispatch(world, request, now),
    };
    let mut reply = outcome.unwrap_or_else(|refusal| refusal.into_reply(now, &request_id));
    if request.method == "HEAD" {
        reply.body = None;
    }
    let mut reply = labels::put(reply, request, now, &request_id);
    if labels::is_arm(request) && reply.status != 401 {
        reply = labels::remaining(world, request, reply);
    }
    if let Some(fault) = &fault {
        faults::alter(fault, world, request, &mut reply, now);
    }
    reply
}

fn dispatch(world: &mut World, request: &Request, now: &Now) -> Result<Reply, Refusal> {
    let host = request.host.as_str();
    if host == "login.microsoftonline.com" {
        return sign_in::handle(world, request, now);
    }
    if host == "graph.microsoft.com" {
        return graph::handle(world, request, now);
    }
    if host == "management.azure.com" {
        if request.path.eq_ignore_ascii_case("/metadata/endpoints") {
            return Ok(clouds(world, request));
        }
        throttle(world, request, now)?;
        return front_door::handle(world, request, now);
    }
    if let Some(name) = host.strip_suffix(DPS_SUFFIX) {
        return dps_service::handle(world, request, now, name);
    }
    if let Some(name) = host.strip_suffix(HUB_SUFFIX) {
        return hub_devices::handle(world, request, now, name);
    }
    if request.to_loopback() {
        return by_path(world, request, now);
    }
    Err(Refusal::arm(
        404,
        "UnknownHost",
        format!("This sandbox is no server for the host '{}'.", super::schema::shorten(host)),
    ))
}

/// A client that addresses the loopback server itself: the path tells the service.
fn by_path(world: &mut World, request: &Request, now: &Now) -> Result<Reply, Refusal> {
    let segments = request.segments();
    let first = segments.first().map(|word| word.to_ascii_lowercase()).unwrap_or_default();
    let second = segments.get(1).map(|word| word.to_ascii_lowercase()).unwrap_or_default();
    match (first.as_str(), second.as_str()) {
        ("subscriptions" | "providers" | "tenants", _) => {
            throttle(world, request, now)?;
            front_door::handle(world, request, now)
        }
        ("metadata", "endpoints") if request.method == "GET" => Ok(clouds(world, request)),
        ("msi", "token") => sign_in::managed::token(world, request, now),
        ("v1.0", _) => graph::handle(world, request, now),
        ("graph", "v1.0") => {
            let path = request.path.get("/graph".len()..).unwrap_or_default().to_owned();
            graph::handle(world, &Request { path, ..request.clone() }, now)
        }
        (_, "oauth2" | "v2.0" | "discovery" | ".well-known") => sign_in::handle(world, request, now),
        _ => Err(Refusal::arm(
            404,
            "UnknownPath",
            "No service of this sandbox has that path. Send the original Azure host name, or start the path with /subscriptions, /providers, /v1.0, /graph/v1.0 or /{tenant}/oauth2.".to_owned(),
        )),
    }
}

/// The cloud behind an address of the resource manager, for clients that register one; told without a token. Facts: the
/// endpoint `metadata/endpoints` at its 2019-05-01 and 2022-09-01 versions, which `az cloud register` reads.
fn clouds(world: &World, request: &Request) -> Reply {
    let base = request.link_base();
    let here = request.to_loopback();
    let of = |host: &str| if here { base.clone() } else { format!("https://{host}") };
    let login = of("login.microsoftonline.com");
    // A path of its own, since the audience of this address is the resource manager. az takes it for resource and address alike,
    // and would ask the real directory otherwise.
    let graph = if here { format!("{base}/graph") } else { "https://graph.microsoft.com".to_owned() };
    let cloud = serde_json::json!({
        "name": "AzureCloud", "portal": "https://portal.azure.com",
        "authentication": {
            "loginEndpoint": login, "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
            "tenant": world.tenant(), "identityProvider": "AAD",
        },
        "resourceManager": of("management.azure.com"), "graph": graph,
        "microsoftGraphResourceId": format!("{graph}/"), "graphAudience": format!("{graph}/"),
        "activeDirectoryDataLake": "https://datalake.azure.net/", "gallery": "https://gallery.azure.com/",
        "batch": "https://batch.core.windows.net/", "sqlManagement": "https://management.core.windows.net:8443/",
        "media": "https://rest.media.azure.net", "vmImageAliasDoc": "",
        "suffixes": {"storage": "core.windows.net", "keyVaultDns": "vault.azure.net"},
    });
    let old = request.query_value("api-version").is_some_and(|version| version.as_str() < "2020");
    Reply::json(200, if old { serde_json::json!([cloud]) } else { cloud })
}

/// ARM's limit on writes, when the world has one.
fn throttle(world: &mut World, request: &Request, now: &Now) -> Result<(), Refusal> {
    let Some(limit) = world.settings.throttle.as_ref().map(|throttle| throttle.writes_per_minute) else {
        return Ok(());
    };
    if request.is_read() {
        return Ok(());
    }
    let minute = now.sim_ms.div_euclid(60_000);
    if world.writes.0 != minute {
        world.writes = (minute, 0);
    }
    world.writes.1 = world.writes.1.saturating_add(1);
    if world.writes.1 <= limit {
        return Ok(());
    }
    let left = u32::try_from(60_000 - now.sim_ms.rem_euclid(60_000)).unwrap_or(60_000);
    let mut refusal = Refusal::arm(
        429,
        "SubscriptionRequestsThrottled",
        format!(
            "Number of 'write' requests exceeded the limit of '{limit}' for the time interval '00:01:00'."
        ),
    );
    refusal.retry_seconds = Some(f64::from(left) / 1000.0);
    Err(refusal)
}
