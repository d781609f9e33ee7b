//! What a world starts as: a TOML text over the shipped default.
//!
//! A world says only what differs, from the default or from the shipped world that its `base` names: tables of switches
//! and numbers are merged key by key, `providers`, `subscriptions`, `resources` and `faults` are replaced whole, and `types`
//! changes single types of the providers. What a provider lists and what it serves are two settings. Unknown keys are refused. Read once, when a folder gets its world.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::faults::Fault;
use super::link_settings::Links;
use super::obstacles::{Clocks, DenyAssignment, Lock, Names, Policy};
use super::sign_in_settings::SignIns;

const DEFAULT: &str = include_str!("../../assets/sandbox/default.toml");

/// Where the world of a new folder comes from. A folder that already has a world keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorldSource {
    /// The folder's own world, or the shipped default in a new folder.
    Default,
    /// One of [`builtin_worlds`] by name.
    Builtin(String),
    /// TOML text.
    Text(String),
}

/// The shipped worlds: name and TOML text.
pub fn builtin_worlds() -> &'static [(&'static str, &'static str)] {
    &[
        ("default", DEFAULT),
        ("march-2026", include_str!("../../assets/sandbox/march-2026.toml")),
        ("nothing-offered", include_str!("../../assets/sandbox/nothing-offered.toml")),
        ("limited-caller", include_str!("../../assets/sandbox/limited-caller.toml")),
        ("neighbours", include_str!("../../assets/sandbox/neighbours.toml")),
        ("links-2026", include_str!("../../assets/sandbox/links-2026.toml")),
        ("both-models", include_str!("../../assets/sandbox/both-models.toml")),
        ("old-refused", include_str!("../../assets/sandbox/old-refused.toml")),
        ("obstacles", include_str!("../../assets/sandbox/obstacles.toml")),
    ]
}

/// A whole world description.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) tenant: Tenant,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) caller: CallerSettings,
    pub(crate) graph: Graph,
    pub(crate) latency: Latency,
    pub(crate) quotas: Quotas,
    pub(crate) paging: Paging,
    pub(crate) quirks: Quirks,
    #[serde(default)]
    pub(crate) links: Links,
    #[serde(default)]
    pub(crate) sign_in: SignIns,
    #[serde(default)]
    pub(crate) throttle: Option<Throttle>,
    pub(crate) providers: BTreeMap<String, Provider>,
    #[serde(default)]
    pub(crate) resources: Vec<StartingResource>,
    #[serde(default)]
    pub(crate) faults: Vec<Fault>,
    /// Of the chances in `faults`.
    #[serde(default)]
    pub(crate) seed: u64,
    #[serde(default)]
    pub(crate) locks: Vec<Lock>,
    #[serde(default)]
    pub(crate) deny_assignments: Vec<DenyAssignment>,
    #[serde(default)]
    pub(crate) policies: Vec<Policy>,
    #[serde(default)]
    pub(crate) names: Names,
    #[serde(default)]
    pub(crate) clock: Clocks,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tenant {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) token_seconds: u32,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Subscription {
    pub(crate) id: String,
    pub(crate) name: String,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallerSettings {
    pub(crate) client_id: String,
    pub(crate) object_id: String,
    pub(crate) client_secret: String,
    pub(crate) roles: Vec<String>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Graph {
    pub(crate) hub_application: bool,
    pub(crate) hub_application_object_id: String,
    pub(crate) caller_may_read: bool,
    pub(crate) caller_may_write: bool,
}

/// Simulated seconds.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Latency {
    pub(crate) namespace: f64,
    pub(crate) hub: f64,
    pub(crate) dps: f64,
    pub(crate) dps_update: f64,
    pub(crate) dps_data_plane: f64,
    pub(crate) credential: f64,
    pub(crate) policy: f64,
    pub(crate) sync: f64,
    pub(crate) hub_certificate: f64,
    pub(crate) principal: f64,
    pub(crate) role_effective: f64,
    pub(crate) role_definition: f64,
    pub(crate) register: f64,
    pub(crate) delete: f64,
    pub(crate) update: f64,
    pub(crate) poll: f64,
    /// How long what was deleted still holds on: a hub to its namespace, an assignment to its role.
    #[serde(default)]
    pub(crate) let_go: f64,
    /// From the write of a namespace to the end of its links.
    #[serde(default)]
    pub(crate) link: f64,
    #[serde(default)]
    pub(crate) certificate_authority: f64,
    #[serde(default)]
    pub(crate) certificate_policy: f64,
    /// From a tags-only PATCH of a half-settled namespace to `Succeeded`.
    #[serde(default)]
    pub(crate) heal: f64,
    /// From the PATCH of a linked provisioning service to its marker reading back.
    #[serde(default)]
    pub(crate) push: f64,
    /// From `Succeeded` to the host names, id scope and principal of a new hub or provisioning service.
    #[serde(default)]
    pub(crate) fill_in: f64,
    /// From a device's registration to its end.
    #[serde(default)]
    pub(crate) registration: f64,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Quotas {
    pub(crate) credentials_per_tenant_and_region: usize,
    pub(crate) policies_per_namespace: usize,
    pub(crate) hubs_per_subscription: usize,
    pub(crate) provisioning_services_per_subscription: usize,
    pub(crate) symmetric_key_groups_per_dps: usize,
}

/// Worlds in which exactly one proved property is wrong.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches of a world file")]
pub(crate) struct Quirks {
    /// The namespace gets its identity type but no principal.
    pub(crate) namespace_without_principal: bool,
    /// The operation fails.
    pub(crate) namespace_failed: bool,
    /// The operation says Succeeded, the resource Failed.
    pub(crate) credential_failed: bool,
    /// The operation says Succeeded, the resource Failed.
    pub(crate) policy_failed: bool,
    /// The identity has no principal id.
    pub(crate) identity_without_principal: bool,
    /// The hub names another namespace.
    pub(crate) hub_linked_elsewhere: bool,
    /// Provisioned, but in transition for ever.
    pub(crate) hub_not_active: bool,
    pub(crate) hub_failed: bool,
    /// The provisioning service names another namespace.
    pub(crate) dps_linked_elsewhere: bool,
    /// The list of linked hubs comes out empty.
    pub(crate) dps_loses_link: bool,
    pub(crate) dps_not_active: bool,
    pub(crate) dps_failed: bool,
    /// Synchronizing succeeds, and no certificate ever arrives.
    pub(crate) sync_writes_nothing: bool,
    /// The certificate that arrives names another policy.
    pub(crate) sync_writes_other_policy: bool,
    pub(crate) enrollment_loses_policy: bool,
    pub(crate) enrollment_disabled: bool,
    /// New assignments work, but lists leave them out.
    pub(crate) assignment_not_listed: bool,
    /// Custom roles lose their last action.
    pub(crate) role_actions_lost: bool,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paging {
    /// Most entries of a list in one answer; 0 means all.
    pub(crate) items: usize,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Throttle {
    pub(crate) writes_per_minute: u32,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Provider {
    /// `Registered` or `NotRegistered`.
    pub(crate) registration: String,
    #[serde(default)]
    pub(crate) types: BTreeMap<String, ResourceType>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResourceType {
    /// Versions that are served.
    pub(crate) api_versions: Vec<String>,
    /// Regions that are served.
    pub(crate) locations: Vec<String>,
    /// Versions that the provider says it has, when these are others; none at all leaves the type out of its list.
    #[serde(default)]
    pub(crate) listed_versions: Option<Vec<String>>,
    /// Regions that the provider says it has, when these are others.
    #[serde(default)]
    pub(crate) listed_locations: Option<Vec<String>>,
    /// Every request for it, and for what lies below, is answered `DisallowedResourceOperation`.
    #[serde(default)]
    pub(crate) refused: bool,
}

impl ResourceType {
    /// Versions and regions as the provider lists them; `None` for a type that it does not list.
    pub(crate) fn listing(&self) -> Option<(&[String], &[String])> {
        let versions = self.listed_versions.as_ref().unwrap_or(&self.api_versions);
        let locations = self.listed_locations.as_ref().unwrap_or(&self.locations);
        (!versions.is_empty()).then_some((versions.as_slice(), locations.as_slice()))
    }
}

/// A resource that exists when the world begins; parents before children.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartingResource {
    pub(crate) id: String,
    pub(crate) body: Value,
}

/// Reads a world; the error names the place in the text.
pub(crate) fn read(source: &WorldSource) -> Result<(String, Settings), String> {
    match source {
        WorldSource::Default => Ok(("default".to_owned(), parse(DEFAULT)?)),
        WorldSource::Text(text) => Ok((format!("text {:x}", fingerprint(text)), parse(text)?)),
        WorldSource::Builtin(name) => {
            let worlds = builtin_worlds();
            let Some((name, text)) = worlds.iter().find(|(known, _)| known == name) else {
                let names: Vec<&str> = worlds.iter().map(|(known, _)| *known).collect();
                return Err(format!("no world is called `{name}`; there are: {}", names.join(", ")));
            };
            Ok(((*name).to_owned(), parse(text)?))
        }
    }
}

/// Tells two texts apart; FNV-1a, since nobody attacks a world file.
fn fingerprint(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn parse(text: &str) -> Result<Settings, String> {
    let mut whole: toml::Table = DEFAULT.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let mut own: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    if let Some(base) = own.remove("base") {
        let known = builtin_worlds().iter().find(|(name, _)| Some(*name) == base.as_str());
        let (_, text) = known.ok_or_else(|| format!("base: no shipped world is called {base}"))?;
        let mut base: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
        // A shipped world differs from the default only; a chain of worlds would be hard to read.
        base.remove("base");
        merge(&mut whole, base)?;
    }
    merge(&mut whole, own)?;
    let settings: Settings = whole.try_into().map_err(|error: toml::de::Error| error.to_string())?;
    validate(&settings)?;
    Ok(settings)
}

/// Changes single types of the providers: `[types."Microsoft.Devices".IotHubs]`.
fn adjust(whole: &mut toml::Table, types: toml::Table) -> Result<(), String> {
    for (provider, kinds) in types {
        let toml::Value::Table(kinds) = kinds else {
            return Err(format!("types.{provider} must be a table"));
        };
        for (kind, change) in kinds {
            let toml::Value::Table(change) = change else {
                return Err(format!("types.{provider}.{kind} must be a table"));
            };
            let known = ["providers", &provider, "types", &kind]
                .iter()
                .try_fold(&mut *whole, |table, key| table.get_mut(*key).and_then(toml::Value::as_table_mut));
            known
                .ok_or_else(|| format!("types.{provider}.{kind}: this world has no such type"))?
                .extend(change);
        }
    }
    Ok(())
}

fn merge(whole: &mut toml::Table, own: toml::Table) -> Result<(), String> {
    let mut own = own;
    if let Some(toml::Value::Table(types)) = own.remove("types") {
        adjust(whole, types)?;
    }
    if let Some(toml::Value::Table(registration)) = own.remove("registration") {
        for (provider, state) in registration {
            let known = whole
                .get_mut("providers")
                .and_then(toml::Value::as_table_mut)
                .and_then(|providers| providers.get_mut(&provider))
                .and_then(toml::Value::as_table_mut);
            known
                .ok_or_else(|| format!("registration.{provider}: this world has no such provider"))?
                .insert("registration".to_owned(), state);
        }
    }
    for (key, value) in own {
        let by_key = matches!(
            key.as_str(),
            "tenant"
                | "caller"
                | "graph"
                | "latency"
                | "quotas"
                | "paging"
                | "quirks"
                | "links"
                | "names"
                | "clock"
                | "sign_in"
        );
        match (whole.get_mut(&key), value) {
            (Some(toml::Value::Table(into)), toml::Value::Table(from)) if by_key => into.extend(from),
            (_, value) => {
                whole.insert(key, value);
            }
        }
    }
    Ok(())
}

/// What is wrong with a world, as a sentence.
pub(crate) fn validate(settings: &Settings) -> Result<(), String> {
    if settings.subscriptions.is_empty() {
        return Err("a world needs at least one subscription".to_owned());
    }
    let latency = serde_json::to_value(&settings.latency).unwrap_or_default();
    for (name, seconds) in latency.as_object().into_iter().flatten() {
        if !seconds.as_f64().is_some_and(|seconds| (0.0..=1_000_000.0).contains(&seconds)) {
            return Err(format!("latency.{name} must lie between 0 and 1000000 simulated seconds"));
        }
    }
    for (name, provider) in &settings.providers {
        if !matches!(provider.registration.as_str(), "Registered" | "NotRegistered") {
            return Err(format!("providers.{name}.registration must be Registered or NotRegistered"));
        }
    }
    settings.links.check()?;
    for (index, fault) in settings.faults.iter().enumerate() {
        fault.check(index + 1)?;
    }
    if settings.locks.iter().any(|lock| !matches!(lock.level.as_str(), "ReadOnly" | "CanNotDelete")) {
        return Err("locks.level must be ReadOnly or CanNotDelete".to_owned());
    }
    if settings.policies.iter().any(|policy| !matches!(policy.effect.as_str(), "Deny" | "Audit")) {
        return Err("policies.effect must be Deny or Audit".to_owned());
    }
    if settings.throttle.as_ref().is_some_and(|throttle| throttle.writes_per_minute == 0) {
        return Err("throttle.writes_per_minute must be at least 1".to_owned());
    }
    Ok(())
}
