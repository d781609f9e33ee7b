//! What is wrong with a setup file, and how it is told: place, rule, what to write instead.
//!
//! A source line is shown without what may be a secret in it (see [`super::mask`]). Exit code 2 (design, section 7).

use std::fmt;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::domain::clean;

use super::mask::mask;

/// How many problems are told in full.
const TOLD: usize = 20;

/// One thing that is wrong. Texts are fragments without a full stop.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// Bytes of the text; `None` when it is about the whole file.
    pub(super) span: Option<Range<usize>>,
    /// Line, from 1.
    pub line: Option<usize>,
    /// Character of the line, from 1.
    pub column: Option<usize>,
    /// What is wrong.
    pub says: String,
    /// What would be right.
    pub rule: String,
    /// What to do or to write instead.
    pub suggestion: Option<String>,
}

impl Problem {
    pub(super) fn new(says: String) -> Self {
        Self { span: None, line: None, column: None, says, rule: String::new(), suggestion: None }
    }

    pub(super) fn at(span: Range<usize>, says: String) -> Self {
        Self { span: Some(span), ..Self::new(says) }
    }

    pub(super) fn rule(mut self, rule: String) -> Self {
        self.rule = rule;
        self
    }

    pub(super) fn suggest(mut self, suggestion: String) -> Self {
        self.suggestion = Some(suggestion);
        self
    }
}

/// Why a setup file was refused.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigError {
    origin: String,
    text: String,
    problems: Vec<Problem>,
}

impl ConfigError {
    /// An error about `text`, which came from `origin`, with at least one problem.
    pub(super) fn new(origin: &str, text: &str, mut problems: Vec<Problem>) -> Self {
        let text = mask(text);
        let lines = Lines::of_text(&text);
        for problem in &mut problems {
            problem.says = mask(&problem.says);
            problem.suggestion = problem.suggestion.as_deref().map(mask);
            if let Some(span) = &mut problem.span {
                span.start = text.floor_char_boundary(span.start);
                span.end = text.floor_char_boundary(span.end).max(span.start);
                let (line, begin) = lines.of(span.start);
                problem.line = Some(line);
                problem.column = Some(text.get(begin..span.start).unwrap_or_default().chars().count() + 1);
            }
        }
        problems.sort_by_key(|problem| problem.span.as_ref().map_or(usize::MAX, |span| span.start));
        Self { origin: clean(origin, 400).replace('\n', " "), text, problems }
    }

    /// The problems, in the order of the file; those about the whole file come last.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The whole story, for a terminal: several lines, none at the end.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let mut told: Vec<_> =
            self.problems.iter().take(TOLD).map(|problem| renderer.render(&[self.group(problem)])).collect();
        let count = self.problems.len();
        if count > 1 {
            let more =
                if count > TOLD { format!(", the first {TOLD} of which are shown") } else { String::new() };
            told.push(format!("{count} problems in {}{more}", self.origin));
        }
        // What the renderer lets through of a file's bytes: a terminal may obey these as it obeys an escape.
        told.join("\n\n").replace(|c| matches!(c, '\u{80}'..='\u{9f}'), "\u{fffd}")
    }

    fn group<'a>(&'a self, problem: &'a Problem) -> Group<'a> {
        let group = Group::with_title(Level::ERROR.primary_title(problem.says.as_str()));
        let group = match &problem.span {
            Some(span) => group.element(
                Snippet::source(self.text.as_str())
                    .path(self.origin.as_str())
                    .annotation(AnnotationKind::Primary.span(span.clone()).label(problem.rule.as_str())),
            ),
            None => {
                let group = group.element(Origin::path(self.origin.as_str()));
                if problem.rule.is_empty() {
                    group
                } else {
                    group.element(Level::NOTE.message(problem.rule.as_str()))
                }
            }
        };
        match &problem.suggestion {
            Some(suggestion) => group.element(Level::HELP.message(suggestion.as_str())),
            None => group,
        }
    }
}

/// Where the lines of a text begin.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub(super) fn of_text(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    /// The number of the line, from 1, in which the byte `at` stands, and where that line begins.
    pub(super) fn of(&self, at: usize) -> (usize, usize) {
        let number = self.0.partition_point(|begin| *begin <= at);
        (number, number.checked_sub(1).and_then(|index| self.0.get(index)).copied().unwrap_or(0))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigError")
            .field("origin", &self.origin)
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for ConfigError {}
