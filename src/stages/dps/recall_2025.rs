//! What `preview-2025` reads back of the provisioning service; its link tells of namespace and identity too.

use serde_json::Value;

use super::CREATE;
use crate::domain::{Moves, Replay};
use crate::stages::build::{outputs, same_id, text};
use crate::stages::namespace::id::namespace_id;
use crate::stages::recall::Recollection;

/// The service. Its host is kept for who asks it for enrollment groups.
pub fn dps(recollection: &mut Recollection<'_>, replay: &mut Replay<'_>) -> Moves<()> {
    const NAMESPACE: &str = "/properties/deviceRegistryNamespace/resourceId";
    let listed = recollection.list_type(replay, "Microsoft.Devices/provisioningServices")?;
    let namespace = (!recollection.is_unread("namespace.name")).then(|| namespace_id(&recollection.answers));
    let related = |dps: &Value| {
        let linked = text(dps, NAMESPACE);
        linked.zip(namespace.as_deref()).is_some_and(|(linked, namespace)| same_id(linked, namespace))
    };
    let dps = match recollection.pick(listed, "provisioning service", related) {
        Ok(dps) => dps,
        Err(why) => {
            recollection.unread("dps.name", &why);
            return Ok(());
        }
    };
    recollection.take("dps.name", text(&dps, "/name").unwrap_or_default());
    recollection.locate("the provisioning service", &dps);
    let host = "serviceOperationsHostName";
    let gives = outputs([(host, text(&dps, &format!("/properties/{host}")))]);
    recollection.known.set(&CREATE, gives);
    let by = "the provisioning service";
    let identity = text(&dps, "/properties/deviceRegistryNamespace/selectedUserAssignedIdentityResourceId");
    recollection.take_linked("namespace.name", "namespace", by, text(&dps, NAMESPACE));
    recollection.take_linked("identity.name", "managed identity", by, identity);
    Ok(())
}
