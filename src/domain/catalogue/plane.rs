//! What provisioning services say of hubs, groups and devices: on their service plane, and of linked hubs.

use super::entry::{Entry, Match, Place, Reaction};

const PLANE: &[Place] = &[Place::ServicePlane];

/// Links of the 2025 model first, then the service plane.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        key: "hub-not-active",
        matches: &[Match::Codes(&["404002", "401001"])],
        places: &[Place::ResourceManager, Place::ServicePlane],
        meaning: "the provisioning service does not reach the hub: it is not active yet, or none is linked",
        reaction: Reaction::WaitFor,
        remedy: "keep trying; if it stays so, see that the hub is Active and linked, then retry",
        exit: None,
        source: "field notes 4.2: a link races the hub's activation; contract links-2026, section 9: registration 401001",
    },
    Entry {
        key: "already-linked",
        matches: &[Match::Codes(&["400303", "IH400303"])],
        places: &[Place::ResourceManager],
        meaning: "the hub is in the service's list already",
        reaction: Reaction::Adopt,
        remedy: "retry: the list is compared",
        exit: None,
        source: "field notes 4.2: duplicate link",
    },
    Entry {
        key: "namespace-unknown-to-dps",
        matches: &[Match::CodesSaying(&["400004"], &["namespace"])],
        places: PLANE,
        meaning: "the data plane of the provisioning service has not been told of the namespace",
        reaction: Reaction::Heal,
        remedy: "keep trying, or retry `certificates.push`, which tells it again",
        exit: None,
        source: "contract links-2026, 6.11 and section 9; measured",
    },
    Entry {
        key: "version-not-served",
        matches: &[Match::CodesSaying(&["400004"], &["api-version", "api version", "apiversion"])],
        places: PLANE,
        meaning: "the data plane of the provisioning service does not serve this api-version",
        reaction: Reaction::Stop,
        remedy: "set another `\"DPS service plane\"` under `[api_versions]` in the setup file, then run the same command",
        exit: None,
        source: "contract links-2026, section 9; seen by one source",
    },
    Entry {
        key: "enrollment-refused",
        matches: &[Match::Codes(&["400004"])],
        places: PLANE,
        meaning: "the provisioning service does not take the enrollment as it is",
        reaction: Reaction::Stop,
        remedy: "correct what the message names, then retry",
        exit: None,
        source: "contract links-2026, section 9: what 400004 means, only its message tells",
    },
    Entry {
        key: "dps-not-authorized",
        matches: &[Match::Codes(&["403000"])],
        places: PLANE,
        meaning: "the identity of the provisioning service has no effective role on the namespace",
        reaction: Reaction::WaitFor,
        remedy: "keep trying, or check the roles of `namespace.own-roles`, then retry",
        exit: None,
        source: "contract links-2026, 6.12 and section 9; measured",
    },
    Entry {
        key: "signature-refused",
        matches: &[Match::Codes(&["401002", "401003", "IotHubUnauthorizedAccess"])],
        places: PLANE,
        meaning: "the signature was not accepted: the key has been changed, or a clock is wrong",
        reaction: Reaction::WaitFor,
        remedy: "set the clock of this machine, then retry: the key is read anew",
        exit: None,
        source: "field notes 4.2: clock skew with SAS; contract preview-2025, 7c",
    },
];
