//! Small text work for screens and the summary: widths, cutting, wrapping, clocks. Pure; knows no terminal.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::domain::clean;

/// No text from outside is shown beyond this many characters in one piece.
const LONGEST: usize = 4_000;

/// Text from outside as one line that is safe to show.
pub(super) fn safe(text: &str) -> String {
    clean(text, LONGEST).replace('\n', " ")
}

/// How many cells `text` takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The beginning of `text` that fits `cells`, with an ellipsis where something was cut.
pub(super) fn cut(text: &str, cells: usize) -> String {
    if text.width() <= cells {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut taken = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if taken + wide + 1 > cells {
            break;
        }
        kept.push(c);
        taken += wide;
    }
    if cells > 0 {
        kept.push('…');
    }
    kept
}

/// `text` in exactly `cells`: cut, or filled with spaces.
pub(super) fn pad(text: &str, cells: usize) -> String {
    let mut padded = cut(text, cells);
    let spaces = cells.saturating_sub(padded.width());
    padded.extend(std::iter::repeat_n(' ', spaces));
    padded
}

/// `text` in lines of at most `cells`, broken between words where it can be. Always at least one line.
pub(super) fn wrap(text: &str, cells: usize) -> Vec<String> {
    let cells = cells.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        let mut taken = 0;
        for word in paragraph.split(' ') {
            let wide = word.width();
            if taken > 0 && taken + 1 + wide > cells {
                lines.push(std::mem::take(&mut line));
                taken = 0;
            }
            if taken > 0 {
                line.push(' ');
                taken += 1;
            }
            for c in word.chars() {
                let wide = c.width().unwrap_or(0);
                if taken > 0 && taken + wide > cells {
                    lines.push(std::mem::take(&mut line));
                    taken = 0;
                }
                line.push(c);
                taken += wide;
            }
        }
        lines.push(line);
    }
    lines
}

/// The whole seconds between two times, 0 when they are the wrong way round.
pub(super) fn seconds(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.as_second().saturating_sub(from.as_second())).unwrap_or(0)
}

/// A span in seconds as `mm:ss`, with hours only when there are some.
pub(super) fn clock(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{rest:02}") } else { format!("{minutes:02}:{rest:02}") }
}

/// How long ago something was, in one word or two.
pub(super) fn ago(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => "just now".to_owned(),
        (0, 0, minutes) => format!("{minutes} min ago"),
        (0, hours, _) => format!("{hours} h ago"),
        (1, ..) => "1 day ago".to_owned(),
        (days, ..) => format!("{days} days ago"),
    }
}

/// The time of day in `zone` as `hh:mm:ss`.
pub(super) fn time_of_day(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone()).strftime("%H:%M:%S").to_string()
}

/// The time of day, or the time since `since`, in the eight cells of either.
pub(super) fn stamp(at: Timestamp, zone: &TimeZone, since: Option<Timestamp>) -> String {
    match since.filter(|since| *since <= at) {
        Some(since) => format!("{:>8}", format!("+{}", clock(seconds(since, at)))),
        None => time_of_day(at, zone),
    }
}

/// `text` without its first `cells` cells. A glyph that is cut in half leaves a space.
pub(super) fn without(text: &str, cells: usize) -> String {
    let mut skipped = 0;
    let mut chars = text.chars();
    while skipped < cells
        && let Some(c) = chars.next()
    {
        skipped += c.width().unwrap_or(0);
    }
    let mut rest = " ".repeat(skipped.saturating_sub(cells));
    // A mark that joins the glyph before it goes with that.
    let mut tail = chars.as_str();
    while let Some(c) = tail.chars().next().filter(|c| cells > 0 && c.width() == Some(0)) {
        tail = tail.get(c.len_utf8()..).unwrap_or_default();
    }
    rest.push_str(tail);
    rest
}

/// Where `needle` stands in `text` without regard to case, as byte ranges. `needle` is lower case.
pub(super) fn matches(text: &str, needle: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    if needle.is_empty() {
        return found;
    }
    let mut from = 0;
    while let Some(rest) = text.get(from..) {
        let hit = rest.char_indices().find_map(|(at, _)| {
            let tail = rest.get(at..)?;
            prefix(tail, needle).map(|length| (from + at, from + at + length))
        });
        let Some((start, end)) = hit else { break };
        found.push((start, end));
        from = end;
    }
    found
}

/// How many bytes of `text` are `needle`, compared lower-cased, when it begins with it.
fn prefix(text: &str, needle: &str) -> Option<usize> {
    let mut wanted = needle.chars();
    for (at, c) in text.char_indices() {
        for lower in c.to_lowercase() {
            match wanted.next() {
                Some(want) if want == lower => {}
                Some(_) => return None,
                None => return Some(at),
            }
        }
        if wanted.as_str().is_empty() {
            return Some(at + c.len_utf8());
        }
    }
    None
}
