//! Setups under random schedules, in this process: a world in which requests go wrong, runs that are killed at random
//! records, then one to the end in a world that behaves. What each comes to is what an undisturbed run makes.
//!
//! Every schedule is made of its seed alone: `HUBUP_SEED=<n>` runs exactly that one, `HUBUP_SCHEDULES=<n>` so many of
//! them. How steps interleave is not in a seed's hands, so one that failed may have to be run a few times.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use hubup::domain::{Answers, Exit, Method, Replay, RunEvent, RunKind};
use hubup::engine::{Command, Manner, Running};
use hubup::journal::{self, StateFolder};
use hubup::sandbox::{self, SandboxOptions, WorldSource};
use hubup::stages;
use tokio::runtime::{Builder, Runtime};

use crate::kill::world::{World, differences, leaks, replaced};
use crate::seeded::{Chance, number, panics_in};
use crate::support::{Cloud, MODELS, collect, example, start};

/// Schedules in a run of the tests that says nothing else.
const SCHEDULES: u64 = 40;

/// Schedules at once: there are few cores.
const AT_ONCE: usize = 2;

/// The longest journal of an undisturbed run is about this long; kills come somewhere in it, or not at all.
const LINES: u64 = 260;

/// Threads of the runtimes that hubup runs in here.
const THREAD: &str = "scheduled-hubup";

/// Runs that were given up before their end.
static KILLS: AtomicUsize = AtomicUsize::new(0);

#[test]
fn every_schedule_comes_to_the_same_end() {
    let panics = panics_in(THREAD);
    // The seed says which object model is offered.
    let essences = MODELS.map(|(_, world)| undisturbed(world));
    let seeds = match (number("HUBUP_SEED"), number("HUBUP_SCHEDULES")) {
        (Some(seed), _) => seed..seed + 1,
        (None, count) => 0..count.unwrap_or(SCHEDULES),
    };
    let next = AtomicU64::new(seeds.start);
    let failed = Mutex::new(Vec::new());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return;
            }
            let told = match catch_unwind(AssertUnwindSafe(|| schedule(seed, &essences))) {
                Ok(wrong) => wrong,
                Err(panic) => {
                    vec![panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "it panicked".to_owned())]
                }
            };
            if !told.is_empty() {
                failed.lock().unwrap().push(format!("HUBUP_SEED={seed}\n    {}", told.join("\n    ")));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    let failed = failed.into_inner().unwrap();
    let tried = seeds.end - seeds.start;
    assert!(
        failed.is_empty(),
        "{} of {tried} schedules failed; run this test again with one of these to see it alone:\n{}",
        failed.len(),
        failed.join("\n")
    );
    assert_eq!(panics.load(Ordering::Relaxed), 0, "a task of hubup panicked");
    let kills = KILLS.load(Ordering::Relaxed);
    println!("{tried} schedules with {kills} kills, all came to the same end");
}

/// A fault script in which each entry acts on a few of the requests it fits.
fn faults(chance: &mut Chance) -> String {
    const PATHS: &[&str] = &[
        "*",
        "*/resourceGroups/rg-*",
        "*/roleDefinitions/*",
        "*/roleAssignments*",
        "*/userAssignedIdentities/*",
        "*/namespaces/contoso-factory-ns",
        "*/credentials/default",
        "*/policies/default",
        "*/IotHubs/contoso-factory-hub",
        "*/provisioningServices/contoso-factory-dps",
        "*/enrollmentGroups/*",
        "*/synchronize",
        "*/listkeys",
        "*/operationStatuses/*",
        "*/operationResults/*",
        "*/certificates",
        "*/certificateAuthorities/*",
        "*/certificatePolicies/*",
    ];
    const ACTIONS: &[&str] =
        &["throttle", "conflict", "unavailable", "broken", "expired", "html", "reset", "lost", "torn"];
    let mut script = String::new();
    for _ in 0..2 + chance.below(8) {
        let path = chance.one_of(PATHS);
        // What fits everything is met by the hundred.
        let farthest = if path == "*" { 200 } else { 8 };
        let nth: BTreeSet<u64> = (0..=chance.below(3)).map(|_| 1 + chance.below(farthest)).collect();
        let nth: Vec<String> = nth.iter().map(u64::to_string).collect();
        let method = match chance.one_of(&["PUT", "PUT", "GET", "POST", "PATCH", ""]) {
            "" => String::new(),
            method => format!("method = \"{method}\"\n"),
        };
        let (action, nth) = (chance.one_of(ACTIONS), nth.join(", "));
        script.push_str(&format!(
            "[[faults]]\n{method}path = \"{path}\"\nnth = [{nth}]\naction = \"{action}\"\nseconds = 2\n"
        ));
    }
    script
}

/// A runtime of its own, so that nothing of what runs in it goes on once it is dropped.
fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).thread_name(THREAD).enable_all().build().unwrap()
}

/// What an undisturbed run makes of `world`.
fn undisturbed(world: &str) -> Vec<String> {
    let (server, client) = (runtime(), runtime());
    let cloud = server.block_on(Cloud::open(world));
    let run = client.block_on(cloud.apply(&example(), &[]));
    assert_eq!(run.result.unwrap(), Exit::Complete);
    World::read(&cloud.folder.path().join("sandbox")).essence()
}

/// Runs one schedule; what is wrong in the end.
fn schedule(seed: u64, essences: &[Vec<String>; 2]) -> Vec<String> {
    let mut chance = Chance(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
    let answers = example();
    let server = runtime();
    let model = usize::from(seed % 2 == 1);
    let (essence, base) = (&essences[model], MODELS[model].1);
    let world = format!("{base}{}", faults(&mut chance));
    let cloud = server.block_on(Cloud::open(&world));
    let folder = cloud.folder.path().join("sandbox");
    let mut wrong = Vec::new();
    let mut then = BTreeMap::new();
    for _ in 0..=chance.below(3) {
        let client = runtime();
        let last = 1 + chance.below(LINES);
        let ended = client.block_on(killed_after(&cloud, &answers, last));
        drop(client);
        wrong.extend(ended.err());
        if chance.below(2) == 0 {
            tear(&cloud, &answers, &mut chance);
        }
        let facts = World::read(&folder).facts();
        wrong.extend(replaced(&then, &facts));
        then = facts;
    }
    let (_server, cloud) = behave(server, cloud);
    let client = runtime();
    let run = client.block_on(cloud.apply(&answers, &[]));
    drop(client);
    match &run.result {
        Ok(Exit::Complete) => {}
        other => {
            let lines = run.records.iter().filter_map(hubup::domain::line);
            let lines: Vec<String> = lines.map(|line| format!("{:<34} {}", line.step, line.text)).collect();
            wrong.push(format!("the last run ended with {other:?}\n{}", lines.join("\n")));
        }
    }
    let world = World::read(&folder);
    wrong.extend(replaced(&then, &world.facts()));
    wrong.extend(differences(essence, &world.essence()));
    wrong.extend(leaks(cloud.folder.path(), &world.secrets()));
    wrong
}

/// Starts a run and gives it up after its record number `last`; one that ends before that must not have broken.
async fn killed_after(cloud: &Cloud, answers: &Answers, last: u64) -> Result<(), String> {
    let Some(mut running) = begun(cloud, answers).await else { return Ok(()) };
    for _ in 0..last {
        if running.events.recv().await.is_none() {
            let run = collect(running).await;
            return run.result.map(|_| ()).map_err(|error| format!("a run broke: {error}"));
        }
    }
    KILLS.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// A run like that of `apply --yes`; `None` when the faults of the world do not let it come as far as its plan.
async fn begun(cloud: &Cloud, answers: &Answers) -> Option<Running> {
    let azure = hubup::azure::Azure::new(cloud.options()).unwrap();
    azure.sign_in().await.ok()?;
    let mut offers = stages::Offers::default();
    for request in stages::offer_requests(answers, stages::DIALECTS) {
        let looked = hubup::engine::lookup(&azure, crate::support::clock(), &request, &|_, _| {}).await;
        offers.take(&looked.ok()?);
    }
    let choose = |replay: &mut Replay<'_>| {
        stages::choose(answers, &offers, stages::DIALECTS, None, stages::Regions::Checked, replay)
    };
    let told = |_: &str, _: Duration| {};
    let selection = hubup::engine::read_through(&azure, crate::support::clock(), &told, choose).await.ok()?;
    let plan = stages::plan(selection.dialect, &selection.profile, answers).unwrap();
    let manner = Manner { yes: true, end_when_idle: true, ..Manner::default() };
    let steps = plan.ids();
    let orders: Vec<Command> = cloud.past(answers).carried_on(RunKind::Setup, steps, Vec::new());
    Some(start(cloud.folder.path(), azure, plan, answers, manner, orders))
}

/// Cuts the last line of the newest journal, where a kill can leave it so: nothing was done yet for its sake.
fn tear(cloud: &Cloud, answers: &Answers, chance: &mut Chance) {
    let state = StateFolder::new(cloud.folder.path().join("state"));
    let Some(file) = state.runs(answers.setup_id()).unwrap().pop() else { return };
    let journal = journal::read(&file.path).unwrap();
    let sent = journal.records.last().is_none_or(|record| match &record.event {
        RunEvent::CallStarted(call) => !matches!(call.shown.method, Method::Get | Method::Head),
        _ => false,
    });
    if sent {
        return;
    }
    let bytes = std::fs::read(&file.path).unwrap();
    let line = bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let kept = line as u64 + chance.below((bytes.len() - line) as u64);
    std::fs::OpenOptions::new().write(true).open(&file.path).unwrap().set_len(kept).unwrap();
}

/// Serves the same world on without its fault script.
fn behave(server: Runtime, cloud: Cloud) -> (Runtime, Cloud) {
    let Cloud { sandbox, folder, .. } = cloud;
    server.block_on(sandbox.shutdown());
    // A request whose sender is gone may still be worked on, and would be the last to write the world.
    drop(server);
    let server = runtime();
    let sandbox_folder = folder.path().join("sandbox");
    forget_faults(&sandbox_folder.join("world.json"));
    let options = SandboxOptions { folder: sandbox_folder, speed: 0.0, world: WorldSource::Default, port: 0 };
    let sandbox = server.block_on(sandbox::open(options)).unwrap();
    let routes = sandbox.routes();
    (server, Cloud { sandbox, folder, routes })
}

fn forget_faults(file: &Path) {
    let mut world: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    world["settings"]["faults"] = serde_json::json!([]);
    world["fault_hits"] = serde_json::json!([]);
    std::fs::write(file, serde_json::to_vec(&world).unwrap()).unwrap();
}
