//! Teardowns of a setup in the sandbox, and the world before and after them.

use std::collections::BTreeMap;
use std::time::Duration;

use hubup::domain::{
    Answers, Exit, FORMAT_VERSION, Outcome, Plan, Progress, RunHeader, RunId, RunKind, SetupId, StepId,
};
use hubup::engine::{self, Command, Job, Manner, Running};
use hubup::journal::{self, JournalError, SetupLock, StateFolder, Writer};
use hubup::stages;
use serde_json::Value;

use crate::support::{Cloud, Run, clock, collect};

/// What stands in the world, without clocks, operations and the like.
pub fn world(cloud: &Cloud) -> Value {
    let text = std::fs::read_to_string(cloud.folder.path().join("sandbox/world.json")).unwrap();
    let whole: Value = serde_json::from_str(&text).unwrap();
    let kept = ["resources", "principals", "roles", "assignments", "enrollment_groups"];
    let mut world: serde_json::Map<_, _> =
        kept.iter().map(|key| ((*key).to_owned(), whole[*key].clone())).collect();
    // A service that had groups is no other than one that never had.
    if let Some(Value::Object(groups)) = world.get_mut("enrollment_groups") {
        groups.retain(|_, groups| *groups != serde_json::json!({}));
    }
    world.into()
}

/// What is on record of the setup.
pub fn past(cloud: &Cloud, answers: &Answers) -> Progress {
    let state = StateFolder::new(cloud.folder.path().join("state"));
    let mut progress = Progress::default();
    for file in state.runs(answers.setup_id()).unwrap() {
        for record in journal::read(&file.path).unwrap().records {
            progress.apply(&record);
        }
    }
    progress
}

/// The plan of the way back.
pub async fn plan(cloud: &Cloud, answers: &Answers) -> Plan {
    let azure = cloud.azure().await;
    let selection = cloud.select(&azure, answers).await;
    stages::teardown_plan(selection.dialect, &selection.profile, answers).unwrap()
}

/// The lock of the setup, once the tasks of a run that was aborted have let it go.
async fn freed(state: &StateFolder, setup: SetupId) -> SetupLock {
    let freed = async {
        loop {
            match state.lock(setup) {
                Err(JournalError::Held { .. }) => tokio::task::yield_now().await,
                lock => return lock.unwrap(),
            }
        }
    };
    tokio::time::timeout(Duration::from_mins(1), freed).await.unwrap()
}

/// Starts a teardown that goes on from `earlier`.
pub async fn begin(cloud: &Cloud, answers: &Answers, skip: &[&'static str], earlier: Progress) -> Running {
    let plan = plan(cloud, answers).await;
    let state = StateFolder::new(cloud.folder.path().join("state"));
    let setup = answers.setup_id();
    let lock = freed(&state, setup).await;
    let run = RunId(format!("run-{}", state.runs(setup).unwrap().len()));
    let header = RunHeader {
        format: FORMAT_VERSION,
        hubup: "test".into(),
        run: run.clone(),
        setup,
        kind: RunKind::Teardown,
        answers: answers.clone(),
        dialect: "test".into(),
        profile: "test".into(),
        chosen_because: "a test".into(),
        versions: BTreeMap::new(),
        fingerprint: plan.fingerprint(),
        continues: None,
        sandbox: true,
        time_scale: clock().scale(),
        stages: plan.outline(),
    };
    let skip: Vec<StepId> = skip.iter().map(|id| StepId::new(id)).collect();
    let steps: Vec<StepId> =
        plan.steps().map(|step| step.id.clone()).filter(|id| !skip.contains(id)).collect();
    let mut orders = vec![Command::Skip(skip)];
    for step in &steps {
        match earlier.outcome(step) {
            Some(Outcome::Failed) => orders.push(Command::Retry(step.clone())),
            Some(Outcome::Skipped) => orders.push(Command::Unskip(step.clone())),
            _ => {}
        }
    }
    orders.push(Command::Confirm(steps));
    engine::start(Job {
        plan,
        answers: answers.clone(),
        header,
        azure: cloud.azure().await,
        journal: Some(Writer::create(&state, lock, &run).unwrap()),
        earlier,
        clock: clock(),
        manner: Manner { yes: true, end_when_idle: true, ..Manner::default() },
        orders,
    })
}

/// Takes down what is on record of the setup and what is tagged as its own.
pub async fn destroy(cloud: &Cloud, answers: &Answers, skip: &[&'static str]) -> Run {
    collect(begin(cloud, answers, skip, past(cloud, answers)).await).await
}

/// As on a machine that has no journal.
pub async fn destroy_elsewhere(cloud: &Cloud, answers: &Answers) -> Run {
    collect(begin(cloud, answers, &[], Progress::default()).await).await
}

/// Everything holds, and the run says so.
#[track_caller]
pub fn assert_complete(run: &Run) {
    for outcome in [Outcome::Failed, Outcome::Blocked, Outcome::Cancelled] {
        assert_eq!(run.with_outcome(outcome), Vec::<String>::new(), "{}", told(run));
    }
    assert_eq!(*run.result.as_ref().unwrap(), Exit::Complete, "{}", told(run));
}

/// The changes that were sent.
pub fn changes(run: &Run) -> Vec<String> {
    run.calls()
        .iter()
        .filter(|call| !call.shown.method.is_read() && !call.shown.url.contains("/listkeys?"))
        .map(|call| format!("{} {}", call.shown.method, call.shown.url))
        .collect()
}

/// The note that a step ended with.
pub fn note(run: &Run, step: &'static str) -> String {
    run.progress.step(&StepId::new(step)).and_then(|step| step.note.clone()).unwrap_or_default()
}

/// The log of a run, for a test that failed.
pub fn told(run: &Run) -> String {
    let lines = run.records.iter().filter_map(hubup::domain::line);
    lines.map(|line| format!("{:<34} {}", line.step, line.text)).collect::<Vec<_>>().join("\n")
}

/// Asserts that two worlds are the same, naming each place where they are not.
#[track_caller]
pub fn assert_same(now: &Value, before: &Value, about: &str) {
    let mut differing = Vec::new();
    compare("", now, before, &mut differing);
    assert!(differing.is_empty(), "{about}:\n{}", differing.join("\n"));
}

fn compare(place: &str, now: &Value, before: &Value, differing: &mut Vec<String>) {
    match (now, before) {
        (Value::Object(now), Value::Object(before)) => {
            for key in now.keys().chain(before.keys().filter(|key| !now.contains_key(*key))) {
                let (now, before) =
                    (now.get(key).unwrap_or(&Value::Null), before.get(key).unwrap_or(&Value::Null));
                compare(&format!("{place} > {key}"), now, before, differing);
            }
        }
        _ if now == before => {}
        _ => differing.push(format!("{place}: {now}, and was {before}")),
    }
}
