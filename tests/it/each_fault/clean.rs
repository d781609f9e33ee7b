//! An undisturbed run, a step at a time: which requests it sends, and what the world comes to.

use std::collections::BTreeMap;

use hubup::azure::{Azure, Timeouts};
use hubup::domain::{Answers, Exit, IdentityKind, Method, Outcome, Plan, Purpose, RunEvent, StepId};
use hubup::engine::{self, Command, Manner, Running};

use crate::kill::world::World;
use crate::support::{Cloud, LINKS, clock, example, start};

/// Roles and principals hold at once: what goes wrong is what the table has go wrong.
const CALM: &str = "[latency]\nrole_effective = 0\nprincipal = 0\nrole_definition = 0\n";

/// An object model, with the kind of identity.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Model {
    Of2025,
    Of2026,
    Of2026Shared,
}

pub const MODELS: [Model; 3] = [Model::Of2025, Model::Of2026, Model::Of2026Shared];

impl Model {
    pub fn world(self) -> String {
        format!("{}{CALM}", if self == Self::Of2025 { "" } else { LINKS })
    }

    /// Who acts makes no difference to what a request is.
    pub fn dialect(self) -> &'static str {
        if self == Self::Of2025 { "preview-2025" } else { "links-2026" }
    }

    pub fn answers(self) -> Answers {
        match self {
            Self::Of2026Shared => Answers { identity_kind: IdentityKind::UserAssigned, ..example() },
            _ => example(),
        }
    }
}

/// One request of an undisturbed run.
#[derive(Clone, Debug)]
pub struct Call {
    pub step: StepId,
    /// `arm`, `graph` or `dps`.
    pub host: &'static str,
    pub method: Method,
    /// With `*` where a world has something of its own.
    pub path: String,
    /// Which request of its method and path in its step, from 1.
    pub nth: u32,
    pub change: bool,
    /// A look at an operation.
    pub poll: bool,
    /// It was taken up as an operation that is followed.
    pub accepted: bool,
}

impl Call {
    /// What is alike for every fault.
    pub fn kind(&self) -> String {
        let what = match (self.poll, self.change) {
            (true, _) => "poll",
            (_, true) => "change",
            _ => "look",
        };
        format!("{} {} {what}", self.host, self.method)
    }
}

/// What an undisturbed run does.
pub struct Clean {
    pub model: Model,
    pub plan: Plan,
    pub calls: Vec<Call>,
    pub essence: Vec<String>,
}

/// A run of all steps that waits for its orders; what hangs is given up soon.
pub async fn begin(cloud: &Cloud, plan: &Plan, answers: &Answers) -> Running {
    let mut options = cloud.options();
    options.timeouts = Timeouts { read: std::time::Duration::from_secs(2), ..Timeouts::default() };
    let azure = Azure::new(options).unwrap();
    // On a busy machine it may be given up too soon, as any call may.
    engine::sign_in(&azure, clock(), &|_, _| {}).await.unwrap();
    start(cloud.folder.path(), azure, plan.clone(), answers, Manner::default(), Vec::new())
}

impl Clean {
    pub async fn run(model: Model) -> Self {
        let cloud = Cloud::open(&model.world()).await;
        let answers = model.answers();
        let plan = cloud.plan(&answers).await;
        let mut running = begin(&cloud, &plan, &answers).await;
        let mut records = Vec::new();
        for step in plan.ids() {
            running.handle.send(Command::Confirm(vec![step.clone()]));
            while let Some(record) = running.events.recv().await {
                records.push(record);
                if let Some(RunEvent::StepFinished { step: ended, outcome, fault, .. }) =
                    records.last().map(|record| &record.event)
                    && *ended == step
                {
                    assert!(matches!(outcome, Outcome::Done | Outcome::AlreadyThere), "{step}: {fault:?}");
                    break;
                }
            }
        }
        running.handle.send(Command::Leave);
        while running.events.recv().await.is_some() {}
        assert_eq!(running.ended.await.unwrap().unwrap(), Exit::Complete);
        let mut calls: Vec<Call> = Vec::new();
        let mut met: BTreeMap<(StepId, &str, String), u32> = BTreeMap::new();
        let mut ids = Vec::new();
        for record in &records {
            match &record.event {
                RunEvent::CallStarted(call) => {
                    let step = call.step.clone().unwrap();
                    let (host, path) = place(&call.shown.url);
                    let poll =
                        path.ends_with('*') && call.purpose == Purpose::Prove && !path.contains("role");
                    let nth =
                        met.entry((step.clone(), call.shown.method.as_str(), path.clone())).or_default();
                    *nth += 1;
                    let change = call.purpose == Purpose::Change;
                    let (method, nth) = (call.shown.method, *nth);
                    ids.push(call.call);
                    calls.push(Call { step, host, method, path, nth, change, poll, accepted: false });
                }
                RunEvent::OperationAccepted { call, .. } => {
                    let at = ids.iter().rposition(|id| id == call);
                    if let Some(call) = at.and_then(|at| calls.get_mut(at)) {
                        call.accepted = true;
                    }
                }
                _ => {}
            }
        }
        let essence = World::read(&cloud.folder.path().join("sandbox")).essence();
        cloud.sandbox.shutdown().await;
        Self { model, plan, calls, essence }
    }
}

/// Which host a URL has, and its path with stars for what differs from world to world.
pub fn place(url: &str) -> (&'static str, String) {
    let rest = url.strip_prefix("https://").unwrap_or(url);
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = match host {
        host if host.starts_with("graph.") => "graph",
        host if host.contains("azure-devices-provisioning") => "dps",
        _ => "arm",
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    for word in ["/operationStatuses/", "/operationResults/", "/asyncOperationStatuses/", "/roleAssignments/"]
    {
        if let Some(at) = path.find(word) {
            return (host, format!("{}*", &path[..at + word.len()]));
        }
    }
    (host, path.to_owned())
}
