//! What a world says of signing in: the `[sign_in]` table.
//!
//! Settings only; `providers/sign_in` acts on them. Read by `settings`, documented in `assets/sandbox/default.toml`.

use serde::{Deserialize, Serialize};

/// Who signs in beside the caller, and how sign-ins behave in this world. Seconds are real ones.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SignIns {
    /// People of the tenant; the first signs in where nobody chooses.
    pub(crate) people: Vec<Person>,
    /// How long a refresh token lives.
    pub(crate) refresh_seconds: u32,
    /// The AADSTS number with which every refresh is refused; 0 for none.
    pub(crate) refresh_error: u32,
    /// What becomes of a device code.
    pub(crate) device: Device,
    /// How often a device code is answered `authorization_pending` first.
    pub(crate) device_polls: u32,
    /// Whether the first look at a device code is answered `slow_down`.
    pub(crate) device_slow_down: bool,
    pub(crate) device_seconds: u32,
    pub(crate) device_interval: u32,
    /// The authentication context that every call of the resource manager has to bring; empty for none.
    pub(crate) context: String,
    /// Which sign-ins can bring it: refreshes too, or only a person's new sign-in.
    pub(crate) context_by_refresh: bool,
    /// PEM of a certificate that the caller's application has beside its secret.
    pub(crate) certificate: String,
    /// The token that a federated credential of the caller's application trusts.
    pub(crate) federated_token: String,
}

/// Someone with a name and a password that this world does not ask for.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) object_id: String,
    /// Built-in role names, held at every subscription; the caller's when absent.
    #[serde(default)]
    pub(crate) roles: Option<Vec<String>>,
}

/// What the person at the other device does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Device {
    Approve,
    Decline,
    Ignore,
}

impl Default for SignIns {
    fn default() -> Self {
        let person = |name: &str, object_id: &str, roles: Option<&str>| Person {
            name: name.to_owned(),
            object_id: object_id.to_owned(),
            roles: roles.map(|role| vec![role.to_owned()]),
        };
        Self {
            people: vec![
                person("ada@sandbox.example", "77777777-7777-4777-8777-777777777777", None),
                person("grace@sandbox.example", "88888888-8888-4888-8888-888888888888", Some("Reader")),
            ],
            refresh_seconds: 24 * 3600,
            refresh_error: 0,
            device: Device::Approve,
            device_polls: 1,
            device_slow_down: false,
            device_seconds: 900,
            device_interval: 1,
            context: String::new(),
            context_by_refresh: true,
            certificate: String::new(),
            federated_token: String::new(),
        }
    }
}
