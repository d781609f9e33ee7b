//! A place to be killed at: which line of a journal, and on which side of it. Has a short form that names it in a
//! message and takes it back from the environment.
//!
//! `hub.create/call-started:PUT#1/after` is: right after the first record of the step `hub.create` of a PUT that is about
//! to be sent was written. Numbers of lines would not do: steps run at once, so their lines interleave differently.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;
use std::sync::OnceLock;

use serde_json::Value;

/// Stands for what a line may be of: any step, any event.
const ANY: &str = "*";

/// Which lines of a journal are meant.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Line {
    step: String,
    event: String,
    method: Option<String>,
}

/// On which side of a line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum How {
    /// Nothing of it is written: what it tells has happened and is not on record.
    Before,
    /// It is written, and what it announces has not happened.
    After,
    /// Half of it is written.
    Torn,
}

/// A place.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Point {
    line: Line,
    /// From 1, of the lines that are meant.
    nth: usize,
    how: How,
}

impl Line {
    /// The lines that are like this one of a journal.
    pub fn of(record: &Value) -> Self {
        let text = |name: &str| record[name].as_str().map(str::to_owned);
        Self {
            step: text("step").unwrap_or_else(|| ANY.to_owned()),
            event: text("event").expect("a record has an event"),
            method: text("method"),
        }
    }

    /// Any line at all.
    pub fn any() -> Self {
        Self { step: ANY.to_owned(), event: ANY.to_owned(), method: None }
    }

    /// Texts that stand in every such line as it is written, and together in no other.
    fn marks(&self) -> Vec<String> {
        let mut marks = Vec::new();
        for (name, value) in [("event", &self.event), ("step", &self.step)] {
            if value != ANY {
                marks.push(format!("\"{name}\":\"{value}\""));
            }
        }
        marks.extend(self.method.as_ref().map(|method| format!("\"method\":\"{method}\"")));
        marks
    }
}

impl Point {
    pub fn new(line: Line, nth: usize, how: How) -> Self {
        Self { line, nth, how }
    }

    /// The place at record `index` of a journal.
    pub fn at(records: &[Value], index: usize, how: How) -> Self {
        let line = Line::of(&records[index]);
        let nth = records[..=index].iter().filter(|record| Line::of(record) == line).count();
        Self { line, nth, how }
    }

    /// Has `command` killed here.
    pub fn arm(&self, command: &mut Command) {
        let how = match self.how {
            How::Before => "before",
            How::After => "after",
            How::Torn => "torn",
        };
        command
            .env("LD_PRELOAD", shim())
            .env("KILL_LINE", self.line.marks().join("\t"))
            .env("KILL_NTH", self.nth.to_string())
            .env("KILL_HOW", how);
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = self.line.method.as_ref().map(|method| format!(":{method}")).unwrap_or_default();
        let how = format!("{:?}", self.how).to_lowercase();
        write!(f, "{}/{}{method}#{}/{how}", self.line.step, self.line.event, self.nth)
    }
}

impl FromStr for Point {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` names no kill point; one is hub.create/call-started:PUT#1/after");
        let mut parts = text.splitn(3, '/');
        let (Some(step), Some(which), Some(how)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong());
        };
        let (event, nth) = which.split_once('#').ok_or_else(wrong)?;
        let (event, method) = match event.split_once(':') {
            Some((event, method)) => (event, Some(method.to_owned())),
            None => (event, None),
        };
        let how = match how {
            "before" => How::Before,
            "after" => How::After,
            "torn" => How::Torn,
            _ => return Err(wrong()),
        };
        let nth = nth.parse().map_err(|_| wrong())?;
        Ok(Self { line: Line { step: step.to_owned(), event: event.to_owned(), method }, nth, how })
    }
}

/// The library that kills, compiled once in a run of the tests.
fn shim() -> &'static Path {
    static SHIM: OnceLock<PathBuf> = OnceLock::new();
    SHIM.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/kill/shim.c");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let library = folder.join("kill-shim.so");
        // Another run of the tests may use it at this moment.
        let fresh = folder.join(format!("kill-shim-{}.so", std::process::id()));
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
            .arg(&fresh)
            .arg(source)
            .output();
        let compiled = compiled.expect("a C compiler is there, as for ring");
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        std::fs::rename(&fresh, &library).unwrap();
        library
    })
}

#[test]
fn a_point_is_named_and_found_again() {
    for text in ["hub.create/call-started:PUT#1/after", "*/run-finished#1/torn", "*/*#12/before"] {
        assert_eq!(text.parse::<Point>().unwrap().to_string(), text);
    }
    for text in ["", "hub.create", "hub.create/call-started/after", "a/b#x/after", "a/b#1/beside"] {
        assert!(text.parse::<Point>().is_err(), "{text}");
    }
}
