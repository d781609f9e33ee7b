//! `hubup bundle`: one redacted file of a setup's runs, for whoever helps.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::args::Global;
use super::environment::Surroundings;
use super::failure::Failure;
use super::print::out;
use super::review::{records, reviewed};
use super::which::which;
use crate::domain::Exit;

/// Runs the command.
pub fn run(
    global: &Global,
    surroundings: &Surroundings,
    to: Option<PathBuf>,
    force: bool,
) -> Result<Exit, Failure> {
    let which = which(global, surroundings)?;
    let runs = records(&which, None)?;
    let review = reviewed(&which, &runs)?;
    let newest = review.runs.last().map(|run| run.run.clone()).unwrap_or_default();
    let path = to.unwrap_or_else(|| PathBuf::from(format!("hubup-bundle-{newest}.json")));
    let bundle = json!({
        "hubup": env!("CARGO_PKG_VERSION"),
        "system": std::env::consts::OS,
        "architecture": std::env::consts::ARCH,
        "review": review,
        "records": runs,
    });
    let text = serde_json::to_string_pretty(&bundle)
        .map_err(|error| Failure::new(Exit::State, format!("error: the bundle is no JSON: {error}")))?;
    write(&path, &text, force)?;
    out(&format!("Wrote {}, {} runs.", path.display(), runs.len()));
    out("In it: names, resource and subscription ids, regions, every request and reply, times.");
    out(
        "Not in it: keys, tokens, connection strings, signatures of status URLs. Read it before you pass it on.",
    );
    Ok(Exit::Complete)
}

fn write(path: &Path, text: &str, force: bool) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written =
        options.open(path).and_then(|mut file| writeln!(file, "{text}").and_then(|()| file.sync_all()));
    written.map_err(|error| {
        let remedy = match error.kind() {
            ErrorKind::AlreadyExists => "name another file with `--to PATH`, or replace it with `--force`",
            _ => "name a place that this user may write to with `--to PATH`",
        };
        Failure::new(
            Exit::State,
            format!("error: cannot write `{}`: {error}\n  do:      {remedy}", path.display()),
        )
    })
}
