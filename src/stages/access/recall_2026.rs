//! What `links-2026` reads back of the first stage: the identity, where one is shared.

use super::IDENTITY;
use crate::domain::{Moves, Replay};
use crate::stages::build::{outputs, text};
use crate::stages::recall::Recollection;

/// The shared identity. Its being there is what tells that there is one: each resource has its own otherwise.
pub fn identity(recollection: &mut Recollection<'_>, replay: &mut Replay<'_>) -> Moves<()> {
    let listed = recollection.list_type(replay, "Microsoft.ManagedIdentity/userAssignedIdentities")?;
    if let Err(why) = &listed {
        recollection.unread("identity.kind", why);
        recollection.unread("identity.name", why);
        return Ok(());
    }
    match recollection.pick(listed, "managed identity", |_| false) {
        Ok(identity) => {
            recollection.take("identity.name", text(&identity, "/name").unwrap_or_default());
            recollection.take("identity.kind", "user-assigned");
            recollection.locate("the managed identity", &identity);
            let gives = outputs([("principalId", text(&identity, "/properties/principalId"))]);
            recollection.known.set(&IDENTITY, gives);
        }
        // None that is ours: each resource has its own then.
        Err(_) => recollection.take("identity.kind", "system-assigned"),
    }
    Ok(())
}
