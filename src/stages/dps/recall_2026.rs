//! What `links-2026` reads back of the provisioning service.

use serde_json::Value;

use super::CREATE;
use crate::domain::{Moves, Replay};
use crate::stages::build::{outputs, text};
use crate::stages::recall::Recollection;

/// The service. Its host is kept for who asks it for enrollment groups.
pub fn dps(recollection: &mut Recollection<'_>, replay: &mut Replay<'_>) -> Moves<()> {
    let listed = recollection.list_type(replay, "Microsoft.Devices/provisioningServices")?;
    let dps = match recollection.pick(listed, "provisioning service", |_: &Value| false) {
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
    Ok(())
}
