//! Performs the moves of one step until it ends. It looks into no move: what a reply means is the step's business.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc, oneshot};

use super::context::{Recorded, Shared, StepContext};
use crate::domain::{
    Answers, Ask, ErrorKind, Fault, Next, Outcome, Purpose, Request, RunEvent, Seen, Step, StepId,
    StepOutputs, Turn, USE_AS_IT_IS, Wait,
};
use crate::journal::JournalError;

/// How far a step goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// To its end.
    Run,
    /// Only as long as it looks: to see whether a skipped step is already there.
    Probe,
    /// As long as it looks, or waits for what an earlier run began: to see whether what was done still is.
    Prove,
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
    /// It would go on with a move that is not a look; why.
    NotThere(String),
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
    /// What an earlier run began, and when it may be asked about.
    pub operation: Option<(Wait, Option<Timestamp>)>,
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
        // Without a journal nothing is waited for: it is a picture that is wanted.
        let patient = self.mode == Mode::Run
            || (self.context.shared.recorder.keeps().await
                && (self.operation.is_some() || self.seen.earlier.unanswered));
        if let Some((wait, not_before)) = self.operation.take().filter(|_| patient)
            && let Err(error) = self.context.reattach(&wait, not_before).await?
        {
            match error.kind {
                ErrorKind::Left => return Ok(Ended::Stopped),
                // How it went cannot be seen there: the resource itself tells.
                ErrorKind::Lost | ErrorKind::StillRunning => {}
                _ => self.seen.earlier.ended = Some(error),
            }
        }
        loop {
            if self.context.stop.is_cancelled() {
                return Ok(Ended::Stopped);
            }
            self.seen.grace = *self.context.grace.borrow();
            let outputs = self.context.shared.outputs.read().await.clone();
            let next = self.definition.next(&self.answers, &outputs, &self.seen);
            let turn = match next {
                Next::Done { outcome, note, outputs } => return Ok(Ended::Done { outcome, note, outputs }),
                Next::Fail(_) if self.mode == Mode::Prove && self.found_nothing() => {
                    return Ok(Ended::NotThere("it is not there".to_owned()));
                }
                Next::Fail(fault) => return Ok(Ended::Failed(fault)),
                Next::Read(request) => Turn::Read(self.context.call(&request, purpose(&request)).await?),
                // Found as it should be, though not ours: who skips a step has said that others may have seen to it.
                Next::Ask(ask)
                    if self.mode == Mode::Probe && ask.under_yes.as_deref() == Some(USE_AS_IT_IS) =>
                {
                    Turn::Answered(USE_AS_IT_IS.to_owned())
                }
                Next::Ask(ask)
                    if self.mode != Mode::Probe && self.seen.earlier.answer(&ask) == Some(USE_AS_IT_IS) =>
                {
                    let text = "used as it is, as an earlier run was told".to_owned();
                    let step = Some(self.context.step.clone());
                    self.context.emit(RunEvent::Noted { step, text }).await?;
                    Turn::Answered(USE_AS_IT_IS.to_owned())
                }
                next if self.mode == Mode::Probe
                    || (self.mode == Mode::Prove && !is_wait(&next, patient)) =>
                {
                    return Ok(Ended::NotThere(self.would(&next)));
                }
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

    /// True when the last look found nothing.
    fn found_nothing(&self) -> bool {
        matches!(self.seen.turns.last(), Some(Turn::Read(Err(error))) if error.kind == ErrorKind::NotFound)
    }

    /// Why a step that only looks does not go on, for the person who is to decide.
    fn would(&self, next: &Next) -> String {
        match next {
            Next::Ask(ask) if ask.differs.is_empty() => ask.question.clone(),
            Next::Ask(ask) => format!("{}: {}", ask.question, ask.differs.join("; ")),
            Next::Wait { why, .. } | Next::Redo { why, .. } => why.clone(),
            _ if self.found_nothing() => "it is not there".to_owned(),
            _ => "it is not there as it should be".to_owned(),
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

fn is_wait(next: &Next, patient: bool) -> bool {
    patient && matches!(next, Next::Wait { .. })
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
