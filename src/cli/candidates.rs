//! What exists and could be used for a step: the list that the step names, read and told in few words. Called by the
//! wizard; the engine judges what is chosen.

use serde_json::Value;

use super::wire::{Connected, Start};
use crate::domain::{Fault, Next, Replay, Request, SETUP_TAG, Seen, Turn, clean};
use crate::stages::read_all;
use crate::tui::Candidate;

/// No text from a service is taken longer than this.
const LONGEST: usize = 400;

/// Reads `list` to its end. Entries without an id or a name are left out.
pub async fn candidates(
    start: &Start,
    connected: &Connected,
    list: &Request,
) -> Result<Vec<Candidate>, Fault> {
    let mut seen = Seen::default();
    let entries = loop {
        match read_all(&mut Replay::new(&seen), list) {
            Ok(entries) => break entries,
            Err(next) => match *next {
                Next::Read(page) => seen.turns.push(Turn::Read(start.lookup(connected, &page).await)),
                // A list is read by looks alone.
                _ => break Ok(Vec::new()),
            },
        }
    };
    let entries = entries.map_err(|error| Fault::from(&error))?;
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
