//! What the journals of a setup say: where it was left, and with which orders a run goes on from there.

use crate::domain::{Outcome, Plan, Progress, RunHeader, RunId, SetupId, StepId};
use crate::engine::Command;
use crate::journal::{self, JournalError, StateFolder};

/// The runs of a setup so far, as one picture.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Where the newest run left the setup.
    pub progress: Progress,
    /// The newest run that came as far as its first line.
    pub newest: Option<RunId>,
}

impl Past {
    /// Reads the newest run of a setup and those that it goes on from. Fails on a journal that this hubup cannot read.
    pub fn read(state: &StateFolder, setup: SetupId) -> Result<Self, JournalError> {
        let mut past = Self::default();
        for journal in journal::chain(state, setup)? {
            for record in &journal.records {
                past.progress.apply(record);
            }
            past.newest = Some(journal.run);
        }
        Ok(past)
    }

    /// The first line of the newest run.
    pub fn header(&self) -> Option<&RunHeader> {
        self.progress.header.as_ref()
    }

    /// True when nothing was ever run.
    pub fn is_empty(&self) -> bool {
        self.newest.is_none()
    }

    /// Looks at every step of `steps` that was begun and of which it is not known how it stands.
    fn proof(&self, steps: &[StepId]) -> Command {
        let open = |step: &&StepId| {
            let outcome = self.progress.outcome(step);
            self.progress.begun(step) && !matches!(outcome, Some(Outcome::Failed | Outcome::Skipped))
        };
        Command::Prove(steps.iter().filter(open).cloned().collect())
    }

    /// The orders of a run that a person directs: what was done is looked at, what was skipped is looked for, all else
    /// waits for the person's word.
    pub fn resumed(&self, plan: &Plan) -> Vec<Command> {
        let steps: Vec<StepId> = plan.steps().map(|step| step.id.clone()).collect();
        let skipped = |step: &&StepId| self.progress.outcome(step) == Some(Outcome::Skipped);
        vec![self.proof(&steps), Command::Skip(steps.iter().filter(skipped).cloned().collect())]
    }

    /// The orders of a run that is to carry out `confirm` and leave out `skip` by itself: what was done is looked at all
    /// at once, what failed or was skipped in an earlier run is tried again.
    pub fn carried_on(&self, confirm: Vec<StepId>, skip: Vec<StepId>) -> Vec<Command> {
        let mut orders = vec![self.proof(&confirm), Command::Skip(skip)];
        for step in &confirm {
            match self.progress.outcome(step) {
                Some(Outcome::Failed) => orders.push(Command::Retry(step.clone())),
                Some(Outcome::Skipped) => orders.push(Command::Unskip(step.clone())),
                _ => {}
            }
        }
        orders.push(Command::Confirm(confirm));
        orders
    }
}
