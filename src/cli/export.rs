//! Writes the review of a setup, as Markdown or JSON, or lines of its log to a new file. Called by the wizard; sends
//! nothing.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::domain::{Exit, Fault};
use crate::review::markdown;
use crate::tui::{ExportForm, Reviewed};

/// So many names are tried where a file of the first name is there.
const NAMES: usize = 100;

/// Writes `reviewed` to a new file in `folder`. Nothing is ever overwritten.
pub fn export(folder: &Path, reviewed: &Reviewed, form: ExportForm) -> Result<PathBuf, Box<Fault>> {
    let (ending, text) = match form {
        ExportForm::Markdown => ("md", markdown(&reviewed.review, &reviewed.go_on)),
        ExportForm::Json => ("json", serde_json::to_string_pretty(&reviewed.review).unwrap_or_default()),
    };
    let run = reviewed.review.runs.last().map(|run| run.run.as_str()).unwrap_or_default();
    let (path, mut file) = create(folder, &format!("hubup-review-{run}"), ending)?;
    let written = writeln!(file, "{text}").and_then(|()| file.sync_all());
    written.map_err(|error| fault(&path, &error.to_string()))?;
    Ok(path)
}

/// Writes `lines` to a new file in `folder` whose name begins with `name`; gives its path and how many they were.
pub fn save(
    folder: &Path,
    name: &str,
    lines: &mut dyn Iterator<Item = String>,
) -> Result<(PathBuf, usize), Box<Fault>> {
    let (path, file) = create(folder, name, "log")?;
    let mut file = BufWriter::new(file);
    let mut count = 0;
    let write = || -> std::io::Result<()> {
        for line in lines {
            writeln!(file, "{line}")?;
            count += 1;
        }
        file.flush()?;
        file.get_ref().sync_all()
    };
    write().map_err(|error| fault(&path, &error.to_string()))?;
    Ok((path, count))
}

/// A new file, readable by its owner alone: it names resources and tells requests.
fn create(folder: &Path, name: &str, ending: &str) -> Result<(PathBuf, File), Box<Fault>> {
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

fn fault(path: &Path, why: &str) -> Box<Fault> {
    let says = format!("cannot write `{}`: {why}", path.display());
    Box::new(Fault::new(says, "start hubup in a folder that you may write to").exiting(Exit::State))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::save;

    #[test]
    fn lines_are_saved_to_a_new_file_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let lines = || ["one", "two"].map(str::to_owned).into_iter();
        let (first, count) = save(folder.path(), "hubup-log-r1", &mut lines()).unwrap();
        assert_eq!((fs::read_to_string(&first).unwrap().as_str(), count), ("one\ntwo\n", 2));
        let (second, _) = save(folder.path(), "hubup-log-r1", &mut lines().take(1)).unwrap();
        assert_ne!(first, second);
        assert_eq!(fs::read_to_string(&first).unwrap(), "one\ntwo\n");
        assert_eq!(fs::read_to_string(&second).unwrap(), "one\n");
        let fault = save(&folder.path().join("not there"), "x", &mut lines()).unwrap_err();
        assert!(fault.says.contains("cannot write") && !fault.remedy.is_empty());
    }
}
