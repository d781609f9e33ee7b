//! What the journals of a setup say: where it was left, and with which orders a run goes on from there.

use super::failure::Failure;
use crate::domain::{
    Answers, Exit, Fault, Outcome, Plan, Progress, RunHeader, RunId, RunKind, SetupId, StepId,
};
use crate::engine::Command;
use crate::journal::{self, JournalError, StateFolder};
use crate::stages::{Change, Dialect, Kept, changes};

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

    /// What the setup speaks since it was begun. After a teardown that left nothing it may be begun anew in anything.
    pub fn kept(&self) -> Option<Kept<'_>> {
        let header = self.header()?;
        let begun = match header.kind {
            RunKind::Setup => header.steps().any(|step| self.progress.begun(&step.id)),
            RunKind::Teardown => self.half_torn_down(),
        };
        begun.then_some(Kept {
            dialect: &header.dialect,
            profile: &header.profile,
            versions: &header.versions,
        })
    }

    /// True when the newest run is a teardown that did not come to its end: what it did not come to is still there.
    fn half_torn_down(&self) -> bool {
        self.header().filter(|header| header.kind == RunKind::Teardown).is_some_and(|header| {
            let mut steps = header.steps();
            steps.any(|step| !self.progress.outcome(&step.id).is_some_and(Outcome::holds))
        })
    }

    /// The answers that are others than in the run before. After a teardown that came to its end all may be others.
    pub fn changes(&self, dialect: &Dialect, answers: &Answers) -> Vec<Change> {
        let before = self.header().filter(|header| header.kind == RunKind::Setup || self.half_torn_down());
        before.map(|header| changes(dialect, &header.answers, answers, &self.progress)).unwrap_or_default()
    }

    /// Refuses answers that are others than those by which something was made that cannot follow.
    pub fn check_changes(&self, dialect: &Dialect, answers: &Answers) -> Result<(), Failure> {
        let changes = self.changes(dialect, answers);
        let refused: Vec<String> = changes
            .iter()
            .filter_map(|change| change.refused.as_ref().map(|why| format!("{} ({why})", change.told())))
            .collect();
        if refused.is_empty() {
            return Ok(());
        }
        let says =
            format!("what is made already cannot follow this change of your answers: {}", refused.join("; "));
        let keys: Vec<String> = changes
            .iter()
            .filter(|change| change.refused.is_some())
            .map(|change| match change.was.as_str() {
                "" => format!("remove `{}`", change.key),
                was => format!("set `{}` to `{was}` again", change.key),
            })
            .collect();
        let remedy = format!(
            "{}; or give the setup another `name` for a second one; or take this one down with `hubup destroy` first",
            keys.join(", ")
        );
        Err(Fault::new(says, remedy).exiting(Exit::Usage).into())
    }

    /// Where the setup was left, in lines: counts, what failed, what was skipped, what Azure went on with, which answers
    /// are others now. Nothing when nothing was ever run.
    pub fn told(&self, dialect: &Dialect, answers: &Answers) -> Vec<String> {
        let (Some(header), Some(run)) = (self.header(), &self.newest) else { return Vec::new() };
        let counts = self.progress.counts(&header.stages);
        let after = match header.kind {
            RunKind::Setup => "going on from run",
            RunKind::Teardown => "going on after the teardown",
        };
        let mut lines = vec![format!(
            "{after} {run}: {} of {} done, {} failed, {} skipped, {} left",
            counts.done,
            counts.all,
            counts.failed,
            counts.skipped,
            counts.all - counts.done - counts.failed - counts.skipped,
        )];
        for step in header.steps() {
            let Some(progress) = self.progress.step(&step.id) else { continue };
            let outcome = self.progress.outcome(&step.id);
            if progress.operation.is_some() && outcome != Some(Outcome::Failed) {
                lines.push(format!("  in Azure's hands  {}", step.id));
            }
            match (outcome, &progress.fault) {
                (Some(Outcome::Failed), Some(fault)) => {
                    lines.push(format!("  failed            {}: {}", step.id, fault.says));
                }
                (Some(Outcome::Skipped), _) => lines.push(format!("  skipped           {}", step.id)),
                _ => {}
            }
        }
        for change in self.changes(dialect, answers) {
            lines.push(format!("  changed since     {}", change.told()));
        }
        lines
    }

    /// The answers that a teardown goes by: those of the newest run, since the file may have been changed after it; `said`
    /// where no run is on record.
    pub fn answers_or(&self, said: Answers) -> Answers {
        self.header().map_or(said, |header| header.answers.clone())
    }

    /// The steps of `steps` that were begun and of which it is not known how they stand. None where the newest run was not
    /// of this `kind`: it had other steps.
    fn unproved(&self, kind: RunKind, steps: &[StepId]) -> Vec<StepId> {
        if self.header().is_none_or(|header| header.kind != kind) {
            return Vec::new();
        }
        let open = |step: &&StepId| {
            let outcome = self.progress.outcome(step);
            self.progress.begun(step) && !matches!(outcome, Some(Outcome::Failed | Outcome::Skipped))
        };
        steps.iter().filter(open).cloned().collect()
    }

    /// The orders of a run of this `kind` that a person directs: what was done is looked at, what was skipped is looked for,
    /// all else waits for the person's word.
    ///
    /// On the way back only what was seen to be gone, or is on its way, is looked at unasked: what was left, as a group with
    /// something in it, may be another matter once what comes before it is gone.
    pub fn resumed(&self, kind: RunKind, plan: &Plan) -> Vec<Command> {
        let steps = plan.ids();
        let skipped = |step: &&StepId| self.progress.outcome(step) == Some(Outcome::Skipped);
        let mut unproved = self.unproved(kind, &steps);
        if kind == RunKind::Teardown {
            unproved.retain(|step| self.is_going_or_gone(step));
        }
        vec![Command::Prove(unproved), Command::Skip(steps.iter().filter(skipped).cloned().collect())]
    }

    fn is_going_or_gone(&self, step: &StepId) -> bool {
        matches!(self.progress.outcome(step), Some(Outcome::Done | Outcome::AlreadyThere))
            || self.progress.step(step).is_some_and(|known| known.operation.is_some())
    }

    /// The orders of a run of this `kind` that is to carry out `confirm` and leave out `skip` by itself: what was done is
    /// looked at all at once, what failed or was skipped in an earlier run is tried again. On the way back nothing is looked
    /// at before its turn, as in [`Past::resumed`].
    pub fn carried_on(&self, kind: RunKind, confirm: Vec<StepId>, skip: Vec<StepId>) -> Vec<Command> {
        let mut orders = Vec::new();
        if kind == RunKind::Setup {
            orders.push(Command::Prove(self.unproved(kind, &confirm)));
        }
        orders.push(Command::Skip(skip));
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
