//! What exists and could be used for a step: the list that the step names, read and told in few words. Called by the
//! wizard; the engine judges what is chosen.

use serde_json::Value;

use super::failure::Failure;
use super::wire::{Connected, Start};
use crate::domain::{Request, SETUP_TAG, clean};
use crate::stages::read_all;
use crate::tui::Candidate;

/// No text from a service is taken longer than this.
const LONGEST: usize = 400;

/// Reads `list` to its end. Entries without an id or a name are left out.
pub async fn candidates(
    start: &Start,
    connected: &Connected,
    list: &Request,
) -> Result<Vec<Candidate>, Failure> {
    let entries = start.read_through(connected, &|_, _| {}, |replay| read_all(replay, list)).await??;
    Ok(entries.iter().filter_map(candidate).collect())
}

fn candidate(entry: &Value) -> Option<Candidate> {
    let text =
        |pointer: &str| entry.pointer(pointer).and_then(Value::as_str).map(|text| clean(text, LONGEST));
    let hint = match text(&format!("/tags/{SETUP_TAG}")) {
        Some(setup) => format!("of the setup {setup}"),
        None => String::new(),
    };
    Some(Candidate {
        id: text("/id")?,
        name: text("/name")?,
        location: text("/location").unwrap_or_default(),
        hint,
    })
}
