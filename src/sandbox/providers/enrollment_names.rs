//! The three names by which an enrollment of the 2026 model says who issues its certificates.
//!
//! All three or none; the service's data plane knows the namespace only once it has been told, and acts for the service's
//! identity. Authority and policy are looked up in the registry at the moment of the write, so what was made after the
//! telling counts. Facts: contract of 2026, sections 6.11, 6.12 and 9.

use serde_json::Value;

use super::{authorities, authority_policies, device_registry, link_rights};
use crate::sandbox::clock::Now;
use crate::sandbox::reply::Refusal;
use crate::sandbox::schema::shorten;
use crate::sandbox::world::{Resource, World, text};

const NAMES: [&str; 3] = ["namespaceName", "certificateAuthorityName", "certificatePolicyName"];
const INVALID: u32 = 400_004;
const NOT_AUTHORIZED: u32 = 403_000;

/// Checks the names of an enrollment group against what its service is linked to.
pub(super) fn check(world: &mut World, service: &Resource, body: &Value, now: &Now) -> Result<(), Refusal> {
    let given: Vec<&str> = NAMES.iter().filter_map(|name| text(body, &[name])).collect();
    let [namespace_name, authority_name, policy_name] = given.as_slice() else {
        if given.is_empty() {
            return Ok(());
        }
        return Err(invalid(format!(
            "The properties {} are given together or not at all.",
            NAMES.join(", ")
        )));
    };
    let told = text(&service.vault, &["told"]);
    let namespace = device_registry::link(service)
        .filter(|_| told.is_some() && told == text(&service.vault, &["link", "namespaceUuid"]))
        .and_then(|id| world.resource(id))
        .filter(|found| found.name().eq_ignore_ascii_case(namespace_name))
        .cloned();
    let Some(namespace) = namespace else {
        let message = format!(
            "The namespace '{}' was not found: the provisioning service is not linked to a namespace of that name.",
            shorten(namespace_name)
        );
        return Err(invalid(message));
    };
    let whole = namespace.provisioning_state() != "Failed";
    let allowed = link_rights::may_issue(world, &namespace, now);
    if !whole || !allowed {
        // The code alone names neither principal nor scope (contract, section 9).
        let message = "Access to the device registry namespace is forbidden.";
        return Err(Refusal::data_plane(403, NOT_AUTHORIZED, message.to_owned()));
    }
    let authority = format!("{}/certificateAuthorities/{authority_name}", namespace.id);
    let issuing = world
        .resource(&authority)
        .is_some_and(|found| authorities::kind(found) == "ICA" && authorities::is_active(found));
    if !issuing {
        let message = format!(
            "The certificate authority '{}' is no issuing authority of the namespace that is ready to issue.",
            shorten(authority_name)
        );
        return Err(invalid(message));
    }
    if !authority_policies::usable(world, &authority, policy_name) {
        let message = format!(
            "The certificate policy '{}' was not found below the certificate authority.",
            shorten(policy_name)
        );
        return Err(invalid(message));
    }
    Ok(())
}

fn invalid(message: String) -> Refusal {
    Refusal::data_plane(400, INVALID, message)
}
