//! What hubs and provisioning services ask of others' rights before they are created.
//!
//! Facts: contract sections 1c, 1e and 6 (400913). The rights checked are those that every documented set of roles has:
//! Device Registry Contributor alone, with Onboarding, or the corrected custom role. `namespaces/write` is not among them.

use super::lifecycle::kind_of;
use super::resources::HUB_APPLICATION_ID;
use crate::sandbox::clock::Now;
use crate::sandbox::front_door::{Caller, authorize};
use crate::sandbox::permissions::{self, Plane};
use crate::sandbox::reply::Refusal;
use crate::sandbox::schema::shorten;
use crate::sandbox::world::World;

const NEEDED: [(Plane, &str); 6] = [
    (Plane::Control, "Microsoft.DeviceRegistry/namespaces/read"),
    (Plane::Control, "Microsoft.DeviceRegistry/namespaces/devices/read"),
    (Plane::Control, "Microsoft.DeviceRegistry/namespaces/devices/write"),
    (Plane::Control, "Microsoft.DeviceRegistry/namespaces/credentials/read"),
    (Plane::Control, "Microsoft.DeviceRegistry/namespaces/credentials/policies/read"),
    (Plane::Data, "Microsoft.DeviceRegistry/namespaces/credentials/policies/issueCertificate/action"),
];

/// Whether an identity may act on a namespace; the error names the first right it lacks.
pub(crate) fn identity_on_namespace(
    world: &mut World,
    identity: &str,
    namespace: &str,
    now: &Now,
) -> Result<(), String> {
    let principal = principal_of(world, identity);
    principal_on_namespace(world, &principal, identity, namespace, now)
}

/// The principal of a managed identity; empty where there is no such identity.
fn principal_of(world: &World, identity: &str) -> String {
    world.resource(identity).and_then(|found| found.property("principalId")).unwrap_or_default().to_owned()
}

fn principal_on_namespace(
    world: &mut World,
    principal: &str,
    name: &str,
    namespace: &str,
    now: &Now,
) -> Result<(), String> {
    let lacking = NEEDED
        .iter()
        .find(|(plane, action)| !permissions::allows(world, principal, *plane, action, namespace, now));
    let Some((_, action)) = lacking else { return Ok(()) };
    permissions::look(world, principal, namespace, now);
    Err(format!(
        "The managed identity '{}' does not have the required DeviceRegistry permissions on namespace '{}': it lacks '{action}'.",
        shorten(name),
        shorten(namespace),
    ))
}

/// Whether an identity may have certificates issued by a namespace's policies.
pub(crate) fn may_issue(world: &mut World, identity: &str, namespace: &str, now: &Now) -> bool {
    let principal = principal_of(world, identity);
    let (plane, action) =
        (Plane::Data, "Microsoft.DeviceRegistry/namespaces/credentials/policies/issueCertificate/action");
    let allowed = permissions::allows(world, &principal, plane, action, namespace, now);
    if !allowed {
        permissions::look(world, &principal, namespace, now);
    }
    allowed
}

/// Whether the hubs' own application may manage the group that a hub goes into.
pub(crate) fn hub_application_on_group(world: &mut World, group: &str, now: &Now) -> Result<(), String> {
    let principal = world
        .principals
        .iter()
        .find(|(_, known)| known.app_id == HUB_APPLICATION_ID)
        .map(|(id, _)| id.clone());
    let principal = principal.unwrap_or_default();
    let allowed = ["Microsoft.Devices/IotHubs/write", "Microsoft.DeviceRegistry/namespaces/write"]
        .iter()
        .all(|action| permissions::allows(world, &principal, Plane::Control, action, group, now));
    if allowed {
        return Ok(());
    }
    permissions::look(world, &principal, group, now);
    Err(format!(
        "The IoT Hub application '{HUB_APPLICATION_ID}' does not have the required DeviceRegistry permissions: it needs the Contributor role on '{}'.",
        shorten(group),
    ))
}

/// The identities a body assigns must exist, and the caller must be allowed to assign them. The words of the refusal are
/// those that users of Azure quote.
pub(crate) fn check_identities(
    world: &mut World,
    now: &Now,
    caller: &Caller,
    resource: &str,
    ids: &[String],
) -> Result<(), Refusal> {
    let write = format!("{}/write", kind_of(resource).unwrap_or_default());
    for id in ids {
        let known = world.resource(id).is_some_and(|found| found.kind == super::managed_identity::IDENTITY);
        if !known {
            let message = format!(
                "Identity operation for resource '{}' failed with error 'Failed to perform resource identity operation. The identity '{}' was not found.'.",
                shorten(resource),
                shorten(id),
            );
            return Err(Refusal::arm(400, "FailedIdentityOperation", message));
        }
        let action = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action";
        authorize(world, now, caller, action, id).map_err(|mut refusal| {
            if refusal.code == "AuthorizationFailed" {
                refusal.message = format!(
                    "The client '{}' with object id '{}' has permission to perform action '{write}' on scope '{}'; however, it does not have permission to perform action(s) '{action}' on the linked scope(s) '{}' (respectively) or the linked scope(s) are invalid.",
                    caller.app_id,
                    caller.object_id,
                    shorten(resource),
                    shorten(id),
                );
                "LinkedAuthorizationFailed".clone_into(&mut refusal.code);
            }
            refusal
        })?;
    }
    Ok(())
}
