//! Answers read back from the subscription, by who has neither setup file nor journals.

use std::fs;
use std::path::PathBuf;

use hubup::azure::Vault;
use hubup::cli::config::Config;
use hubup::domain::{
    Answers, CallId, Certificates, Exit, Method, Outcome, Outputs, Purpose, RunEvent, Template,
};
use hubup::engine;
use hubup::stages::{self, DIALECTS, FoundSetup, Recalled};
use serde_json::{Value, json};

use crate::binary::{Account, config, setup_file};
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

/// Grants hold as soon as they are made.
const AT_ONCE: &str = "[latency]\nrole_effective = 0\n";

/// Everything of a setup but what the machine kept of it.
fn forget(account: &Account) {
    fs::remove_dir_all(account.state().join("setups")).unwrap();
}

/// Applies `text`, forgets it, reads it back, and gives the file's path.
fn applied_and_read_back(account: &Account, text: &str, group: &str) -> PathBuf {
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
                // A step that makes nothing and only waits for a proof has done so.
                let proved = step.as_str() == "sync.hub-certificate";
                let wanted = if proved { Outcome::Done } else { Outcome::AlreadyThere };
                assert_eq!(*outcome, wanted, "{step}");
            }
            _ => {}
        }
    }
    assert!(steps >= 10, "{steps}");
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

/// The same of the newer object model.
const UNUSUAL_LINKS: &str = r#"
name = "Plant_7.north"
subscription = "11111111-1111-4111-8111-111111111111"
resource_group = "Shop-Floor"
location = "westeurope"
namespace = { name = "floor7", use_mi_sdk = true }
hub = { name = "Floor7Hub", sku = "S2", capacity = 3 }
dps.name = "floor7-onboarding"
identity = { kind = "user-assigned", name = "floor7_runner" }
certificates = { root_ca = "floor7-root", issuing_ca = "floor7-ca", policy = "floor7-policy", leaf_days = 45 }
enrollment.group = "line:7"
[tags]
"cost center" = "4711"
Owner = "Ann O'Neill"
"#;

#[test]
fn an_unusual_setup_of_links_is_read_back_field_by_field() {
    for text in [
        UNUSUAL_LINKS.to_owned(),
        UNUSUAL_LINKS.replace("kind = \"user-assigned\", name = \"floor7_runner\"", "kind = \"system-assigned\""),
        UNUSUAL_LINKS.replace(
            r#"certificates = { root_ca = "floor7-root", issuing_ca = "floor7-ca", policy = "floor7-policy", leaf_days = 45 }"#,
            "certificates.enabled = false",
        ),
    ] {
        let account = Account::new();
        // Its world is the one of the account from here on.
        account.run(&with_sandbox(&["plan", "--sandbox-world", "links-2026"])).exits(0);
        let file = applied_and_read_back(&account, &text, "shop-floor");
        assert_eq!(config(&file).answers, config(&account.work().join("theirs.toml")).answers);
        account.run(&with_sandbox(&["status", "--config", "mine.toml"])).exits(0).hides(&["changed since"]);
        goes_on_without_a_change(&account, "mine.toml");
    }
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

/// Another machine: a file that says where Azure is, and nothing of the setup. It is filled in.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_setup_file_says_beside_the_answers_is_carried_over() {
    let cloud = Cloud::open("").await;
    let theirs = Answers { hub: "plant-of-theirs".into(), hub_location: "westus".into(), ..example() };
    assert_eq!(cloud.apply(&theirs, &[]).await.result.unwrap(), Exit::Complete);
    let account = Account::new().signed_in(&cloud.sandbox.sign_in());
    let file = account.write("hubup.toml", setup_file(&cloud.routes, 1000.0));
    let said = config(&file);
    let ran = tokio::task::spawn_blocking(move || {
        account.run(&["init", "--from-group", "rg-contoso-factory"]).exits(2).tells(&["--force"]);
        let ran = account.run(&["init", "--force", "--from-group", "rg-contoso-factory"]).exits(0);
        (ran, account)
    });
    let (ran, account) = ran.await.unwrap();
    ran.tells(&["hub.name", "plant-of-theirs"]).hides(&["--sandbox"]);
    let read = config(&file);
    let cloud = said.answers.cloud.clone();
    assert_eq!(read, Config { answers: Answers { cloud, tenant: None, ..theirs }, ..said });
    assert!(!account.state().exists(), "a look keeps no state");
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
        stages::selection_to_read(&answers, DIALECTS, found, replay)
    })
    .await
    .unwrap();
    engine::read_through(&azure, clock(), &|_, _| {}, |replay| {
        stages::recall(selection.dialect, &selection.profile, &answers, found, replay)
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
        namespace: None,
    }
}

fn keys(recalled: &Recalled) -> Vec<&str> {
    recalled.unread.iter().map(|(key, _)| *key).collect()
}

/// The reason why `key` was not read back.
fn why<'a>(recalled: &'a Recalled, key: &str) -> &'a str {
    recalled.unread.iter().find(|(unread, _)| *unread == key).map_or("", |(_, why)| why)
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
    // The group is somebody else's: it is the namespace that tells.
    assert_eq!(found, [FoundSetup { namespace: Some("contoso-factory-ns".into()), ..example_found() }]);
    let recalled = read_back(&cloud, &found[0]).await;
    assert_eq!(recalled.answers, answers);
    assert_eq!(recalled.unread, []);
    assert_eq!(recalled.doubts, ["tags of the group that are not on everything were left out: owner"]);
}

/// A request to Resource Manager as somebody else would make it.
async fn send(cloud: &Cloud, method: Method, path: &str, version: &str, body: Value) -> Value {
    let azure = cloud.azure().await;
    let mut request = stages::arm(&example(), method, path, version);
    if !body.is_null() {
        request = request.with_body(Template::Value(body));
    }
    let vault = Vault::default();
    azure.call(CallId::fresh(), &request, &Outputs::default(), &vault).await.unwrap().body
}

async fn put(cloud: &Cloud, path: &str, version: &str, body: Value) {
    send(cloud, Method::Put, path, version, body).await;
}

/// From now on the caller may read and do nothing else.
async fn only_reads(cloud: &Cloud) {
    let caller = cloud.azure().await.sign_in().await.unwrap().object_id.unwrap();
    let scope = example().subscription_id();
    let roles = format!("{scope}/providers/Microsoft.Authorization");
    let reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
    let list = format!("{roles}/roleAssignments");
    let before = send(cloud, Method::Get, &list, "2022-04-01", Value::Null).await;
    let body = json!({ "properties": {
        "roleDefinitionId": format!("{roles}/roleDefinitions/{reader}"),
        "principalId": caller,
        "principalType": "ServicePrincipal",
    } });
    put(cloud, &format!("{list}/{}", uuid(1)), "2022-04-01", body).await;
    for assignment in before["value"].as_array().unwrap() {
        if assignment["properties"]["principalId"] == caller.as_str() {
            let id = assignment["id"].as_str().unwrap();
            send(cloud, Method::Delete, id, "2022-04-01", Value::Null).await;
        }
    }
}

fn uuid(last: u8) -> String {
    format!("00000000-0000-4000-8000-0000000000{last:02}")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_list_keys_is_told_which_answers_are_missing() {
    let cloud = Cloud::open(AT_ONCE).await;
    let answers = Answers { enrollment_group: "line-7".into(), hub_capacity: 2, ..example() };
    cloud.apply(&answers, &[]).await;
    only_reads(&cloud).await;
    let recalled = read_back(&cloud, &example_found()).await;
    assert_eq!(keys(&recalled), ["enrollment.group"], "{recalled:?}");
    assert!(
        why(&recalled, "enrollment.group").contains("may not read it (AuthorizationFailed)"),
        "{recalled:?}"
    );
    let fresh = example().enrollment_group;
    assert_eq!(recalled.answers, Answers { enrollment_group: fresh, ..answers });
}

/// Without a credential only the enrollment group can tell that there should be none.
#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_not_taken_for_off_because_something_could_not_be_read() {
    let cloud = Cloud::open(AT_ONCE).await;
    let answers = Answers { certificates: Certificates::Off, ..example() };
    cloud.apply(&answers, &[]).await;
    assert_eq!(read_back(&cloud, &example_found()).await.answers, answers);
    only_reads(&cloud).await;
    let recalled = read_back(&cloud, &example_found()).await;
    let certificates = ["certificates.enabled", "certificates.policy", "certificates.leaf_days"];
    assert_eq!(keys(&recalled), [&certificates[..], &["enrollment.group"]].concat());
    assert_eq!(recalled.answers.certificates, Certificates::On { leaf_days: 30 });
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hubs_with_the_tag_none_is_taken() {
    let cloud = Cloud::open("").await;
    cloud.apply(&example(), &[]).await;
    let second = Answers { hub: "second-hub".into(), ..example() };
    cloud.apply(&second, &[]).await;
    let recalled = read_back(&cloud, &example_found()).await;
    assert_eq!(keys(&recalled), ["hub.name", "hub_location", "hub.sku", "hub.capacity"]);
    let [doubt] = recalled.doubts.as_slice() else { panic!("{recalled:?}") };
    assert!(doubt.contains("contoso-factory-hub") && doubt.contains("second-hub"), "{doubt}");
    assert_eq!(recalled.answers.hub_location, "eastus2", "as in a fresh setup: where the rest is");
}

/// What was begun and not finished: what is there is read back, all else is as in a fresh setup and says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_setup_that_was_left_early_is_read_back_as_far_as_it_came() {
    let cloud = Cloud::open("").await;
    let answers = Answers {
        namespace: "early-ns".into(),
        role_name: "early role".into(),
        certificates: Certificates::On { leaf_days: 9 },
        ..example()
    };
    let later = [
        "namespace.identity-role",
        "certificates.credential",
        "certificates.policy",
        "hub.create",
        "hub.namespace-contributor",
        "hub.namespace-registry-contributor",
        "dps.create",
        "dps.link-hub",
        "sync.synchronize",
        "sync.hub-certificate",
        "enrollment.group",
    ];
    cloud.apply(&answers, &later).await;
    let recalled = read_back(&cloud, &example_found()).await;
    assert_eq!(
        keys(&recalled),
        [
            "hub.name",
            "hub_location",
            "hub.sku",
            "hub.capacity",
            "dps.name",
            "certificates.enabled",
            "certificates.policy",
            "certificates.leaf_days",
            "enrollment.group"
        ]
    );
    assert_eq!(recalled.answers.namespace, "early-ns");
    assert_eq!(recalled.answers.role_name, "early role", "its definition is ours by its name");
    assert_eq!(recalled.answers.certificates, Certificates::On { leaf_days: 30 });
}

/// Used though it was there before, so it carries no tag: the links of what does carry it tell.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_adopted_is_found_by_its_links() {
    let cloud = Cloud::open("").await;
    let answers = Answers { identity: "house-identity".into(), ..example() };
    let group = answers.resource_group_id();
    let tags = json!({ "hubup-setup": answers.name });
    put(&cloud, &group, "2025-04-01", json!({ "location": "eastus2", "tags": tags })).await;
    let id = answers.resource_id("Microsoft.ManagedIdentity/userAssignedIdentities/house-identity");
    put(&cloud, &id, "2023-01-31", json!({ "location": "eastus2" })).await;
    assert_eq!(cloud.apply(&answers, &[]).await.result.unwrap(), Exit::Complete);
    let recalled = read_back(&cloud, &example_found()).await;
    assert_eq!(recalled.answers, answers);
    assert_eq!(recalled.unread, []);
    let [doubt] = recalled.doubts.as_slice() else { panic!("{recalled:?}") };
    assert!(doubt.contains("the IoT hub is linked to house-identity"), "{doubt}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_provider_that_fails_takes_only_its_own_answers() {
    let faults = "[[faults]]\nmethod = \"GET\"\npath = \"*/providers/Microsoft.Devices/IotHubs\"\naction = \"broken\"\n";
    let cloud = Cloud::open(faults).await;
    cloud.apply(&example(), &[]).await;
    let recalled = read_back(&cloud, &example_found()).await;
    assert_eq!(keys(&recalled), ["hub.name", "hub_location", "hub.sku", "hub.capacity"]);
    assert_eq!(recalled.answers.enrollment_group, example().enrollment_group);
}

#[tokio::test(flavor = "multi_thread")]
async fn azure_out_of_reach_ends_it() {
    let faults = "[[faults]]\nmethod = \"GET\"\npath = \"*/userAssignedIdentities\"\naction = \"reset\"\n";
    let cloud = Cloud::open(faults).await;
    cloud.apply(&example(), &[]).await;
    let azure = cloud.azure().await;
    let answers = example();
    let selection = cloud.select(&azure, &answers).await;
    let found = example_found();
    let read = engine::read_through(&azure, clock(), &|_, _| {}, |replay| {
        stages::recall(selection.dialect, &selection.profile, &answers, &found, replay)
    })
    .await;
    assert_eq!(read.unwrap_err().exit, Exit::NotReached);
}

/// Straight code that would do more than look is not performed.
#[tokio::test(flavor = "multi_thread")]
async fn a_look_cannot_change_anything() {
    let cloud = Cloud::open("").await;
    let azure = cloud.azure().await;
    let id = example().resource_group_id();
    let body = Template::Value(json!({ "location": "eastus2" }));
    let request = stages::arm(&example(), Method::Put, id, "2025-04-01").with_body(body);
    let done = engine::read_through(&azure, clock(), &|_, _| {}, |replay| {
        replay.write(&request).map(|reply| reply.is_ok())
    })
    .await;
    assert!(done.is_err());
    let groups = format!("{}/resourcegroups", example().subscription_id());
    let listed = send(&cloud, Method::Get, &groups, "2025-04-01", Value::Null).await;
    assert_eq!(listed["value"], json!([]));
}

/// Groups that a person added later do not hide the one that hubup made.
#[tokio::test(flavor = "multi_thread")]
async fn among_several_enrollment_groups_the_usual_one_is_taken_and_told() {
    let cloud = Cloud::open("").await;
    cloud.apply(&example(), &[]).await;
    cloud.apply(&Answers { enrollment_group: "another".into(), ..example() }, &[]).await;
    let recalled = read_back(&cloud, &example_found()).await;
    assert_eq!(recalled.answers, example());
    assert_eq!(recalled.unread, []);
    assert!(recalled.doubts[0].contains("another"), "{recalled:?}");

    // Where none is named as usual, none is taken.
    let cloud = Cloud::open("").await;
    cloud.apply(&Answers { enrollment_group: "one".into(), ..example() }, &[]).await;
    cloud.apply(&Answers { enrollment_group: "two".into(), ..example() }, &[]).await;
    let recalled = read_back(&cloud, &example_found()).await;
    assert_eq!(keys(&recalled), ["enrollment.group"]);
}

#[test]
fn of_two_setups_in_one_group_the_named_one_is_read_back() {
    let account = Account::new();
    let first = UNUSUAL;
    let second = "name = \"second\"\nsubscription = \"11111111-1111-4111-8111-111111111111\"\n\
                  resource_group = \"Shop-Floor\"\nlocation = \"westeurope\"\n\
                  [roles]\nname = \"second role\"\n";
    account.write("first.toml", first);
    account.write("second.toml", second);
    account.run(&with_sandbox(&["apply", "--yes", "--config", "first.toml"])).exits(0);
    account.run(&with_sandbox(&["apply", "--yes", "--config", "second.toml"])).exits(0);
    let both = account.run(&with_sandbox(&["init", "--from-group", "Shop-Floor"])).exits(2);
    both.tells(&["several setups: Plant_7.north, second", "--setup NAME"]);
    account
        .run(&with_sandbox(&["init", "--from-group", "Shop-Floor", "--setup", "third"]))
        .exits(2)
        .tells(&["Plant_7.north, second"]);
    for (name, theirs) in [("Plant_7.north", "first.toml"), ("second", "second.toml")] {
        let path = format!("mine-{name}.toml");
        let ran = with_sandbox(&["init", &path, "--from-group", "Shop-Floor", "--setup", name]);
        account.run(&ran).exits(0);
        assert_eq!(config(&account.work().join(&path)).answers, config(&account.work().join(theirs)).answers);
        goes_on_without_a_change(&account, &path);
    }
}

/// The file says above each key that was not read back why, and is a setup file all the same.
#[test]
fn the_file_says_what_was_not_read_back() {
    let account = Account::new();
    account.run(&with_sandbox(&["apply", "--yes", "--only", "access"])).exits(0);
    let ran = account.run(&with_sandbox(&["init", "--from-group", "rg-contoso-factory"])).exits(0);
    ran.tells(&["Not read back, and written as in a fresh setup:", "hub.name", "contoso-factory-hub"]);
    let file = account.work().join("hubup.toml");
    let text = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().position(|line| *line == "name = \"contoso-factory-hub\"").unwrap();
    assert!(
        lines[at - 1].starts_with("# Not read back: the group holds no IoT hub that carries the tag"),
        "{}",
        lines[at - 1]
    );
    assert_eq!(config(&file).answers.hub, "contoso-factory-hub");
    account.run(&with_sandbox(&["apply", "--yes"])).exits(0);
}
