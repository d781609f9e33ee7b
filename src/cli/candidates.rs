//! What exists and could be used for a step: the list that the step names, read and told in few words. Called by the
//! wizard; the engine judges what is chosen.

use std::time::Duration;

use serde_json::Value;

use super::failure::Failure;
use super::wire::{Connected, Start};
use crate::domain::{Answers, Choices, Request, SETUP_TAG, clean};
use crate::stages::{self, DIALECTS, read_all};
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

/// What may be answered to a field, as `choices` says where to look: names in place of ids.
pub async fn answers_to(
    start: &Start,
    connected: &Connected,
    answers: &Answers,
    choices: Choices,
) -> Result<Vec<Candidate>, Failure> {
    let quiet = &|_: &str, _: Duration| {};
    let Choices::Listed { list, value, hint } = choices else {
        let offers = start.offers(connected, answers, quiet).await?;
        let region =
            |name: String| Candidate { id: name.clone(), name, location: String::new(), hint: String::new() };
        return Ok(stages::regions(DIALECTS, answers, &offers).into_iter().map(region).collect());
    };
    let entries = start.read_through(connected, quiet, |replay| read_all(replay, &list(answers))).await??;
    let text = |entry: &Value, pointer: &str| {
        entry.pointer(pointer).and_then(Value::as_str).map(|text| clean(text, LONGEST)).unwrap_or_default()
    };
    let told = |entry: &Value| Candidate {
        id: text(entry, value),
        name: text(entry, value),
        location: text(entry, hint),
        hint: candidate(entry).map(|candidate| candidate.hint).unwrap_or_default(),
    };
    Ok(entries.iter().map(told).filter(|candidate| !candidate.id.is_empty()).collect())
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
