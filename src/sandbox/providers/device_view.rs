//! What hubs and provisioning services of the 2026 model show: late values, and who linked them.
//!
//! The namespace owns the link; what is shown here only mirrors it, under names that moved between versions. Facts:
//! contract of 2026, sections 4.6, 6.2a and 6.2b, and the specifications' examples.

use serde_json::{Map, Value, json};

use super::credentials::HUB;
use super::{endpoints, provisioning_services, public_body};
use crate::sandbox::clock::Now;
use crate::sandbox::models::{self, Model};
use crate::sandbox::operations::{self, Work};
use crate::sandbox::world::{Resource, World, set, text};

/// Properties of a service that are not there at once when it is `Succeeded` (contract, section 6.2b).
const LATE: [&str; 4] =
    ["idScope", "serviceOperationsHostName", "deviceProvisioningHostName", "portalOperationsHostName"];

/// A hub as an api-version shows it.
pub(super) fn hub(world: &World, hub: &Resource, version: &str) -> Value {
    let mut body = public_body(hub);
    if models::of(hub) == Model::Credentials && hub.vault.get("link").is_none_or(Value::is_null) {
        point(&mut body, version);
        return body;
    }
    let hidden = is_hidden(hub);
    hide_principal(&mut body, hidden);
    let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) else { return body };
    if hidden && hub.provisioning_state() == "Succeeded" {
        // Active comes later than Succeeded (contract, section 6.2a).
        properties.insert("state".to_owned(), json!("Activating"));
    }
    if models::of_devices(version) == Model::Credentials {
        for name in ["deviceHostName", "serviceHostName", "iotHubDetails"] {
            properties.remove(name);
        }
        return body;
    }
    if let Some(link) = hub.vault.get("link").filter(|link| link.is_object()) {
        // A hub has words of its own for it, other than the service's: contract links-2026, section 4, point 6, and the hub's
        // specification of 2026-10-01-preview.
        let state = match text(link, &["state"]) {
            Some("Succeeded") if text(link, &["namespace"]).is_none_or(|id| world.resource(id).is_none()) => {
                "Orphaned"
            }
            Some("Succeeded") => "Success",
            Some("Failed") => "Failed",
            _ => "InProgress",
        };
        let mut linking = json!({"state": state});
        if state == "Failed" {
            let error = json!({
                "code": "ADRLinkingFailed", "httpStatusCode": "500",
                "message": "Azure Device Registry failed to link all needed resources for IoT Hub.",
                "details": "One or more dependent resources could not be linked during the Azure Device Registry operation.",
            });
            set(&mut linking, &["error"], error);
        }
        let shown = json!({
            "namespaceResourceId": link.get("namespace"), "namespaceUuid": link.get("namespaceUuid"),
            "dataPlaneHostName": data_host(link), "identity": link.get("identity"), "linkingProperties": linking,
        });
        properties.insert("deviceRegistry".to_owned(), shown);
    }
    body
}

/// How the versions tell of the namespace that a hub of the older model points at: those before 2025 and the stable ones
/// not at all, those of 2026 with the identity in a block of its own (contract of 2025, section 12).
fn point(body: &mut Value, version: &str) {
    let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) else { return };
    if !models::knows_pointers(version) {
        properties.remove("deviceRegistry");
    } else if models::of_devices(version) == Model::Links
        && let Some(pointer) = properties.get_mut("deviceRegistry").and_then(Value::as_object_mut)
        && let Some(identity) = pointer.remove("identityResourceId")
    {
        let identity = json!({"type": "UserAssigned", "userAssignedIdentity": identity});
        pointer.insert("identity".to_owned(), identity);
    }
}

fn data_host(link: &Value) -> String {
    format!("{}.api.deviceregistry.com", text(link, &["location"]).unwrap_or_default())
}

/// A provisioning service as an api-version shows it.
pub(super) fn service(world: &World, service: &Resource, version: &str) -> Value {
    let mut body = service_of_its_model(world, service, version);
    if provisioning_services::is_plain(version) {
        provisioning_services::hide_unknown(&mut body);
    }
    body
}

fn service_of_its_model(world: &World, service: &Resource, version: &str) -> Value {
    let mut body = public_body(service);
    if models::of(service) == Model::Credentials {
        if let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut)
            && !models::knows_pointers(version)
        {
            // Stable versions drop the property in silence (contract, section 4.6).
            properties.remove("deviceRegistryNamespace");
        }
        return body;
    }
    let hidden = is_hidden(service);
    hide_principal(&mut body, hidden);
    let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) else { return body };
    if hidden {
        properties.retain(|name, _| !LATE.contains(&name.as_str()));
    }
    if models::of_devices(version) == Model::Credentials {
        properties.remove("disableLocalAuth");
    }
    let Some(link) = service.vault.get("link").filter(|link| link.is_object()) else { return body };
    let namespace = text(link, &["namespace"]).unwrap_or_default();
    let state = match text(link, &["state"]) {
        Some("Succeeded") if world.resource(namespace).is_none() => "Orphaned",
        Some("Succeeded") => "Succeeded",
        _ => "NotLinked",
    };
    if state == "Succeeded" {
        properties.insert("iotHubs".to_owned(), hubs_of(world, namespace));
    }
    if version == "2026-03-01-preview" {
        properties.insert("deviceRegistry".to_owned(), json!({"namespaceResourceId": namespace}));
    } else if models::of_devices(version) == Model::Links && version.ends_with("-preview") {
        let mut shown = json!({
            "resourceId": namespace, "authenticationType": text(link, &["identity", "type"]),
            "namespaceUuid": link.get("namespaceUuid"), "dataAddress": data_host(link), "location": link.get("location"),
            "linkingProperties": {"state": state},
        });
        if let Some(identity) = text(link, &["identity", "userAssignedIdentity"]) {
            set(&mut shown, &["selectedUserAssignedIdentityResourceId"], json!(identity));
        }
        properties.insert("deviceRegistryNamespaces".to_owned(), json!([shown]));
    }
    // Stable versions drop the property in silence (contract, section 4.6).
    body
}

/// The list of a linked service's hubs: those of its namespace.
fn hubs_of(world: &World, namespace: &str) -> Value {
    let Some(namespace) = world.resource(namespace) else { return json!([]) };
    let hubs = endpoints::of(&namespace.body, "messaging")
        .filter(|(_, endpoint)| endpoints::state(endpoint) == "Succeeded")
        .filter_map(|(_, endpoint)| {
            let hub = world.resource(text(endpoint, &["resourceId"])?)?;
            Some(json!({
                "name": hub.property("hostName")?, "location": hub.location(), "applyAllocationPolicy": true,
                "allocationWeight": endpoint.pointer("/provisioning/allocationWeight"),
            }))
        });
    Value::Array(hubs.collect())
}

/// Host names of the hubs that a linked service provisions to.
pub(super) fn host_names(world: &World, service: &Resource) -> Vec<String> {
    let shown = text(&service.vault, &["link", "namespace"]).map(|id| hubs_of(world, id)).unwrap_or_default();
    let names = shown.as_array().into_iter().flatten().filter_map(|hub| text(hub, &["name"]));
    names.map(str::to_owned).collect()
}

fn is_hidden(resource: &Resource) -> bool {
    resource.vault.get("hidden") == Some(&json!(true))
}

fn hide_principal(body: &mut Value, hidden: bool) {
    if hidden && let Some(identity) = body.get_mut("identity").and_then(Value::as_object_mut) {
        identity.retain(|name, _| !matches!(name.as_str(), "principalId" | "tenantId"));
    }
}

/// Gives a hub or service of this model what it has when it stands: principal, host names. Some of it shows late.
pub(super) fn complete(world: &mut World, id: &str, now: &Now) {
    let Some(found) = world.resource(id).filter(|found| models::of(found) == Model::Links) else { return };
    let wants = text(&found.body, &["identity", "type"]).is_some_and(|kind| kind.contains("SystemAssigned"));
    let kept = text(&found.vault, &["principal"]).map(str::to_owned);
    let (name, is_hub, tenant) = (found.name().to_owned(), found.kind == HUB, world.tenant().to_owned());
    let first = found.vault.get("hidden").is_none();
    let principal = match kept {
        Some(kept) => Some(kept),
        None if wants => Some(world.add_principal(&name, now).0),
        None => None,
    };
    let late = first && world.settings.latency.fill_in > 0.0;
    let Some(found) = world.resource_mut(id) else { return };
    if let Some(principal) = principal {
        set(&mut found.vault, &["principal"], json!(principal));
        if wants && let Some(identity) = found.body.get("identity").and_then(Value::as_object).cloned() {
            let mut whole = Map::new();
            whole.insert("principalId".to_owned(), json!(principal));
            whole.insert("tenantId".to_owned(), json!(tenant));
            whole.extend(identity);
            set(&mut found.body, &["identity"], Value::Object(whole));
        }
    }
    if is_hub {
        found.set_property("deviceHostName", json!(format!("{name}.device.azure-devices.net")));
        found.set_property("serviceHostName", json!(format!("{name}.service.azure-devices.net")));
        found.set_property("iotHubDetails", json!({"gatewayVersion": "V2"}));
    }
    if first {
        set(&mut found.vault, &["hidden"], json!(late));
    }
    if late {
        operations::schedule(world, now, Work::FillIn, id, world.settings.latency.fill_in);
    }
}

/// What was late shows.
pub(super) fn fill_in(world: &mut World, id: &str) {
    if let Some(found) = world.resource_mut(id) {
        set(&mut found.vault, &["hidden"], json!(false));
    }
}
