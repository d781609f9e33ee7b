//! What the wizard has done for it: places, looks, plans, runs. Failures become what a screen can show.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle};

use super::as_fault;
use super::signing::Prompting;
use super::standing::{NO_FAULTS, Standing};
use crate::cli::args::Global;
use crate::cli::candidates::{answers_to, candidates};
use crate::cli::environment::Surroundings;
use crate::cli::export::{export, save};
use crate::cli::failure::Failure;
use crate::cli::follow::shareable;
use crate::cli::past::Past;
use crate::cli::person::open_browser;
use crate::cli::review::{Told, go_on, newest};
use crate::cli::usual::usual;
use crate::cli::wire::Connected;
use crate::domain::{
    Answers, CallId, Exchanged, Exit, Fault, Line, LogSource, Plan, Record, RunKind, StepId,
};
use crate::engine::Manner;
use crate::journal::JournalLog;
use crate::stages::preflight::HandOff;
use crate::stages::{self, DIALECTS, Dialect, Regions};
use crate::tui::{
    Candidate, Checkup, ExportForm, Ground, Launch, Launched, Place, Reviewed, SignInWay, SignedIn,
    TellPrompt, Usual, Verdict, WayBack,
};

/// The wizard's hands.
pub struct Launcher {
    global: Global,
    surroundings: Surroundings,
    prompting: Prompting,
    /// The places that were stood on, each once; the last is the one that is stood on.
    standings: Mutex<Vec<Arc<Standing>>>,
    last: Mutex<Last>,
    live: Mutex<Option<Arc<Live>>>,
}

/// What a run was launched with.
struct Live {
    connected: Connected,
    plan: Plan,
}

/// What came of the last launch.
enum Last {
    None,
    Failed(Failure),
    Engine(JoinHandle<Result<Exit, Failure>>),
}

impl Launcher {
    /// Stands where the command line says, and tells what is known there.
    pub async fn begin(global: &Global, surroundings: Surroundings) -> Result<(Self, Ground), Failure> {
        let place = if global.sandbox { Place::Sandbox } else { Place::Azure };
        let prompting = Prompting::default();
        let standing = Standing::at(place, global, &surroundings, &prompting.prompts()).await?;
        let ground = standing.ground().await?;
        let launcher = Self {
            global: global.clone(),
            surroundings,
            prompting,
            standings: Mutex::new(vec![Arc::new(standing)]),
            last: Mutex::new(Last::None),
            live: Mutex::new(None),
        };
        Ok((launcher, ground))
    }

    /// Where it stands. There is always a place: it begins on one.
    pub(super) fn here(&self) -> Result<Arc<Standing>, Failure> {
        let standings = self.standings.lock().unwrap_or_else(PoisonError::into_inner);
        let here = standings.last().cloned();
        here.ok_or_else(|| {
            Failure::new(Exit::Failed, "error: the wizard stands nowhere\n  do:      report it")
        })
    }

    pub(super) fn prompting(&self) -> &Prompting {
        &self.prompting
    }

    async fn go_to(&self, place: Place, rehearsal: Option<&str>) -> Result<Ground, Failure> {
        let known = {
            let mut standings = self.standings.lock().unwrap_or_else(PoisonError::into_inner);
            let at = standings.iter().position(|standing| standing.place == place);
            at.map(|at| standings.remove(at)).inspect(|standing| standings.push(standing.clone()))
        };
        let standing = match known {
            Some(standing) => standing,
            None => {
                let prompts = self.prompting.prompts();
                let made = Standing::at(place, &self.global, &self.surroundings, &prompts).await?;
                let made = Arc::new(made);
                let mut standings = self.standings.lock().unwrap_or_else(PoisonError::into_inner);
                standings.push(made.clone());
                made
            }
        };
        match rehearsal {
            Some(rehearsal) => standing.rehearse(rehearsal).await?,
            None if self.global.sandbox_faults.is_none() => standing.rehearse(NO_FAULTS).await?,
            None => {}
        }
        let mut ground = standing.ground().await?;
        if let Some(rehearsal) = rehearsal {
            ground.answers = standing.practice(rehearsal)?;
            ground.others.splice(0..0, ground.resume.take());
        }
        Ok(ground)
    }

    fn keep(&self, last: Last) -> Last {
        std::mem::replace(&mut *self.last.lock().unwrap_or_else(PoisonError::into_inner), last)
    }

    /// Keeps a failure for who leaves after it.
    fn failing(&self, failure: Failure) -> Fault {
        let fault = as_fault(&failure);
        self.keep(Last::Failed(failure));
        fault
    }

    /// How the engine ends, when one was started.
    pub fn engine(&self) -> Option<JoinHandle<Result<Exit, Failure>>> {
        match self.keep(Last::None) {
            Last::Engine(engine) => Some(engine),
            other => {
                self.keep(other);
                None
            }
        }
    }

    /// Why the last launch failed.
    pub fn failed(&self) -> Option<Failure> {
        match self.keep(Last::None) {
            Last::Failed(failure) => Some(failure),
            Last::None | Last::Engine(_) => None,
        }
    }

    async fn run(&self, answers: Answers, kind: RunKind) -> Result<Launched, Failure> {
        let standing = self.here()?;
        let start = &standing.start;
        let connected = standing.connected().await?;
        let answers = standing.settled(answers);
        let past = Past::read(&start.state, answers.setup_id())?;
        let (prepared, stays) = match kind {
            RunKind::Setup => {
                let prepared =
                    start.prepare(&connected, answers, &past, Regions::Checked, &|_, _| {}).await?;
                past.check_changes(prepared.selection.dialect, &prepared.answers)?;
                (prepared, Vec::new())
            }
            RunKind::Teardown => {
                let prepared = start.prepare_teardown(&connected, answers, &past, &|_, _| {}).await?;
                let stays = stays(prepared.selection.dialect);
                (prepared, stays)
            }
        };
        let orders = past.resumed(kind, &prepared.plan);
        let log = Arc::new(JournalLog::default());
        let manner = Manner::default();
        let running = start.begin(&connected, &prepared, manner, orders, Some(&log))?;
        let account = short(&connected.account);
        let live = Arc::new(Live { connected, plan: prepared.plan.clone() });
        *self.live.lock().unwrap_or_else(PoisonError::into_inner) = Some(live);
        let (tell, told) = oneshot::channel();
        let engine = running.ended;
        self.keep(Last::Engine(tokio::spawn(async move {
            let ended = match engine.await {
                Ok(ended) => ended.map_err(Failure::from),
                Err(error) => Err(stopped(&error)),
            };
            // Nobody listens any more when the wizard has ended.
            let _ = tell.send(ended.as_ref().err().map(as_fault));
            ended
        })));
        Ok(Launched {
            flags: standing.flags(&prepared.answers),
            plan: prepared.plan,
            engine: running.handle,
            events: running.events,
            ended: Box::pin(async move { told.await.ok().flatten() }),
            account,
            why: prepared.selection.because,
            older: Arc::new(Screened(log)),
            earlier: past.progress,
            stays,
        })
    }

    /// What the setup's chain of runs did, without the signatures of status URLs.
    fn reviewed(&self, answers: &Answers) -> Result<Reviewed, Failure> {
        let Told { which, review, .. } = newest(self.here()?.which(answers))?;
        let go_on = go_on(&which, review.kind);
        Ok(Reviewed { review, go_on })
    }

    async fn taken_down(&self, answers: Answers) -> Result<WayBack, Failure> {
        let standing = self.here()?;
        let connected = standing.connected().await?;
        let past = Past::read(&standing.start.state, answers.setup_id())?;
        let answers = past.answers_or(answers);
        let prepared = standing.start.prepare_teardown(&connected, answers, &past, &|_, _| {}).await?;
        let stays = stays(prepared.selection.dialect);
        Ok(WayBack { answers: prepared.answers, plan: prepared.plan, stays })
    }

    async fn listed(&self, answers: &Answers, key: &'static str) -> Result<Vec<Candidate>, Failure> {
        let field = stages::field(DIALECTS, answers, key);
        let Some(choices) = field.and_then(|field| field.choices) else { return Ok(Vec::new()) };
        let standing = self.here()?;
        let connected = standing.connected_for(answers).await?;
        answers_to(&standing.start, &connected, answers, choices).await
    }

    async fn usable(&self, step: &StepId) -> Result<Vec<Candidate>, Failure> {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(live) = live else { return Ok(Vec::new()) };
        let list = live.plan.step(step).and_then(|step| step.usable.as_ref());
        let Some(list) = list else { return Ok(Vec::new()) };
        candidates(&self.here()?.start, &live.connected, list).await
    }
}

#[async_trait]
impl Launch for Launcher {
    async fn enter(&self, place: Place, rehearsal: Option<String>) -> Result<Ground, Fault> {
        self.go_to(place, rehearsal.as_deref()).await.map_err(|failure| as_fault(&failure))
    }

    async fn ways(&self) -> Result<Vec<SignInWay>, Fault> {
        self.sign_in_ways().await.map_err(|failure| as_fault(&failure))
    }

    async fn sign_in(&self, way: String, tell: TellPrompt) -> Result<SignedIn, Fault> {
        self.signed_in(&way, tell).await.map_err(|failure| as_fault(&failure))
    }

    async fn take_tenant(&self, tenant: String) -> Result<SignedIn, Fault> {
        self.in_tenant(&tenant).await.map_err(|failure| as_fault(&failure))
    }

    fn open_link(&self, url: &str) -> bool {
        open_browser(url)
    }

    async fn propose(&self, answers: Answers) -> Result<Answers, Fault> {
        self.proposed(answers).await.map_err(|failure| as_fault(&failure))
    }

    async fn verdict(&self, answers: Answers, key: &'static str) -> Result<Option<Verdict>, Fault> {
        self.judged(&answers, key).await.map_err(|failure| as_fault(&failure))
    }

    async fn check(&self, answers: Answers) -> Result<Checkup, Fault> {
        Launcher::keep(self, Last::None);
        self.checked(answers).await.map_err(|failure| self.failing(failure))
    }

    async fn hand_over(&self, hand_off: HandOff) -> Result<String, Fault> {
        Self::handed_over(&hand_off).map_err(|failure| as_fault(&failure))
    }

    async fn keep(&self, answers: Answers) -> Result<String, Fault> {
        self.kept(answers).map_err(|failure| as_fault(&failure))
    }

    async fn launch(&self, answers: Answers, kind: RunKind) -> Result<Launched, Fault> {
        Launcher::keep(self, Last::None);
        self.run(answers, kind).await.map_err(|failure| self.failing(failure))
    }

    async fn review(&self, answers: Answers) -> Result<Reviewed, Fault> {
        self.reviewed(&answers).map_err(|failure| as_fault(&failure))
    }

    async fn export(&self, answers: Answers, form: ExportForm) -> Result<String, Fault> {
        let reviewed = self.reviewed(&answers).map_err(|failure| as_fault(&failure))?;
        let path = export(Path::new(""), &reviewed, form).map_err(|fault| *fault)?;
        Ok(path.display().to_string())
    }

    async fn way_back(&self, answers: Answers) -> Result<WayBack, Fault> {
        self.taken_down(answers).await.map_err(|failure| as_fault(&failure))
    }

    async fn choices(&self, answers: Answers, key: &'static str) -> Result<Vec<Candidate>, Fault> {
        self.listed(&answers, key).await.map_err(|failure| as_fault(&failure))
    }

    fn save(
        &self,
        name: &str,
        lines: &mut dyn Iterator<Item = String>,
    ) -> Result<(String, usize), Box<Fault>> {
        let (path, count) = save(Path::new(""), name, lines)?;
        Ok((path.display().to_string(), count))
    }

    async fn usual(&self) -> BTreeMap<StepId, Usual> {
        let Ok(standing) = self.here() else { return BTreeMap::new() };
        let read = tokio::task::spawn_blocking(move || {
            let start = &standing.start;
            usual(&start.state, start.sandbox.is_some(), start.scale())
        });
        read.await.unwrap_or_default()
    }

    async fn candidates(&self, step: StepId) -> Result<Vec<Candidate>, Fault> {
        self.usable(&step).await.map_err(|failure| as_fault(&failure))
    }
}

/// The journal as a screen may show it: status URLs without their signatures.
struct Screened(Arc<JournalLog>);

impl LogSource for Screened {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn lines(&self, range: Range<usize>) -> Vec<Line> {
        self.0.lines(range)
    }

    fn exchange(&self, call: CallId) -> Option<Exchanged> {
        let fit = |record: Record| shareable(&record);
        let exchanged = self.0.exchange(call)?;
        Some(Exchanged { begun: fit(exchanged.begun), ended: exchanged.ended.map(fit), ..exchanged })
    }
}

fn stays(dialect: &Dialect) -> Vec<(String, String)> {
    stages::stays(dialect).map(|(what, why)| (what.to_owned(), why.to_owned())).collect()
}

/// A name for the header: the end of a GUID tells as much as all of it.
pub(super) fn short(account: &str) -> String {
    match (uuid::Uuid::try_parse(account), account.get(account.len().saturating_sub(4)..)) {
        (Ok(_), Some(end)) => format!("(…{end})"),
        _ => account.to_owned(),
    }
}

/// An engine that fell over.
pub fn stopped(error: &JoinError) -> Failure {
    let remedy = "run the same command: what Azure has is found again; if it stays, report it";
    Fault::new(format!("hubup itself failed: the engine stopped: {error}"), remedy).into()
}
