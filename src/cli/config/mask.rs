//! Takes out of a text what a person may have put there though it is secret, before a line of it is shown.
//!
//! No key of the setup file takes a secret; this is for files in which one was pasted all the same.

use super::suggest::sounds_secret;

/// What stands before a secret in connection strings, signed addresses and headers (contract preview-2025, 5b, 7b).
const MARKS: [&str; 5] = ["sharedaccesskey=", "accountkey=", "sig=", "signature=", "bearer "];

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

fn opens_secret(line: &str) -> Option<&'static str> {
    let (key, value) = line.split_once('=')?;
    let quotes = ["\"\"\"", "'''"].into_iter().find(|quotes| value.trim_start().starts_with(quotes))?;
    (sounds_secret(key) && value.matches(quotes).count() == 1).then_some(quotes)
}

fn mask_line(line: &str) -> String {
    if let Some(at) = line.find(['=', ':'])
        && let Some((key, value)) = line.split_at_checked(at + 1)
        && sounds_secret(key)
    {
        return format!("{key}{}", stars(value));
    }
    let lower = line.to_ascii_lowercase();
    let mut masked = String::new();
    let mut at = 0;
    while let Some(rest) = lower.get(at..) {
        let found = MARKS.iter().filter_map(|mark| Some(rest.find(mark)? + mark.len())).min();
        let Some(found) = found else { break };
        masked.push_str(line.get(at..at + found).unwrap_or_default());
        let secret = line.get(at + found..).unwrap_or_default();
        let ends = |c: char| c.is_whitespace() || ";&\"'".contains(c);
        let length = secret.find(ends).unwrap_or(secret.len());
        masked.push_str(&stars(secret.get(..length).unwrap_or_default()));
        at += found + length;
    }
    masked.push_str(line.get(at..).unwrap_or_default());
    masked
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
