//! Certificates that people upload to hubs and provisioning services, to verify devices by: the same operations in both.
//!
//! Uploaded ones are resources like those that the registry writes into hubs. Called by `hubs` and
//! `provisioning_services`. Facts: the operations `Certificates_*` and `DpsCertificate_*` of the specifications: an etag is
//! needed for every change of one that is there. What is called recorded is what az's tests keep of the live services.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::public_body;
use crate::sandbox::clock::rfc1123;
use crate::sandbox::front_door::Call;
use crate::sandbox::operations::hex;
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::schema::{self, Field, Shape, optional, read_only, required, shorten};
use crate::sandbox::target::parent;
use crate::sandbox::world::{Resource, set, text};
use crate::sandbox::x509;

/// How a service words its refusals.
pub(super) struct Manner {
    /// Kind of the certificate: `Microsoft.Devices/IotHubs/certificates`.
    pub(super) kind: &'static str,
    pub(super) bad: fn(String) -> Refusal,
    pub(super) stale: fn(String) -> Refusal,
}

static PROPERTIES: [Field; 9] = [
    required("certificate", Shape::Text),
    optional("isVerified", Shape::Flag),
    optional("policyResourceId", Shape::Text),
    read_only("subject"),
    read_only("expiry"),
    read_only("thumbprint"),
    read_only("created"),
    read_only("updated"),
    read_only("verificationCode"),
];
static BODY: [Field; 2] = [required("properties", Shape::Object(&PROPERTIES)), optional("etag", Shape::Text)];
/// Before 2022 the body of a PUT was what is now its `properties` (`CertificateBodyDescription` of 2021-10-15).
static BODY_2021: [Field; 2] = [required("certificate", Shape::Text), optional("isVerified", Shape::Flag)];
static PROOF: [Field; 1] = [required("certificate", Shape::Text)];

/// `^[A-Za-z0-9-._]{1,64}$` (contract, section 2.1).
fn valid_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '_'))
}

/// What is read off an uploaded certificate.
struct Uploaded {
    der: Vec<u8>,
    common_name: String,
    until_ms: i64,
}

/// Base64 of DER, of a PEM text, or a PEM text itself: clients send all three.
fn uploaded(text: &str) -> Result<Uploaded, String> {
    let wrong = || "is no certificate in base64".to_owned();
    let bytes = if text.contains("-----BEGIN") {
        text.as_bytes().to_vec()
    } else {
        let plain: String = text.split_whitespace().collect();
        STANDARD.decode(plain).map_err(|_| wrong())?
    };
    let der = match std::str::from_utf8(&bytes) {
        Ok(text) if text.contains("-----BEGIN") => {
            let first = x509::certificates(text).into_iter().next().ok_or_else(wrong)?;
            STANDARD.decode(first).map_err(|_| wrong())?
        }
        _ => bytes,
    };
    let (_, certificate) = X509Certificate::from_der(&der).map_err(|_| wrong())?;
    let name = certificate.subject().iter_common_name().next().and_then(|name| name.as_str().ok());
    let common_name = name.unwrap_or_default().to_owned();
    let until_ms = certificate.validity().not_after.timestamp().saturating_mul(1000);
    Ok(Uploaded { der, common_name, until_ms })
}

/// Puts, verifies and prepares to verify. Reading and deleting differ between the services.
pub(super) fn handle(call: &mut Call<'_>, manner: &Manner) -> Result<Reply, Refusal> {
    let action = call.target.action.clone().map(|action| action.to_ascii_lowercase());
    match (call.request.method.as_str(), action.as_deref()) {
        ("PUT", None) if !call.target.is_collection() => put(call, manner),
        ("POST", Some("generateverificationcode")) => {
            check_match(call, manner, true)?;
            let code = fresh_code();
            change(call, |found| set(&mut found.vault, &["verificationCode"], json!(code)))?;
            Ok(shown(call, Some(&code)))
        }
        ("POST", Some("verify")) => verify(call, manner),
        _ => Err(call.method_not_allowed()),
    }
}

/// 24 bytes in capitals: both services give codes of that length (recorded).
fn fresh_code() -> String {
    let bytes = [uuid::Uuid::new_v4().into_bytes(), uuid::Uuid::new_v4().into_bytes()].concat();
    hex(bytes.get(..24).unwrap_or(&bytes)).to_ascii_uppercase()
}

/// Refuses a change of what is there without its etag; `needed` also where it is not there.
pub(super) fn check_match(call: &Call<'_>, manner: &Manner, needed: bool) -> Result<(), Refusal> {
    let given = call.request.header("if-match").map(|given| given.trim().trim_matches('"'));
    match (call.world.resource(&call.id), given) {
        (None, _) if needed => Err(call.not_found()),
        (None, Some(_)) => {
            Err((manner.stale)("There is no certificate that the If-Match header could fit.".to_owned()))
        }
        (None, None) | (Some(_), Some("*")) => Ok(()),
        (Some(found), Some(given)) if text(&found.body, &["etag"]) == Some(given) => Ok(()),
        (Some(_), _) => {
            Err((manner.stale)("Changing a certificate needs the If-Match header with its etag.".to_owned()))
        }
    }
}

fn put(call: &mut Call<'_>, manner: &Manner) -> Result<Reply, Refusal> {
    if call.world.resource(parent(&call.id)).is_none() {
        return Err(call.not_found());
    }
    if !valid_name(call.target.name()) {
        let message = format!(
            "The certificate name '{}' is invalid: 1 to 64 letters, digits, '-', '.' and '_'.",
            shorten(call.target.name())
        );
        return Err((manner.bad)(message));
    }
    let mut body = call.request.json_object()?;
    let bare = call.version.as_str() < "2022";
    let fields: &'static [Field] = if bare { &BODY_2021 } else { &BODY };
    body = call.admitted(&body, fields).map_err(|violation| (manner.bad)(violation.to_string()))?;
    if bare {
        body = json!({"properties": body});
    }
    check_match(call, manner, false)?;
    let given = text(&body, &["properties", "certificate"]).unwrap_or_default();
    let read = uploaded(given)
        .map_err(|why| (manner.bad)(format!("The property 'properties.certificate' {why}.")))?;
    let now = rfc1123(call.now.real_ms);
    let created = call
        .world
        .resource(&call.id)
        .and_then(|found| found.property("created"))
        .map_or_else(|| now.clone(), str::to_owned);
    let verified = body.pointer("/properties/isVerified") == Some(&json!(true));
    // The subject is told by its common name alone (recorded).
    let properties = json!({
        "subject": read.common_name, "expiry": rfc1123(read.until_ms), "thumbprint": x509::thumbprint(&read.der),
        "isVerified": verified, "created": created, "updated": now, "certificate": STANDARD.encode(&read.der),
    });
    let etag = call.world.fresh_etag();
    let resource = Resource::new(&call.id, manner.kind, json!({"properties": properties, "etag": etag}));
    call.world.insert(resource);
    // 200 for a new one too (recorded from both services).
    Ok(shown(call, None))
}

/// Verified is who can sign a certificate whose name is the code that was given out.
fn verify(call: &mut Call<'_>, manner: &Manner) -> Result<Reply, Refusal> {
    check_match(call, manner, true)?;
    let body = call.request.json_object()?;
    schema::check(&body, &Shape::Object(&PROOF), "")
        .map_err(|violation| (manner.bad)(violation.to_string()))?;
    let proof = uploaded(text(&body, &["certificate"]).unwrap_or_default())
        .map_err(|why| (manner.bad)(format!("The property 'certificate' {why}.")))?;
    let found = call.world.resource(&call.id).ok_or_else(|| call.not_found())?;
    let code = text(&found.vault, &["verificationCode"]);
    let own = STANDARD.decode(found.property("certificate").unwrap_or_default()).unwrap_or_default();
    if code != Some(proof.common_name.as_str()) || !x509::is_issued_by(&proof.der, &own) {
        let message = "The certificate does not prove possession: its common name must be the verification code, and the uploaded authority must have signed it.";
        return Err((manner.bad)(message.to_owned()));
    }
    let now = rfc1123(call.now.real_ms);
    change(call, |found| {
        found.set_property("isVerified", json!(true));
        found.set_property("updated", json!(now));
    })?;
    Ok(shown(call, None))
}

fn change(call: &mut Call<'_>, with: impl FnOnce(&mut Resource)) -> Result<(), Refusal> {
    let etag = call.world.fresh_etag();
    let not_found = call.not_found();
    let found = call.world.resource_mut(&call.id).ok_or(not_found)?;
    with(found);
    set(&mut found.body, &["etag"], json!(etag));
    Ok(())
}

fn shown(call: &Call<'_>, code: Option<&str>) -> Reply {
    let mut body = call.world.resource(&call.id).map(public_body).unwrap_or_default();
    let kind = format!("{}/Certificates", call.full_kind().rsplit_once('/').map_or("", |(head, _)| head));
    set(&mut body, &["type"], json!(kind));
    if let Some(code) = code {
        set(&mut body, &["properties", "verificationCode"], json!(code));
    }
    Reply::json(200, body)
}

/// Certificates of a provisioning service: one, or all. A hub's are read in `hubs`.
pub(super) fn read(call: &Call<'_>, kind: &'static str) -> Result<Reply, Refusal> {
    if !call.target.is_collection() {
        return call.world.resource(&call.id).map(|_| shown(call, None)).ok_or_else(|| call.not_found());
    }
    if call.world.resource(&call.id).is_none() {
        return Err(call.not_found());
    }
    let value: Vec<Value> = call
        .world
        .of_kind(kind)
        .filter(|found| parent(&found.id).eq_ignore_ascii_case(&call.id))
        .map(public_body)
        .collect();
    Ok(Reply::json(200, json!({"value": value})))
}

/// Takes a certificate out.
pub(super) fn delete(call: &mut Call<'_>, manner: &Manner) -> Result<Reply, Refusal> {
    if call.world.resource(&call.id).is_none() {
        return Ok(Reply::empty(204));
    }
    check_match(call, manner, true)?;
    call.world.remove_tree(&call.id.clone());
    Ok(Reply::empty(200))
}
