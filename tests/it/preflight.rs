//! Everything that would stop a setup is told before its first write, and nothing is written where something does.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use hubup::cli::config::Config;
use serde_json::{Value, json};

use crate::binary::{Account, Ran, setup_file};
use crate::stand_in::{Act, Seen, StandIn};
use crate::support::{Cloud, LINKS, MODELS};

/// Runs a command in a world that differs from the shipped one.
fn in_world(world: &str, arguments: &[&str]) -> (Account, Ran) {
    let account = Account::new();
    account.write("world.toml", world);
    let ran = account.run(&with_world(arguments));
    (account, ran)
}

fn with_world<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [arguments, &["--sandbox", "--sandbox-speed", "0", "--sandbox-world", "world.toml"]].concat()
}

fn checked(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran}"))
}

/// `(id, state, key)` of every finding that did not pass.
fn open(told: &Value) -> BTreeSet<(String, String, String)> {
    let findings = told["findings"].as_array().unwrap().iter();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    findings
        .filter(|finding| finding["state"] != "passed")
        .map(|finding| (text(finding, "id"), text(finding, "state"), text(finding, "key")))
        .collect()
}

fn expected(findings: &[(&str, &str, &str)]) -> BTreeSet<(String, String, String)> {
    findings.iter().map(|(id, state, key)| ((*id).into(), (*state).into(), (*key).into())).collect()
}

const CHECK: [&str; 3] = ["check", "--output", "json"];
const ABOVE: &str = "scope = \"/subscriptions/11111111-1111-4111-8111-111111111111\"";

#[test]
fn a_clean_world_passes_everything() {
    for (dialect, world) in MODELS {
        let (account, ran) = in_world(world, &CHECK);
        let ran = ran.exits(0);
        let told = checked(&ran);
        assert_eq!(open(&told), BTreeSet::new(), "{ran}");
        assert_eq!(
            (&told["dialect"], &told["stops"], &told["exit"]),
            (&json!(dialect), &json!(0), &json!(0))
        );
        assert!(!account.state().join("setups").exists(), "a check keeps no journal");
        account.run(&with_world(&["check"])).exits(0).tells(&["passed", "Nothing was changed in Azure."]);
    }
}

/// What differs in a world, what must be found there, and how the command ends.
type Obstacle = (String, Vec<(&'static str, &'static str, &'static str)>, i32);

#[test]
fn each_obstacle_is_told_alone() {
    const RIGHTS: (&str, &str, &str) = ("permissions", "stops", "hand-off");
    const LOCK: (&str, &str, &str) = ("locks", "stops", "remove-lock");
    const NAMES: (&str, &str, &str) = ("names", "not-checked", "check-again");
    const REGISTER: &str = "register-provider";
    let lock = |level: &str| format!("[[locks]]\nname = \"l\"\nlevel = \"{level}\"\n{ABOVE}\n");
    let policy = |effect: &str| {
        format!(
            "[[policies]]\nname = \"p\"\neffect = \"{effect}\"\ntypes = [\"*/IotHubs\"]\nrequires_tag = \"owner\"\n"
        )
    };
    let deny = format!("[[deny_assignments]]\nname = \"d\"\nactions = [\"*/IotHubs/write\"]\n{ABOVE}\n");
    let unregistered = "[registration]\n\"Microsoft.Devices\" = \"NotRegistered\"\n";
    let reader = "[caller]\nroles = [\"Reader\"]\n";
    // An unregistered provider answers no questions.
    let quotas = ("quotas", "not-checked", "check-again");
    let table: Vec<Obstacle> = vec![
        ("[caller]\nroles = [\"Contributor\"]\n".into(), vec![RIGHTS], 4),
        (reader.into(), vec![RIGHTS, NAMES], 4),
        (unregistered.into(), vec![("registration", "warned", REGISTER), NAMES, quotas], 0),
        (
            format!("{reader}{unregistered}"),
            vec![RIGHTS, ("registration", "stops", REGISTER), NAMES, quotas],
            4,
        ),
        (
            "[types.\"Microsoft.Devices\".provisioningServices]\nlisted_locations = [\"westeurope\"]\n"
                .into(),
            vec![("regions", "stops", "change-region")],
            2,
        ),
        ("[names]\ntaken = [\"contoso-factory-dps\"]\n".into(), vec![("names", "stops", "change-name")], 2),
        ("[quotas]\nhubs_per_subscription = 0\n".into(), vec![("quotas", "stops", "raise-quota")], 1),
        (policy("Deny"), vec![("policy", "stops", "meet-policy")], 4),
        (policy("Audit"), vec![("policy", "warned", "meet-policy")], 0),
        (lock("ReadOnly"), vec![LOCK], 4),
        (lock("CanNotDelete"), vec![("locks", "warned", "remove-lock")], 0),
        (deny, vec![("deny-assignments", "stops", "lift-denial")], 4),
        ("[clock]\nahead_seconds = 900\n".into(), vec![("clock", "stops", "set-clock")], 1),
        ("[clock]\nahead_seconds = -900\n".into(), vec![("clock", "stops", "set-clock")], 1),
    ];
    for (_, base) in MODELS {
        for (obstacle, wanted, exit) in &table {
            let (_, ran) = in_world(&format!("{base}{obstacle}"), &CHECK);
            let ran = ran.exits(*exit);
            assert_eq!(open(&checked(&ran)), expected(wanted), "{base}{obstacle}\n{ran}");
        }
    }
    for (obstacle, key) in [
        ("[graph]\nhub_application = false\n", "create-application"),
        ("[graph]\ncaller_may_read = false\n", "give-object-id"),
    ] {
        let (_, ran) = in_world(obstacle, &CHECK);
        assert_eq!(open(&checked(&ran.exits(4))), expected(&[("hub-application", "stops", key)]));
        // The newer object model works without it.
        let (_, ran) = in_world(&format!("{LINKS}{obstacle}"), &CHECK);
        assert_eq!(open(&checked(&ran.exits(0))), BTreeSet::new());
    }
}

#[test]
fn all_obstacles_at_once_are_told_in_one_pass() {
    let world = include_str!("../../assets/sandbox/obstacles.toml");
    let common = [
        ("permissions", "stops", "hand-off"),
        ("regions", "stops", "change-region"),
        ("names", "stops", "change-name"),
        ("quotas", "stops", "raise-quota"),
        ("policy", "stops", "meet-policy"),
        ("policy", "warned", "meet-policy"),
        ("locks", "stops", "remove-lock"),
        ("clock", "stops", "set-clock"),
    ];
    let older = [
        ("registration", "warned", "register-provider"),
        ("hub-application", "stops", "create-application"),
        ("deny-assignments", "stops", "lift-denial"),
    ];
    for (dialect, base) in MODELS {
        let (_, ran) = in_world(&format!("{base}{world}"), &CHECK);
        let ran = ran.exits(4);
        let mut wanted = expected(&common);
        // The managed identity, which some of the obstacles are about, is no part of the newer model's usual plan.
        if dialect == "preview-2025" {
            wanted.extend(expected(&older));
        }
        assert_eq!(open(&checked(&ran)), wanted, "{ran}");
    }
    let shipped = ["--sandbox", "--sandbox-speed", "0", "--sandbox-world", "obstacles"];
    let ran = Account::new().run(&[&["check"], &shipped[..]].concat()).exits(4);
    ran.tells(&[
        "contoso-factory-hub is taken",
        "costCentre",
        "15 min behind",
        "frozen",
        "[hand-off]",
        "10 stop",
    ]);
    // A run stops with the same, and says how it is made all the same.
    let ran = Account::new().run(&[&["apply", "--yes"], &shipped[..]].concat()).exits(4);
    ran.tells(&["contoso-factory-hub is taken", "is not offered in", "10 stop", "--no-check"]);
}

#[test]
fn what_cannot_be_asked_is_not_passed() {
    let table = [
        ("*/permissions", "permissions"),
        ("*/checkNameAvailability", "names"),
        ("*/usages", "quotas"),
        ("*/checkPolicyRestrictions", "policy"),
        ("*/locks", "locks"),
        ("*/denyAssignments", "deny-assignments"),
    ];
    for (_, base) in MODELS {
        for (path, id) in table {
            let fault = format!("{base}[[faults]]\npath = \"{path}\"\naction = \"forbidden\"\n");
            let (_, ran) = in_world(&fault, &CHECK);
            let ran = ran.exits(0);
            let told = checked(&ran);
            assert_eq!(open(&told), expected(&[(id, "not-checked", "check-again")]), "{path}\n{ran}");
            assert!(told["findings"].to_string().contains("AuthorizationFailed"), "{ran}");
        }
    }
}

/// A question changes nothing: one whose reply is lost is asked again, a POST too.
#[test]
fn a_question_whose_answer_is_lost_is_asked_again() {
    for (_, base) in MODELS {
        let fault = |path: &str, action: &str| {
            format!("[[faults]]\nmethod = \"POST\"\npath = \"{path}\"\nnth = [1]\naction = \"{action}\"\n")
        };
        let faults = [
            fault("*/checkNameAvailability", "lost"),
            fault("*/checkProvisioningServiceNameAvailability", "torn"),
            fault("*/checkPolicyRestrictions", "broken"),
        ];
        let (_, ran) = in_world(&format!("{base}{}", faults.concat()), &CHECK);
        assert_eq!(open(&checked(&ran.exits(0))), BTreeSet::new());
    }
}

/// A proxy before `cloud` that keeps what comes by, and an account whose setup goes through it.
async fn through_a_proxy(cloud: &Cloud) -> (Account, Arc<Mutex<Vec<Seen>>>) {
    let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
    let all = seen.clone();
    let proxy = StandIn::start(Some(cloud.sandbox.address()), move |request| {
        if !request.header("host").starts_with("login.") {
            all.lock().unwrap().push(request.clone());
        }
        Act::Pass
    })
    .await;
    let routes: Vec<_> = cloud.routes.iter().map(|(host, _)| (host.clone(), proxy.url())).collect();
    let account = Account::new().signed_in(&cloud.sandbox.sign_in());
    account.write("hubup.toml", setup_file(&routes, 1e6));
    (account, seen)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_only_asks_and_not_too_much() {
    for (dialect, world) in MODELS {
        let cloud = Cloud::open(world).await;
        let (account, seen) = through_a_proxy(&cloud).await;
        let run = move || account.run(&["check"]).exits(0);
        tokio::task::spawn_blocking(run).await.unwrap();
        let seen = seen.lock().unwrap();
        for request in seen.iter() {
            let asks = request.method == "GET" || request.target.contains("/check");
            assert!(asks, "{} {}", request.method, request.target);
        }
        assert!(seen.len() <= 32, "{dialect}: {} requests", seen.len());
        let targets: BTreeSet<_> = seen.iter().map(|request| (&request.target, &request.body)).collect();
        assert!(targets.len() + 5 >= seen.len(), "{dialect}: asked again and again: {targets:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_is_stopped_before_any_write() {
    for (dialect, world) in MODELS {
        let cloud = Cloud::open(&format!("{world}[caller]\nroles = [\"Reader\"]\n")).await;
        let (account, seen) = through_a_proxy(&cloud).await;
        let run = move || {
            let ran = account.run(&["apply", "--yes"]).exits(4);
            (account, ran)
        };
        let (account, ran) = tokio::task::spawn_blocking(run).await.unwrap();
        for request in seen.lock().unwrap().iter() {
            let asks = request.method == "GET" || request.target.contains("/check");
            assert!(asks, "{dialect}: {} {}", request.method, request.target);
        }
        assert!(!account.state().join("setups").exists(), "{dialect}: nothing was begun");
        // To skip nearly everything is no way on.
        ran.tells(&["Nothing was changed", "roleAssignments/write", "--hand-off"])
            .hides(&["--skip hub.create"]);
    }
}

#[test]
fn what_is_skipped_needs_no_right() {
    let world = "[caller]\nroles = [\"Contributor\"]\n";
    let (account, ran) = in_world(world, &["check"]);
    let ran = ran.exits(4);
    let line = ran.out.lines().find(|line| line.contains("`hubup apply --skip")).expect("a way on");
    let skips: Vec<&str> = line.split('`').nth(1).unwrap().split(' ').skip(2).collect();
    assert_eq!(
        skips,
        [
            "--skip",
            "access.adr-role",
            "--skip",
            "access.hub-app-contributor",
            "--skip",
            "namespace.identity-role",
            "--skip",
            "hub.namespace-contributor",
            "--skip",
            "hub.namespace-registry-contributor",
        ]
    );
    account.run(&with_world(&[&["check"][..], &skips].concat())).exits(0);
    let ran = account.run(&with_world(&[&["apply", "--yes"][..], &skips].concat()));
    ran.tells(&["checked before the first change", "access.identity"]);
    assert_eq!(account.journals(&Config { answers: rehearsed(), ..Config::example() }).len(), 1);
}

fn rehearsed() -> hubup::domain::Answers {
    Config::example().answers.rehearsed()
}

#[test]
fn what_is_done_already_needs_nothing() {
    for (_, world) in MODELS {
        let (account, ran) = in_world(world, &["apply", "--yes"]);
        ran.exits(0);
        let ran = account.run(&with_world(&CHECK)).exits(0);
        let told = checked(&ran);
        let ids: Vec<&str> = told["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|finding| finding["id"].as_str())
            .collect();
        assert_eq!(ids, ["versions", "clock"], "{ran}");
        // Without a journal the names are those of resources that are there.
        std::fs::remove_dir_all(account.state().join("setups")).unwrap();
        let ran = account.run(&with_world(&["check"])).exits(0);
        ran.tells(&[
            "contoso-factory-hub is in the group already",
            "contoso-factory-dps is in the group already",
        ])
        .hides(&["stops", "warned"]);
    }
}

#[test]
fn the_hand_off_holds_exactly_what_is_missing() {
    for (dialect, base) in MODELS {
        let world = format!("{base}[caller]\nroles = [\"Contributor\"]\n");
        let (account, ran) = in_world(&world, &["check", "--output", "json", "--hand-off", "for-admins"]);
        let told = checked(&ran.exits(4));
        let folder = account.work().join("for-admins");
        let role: Value =
            serde_json::from_slice(&std::fs::read(folder.join("hubup-role.json")).unwrap()).unwrap();
        let script = std::fs::read_to_string(folder.join("hubup-grants.sh")).unwrap();
        assert_eq!(told["hand_off"]["role"], json!("for-admins/hubup-role.json"));
        let rights: &[&str] = match dialect {
            "preview-2025" => &[
                "Microsoft.Authorization/roleDefinitions/write",
                "Microsoft.Authorization/roleAssignments/write",
            ],
            _ => &["Microsoft.Authorization/roleAssignments/write"],
        };
        assert_eq!(role["Actions"], json!(rights), "{role}");
        // The group is not there: the subscription is the smallest scope that is.
        let above = "/subscriptions/11111111-1111-4111-8111-111111111111";
        assert_eq!(role["AssignableScopes"], json!([above]));
        let (grants, definitions) = match dialect {
            "preview-2025" => (4, 1),
            _ => (8, 0),
        };
        assert_eq!(script.matches("\naz role assignment create").count(), grants, "{script}");
        assert_eq!(script.matches("az rest --method put").count(), definitions, "{script}");
        assert_eq!(script.matches('{').count() - script.matches("--body '{").count() * 3, 0, "{script}");
        for forbidden in
            ["az iot", "az resource delete", "az group delete", "sandbox-secret", "SharedAccess", "{access"]
        {
            assert!(!script.contains(forbidden), "{forbidden}: {script}");
        }
        assert!(script.contains("'55555555-5555-4555-8555-555555555555'"), "{script}");
        // It may be written again; what others wrote is not replaced.
        account.run(&with_world(&["check", "--hand-off", "for-admins"])).exits(4);
        account.write("for-admins/hubup-role.json", "{}");
        account
            .run(&with_world(&["check", "--hand-off", "for-admins"]))
            .exits(2)
            .tells(&["hubup-role.json", "not of hubup"]);
    }
    let (account, ran) = in_world("", &["check", "--hand-off", "for-admins"]);
    ran.exits(0).tells(&["You lack no right"]);
    assert!(!account.work().join("for-admins").exists());
}

#[test]
fn the_hand_off_is_for_the_group_where_that_is_there() {
    let group = "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-contoso-factory";
    let world = format!(
        "{LINKS}[caller]\nroles = [\"Reader\"]\n[registration]\n\"Microsoft.Devices\" = \"NotRegistered\"\n\
         [[resources]]\nid = \"{group}\"\nbody = {{ location = \"eastus2\" }}\n"
    );
    let (account, ran) = in_world(&world, &["check", "--hand-off", "for-admins"]);
    ran.exits(4);
    let read = |name: &str| std::fs::read_to_string(account.work().join("for-admins").join(name)).unwrap();
    let role: Value = serde_json::from_str(&read("hubup-role.json")).unwrap();
    assert_eq!(role["AssignableScopes"], json!([group]), "{role}");
    let actions = role["Actions"].as_array().unwrap();
    assert!(actions.contains(&json!("Microsoft.Devices/IotHubs/write")), "{role}");
    assert!(actions.iter().all(|action| !action.as_str().unwrap().contains("register")), "{role}");
    let script = read("hubup-grants.sh");
    assert!(script.contains("az provider register --namespace 'Microsoft.Devices' --wait"), "{script}");
}

/// What the sandbox says is in the way is in the way: it refuses the same itself.
#[test]
fn the_obstacles_stand_in_the_way_of_a_run() {
    let policy =
        "[[policies]]\nname = \"p\"\neffect = \"Deny\"\ntypes = [\"*/IotHubs\"]\nrequires_tag = \"owner\"\n";
    let group = "[[policies]]\nname = \"p\"\neffect = \"Deny\"\ntypes = [\"*/resourceGroups\"]\nlocations = [\"westus\"]\n";
    let lock = format!("[[locks]]\nname = \"l\"\nlevel = \"ReadOnly\"\n{ABOVE}\n");
    let deny = format!(
        "[[deny_assignments]]\nname = \"d\"\nactions = [\"*/provisioningServices/write\"]\n{ABOVE}\n"
    );
    let taken = "[names]\ntaken = [\"contoso-factory-hub\"]\n".to_owned();
    for (_, base) in MODELS {
        for (obstacle, code) in [
            (&policy.to_owned(), "RequestDisallowedByPolicy"),
            (&group.to_owned(), "RequestDisallowedByPolicy"),
            (&lock, "ScopeLocked"),
            (&deny, "DenyAssignmentAuthorizationFailed"),
            (&taken, "contoso-factory-hub"),
        ] {
            let (_, ran) = in_world(&format!("{base}{obstacle}"), &["apply", "--yes", "--no-check"]);
            assert!(matches!(ran.code, Some(1 | 4)), "{obstacle}: {ran}");
            ran.tells(&[code]);
        }
    }
}
