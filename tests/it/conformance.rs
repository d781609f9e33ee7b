//! Every request that hubup sends and every reply that the sandbox gives, against the official files.
//!
//! The files stay outside the project. `HUBUP_SPECIFICATIONS` names their folders, as `PATH` does its own; `.ci/run conformance`
//! sets it where they lie beside the clone. Records of other clients can be judged too: `HUBUP_RECORD` names one.

#![expect(clippy::print_stdout, reason = "the report is for a person")]

mod bicep;
mod exchange;
mod explained;
mod judge;
mod library;
mod openapi;
mod report;
mod runs;
mod schema;
mod shape;

use std::path::PathBuf;

use library::Library;
use report::Report;

fn library() -> Library {
    let folders = std::env::var_os("HUBUP_SPECIFICATIONS").expect("HUBUP_SPECIFICATIONS names the folders");
    let folders: Vec<PathBuf> = std::env::split_paths(&folders).collect();
    Library::read(&folders)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the official files: .ci/run conformance"]
async fn full_runs_conform_both_ways() {
    let library = library();
    let mut unexplained = 0;
    for run in runs::RUNS {
        let report = Report::of(&library, &run.record().await);
        println!("{}", report.text(run.name));
        assert!(report.whole() > 0, "no operation of {} is held: are these the files?", run.name);
        unexplained += report.unexplained();
    }
    assert_eq!(unexplained, 0, "see the lines that begin with NOT EXPLAINED");
}

#[test]
#[ignore = "needs the official files and a record: HUBUP_SPECIFICATIONS=... HUBUP_RECORD=FILE"]
fn a_record_of_any_client_conforms() {
    let path = std::env::var_os("HUBUP_RECORD").expect("HUBUP_RECORD names a record");
    let record = std::fs::read_to_string(&path).unwrap();
    let report = Report::of(&library(), &record);
    println!("{}", report.text(&path.display().to_string()));
    assert_eq!(report.unexplained(), 0);
}
