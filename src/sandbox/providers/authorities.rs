//! Certificate authorities of a namespace: roots, and issuing ones below a root or below somebody else's.
//!
//! An issuing authority is written into the hubs that are linked when it comes to be; nothing is synchronized. Facts:
//! contract of 2026, sections 3, 6.8, 6.9 and 8; bodies of the 2026-11-01 specification. Codes other than
//! `ResourceProvisioningFailed` are this world's own.

use serde_json::{Value, json};
use uuid::Uuid;

use super::device_registry::{accept, accept_delete, check_idle, invalid};
use super::{authority_policies, public_body, trust};
use crate::sandbox::clock::Now;
use crate::sandbox::front_door::Call;
use crate::sandbox::operations::{Failure, Operation, Style, Work};
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::schema::{self, Field, Shape, TAGS, optional, read_only, required, shorten};
use crate::sandbox::target::{parent, region};
use crate::sandbox::world::{Resource, World, set, system_data, text};
use crate::sandbox::x509;

pub(crate) const AUTHORITY: &str = "Microsoft.DeviceRegistry/namespaces/certificateAuthorities";
/// Issuing authorities that one namespace has at most (contract, section 3).
const MOST_ISSUING: usize = 3;
/// Days that an issuing authority lives, as in the specification's example.
const ISSUING_DAYS: i64 = 5 * 365;

static MICROSOFT: [Field; 2] = [
    required("issuerType", Shape::OneOf(&["Microsoft"])),
    required("certificateAuthorityResourceId", Shape::Text),
];
static EXTERNAL: [Field; 4] = [
    required("issuerType", Shape::OneOf(&["External"])),
    read_only("certificateSigningRequest"),
    read_only("thumbprint"),
    read_only("status"),
];

macro_rules! body {
    ($properties:ident, $body:ident, $count:literal, $type:literal $(, $issuer:expr)?) => {
        static $properties: [Field; $count] = [
            required("certificateAuthorityType", Shape::OneOf(&[$type])),
            required("keyType", Shape::OneOf(&["ECC"])),
            read_only("provisioningState"),
            read_only("uuid"),
            read_only("subject"),
            read_only("validityNotBefore"),
            read_only("validityNotAfter"),
            $($issuer)?
        ];
        static $body: [Field; 3] = [
            required("location", Shape::Text),
            optional("tags", TAGS),
            required("properties", Shape::Object(&$properties)),
        ];
    };
}

body!(ROOT_PROPERTIES, ROOT, 7, "Root");
body!(ISSUED_PROPERTIES, ISSUED, 8, "ICA", required("issuer", Shape::Object(&MICROSOFT)));
body!(BROUGHT_PROPERTIES, BROUGHT, 8, "ICA", required("issuer", Shape::Object(&EXTERNAL)));
static KINDS: [Field; 1] = [required("certificateAuthorityType", Shape::OneOf(&["Root", "ICA"]))];
static PATCH: [Field; 1] = [optional("tags", TAGS)];
static ACTIVATE: [Field; 1] = [required("certificateChain", Shape::Text)];

/// Whether a namespace has authorities.
pub(super) fn exist_below(world: &World, namespace: &str) -> bool {
    world.of_kind(AUTHORITY).any(|known| parent(&known.id).eq_ignore_ascii_case(namespace))
}

/// `Root` or `ICA`.
pub(super) fn kind(authority: &Resource) -> &str {
    authority.property("certificateAuthorityType").unwrap_or_default()
}

fn issuer<'value>(authority: &'value Resource, name: &str) -> Option<&'value str> {
    text(&authority.body, &["properties", "issuer", name])
}

/// Whether an authority can issue: made, and activated when its issuer is somebody else.
pub(super) fn is_active(authority: &Resource) -> bool {
    authority.provisioning_state() == "Succeeded"
        && issuer(authority, "status").is_none_or(|status| status.starts_with("Active"))
}

/// Handles one call.
pub(super) fn handle(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let action = call.target.action.clone().map(|action| action.to_ascii_lowercase());
    match (call.request.method.as_str(), action.as_deref()) {
        ("GET", None) if call.target.is_collection() => list(call, AUTHORITY),
        ("GET", None) => call.show(),
        ("PUT", None) if !call.target.is_collection() => put(call),
        ("PATCH", None) if !call.target.is_collection() => patch(call),
        ("DELETE", None) if !call.target.is_collection() => delete(call),
        ("POST", Some("activate")) => activate(call),
        ("POST", Some("revokeandrotate")) => rotate(call),
        _ => Err(call.method_not_allowed()),
    }
}

/// The children of one kind below this call's resource.
pub(super) fn list(call: &Call<'_>, kind: &str) -> Result<Reply, Refusal> {
    if call.world.resource(&call.id).is_none() {
        let message = format!("The parent resource '{}' could not be found.", shorten(&call.id));
        return Err(Refusal::arm(404, "ParentResourceNotFound", message));
    }
    let children = call.world.of_kind(kind).filter(|child| parent(&child.id).eq_ignore_ascii_case(&call.id));
    Ok(Reply::json(200, json!({"value": children.map(public_body).collect::<Vec<Value>>()})))
}

/// A namespace or an authority below which something is written must be there, at rest and whole (contract, section 9).
pub(super) fn ready<'world>(call: &'world Call<'_>, id: &str) -> Result<&'world Resource, Refusal> {
    let Some(found) = call.world.resource(id) else {
        let message = format!(
            "Failed to perform '{}' on resource(s) of type '{}', because the parent resource '{}' could not be found.",
            call.request.method,
            call.kind,
            shorten(id),
        );
        return Err(Refusal::arm(404, "ParentResourceNotFound", message));
    };
    let state = found.provisioning_state();
    let refuse = |code: &str| {
        let message = format!("The parent resource '{}' is in state '{state}'.", found.name());
        Err(Refusal::arm(409, code, message))
    };
    match state {
        "Succeeded" => Ok(found),
        "Failed" | "Canceled" => refuse("ResourceProvisioningFailed"),
        _ => refuse("ResourceProvisioningInProgress"),
    }
}

/// 3 to 63 letters, digits and hyphens, starting with a letter or digit (contract, section 3).
pub(super) fn check_name(call: &Call<'_>, what: &str) -> Result<(), Refusal> {
    let name = call.target.name();
    let fits = (3..=63).contains(&name.len())
        && name.starts_with(|character: char| character.is_ascii_alphanumeric())
        && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '-');
    if fits {
        return Ok(());
    }
    let message = format!(
        "The {what} name '{}' is invalid: 3 to 63 letters, digits and hyphens, starting with a letter or digit.",
        shorten(name),
    );
    Err(Refusal::arm(400, "InvalidResourceName", message))
}

/// What lies below a namespace lives where it does.
pub(super) fn check_region(location: &str, above: &Resource) -> Result<(), Refusal> {
    if location == above.location() {
        return Ok(());
    }
    let message = format!(
        "The location '{}' differs from the location '{}' of the namespace.",
        shorten(location),
        above.location()
    );
    Err(Refusal::arm(400, "LocationMismatch", message).at("location"))
}

fn put(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    check_name(call, "certificate authority")?;
    let namespace = parent(&call.id).to_owned();
    ready(call, &namespace)?;
    let body = call.body_with_location(true)?;
    let asked = text(&body, &["properties", "certificateAuthorityType"]).unwrap_or_default();
    let fields: &'static [Field] = match (asked, text(&body, &["properties", "issuer", "issuerType"])) {
        ("Root", _) => &ROOT,
        ("ICA", Some("External")) => &BROUGHT,
        ("ICA", _) => &ISSUED,
        _ => {
            let kinds = body
                .get("properties")
                .map(|given| schema::check(given, &Shape::Object(&KINDS), "properties"));
            if let Some(Err(violation)) = kinds {
                return Err(invalid(&violation));
            }
            &ROOT
        }
    };
    let body = call.admitted(&body, fields).map_err(|violation| invalid(&violation))?;
    let location = region(text(&body, &["location"]).unwrap_or_default());
    check_region(&location, ready(call, &namespace)?)?;
    let tags = body.get("tags").cloned().unwrap_or_else(|| json!({}));
    if let Some(found) = call.world.resource(&call.id) {
        check_idle(found)?;
        if found.provisioning_state() == "Succeeded" {
            check_fixed(found, &body)?;
            let not_found = call.not_found();
            let found = call.world.resource_mut(&call.id).ok_or(not_found)?;
            set(&mut found.body, &["tags"], tags);
            return Ok(Reply::json(200, public_body(found)));
        }
    }
    if asked == "ICA" {
        check_issuing(call, &namespace, &body)?;
    }
    let mut resource = Resource::new(&call.id, AUTHORITY, json!({"location": location, "tags": tags}));
    set(
        &mut resource.body,
        &["properties"],
        json!({"provisioningState": "Accepted", "uuid": Uuid::new_v4().to_string()}),
    );
    for name in ["certificateAuthorityType", "keyType", "issuer"] {
        if let Some(value) = body.pointer(&format!("/properties/{name}")) {
            resource.set_property(name, value.clone());
        }
    }
    set(&mut resource.body, &["systemData"], system_data(&call.caller.app_id, call.now));
    let reply = Reply::json(201, public_body(&resource));
    call.world.insert(resource);
    let seconds = call.world.settings.latency.certificate_authority;
    Ok(accept(call, Work::Create, Style::AsyncOperation, seconds, reply))
}

/// Type, key and issuer are only said at creation.
fn check_fixed(found: &Resource, body: &Value) -> Result<(), Refusal> {
    for path in [
        &["certificateAuthorityType"][..],
        &["keyType"],
        &["issuer", "issuerType"],
        &["issuer", "certificateAuthorityResourceId"],
    ] {
        let whole: Vec<&str> = std::iter::once("properties").chain(path.iter().copied()).collect();
        let value = |body: &Value| text(body, &whole).unwrap_or_default().to_ascii_lowercase();
        if value(&found.body) != value(body) {
            let place = whole.join(".");
            let message = format!("Changing the property '{place}' is not allowed.");
            return Err(Refusal::arm(409, "PropertyChangeNotAllowed", message).at(place));
        }
    }
    Ok(())
}

/// Limits and issuer of an issuing authority.
fn check_issuing(call: &Call<'_>, namespace: &str, body: &Value) -> Result<(), Refusal> {
    let used = call
        .world
        .of_kind(AUTHORITY)
        .filter(|known| parent(&known.id).eq_ignore_ascii_case(namespace) && kind(known) == "ICA")
        .filter(|known| !known.id.eq_ignore_ascii_case(&call.id))
        .count();
    if used >= MOST_ISSUING {
        let message =
            format!("The namespace already has {used} issuing certificate authorities, which is its limit.");
        return Err(Refusal::arm(409, "CertificateAuthorityQuotaExceeded", message));
    }
    let Some(root) = text(body, &["properties", "issuer", "certificateAuthorityResourceId"]) else {
        return Ok(());
    };
    let place = "properties.issuer.certificateAuthorityResourceId";
    let found = call.world.resource(root).filter(|found| {
        found.kind == AUTHORITY && parent(&found.id).eq_ignore_ascii_case(namespace) && kind(found) == "Root"
    });
    let Some(found) = found else {
        let message =
            format!("The issuer '{}' is not a root certificate authority of the namespace.", shorten(root));
        return Err(Refusal::arm(400, "InvalidIssuer", message).at(place));
    };
    if found.provisioning_state() == "Succeeded" {
        return Ok(());
    }
    let message = format!("The issuer '{}' is in state '{}'.", found.name(), found.provisioning_state());
    Err(Refusal::arm(409, "IssuerNotReady", message).at(place))
}

fn patch(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let namespace = parent(&call.id).to_owned();
    ready(call, &namespace)?;
    let body = call.request.json_object()?;
    schema::check_resource(&body, &PATCH).map_err(|violation| invalid(&violation))?;
    let not_found = call.not_found();
    let found = call.world.resource_mut(&call.id).ok_or(not_found)?;
    check_idle(found)?;
    if let Some(tags) = body.get("tags").filter(|tags| tags.is_object()) {
        set(&mut found.body, &["tags"], tags.clone());
    }
    found.set_property("provisioningState", json!("Accepted"));
    let seconds = call.world.settings.latency.update;
    Ok(accept(call, Work::Update, Style::Location, seconds, Reply::empty(202)))
}

/// Children go first: policies before their authority, issuing ones before their root.
fn delete(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let id = call.id.clone();
    let issued = |known: &Resource| {
        issuer(known, "certificateAuthorityResourceId").is_some_and(|root| root.eq_ignore_ascii_case(&id))
    };
    let what = if authority_policies::exist_below(call.world, &id) {
        "certificate policies"
    } else if call.world.of_kind(AUTHORITY).any(issued) {
        "issuing certificate authorities"
    } else {
        return accept_delete(call);
    };
    let message = format!("The certificate authority has {what}; delete them first.");
    Err(Refusal::arm(409, "CannotDeleteResource", message))
}

/// The authority of an action: an issuing one at rest, whose issuer is of the kind that the action is for.
fn acted_on(call: &Call<'_>, wanted: &str) -> Result<(), Refusal> {
    let found = call.world.resource(&call.id).ok_or_else(|| call.not_found())?;
    check_idle(found)?;
    if kind(found) == "ICA" && issuer(found, "issuerType") == Some(wanted) {
        return Ok(());
    }
    let message = format!("The action is for issuing certificate authorities with issuer '{wanted}' only.");
    Err(Refusal::arm(400, "InvalidCertificateAuthorityKind", message))
}

fn activate(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    acted_on(call, "External")?;
    let body = call.request.json_object()?;
    schema::check(&body, &Shape::Object(&ACTIVATE), "").map_err(|violation| invalid(&violation))?;
    let chain = text(&body, &["certificateChain"]).unwrap_or_default();
    let not_found = call.not_found();
    let found = call.world.resource_mut(&call.id).ok_or(not_found)?;
    let key = text(&found.vault, &["key"]).unwrap_or_default();
    let authority = x509::adopt(key, chain).map_err(|why| {
        let message = format!("The certificate chain does not fit the signing request: {why}.");
        Refusal::arm(400, "InvalidCertificateChain", message).at("certificateChain")
    })?;
    let pending = serde_json::to_value(authority).unwrap_or_default();
    set(&mut found.vault, &["pending"], pending);
    set(&mut found.vault, &["chain"], json!(x509::certificates(chain)));
    found.set_property("provisioningState", json!("Accepted"));
    let seconds = call.world.settings.latency.certificate_authority;
    Ok(accept(call, Work::Renew, Style::Location, seconds, Reply::empty(202)))
}

fn rotate(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    acted_on(call, "Microsoft")?;
    if !call.request.body.is_empty() {
        return Err(Refusal::arm(400, "InvalidRequestContent", "revokeAndRotate takes no body.".to_owned()));
    }
    if let Some(found) = call.world.resource_mut(&call.id) {
        found.set_property("provisioningState", json!("Accepted"));
    }
    let seconds = call.world.settings.latency.certificate_authority;
    Ok(accept(call, Work::Renew, Style::Location, seconds, Reply::empty(202)))
}

/// Ends creating or changing an authority.
pub(super) fn finish(world: &mut World, operation: &Operation, now: &Now) -> Result<(), Failure> {
    let id = operation.resource.as_str();
    let failed = operation.work == Work::Create && world.settings.quirks.credential_failed;
    if matches!(operation.work, Work::Create | Work::Renew) && !failed {
        give(world, id, now).map_err(|message| Failure {
            status: 500,
            code: "InternalServerError".to_owned(),
            message,
        })?;
        let made = world.resource(id).filter(|found| kind(found) == "ICA").and_then(trust::authority_of);
        if let Some(authority) = made {
            trust::push(world, parent(id), &authority, now);
        }
    }
    if let Some(found) = world.resource_mut(id) {
        found.set_property("provisioningState", json!(if failed { "Failed" } else { "Succeeded" }));
    }
    Ok(())
}

/// Makes key and certificate, or the request for one; takes the chain that an activation brought.
pub(super) fn give(world: &mut World, id: &str, now: &Now) -> Result<(), String> {
    let Some(found) = world.resource(id) else { return Ok(()) };
    let name = found.name().to_owned();
    let external = issuer(found, "issuerType") == Some("External");
    let pending = found.vault.get("pending").filter(|pending| pending.is_object()).cloned();
    if external && pending.is_none() {
        let (key, request) = x509::request(&name)?;
        let Some(found) = world.resource_mut(id) else { return Ok(()) };
        set(&mut found.vault, &["key"], json!(key));
        found.set_property("subject", json!(format!("CN={name}")));
        set(&mut found.body, &["properties", "issuer", "certificateSigningRequest"], json!(request));
        set(&mut found.body, &["properties", "issuer", "status"], json!("PendingActivation"));
        return Ok(());
    }
    let authority = match pending {
        Some(pending) => serde_json::from_value(pending).map_err(|error| error.to_string())?,
        None if kind(found) == "Root" => x509::root(&name, now.real_ms)?,
        None => {
            let root = issuer(found, "certificateAuthorityResourceId").unwrap_or_default();
            let root =
                world.resource(root).and_then(trust::authority_of).ok_or("the issuer has no certificate")?;
            x509::issuing(&name, now.real_ms, ISSUING_DAYS, &root)?
        }
    };
    let Some(found) = world.resource_mut(id) else { return Ok(()) };
    trust::keep(found, &authority)?;
    set(&mut found.vault, &["pending"], Value::Null);
    found.set_property("subject", json!(authority.subject));
    found.set_property("validityNotBefore", json!(authority.not_before));
    found.set_property("validityNotAfter", json!(authority.not_after));
    if external {
        set(&mut found.body, &["properties", "issuer", "thumbprint"], json!(authority.thumbprint));
        set(&mut found.body, &["properties", "issuer", "status"], json!("Active"));
    }
    Ok(())
}
