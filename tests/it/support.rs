//! What the tests of engine and command line share: a sandbox at speed 0, a client of it, runs with their records.

use std::collections::BTreeMap;
use std::path::Path;

use hubup::azure::{Azure, AzureOptions, Environment, SignInMethod};
use hubup::cli::Past;
use hubup::cli::config::Config;
use hubup::domain::{
    Answers, Exit, FORMAT_VERSION, Outcome, Plan, Progress, Record, RunEvent, RunHeader, RunId, RunKind,
    StepId,
};
use hubup::engine::{self, Clock, Command, Job, Manner, RunError, Running};
use hubup::journal::{StateFolder, Writer};
use hubup::sandbox::{self, Sandbox, SandboxOptions, WorldSource};
use hubup::stages::{self, DIALECTS, Offers, Regions, Selection};

/// How a world begins that offers the object model of 2026 alone; the shipped default offers that of 2025.
pub const LINKS: &str = "base = \"links-2026\"\n";

/// The dialects, each with the beginning of a world that offers it alone.
pub const MODELS: [(&str, &str); 2] = [("preview-2025", ""), ("links-2026", LINKS)];

/// A sandbox in which nothing waits, with a folder of its own.
pub struct Cloud {
    pub sandbox: Sandbox,
    pub folder: tempfile::TempDir,
    pub routes: Vec<(String, String)>,
}

/// A run that has ended.
pub struct Run {
    pub records: Vec<Record>,
    pub progress: Progress,
    pub result: Result<Exit, RunError>,
}

impl Cloud {
    /// The shipped world, with what `world` says different (TOML).
    pub async fn open(world: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = if world.is_empty() { WorldSource::Default } else { WorldSource::Text(world.to_owned()) };
        let options = SandboxOptions { folder: folder.path().join("sandbox"), speed: 0.0, world, port: 0 };
        let sandbox = sandbox::open(options).await.unwrap();
        let routes = sandbox.routes();
        Self { sandbox, folder, routes }
    }

    /// A client that is signed in.
    pub async fn azure(&self) -> Azure {
        let azure = Azure::new(self.options()).unwrap();
        azure.sign_in().await.unwrap();
        azure
    }

    /// What such a client is built from.
    pub fn options(&self) -> AzureOptions {
        let sign_in = self.sandbox.sign_in();
        AzureOptions {
            routes: self.routes.clone(),
            sign_in: SignInMethod::ServicePrincipal,
            environment: Environment {
                tenant_id: Some(sign_in.tenant),
                client_id: Some(sign_in.client_id),
                client_secret: Some(sign_in.client_secret.into()),
                ..Environment::default()
            },
            ..AzureOptions::default()
        }
    }

    /// What is chosen for `answers` by what the world offers.
    pub async fn select(&self, azure: &Azure, answers: &Answers) -> Selection {
        let mut offers = Offers::default();
        for request in stages::offer_requests(answers, DIALECTS) {
            offers.take(&engine::lookup(azure, clock(), &request, &|_, _| {}).await.unwrap());
        }
        engine::read_through(azure, clock(), &|_, _| {}, |replay| {
            stages::choose(answers, &offers, DIALECTS, None, Regions::Checked, replay)
        })
        .await
        .unwrap()
    }

    /// Starts a run of the shipped dialect.
    pub async fn begin(&self, answers: &Answers, manner: Manner, orders: Vec<Command>) -> (Plan, Running) {
        let azure = self.azure().await;
        let selection = self.select(&azure, answers).await;
        let plan = stages::plan(selection.dialect, &selection.profile, answers).unwrap();
        let running = start(self.folder.path(), azure, plan.clone(), answers, manner, orders);
        (plan, running)
    }

    /// What earlier runs of the setup left.
    pub fn past(&self, answers: &Answers) -> Past {
        Past::read(&StateFolder::new(self.folder.path().join("state")), answers.setup_id()).unwrap()
    }

    /// The plan of the dialect that the subscription offers.
    pub async fn plan(&self, answers: &Answers) -> Plan {
        let selection = self.select(&self.azure().await, answers).await;
        stages::plan(selection.dialect, &selection.profile, answers).unwrap()
    }

    /// Runs everything under `--yes` but `skip`, to the end.
    pub async fn apply(&self, answers: &Answers, skip: &[&'static str]) -> Run {
        let skip: Vec<StepId> = skip.iter().map(|id| StepId::new(id)).collect();
        let manner = Manner { yes: true, end_when_idle: true, ..Manner::default() };
        let azure = self.azure().await;
        let selection = self.select(&azure, answers).await;
        let plan = stages::plan(selection.dialect, &selection.profile, answers).unwrap();
        let confirm = plan.steps().map(|step| step.id.clone()).filter(|id| !skip.contains(id)).collect();
        let orders = self.past(answers).carried_on(RunKind::Setup, confirm, skip);
        collect(start(self.folder.path(), azure, plan, answers, manner, orders)).await
    }
}

/// Every key that stands in a world's file.
pub fn keys_in(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(object) => {
            for (name, value) in object {
                match value.as_str() {
                    Some(text) if name.to_lowercase().contains("key") && text.len() >= 40 => {
                        found.push(text.to_owned());
                    }
                    _ => keys_in(value, found),
                }
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| keys_in(item, found)),
        _ => {}
    }
}

/// Nothing waits.
pub fn clock() -> Clock {
    Clock::scaled(0.0)
}

/// The answers of the shipped example.
pub fn example() -> Answers {
    Config::example().answers
}

/// Starts a run of any plan, its journal under `folder`.
pub fn start(
    folder: &Path,
    azure: Azure,
    plan: Plan,
    answers: &Answers,
    manner: Manner,
    orders: Vec<Command>,
) -> Running {
    let state = StateFolder::new(folder.join("state"));
    let setup = answers.setup_id();
    let lock = state.lock(setup).unwrap();
    let run = RunId(format!("run-{:04}", state.runs(setup).unwrap().len()));
    let past = Past::read(&state, setup).unwrap();
    let header = RunHeader {
        format: FORMAT_VERSION,
        hubup: "test".into(),
        run: run.clone(),
        setup,
        kind: RunKind::Setup,
        answers: answers.clone(),
        dialect: "test".into(),
        profile: "test".into(),
        chosen_because: "a test".into(),
        versions: BTreeMap::new(),
        fingerprint: plan.fingerprint(),
        continues: past.newest,
        sandbox: true,
        time_scale: clock().scale(),
        stages: plan.outline(),
    };
    let journal = Writer::create(&state, lock, &run).unwrap();
    let clock = clock();
    let (journal, earlier) = (Some(journal), past.progress);
    engine::start(Job {
        plan,
        answers: answers.clone(),
        header,
        azure,
        journal,
        earlier,
        clock,
        manner,
        orders,
    })
}

/// Takes in all records of a run until it ends.
pub async fn collect(running: Running) -> Run {
    let Running { handle, mut events, ended } = running;
    let mut records = Vec::new();
    let mut progress = Progress::default();
    while let Some(record) = events.recv().await {
        progress.apply(&record);
        records.push(record);
    }
    let result = ended.await.unwrap();
    drop(handle);
    Run { records, progress, result }
}

/// Waits for the first record that `wanted` accepts, folding all before it.
pub async fn until(
    running: &mut Running,
    progress: &mut Progress,
    wanted: impl Fn(&Record, &Progress) -> bool,
) -> Record {
    loop {
        let record = running.events.recv().await.expect("the run ended before it came to that");
        progress.apply(&record);
        if wanted(&record, progress) {
            return record;
        }
    }
}

impl Run {
    /// How `step` ended.
    pub fn outcome(&self, step: &'static str) -> Option<Outcome> {
        self.progress.outcome(&StepId::new(step))
    }

    /// The steps that ended so.
    pub fn with_outcome(&self, wanted: Outcome) -> Vec<String> {
        self.records
            .iter()
            .filter_map(|record| record.event.step())
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .filter(|step| self.progress.outcome(step) == Some(wanted))
            .map(ToString::to_string)
            .collect()
    }

    /// Every request that was sent, with its method, as the journal has it.
    pub fn calls(&self) -> Vec<&hubup::domain::CallRecord> {
        self.records
            .iter()
            .filter_map(|record| match &record.event {
                RunEvent::CallStarted(call) => Some(&**call),
                _ => None,
            })
            .collect()
    }
}
