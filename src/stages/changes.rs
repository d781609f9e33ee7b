//! Answers that differ from those of an earlier run: which can follow, and which are settled for good. Pure.

use std::collections::BTreeSet;

use super::dialect::Dialect;
use crate::domain::{Answers, Progress};

/// One answer that is another than in the run before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// The key in the setup file.
    pub key: String,
    pub was: String,
    pub now: String,
    /// Why it cannot follow, once what it decides was made.
    pub refused: Option<String>,
}

impl Change {
    /// `hub.capacity: 1 -> 2`.
    pub fn told(&self) -> String {
        let told = |value: &str| if value.is_empty() { "not set".to_owned() } else { value.to_owned() };
        format!("{}: {} -> {}", self.key, told(&self.was), told(&self.now))
    }
}

/// The answers in which `now` differs from `before`, which the run had that left things as `progress` tells.
pub fn changes(dialect: &Dialect, before: &Answers, now: &Answers, progress: &Progress) -> Vec<Change> {
    let mut changes = Vec::new();
    for field in dialect.stages.iter().flat_map(|stage| stage.fields) {
        let (was, is) = ((field.get)(before), (field.get)(now));
        if was != is {
            let fixed = field.fixed.as_ref().filter(|fixed| progress.begun(&fixed.step));
            let refused = fixed.map(|fixed| fixed.why.to_owned());
            changes.push(Change { key: field.key.to_owned(), was, now: is, refused });
        }
    }
    let types: BTreeSet<&String> = before.api_versions.keys().chain(now.api_versions.keys()).collect();
    for name in types {
        let of = |answers: &Answers| answers.api_versions.get(name).cloned().unwrap_or_default();
        let (was, is) = (of(before), of(now));
        // To insist on what is spoken is no change.
        let spoken = progress.header.as_ref().and_then(|header| header.versions.get(name));
        if was != is && spoken != Some(&is) {
            let fixed = dialect.settled_versions.iter().find(|(settled, _)| settled == name);
            let fixed = fixed.filter(|(_, fixed)| progress.begun(&fixed.step));
            let refused = fixed.map(|(_, fixed)| fixed.why.to_owned());
            changes.push(Change { key: format!("api_versions.{name}"), was, now: is, refused });
        }
    }
    let names: BTreeSet<&String> = before.tags.keys().chain(now.tags.keys()).collect();
    for name in names {
        let of = |answers: &Answers| answers.tags.get(name).cloned().unwrap_or_else(|| "not set".to_owned());
        let (was, is) = (of(before), of(now));
        if was != is {
            changes.push(Change { key: format!("tags.{name}"), was, now: is, refused: None });
        }
    }
    changes
}
