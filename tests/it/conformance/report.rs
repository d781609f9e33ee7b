//! What a record was found to be, in lines for a person.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::exchange::Exchange;
use super::explained::EXPLAINED;
use super::judge::{Held, Judge};
use super::library::Library;
use super::shape::Deviation;

/// The findings of one record.
#[derive(Default)]
pub struct Report {
    calls: BTreeMap<Held, usize>,
    /// Calls of which nothing is held.
    unheld: BTreeMap<String, usize>,
    /// Calls of which only the bodies are.
    in_part: BTreeMap<String, usize>,
    /// By the reason's place in the list.
    explained: BTreeMap<usize, usize>,
    unexplained: BTreeMap<(&'static str, String, Deviation), usize>,
}

impl Report {
    /// Judges every exchange of a record.
    pub fn of(library: &Library, record: &str) -> Self {
        let (mut report, mut judge) = (Self::default(), Judge::new(library));
        for exchange in record.lines().map(Exchange::of) {
            let judged = judge.judge(&exchange);
            let label = exchange.label();
            *report.calls.entry(judged.held).or_default() += 1;
            match judged.held {
                Held::Nothing => *report.unheld.entry(label.clone()).or_default() += 1,
                Held::Bodies => *report.in_part.entry(label.clone()).or_default() += 1,
                Held::Operation => {}
            }
            for (side, found) in [("sent", judged.sent), ("came", judged.came)] {
                for deviation in found {
                    let known = EXPLAINED.iter().position(|known| known.is_of(side, &label, &deviation));
                    match known {
                        Some(place) => *report.explained.entry(place).or_default() += 1,
                        None => *report.unexplained.entry((side, label.clone(), deviation)).or_default() += 1,
                    }
                }
            }
        }
        report
    }

    pub fn unexplained(&self) -> usize {
        self.unexplained.len()
    }

    /// How many calls are held whole.
    pub fn whole(&self) -> usize {
        self.calls.get(&Held::Operation).copied().unwrap_or(0)
    }

    pub fn text(&self, name: &str) -> String {
        let mut text = String::new();
        let count = |held| self.calls.get(&held).copied().unwrap_or(0);
        let all: usize = self.calls.values().sum();
        _ = writeln!(
            text,
            "{name}: {all} calls; {} held whole, {} by their bodies, {} not at all; {} kinds of deviation explained, {} not",
            count(Held::Operation),
            count(Held::Bodies),
            count(Held::Nothing),
            self.explained.len(),
            self.unexplained.len(),
        );
        for (title, calls) in [("by bodies only", &self.in_part), ("nothing held", &self.unheld)] {
            for (label, count) in calls {
                _ = writeln!(text, "  {title}: {count:>4} x {label}");
            }
        }
        for (place, count) in &self.explained {
            _ = writeln!(text, "  explained: {count:>4} x {}", EXPLAINED[*place].reason);
        }
        for ((side, label, deviation), count) in &self.unexplained {
            let Deviation { what, at, told } = deviation;
            _ = writeln!(text, "  NOT EXPLAINED: {count:>4} x {side} {label}: {what:?} {at}: {told}");
        }
        text
    }
}
