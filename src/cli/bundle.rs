//! `hubup bundle`: one redacted file of a setup's runs, for whoever helps.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::Builder;

use super::args::Global;
use super::environment::Surroundings;
use super::failure::Failure;
use super::print::out;
use super::review::{Told, told};
use crate::azure::redact;
use crate::domain::Exit;

/// Runs the command. Without `run` it is the newest and all that it goes on from.
pub fn run(
    global: &Global,
    surroundings: &Surroundings,
    run: Option<&str>,
    to: Option<PathBuf>,
    force: bool,
) -> Result<Exit, Failure> {
    let Told { runs, review, .. } = told(global, surroundings, run)?;
    let newest = review.runs.last().map(|run| run.run.clone()).unwrap_or_default();
    let path = to.unwrap_or_else(|| PathBuf::from(format!("hubup-bundle-{newest}.json")));
    let bundle = json!({
        "hubup": env!("CARGO_PKG_VERSION"),
        "system": std::env::consts::OS,
        "architecture": std::env::consts::ARCH,
        "review": review,
        "records": runs,
    });
    // A journal that an older hubup wrote, or that was edited, went through a coarser sieve or none.
    write(&path, &redact::masked(&bundle), force)?;
    let count = if runs.len() == 1 { "1 run".to_owned() } else { format!("{} runs", runs.len()) };
    out(&format!("Wrote {}, {count}.", path.display()));
    out("In it: names, resource and subscription ids, regions, every request and reply, times.");
    out(
        "Not in it: keys, tokens, connection strings, signatures of status URLs. Read it before you pass it on.",
    );
    Ok(Exit::Complete)
}

/// Writes the file whole or not at all, readable by this user alone, also where it replaces one that was not.
fn write(path: &Path, bundle: &Value, force: bool) -> Result<(), Failure> {
    let failed = |why: &dyn std::fmt::Display, remedy: &str| {
        let text = format!("error: cannot write `{}`: {why}\n  do:      {remedy}", path.display());
        Failure::new(Exit::State, text)
    };
    let elsewhere = "name a place that this user may write to with `--to PATH`";
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file =
        Builder::new().prefix(".hubup-").tempfile_in(folder).map_err(|error| failed(&error, elsewhere))?;
    serde_json::to_writer_pretty(&mut file, bundle).map_err(|error| failed(&error, elsewhere))?;
    let written = file.write_all(b"\n").and_then(|()| file.as_file().sync_all());
    written.map_err(|error| failed(&error, elsewhere))?;
    let kept = if force { file.persist(path) } else { file.persist_noclobber(path) };
    kept.map(|_| ()).map_err(|error| match error.error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            failed(&"it is there already", "name another file with `--to PATH`, or replace it with `--force`")
        }
        _ => failed(&error.error, elsewhere),
    })
}
