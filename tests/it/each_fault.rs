//! Each fault of the list at each request of a fresh run, in both object models: the run ends right, or stops and
//! says why and goes on when it is retried.
//!
//! The requests are those of an undisturbed run. Without more, a set is tried in which each fault is met at each step, and at
//! each kind of request of each object model; `HUBUP_FAULTS=all` tries every fault at every request, and
//! `HUBUP_FAULTS=<part of a row>` the rows whose name holds that.

mod clean;
mod drive;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures::FutureExt as _;
use hubup::domain::StepId;
use tokio::sync::Semaphore;

use crate::seeded::panics_in;
use clean::{Clean, MODELS};
use drive::{Queues, Row, live};
use table::{Comes, TABLE};

/// Runs at once: most of them wait for what hangs.
const AT_ONCE: usize = 8;

/// Threads of the runtime that hubup and the sandbox run in here.
const THREAD: &str = "each-fault";

#[test]
fn each_fault_at_each_step_ends_right_or_says_why() {
    let panics = panics_in(THREAD);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name(THREAD)
        .enable_all()
        .build()
        .unwrap();
    let tried = runtime.block_on(all());
    assert_eq!(panics.load(Ordering::Relaxed), 0, "something panicked");
    println!("{tried}");
}

/// Tries them; gives how many there were.
async fn all() -> String {
    let mut cleans = Vec::new();
    for model in MODELS {
        cleans.push(Arc::new(Clean::run(model).await));
    }
    let wanted = wanted();
    let mut known = BTreeSet::new();
    let wrong: Arc<Mutex<Vec<String>>> = Arc::default();
    let met = Arc::new(AtomicUsize::new(0));
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = Vec::new();
    let (mut count, mut runs) = (0, 0);
    for clean in cleans {
        let rows = rows(&clean, &wanted, &mut known);
        count += rows.len();
        for queues in shared_out(rows) {
            runs += 1;
            let (clean, wrong, met, places) = (clean.clone(), wrong.clone(), met.clone(), places.clone());
            tasks.push(tokio::spawn(async move {
                let _place = places.acquire().await.unwrap();
                let mut left = queues;
                while left.values().any(|queue| !queue.is_empty()) {
                    let told = format!("{left:?}");
                    match AssertUnwindSafe(live(&clean, left)).catch_unwind().await {
                        Ok(came) => {
                            met.fetch_add(came.met, Ordering::Relaxed);
                            let broken = !came.wrong.is_empty();
                            wrong.lock().unwrap().extend(came.wrong);
                            left = came.left;
                            if broken && came.met == 0 {
                                return;
                            }
                        }
                        Err(_) => {
                            wrong.lock().unwrap().push(format!("panicked: {told}"));
                            return;
                        }
                    }
                }
            }));
        }
    }
    for task in tasks {
        task.await.unwrap();
    }
    let wrong = wrong.lock().unwrap();
    let met = met.load(Ordering::Relaxed);
    assert!(wrong.is_empty(), "{} of {count} rows went another way\n\n{}", wrong.len(), wrong.join("\n\n"));
    assert_eq!(met, count, "some rows were not met");
    format!("{count} rows in {runs} runs, all as they may")
}

#[expect(clippy::disallowed_methods, reason = "how whoever runs the tests says which rows")]
fn wanted() -> String {
    std::env::var("HUBUP_FAULTS").unwrap_or_default()
}

/// The rows of one object model that are to be tried; `known` has what earlier ones tried.
fn rows(clean: &Clean, wanted: &str, known: &mut BTreeSet<(&'static str, String)>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (number, wrong) in TABLE.iter().enumerate() {
        let (mut changes, mut looks): (Vec<_>, Vec<_>) =
            clean.calls.iter().filter(|call| (wrong.on)(call)).partition(|call| call.change);
        // By turns, so that a step does not meet everything at one request.
        if number % 3 == 0 {
            std::mem::swap(&mut changes, &mut looks);
        }
        for call in changes.into_iter().chain(looks) {
            let row = Row { wrong: *wrong, call: call.clone() };
            let of_step = (wrong.name, call.step.to_string());
            let of_kind = (wrong.name, format!("{} {}", clean.model.dialect(), call.kind()));
            let new = known.insert(of_step) | known.insert(of_kind);
            let take = match wanted {
                "" => new,
                "all" => true,
                part => format!("{:?} {}", clean.model, row.told()).contains(part),
            };
            if take {
                rows.push(row);
            }
        }
    }
    rows
}

/// The rows as the queues of runs: in each, a step is made done once, after all that stops it. What it goes on after by itself
/// is met together, as far as it is met at different requests.
fn shared_out(rows: Vec<Row>) -> Vec<Queues> {
    let mut stops: Vec<Row> = Vec::new();
    let mut ends: BTreeMap<StepId, Vec<Vec<Row>>> = BTreeMap::new();
    for row in rows {
        let ends = ends.entry(row.call.step.clone()).or_default();
        let place = |row: &Row| (row.call.method.as_str(), row.call.path.clone());
        let alone = |row: &Row| !matches!(row.wrong.comes, Comes::Right);
        match row.wrong.comes {
            Comes::Stops(..) => stops.push(row),
            Comes::Either(..) => ends.push(vec![row]),
            Comes::Right => {
                let open = |met: &&mut Vec<Row>| {
                    met.iter().all(|other| !alone(other) && place(other) != place(&row))
                };
                match ends.iter_mut().find(open) {
                    Some(met) => met.push(row),
                    None => ends.push(vec![row]),
                }
            }
        }
    }
    let most = ends.values().map(Vec::len).max().unwrap_or_default().max(1);
    let mut runs = vec![Queues::new(); most];
    for (number, row) in stops.into_iter().enumerate() {
        runs[number % most].entry(row.call.step.clone()).or_default().push_back(vec![row]);
    }
    for (number, (step, ends)) in ends.into_iter().enumerate() {
        // Each step begins elsewhere, so that no run has all that hangs.
        for (rows, run) in ends.into_iter().zip((0..most).cycle().skip(number)) {
            runs[run].entry(step.clone()).or_default().push_back(rows);
        }
    }
    runs
}
