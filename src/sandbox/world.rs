//! The state of the world: what is kept in one file, and the small questions everybody asks of it.
//!
//! It decides nothing about Azure; providers do. Nothing here has `Debug`, since keys live in it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::clock::{Due, Epoch, Now, iso};
use super::faults::{Rehearsal, Veil};
use super::operations::Operation;
use super::providers;
use super::settings::Settings;

/// Raised when a field changes its meaning; an older or newer file is refused.
pub(crate) const FORMAT: u32 = 2;
/// The oldest format that is still read: what it lacks has a default.
pub(crate) const OLDEST_FORMAT: u32 = 1;

/// Everything that a sandbox remembers.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct World {
    pub(crate) format: u32,
    /// Name of the description it was made from.
    pub(crate) source: String,
    pub(crate) settings: Settings,
    pub(crate) epoch: Epoch,
    /// Signs access tokens; base64.
    pub(crate) token_key: String,
    /// By `subscription|provider`, both lower case: registrations that were asked for.
    pub(crate) registrations: BTreeMap<String, Due>,
    /// By id in lower case, so children follow their parents.
    pub(crate) resources: BTreeMap<String, Resource>,
    /// By object id.
    pub(crate) principals: BTreeMap<String, Principal>,
    /// Custom roles by id in lower case.
    pub(crate) roles: BTreeMap<String, CustomRole>,
    pub(crate) assignments: Vec<Assignment>,
    pub(crate) operations: BTreeMap<String, Operation>,
    /// By provisioning service id in lower case, then by group id in lower case.
    pub(crate) enrollment_groups: BTreeMap<String, BTreeMap<String, Value>>,
    /// The simulated minute that is being counted, and writes in it.
    pub(crate) writes: (i64, u32),
    /// How often each entry of the fault script was met.
    #[serde(default)]
    pub(crate) fault_hits: Vec<u32>,
    /// How often each entry of the fault script acted.
    #[serde(default)]
    pub(crate) fault_acts: Vec<u32>,
    /// The fault script that was given beside the world, and what it took the place of.
    #[serde(default)]
    pub(crate) rehearsal: Option<Rehearsal>,
    /// What is there and is not shown for a while.
    #[serde(default)]
    pub(crate) veils: Vec<Veil>,
    /// By what they hold on to, lower case: when what was deleted lets go of it.
    #[serde(default)]
    pub(crate) echoes: BTreeMap<String, Due>,
    /// How often each entry of the script of failing links was met.
    #[serde(default)]
    pub(crate) link_hits: Vec<u32>,
    /// By the end and the id of a code: how often it was shown at the sign-in host. Those that are over are forgotten.
    #[serde(default)]
    pub(crate) sign_ins: BTreeMap<String, u32>,
    /// Makes etags and scopes that never repeat.
    pub(crate) counter: u64,
}

/// One resource, groups included.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Resource {
    /// As first written.
    pub(crate) id: String,
    /// `Microsoft.Devices/IotHubs`.
    pub(crate) kind: String,
    /// What a GET replies.
    pub(crate) body: Value,
    /// Keys and the like: never in a reply unless a key action asks for them.
    pub(crate) vault: Value,
    /// When its data plane answers, for resources that have one.
    pub(crate) answers: Due,
}

/// Someone in the directory.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Principal {
    pub(crate) app_id: String,
    pub(crate) name: String,
    /// When the directory shows it to the authorization service.
    pub(crate) visible: Due,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct CustomRole {
    pub(crate) properties: Value,
    pub(crate) assignable: Due,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Assignment {
    pub(crate) name: String,
    /// As written.
    pub(crate) scope: String,
    pub(crate) principal: String,
    pub(crate) principal_type: String,
    /// The definition's GUID, lower case.
    pub(crate) role: String,
    pub(crate) description: Option<String>,
    pub(crate) condition: Option<String>,
    pub(crate) created: String,
    /// When resource providers honour it.
    pub(crate) effective: Due,
    pub(crate) listed: bool,
}

impl World {
    /// A new world, with its starting resources in place.
    pub(crate) fn found(
        source: String,
        settings: Settings,
        real_ms: i64,
        speed: f64,
    ) -> Result<Self, String> {
        let mut world = Self {
            format: FORMAT,
            source,
            epoch: Epoch::starting(real_ms, speed),
            token_key: fresh_key(),
            registrations: BTreeMap::new(),
            resources: BTreeMap::new(),
            principals: BTreeMap::new(),
            roles: BTreeMap::new(),
            assignments: Vec::new(),
            operations: BTreeMap::new(),
            enrollment_groups: BTreeMap::new(),
            writes: (0, 0),
            fault_hits: Vec::new(),
            fault_acts: Vec::new(),
            rehearsal: None,
            veils: Vec::new(),
            echoes: BTreeMap::new(),
            link_hits: Vec::new(),
            sign_ins: BTreeMap::new(),
            counter: 0,
            settings,
        };
        providers::populate(&mut world, &Now { real_ms, sim_ms: real_ms, speed })?;
        Ok(world)
    }

    pub(crate) fn resource(&self, id: &str) -> Option<&Resource> {
        self.resources.get(&id.to_ascii_lowercase())
    }

    pub(crate) fn resource_mut(&mut self, id: &str) -> Option<&mut Resource> {
        self.resources.get_mut(&id.to_ascii_lowercase())
    }

    pub(crate) fn insert(&mut self, resource: Resource) {
        self.resources.insert(resource.id.to_ascii_lowercase(), resource);
    }

    /// Removes a resource and everything below it.
    pub(crate) fn remove_tree(&mut self, id: &str) {
        let root = id.to_ascii_lowercase();
        self.resources.retain(|key, _| !super::target::covers(&root, key));
        self.enrollment_groups.retain(|key, _| !super::target::covers(&root, key));
        self.assignments.retain(|assignment| !super::target::covers(&root, &assignment.scope));
    }

    /// Something that held on to a namespace or a role is deleted, and lets go of it a little later.
    pub(crate) fn let_go_of(&mut self, held: &str, now: &Now) {
        let due = Due::after(now, self.settings.latency.let_go);
        self.echoes.retain(|_, due| !due.reached(now));
        if !due.reached(now) {
            self.echoes.insert(held.to_ascii_lowercase(), due);
        }
    }

    /// Whether something deleted still holds on to a namespace or a role. The look counts, where time does not.
    pub(crate) fn still_held(&mut self, held: &str, now: &Now) -> bool {
        let key = held.to_ascii_lowercase();
        let holds = self.echoes.get_mut(&key).is_some_and(|due| !due.look(now));
        if !holds {
            self.echoes.remove(&key);
        }
        holds
    }

    /// Resources of one kind, in id order.
    pub(crate) fn of_kind<'world>(&'world self, kind: &'world str) -> impl Iterator<Item = &'world Resource> {
        self.resources.values().filter(move |resource| resource.kind == kind)
    }

    /// Adds someone to the directory; the authorization service sees them after the world's latency.
    pub(crate) fn add_principal(&mut self, name: &str, now: &Now) -> (String, String) {
        let (object_id, app_id) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
        let visible = Due::after(now, self.settings.latency.principal);
        self.principals
            .insert(object_id.clone(), Principal { app_id: app_id.clone(), name: name.to_owned(), visible });
        (object_id, app_id)
    }

    /// An entity tag that was never given before.
    pub(crate) fn fresh_etag(&mut self) -> String {
        self.counter = self.counter.wrapping_add(1);
        let digest = Sha256::digest(format!("{}|{}", self.token_key, self.counter));
        STANDARD.encode(digest.get(..8).unwrap_or_default())
    }

    pub(crate) fn tenant(&self) -> &str {
        &self.settings.tenant.id
    }
}

impl Resource {
    pub(crate) fn new(id: &str, kind: &str, body: Value) -> Self {
        Self { id: id.to_owned(), kind: kind.to_owned(), body, vault: json!({}), answers: Due::already() }
    }

    pub(crate) fn name(&self) -> &str {
        self.id.rsplit('/').next().unwrap_or_default()
    }

    pub(crate) fn property(&self, name: &str) -> Option<&str> {
        self.body.get("properties")?.get(name)?.as_str()
    }

    /// Sets `properties.<name>`, making `properties` when there is none.
    pub(crate) fn set_property(&mut self, name: &str, value: Value) {
        set(&mut self.body, &["properties", name], value);
    }

    pub(crate) fn provisioning_state(&self) -> &str {
        self.property("provisioningState").unwrap_or_default()
    }

    /// Whether an operation on it has not ended.
    pub(crate) fn is_busy(&self) -> bool {
        !matches!(self.provisioning_state(), "Succeeded" | "Failed" | "Canceled" | "Cancelled" | "")
    }

    pub(crate) fn location(&self) -> &str {
        self.body.get("location").and_then(Value::as_str).unwrap_or_default()
    }
}

/// Sets a value by path, making objects on the way.
pub(crate) fn set(value: &mut Value, path: &[&str], new: Value) {
    let mut place = value;
    for step in path {
        if !place.is_object() {
            *place = json!({});
        }
        let Some(map) = place.as_object_mut() else { return };
        place = map.entry((*step).to_owned()).or_insert(Value::Null);
    }
    *place = new;
}

/// A value by path, as text.
pub(crate) fn text<'value>(value: &'value Value, path: &[&str]) -> Option<&'value str> {
    path.iter().try_fold(value, |place, step| place.get(step)).and_then(Value::as_str)
}

/// 32 random bytes in base64: a shared access key.
pub(crate) fn fresh_key() -> String {
    let mut hash = Sha256::new();
    hash.update(Uuid::new_v4().as_bytes());
    hash.update(Uuid::new_v4().as_bytes());
    hash.update(Uuid::new_v4().as_bytes());
    STANDARD.encode(hash.finalize())
}

/// Who made a resource, and when.
pub(crate) fn system_data(actor: &str, now: &Now) -> Value {
    json!({
        "createdBy": actor, "createdByType": "Application", "createdAt": iso(now.real_ms),
        "lastModifiedBy": actor, "lastModifiedByType": "Application", "lastModifiedAt": iso(now.real_ms),
    })
}
