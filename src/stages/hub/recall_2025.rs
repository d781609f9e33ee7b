//! What `preview-2025` reads back of the hub; its link tells of namespace and identity too.

use serde_json::Value;

use super::preview_2025::sku;
use crate::domain::{Moves, Replay};
use crate::stages::build::{same, same_id, text};
use crate::stages::namespace::id::namespace_id;
use crate::stages::offers::canonical_location;
use crate::stages::recall::Recollection;

/// The hub with its region, tier and units.
pub fn hub(recollection: &mut Recollection<'_>, replay: &mut Replay<'_>) -> Moves<()> {
    const NAMESPACE: &str = "/properties/deviceRegistry/namespaceResourceId";
    let listed = recollection.list_type(replay, "Microsoft.Devices/IotHubs")?;
    let namespace = (!recollection.is_unread("namespace.name")).then(|| namespace_id(&recollection.answers));
    let related = |hub: &Value| {
        let linked = text(hub, NAMESPACE);
        linked.zip(namespace.as_deref()).is_some_and(|(linked, namespace)| same_id(linked, namespace))
    };
    let hub = match recollection.pick(listed, "IoT hub", related) {
        Ok(hub) => hub,
        Err(why) => {
            for key in ["hub.name", "hub_location", "hub.sku", "hub.capacity"] {
                recollection.unread(key, &why);
            }
            return Ok(());
        }
    };
    recollection.take("hub.name", text(&hub, "/name").unwrap_or_default());
    let location = text(&hub, "/location").map(canonical_location).unwrap_or_default();
    recollection.take("hub_location", &location);
    match text(&hub, "/sku/name").unwrap_or_default() {
        found if same(found, sku(&recollection.answers)) => recollection.read("hub.sku"),
        found => {
            let why = format!("Azure has `{found}`, which cannot be linked to a namespace");
            recollection.unread("hub.sku", &why);
        }
    }
    let units = hub.pointer("/sku/capacity").and_then(Value::as_u64).unwrap_or_default();
    recollection.take("hub.capacity", &units.to_string());
    let identity = text(&hub, "/properties/deviceRegistry/identityResourceId");
    recollection.take_linked("namespace.name", "namespace", "the IoT hub", text(&hub, NAMESPACE));
    recollection.take_linked("identity.name", "managed identity", "the IoT hub", identity);
    Ok(())
}
