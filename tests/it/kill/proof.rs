//! The trials of a run of the tests: every kind of place once a step, or everything that the environment asks for.
//!
//! `HUBUP_KILL=all` tries both sides and the middle of every line that an undisturbed run writes; `HUBUP_KILL` set to what
//! a failed trial is called tries exactly that one. The places come from the journal of an undisturbed run, so a step
//! that is new is tried by itself.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use super::point::{How, Line, Point};
use super::trial::{Ground, Trial, Verdict};
use crate::support::LINKS;

/// Trials at once: there are few cores, and each trial has three processes.
const AT_ONCE: usize = 2;

/// How often a place is tried that a run does not always pass.
const TRIES: usize = 3;

#[test]
fn every_kill_is_survived() {
    let grounds = [
        Ground::calm("calm", ""),
        Ground::lossy("lossy", ""),
        Ground::teardown("teardown", ""),
        Ground::calm("links-calm", LINKS),
        Ground::lossy("links-lossy", LINKS),
        Ground::teardown("links-teardown", LINKS),
    ];
    let [calm, lossy, teardown, links_calm, links_lossy, links_teardown] = &grounds;
    let trials = match asked().as_deref() {
        None => [
            once_a_step(calm),
            forgotten(unanswered_once_a_step(calm)),
            unanswered_once_a_step(lossy),
            unanswered_once_a_step(teardown),
            twice(calm, 48),
            twice(lossy, 80),
            once_a_step(links_calm),
            forgotten(unanswered_once_a_step(links_calm)),
            unanswered_once_a_step(links_lossy),
            unanswered_once_a_step(links_teardown),
            twice(links_calm, 64),
        ]
        .concat(),
        Some("all") => [
            everywhere(calm),
            everywhere(lossy),
            everywhere(teardown),
            forgotten(everywhere(calm)),
            twice(calm, 5),
            twice(lossy, 9),
            twice(teardown, 9),
            everywhere(links_calm),
            everywhere(links_lossy),
            everywhere(links_teardown),
            forgotten(everywhere(links_calm)),
            twice(links_calm, 5),
            twice(links_lossy, 9),
            twice(links_teardown, 9),
        ]
        .concat(),
        Some(named) => vec![Trial::read(named, &grounds).unwrap()],
    };
    let next = AtomicUsize::new(0);
    let (failed, not_met) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let work = || {
        while let Some(trial) = trials.get(next.fetch_add(1, Ordering::Relaxed)) {
            let ground = grounds.iter().find(|ground| ground.name == trial.ground).unwrap();
            match attempted(ground, trial) {
                Verdict::Survived => {}
                Verdict::NotMet => not_met.lock().unwrap().push(trial.to_string()),
                Verdict::Failed(why) => {
                    failed.lock().unwrap().push(format!("HUBUP_KILL=\"{trial}\"\n    {why}"));
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    let (failed, not_met) = (failed.into_inner().unwrap(), not_met.into_inner().unwrap());
    let tried = trials.len() - not_met.len();
    if !not_met.is_empty() {
        println!("never passed in {TRIES} runs, hence not tried:\n{}", not_met.join("\n"));
    }
    assert!(
        failed.is_empty(),
        "{} of {tried} kill points not survived; run this test again with one of these to see it alone:\n{}",
        failed.len(),
        failed.join("\n"),
    );
    // What depends on how steps interleave is a small part; else the places would be named badly.
    assert!(
        tried > 0 && not_met.len() * 10 <= trials.len(),
        "{} places never passed:\n{}",
        not_met.len(),
        not_met.join("\n")
    );
    println!("{tried} kill points, all survived");
}

#[expect(clippy::disallowed_methods, reason = "how whoever runs the tests says which places")]
fn asked() -> Option<String> {
    std::env::var("HUBUP_KILL").ok().filter(|text| !text.is_empty())
}

fn attempted(ground: &Ground, trial: &Trial) -> Verdict {
    for _ in 0..TRIES {
        match catch_unwind(AssertUnwindSafe(|| ground.attempt(trial))) {
            Ok(Verdict::NotMet) => {}
            Ok(verdict) => return verdict,
            Err(panic) => {
                let why = panic.downcast_ref::<String>().cloned();
                return Verdict::Failed(why.unwrap_or_else(|| "it panicked".to_owned()));
            }
        }
    }
    Verdict::NotMet
}

fn one(ground: &Ground, index: usize, how: How) -> Trial {
    Trial { ground: ground.name, points: vec![Point::at(&ground.records, index, how)], forgotten: false }
}

/// The lines of each step that matter, by their index: the change it makes, or its first look, about to be sent; what
/// Azure accepted, where it did; the reply; the end.
fn frontiers(ground: &Ground) -> Vec<[usize; 4]> {
    let records = &ground.records;
    let steps: BTreeSet<&str> = records
        .iter()
        .filter(|record| record["event"] == "step-finished")
        .filter_map(|record| record["step"].as_str())
        .collect();
    let of_step = |step: &str, fits: &dyn Fn(&Value) -> bool| {
        records.iter().position(|record| record["step"] == step && fits(record))
    };
    let frontier = |step: &str| {
        let change =
            of_step(step, &|record| record["event"] == "call-started" && record["purpose"] == "change");
        let sent = change.or_else(|| of_step(step, &|record| record["event"] == "call-started")).unwrap();
        let replied = of_step(step, &|record| {
            record["event"] == "call-finished" && record["call"] == records[sent]["call"]
        })
        .unwrap();
        let accepted = of_step(step, &|record| record["event"] == "operation-accepted").unwrap_or(replied);
        let ended = of_step(step, &|record| record["event"] == "step-finished").unwrap();
        [sent, accepted, replied, ended]
    };
    steps.into_iter().map(frontier).collect()
}

/// Every kind of place once a step: before a call is sent, after it is sent and before its reply is on record, before and
/// after other lines, a line that is torn; and the first and the last line of the run.
fn once_a_step(ground: &Ground) -> Vec<Trial> {
    let mut trials = Vec::new();
    for (index, [sent, accepted, replied, ended]) in frontiers(ground).into_iter().enumerate() {
        let torn = [sent, accepted, replied, ended][index % 4];
        for (line, how) in [
            (sent, How::After),
            (replied.min(accepted), How::Before),
            (replied.min(accepted), How::After),
            (replied.max(accepted), How::After),
            (ended, How::Before),
            (torn, How::Torn),
        ] {
            let trial = one(ground, line, how);
            if !trials.contains(&trial) {
                trials.push(trial);
            }
        }
    }
    for line in [0, ground.records.len() - 1] {
        trials.extend([How::Before, How::After, How::Torn].map(|how| one(ground, line, how)));
    }
    trials
}

/// After the change of each step was sent and before its reply is on record: what is settled by looking.
fn unanswered_once_a_step(ground: &Ground) -> Vec<Trial> {
    frontiers(ground)
        .into_iter()
        .map(|[_, accepted, replied, _]| one(ground, accepted.min(replied), How::Before))
        .collect()
}

/// The same with every journal deleted before hubup goes on: the subscription is all it has.
fn forgotten(mut trials: Vec<Trial>) -> Vec<Trial> {
    for trial in &mut trials {
        trial.forgotten = true;
    }
    trials
}

/// Every line, on both sides and in the middle.
fn everywhere(ground: &Ground) -> Vec<Trial> {
    let lines = 0..ground.records.len();
    lines.flat_map(|line| [How::Before, How::After, How::Torn].map(|how| one(ground, line, how))).collect()
}

/// Every `stride`th line, and the run that goes on from there killed too, at a line farther on.
fn twice(ground: &Ground, stride: usize) -> Vec<Trial> {
    let hows = [How::Before, How::Torn, How::After];
    let trial = |(index, line): (usize, usize)| {
        let mut trial = one(ground, line, hows[index % 3]);
        // From the very first line on, and not so far that the second run may have ended.
        trial.points.push(Point::new(Line::any(), 1 + index * 11 % 64, hows[(index + 1 + index / 3) % 3]));
        trial
    };
    (stride / 2..ground.records.len()).step_by(stride).enumerate().map(trial).collect()
}
