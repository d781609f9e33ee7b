//! Reviews of runs that were made by hand: pairing, chains, hostile texts.

use jiff::Timestamp;
use serde_json::json;

use super::{Only, Review, markdown, text};
use crate::domain::{
    Answers, Ask, AssignableScope, CallId, CallRecord, Certificates, Choice, Cloud, Exit, FORMAT_VERSION,
    Fault, IdentityKind, Method, Outcome, Purpose, Question, Record, ReplyRecord, Roles, RunEvent, RunHeader,
    RunId, RunKind, Shown, StageId, StageOutline, StepId, StepOutline, StepOutputs, Wait, Who,
};

const STEP: StepId = StepId::new("hub.create");
const OTHER: StepId = StepId::new("dps.create");

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
        role_name: "plant role".into(),
        policy: "default".into(),
        enrollment_group: "plant".into(),
        roles: Roles::Custom,
        assignable_scope: AssignableScope::ResourceGroup,
        certificates: Certificates::Off,
        hub_sku: None,
        identity_kind: IdentityKind::SystemAssigned,
        root_ca: "root-ca".into(),
        issuing_ca: "issuing-ca".into(),
        use_mi_sdk: None,
        api_versions: std::collections::BTreeMap::new(),
        hub_capacity: 1,
        iot_hub_app_object_id: None,
        tags: std::collections::BTreeMap::new(),
        dialect: "auto".into(),
        cloud: Cloud::public(),
    }
}

fn run(id: &str, continues: Option<&str>, kind: RunKind, events: Vec<RunEvent>) -> Vec<Record> {
    let step = |id: &StepId| StepOutline {
        id: id.clone(),
        title: format!("Make {id}"),
        needs: Vec::new(),
        bound: 60,
    };
    let header = RunHeader {
        format: FORMAT_VERSION,
        hubup: "0.0".into(),
        run: RunId(id.into()),
        setup: answers().setup_id(),
        kind,
        answers: answers(),
        dialect: "d".into(),
        profile: "p".into(),
        chosen_because: "a test".into(),
        versions: std::collections::BTreeMap::new(),
        fingerprint: "f".into(),
        continues: continues.map(|run| RunId(run.into())),
        sandbox: false,
        time_scale: 1.0,
        stages: vec![StageOutline {
            id: StageId::new("hub"),
            heading: "IoT hub".into(),
            steps: vec![step(&STEP), step(&OTHER)],
        }],
    };
    let begin = RunEvent::RunStarted(Box::new(header));
    let at = |seq: usize| Timestamp::from_second(1_800_000_000 + i64::try_from(seq).unwrap()).unwrap();
    std::iter::once(begin)
        .chain(events)
        .enumerate()
        .map(|(seq, event)| Record { at: at(seq), seq: seq as u64, event })
        .collect()
}

fn call(id: CallId) -> RunEvent {
    RunEvent::CallStarted(Box::new(CallRecord {
        call: id,
        step: Some(STEP),
        purpose: Purpose::Change,
        shown: Shown {
            method: Method::Put,
            url: "https://management.azure.com/subscriptions/1/providers/Microsoft.Devices/IotHubs/h".into(),
            headers: Vec::new(),
            body: Some(json!({"a": 1})),
        },
        retry_of: None,
    }))
}

fn reply(id: CallId, message: &str) -> RunEvent {
    RunEvent::CallFinished(Box::new(ReplyRecord {
        call: id,
        step: Some(STEP),
        method: Method::Put,
        target: "IotHubs/h".into(),
        status: Some(400),
        millis: 12,
        error: None,
        code: Some("Bad".into()),
        message: Some(message.into()),
        state: None,
        request_id: Some("req".into()),
        correlation_id: Some("corr".into()),
        retry_after: None,
        body: Some(json!({"text": message})),
    }))
}

fn failed(says: &str) -> RunEvent {
    RunEvent::StepFinished {
        step: STEP,
        outcome: Outcome::Failed,
        note: None,
        fault: Some(Box::new(Fault::new(says, "do something"))),
        outputs: StepOutputs::new(),
    }
}

fn done(step: StepId, outcome: Outcome) -> RunEvent {
    RunEvent::StepFinished { step, outcome, note: None, fault: None, outputs: StepOutputs::new() }
}

#[test]
fn a_chain_is_told_with_the_newest_outcome_and_every_exchange() {
    let (first, second) = (CallId::fresh(), CallId::fresh());
    let ask =
        Ask { question: "Go?".into(), differs: vec!["a is b".into()], choices: Vec::new(), under_yes: None };
    let runs = [
        run(
            "1",
            None,
            RunKind::Setup,
            vec![
                RunEvent::StepStarted { step: STEP, look: false },
                call(first),
                reply(first, "no"),
                failed("it broke"),
                done(OTHER, Outcome::Done),
                RunEvent::RunFinished { exit: Exit::Failed },
            ],
        ),
        run(
            "2",
            Some("1"),
            RunKind::Setup,
            vec![
                RunEvent::StepStarted { step: STEP, look: false },
                RunEvent::Asked(Question { number: 1, step: STEP, ask }),
                RunEvent::Answered(Choice { number: 1, step: STEP, choice: "use".into(), by: Who::Flag }),
                call(second),
            ],
        ),
    ];
    let review = Review::of(runs.iter().map(Vec::as_slice)).unwrap();
    let step = review.steps().next().unwrap();
    assert_eq!((step.state.as_str(), step.attempts, step.outcome), ("running", 2, None));
    assert_eq!(step.exchanges.len(), 2);
    assert_eq!((step.exchanges[0].status, step.exchanges[1].status), (Some(400), None));
    assert_eq!((step.questions[0].choice.as_deref(), step.questions[0].by), (Some("use"), Some(Who::Flag)));
    assert_eq!(review.runs[0].exit, Some(Exit::Failed));
    assert_eq!(review.runs[1].exit, None);
    // What was done in the first run has to be seen again; its last word is not lost meanwhile.
    assert_eq!(review.left, [STEP, OTHER]);
    let told = text(&review, "hubup apply", false);
    assert!(told.contains("ended without a last word, or still runs"), "{told}");
    assert!(told.contains("no reply") && told.contains("Go?: a is b -> use (a flag)"), "{told}");
    assert!(told.ends_with("To go on: hubup apply"), "{told}");
}

#[test]
fn only_what_is_asked_for_is_shown_and_all_is_counted() {
    let runs = [run("1", None, RunKind::Setup, vec![failed("x"), done(OTHER, Outcome::AlreadyThere)])];
    let review = Review::of(runs.iter().map(Vec::as_slice)).unwrap();
    let only = |words: &str| -> Vec<Only> { words.split(',').map(|word| word.parse().unwrap()).collect() };
    let shown = |words: &str| {
        let review = review.clone().only(&only(words));
        assert_eq!((review.tally.all, review.tally.failed), (2, 1));
        review.steps().map(|step| step.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(shown("failed"), [STEP]);
    assert_eq!(shown("already-there"), [OTHER]);
    assert_eq!(shown("failed,already there"), [STEP, OTHER]);
    assert_eq!(shown("left,skipped"), Vec::<StepId>::new());
    assert!("fine".parse::<Only>().unwrap_err().contains("already-there"));
}

#[test]
fn a_hostile_text_breaks_neither_line_nor_table_nor_terminal() {
    let evil = "\u{1b}[31mred\r\n| <script>`x` [a](http://b) \u{202E}**";
    let id = CallId::fresh();
    let runs = [run("1", None, RunKind::Setup, vec![call(id), reply(id, evil), failed(evil)])];
    let review = Review::of(runs.iter().map(Vec::as_slice)).unwrap();
    let plain = text(&review, "hubup apply", true);
    let marked = markdown(&review, "hubup apply");
    for told in [&plain, &marked] {
        assert!(!told.contains('\u{1b}') && !told.contains('\u{202E}') && !told.contains('\r'), "{told}");
    }
    let says = plain.lines().find(|line| line.contains("says")).unwrap();
    assert!(says.contains("<script>"), "one line holds it all: {says}");
    let row = marked.lines().find(|line| line.starts_with("| Make hub.create")).unwrap();
    assert_eq!(row.replace("\\|", "").matches('|').count(), 6, "{row}");
    let outside: Vec<&str> = marked.lines().filter(|line| !line.starts_with("          ")).collect();
    assert!(!outside.join("\n").contains("<script>"), "{marked}");
}

#[test]
fn a_teardown_after_a_setup_has_its_own_steps() {
    let mut teardown = run("2", Some("1"), RunKind::Teardown, vec![done(STEP, Outcome::Done)]);
    if let RunEvent::RunStarted(header) = &mut teardown[0].event {
        header.stages[0].steps.truncate(1);
    }
    let runs = [run("1", None, RunKind::Setup, vec![failed("x"), done(OTHER, Outcome::Done)]), teardown];
    let review = Review::of(runs.iter().map(Vec::as_slice)).unwrap();
    assert_eq!((review.kind, review.steps().count(), review.left.len()), (RunKind::Teardown, 1, 0));
    assert!(text(&review, "x", false).contains("being taken down"));
    assert_eq!(Review::of([[].as_slice()]), None);
}

/// A real run that failed, of format 1.
fn real() -> Vec<Record> {
    let journal = include_str!("../../tests/it/data/format-1.jsonl");
    journal.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn step<'a>(review: &'a Review, id: &str) -> &'a super::StepReview {
    review.steps().find(|step| step.id.as_str() == id).unwrap()
}

#[test]
fn what_was_blocked_names_what_to_settle_first() {
    let review = Review::of([real().as_slice()]).unwrap();
    let blocked = step(&review, "enrollment.group");
    assert_eq!(blocked.outcome, Some(Outcome::Blocked));
    assert!(blocked.reason.as_ref().unwrap().contains("dps.create"));
    assert_eq!(blocked.remedy.as_deref(), Some("settle `access.adr-role` first"));
    assert_eq!(
        step(&review, "hub.create").remedy.as_deref(),
        Some("settle `access.adr-role`, `access.hub-app` first")
    );
    let failed = step(&review, "access.hub-app");
    assert_eq!(failed.remedy, failed.fault.as_ref().map(|fault| fault.remedy.clone()));
    assert!(text(&review, "x", false).contains("do         settle `access.adr-role` first"));
}

#[test]
fn a_run_may_end_after_any_record() {
    let records = real();
    for length in 1..records.len() {
        let review = Review::of([&records[..length]]).unwrap();
        assert_eq!(review.runs[0].exit, None);
        let tally = review.tally;
        let parts = [tally.done, tally.failed, tally.blocked, tally.skipped, tally.cancelled, tally.left];
        assert_eq!(parts.iter().sum::<usize>(), 17);
        assert_eq!(review.left.len(), 17 - tally.done - tally.skipped);
        let calls =
            records[..length].iter().filter(|record| matches!(record.event, RunEvent::CallStarted(_)));
        assert_eq!(review.steps().map(|step| step.exchanges.len()).sum::<usize>(), calls.count());
        let open = review.steps().flat_map(|step| &step.exchanges).any(|exchange| !exchange.answered);
        let told = text(&review, "x", true);
        assert_eq!(told.contains("no reply on record"), open);
        assert!(!markdown(&review, "x").is_empty());
    }
}

#[test]
fn every_try_wait_and_operation_is_told() {
    let id = CallId::fresh();
    let poll = "https://management.azure.com/operations/1?t=signature".to_owned();
    let wait = |millis| RunEvent::StepWaiting { step: STEP, why: "Activating".into(), millis, bound: 9_000 };
    let first = run(
        "1",
        None,
        RunKind::Setup,
        vec![
            RunEvent::StepStarted { step: STEP, look: false },
            failed("it broke"),
            RunEvent::StepReset { step: STEP, why: "retried".into() },
            RunEvent::StepStarted { step: STEP, look: false },
            RunEvent::RedoStarted { step: STEP, steps: vec![OTHER], why: "a grant is gone".into() },
            RunEvent::Noted { step: Some(STEP), text: "a name was taken".into() },
            RunEvent::Noted { step: None, text: "left at your word".into() },
            call(id),
            RunEvent::OperationAccepted { step: STEP, call: id, wait: Wait::Location { poll } },
            wait(1_500),
            wait(1_500),
        ],
    );
    let review = Review::of([first.as_slice()]).unwrap();
    let known = step(&review, "hub.create");
    assert_eq!((known.state.as_str(), known.in_azures_hands, known.seconds), ("waiting", true, None));
    assert_eq!(known.tries[0].outcome, Some(Outcome::Failed));
    assert_eq!((known.tries[1].again.as_deref(), known.tries[1].ended), (Some("retried"), None));
    assert_eq!(known.reason.as_deref(), Some("it was under way when the journal ends"));
    let told = text(&review, "x", false);
    for wanted in [
        "tried      2027-01-15 08:00:01 UTC: failed, it broke",
        "(retried): its end is not on record",
        "redid      dps.create: a grant is gone",
        "a name was taken",
        "left at your word",
        "waited     2 times, 3 s in all: Activating",
        "operation  its end is not on record  https://management.azure.com/operations/1",
    ] {
        assert!(told.contains(wanted), "no `{wanted}`:\n{told}");
    }
    let json = serde_json::to_string(&review).unwrap();
    assert!(!told.contains("signature") && !json.contains("signature"));

    // A later run looks again a day later: no time between the runs is counted.
    let mut second = run(
        "2",
        Some("1"),
        RunKind::Setup,
        vec![RunEvent::StepStarted { step: STEP, look: true }, done(STEP, Outcome::AlreadyThere)],
    );
    for record in &mut second {
        record.at += jiff::SignedDuration::from_hours(24);
    }
    let review = Review::of([first.as_slice(), second.as_slice()]).unwrap();
    let known = step(&review, "hub.create");
    assert_eq!((known.attempts, known.tries.len(), known.tries[2].look), (2, 3, true));
    assert_eq!(known.seconds, Some(1 + 7 + 1));
    assert_eq!((known.started, known.ended), (Some(first[1].at), Some(second[2].at)));
}

#[test]
fn what_was_done_and_not_looked_at_again_is_told_so() {
    let first = run("1", None, RunKind::Setup, vec![done(STEP, Outcome::Done), done(OTHER, Outcome::Done)]);
    let mut second = run("2", Some("1"), RunKind::Setup, Vec::new());
    if let RunEvent::RunStarted(header) = &mut second[0].event {
        header.stages[0].steps.truncate(1);
    }
    let review = Review::of([first.as_slice(), second.as_slice()]).unwrap();
    let known = step(&review, "hub.create");
    assert_eq!((known.outcome, known.was), (None, Some(Outcome::Done)));
    assert_eq!(known.reason.as_deref(), Some("done in an earlier run, not looked at since"));
    // What the plan lost is neither counted nor forgotten.
    assert_eq!((review.tally.all, review.left.len()), (1, 1));
    let last = review.stages.last().unwrap();
    assert_eq!((last.id.as_str(), last.steps[0].id.clone()), ("earlier", OTHER));
    assert!(text(&review, "x", false).contains("No longer part of the plan"));
}

#[test]
fn a_clock_that_was_set_back_takes_no_time() {
    let mut records = real();
    let half = records.len() / 2;
    for record in &mut records[half..] {
        record.at = Timestamp::UNIX_EPOCH;
    }
    let review = Review::of([records.as_slice()]).unwrap();
    assert!(review.steps().filter_map(|step| step.seconds).all(|seconds| seconds < 60));
    assert!(!text(&review, "x", true).is_empty());
}

#[test]
fn bodies_are_told_when_every_exchange_is_asked_for() {
    let id = CallId::fresh();
    let records = run("1", None, RunKind::Setup, vec![call(id), reply(id, "no"), done(STEP, Outcome::Done)]);
    let review = Review::of([records.as_slice()]).unwrap().without(Some(RunId("gone".into())));
    let (few, all) = (text(&review, "x", false), text(&review, "x", true));
    assert!(!few.contains("PUT") && all.contains("came back:") && all.contains("sent:"));
    for told in [few, all, markdown(&review, "x")] {
        assert!(told.contains("gone  is not there"), "{told}");
    }
    let none = review.only(&["cancelled".parse().unwrap()]);
    for told in [text(&none, "x", false), markdown(&none, "x")] {
        assert!(told.contains("No step is as you asked."), "{told}");
    }
}
