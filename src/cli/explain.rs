//! `hubup explain`: what the fault catalogue knows of a code, a status or a key; all of it without one. Asks nobody.

use serde_json::{Value, json};

use super::args::Output;
use super::failure::Failure;
use super::print::in_full;
use crate::domain::catalogue::{self, Entry, Explained};
use crate::domain::{Exit, clean};

/// Runs the command. What is not known is told with the nearest codes that are, on standard error, with exit code 2.
pub fn run(code: Option<&str>, output: Output) -> Result<Exit, Failure> {
    let Some(code) = code else {
        let all: Vec<_> = catalogue::entries().collect();
        let text = match output {
            Output::Json => all.iter().map(|entry| json_of(entry)).collect::<Value>().to_string(),
            Output::Text => list(&all),
        };
        in_full("the catalogue", &text)?;
        return Ok(Exit::Complete);
    };
    match catalogue::explain(code) {
        Explained::Known(entries) => {
            let text = match output {
                Output::Json => entries.iter().map(|entry| json_of(entry)).collect::<Value>().to_string(),
                Output::Text => entries.iter().map(|entry| told(entry)).collect::<Vec<_>>().join("\n\n"),
            };
            in_full("the explanation", &text)?;
            Ok(Exit::Complete)
        }
        Explained::Unknown(nearest) => {
            let code = clean(code, 80);
            if output == Output::Json {
                in_full("the explanation", &json!({ "unknown": code, "nearest": nearest }).to_string())?;
            }
            let hint = match nearest.as_slice() {
                [] => "`hubup explain` lists every code that it knows".to_owned(),
                nearest => format!("did you mean {}? `hubup explain` lists all", listed(nearest)),
            };
            let text = format!("error: hubup does not know `{code}`\n  do:      {hint}");
            Err(Failure::new(Exit::Usage, text))
        }
    }
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// One entry in lines.
fn told(entry: &Entry) -> String {
    let mut text = entry.key.to_owned();
    let said_by: Vec<&str> = entry.places.iter().map(|place| place.name()).collect();
    let codes = codes(entry);
    let mut row =
        |label: &str, value: &str| text.push_str(&format!("\n  {:<9} {value}", format!("{label}:")));
    if !codes.is_empty() {
        row("codes", &codes.join(", "));
    }
    row("said by", &said_by.join(", "));
    row("means", entry.meaning);
    row("hubup", entry.reaction.told());
    row("you", entry.remedy);
    if let Some(exit) = entry.exit {
        row("exit", &exit.code().to_string());
    }
    row("source", entry.source);
    text
}

/// All entries, a line each, the codes below.
fn list(entries: &[&Entry]) -> String {
    let mut text = String::new();
    for entry in entries {
        text.push_str(&format!("{}: {}\n", entry.key, entry.meaning));
        let codes = codes(entry);
        if !codes.is_empty() {
            text.push_str(&format!("  {}\n", codes.join(", ")));
        }
    }
    text.push_str("\n`hubup explain CODE` tells what hubup does and what you can do");
    text
}

fn codes(entry: &Entry) -> Vec<&'static str> {
    let mut codes: Vec<&str> =
        entry.matches.iter().flat_map(|condition| condition.codes()).copied().collect();
    codes.dedup();
    codes
}

fn json_of(entry: &Entry) -> Value {
    json!({
        "key": entry.key,
        "codes": codes(entry),
        "said_by": entry.places.iter().map(|place| place.name()).collect::<Vec<_>>(),
        "means": entry.meaning,
        "reaction": entry.reaction.name(),
        "hubup": entry.reaction.told(),
        "remedy": entry.remedy,
        "exit": entry.exit.map(Exit::code),
        "source": entry.source,
    })
}
