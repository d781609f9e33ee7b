//! `hubup destroy` as a person starts it: what it shows, prints and returns, and what it does with a changed file.

use hubup::domain::{Method, RunEvent, RunKind};
use serde_json::Value;

use crate::binary::{Account, rehearsal};
use crate::support::keys_in;

fn sandboxed<'a>(command: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&[command, "--sandbox", "--sandbox-speed", "0"], more].concat()
}

fn world(account: &Account) -> Value {
    let text = std::fs::read_to_string(account.state().join("sandbox/world.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_plan_is_shown_and_the_end_says_what_came_of_it() {
    let account = Account::new();
    account.run(&sandboxed("apply", &["--yes"])).exits(0);
    let mut secrets = Vec::new();
    keys_in(&world(&account), &mut secrets);
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let ran = account.run(&sandboxed("destroy", &["--yes"])).exits(0);
    assert!(ran.err.is_empty(), "{ran}");
    let (plan, rest) = ran.out.split_once("What stays:").unwrap();
    for resource in [
        "providers/Microsoft.Devices/IotHubs/contoso-factory-hub",
        "providers/Microsoft.Devices/provisioningServices/contoso-factory-dps",
        "providers/Microsoft.DeviceRegistry/namespaces/contoso-factory-ns",
        "resourcegroups/rg-contoso-factory",
    ] {
        assert!(plan.lines().any(|line| line.contains("  delete ") && line.ends_with(resource)), "{plan}");
    }
    let end = &rest[rest.find("Deleted, or taken away").unwrap()..];
    let (deleted, left) = end.split_once("Left behind").unwrap();
    assert!(
        deleted.contains("  Delete the IoT hub\n") && deleted.contains("  Delete the resource group\n"),
        "{end}"
    );
    assert!(left.contains("the service principal of the IoT Hub application: "), "{end}");
    assert!(left.contains("Nothing of the setup contoso-factory is left to delete."), "{end}");
    ran.hides(&secrets).hides(&["/work", "SharedAccessSignature sr=", "Bearer "]);
    assert_eq!(world(&account)["resources"], serde_json::json!({}));

    // Once more: it is seen to be gone, and there is nothing to do.
    account
        .run(&sandboxed("destroy", &["--yes"]))
        .exits(0)
        .tells(&["Gone already, or going with something else", "Delete the IoT hub: gone already"])
        .hides(&["Deleted, or taken away"]);
}

#[test]
fn records_are_those_of_any_run() {
    let account = Account::new();
    account.run(&sandboxed("apply", &["--yes"])).exits(0);
    let ran = account.run(&sandboxed("destroy", &["--yes", "--output", "json"])).exits(0);
    let records = ran.records();
    let RunEvent::RunStarted(header) = &records[0].event else { panic!("{ran}") };
    assert_eq!(header.kind, RunKind::Teardown);
    assert_eq!(header.setup, rehearsal());
    assert!(header.continues.is_some());
    assert!(matches!(records.last().unwrap().event, RunEvent::RunFinished { .. }));
    let deleted = records.iter().filter(
        |record| matches!(&record.event, RunEvent::CallStarted(call) if call.shown.method == Method::Delete),
    );
    assert!(deleted.count() >= 10, "{ran}");
}

#[test]
fn without_a_terminal_only_yes_agrees() {
    let account = Account::new();
    account.run(&sandboxed("apply", &["--yes"])).exits(0);
    let before = world(&account)["resources"].clone();
    for more in [&[][..], &["--output", "json"]] {
        account.run(&sandboxed("destroy", more)).exits(2).tells(&["error: ", "`hubup destroy --yes`"]);
    }
    account
        .run(&sandboxed("destroy", &["--yes", "--skip", "hub.create"]))
        .exits(2)
        .tells(&["there is no step `hub.create`", "hub.delete"]);
    assert_eq!(world(&account)["resources"], before);
}

#[test]
fn what_did_not_work_is_told_with_its_remedy_and_the_same_command_goes_on() {
    let account = Account::new();
    let path = account.write(
        "world.toml",
        "[[faults]]\nmethod = \"DELETE\"\npath = \"*/IotHubs/*\"\nnth = [1]\naction = \"locked\"\n",
    );
    let world_file = path.to_str().unwrap();
    account.run(&sandboxed("apply", &["--yes", "--sandbox-world", world_file])).exits(0);
    account.run(&sandboxed("destroy", &["--yes"])).exits(4).tells(&[
        "Deleted, or taken away",
        "Delete the Device Provisioning Service",
        "Not done",
        "hub.delete: error: ScopeLocked: ",
        "have the lock removed, then retry",
        "To go on: hubup destroy --sandbox",
    ]);
    account.run(&sandboxed("destroy", &["--yes"])).exits(0).tells(&["is left to delete"]);
    assert_eq!(world(&account)["resources"], serde_json::json!({}));
}

#[test]
fn what_is_skipped_is_kept() {
    let account = Account::new();
    account.run(&sandboxed("apply", &["--yes"])).exits(0);
    account
        .run(&sandboxed("destroy", &["--yes", "--skip", "access.delete-identity"]))
        .exits(0)
        .tells(&["(skipped at your word)", "Delete the resource group: it holds contoso-factory-id"]);
    let resources = world(&account)["resources"].as_object().unwrap().len();
    assert_eq!(resources, 2, "the identity and its group");
    account.run(&sandboxed("destroy", &["--yes"])).exits(0);
    assert_eq!(world(&account)["resources"], serde_json::json!({}));
}

#[test]
fn it_takes_down_what_was_set_up_and_not_what_the_file_says_since() {
    let account = Account::new();
    let file = |hub: &str| {
        format!(
            "name = \"plant\"\nsubscription = \"11111111-1111-4111-8111-111111111111\"\nresource_group = \"rg-plant\"\n\
             location = \"eastus2\"\n[hub]\nname = \"{hub}\"\n"
        )
    };
    account.write("hubup.toml", file("plant-hub"));
    account.run(&sandboxed("apply", &["--yes"])).exits(0);
    account.write("hubup.toml", file("another-hub"));
    account.run(&sandboxed("destroy", &["--yes"])).exits(0).tells(&["IotHubs/plant-hub"]);
    assert_eq!(world(&account)["resources"], serde_json::json!({}));
    // A setup that is down can be set up again.
    account.run(&sandboxed("apply", &["--yes"])).exits(0);
    account.run(&sandboxed("destroy", &["--yes"])).exits(0).tells(&["IotHubs/another-hub"]);
    assert_eq!(world(&account)["resources"], serde_json::json!({}));
}
