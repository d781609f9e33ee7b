//! Who must be allowed what before a link comes to be, and later before a device gets a certificate.
//!
//! Each row of the contract's table (2026, section 7) is asked for by a right that its role carries, so that a wider
//! role or a wider scope does as well. `links.roles_needed` says which rows count in a world.

use serde_json::Value;

use super::endpoints;
use super::linking::LinkError;
use super::namespace_view;
use crate::sandbox::clock::Now;
use crate::sandbox::link_settings::EndpointKind;
use crate::sandbox::models;
use crate::sandbox::permissions::{self, Plane};
use crate::sandbox::world::{Resource, World, text};

const HUB_WRITE: (Plane, &str) = (Plane::Control, "Microsoft.Devices/IotHubs/write");
const HUB_DEVICES: (Plane, &str) = (Plane::Data, "Microsoft.Devices/IotHubs/devices/write");
const SERVICE_WRITE: (Plane, &str) = (Plane::Control, "Microsoft.Devices/provisioningServices/write");
const NAMESPACE_WRITE: (Plane, &str) = (Plane::Control, "Microsoft.DeviceRegistry/namespaces/write");
const REGISTRY_DEVICES: (Plane, &str) =
    (Plane::Control, "Microsoft.DeviceRegistry/namespaces/registryDevices/write");
/// Of the role Azure Device Registry Contributor (row 7).
const ISSUE: (Plane, &str) =
    (Plane::Data, "Microsoft.DeviceRegistry/namespaces/credentials/policies/issueCertificate/action");

/// One row: who, which right, where, and the code when it is missing.
struct Row<'row> {
    number: u8,
    principal: &'row str,
    right: (Plane, &'static str),
    scope: &'row str,
    code: &'static str,
}

/// Checks the rights of one link, once its resource is known to be fit.
pub(super) fn check(
    world: &mut World,
    namespace: &Resource,
    endpoint: &Value,
    kind: EndpointKind,
    now: &Now,
) -> Result<(), LinkError> {
    let target = text(endpoint, &["resourceId"]).unwrap_or_default().to_owned();
    let outbound = outbound(world, namespace, now)?;
    let system = namespace_view::principal(world, &namespace.id, models::written_with(namespace), now)
        .unwrap_or_else(|| outbound.clone());
    let inbound = match inbound(world, &target, endpoint) {
        Some(principal) => Some(principal),
        None if endpoint.get("inboundCallerIdentity").is_none_or(Value::is_null) => None,
        None => {
            let message = format!("The resource '{target}' has no such identity to call the namespace with.");
            // This world's own: the sources name no code for it.
            return Err(LinkError::new("InboundCallerIdentityUnavailable", message));
        }
    };
    let service = service_of(world, namespace);
    let id = namespace.id.as_str();
    let row = |number, principal, right, scope, code| Row { number, principal, right, scope, code };
    let mut rows = match kind {
        EndpointKind::Hub => vec![
            // The specification's example of a failed link names this code for this row.
            row(1, outbound.as_str(), HUB_WRITE, target.as_str(), "LinkInitiateFailed"),
            row(2, outbound.as_str(), HUB_DEVICES, target.as_str(), "AdrMiNotAuthorized"),
        ],
        EndpointKind::Dps => vec![
            row(4, outbound.as_str(), SERVICE_WRITE, target.as_str(), "LinkInitiateFailed"),
            row(6, system.as_str(), REGISTRY_DEVICES, id, "AdrMiNotAuthorized"),
        ],
    };
    if let Some(caller) = &inbound {
        match kind {
            EndpointKind::Hub => rows.push(row(3, caller, NAMESPACE_WRITE, id, "AuthorizationFailed")),
            EndpointKind::Dps => {
                rows.push(row(5, caller, NAMESPACE_WRITE, id, "AuthorizationFailed"));
                rows.push(row(7, caller, ISSUE, id, "AuthorizationFailed"));
            }
        }
    }
    if let Some(service) = service.as_ref().filter(|_| kind == EndpointKind::Hub) {
        rows.push(row(8, service, HUB_DEVICES, &target, "AuthorizationFailed"));
    }
    let needed = world.settings.links.roles_needed.clone();
    let lacking: Vec<&Row<'_>> = rows
        .iter()
        .filter(|row| needed.contains(&row.number))
        .filter(|row| !permissions::allows(world, row.principal, row.right.0, row.right.1, row.scope, now))
        .collect();
    let Some(first) = lacking.first() else { return Ok(()) };
    let error = LinkError::new(
        first.code,
        format!(
            "The managed identity '{}' is not authorized to perform '{}' over '{}'. Grant it access on the resource, then resubmit the request.",
            first.principal, first.right.1, first.scope
        ),
    );
    // All are looked at each time, so that one wait serves for all.
    for row in lacking {
        permissions::look(world, row.principal, row.scope, now);
    }
    Err(error)
}

/// The principal that the namespace calls with, seen by the directory.
fn outbound(world: &mut World, namespace: &Resource, now: &Now) -> Result<String, LinkError> {
    let chosen = |name: &str| text(&namespace.body, &["properties", "outboundIdentity", name]);
    let found = if chosen("type") == Some("UserAssigned") {
        let id = chosen("userAssignedIdentity").unwrap_or_default();
        let attached = super::hubs::assigned_identities(&namespace.body)
            .iter()
            .any(|known| known.eq_ignore_ascii_case(id));
        let identity = world.resource(id).filter(|_| attached);
        identity.and_then(|found| found.property("principalId")).map(str::to_owned)
    } else {
        namespace_view::principal(world, &namespace.id, models::written_with(namespace), now)
    };
    let Some(principal) = found else {
        let message = "The namespace has no identity to call other resources with.";
        return Err(LinkError::new("OutboundIdentityUnavailable", message.to_owned()));
    };
    let visible = world.principals.get_mut(&principal).is_some_and(|known| known.visible.look(now));
    if visible {
        return Ok(principal);
    }
    let message = format!("No token could be had for the identity '{principal}' of the namespace.");
    Err(LinkError::new("NamespaceMiTokenAcquisitionFailed", message))
}

/// The principal that a hub or service calls the namespace with.
fn inbound(world: &World, target: &str, endpoint: &Value) -> Option<String> {
    let found = world.resource(target)?;
    match text(endpoint, &["inboundCallerIdentity", "type"])? {
        "SystemAssigned" => {
            text(&found.body, &["identity", "type"])?.contains("SystemAssigned").then_some(())?;
            text(&found.body, &["identity", "principalId"]).map(str::to_owned)
        }
        _ => {
            let id = text(endpoint, &["inboundCallerIdentity", "userAssignedIdentity"])?;
            let attached = super::hubs::assigned_identities(&found.body);
            attached.iter().any(|known| known.eq_ignore_ascii_case(id)).then_some(())?;
            world.resource(id)?.property("principalId").map(str::to_owned)
        }
    }
}

/// The principal of the namespace's provisioning service, as its endpoint names it.
fn service_of(world: &World, namespace: &Resource) -> Option<String> {
    let (_, endpoint) = endpoints::of(&namespace.body, "provisioning").next()?;
    inbound(world, text(endpoint, &["resourceId"])?, endpoint)
}

/// Whether the linked service may issue certificates of its namespace, now. A refusal counts as a look.
pub(super) fn may_issue(world: &mut World, namespace: &Resource, now: &Now) -> bool {
    if !world.settings.links.roles_needed.contains(&7) {
        return true;
    }
    let Some(principal) = service_of(world, namespace) else { return false };
    let allowed = permissions::allows(world, &principal, ISSUE.0, ISSUE.1, &namespace.id, now);
    if !allowed {
        permissions::look(world, &principal, &namespace.id, now);
    }
    allowed
}
