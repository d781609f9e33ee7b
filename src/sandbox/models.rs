//! The two object models that a world may offer: which api-version and which resource belongs to which.
//!
//! 2025: hub and service point at a namespace with credentials. 2026: the namespace links them and has certificate
//! authorities. Names and questions only; providers act on them. Facts: contract of 2026, sections 2 and 4.

use serde_json::{Value, json};

use super::world::{Resource, World, set, text};

/// Who points at whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Model {
    /// Credentials and policies; links in the bodies of hub and service.
    Credentials,
    /// Certificate authorities; links in the body of the namespace.
    Links,
}

/// The registry's versions from 2026-11 on know links and authorities, and no credentials.
pub(crate) fn of_registry(version: &str) -> Model {
    if version >= "2026-11" { Model::Links } else { Model::Credentials }
}

/// Versions of hubs and services that are created plain. The service's 2026-03-01-preview speaks both models (contract,
/// section 4.3); what it creates without a namespace counts as of either.
pub(crate) fn of_devices(version: &str) -> Model {
    if version >= "2026-06" { Model::Links } else { Model::Credentials }
}

/// Whether a version of hubs and services has a property for the namespace that they point at, or are linked by: the
/// previews from 2025 on.
pub(crate) fn knows_pointers(version: &str) -> bool {
    version.ends_with("-preview") && version >= "2025"
}

/// Whether the world serves the model of 2026 at all.
pub(crate) fn links_served(world: &World) -> bool {
    serves(world, "namespaces/certificateAuthorities")
}

/// Whether the world serves the model of 2025: has the type and does not refuse it.
pub(crate) fn credentials_served(world: &World) -> bool {
    serves(world, "namespaces/credentials")
}

fn serves(world: &World, kind: &str) -> bool {
    let types = world.settings.providers.get("Microsoft.DeviceRegistry").map(|provider| &provider.types);
    types
        .and_then(|types| types.get(kind))
        .is_some_and(|found| !found.refused && !found.api_versions.is_empty())
}

/// The model that a namespace, hub or service was last written in.
pub(crate) fn of(resource: &Resource) -> Model {
    if text(&resource.vault, &["model"]) == Some("links") { Model::Links } else { Model::Credentials }
}

/// Notes the model that a resource is written in.
pub(crate) fn mark(resource: &mut Resource, model: Model) {
    let word = if model == Model::Links { json!("links") } else { Value::Null };
    set(&mut resource.vault, &["model"], word);
}

/// The api-version that a namespace of the 2026 model was last written with: its principal is that version's.
pub(crate) fn written_with(resource: &Resource) -> &str {
    text(&resource.vault, &["version"]).unwrap_or_default()
}
