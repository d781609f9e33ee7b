//! What is written, and what is never overwritten.

use super::*;
use crate::cli::config::Config;
use crate::domain::{
    FORMAT_VERSION, Outcome, Plan, PlannedStage, RunEvent, RunHeader, RunId, RunKind, StageId, Step, StepId,
};

fn at(seconds: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_780_000_000 + seconds).unwrap()
}

fn records() -> Vec<Record> {
    let answers = Config::example().answers;
    let stage = PlannedStage {
        id: StageId::new("hub"),
        heading: "IoT hub".into(),
        steps: vec![Step::new(StepId::new("hub.create"), "Create the IoT hub", |_, _, _| unreachable!())],
    };
    let plan = Plan::new(vec![stage]).unwrap();
    let header = RunHeader {
        format: FORMAT_VERSION,
        hubup: "0.1.0".into(),
        run: RunId("run-1".into()),
        setup: answers.setup_id(),
        kind: RunKind::Setup,
        answers,
        dialect: "preview-2025".into(),
        profile: "A".into(),
        chosen_because: String::new(),
        versions: std::collections::BTreeMap::new(),
        fingerprint: plan.fingerprint(),
        continues: None,
        sandbox: true,
        time_scale: 60.0,
        stages: plan.outline(),
    };
    let mut records = vec![Record { at: at(0), seq: 0, event: RunEvent::RunStarted(Box::new(header)) }];
    let fault = Fault::new("the | name `x` is <taken>\nelsewhere", "take another");
    records.push(Record {
        at: at(60),
        seq: 2,
        event: RunEvent::StepFinished {
            step: StepId::new("hub.create"),
            outcome: Outcome::Failed,
            note: None,
            fault: Some(Box::new(fault)),
            outputs: crate::domain::StepOutputs::new(),
        },
    });
    records
}

#[test]
fn a_file_that_is_there_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let first = export(folder.path(), &records(), ExportForm::Markdown).unwrap();
    let before = std::fs::read_to_string(&first).unwrap();
    std::fs::write(&first, "mine").unwrap();
    let second = export(folder.path(), &records(), ExportForm::Markdown).unwrap();
    assert_ne!(first, second);
    assert_eq!(std::fs::read_to_string(&first).unwrap(), "mine");
    assert_eq!(std::fs::read_to_string(&second).unwrap(), before);
}

#[test]
fn a_folder_that_cannot_be_written_to_is_told_with_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let fault = export(&missing, &records(), ExportForm::Json).unwrap_err();
    assert!(fault.says.contains("missing"), "{}", fault.says);
    assert!(export(folder.path(), &[], ExportForm::Json).is_err());
}

#[test]
fn markdown_keeps_text_as_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = export(folder.path(), &records(), ExportForm::Markdown).unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(r"the \| name \`x\` is \<taken\> elsewhere"), "{text}");
    assert!(text.contains("| Create the IoT hub | failed | "), "{text}");
}

#[test]
fn json_is_one_document_with_every_step_and_record() {
    let folder = tempfile::tempdir().unwrap();
    let path = export(folder.path(), &records(), ExportForm::Json).unwrap();
    let document: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(document["records"].as_array().unwrap().len(), records().len());
    let steps = document["steps"].as_array().unwrap();
    assert!(steps.iter().any(|step| step["id"] == "hub.create" && step["state"] == "failed"), "{document}");
}
