//! Certificates for devices: what an enrollment group's policy issues when one of its devices registers.
//!
//! The group names a policy, in the words of its object model; its issuing authority signs. Rights are those of the identity
//! that the service acts as, at the moment of issuing. Facts: contract sections 3 and 10, contract of 2026, sections 6.12,
//! 6.13 and 7 (row 7).

use serde_json::Value;

use super::trust::authority_of;
use super::{device_registry, grants, link_rights};
use crate::sandbox::clock::Now;
use crate::sandbox::target::parent;
use crate::sandbox::world::{Resource, World, text};
use crate::sandbox::x509;

/// Not authorized to issue, or the namespace does not stand (contract of 2026, section 9).
const FORBIDDEN: u32 = 403_000;
const INVALID: u32 = 400_004;

/// What a certificate is issued on: a service, and the group that the device is of.
pub(super) struct Ground<'ground> {
    pub(super) service: &'ground Resource,
    pub(super) group: &'ground Value,
}

/// Name of the policy that a group's certificates are issued by.
pub(super) fn policy_of(group: &Value) -> Option<&str> {
    text(group, &["credentialPolicyName"]).or_else(|| text(group, &["certificatePolicyName"]))
}

/// Checks a signing request: a key that this preview certifies, and a name that is the registration's.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub(super) fn check(csr: &str, registration: &str) -> Result<(), String> {
    let name = x509::requested(csr)?;
    if name.eq_ignore_ascii_case(registration) {
        return Ok(());
    }
    Err("has another common name than the registration id".to_owned())
}

/// Issues a certificate: the chain from the leaf to the root, each base64 of DER.
///
/// # Errors
/// Code and message of the registration's failure.
pub(super) fn issue(
    world: &mut World,
    now: &Now,
    ground: &Ground<'_>,
    csr: &str,
) -> Result<Vec<String>, (u32, String)> {
    let forbidden = || (FORBIDDEN, "Access to the device registry namespace is forbidden.".to_owned());
    let namespace = device_registry::link(ground.service)
        .and_then(|id| world.resource(id))
        .filter(|found| found.provisioning_state() != "Failed")
        .cloned()
        .ok_or_else(forbidden)?;
    let chosen = text(
        &ground.service.body,
        &["properties", "deviceRegistryNamespace", "selectedUserAssignedIdentityResourceId"],
    );
    let (policy, allowed) = if let Some(name) = text(ground.group, &["credentialPolicyName"]) {
        let allowed = chosen.is_none_or(|identity| grants::may_issue(world, identity, &namespace.id, now));
        (format!("{}/credentials/default/policies/{name}", namespace.id), allowed)
    } else {
        let allowed = link_rights::may_issue(world, &namespace, now);
        let name = |name: &str| text(ground.group, &[name]).unwrap_or_default();
        let authority = name("certificateAuthorityName");
        let policy = name("certificatePolicyName");
        let id = format!("{}/certificateAuthorities/{authority}/certificatePolicies/{policy}", namespace.id);
        (id, allowed)
    };
    if !allowed {
        return Err(forbidden());
    }
    let gone = || (INVALID, "The policy of the enrollment group cannot issue certificates.".to_owned());
    let found = world.resource(&policy).filter(|found| found.provisioning_state() == "Succeeded");
    let found = found.ok_or_else(gone)?;
    // In the older model the policy is the issuing authority; in the newer it lies below it.
    let issuer = match authority_of(found) {
        Some(_) => found,
        None => world.resource(parent(&policy)).ok_or_else(gone)?,
    };
    let authority = authority_of(issuer).ok_or_else(gone)?;
    let days = found
        .body
        .pointer("/properties/certificate/leafCertificateConfiguration/validityPeriodInDays")
        .or_else(|| found.body.pointer("/properties/certificate/validityPeriodInDays"))
        .and_then(Value::as_i64)
        .unwrap_or(30);
    let leaf = x509::leaf(csr, &authority, now.real_ms, days).map_err(|why| (INVALID, why))?;
    let mut chain = vec![leaf];
    match issuer.vault.get("chain").and_then(Value::as_array) {
        // An authority that somebody else signed brought its own way up.
        Some(brought) => chain.extend(brought.iter().filter_map(Value::as_str).map(str::to_owned)),
        None => {
            chain.push(authority.certificate);
            let root = text(&issuer.body, &["properties", "issuer", "certificateAuthorityResourceId"])
                .unwrap_or_else(|| parent(&issuer.id));
            chain.extend(world.resource(root).and_then(authority_of).map(|root| root.certificate));
        }
    }
    Ok(chain)
}
