//! What `links-2026` reads back of enrollment.

use super::recall_2025::named;
use crate::domain::{Moves, Replay};
use crate::stages::recall::Recollection;

/// The enrollment group, and by its names whether certificates are on.
pub fn group(recollection: &mut Recollection<'_>, replay: &mut Replay<'_>) -> Moves<()> {
    let about =
        ["certificates.root_ca", "certificates.issuing_ca", "certificates.policy", "certificates.leaf_days"];
    named(recollection, replay, "/certificatePolicyName", &about)
}
