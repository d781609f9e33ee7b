//! The pages before the stages, with real keys: signing in, names as they are typed, checks and hand-off, rehearsals.

use std::fs;

use super::pty::{CTRL_C, CTRL_G, CTRL_T, CTRL_U, DOWN, ENTER, ESC, Terminal, Wizard};

/// The wizard with a setup file that signs in as `method` says, in a world of its own.
fn signing_in(method: &str, world: &str) -> Wizard {
    let wizard = Wizard::new().in_world(world);
    let example = include_str!("../../../config.example.toml");
    let file = example.replace("#method = \"auto\"", &format!("method = \"{method}\""));
    fs::write(wizard.folder().join("hubup.toml"), file).unwrap();
    let path = wizard.folder().join("hubup.toml");
    wizard.with(&["--config", path.to_str().unwrap()])
}

/// Through the page of sign-in, by the way that the file names.
fn sign_in(terminal: &mut Terminal) {
    terminal.wait_for("How do you want to sign in?");
    terminal.wait_for("> ✔ device code");
    terminal.wait_for_enter("sign in");
    terminal.press(ENTER);
}

#[test]
fn a_person_signs_in_by_a_code_and_gets_to_the_stages() {
    let mut terminal = signing_in("device-code", "").open();
    terminal.wait_for_enter("begin");
    terminal.press(ENTER);
    sign_in(&mut terminal);
    terminal.wait_for("Ctrl+G start");
    terminal.wait_for("ada@sandbox.example");
    // Nobody is asked a second time: lists, names and checks are asked for as the same person.
    terminal.go_to_stages();
    terminal.press(CTRL_C);
    assert_eq!(terminal.leave().code, 5);
}

#[test]
fn a_sign_in_that_is_declined_is_told_and_another_way_taken() {
    let mut terminal = signing_in("device-code", "[sign_in]\ndevice = \"decline\"\n").open();
    terminal.wait_for_enter("begin");
    terminal.press(ENTER);
    sign_in(&mut terminal);
    terminal.wait_for("It did not work");
    terminal.wait_for("declined");
    for _ in 0..2 {
        terminal.press("k");
    }
    terminal.wait_for("> ✔ the sandbox's own service principal");
    terminal.press(ENTER);
    terminal.wait_for("Ctrl+G start");
    terminal.press(CTRL_C);
    assert_eq!(terminal.leave().code, 0);
}

#[test]
fn a_run_whose_sign_in_ends_is_signed_in_for_on_the_spot() {
    // The token is refused, and so is the next: only a person helps.
    let world = "[[faults]]\nmethod = \"PUT\"\npath = \"*/userAssignedIdentities/*\"\nnth = [1, 2]\naction = \"expired\"\n";
    let mut terminal = signing_in("device-code", world).open();
    terminal.wait_for_enter("begin");
    terminal.press(ENTER);
    sign_in(&mut terminal);
    terminal.wait_for("Ctrl+G start");
    terminal.go_to_stages();
    terminal.press("A");
    terminal.wait_for("1 asks you");
    terminal.wait_for("a answer");
    terminal.press("a");
    terminal.wait_for("not signed in any more");
    terminal.wait_for("i sign in here");
    terminal.press("i");
    terminal.wait_for("How do you want to sign in?");
    // Who was signed in is offered first; this time it is to be anew.
    terminal.wait_for("ada@sandbox.example: signed in by device code");
    terminal.wait_for_enter("sign in");
    for _ in 0..3 {
        terminal.press(DOWN);
    }
    terminal.wait_for("> ✔ device code");
    terminal.press(ENTER);
    terminal.wait_for("17 of 17 done");
    terminal.wait_for_enter("leave");
    terminal.press(ENTER);
    assert_eq!(terminal.leave().code, 0);
}

#[test]
fn a_name_that_is_taken_is_told_while_it_is_typed_and_mended_by_a_key() {
    let mut terminal = Wizard::new().in_world("[names]\ntaken = [\"taken-hub\"]\n").open_at_form();
    terminal.wait_for("✔ free");
    for _ in 0..10 {
        terminal.press(DOWN);
    }
    terminal.wait_for("> IoT hub");
    terminal.press(CTRL_U);
    terminal.press("taken-hub");
    terminal.wait_for("✖ taken");
    // It is not gone on with.
    terminal.press(CTRL_G);
    terminal.wait_for("first mend IoT hub");
    terminal.press(CTRL_T);
    terminal.wait_for("taken-hub-");
    terminal.wait_until("a free name", |screen| {
        let (_, columns) = screen.size();
        screen.rows(0, columns).any(|row| row.contains("taken-hub-") && row.contains("✔ free"))
    });
    terminal.go_to_stages();
    terminal.press(CTRL_C);
    assert_eq!(terminal.leave().code, 5);
}

#[test]
fn a_reader_is_stopped_before_any_write_and_hands_off() {
    let wizard = Wizard::new().in_world("[caller]\nroles = [\"Reader\"]\n").sized(100, 40);
    let mut terminal = wizard.open_at_form();
    terminal.press(CTRL_G);
    terminal.wait_for("Something stands in the way");
    terminal.wait_for_enter("check again");
    terminal.press("h");
    terminal.wait_for("hubup-grants.sh");
    let script = fs::read_to_string(wizard.folder().join("hubup-hand-off/hubup-grants.sh")).unwrap();
    assert!(script.contains("Written by hubup"), "{script}");
    terminal.press("w");
    terminal.wait_for("Checks again in");
    terminal.press("w");
    terminal.wait_until_gone("Checks again in");
    terminal.press(CTRL_C);
    assert_eq!(terminal.leave().code, 0);
    assert!(!wizard.state().join("setups").exists(), "no journal, so nothing was sent");
}

#[test]
fn a_rehearsal_is_picked_met_mended_left_and_gone_on_with() {
    let wizard = Wizard::new();
    let mut terminal = wizard.open();
    terminal.wait_for_enter("begin");
    terminal.press(DOWN);
    terminal.wait_for("> Practise a failure");
    terminal.press(ENTER);
    terminal.wait_for("What shall go wrong?");
    terminal.wait_for("> slow-grants");
    for _ in 0..5 {
        terminal.press("j");
    }
    terminal.wait_for("> policy-denies");
    terminal.press(ENTER);
    terminal.wait_for("practice-policy-denies");
    terminal.wait_for("Ctrl+G start");
    terminal.go_to_stages();
    terminal.press("A");
    terminal.wait_for("1 failed");
    for _ in 0..3 {
        terminal.press(DOWN);
    }
    terminal.wait_for("r retry");
    terminal.press("r");
    terminal.wait_for("17 of 17 done");
    terminal.wait_for_enter("leave");
    terminal.press(ENTER);
    let left = terminal.leave();
    assert_eq!(left.code, 0, "{}", left.text);
    // The next start knows it, beside the usual setup.
    let mut terminal = wizard.open();
    terminal.wait_for("practice-policy-denies is set up");
    terminal.wait_for("SANDBOX at once policy-denies");
    terminal.press(CTRL_C);
    assert_eq!(terminal.leave().code, 0);
}

#[test]
fn without_a_setup_file_azure_is_offered_and_the_way_to_sign_in_asked() {
    let mut terminal = Wizard::on_azure().open();
    terminal.wait_for("> Set up in Azure");
    terminal.wait_for_enter("begin");
    terminal.press(ENTER);
    terminal.wait_for("How do you want to sign in?");
    terminal.wait_for("device code");
    terminal.wait_for("not here");
    terminal.press(ESC);
    // The sandbox is one choice away, and back.
    terminal.wait_for("> Set up in Azure");
    terminal.press(DOWN);
    terminal.press(DOWN);
    terminal.wait_for("> Go to the sandbox");
    terminal.press(ENTER);
    terminal.wait_for("> Set up in the sandbox");
    terminal.wait_for("SANDBOX");
    terminal.press(CTRL_C);
    assert_eq!(terminal.leave().code, 0);
}
