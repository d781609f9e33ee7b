//! `hubup bundle`: one file for a support request, made of the journals, with nothing in it that must stay secret.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::{Builder, NamedTempFile};

use super::args::Global;
use super::environment::Surroundings;
use super::failure::Failure;
use super::review::{gather, print};
use crate::azure::redact;
use crate::domain::Exit;

/// Version of the file's form. Its members: `bundle`, `hubup`, `system`, `architecture`, `review` (as `hubup review
/// --output json` prints it) and `journals`, oldest first, each with `run`, `torn` and its `records`.
const FORMAT: u32 = 1;

/// Runs the command.
pub fn run(
    global: &Global,
    surroundings: &Surroundings,
    run: Option<&str>,
    to: Option<PathBuf>,
    force: bool,
) -> Result<Exit, Failure> {
    let (gathered, review) = gather(global, surroundings, run)?;
    let newest = review.newest().map(|run| run.run.0.clone()).unwrap_or_default();
    let path = to.unwrap_or_else(|| PathBuf::from(format!("hubup-bundle-{newest}.json")));
    let journals: Vec<Value> = gathered
        .journals
        .iter()
        .map(|journal| json!({ "run": journal.run, "torn": journal.torn, "records": journal.records }))
        .collect();
    let bundle = json!({
        "bundle": FORMAT,
        "hubup": env!("CARGO_PKG_VERSION"),
        "system": std::env::consts::OS,
        "architecture": std::env::consts::ARCH,
        "review": review,
        "journals": journals,
    });
    // A journal of an older hubup, or one that was edited, went through an older sieve or none.
    write(&path, &redact::masked(&bundle), force)?;
    let runs = match journals.len() {
        1 => "1 run".to_owned(),
        several => format!("{several} runs"),
    };
    print(&format!(
        "Wrote {}: the review and the records of {runs}.\n\
         In it: names, ids, regions, tags, questions and answers, every request and every reply.\n\
         Not in it: keys, connection strings, tokens, signatures.\n\
         Look through it before you give it away.",
        path.display()
    ))
}

/// Writes the file whole or not at all, readable by this user only.
fn write(path: &Path, bundle: &Value, force: bool) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        let says = format!("error: cannot write `{}`: {error}", path.display());
        Failure::new(Exit::State, format!("{says}\n  do:      name another file with `--to FILE`"))
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file: NamedTempFile =
        Builder::new().prefix(".hubup-").tempfile_in(folder).map_err(|error| failed(&error))?;
    serde_json::to_writer_pretty(&mut file, bundle).map_err(|error| failed(&error))?;
    file.write_all(b"\n").and_then(|()| file.as_file().sync_all()).map_err(|error| failed(&error))?;
    let kept = if force { file.persist(path) } else { file.persist_noclobber(path) };
    match kept {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
            let says = format!("error: `{}` is there already", path.display());
            let remedy = "name another file with `--to FILE`, or replace it with `--force`";
            Err(Failure::new(Exit::Usage, format!("{says}\n  do:      {remedy}")))
        }
        Err(error) => Err(failed(&error.error)),
    }
}
