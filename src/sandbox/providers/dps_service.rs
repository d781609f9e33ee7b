//! The service data plane of provisioning services: who may call, and where a call goes.
//!
//! A call carries a shared access signature over one of the service's own keys, or a bearer token and a data role. Facts:
//! contract section 9; signatures as in section 7b. Enrollment groups themselves are in `enrollment`.

use serde_json::Value;

use super::provisioning_services::SERVICE;
use super::sign_in::{Audience, check_bearer};
use super::signatures::Signature;
use super::{device_plane, enrollment, registrations};
use crate::sandbox::clock::Now;
use crate::sandbox::models;
use crate::sandbox::paging;
use crate::sandbox::permissions::{self, Plane};
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::request::Request;
use crate::sandbox::schema::shorten;
use crate::sandbox::world::{Resource, World, text};

/// Versions of the service API that every world speaks.
const VERSIONS: [&str; 2] = ["2025-07-01-preview", "2021-10-01"];
/// Versions that a world speaks too when it serves the model of 2026 (contract of 2026, section 2).
const VERSIONS_2026: [&str; 2] = ["2026-11-02-preview", "2026-11-01"];

/// Handles a request to `{name}.azure-devices-provisioning.net`.
pub(crate) fn handle(world: &mut World, request: &Request, now: &Now, name: &str) -> Result<Reply, Refusal> {
    // Devices are answered at the global host, and at a service's own.
    if device_plane::is_meant(request, name) {
        return device_plane::handle(world, request, now);
    }
    let found = world
        .resources
        .values_mut()
        .find(|found| found.kind == SERVICE && found.name().eq_ignore_ascii_case(name));
    let Some(service) = found.filter(|service| service.property("idScope").is_some()) else {
        let message = format!("The provisioning service '{}' was not found.", shorten(name));
        return Err(Refusal::data_plane(404, 404_001, message));
    };
    // A new service's host takes a while to know it.
    if !service.answers.look(now) {
        let message = format!("The provisioning service '{name}' is not ready yet.");
        return Err(Refusal::data_plane(404, 404_001, message));
    }
    let service = service.clone();
    let version = version(world, request)?;
    let writes = match request.method.as_str() {
        "GET" => false,
        "POST" => {
            !matches!(request.segments().last().map(String::as_str), Some("query" | "attestationmechanism"))
        }
        _ => true,
    };
    let kind = match request.segments().first().map(String::as_str) {
        Some("registrations") => "registrations",
        _ => "enrollmentGroups",
    };
    check_caller(world, request, now, &service, kind, writes)?;
    if kind == "registrations" {
        device_plane::settle(world, &service.id, now);
        let service = world.resource(&service.id).cloned().unwrap_or(service);
        return registrations::handle(world, request, &service);
    }
    enrollment::handle(world, request, now, &service, &version)
}

/// A query's answer: a page of what was found. Clients bound it by `x-ms-max-item-count` and go on with the
/// `x-ms-continuation` of the answer before (`EnrollmentGroup_Query`, `DeviceRegistrationState_Query`).
pub(super) fn page(
    world: &World,
    request: &Request,
    kind: &str,
    found: Vec<Value>,
) -> Result<Reply, Refusal> {
    let bad = |message: &str| Refusal::data_plane(400, 400_004, message.to_owned());
    let asked = match request.header("x-ms-max-item-count").map(str::trim) {
        None | Some("") => 0,
        Some(count) => count
            .parse::<usize>()
            .ok()
            .filter(|count| *count > 0)
            .ok_or_else(|| bad("The header x-ms-max-item-count must be a positive number."))?,
    };
    let most = [asked, world.settings.paging.items].into_iter().filter(|most| *most > 0).min().unwrap_or(0);
    let token = request.header("x-ms-continuation").filter(|token| !token.is_empty());
    let list = format!("{}{}", request.host, request.path);
    let page = paging::cut(world, &list, found, token, most)
        .map_err(|_| bad("The header x-ms-continuation is not one that this query gave out."))?;
    let mut reply = Reply::json(200, Value::Array(page.entries)).with("x-ms-item-type", kind);
    if asked > 0 {
        reply = reply.with("x-ms-max-item-count", asked.to_string());
    }
    Ok(match page.token {
        Some(token) => reply.with("x-ms-continuation", token),
        None => reply,
    })
}

/// The api-version of a call to either plane.
pub(super) fn version(world: &World, request: &Request) -> Result<String, Refusal> {
    let version = request.query_value("api-version").unwrap_or_default();
    let links = models::links_served(world);
    let newer: &[&str] = if links { &VERSIONS_2026 } else { &[] };
    let spoken = [newer, &VERSIONS].concat();
    if spoken.contains(&version.as_str()) {
        return Ok(version);
    }
    let message = format!(
        "The api-version '{}' is missing or not supported; supported are: {}.",
        shorten(&version),
        spoken.join(", ")
    );
    // Where the newer model is, the code is one that other refusals have too (contract of 2026, section 9).
    Err(Refusal::data_plane(400, if links { 400_004 } else { 400_003 }, message))
}

fn check_caller(
    world: &World,
    request: &Request,
    now: &Now,
    service: &Resource,
    kind: &str,
    writes: bool,
) -> Result<(), Refusal> {
    let header = request.header("authorization").unwrap_or_default();
    if header.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer ")) {
        let caller = check_bearer(world, request, now, Audience::ProvisioningService)?;
        let action = format!("Microsoft.Devices/provisioningServices/{}", data_action(request, kind));
        if permissions::allows(world, &caller.object_id, Plane::Data, &action, &service.id, now) {
            return Ok(());
        }
        let message = format!("The caller lacks the data action '{action}'.");
        return Err(Refusal::data_plane(403, 403_001, message));
    }
    // Shared access signatures can be switched off (contract of 2026, section 6.2b).
    if service.body.pointer("/properties/disableLocalAuth") == Some(&Value::Bool(true)) {
        let message = "Unauthorized: local authentication is disabled for this service.";
        return Err(Refusal::data_plane(401, 401_002, message.to_owned()));
    }
    check_signature(header, now, service, kind, writes)
}

/// The data action that a call needs, as the operations of the provider Microsoft.Devices name them.
fn data_action(request: &Request, kind: &str) -> String {
    let segments = request.segments();
    let last = segments.last().map(String::as_str);
    let noun = if kind == "registrations" { "registrationStates" } else { kind };
    match (request.method.as_str(), last) {
        ("POST", Some("attestationmechanism")) => "attestationmechanism/details/action".to_owned(),
        ("GET", _) | ("POST", Some("query")) => format!("{noun}/read"),
        ("DELETE", _) => format!("{noun}/delete"),
        _ => format!("{noun}/write"),
    }
}

/// Verifies `SharedAccessSignature sr=..&sig=..&se=..&skn=..` against the service's keys.
fn check_signature(
    header: &str,
    now: &Now,
    service: &Resource,
    kind: &str,
    writes: bool,
) -> Result<(), Refusal> {
    let refuse = |message: &str| Err(Refusal::data_plane(401, 401_002, format!("Unauthorized: {message}")));
    let signature = match Signature::read(header) {
        Ok(signature) => signature,
        Err(message) => return refuse(message),
    };
    let Some(policy) = &signature.policy else {
        return refuse("the signature needs skn, the name of the policy that signed.");
    };
    let host = service.property("serviceOperationsHostName").unwrap_or_default();
    if !signature.resource().eq_ignore_ascii_case(host) {
        return refuse("the signature is for another resource than this host.");
    }
    if signature.has_expired(now) {
        return refuse("the signature has expired.");
    }
    let keys = service.vault.get("keys").and_then(Value::as_array);
    let Some(known) = keys.into_iter().flatten().find(|key| text(key, &["keyName"]) == Some(policy)) else {
        return refuse("the service has no such shared access policy.");
    };
    if !["primaryKey", "secondaryKey"]
        .iter()
        .filter_map(|name| text(known, &[name]))
        .any(|key| signature.is_of(key))
    {
        return refuse("the signature does not fit the key.");
    }
    let rights = text(known, &["rights"]).unwrap_or_default();
    let has = |right: &str| rights.split(',').any(|one| one.trim() == right);
    let (reads_with, writes_with) = match kind {
        "registrations" => ("RegistrationStatusRead", "RegistrationStatusWrite"),
        _ => ("EnrollmentRead", "EnrollmentWrite"),
    };
    if has(writes_with) || (!writes && has(reads_with)) {
        return Ok(());
    }
    let message = format!(
        "The shared access policy '{}' lacks the right {}.",
        shorten(policy),
        if writes { writes_with } else { reads_with }
    );
    Err(Refusal::data_plane(403, 403_001, message))
}
