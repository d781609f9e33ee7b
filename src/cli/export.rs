//! Writes the review of a setup to a new file, as Markdown or JSON. Called by the wizard; sends nothing.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::domain::{Exit, Fault, Record, StepOutline, StepState, clean};
use crate::tui::{Exchange, ExportForm, Reviewed};

/// So many names are tried where a file of the first name is there.
const NAMES: usize = 100;
/// No text is written longer than this in one piece.
const LONGEST: usize = 4_000;

/// Writes `records`, those of a chain of runs as they may leave the journal, to a new file in `folder`. Nothing is ever
/// overwritten.
pub fn export(folder: &Path, records: &[Record], form: ExportForm) -> Result<PathBuf, Fault> {
    let Some(reviewed) = Reviewed::of(records) else {
        return Err(Fault::new("no run of this setup is on record here", "go on with the setup first"));
    };
    let (ending, text) = match form {
        ExportForm::Markdown => ("md", markdown(&reviewed)),
        ExportForm::Json => ("json", json(&reviewed, records)),
    };
    let run = reviewed.progress.header.as_ref().map(|header| header.run.to_string()).unwrap_or_default();
    let (path, mut file) = create(folder, &format!("hubup-review-{run}"), ending)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|error| fault(&path, &error.to_string()))?;
    Ok(path)
}

/// A new file, readable by its owner alone: it names resources and tells requests.
fn create(folder: &Path, name: &str, ending: &str) -> Result<(PathBuf, File), Fault> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut path = folder.to_owned();
    for number in 1..=NAMES {
        let number = if number == 1 { String::new() } else { format!("-{number}") };
        path = folder.join(format!("{name}{number}.{ending}"));
        match options.open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(fault(&path, &error.to_string())),
        }
    }
    Err(fault(&path, "files of that name and the next are there already"))
}

fn fault(path: &Path, why: &str) -> Fault {
    let says = format!("cannot write `{}`: {why}", path.display());
    Fault::new(says, "start hubup in a folder that you may write to").exiting(Exit::State)
}

fn steps(reviewed: &Reviewed) -> impl Iterator<Item = &StepOutline> {
    reviewed.outline.iter().flat_map(|stage| &stage.steps)
}

fn seconds(reviewed: &Reviewed, step: &StepOutline) -> Option<i64> {
    let known = reviewed.progress.step(&step.id)?;
    let ended = known.ended.filter(|_| matches!(reviewed.state(step), StepState::Finished(_)))?;
    Some(ended.as_second().saturating_sub(known.started?.as_second()).max(0))
}

fn json(reviewed: &Reviewed, records: &[Record]) -> String {
    let steps: Vec<Value> = steps(reviewed)
        .map(|step| {
            let known = reviewed.progress.step(&step.id).cloned().unwrap_or_default();
            json!({
                "id": step.id,
                "title": step.title,
                "state": reviewed.state(step).word(),
                "seconds": seconds(reviewed, step),
                "attempts": known.attempts,
                "note": known.note,
                "came_back": known.came_back,
                "fault": known.fault,
                "in_azures_hands": known.operation.is_some(),
                "correlation_ids": known.correlation_ids,
                "calls": known.calls,
            })
        })
        .collect();
    let header = reviewed.progress.header.as_ref();
    let document = json!({
        "hubup": env!("CARGO_PKG_VERSION"),
        "setup": header.map(|header| &header.answers.name),
        "setup_id": header.map(|header| header.setup),
        "kind": header.map(|header| header.kind),
        "newest_run": header.map(|header| &header.run),
        "runs": reviewed.runs,
        "steps": steps,
        "records": records,
    });
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn markdown(reviewed: &Reviewed) -> String {
    let header = reviewed.progress.header.as_ref();
    let name = header.map(|header| told(&header.answers.name)).unwrap_or_default();
    let mut text = format!("# Review of {name}\n\n");
    if let Some(header) = header {
        text.push_str(&format!(
            "hubup {}, {}, dialect {}, profile {}, {} run(s), the newest {}\n\n",
            told(&header.hubup),
            if header.sandbox { "in the sandbox" } else { "on Azure" },
            told(&header.dialect),
            told(&header.profile),
            reviewed.runs,
            told(&header.run.0),
        ));
    }
    text.push_str("| step | state | seconds | started |\n|---|---|---:|---:|\n");
    for step in steps(reviewed) {
        let attempts = reviewed.progress.step(&step.id).map_or(0, |known| known.attempts);
        let seconds = seconds(reviewed, step).map(|seconds| seconds.to_string()).unwrap_or_default();
        let (title, state) = (told(&step.title), reviewed.state(step).word());
        text.push_str(&format!("| {title} | {state} | {seconds} | {attempts} |\n"));
    }
    for step in steps(reviewed) {
        text.push_str(&format!("\n## {}: {}\n", told(&step.title), reviewed.state(step).word()));
        of_step(&mut text, reviewed, step);
        for exchange in reviewed.of_step(&step.id) {
            of_exchange(&mut text, exchange);
        }
    }
    text
}

fn of_step(text: &mut String, reviewed: &Reviewed, step: &StepOutline) {
    let known = reviewed.progress.step(&step.id).cloned().unwrap_or_default();
    let fault = known.fault.as_ref();
    let code = fault.and_then(|fault| fault.code.clone());
    let mut items = vec![("note", known.note), ("came back", known.came_back), ("code", code)];
    if let Some(fault) = fault {
        items.push(("says", Some(fault.says.clone())));
        items.push(("means", fault.means.clone()));
        items.push(("checked", fault.checked.clone()));
        items.push(("do", Some(fault.remedy.clone())));
    }
    items.extend(known.correlation_ids.into_iter().map(|id| ("correlation", Some(id))));
    let items: Vec<String> = items
        .into_iter()
        .filter_map(|(label, value)| value.map(|value| format!("- {label}: {}\n", told(&value))))
        .collect();
    if !items.is_empty() {
        text.push('\n');
        text.push_str(&items.concat());
    }
}

fn of_exchange(text: &mut String, exchange: &Exchange) {
    let call = &exchange.call;
    text.push_str(&format!(
        "\n{} {} {} (call {})\n",
        exchange.at,
        call.shown.method,
        told(&call.shown.url),
        call.call
    ));
    fenced(text, call.shown.body.as_ref());
    let Some(reply) = &exchange.reply else {
        text.push_str("\nno reply on record\n");
        return;
    };
    let status = reply.status.map_or_else(|| "no reply".to_owned(), |status| status.to_string());
    text.push_str(&format!("\n{status} after {} ms", reply.millis));
    for (label, value) in [("", &reply.code), ("", &reply.message), ("request ", &reply.request_id)] {
        if let Some(value) = value {
            text.push_str(&format!("; {label}{}", told(value)));
        }
    }
    text.push('\n');
    fenced(text, reply.body.as_ref());
}

/// A body in a fence that nothing in it can close.
fn fenced(text: &mut String, body: Option<&Value>) {
    let Some(body) = body else { return };
    let body = serde_json::to_string_pretty(body).unwrap_or_default();
    let longest = body.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    text.push_str(&format!("\n{fence}json\n{body}\n{fence}\n"));
}

/// Text from outside in one line, with what Markdown would take as its own written so that it stays text.
fn told(text: &str) -> String {
    let mut told = String::new();
    for c in clean(text, LONGEST).chars() {
        match c {
            '\n' => told.push(' '),
            '|' | '`' | '<' | '>' | '*' | '_' | '[' | ']' | '#' | '\\' => told.extend(['\\', c]),
            c => told.push(c),
        }
    }
    told
}

#[cfg(test)]
mod tests;
