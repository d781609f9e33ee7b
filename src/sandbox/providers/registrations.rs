//! Registrations of devices at a provisioning service: kept with the service, read and taken out by its service API.
//!
//! `device_plane` writes them. Facts: the service specifications' `DeviceRegistrationState` operations.

use serde_json::{Map, Value};

use super::dps_service;
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::request::Request;
use crate::sandbox::schema::shorten;
use crate::sandbox::world::{Resource, World, set, text};

/// What a registration shows of itself, in the specification's order; the rest is this world's own.
const SHOWN: [&str; 12] = [
    "registrationId",
    "createdDateTimeUtc",
    "assignedHub",
    "deviceId",
    "status",
    "substatus",
    "errorCode",
    "errorMessage",
    "lastUpdatedDateTimeUtc",
    "etag",
    "payload",
    "issuedCertificateChain",
];

/// A registration by its id, which is compared without case.
pub(super) fn find<'service>(service: &'service Resource, id: &str) -> Option<&'service Value> {
    service.vault.get("registrations")?.get(id.to_ascii_lowercase())
}

/// Keeps a registration with its service.
pub(super) fn keep(world: &mut World, service: &str, id: &str, registration: Value) {
    if let Some(service) = world.resource_mut(service) {
        set(&mut service.vault, &["registrations", &id.to_ascii_lowercase()], registration);
    }
}

/// A registration as devices and the service API see it.
pub(super) fn result_of(registration: &Value) -> Value {
    let mut shown = Map::new();
    for name in SHOWN {
        let value = registration.get(name).filter(|value| !value.is_null());
        if let Some(value) = value.filter(|value| value.as_array().is_none_or(|list| !list.is_empty())) {
            shown.insert(name.to_owned(), value.clone());
        }
    }
    Value::Object(shown)
}

/// As the service API sees it: a chain is the device's alone.
fn state(registration: &Value) -> Value {
    let mut shown = result_of(registration);
    if let Some(map) = shown.as_object_mut() {
        map.remove("issuedCertificateChain");
    }
    shown
}

/// Handles one checked call to `/registrations` of a service's API.
pub(super) fn handle(world: &mut World, request: &Request, service: &Resource) -> Result<Reply, Refusal> {
    let segments = request.segments();
    let words: Vec<&str> = segments.iter().map(String::as_str).collect();
    let missing = |id: &str| {
        let message = format!("The registration '{}' was not found.", shorten(id));
        Refusal::data_plane(404, 404_201, message)
    };
    match (request.method.as_str(), words.as_slice()) {
        ("GET", [_, id]) => find(service, id)
            .map(|found| {
                Reply::json(200, state(found)).with("ETag", text(found, &["etag"]).unwrap_or_default())
            })
            .ok_or_else(|| missing(id)),
        ("DELETE", [_, id]) => {
            let found = find(service, id).ok_or_else(|| missing(id))?;
            let given = request.header("if-match").map(|given| given.trim().trim_matches('"'));
            let etag = text(found, &["etag"]).map(|known| known.trim_matches('"'));
            if given.is_some_and(|given| given != "*" && Some(given) != etag) {
                let message = "The If-Match header does not fit the etag of the registration.";
                return Err(Refusal::data_plane(412, 412_001, message.to_owned()));
            }
            let kept = world
                .resource_mut(&service.id)
                .and_then(|service| service.vault.get_mut("registrations"))
                .and_then(Value::as_object_mut);
            if let Some(kept) = kept {
                kept.remove(&id.to_ascii_lowercase());
            }
            Ok(Reply::empty(204))
        }
        ("POST", [_, group, "query"]) => {
            let kept = service.vault.get("registrations").and_then(Value::as_object);
            let of_group = |found: &&Value| {
                text(found, &["group"]).is_some_and(|known| known.eq_ignore_ascii_case(group))
            };
            let value: Vec<Value> =
                kept.into_iter().flat_map(Map::values).filter(of_group).map(state).collect();
            dps_service::page(world, request, "deviceRegistration", value)
        }
        _ => Err(Refusal::data_plane(
            404,
            404_000,
            format!("The service API has no {} {}.", request.method, shorten(&request.path)),
        )),
    }
}
