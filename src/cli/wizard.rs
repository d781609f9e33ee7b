//! `hubup` without a command: gives the wizard what it needs, and prints what it leaves behind.

use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle};

use super::args::Global;
use super::candidates::{answers_to, candidates};
use super::environment::Surroundings;
use super::export::{export, save};
use super::failure::Failure;
use super::follow::{Ending, shareable};
use super::past::Past;
use super::print::{out, trouble};
use super::review::{Told, go_on, newest};
use super::which::Which;
use super::wire::{self, Connected, Start};
use crate::domain::{
    Answers, CallId, Exchanged, Exit, Fault, Line, LogSource, Plan, Record, RunKind, StepId,
};
use crate::engine::Manner;
use crate::journal::{JournalLog, StateFolder};
use crate::stages::{self, DIALECTS, Dialect, Regions};
use crate::tui::{
    self, Banner, Candidate, End, ExportForm, Launch, Launched, Resume, Reviewed, ScreenOptions, TuiError,
    WayBack,
};

/// Runs the wizard.
pub async fn run(global: &Global, surroundings: Surroundings) -> Result<Ending, Failure> {
    if !surroundings.interactive || surroundings.dumb {
        return Err(no_terminal());
    }
    let no_colour = surroundings.no_colour;
    let start = Arc::new(wire::start(global, surroundings).await?);
    let (answers, resume) = resume(&start)?;
    let fields = stages::fields(DIALECTS, &answers);
    let launcher = Arc::new(Launcher {
        start: start.clone(),
        last: Mutex::new(Last::None),
        live: Mutex::new(None),
        flags: flags(global),
    });
    let report = tui::run(tui::Start {
        answers,
        resume,
        fields,
        banner: Banner { cloud: start.which_azure(), detail: String::new() },
        launcher: launcher.clone(),
        options: ScreenOptions { ascii: global.ascii, no_colour, skip_form: false },
        scale: start.scale(),
    })
    .await
    .map_err(|error| match error {
        TuiError::NoTerminal => no_terminal(),
        TuiError::Io(_) => Failure::new(Exit::Failed, format!("error: {error}")),
    })?;
    if !report.summary.is_empty() {
        out(&report.summary);
    }
    // The engine has closed its journal when this ends.
    let ended = match launcher.engine() {
        Some(engine) => Some(engine.await.unwrap_or_else(|error| Err(stopped(&error)))),
        None => None,
    };
    if let (End::Signal(number), Some(Err(failure))) = (report.end, &ended) {
        trouble(&failure.text);
        return Ok(Ending::Signal(u8::try_from(number).unwrap_or(1)));
    }
    let ended = ended.transpose()?;
    Ok(match report.end {
        End::Signal(number) => Ending::Signal(u8::try_from(number).unwrap_or(1)),
        // Whoever leaves after a start that failed has it in the terminal, with its exit code.
        End::Quit => match launcher.failed() {
            Some(failure) => return Err(failure),
            None => Ending::Exit(Exit::Complete),
        },
        End::Finished(shown) | End::Left(shown) => Ending::Exit(ended.unwrap_or(shown)),
    })
}

fn no_terminal() -> Failure {
    Failure::new(
        Exit::Usage,
        "error: the wizard needs a terminal for its input and its output, one that is not `TERM=dumb`\n  do:      use `hubup apply --yes` where there is none",
    )
}

/// What the form is filled with, and what is known of this setup from before.
fn resume(start: &Start) -> Result<(Answers, Option<Resume>), Failure> {
    let answers = start.config.answers.clone();
    let past = Past::read(&start.state, answers.setup_id())?;
    let Some(header) = past.header() else { return Ok((answers, None)) };
    // A setup file beats the journal. Where there is none, what was typed the last time is all that a person said.
    let answers = if start.config.path.is_some() { answers } else { header.answers.clone() };
    let dialect = DIALECTS.iter().find(|dialect| dialect.id == header.dialect);
    let changes = dialect.map(|dialect| past.changes(dialect, &answers)).unwrap_or_default();
    Ok((answers, Some(Resume { progress: past.progress, changes })))
}

/// How the command line names the setup of this wizard again.
fn flags(global: &Global) -> String {
    let mut flags = String::new();
    if global.sandbox {
        flags.push_str(" --sandbox");
    }
    if let Some(path) = &global.config {
        flags.push_str(&format!(" --config {}", path.display()));
    }
    if let Some(name) = &global.setup {
        flags.push_str(&format!(" --setup {name}"));
    }
    flags
}

struct Launcher {
    start: Arc<Start>,
    last: Mutex<Last>,
    live: Mutex<Option<Arc<Live>>>,
    /// How the command line names the setup again.
    flags: String,
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
    fn keep(&self, last: Last) -> Last {
        std::mem::replace(&mut *self.last.lock().unwrap_or_else(PoisonError::into_inner), last)
    }

    /// How the engine ends, when one was started.
    fn engine(&self) -> Option<JoinHandle<Result<Exit, Failure>>> {
        match self.keep(Last::None) {
            Last::Engine(engine) => Some(engine),
            other => {
                self.keep(other);
                None
            }
        }
    }

    /// Why the last launch failed.
    fn failed(&self) -> Option<Failure> {
        match self.keep(Last::None) {
            Last::Failed(failure) => Some(failure),
            Last::None | Last::Engine(_) => None,
        }
    }

    async fn begin(&self, answers: Answers, kind: RunKind) -> Result<Launched, Failure> {
        let connected = self.start.connect(&|_, _| {}).await?;
        let past = Past::read(&self.start.state, answers.setup_id())?;
        let (prepared, stays) = match kind {
            RunKind::Setup => {
                let prepared =
                    self.start.prepare(&connected, answers, &past, Regions::Checked, &|_, _| {}).await?;
                past.check_changes(prepared.selection.dialect, &prepared.answers)?;
                (prepared, Vec::new())
            }
            RunKind::Teardown => {
                let prepared = self.start.prepare_teardown(&connected, answers, &past, &|_, _| {}).await?;
                let stays = stays(prepared.selection.dialect);
                (prepared, stays)
            }
        };
        let orders = past.resumed(kind, &prepared.plan);
        let log = Arc::new(JournalLog::default());
        let manner = Manner::default();
        let running = self.start.begin(&connected, &prepared, manner, orders, Some(&log))?;
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
        let which = Which {
            state: StateFolder::new(self.start.state.root().to_owned()),
            setup: answers.setup_id(),
            flags: self.flags.clone(),
        };
        let Told { which, review, .. } = newest(which)?;
        let go_on = go_on(&which, review.kind);
        Ok(Reviewed { review, go_on })
    }

    async fn way_back(&self, answers: Answers) -> Result<WayBack, Failure> {
        let connected = self.start.connect(&|_, _| {}).await?;
        let past = Past::read(&self.start.state, answers.setup_id())?;
        let answers = past.answers_or(answers);
        let prepared = self.start.prepare_teardown(&connected, answers, &past, &|_, _| {}).await?;
        let stays = stays(prepared.selection.dialect);
        Ok(WayBack { answers: prepared.answers, plan: prepared.plan, stays })
    }
}

#[async_trait]
impl Launch for Launcher {
    async fn launch(&self, answers: Answers, kind: RunKind) -> Result<Launched, Fault> {
        self.keep(Last::None);
        self.begin(answers, kind).await.map_err(|failure| {
            let fault = as_fault(&failure);
            self.keep(Last::Failed(failure));
            fault
        })
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
        Launcher::way_back(self, answers).await.map_err(|failure| as_fault(&failure))
    }

    async fn choices(&self, answers: Answers, key: &'static str) -> Result<Vec<Candidate>, Fault> {
        let fields = stages::fields(DIALECTS, &answers);
        let field = fields.iter().flat_map(|(_, fields)| fields).find(|field| field.key == key);
        let Some(choices) = field.and_then(|field| field.choices) else { return Ok(Vec::new()) };
        let found = async {
            let connected = self.start.connect(&|_, _| {}).await?;
            if let Some(sandbox) = &self.start.sandbox {
                let root = self.start.state.root();
                sandbox
                    .admit(&answers.subscription)
                    .await
                    .map_err(|error| wire::sandbox_failure(root, &error))?;
            }
            answers_to(&self.start, &connected, &answers, choices).await
        };
        found.await.map_err(|failure| as_fault(&failure))
    }

    fn save(
        &self,
        name: &str,
        lines: &mut dyn Iterator<Item = String>,
    ) -> Result<(String, usize), Box<Fault>> {
        let (path, count) = save(Path::new(""), name, lines)?;
        Ok((path.display().to_string(), count))
    }

    async fn candidates(&self, step: StepId) -> Result<Vec<Candidate>, Fault> {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(live) = live else { return Ok(Vec::new()) };
        let list = live.plan.step(&step).and_then(|step| step.usable.as_ref());
        let Some(list) = list else { return Ok(Vec::new()) };
        candidates(&self.start, &live.connected, list).await.map_err(|failure| as_fault(&failure))
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
fn short(account: &str) -> String {
    match (uuid::Uuid::try_parse(account), account.get(account.len().saturating_sub(4)..)) {
        (Ok(_), Some(end)) => format!("(…{end})"),
        _ => account.to_owned(),
    }
}

fn stopped(error: &JoinError) -> Failure {
    let remedy = "run the same command: what Azure has is found again; if it stays, report it";
    Fault::new(format!("hubup itself failed: the engine stopped: {error}"), remedy).into()
}

/// A failure as the screen shows it.
fn as_fault(failure: &Failure) -> Fault {
    if let Some(fault) = &failure.fault {
        return (**fault).clone();
    }
    let text = failure.text.strip_prefix("error: ").unwrap_or(&failure.text);
    let (says, remedy) = text.split_once("\n  do:").unwrap_or((text, "mend that, then start again"));
    Fault::new(says, remedy.trim()).exiting(failure.exit)
}
