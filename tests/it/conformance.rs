//! Every request that hubup sends and every reply that the sandbox gives, against the official files.
//!
//! The files stay outside the project. `HUBUP_SPECIFICATIONS` names their folders, as `PATH` does its own; `.ci/run conformance`
//! sets it where they lie beside the clone. Records of other clients can be judged too: `HUBUP_RECORD` names one.

mod bicep;
mod exchange;
mod explained;
mod judge;
mod library;
mod openapi;
mod planted;
mod report;
mod runs;
mod schema;
mod shape;

use std::path::PathBuf;

use exchange::Exchange;
use judge::Judge;
use library::Library;
use report::Report;
use runs::FullRun;

/// What whoever runs the tests names in a variable.
#[expect(clippy::disallowed_methods, reason = "how whoever runs the tests says where files lie")]
fn named(variable: &str) -> std::ffi::OsString {
    std::env::var_os(variable)
        .unwrap_or_else(|| panic!("{variable} is not set; `.ci/run conformance` sets it"))
}

fn library() -> Library {
    let folders: Vec<PathBuf> = std::env::split_paths(&named("HUBUP_SPECIFICATIONS")).collect();
    Library::read(&folders)
}

/// Judges full runs and prints what was found; nothing may be left unexplained.
#[expect(clippy::print_stdout, reason = "the report is for a person")]
async fn judged(runs: &[FullRun]) {
    let library = library();
    let mut unexplained = 0;
    for run in runs {
        let report = Report::of(&library, &run.record().await);
        println!("{}", report.text(run.name));
        assert!(report.whole() > 0, "no operation of {} is held: are these the files?", run.name);
        unexplained += report.unexplained();
    }
    assert_eq!(unexplained, 0, "see the lines that begin with NOT EXPLAINED");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the official files: .ci/run conformance"]
async fn full_runs_conform_both_ways() {
    judged(&runs::SMOOTH).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the official files: .ci/run conformance"]
async fn runs_that_are_refused_conform_both_ways() {
    judged(&runs::ROUGH).await;
}

#[test]
#[ignore = "needs the official files and a record: .ci/run clients conformance"]
fn a_record_of_other_clients_conforms() {
    let path = named("HUBUP_RECORD");
    let Ok(record) = std::fs::read_to_string(&path) else {
        println!("NOT RUN: there is no record of other clients; `.ci/run clients` makes one");
        return;
    };
    let report = Report::of(&library(), &record);
    println!("{}", report.text(&path.display().to_string()));
    assert_eq!(report.unexplained(), 0, "see the lines that begin with NOT EXPLAINED");
}
