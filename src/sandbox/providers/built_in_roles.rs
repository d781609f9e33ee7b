//! The built-in roles of this world, with the permissions their public documentation lists.
//!
//! Facts: contract section 3 (ids), the built-in roles pages of the Azure documentation (actions).

use serde_json::{Value, json};

use crate::sandbox::models;
use crate::sandbox::world::World;

/// One built-in role.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BuiltInRole {
    pub(crate) guid: &'static str,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    actions: &'static [&'static str],
    not_actions: &'static [&'static str],
    data_actions: &'static [&'static str],
}

impl BuiltInRole {
    /// Permission blocks as a role definition holds them.
    pub(crate) fn permissions(&self) -> Value {
        json!([{
            "actions": self.actions, "notActions": self.not_actions, "dataActions": self.data_actions, "notDataActions": [],
        }])
    }
}

pub(crate) fn by_guid(guid: &str) -> Option<&'static BuiltInRole> {
    all().find(|role| role.guid.eq_ignore_ascii_case(guid))
}

pub(crate) fn by_name(name: &str) -> Option<&'static BuiltInRole> {
    all().find(|role| role.name.eq_ignore_ascii_case(name))
}

fn all() -> impl Iterator<Item = &'static BuiltInRole> {
    ROLES.iter().chain(&ROLES_2026)
}

/// The roles that a world lists: those of the 2026 model where that is served.
pub(crate) fn listed(world: &World) -> impl Iterator<Item = &'static BuiltInRole> {
    let newer = models::links_served(world);
    ROLES.iter().chain(ROLES_2026.iter().filter(move |_| newer))
}

/// Of the object model of 2026 (its contract, section 7); what it permits is read off its name and use.
const ROLES_2026: [BuiltInRole; 1] = [BuiltInRole {
    guid: "12675fd7-7f59-493f-9201-f7944860a2f1",
    name: "Azure Device Registry Administrator",
    description: "Allows for full access to all resources within Azure Device Registry.",
    actions: &["Microsoft.DeviceRegistry/*"],
    not_actions: &[],
    data_actions: &["Microsoft.DeviceRegistry/*"],
}];

const ROLES: [BuiltInRole; 14] = [
    BuiltInRole {
        guid: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
        name: "Owner",
        description: "Grants full access to manage all resources, including the ability to assign roles in Azure RBAC.",
        actions: &["*"],
        not_actions: &[],
        data_actions: &[],
    },
    BuiltInRole {
        guid: "b24988ac-6180-42a0-ab88-20f7382dd24c",
        name: "Contributor",
        description: "Grants full access to manage all resources, but does not allow you to assign roles in Azure RBAC.",
        actions: &["*"],
        not_actions: &[
            "Microsoft.Authorization/*/Delete",
            "Microsoft.Authorization/*/Write",
            "Microsoft.Authorization/elevateAccess/Action",
            "Microsoft.Blueprint/blueprintAssignments/write",
            "Microsoft.Blueprint/blueprintAssignments/delete",
            "Microsoft.Compute/galleries/share/action",
        ],
        data_actions: &[],
    },
    BuiltInRole {
        guid: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
        name: "Reader",
        description: "View all resources, but does not allow you to make any changes.",
        actions: &["*/read"],
        not_actions: &[],
        data_actions: &[],
    },
    BuiltInRole {
        guid: "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
        name: "User Access Administrator",
        description: "Lets you manage user access to Azure resources.",
        actions: &["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"],
        not_actions: &[],
        data_actions: &[],
    },
    BuiltInRole {
        guid: "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
        name: "Role Based Access Control Administrator",
        description: "Manage access to Azure resources by assigning roles using Azure RBAC.",
        actions: &[
            "Microsoft.Authorization/roleAssignments/write",
            "Microsoft.Authorization/roleAssignments/delete",
            "*/read",
            "Microsoft.Support/*",
        ],
        not_actions: &[],
        data_actions: &[],
    },
    BuiltInRole {
        guid: "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59",
        name: "Managed Identity Contributor",
        description: "Create, Read, Update, and Delete User Assigned Identity.",
        actions: &[
            "Microsoft.ManagedIdentity/userAssignedIdentities/*",
            "Microsoft.Authorization/*/read",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
        ],
        not_actions: &[],
        data_actions: &[],
    },
    BuiltInRole {
        guid: "f1a07417-d97a-45cb-824c-7a7467783830",
        name: "Managed Identity Operator",
        description: "Read and Assign User Assigned Identity.",
        actions: &[
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
            "Microsoft.Authorization/*/read",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
        ],
        not_actions: &[],
        data_actions: &[],
    },
    BuiltInRole {
        guid: "a5c3590a-3a1a-4cd4-9648-ea0a32b15137",
        name: "Azure Device Registry Contributor",
        description: "Allows for full access to IoT devices within Azure Device Registry Namespace.",
        actions: &[
            "microsoft.deviceregistry/namespaces/read",
            "microsoft.deviceregistry/namespaces/devices/*",
            "microsoft.deviceregistry/namespaces/discovereddevices/*",
            "microsoft.deviceregistry/namespaces/credentials/read",
            "microsoft.deviceregistry/namespaces/credentials/policies/read",
            "microsoft.devices/iothubs/certificates/*",
            "microsoft.devices/iothubs/read",
        ],
        not_actions: &[],
        data_actions: &[
            "microsoft.deviceregistry/namespaces/credentials/policies/issueCertificate/action",
            "microsoft.devices/iothubs/devices/*",
        ],
    },
    BuiltInRole {
        guid: "547f7f0a-69c0-4807-bd9e-0321dfb66a84",
        name: "Azure Device Registry Onboarding",
        description: "Allows for full access to Azure Device Registry Namespace and X.509 certificate provisioning.",
        actions: &[
            "Microsoft.DeviceRegistry/namespaces/read",
            "Microsoft.DeviceRegistry/namespaces/write",
            "Microsoft.DeviceRegistry/namespaces/delete",
            "Microsoft.DeviceRegistry/namespaces/credentials/*",
            "Microsoft.DeviceRegistry/namespaces/credentials/policies/*",
            "Microsoft.Devices/iothubs/*",
            "Microsoft.Devices/provisioningServices/*",
        ],
        not_actions: &[],
        data_actions: &[
            "Microsoft.Devices/provisioningServices/enrollments/*",
            "Microsoft.Devices/provisioningServices/enrollmentGroups/*",
        ],
    },
    BuiltInRole {
        guid: "09267e11-2e06-40b5-8fe4-68cea20794c9",
        name: "Azure Device Registry Credentials Contributor",
        description: "Allows for full access to manage credentials and policies within Azure Device Registry Namespace.",
        actions: &[
            "microsoft.deviceregistry/namespaces/credentials/*",
            "microsoft.deviceregistry/namespaces/credentials/policies/*",
        ],
        not_actions: &[],
        data_actions: &[],
    },
    BuiltInRole {
        guid: "4ea46cd5-c1b2-4a8e-910b-273211f9ce47",
        name: "IoT Hub Registry Contributor",
        description: "Allows for full access to IoT Hub device registry.",
        actions: &[],
        not_actions: &[],
        data_actions: &["Microsoft.Devices/IotHubs/devices/*"],
    },
    BuiltInRole {
        guid: "4fc6c259-987e-4a07-842e-c321cc9d413f",
        name: "IoT Hub Data Contributor",
        description: "Allows for full access to IoT Hub data plane operations.",
        actions: &[],
        not_actions: &[],
        data_actions: &["Microsoft.Devices/IotHubs/*"],
    },
    BuiltInRole {
        guid: "dfce44e4-17b7-4bd1-a6d1-04996ec95633",
        name: "Device Provisioning Service Data Contributor",
        description: "Allows for full access to Device Provisioning Service data-plane operations.",
        actions: &[],
        not_actions: &[],
        data_actions: &["Microsoft.Devices/provisioningServices/*"],
    },
    BuiltInRole {
        guid: "10745317-c249-44a1-a5ce-3a4353c0bbd8",
        name: "Device Provisioning Service Data Reader",
        description: "Allows for full read access to Device Provisioning Service data-plane properties.",
        actions: &[],
        not_actions: &[],
        data_actions: &["Microsoft.Devices/provisioningServices/*/read"],
    },
];
