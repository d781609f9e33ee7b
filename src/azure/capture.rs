//! Takes the secrets that a request names out of its reply, before anybody else sees the reply.

use azure_core::credentials::Secret;
use serde_json::Value;

use super::redact;
use super::vault::Vault;
use crate::domain::{Capture, ErrorKind, Method, Part, Pick, Reply, Request, ServiceError};

/// Moves each of `request`'s captures from `reply` to `vault`, leaves its mark in place, and masks what else is
/// secret in the body. The body of a plain GET is left whole: it may be merged and sent back, and Azure masks keys
/// there itself (contract preview-2025, 5c and 7c).
pub(super) fn take(request: &Request, reply: &mut Reply, vault: &Vault) -> Result<(), ServiceError> {
    for capture in &request.captures {
        let Some(place) = find(&mut reply.body, &capture.pick) else {
            return Err(missing(capture, reply));
        };
        let Some(value) = place.as_str().filter(|value| !value.is_empty()) else {
            return Err(missing(capture, reply));
        };
        let value = Secret::new(value.to_owned());
        if redact::is_secret_name(member(&capture.pick)) {
            vault.insert(&capture.secret, value);
        } else {
            vault.insert_open(&capture.secret, value);
        }
        *place = Value::String(Part::Secret(capture.secret.clone()).to_string());
    }
    if !request.captures.is_empty() || request.method != Method::Get {
        redact::mask_known(&mut reply.body, vault);
        reply.body = redact::masked(&reply.body);
    }
    Ok(())
}

fn find<'a>(body: &'a mut Value, pick: &Pick) -> Option<&'a mut Value> {
    match pick {
        Pick::At(pointer) => body.pointer_mut(pointer),
        Pick::KeyWithRights { rights, field } => body
            .get_mut("value")?
            .as_array_mut()?
            .iter_mut()
            .find(|key| has_rights(key, rights))
            .and_then(|key| key.get_mut(field.as_str())),
    }
}

/// `rights` on the wire is comma-separated text (contract preview-2025, 7a).
fn has_rights(key: &Value, wanted: &[String]) -> bool {
    let held = key.get("rights").and_then(Value::as_str).unwrap_or_default();
    wanted.iter().all(|right| held.split(',').any(|held| held.trim().eq_ignore_ascii_case(right)))
}

/// The name of the member that is taken.
fn member(pick: &Pick) -> &str {
    match pick {
        Pick::At(pointer) => pointer.rsplit('/').next().unwrap_or_default(),
        Pick::KeyWithRights { field, .. } => field,
    }
}

fn missing(capture: &Capture, reply: &Reply) -> ServiceError {
    let what = match &capture.pick {
        Pick::At(pointer) => format!("the reply has no text at `{pointer}`"),
        Pick::KeyWithRights { rights, field } => {
            format!("the reply has no access policy with the rights {} and a `{field}`", rights.join(" and "))
        }
    };
    ServiceError {
        status: Some(reply.status),
        request_id: reply.request_id.clone(),
        correlation_id: reply.correlation_id.clone(),
        ..ServiceError::local(ErrorKind::Refused, format!("{what}: there is no {}", capture.secret))
    }
}
