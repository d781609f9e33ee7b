//! The only place that builds everything: setup file, sandbox, client, plan, journal, engine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::{Span, Timestamp};

use super::args::Global;
use super::config::{AuthMethod, Config};
use super::environment::Surroundings;
use super::failure::Failure;
use super::past::Past;
use super::person;
use super::which;
use crate::azure::{Azure, AzureError, AzureOptions, Caller, Prompts, SignInMethod};
use crate::domain::catalogue::SIGN_IN_NEEDED;
use crate::domain::{
    Answers, ErrorKind, Exit, FORMAT_VERSION, Fault, Moves, Plan, Replay, RunHeader, RunId, RunKind,
    ServiceError, StepId, clean,
};
use crate::engine::{self, Clock, Job, Manner, Running};
use crate::journal::{JournalLog, StateFolder, Writer};
use crate::sandbox::{self, Extras, FaultScript, Sandbox, SandboxError, SandboxOptions, WorldSource};
use crate::stages::{self, DIALECTS, Offers, Regions, Selection};

/// Looked for when no setup file is named.
pub const USUAL_FILE: &str = "hubup.toml";

/// How fast the sandbox lives when nothing is said (design, section 8).
const USUAL_SPEED: f64 = 60.0;

/// What hubup was started with, read and checked, nothing of Azure touched yet.
pub struct Start {
    pub config: Config,
    pub state: StateFolder,
    pub surroundings: Surroundings,
    pub sandbox: Option<Sandbox>,
    /// Who shows a person their part of a sign-in; standard error unless set otherwise.
    pub prompts: Prompts,
    clock: Clock,
}

/// Who is told of a wait before there is a run.
pub type Tell<'a> = &'a (dyn Fn(&str, Duration) + Sync);

/// A client and what it said about who is signed in.
pub struct Connected {
    pub azure: Azure,
    /// For the header: who is signed in, or which subscription.
    pub account: String,
}

/// What will be done, and why so.
pub struct Prepared {
    pub answers: Answers,
    /// What the plan is for.
    pub kind: RunKind,
    pub plan: Plan,
    pub selection: Selection,
}

/// Reads the setup file and opens the sandbox where one is asked for.
pub async fn start(global: &Global, surroundings: Surroundings) -> Result<Start, Failure> {
    let config = match &global.setup {
        None => read_config(global, &surroundings)?,
        Some(_) => which::resumed(global, &surroundings)?,
    };
    start_with(global, surroundings, config).await
}

/// Opens the sandbox where one is asked for, for a configuration that is there already.
pub async fn start_with(
    global: &Global,
    surroundings: Surroundings,
    mut config: Config,
) -> Result<Start, Failure> {
    let root = state_root(global, &config, &surroundings)?;
    let mut sandbox = None;
    if global.sandbox {
        let opened = open_sandbox(global, &root).await?;
        // A person's own file can be rehearsed: its subscription is let in.
        config.answers = config.answers.rehearsed();
        opened.admit(&config.answers.subscription).await.map_err(|error| sandbox_failure(&root, &error))?;
        sandbox = Some(opened);
    }
    let clock = match &sandbox {
        Some(sandbox) => Clock::scaled(sandbox.speed()),
        None => Clock::scaled(config.time_scale),
    };
    let prompts = person::on_standard_error();
    Ok(Start { config, state: StateFolder::new(root), surroundings, sandbox, prompts, clock })
}

/// The setup file that a command means; with `--sandbox` and without a file, the embedded example.
pub(super) fn read_config(global: &Global, surroundings: &Surroundings) -> Result<Config, Failure> {
    let usual = Path::new(USUAL_FILE);
    let path = match &global.config {
        Some(path) => path.as_path(),
        None if global.sandbox && !usual.exists() => return Ok(Config::example()),
        None => usual,
    };
    super::config::load(path)
        .map_err(|error| Failure::new(Exit::Usage, error.render(surroundings.colour_errors)))
}

/// The state folder for a command that needs nothing else of a setup file.
pub fn sandbox_root(global: &Global, surroundings: &Surroundings) -> Result<PathBuf, Failure> {
    if let Some(said) = said_folder(global) {
        return Ok(said);
    }
    let global = Global { sandbox: true, ..global.clone() };
    state_root(&global, &read_config(&global, surroundings)?, surroundings)
}

/// The folder of journals and of the sandbox: flag or variable, setup file, the system's own.
pub(super) fn state_root(
    global: &Global,
    config: &Config,
    surroundings: &Surroundings,
) -> Result<PathBuf, Failure> {
    let said = said_folder(global).or_else(|| config.state_folder.clone());
    said.or_else(|| surroundings.state_folder.clone()).ok_or_else(|| {
        Failure::new(
            Exit::State,
            "error: there is no home folder to keep state in\n  do:      name a folder with `--state-folder PATH`",
        )
    })
}

/// The state folder of flag or variable.
pub(super) fn said_folder(global: &Global) -> Option<PathBuf> {
    global.state_folder.clone().filter(|folder| !folder.as_os_str().is_empty())
}

/// Opens the sandbox of the state folder, or joins the process that serves it.
pub async fn open_sandbox(global: &Global, root: &Path) -> Result<Sandbox, Failure> {
    let options = sandbox_options(global, root, 0)?;
    open_scripted(global, root, options, Extras::default()).await
}

/// Opens a sandbox with these options, and begins the fault script that is asked for.
pub(super) async fn open_scripted(
    global: &Global,
    root: &Path,
    options: SandboxOptions,
    extras: Extras,
) -> Result<Sandbox, Failure> {
    // A script that is no good is told before a world is made for it.
    let script = fault_script(global, root)?;
    let opened = sandbox::open_with(options, extras).await.map_err(|error| sandbox_failure(root, &error))?;
    if let Some(script) = script {
        opened.rehearse(&script).await.map_err(|error| sandbox_failure(root, &error))?;
    }
    Ok(opened)
}

/// The fault script that is asked for: a shipped one by its name, else a file.
fn fault_script(global: &Global, root: &Path) -> Result<Option<FaultScript>, Failure> {
    let Some(said) = global.sandbox_faults.as_deref().filter(|said| !said.is_empty()) else {
        return Ok(None);
    };
    let known: Vec<&str> = sandbox::builtin_faults().iter().map(|(name, _, _)| *name).collect();
    let read = if known.contains(&said) {
        FaultScript::builtin(said)
    } else {
        let text = std::fs::read_to_string(said).map_err(|error| {
            Failure::new(
                Exit::Usage,
                format!("error: cannot read the fault script `{said}`: {error}\n  do:      name a TOML file or one of: {}", known.join(", ")),
            )
        })?;
        FaultScript::from_text(said, &text)
    };
    read.map(Some).map_err(|error| sandbox_failure(root, &error))
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

/// A failure to open, to serve or to forget the sandbox of the state folder `root`.
pub fn sandbox_failure(root: &Path, error: &SandboxError) -> Failure {
    // A world that is kept is state; one that was named is usage. The message names the file in the first case only.
    let kept = sandbox_folder(root).join("world.json").display().to_string();
    let (exit, remedy) = match error {
        SandboxError::World(why) if why.contains(&kept) => {
            (Exit::State, "run `hubup sandbox reset`, which forgets that world, or give another state folder")
        }
        SandboxError::World(_) => (Exit::Usage, "correct the world that `--sandbox-world` names"),
        SandboxError::Faults(_) => (Exit::Usage, "correct the script that `--sandbox-faults` names"),
        SandboxError::Subscription(_) => {
            (Exit::Usage, "give a subscription id that is a GUID; if it is one, run `hubup sandbox reset`")
        }
        SandboxError::Speed(_) => (Exit::Usage, "give another `--sandbox-speed`"),
        SandboxError::Listen { .. } => (Exit::Usage, "give another `--port`; 0 takes any that is free"),
        SandboxError::OtherWorld { .. } => {
            (Exit::State, "run `hubup sandbox reset` first; it forgets what was made there")
        }
        SandboxError::Folder { .. } => (
            Exit::State,
            "make it a folder that this user may write to, or name another with `--state-folder PATH`",
        ),
        SandboxError::NoAnswer { .. } => {
            (Exit::State, "end the process that holds it, or name another folder with `--state-folder PATH`")
        }
        SandboxError::Tls(_) => (
            Exit::Usage,
            "leave `--tls` and `--proxy` away, or install hubup with its usual features; clients of plain http need neither",
        ),
        SandboxError::Record { .. } => {
            (Exit::Usage, "name with `--record` a file that this user may write to")
        }
        SandboxError::OtherTls { .. } | SandboxError::OtherRecord { .. } => {
            (Exit::State, "end the process that serves it, or name another folder with `--state-folder PATH`")
        }
        SandboxError::Held { .. } => (Exit::State, "end the process that serves it, then run this again"),
    };
    let mut text = format!("error: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    // A damaged file may stand in the error as it is.
    Failure::new(exit, format!("{}\n  do:      {remedy}", clean(&text, 2_000)))
}

impl Start {
    /// Builds the client and signs in. Waits go to `tell`: why, and how long.
    pub async fn connect(&self, tell: Tell<'_>) -> Result<Connected, Failure> {
        self.connected(&self.client()?, tell).await
    }

    /// The client, before anybody has signed in.
    pub fn client(&self) -> Result<Azure, Failure> {
        Azure::new(self.azure_options()).map_err(|error| unusable(&error))
    }

    /// Signs in with a client that was built before. Waits go to `tell`.
    pub async fn connected(&self, azure: &Azure, tell: Tell<'_>) -> Result<Connected, Failure> {
        let signed_in = engine::sign_in(azure, self.clock, tell).await;
        let caller = signed_in.map_err(|error| self.not_signed_in(&error))?;
        Ok(Connected { azure: azure.clone(), account: account(&caller) })
    }

    /// A sign-in that failed, with the remedy that fits the way which the setup file insists on.
    pub(super) fn not_signed_in(&self, error: &ServiceError) -> Fault {
        let fault = Fault::from(error);
        // What fits a code says more than what fits the way.
        if error.kind != ErrorKind::Auth || fault.key.as_deref() != Some(SIGN_IN_NEEDED) {
            return fault;
        }
        match self.config.auth {
            AuthMethod::ServicePrincipal => fault.remedied_by(
                "check AZURE_TENANT_ID, AZURE_CLIENT_ID, and AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH, then run the same command",
            ),
            AuthMethod::WorkloadIdentity => fault.remedied_by(
                "check AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE, then run the same command",
            ),
            AuthMethod::AzureDeveloperCli => {
                fault.remedied_by("run `azd auth login`, then the same command, or choose another `[auth] method`")
            }
            AuthMethod::Browser | AuthMethod::DeviceCode => {
                fault.remedied_by("run the same command to try again, or choose another `[auth] method`")
            }
            AuthMethod::ManagedIdentity => fault.remedied_by(
                "run it on a machine in Azure that has an identity, or choose another `[auth] method`",
            ),
            AuthMethod::AzureCli | AuthMethod::Auto => fault,
        }
    }

    /// What the client is built from, the sandbox included: also for `azure::detect`.
    pub fn azure_options(&self) -> AzureOptions {
        let mut options = AzureOptions {
            cloud: self.config.answers.cloud.clone(),
            routes: self.config.routes.clone(),
            tenant: self.config.answers.tenant.clone(),
            sign_in: method(self.config.auth),
            client_id: self.config.client_id.clone(),
            prompts: Some(self.prompts.clone()),
            environment: self.surroundings.azure.clone(),
            ca_file: self.config.ca_file.clone(),
            ..AzureOptions::default()
        };
        if let Some(sandbox) = &self.sandbox {
            let sign_in = sandbox.sign_in();
            options.routes = sandbox.routes();
            options.tenant = Some(sign_in.tenant.clone());
            // Who wants to be asked rehearses that too.
            if !matches!(options.sign_in, SignInMethod::Browser | SignInMethod::DeviceCode) {
                options.sign_in = SignInMethod::ServicePrincipal;
            }
            options.environment.tenant_id = Some(sign_in.tenant);
            options.environment.client_id = Some(sign_in.client_id);
            options.environment.client_secret = Some(sign_in.client_secret.into());
        }
        options
    }

    /// Signs in, reads what the journals say of the setup, and prepares its plan. Waits go to `tell`.
    pub async fn setup(&self, tell: Tell<'_>) -> Result<(Connected, Past, Prepared), Failure> {
        let connected = self.connect(tell).await?;
        let answers = self.config.answers.clone();
        let past = Past::read(&self.state, answers.setup_id())?;
        let prepared = self.prepare(&connected, answers, &past, Regions::Checked, tell).await?;
        Ok((connected, past, prepared))
    }

    /// Reads what the subscription offers, chooses the dialect, makes the plan. Changes nothing. Waits go to `tell`.
    pub async fn prepare(
        &self,
        connected: &Connected,
        answers: Answers,
        past: &Past,
        regions: Regions,
        tell: Tell<'_>,
    ) -> Result<Prepared, Failure> {
        let offers = self.offers(connected, &answers, tell).await?;
        self.prepare_from(connected, answers, &offers, past, regions, tell).await
    }

    /// [`Start::prepare`] with what the subscription is known to offer.
    pub async fn prepare_from(
        &self,
        connected: &Connected,
        answers: Answers,
        offers: &Offers,
        past: &Past,
        regions: Regions,
        tell: Tell<'_>,
    ) -> Result<Prepared, Failure> {
        let choose = |replay: &mut Replay<'_>| {
            stages::choose(&answers, offers, DIALECTS, past.kept(), regions, replay)
        };
        let selection = self.read_through(connected, tell, choose).await?;
        let plan = stages::plan(selection.dialect, &selection.profile, &answers).map_err(|error| {
            Failure::new(Exit::Usage, format!("error: the plan does not hold together: {error}"))
        })?;
        Ok(Prepared { answers, kind: RunKind::Setup, plan, selection })
    }

    /// Reads what the subscription of `answers` offers. Waits go to `tell`.
    pub async fn offers(
        &self,
        connected: &Connected,
        answers: &Answers,
        tell: Tell<'_>,
    ) -> Result<Offers, Failure> {
        if let Some(sandbox) = &self.sandbox {
            // A person's own setup can be rehearsed: whatever subscription it names is one of the sandbox's.
            sandbox
                .admit(&answers.subscription)
                .await
                .map_err(|error| sandbox_failure(self.state.root(), &error))?;
        }
        let requests = stages::offer_requests(answers, DIALECTS);
        let looks =
            requests.iter().map(|request| engine::lookup(&connected.azure, self.clock, request, tell));
        let mut offers = Offers::default();
        for reply in futures::future::try_join_all(looks).await? {
            if !reply.body.is_object() {
                // Taken as it is, it would read as a subscription that offers nothing.
                let says =
                    format!("HTTP {} without what was asked for: Azure never answers so", reply.status);
                return Err(ServiceError::local(ErrorKind::NotAzure, says).into());
            }
            offers.take(&reply);
        }
        Ok(offers)
    }

    /// As [`Start::prepare`], for the plan that takes away what that of the setup makes. It speaks as the setup was begun;
    /// where that is not offered any more, the same dialect in what is: what was made in one version is deleted in any.
    pub async fn prepare_teardown(
        &self,
        connected: &Connected,
        answers: Answers,
        past: &Past,
        tell: Tell<'_>,
    ) -> Result<Prepared, Failure> {
        let mut spoken = answers.clone();
        if let Some(header) = past.header() {
            spoken.dialect.clone_from(&header.dialect);
        }
        // Where things lie does not matter to their deletion.
        let regions = Regions::Unchecked;
        let prepared = match self.prepare(connected, spoken.clone(), past, regions, tell).await {
            Err(failure) if past.kept().is_some() && failure.exit == Exit::Usage => {
                self.prepare(connected, spoken, &Past::default(), regions, tell).await?
            }
            prepared => prepared?,
        };
        let Selection { dialect, profile, .. } = &prepared.selection;
        let plan = stages::teardown_plan(dialect, profile, &answers).map_err(|error| {
            Failure::new(Exit::Usage, format!("error: the way back does not hold together: {error}"))
        })?;
        Ok(Prepared { answers, kind: RunKind::Teardown, plan, ..prepared })
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
        let setup = prepared.answers.setup_id();
        let lock = self.state.lock(setup)?;
        let past = Past::read(&self.state, setup)?;
        let runs = self.state.runs(setup)?;
        let run = self.fresh_run(runs.last().map(|file| &file.run));
        let mut journal = Writer::create(&self.state, lock, &run)?;
        if let Some(log) = log {
            journal = journal.indexed(log.clone());
        }
        let header = self.header(prepared, run, past.newest);
        Ok(engine::start(Job {
            plan: prepared.plan.clone(),
            answers: prepared.answers.clone(),
            header,
            azure: connected.azure.clone(),
            journal: Some(journal),
            earlier: past.progress,
            clock: self.clock,
            manner,
            orders,
        }))
    }

    /// Starts an engine that only looks: it takes no lock, keeps no journal and changes nothing.
    pub fn look(&self, connected: &Connected, prepared: &Prepared, past: &Past) -> Running {
        let run = past.newest.clone().unwrap_or_else(|| RunId("look".to_owned()));
        engine::start(Job {
            plan: prepared.plan.clone(),
            answers: prepared.answers.clone(),
            header: self.header(prepared, run, past.newest.clone()),
            azure: connected.azure.clone(),
            journal: None,
            earlier: past.progress.clone(),
            clock: self.clock,
            manner: Manner { end_when_idle: true, ..Manner::default() },
            orders: vec![engine::Command::Prove(prepared.plan.ids())],
        })
    }

    fn header(&self, prepared: &Prepared, run: RunId, continues: Option<RunId>) -> RunHeader {
        let profile = &prepared.selection.profile;
        RunHeader {
            format: FORMAT_VERSION,
            hubup: env!("CARGO_PKG_VERSION").to_owned(),
            run,
            setup: prepared.answers.setup_id(),
            kind: prepared.kind,
            answers: prepared.answers.clone(),
            dialect: prepared.selection.dialect.id.to_owned(),
            profile: profile.row.id.to_owned(),
            chosen_because: prepared.selection.because.clone(),
            versions: profile.versions().clone(),
            fingerprint: prepared.plan.fingerprint(),
            continues,
            sandbox: self.sandbox.is_some(),
            time_scale: self.clock.scale(),
            stages: prepared.plan.outline(),
        }
    }

    /// A run id that never occurs twice and sorts behind `newest`, also when the clock was set back meanwhile.
    fn fresh_run(&self, newest: Option<&RunId>) -> RunId {
        const STAMP: &str = "%Y%m%dT%H%M%S%.3f";
        let mut stamp = self.clock.now().strftime(STAMP).to_string();
        let before =
            newest.and_then(|run| run.0.split('-').next()).filter(|before| *before >= stamp.as_str());
        if let Some(before) = before.and_then(|before| DateTime::strptime(STAMP, before).ok()) {
            stamp = before.saturating_add(Span::new().milliseconds(1)).strftime(STAMP).to_string();
        }
        let mut tail = uuid::Uuid::new_v4().simple().to_string();
        tail.truncate(6);
        RunId(format!("{stamp}-{tail}"))
    }

    /// Performs looks that make no run, and gives their value. Waits go to `tell`.
    pub async fn read_through<T>(
        &self,
        connected: &Connected,
        tell: Tell<'_>,
        looks: impl Fn(&mut Replay<'_>) -> Moves<T>,
    ) -> Result<T, Failure> {
        let read = engine::read_through(&connected.azure, self.clock, tell, looks).await;
        read.map_err(|fault| Failure::from(*fault))
    }

    /// Wall time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
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

/// How a caller is told of.
pub fn account(caller: &Caller) -> String {
    let name = caller.name.as_ref().or(caller.object_id.as_ref());
    clean(name.map_or(caller.method, String::as_str), 40)
}

/// The client's word for the setup file's.
pub fn method(auth: AuthMethod) -> SignInMethod {
    match auth {
        AuthMethod::Auto => SignInMethod::Auto,
        AuthMethod::AzureCli => SignInMethod::AzureCli,
        AuthMethod::AzureDeveloperCli => SignInMethod::AzureDeveloperCli,
        AuthMethod::ManagedIdentity => SignInMethod::ManagedIdentity,
        AuthMethod::ServicePrincipal => SignInMethod::ServicePrincipal,
        AuthMethod::WorkloadIdentity => SignInMethod::WorkloadIdentity,
        AuthMethod::Browser => SignInMethod::Browser,
        AuthMethod::DeviceCode => SignInMethod::DeviceCode,
    }
}

/// Settings that no client can be built from.
fn unusable(error: &AzureError) -> Failure {
    let remedy = match error {
        AzureError::Route { .. } => "correct `[network.routes]` in the setup file".to_owned(),
        AzureError::CaFile { .. } => {
            "name a PEM file that this user may read, in `[network] ca_file` or SSL_CERT_FILE".to_owned()
        }
        AzureError::Variable { name, .. } => format!("correct the variable {name}, or unset it"),
        AzureError::Tenant { .. } => "correct `tenant` in the setup file, or AZURE_TENANT_ID".to_owned(),
        AzureError::Client { .. } => "mend that, then run the same command".to_owned(),
    };
    Failure::new(Exit::Usage, format!("error: {error}\n  do:      {remedy}"))
}

/// The choices given on the command line, by step.
pub fn choices(given: &[(StepId, String)]) -> BTreeMap<StepId, String> {
    given.iter().cloned().collect()
}
