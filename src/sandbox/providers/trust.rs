//! Certificates that a hub trusts: written into it by the registry, visible a little later.
//!
//! Used by synchronizing (model of 2025) and by certificate authorities (model of 2026). Facts: contract of 2025,
//! section 8; of 2026, sections 1.4 and 6.9.

use serde_json::{Value, json};

use super::credentials::{HUB, HUB_CERTIFICATE};
use crate::sandbox::clock::{Due, Now, rfc1123};
use crate::sandbox::world::{Resource, World, set, text};
use crate::sandbox::x509::Authority;

/// Writes an issuing authority into a hub; `policy` is the id of the policy that it stands for, in the model of 2025.
pub(super) fn write(world: &mut World, hub: &str, policy: Option<&str>, authority: &Authority, now: &Now) {
    let name = format!("adr-{}", authority.thumbprint.to_ascii_lowercase());
    let id = format!("{hub}/certificates/{name}");
    let etag = world.fresh_etag();
    let written = rfc1123(now.real_ms);
    if let Some(found) = world.resource_mut(&id) {
        found.set_property("updated", json!(written));
        set(&mut found.body, &["etag"], json!(etag));
        return;
    }
    let mut properties = json!({
        "subject": authority.subject, "expiry": rfc1123(authority.not_after_ms), "thumbprint": authority.thumbprint,
        "isVerified": true, "created": written, "updated": written, "certificate": authority.certificate,
    });
    if let Some(policy) = policy {
        set(&mut properties, &["policyResourceId"], json!(policy));
    }
    let mut resource = Resource::new(&id, HUB_CERTIFICATE, json!({"properties": properties, "etag": etag}));
    resource.answers = Due::after(now, world.settings.latency.hub_certificate);
    world.insert(resource);
}

/// Writes an issuing authority into every hub that a namespace has linked by now. Later links do not get it.
pub(super) fn push(world: &mut World, namespace: &str, authority: &Authority, now: &Now) {
    if world.settings.quirks.sync_writes_nothing {
        return;
    }
    let linked = |hub: &&Resource| {
        let to = |name: &str| text(&hub.vault, &["link", name]);
        to("state") == Some("Succeeded")
            && to("namespace").is_some_and(|id| id.eq_ignore_ascii_case(namespace))
    };
    let hubs: Vec<String> = world.of_kind(HUB).filter(linked).map(|hub| hub.id.clone()).collect();
    for hub in hubs {
        write(world, &hub, None, authority, now);
    }
}

/// The authority that a resource keeps in its vault.
pub(super) fn authority_of(resource: &Resource) -> Option<Authority> {
    serde_json::from_value(resource.vault.get("authority")?.clone()).ok()
}

/// Keeps an authority in a resource's vault.
pub(super) fn keep(resource: &mut Resource, authority: &Authority) -> Result<(), String> {
    let value: Value = serde_json::to_value(authority).map_err(|error| error.to_string())?;
    set(&mut resource.vault, &["authority"], value);
    Ok(())
}
