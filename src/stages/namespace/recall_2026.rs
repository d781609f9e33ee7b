//! What `links-2026` reads back of the namespace.

use crate::domain::{Moves, Replay};
use crate::stages::build::text;
use crate::stages::recall::Recollection;

/// The namespace, and the region of everything.
pub fn namespace(recollection: &mut Recollection<'_>, replay: &mut Replay<'_>) -> Moves<()> {
    if let Some(namespace) = super::recall_2025::picked(recollection, replay)? {
        let canary = recollection.answers.location.ends_with("euap");
        let tagged =
            text(&namespace, "/tags/useMiSdk").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let word = match (tagged, canary) {
            (true, true) | (false, false) => "auto",
            (true, false) => "on",
            (false, true) => "off",
        };
        recollection.take("namespace.use_mi_sdk", word);
    }
    Ok(())
}
