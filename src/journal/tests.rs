//! Writing, reading back, chains, locks, and every way in which a file can end too early.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::domain::{
    Answers, AssignableScope, CallId, CallRecord, Certificates, Cloud, FORMAT_VERSION, IdentityKind,
    LogSource, Method, Need, Purpose, Record, ReplyRecord, Roles, RunEvent, RunHeader, RunId, RunKind,
    SetupId, Shown, StageId, StageOutline, StepId, StepOutline,
};

mod any;

fn answers() -> Answers {
    Answers {
        name: "plant".into(),
        tenant: None,
        subscription: "11111111-1111-4111-8111-111111111111".into(),
        resource_group: "rg-plant".into(),
        location: "eastus2".into(),
        hub_location: "westus2".into(),
        namespace: "plant-ns".into(),
        hub: "plant-hub".into(),
        dps: "plant-dps".into(),
        identity: "plant-id".into(),
        role_name: "hubup ADR integration (rg-plant)".into(),
        policy: "default".into(),
        enrollment_group: "plant-group".into(),
        roles: Roles::Custom,
        assignable_scope: AssignableScope::ResourceGroup,
        certificates: Certificates::On { leaf_days: 30 },
        hub_sku: None,
        identity_kind: IdentityKind::SystemAssigned,
        root_ca: "root-ca".into(),
        issuing_ca: "issuing-ca".into(),
        use_mi_sdk: None,
        api_versions: std::collections::BTreeMap::new(),
        hub_capacity: 1,
        iot_hub_app_object_id: None,
        tags: BTreeMap::new(),
        dialect: "auto".into(),
        cloud: Cloud::public(),
    }
}

fn header(run: &RunId, continues: Option<&str>) -> RunHeader {
    RunHeader {
        format: FORMAT_VERSION,
        hubup: "0.1.0".into(),
        run: run.clone(),
        setup: answers().setup_id(),
        kind: RunKind::Setup,
        answers: answers(),
        dialect: "preview-2025".into(),
        profile: "a".into(),
        chosen_because: "it is offered".into(),
        versions: BTreeMap::from([("Microsoft.Devices/IotHubs".into(), "2025-08-01-preview".into())]),
        fingerprint: "f".into(),
        continues: continues.map(|run| RunId(run.into())),
        sandbox: true,
        time_scale: 60.0,
        stages: vec![StageOutline {
            id: StageId::new("hub"),
            heading: "IoT hub".into(),
            steps: vec![StepOutline {
                id: StepId::new("hub.create"),
                title: "Create the IoT hub".into(),
                needs: vec![Need::value(StepId::new("access.identity"))],
                bound: 900,
            }],
        }],
    }
}

fn record(seq: u64, event: RunEvent) -> Record {
    let at = Timestamp::from_millisecond(1_790_000_000_000 + i64::try_from(seq).unwrap_or(0)).unwrap();
    Record { at, seq, event }
}

fn noted(seq: u64, text: &str) -> Record {
    record(seq, RunEvent::Noted { step: None, text: text.into() })
}

fn call_started(seq: u64, call: CallId) -> Record {
    let shown = Shown {
        method: Method::Put,
        url: "https://management.azure.com/subscriptions/s?api-version=1".into(),
        headers: vec![("if-match".into(), "\"e\"".into())],
        body: Some(json!({"sku": {"name": "GEN2"}})),
    };
    let started = CallRecord {
        call,
        step: Some(StepId::new("hub.create")),
        purpose: Purpose::Change,
        shown,
        retry_of: None,
    };
    record(seq, RunEvent::CallStarted(Box::new(started)))
}

fn call_finished(seq: u64, call: CallId) -> Record {
    let finished = ReplyRecord {
        call,
        step: Some(StepId::new("hub.create")),
        method: Method::Put,
        target: "IotHubs/plant-hub".into(),
        status: Some(201),
        millis: 12,
        error: None,
        code: None,
        message: None,
        state: Some("Activating".into()),
        request_id: Some("r".into()),
        correlation_id: None,
        retry_after: Some(10_000),
        body: Some(json!({"name": "plant-hub", "list": [1, null, "x"]})),
    };
    record(seq, RunEvent::CallFinished(Box::new(finished)))
}

struct Place {
    folder: tempfile::TempDir,
    state: StateFolder,
    id: SetupId,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::new(folder.path().join("state/hubup"));
        Self { folder, state, id: answers().setup_id() }
    }

    fn writer(&self, run: &str) -> Writer {
        let lock = self.state.lock(self.id).unwrap();
        Writer::create(&self.state, lock, &RunId(run.into())).unwrap()
    }

    fn run(&self, run: &str, continues: Option<&str>) -> std::path::PathBuf {
        let mut writer = self.writer(run);
        let begin = RunEvent::RunStarted(Box::new(header(&RunId(run.into()), continues)));
        writer.append(&record(0, begin), Durability::Synced).unwrap();
        writer.append(&noted(1, run), Durability::Written).unwrap();
        writer.path().to_owned()
    }

    fn file(&self, name: &str, content: &[u8]) -> std::path::PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

#[test]
fn a_run_is_read_back_as_it_was_written() {
    let place = Place::new();
    let path = place.run("20261124T100000-a", None);
    let journal = read(&path).unwrap();
    assert_eq!(journal.run, RunId("20261124T100000-a".into()));
    assert_eq!(journal.header, Some(header(&journal.run, None)));
    assert_eq!(journal.records.len(), 2);
    assert!(!journal.torn);
    assert_eq!(place.state.setups().unwrap(), [place.id]);
}

#[cfg(unix)]
#[test]
fn only_this_user_can_read_a_journal() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let path = place.run("r1", None);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    for folder in path.ancestors().skip(1).take_while(|folder| *folder != place.folder.path()) {
        assert_eq!(mode(folder), 0o700, "{}", folder.display());
    }
}

#[test]
fn a_run_never_writes_to_a_file_that_is_there() {
    let place = Place::new();
    let path = place.run("r1", None);
    let before = fs::read(&path).unwrap();
    let lock = place.state.lock(place.id).unwrap();
    let error = Writer::create(&place.state, lock, &RunId("r1".into())).unwrap_err();
    assert!(matches!(error, JournalError::Io { operation: "create", .. }), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_run_is_named_as_files_can_be() {
    let place = Place::new();
    for name in ["", "../r", "a/b", ".hidden", "a b", "r\n", &"r".repeat(201)] {
        let lock = place.state.lock(place.id).unwrap();
        let error = Writer::create(&place.state, lock, &RunId(name.into())).unwrap_err();
        assert!(matches!(error, JournalError::BadRun { .. }), "{name}: {error}");
    }
}

#[test]
fn a_setup_is_worked_on_by_one_at_a_time() {
    let place = Place::new();
    let lock = place.state.lock(place.id).unwrap();
    let error = place.state.lock(place.id).unwrap_err();
    let JournalError::Held { path, holder } = &error else { panic!("{error}") };
    assert_eq!(*path, place.state.setup(place.id).join("lock"));
    assert_eq!(*holder, Some(std::process::id()));
    let other = SetupId(Uuid::from_u128(1));
    drop(place.state.lock(other).unwrap());
    drop(lock);
    place.state.lock(place.id).unwrap();
}

#[test]
fn a_writer_holds_the_setup_until_it_is_dropped() {
    let place = Place::new();
    let writer = place.writer("r1");
    assert!(matches!(place.state.lock(place.id), Err(JournalError::Held { .. })));
    drop(writer);
    place.state.lock(place.id).unwrap();
}

#[test]
fn a_file_where_a_folder_must_be_is_named() {
    let place = Place::new();
    let file = place.file("occupied", b"");
    for root in [file.clone(), file.join("below")] {
        let error = StateFolder::new(root).lock(place.id).unwrap_err();
        assert!(matches!(&error, JournalError::NotFolder { path } if path.starts_with(&file)), "{error}");
        assert!(error.to_string().contains("occupied"), "{error}");
    }
}

/// A device that is always full stands in for a disk.
#[cfg(target_os = "linux")]
#[test]
fn after_a_failed_write_nothing_more_is_written() {
    let place = Place::new();
    let lock = place.state.lock(place.id).unwrap();
    let full = fs::OpenOptions::new().append(true).open("/dev/full").unwrap();
    let mut writer = Writer::over("/dev/full".into(), full, lock);
    let error = writer.append(&noted(0, "x"), Durability::Synced).unwrap_err();
    assert!(error.to_string().contains("free some space"), "{error}");
    let error = writer.append(&noted(1, "x"), Durability::Written).unwrap_err();
    assert!(matches!(error, JournalError::Broken { .. }), "{error}");
    assert!(error.to_string().contains("/dev/full"), "{error}");
}

#[test]
fn a_setup_that_never_ran_has_no_runs() {
    let place = Place::new();
    assert_eq!(place.state.runs(place.id).unwrap(), []);
    assert_eq!(place.state.setups().unwrap(), []);
    assert_eq!(chain(&place.state, place.id).unwrap(), []);
    assert!(!place.state.root().exists());
}

fn names(chain: &[Journal]) -> Vec<&str> {
    chain.iter().map(|journal| journal.run.0.as_str()).collect()
}

#[test]
fn a_chain_is_the_newest_run_and_what_it_goes_on_from() {
    let place = Place::new();
    place.run("r1", None);
    place.run("r2", None);
    place.run("r3", Some("r2"));
    let empty = place.writer("r4").path().to_owned();
    place.run("r5", Some("r3"));
    place.writer("r6");
    fs::write(empty.with_file_name("notes.txt"), "mine").unwrap();
    let runs: Vec<_> = place.state.runs(place.id).unwrap().into_iter().map(|file| file.run.0).collect();
    assert_eq!(runs, ["r1", "r2", "r3", "r4", "r5", "r6"]);
    assert_eq!(names(&chain(&place.state, place.id).unwrap()), ["r2", "r3", "r5"]);
}

#[test]
fn a_run_that_is_gone_is_missed() {
    let place = Place::new();
    let first = place.run("r1", None);
    place.run("r2", Some("r1"));
    fs::remove_file(first).unwrap();
    let error = chain(&place.state, place.id).unwrap_err();
    assert!(matches!(&error, JournalError::Missing { missing, .. } if missing.0 == "r1"), "{error}");
}

#[test]
fn runs_that_go_on_from_themselves_end() {
    let place = Place::new();
    place.run("r1", Some("r2"));
    place.run("r2", Some("r2"));
    assert!(matches!(chain(&place.state, place.id), Err(JournalError::Missing { .. })));
}

fn first_line(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let begin = RunEvent::RunStarted(Box::new(header(&RunId("r1".into()), None)));
    let mut value = serde_json::to_value(record(0, begin)).unwrap();
    change(&mut value);
    format!("{value}\n").into_bytes()
}

#[test]
fn a_newer_format_is_refused_with_a_sentence() {
    let place = Place::new();
    let line = first_line(|value| {
        *value =
            json!({"event": "run-started", "format": FORMAT_VERSION + 1, "hubup": "9.1.0", "all": "else"});
    });
    let error = read(&place.file("r1.jsonl", &line)).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, JournalError::Newer { known: FORMAT_VERSION, .. }), "{text}");
    assert!(text.contains("use hubup 9.1.0 or newer"), "{text}");
}

#[test]
fn events_of_a_newer_hubup_are_kept() {
    let place = Place::new();
    let mut content = first_line(|value| value["colour"] = json!("blue"));
    content.extend(
        b"{\"at\":\"2026-11-24T10:00:00Z\",\"seq\":1,\"event\":\"moon-landed\",\"step\":\"a.b\",\"x\":[1]}\n",
    );
    let journal = read(&place.file("r1.jsonl", &content)).unwrap();
    assert_eq!(journal.records[1].event, RunEvent::Unknown);
    assert_eq!(journal.records[1].seq, 1);
    assert!(journal.header.is_some());
}

#[test]
fn a_damaged_line_in_the_middle_is_named() {
    let place = Place::new();
    let good = serde_json::to_string(&noted(2, "after")).unwrap();
    for bad in [
        "{\"at\":",
        "not json",
        "[]",
        "{}",
        "{\"at\":\"2026-11-24T10:00:00Z\",\"seq\":-1,\"event\":\"noted\",\"text\":\"\"}",
        "",
    ] {
        let mut content = first_line(|_| {});
        content.extend(format!("{bad}\n{good}\n").into_bytes());
        let error = read(&place.file("r1.jsonl", &content)).unwrap_err();
        assert!(matches!(error, JournalError::Damaged { line: 2, .. }), "{bad}: {error}");
        assert!(error.to_string().contains("line 2 of"), "{error}");
    }
}

#[test]
fn blocks_that_a_power_failure_left_unwritten_are_a_torn_line() {
    let place = Place::new();
    for tail in [&b"\0\0\0\0"[..], b"\0\0\0\n", b"{\"at\":\0\0\0\n", b"\xff\xfe"] {
        let mut content = first_line(|_| {});
        content.extend(tail);
        let journal = read(&place.file("r1.jsonl", &content)).unwrap();
        assert!(journal.torn);
        assert_eq!(journal.records.len(), 1);
    }
}

#[test]
fn a_last_line_that_is_json_but_no_record_is_damage() {
    let place = Place::new();
    let mut content = first_line(|_| {});
    content.extend(b"{\"event\":\"noted\"}\n");
    let error = read(&place.file("r1.jsonl", &content)).unwrap_err();
    assert!(matches!(error, JournalError::Damaged { line: 2, .. }), "{error}");
}

#[test]
fn a_file_that_is_no_journal_is_told_apart_from_an_empty_one() {
    let place = Place::new();
    let journal = read(&place.file("empty.jsonl", b"")).unwrap();
    assert!(journal.is_empty() && !journal.torn && journal.records.is_empty());
    let note = serde_json::to_string(&noted(0, "x")).unwrap();
    for content in ["{\"a\":1}\n{\"b\":2}\n".to_owned(), "hello\nworld\n".to_owned(), format!("{note}\n")] {
        let error = read(&place.file("r.jsonl", content.as_bytes())).unwrap_err();
        assert!(matches!(error, JournalError::NotJournal { .. }), "{content}: {error}");
    }
}

#[test]
fn what_is_no_file_is_an_error_that_names_it() {
    let place = Place::new();
    for path in [place.folder.path().join("absent.jsonl"), place.folder.path().to_owned()] {
        let error = read(&path).unwrap_err();
        assert!(error.to_string().contains(&*path.to_string_lossy()), "{error}");
    }
}

#[test]
fn a_line_beyond_all_measure_is_refused() {
    let place = Place::new();
    let mut content = first_line(|_| {});
    content.resize(content.len() + 17 * 1024 * 1024, b' ');
    let error = read(&place.file("r1.jsonl", &content)).unwrap_err();
    assert!(matches!(error, JournalError::Damaged { line: 2, .. }), "{error}");
}

#[test]
fn the_log_reads_lines_back_across_runs() {
    let place = Place::new();
    place.run("r1", None);
    let earlier = chain(&place.state, place.id).unwrap();
    let log = Arc::new(JournalLog::of(&earlier));
    assert_eq!(log.len(), 2);

    let mut writer = place.writer("r2").indexed(Arc::clone(&log));
    let (one, other) = (CallId(Uuid::from_u128(1)), CallId(Uuid::from_u128(2)));
    let begin = RunEvent::RunStarted(Box::new(header(&RunId("r2".into()), Some("r1"))));
    let queued = RunEvent::StepQueued { step: StepId::new("hub.create") };
    let told = [
        record(0, begin),
        record(1, queued),
        call_started(2, one),
        call_started(3, other),
        noted(4, "between"),
        call_finished(5, one),
    ];
    for record in &told {
        writer.append(record, Durability::Written).unwrap();
    }
    assert_eq!(log.len(), 6);
    let texts: Vec<_> = log.lines(1..6).into_iter().map(|line| line.text).collect();
    assert_eq!(texts.len(), 5);
    assert_eq!(texts[0], "r1");
    assert!(texts[2].contains("201"), "the call's end stands in the place of its start: {texts:?}");
    assert!(!texts[3].contains("201"), "the other call has not ended: {texts:?}");
    assert_eq!(texts[4], "between");

    writer.append(&call_finished(6, other), Durability::Written).unwrap();
    assert_eq!(log.len(), 6);
    assert!(log.lines(4..5)[0].text.contains("201"));
    // Read back from the files it is the same log.
    let again = JournalLog::of(&chain(&place.state, place.id).unwrap());
    assert_eq!(again.lines(0..100), log.lines(0..100));
}

#[test]
#[expect(clippy::reversed_empty_ranges, reason = "a caller may ask for it")]
fn the_log_gives_what_there_is() {
    let place = Place::new();
    let path = place.run("r1", None);
    let log = JournalLog::of(&chain(&place.state, place.id).unwrap());
    assert_eq!(log.lines(1..50).len(), 1);
    assert_eq!(log.lines(7..9), []);
    assert_eq!(log.lines(2..1), []);
    assert_eq!(log.lines(0..usize::MAX).len(), 2);
    fs::remove_file(path).unwrap();
    assert_eq!(log.lines(0..2), []);
}

#[test]
fn a_call_is_found_with_its_neighbours() {
    let place = Place::new();
    place.run("r1", None);
    let earlier = chain(&place.state, place.id).unwrap();
    let log = Arc::new(JournalLog::of(&earlier));
    let mut writer = place.writer("r2").indexed(Arc::clone(&log));
    let [one, two, three, elsewhere] = [1, 2, 3, 4].map(|number| CallId(Uuid::from_u128(number)));
    let begin = RunEvent::RunStarted(Box::new(header(&RunId("r2".into()), Some("r1"))));
    let mut other = call_started(4, elsewhere);
    if let RunEvent::CallStarted(call) = &mut other.event {
        call.step = Some(StepId::new("dps.create"));
    }
    // A text that looks like a call is none.
    let quoting = noted(5, &format!("\"event\":\"call-started\" {two}"));
    let told = [
        record(0, begin),
        quoting,
        call_started(1, one),
        call_finished(2, one),
        call_started(3, two),
        other,
        call_started(6, three),
        call_finished(7, two),
    ];
    for record in &told {
        writer.append(record, Durability::Written).unwrap();
    }
    let found = log.exchange(two).unwrap();
    assert_eq!(
        (found.run.0.as_str(), found.begun, found.ended),
        ("r2", told[4].clone(), Some(told[7].clone()))
    );
    assert_eq!((found.before, found.after, found.place, found.count), (Some(one), Some(three), 2, 3));
    let found = log.exchange(elsewhere).unwrap();
    assert_eq!((found.ended, found.before, found.after, found.count), (None, None, None, 1));
    assert_eq!(log.exchange(CallId(Uuid::from_u128(99))), None);
}

#[test]
fn a_run_may_end_after_any_byte() {
    let place = Place::new();
    let call = CallId(Uuid::from_u128(7));
    let mut content = first_line(|_| {});
    let mut ends = vec![content.len()];
    for record in [call_started(1, call), call_finished(2, call), noted(3, "ü\n\u{1b}[31m")] {
        content.extend(serde_json::to_vec(&record).unwrap());
        content.push(b'\n');
        ends.push(content.len());
    }
    for length in 0..=content.len() {
        let journal = read(&place.file("r1.jsonl", &content[..length])).unwrap();
        assert_eq!(journal.records.len(), ends.iter().filter(|end| **end <= length).count(), "{length}");
        assert_eq!(journal.torn, length > 0 && !ends.contains(&length), "{length}");
        assert_eq!(journal.is_empty(), length < ends[0], "{length}");
    }
}
