//! Certificate policies: how long the leaves of an issuing authority live.
//!
//! Facts: contract of 2026, sections 3, 6.10 and 8. The policy is a tracked resource in the stored specification, so a
//! location is asked for. `CertificatePolicyQuotaExceeded` and `CertificateAuthorityNotActive` are this world's own.

use serde_json::{Value, json};
use uuid::Uuid;

use super::authorities::{self, check_name, check_region, ready};
use super::device_registry::{accept, accept_delete, check_idle, invalid};
use super::public_body;
use crate::sandbox::front_door::Call;
use crate::sandbox::operations::{Operation, Style, Work};
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::schema::{self, Field, Shape, TAGS, optional, read_only, required};
use crate::sandbox::target::{parent, region};
use crate::sandbox::world::{Resource, World, set, system_data, text};

pub(crate) const POLICY: &str =
    "Microsoft.DeviceRegistry/namespaces/certificateAuthorities/certificatePolicies";

static CERTIFICATE: [Field; 1] = [required("validityPeriodInDays", Shape::Whole(7, 90))];
static PROPERTIES: [Field; 3] =
    [read_only("provisioningState"), read_only("uuid"), required("certificate", Shape::Object(&CERTIFICATE))];
static BODY: [Field; 3] = [
    required("location", Shape::Text),
    optional("tags", TAGS),
    required("properties", Shape::Object(&PROPERTIES)),
];
static PATCH_PROPERTIES: [Field; 1] = [optional("certificate", Shape::Object(&CERTIFICATE))];
static PATCH: [Field; 2] = [optional("tags", TAGS), optional("properties", Shape::Object(&PATCH_PROPERTIES))];

/// Whether an authority has policies.
pub(super) fn exist_below(world: &World, authority: &str) -> bool {
    world.of_kind(POLICY).any(|known| parent(&known.id).eq_ignore_ascii_case(authority))
}

/// Handles one call.
pub(super) fn handle(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    match (call.request.method.as_str(), call.target.is_collection()) {
        ("GET", true) => authorities::list(call, POLICY),
        ("GET", false) => call.show(),
        ("PUT", false) => put(call),
        ("PATCH", false) => patch(call),
        ("DELETE", false) => accept_delete(call),
        _ => Err(call.method_not_allowed()),
    }
}

/// The issuing authority above, and the namespace above that, are fit to be written below.
fn ready_parents<'world>(call: &'world Call<'_>) -> Result<&'world Resource, Refusal> {
    let above = parent(&call.id);
    let namespace = ready(call, parent(above))?;
    let authority = ready(call, above)?;
    if authorities::kind(authority) != "ICA" {
        let message = format!(
            "The certificate authority '{}' is a root; a policy needs an issuing one.",
            authority.name()
        );
        return Err(Refusal::arm(409, "PolicyRequiresIssuingCa", message));
    }
    if !authorities::is_active(authority) {
        let message = format!("The certificate authority '{}' has not been activated.", authority.name());
        return Err(Refusal::arm(409, "CertificateAuthorityNotActive", message));
    }
    Ok(namespace)
}

fn put(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    check_name(call, "certificate policy")?;
    ready_parents(call)?;
    let body = call.body_with_location(true)?;
    let body = call.admitted(&body, &BODY).map_err(|violation| invalid(&violation))?;
    let location = region(text(&body, &["location"]).unwrap_or_default());
    check_region(&location, ready_parents(call)?)?;
    let certificate = body.pointer("/properties/certificate").cloned().unwrap_or_default();
    let tags = body.get("tags").cloned().unwrap_or_else(|| json!({}));
    if let Some(found) = call.world.resource_mut(&call.id) {
        check_idle(found)?;
        if found.provisioning_state() == "Succeeded" {
            found.set_property("certificate", certificate);
            set(&mut found.body, &["tags"], tags);
            return Ok(Reply::json(200, public_body(found)));
        }
    }
    let authority = parent(&call.id).to_owned();
    let other = call.world.of_kind(POLICY).any(|known| {
        parent(&known.id).eq_ignore_ascii_case(&authority) && !known.id.eq_ignore_ascii_case(&call.id)
    });
    if other {
        let message = "The certificate authority already has a policy, and one is its limit.";
        return Err(Refusal::arm(409, "CertificatePolicyQuotaExceeded", message.to_owned()));
    }
    let mut resource = Resource::new(&call.id, POLICY, json!({"location": location, "tags": tags}));
    let properties = json!({
        "provisioningState": "Accepted", "uuid": Uuid::new_v4().to_string(), "certificate": certificate,
    });
    set(&mut resource.body, &["properties"], properties);
    set(&mut resource.body, &["systemData"], system_data(&call.caller.app_id, call.now));
    let reply = Reply::json(201, public_body(&resource));
    call.world.insert(resource);
    let seconds = call.world.settings.latency.certificate_policy;
    Ok(accept(call, Work::Create, Style::AsyncOperation, seconds, reply))
}

fn patch(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    ready_parents(call)?;
    let body = call.request.json_object()?;
    schema::check_resource(&body, &PATCH).map_err(|violation| invalid(&violation))?;
    let not_found = call.not_found();
    let found = call.world.resource_mut(&call.id).ok_or(not_found)?;
    check_idle(found)?;
    if let Some(tags) = body.get("tags").filter(|tags| tags.is_object()) {
        set(&mut found.body, &["tags"], tags.clone());
    }
    if let Some(certificate) = body.pointer("/properties/certificate").filter(|given| given.is_object()) {
        found.set_property("certificate", certificate.clone());
    }
    found.set_property("provisioningState", json!("Accepted"));
    let seconds = call.world.settings.latency.update;
    Ok(accept(call, Work::Update, Style::Location, seconds, Reply::empty(202)))
}

/// Ends creating or changing a policy.
pub(super) fn finish(world: &mut World, operation: &Operation) {
    let failed = operation.work == Work::Create && world.settings.quirks.policy_failed;
    if let Some(found) = world.resource_mut(&operation.resource) {
        found.set_property("provisioningState", json!(if failed { "Failed" } else { "Succeeded" }));
    }
}

/// The policy of an authority by name, when it can be used.
pub(super) fn usable(world: &World, authority: &str, name: &str) -> bool {
    let found: Option<&Value> =
        world.resource(&format!("{authority}/certificatePolicies/{name}")).map(|found| &found.body);
    found.is_some_and(|body| text(body, &["properties", "provisioningState"]) == Some("Succeeded"))
}
