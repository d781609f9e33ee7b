//! Fault scripts beside a world: a TOML text of their own, and the shipped rehearsals.
//!
//! A script takes the place of the faults that the world has, and may change its numbers and switches; the world keeps
//! what it had, so that the next script starts from the same. Kept with the world until another is given.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::entry::Fault;
use crate::sandbox::handle::SandboxError;
use crate::sandbox::link_settings::Links;
use crate::sandbox::settings::{self, Latency, Quirks, Quotas, Settings, Throttle, WorldSource};
use crate::sandbox::world::World;

/// The shipped rehearsals: name, what a person meets there in a line, and TOML text.
pub fn builtin_faults() -> &'static [(&'static str, &'static str, &'static str)] {
    &[
        (
            "none",
            "Nothing goes wrong; takes back the script that was given before",
            include_str!("../../../assets/sandbox/faults/none.toml"),
        ),
        (
            "slow-grants",
            "Role assignments work only after 90 seconds, and new identities are found late",
            include_str!("../../../assets/sandbox/faults/slow-grants.toml"),
        ),
        (
            "throttled",
            "Azure asks to slow down again and again, in seconds and with dates",
            include_str!("../../../assets/sandbox/faults/throttled.toml"),
        ),
        (
            "flaky-network",
            "Connections break, replies are lost or cut short, gateways answer with errors and pages",
            include_str!("../../../assets/sandbox/faults/flaky-network.toml"),
        ),
        (
            "expired-sign-in",
            "Tokens live for a minute and are refused in the middle of the work, once with a challenge",
            include_str!("../../../assets/sandbox/faults/expired-sign-in.toml"),
        ),
        (
            "busy-region",
            "Creating takes long, and the region has no room at first",
            include_str!("../../../assets/sandbox/faults/busy-region.toml"),
        ),
        (
            "policy-denies",
            "A policy of your organisation forbids the hub until you try again",
            include_str!("../../../assets/sandbox/faults/policy-denies.toml"),
        ),
        (
            "name-taken",
            "The first names of the hub and of the provisioning service belong to somebody else",
            include_str!("../../../assets/sandbox/faults/name-taken.toml"),
        ),
        (
            "half-settled-link",
            "Every link is good and the namespace says Failed, until it is healed (object model of 2026)",
            include_str!("../../../assets/sandbox/faults/half-settled-link.toml"),
        ),
    ]
}

/// A fault script that has been read and found good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultScript {
    name: String,
    text: String,
}

impl FaultScript {
    /// One of [`builtin_faults`].
    ///
    /// # Errors
    /// [`SandboxError::Faults`] for another name.
    pub fn builtin(name: &str) -> Result<Self, SandboxError> {
        match builtin_faults().iter().find(|(known, _, _)| *known == name) {
            Some((name, _, text)) => Self::from_text(name, text),
            None => {
                let names: Vec<&str> = builtin_faults().iter().map(|(known, _, _)| *known).collect();
                let why = format!("no script is called `{name}`; there are: {}", names.join(", "));
                Err(SandboxError::Faults(why))
            }
        }
    }

    /// A script of TOML text; `name` is what it is told by, such as the path of its file.
    ///
    /// # Errors
    /// [`SandboxError::Faults`] names what is wrong, and where.
    pub fn from_text(name: &str, text: &str) -> Result<Self, SandboxError> {
        let script = Self { name: name.to_owned(), text: text.to_owned() };
        let (_, mut settings) = settings::read(&WorldSource::Default).map_err(SandboxError::World)?;
        script.apply(&mut settings).map_err(SandboxError::Faults)?;
        Ok(script)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Changes settings as the script says; they may be half changed after an error.
    fn apply(&self, settings: &mut Settings) -> Result<(), String> {
        let content: Content = toml::from_str(&self.text).map_err(|error| error.to_string())?;
        settings.faults = content.faults;
        settings.seed = content.seed.unwrap_or(settings.seed);
        settings.tenant.token_seconds = content.token_seconds.unwrap_or(settings.tenant.token_seconds);
        settings.throttle = content.throttle.or_else(|| settings.throttle.take());
        change(&mut settings.latency, "latency", &content.latency)?;
        change(&mut settings.links, "links", &content.links)?;
        change(&mut settings.quirks, "quirks", &content.quirks)?;
        change(&mut settings.quotas, "quotas", &content.quotas)?;
        settings::validate(settings)
    }
}

/// What the TOML text of a script may hold.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Content {
    seed: Option<u64>,
    faults: Vec<Fault>,
    token_seconds: Option<u32>,
    throttle: Option<Throttle>,
    latency: toml::Table,
    links: toml::Table,
    quirks: toml::Table,
    quotas: toml::Table,
}

/// Changes the named keys of a table of settings; unknown ones are refused by the table itself.
fn change<T: Serialize + DeserializeOwned>(
    table: &mut T,
    name: &str,
    changes: &toml::Table,
) -> Result<(), String> {
    if changes.is_empty() {
        return Ok(());
    }
    let wrong = |error: serde_json::Error| format!("{name}: {error}");
    let mut whole = serde_json::to_value(&*table).map_err(wrong)?;
    let changes = serde_json::to_value(changes).map_err(wrong)?;
    if let (Some(whole), serde_json::Value::Object(changes)) = (whole.as_object_mut(), changes) {
        whole.extend(changes);
    }
    *table = serde_json::from_value(whole).map_err(wrong)?;
    Ok(())
}

/// The script that is in force, and what the world has where the script says otherwise.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Rehearsal {
    pub(crate) name: String,
    own: Own,
}

/// The part of a world's settings that scripts change.
#[derive(Clone, Serialize, Deserialize)]
struct Own {
    seed: u64,
    faults: Vec<Fault>,
    token_seconds: u32,
    throttle: Option<Throttle>,
    latency: Latency,
    links: Links,
    quirks: Quirks,
    quotas: Quotas,
}

impl Own {
    fn of(settings: &Settings) -> Self {
        Self {
            seed: settings.seed,
            faults: settings.faults.clone(),
            token_seconds: settings.tenant.token_seconds,
            throttle: settings.throttle.clone(),
            latency: settings.latency.clone(),
            links: settings.links.clone(),
            quirks: settings.quirks.clone(),
            quotas: settings.quotas.clone(),
        }
    }

    fn restore(&self, settings: &mut Settings) {
        let own = self.clone();
        settings.seed = own.seed;
        settings.faults = own.faults;
        settings.tenant.token_seconds = own.token_seconds;
        settings.throttle = own.throttle;
        settings.latency = own.latency;
        settings.links = own.links;
        settings.quirks = own.quirks;
        settings.quotas = own.quotas;
    }
}

/// Puts a script in the place of the one that the world has, and begins it.
///
/// # Errors
/// A sentence; the world is as before then.
pub(crate) fn rehearse(world: &mut World, script: &FaultScript) -> Result<(), String> {
    let own = world.rehearsal.as_ref().map_or_else(|| Own::of(&world.settings), |known| known.own.clone());
    let mut settings = world.settings.clone();
    own.restore(&mut settings);
    script.apply(&mut settings)?;
    world.settings = settings;
    world.rehearsal = Some(Rehearsal { name: script.name.clone(), own });
    world.fault_hits.clear();
    world.fault_acts.clear();
    world.link_hits.clear();
    world.veils.clear();
    Ok(())
}
