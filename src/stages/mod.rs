//! What a setup consists of, stage by stage: pure data and pure functions, no I/O.
//!
//! To add a stage, write its folder and list it in the dialect it belongs to (`dialect.rs`).

mod access;
mod build;
mod certificates;
mod changes;
mod choice;
mod choices;
mod dialect;
mod documents;
mod dps;
mod enrollment;
mod ensure;
mod found;
mod grant;
mod hub;
mod link;
mod links_2026;
mod namespace;
mod offers;
pub mod preflight;
mod preview_2025;
mod recall;
mod remove;
mod revoke;
mod roles;
mod sync;
mod waits;

#[cfg(test)]
mod tests;

pub use build::{arm, fail, read_all};
pub use changes::{Change, changes};
pub use choice::{Kept, Regions, Selection, choose};
pub use choices::{regions, subscriptions, tenants};
pub use dialect::{
    Dialect, Offered, Profile, ProfileRow, Sign, Stage, field, fields, plan, stays, teardown_plan,
    versioned_types,
};
pub use ensure::{Ensure, Verdict};
pub use found::{FoundSetup, selection_to_read, setups_in, tagged_groups};
pub use grant::Grant;
pub use offers::{Offers, offer_requests};
pub use recall::{Recall, Recalled, Recollection, recall};

/// Every dialect that hubup speaks, the preferred one first.
pub static DIALECTS: &[&Dialect] = &[&links_2026::DIALECT, &preview_2025::DIALECT];
