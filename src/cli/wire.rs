//! The only place that builds everything: setup file, sandbox, client, plan, journal, engine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::Global;
use super::config::{AuthMethod, Config};
use super::environment::Surroundings;
use super::failure::Failure;
use crate::azure::{Azure, AzureOptions, SignInMethod};
use crate::domain::{Answers, Exit, FORMAT_VERSION, Plan, RunHeader, RunId, StepId, clean};
use crate::engine::{self, Clock, Job, Manner, Running};
use crate::journal::{JournalLog, StateFolder, Writer};
use crate::sandbox::{self, Sandbox, SandboxOptions, WorldSource};
use crate::stages::{self, DIALECTS, Offers, Selection};

/// Looked for when no setup file is named.
const USUAL_FILE: &str = "hubup.toml";

/// How fast the sandbox lives when nothing is said (design, section 8).
const USUAL_SPEED: f64 = 60.0;

/// What hubup was started with, read and checked, nothing of Azure touched yet.
pub struct Start {
    pub config: Config,
    pub state: StateFolder,
    pub surroundings: Surroundings,
    pub sandbox: Option<Sandbox>,
    clock: Clock,
}

/// A client and what it said about who is signed in.
pub struct Connected {
    pub azure: Azure,
    /// For the header: who is signed in, or which subscription.
    pub account: String,
}

/// What will be done, and why so.
pub struct Prepared {
    pub answers: Answers,
    pub plan: Plan,
    pub selection: Selection,
}

/// Reads the setup file and opens the sandbox where one is asked for.
pub async fn start(global: &Global, surroundings: Surroundings) -> Result<Start, Failure> {
    let config = read_config(global, &surroundings)?;
    let root = state_root(global, &config, &surroundings)?;
    let sandbox = if global.sandbox { Some(open_sandbox(global, &root).await?) } else { None };
    let clock = match &sandbox {
        Some(sandbox) => Clock::scaled(sandbox.speed()),
        None => Clock::scaled(config.time_scale),
    };
    Ok(Start { config, state: StateFolder::new(root), surroundings, sandbox, clock })
}

fn read_config(global: &Global, surroundings: &Surroundings) -> Result<Config, Failure> {
    let usual = Path::new(USUAL_FILE);
    let path = match &global.config {
        Some(path) => path.as_path(),
        None if global.sandbox && !usual.exists() => return Ok(Config::example()),
        None => usual,
    };
    super::config::load(path)
        .map_err(|error| Failure::new(Exit::Usage, error.render(surroundings.colour_errors)))
}

/// The folder of journals and of the sandbox: flag or variable, setup file, the system's own.
pub fn state_root(global: &Global, config: &Config, surroundings: &Surroundings) -> Result<PathBuf, Failure> {
    let said = global.state_folder.clone().or_else(|| config.state_folder.clone());
    said.or_else(|| surroundings.state_folder.clone()).ok_or_else(|| {
        Failure::new(
            Exit::State,
            "error: there is no home folder to keep state in\n  do:      name a folder with `--state-folder PATH`",
        )
    })
}

/// Opens the sandbox of the state folder, or joins the process that serves it.
pub async fn open_sandbox(global: &Global, root: &Path) -> Result<Sandbox, Failure> {
    sandbox::open(sandbox_options(global, root, 0)?).await.map_err(|error| sandbox_failure(&error))
}

/// The options of the sandbox that lives in the state folder `root`.
pub fn sandbox_options(global: &Global, root: &Path, port: u16) -> Result<SandboxOptions, Failure> {
    let world = match &global.sandbox_world {
        None => WorldSource::Default,
        Some(name) if sandbox::builtin_worlds().iter().any(|(known, _)| known == name) => {
            WorldSource::Builtin(name.clone())
        }
        Some(path) => WorldSource::Text(std::fs::read_to_string(path).map_err(|error| {
            let known: Vec<_> = sandbox::builtin_worlds().iter().map(|(name, _)| *name).collect();
            Failure::new(
                Exit::Usage,
                format!("error: cannot read the world `{path}`: {error}\n  do:      name a TOML file or one of: {}", known.join(", ")),
            )
        })?),
    };
    Ok(SandboxOptions {
        folder: sandbox_folder(root),
        speed: global.sandbox_speed.unwrap_or(USUAL_SPEED),
        world,
        port,
    })
}

/// Where the sandbox of the state folder `root` keeps its world.
pub fn sandbox_folder(root: &Path) -> PathBuf {
    root.join("sandbox")
}

/// A sandbox error as a failure.
pub fn sandbox_failure(error: &sandbox::SandboxError) -> Failure {
    let exit = match error {
        sandbox::SandboxError::Speed(_) | sandbox::SandboxError::World(_) => Exit::Usage,
        sandbox::SandboxError::Listen { .. } => Exit::NotReached,
        _ => Exit::State,
    };
    let mut text = format!("error: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    if let sandbox::SandboxError::OtherWorld { .. } = error {
        text.push_str("\n  do:      run `hubup sandbox reset` first; it forgets what was made there");
    }
    Failure::new(exit, text)
}

impl Start {
    /// Builds the client and signs in.
    pub async fn connect(&self) -> Result<Connected, Failure> {
        let azure = Azure::new(self.azure_options())
            .map_err(|error| Failure::new(Exit::Usage, format!("error: {error}")))?;
        let caller = engine::sign_in(&azure, self.clock).await?;
        let name = caller.name.or(caller.object_id).unwrap_or_else(|| caller.method.to_owned());
        Ok(Connected { azure, account: clean(&name, 40) })
    }

    fn azure_options(&self) -> AzureOptions {
        let mut options = AzureOptions {
            cloud: self.config.answers.cloud.clone(),
            routes: self.config.routes.clone(),
            tenant: self.config.answers.tenant.clone(),
            sign_in: match self.config.auth {
                AuthMethod::Auto => SignInMethod::Auto,
                AuthMethod::AzureCli => SignInMethod::AzureCli,
                AuthMethod::ManagedIdentity => SignInMethod::ManagedIdentity,
                AuthMethod::ServicePrincipal => SignInMethod::ServicePrincipal,
            },
            environment: self.surroundings.azure.clone(),
            ca_file: self.config.ca_file.clone(),
            ..AzureOptions::default()
        };
        if let Some(sandbox) = &self.sandbox {
            let sign_in = sandbox.sign_in();
            options.routes = sandbox.routes();
            options.tenant = Some(sign_in.tenant.clone());
            options.sign_in = SignInMethod::ServicePrincipal;
            options.environment.tenant_id = Some(sign_in.tenant);
            options.environment.client_id = Some(sign_in.client_id);
            options.environment.client_secret = Some(sign_in.client_secret.into());
        }
        options
    }

    /// Reads what the subscription offers, chooses the dialect, makes the plan. Changes nothing.
    pub async fn prepare(&self, connected: &Connected, answers: Answers) -> Result<Prepared, Failure> {
        let requests = stages::offer_requests(&answers, DIALECTS);
        let looks = requests.iter().map(|request| engine::lookup(&connected.azure, self.clock, request));
        let mut offers = Offers::default();
        for reply in futures::future::try_join_all(looks).await? {
            offers.take(&reply);
        }
        let selection = stages::choose(&answers, &offers, DIALECTS).map_err(|fault| Failure::from(*fault))?;
        let plan = stages::plan(selection.dialect, selection.profile, &answers).map_err(|error| {
            Failure::new(Exit::Usage, format!("error: the plan does not hold together: {error}"))
        })?;
        Ok(Prepared { answers, plan, selection })
    }

    /// Takes the setup's lock, opens a journal and starts the engine.
    pub fn begin(
        &self,
        connected: &Connected,
        prepared: &Prepared,
        manner: Manner,
        orders: Vec<engine::Command>,
        log: Option<&Arc<JournalLog>>,
    ) -> Result<Running, Failure> {
        let answers = prepared.answers.clone();
        let setup = answers.setup_id();
        let lock = self.state.lock(setup)?;
        let continues = self.state.runs(setup)?.pop().map(|file| file.run);
        let run = self.fresh_run();
        let mut journal = Writer::create(&self.state, lock, &run)?;
        if let Some(log) = log {
            journal = journal.indexed(log.clone());
        }
        let profile = prepared.selection.profile;
        let header = RunHeader {
            format: FORMAT_VERSION,
            hubup: env!("CARGO_PKG_VERSION").to_owned(),
            run,
            setup,
            answers: answers.clone(),
            dialect: prepared.selection.dialect.id.to_owned(),
            profile: profile.id.to_owned(),
            chosen_because: prepared.selection.because.clone(),
            versions: profile.versions(),
            fingerprint: prepared.plan.fingerprint(),
            continues,
            sandbox: self.sandbox.is_some(),
            time_scale: self.clock.scale(),
            stages: prepared.plan.outline(),
        };
        Ok(engine::start(Job {
            plan: prepared.plan.clone(),
            answers,
            header,
            azure: connected.azure.clone(),
            journal,
            clock: self.clock,
            manner,
            orders,
        }))
    }

    /// A run id that sorts by time and never occurs twice.
    fn fresh_run(&self) -> RunId {
        let stamp = self.clock.now().strftime("%Y%m%dT%H%M%S").to_string();
        let mut tail = uuid::Uuid::new_v4().simple().to_string();
        tail.truncate(6);
        RunId(format!("{stamp}-{tail}"))
    }

    /// How many times faster than the wall hubup's own waits pass.
    pub fn scale(&self) -> f64 {
        self.clock.scale()
    }

    /// Which Azure is spoken to, for a header.
    pub fn which_azure(&self) -> String {
        match &self.sandbox {
            Some(sandbox) if sandbox.speed() == 0.0 => "SANDBOX at once".to_owned(),
            Some(sandbox) => format!("SANDBOX x{}", sandbox.speed()),
            None => "AZURE".to_owned(),
        }
    }
}

/// The choices given on the command line, by step.
pub fn choices(given: &[(StepId, String)]) -> BTreeMap<StepId, String> {
    given.iter().cloned().collect()
}
