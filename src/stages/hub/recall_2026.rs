//! What `links-2026` reads back of the hub.

use serde_json::Value;

use super::links_2026::sku;
use crate::domain::{Moves, Replay};
use crate::stages::build::{same, same_id, text};
use crate::stages::namespace::id::namespace_id;
use crate::stages::recall::Recollection;

/// The hub with its tier and units.
pub fn hub(recollection: &mut Recollection<'_>, replay: &mut Replay<'_>) -> Moves<()> {
    let listed = recollection.list_type(replay, "Microsoft.Devices/IotHubs")?;
    let namespace = namespace_id(&recollection.answers);
    // What a hub says of its link is for information; here it only helps to choose among several.
    let related = |hub: &Value| {
        text(hub, "/properties/deviceRegistry/namespaceResourceId").is_some_and(|id| same_id(id, &namespace))
    };
    let hub = match recollection.pick(listed, "IoT hub", related) {
        Ok(hub) => hub,
        Err(why) => {
            for key in ["hub.name", "hub.sku", "hub.capacity"] {
                recollection.unread(key, &why);
            }
            return Ok(());
        }
    };
    recollection.take("hub.name", text(&hub, "/name").unwrap_or_default());
    recollection.locate("the IoT hub", &hub);
    let found = text(&hub, "/sku/name").unwrap_or_default().to_ascii_uppercase();
    if !same(&found, sku(&recollection.answers)) {
        recollection.answers.hub_sku = Some(found);
    }
    recollection.read("hub.sku");
    let units = hub.pointer("/sku/capacity").and_then(Value::as_u64).unwrap_or_default();
    recollection.take("hub.capacity", &units.to_string());
    Ok(())
}
