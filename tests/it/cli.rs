//! The program as a person starts it: what each command prints, changes and returns.

use std::collections::BTreeSet;
use std::path::Path;

use hubup::domain::{Exit, Method, Outcome, Purpose, Record, RunEvent, StepId, Who};
use hubup::journal::StateFolder;
use rustix::process::Signal;
use serde_json::Value;

use crate::binary::{Account, Started, config, rehearsal, setup_file};
use crate::support::keys_in;

const APPLY: [&str; 5] = ["apply", "--sandbox", "--yes", "--sandbox-speed", "0"];

const STEPS: usize = 17;

/// `APPLY` and more.
fn apply<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&APPLY[..], more].concat()
}

/// What the sandbox of the account holds, apart from its clock.
fn world(account: &Account) -> Value {
    let text = std::fs::read_to_string(account.state().join("sandbox/world.json")).unwrap();
    let mut world: Value = serde_json::from_str(&text).unwrap();
    world.as_object_mut().unwrap().remove("epoch");
    world
}

/// Every key that the world made.
fn outcomes(records: &[Record], wanted: Outcome) -> BTreeSet<String> {
    let ended = records.iter().filter_map(|record| match &record.event {
        RunEvent::StepFinished { step, outcome, .. } if *outcome == wanted => Some(step.to_string()),
        _ => None,
    });
    ended.collect()
}

#[test]
fn the_first_command_of_the_readme_runs_all_stages() {
    let account = Account::new();
    let ran = account.run(&APPLY).exits(0);
    assert!(ran.err.is_empty(), "{ran}");
    ran.tells(&[
        "SANDBOX at once",
        "What a device maker needs",
        "id scope",
        "contoso-factory-hub.azure-devices.net",
        "17 of 17 done",
    ])
    .hides(&["/work", "SharedAccessKey", "Bearer "]);
}

#[test]
fn records_are_printed_without_secrets_and_a_second_run_changes_nothing() {
    let account = Account::new();
    let first = account.run(&apply(&["--output", "json"])).exits(0);
    let mut secrets = Vec::new();
    keys_in(&world(&account), &mut secrets);
    assert!(secrets.len() >= 5, "the world holds keys of hub, service and group, and its own");
    let records = first.records();
    let numbers: Vec<u64> = records.iter().map(|record| record.seq).collect();
    assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
    assert!(matches!(records[0].event, RunEvent::RunStarted(_)));
    assert!(matches!(records.last().unwrap().event, RunEvent::RunFinished { exit: Exit::Complete }));
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let first = first.hides(&secrets).hides(&["SharedAccessSignature sr=", "Bearer ", "sig="]);

    // The journal has the same records, and the status URLs whole.
    let files = StateFolder::new(account.state()).runs(rehearsal()).unwrap();
    let journal = hubup::journal::read(&files[0].path).unwrap();
    assert_eq!(journal.records.len(), records.len());
    let polls = |records: &[Record]| -> Vec<String> {
        let polls = records.iter().filter_map(|record| match &record.event {
            RunEvent::OperationAccepted { wait, .. } => Some(wait.poll().to_owned()),
            _ => None,
        });
        polls.collect()
    };
    let (told, kept) = (polls(&records), polls(&journal.records));
    assert!(told.len() >= 5);
    assert!(told.iter().all(|url| url.starts_with("https://") && !url.contains('?')), "{told:?}");
    assert!(kept.iter().all(|url| url.contains("api-version=")), "{kept:?}");
    // Nor do the looks at them tell how they are signed.
    let signed: Vec<&str> = kept.iter().filter_map(|url| Some(url.split_once("&t=")?.1)).collect();
    assert!(signed.len() >= 5, "{kept:?}");
    first.hides(&signed);

    let second = account.run(&apply(&["--output", "json"])).exits(0);
    for record in second.records() {
        let RunEvent::CallStarted(call) = &record.event else { continue };
        let reads_keys = call.shown.method == Method::Post && call.purpose == Purpose::Key;
        assert!(call.shown.method.is_read() || reads_keys, "{} {}", call.shown.method, call.shown.url);
    }
    let RunEvent::RunStarted(header) = &second.records()[0].event else { panic!() };
    assert_eq!(header.continues.as_ref(), Some(&files[0].run));
}

#[test]
fn a_plan_shows_every_step_and_changes_nothing() {
    let account = Account::new();
    account.run(&["plan", "--sandbox", "--sandbox-speed", "0"]).exits(0);
    let before = world(&account);
    let json = account.run(&["plan", "--sandbox", "--sandbox-speed", "0", "--output", "json"]).exits(0);
    let text = account.run(&["plan", "--sandbox", "--sandbox-speed", "0"]).exits(0);
    assert_eq!(world(&account), before);
    assert!(!account.state().join("setups").exists(), "a plan is no run");

    let plan: Value = serde_json::from_str(&json.out).unwrap();
    let stages = plan["stages"].as_array().unwrap();
    assert_eq!(stages.len(), 7);
    let steps: Vec<&Value> = stages.iter().flat_map(|stage| stage["steps"].as_array().unwrap()).collect();
    assert_eq!(steps.len(), STEPS);
    let mut at = 0;
    for step in steps {
        let id = step["id"].as_str().unwrap();
        let line = format!("\n  {id}  {}\n    needs ", step["title"].as_str().unwrap());
        at += text.out[at..].find(&line).unwrap_or_else(|| panic!("{id} is not there in order: {text}"));
        for need in step["needs"].as_array().unwrap() {
            let need = need["step"].as_str().unwrap();
            assert!(text.out[at + line.len()..].lines().next().unwrap().contains(need), "{id} {need}");
        }
        assert!(!step["requests"].as_array().unwrap().is_empty(), "{id}");
    }
    text.tells(&["{secret: ", "{access.identity.principalId}", "Nothing was changed"]);

    account.run(&APPLY).exits(0);
    let before = world(&account);
    account.run(&["plan", "--sandbox", "--sandbox-speed", "0"]).exits(0);
    assert_eq!(world(&account), before);
}

#[test]
fn steps_and_stages_can_be_chosen() {
    let account = Account::new();
    let ran = account.run(&apply(&["--only", "access", "--output", "json"])).exits(0);
    let steps: BTreeSet<String> =
        ran.records().iter().filter_map(|record| record.event.step()).map(ToString::to_string).collect();
    assert_eq!(steps.len(), 5);
    assert!(steps.iter().all(|step| step.starts_with("access.")), "{steps:?}");

    // What a stage needs of others is looked for. Its effects may be missing, and the service refuses what it must.
    account
        .run(&apply(&["--only", "5"]))
        .exits(1)
        .tells(&["failed", "Create the Device Provisioning Service"]);
    account.run(&apply(&["--only", "namespace"])).exits(0);
    account.run(&apply(&["--only", "3"])).exits(0).tells(&["done", "Create the issuing policy"]);

    let ran = account.run(&apply(&["--skip", "enrollment.group", "--output", "json"])).exits(0);
    assert_eq!(outcomes(&ran.records(), Outcome::Skipped), BTreeSet::from(["enrollment.group".to_owned()]));

    let account = Account::new();
    let ran = account.run(&apply(&["--skip", "hub.create", "--output", "json"])).exits(1);
    assert!(outcomes(&ran.records(), Outcome::Blocked).contains("dps.link-hub"));

    for (arguments, told) in [
        (["--skip", "hub.creat"], &["no step `hub.creat`", "hub.create, hub.namespace-contributor"]),
        (["--only", "hubs"], &["no stage `hubs`", "access, namespace, certificates, hub"]),
        (["--only", "8"], &["no stage `8`", "access, namespace, certificates, hub"]),
        (["--answer", "hub.creat=use"], &["`hub.creat`", "hub.create, hub.namespace-contributor"]),
        (["--answer", "hub.create"], &["STEP=CHOICE", "hub.create=use"]),
    ] {
        let ran = account.run(&apply(&arguments)).exits(2).tells(told);
        assert!(ran.out.lines().count() <= 2, "nothing has run: {ran}");
    }
}

#[test]
fn a_question_is_answered_beforehand_or_names_the_flag() {
    let account = Account::new();
    account.run(&APPLY).exits(0);
    // Another validity than the policy has: to use it as it is must be said.
    let example = hubup::cli::config::EXAMPLE.replace("#leaf_days = 30", "leaf_days = 60");
    account.write("hubup.toml", example);
    account.run(&APPLY).exits(1).tells(&[
        "certificates.policy",
        "30 days (you said 60 days)",
        "--answer certificates.policy=use",
    ]);
    account
        .run(&apply(&["--answer", "certificates.policy=nonsense"]))
        .exits(1)
        .tells(&["`nonsense` is no answer", "--answer certificates.policy=use"]);
    let ran = account.run(&apply(&["--answer", "certificates.policy=use", "--output", "json"])).exits(0);
    let answered = ran.records().into_iter().find_map(|record| match record.event {
        RunEvent::Answered(choice) => Some(choice),
        _ => None,
    });
    let choice = answered.unwrap();
    assert_eq!((choice.step, choice.by), (StepId::new("certificates.policy"), Who::Flag));
}

#[test]
fn a_setup_file_is_written_once_and_runs() {
    let account = Account::new();
    account.run(&["init"]).exits(0).tells(&["hubup.toml", "hubup plan"]);
    let path = account.work().join("hubup.toml");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), hubup::cli::config::EXAMPLE);
    std::fs::write(&path, "# mine\n").unwrap();
    account.run(&["init"]).exits(2).tells(&["is there already", "--force"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "# mine\n");
    account.run(&["init", "--force"]).exits(0);
    account.run(&["init", "other.toml"]).exits(0);
    account.run(&["init", "no/such/folder.toml"]).exits(2).tells(&["there is no folder `no/such`"]);
    account.run(&APPLY).exits(0).tells(&["17 of 17 done"]);
    account.run(&apply(&["--config", "other.toml"])).exits(0).tells(&["17 of 17 done"]);
}

#[test]
fn without_a_terminal_nothing_is_asked() {
    let account = Account::new();
    for arguments in [&[][..], &["--sandbox"]] {
        let ran = account.run(arguments).exits(2).tells(&["needs a terminal", "`hubup apply --yes`"]);
        assert!(ran.out.is_empty(), "{ran}");
    }
    let ran = account.run(&["apply", "--sandbox"]).exits(2).tells(&["no terminal", "`hubup apply --yes`"]);
    assert!(ran.out.is_empty(), "{ran}");
    assert!(!account.state().exists(), "nothing was begun");
    for command in ["apply", "plan"] {
        let arguments: &[&str] = if command == "apply" { &["apply", "--yes"] } else { &["plan"] };
        account.run(arguments).exits(2).tells(&["no setup file `hubup.toml`", "`hubup init`"]);
    }
    account.run(&["apply", "--yes", "--config", "a/b.toml"]).exits(2).tells(&["`a/b.toml`", "`hubup init`"]);
}

#[test]
fn help_and_version_are_no_troubles() {
    let account = Account::new();
    let ran = account.run(&["--version"]).exits(0);
    assert_eq!(ran.out, format!("hubup {}\n", env!("CARGO_PKG_VERSION")));
    account.run(&["--help"]).exits(0).tells(&["plan", "apply", "init", "sandbox", "--config"]);
    account.run(&["apply", "--help"]).exits(0).tells(&["--skip", "--only", "--answer", "--output"]);
    account.run(&["aply"]).exits(2).tells(&["'aply'"]);
    account.run(&["apply", "--sandbox-speed", "fast"]).exits(2).tells(&["0, or a number from 1"]);
}

#[test]
fn a_reader_that_goes_away_is_no_trouble() {
    let account = Account::new();
    for arguments in [&APPLY[..], &["plan", "--sandbox"]] {
        let mut started = account.start(arguments);
        started.until(if arguments == APPLY { "SANDBOX" } else { "Setup" });
        let (status, err) = started.unread();
        assert_eq!((status.code(), err.as_str()), (Some(0), ""), "{arguments:?}");
    }
    // The run went on to its end.
    account.run(&apply(&["--output", "json"])).exits(0).hides(&["\"PUT\""]);
}

/// Sandboxes that others serve, started as the program's own command.
struct Served {
    account: Account,
    server: Started,
}

impl Served {
    /// Serves the sandbox of a new account, and makes it the account's Azure by what the server prints.
    fn start(speed: &str) -> Self {
        let mut account = Account::new();
        let mut server = account.start(&["sandbox", "serve", "--sandbox-speed", speed]);
        server.until("AZURE_CLIENT_SECRET");
        let mut printed = server.out.lines();
        assert!(printed.any(|line| line == "[network.routes]"));
        let file: Vec<&str> = printed.by_ref().take_while(|line| !line.contains("To sign in")).collect();
        let mut text = setup_file(&[], 1.0);
        text.truncate(text.find("[network.routes]").unwrap());
        account.write("hubup.toml", format!("{text}[network.routes]\n{}\n", file.join("\n")));
        for line in printed {
            let (name, value) = line.strip_prefix("export ").unwrap().split_once('=').unwrap();
            account.set(name, value);
        }
        Self { account, server }
    }

    fn setup(&self) -> hubup::cli::config::Config {
        config(&self.account.work().join("hubup.toml"))
    }
}

#[test]
fn a_served_sandbox_is_an_azure_for_others() {
    let Served { account, server } = Served::start("0");
    let ran = account.run(&["apply", "--yes"]).exits(0).tells(&["17 of 17 done"]);
    assert!(ran.out.starts_with("AZURE  plant  rg-plant  eastus2"), "{ran}");
    // What a rehearsal made is made in the sandbox only: a real run does not go on from it.
    account.run(&["apply", "--sandbox", "--yes"]).exits(0).tells(&["SANDBOX at once"]);
    account.run(&["apply", "--yes"]).exits(0);
    let headers = account.journals(&config(&account.work().join("hubup.toml")));
    let headers: Vec<_> = headers.into_iter().map(|journal| journal.header.unwrap()).collect();
    assert_eq!(headers.iter().map(|header| header.sandbox).collect::<Vec<_>>(), [false, false]);
    assert_eq!((&headers[0].continues, &headers[1].continues), (&None, &Some(headers[0].run.clone())));
    account.run(&["sandbox", "reset"]).exits(6).tells(&["a running server holds", "end the process"]);
    // A second server joins, and says so.
    account.run(&["sandbox", "serve"]).exits(0).tells(&["Another process serves"]);
    server.signal(Signal::TERM);
    server.end().exits(0);
    account.run(&["apply", "--yes"]).exits(7).tells(&["cannot be reached"]);
    account.run(&["sandbox", "reset"]).exits(0);
    assert!(!account.state().join("sandbox/world.json").exists());
}

#[test]
fn a_signal_leaves_the_run_in_order_and_a_later_one_finishes_it() {
    // A namespace takes 1.2 s here: it is surely under way when the signal comes.
    let served = Served::start("100");
    let account = &served.account;
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let mut run = account.start(&["apply", "--yes", "--output", "json"]);
        run.until(if code == 130 { "operation-accepted" } else { "step-waiting" });
        run.signal(signal);
        let ran = run.end().exits(code).tells(&["leaving", "what Azure accepted goes on there"]);
        let left = RunEvent::RunFinished { exit: Exit::Left };
        assert_eq!(ran.records().last().unwrap().event, left);
        let journals = account.journals(&served.setup());
        let journal = journals.last().unwrap();
        assert_eq!(journal.records.last().unwrap().event, left);
        assert!(!journal.torn);
    }
    let ran = account.run(&["apply", "--yes", "--output", "json"]).exits(0);
    let namespaces = |journal: &hubup::journal::Journal| {
        let namespace = StepId::new("namespace.create");
        let puts = journal.records.iter().filter(|record| match &record.event {
            RunEvent::CallStarted(call) => {
                call.step.as_ref() == Some(&namespace) && call.shown.method == Method::Put
            }
            _ => false,
        });
        puts.count()
    };
    let journals = account.journals(&served.setup());
    assert_eq!(journals.len(), 4);
    assert_eq!(journals.iter().map(namespaces).sum::<usize>(), 1, "{ran}");
}

#[test]
fn a_second_instance_names_the_first() {
    let account = Account::new();
    let mut first = account.start(&["apply", "--sandbox", "--yes"]);
    first.until("Azure works");
    let second = account.run(&["apply", "--sandbox", "--yes"]).exits(6);
    let lock = account.state().join("setups");
    second.tells(&[
        &format!("process {}", first.id()),
        &lock.to_string_lossy(),
        "/lock",
        "wait until it ends",
    ]);
    // Forgetting the world under a run that uses it is refused too.
    account.run(&["sandbox", "reset"]).exits(6);
    first.signal(Signal::TERM);
    first.end().exits(143);
}

/// A world that differs from the shipped one.
fn in_world(text: &str) -> Account {
    let account = Account::new();
    account.write("world.toml", text);
    account
}

#[test]
fn each_exit_code_has_its_reason() {
    // 0, 2 for usage and 6 for a lock are shown above, 5 and 7 below.
    let world = apply(&["--sandbox-world", "world.toml"]);
    in_world("[quirks]\nhub_failed = true\n").run(&world).exits(1).tells(&["hub.create", "failed", "do:"]);
    Account::new().run(&apply(&["--sandbox-world", "nothing-offered"])).exits(2).tells(&[
        "offers",
        "2026-04-01",
        "do:",
    ]);
    Account::new().run(&apply(&["--no-check", "--sandbox-world", "limited-caller"])).exits(4).tells(&[
        "AuthorizationFailed",
        "roleDefinitions/write",
        "do:",
    ]);
    Account::new()
        .run(&apply(&["--sandbox-world", "atlantis"]))
        .exits(2)
        .tells(&["`atlantis`", "limited-caller"]);
    in_world("[quirks]\nhub_fails = true\n").run(&world).exits(2).tells(&["hub_fails", "--sandbox-world"]);
    let account = Account::new();
    account.run(&apply(&["--only", "access"])).exits(0);
    account
        .run(&apply(&["--sandbox-world", "march-2026"]))
        .exits(6)
        .tells(&["another world", "sandbox reset"]);
}

#[test]
fn a_sign_in_that_fails_tells_each_reason() {
    let served = Served::start("0");
    let file = std::fs::read_to_string(served.account.work().join("hubup.toml")).unwrap();
    let account = Account::new();
    account.write("hubup.toml", &file);
    account.run(&["apply", "--yes"]).exits(3).tells(&[
        "no way to sign in worked",
        "- service principal: AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (or AZURE_CLIENT_CERTIFICATE_PATH) not set",
        "- App Service identity: IDENTITY_ENDPOINT and IDENTITY_HEADER not set",
        "- Azure CLI: ",
        "- virtual machine identity: ",
        "az login",
    ]);
    for (method, told) in [
        ("service-principal", &["AZURE_CLIENT_CERTIFICATE_PATH) not set", "check AZURE_TENANT_ID"]),
        ("managed-identity", &["virtual machine identity", "`[auth] method`"]),
        ("azure-cli", &["Azure CLI", "az login"]),
    ] {
        account.write("hubup.toml", format!("{file}\n[auth]\nmethod = \"{method}\"\n"));
        account.run(&["plan"]).exits(3).tells(told);
    }

    let mut account = served.account;
    account.set("AZURE_CLIENT_SECRET", "not-the-secret-at-all");
    for command in [&["apply", "--yes"][..], &["plan"]] {
        account
            .run(command)
            .exits(3)
            .tells(&["sign-in by service principal failed", "AADSTS7000215"])
            .hides(&["not-the-secret-at-all"]);
    }
    assert!(!account.state().join("setups").exists(), "no run was begun");
}

/// Answers `typed` to the question that `apply` asks on a terminal; gives its exit code and what was on the screen.
fn on_a_terminal(account: &Account, arguments: &[&str], typed: &str) -> (u32, String) {
    use std::io::{Read as _, Write as _};

    let size = portable_pty::PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pair = portable_pty::native_pty_system().openpty(size).unwrap();
    let mut command = portable_pty::CommandBuilder::new(env!("CARGO_BIN_EXE_hubup"));
    command.args(arguments);
    command.env_clear();
    for (name, value) in account.command(&[""; 0]).get_envs() {
        command.env(name, value.unwrap());
    }
    command.cwd(account.work());
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().unwrap();
    let mut writer = pair.master.take_writer().unwrap();
    let mut screen = Vec::new();
    let mut bytes = [0; 4096];
    let mut asked = false;
    // A terminal whose program has ended gives an error or nothing.
    while let Ok(length @ 1..) = reader.read(&mut bytes) {
        screen.extend_from_slice(&bytes[..length]);
        if !asked && String::from_utf8_lossy(&screen).contains("[y/N]") {
            asked = true;
            writer.write_all(typed.as_bytes()).unwrap();
        }
    }
    (child.wait().unwrap().exit_code(), String::from_utf8_lossy(&screen).into_owned())
}

#[test]
fn a_person_agrees_once_before_anything_is_made() {
    let account = Account::new();
    let arguments = ["apply", "--sandbox", "--sandbox-speed", "0"];
    let (code, screen) = on_a_terminal(&account, &arguments, "n\n");
    assert_eq!(code, 5, "{screen}");
    assert!(screen.contains("17 steps will be run") && screen.contains("Nothing was changed."), "{screen}");
    assert!(!account.state().join("setups").exists(), "no run was begun");
    let (code, screen) = on_a_terminal(&account, &arguments, "y\n");
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("17 of 17 done"), "{screen}");
    // Records leave no room for a question.
    let json = [&arguments[..], &["--output", "json"]].concat();
    let (code, screen) = on_a_terminal(&account, &json, "y\n");
    assert_eq!(code, 2, "{screen}");
    assert!(screen.contains("hubup apply --yes"), "{screen}");
}

#[test]
fn the_state_folder_is_the_one_that_was_said() {
    let account = Account::new();
    let elsewhere = account.work().join("elsewhere");
    account.write(
        "hubup.toml",
        format!("{}\n", hubup::cli::config::EXAMPLE.replace("#state_folder", "state_folder")),
    );
    account.run(&apply(&["--only", "access"])).exits(0);
    let beside = account.work().join("state");
    assert!(beside.join("setups").is_dir() && beside.join("sandbox/world.json").is_file());
    // The sandbox's own commands look there too.
    account.run(&["sandbox", "reset"]).exits(0);
    assert!(!beside.join("sandbox/world.json").exists());
    // A flag beats the file.
    let flag = elsewhere.to_string_lossy();
    account.run(&apply(&["--only", "access", "--state-folder", &flag])).exits(0);
    assert!(elsewhere.join("setups").is_dir());
    assert!(!Path::new(&account.state()).exists());
}
