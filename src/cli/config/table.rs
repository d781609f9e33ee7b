//! Reads a TOML table key by key, noting what is of the wrong type and what nobody asked for.
//!
//! Derived deserialisation stops at the first mistake; this goes on, so that a person mends a file once. What may
//! stand in a file is what [`super::file`] asks for: there is no second list of keys.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::Problem;
use super::suggest::{self, Known};

/// For how many unknown keys it is guessed what was meant.
const GUESSED: usize = 100;

/// What was found out about a file so far.
pub(super) struct Reader<'t> {
    pub(super) text: &'t str,
    pub(super) problems: Vec<Problem>,
    pub(super) known: Vec<Known>,
    strangers: Vec<Stranger>,
}

/// A key that nobody asked for.
struct Stranger {
    table: &'static str,
    key: String,
    span: Range<usize>,
    is_table: bool,
}

/// A table of which keys are still to be read.
pub(super) struct Table<'t> {
    /// Dotted, empty for the top level.
    path: &'static str,
    entries: DeTable<'t>,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, problems: Vec::new(), known: Vec::new(), strangers: Vec::new() }
    }

    /// The top level of the file.
    pub(super) fn top(root: DeTable<'t>) -> Table<'t> {
        Table { path: "", entries: root }
    }

    /// Notes a problem.
    pub(super) fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Says whether a problem of the key was noted.
    pub(super) fn told_of(&self, key: &str) -> bool {
        self.problems.iter().any(|problem| problem.says.starts_with(&format!("`{key}` ")))
    }

    /// Turns the keys that nobody asked for into problems; to be called when everything was asked for.
    pub(super) fn judge_strangers(&mut self) {
        let mut strangers = std::mem::take(&mut self.strangers);
        strangers.sort_by_key(|stranger| stranger.span.start);
        for (number, stranger) in strangers.into_iter().enumerate() {
            let what = if stranger.is_table { "table" } else { "key" };
            let shown = match (stranger.is_table, stranger.table) {
                (true, "") => format!("[{}]", stranger.key),
                (true, table) => format!("[{table}.{}]", stranger.key),
                (false, "") => stranger.key.clone(),
                (false, table) => format!("{table}.{}", stranger.key),
            };
            let problem = Problem::at(stranger.span, format!("unknown {what} `{}`", suggest::short(&shown)));
            let problem = if suggest::sounds_secret(&stranger.key) {
                problem.rule("secrets do not belong in the setup file".to_owned()).suggest(
                    "remove it; the secret of a service principal is read from `AZURE_CLIENT_SECRET`, \
                         keys of Azure resources are fetched when they are needed"
                        .to_owned(),
                )
            } else {
                // Nobody mends so many one by one, and guessing takes its time.
                let nearest = (number < GUESSED)
                    .then(|| suggest::nearest(&self.known, stranger.table, &stranger.key, stranger.is_table))
                    .flatten();
                problem.rule(format!("no {what} of the setup file")).suggest(nearest.unwrap_or_else(|| {
                    "remove it; `config.example.toml` and `hubup init` show every key".to_owned()
                }))
            };
            self.problems.push(problem);
        }
    }

    /// What stands at `span`, for a suggestion; empty when it is long.
    fn typed(&self, span: &Range<usize>) -> &'t str {
        self.text
            .get(span.clone())
            .filter(|text| text.len() <= 60 && !text.contains('\n'))
            .unwrap_or_default()
    }
}

impl<'t> Table<'t> {
    fn dotted(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn take(&mut self, reader: &mut Reader<'_>, key: &'static str) -> Option<Spanned<DeValue<'t>>> {
        reader.known.push(Known { table: self.path, key, is_table: false });
        self.entries.remove(key)
    }

    fn wrong_type(&self, reader: &mut Reader<'_>, key: &str, takes: &str, found: &Spanned<DeValue<'_>>) {
        let typed = reader.typed(&found.span());
        let inner = typed.trim_matches(['"', '\'']);
        let instead = match (takes, found.get_ref()) {
            (
                "a text in quotes",
                DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_),
            ) => Some(format!("\"{typed}\"")),
            ("true or false", DeValue::String(_)) => {
                matches!(inner, "true" | "false").then(|| inner.to_owned())
            }
            ("a whole number", DeValue::String(_)) => inner.parse::<i64>().is_ok().then(|| inner.to_owned()),
            ("a number", DeValue::String(_)) => inner.parse::<f64>().is_ok().then(|| inner.to_owned()),
            _ => None,
        };
        let says = format!("`{}` cannot be {}", self.dotted(key), kind(found.get_ref()));
        let problem = Problem::at(found.span(), says).rule(format!("takes {takes}"));
        let problem = match instead.filter(|_| !typed.is_empty()) {
            Some(instead) => problem.suggest(format!("write `{key} = {instead}`")),
            None => problem,
        };
        reader.problem(problem);
    }

    /// The text at `key`.
    pub(super) fn text(&mut self, reader: &mut Reader<'_>, key: &'static str) -> Option<Spanned<String>> {
        let found = self.take(reader, key)?;
        let text = found.get_ref().as_str().map(|text| Spanned::new(found.span(), text.to_owned()));
        if text.is_none() {
            self.wrong_type(reader, key, "a text in quotes", &found);
        }
        text
    }

    /// The truth value at `key`.
    pub(super) fn switch(&mut self, reader: &mut Reader<'_>, key: &'static str) -> Option<Spanned<bool>> {
        let found = self.take(reader, key)?;
        let switch = found.get_ref().as_bool().map(|switch| Spanned::new(found.span(), switch));
        if switch.is_none() {
            self.wrong_type(reader, key, "true or false", &found);
        }
        switch
    }

    /// The whole number at `key`. One too large for 64 bits is the largest of these: bounds are checked by others.
    pub(super) fn whole(&mut self, reader: &mut Reader<'_>, key: &'static str) -> Option<Spanned<i64>> {
        let found = self.take(reader, key)?;
        let DeValue::Integer(integer) = found.get_ref() else {
            self.wrong_type(reader, key, "a whole number", &found);
            return None;
        };
        let bound = if integer.as_str().starts_with('-') { i64::MIN } else { i64::MAX };
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).unwrap_or(bound);
        Some(Spanned::new(found.span(), number))
    }

    /// The number at `key`, whole or not.
    pub(super) fn number(&mut self, reader: &mut Reader<'_>, key: &'static str) -> Option<Spanned<f64>> {
        let found = self.take(reader, key)?;
        let number = match found.get_ref() {
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().parse().ok(),
            DeValue::Float(float) => float.as_str().parse().ok(),
            _ => None,
        };
        match number {
            Some(number) => Some(Spanned::new(found.span(), number)),
            None => {
                self.wrong_type(reader, key, "a number", &found);
                None
            }
        }
    }

    /// The table at `key`, whose dotted name is `path`; empty when there is none.
    pub(super) fn table(
        &mut self,
        reader: &mut Reader<'_>,
        key: &'static str,
        path: &'static str,
    ) -> Table<'t> {
        reader.known.push(Known { table: self.path, key, is_table: true });
        let mut entries = DeTable::new();
        match self.entries.remove_entry(key) {
            None => {}
            Some((typed, value)) => {
                let span = value.span();
                match value.into_inner() {
                    DeValue::Table(table) => entries = table,
                    other => reader.problem(
                        Problem::at(
                            if span.is_empty() { typed.span() } else { span },
                            format!("`{path}` cannot be {}", kind(&other)),
                        )
                        .rule("is a table".to_owned())
                        .suggest(format!("write `[{path}]` on a line of its own, and its keys below it")),
                    ),
                }
            }
        }
        Table { path, entries }
    }

    /// All entries, with keys as the person chose them and texts as values.
    pub(super) fn texts(self, reader: &mut Reader<'_>) -> Vec<(Spanned<String>, Spanned<String>)> {
        let mut texts = Vec::new();
        let mut wrong = Vec::new();
        for (key, value) in &self.entries {
            let name = Spanned::new(key.span(), key.get_ref().to_string());
            match value.get_ref().as_str() {
                Some(text) => texts.push((name, Spanned::new(value.span(), text.to_owned()))),
                None => wrong.push((suggest::quoted_key(key.get_ref()), value)),
            }
        }
        for (key, value) in wrong {
            self.wrong_type(reader, &suggest::short(&key), "a text in quotes", value);
        }
        texts.sort_by_key(|(key, _)| key.span().start);
        texts
    }

    /// Notes what is left as unknown.
    pub(super) fn finish(self, reader: &mut Reader<'_>) {
        for (key, value) in &self.entries {
            reader.strangers.push(Stranger {
                table: self.path,
                key: key.get_ref().to_string(),
                span: key.span(),
                is_table: value.get_ref().is_table(),
            });
        }
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a truth value",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
