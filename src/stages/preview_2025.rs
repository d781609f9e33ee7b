//! The dialect `preview-2025`: hub and DPS point at the namespace; credential, policy, sync.
//!
//! Its order, headings and steps are those of design section 3.1.

use super::dialect::{Dialect, Offered, ProfileRow};
use super::{access, certificates, dps, enrollment, hub, namespace, sync};

/// Api-versions of the types that do not differ between the profiles (contract preview-2025, sections 2 and 3).
const COMMON: [(&str, &str); 4] = [
    ("Microsoft.Resources", "2025-04-01"),
    ("Microsoft.Authorization", "2022-04-01"),
    ("Microsoft.ManagedIdentity/userAssignedIdentities", "2023-01-31"),
    ("DPS service plane", "2025-07-01-preview"),
];

/// The dialect that the first public documents describe.
pub static DIALECT: Dialect = Dialect {
    id: "preview-2025",
    profiles: &[
        // Contract preview-2025, section 0: profile A, the generation of the seed.
        ProfileRow {
            id: "A",
            name: "gen2-2025",
            offered: &[
                Offered {
                    types: &["Microsoft.DeviceRegistry/namespaces"],
                    versions: &["2025-11-01-preview"],
                },
                Offered { types: &["Microsoft.Devices/IotHubs"], versions: &["2025-08-01-preview"] },
                Offered {
                    types: &["Microsoft.Devices/provisioningServices"],
                    versions: &["2025-02-01-preview"],
                },
            ],
            fixed: &COMMON,
            policies_are_tracked: true,
        },
        // The same model under later versions; its policies are proxy resources
        // (Microsoft.DeviceRegistry 2026-03-01-preview, type `namespaces/credentials/policies`).
        ProfileRow {
            id: "A2",
            name: "gen2-2026-03",
            offered: &[
                Offered {
                    types: &["Microsoft.DeviceRegistry/namespaces"],
                    versions: &["2026-03-01-preview"],
                },
                Offered { types: &["Microsoft.Devices/IotHubs"], versions: &["2026-03-01-preview"] },
                Offered {
                    types: &["Microsoft.Devices/provisioningServices"],
                    versions: &["2026-03-01-preview"],
                },
            ],
            fixed: &COMMON,
            policies_are_tracked: false,
        },
    ],
    stages: &[
        &access::preview_2025::STAGE,
        &namespace::preview_2025::STAGE,
        &certificates::preview_2025::STAGE,
        &hub::preview_2025::STAGE,
        &dps::preview_2025::STAGE,
        &sync::preview_2025::STAGE,
        &enrollment::preview_2025::STAGE,
    ],
    // Contract preview-2025, section 13.
    way_back: &[
        &enrollment::preview_2025::STAGE,
        &dps::preview_2025::STAGE,
        &hub::preview_2025::STAGE,
        &sync::preview_2025::STAGE,
        &certificates::preview_2025::STAGE,
        &namespace::preview_2025::STAGE,
        &access::preview_2025::STAGE,
    ],
    refuses: hub::preview_2025::refuses,
    recognise: namespace::preview_2025::recognise,
    settled_versions: &[],
};
