//! What devices ask of a provisioning service over HTTPS: to be registered, with or without a certificate of their own.
//!
//! A device of a symmetric-key group proves itself by the key that is derived from the group's. Registering takes a while;
//! its end is decided when it is due, by what stands then. Facts: contract section 10; contract of 2026, sections 6.13
//! and 9; `device.json` of the 2025-07-01-preview and 2026-11-01 specifications. Certificates and TPMs prove nobody here:
//! the first would need a client's certificate in TLS.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::dps_service;
use super::issuing::{self, Ground};
use super::provisioning_services::SERVICE;
use super::registrations::{self, result_of};
use super::signatures::{Signature, derived};
use super::{device_view, hub_devices};
use crate::sandbox::clock::{Due, Now};
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::request::Request;
use crate::sandbox::schema::{self, Field, Shape, optional, shorten};
use crate::sandbox::world::{Resource, World, set, text};

const UNAUTHORIZED: u32 = 401_002;
const INVALID: u32 = 400_004;
const NOT_FOUND: u32 = 404_201;
/// No hub behind the service (contract of 2026, section 9).
const NO_HUB: u32 = 401_001;

static PLAIN: [Field; 3] = [
    optional("registrationId", Shape::Text),
    optional("tpm", Shape::Anything),
    optional("payload", Shape::MapOf(&Shape::Anything)),
];
static WITH_REQUEST: [Field; 4] = [
    optional("registrationId", Shape::Text),
    optional("tpm", Shape::Anything),
    optional("csr", Shape::Text),
    optional("payload", Shape::MapOf(&Shape::Anything)),
];

/// Whether a request to the host `{name}.azure-devices-provisioning.net` is a device's.
pub(super) fn is_meant(request: &Request, name: &str) -> bool {
    let segments = request.segments();
    name == "global" || segments.get(1).is_some_and(|word| word == "registrations")
}

/// Who calls, once the signature is checked.
struct Device {
    service: Resource,
    registration: String,
    /// Id of the enrollment group, and the group.
    group: Value,
    /// The key that proved it, which its hub is told.
    key: String,
}

/// Handles a device's request.
pub(super) fn handle(world: &mut World, request: &Request, now: &Now) -> Result<Reply, Refusal> {
    let segments = request.segments();
    let words: Vec<&str> = segments.iter().map(String::as_str).collect();
    let [scope, "registrations", registration, rest @ ..] = words.as_slice() else {
        return Err(unknown(request));
    };
    let version = dps_service::version(world, request)?;
    let device = prove(world, request, now, scope, registration)?;
    match (request.method.as_str(), rest) {
        ("PUT", ["register"]) => register(world, request, now, &device, &version),
        ("GET", ["operations", operation]) => follow(world, request, now, &device, operation),
        ("POST", []) => {
            let body = body(request, &device, &WITH_REQUEST)?;
            if body.get("csr").is_some() {
                return Err(bad("The property 'csr' is not for a look at the status of a registration."));
            }
            let found = registrations::find(&device.service, &device.registration)
                .filter(|found| text(found, &["status"]) != Some("assigning"))
                .ok_or_else(|| missing(&device.registration))?;
            let mut shown = result_of(found);
            if let Some(map) = shown.as_object_mut() {
                // A chain is given once, at the end of its operation.
                map.remove("issuedCertificateChain");
            }
            Ok(Reply::json(200, shown))
        }
        _ => Err(unknown(request)),
    }
}

fn unknown(request: &Request) -> Refusal {
    let message = format!("The device API has no {} {}.", request.method, shorten(&request.path));
    Refusal::data_plane(404, 404_000, message)
}

fn bad(message: &str) -> Refusal {
    Refusal::data_plane(400, INVALID, message.to_owned())
}

fn missing(registration: &str) -> Refusal {
    let message = format!("The registration '{}' was not found.", shorten(registration));
    Refusal::data_plane(404, NOT_FOUND, message)
}

/// Scope, signature and group, all refused alike: who guesses learns nothing.
fn prove(
    world: &mut World,
    request: &Request,
    now: &Now,
    scope: &str,
    registration: &str,
) -> Result<Device, Refusal> {
    let refuse = |why: &str| Refusal::data_plane(401, UNAUTHORIZED, format!("Unauthorized: {why}"));
    let signature = Signature::read(request.header("authorization").unwrap_or_default()).map_err(refuse)?;
    let wanted = format!("{scope}/registrations/{registration}");
    if !signature.resource().eq_ignore_ascii_case(&wanted) {
        return Err(refuse("the signature is for another registration than this."));
    }
    if signature.has_expired(now) {
        return Err(refuse("the signature has expired."));
    }
    let nobody = || refuse("the signature is of no key of an enrollment group.");
    let service = world
        .of_kind(SERVICE)
        .find(|service| service.property("idScope").is_some_and(|known| known.eq_ignore_ascii_case(scope)))
        .cloned()
        .ok_or_else(nobody)?;
    let groups = world.enrollment_groups.get(&service.id.to_ascii_lowercase());
    for group in groups.into_iter().flat_map(|groups| groups.values()) {
        for name in ["primaryKey", "secondaryKey"] {
            let key = text(group, &["attestation", "symmetricKey", name])
                .and_then(|key| derived(key, registration))
                .filter(|key| signature.is_of(key));
            if let Some(key) = key {
                let group = group.clone();
                return Ok(Device { service, registration: registration.to_owned(), group, key });
            }
        }
    }
    Err(nobody())
}

fn body(request: &Request, device: &Device, fields: &'static [Field]) -> Result<Value, Refusal> {
    let body = request.json_object().map_err(|refusal| bad(&refusal.message))?;
    schema::check(&body, &Shape::Object(fields), "").map_err(|violation| bad(&violation.to_string()))?;
    match text(&body, &["registrationId"]) {
        Some(own) if !own.eq_ignore_ascii_case(&device.registration) => {
            Err(bad("The property 'registrationId' differs from the id in the path."))
        }
        _ => Ok(body),
    }
}

fn register(
    world: &mut World,
    request: &Request,
    now: &Now,
    device: &Device,
    version: &str,
) -> Result<Reply, Refusal> {
    let issues = version >= "2025-07";
    let body = body(request, device, if issues { &WITH_REQUEST } else { &PLAIN })?;
    let signing = match text(&body, &["csr"]) {
        Some(csr) => {
            if issuing::policy_of(&device.group).is_none() {
                return Err(bad("The enrollment group names no policy, so it issues no certificates."));
            }
            issuing::check(csr, &device.registration)
                .map_err(|why| bad(&format!("The property 'csr' {why}.")))?;
            json!(csr)
        }
        None => Value::Null,
    };
    let operation = format!("5.{}.{}", &Uuid::new_v4().simple().to_string()[..16], Uuid::new_v4());
    let earlier = registrations::find(&device.service, &device.registration).cloned();
    let created = earlier
        .as_ref()
        .and_then(|earlier| text(earlier, &["createdDateTimeUtc"]))
        .map_or_else(|| now.iso(), str::to_owned);
    let due = Due::after(now, world.settings.latency.registration);
    let started = json!({
        "registrationId": device.registration, "operationId": operation, "status": "assigning",
        "createdDateTimeUtc": created, "lastUpdatedDateTimeUtc": now.iso(),
        "assignedHub": earlier.as_ref().and_then(|earlier| text(earlier, &["assignedHub"])),
        "group": text(&device.group, &["enrollmentGroupId"]), "csr": signing, "key": device.key,
        "due": serde_json::to_value(due).unwrap_or_default(),
    });
    registrations::keep(world, &device.service.id, &device.registration, started);
    Ok(assigning(world, request, now, device, &operation))
}

fn assigning(world: &World, request: &Request, now: &Now, device: &Device, operation: &str) -> Reply {
    let scope = device.service.property("idScope").unwrap_or_default();
    let location = format!(
        "{}/{scope}/registrations/{}/operations/{operation}?{}",
        request.link_base(),
        device.registration,
        request.query.as_deref().unwrap_or_default(),
    );
    Reply::json(202, json!({"operationId": operation, "status": "assigning"}))
        .with("Location", location)
        .with_retry_after(now, world.settings.latency.registration)
}

/// A look at a registration under way. The one that finds it due ends it.
fn follow(
    world: &mut World,
    request: &Request,
    now: &Now,
    device: &Device,
    operation: &str,
) -> Result<Reply, Refusal> {
    let found = registrations::find(&device.service, &device.registration)
        .filter(|found| text(found, &["operationId"]) == Some(operation))
        .cloned()
        .ok_or_else(|| missing(&device.registration))?;
    let mut found = found;
    if text(&found, &["status"]) == Some("assigning") {
        let mut due: Due = found
            .get("due")
            .and_then(|due| serde_json::from_value(due.clone()).ok())
            .unwrap_or_else(Due::already);
        let reached = due.look(now);
        set(&mut found, &["due"], serde_json::to_value(due).unwrap_or_default());
        if reached {
            finish(world, now, device, &mut found);
        }
        registrations::keep(world, &device.service.id, &device.registration, found.clone());
        if !reached {
            return Ok(assigning(world, request, now, device, operation));
        }
    }
    let status = text(&found, &["status"]).unwrap_or_default();
    Ok(Reply::json(
        200,
        json!({"operationId": operation, "status": status, "registrationState": result_of(&found)}),
    ))
}

/// Ends what is due at a service: a registration goes on while its device does not look.
pub(super) fn settle(world: &mut World, service: &str, now: &Now) {
    let Some(service) = world.resource(service).filter(|_| now.speed > 0.0).cloned() else { return };
    let is_due = |found: &&Value| {
        let due = found.get("due").and_then(|due| serde_json::from_value::<Due>(due.clone()).ok());
        text(found, &["status"]) == Some("assigning") && due.is_some_and(|due| due.reached(now))
    };
    let kept = service.vault.get("registrations").and_then(Value::as_object);
    let due: Vec<Value> = kept.into_iter().flat_map(Map::values).filter(is_due).cloned().collect();
    for mut found in due {
        let said = |name: &str| text(&found, &[name]).unwrap_or_default().to_owned();
        let (registration, key) = (said("registrationId"), said("key"));
        let groups = world.enrollment_groups.get(&service.id.to_ascii_lowercase());
        let group = groups.and_then(|groups| groups.get(&said("group").to_ascii_lowercase())).cloned();
        // Without its group nobody can prove to be the device, nor ask how it ended.
        let Some(group) = group else { continue };
        let device = Device { service: service.clone(), registration, group, key };
        finish(world, now, &device, &mut found);
        registrations::keep(world, &service.id, &device.registration, found);
    }
}

/// Decides how a registration ends, by what stands now.
fn finish(world: &mut World, now: &Now, device: &Device, registration: &mut Value) {
    let outcome = assign(world, now, device, registration);
    end(registration, outcome, now);
    let etag = format!("\"{}\"", world.fresh_etag());
    set(registration, &["etag"], json!(etag));
}

/// Why a device is not assigned: code and message.
type Failed = (u32, String);

/// Where a device belongs, and what it was given.
struct Assigned {
    hub: String,
    chain: Vec<String>,
    substatus: &'static str,
}

fn end(registration: &mut Value, outcome: Result<Assigned, Failed>, now: &Now) {
    let done = match outcome {
        Ok(assigned) => json!({
            "status": "assigned", "substatus": assigned.substatus, "assignedHub": assigned.hub,
            "deviceId": text(registration, &["registrationId"]), "issuedCertificateChain": assigned.chain,
        }),
        Err((0, _)) => json!({"status": "disabled"}),
        Err((code, message)) => json!({"status": "failed", "errorCode": code, "errorMessage": message}),
    };
    for (name, value) in done.as_object().into_iter().flatten() {
        set(registration, &[name], value.clone());
    }
    set(registration, &["csr"], Value::Null);
    set(registration, &["key"], Value::Null);
    set(registration, &["lastUpdatedDateTimeUtc"], json!(now.iso()));
}

fn assign(world: &mut World, now: &Now, device: &Device, registration: &Value) -> Result<Assigned, Failed> {
    if text(&device.group, &["provisioningStatus"]) == Some("disabled") {
        return Err((0, String::new()));
    }
    let hub = choose(world, device)
        .ok_or_else(|| (NO_HUB, "No IoT hub is linked that the enrollment group may use.".to_owned()))?;
    let host = hub_devices::host_name(&hub).to_owned();
    let chain = match text(registration, &["csr"]) {
        Some(csr) => {
            let ground = Ground { service: &device.service, group: &device.group };
            issuing::issue(world, now, &ground, csr)?
        }
        None => Vec::new(),
    };
    let earlier = text(registration, &["assignedHub"]);
    let substatus = match earlier {
        None => "initialAssignment",
        Some(earlier) if earlier.eq_ignore_ascii_case(&host) => "reprovisionedToInitialAssignment",
        Some(_) => "deviceDataMigrated",
    };
    let with = if chain.is_empty() {
        hub_devices::Proof::Key(device.key.clone())
    } else {
        hub_devices::Proof::Authority
    };
    hub_devices::put(world, &hub.id, &device.registration, &with, &device.group, now);
    Ok(Assigned { hub: host, chain, substatus })
}

/// The hub of a device: always the same one for as long as the same ones may be used.
fn choose(world: &World, device: &Device) -> Option<Resource> {
    let of_namespace = device_view::host_names(world, &device.service);
    let own = device.service.body.pointer("/properties/iotHubs").and_then(Value::as_array);
    let named = device.group.get("iotHubs").and_then(Value::as_array).filter(|named| !named.is_empty());
    let mut hosts: Vec<&str> = own
        .into_iter()
        .flatten()
        .filter(|hub| hub.get("applyAllocationPolicy") != Some(&json!(false)) || named.is_some())
        .filter_map(|hub| text(hub, &["name"]))
        .chain(of_namespace.iter().map(String::as_str))
        .filter(|host| {
            named.is_none_or(|named| {
                named.iter().filter_map(Value::as_str).any(|known| known.eq_ignore_ascii_case(host))
            })
        })
        .collect();
    hosts.sort_unstable();
    hosts.dedup();
    let sum: usize = device.registration.to_ascii_lowercase().bytes().map(usize::from).sum();
    let host = hosts.get(sum.checked_rem(hosts.len())?)?;
    hub_devices::by_host(world, host).cloned()
}
