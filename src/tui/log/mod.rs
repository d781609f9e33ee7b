//! The log's state: a capped window of lines in memory, some older ones read back, place, follow, filter, search.
//!
//! Pure: reading older lines is an effect. A line has a "number", its place among all lines of the journal; a reply
//! takes the number of the line that began its call, here as there, so that a number stays the same line while old
//! lines leave the memory. An "index" counts what is shown: with a filter, only what passes it.

mod filter;
mod reading;
mod search;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Range;

use jiff::Timestamp;

use crate::domain::{CallId, Line};

use super::form::TextInput;
use super::msg::Effect;
use super::text::safe;

pub(crate) use filter::{Filter, Of, holds};
#[cfg(test)]
pub(crate) use reading::locate;
pub(crate) use reading::{Anchor, Seek, Sift, Take, To, read, seek, sift, text_of};
pub(crate) use search::Found;

/// How many lines are held in memory; older ones are read back from the journal.
pub(super) const HELD: usize = 20_000;
/// How many lines are read back at once, and how many of them before the place.
const PAGE: usize = 1_000;
const BEFORE: usize = 400;

/// A place in the log: a line, and the row of the pane that it stands on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Spot {
    number: usize,
    row: usize,
}

/// What a text that is being typed is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Typing {
    Search,
    Filter,
}

/// Work in the journal that is under way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Job {
    /// Answers to other work are not taken in.
    pub token: u64,
    pub since: Timestamp,
    /// What is still to be looked through, of a search.
    rest: Vec<Range<usize>>,
    forward: bool,
}

/// How lines are drawn and copied.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Manner {
    /// Long lines go on in the next row, in place of being cut.
    pub wrap: bool,
    /// Cells that the texts are moved to the left.
    pub shift: usize,
    /// Times since the run began, in place of the time of day.
    pub since_start: bool,
}

/// The log of the setup page.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    live: VecDeque<Line>,
    /// Number of the first line in memory.
    first: usize,
    /// Calls without a reply, with the number of their line.
    begun: HashMap<CallId, usize>,
    /// `None` while it follows.
    spot: Option<Spot>,
    /// Lines that arrived since it stopped following.
    pub fresh: usize,
    /// Lines read back, by number.
    back: BTreeMap<usize, Line>,
    /// The first and the last number asked for last.
    asked: Option<(usize, usize)>,
    /// What is searched for, lower case; empty when nothing is.
    pub query: String,
    /// The text being typed.
    pub typing: Option<TextInput>,
    pub typing_for: Typing,
    filter: Filter,
    /// The numbers of the lines that pass, in order; `None` while every line does.
    kept: Option<Vec<usize>>,
    pub seeking: Option<Job>,
    pub sifting: Option<Job>,
    tokens: u64,
    pub manner: Manner,
}

impl Log {
    /// An empty log after `base` older lines.
    pub(crate) fn new(base: usize) -> Self {
        Self {
            live: VecDeque::new(),
            first: base,
            begun: HashMap::new(),
            spot: None,
            fresh: 0,
            back: BTreeMap::new(),
            asked: None,
            query: String::new(),
            typing: None,
            typing_for: Typing::Search,
            filter: Filter::default(),
            kept: None,
            seeking: None,
            sifting: None,
            tokens: 0,
            manner: Manner::default(),
        }
    }

    /// Takes a line in. `begins` says that it tells of a call whose reply is still to come.
    pub(crate) fn push(&mut self, mut line: Line, begins: bool) {
        line.text = safe(&line.text);
        if let Some(call) = line.call {
            if begins {
                self.begun.insert(call, self.total());
            } else if let Some(number) = self.begun.remove(&call) {
                self.replace(number, line);
                return;
            }
        }
        let number = self.total();
        let shown = self.filter.passes(&line);
        self.live.push_back(line);
        if shown {
            if let Some(kept) = &mut self.kept {
                kept.push(number);
            }
            if self.spot.is_some() {
                self.fresh += 1;
            }
        }
        while self.live.len() > HELD {
            self.live.pop_front();
            self.first += 1;
        }
    }

    /// The reply of a call stands where its beginning stood, in memory or no longer there.
    fn replace(&mut self, number: usize, line: Line) {
        if let Some(kept) = &mut self.kept {
            match (kept.binary_search(&number), self.filter.passes(&line)) {
                (Err(at), true) => kept.insert(at, number),
                (Ok(at), false) => drop(kept.remove(at)),
                _ => {}
            }
        }
        match number.checked_sub(self.first) {
            Some(index) => {
                if let Some(place) = self.live.get_mut(index) {
                    *place = line;
                }
            }
            None => {
                if let Some(place) = self.back.get_mut(&number) {
                    *place = line;
                }
            }
        }
    }

    /// True while the journal is looked through.
    pub(crate) fn looks(&self) -> bool {
        self.seeking.is_some() || self.sifting.is_some()
    }

    /// How many lines are only in the journal: the number of the first line in memory.
    #[cfg(test)]
    pub(crate) fn boundary(&self) -> usize {
        self.first
    }

    /// How many lines there are, shown or not.
    pub(crate) fn total(&self) -> usize {
        self.first + self.live.len()
    }

    /// How many lines are shown, as far as is known.
    pub(crate) fn count(&self) -> usize {
        self.kept.as_ref().map_or_else(|| self.total(), Vec::len)
    }

    /// The number of the line at `index`.
    fn number(&self, index: usize) -> Option<usize> {
        match &self.kept {
            Some(kept) => kept.get(index).copied(),
            None => Some(index).filter(|index| *index < self.total()),
        }
    }

    /// The index of the line `number`, or of the next that is shown.
    fn index(&self, number: usize) -> usize {
        let index = match &self.kept {
            Some(kept) => kept.partition_point(|known| *known < number),
            None => number,
        };
        index.min(self.count().saturating_sub(1))
    }

    fn numbered(&self, number: usize) -> Option<&Line> {
        match number.checked_sub(self.first) {
            Some(index) => self.live.get(index),
            None => self.back.get(&number),
        }
    }

    /// The line at `index`, unless it has to be read back first.
    pub(crate) fn line(&self, index: usize) -> Option<&Line> {
        self.numbered(self.number(index)?)
    }

    pub(crate) fn follows(&self) -> bool {
        self.spot.is_none()
    }

    /// The index of the line that the cursor stands on; the last one while it follows.
    pub(crate) fn current(&self) -> Option<usize> {
        let last = self.count().checked_sub(1)?;
        Some(self.spot.map_or(last, |spot| self.index(spot.number)))
    }

    /// The line that the cursor stands on, when it is in memory.
    pub(crate) fn current_line(&self) -> Option<&Line> {
        self.line(self.current()?)
    }

    /// The indices that a pane of `rows` rows shows.
    pub(crate) fn window(&self, rows: usize) -> Range<usize> {
        let count = self.count();
        let last_top = count.saturating_sub(rows);
        let top = match self.spot {
            None => last_top,
            Some(spot) => {
                self.index(spot.number).saturating_sub(spot.row.min(rows.saturating_sub(1))).min(last_top)
            }
        };
        top..(top + rows).min(count)
    }

    /// Moves by lines: negative is towards older ones. Past the last line it follows again.
    pub(crate) fn scroll(&mut self, by: isize, rows: usize) {
        let (Some(current), Some(last)) = (self.current(), self.count().checked_sub(1)) else { return };
        let row = current.saturating_sub(self.window(rows).start);
        let target = current.saturating_add_signed(by);
        if target > last || (target == last && by > 1) {
            self.follow();
            return;
        }
        let moved = target.abs_diff(current);
        let row = if by < 0 { row.saturating_sub(moved) } else { (row + moved).min(rows.saturating_sub(1)) };
        // A page moves the text under the cursor, a line moves the cursor over the text.
        let row = if moved > 1 { current.saturating_sub(self.window(rows).start).min(target) } else { row };
        self.place(target, row);
    }

    fn place(&mut self, index: usize, row: usize) {
        let Some(number) = self.number(index) else { return };
        if self.spot.is_none() {
            self.fresh = 0;
        }
        self.spot = Some(Spot { number, row });
    }

    /// Shows the last line and whatever comes after it.
    pub(crate) fn follow(&mut self) {
        self.spot = None;
        self.fresh = 0;
    }

    /// Goes to the very first line.
    pub(crate) fn top(&mut self) {
        self.place(0, 0);
    }

    /// What lines must be to be shown.
    pub(crate) fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Shows only what passes `filter`; gives what has to be looked through in the journal for that.
    pub(crate) fn sieve(&mut self, filter: Filter, now: Timestamp) -> Vec<Effect> {
        let sifting = self.sifting.take().map(|job| Effect::StopLog(job.token));
        let mut effects: Vec<Effect> = sifting.into_iter().chain(self.stop()).collect();
        self.kept = (!filter.is_open()).then(|| {
            let numbered = (self.first..).zip(&self.live);
            numbered.filter(|(_, line)| filter.passes(line)).map(|(number, _)| number).collect()
        });
        self.filter = filter;
        self.asked = None;
        if self.kept.is_some() && self.first > 0 {
            let job = self.job(now, Vec::new(), true);
            let sift = Sift {
                token: job.token,
                until: self.first,
                filter: self.filter.clone(),
                anchor: self.anchor(),
            };
            self.sifting = Some(job);
            effects.push(Effect::Sift(Box::new(sift)));
        }
        effects
    }

    /// Takes in the numbers of the older lines that pass.
    pub(crate) fn sifted(&mut self, token: u64, shift: isize, mut numbers: Vec<usize>) {
        if self.sifting.as_ref().is_none_or(|job| job.token != token) {
            return;
        }
        self.sifting = None;
        self.shift(shift);
        if let Some(kept) = &mut self.kept {
            // What was in memory when this was asked for is told already.
            let known = kept.first().copied().unwrap_or(usize::MAX);
            numbers.retain(|number| *number < known);
            numbers.append(kept);
            *kept = numbers;
        }
    }

    fn job(&mut self, since: Timestamp, rest: Vec<Range<usize>>, forward: bool) -> Job {
        self.tokens += 1;
        Job { token: self.tokens, since, rest, forward }
    }

    /// How the journal's numbers are found again: by the oldest line in memory.
    fn anchor(&self) -> Anchor {
        Anchor { first: self.live.front().cloned(), expected: self.first }
    }

    /// The effect that reads what a pane of `rows` rows shows and is not in memory.
    pub(crate) fn missing(&mut self, rows: usize) -> Option<Effect> {
        let lacks = |log: &Self, number: usize| number < log.first && !log.back.contains_key(&number);
        let window = self.window(rows);
        let at = window.clone().find(|index| self.number(*index).is_some_and(|n| lacks(self, n)))?;
        let number = self.number(at)?;
        if self.asked.is_some_and(|(from, to)| (from..=to).contains(&number)) {
            return None;
        }
        let from = at.saturating_sub(BEFORE);
        // Also some that are still in memory: they are the next to leave it.
        let numbers: Vec<usize> = match &self.kept {
            Some(kept) => kept.get(from..(from + PAGE).min(kept.len())).unwrap_or_default().to_vec(),
            None => (from..from + PAGE).collect(),
        };
        self.asked = numbers.first().copied().zip(numbers.last().copied());
        Some(Effect::Older { numbers, anchor: Box::new(self.anchor()) })
    }

    /// Takes in lines that were read back; `shift` is how far our numbers were from the journal's.
    pub(crate) fn read_back(&mut self, shift: isize, lines: Vec<(usize, Line)>) {
        self.shift(shift);
        self.back = lines
            .into_iter()
            .map(|(number, mut line)| {
                line.text = safe(&line.text);
                (number, line)
            })
            .collect();
    }

    /// Counts anew: whatever was in memory has a number that is greater by `by`.
    fn shift(&mut self, by: isize) {
        if by == 0 {
            return;
        }
        let first = self.first;
        let moved = |number: usize| if number < first { number } else { number.saturating_add_signed(by) };
        self.first = first.saturating_add_signed(by);
        for number in self.begun.values_mut() {
            *number = moved(*number);
        }
        if let Some(spot) = &mut self.spot {
            spot.number = moved(spot.number);
        }
        if let Some(kept) = &mut self.kept {
            for number in kept {
                *number = moved(*number);
            }
        }
        self.asked = None;
    }
}
