//! Answers read back from the subscription, by who has neither setup file nor journals.

use std::fs;
use std::path::Path;

use hubup::cli::config::Config;
use hubup::domain::{Answers, Exit, Method, Outcome, Purpose, RunEvent};
use hubup::engine;
use hubup::stages::{self, DIALECTS, FoundSetup, Recalled};
use serde_json::{Value, json};

use crate::binary::{Account, config};
use crate::support::{Cloud, clock, example};

const SANDBOX: [&str; 3] = ["--sandbox", "--sandbox-speed", "0"];

fn with_sandbox<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [arguments, &SANDBOX].concat()
}

/// A setup in which nothing is as it would be by default.
const UNUSUAL: &str = r#"
name = "Plant_7.north"
subscription = "11111111-1111-4111-8111-111111111111"
resource_group = "Shop-Floor"
location = "westeurope"
hub_location = "northeurope"
namespace.name = "floor7"
hub = { name = "Floor7Hub", capacity = 3 }
dps.name = "floor7-onboarding"
identity.name = "floor7_runner"
roles = { kind = "custom", name = "Floor 7's runner", assignable_scope = "subscription" }
certificates = { policy = "floor7-issuer", leaf_days = 45 }
enrollment.group = "line:7"
[tags]
"cost center" = "4711"
Owner = "Ann O'Neill"
"#;

/// Everything of a setup but what the machine kept of it.
fn forget(account: &Account) {
    fs::remove_dir_all(account.state().join("setups")).unwrap();
}

/// Applies `text`, forgets it, reads it back, and gives the file's path.
fn applied_and_read_back(account: &Account, text: &str, group: &str) -> std::path::PathBuf {
    account.write("theirs.toml", text);
    account.run(&with_sandbox(&["apply", "--yes", "--config", "theirs.toml"])).exits(0);
    forget(account);
    let ran = account.run(&with_sandbox(&["init", "mine.toml", "--from-group", group])).exits(0);
    ran.tells(&["Wrote mine.toml", "hubup status --sandbox --config mine.toml", "hubup apply --sandbox"])
        .hides(&["To know:", "SharedAccessKey", "Not read back"]);
    account.work().join("mine.toml")
}

/// `apply` with the file finds everything there, and sends no change.
fn goes_on_without_a_change(account: &Account, file: &str) {
    let again =
        account.run(&with_sandbox(&["apply", "--yes", "--output", "json", "--config", file])).exits(0);
    let mut steps = 0;
    for record in again.records() {
        match &record.event {
            RunEvent::CallStarted(call) => assert!(
                call.shown.method.is_read()
                    || (call.shown.method == Method::Post && call.purpose == Purpose::Key),
                "{} {}",
                call.shown.method,
                call.shown.url
            ),
            RunEvent::StepFinished { step, outcome, .. } => {
                steps += 1;
                assert_eq!(*outcome, Outcome::AlreadyThere, "{step}");
            }
            _ => {}
        }
    }
    assert!(steps >= 12, "{steps}");
}

#[test]
fn an_unusual_setup_is_read_back_field_by_field() {
    let account = Account::new();
    let file = applied_and_read_back(&account, UNUSUAL, "shop-floor");
    let (mine, theirs) = (config(&file), config(&account.work().join("theirs.toml")));
    assert_eq!(mine.answers, theirs.answers);
    assert!(!account.state().join("setups").exists(), "a look keeps no state");
    let status = account.run(&with_sandbox(&["status", "--config", "mine.toml"])).exits(0);
    status.hides(&["changed since"]);
    goes_on_without_a_change(&account, "mine.toml");
}

#[test]
fn built_in_roles_are_read_back() {
    let account = Account::new();
    let text = UNUSUAL.replace(
        r#"roles = { kind = "custom", name = "Floor 7's runner", assignable_scope = "subscription" }"#,
        r#"roles.kind = "built-in""#,
    );
    let file = applied_and_read_back(&account, &text, "Shop-Floor");
    assert_eq!(config(&file).answers, config(&account.work().join("theirs.toml")).answers);
    goes_on_without_a_change(&account, "mine.toml");
}

#[test]
fn certificates_that_are_off_are_read_back() {
    let account = Account::new();
    let text = UNUSUAL.replace(
        r#"certificates = { policy = "floor7-issuer", leaf_days = 45 }"#,
        "certificates.enabled = false",
    );
    let file = applied_and_read_back(&account, &text, "Shop-Floor");
    assert_eq!(config(&file).answers, config(&account.work().join("theirs.toml")).answers);
    goes_on_without_a_change(&account, "mine.toml");
}

/// Everything by default is read back as well, in another spelling of its group.
#[test]
fn the_shipped_example_is_read_back() {
    let account = Account::new();
    account.run(&with_sandbox(&["apply", "--yes"])).exits(0);
    forget(&account);
    account.run(&with_sandbox(&["init", "--from-group", "RG-CONTOSO-FACTORY"])).exits(0);
    let read = config(&account.work().join("hubup.toml")).answers;
    assert_eq!(read, Answers { tenant: None, ..Config::example().answers });
    // The file is left alone from now on, and says so before anything is asked of Azure.
    let ran = account.run(&with_sandbox(&["init", "--from-group", "rg-contoso-factory"])).exits(2);
    ran.tells(&["`hubup.toml` is there already"]);
    // With `--force` it is read anew; what it says of cloud and subscription is carried over.
    account.run(&with_sandbox(&["init", "--force", "--from-group", "rg-contoso-factory"])).exits(0);
    assert_eq!(config(&account.work().join("hubup.toml")).answers, read);
}

#[test]
fn groups_are_listed_where_none_is_named_or_the_name_is_wrong() {
    let account = Account::new();
    let list = with_sandbox(&["init", "--from-group"]);
    account.run(&list).exits(2).tells(&["a value is required"]);
}

#[test]
fn groups_are_listed() {
    let account = Account::new();
    let list = [&SANDBOX[..], &["init", "--from-group"]].concat();
    account.run(&list).exits(0).tells(&["No resource group of subscription 11111111"]);
    account.run(&with_sandbox(&["apply", "--yes", "--only", "access"])).exits(0);
    let listed = account.run(&list).exits(0);
    listed.tells(&["rg-contoso-factory  setup contoso-factory, eastus2", "hubup init --from-group GROUP"]);
    let wrong = account.run(&with_sandbox(&["init", "--from-group", "rg-contoso"])).exits(2);
    wrong.tells(&["no setup of hubup in a resource group rg-contoso", "name one of: rg-contoso-factory"]);
    assert!(!account.work().join("hubup.toml").exists());
}

#[test]
fn where_to_look_must_be_said() {
    let account = Account::new();
    account.run(&["init", "--from-group", "rg"]).exits(2).tells(&["--subscription ID", "no `hubup.toml`"]);
    account
        .run(&["init", "--from-group", "rg", "--subscription", "mine"])
        .exits(2)
        .tells(&["a GUID such as"]);
    account.run(&["init", "--subscription", "11111111-1111-4111-8111-111111111111"]).exits(2);
}

/// Reads back in process.
async fn read_back(cloud: &Cloud, found: &FoundSetup) -> Recalled {
    let azure = cloud.azure().await;
    let answers = example();
    let selection = engine::read_through(&azure, clock(), &|_, _| {}, |replay| {
        stages::selection_to_read(&answers, DIALECTS, replay)
    })
    .await
    .unwrap();
    engine::read_through(&azure, clock(), &|_, _| {}, |replay| {
        stages::recall(selection.dialect, selection.profile, &answers, found, replay)
    })
    .await
    .unwrap()
}

async fn tagged(cloud: &Cloud) -> Vec<FoundSetup> {
    let azure = cloud.azure().await;
    let answers = example();
    engine::read_through(&azure, clock(), &|_, _| {}, |replay| stages::tagged_groups(&answers, replay))
        .await
        .unwrap()
}

fn example_found() -> FoundSetup {
    FoundSetup {
        name: "contoso-factory".into(),
        group: "rg-contoso-factory".into(),
        location: "eastus2".into(),
    }
}

fn keys(recalled: &Recalled) -> Vec<&str> {
    recalled.unread.iter().map(|(key, _)| *key).collect()
}

/// The group was there before the setup, carries no tag of it, and has tags and a region of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_setup_in_a_group_of_somebody_else_is_found() {
    let cloud = Cloud::open("").await;
    put(
        &cloud,
        "/subscriptions/11111111-1111-4111-8111-111111111111/resourcegroups/rg-contoso-factory",
        "2025-04-01",
        json!({ "location": "westus", "tags": { "owner": "ops" } }),
    )
    .await;
    put(
        &cloud,
        "/subscriptions/11111111-1111-4111-8111-111111111111/resourcegroups/other",
        "2025-04-01",
        json!({ "location": "westus", "tags": { "owner": "ops" } }),
    )
    .await;
    assert_eq!(tagged(&cloud).await, []);
    let answers = Answers { tags: [("line".to_owned(), "7".to_owned())].into(), ..example() };
    assert_eq!(cloud.apply(&answers, &[]).await.result.unwrap(), Exit::Complete);
    let found = tagged(&cloud).await;
    assert_eq!(found, [example_found()]);
    let recalled = read_back(&cloud, &found[0]).await;
    assert_eq!(recalled.answers, answers);
    assert_eq!(recalled.unread, []);
    assert_eq!(recalled.doubts, ["tags of the group that are not on everything were left out: owner"]);
}

/// A request to Resource Manager as somebody else would make it.
async fn put(cloud: &Cloud, path: &str, version: &str, body: Value) {
    let azure = cloud.azure().await;
    let template = hubup::domain::Template::Value(body);
    let request = stages::arm(&example(), Method::Put, path, version).with_body(template);
    let outputs = hubup::domain::Outputs::default();
    let call = hubup::domain::CallId::fresh();
    azure.call(call, &request, &outputs, &hubup::azure::Vault::default()).await.unwrap();
}
