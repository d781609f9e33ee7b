//! Credentials (root authorities), policies (issuing authorities) and synchronizing them to hubs.
//!
//! Facts: contract sections 5 and 8. 2026-03-01-preview policies declare neither `location` nor `tags` (its published
//! types), so they are refused there.

use serde_json::{Value, json};
use uuid::Uuid;

use super::device_registry::{NAMESPACE, accept, accept_delete, check_idle, invalid};
use super::public_body;
use super::trust::{self, authority_of};
use crate::sandbox::clock::Now;
use crate::sandbox::front_door::Call;
use crate::sandbox::operations::{Failure, Operation, Style, Work};
use crate::sandbox::permissions::{self, Plane};
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::schema::{self, Field, Shape, TAGS, optional, read_only, required, shorten};
use crate::sandbox::target::{parent, region};
use crate::sandbox::world::{Resource, World, set, system_data, text};
use crate::sandbox::x509::{self, Authority};

pub(crate) const CREDENTIAL: &str = "Microsoft.DeviceRegistry/namespaces/credentials";
pub(crate) const POLICY: &str = "Microsoft.DeviceRegistry/namespaces/credentials/policies";
pub(crate) const HUB: &str = "Microsoft.Devices/IotHubs";
pub(crate) const HUB_CERTIFICATE: &str = "Microsoft.Devices/IotHubs/certificates";
/// Days that an issuing authority lives; leaves live 7 to 90 (contract, section 5).
const ISSUING_DAYS: i64 = 730;

static STATE: [Field; 1] = [read_only("provisioningState")];
static CREDENTIAL_BODY: [Field; 3] = [
    required("location", Shape::Text),
    optional("tags", TAGS),
    optional("properties", Shape::Object(&STATE)),
];
static CREDENTIAL_PATCH: [Field; 1] = [optional("tags", TAGS)];
static LEAF: [Field; 1] = [required("validityPeriodInDays", Shape::Whole(7, 90))];
/// A subject may be sent, as the command line does, and is ignored (contract, section 5, stage 3b).
static AUTHORITY_2025: [Field; 4] = [
    required("keyType", Shape::OneOf(&["ECC"])),
    optional("subject", Shape::Text),
    read_only("validityNotBefore"),
    read_only("validityNotAfter"),
];
static OWN_ROOT: [Field; 3] =
    [required("enabled", Shape::Flag), read_only("status"), read_only("certificateSigningRequest")];
static AUTHORITY_2026: [Field; 5] = [
    required("keyType", Shape::OneOf(&["ECC"])),
    optional("bringYourOwnRoot", Shape::Object(&OWN_ROOT)),
    optional("subject", Shape::Text),
    read_only("validityNotBefore"),
    read_only("validityNotAfter"),
];
static CERTIFICATE_2025: [Field; 2] = [
    required("certificateAuthorityConfiguration", Shape::Object(&AUTHORITY_2025)),
    required("leafCertificateConfiguration", Shape::Object(&LEAF)),
];
static CERTIFICATE_2026: [Field; 2] = [
    required("certificateAuthorityConfiguration", Shape::Object(&AUTHORITY_2026)),
    required("leafCertificateConfiguration", Shape::Object(&LEAF)),
];
static POLICY_PROPERTIES_2025: [Field; 2] =
    [read_only("provisioningState"), required("certificate", Shape::Object(&CERTIFICATE_2025))];
static POLICY_PROPERTIES_2026: [Field; 2] =
    [read_only("provisioningState"), required("certificate", Shape::Object(&CERTIFICATE_2026))];
static POLICY_2025: [Field; 3] = [
    optional("location", Shape::Text),
    optional("tags", TAGS),
    required("properties", Shape::Object(&POLICY_PROPERTIES_2025)),
];
static POLICY_2026: [Field; 1] = [required("properties", Shape::Object(&POLICY_PROPERTIES_2026))];

fn parent_missing(call: &Call<'_>) -> Refusal {
    let message = format!(
        "Failed to perform '{}' on resource(s) of type '{}', because the parent resource '{}' could not be found.",
        call.request.method,
        call.kind,
        shorten(parent(&call.id)),
    );
    Refusal::arm(404, "ParentResourceNotFound", message)
}

/// The namespace of a credential must be there and at rest before anything is put below it.
fn ready_parent(call: &Call<'_>) -> Result<(), Refusal> {
    let above = call.world.resource(parent(&call.id)).ok_or_else(|| parent_missing(call))?;
    check_idle(above)?;
    if above.provisioning_state() == "Succeeded" {
        return Ok(());
    }
    let message =
        format!("The parent resource '{}' is in state '{}'.", above.name(), above.provisioning_state());
    Err(Refusal::arm(409, "ParentResourceNotReady", message))
}

/// Handles `credentials/default` and its `synchronize`.
pub(crate) fn handle(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    if !call.target.is_collection() && !call.target.name().eq_ignore_ascii_case("default") {
        let message = format!(
            "The credential name '{}' is invalid: it is always 'default'.",
            shorten(call.target.name())
        );
        return Err(Refusal::arm(400, "InvalidResourceName", message).at("credentialName"));
    }
    if call.request.method == "PUT" && call.target.name() != "default" {
        return Err(Refusal::arm(
            400,
            "InvalidResourceName",
            "The credential name is 'default' in lower case.".to_owned(),
        ));
    }
    match (call.request.method.as_str(), &call.target.action) {
        ("POST", Some(action)) if action.eq_ignore_ascii_case("synchronize") => synchronize(call),
        ("GET", None) if !call.target.is_collection() => call.show(),
        ("GET", None) => children(call, CREDENTIAL),
        ("PUT", None) if !call.target.is_collection() => put(call),
        ("PATCH", None) => {
            let body = call.request.json_object()?;
            schema::check_resource(&body, &CREDENTIAL_PATCH).map_err(|violation| invalid(&violation))?;
            let not_found = call.not_found();
            let found = call.world.resource_mut(&call.id).ok_or(not_found)?;
            check_idle(found)?;
            if let Some(tags) = body.get("tags") {
                set(&mut found.body, &["tags"], tags.clone());
            }
            found.set_property("provisioningState", json!("Accepted"));
            let seconds = call.world.settings.latency.update;
            Ok(accept(call, Work::Update, Style::Location, seconds, Reply::empty(202)))
        }
        ("DELETE", None) => {
            let has_policies =
                call.world.of_kind(POLICY).any(|policy| parent(&policy.id).eq_ignore_ascii_case(&call.id));
            if has_policies {
                let message = "The credential has policies; delete them first.";
                return Err(Refusal::arm(409, "CannotDeleteResource", message.to_owned()));
            }
            accept_delete(call)
        }
        _ => Err(call.method_not_allowed()),
    }
}

fn put(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    ready_parent(call)?;
    let body = call.body_with_location(true)?;
    let body = call.admitted(&body, &CREDENTIAL_BODY).map_err(|violation| invalid(&violation))?;
    let location = region(text(&body, &["location"]).unwrap_or_default());
    check_region(call, &location)?;
    let tags = body.get("tags").cloned().unwrap_or_else(|| json!({}));
    if let Some(found) = standing(call)? {
        set(&mut found.body, &["tags"], tags);
        return Ok(Reply::json(200, public_body(found)));
    }
    let limit = call.world.settings.quotas.credentials_per_tenant_and_region;
    let used = call
        .world
        .of_kind(CREDENTIAL)
        .filter(|credential| {
            credential.location() == location && !credential.id.eq_ignore_ascii_case(&call.id)
        })
        .count();
    if used >= limit {
        let message = format!(
            "The tenant already has {used} credential resources in region '{location}', and the limit is {limit}. Delete unused credentials or choose another region."
        );
        return Err(Refusal::arm(400, "CredentialQuotaExceeded", message));
    }
    let mut resource = Resource::new(&call.id, CREDENTIAL, json!({"location": location, "tags": tags}));
    set(&mut resource.body, &["systemData"], system_data(&call.caller.app_id, call.now));
    resource.set_property("provisioningState", json!("Accepted"));
    let reply = Reply::json(201, public_body(&resource));
    call.world.insert(resource);
    let seconds = call.world.settings.latency.credential;
    Ok(accept(call, Work::Create, Style::AsyncOperation, seconds, reply))
}

/// The resource a PUT changes; `None` when it creates, which includes what failed to come to be.
fn standing<'call>(call: &'call mut Call<'_>) -> Result<Option<&'call mut Resource>, Refusal> {
    let Some(found) = call.world.resource_mut(&call.id) else { return Ok(None) };
    check_idle(found)?;
    Ok(Some(found).filter(|found| found.provisioning_state() == "Succeeded"))
}

/// Credentials and policies live where their namespace does (contract, section 2.2).
fn check_region(call: &Call<'_>, location: &str) -> Result<(), Refusal> {
    let above =
        call.world.resource(parent(&call.id)).map(|found| found.location().to_owned()).unwrap_or_default();
    if location == above {
        return Ok(());
    }
    let message = format!(
        "The location '{}' differs from the location '{above}' of the parent resource.",
        shorten(location)
    );
    Err(Refusal::arm(400, "LocationMismatch", message).at("location"))
}

/// What lies right below this call's resource, which must be there.
fn children(call: &Call<'_>, kind: &str) -> Result<Reply, Refusal> {
    if call.world.resource(&call.id).is_none() {
        let message = format!("The parent resource '{}' could not be found.", shorten(&call.id));
        return Err(Refusal::arm(404, "ParentResourceNotFound", message));
    }
    let found = call.world.of_kind(kind).filter(|found| parent(&found.id).eq_ignore_ascii_case(&call.id));
    let value: Vec<Value> = found.map(|found| super::view(call.world, found, &call.version)).collect();
    Ok(Reply::json(200, json!({"value": value})))
}

/// Handles policies.
pub(crate) fn handle_policies(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    match (call.request.method.as_str(), call.target.is_collection()) {
        ("GET", true) => children(call, POLICY),
        ("GET", false) => call.show(),
        ("PUT", false) => put_policy(call),
        ("PATCH", false) => patch_policy(call),
        ("DELETE", false) => accept_delete(call),
        _ => Err(call.method_not_allowed()),
    }
}

/// `^[0-9a-zA-Z][a-zA-Z0-9-]*$`, 3 to 63 (contract, section 2.1).
fn valid_policy_name(name: &str) -> bool {
    (3..=63).contains(&name.len())
        && name.starts_with(|character: char| character.is_ascii_alphanumeric())
        && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '-')
}

fn policy_fields(call: &Call<'_>) -> &'static [Field] {
    if call.version.as_str() < "2026" { &POLICY_2025 } else { &POLICY_2026 }
}

fn put_policy(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    if !valid_policy_name(call.target.name()) {
        let message = format!(
            "The policy name '{}' is invalid: 3 to 63 letters, digits and hyphens, starting with a letter or digit.",
            shorten(call.target.name()),
        );
        return Err(Refusal::arm(400, "InvalidResourceName", message).at("policyName"));
    }
    ready_parent(call)?;
    let body = call.request.json_object()?;
    let body = call.admitted(&body, policy_fields(call)).map_err(|violation| invalid(&violation))?;
    let credential = parent(&call.id).to_owned();
    let home = call.world.resource(&credential).map(|found| found.location().to_owned()).unwrap_or_default();
    if let Some(location) = text(&body, &["location"]) {
        check_region(call, &region(location))?;
    }
    if body.pointer("/properties/certificate/certificateAuthorityConfiguration/bringYourOwnRoot/enabled")
        == Some(&json!(true))
    {
        let message = "This world has no external root to bring.";
        return Err(Refusal::arm(400, "BringYourOwnRootNotSupported", message.to_owned()));
    }
    let leaf =
        body.pointer("/properties/certificate/leafCertificateConfiguration").cloned().unwrap_or_default();
    if let Some(found) = standing(call)? {
        set(&mut found.body, &["properties", "certificate", "leafCertificateConfiguration"], leaf);
        if let Some(tags) = body.get("tags") {
            set(&mut found.body, &["tags"], tags.clone());
        }
        return Ok(Reply::json(200, public_body(found)));
    }
    let limit = call.world.settings.quotas.policies_per_namespace;
    let used = call
        .world
        .of_kind(POLICY)
        .filter(|policy| parent(&policy.id).eq_ignore_ascii_case(&credential))
        .filter(|policy| !policy.id.eq_ignore_ascii_case(&call.id))
        .count();
    if used >= limit {
        let message = format!("The namespace already has {used} policies, and the limit is {limit}.");
        return Err(Refusal::arm(409, "PolicyQuotaExceeded", message));
    }
    let mut start = json!({});
    if call.version.as_str() < "2026" {
        start = json!({"location": home, "tags": body.get("tags").cloned().unwrap_or_else(|| json!({}))});
    }
    let mut resource = Resource::new(&call.id, POLICY, start);
    set(&mut resource.body, &["systemData"], system_data(&call.caller.app_id, call.now));
    resource.set_property(
        "certificate",
        json!({"certificateAuthorityConfiguration": {"keyType": "ECC"}, "leafCertificateConfiguration": leaf}),
    );
    resource.set_property("provisioningState", json!("Accepted"));
    let reply = Reply::json(201, public_body(&resource));
    call.world.insert(resource);
    let seconds = call.world.settings.latency.policy;
    Ok(accept(call, Work::Create, Style::AsyncOperation, seconds, reply))
}

fn patch_policy(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let body = call.request.json_object()?;
    schema::check_resource(&body, policy_fields(call)).map_err(|violation| invalid(&violation))?;
    let leaf =
        body.pointer("/properties/certificate/leafCertificateConfiguration").cloned().unwrap_or_default();
    let not_found = call.not_found();
    let found = call.world.resource_mut(&call.id).ok_or(not_found)?;
    check_idle(found)?;
    set(&mut found.body, &["properties", "certificate", "leafCertificateConfiguration"], leaf);
    found.set_property("provisioningState", json!("Accepted"));
    let seconds = call.world.settings.latency.update;
    Ok(accept(call, Work::Update, Style::Location, seconds, Reply::empty(202)))
}

/// Ends creating or changing a credential: the root authority is made here.
pub(crate) fn finish(world: &mut World, operation: &Operation, now: &Now) -> Result<(), Failure> {
    let id = operation.resource.as_str();
    if operation.work == Work::Synchronize {
        return write_to_hubs(world, id, now);
    }
    let failed = operation.work == Work::Create && world.settings.quirks.credential_failed;
    if operation.work == Work::Create && !failed {
        give_root(world, id, now).map_err(internal)?;
    }
    end(world, id, failed);
    Ok(())
}

/// Ends creating or changing a policy: the issuing authority is made here.
pub(crate) fn finish_policy(world: &mut World, operation: &Operation, now: &Now) -> Result<(), Failure> {
    let id = operation.resource.as_str();
    let failed = operation.work == Work::Create && world.settings.quirks.policy_failed;
    if operation.work == Work::Create && !failed {
        give_issuing(world, id, now).map_err(internal)?;
    }
    end(world, id, failed);
    Ok(())
}

fn end(world: &mut World, id: &str, failed: bool) {
    if let Some(found) = world.resource_mut(id) {
        found.set_property("provisioningState", json!(if failed { "Failed" } else { "Succeeded" }));
    }
}

fn internal(message: String) -> Failure {
    Failure { status: 500, code: "InternalServerError".to_owned(), message }
}

/// Makes a credential's root authority.
pub(crate) fn give_root(world: &mut World, id: &str, now: &Now) -> Result<(), String> {
    let name = Uuid::new_v4().simple().to_string();
    let authority = x509::root(&format!("{name}-root"), now.real_ms)?;
    if let Some(found) = world.resource_mut(id) {
        set(
            &mut found.vault,
            &["authority"],
            serde_json::to_value(authority).map_err(|error| error.to_string())?,
        );
    }
    Ok(())
}

/// Makes a policy's issuing authority under the credential's root.
pub(crate) fn give_issuing(world: &mut World, id: &str, now: &Now) -> Result<(), String> {
    let root =
        world.resource(parent(id)).and_then(authority_of).ok_or("the credential has no root authority")?;
    let authority = x509::issuing(&Uuid::new_v4().simple().to_string(), now.real_ms, ISSUING_DAYS, &root)?;
    let Some(found) = world.resource_mut(id) else { return Ok(()) };
    let path = ["properties", "certificate", "certificateAuthorityConfiguration"];
    let shown = json!({
        "keyType": "ECC", "subject": authority.subject, "validityNotBefore": authority.not_before, "validityNotAfter": authority.not_after,
    });
    set(&mut found.body, &path, shown);
    set(
        &mut found.vault,
        &["authority"],
        serde_json::to_value(authority).map_err(|error| error.to_string())?,
    );
    Ok(())
}

/// Certificates of a policy's issuing authority and its root, base64 DER, for those who issue or check leaves.
#[cfg(test)]
pub(crate) fn chain(world: &World, policy: &str) -> Option<(String, String)> {
    let issuing = world.resource(policy).and_then(authority_of)?;
    let root = world.resource(parent(policy)).and_then(authority_of)?;
    Some((issuing.certificate, root.certificate))
}

fn synchronize(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    if !call.request.body.is_empty() {
        return Err(Refusal::arm(400, "InvalidRequestContent", "synchronize takes no body.".to_owned()));
    }
    let Some(found) = call.world.resource(&call.id) else { return Err(call.not_found()) };
    check_idle(found)?;
    if found.provisioning_state() != "Succeeded" {
        let message = format!("The credential is in state '{}'.", found.provisioning_state());
        return Err(Refusal::arm(409, "CredentialNotReady", message));
    }
    let seconds = call.world.settings.latency.sync;
    Ok(accept(call, Work::Synchronize, Style::Location, seconds, Reply::empty(202)))
}

/// Pushes the issuing authorities of a credential's policies to every hub linked to its namespace.
fn write_to_hubs(world: &mut World, credential: &str, now: &Now) -> Result<(), Failure> {
    let namespace = parent(credential).to_owned();
    let principal = world
        .resource(&namespace)
        .filter(|found| found.kind == NAMESPACE)
        .and_then(|found| text(&found.body, &["identity", "principalId"]))
        .unwrap_or_default()
        .to_owned();
    let hubs: Vec<String> = world
        .of_kind(HUB)
        .filter(|hub| {
            text(&hub.body, &["properties", "deviceRegistry", "namespaceResourceId"])
                .is_some_and(|id| id.eq_ignore_ascii_case(&namespace))
                && hub.property("state") == Some("Active")
        })
        .map(|hub| hub.id.clone())
        .collect();
    // Contributor carries the first, IoT Hub Registry Contributor the second (contract, section 4b).
    let needed = [
        (Plane::Control, "Microsoft.Devices/IotHubs/certificates/write"),
        (Plane::Data, "Microsoft.Devices/IotHubs/devices/write"),
    ];
    for hub in &hubs {
        for (plane, action) in needed {
            if !permissions::allows(world, &principal, plane, action, hub, now) {
                permissions::look(world, &principal, hub, now);
                let message = format!(
                    "The managed identity '{principal}' of the namespace does not have authorization to perform action '{action}' over scope '{hub}'. If access was recently granted, please retry."
                );
                return Err(Failure { status: 403, code: "AuthorizationFailed".to_owned(), message });
            }
        }
    }
    if world.settings.quirks.sync_writes_nothing {
        return Ok(());
    }
    let policies: Vec<(String, Authority)> = world
        .of_kind(POLICY)
        .filter(|policy| {
            parent(&policy.id).eq_ignore_ascii_case(credential) && policy.provisioning_state() == "Succeeded"
        })
        .filter_map(|policy| Some((policy.id.clone(), authority_of(policy)?)))
        .collect();
    for hub in &hubs {
        for (policy, authority) in &policies {
            let other = format!("{}/policies/another", parent(policy));
            let named = if world.settings.quirks.sync_writes_other_policy { &other } else { policy };
            trust::write(world, hub, Some(named), authority, now);
        }
    }
    Ok(())
}
