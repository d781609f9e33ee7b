//! `review`, `runs` and `bundle` as a person starts them: over journals alone, old ones, broken ones, several setups.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use hubup::domain::{FORMAT_VERSION, Record, RunEvent, SetupId};
use hubup::journal::StateFolder;
use serde_json::{Value, json};

use crate::binary::{Account, rehearsal, setup_file};
use crate::support::keys_in;

const COMPLETE: &str = include_str!("data/format1-complete.jsonl");
const FAILED: &str = include_str!("data/format1-failed.jsonl");

const APPLY: [&str; 5] = ["apply", "--sandbox", "--yes", "--sandbox-speed", "0"];

/// A journal with members of its first line changed.
fn changed(journal: &str, change: impl FnOnce(&mut Value)) -> String {
    let (first, rest) = journal.split_once('\n').unwrap();
    let mut first: Value = serde_json::from_str(first).unwrap();
    change(&mut first);
    format!("{first}\n{rest}")
}

/// Puts a journal where the run `run` of `setup` has it.
fn put(account: &Account, setup: SetupId, run: &str, journal: &str) -> PathBuf {
    let folder = StateFolder::new(account.state()).setup(setup).join("runs");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{run}.jsonl"));
    let journal = if journal.contains('\n') && journal.starts_with("{\"at\"") {
        changed(journal, |first| first["run"] = json!(run))
    } else {
        journal.to_owned()
    };
    std::fs::write(&path, journal).unwrap();
    path
}

/// A setup of that name, real or rehearsed, with one run.
fn setup(account: &Account, name: &str, subscription: &str, sandbox: bool, run: &str) -> SetupId {
    let cloud = if sandbox { "sandbox" } else { "public" };
    let id = SetupId::of(cloud, subscription, name);
    let journal = changed(COMPLETE, |first| {
        first["setup"] = json!(id);
        first["sandbox"] = json!(sandbox);
        first["answers"]["name"] = json!(name);
        first["answers"]["subscription"] = json!(subscription);
        first["answers"]["cloud"]["name"] = json!(cloud);
    });
    put(account, id, run, &journal);
    id
}

const SUBSCRIPTION: &str = "11111111-1111-4111-8111-111111111111";
const OTHER: &str = "22222222-2222-4222-8222-222222222222";

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).expect(text)
}

#[test]
fn what_was_done_is_told_without_azure_and_while_a_run_goes_on() {
    let account = Account::new();
    account.run(&[&APPLY[..], &["--only", "access"]].concat()).exits(0);
    account.run(&[&APPLY[..], &["--skip", "enrollment.group"]].concat()).exits(0);
    // No sandbox that could be asked, and somebody at work.
    std::fs::remove_dir_all(account.state().join("sandbox")).unwrap();
    let lock = StateFolder::new(account.state()).lock(rehearsal()).unwrap();
    let before = listing(&account);

    let told = account.run(&["review", "--sandbox"]).exits(0).tells(&[
        "hubup: setup of contoso-factory, in the sandbox",
        "16 of 17 done · 1 skipped",
        "already there   00:00      1  Create the resource group",
        "skipped         00:00         Create the enrollment group",
        "enrollment.group  Create the enrollment group: skipped",
        "run `hubup apply --sandbox` to have it done",
    ]);
    assert!(told.err.is_empty(), "{told}");
    account
        .run(&["review", "--sandbox", "--details"])
        .exits(0)
        .tells(&["came back", "\"provisioningState\""]);
    account.run(&["review", "--sandbox", "--output", "markdown"]).exits(0).tells(&[
        "# hubup: setup of contoso-factory, in the sandbox",
        "| Enrollment group | Create the enrollment group | skipped |",
    ]);
    let json = json_of(&account.run(&["review", "--sandbox", "--output", "json"]).exits(0).out);
    assert_eq!(
        (&json["format"], &json["setup"], &json["cloud"]),
        (&json!(1), &json!("contoso-factory"), &json!("sandbox"))
    );
    assert_eq!(json["runs"].as_array().unwrap().len(), 2);
    assert_eq!(json["runs"][1]["continues"], json["runs"][0]["run"]);
    assert_eq!(json["stages"][0]["steps"][0]["outcome"], "already-there");
    assert_eq!(json["stages"][0]["steps"][0]["tries"].as_array().unwrap().len(), 2);
    assert_eq!(json["stages"][0]["steps"][0]["tries"][1]["look"], true);

    account.run(&["runs", "--sandbox"]).exits(0).tells(&[
        "contoso-factory  (in the sandbox, resource group rg-contoso-factory)",
        "complete, exit code 0",
        "5 of 17 done · 12 left",
        "16 of 17 done · 1 skipped",
        "goes on from",
    ]);
    assert_eq!(listing(&account), before, "nothing was written");
    drop(lock);
}

/// Every file of the state folder.
fn listing(account: &Account) -> Vec<(PathBuf, u64)> {
    let mut open = vec![account.state()];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let data = entry.metadata().unwrap();
            if data.is_dir() {
                open.push(entry.path());
            } else {
                found.push((entry.path(), data.len()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn older_journals_are_read_and_newer_ones_refused() {
    let account = Account::new();
    put(&account, rehearsal(), "20261124T140301.000-aaaaaa", FAILED);
    account.run(&["review", "--sandbox"]).exits(0).tells(&[
        "5 of 17 done · 2 failed · 10 blocked",
        "not permitted, exit code 4",
        "AuthorizationFailed",
        "settle `access.hub-app` first",
        "What is left",
        "To go on: hubup apply --sandbox",
    ]);
    put(&account, rehearsal(), "20261124T140302.000-bbbbbb", COMPLETE);
    account.run(&["review", "--sandbox"]).exits(0).tells(&["17 of 17 done"]).hides(&["What is left"]);

    let newer = changed(COMPLETE, |first| {
        first["format"] = json!(FORMAT_VERSION + 1);
        first["hubup"] = json!("9.1.0");
    });
    let path = put(&account, rehearsal(), "20261124T140303.000-cccccc", &newer);
    let sentence = &["use hubup 9.1.0 or newer for this setup", path.to_str().unwrap()];
    for command in [&["review", "--sandbox"][..], &["bundle", "--sandbox"], &["review", "--sandbox", "last"]]
    {
        let ran = account.run(command).exits(6).tells(sentence);
        assert!(ran.out.is_empty(), "{ran}");
    }
    // The others can be looked at, and it is listed.
    account.run(&["review", "20261124T140302"]).exits(0).tells(&["17 of 17 done"]);
    account.run(&["runs", "--sandbox"]).exits(0).tells(sentence);
    account.run(&["runs", "--all"]).exits(0).tells(sentence).tells(&["complete, exit code 0"]);
    let rows = json_of(&account.run(&["runs", "--all", "--output", "json"]).exits(0).out);
    let states: Vec<&str> =
        rows.as_array().unwrap().iter().map(|row| row["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["readable", "readable", "unreadable"]);
    assert_eq!(
        (&rows[0]["done"], &rows[0]["failed"], &rows[0]["left"], &rows[0]["all"]),
        (&json!(5), &json!(2), &json!(10), &json!(17))
    );
}

#[test]
fn broken_journals_tell_what_they_hold_or_name_the_place() {
    let account = Account::new();
    let half: Vec<&str> = COMPLETE.lines().take(60).collect();
    let torn = format!("{}\n{{\"at\":\"2026-11-24T14:0", half.join("\n"));
    put(&account, rehearsal(), "r1", &torn);
    // One that ended before its first line changes nothing.
    put(&account, rehearsal(), "r2", "");
    account.run(&["review", "--sandbox"]).exits(0).tells(&[
        "ended without a last word: it was killed or",
        "its last line is not whole",
        "To go on: hubup apply --sandbox",
    ]);
    account.run(&["review", "--sandbox", "r2"]).exits(2).tells(&["run r2", "nothing was sent"]);
    account.run(&["review", "--sandbox", "last"]).exits(0).tells(&["run  r1"]);
    account
        .run(&["runs", "--sandbox"])
        .exits(0)
        .tells(&["ended before its first line was on disk", "killed or still runs"]);

    // What it goes on from is gone: what there is, is told.
    let later = changed(COMPLETE, |first| first["continues"] = json!("r0-lost"));
    put(&account, rehearsal(), "r3", &later);
    account.run(&["review", "--sandbox"]).exits(0).tells(&["r0-lost is missing here", "17 of 17 done"]);
    let json = json_of(&account.run(&["review", "--sandbox", "--output", "json"]).exits(0).out);
    assert_eq!(json["missing_run"], "r0-lost");
    account.run(&["review", "--sandbox", "--output", "markdown"]).exits(0).tells(&["`r0-lost` is missing"]);

    let mut lines: Vec<&str> = COMPLETE.lines().collect();
    lines[6] = "{\"at\":";
    let path = put(&account, rehearsal(), "r4", &format!("{}\n", lines.join("\n")));
    let place = format!("cannot read line 7 of `{}`", path.display());
    account.run(&["review", "--sandbox"]).exits(6).tells(&[&place]);
    account.run(&["bundle", "--sandbox"]).exits(6).tells(&[&place]);
    account.run(&["runs", "--sandbox"]).exits(0).tells(&[&place, "17 of 17 done"]);
    account.run(&["review", "--sandbox", "r3"]).exits(0).tells(&["17 of 17 done"]);

    // Nothing on record.
    let account = Account::new();
    account.run(&["runs"]).exits(0).tells(&["No run is on record"]);
    account.run(&["runs", "--output", "json"]).exits(0).tells(&["[]"]);
    account.run(&["review"]).exits(2).tells(&["no setup file `hubup.toml` here", "--config PATH"]);
    account.write("hubup.toml", setup_file(&[], 1.0).replace("[engine]\ntime_scale = 1.0\n", ""));
    account.run(&["review"]).exits(2).tells(&["no run of the setup plant is on record", "hubup runs --all"]);
}

#[test]
fn steps_and_runs_can_be_chosen() {
    let account = Account::new();
    put(&account, rehearsal(), "20261124T140301.000-aaaaaa", FAILED);
    put(&account, rehearsal(), "20261124T140302.000-bbbbbb", COMPLETE);
    let one = ["review", "--sandbox", "20261124T140301", "--only", "failed,skipped"];
    account
        .run(&one)
        .exits(0)
        .tells(&["Find the IoT Hub application", "2 failed"])
        .hides(&["sync.hub-certificate  See"]);
    let json = json_of(&account.run(&[&one[..], &["--output", "json"]].concat()).exits(0).out);
    let steps: Vec<&Value> = json["stages"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|stage| stage["steps"].as_array().unwrap())
        .collect();
    assert_eq!(steps.len(), 2);
    assert!(steps.iter().all(|step| step["outcome"] == "failed"));
    account
        .run(&["review", "--sandbox", "last", "--only", "left"])
        .exits(0)
        .tells(&["No step is as you asked."]);
    account
        .run(&["review", "--sandbox", "--only", "failed,broken"])
        .exits(2)
        .tells(&["'broken'", "done, already-there, warned, skipped, blocked, failed, cancelled, left"]);
    account.run(&["review", "--sandbox", "2026"]).exits(2).tells(&[
        "several runs begin with `2026`",
        "-aaaaaa",
        "-bbbbbb",
    ]);
    account.run(&["review", "--sandbox", "r9"]).exits(2).tells(&["no run is called `r9`", "-bbbbbb"]);
    // An id says which setup, too.
    account
        .run(&["review", "20261124T140301"])
        .exits(0)
        .tells(&["To go on: hubup apply --sandbox --setup contoso-factory"]);
    account.run(&["review", "last"]).exits(2).tells(&["(add `--sandbox`)"]);
}

#[test]
fn a_setup_is_found_by_its_name_or_because_it_is_the_only_one() {
    let account = Account::new();
    setup(&account, "plant", SUBSCRIPTION, false, "r1");
    account.run(&["review"]).exits(0).tells(&["hubup: setup of plant"]).hides(&["in the sandbox"]);
    account.run(&["review", "--sandbox"]).exits(2).tells(&[
        "no setup of the sandbox is on record",
        "plant",
        "leave `--sandbox` out",
    ]);

    setup(&account, "mill", SUBSCRIPTION, false, "r2");
    let rehearsed = setup(&account, "mill", SUBSCRIPTION, true, "r3");
    account.run(&["review"]).exits(2).tells(&[
        "several setups are on record",
        "plant",
        "last run r1",
        "mill",
        "last run r2",
    ]);
    account.run(&["review", "--setup", "MILL"]).exits(0).tells(&["setup of mill"]).hides(&["in the sandbox"]);
    account
        .run(&["review", "--setup", "mill", "--sandbox"])
        .exits(0)
        .tells(&["setup of mill, in the sandbox"]);
    account.run(&["review", "--sandbox"]).exits(0).tells(&["setup of mill, in the sandbox"]);
    account
        .run(&["review", "--setup", &rehearsed.to_string(), "--sandbox"])
        .exits(0)
        .tells(&["setup of mill"]);
    account.run(&["review", "--setup", "mil"]).exits(2).tells(&[
        "no setup called `mil`",
        "plant",
        "mill",
        "`--setup`",
    ]);
    account.run(&["review", "--setup", "mill", "--config", "x.toml"]).exits(2).tells(&["give one of them"]);
    account.run(&["runs"]).exits(0).tells(&["plant  (", "mill  (resource", "mill  (in the sandbox"]);
    account.run(&["runs", "--setup", "mill"]).exits(0).tells(&["  r2  "]).hides(&["  r1  ", "  r3  "]);
    account.run(&["runs", "--setup", "mil"]).exits(2).tells(&["no setup called `mil`"]);

    // The same name in two subscriptions.
    let second = setup(&account, "mill", OTHER, false, "r4");
    account.run(&["review", "--setup", "mill"]).exits(2).tells(&[
        "2 setups are called `mill`",
        OTHER,
        &second.to_string(),
    ]);
    account.run(&["review", "--setup", &second.to_string()]).exits(0).tells(&[OTHER]);

    // A setup file says which; beside `--setup` a broken one does no harm.
    let file = setup_file(&[], 1.0).replace("[network.routes]\n[engine]\ntime_scale = 1.0\n", "");
    account.write("hubup.toml", file);
    account.run(&["review"]).exits(0).tells(&["setup of plant"]);
    account.write("hubup.toml", "name = ");
    account.run(&["review"]).exits(2).tells(&["hubup.toml"]);
    account.run(&["review", "--setup", "plant"]).exits(0).tells(&["setup of plant"]);
    account.run(&["review", "r2"]).exits(2);
}

#[test]
fn what_goes_on_is_told_as_it_must_be_typed() {
    let account = Account::new();
    let id = SetupId::of("public", SUBSCRIPTION, "plant");
    let journal = changed(FAILED, |first| {
        first["setup"] = json!(id);
        first["sandbox"] = json!(false);
        first["answers"]["name"] = json!("plant");
        first["answers"]["cloud"]["name"] = json!("public");
    });
    put(&account, id, "r1", &journal);
    account.run(&["review"]).exits(0).tells(&["To go on: hubup apply --setup plant\n"]);
    let state = account.state();
    let state = state.to_str().unwrap();
    account
        .run(&["review", "--state-folder", state])
        .exits(0)
        .tells(&[&format!("hubup apply --setup plant --state-folder {state}")]);
    let file = setup_file(&[], 1.0).replace("[network.routes]\n[engine]\ntime_scale = 1.0\n", "");
    account.write("my plant.toml", file);
    account
        .run(&["review", "--config", "my plant.toml"])
        .exits(0)
        .tells(&["hubup apply --config \"my plant.toml\"\n"]);
}

#[test]
fn a_bundle_holds_everything_but_secrets() {
    let account = Account::new();
    account.run(&[&APPLY[..], &["--only", "access"]].concat()).exits(0);
    account.run(&APPLY).exits(0);
    let ran = account.run(&["bundle", "--sandbox"]).exits(0).tells(&["In it:", "Not in it: keys", "2 runs"]);
    let state = StateFolder::new(account.state());
    let runs = state.runs(rehearsal()).unwrap();
    let name = format!("hubup-bundle-{}.json", runs[1].run);
    assert!(ran.out.contains(&name), "{ran}");
    let path = account.work().join(&name);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);

    let bundle = json_of(&text);
    assert_eq!(bundle["hubup"], env!("CARGO_PKG_VERSION"));
    assert!(bundle["system"].is_string() && bundle["architecture"].is_string());
    assert_eq!(bundle["review"]["counts"]["done"], 17);
    let journals = bundle["journals"].as_array().unwrap();
    assert_eq!(journals.len(), 2);
    // They can be folded again.
    let records: Vec<Record> = serde_json::from_value(journals[1]["records"].clone()).unwrap();
    let kept = hubup::journal::read(&runs[1].path).unwrap().records;
    assert_eq!(records.len(), kept.len());

    // Every key of the world, the caller's secret, and how status URLs are signed.
    let world = std::fs::read_to_string(account.state().join("sandbox/world.json")).unwrap();
    let mut secrets = Vec::new();
    keys_in(&json_of(&world), &mut secrets);
    assert!(secrets.len() >= 5);
    let signed: Vec<String> = kept
        .iter()
        .filter_map(|record| match &record.event {
            RunEvent::OperationAccepted { wait, .. } => Some(wait.poll().split_once("&t=")?.1.to_owned()),
            _ => None,
        })
        .collect();
    assert!(signed.len() >= 3);
    secrets.extend(signed);
    secrets.extend(["SharedAccessSignature sr=", "Bearer ", "sig=", "&t=", "eyJ"].map(ToOwned::to_owned));
    for secret in &secrets {
        assert!(!text.contains(secret), "`{secret}` stands in the bundle");
    }
    let told: Vec<&str> = secrets.iter().map(String::as_str).collect();
    for output in ["text", "json", "markdown"] {
        account.run(&["review", "--sandbox", "--details", "--output", output]).exits(0).hides(&told);
    }

    account.run(&["bundle", "--sandbox"]).exits(2).tells(&["is there already", "--force"]);
    account.run(&["bundle", "--sandbox", "--force"]).exits(0);
    account
        .run(&["bundle", "--sandbox", "last", "--to", "b.json"])
        .exits(0)
        .tells(&["Wrote b.json", "1 run"]);
    account
        .run(&["bundle", "--sandbox", "--to", "no/such/b.json"])
        .exits(6)
        .tells(&["no/such/b.json", "--to FILE"]);
}

/// A journal that somebody edited, or that a hubup with a coarser sieve wrote.
#[test]
fn a_bundle_is_sieved_once_more() {
    let account = Account::new();
    let secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I=";
    let noted = json!({
        "at": "2026-11-24T15:00:00Z", "seq": 900, "event": "noted",
        "text": format!("HostName=h;SharedAccessKey={secret}"),
    });
    put(&account, rehearsal(), "r1", &format!("{COMPLETE}{noted}\n"));
    account.run(&["bundle", "--sandbox", "--to", "b.json"]).exits(0);
    let text = std::fs::read_to_string(account.work().join("b.json")).unwrap();
    assert!(text.contains("SharedAccessKey=***") && !text.contains(secret));
}
