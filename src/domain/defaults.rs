//! What holds where nothing is said: names made from the setup's own name, always valid, and the rest of a fresh setup.
//!
//! The setup file, and what is read back from a subscription, begin with this.

use std::collections::BTreeMap;

use super::answers::{Answers, AssignableScope, Certificates, IdentityKind, Roles};
use super::cloud::Cloud;
use super::names::NameKind;

/// What the name of the custom role begins with; the group's name follows in parentheses, since role names must be
/// unique in a tenant (contract preview-2025, 2.1).
const ROLE_PREFIX: &str = "hubup ADR integration";

/// The names that follow from a setup's name and its group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Names {
    pub namespace: String,
    pub hub: String,
    pub dps: String,
    pub identity: String,
    pub role: String,
    pub root_ca: String,
    pub issuing_ca: String,
    pub policy: String,
    pub enrollment_group: String,
}

impl Names {
    /// Derives them. Each fits its rule when `setup` and `group` fit theirs.
    pub fn of(setup: &str, group: &str) -> Self {
        Self {
            namespace: named(setup, "ns", 64),
            hub: named(setup, "hub", 50),
            dps: named(setup, "dps", 64),
            identity: named(setup, "id", 120),
            role: format!("{ROLE_PREFIX} ({group})"),
            root_ca: usual_root_ca(),
            issuing_ca: usual_issuing_ca(),
            policy: "default".to_owned(),
            enrollment_group: named(setup, "group", 128),
        }
    }
}

/// The root CA's name where nothing is said.
pub(super) fn usual_root_ca() -> String {
    "root-ca".to_owned()
}

/// The issuing CA's name where nothing is said.
pub(super) fn usual_issuing_ca() -> String {
    "issuing-ca".to_owned()
}

/// The name of a group that is made for the setup `name`.
pub fn usual_group(name: &str) -> String {
    format!("rg-{name}")
}

/// The setup's name when none is given: the group's, or the nearest to it that fits.
pub fn setup_name(group: &str) -> Option<String> {
    match NameKind::Setup.check(group) {
        None => Some(group.to_owned()),
        Some(finding) => finding.suggestion,
    }
}

impl Answers {
    /// The answers of a setup of which nothing but this is said: its name, its group in a subscription of the public
    /// cloud, and its region.
    pub fn fresh(name: &str, subscription: &str, resource_group: &str, location: &str) -> Self {
        let names = Names::of(name, resource_group);
        Self {
            name: name.to_owned(),
            tenant: None,
            subscription: subscription.to_lowercase(),
            resource_group: resource_group.to_owned(),
            location: location.to_owned(),
            hub_location: location.to_owned(),
            namespace: names.namespace,
            hub: names.hub,
            dps: names.dps,
            identity: names.identity,
            role_name: names.role,
            identity_kind: IdentityKind::SystemAssigned,
            root_ca: names.root_ca,
            issuing_ca: names.issuing_ca,
            policy: names.policy,
            enrollment_group: names.enrollment_group,
            roles: Roles::Custom,
            assignable_scope: AssignableScope::ResourceGroup,
            // Validity of leaf certificates when nothing is said (contract preview-2025, 3b).
            certificates: Certificates::On { leaf_days: 30 },
            hub_sku: None,
            hub_capacity: 1,
            iot_hub_app_object_id: None,
            use_mi_sdk: None,
            api_versions: BTreeMap::new(),
            tags: BTreeMap::new(),
            dialect: "auto".to_owned(),
            cloud: Cloud::public(),
        }
    }
}

impl Answers {
    /// Gives the setup another name. What was named after it goes along: names that a person chose stay.
    pub fn rename(&mut self, name: &str) {
        let before = Names::of(&self.name, &self.resource_group);
        if self.resource_group == usual_group(&self.name) {
            self.resource_group = usual_group(name);
        }
        name.clone_into(&mut self.name);
        self.follow(before);
    }

    /// Puts the setup into another group. The name of the custom role goes along where it was made from the group's.
    pub fn regroup(&mut self, group: &str) {
        let before = Names::of(&self.name, &self.resource_group);
        group.clone_into(&mut self.resource_group);
        self.follow(before);
    }

    fn follow(&mut self, before: Names) {
        let now = Names::of(&self.name, &self.resource_group);
        for (name, before, now) in [
            (&mut self.namespace, before.namespace, now.namespace),
            (&mut self.hub, before.hub, now.hub),
            (&mut self.dps, before.dps, now.dps),
            (&mut self.identity, before.identity, now.identity),
            (&mut self.role_name, before.role, now.role),
            (&mut self.enrollment_group, before.enrollment_group, now.enrollment_group),
        ] {
            if *name == before {
                *name = now;
            }
        }
    }
}

/// `setup` in lower-case letters, digits and single hyphens, cut so that `longest` holds with the suffix.
fn named(setup: &str, suffix: &str, longest: usize) -> String {
    let mut name = String::new();
    for c in setup.chars().map(|c| c.to_ascii_lowercase()) {
        if name.len() + suffix.len() + 1 >= longest {
            break;
        }
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_end_matches('-');
    if name.is_empty() { format!("hubup-{suffix}") } else { format!("{name}-{suffix}") }
}
