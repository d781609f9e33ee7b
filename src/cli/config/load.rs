//! From a path, or a text, to a [`Config`]: what can go wrong before the first key is read.
//!
//! A byte order mark and CRLF line ends are taken as they come: editors on Windows write both.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use toml::de::DeTable;

use crate::domain::clean;

use super::file::ConfigFile;
use super::mask::mask;
use super::meaning::{Config, understand};
use super::problem::{ConfigError, Lines, Problem};
use super::suggest::{mend_line, short};
use super::table::Reader;

/// The commented example: what `hubup init` writes and `--sandbox` runs when there is no file.
pub const EXAMPLE: &str = include_str!("../../../config.example.toml");

/// Bytes; the example has a fiftieth of it.
const LARGEST: u64 = 512 * 1024;

/// Reads and understands the setup file at `path`.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    let origin = path.display().to_string();
    let bytes = read(path).map_err(|problem| ConfigError::new(&origin, "", vec![*problem]))?;
    let text = decode(&bytes, &origin)?;
    let mut config = parse(&text, &origin)?;
    // Paths of a setup file mean the same from wherever hubup is started.
    let folder = path.parent().unwrap_or(Path::new(""));
    for path in [&mut config.ca_file, &mut config.state_folder].into_iter().flatten() {
        *path = folder.join(&*path);
    }
    config.path = Some(path.to_owned());
    Ok(config)
}

/// Understands `text`, which came from `origin`: the name shown with problems. Paths in it stay as they are.
pub fn parse(text: &str, origin: &str) -> Result<Config, ConfigError> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    if text.trim().is_empty() {
        let problem = Problem::new("the setup file is empty".to_owned())
            .rule("it takes at least `subscription`, `resource_group` and `location`".to_owned())
            .suggest("`hubup init` writes a setup file that explains every key".to_owned());
        return Err(ConfigError::new(origin, text, vec![problem]));
    }
    let (root, errors) = DeTable::parse_recoverable(text);
    let (twice, broken): (Vec<_>, Vec<_>) =
        errors.into_iter().partition(|error| error.message().contains("duplicate key"));
    // Behind a line that is no TOML all kinds of keys may be in the wrong table.
    if !broken.is_empty() {
        return Err(ConfigError::new(origin, text, syntax(text, &broken)));
    }
    let mut reader = Reader::new(text);
    for error in &twice {
        let span = error.span().unwrap_or_default();
        let key = short(text.get(span.clone()).unwrap_or_default());
        let is_header = text.get(..span.start).is_some_and(|before| before.trim_end().ends_with('['));
        let (name, suggestion) = if is_header {
            (format!("[{key}]"), format!("put the keys of both below one `[{key}]`"))
        } else {
            (key, "remove one of them".to_owned())
        };
        reader.problem(
            Problem::at(span, format!("`{name}` occurs twice"))
                .rule("is given above already".to_owned())
                .suggest(suggestion),
        );
    }
    let file = ConfigFile::read(root.into_inner(), &mut reader);
    let config = understand(file, &mut reader);
    if reader.problems.is_empty() { Ok(config) } else { Err(ConfigError::new(origin, text, reader.problems)) }
}

impl Config {
    /// The embedded example.
    #[expect(clippy::expect_used, reason = "a test parses the embedded file")]
    pub fn example() -> Self {
        parse(EXAMPLE, "config.example.toml").expect("the embedded example is a valid setup file")
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Box<Problem>> {
    let refused = |cause: io::Error| {
        let suggestion = match cause.kind() {
            io::ErrorKind::NotFound => {
                let problem = Problem::new(format!(
                    "there is no setup file `{}`",
                    clean(&path.to_string_lossy(), 300)
                ))
                .suggest(
                    "`hubup init` writes one; `--config PATH` names another; `hubup --sandbox` needs none"
                        .to_owned(),
                );
                return Box::new(problem);
            }
            io::ErrorKind::PermissionDenied => "let this user read it, or name another with `--config PATH`",
            _ => "name a setup file with `--config PATH`",
        };
        let cause = cause.to_string();
        let cause = cause.split(" (os error").next().unwrap_or(&cause).to_lowercase();
        Box::new(Problem::new(format!("cannot read the setup file: {cause}")).suggest(suggestion.to_owned()))
    };
    // Looked at before it is opened: opening a pipe that nobody writes to would wait for ever.
    let found = fs::metadata(path).map_err(refused)?;
    if found.is_dir() {
        let inside = clean(&path.join("hubup.toml").to_string_lossy(), 300);
        let problem = Problem::new("the setup file is a folder".to_owned());
        return Err(Box::new(problem.suggest(format!("name a file in it: `--config {inside}`"))));
    }
    if !found.is_file() {
        let problem = Problem::new("the setup file is not a regular file".to_owned())
            .suggest("copy what it gives to a file, and name that with `--config PATH`".to_owned());
        return Err(Box::new(problem));
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(refused)?.take(LARGEST + 1).read_to_end(&mut bytes).map_err(refused)?;
    if bytes.len() as u64 > LARGEST {
        let problem = Problem::new("the setup file is larger than 512 KiB".to_owned())
            .rule("a setup file has a few kilobytes".to_owned())
            .suggest("check that `--config PATH` names the right file".to_owned());
        return Err(Box::new(problem));
    }
    Ok(bytes)
}

fn decode(bytes: &[u8], origin: &str) -> Result<String, ConfigError> {
    let cause = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok(text.to_owned()),
        Err(cause) => cause,
    };
    let says = "the setup file is not UTF-8".to_owned();
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        let problem = Problem::new(says)
            .rule("it is UTF-16".to_owned())
            .suggest("save it as UTF-8 in your editor".to_owned());
        return Err(ConfigError::new(origin, "", vec![problem]));
    }
    let text = String::from_utf8_lossy(bytes).into_owned();
    let at = cause.valid_up_to();
    let problem = Problem::at(at..at + '\u{FFFD}'.len_utf8(), says)
        .rule("this byte is part of no character".to_owned())
        .suggest("save the file as UTF-8 in your editor, or remove the byte".to_owned());
    Err(ConfigError::new(origin, &text, vec![problem]))
}

/// One problem for each line that is no TOML.
fn syntax(text: &str, errors: &[toml::de::Error]) -> Vec<Problem> {
    // Lines are quoted in suggestions; the masked text has every place where the text has it.
    let text = &mask(text);
    let mut problems: Vec<Problem> = Vec::new();
    let lines = Lines::of_text(text);
    let mut told = BTreeSet::new();
    for error in errors {
        let span = error.span().unwrap_or_default();
        let (number, begin) = lines.of(span.start);
        if !told.insert(number) {
            continue;
        }
        let line = text.get(begin..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let problem = Problem::at(span, "this is not TOML".to_owned())
            .rule(short(&error.message().to_lowercase().replace('\n', ", ")));
        problems.push(match mend_line(line, text) {
            Some(suggestion) => problem.suggest(suggestion),
            None => problem,
        });
    }
    problems
}
