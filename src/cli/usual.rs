//! How long steps usually take here: what the journals of this machine teach. Read beside the screen; changes nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::{Outcome, Record, RunEvent, RunHeader, StepId};
use crate::journal::{self, StateFolder};
use crate::tui::Usual;

/// The newest runs that are looked at: what Azure took long ago says little of today.
const RUNS: usize = 12;
/// A longer journal is left out: reading it would take longer than it is worth.
const LONGEST: u64 = 16 << 20;

/// The usual time of each step that was done here, in runs of the same kind whose time passed at `scale`. What cannot be
/// read teaches nothing.
pub fn usual(state: &StateFolder, sandbox: bool, scale: f64) -> BTreeMap<StepId, Usual> {
    let mut files: Vec<_> = state
        .setups()
        .unwrap_or_default()
        .into_iter()
        .flat_map(|setup| state.runs(setup).unwrap_or_default())
        .filter(|file| file.path.metadata().is_ok_and(|known| known.len() <= LONGEST))
        .collect();
    files.sort_by(|one, other| other.run.cmp(&one.run));
    let alike = |header: &RunHeader| header.sandbox == sandbox && (header.time_scale - scale).abs() < 0.01;
    let runs = files
        .iter()
        .filter(|file| matches!(journal::opening(&file.path), Ok(Some(header)) if alike(&header)));
    let mut taken: BTreeMap<StepId, Vec<u64>> = BTreeMap::new();
    for file in runs.take(RUNS) {
        if let Ok(run) = journal::read(&file.path) {
            times(&run.records, &mut taken);
        }
    }
    taken.into_iter().filter_map(|(step, times)| Some((step, middle(times)?))).collect()
}

/// Adds how long each step of a run took that was done in it.
fn times(records: &[Record], taken: &mut BTreeMap<StepId, Vec<u64>>) {
    let mut started: BTreeMap<&StepId, Timestamp> = BTreeMap::new();
    for record in records {
        match &record.event {
            RunEvent::StepStarted { step, look: false } => {
                started.insert(step, record.at);
            }
            RunEvent::StepFinished { step, outcome: Outcome::Done, .. } => {
                let Some(from) = started.remove(step) else { continue };
                let seconds = record.at.as_second().saturating_sub(from.as_second());
                taken.entry(step.clone()).or_default().push(u64::try_from(seconds).unwrap_or(0));
            }
            // What was waited for a person, or tried again, says nothing of the next time.
            RunEvent::StepFinished { step, .. } | RunEvent::StepReset { step, .. } => {
                started.remove(step);
            }
            RunEvent::Asked(question) => {
                started.remove(&question.step);
            }
            _ => {}
        }
    }
}

fn middle(mut times: Vec<u64>) -> Option<Usual> {
    times.sort_unstable();
    let seconds = *times.get(times.len() / 2)?;
    Some(Usual { seconds, times: times.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(seconds: i64, event: RunEvent) -> Record {
        Record { at: Timestamp::from_second(seconds).unwrap(), seq: 0, event }
    }

    fn started(step: &StepId) -> RunEvent {
        RunEvent::StepStarted { step: step.clone(), look: false }
    }

    fn finished(step: &StepId, outcome: Outcome) -> RunEvent {
        RunEvent::StepFinished {
            step: step.clone(),
            outcome,
            note: None,
            fault: None,
            outputs: std::collections::BTreeMap::new(),
        }
    }

    #[test]
    fn only_what_was_done_without_a_person_teaches() {
        let (hub, dps, group) =
            (StepId::new("hub.create"), StepId::new("dps.create"), StepId::new("access.group"));
        let records = [
            record(0, started(&hub)),
            record(0, started(&dps)),
            record(0, started(&group)),
            record(90, finished(&hub, Outcome::Done)),
            record(95, finished(&dps, Outcome::Failed)),
            record(96, finished(&group, Outcome::AlreadyThere)),
        ];
        let mut taken = BTreeMap::new();
        times(&records, &mut taken);
        assert_eq!(taken, BTreeMap::from([(hub, vec![90])]));
        assert_eq!(middle(vec![300, 60, 90]), Some(Usual { seconds: 90, times: 3 }));
        assert_eq!(middle(Vec::new()), None);
    }
}
