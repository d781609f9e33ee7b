//! The wizard in lines, played with lines on its standard input: each is taken when it is asked for, so nothing here waits.

use std::fs;
use std::io::Write as _;

use hubup::sandbox::builtin_faults;
use rustix::process::Signal;

use super::binary::{Account, Ran, Started};
use crate::seeded::Chance;

const AT_ONCE: [&str; 4] = ["--plain", "--sandbox", "--sandbox-speed", "0"];

/// Plays `lines` on `account`, and then the end of the input. What all of it must be like is checked here.
#[track_caller]
fn play_with(account: &Account, arguments: &[&str], lines: &[&str]) -> Ran {
    let command = account.command(&[&AT_ONCE, arguments].concat());
    let input: String = lines.iter().flat_map(|line| [*line, "\n"]).collect();
    let ran = Ran::fed(command, &input);
    // Every line that was taken stands behind the prompt that it answers.
    let answered = ran.out.lines().filter(|line| line.contains(" > ")).count();
    assert!(answered <= lines.len() + 1, "{ran}");
    ran
}

#[track_caller]
fn play(account: &Account, lines: &[&str]) -> Ran {
    play_with(account, &[], lines)
}

/// The number that a rehearsal is chosen by.
fn rehearsal(name: &str) -> String {
    let mut known = builtin_faults().iter().filter(|(known, _, _)| *known != "none");
    (known.position(|(known, _, _)| *known == name).unwrap() + 1).to_string()
}

/// Where the fragments stand in what was printed, each after the one before it.
#[track_caller]
fn in_turn(ran: &Ran, fragments: &[&str]) {
    let mut from = 0;
    for fragment in fragments {
        match ran.out[from..].find(fragment) {
            Some(at) => from += at + fragment.len(),
            None => panic!("no `{fragment}` where it is due: {ran}"),
        }
    }
}

#[test]
fn a_first_setup_is_played_to_its_end() {
    let account = Account::new();
    let ran = play_with(&account, &["--ascii"], &["1", "", "", "", "", "", "", "", "", "", ""]).exits(0);
    in_turn(
        &ran,
        &[
            "What do you want to do?\n1. Set up in the sandbox",
            "Enter alone: 1, Set up in the sandbox",
            "Number > 1\n",
            "1. Setup: contoso-factory\n",
            "IoT hub: contoso-factory-hub, free\n",
            "Every answer fits.\n",
            "Enter alone: start, when every answer fits.\n",
            "Nothing stands in the way: ",
            "Enter alone: show the stages; nothing is changed yet.\n",
            "1. Roles and identity: ready\n",
            "At stage 1 of 7, Roles and identity: ready.\n1.1 Create the resource group, ready\n",
            "Enter alone: does 5 steps, each as soon as its needs are met.\n",
            "access.resource-group: done\n",
            "At stage 2 of 7, ADR namespace: ready.\n",
            "hub.create: done\n",
            "At stage 7 of 7, Enrollment group: ready.\n",
            "Everything is finished: 17 of 17 done",
            "hub host: contoso-factory-hub.azure-devices.net\n",
            "Enter alone: leave; the summary stays in the terminal.\n",
            "What a device maker needs\n",
        ],
    );
    assert!(ran.out.is_ascii(), "{ran}");
    // Nobody asked for the end of the input: the last line left.
    ran.hides(&["The input has ended"]);
}

#[test]
fn an_answer_is_changed_judged_asked_for_again_and_kept_in_a_file() {
    let account = Account::new();
    let world = account.write("world.toml", "[names]\ntaken = [\"taken-hub\"]\n");
    let world = ["--sandbox-world", world.to_str().unwrap()];
    let lines = [
        "1",
        "1",
        "-",
        "plant", // the setup's name: a wrong one, a good one
        "11",
        "taken-hub",
        "take", // the hub's: taken, then what is suggested
        "4",
        "list",
        "1", // the region, from the list
        "5",
        "2", // a choice by its number
        "21",
        "9999",
        "", // wrong, and left so
        "",
        "30", // Enter goes to it
        "keep",
        "list",
        "99",
        "nonsense",
        "?",
    ];
    let ran = play_with(&account, &world, &lines).exits(0);
    in_turn(
        &ran,
        &[
            "Setup: -, does not fit: ",
            "Setup > plant\n",
            "Setup: plant.\n",
            "taken-hub, does not fit: taken, try taken-hub-",
            "take: takes taken-hub-",
            "IoT hub > take\n",
            "IoT hub: taken-hub-",
            ", free.\n",
            "list: look up what there is to choose from.\n",
            "Region: which one?\n1. ",
            "Identities > 2\n",
            "Leaf validity: 9999, does not fit: ",
            "1 answer does not fit.\n",
            "first mend Leaf validity.\n",
            "Leaf validity > 30\n",
            "Every answer fits.\n",
            "Your choice > keep\n",
            "wrote hubup.toml.\n",
            "1. Setup: plant\n",
            "There is no 99 here: 1 to 22.\n",
            "Not understood: nonsense. ? tells what can be typed.\n",
            "Every line ends with Enter.",
            "The input has ended: hubup leaves.\n",
        ],
    );
    assert!(fs::read_to_string(account.work().join("hubup.toml")).unwrap().contains("plant"));
}

#[test]
fn a_rehearsed_failure_is_told_mended_by_retry_and_the_setup_finished() {
    let account = Account::new();
    let number = rehearsal("policy-denies");
    let ran = play(&account, &["2", &number, "", "", "all", "d", "D", "z", "why", "r", ""]).exits(0);
    in_turn(
        &ran,
        &[
            "What shall go wrong?\n1. ",
            "1. Setup: practice-policy-denies\n",
            "hub.create: failed: RequestDisallowedByPolicy",
            "1 failed, 5 blocked.\nAt stage 4 of 7, IoT hub: failed.\nCreate the IoT hub:\nfailed after ",
            "Azure says: RequestDisallowedByPolicy",
            "Means: ",
            "Do: ",
            "r: try again.\n",
            "Enter alone does nothing here.\n",
            "Your choice > d\n",
            "Means: ",
            "Your choice > D\nThe requests.\n",
            "Your choice > z\nThe az commands.\n",
            "az rest --method",
            "Your choice > why\nWhy.\nCreate the IoT hub, hub.create\n",
            "Your choice > r\n",
            "hub.create: done\n",
            "Everything is finished: 17 of 17 done",
        ],
    );
}

#[test]
fn a_skip_tells_its_cost_first_and_is_taken_back() {
    let account = Account::new();
    let lines = ["1", "", "", "5", "s", "b", "7.1", "s", "", "7", "u", "7", "s", "", "all", ""];
    let ran = play(&account, &lines).exits(0);
    in_turn(
        &ran,
        &[
            "At stage 5 of 7, Device Provisioning Service: not yet.\n",
            "What skipping costs:\nSkip: Create the Device Provisioning Service",
            "Then these cannot run: Create the enrollment group\n",
            "Enter alone: skip.\n",
            "Your choice > b\n",
            "At stage 5 of 7",
            "At step 7.1, Create the enrollment group: not yet.\n",
            "Nothing else needs it.\n",
            "enrollment.group: skipped",
            "At stage 7 of 7, Enrollment group: skipped.\n",
            "u: take the skip back.\n",
            "At stage 7 of 7, Enrollment group: not yet.\n",
            "enrollment.group: skipped",
            "Everything is finished: 16 of 17 done, 1 skipped",
        ],
    );
}

#[test]
fn a_question_is_one_block_put_off_opened_again_and_answered() {
    let account = Account::new();
    let world = ["--sandbox-world", "neighbours"];
    let lines = ["1", "3", "neighbours", "", "", "", "", "b", "a", "9", "1"];
    let ran = play_with(&account, &world, &lines).exits(5);
    in_turn(
        &ran,
        &[
            "Create the resource group asks you:\n",
            "neighbours exists and is not ours",
            "1: use it as it is\n",
            "b: answer later; the step waits.\n",
            "Enter alone does nothing here.\nNumber > \nEnter alone does nothing here. ",
            "Number > b\n",
            "a: open the question that waits.\n",
            "Your choice > a\n",
            "1: use it as it is\n",
            "Number > 9\n",
            "Number > 1\n",
            "access.resource-group: answered: use\n",
            "access.resource-group: already there",
        ],
    );
}

#[test]
fn a_setup_left_in_the_middle_is_gone_on_with_reviewed_and_taken_down() {
    let account = Account::new();
    let ran = play(&account, &["1", "", "", "", ""]).exits(5);
    in_turn(&ran, &["namespace.create: done\n", "The input has ended: hubup leaves.\n", "What is left\n"]);
    let ran = play(&account, &["1", "all", "R", "4", "2", "", "e", "m", "b", "", "b", "q"]).exits(0);
    in_turn(
        &ran,
        &[
            "contoso-factory is set up in part, left just now.\n7 of 17 done, 10 left\n",
            "1. Go on with contoso-factory.\n",
            "access.resource-group: looked for\n",
            "At stage 3 of 7",
            "Everything is finished: 17 of 17 done",
            "Your choice > R\n",
            "Steps, all: a number tells more of one.\n1. Create the resource group: ",
            "Number > 4\nMake the IoT Hub application Contributor\n",
            "Request 2 of ",
            "m: write it as Markdown, for a ticket.\n",
            "Written: ",
        ],
    );
    let ran = play(&account, &["4", "nothing", "contoso-factory", "all", ""]).exits(0);
    in_turn(
        &ran,
        &[
            "4. Take it down.\n",
            "What stays\n",
            "Type the name of the setup, contoso-factory, to begin.\n",
            "Name of the setup > nothing\nnot its name: nothing changed.\n",
            "Name of the setup > contoso-factory\n",
            "The setup is taken down: ",
        ],
    );
    play(&account, &["2", "q"])
        .exits(0)
        .tells(&["contoso-factory was taken down", "Set contoso-factory up again"]);
}

/// The example's setup file with another way to sign in.
fn signing_in(account: &Account, method: &str) -> String {
    let example = include_str!("../../config.example.toml");
    let file = example.replace("#method = \"auto\"", &format!("method = \"{method}\""));
    account.write("hubup.toml", file).to_str().unwrap().to_owned()
}

#[test]
fn a_person_signs_in_by_a_code_that_is_told_as_text() {
    let account = Account::new();
    let file = signing_in(&account, "device-code");
    let ran = play_with(&account, &["--config", &file], &["1", "", "q"]).exits(0);
    in_turn(
        &ran,
        &[
            "How do you want to sign in?\n1. ",
            "not here: there is no screen",
            "Enter alone: 3, device code",
            "In a browser on any device:\nOpen: http",
            "Enter: ",
            "Within: ",
            "The answers of the setup:\n",
        ],
    );
}

#[test]
fn a_sign_in_that_is_declined_is_told_and_another_way_taken() {
    let account = Account::new();
    let file = signing_in(&account, "device-code");
    let world = account.write("world.toml", "[sign_in]\ndevice = \"decline\"\n");
    let arguments = ["--config", &file, "--sandbox-world", world.to_str().unwrap()];
    let ran = play_with(&account, &arguments, &["1", "3", "2", "1", "q"]).exits(0);
    in_turn(
        &ran,
        &[
            "It did not work",
            "declined",
            "That cannot be taken here: there is no screen",
            "The answers of the setup:\n",
        ],
    );
}

#[test]
fn a_reader_is_stopped_hands_off_and_waits() {
    let account = Account::new();
    let world = account.write("world.toml", "[caller]\nroles = [\"Reader\"]\n");
    let world = ["--sandbox-world", world.to_str().unwrap()];
    let ran = play_with(&account, &world, &["1", "", "h", "w", "w", "", "b", "q"]).exits(0);
    in_turn(
        &ran,
        &[
            "Something stands in the way: 1 stops the run",
            "stops, Your rights",
            "do: ",
            "h: write what an administrator needs to give the missing rights.\n",
            "w: check again every 30 s until the rights are there.\n",
            "o: begin all the same",
            "Enter alone: make the checks again.\n",
            "hubup-grants.sh",
            "Checks again in ",
            "w: stop checking again by itself.\n",
            "The answers of the setup:\n",
        ],
    );
    let script = fs::read_to_string(account.work().join("hubup-hand-off/hubup-grants.sh")).unwrap();
    assert!(script.contains("Written by hubup"), "{script}");
    assert!(!account.state().join("setups").exists(), "no journal, so nothing was sent");
}

/// Started against a sandbox that takes its time, its second stage under way.
fn under_way(account: &Account) -> (Started, std::process::ChildStdin) {
    let command = account.command(&["--plain", "--sandbox", "--sandbox-speed", "1"]);
    let (mut started, mut input) = Started::listening(command);
    input.write_all(b"1\n\n\nall\n").unwrap();
    started.until("accepted; Azure works");
    (started, input)
}

#[test]
fn an_interrupt_asks_once_and_leaves_twice() {
    let account = Account::new();
    let (mut started, _input) = under_way(&account);
    started.signal(Signal::INT);
    started.until("Leave the run?");
    started.until("1: leave: nothing new is sent");
    started.signal(Signal::INT);
    let ran = started.end().exits(5);
    ran.tells(&["What is left", "To go on: hubup --sandbox"]);
}

#[test]
fn what_an_interrupt_asks_is_answered_by_a_number() {
    let account = Account::new();
    let (mut started, mut input) = under_way(&account);
    started.signal(Signal::INT);
    started.until("Leave the run?");
    input.write_all(b"1\n").unwrap();
    started.end().exits(5).tells(&["What is left"]);
}

#[test]
fn a_signal_to_end_ends_as_by_it() {
    let account = Account::new();
    let (started, _input) = under_way(&account);
    started.signal(Signal::TERM);
    started.end().exits(128 + 15).tells(&["What is left"]);
}

#[test]
fn input_that_ends_while_the_run_goes_on_is_met_when_it_rests() {
    let account = Account::new();
    play(&account, &["1", "", "", "all"])
        .exits(0)
        .tells(&["17 of 17 done", "The input has ended: hubup leaves."]);
}

#[test]
fn input_of_any_bytes_is_only_not_understood() {
    let account = Account::new();
    let command = account.command(&AT_ONCE);
    let mut input = String::from("\u{1b}[31m\0\t\u{202e}x\r\n");
    input.push_str(&"9".repeat(100_000));
    Ran::fed(command, &input).exits(0).tells(&["Not understood: "]);
}

#[test]
fn where_the_wizard_cannot_be_drawn_it_is_told_what_works() {
    let account = Account::new();
    account.run(&["--sandbox"]).exits(2).tells(&["TERM=dumb", "hubup --plain"]);
}

/// What may be typed anywhere, and what may not.
const TYPED: &[&str] = &[
    "",
    "",
    "",
    "1",
    "2",
    "3",
    "4",
    "5",
    "7",
    "9",
    "1.1",
    "3.2",
    "99",
    "0",
    "s",
    "r",
    "R",
    "w",
    "c",
    "u",
    "a",
    "A",
    "d",
    "D",
    "f",
    "e",
    "m",
    "j",
    "l",
    "b",
    "b",
    "q?",
    "?",
    "list",
    "all",
    "P",
    "T",
    "take",
    "clear",
    "keep",
    "h",
    "o",
    "i",
    "p",
    "plant",
    "=x",
    "contoso-factory",
    "/subscriptions/x",
    "skip",
    "details",
    "y",
    "\u{1b}[A",
    "é…",
];

#[test]
fn whatever_is_typed_the_conversation_comes_to_an_end() {
    let worlds = ["default", "links-2026", "neighbours", "limited-caller"];
    for seed in 1..=8_u64 {
        let mut chance = Chance(seed);
        let account = Account::new();
        let world = chance.one_of(&worlds);
        let mut lines = vec!["1", "", ""];
        lines.extend((0..60).map(|_| chance.one_of(TYPED)));
        let arguments = ["--sandbox-world", world];
        let command = account.command(&[&AT_ONCE, &arguments[..]].concat());
        let ran = Ran::fed(command, &lines.join("\n"));
        assert!(matches!(ran.code, Some(0..=5)), "seed {seed}, {world}: {ran}");
    }
}
