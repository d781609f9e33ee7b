//! Guesses what a person meant: the nearest key, the usual slip, the placeholder that was never filled in.
//!
//! Guesses are only ever told, never used.

use crate::domain::clean;

/// A key or a table that a setup file may have.
pub(super) struct Known {
    /// Dotted, empty for the top level.
    pub(super) table: &'static str,
    pub(super) key: &'static str,
    pub(super) is_table: bool,
}

impl Known {
    pub(super) fn dotted(&self) -> String {
        if self.table.is_empty() { self.key.to_owned() } else { format!("{}.{}", self.table, self.key) }
    }

    /// As a person writes it: `hub_location`, `name` in `[hub]`, `[hub]`.
    fn told(&self) -> String {
        match (self.is_table, self.table) {
            (true, _) => format!("`[{}]`", self.dotted()),
            (false, "") => format!("`{}`", self.key),
            (false, table) => format!("`{}` in `[{table}]`", self.key),
        }
    }
}

/// Names for our keys in the documents and scripts that people come from, and in the heads of people.
const SYNONYMS: [(&str, &str, &str); 18] = [
    ("user_identity", "identity", "name"),
    ("managed_identity", "identity", "name"),
    ("custom_role_name", "roles", "name"),
    ("role_name", "roles", "name"),
    ("role", "roles", "kind"),
    ("enrollment_id", "enrollment", "group"),
    ("enrollment_group", "enrollment", "group"),
    ("iot_hub_name", "hub", "name"),
    ("iot_hub", "hub", "name"),
    ("adr_namespace", "namespace", "name"),
    ("provisioning_service", "dps", "name"),
    ("credential_policy", "certificates", "policy"),
    ("validity_days", "certificates", "leaf_days"),
    ("region", "", "location"),
    ("hub_region", "", "hub_location"),
    ("sub", "", "subscription"),
    ("subscription_name", "", "subscription"),
    ("rg", "", "resource_group"),
];

/// What was probably meant by the unknown `key` of `table`, as a whole suggestion.
pub(super) fn nearest(known: &[Known], table: &str, key: &str, is_table: bool) -> Option<String> {
    // No key of ours is nearly as long.
    if key.len() > 64 {
        return None;
    }
    let typed = snake(key);
    let joined = if table.is_empty() { typed.clone() } else { format!("{}_{typed}", snake(table)) };
    if !is_table && matches!(typed.as_str(), "proxy" | "https_proxy" | "http_proxy") {
        return Some("remove it; a proxy is read from `HTTPS_PROXY` and `NO_PROXY`".to_owned());
    }
    let synonym = SYNONYMS.iter().find(|(word, ..)| *word == typed || *word == joined);
    let meant = known
        .iter()
        .filter(|known| known.is_table == is_table)
        .filter_map(|known| Some((distance_to(known, table, &typed, &joined)?, known)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
        .or_else(|| {
            let (_, table, key) = synonym?;
            known.iter().find(|known| known.table == *table && known.key == *key)
        })?;
    let away = meant.table.is_empty() && !table.is_empty() && !meant.is_table;
    let place = if away { " at the top of the file, before the first `[table]`" } else { "" };
    Some(format!("did you mean {}{place}?", meant.told()))
}

/// How far a known key is from what was typed, smaller being nearer; `None` when it is something else altogether.
fn distance_to(known: &Known, table: &str, typed: &str, joined: &str) -> Option<usize> {
    let near = |word: &str, other: &str| {
        let distance = distance(word, other);
        (distance <= (other.len() / 3).min(3)).then_some(distance)
    };
    if known.table == table {
        return near(typed, known.key).map(|distance| distance * 2);
    }
    let elsewhere = near(joined, &snake(&known.dotted())).map(|distance| distance * 2 + 1);
    // `name` alone says nothing about which.
    let same_word = (typed == known.key && known.key != "name").then_some(2);
    [elsewhere, same_word].into_iter().flatten().min()
}

/// `hubLocation`, `HUB-LOCATION` and `hub.location` as `hub_location`.
fn snake(key: &str) -> String {
    let mut snake = String::new();
    let mut after_lower = false;
    for c in key.chars() {
        if c.is_uppercase() && after_lower {
            snake.push('_');
        }
        after_lower = c.is_lowercase() || c.is_ascii_digit();
        if matches!(c, '-' | ' ' | '.') { snake.push('_') } else { snake.extend(c.to_lowercase()) }
    }
    snake
}

/// How many characters must be changed, left out, put in or swapped with their neighbour.
pub(super) fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().collect();
    let other: Vec<char> = other.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (row, c) in one.iter().enumerate() {
        let mut here = vec![row + 1];
        for (column, d) in other.iter().enumerate() {
            let at = |line: &[usize], column: usize| line.get(column).copied().unwrap_or(usize::MAX / 2);
            let mut least = at(&above, column) + usize::from(c != d);
            least = least.min(at(&above, column + 1) + 1).min(at(&here, column) + 1);
            let swapped =
                row > 0 && column > 0 && one.get(row - 1) == Some(d) && other.get(column - 1) == Some(c);
            if swapped {
                least = least.min(at(&before, column - 1) + 1);
            }
            here.push(least);
        }
        before = std::mem::replace(&mut above, here);
    }
    above.last().copied().unwrap_or(0)
}

/// Says whether a key is named as secrets are.
pub(super) fn sounds_secret(key: &str) -> bool {
    const WORDS: [&str; 14] = [
        "secret",
        "password",
        "passwd",
        "pwd",
        "token",
        "credential",
        "privatekey",
        "accesskey",
        "accountkey",
        "primarykey",
        "secondarykey",
        "sharedkey",
        "apikey",
        "connectionstring",
    ];
    let letters: String =
        key.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect();
    letters.len() >= 3 && WORDS.iter().any(|word| letters.contains(word))
}

/// Says whether a value is one that was meant to be replaced.
pub(super) fn is_placeholder(value: &str) -> bool {
    let lower = value.trim().to_lowercase();
    let bracketed = |open: &str, close: char| {
        lower.find(open).and_then(|at| lower.get(at + open.len()..)).is_some_and(|rest| rest.contains(close))
    };
    let variable = lower
        .split('$')
        .skip(1)
        .any(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '{' | '(' | '_')));
    bracketed("<", '>')
        || bracketed("{{", '}')
        || variable
        || (lower.len() > 2 && lower.starts_with('%') && lower.ends_with('%'))
        || ["your-", "your_", "your "].iter().any(|start| lower.starts_with(start))
        || ["changeme", "change-me", "tbd", "xxx", "...", "00000000-0000-0000-0000-000000000000"]
            .contains(&lower.as_str())
}

/// What to do about a line that is no TOML, when it is one of the usual slips.
pub(super) fn mend_line(line: &str, text: &str) -> Option<String> {
    let line = line.trim();
    if text.trim_start().starts_with(['{']) {
        return Some("this looks like JSON; a setup file is TOML, and `hubup init` writes one".to_owned());
    }
    if line.starts_with("<<<<<<<") || line.starts_with("=======") || line.starts_with(">>>>>>>") {
        return Some("resolve the merge conflict first".to_owned());
    }
    if line.contains(['“', '”', '„', '‘', '’']) {
        return Some("use straight quotes: \" instead of “ or ”".to_owned());
    }
    if line.starts_with('[') && !line.contains(']') {
        return Some(format!("close the bracket: `{}]`", short(line)));
    }
    match line.split_once('=') {
        None => {
            let (key, value) = line.split_once(':')?;
            let value = value.trim().trim_matches(['"', '\'', ',']);
            (!value.is_empty()).then(|| format!("write `{} = \"{}\"`", short(key.trim()), short(value)))
        }
        Some((key, value)) => {
            let (key, value) = (key.trim(), value.trim());
            let plain_key =
                !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
            if value.is_empty() {
                Some(format!("write a value, or remove `{}`", short(key)))
            } else if !plain_key {
                Some("write a key as letters and underscores, or put it in quotes".to_owned())
            } else if value.matches('"').count() == 1 || value.matches('\'').count() == 1 {
                let value = value.trim_matches(['"', '\'']);
                Some(format!("write both quotes: `{} = \"{}\"`", short(key), short(value)))
            } else if value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false") {
                Some(format!("write `{} = {}`", short(key), value.to_ascii_lowercase()))
            } else if !value.starts_with(['"', '\'', '[', '{']) {
                let value =
                    value.split(" #").next().unwrap_or(value).trim_end_matches(['"', '\'', ',', ';', ' ']);
                Some(format!("put a text in quotes: `{} = \"{}\"`", short(key), short(value)))
            } else {
                None
            }
        }
    }
}

/// A key as it must stand in a file.
pub(in crate::cli) fn quoted_key(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    if !key.is_empty() && key.chars().all(plain) { key.to_owned() } else { quoted(key) }
}

/// A text, or a key, as it must stand in a file: on one line, with everything escaped that does not show.
pub(in crate::cli) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() || clean(c.encode_utf8(&mut [0; 4]), 1).is_empty() => {
                quoted.push_str(&format!("\\U{:08X}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A text of the file for use in a sentence: on one line, safe for a terminal, not long.
pub(super) fn short(text: &str) -> String {
    clean(text, 60).replace('\n', " ")
}
