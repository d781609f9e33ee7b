//! The dialect `links-2026`: the namespace links hub and provisioning service; certificate authorities and policies; no sync.
//!
//! Its order and headings are those of design section 3.2, its calls those of contract links-2026.

use super::dialect::{Dialect, Offered, ProfileRow};
use super::{access, certificates, dps, enrollment, hub, link, namespace};
use crate::domain::{Answers, Fault, Fixed};

/// Api-versions of the types that the contract uses in one version only (contract links-2026, sections 2, 6 and 7).
const FIXED: [(&str, &str); 4] = [
    ("Microsoft.Resources", "2025-04-01"),
    ("Microsoft.Authorization", "2022-04-01"),
    ("Microsoft.ManagedIdentity/userAssignedIdentities", "2023-01-31"),
    ("DPS service plane", "2026-11-01"),
];

/// The dialect that is to follow `preview-2025`.
pub static DIALECT: Dialect = Dialect {
    id: "links-2026",
    profiles: &[ProfileRow {
        id: "L",
        name: "links-2026-11",
        offered: &[
            // One version speaks to a namespace, its links and its authorities: the principal that the namespace shows is
            // another in each (contract links-2026, section 2; measured by one source).
            Offered {
                types: &[
                    "Microsoft.DeviceRegistry/namespaces",
                    "Microsoft.DeviceRegistry/namespaces/certificateAuthorities",
                ],
                versions: &["2026-11-01", "2026-11-02-preview", "2026-11-01-preview"],
            },
            Offered {
                types: &["Microsoft.Devices/IotHubs"],
                versions: &["2026-10-01-preview", "2026-06-01-preview"],
            },
            Offered {
                types: &["Microsoft.Devices/provisioningServices"],
                versions: &["2026-11-01", "2026-11-02-preview", "2026-06-01-preview", "2026-03-01-preview"],
            },
        ],
        fixed: &FIXED,
        policies_are_tracked: true,
    }],
    stages: &[
        &access::links_2026::STAGE,
        &hub::links_2026::STAGE,
        &dps::links_2026::STAGE,
        &namespace::links_2026::STAGE,
        &link::links_2026::STAGE,
        &certificates::links_2026::STAGE,
        &enrollment::links_2026::STAGE,
    ],
    // Contract links-2026, section 8: group, policy, issuing CA, root CA, provisioning service and hub, namespace.
    way_back: &[
        &enrollment::links_2026::STAGE,
        &certificates::links_2026::STAGE,
        &dps::links_2026::STAGE,
        &hub::links_2026::STAGE,
        &link::links_2026::STAGE,
        &namespace::links_2026::STAGE,
        &access::links_2026::STAGE,
    ],
    refuses,
    recognise: namespace::links_2026::recognise,
    settled_versions: &[(
        "Microsoft.DeviceRegistry/namespaces",
        Fixed {
            step: namespace::CREATE,
            why: "roles are given to the principal that a namespace shows in one version",
        },
    )],
};

fn refuses(answers: &Answers) -> Option<Fault> {
    hub::links_2026::refuses(answers)
}
