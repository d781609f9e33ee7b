//! Drives one row of the table: a sandbox in which one request is made to fail, a run of the step that makes it and of what it
//! needs, and what must have come of it by the reaction that the catalogue names.

use std::collections::BTreeSet;

use hubup::domain::catalogue::{self, Entry, Reaction};
use hubup::domain::{CallRecord, Fault, Method, Outcome, Plan, Purpose, RunEvent, RunKind, StepId};
use hubup::engine::Manner;

use crate::destroy::support::destroy;
use crate::support::{Cloud, LINKS, Run, collect, example, start};

/// Roles and principals that hold at once: what is refused is refused by the row alone.
const CALM: &str = "[latency]\nrole_effective = 0\nprincipal = 0\nrole_definition = 0\n";

/// The object model of the world.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Model {
    Of2025,
    Of2026,
}

/// What must come of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comes {
    /// The step ends well, after the reaction.
    Right,
    /// The step fails with the entry's key, after the reaction.
    Fails,
    /// The step takes it for done, looks, and does not find it: it fails, and nothing was sent again.
    Compared,
    /// The way back ends well, after the reaction.
    RightOnTheWayBack,
}

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Row {
    pub key: &'static str,
    pub model: Model,
    /// More of the world, TOML tables.
    pub world: &'static str,
    /// The request that is made to fail: method, path with `*`, and how (TOML of a fault).
    pub method: &'static str,
    pub path: &'static str,
    pub does: String,
    pub step: &'static str,
    pub comes: Comes,
}

/// Runs `row` and asserts reaction and key.
pub async fn drive(row: &Row) {
    let entry = catalogue::entries().find(|entry| entry.key == row.key).expect("an entry of that key");
    let base = if row.model == Model::Of2026 { LINKS } else { "" };
    let fault = if row.does.is_empty() {
        String::new()
    } else {
        format!("[[faults]]\nmethod = \"{}\"\npath = \"{}\"\n{}\n", row.method, row.path, row.does)
    };
    let cloud = Cloud::open(&format!("{base}{}\n{CALM}{fault}", row.world)).await;
    let run = if row.comes == Comes::RightOnTheWayBack {
        let made = cloud.apply(&example(), &[]).await;
        assert_eq!(made.with_outcome(Outcome::Failed), Vec::<String>::new(), "{row:?}\n{}", told(&made));
        destroy(&cloud, &example(), &[]).await
    } else {
        up_to(&cloud, row.step).await
    };
    judge(row, entry, &run);
    cloud.sandbox.shutdown().await;
}

/// Runs `step` and all that it needs, under `--yes`.
pub async fn up_to(cloud: &Cloud, step: &'static str) -> Run {
    let (answers, azure) = (example(), cloud.azure().await);
    let selection = cloud.select(&azure, &answers).await;
    let plan = hubup::stages::plan(selection.dialect, &selection.profile, &answers).unwrap();
    run_steps(cloud, azure, plan, step).await
}

/// [`up_to`] with a client and a plan of the test's own.
pub async fn run_steps(cloud: &Cloud, azure: hubup::azure::Azure, plan: Plan, step: &'static str) -> Run {
    let wanted = needed(&plan, &StepId::new(step));
    let confirm = plan.steps().map(|step| step.id.clone()).filter(|id| wanted.contains(id)).collect();
    let orders = cloud.past(&example()).carried_on(RunKind::Setup, confirm, Vec::new());
    let manner = Manner { yes: true, end_when_idle: true, ..Manner::default() };
    collect(start(cloud.folder.path(), azure, plan, &example(), manner, orders)).await
}

fn needed(plan: &Plan, step: &StepId) -> BTreeSet<StepId> {
    let mut found = BTreeSet::new();
    let mut open = vec![step.clone()];
    while let Some(id) = open.pop() {
        if found.insert(id.clone()) {
            let step = plan.steps().find(|step| step.id == id).expect("a step of the plan");
            open.extend(step.needs.iter().map(|need| need.step.clone()));
        }
    }
    found
}

/// The log of a run.
pub fn told(run: &Run) -> String {
    let lines = run.records.iter().filter_map(hubup::domain::line);
    lines.map(|line| format!("{:<34} {}", line.step, line.text)).collect::<Vec<_>>().join("\n")
}

fn judge(row: &Row, entry: &Entry, run: &Run) {
    let step = StepId::new(row.step);
    let why = || format!("{row:?}\n{}", told(run));
    let outcome = run.progress.outcome(&step);
    let fault = run.progress.step(&step).and_then(|step| step.fault.clone());
    match row.comes {
        Comes::Right | Comes::RightOnTheWayBack => {
            let ended = matches!(outcome, Some(Outcome::Done | Outcome::AlreadyThere));
            assert!(ended, "{outcome:?} {}", why());
        }
        Comes::Fails => {
            assert_eq!(outcome, Some(Outcome::Failed), "{}", why());
            let fault = fault.unwrap_or_else(|| panic!("no fault: {}", why()));
            assert_eq!(fault.key.as_deref(), Some(row.key), "{fault:?}\n{}", why());
            assert!(entry.exit.is_none_or(|exit| fault.exit == exit), "{fault:?}\n{}", why());
            assert_tells_all(&fault);
        }
        Comes::Compared => {
            assert_eq!(outcome, Some(Outcome::Failed), "no wrong success: {}", why());
        }
    }
    assert!(reacted(row, entry.reaction, run), "no {:?}: {}", entry.reaction, why());
}

/// What a person needs of every fault: what it means, what to do, and the service's ids where it gave any.
pub fn assert_tells_all(fault: &Fault) {
    assert!(!fault.remedy.is_empty() && fault.means.is_some(), "{fault:?}");
    if fault.status.is_some_and(|status| (400..600).contains(&status) && status != 407) {
        let quoted = fault.request_id.is_some() || fault.correlation_id.is_some();
        assert!(quoted, "nothing to quote: {fault:?}");
    }
}

/// Whether the run shows the reaction.
fn reacted(row: &Row, reaction: Reaction, run: &Run) -> bool {
    let step = StepId::new(row.step);
    let of_step: Vec<&RunEvent> =
        run.records.iter().map(|record| &record.event).filter(|event| event.step() == Some(&step)).collect();
    let failed = of_step.iter().position(|event| is_failure(row, event)).unwrap_or_default();
    let after = of_step.get(failed..).unwrap_or_default();
    let calls = |events: &[&RunEvent]| -> Vec<CallRecord> {
        events
            .iter()
            .filter_map(|event| match event {
                RunEvent::CallStarted(call) => Some((**call).clone()),
                _ => None,
            })
            .collect()
    };
    let later = calls(after);
    let sent = calls(&of_step).into_iter().filter(|call| fits(row, call)).collect::<Vec<_>>();
    let waited = after.iter().any(|event| matches!(event, RunEvent::StepWaiting { .. }));
    let asked = after.iter().any(|event| matches!(event, RunEvent::Asked(_)));
    let redone = after.iter().any(|event| matches!(event, RunEvent::RedoStarted { .. }));
    let looked = later.first().is_some_and(|call| call.purpose != Purpose::Change);
    match reaction {
        Reaction::Retry => later.iter().any(|call| call.retry_of.is_some()),
        Reaction::RefreshToken => sent.iter().any(|call| call.retry_of.is_some()),
        Reaction::WaitFor | Reaction::ReSubmit => waited,
        Reaction::LookFirst => looked,
        Reaction::Adopt => sent.len() == 1 && looked,
        Reaction::Ask => asked,
        Reaction::Register => asked && later.iter().any(|call| call.shown.url.contains("/register?")),
        Reaction::Heal => {
            let refused = sent.first().map(|call| (call.shown.method, &call.shown.body));
            let mends = |call: &CallRecord| {
                call.purpose == Purpose::Change && Some((call.shown.method, &call.shown.body)) != refused
            };
            redone || later.iter().any(mends)
        }
        // A token that is refused is replaced once.
        Reaction::SignIn => sent.len() <= 2,
        Reaction::Stop => row.comes == Comes::Fails && sent.len() <= 1,
    }
}

/// Whether `event` is the failure that the row makes.
fn is_failure(row: &Row, event: &RunEvent) -> bool {
    match event {
        RunEvent::CallFinished(reply) => reply.error.is_some() && reply.method.to_string() == row.method,
        RunEvent::OperationEnded { state, .. } => state != "Succeeded",
        _ => false,
    }
}

fn fits(row: &Row, call: &CallRecord) -> bool {
    let path = call.shown.url.split(['?', '#']).next().unwrap_or_default().to_lowercase();
    let mut rest = path.as_str();
    let method = row.method.is_empty() || call.shown.method.to_string() == row.method;
    let look = call.shown.method == Method::Get && call.purpose != Purpose::Look && row.method == "GET";
    method
        && !look
        && row
            .path
            .to_lowercase()
            .split('*')
            .filter(|part| !part.is_empty())
            .all(|part| rest.find(part).map(|at| rest = &rest[at + part.len()..]).is_some())
        && (row.path.ends_with('*') || rest.is_empty())
}
