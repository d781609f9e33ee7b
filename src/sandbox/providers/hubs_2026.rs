//! Hubs of the object model of 2026: plain, with an identity from the start; a namespace links them later.
//!
//! What is the same in both models is in `hubs`. Facts: contract of 2026, sections 6.2a, 8 and 12; GEN2 was removed and
//! pointing at a namespace fails validation.

use serde_json::Value;

use super::{device_view, hub_schema, hubs};
use crate::sandbox::front_door::Call;
use crate::sandbox::models::{self, Model};
use crate::sandbox::reply::{Refusal, Reply};
use crate::sandbox::world::text;

/// Creates a hub, or changes one with its etag.
pub(super) fn put(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let body = call.body_with_location(true)?;
    let body =
        call.admitted(&body, &hub_schema::LINKS).map_err(|violation| hubs::bad(violation.to_string()))?;
    if call.world.resource(&call.id).is_some() {
        return update(call, &body);
    }
    hubs::check_new(call)?;
    hubs::check_identity(call, &body)?;
    let reply = hubs::create(call, &body);
    if let Some(found) = call.world.resource_mut(&call.id) {
        models::mark(found, Model::Links);
    }
    Ok(reply)
}

/// Changes a hub of this model at whatever version; what the namespace and the service gave it stays.
pub(super) fn update(call: &mut Call<'_>, body: &Value) -> Result<Reply, Refusal> {
    let id = call.id.clone();
    let updated = hubs::update(call, body)?;
    let system = |identity: Option<&str>| identity.is_some_and(|kind| kind.contains("SystemAssigned"));
    let wants = system(text(body, &["identity", "type"]));
    let lost = call.world.resource_mut(&id).filter(|_| !wants).and_then(|found| {
        let principal = text(&found.vault, &["principal"]).map(str::to_owned);
        found.vault.as_object_mut()?.remove("principal");
        principal
    });
    if let Some(lost) = lost {
        call.world.principals.remove(&lost);
    }
    device_view::complete(call.world, &id, call.now);
    let found = call.world.resource(&id).ok_or_else(|| call.not_found())?;
    Ok(Reply { body: Some(device_view::hub(call.world, found, &call.version)), ..updated })
}
