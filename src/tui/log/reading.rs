//! Work over the journal's lines: reading back, searching, sifting, taking them out. Given a source by `drive`, which
//! does it beside the screen; changes nothing.

use std::collections::VecDeque;
use std::ops::Range;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::{Line, LogSource};
use crate::tui::text::{safe, stamp};

use super::{Filter, holds};

/// How far from where it is expected the first line in memory is looked for in the journal.
const DRIFT: usize = 64;
/// How many lines are read in between two looks at whether to stop.
const CHUNK: usize = 2_000;

/// How the journal's count of lines is found: it may have told a few before the screen was told of any.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Anchor {
    /// The oldest line in memory.
    pub first: Option<Line>,
    /// The number that the screen has for it.
    pub expected: usize,
}

impl Anchor {
    /// How much greater the journal's numbers are.
    pub(crate) fn shift(&self, source: &dyn LogSource) -> isize {
        let Some(first) = &self.first else { return 0 };
        let place = locate(source, first, self.expected);
        isize::try_from(place).unwrap_or(0) - isize::try_from(self.expected).unwrap_or(0)
    }
}

/// A search of lines that are not in memory.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Seek {
    pub token: u64,
    pub range: Range<usize>,
    pub forward: bool,
    pub query: String,
    pub filter: Filter,
    pub anchor: Anchor,
}

/// A look at which lines that are not in memory pass a filter.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Sift {
    pub token: u64,
    /// The number of the first line that was in memory.
    pub until: usize,
    pub filter: Filter,
    pub anchor: Anchor,
}

/// Where lines are taken to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum To {
    /// The newest that fit so many bytes.
    Clipboard(usize),
    /// A new file in the working folder, whose name begins so.
    File(String),
}

/// Lines to take out of the log.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Take {
    /// For the note: `hub.create`, `the log`.
    pub what: String,
    pub filter: Filter,
    pub to: To,
    pub zone: TimeZone,
    /// When the run began, where times are told since then.
    pub since: Option<Timestamp>,
}

impl Take {
    /// `line` as it is taken.
    pub(crate) fn told(&self, line: &Line) -> String {
        text_of(line, &self.zone, self.since)
    }

    /// The newest lines of `source` that fit `most` bytes, with how many they are and how many there were.
    pub(crate) fn newest(&self, source: &dyn LogSource, most: usize) -> (String, usize, usize) {
        let mut kept: VecDeque<String> = VecDeque::new();
        let (mut bytes, mut all) = (0, 0);
        for chunk in chunks(0..source.len()) {
            for line in source.lines(chunk).iter().filter(|line| self.filter.passes(line)) {
                all += 1;
                let told = self.told(line);
                bytes += told.len() + 1;
                kept.push_back(told);
                while bytes > most && kept.len() > 1 {
                    bytes -= kept.pop_front().map_or(0, |line| line.len() + 1);
                }
            }
        }
        let count = kept.len();
        let mut text = String::with_capacity(bytes);
        for line in kept {
            text.push_str(&line);
            text.push('\n');
        }
        (text, count, all)
    }

    /// What to tell of a copy of `count` of `all` lines.
    pub(crate) fn copied(&self, count: usize, all: usize) -> String {
        let lines = if all == 1 { "1 line".to_owned() } else { format!("{all} lines") };
        if count < all {
            format!("copied by OSC 52: the last {count} of {lines} of {}; Y saves them all", self.what)
        } else {
            format!("copied by OSC 52: {lines} of {}", self.what)
        }
    }

    /// Every line of `source` that is taken, read as they are asked for.
    pub(crate) fn lines<'a>(&'a self, source: &'a dyn LogSource) -> impl Iterator<Item = String> + 'a {
        chunks(0..source.len())
            .flat_map(|chunk| source.lines(chunk))
            .filter(|line| self.filter.passes(line))
            .map(|line| self.told(&line))
    }
}

/// A line of the log as it is copied.
pub(crate) fn text_of(line: &Line, zone: &TimeZone, since: Option<Timestamp>) -> String {
    let call = line.call.map(|call| format!("  {call}")).unwrap_or_default();
    format!("{}  {}  {}{call}", stamp(line.at, zone, since), line.step, safe(&line.text))
}

fn chunks(range: Range<usize>) -> impl DoubleEndedIterator<Item = Range<usize>> {
    let count = range.len().div_ceil(CHUNK);
    (0..count).map(move |index| {
        let from = range.start + index * CHUNK;
        from..(from + CHUNK).min(range.end)
    })
}

/// The lines `numbers`, which are in order.
pub(crate) fn read(source: &dyn LogSource, numbers: &[usize]) -> Vec<(usize, Line)> {
    let mut lines = Vec::with_capacity(numbers.len());
    for run in numbers.chunk_by(|one, next| one + 1 == *next) {
        if let (Some(from), Some(to)) = (run.first(), run.last()) {
            lines.extend((*from..).zip(source.lines(*from..to + 1)));
        }
    }
    lines
}

/// The number of the first line that is sought; `None` also when `stop` says so.
pub(crate) fn seek(source: &dyn LogSource, seek: &Seek, stop: &dyn Fn() -> bool) -> Option<usize> {
    let fits = |line: &Line| holds(line, &seek.query) && seek.filter.passes(line);
    let look = |chunk: Range<usize>| {
        let lines = source.lines(chunk.clone());
        let place = if seek.forward { lines.iter().position(fits) } else { lines.iter().rposition(fits) };
        place.map(|place| chunk.start + place)
    };
    let mut chunks = chunks(seek.range.clone());
    while let Some(chunk) = if seek.forward { chunks.next() } else { chunks.next_back() } {
        if stop() {
            return None;
        }
        if let Some(number) = look(chunk) {
            return Some(number);
        }
    }
    None
}

/// The numbers of the lines that pass, by the journal's count; `None` when `stop` says so.
pub(crate) fn sift(
    source: &dyn LogSource,
    sift: &Sift,
    shift: isize,
    stop: &dyn Fn() -> bool,
) -> Option<Vec<usize>> {
    let mut numbers = Vec::new();
    for chunk in chunks(0..sift.until.saturating_add_signed(shift)) {
        if stop() {
            return None;
        }
        let lines = (chunk.start..).zip(source.lines(chunk));
        numbers.extend(lines.filter(|(_, line)| sift.filter.passes(line)).map(|(number, _)| number));
    }
    Some(numbers)
}

/// Where the journal has `first`, near `expected`; `expected` when it is not there.
pub(crate) fn locate(source: &dyn LogSource, first: &Line, expected: usize) -> usize {
    let from = expected.saturating_sub(DRIFT);
    let near = source.lines(from..expected.saturating_add(DRIFT));
    let same = |line: &Line| line.step == first.step && line.call == first.call && line.at <= first.at;
    let exact = |line: &Line| same(line) && line.at == first.at && safe(&line.text) == first.text;
    // The line in memory may tell of a call whose reply the journal has already.
    let by_call = |line: &Line| first.call.is_some() && line.call == first.call;
    let place = near
        .iter()
        .enumerate()
        .filter(|(_, line)| exact(line) || by_call(line))
        .min_by_key(|(index, _)| (from + index).abs_diff(expected))
        .map(|(index, _)| from + index);
    place.unwrap_or(expected)
}
