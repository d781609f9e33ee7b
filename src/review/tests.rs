//! Reviews of runs that were made by hand: pairing, chains, hostile texts.

use jiff::Timestamp;
use serde_json::json;

use super::{Only, Review, markdown, text};
use crate::domain::{
    Answers, Ask, AssignableScope, CallId, CallRecord, Certificates, Choice, Cloud, Exit, FORMAT_VERSION,
    Fault, Method, Outcome, Purpose, Question, Record, ReplyRecord, Roles, RunEvent, RunHeader, RunId,
    RunKind, Shown, StageId, StageOutline, StepId, StepOutline, StepOutputs, Who,
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
        hub_sku: "GEN2".into(),
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
