//! Runs the confirmed steps of a plan whose needs are met, all at once, and takes the person's orders meanwhile.
//!
//! A ready set over ids, not a graph framework. It knows no stage and no dialect.

mod orders;
mod proofs;
mod questions;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, RwLock, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::clock::Clock;
use super::command::{Command, Handle};
use super::context::{Recorded, Shared, StepContext};
use super::error::RunError;
use super::pause::Pause;
use super::performer::{Ended, Mode, Performance, Plea};
use super::recorder::Recorder;
use crate::azure::{Azure, Vault};
use crate::domain::{
    Answers, Exit, Fault, NeedKind, Outcome, Outputs, Plan, Progress, Question, Record, RunEvent, RunHeader,
    Seen, StepId, StepOutputs, Who,
};
use crate::journal::Writer;

/// Everything that a run is made of.
pub struct Job {
    pub plan: Plan,
    pub answers: Answers,
    pub header: RunHeader,
    pub azure: Azure,
    /// `None` for a run that only looks: then nothing is changed and no operation is waited for.
    pub journal: Option<Writer>,
    /// What earlier runs of the setup came to, where `header` says that this one goes on from them.
    pub earlier: Progress,
    pub clock: Clock,
    pub manner: Manner,
    /// Orders that stand from the start. A run that ends by itself ends when they are carried out.
    pub orders: Vec<Command>,
}

/// How a run behaves where a person is not asked.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// Questions are answered as they say for `--yes`; those that say nothing fail their step.
    pub yes: bool,
    /// Choices given beforehand, by step.
    pub choices: BTreeMap<StepId, String>,
    /// The run ends by itself when nothing is left that can run.
    pub end_when_idle: bool,
    /// Who gives the orders.
    pub by: Option<Who>,
}

/// A run that was started.
pub struct Running {
    pub handle: Handle,
    pub events: mpsc::UnboundedReceiver<Record>,
    pub ended: tokio::task::JoinHandle<Result<Exit, RunError>>,
}

/// Starts a run on the current runtime. The first event is `RunStarted`, the last one `RunFinished`.
pub fn start(job: Job) -> Running {
    let (handle, orders) = Handle::pair();
    let (watcher, events) = mpsc::unbounded_channel();
    let (own, mirror) = mpsc::unbounded_channel();
    let (plea_sender, pleas) = mpsc::unbounded_channel();
    // Under `--yes`, and where it is only looked, nobody is there to sign in.
    let asks = !job.manner.yes && job.journal.is_some();
    let pause = Pause::new(asks.then(|| plea_sender.clone()));
    let recorder = Recorder::new(job.journal, job.clock, vec![own, watcher]);
    let executor = Executor {
        progress: job.earlier,
        mirror,
        shared: Arc::new(Shared {
            azure: job.azure,
            vault: Vault::default(),
            clock: job.clock,
            recorder,
            outputs: RwLock::new(Outputs::default()),
            touched: Mutex::new(BTreeMap::new()),
            pause,
        }),
        plan: job.plan,
        answers: Arc::new(job.answers),
        manner: job.manner,
        wanted: BTreeSet::new(),
        asked_for: BTreeSet::new(),
        skips: BTreeSet::new(),
        proofs: BTreeSet::new(),
        proved: BTreeSet::new(),
        outdated: BTreeSet::new(),
        running: BTreeMap::new(),
        seen: BTreeMap::new(),
        questions: BTreeMap::new(),
        redos: Vec::new(),
        next_question: 1,
        tasks: JoinSet::new(),
        plea_sender,
        leaving: false,
    };
    let ended = tokio::spawn(executor.run(job.header, job.orders, orders, pleas));
    Running { handle, events, ended }
}

struct RunningStep {
    stop: CancellationToken,
    grace: watch::Sender<Duration>,
    mode: Mode,
    /// How it had ended when it was looked at.
    before: Option<Before>,
}

/// How a step had ended.
struct Before {
    outcome: Outcome,
    note: Option<String>,
    fault: Option<Fault>,
}

struct PendingQuestion {
    question: Question,
    reply: oneshot::Sender<Result<String, Fault>>,
}

struct PendingRedo {
    left: BTreeSet<StepId>,
    reply: oneshot::Sender<()>,
}

type Finished = (StepId, Ended, Seen);

struct Executor {
    plan: Plan,
    answers: Arc<Answers>,
    manner: Manner,
    shared: Arc<Shared>,
    /// The same fold that everybody makes, fed by the recorder itself.
    progress: Progress,
    mirror: mpsc::UnboundedReceiver<Record>,
    /// Confirmed and not begun.
    wanted: BTreeSet<StepId>,
    /// Confirmed at any time: what the verdict is about.
    asked_for: BTreeSet<StepId>,
    /// To be skipped once what their look needs is settled.
    skips: BTreeSet<StepId>,
    /// To be looked at once what their look needs is known.
    proofs: BTreeSet<StepId>,
    /// Judged by a look alone.
    proved: BTreeSet<StepId>,
    /// Being looked at with outputs that have changed meanwhile.
    outdated: BTreeSet<StepId>,
    running: BTreeMap<StepId, RunningStep>,
    /// What failed steps saw, for *keep trying*.
    seen: BTreeMap<StepId, Seen>,
    questions: BTreeMap<u64, PendingQuestion>,
    redos: Vec<PendingRedo>,
    next_question: u64,
    tasks: JoinSet<Finished>,
    plea_sender: mpsc::UnboundedSender<Plea>,
    leaving: bool,
}

/// Why a wanted step does not start.
enum Readiness {
    Ready { without: Vec<StepId> },
    NotYet,
    Blocked(String),
}

impl Executor {
    async fn run(
        self,
        header: RunHeader,
        standing: Vec<Command>,
        orders: mpsc::UnboundedReceiver<Command>,
        pleas: mpsc::UnboundedReceiver<Plea>,
    ) -> Result<Exit, RunError> {
        let recorder = self.shared.recorder.clone();
        let ended = self.carry_out(header, standing, orders, pleas).await;
        if let Err(error) = &ended {
            // What cannot be kept can still be told to those who watch.
            recorder.tell(RunEvent::Noted { step: None, text: format!("the run stops: {error}") }).await;
        }
        ended
    }

    async fn carry_out(
        mut self,
        header: RunHeader,
        standing: Vec<Command>,
        mut orders: mpsc::UnboundedReceiver<Command>,
        mut pleas: mpsc::UnboundedReceiver<Plea>,
    ) -> Result<Exit, RunError> {
        self.emit(RunEvent::RunStarted(Box::new(header))).await?;
        *self.shared.outputs.write().await = self.progress.outputs.clone();
        for order in standing {
            self.obey(order).await?;
        }
        let mut held = true;
        loop {
            self.start_what_is_ready().await?;
            if self.tasks.is_empty() && (self.leaving || self.manner.end_when_idle) {
                break;
            }
            tokio::select! {
                biased;
                Some(plea) = pleas.recv() => self.hear(plea).await?,
                Some(finished) = self.tasks.join_next(), if !self.tasks.is_empty() => {
                    let finished = finished.map_err(|error| RunError::Task(error.to_string()))?;
                    self.finish(finished).await?;
                }
                order = orders.recv(), if held => match order {
                    Some(order) => self.obey(order).await?,
                    // Nobody holds the handle any more; asking again would be answered at once, for ever.
                    None => {
                        held = false;
                        self.leave();
                    }
                },
            }
        }
        let exit = self.verdict();
        self.emit(RunEvent::RunFinished { exit }).await?;
        Ok(exit)
    }

    /// The exit of the run: over what was asked for when it ends by itself, over all of the plan else.
    fn verdict(&self) -> Exit {
        let scope = |step: &StepId| !self.manner.end_when_idle || self.asked_for.contains(step);
        let verdict =
            self.progress.verdict_over(self.plan.steps().map(|step| &step.id).filter(|id| scope(id)));
        if self.leaving
            && verdict == Exit::Complete
            && self.plan.steps().any(|step| self.progress.outcome(&step.id).is_none())
        {
            return Exit::Left;
        }
        verdict
    }

    /// Records an event and takes it into the own fold.
    async fn emit(&mut self, event: RunEvent) -> Recorded<()> {
        self.shared.recorder.emit(event).await?;
        self.catch_up();
        Ok(())
    }

    fn catch_up(&mut self) {
        while let Ok(record) = self.mirror.try_recv() {
            self.progress.apply(&record);
        }
    }

    /// Starts what is confirmed and ready, blocks what cannot run any more, looks at what is to be skipped.
    async fn start_what_is_ready(&mut self) -> Recorded<()> {
        loop {
            let mut moved = false;
            for id in self.skips.iter().cloned().collect::<Vec<_>>() {
                if self.can_be_looked_for(&id) {
                    self.skips.remove(&id);
                    moved = true;
                    self.skip(id).await?;
                }
            }
            // In the order of the screen, so that the log reads in it too.
            let ids = self.plan.ids();
            for id in ids.iter().filter(|id| self.proofs.contains(id)).cloned().collect::<Vec<_>>() {
                if self.values_known(&id) {
                    self.proofs.remove(&id);
                    self.launch(&id, Mode::Prove, Vec::new()).await?;
                } else if self.can_be_looked_for(&id) {
                    // Nobody gives what its look needs, so there is nothing to be seen of it.
                    self.proofs.remove(&id);
                    moved = true;
                }
            }
            let open = |id: &StepId| {
                self.wanted.contains(id) && !self.proofs.contains(id) && !self.running.contains_key(id)
            };
            for id in ids.into_iter().filter(open).collect::<Vec<_>>() {
                match self.readiness(&id) {
                    Readiness::NotYet => {}
                    Readiness::Blocked(why) => {
                        self.wanted.remove(&id);
                        moved = true;
                        self.end(&id, Outcome::Blocked, Some(why), None, StepOutputs::new()).await?;
                    }
                    Readiness::Ready { without } => {
                        self.wanted.remove(&id);
                        self.launch(&id, Mode::Run, without).await?;
                    }
                }
            }
            if !moved {
                return Ok(());
            }
        }
    }

    /// A step as a sentence names it, with the id that flags take.
    fn named(&self, id: &StepId) -> String {
        self.plan.step(id).map_or_else(|| id.to_string(), |step| format!("\"{}\" ({id})", step.title))
    }

    fn readiness(&self, id: &StepId) -> Readiness {
        let Some(step) = self.plan.step(id) else { return Readiness::NotYet };
        let mut without = Vec::new();
        let mut waiting = false;
        for need in &step.needs {
            match (self.progress.outcome(&need.step), need.kind) {
                (Some(outcome), _) if outcome.holds() => {}
                (Some(Outcome::Skipped), NeedKind::Effect) => without.push(need.step.clone()),
                (Some(outcome), _) => {
                    let became = match outcome {
                        Outcome::Failed => "failed",
                        Outcome::Skipped => "was skipped",
                        Outcome::Cancelled => "was cancelled",
                        _ => "is blocked",
                    };
                    return Readiness::Blocked(format!(
                        "it needs {}, which {became}",
                        self.named(&need.step)
                    ));
                }
                (None, _) => waiting = true,
            }
        }
        // With nothing running that could still bring it, an unconfirmed need blocks a run that ends by itself.
        if waiting && self.manner.end_when_idle {
            let hopeless = step.needs.iter().find(|need| {
                self.progress.outcome(&need.step).is_none()
                    && !self.wanted.contains(&need.step)
                    && !self.running.contains_key(&need.step)
                    && !self.skips.contains(&need.step)
                    && !self.proofs.contains(&need.step)
            });
            if let Some(need) = hopeless {
                let named = self.named(&need.step);
                return Readiness::Blocked(format!("it needs {named}, which is not part of this run"));
            }
        }
        if waiting { Readiness::NotYet } else { Readiness::Ready { without } }
    }

    /// A step to be skipped can be looked for when the values that its look needs are settled, or will never come.
    fn can_be_looked_for(&self, id: &StepId) -> bool {
        let Some(step) = self.plan.step(id) else { return true };
        step.needs.iter().filter(|need| need.kind == NeedKind::Value).all(|need| {
            let coming = self.wanted.contains(&need.step)
                || self.running.contains_key(&need.step)
                || self.skips.contains(&need.step)
                || self.proofs.contains(&need.step);
            !coming
        })
    }

    /// True when every value that a look at the step needs is known, from this run or from an earlier one.
    fn values_known(&self, id: &StepId) -> bool {
        let Some(step) = self.plan.step(id) else { return false };
        let mut values = step.needs.iter().filter(|need| need.kind == NeedKind::Value);
        values.all(|need| self.progress.outputs.of(&need.step).is_some())
    }

    async fn skip(&mut self, id: StepId) -> Recorded<()> {
        if self.values_known(&id) {
            self.launch(&id, Mode::Probe, Vec::new()).await
        } else {
            self.skipped(&id, "it could not be looked for".to_owned()).await
        }
    }

    /// Ends a step as skipped. What it blocked while it had failed may now go on without it.
    async fn skipped(&mut self, id: &StepId, note: String) -> Recorded<()> {
        self.end(id, Outcome::Skipped, Some(note), None, StepOutputs::new()).await?;
        self.unblock(id).await
    }

    async fn launch(&mut self, id: &StepId, mode: Mode, without: Vec<StepId>) -> Recorded<()> {
        let Some(definition) = self.plan.step(id).cloned() else { return Ok(()) };
        let operation =
            self.progress.step(id).and_then(|step| Some((step.operation.clone()?, step.not_before)));
        let earlier = self.progress.earlier(id);
        let before = self.progress.step(id).zip(self.progress.outcome(id)).map(|(known, outcome)| Before {
            outcome,
            note: known.note.clone(),
            fault: known.fault.clone(),
        });
        let look = mode != Mode::Run;
        self.emit(RunEvent::StepStarted { step: id.clone(), look }).await?;
        let (seen, operation) = match self.seen.remove(id) {
            // It goes on from what it saw, and knows what became of what it began.
            Some(seen) => (seen, None),
            None => (Seen { earlier, ..Seen::default() }, operation),
        };
        let stop = CancellationToken::new();
        let (grace, watched) = watch::channel(seen.grace);
        self.running.insert(id.clone(), RunningStep { stop: stop.clone(), grace, mode, before });
        let performance = Performance {
            context: StepContext { shared: self.shared.clone(), step: id.clone(), stop, grace: watched },
            definition,
            answers: self.answers.clone(),
            mode,
            operation,
            seen,
            pleas: self.plea_sender.clone(),
        };
        let id = id.clone();
        self.tasks.spawn(async move {
            let (mut ended, seen) = performance.run().await;
            if let Ended::Done { outcome: outcome @ Outcome::Done, note, .. } = &mut ended
                && !without.is_empty()
            {
                let names: Vec<_> = without.iter().map(StepId::as_str).collect();
                *outcome = Outcome::Warned;
                *note = Some(format!("done without {}, which was skipped", names.join(", ")));
            }
            (id, ended, seen)
        });
        Ok(())
    }

    async fn finish(&mut self, (id, ended, seen): Finished) -> Result<(), RunError> {
        self.catch_up();
        let (mode, before) =
            self.running.remove(&id).map_or((Mode::Run, None), |running| (running.mode, running.before));
        self.questions.retain(|_, pending| pending.question.step != id);
        let none = StepOutputs::new;
        match ended {
            Ended::Broken(error) => return Err(error.into()),
            _ if self.outdated.remove(&id) && !self.leaving => self.look_again(&id).await?,
            Ended::Done { outcome, note, outputs } => {
                let before = self.progress.outputs.of(&id).cloned();
                // Also where it was done again: what was looked at meanwhile was with what an earlier run had of it.
                let changed = before.is_some_and(|before| before != outputs);
                self.wanted.remove(&id);
                if mode == Mode::Prove {
                    self.proved.insert(id.clone());
                }
                self.end(&id, outcome, note, None, outputs).await?;
                if changed {
                    self.outdate(&id).await?;
                }
            }
            Ended::NotThere(why) if mode == Mode::Prove => self.not_there(&id, &why, before, seen).await?,
            Ended::NotThere(why) => {
                self.skipped(&id, format!("it was looked for: {why}")).await?;
            }
            Ended::Failed(fault) if mode == Mode::Probe => {
                let note = format!("looking for it failed: {}", fault.says);
                self.skipped(&id, note).await?;
            }
            Ended::Failed(fault) => {
                self.wanted.remove(&id);
                if mode == Mode::Prove {
                    self.proved.insert(id.clone());
                }
                self.seen.insert(id.clone(), seen);
                self.end(&id, Outcome::Failed, None, Some(fault), none()).await?;
            }
            // What it was in an earlier run stays on record.
            Ended::Stopped if mode == Mode::Prove && self.leaving => {}
            Ended::Stopped if mode == Mode::Prove => {
                self.wanted.remove(&id);
                self.reset(&id, "no longer looked for").await?;
            }
            Ended::Stopped => {
                let note = "stopped; what Azure accepted goes on there".to_owned();
                self.end(&id, Outcome::Cancelled, Some(note), None, none()).await?;
            }
        }
        Ok(())
    }

    async fn end(
        &mut self,
        id: &StepId,
        outcome: Outcome,
        note: Option<String>,
        fault: Option<Fault>,
        outputs: StepOutputs,
    ) -> Recorded<()> {
        if outcome.holds() {
            self.shared.outputs.write().await.set(id, outputs.clone());
        }
        let fault = fault.map(Box::new);
        self.emit(RunEvent::StepFinished { step: id.clone(), outcome, note, fault, outputs }).await?;
        self.settle_redos(id);
        Ok(())
    }

    async fn hear(&mut self, plea: Plea) -> Recorded<()> {
        match plea {
            Plea::Answer { step, ask, reply } => self.question(step, ask, reply).await,
            // The step that asks is being stopped.
            Plea::Redo { .. } if self.leaving => Ok(()),
            Plea::Redo { step, steps, why, reply } => {
                // What the person skipped is not done for another step's sake either.
                let skipped = |id: &StepId| self.progress.outcome(id) == Some(Outcome::Skipped);
                let known: Vec<StepId> =
                    steps.into_iter().filter(|id| self.plan.step(id).is_some() && !skipped(id)).collect();
                self.emit(RunEvent::RedoStarted { step, steps: known.clone(), why }).await?;
                let left: BTreeSet<StepId> = known.iter().cloned().collect();
                for id in &known {
                    if !self.running.contains_key(id) {
                        self.reset(id, "to be done again").await?;
                        self.confirm(vec![id.clone()]).await?;
                    }
                }
                if left.is_empty() {
                    let _ = reply.send(());
                } else {
                    self.redos.push(PendingRedo { left, reply });
                }
                Ok(())
            }
        }
    }

    fn settle_redos(&mut self, id: &StepId) {
        let mut waiting = Vec::new();
        for mut redo in std::mem::take(&mut self.redos) {
            redo.left.remove(id);
            if redo.left.is_empty() {
                // The step may have been stopped meanwhile; then nobody listens.
                let _ = redo.reply.send(());
            } else {
                waiting.push(redo);
            }
        }
        self.redos = waiting;
    }
}
