//! A request as the `az` command that sends the same, for a person to read and to copy. hubup runs none of them.
//!
//! `az rest` signs in for the resource manager and for Graph by itself (Azure CLI reference, `az rest`); the service plane of
//! DPS takes a signature that it cannot make, so that stands as a variable. What is not known yet does too, and so
//! does every secret. Commands are written for bash, as in the seed.

use super::request::{Auth, Body, Request};
use super::step::Outputs;
use super::template::Text;

/// The mark of an id that is derived from what is not known yet (`Text::fill`).
const DERIVED: &str = "{derived-id}";

/// A command, and what to know of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AzCommand {
    /// Each a sentence without its full stop: what a variable stands for, what the body leaves open.
    pub notes: Vec<String>,
    /// The command in lines that bash reads as one, each with its depth of indentation.
    pub lines: Vec<(usize, String)>,
}

/// The command that sends `request`, as far as `outputs` fill it.
pub fn az_rest(request: &Request, outputs: &Outputs) -> AzCommand {
    let mut marks = Vec::new();
    let shown = request.fill(outputs, &|_| None, &mut marks);
    marks.push(DERIVED.to_owned());
    let mut vars = Variables { marks, used: Vec::new() };
    let mut notes = Vec::new();
    let mut lines = vec![(0, format!("az rest --method {}", shown.method.as_str().to_lowercase()))];
    lines.push((2, format!("--url {}", vars.quote(&shown.url))));
    let mut headers: Vec<String> =
        shown.headers.iter().map(|(name, value)| vars.quote(&format!("{name}={value}"))).collect();
    if let Auth::DpsSas { policy, .. } = &request.auth {
        lines.push((2, "--skip-authorization-header".to_owned()));
        headers.push("Authorization=\"$DPS_SAS\"".to_owned());
        notes
            .push(format!("$DPS_SAS: a shared access signature of the policy `{policy}`, made with its key"));
    }
    if !headers.is_empty() {
        lines.push((2, format!("--headers {}", headers.join(" "))));
    }
    if let Some(body) = &shown.body {
        let body = serde_json::to_string_pretty(body).unwrap_or_default();
        let quoted = vars.quote(&body);
        for (index, line) in quoted.lines().enumerate() {
            let depth = line.len() - line.trim_start().len();
            let line = line.trim_start();
            lines.push(if index == 0 { (2, format!("--body {line}")) } else { (2 + depth, line.to_owned()) });
        }
    }
    // The lines of a quoted body are one word already.
    let arguments =
        lines.iter().filter(|(_, line)| line.starts_with("--") || line.starts_with("az ")).count();
    for (_, line) in lines.iter_mut().take(arguments.saturating_sub(1)) {
        line.push_str(" \\");
    }
    if matches!(request.body, Body::MergeInto { read: None, .. }) {
        notes.push("its body is what the look before gives, with this in it".to_owned());
    }
    if !request.captures.is_empty() {
        notes.push("its reply holds keys: hubup keeps them in memory only, az prints them".to_owned());
    }
    notes.splice(0..0, vars.notes());
    AzCommand { notes, lines }
}

/// A documented command whose `words` are quoted where they must be; slots that are not filled stand as variables.
pub fn az_words(words: &[Text], outputs: &Outputs) -> AzCommand {
    let mut marks = Vec::new();
    let filled: Vec<String> = words.iter().map(|word| word.fill(outputs, &|_| None, &mut marks)).collect();
    marks.push(DERIVED.to_owned());
    let mut vars = Variables { marks, used: Vec::new() };
    let words: Vec<String> = filled.iter().map(|word| vars.word(word)).collect();
    AzCommand { notes: vars.notes(), lines: vec![(0, words.join(" "))] }
}

/// Marks that stand for what is not known, and those that were met.
struct Variables {
    marks: Vec<String>,
    used: Vec<String>,
}

impl Variables {
    /// `text` as one word of bash, its marks as variables.
    fn quote(&mut self, text: &str) -> String {
        let literal = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
        let mut quoted = String::new();
        let mut rest = text;
        while let Some((at, mark)) = self.next(rest) {
            let (before, after) = rest.split_at(at);
            if !before.is_empty() {
                quoted.push_str(&literal(before));
            }
            quoted.push_str(&format!("\"${}\"", variable(&mark)));
            rest = after.get(mark.len()..).unwrap_or_default();
            if !self.used.contains(&mark) {
                self.used.push(mark);
            }
        }
        if !rest.is_empty() || quoted.is_empty() {
            quoted.push_str(&literal(rest));
        }
        quoted
    }

    /// `text` as one word of bash, without quotes where it needs none.
    fn word(&mut self, text: &str) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@".contains(c);
        if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { self.quote(text) }
    }

    fn next(&self, text: &str) -> Option<(usize, String)> {
        let found =
            self.marks.iter().filter_map(|mark| text.find(mark.as_str()).map(|at| (at, mark.clone())));
        found.min_by_key(|(at, _)| *at)
    }

    fn notes(&self) -> Vec<String> {
        self.used.iter().map(|mark| format!("${}: {}", variable(mark), meaning(mark))).collect()
    }
}

/// `{access.identity.principalId}` as `ACCESS_IDENTITY_PRINCIPAL_ID`.
fn variable(mark: &str) -> String {
    let name = mark.trim_matches(['{', '}']);
    let name = name.strip_prefix("secret: ").unwrap_or(name);
    let mut variable = String::new();
    let mut before = '_';
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
                variable.push('_');
            }
            variable.push(c.to_ascii_uppercase());
        } else if !variable.ends_with('_') && !variable.is_empty() {
            variable.push('_');
        }
        before = c;
    }
    // A name of bash begins with no digit.
    if variable.starts_with(|c: char| c.is_ascii_digit()) || variable.is_empty() {
        variable.insert(0, '_');
    }
    variable
}

fn meaning(mark: &str) -> String {
    let name = mark.trim_matches(['{', '}']);
    if mark == DERIVED {
        return "an id that hubup derives once the values above are known".to_owned();
    }
    match (name.strip_prefix("secret: "), name.rsplit_once('.')) {
        (Some(secret), _) => format!("a secret, {secret}"),
        (None, Some((step, output))) => format!("what {step} gives as {output}"),
        (None, None) => name.to_owned(),
    }
}
