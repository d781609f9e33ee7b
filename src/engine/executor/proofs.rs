//! What a run that goes on from an earlier one does with what it looks at: it holds, it is done again, or a person decides.

use super::{Before, Executor};
use crate::domain::{NeedKind, Outcome, RunEvent, Seen, StepId, StepOutputs};
use crate::engine::context::Recorded;
use crate::engine::performer::Mode;

impl Executor {
    /// Takes in that a step which was looked at is not as it should be. It waits for the person's word, or runs when it
    /// has that already. It looks again then: what it needs may have been made meanwhile.
    pub(super) async fn not_there(
        &mut self,
        id: &StepId,
        why: &str,
        before: Option<Before>,
        seen: Seen,
    ) -> Recorded<()> {
        if let Some(Before { outcome, note, fault }) = before
            && !self.wanted.contains(id)
        {
            // It ended so before, and nobody has mended it meanwhile.
            return self.end(id, outcome, note, fault, StepOutputs::new()).await;
        }
        self.reset(id, why).await?;
        self.shared.outputs.write().await.forget(id);
        if self.wanted.contains(id) {
            self.seen.insert(id.clone(), Seen { turns: Vec::new(), ..seen });
            self.emit(RunEvent::StepQueued { step: id.clone() }).await?;
        }
        self.outdate(id).await
    }

    /// Has every step looked at again that was looked at with values of `id` which are no longer true.
    pub(super) async fn outdate(&mut self, id: &StepId) -> Recorded<()> {
        let dependants: Vec<StepId> = self
            .plan
            .dependants(id)
            .filter(|(_, kind)| *kind == NeedKind::Value)
            .map(|(step, _)| step.id.clone())
            .collect();
        for dependant in dependants {
            if self.running.get(&dependant).is_some_and(|running| running.mode == Mode::Prove) {
                self.outdated.insert(dependant);
            } else if self.proved.contains(&dependant)
                && self
                    .progress
                    .outcome(&dependant)
                    .is_some_and(|outcome| outcome.holds() || outcome == Outcome::Failed)
            {
                self.look_again(&dependant).await?;
            }
        }
        Ok(())
    }

    /// Looks at a step once more, as soon as the values that its look needs are known.
    pub(super) async fn look_again(&mut self, id: &StepId) -> Recorded<()> {
        self.reset(id, "what it builds on has changed").await?;
        self.proofs.insert(id.clone());
        if self.asked_for.contains(id) {
            self.wanted.insert(id.clone());
        }
        // What waited for it in vain waits for it again.
        self.unblock(id).await
    }
}
