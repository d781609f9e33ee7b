//! What `preview-2025` reads back of the namespace.

use serde_json::Value;

use crate::domain::{Moves, Replay};
use crate::stages::build::text;
use crate::stages::recall::Recollection;

/// The namespace, and the region of everything but the hub.
pub fn namespace(recollection: &mut Recollection<'_>, replay: &mut Replay<'_>) -> Moves<()> {
    picked(recollection, replay).map(drop)
}

/// [`namespace`], giving the one that was picked.
pub(super) fn picked(recollection: &mut Recollection<'_>, replay: &mut Replay<'_>) -> Moves<Option<Value>> {
    let listed = recollection.list_type(replay, "Microsoft.DeviceRegistry/namespaces")?;
    match recollection.pick(listed, "namespace", |_| false) {
        Ok(namespace) => {
            recollection.take("namespace.name", text(&namespace, "/name").unwrap_or_default());
            recollection.locate("the namespace", &namespace);
            Ok(Some(namespace))
        }
        Err(why) => {
            recollection.unread("namespace.name", &why);
            Ok(None)
        }
    }
}
