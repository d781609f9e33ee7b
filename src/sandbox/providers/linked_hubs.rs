//! The hubs that a provisioning service is linked to: checked when put, masked when read.
//!
//! Facts: contract section 5c; 404002, 401001 and 400303 are the codes users report for these links.

use serde_json::{Value, json};

use super::credentials::HUB;
use crate::sandbox::clock::Now;
use crate::sandbox::permissions::{self, Plane};
use crate::sandbox::reply::Refusal;
use crate::sandbox::schema::shorten;
use crate::sandbox::target::region;
use crate::sandbox::world::{Resource, World, text};

/// A link as it will be kept: what a GET shows, and the whole connection string.
pub(crate) struct Link {
    pub(crate) shown: Value,
    pub(crate) connection: Option<String>,
}

/// Checks the `iotHubs` of a body against the hubs of this world and the service's earlier links.
///
/// # Errors
/// 400 with the code of what is wrong; connection strings never appear in it.
pub(crate) fn check(
    world: &World,
    now: &Now,
    body: &Value,
    earlier: Option<&Resource>,
    identities: &[String],
) -> Result<Vec<Link>, Refusal> {
    let mut links: Vec<Link> = Vec::new();
    let entries = body.pointer("/properties/iotHubs").and_then(Value::as_array);
    for (index, entry) in entries.into_iter().flatten().enumerate() {
        let place = format!("properties.iotHubs[{index}]");
        let (hub, connection) = match text(entry, &["authenticationType"]).unwrap_or("KeyBased") {
            "KeyBased" => by_key(world, entry, earlier, &place)?,
            kind => (by_identity(world, now, entry, kind, identities, &place)?, None),
        };
        let host = hub.property("hostName").unwrap_or_default().to_owned();
        if links
            .iter()
            .any(|link| text(&link.shown, &["name"]).is_some_and(|name| name.eq_ignore_ascii_case(&host)))
        {
            let message = format!("'{place}' links the hub '{host}' a second time (IH400303).");
            return Err(Refusal::provisioning(400, 400_303, message));
        }
        if hub.location() != region(text(entry, &["location"]).unwrap_or_default()) {
            let message =
                format!("'{place}.location' is not the region of the hub '{host}': '{}'.", hub.location());
            return Err(Refusal::provisioning(400, 400_002, message));
        }
        links.push(Link { shown: shown(entry, &host, connection.as_deref()), connection });
    }
    Ok(links)
}

/// A GET shows everything but the key.
fn shown(entry: &Value, host: &str, connection: Option<&str>) -> Value {
    let apply = entry.get("applyAllocationPolicy").and_then(Value::as_bool).unwrap_or(true);
    let weight = entry.get("allocationWeight").and_then(Value::as_i64).unwrap_or(1);
    let mut shown = json!({"applyAllocationPolicy": apply, "allocationWeight": weight, "name": host});
    if let Some(map) = shown.as_object_mut() {
        if let Some(connection) = connection {
            map.insert("connectionString".to_owned(), json!(mask(connection)));
        }
        for name in ["location", "authenticationType", "hostName", "selectedUserAssignedIdentityResourceId"] {
            if let Some(value) = entry.get(name) {
                map.insert(name.to_owned(), value.clone());
            }
        }
    }
    shown
}

fn parts(connection: &str) -> Option<(&str, &str, &str)> {
    let find = |wanted: &str| {
        connection
            .split(';')
            .filter_map(|part| part.split_once('='))
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| value)
    };
    Some((find("HostName")?, find("SharedAccessKeyName")?, find("SharedAccessKey")?))
}

fn mask(connection: &str) -> String {
    match parts(connection) {
        Some((host, name, _)) => format!("HostName={host};SharedAccessKeyName={name};SharedAccessKey=****"),
        None => "****".to_owned(),
    }
}

fn by_key<'world>(
    world: &'world World,
    entry: &Value,
    earlier: Option<&Resource>,
    place: &str,
) -> Result<(&'world Resource, Option<String>), Refusal> {
    let Some(given) = text(entry, &["connectionString"]) else {
        return Err(Refusal::provisioning(
            400,
            400_002,
            format!("The property '{place}.connectionString' is required."),
        ));
    };
    let Some((host, policy, key)) = parts(given) else {
        let message = format!(
            "'{place}.connectionString' must have HostName, SharedAccessKeyName and SharedAccessKey."
        );
        return Err(Refusal::provisioning(400, 400_002, message));
    };
    let active = world.of_kind(HUB).find(|hub| {
        hub.property("state") == Some("Active")
            && hub.property("hostName").is_some_and(|name| name.eq_ignore_ascii_case(host))
    });
    let Some(hub) = active else {
        let message = format!("'{place}': the hub '{}' was not found, or is not active yet.", shorten(host));
        return Err(Refusal::provisioning(400, 404_002, message));
    };
    // What a GET masked comes back masked, and means: as before.
    if !key.is_empty() && key.bytes().all(|byte| byte == b'*') {
        let kept = earlier.and_then(|service| text(&service.vault, &["links", &host.to_ascii_lowercase()]));
        return match kept {
            Some(kept) => Ok((hub, Some(kept.to_owned()))),
            None => Err(Refusal::provisioning(
                400,
                401_001,
                format!("'{place}': the key is masked, and the hub was not linked before."),
            )),
        };
    }
    let keys = hub.vault.get("keys").and_then(Value::as_array);
    let right = keys.into_iter().flatten().any(|known| {
        text(known, &["keyName"]) == Some(policy)
            && ["primaryKey", "secondaryKey"].iter().any(|name| text(known, &[name]) == Some(key))
            && text(known, &["rights"]).is_some_and(|rights| rights.contains("RegistryWrite"))
    });
    let local = hub.body.pointer("/properties/disableLocalAuth") != Some(&json!(true));
    if right && local {
        return Ok((hub, Some(given.to_owned())));
    }
    let message =
        format!("'{place}': the hub '{}' refuses the key of policy '{}'.", shorten(host), shorten(policy));
    Err(Refusal::provisioning(400, 401_001, message))
}

fn by_identity<'world>(
    world: &'world World,
    now: &Now,
    entry: &Value,
    kind: &str,
    identities: &[String],
    place: &str,
) -> Result<&'world Resource, Refusal> {
    let refuse = |code: u32, message: String| Err(Refusal::provisioning(400, code, message));
    if kind != "UserAssigned" {
        return refuse(
            400_002,
            format!("'{place}.authenticationType': this world links with keys or user-assigned identities."),
        );
    }
    let Some(host) = text(entry, &["hostName"]) else {
        return refuse(400_002, format!("The property '{place}.hostName' is required."));
    };
    let chosen = text(entry, &["selectedUserAssignedIdentityResourceId"]).unwrap_or_default();
    if !identities.iter().any(|id| id.eq_ignore_ascii_case(chosen)) {
        return refuse(
            400_002,
            format!("'{place}.selectedUserAssignedIdentityResourceId' is not an identity of the service."),
        );
    }
    let active = world.of_kind(HUB).find(|hub| {
        hub.property("state") == Some("Active")
            && hub.property("hostName").is_some_and(|name| name.eq_ignore_ascii_case(host))
    });
    let Some(hub) = active else {
        return refuse(
            404_002,
            format!("'{place}': the hub '{}' was not found, or is not active yet.", shorten(host)),
        );
    };
    let principal =
        world.resource(chosen).and_then(|found| found.property("principalId")).unwrap_or_default();
    // Which role a link by identity takes is not published; writing devices is what linking is for.
    if permissions::allows(
        world,
        principal,
        Plane::Data,
        "Microsoft.Devices/IotHubs/devices/write",
        &hub.id,
        now,
    ) {
        return Ok(hub);
    }
    refuse(401_001, format!("'{place}': the identity may not write devices of the hub '{}'.", shorten(host)))
}
