//! Performs the moves of one step until it ends. It looks into no move: what a reply means is the step's business.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard, mpsc, oneshot};

use super::context::{Recorded, Shared, StepContext};
use crate::domain::{
    Answers, Ask, Fault, Next, Outcome, Purpose, Request, Seen, Step, StepId, StepOutputs, Turn, USE_AS_IT_IS,
};
use crate::journal::JournalError;

/// How far a step goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// To its end.
    Run,
    /// Only as long as it looks: to see whether a skipped step is already there.
    Probe,
}

/// How a step came back to the executor.
#[derive(Debug)]
pub enum Ended {
    Done {
        outcome: Outcome,
        note: Option<String>,
        outputs: StepOutputs,
    },
    Failed(Fault),
    /// A probe came to a move that is not a look.
    NotThere,
    /// Stopped at the person's word.
    Stopped,
    /// The journal failed.
    Broken(JournalError),
}

/// What a running step asks of the executor.
pub enum Plea {
    Answer { step: StepId, ask: Ask, reply: oneshot::Sender<Result<String, Fault>> },
    Redo { step: StepId, steps: Vec<StepId>, why: String, reply: oneshot::Sender<()> },
}

/// All that performing a step takes.
pub struct Performance {
    pub context: StepContext,
    pub definition: Step,
    pub answers: Arc<Answers>,
    pub mode: Mode,
    pub seen: Seen,
    pub pleas: mpsc::UnboundedSender<Plea>,
}

impl Performance {
    /// Performs the step; gives back what it saw, so that its waits can be lengthened later.
    pub async fn run(mut self) -> (Ended, Seen) {
        let ended = match self.perform().await {
            Ok(_) if self.context.stop.is_cancelled() => Ended::Stopped,
            Ok(ended) => ended,
            Err(error) => Ended::Broken(error),
        };
        (ended, self.seen)
    }

    async fn perform(&mut self) -> Recorded<Ended> {
        loop {
            if self.context.stop.is_cancelled() {
                return Ok(Ended::Stopped);
            }
            self.seen.grace = *self.context.grace.borrow();
            let outputs = self.context.shared.outputs.read().await.clone();
            let next = self.definition.next(&self.answers, &outputs, &self.seen);
            let turn = match next {
                Next::Done { outcome, note, outputs } => return Ok(Ended::Done { outcome, note, outputs }),
                Next::Fail(fault) => return Ok(Ended::Failed(fault)),
                Next::Read(request) => Turn::Read(self.context.call(&request, purpose(&request)).await?),
                // Found as it should be, though not ours: who skips a step has said that others may have seen to it.
                Next::Ask(ask)
                    if self.mode == Mode::Probe && ask.under_yes.as_deref() == Some(USE_AS_IT_IS) =>
                {
                    Turn::Answered(USE_AS_IT_IS.to_owned())
                }
                _ if self.mode == Mode::Probe => return Ok(Ended::NotThere),
                Next::Write(request) => {
                    let _held = touch(&self.context.shared, &self.definition.touches).await;
                    Turn::Wrote(self.context.change(&request).await?)
                }
                Next::Wait { why, every, bound } => {
                    if !self.context.wait(&why, every, bound).await? {
                        return Ok(Ended::Stopped);
                    }
                    Turn::Waited(every.max(Duration::from_secs(1)))
                }
                Next::Ask(ask) => match self.ask(ask).await {
                    Some(Ok(choice)) => Turn::Answered(choice),
                    Some(Err(fault)) => return Ok(Ended::Failed(fault)),
                    None => return Ok(Ended::Stopped),
                },
                Next::Redo { steps, why } => {
                    if !self.redo(steps, why).await {
                        return Ok(Ended::Stopped);
                    }
                    Turn::Redone
                }
            };
            self.seen.turns.push(turn);
        }
    }

    /// The key of the choice, the fault of a question that nobody may answer, or `None` when stopped meanwhile.
    async fn ask(&self, ask: Ask) -> Option<Result<String, Fault>> {
        let (reply, answer) = oneshot::channel();
        let step = self.context.step.clone();
        self.pleas.send(Plea::Answer { step, ask, reply }).ok()?;
        tokio::select! {
            answer = answer => answer.ok(),
            () = self.context.stop.cancelled() => None,
        }
    }

    async fn redo(&self, steps: Vec<StepId>, why: String) -> bool {
        let (reply, done) = oneshot::channel();
        let step = self.context.step.clone();
        if self.pleas.send(Plea::Redo { step, steps, why, reply }).is_err() {
            return false;
        }
        tokio::select! {
            done = done => done.is_ok(),
            () = self.context.stop.cancelled() => false,
        }
    }
}

fn purpose(request: &Request) -> Purpose {
    if request.captures.is_empty() { Purpose::Look } else { Purpose::Key }
}

/// Takes the locks of the resources that a step writes, always in the same order.
async fn touch(shared: &Shared, touches: &[String]) -> Vec<OwnedMutexGuard<()>> {
    let mut ids: Vec<String> = touches.iter().map(|id| id.to_lowercase()).collect();
    ids.sort();
    ids.dedup();
    let locks: Vec<Arc<Mutex<()>>> = {
        let mut touched: tokio::sync::MutexGuard<'_, BTreeMap<String, Arc<Mutex<()>>>> =
            shared.touched.lock().await;
        ids.into_iter().map(|id| touched.entry(id).or_default().clone()).collect()
    };
    let mut held = Vec::new();
    for lock in locks {
        held.push(lock.lock_owned().await);
    }
    held
}
