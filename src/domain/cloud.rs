//! Where a cloud lives: its hosts, and which of them may be given a token.

use serde::{Deserialize, Serialize};

/// The hosts of one Azure cloud, lower case, without scheme or port unless the port is not 443.
///
/// Sources: contract preview-2025, section 1 (Resource Manager, Graph, DPS audience) and 7c (DPS hosts).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cloud {
    /// `public`, `custom` when any host was given by the person, or `sandbox`.
    pub name: String,
    /// Azure Resource Manager.
    pub resource_manager: String,
    /// Microsoft Graph.
    pub graph: String,
    /// Microsoft Entra sign-in.
    pub login: String,
    /// The domain under which Device Provisioning Service hosts live.
    pub dps_domain: String,
    /// The domain under which IoT hub hosts live.
    pub hub_domain: String,
}

impl Cloud {
    /// The public cloud.
    pub fn public() -> Self {
        Self {
            name: "public".into(),
            resource_manager: "management.azure.com".into(),
            graph: "graph.microsoft.com".into(),
            login: "login.microsoftonline.com".into(),
            dps_domain: "azure-devices-provisioning.net".into(),
            hub_domain: "azure-devices.net".into(),
        }
    }

    /// The embedded Azure: the hosts of the public cloud, and a name of its own, so that a rehearsal is another setup
    /// than the real one.
    pub fn sandbox() -> Self {
        Self { name: "sandbox".into(), ..Self::public() }
    }

    /// What tells this cloud from every other.
    pub fn id(&self) -> &str {
        if self.name == "custom" { &self.resource_manager } else { &self.name }
    }

    /// Says whether `host` is a Device Provisioning Service host of this cloud.
    pub fn is_dps_host(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        host.strip_suffix(&self.dps_domain.to_ascii_lowercase())
            .is_some_and(|label| label.len() > 1 && label.ends_with('.'))
    }

    /// The host patterns that hubup may speak to in this cloud; the DPS hosts as a wildcard.
    pub fn host_patterns(&self) -> Vec<String> {
        vec![
            self.resource_manager.clone(),
            self.graph.clone(),
            self.login.clone(),
            format!("*.{}", self.dps_domain),
        ]
    }
}

impl Default for Cloud {
    fn default() -> Self {
        Self::public()
    }
}
