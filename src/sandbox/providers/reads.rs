//! Reading a resource: what it shows depends on its kind and on the api-version, and the look itself may count.
//!
//! Dispatch only. Called by the front door for GET and lists, and where a finished operation shows its resource.

use serde_json::Value;

use super::credentials::{HUB, POLICY};
use super::device_registry::NAMESPACE;
use super::managed_identity::IDENTITY;
use super::provisioning_services::SERVICE;
use super::{device_view, namespace_view, public_body};
use crate::sandbox::clock::Now;
use crate::sandbox::models::{self, Model};
use crate::sandbox::world::{Resource, World};

/// A resource as an api-version shows it; nothing is counted.
pub(crate) fn view(world: &World, resource: &Resource, version: &str) -> Value {
    match resource.kind.as_str() {
        NAMESPACE => namespace_view::view(world, resource, version),
        HUB => device_view::hub(world, resource, version),
        SERVICE => device_view::service(world, resource, version),
        // Isolation came in 2024; policies of March 2026 are no tracked resources any more.
        IDENTITY if version < "2024" => without(resource, &[&["properties", "isolationScope"]]),
        POLICY if version >= "2026" => without(resource, &[&["location"], &["tags"]]),
        _ => public_body(resource),
    }
}

/// The body without what an api-version does not know.
fn without(resource: &Resource, unknown: &[&[&str]]) -> Value {
    let mut body = public_body(resource);
    for path in unknown {
        let Some((name, above)) = path.split_last() else { continue };
        let place = above.iter().try_fold(&mut body, |place, step| place.get_mut(step));
        if let Some(map) = place.and_then(Value::as_object_mut) {
            map.remove(*name);
        }
    }
    body
}

/// The answer to a GET of one resource, which counts as a look at it; `None` when it is not there.
pub(crate) fn read(world: &mut World, id: &str, version: &str, now: &Now) -> Option<Value> {
    let (kind, links) =
        world.resource(id).map(|found| (found.kind.clone(), models::of(found) == Model::Links))?;
    if kind == NAMESPACE && links {
        namespace_view::principal(world, id, version, now);
    }
    let body = view(world, world.resource(id)?, version);
    if kind == NAMESPACE && links {
        namespace_view::note(world, id, version);
    }
    Some(body)
}
