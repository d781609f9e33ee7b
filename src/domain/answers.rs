//! What a person answered: everything that decides what a setup becomes. It holds no secret.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Cloud;
use super::defaults::{usual_issuing_ca, usual_root_ca};
use super::ids::SetupId;

/// The tag that every taggable resource of a setup carries; its value is the setup's name (design, section 6).
pub const SETUP_TAG: &str = "hubup-setup";

/// The answers of one setup, complete and valid: the form and the setup file both end here.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Answers {
    /// The setup's name.
    pub name: String,
    /// Microsoft Entra tenant id; `None` leaves it to the sign-in.
    pub tenant: Option<String>,
    /// Subscription id.
    pub subscription: String,
    pub resource_group: String,
    /// Canonical region name (`eastus2`) of everything but the hub.
    pub location: String,
    /// Canonical region name of the hub.
    pub hub_location: String,
    pub namespace: String,
    pub hub: String,
    pub dps: String,
    /// Name of the user-assigned managed identity.
    pub identity: String,
    /// Through which identity hub and provisioning service reach the namespace, where the dialect leaves the choice.
    #[serde(default)]
    pub identity_kind: IdentityKind,
    /// Name of the custom role definition.
    pub role_name: String,
    /// Name of the root CA, where it has one of its own.
    #[serde(default = "usual_root_ca")]
    pub root_ca: String,
    /// Name of the issuing CA, where it has one of its own.
    #[serde(default = "usual_issuing_ca")]
    pub issuing_ca: String,
    /// Name of the certificate policy.
    pub policy: String,
    /// Enrollment group id.
    pub enrollment_group: String,
    pub roles: Roles,
    pub assignable_scope: AssignableScope,
    pub certificates: Certificates,
    /// The hub's tier; `None` leaves it to the dialect.
    pub hub_sku: Option<String>,
    pub hub_capacity: u32,
    /// Object id of the IoT Hub application's service principal, for callers who may not read Graph.
    pub iot_hub_app_object_id: Option<String>,
    /// Whether the namespace is tagged `useMiSdk=true`; `None` leaves it to the dialect.
    #[serde(default)]
    pub use_mi_sdk: Option<bool>,
    /// Api-versions that the person insists on, by resource type.
    #[serde(default)]
    pub api_versions: BTreeMap<String, String>,
    /// The person's own tags.
    pub tags: BTreeMap<String, String>,
    /// `auto` or the id of a dialect.
    pub dialect: String,
    pub cloud: Cloud,
}

/// Whose identity a hub or a provisioning service acts with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdentityKind {
    /// Each has its own.
    #[default]
    SystemAssigned,
    /// All share one that the setup makes.
    UserAssigned,
}

/// Which roles the user-assigned identity gets on the namespace.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Roles {
    /// The corrected custom role (contract preview-2025, 1e).
    Custom,
    /// Azure Device Registry Contributor and Onboarding.
    BuiltIn,
}

/// Where the custom role can be assigned.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AssignableScope {
    ResourceGroup,
    Subscription,
}

/// Certificate management on, with the validity of issued leaf certificates, or off (registry only).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certificates {
    On { leaf_days: u16 },
    Off,
}

impl Answers {
    /// The setup's id.
    pub fn setup_id(&self) -> SetupId {
        SetupId::of(self.cloud.id(), &self.subscription, &self.name)
    }

    /// These answers for the sandbox: a rehearsal has a cloud of its own, and the tenant is the sandbox's.
    #[must_use]
    pub fn rehearsed(self) -> Self {
        Self { cloud: Cloud::sandbox(), tenant: None, ..self }
    }

    /// Resource id of the subscription.
    pub fn subscription_id(&self) -> String {
        format!("/subscriptions/{}", self.subscription)
    }

    /// Resource id of the group.
    pub fn resource_group_id(&self) -> String {
        format!("{}/resourceGroups/{}", self.subscription_id(), self.resource_group)
    }

    /// Resource id of a resource of this setup: `provider_path` is such as `Microsoft.Devices/IotHubs/my-hub`.
    pub fn resource_id(&self, provider_path: &str) -> String {
        format!("{}/providers/{provider_path}", self.resource_group_id())
    }

    /// The tags of a resource that hubup makes: the person's, and ours.
    pub fn all_tags(&self) -> BTreeMap<String, String> {
        let mut tags = self.tags.clone();
        tags.insert(SETUP_TAG.to_owned(), self.name.clone());
        tags
    }
}
