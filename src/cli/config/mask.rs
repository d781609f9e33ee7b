//! Takes out of a text what a person may have put there though it is secret, before a line of it is shown.
//!
//! No key of the setup file takes a secret; this is for files in which one was pasted all the same. It would rather
//! hide too much: from where a secret begins, the rest of the line goes.

use super::suggest::sounds_secret;

/// What stands before a secret in connection strings and signed addresses (contract preview-2025, 5b and 7b).
const MARKS: [&str; 3] = ["sharedaccesskey=", "accountkey=", "sig="];

/// No name of a secret is longer; a key is looked for no further back.
const LONGEST_KEY: usize = 64;

/// The text with every byte of a probable secret as `*`: places stay where they were.
pub(super) fn mask(text: &str) -> String {
    let mut masked = String::new();
    // The quotes that end a secret of several lines.
    let mut closing = None;
    for line in text.split_inclusive('\n') {
        if let Some(quotes) = closing {
            masked.push_str(&stars(line));
            closing = (!line.contains(quotes)).then_some(quotes);
        } else {
            masked.push_str(&mask_line(line));
            closing = opens_secret(line);
        }
    }
    masked
}

/// Says whether a value is, or holds, what only Azure's own secrets look like.
pub(super) fn holds_secret(value: &str) -> bool {
    secret_begin(value).is_some()
}

fn opens_secret(line: &str) -> Option<&'static str> {
    let (key, value) = line.split_once('=')?;
    let quotes = ["\"\"\"", "'''"].into_iter().find(|quotes| value.trim_start().starts_with(quotes))?;
    (sounds_secret(key) && value.matches(quotes).count() == 1).then_some(quotes)
}

fn mask_line(line: &str) -> String {
    let line = mask_user(line);
    let begins = [named_secret_begin(&line), secret_begin(&line)];
    let Some((shown, secret)) = begins.into_iter().flatten().min().and_then(|at| line.split_at_checked(at))
    else {
        return line;
    };
    format!("{shown}{}", stars(secret))
}

/// Where the value of a key begins that is named as secrets are; the key may stand in an inline table.
fn named_secret_begin(line: &str) -> Option<usize> {
    let named = |at: &usize| {
        let before =
            line.get(line.floor_char_boundary(at.saturating_sub(LONGEST_KEY))..*at).unwrap_or_default();
        let key = before.rsplit(|c: char| ",{;(`=:".contains(c)).next().unwrap_or(before).trim();
        sounds_secret(key.rsplit(' ').next().unwrap_or(key))
    };
    line.match_indices(['=', ':']).map(|(at, _)| at).find(named).map(|at| at + 1)
}

fn secret_begin(line: &str) -> Option<usize> {
    let lower = line.to_ascii_lowercase();
    MARKS.iter().filter_map(|mark| Some(lower.find(mark)? + mark.len())).min()
}

/// Masks the user and the password of an address.
fn mask_user(line: &str) -> String {
    let user = line.find("://").and_then(|at| {
        let rest = line.get(at + 3..)?;
        let authority = rest.get(..rest.find(['/', '"', '\'']).unwrap_or(rest.len()))?;
        Some((at + 3, at + 3 + authority.rfind('@')?))
    });
    let parts = user.and_then(|(from, to)| Some((line.get(..from)?, line.get(from..to)?, line.get(to..)?)));
    match parts {
        Some((before, user, after)) => format!("{before}{}{after}", stars(user)),
        None => line.to_owned(),
    }
}

fn stars(text: &str) -> String {
    let mut stars = String::new();
    for c in text.chars() {
        if c.is_whitespace() {
            stars.push(c);
        } else {
            stars.extend(std::iter::repeat_n('*', c.len_utf8()));
        }
    }
    stars
}
