//! What an update of a hub sends: the whole description that was read, without what is read-only.

use serde_json::{Value, json};

/// What the service takes back of a description that it gave: what is read-only is left out (type files of
/// `Microsoft.Devices/IotHubs`).
pub fn taken_back(read: &Value) -> Value {
    let mut kept = read.clone();
    let mut drop = |pointer: &str, keys: &[&str]| {
        if let Some(object) = kept.pointer_mut(pointer).and_then(Value::as_object_mut) {
            object.retain(|key, value| !keys.contains(&key.as_str()) && !value.is_null());
        }
    };
    drop("", &["id", "name", "type", "etag", "systemData", "subscriptionid", "resourcegroup"]);
    drop("/sku", &["tier"]);
    drop("/identity", &["principalId", "tenantId"]);
    drop(
        "/properties",
        &[
            "provisioningState",
            "state",
            "hostName",
            "deviceHostName",
            "serviceHostName",
            "iotHubDetails",
            "locations",
            "authorizationPolicies",
        ],
    );
    drop("/properties/eventHubEndpoints/events", &["partitionIds", "path", "endpoint"]);
    let identities = kept.pointer_mut("/identity/userAssignedIdentities").and_then(Value::as_object_mut);
    for (_, identity) in identities.into_iter().flatten() {
        *identity = json!({});
    }
    kept
}

/// [`taken_back`] without the link: it is for information where the namespace makes it, and refused in a write (contract
/// links-2026, section 4, point 6, and section 12).
pub fn taken_back_unlinked(read: &Value) -> Value {
    let mut kept = taken_back(read);
    if let Some(properties) = kept.pointer_mut("/properties").and_then(Value::as_object_mut) {
        properties.shift_remove("deviceRegistry");
    }
    kept
}
