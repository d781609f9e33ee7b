//! Which setup and which run a command means that reads journals alone, and how it names them again.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use hubup::domain::SetupId;
use hubup::journal::StateFolder;
use serde_json::{Value, json};

use crate::binary::{Account, rehearsal};

/// A run that failed.
const JOURNAL: &str = include_str!("data/format-1.jsonl");
const SUBSCRIPTION: &str = "11111111-1111-4111-8111-111111111111";
const OTHER: &str = "22222222-2222-4222-8222-222222222222";

/// A setup file of the setup `plant`.
const FILE: &str = "name = \"plant\"\nsubscription = \"11111111-1111-4111-8111-111111111111\"\n\
                    resource_group = \"rg-plant\"\nlocation = \"eastus2\"\n";

/// The journal with members of its first line changed.
fn journal(change: impl FnOnce(&mut Value)) -> String {
    let (first, rest) = JOURNAL.split_once('\n').unwrap();
    let mut first: Value = serde_json::from_str(first).unwrap();
    change(&mut first);
    format!("{first}\n{rest}")
}

/// Puts `text` where the run `run` of `setup` has its journal.
fn put(account: &Account, setup: SetupId, run: &str, text: &str) -> PathBuf {
    let folder = StateFolder::new(account.state()).setup(setup).join("runs");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{run}.jsonl"));
    std::fs::write(&path, text).unwrap();
    path
}

/// A setup of that name, real or rehearsed, with one run.
fn setup(account: &Account, name: &str, subscription: &str, sandbox: bool, run: &str) -> SetupId {
    let cloud = if sandbox { "sandbox" } else { "public" };
    let id = SetupId::of(cloud, subscription, name);
    let text = journal(|first| {
        first["run"] = json!(run);
        first["setup"] = json!(id);
        first["sandbox"] = json!(sandbox);
        first["answers"]["name"] = json!(name);
        first["answers"]["subscription"] = json!(subscription);
        first["answers"]["cloud"]["name"] = json!(cloud);
    });
    put(account, id, run, &text);
    id
}

#[test]
fn a_setup_is_found_by_its_name_or_because_it_is_the_only_one() {
    let account = Account::new();
    setup(&account, "plant", SUBSCRIPTION, false, "r1");
    account.run(&["review"]).exits(0).tells(&["hubup: setup plant"]).hides(&["in the sandbox"]);
    account
        .run(&["review", "--sandbox"])
        .exits(2)
        .tells(&["no run of any rehearsed setup", "on Azure, without `--sandbox`: plant (last run r1)"]);

    setup(&account, "mill", SUBSCRIPTION, false, "r2");
    let rehearsed = setup(&account, "mill", SUBSCRIPTION, true, "r3");
    account.run(&["review"]).exits(2).tells(&["2 setups", "plant (last run r1)", "mill (last run r2)"]);
    account.run(&["review", "--setup", "MILL"]).exits(0).tells(&["setup mill"]).hides(&["in the sandbox"]);
    account
        .run(&["review", "--setup", "mill", "--sandbox"])
        .exits(0)
        .tells(&["setup mill", "in the sandbox"]);
    account.run(&["review", "--sandbox"]).exits(0).tells(&["setup mill", "in the sandbox"]);
    let id = rehearsed.to_string();
    account.run(&["review", "--setup", &id, "--sandbox"]).exits(0).tells(&["setup mill"]);
    account.run(&["review", "--setup", "mil"]).exits(2).tells(&[
        "no setup `mil`",
        "plant",
        "mill (last run r2)",
        "with `--sandbox`: mill (last run r3)",
    ]);

    // The same name in two subscriptions.
    let second = setup(&account, "mill", OTHER, false, "r4").to_string();
    account.run(&["review", "--setup", "mill"]).exits(2).tells(&["several subscriptions", OTHER, &second]);
    let json: Value =
        serde_json::from_str(&account.run(&["review", "--setup", &second, "--output", "json"]).exits(0).out)
            .unwrap();
    assert_eq!(json["subscription"], OTHER);
}

#[test]
fn a_setup_file_says_which_and_does_no_harm_beside_a_name() {
    let account = Account::new();
    setup(&account, "plant", SUBSCRIPTION, false, "r1");
    setup(&account, "mill", SUBSCRIPTION, false, "r2");
    account.write("hubup.toml", FILE);
    account.run(&["review"]).exits(0).tells(&["setup plant"]);
    account.run(&["review", "--setup", "mill"]).exits(0).tells(&["setup mill"]);
    account
        .run(&["review", "--setup", "mill", "--config", "hubup.toml"])
        .exits(2)
        .tells(&["give one of the two"]);
    // Its state folder is that of its setup, and of no other.
    account.write("hubup.toml", format!("{FILE}[engine]\nstate_folder = \"elsewhere\"\n"));
    account.run(&["review"]).exits(2).tells(&["no run of this setup is on record"]);
    account.run(&["review", "--setup", "plant"]).exits(2).tells(&["no run of this setup is on record"]);
    account.run(&["review", "--setup", "mill"]).exits(0).tells(&["setup mill"]);
    account.write("hubup.toml", "name = ");
    account.run(&["review"]).exits(2).tells(&["hubup.toml"]);
    account.run(&["review", "--setup", "plant"]).exits(0).tells(&["setup plant"]);
}

#[test]
fn the_command_that_continues_means_the_same_setup() {
    let account = Account::new();
    setup(&account, "plant", SUBSCRIPTION, false, "r1");
    account.run(&["review"]).exits(0).tells(&["To go on: hubup --setup plant apply\n"]);
    let moved = account.work().join("my state");
    std::fs::rename(account.state(), &moved).unwrap();
    let moved = moved.to_str().unwrap();
    account
        .run(&["review", "--state-folder", moved])
        .exits(0)
        .tells(&[&format!("To go on: hubup --setup plant --state-folder \"{moved}\" apply\n")]);
    account.write("my plant.toml", FILE);
    account
        .run(&["review", "--config", "my plant.toml", "--state-folder", moved])
        .exits(0)
        .tells(&[&format!("hubup --config \"my plant.toml\" --state-folder \"{moved}\" apply\n")]);
}

#[test]
fn a_run_is_found_by_its_id_whosever_it_is() {
    let account = Account::new();
    setup(&account, "plant", SUBSCRIPTION, false, "r1");
    setup(&account, "mill", SUBSCRIPTION, true, "r2");
    setup(&account, "mine", SUBSCRIPTION, false, "x3");
    account
        .run(&["review", "r2"])
        .exits(0)
        .tells(&["setup mill", "To go on: hubup --sandbox --setup mill apply"]);
    account
        .run(&["review", "--setup", "mine", "r1"])
        .exits(0)
        .tells(&["setup plant", "hubup --setup plant apply"]);
    account
        .run(&["review", "--setup", "mine", "r"])
        .exits(2)
        .tells(&["more than one run begins with `r`", "r2, r1"]);
    account.run(&["review", "--setup", "mine", "zz"]).exits(2).tells(&["no run begins with `zz`", "x3"]);
    account.run(&["review", "last"]).exits(2).tells(&["2 setups"]);
    account.run(&["review", "--setup", "mine", "last"]).exits(0).tells(&["setup mine"]);

    account.run(&["runs"]).exits(0).tells(&["plant  r1", "mill (sandbox)  r2", "mine  x3"]);
    account.run(&["runs", "--setup", "mine"]).exits(0).tells(&["x3"]).hides(&["r1", "r2"]);
    account.run(&["runs", "--setup", "none"]).exits(2).tells(&["no setup `none`"]);
}

#[test]
fn runs_that_tell_nothing_are_passed_over() {
    let account = Account::new();
    let first = journal(|first| first["run"] = json!("r1"));
    put(&account, rehearsal(), "r1", &first);
    put(&account, rehearsal(), "r2", "");
    put(&account, rehearsal(), "r3", "{\"at\":\"2026");
    account.run(&["review", "--sandbox", "last"]).exits(0).tells(&["  r1  setup"]);
    account.run(&["review", "--sandbox", "r2"]).exits(2).tells(&["run r2", "nothing was sent"]);
    account
        .run(&["runs", "--sandbox"])
        .exits(0)
        .tells(&["r2  ended before it began", "r3  ended before it began"]);

    // Of runs that go on from one that is gone, those that are there are told, and no others.
    let later = |run: &str, before: &str| {
        journal(|first| {
            first["run"] = json!(run);
            first["continues"] = json!(before);
        })
    };
    put(&account, rehearsal(), "r4", &later("r4", "r0-gone"));
    put(&account, rehearsal(), "r5", &later("r5", "r4"));
    let review = account.run(&["review", "--sandbox", "--output", "json"]).exits(0);
    assert!(review.err.is_empty(), "{review}");
    let review: Value = serde_json::from_str(&review.out).unwrap();
    let runs: Vec<&Value> = review["runs"].as_array().unwrap().iter().map(|run| &run["run"]).collect();
    assert_eq!((runs, &review["missing"]), (vec![&json!("r4"), &json!("r5")], &json!("r0-gone")));
    // A bundle has the same.
    account.run(&["bundle", "--sandbox", "--to", "b.json"]).exits(0).tells(&["Wrote b.json, 2 runs."]);
    account.run(&["bundle", "--sandbox", "r1", "--to", "c.json"]).exits(0).tells(&["Wrote c.json, 1 run."]);
    let bundle: Value =
        serde_json::from_str(&std::fs::read_to_string(account.work().join("b.json")).unwrap()).unwrap();
    assert_eq!(bundle["review"]["missing"], "r0-gone");
}

/// A journal that somebody edited, or that a hubup with a coarser sieve wrote.
#[test]
fn a_bundle_is_sieved_once_more_and_private_also_where_it_replaces() {
    let account = Account::new();
    let secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I=";
    let noted = json!({
        "at": "2026-11-24T15:00:00Z", "seq": 900, "event": "noted",
        "text": format!("HostName=h;SharedAccessKey={secret}"),
    });
    put(&account, rehearsal(), "r1", &format!("{JOURNAL}{noted}\n"));
    let path = account.write("b.json", "mine");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    account.run(&["bundle", "--sandbox", "--to", "b.json"]).exits(6).tells(&["there already", "--force"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    account.run(&["bundle", "--sandbox", "--to", "b.json", "--force"]).exits(0);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("SharedAccessKey=***") && !text.contains(secret));
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    account
        .run(&["bundle", "--sandbox", "--to", "no/such/b.json"])
        .exits(6)
        .tells(&["no/such/b.json", "--to PATH"]);
    // Nothing half written is left behind.
    assert_eq!(std::fs::read_dir(account.work()).unwrap().count(), 1);
}
