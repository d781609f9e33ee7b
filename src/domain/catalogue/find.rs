//! The search: the entry of an error, and the entry that a person asks for.

use super::entry::{Entry, Match, bare};
use super::{access, general, links, plane, resources, sign_in};
use crate::domain::{ErrorKind, ServiceError};

const PARTS: [&[Entry]; 6] =
    [sign_in::ENTRIES, resources::ENTRIES, access::ENTRIES, links::ENTRIES, plane::ENTRIES, general::ENTRIES];

/// All entries, the closest ones to a person first: sign-in, resources, access, links, the service plane, then what is known
/// by status alone.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    PARTS.into_iter().flatten()
}

/// The entry that fits `error` best: by its code, then by what its message says, then by status and kind.
pub fn find(error: &ServiceError) -> Option<&'static Entry> {
    let mut best: Option<(u8, &'static Entry)> = None;
    for entry in entries() {
        let fit = entry.matches.iter().map(|condition| condition.fit(error)).max().unwrap_or_default();
        if fit > best.map_or(0, |(best, _)| best) {
            best = Some((fit, entry));
        }
    }
    best.map(|(_, entry)| entry)
}

/// True when `error` has a code that no entry names, so that `entry` tells of its status alone.
pub fn is_unknown(error: &ServiceError, entry: Option<&Entry>) -> bool {
    let Some(code) = error.code.as_deref() else { return false };
    let named = |entry: &Entry| entry.matches.iter().any(|condition| names(*condition, code));
    let by_status = entry.is_none_or(|entry| {
        entry.matches.iter().all(|condition| match condition {
            Match::Kind(..) | Match::KindWith(..) => true,
            condition => condition.fit(error) == 0,
        })
    });
    by_status && !entries().any(named)
}

/// What was found for what a person typed.
#[derive(Debug)]
pub enum Explained {
    /// The entries that it names; one code can mean several things.
    Known(Vec<&'static Entry>),
    /// Nothing; the nearest codes that are known, at most five.
    Unknown(Vec<&'static str>),
}

/// Looks up what a person typed: a code (`AuthorizationFailed`, `AADSTS50076`, `50076`, `IH400913`), a status (`429`,
/// `HTTP 429`) or a key.
pub fn explain(typed: &str) -> Explained {
    let typed = typed.trim().trim_matches(['`', '"', '\'', ':']);
    let lower = typed.to_ascii_lowercase();
    let key: Vec<_> = entries().filter(|entry| entry.key == lower).collect();
    if !key.is_empty() {
        return Explained::Known(key);
    }
    let coded: Vec<_> =
        entries().filter(|entry| entry.matches.iter().any(|condition| names(*condition, typed))).collect();
    if !coded.is_empty() {
        return Explained::Known(coded);
    }
    let digits = lower.strip_prefix("http").unwrap_or(&lower).trim_start_matches([' ', '/', '-']);
    if let Ok(status) = digits.parse::<u16>() {
        let by_status: Vec<_> = entries().filter(|entry| answers_to(entry, status)).collect();
        if !by_status.is_empty() {
            return Explained::Known(by_status);
        }
    }
    Explained::Unknown(nearest(&lower))
}

fn names(condition: Match, code: &str) -> bool {
    condition.codes().iter().any(|known| bare(known).eq_ignore_ascii_case(bare(code)))
}

/// Whether an entry speaks of a status without a code.
fn answers_to(entry: &Entry, status: u16) -> bool {
    let kind = match status {
        401 => ErrorKind::Auth,
        403 => ErrorKind::Forbidden,
        404 | 410 => ErrorKind::NotFound,
        409 | 412 => ErrorKind::Conflict,
        429 => ErrorKind::Throttled,
        408 | 500..=599 => ErrorKind::Service,
        300..=399 | 407 => ErrorKind::NotAzure,
        _ => return false,
    };
    let special = entries().any(|entry| has_status(entry, kind, status));
    if special {
        return has_status(entry, kind, status);
    }
    entry.matches.iter().any(|condition| matches!(condition, Match::Kind(of, _) if *of == kind))
}

fn has_status(entry: &Entry, kind: ErrorKind, status: u16) -> bool {
    entry.matches.iter().any(
        |condition| matches!(condition, Match::KindWith(of, statuses) if *of == kind && statuses.contains(&status)),
    )
}

/// The known codes and keys that are spelt most alike.
fn nearest(typed: &str) -> Vec<&'static str> {
    let codes = entries().flat_map(|entry| entry.matches.iter().flat_map(|condition| condition.codes()));
    let names = entries().map(|entry| entry.key).chain(codes.copied());
    let typed: String = typed.chars().take(80).collect();
    let mut ranked: Vec<(usize, &'static str)> = names
        .map(|name| {
            let lower = name.to_ascii_lowercase();
            let inside = typed.len() > 3 && (lower.contains(&typed) || typed.contains(&lower));
            (if inside { 0 } else { distance(&typed, &lower) }, name)
        })
        .filter(|(distance, name)| *distance * 2 <= name.len().max(4))
        .collect();
    ranked.sort_unstable();
    ranked.dedup();
    ranked.into_iter().take(5).map(|(_, name)| name).collect()
}

/// The number of single changes that make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut next = vec![at + 1];
        for (column, (known, pair)) in other.iter().zip(row.windows(2)).enumerate() {
            let [diagonal, above] = *pair else { continue };
            let left = next.get(column).copied().unwrap_or(usize::MAX - 1);
            next.push((diagonal + usize::from(letter != *known)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
