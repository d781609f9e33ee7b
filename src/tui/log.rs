//! The log's state: a capped window of lines in memory, a page of older ones read back, place, follow, search.
//!
//! Pure: reading older lines is an effect. Lines are counted as the journal counts them ("number"), so that a place
//! stays the same line while old lines leave the memory and new ones arrive. A finished call takes the place of the
//! line that began it, so numbers in memory have gaps; a "rank" counts what can be shown, without gaps.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use crate::domain::{CallId, Line};

use super::form::TextInput;
use super::msg::Effect;
use super::text::{matches, safe};

/// How many lines are held in memory; older ones are read back from the journal.
pub(super) const HELD: usize = 20_000;
/// How many lines are read back at once, and how many of them before the place.
const PAGE: usize = 1_000;
const BEFORE: usize = 400;

#[derive(Clone, Debug)]
struct Entry {
    /// Counts told records from the first that came in.
    ordinal: usize,
    line: Line,
}

/// A place in the log: a line, and the row of the pane that it stands on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Spot {
    number: usize,
    row: usize,
}

#[derive(Clone, Debug)]
struct Page {
    start: usize,
    lines: Vec<Line>,
}

/// The log of the setup page.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    live: VecDeque<Entry>,
    /// Number of the first line that came in.
    base: usize,
    told: usize,
    begun: HashMap<CallId, usize>,
    /// `None` while it follows.
    spot: Option<Spot>,
    /// Lines that arrived since it stopped following.
    pub fresh: usize,
    page: Option<Page>,
    asked: Option<Range<usize>>,
    /// What is searched for, lower case; empty when nothing is.
    pub query: String,
    /// The search being typed.
    pub typing: Option<TextInput>,
}

impl Log {
    /// An empty log after `base` older lines.
    pub(crate) fn new(base: usize) -> Self {
        Self {
            live: VecDeque::new(),
            base,
            told: 0,
            begun: HashMap::new(),
            spot: None,
            fresh: 0,
            page: None,
            asked: None,
            query: String::new(),
            typing: None,
        }
    }

    /// Takes a line in. `begins` says that it tells of a call whose reply is still to come.
    pub(crate) fn push(&mut self, mut line: Line, begins: bool) {
        line.text = safe(&line.text);
        let ordinal = self.told;
        self.told += 1;
        if let Some(call) = line.call {
            if begins {
                self.begun.insert(call, ordinal);
            } else if let Some(place) = self.begun.remove(&call).and_then(|began| self.index(began))
                && let Some(entry) = self.live.get_mut(place)
            {
                entry.line = line;
                return;
            }
        }
        self.live.push_back(Entry { ordinal, line });
        if self.spot.is_some() {
            self.fresh += 1;
        }
        while self.live.len() > HELD {
            if let Some(call) = self.live.pop_front().and_then(|entry| entry.line.call) {
                self.begun.remove(&call);
            }
        }
    }

    fn index(&self, ordinal: usize) -> Option<usize> {
        self.live.binary_search_by_key(&ordinal, |entry| entry.ordinal).ok()
    }

    /// How many lines are only in the journal: the rank of the first line in memory.
    pub(crate) fn boundary(&self) -> usize {
        self.base + self.live.front().map_or(self.told, |entry| entry.ordinal)
    }

    /// How many lines can be shown.
    pub(crate) fn total(&self) -> usize {
        self.boundary() + self.live.len()
    }

    /// The line at `rank`, unless it has to be read back first.
    pub(crate) fn line(&self, rank: usize) -> Option<&Line> {
        match rank.checked_sub(self.boundary()) {
            Some(index) => self.live.get(index).map(|entry| &entry.line),
            None => {
                let page = self.page.as_ref()?;
                page.lines.get(rank.checked_sub(page.start)?)
            }
        }
    }

    fn number(&self, rank: usize) -> usize {
        match rank.checked_sub(self.boundary()).and_then(|index| self.live.get(index)) {
            Some(entry) => self.base + entry.ordinal,
            None => rank,
        }
    }

    fn rank(&self, number: usize) -> usize {
        let boundary = self.boundary();
        if number < boundary {
            return number;
        }
        let index = self.live.partition_point(|entry| self.base + entry.ordinal < number);
        boundary + index.min(self.live.len().saturating_sub(1))
    }

    pub(crate) fn follows(&self) -> bool {
        self.spot.is_none()
    }

    /// The rank of the line that the cursor stands on; the last one while it follows.
    pub(crate) fn current(&self) -> Option<usize> {
        let last = self.total().checked_sub(1)?;
        Some(self.spot.map_or(last, |spot| self.rank(spot.number)))
    }

    /// The ranks that a pane of `rows` rows shows.
    pub(crate) fn window(&self, rows: usize) -> Range<usize> {
        let total = self.total();
        let last_top = total.saturating_sub(rows);
        let top = match self.spot {
            None => last_top,
            Some(spot) => {
                self.rank(spot.number).saturating_sub(spot.row.min(rows.saturating_sub(1))).min(last_top)
            }
        };
        top..(top + rows).min(total)
    }

    /// Moves by lines: negative is towards older ones. Past the last line it follows again.
    pub(crate) fn scroll(&mut self, by: isize, rows: usize) {
        let (Some(current), Some(last)) = (self.current(), self.total().checked_sub(1)) else { return };
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

    fn place(&mut self, rank: usize, row: usize) {
        if self.spot.is_none() {
            self.fresh = 0;
        }
        self.spot = Some(Spot { number: self.number(rank), row });
    }

    /// Shows the last line and whatever comes after it.
    pub(crate) fn follow(&mut self) {
        self.spot = None;
        self.fresh = 0;
    }

    /// Goes to the very first line.
    pub(crate) fn top(&mut self) {
        if self.total() > 0 {
            self.place(0, 0);
        }
    }

    /// Goes to the next line that holds the query, round the ends; false when none in memory does. With `here`, the
    /// line of the cursor counts too.
    pub(crate) fn find(&mut self, forward: bool, here: bool, rows: usize) -> bool {
        let Some(current) = self.current() else { return false };
        let (first, count) = (self.boundary(), self.live.len());
        let from = current.saturating_sub(first);
        for step in usize::from(!here)..=count {
            let index = if forward { from + step } else { from + 2 * count - step } % count.max(1);
            let hit = self.live.get(index).is_some_and(|entry| {
                !matches(&entry.line.text, &self.query).is_empty()
                    || !matches(&entry.line.step, &self.query).is_empty()
            });
            if hit {
                self.place(first + index, rows / 2);
                return true;
            }
        }
        false
    }

    /// The effect that reads what a pane of `rows` rows shows and is not in memory.
    pub(crate) fn missing(&mut self, rows: usize) -> Option<Effect> {
        let window = self.window(rows);
        let boundary = self.boundary();
        let rank = (window.start..window.end.min(boundary)).find(|rank| self.line(*rank).is_none())?;
        if self.asked.as_ref().is_some_and(|asked| asked.contains(&rank)) {
            return None;
        }
        let at = rank.saturating_sub(BEFORE);
        self.asked = Some(at..at + PAGE);
        let first = self.live.front().map(|entry| Box::new(entry.line.clone()));
        Some(Effect::Older { at, count: PAGE, first, expected: boundary })
    }

    /// Takes in the lines from `start` on, read back; `end` is the true number of the first line in memory.
    pub(crate) fn read_back(&mut self, start: usize, end: usize, lines: Vec<Line>) {
        let boundary = self.boundary();
        let first = self.live.front().map_or(self.told, |entry| entry.ordinal);
        if let Some(base) = end.checked_sub(first).filter(|_| end != boundary) {
            self.base = base;
            if let Some(spot) = &mut self.spot
                && spot.number >= boundary
            {
                spot.number = spot.number + end - boundary;
            }
        }
        let lines = lines
            .into_iter()
            .map(|mut line| {
                line.text = safe(&line.text);
                line
            })
            .collect();
        self.page = Some(Page { start, lines });
    }
}
