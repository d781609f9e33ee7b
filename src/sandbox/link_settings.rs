//! What a world says of linking: the `[links]` table.
//!
//! Settings only; `providers/linking` acts on them. Read by `settings`, documented in `assets/sandbox/default.toml`.

use serde::{Deserialize, Serialize};

/// How links between a namespace, its hubs and its provisioning service behave in this world.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches of a world file")]
pub(crate) struct Links {
    /// Attempts that go wrong, each entry used up in turn.
    pub(crate) failures: Vec<LinkFailure>,
    /// Reads of a settled namespace that leave out the provisioning service, as has been measured (contract 6.6).
    pub(crate) omits_dps_polls: u32,
    /// The namespace ends `Failed` although every link is good (contract 6.7).
    pub(crate) half_settled: bool,
    /// Reads that still find `Failed` once healing has ended.
    pub(crate) heal_needed_polls: u32,
    /// A finished link is found in the group `updating` (contract 6.6).
    pub(crate) moves_to_updating: bool,
    /// The namespace has another principal at each api-version (contract 2).
    pub(crate) principal_per_version: bool,
    /// Registry versions at which no link ever comes to be (contract 2).
    pub(crate) disabled_versions: Vec<String>,
    /// The registry still holds a namespace that the resource manager lost (contract 6.3).
    pub(crate) ghost: bool,
    /// The data plane of a provisioning service knows no namespace before it is told (contract 6.11).
    pub(crate) push_needed: bool,
    /// Rows of the contract's table of roles (section 7) that a link asks for.
    pub(crate) roles_needed: Vec<u8>,
}

/// One entry of the script of links that fail.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkFailure {
    pub(crate) endpoint: EndpointKind,
    pub(crate) code: String,
    /// Attempts to link such an endpoint that end so.
    #[serde(default = "once")]
    pub(crate) times: u32,
    /// A sentence of the service; one of this world's when absent.
    #[serde(default)]
    pub(crate) message: Option<String>,
    /// The write itself is refused, instead of the link failing later.
    #[serde(default)]
    pub(crate) outright: bool,
}

/// What an endpoint of a namespace leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EndpointKind {
    Hub,
    Dps,
}

fn once() -> u32 {
    1
}

impl Default for Links {
    fn default() -> Self {
        Self {
            failures: Vec::new(),
            omits_dps_polls: 0,
            half_settled: false,
            heal_needed_polls: 0,
            moves_to_updating: false,
            principal_per_version: true,
            disabled_versions: Vec::new(),
            ghost: false,
            push_needed: true,
            roles_needed: (1..=8).collect(),
        }
    }
}

impl Links {
    /// What is wrong with the table, as a sentence.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self.roles_needed.iter().find(|row| !(1..=8).contains(*row)) {
            Some(row) => Err(format!("links.roles_needed names rows 1 to 8, not {row}")),
            None => Ok(()),
        }
    }
}
