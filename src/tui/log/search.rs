//! Searching all lines: those in memory at once, those in the journal by an effect, round the ends.

use std::ops::Range;

use jiff::Timestamp;

use crate::tui::msg::Effect;

use super::reading::Seek;
use super::{Log, holds};

/// What came of a search, so far.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Found {
    /// The cursor stands on it.
    Here,
    Nowhere,
    /// The journal is looked through.
    Asked(Effect),
}

impl Log {
    /// Goes to the next line that holds the query, round the ends. With `here`, the line of the cursor counts too.
    pub(crate) fn find(&mut self, forward: bool, here: bool, rows: usize, now: Timestamp) -> Found {
        let Some(current) = self.current().and_then(|index| self.number(index)) else {
            return Found::Nowhere;
        };
        let total = self.total();
        let (next, own) = (current + 1, usize::from(!here));
        let rest =
            if forward { vec![current + own..total, 0..next] } else { vec![0..next - own, current..total] };
        self.go_on(rest, forward, rows, now)
    }

    /// Takes in what a look through the journal came to.
    pub(crate) fn sought(
        &mut self,
        token: u64,
        shift: isize,
        hit: Option<usize>,
        rows: usize,
    ) -> Option<Found> {
        let job = self.seeking.take_if(|job| job.token == token)?;
        self.shift(shift);
        Some(match hit {
            Some(number) => self.stand(number, rows),
            None => self.go_on(job.rest, job.forward, rows, job.since),
        })
    }

    /// Stops a search that is under way.
    pub(crate) fn stop(&mut self) -> Option<Effect> {
        self.seeking.take().map(|job| Effect::StopLog(job.token))
    }

    fn stand(&mut self, number: usize, rows: usize) -> Found {
        let index = self.index(number);
        self.place(index, rows / 2);
        Found::Here
    }

    /// Looks through `rest`, one range after the other; what is in memory at once.
    fn go_on(&mut self, rest: Vec<Range<usize>>, forward: bool, rows: usize, since: Timestamp) -> Found {
        let mut rest = rest.into_iter();
        while let Some(range) = rest.next() {
            let older = range.start..range.end.min(self.first);
            let live = range.start.max(self.first)..range.end;
            let mut hit = None;
            if !forward || older.is_empty() {
                hit = self.in_memory(live.clone(), forward);
            }
            if let Some(number) = hit {
                return self.stand(number, rows);
            }
            if !older.is_empty() {
                let mut rest: Vec<_> = rest.collect();
                if forward && !live.is_empty() {
                    rest.insert(0, live);
                }
                let job = self.job(since, rest, forward);
                let seek = Seek {
                    token: job.token,
                    range: older,
                    forward,
                    query: self.query.clone(),
                    filter: self.filter.clone(),
                    anchor: self.anchor(),
                };
                self.seeking = Some(job);
                return Found::Asked(Effect::Seek(Box::new(seek)));
            }
        }
        Found::Nowhere
    }

    fn in_memory(&self, range: Range<usize>, forward: bool) -> Option<usize> {
        let fits = |number: &usize| {
            let line = number.checked_sub(self.first).and_then(|index| self.live.get(index));
            line.is_some_and(|line| holds(line, &self.query) && self.filter.passes(line))
        };
        let mut range = range.start..range.end.min(self.total());
        if forward { range.find(fits) } else { range.rev().find(fits) }
    }
}
