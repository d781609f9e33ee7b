//! Takes secrets out of what services say: by the name of a member, by the form of a text, by value.
//!
//! Everything that leaves `azure` for a log, the journal or a screen has gone through here, or must go through
//! [`body`] and [`text`] first.

use serde_json::{Map, Value};

use super::vault::Vault;
use crate::domain::clean;

/// What stands where a secret stood.
pub const MASK: &str = "***";

/// How the mark of a secret begins (`domain::Part`).
const MARK: &str = "{secret: ";

/// Bytes of text that a body keeps.
const BODY_BUDGET: usize = 16 * 1024;
/// Characters that one text of a body keeps.
const LONGEST_TEXT: usize = 4 * 1024;
const DEEPEST: usize = 24;
/// Shorter values would mask half of every message.
const SHORTEST_SECRET: usize = 8;

/// Names of members whose values are secrets, lower case, without `_` and `-`.
const SECRET_NAMES: &[&str] = &[
    "accesstoken",
    "accountkey",
    "assertion",
    "authorization",
    "clientassertion",
    "clientsecret",
    "connectionstring",
    "idtoken",
    "password",
    "primaryconnectionstring",
    "primarykey",
    "privatekey",
    "refreshtoken",
    "sas",
    "sastoken",
    "secondaryconnectionstring",
    "secondarykey",
    "secret",
    "sharedaccesskey",
    "sharedaccesssignature",
    "token",
];

/// Names of a query whose values are no secrets.
const OPEN_QUERY: &[&str] = &["api-version", "$filter", "$select"];

/// Signs in a text after which a secret stands, lower case. The value ends at a delimiter.
const SECRET_SIGNS: &[&str] = &[
    "sharedaccesskey=",
    "accountkey=",
    "sig=",
    "client_secret=",
    "client_assertion=",
    "access_token=",
    "refresh_token=",
    "password=",
    "bearer ",
];

/// Says whether a member called `name` holds a secret.
pub fn is_secret_name(name: &str) -> bool {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    SECRET_NAMES.contains(&plain.as_str())
}

/// `value` without secrets, control bytes, great depth and great length, for the journal and the screen. It is
/// still valid JSON; what was left out is marked with `…`.
pub fn body(value: &Value) -> Value {
    let mut left = BODY_BUDGET;
    capped(&masked(value), DEEPEST, &mut left)
}

/// `value` with every secret member and every signature masked, otherwise as it is.
pub fn masked(value: &Value) -> Value {
    match value {
        Value::String(string) => Value::String(text(string)),
        Value::Array(items) => Value::Array(items.iter().map(masked).collect()),
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, value)| {
                    let value = match value {
                        Value::String(string) if is_secret_name(name) => Value::String(mask_whole(string)),
                        other => masked(other),
                    };
                    (name.clone(), value)
                })
                .collect(),
        ),
        other => other.clone(),
    }
}

/// [`masked`], and without the secrets of `vault` wherever a text holds them.
pub fn masked_with(value: &Value, vault: &Vault) -> Value {
    let mut value = value.clone();
    mask_known(&mut value, vault);
    masked(&value)
}

/// A connection string keeps its host and key name, which tell what it is for.
fn mask_whole(secret: &str) -> String {
    let partly = text(secret);
    let is_mark = secret.starts_with(MARK) && mark_end(secret, 0) == Some(secret.len());
    if secret.is_empty() || is_mark || partly.contains("=***") || partly.contains("={secret: ") {
        partly
    } else {
        MASK.to_owned()
    }
}

/// `value` with each secret of `vault` masked as `{secret: name}` wherever a text holds it.
pub(super) fn mask_known(value: &mut Value, vault: &Vault) {
    let known = vault.hidden();
    if known.is_empty() {
        return;
    }
    walk(value, &mut |string| {
        for (name, secret) in &known {
            replace(string, secret.secret(), &format!("{{secret: {name}}}"));
        }
    });
}

/// `message` with each of `secrets`, plain or percent-encoded, masked; also one that was cut at the message's end.
pub(super) fn mask_values<'a>(message: &str, secrets: impl Iterator<Item = &'a str>) -> String {
    let mut message = message.to_owned();
    for secret in secrets {
        let encoded = percent_encoded(secret);
        for form in [secret, &encoded, &lower_escapes(&encoded)] {
            replace(&mut message, form, MASK);
            mask_cut(&mut message, form);
        }
    }
    message
}

/// Masks the first part of `secret` where a message that was cut ends with it.
fn mask_cut(message: &mut String, secret: &str) {
    let Some(kept) = message.strip_suffix('…') else { return };
    let prefixes =
        secret.char_indices().map(|(at, _)| &secret[..at]).filter(|part| part.len() >= SHORTEST_SECRET);
    let longest = prefixes.filter(|part| kept.ends_with(part)).map(str::len).max();
    if let Some(length) = longest {
        let kept = &kept[..kept.len() - length];
        *message = format!("{kept}{MASK}…");
    }
}

/// `%2B` as `%2b`: both are written.
fn lower_escapes(encoded: &str) -> String {
    let mut parts = encoded.split('%');
    let mut lower = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        lower.push_str(&format!("%{}{rest}", digits.to_ascii_lowercase()));
    }
    lower
}

/// `text` without shared access keys, signatures, passwords and tokens.
pub fn text(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    let mut before = ' ';
    while let Some(c) = text[at..].chars().next() {
        let at_word = !before.is_ascii_alphanumeric();
        let sign = SECRET_SIGNS.iter().find(|sign| at_word && lower[at..].starts_with(**sign));
        before = c;
        if let Some(sign) = sign {
            let from = at + sign.len();
            kept.push_str(&text[at..from]);
            if let Some(end) = mark_end(text, from) {
                kept.push_str(&text[from..end]);
                at = end;
            } else {
                at = value_end(text, from);
                kept.push_str(if at > from { MASK } else { "" });
            }
        } else if let Some(end) = web_token_end(text, at, at_word) {
            kept.push_str(MASK);
            at = end;
        } else {
            kept.push(c);
            at += c.len_utf8();
        }
    }
    kept
}

/// `url` with nothing in its query but names that are known to hold no secret: a status URL is signed, under names of
/// its own.
pub fn url(url: &str) -> String {
    let Some((place, query)) = url.split_once('?') else { return text(url) };
    let known = |part: &&str| OPEN_QUERY.contains(&part.split('=').next().unwrap_or_default());
    let kept: Vec<&str> = query.split('&').filter(known).collect();
    let mark = if kept.is_empty() { "" } else { "?" };
    text(&format!("{place}{mark}{}", kept.join("&")))
}

/// Where the mark `{secret: name}` that begins at `from` ends: a request shown as a template holds such marks, and
/// they are no secrets.
fn mark_end(text: &str, from: usize) -> Option<usize> {
    let rest = text.get(from..)?.strip_prefix(MARK)?;
    let length = rest.find('}')?;
    Some(from + MARK.len() + length + 1)
}

/// Where the secret that begins at `from` ends.
fn value_end(text: &str, from: usize) -> usize {
    text[from..]
        .find(|c: char| {
            c.is_whitespace() || matches!(c, ';' | '&' | '"' | '\'' | ',' | '<' | '>' | ')' | '`' | '\\')
        })
        .map_or(text.len(), |length| from + length)
}

/// Where the JSON web token that begins at `at` ends: `eyJ` and at least one dot among base64url characters.
fn web_token_end(text: &str, at: usize, at_word: bool) -> Option<usize> {
    let rest = &text[at..];
    if !at_word || !rest.starts_with("eyJ") {
        return None;
    }
    let length = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(rest.len());
    (length >= 20 && rest[..length].trim_end_matches('.').contains('.')).then_some(at + length)
}

fn replace(string: &mut String, secret: &str, by: &str) {
    if secret.len() >= SHORTEST_SECRET && string.contains(secret) {
        *string = string.replace(secret, by);
    }
}

fn walk(value: &mut Value, change: &mut dyn FnMut(&mut String)) {
    match value {
        Value::String(string) => change(string),
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, change)),
        Value::Object(members) => members.iter_mut().for_each(|(_, member)| walk(member, change)),
        _ => {}
    }
}

/// Everything but unreserved characters as `%XX`, as .NET, Python and the SAS formula of contract preview-2025, 7b
/// encode it.
pub(super) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(byte.into());
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn capped(value: &Value, depth: usize, left: &mut usize) -> Value {
    if *left == 0 || depth == 0 {
        return Value::String("…".to_owned());
    }
    match value {
        Value::String(string) => {
            let longest = LONGEST_TEXT.min(*left);
            let kept = clean(string, longest);
            *left = left.saturating_sub(kept.len());
            Value::String(kept)
        }
        Value::Array(items) => {
            let mut kept = Vec::new();
            for item in items {
                *left = left.saturating_sub(1);
                kept.push(capped(item, depth - 1, left));
                if *left == 0 {
                    break;
                }
            }
            Value::Array(kept)
        }
        Value::Object(members) => {
            let mut kept = Map::new();
            for (name, member) in members {
                *left = left.saturating_sub(name.len() + 4);
                if *left == 0 {
                    kept.insert("…".to_owned(), Value::String("…".to_owned()));
                    break;
                }
                kept.insert(clean(name, 200), capped(member, depth - 1, left));
            }
            Value::Object(kept)
        }
        other => {
            *left = left.saturating_sub(8);
            other.clone()
        }
    }
}
