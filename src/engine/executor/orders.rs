//! What the executor does about each order of a person.

use std::time::Duration;

use super::Executor;
use crate::domain::{Outcome, RunEvent, StepId, Who};
use crate::engine::command::Command;
use crate::engine::context::Recorded;
use crate::engine::performer::Mode;

/// By how much *keep trying* lengthens the waits of a step, in service time.
const KEEP_TRYING: Duration = Duration::from_mins(5);

impl Executor {
    pub(super) async fn obey(&mut self, order: Command) -> Recorded<()> {
        // Once the run is being left nothing is begun, whatever is still asked for.
        if self.leaving {
            return Ok(());
        }
        match order {
            Command::Confirm(steps) => self.confirm(steps).await,
            Command::ConfirmAll => {
                let all = self.plan.ids();
                self.confirm(all).await
            }
            Command::Prove(steps) => {
                for step in steps {
                    let open = self.plan.step(&step).is_some()
                        && !self.running.contains_key(&step)
                        && !self.progress.outcome(&step).is_some_and(Outcome::holds);
                    if open {
                        self.proofs.insert(step);
                    }
                }
                Ok(())
            }
            Command::Skip(steps) => {
                for step in steps {
                    let open = self.plan.step(&step).is_some() && !self.running.contains_key(&step);
                    if open && !self.progress.outcome(&step).is_some_and(Outcome::holds) {
                        self.wanted.remove(&step);
                        self.proofs.remove(&step);
                        self.asked_for.insert(step.clone());
                        self.skips.insert(step);
                    }
                }
                Ok(())
            }
            Command::Use { step, id } => self.use_existing(step, id).await,
            Command::Unskip(step) => {
                if self.skips.remove(&step) || self.progress.outcome(&step) == Some(Outcome::Skipped) {
                    self.reset(&step, "no longer skipped").await?;
                    self.unblock(&step).await?;
                }
                Ok(())
            }
            Command::Retry(step) => self.again(&step, "to be tried again").await,
            Command::KeepTrying(step) => self.keep_trying(&step).await,
            Command::Answer { number, choice } => {
                self.answer(number, choice, self.manner.by.unwrap_or(Who::Person)).await
            }
            Command::Cancel(step) => {
                if let Some(running) = self.running.get(&step) {
                    running.stop.cancel();
                } else if self.wanted.remove(&step) {
                    self.reset(&step, "taken back").await?;
                    self.settle_redos(&step);
                }
                Ok(())
            }
            Command::Leave => {
                self.leave();
                Ok(())
            }
        }
    }

    pub(super) async fn use_existing(&mut self, step: StepId, id: String) -> Recorded<()> {
        let usable = self.plan.step(&step).is_some_and(|step| step.usable.is_some());
        let outcome = self.progress.outcome(&step);
        if !usable || self.running.contains_key(&step) || outcome.is_some_and(Outcome::holds) {
            return Ok(());
        }
        self.skips.remove(&step);
        self.emit(RunEvent::UseChosen { step: step.clone(), id }).await?;
        if outcome.is_some() {
            self.reset(&step, "to use what exists").await?;
        }
        self.confirm(vec![step.clone()]).await?;
        self.unblock(&step).await
    }

    pub(super) async fn confirm(&mut self, steps: Vec<StepId>) -> Recorded<()> {
        if self.leaving {
            return Ok(());
        }
        for step in steps {
            let open = self.plan.step(&step).is_some()
                && self.running.get(&step).is_none_or(|running| running.mode == Mode::Prove)
                && !self.skips.contains(&step)
                && self.progress.outcome(&step).is_none();
            if open && self.wanted.insert(step.clone()) {
                self.asked_for.insert(step.clone());
                self.emit(RunEvent::StepQueued { step }).await?;
            }
        }
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.leaving = true;
        self.wanted.clear();
        self.skips.clear();
        self.proofs.clear();
        self.questions.clear();
        for running in self.running.values() {
            running.stop.cancel();
        }
    }

    pub(super) async fn reset(&mut self, step: &StepId, why: &str) -> Recorded<()> {
        self.seen.remove(step);
        self.emit(RunEvent::StepReset { step: step.clone(), why: why.to_owned() }).await
    }

    /// Runs a step that did not end well once more, and what it blocked after it.
    pub(super) async fn again(&mut self, step: &StepId, why: &str) -> Recorded<()> {
        let outcome = self.progress.outcome(step);
        if !matches!(outcome, Some(Outcome::Failed | Outcome::Blocked | Outcome::Cancelled)) {
            return Ok(());
        }
        self.reset(step, why).await?;
        self.confirm(vec![step.clone()]).await?;
        self.unblock(step).await
    }

    /// Confirms again what was blocked because of `step`, however far along.
    pub(super) async fn unblock(&mut self, step: &StepId) -> Recorded<()> {
        if self.leaving {
            return Ok(());
        }
        let mut causes = vec![step.clone()];
        while let Some(cause) = causes.pop() {
            let blocked: Vec<StepId> = self
                .plan
                .dependants(&cause)
                .map(|(dependant, _)| dependant.id.clone())
                .filter(|id| self.progress.outcome(id) == Some(Outcome::Blocked))
                .collect();
            for id in blocked {
                self.reset(&id, "no longer blocked").await?;
                self.confirm(vec![id.clone()]).await?;
                causes.push(id);
            }
        }
        Ok(())
    }

    pub(super) async fn keep_trying(&mut self, step: &StepId) -> Recorded<()> {
        if let Some(running) = self.running.get(step) {
            running.grace.send_modify(|grace| *grace += KEEP_TRYING);
            let text = "its waits last five minutes longer".to_owned();
            return self.emit(RunEvent::Noted { step: Some(step.clone()), text }).await;
        }
        if self.progress.outcome(step) == Some(Outcome::Failed) {
            let seen = self.seen.get(step).cloned();
            self.again(step, "to be tried for five minutes more").await?;
            if let Some(mut seen) = seen {
                seen.grace += KEEP_TRYING;
                self.seen.insert(step.clone(), seen);
            }
        }
        Ok(())
    }
}
