//! `review`, `runs`, `bundle` and `--setup`: what the journals alone tell, whatever state they are in.

use std::fs;
use std::path::PathBuf;

use hubup::domain::FORMAT_VERSION;
use hubup::journal::StateFolder;
use serde_json::Value;

use crate::binary::{Account, rehearsal};
use crate::support::keys_in;

const APPLY: [&str; 5] = ["apply", "--sandbox", "--yes", "--sandbox-speed", "0"];
const REVIEW: [&str; 2] = ["review", "--sandbox"];

fn journals(account: &Account) -> Vec<PathBuf> {
    let runs = StateFolder::new(account.state()).runs(rehearsal()).unwrap();
    runs.into_iter().map(|file| file.path).collect()
}

fn json(account: &Account, arguments: &[&str]) -> Value {
    serde_json::from_str(&account.run(arguments).exits(0).out).unwrap()
}

fn step<'a>(review: &'a Value, id: &str) -> &'a Value {
    let stages = review["stages"].as_array().unwrap();
    stages.iter().flat_map(|stage| stage["steps"].as_array().unwrap()).find(|step| step["id"] == id).unwrap()
}

#[test]
fn a_run_is_told_in_every_form() {
    let account = Account::new();
    account.run(&[&APPLY[..], &["--no-check", "--sandbox-world", "limited-caller"]].concat()).exits(4);
    account.run(&REVIEW).exits(0).tells(&[
        "5 of 17 done, 2 failed, 10 blocked",
        "ask an administrator",
        "correlation ",
        "PUT    roleDefinitions/",
        "To go on: hubup --sandbox apply",
    ]);
    let review = json(&account, &[&REVIEW[..], &["--output", "json"]].concat());
    let role = step(&review, "access.adr-role");
    assert_eq!(role["state"], "failed");
    assert_eq!(role["attempts"], 1);
    assert!(role["fault"]["remedy"].as_str().unwrap().contains("administrator"));
    let exchanges = role["exchanges"].as_array().unwrap();
    assert!(exchanges.iter().any(|exchange| exchange["status"] == 403 && exchange["request"].is_object()));
    assert_eq!(review["tally"]["all"], 17);
    let marked = account.run(&[&REVIEW[..], &["--only", "failed", "--output", "markdown"]].concat()).exits(0);
    marked
        .tells(&["# hubup: setup contoso-factory", "### Define the custom role: failed"])
        .hides(&["### Create the IoT hub"]);
    account.run(&[&REVIEW[..], &["--only", "fine"]].concat()).exits(2).tells(&["already-there", "left"]);
}

#[test]
fn runs_are_listed_and_chosen_by_the_beginning_of_their_id() {
    let account = Account::new();
    account
        .run(&["runs", "--sandbox"])
        .exits(2)
        .tells(&["no run of any rehearsed setup is on record", "hubup --sandbox apply"]);
    account.run(&APPLY).exits(0);
    account.run(&APPLY).exits(0);
    let runs = json(&account, &["runs", "--sandbox", "--output", "json"]);
    let ids: Vec<&str> = runs.as_array().unwrap().iter().map(|run| run["run"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(runs[1]["continues"], ids[0]);
    let first = json(&account, &["review", "--sandbox", ids[0], "--output", "json"]);
    assert_eq!(step(&first, "hub.create")["state"], "done");
    let last = json(&account, &["review", "--sandbox", "last", "--output", "json"]);
    assert_eq!(step(&last, "hub.create")["state"], "already there");
    let all = json(&account, &["review", "--sandbox", "--output", "json"]);
    assert_eq!(
        (all["runs"].as_array().unwrap().len(), &step(&all, "hub.create")["attempts"]),
        (2, &Value::from(1))
    );
    account.run(&REVIEW).exits(0).tells(&["already there"]).hides(&["tried"]);
    account.run(&["review", "--sandbox", "2"]).exits(2).tells(&["more than one run begins with `2`"]);
    account.run(&["review", "--sandbox", "nope"]).exits(2).tells(&["no run begins with `nope`", ids[1]]);
}

/// A journal that the hubup before format 2 wrote.
#[test]
fn an_older_format_is_read_and_a_newer_one_refused() {
    let account = Account::new();
    let folder = account.state().join(format!("setups/{}/runs", rehearsal()));
    fs::create_dir_all(&folder).unwrap();
    let old = include_str!("data/format-1.jsonl");
    assert!(old.contains("\"format\":1,"));
    fs::write(folder.join("20261124T140301.742-73f252.jsonl"), old).unwrap();
    let review = json(&account, &[&REVIEW[..], &["--output", "json"]].concat());
    assert_eq!(step(&review, "access.adr-role")["state"], "failed");
    assert_eq!(
        (&review["runs"][0]["format"], &review["runs"][0]["kind"]),
        (&Value::from(1), &Value::from("setup"))
    );
    // A run goes on from it.
    account.run(&APPLY).exits(0).tells(&["going on from run 20261124T140301.742-73f252", "17 of 17 done"]);
    let newer = old.replacen("\"format\":1,", "\"format\":99,", 1);
    fs::write(folder.join("20991124T140301.742-73f252.jsonl"), newer).unwrap();
    account.run(&REVIEW).exits(6).tells(&[
        "has format 99",
        &format!("reads up to format {FORMAT_VERSION}"),
        "use hubup",
    ]);
    account.run(&["runs", "--sandbox"]).exits(0).tells(&["not readable", "20261124T140301.742-73f252"]);
}

#[test]
fn journals_that_were_torn_damaged_or_lost_are_told_as_they_are() {
    let account = Account::new();
    account.run(&APPLY).exits(0);
    account.run(&APPLY).exits(0);
    let paths = journals(&account);
    let whole = fs::read(&paths[1]).unwrap();
    fs::write(&paths[1], &whole[..whole.len() - 20]).unwrap();
    account.run(&REVIEW).exits(0).tells(&["ended without a last word, or still runs"]);
    fs::write(&paths[1], "").unwrap();
    account.run(&REVIEW).exits(0).tells(&["17 of 17 done"]);
    account.run(&["runs", "--sandbox"]).exits(0).tells(&["ended before it began"]);
    fs::write(
        &paths[1],
        String::from_utf8(whole.clone()).unwrap().replacen("\n{\"at\"", "\nnoise{\"at\"", 1),
    )
    .unwrap();
    account
        .run(&REVIEW)
        .exits(6)
        .tells(&["cannot read line 2", paths[1].file_name().unwrap().to_str().unwrap()]);
    fs::write(&paths[1], &whole).unwrap();
    fs::remove_file(&paths[0]).unwrap();
    account.run(&REVIEW).exits(0).tells(&[
        "its journal is gone, and what it did is not told",
        "what is there is shown",
        "17 of 17 done",
    ]);
}

#[test]
fn a_bundle_holds_no_secret_and_replaces_nothing() {
    let account = Account::new();
    account.run(&APPLY).exits(0);
    let path = account.work().join("b.json");
    account
        .run(&["bundle", "--sandbox", "--to", "b.json"])
        .exits(0)
        .tells(&["Wrote b.json", "Not in it: keys"]);
    let text = fs::read_to_string(&path).unwrap();
    let world: Value =
        serde_json::from_str(&fs::read_to_string(account.state().join("sandbox/world.json")).unwrap())
            .unwrap();
    let mut secrets = Vec::new();
    keys_in(&world, &mut secrets);
    assert!(secrets.len() > 3, "the world has keys");
    for secret in &secrets {
        assert!(!text.contains(secret.as_str()));
    }
    assert!(
        text.split("SharedAccessKey=")
            .skip(1)
            .all(|rest| rest.starts_with("{secret: ") || rest.starts_with('*')),
        "named or masked"
    );
    for sign in ["SharedAccessSignature sr", "Bearer ", "&sig=", "?t=", "client_secret"] {
        assert!(!text.contains(sign), "{sign}");
    }
    let bundle: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(bundle["review"]["tally"]["done"], 17);
    assert!(bundle["records"][0].as_array().unwrap().len() > 100);
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    account.run(&["bundle", "--sandbox", "--to", "b.json"]).exits(6).tells(&["--force"]);
    account.run(&["bundle", "--sandbox", "--to", "b.json", "--force"]).exits(0);
}

#[test]
fn a_setup_is_gone_on_with_by_its_name_alone() {
    let account = Account::new();
    account.run(&["init"]).exits(0);
    let file = account.work().join("hubup.toml");
    let text =
        fs::read_to_string(&file).unwrap().replacen("name = \"contoso-factory\"", "name = \"second\"", 1);
    let text = text.replacen("\"rg-contoso-factory\"", "\"rg-second\"", 1);
    fs::write(&file, text).unwrap();
    account.run(&[&APPLY[..], &["--skip", "enrollment.group"]].concat()).exits(0);
    fs::remove_file(&file).unwrap();
    let named = ["--setup", "second"];
    // Only this one is on record: it is meant.
    account.run(&REVIEW).exits(0).tells(&["setup second", "hubup"]);
    account.run(&[&APPLY[..], &named].concat()).exits(0).tells(&[
        "going on from run",
        "17 of 17 done",
        "second",
    ]);
    account.run(&["status", "--sandbox", "--sandbox-speed", "0", "--setup", "second"]).exits(0);
    account.run(&APPLY).exits(0);
    // Two are on record now, and the embedded example is meant when nothing is said.
    account.run(&REVIEW).exits(0).tells(&["setup contoso-factory"]);
    account.run(&[&REVIEW[..], &named].concat()).exits(0).tells(&["setup second"]);
    account
        .run(&[&REVIEW[..], &["--setup", "third"]].concat())
        .exits(2)
        .tells(&["no rehearsed setup `third`", "second (last run"]);
    account.run(&["review", "--setup", "second"]).exits(2).tells(&["no setup `second`"]);
    account.run(&["destroy", "--sandbox", "--sandbox-speed", "0", "--yes", "--setup", "second"]).exits(0);
    account.run(&[&REVIEW[..], &named].concat()).exits(0).tells(&["being taken down"]);
}
