//! Devices of a hub: written by provisioning, read and deleted through the hub's own host.
//!
//! Only what shows that a hub knows a device; no twins, no messages. Facts: the hub service API's `Devices` operations; errors
//! are `Message` and `ExceptionMessage`, with the code in a header.

use serde_json::{Map, Value, json};

use super::credentials::HUB;
use super::signatures::Signature;
use crate::sandbox::clock::Now;
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::request::Request;
use crate::sandbox::schema::shorten;
use crate::sandbox::world::{Resource, World, fresh_key, set, text};

/// Versions of the hub's service API that clients send.
const VERSIONS: [&str; 6] =
    ["2018-06-30", "2019-10-01", "2020-03-13", "2020-09-30", "2021-04-12", "2025-08-01-preview"];

/// What a device proves itself with at its hub.
pub(super) enum Proof {
    Key(String),
    /// A certificate that the hub's authorities vouch for.
    Authority,
}

/// The name that a hub is reached at.
pub(super) fn host_name(hub: &Resource) -> &str {
    hub.property("hostName").unwrap_or_default()
}

/// The hub of a host name.
pub(super) fn by_host<'world>(world: &'world World, host: &str) -> Option<&'world Resource> {
    world.of_kind(HUB).find(|hub| host_name(hub).eq_ignore_ascii_case(host))
}

/// How many devices a hub has, and how many of them are enabled.
pub(super) fn count(hub: &Resource) -> (usize, usize) {
    let devices = || hub.vault.get("devices").and_then(Value::as_object).into_iter().flat_map(Map::values);
    (devices().count(), devices().filter(|device| text(device, &["status"]) == Some("enabled")).count())
}

/// Writes a device into a hub; one that is there keeps its generation.
pub(super) fn put(world: &mut World, hub: &str, id: &str, proof: &Proof, group: &Value, now: &Now) {
    let etag = world.fresh_etag();
    let Some(hub) = world.resource_mut(hub) else { return };
    let earlier = hub.vault.get("devices").and_then(|devices| devices.get(id));
    let generation = earlier
        .and_then(|earlier| text(earlier, &["generationId"]))
        .map_or_else(|| now.real_ms.to_string(), str::to_owned);
    let authentication = match proof {
        Proof::Key(key) => {
            json!({"type": "sas", "symmetricKey": {"primaryKey": key, "secondaryKey": fresh_key()}})
        }
        Proof::Authority => {
            json!({"type": "certificateAuthority", "symmetricKey": {"primaryKey": null, "secondaryKey": null}})
        }
    };
    let edge = group.pointer("/capabilities/iotEdge") == Some(&json!(true));
    let device = json!({
        "deviceId": id, "generationId": generation, "etag": etag, "connectionState": "Disconnected", "status": "enabled",
        "statusReason": null, "connectionStateUpdatedTime": "0001-01-01T00:00:00", "statusUpdatedTime": "0001-01-01T00:00:00",
        "lastActivityTime": "0001-01-01T00:00:00", "cloudToDeviceMessageCount": 0, "authentication": authentication,
        "capabilities": {"iotEdge": edge},
    });
    set(&mut hub.vault, &["devices", id], device);
}

fn refuse(status: u16, code: &str, message: &str) -> Refusal {
    Refusal::hub_data(status, code, message.to_owned())
}

/// Handles a request to `{name}.azure-devices.net`.
pub(crate) fn handle(world: &mut World, request: &Request, now: &Now, name: &str) -> Result<Reply, Refusal> {
    let host = format!("{name}.azure-devices.net");
    let hub = by_host(world, &host).filter(|hub| hub.property("state") == Some("Active")).cloned();
    let Some(hub) = hub else {
        return Err(refuse(
            404,
            "IotHubNotFound",
            &format!("The IoT hub '{}' was not found.", shorten(name)),
        ));
    };
    let version = request.query_value("api-version").unwrap_or_default();
    if !VERSIONS.contains(&version.as_str()) {
        let message = format!("The api-version '{}' is missing or not supported.", shorten(&version));
        return Err(refuse(400, "InvalidProtocolVersion", &message));
    }
    check_signature(request, now, &hub, &host)?;
    let segments = request.segments();
    let words: Vec<&str> = segments.iter().map(String::as_str).collect();
    let devices = hub.vault.get("devices").and_then(Value::as_object);
    match (request.method.as_str(), words.as_slice()) {
        ("GET", ["devices"]) => {
            let most = request.query_value("top").and_then(|top| top.parse().ok()).unwrap_or(1000).min(1000);
            let value: Vec<&Value> = devices.into_iter().flat_map(Map::values).take(most).collect();
            Ok(Reply::json(200, json!(value)))
        }
        ("GET", ["devices", id]) => {
            let found = devices.and_then(|devices| devices.get(*id)).ok_or_else(|| missing(id))?;
            let etag = text(found, &["etag"]).unwrap_or_default();
            Ok(Reply::json(200, found.clone()).with("ETag", format!("\"{etag}\"")))
        }
        ("GET", ["statistics", "devices"]) => {
            let (all, enabled) = count(&hub);
            let value = json!({"totalDeviceCount": all, "enabledDeviceCount": enabled, "disabledDeviceCount": all - enabled});
            Ok(Reply::json(200, value))
        }
        ("DELETE", ["devices", id]) => {
            let found = devices.and_then(|devices| devices.get(*id)).ok_or_else(|| missing(id))?;
            let given = request.header("if-match").map(|given| given.trim().trim_matches('"'));
            match given {
                None => {
                    return Err(refuse(
                        400,
                        "PreconditionFailed",
                        "Deleting a device needs the If-Match header.",
                    ));
                }
                Some(given) if given != "*" && Some(given) != text(found, &["etag"]) => {
                    let message = "The If-Match header does not fit the etag of the device.";
                    return Err(refuse(412, "PreconditionFailed", message));
                }
                Some(_) => {}
            }
            let kept = world.resource_mut(&hub.id).and_then(|hub| hub.vault.get_mut("devices"));
            if let Some(kept) = kept.and_then(Value::as_object_mut) {
                kept.remove(*id);
            }
            Ok(Reply::empty(204))
        }
        _ => {
            let message =
                format!("This sandbox's hubs have no {} {}.", request.method, shorten(&request.path));
            Err(refuse(404, "InvalidOperation", &message))
        }
    }
}

fn missing(id: &str) -> Refusal {
    refuse(404, "DeviceNotFound", &format!("Device {} not registered", shorten(id)))
}

fn check_signature(request: &Request, now: &Now, hub: &Resource, host: &str) -> Result<(), Refusal> {
    let nobody = |why: &str| refuse(401, "IotHubUnauthorizedAccess", &format!("Unauthorized: {why}"));
    let signature = Signature::read(request.header("authorization").unwrap_or_default()).map_err(nobody)?;
    if !signature.resource().eq_ignore_ascii_case(host) || signature.has_expired(now) {
        return Err(nobody("the signature is for another resource, or has expired."));
    }
    if hub.body.pointer("/properties/disableLocalAuth") == Some(&json!(true)) {
        return Err(nobody("local authentication is disabled for this hub."));
    }
    let keys = hub.vault.get("keys").and_then(Value::as_array);
    let known = keys.into_iter().flatten().find(|key| text(key, &["keyName"]) == signature.policy.as_deref());
    let known = known.ok_or_else(|| nobody("the hub has no such shared access policy."))?;
    if !["primaryKey", "secondaryKey"]
        .iter()
        .filter_map(|name| text(known, &[name]))
        .any(|key| signature.is_of(key))
    {
        return Err(nobody("the signature does not fit the key."));
    }
    let rights = text(known, &["rights"]).unwrap_or_default();
    let right = if request.is_read() { "Registry" } else { "RegistryWrite" };
    if rights.contains(right) {
        return Ok(());
    }
    Err(refuse(403, "IotHubForbidden", &format!("The shared access policy lacks the right {right}.")))
}
