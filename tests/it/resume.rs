//! Runs that go on from earlier ones: what was done is seen again, what Azure has accepted is followed, what differs is
//! named, what nobody may change any more is refused.

use std::fs;
use std::path::PathBuf;

use hubup::cli::config::EXAMPLE;
use hubup::domain::{
    Answers, Exit, Method, Outcome, Progress, Purpose, Record, RunEvent, RunKind, StepId, StepState, Wait,
    Who,
};
use hubup::engine::{Command, Manner};
use hubup::journal::StateFolder;
use serde_json::{Value, json};

use crate::binary::{Account, rehearsal};
use crate::support::{Cloud, Run, collect, example, until};

const APPLY: [&str; 5] = ["apply", "--sandbox", "--yes", "--sandbox-speed", "0"];
const STATUS: [&str; 6] = ["status", "--sandbox", "--sandbox-speed", "0", "--output", "json"];

const NAMESPACE: StepId = StepId::new("namespace.create");
const HUB: StepId = StepId::new("hub.create");

/// The shipped example with one line changed.
fn example_with(from: &str, to: &str) -> String {
    assert!(EXAMPLE.contains(from), "{from}");
    EXAMPLE.replacen(from, to, 1)
}

fn changes(run: &Run) -> Vec<String> {
    let calls = run.calls();
    let changes = calls.iter().filter(|call| call.purpose == Purpose::Change);
    changes.map(|call| format!("{} {}", call.shown.method, call.shown.url)).collect()
}

/// Begins a setup and leaves it as soon as `there` is true of a record.
async fn left_when(cloud: &Cloud, there: impl Fn(&Record) -> bool) {
    let manner = Manner { yes: true, ..Manner::default() };
    let (_, mut running) = cloud.begin(&example(), manner, vec![Command::ConfirmAll]).await;
    until(&mut running, &mut Progress::default(), |record, _| there(record)).await;
    running.handle.send(Command::Leave);
    assert_eq!(collect(running).await.result.unwrap(), Exit::Left);
}

fn accepted(record: &Record, of: &StepId) -> bool {
    matches!(&record.event, RunEvent::OperationAccepted { step, .. } if step == of)
}

fn newest(state: &std::path::Path, setup: hubup::domain::SetupId) -> PathBuf {
    StateFolder::new(state.to_owned()).runs(setup).unwrap().last().unwrap().path.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_is_looked_at_all_at_once() {
    let cloud = Cloud::open("").await;
    cloud.apply(&example(), &[]).await;
    let run = cloud.apply(&example(), &[]).await;
    assert_eq!(run.result.as_ref().unwrap(), &Exit::Complete);
    assert_eq!(changes(&run), Vec::<String>::new());
    let first_end =
        run.records.iter().position(|record| matches!(record.event, RunEvent::StepFinished { .. }));
    let begun: Vec<_> = run.records[..first_end.unwrap()]
        .iter()
        .filter(|record| matches!(record.event, RunEvent::StepStarted { look: true, .. }))
        .collect();
    assert_eq!(begun.len(), 17, "none waits for another to be seen");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_in_flight_is_followed_where_it_was_left() {
    let cloud = Cloud::open("").await;
    left_when(&cloud, |record| accepted(record, &NAMESPACE)).await;
    let url = match cloud.past(&example()).progress.step(&NAMESPACE).unwrap().operation.clone() {
        Some(Wait::AsyncOperation { poll } | Wait::Location { poll }) => poll,
        other => panic!("{other:?}"),
    };
    let run = cloud.apply(&example(), &[]).await;
    assert_eq!(run.result.as_ref().unwrap(), &Exit::Complete);
    let of_namespace: Vec<_> = run.calls().into_iter().filter(|call| call.step == Some(NAMESPACE)).collect();
    let first = &of_namespace[0].shown;
    assert_eq!((first.method, first.url.split('?').next()), (Method::Get, url.split('?').next()));
    assert!(of_namespace.iter().all(|call| call.shown.method == Method::Get), "{of_namespace:?}");
    let found = cloud.past(&example()).progress;
    assert_eq!(found.step(&NAMESPACE).unwrap().operation, None);
}

/// The status URL in the journal leads nowhere, to another host, or is no URL: the resource itself is asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_status_url_that_is_broken_falls_back_to_looking() {
    for broken in [
        "https://management.azure.com/subscriptions/11111111-1111-4111-8111-111111111111/operationStatuses/none",
        "https://elsewhere.example.com/operations/1",
        "nonsense",
        "",
    ] {
        let cloud = Cloud::open("").await;
        left_when(&cloud, |record| accepted(record, &NAMESPACE)).await;
        let journal = newest(&cloud.folder.path().join("state"), example().setup_id());
        let text = fs::read_to_string(&journal).unwrap();
        let lines: Vec<String> = text
            .lines()
            .map(|line| {
                let mut record: Value = serde_json::from_str(line).unwrap();
                if record["event"] == "operation-accepted" {
                    record["wait"]["poll"] = json!(broken);
                }
                format!("{record}\n")
            })
            .collect();
        fs::write(&journal, lines.concat()).unwrap();
        let run = cloud.apply(&example(), &[]).await;
        assert_eq!(
            run.result.as_ref().unwrap(),
            &Exit::Complete,
            "{broken}: {:?}",
            run.with_outcome(Outcome::Failed)
        );
        let again = changes(&run).iter().any(|change| change.contains("/namespaces/contoso-factory-ns?"));
        assert!(!again, "{broken}: what was accepted is not sent again");
    }
}

/// A person who resumes decides about what failed and what was skipped; what was done is proved meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn what_failed_or_was_skipped_comes_back_as_a_choice() {
    let cloud = Cloud::open("").await;
    // Without this grant the hub fails, and what needs its host is blocked.
    let first = cloud.apply(&example(), &["access.hub-app-contributor"]).await;
    assert_eq!(first.with_outcome(Outcome::Failed), ["hub.create"]);
    let manner = Manner { by: Some(Who::Person), ..Manner::default() };
    let plan = cloud.plan(&example()).await;
    let past = cloud.past(&example());
    let orders = past.resumed(RunKind::Setup, &plan);
    let (_, mut running) = cloud.begin(&example(), manner, orders).await;
    let mut progress = past.progress;
    let seen = |record: &Record, _: &Progress| matches!(&record.event, RunEvent::StepFinished { step, .. } if step.as_str() == "access.hub-app-contributor");
    until(&mut running, &mut progress, seen).await;
    let state = |progress: &Progress, id: &StepId| {
        let outline = plan.outline();
        let step = outline.iter().flat_map(|stage| &stage.steps).find(|step| step.id == *id).unwrap().clone();
        progress.state(&step)
    };
    assert_eq!(state(&progress, &HUB), StepState::Finished(Outcome::Failed));
    assert!(progress.step(&HUB).unwrap().fault.is_some(), "why it failed is still told");
    running.handle.send(Command::Unskip(StepId::new("access.hub-app-contributor")));
    running.handle.send(Command::Confirm(vec![StepId::new("access.hub-app-contributor")]));
    let granted = |record: &Record, _: &Progress| matches!(&record.event, RunEvent::StepFinished { step, outcome: Outcome::Done, .. } if step.as_str() == "access.hub-app-contributor");
    until(&mut running, &mut progress, granted).await;
    running.handle.send(Command::Retry(HUB));
    let made = |record: &Record, _: &Progress| matches!(&record.event, RunEvent::StepFinished { step, outcome: Outcome::Done, .. } if *step == HUB);
    until(&mut running, &mut progress, made).await;
    running.handle.send(Command::Leave);
    collect(running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_took_away_is_made_again_and_all_that_was_built_on_it() {
    let account = Account::new();
    account.run(&APPLY).exits(0);
    let world = account.state().join("sandbox/world.json");
    let mut value: Value = serde_json::from_str(&fs::read_to_string(&world).unwrap()).unwrap();
    let identity = "userassignedidentities/contoso-factory-id";
    let resources = value["resources"].as_object_mut().unwrap();
    let before = resources.len();
    resources.retain(|id, _| !id.ends_with(identity));
    assert_eq!(resources.len(), before - 1);
    fs::write(&world, value.to_string()).unwrap();
    account.run(&STATUS).exits(5).tells(&["\"state\":\"ready\"", "it is not there"]);
    account.run(&APPLY).exits(0).tells(&["17 of 17 done"]);
    account.run(&STATUS).exits(0);
}

#[test]
fn answers_that_can_follow_are_offered_and_then_done() {
    let account = Account::new();
    account.run(&APPLY).exits(0);
    let rows = [
        ("#leaf_days = 30", "leaf_days = 60", "certificates.policy", "30 days (you said 60 days)"),
        ("#capacity = 1", "capacity = 3", "hub.create", "it has 1 units (you said 3)"),
    ];
    for (from, to, step, told) in rows {
        account.write("hubup.toml", example_with(from, to));
        account.run(&STATUS).exits(5).tells(&[told]);
        account.run(&APPLY).exits(1).tells(&[told, &format!("--answer {step}=change")]);
        let answer = format!("{step}=change");
        account.run(&[&APPLY[..], &["--answer", &answer]].concat()).exits(0);
        account.run(&APPLY).exits(0).tells(&["17 of 17 done"]);
        account.run(&STATUS).exits(0);
        // Back to what it was, for the next row.
        account.write("hubup.toml", EXAMPLE);
        account.run(&[&APPLY[..], &["--answer", &answer]].concat()).exits(0);
    }
}

#[test]
fn tags_follow_at_the_persons_word_and_harm_nothing_else() {
    let account = Account::new();
    account.run(&APPLY).exits(0);
    let tagged = format!("{EXAMPLE}\n[tags]\nowner = \"anna\"\n");
    let tagged = if EXAMPLE.contains("\n[tags]") {
        EXAMPLE.replacen("\n[tags]", "\n[tags]\nowner = \"anna\"", 1)
    } else {
        tagged
    };
    account.write("hubup.toml", tagged);
    // Nobody has to decide: they are only tags.
    account
        .run(&APPLY)
        .exits(0)
        .tells(&["tag owner is not set (you said anna)", "changed since     tags.owner"]);
    let answers =
        ["access.resource-group", "access.identity", "namespace.create", "hub.create", "dps.create"];
    let flags: Vec<String> =
        answers.iter().flat_map(|step| ["--answer".to_owned(), format!("{step}=change")]).collect();
    let arguments: Vec<&str> = APPLY.iter().copied().chain(flags.iter().map(String::as_str)).collect();
    account.run(&arguments).exits(0);
    let ran = account.run(&[&APPLY[..], &["--output", "json"]].concat()).exits(0);
    for record in ran.records() {
        if let RunEvent::CallStarted(call) = record.event {
            assert_ne!(call.purpose, Purpose::Change, "{} {}", call.shown.method, call.shown.url);
        }
    }
}

#[test]
fn answers_that_are_settled_are_refused_with_the_reason() {
    let account = Account::new();
    // Only the first stage: the hub can still be called otherwise.
    account.run(&[&APPLY[..], &["--only", "access"]].concat()).exits(0);
    let name = "contoso-factory-hub";
    account.write("hubup.toml", example_with(&format!("#name = \"{name}\""), "name = \"another-hub\""));
    account.run(&APPLY).exits(0).tells(&["changed since     hub.name", "another-hub.azure-devices.net"]);
    account.write("hubup.toml", EXAMPLE);
    let ran = account.run(&APPLY).exits(2).tells(&[
        "hub.name: another-hub -> contoso-factory-hub",
        "a hub keeps its name",
        "set `hub.name` to `another-hub` again",
        "hubup destroy",
    ]);
    assert!(!ran.out.contains("PUT"), "{ran}");
    account.run(&STATUS).tells(&["a hub keeps its name"]);
}

#[test]
fn status_writes_nothing_and_needs_no_lock() {
    let account = Account::new();
    account.run(&STATUS).exits(5);
    assert!(!account.state().join("setups").exists(), "a look leaves no trace");
    account.run(&[&APPLY[..], &["--skip", "enrollment.group"]].concat()).exits(0);
    let state = StateFolder::new(account.state());
    let journals = || {
        let runs = state.runs(rehearsal()).unwrap();
        runs.iter().map(|file| fs::read(&file.path).unwrap()).collect::<Vec<_>>()
    };
    let before = journals();
    let lock = state.lock(rehearsal()).unwrap();
    let ran = account.run(&STATUS).exits(0);
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&told["done"], &told["skipped"], &told["exit"]), (&json!(16), &json!(1), &json!(0)));
    assert!(told["facts"].as_array().unwrap().iter().any(|fact| fact["label"] == "id scope"), "{told}");
    drop(lock);
    assert_eq!(journals(), before);
    let text = account.run(&["status", "--sandbox", "--sandbox-speed", "0"]).exits(0);
    text.tells(&["16 of 17 done · 1 skipped", "What a device maker needs"]);
}

#[test]
fn status_tells_what_failed_and_what_is_left() {
    let account = Account::new();
    let world = ["--sandbox-world", "limited-caller"];
    account.run(&[&APPLY[..], &["--no-check"], &world].concat()).exits(4);
    let ran = account.run(&[&STATUS[..], &world].concat()).exits(1);
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    let steps =
        told["stages"].as_array().unwrap().iter().flat_map(|stage| stage["steps"].as_array().unwrap());
    let failed: Vec<&Value> = steps.filter(|step| step["state"] == "failed").collect();
    assert!(!failed.is_empty() && failed.iter().all(|step| step["fault"]["remedy"].is_string()), "{told}");
}

/// Answers of a person are not asked for again when the run is gone on with.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_decided_stays_decided() {
    let cloud = Cloud::open(include_str!("../../assets/sandbox/neighbours.toml")).await;
    let first = cloud.apply(&example(), &[]).await;
    let asked =
        |run: &Run| run.records.iter().filter(|record| matches!(record.event, RunEvent::Asked(_))).count();
    let again = cloud.apply(&example(), &[]).await;
    assert_eq!(asked(&again), 0, "of {} questions", asked(&first));
    let answers = Answers { tags: std::collections::BTreeMap::new(), ..example() };
    assert_eq!(cloud.past(&answers).progress.header.unwrap().setup, answers.setup_id());
}

const OTHER: &str =
    "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-contoso-factory/providers";

/// A second setup that uses namespace and identity of the first one: nothing of its own is made for them, and what is
/// made later is made with them.
#[test]
fn what_exists_is_used_by_its_id() {
    let account = Account::new();
    account.run(&APPLY).exits(0);
    let second = example_with("resource_group = \"rg-contoso-factory\"", "resource_group = \"rg-second\"");
    let second = second.replacen("name = \"contoso-factory\"", "name = \"second\"", 1);
    account.write("hubup.toml", &second);
    let namespace = format!("{OTHER}/Microsoft.DeviceRegistry/namespaces/contoso-factory-ns");
    let identity = format!("{OTHER}/Microsoft.ManagedIdentity/userAssignedIdentities/contoso-factory-id");
    let uses = [format!("namespace.create={namespace}"), format!("access.identity={identity}")];
    let arguments = [&APPLY[..], &["--use", &uses[0], "--use", &uses[1], "--output", "json"]].concat();
    // The role of the second setup cannot be given in the group of the first one, and what to do is told.
    account
        .run(&arguments)
        .exits(1)
        .tells(&["can be assigned in the setup's own group only", "assignable_scope"]);
    let wide = "assignable_scope = \"subscription\"";
    account.write("hubup.toml", second.replacen("#assignable_scope = \"resource-group\"", wide, 1));
    let change = [&arguments[..], &["--answer", "access.adr-role=change"]].concat();
    let ran = account.run(&change).exits(0);
    let records = ran.records();
    let puts = records.iter().filter_map(|record| match &record.event {
        RunEvent::CallStarted(call) if call.shown.method == Method::Put => Some(call),
        _ => None,
    });
    let puts: Vec<_> = puts.collect();
    assert!(puts.iter().all(|put| !put.shown.url.contains("rg-second/providers/Microsoft.DeviceRegistry")));
    let hub = puts.iter().find(|put| put.step == Some(HUB)).unwrap();
    let link = &hub.shown.body.as_ref().unwrap()["properties"]["deviceRegistry"];
    assert_eq!(link["namespaceResourceId"], json!(namespace));
    assert_eq!(link["identityResourceId"], json!(identity));
    // The next run knows it without being told.
    let again = account.run(&[&APPLY[..], &["--output", "json"]].concat()).exits(0);
    assert!(!again.out.contains("\"method\":\"PUT\""), "{again}");
}

/// Somebody who chose what is not there comes back to having the step make its own.
#[test]
fn a_choice_that_cannot_be_used_is_taken_back_by_the_steps_own_id() {
    let account = Account::new();
    let hub = |name: &str| format!("hub.create={OTHER}/Microsoft.Devices/IotHubs/{name}");
    let own = format!("choose {OTHER}/Microsoft.Devices/IotHubs/contoso-factory-hub to have that one made");
    account.run(&[&APPLY[..], &["--use", &hub("nowhere")]].concat()).exits(1).tells(&[&own]);
    // What was chosen stays chosen.
    account.run(&APPLY).exits(1).tells(&[&own]);
    account.run(&[&APPLY[..], &["--use", &hub("contoso-factory-hub")]].concat()).exits(0);
    account.run(&APPLY).exits(0).tells(&["17 of 17 done"]);
}

/// Puts faults into the world of an account's sandbox, in the place of those that were there.
fn faults(account: &Account, faults: Value) {
    let world = account.state().join("sandbox/world.json");
    let mut value: Value = serde_json::from_str(&fs::read_to_string(&world).unwrap()).unwrap();
    assert!(value["settings"]["faults"].is_array());
    value["settings"]["faults"] = faults;
    value["fault_hits"] = json!([]);
    fs::write(&world, value.to_string()).unwrap();
}

/// A hub that could not be looked at is still there: another name would leave it behind.
#[test]
fn an_answer_stays_settled_after_a_look_that_failed() {
    let account = Account::new();
    account.run(&APPLY).exits(0);
    let hub = "*/IotHubs/contoso-factory-hub";
    faults(
        &account,
        json!([{"method": "GET", "host": "*", "path": hub, "nth": [], "action": "broken", "seconds": 0.0}]),
    );
    account.run(&APPLY).exits(1);
    faults(&account, json!([]));
    let name = "#name = \"contoso-factory-hub\"";
    account.write("hubup.toml", example_with(name, "name = \"another-hub\""));
    account.run(&APPLY).exits(2).tells(&["a hub keeps its name"]);
    account.write("hubup.toml", EXAMPLE);
    account.run(&APPLY).exits(0).tells(&["17 of 17 done"]);
}

/// What a teardown did not come to is still there, and would be left behind by another name.
#[test]
fn an_answer_stays_settled_after_half_a_teardown() {
    let account = Account::new();
    let destroy = ["destroy", "--sandbox", "--yes", "--sandbox-speed", "0"];
    account.run(&APPLY).exits(0);
    let hub = "*/IotHubs/contoso-factory-hub";
    faults(
        &account,
        json!([{"method": "DELETE", "host": "*", "path": hub, "nth": [], "action": "forbidden", "seconds": 0.0}]),
    );
    account.run(&destroy).exits(4);
    faults(&account, json!([]));
    let name = "#name = \"contoso-factory-hub\"";
    account.write("hubup.toml", example_with(name, "name = \"another-hub\""));
    account.run(&APPLY).exits(2).tells(&["a hub keeps its name"]);
    account.run(&destroy).exits(0);
    account.run(&APPLY).exits(0).tells(&["going on after the teardown", "another-hub.azure-devices.net"]);
}

/// What was looked at with what an earlier run had of a step is looked at again once the step is done anew.
#[test]
fn what_builds_on_a_step_that_is_done_anew_follows_it() {
    let account = Account::new();
    account.run(&APPLY).exits(0);
    let identity = "*/userAssignedIdentities/contoso-factory-id";
    faults(
        &account,
        json!([{"method": "GET", "host": "*", "path": identity, "nth": [], "action": "broken", "seconds": 0.0}]),
    );
    account.run(&APPLY).exits(1);
    faults(&account, json!([]));
    let world = account.state().join("sandbox/world.json");
    let mut value: Value = serde_json::from_str(&fs::read_to_string(&world).unwrap()).unwrap();
    let resources = value["resources"].as_object_mut().unwrap();
    resources.retain(|id, _| !id.ends_with("userassignedidentities/contoso-factory-id"));
    fs::write(&world, value.to_string()).unwrap();
    account.run(&APPLY).exits(0).tells(&["what it builds on has changed", "17 of 17 done"]);
    account.run(&STATUS).exits(0);
}

#[test]
fn what_cannot_be_used_is_refused_and_nothing_is_made() {
    let account = Account::new();
    let rows = [
        (format!("{OTHER}/Microsoft.DeviceRegistry/namespaces/nowhere"), "ResourceGroupNotFound", 1),
        (format!("{OTHER}/Microsoft.Devices/IotHubs/a-hub"), "is not the id of a resource such as", 2),
        ("not an id".to_owned(), "is not the id of a resource such as", 2),
        ("/subscriptions//providers/Microsoft.DeviceRegistry/namespaces/".to_owned(), "is not the id", 2),
    ];
    for (id, told, code) in rows {
        let given = format!("namespace.create={id}");
        let ran = account.run(&[&APPLY[..], &["--only", "namespace", "--use", &given]].concat());
        let ran = ran.exits(code).tells(&[told, "choose another resource"]);
        assert!(!ran.out.contains("PUT  namespaces"), "{ran}");
    }
    account
        .run(&[&APPLY[..], &["--use", "sync.synchronize=x"]].concat())
        .exits(2)
        .tells(&["nothing that exists can be used", "hub.create"]);
}
