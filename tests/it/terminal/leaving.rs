//! Ways out: keys, signals, the shell and back. Each gives the terminal back as it was (`Terminal::leave` asserts it).

use rustix::process::Signal;

use super::pty::{CTRL_C, CTRL_Z, DOWN, ESC, Terminal, Wizard};

/// At the stages, everything confirmed, the namespace under way and far from its end.
fn busy() -> Terminal {
    let mut terminal = Wizard::slow().open_at_stages();
    terminal.press("A");
    terminal.wait_until("the namespace to be made", |screen| {
        let running = |row: String| row.contains("2 ADR namespace") && row.contains("running");
        screen.rows(0, screen.size().1).any(running)
    });
    terminal.wait_for("Ctrl+C abort");
    terminal
}

#[test]
fn before_anything_runs_ctrl_c_leaves_at_once() {
    let mut terminal = Wizard::new().open_at_stages();
    terminal.press(CTRL_C);
    let left = terminal.leave();
    assert_eq!(left.code, 5, "{}", left.text);
    assert!(left.text.contains("0 of 17 done"), "{}", left.text);
    assert!(left.text.contains("What is left"), "{}", left.text);
}

#[test]
fn while_something_runs_ctrl_c_asks_and_the_second_leaves() {
    let mut terminal = busy();
    terminal.press(CTRL_C);
    terminal.wait_for("Leave the run?");
    terminal.wait_for("Azure goes on with what it accepted");
    terminal.press(ESC);
    terminal.wait_until_gone("Leave the run?");
    terminal.press(CTRL_C);
    terminal.wait_for("Leave the run?");
    terminal.press(CTRL_C);
    let left = terminal.leave();
    assert_eq!(left.code, 5, "{}", left.text);
    assert!(left.text.contains("To go on: hubup --sandbox"), "{}", left.text);
}

#[test]
fn answers_that_were_changed_are_not_thrown_away_by_one_key() {
    let mut terminal = Wizard::new().open_at_form();
    terminal.press(DOWN);
    terminal.wait_for("> Subscription");
    terminal.press("1");
    terminal.wait_for("Rule");
    terminal.press(CTRL_C);
    terminal.wait_for("You changed 1 answer");
    terminal.press("l");
    assert_eq!(terminal.leave().code, 0);
}

#[test]
fn sigterm_ends_it_by_that_signal() {
    let terminal = busy();
    terminal.signal(Signal::TERM);
    let left = terminal.leave();
    assert_eq!(left.code, 143, "{}", left.text);
    assert!(left.text.contains("What is left"), "{}", left.text);
}

#[test]
fn sighup_ends_it_by_that_signal() {
    let terminal = Wizard::new().open_at_form();
    terminal.signal(Signal::HUP);
    assert_eq!(terminal.leave().code, 129);
}

#[test]
fn sigint_ends_it_by_that_signal() {
    // Ctrl+C is a key here; another program may still send the signal.
    let terminal = Wizard::new().open_at_stages();
    terminal.signal(Signal::INT);
    assert_eq!(terminal.leave().code, 130);
}

#[test]
fn ctrl_z_gives_the_shell_the_terminal_and_fg_brings_the_wizard_back() {
    let wizard = Wizard::new();
    // The shell has job control, as at a prompt; it tells how the wizard stopped and waits for a line.
    let script = format!("set -m; {}; echo \"stopped $?\"; read line; fg; exit $?", wizard.command_line());
    let mut terminal = wizard.open_in_shell(&script);
    terminal.go_to_form();
    assert!(!terminal.is_set_as_before());
    terminal.press(CTRL_Z);
    // 128 and the number of SIGTSTP, which differs between systems.
    terminal.wait_for(&format!("stopped {}", 128 + Signal::TSTP.as_raw()));
    assert!(!terminal.on_alternate_screen());
    assert!(!terminal.cursor_hidden());
    assert!(terminal.is_set_as_before());
    terminal.press("\n");
    terminal.wait_until("the form again", |screen| {
        screen.alternate_screen() && screen.contents().contains("Ctrl+G start")
    });
    // Its keys are heard as before.
    terminal.go_to_stages();
    terminal.press(CTRL_C);
    let left = terminal.leave();
    assert_eq!(left.code, 5, "{}", left.text);
}

#[test]
fn sigcont_paints_everything_again() {
    let mut terminal = Wizard::new().open_at_form();
    let before = terminal.written();
    terminal.signal(Signal::CONT);
    terminal.wait_for_bytes(before, b"Ctrl+G");
    terminal.wait_for("Subscription");
    assert!(terminal.on_alternate_screen());
    terminal.press(CTRL_C);
    assert_eq!(terminal.leave().code, 0);
}

#[test]
fn apply_takes_the_answer_that_is_typed() {
    // A group of that name is there and is not ours: without `--yes` its use is asked for.
    let world = "[[resources]]\nid = \"/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-contoso-factory\"\n\
                 [resources.body]\nlocation = \"eastus2\"\n";
    let mut terminal = Wizard::new().in_world(world).with(&["apply"]).open();
    terminal.wait_for("Go on? [y/N]");
    terminal.press("y\r");
    terminal.wait_for("1 use it as it is (use)");
    terminal.press("1\r");
    let left = terminal.leave();
    assert_eq!(left.code, 0, "{}", left.text);
    assert!(left.text.contains("answered: use"), "{}", left.text);
}
