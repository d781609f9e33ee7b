//! What goes wrong below the wizard: told on its screen, and again in the terminal when the screen is gone.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::pty::{CTRL_C, CTRL_G, DOWN, ENTER, ESC, Wizard};

/// A sandbox in a process of its own, which ends with the test.
struct Served(Child);

impl Served {
    fn start(wizard: &Wizard) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubup"));
        command.args(["sandbox", "serve", "--sandbox-speed", "0", "--state-folder"]).arg(wizard.state());
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        assert!(first.contains("listens"), "{first}");
        Self(child)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_state_folder_that_cannot_be_used_is_told_before_anything_is_asked() {
    let wizard = Wizard::new();
    fs::create_dir_all(wizard.state()).unwrap();
    // A file stands where the folder of the setups should be.
    fs::write(wizard.state().join("setups"), "").unwrap();
    let left = wizard.open().leave();
    assert_eq!(left.code, 6, "{}", left.text);
    for text in ["error: ", "setups", "move it away"] {
        assert!(left.text.contains(text), "{text} is not in:\n{}", left.text);
    }
}

#[test]
fn a_setup_that_another_hubup_has_is_told_on_the_choices_and_after_them() {
    let wizard = Wizard::new();
    let mut first = wizard.open_at_stages();
    let mut second = wizard.open();
    second.wait_for("> Go on with contoso-factory");
    second.press(ENTER);
    second.wait_for("It could not be started");
    second.press(ESC);
    second.wait_until_gone("It could not be started");
    second.press("q");
    let left = second.leave();
    assert_eq!(left.code, 6, "{}", left.text);
    assert!(left.text.contains("error: "), "{}", left.text);
    first.press(CTRL_C);
    assert_eq!(first.leave().code, 5);
}

#[test]
fn a_journal_that_cannot_be_written_any_more_stops_the_run_and_is_told_twice() {
    let wizard = Wizard::new();
    // The sandbox lives elsewhere, so that the limit on the size of files meets the journal alone.
    let _served = Served::start(&wizard);
    let script = format!("trap '' XFSZ; ulimit -f 40; exec {}", wizard.command_line());
    let mut terminal = wizard.open_in_shell(&script);
    terminal.go_to_form();
    terminal.go_to_stages();
    terminal.press("A");
    terminal.wait_for("The run had to stop");
    terminal.wait_for("cannot write to");
    terminal.wait_for("Ctrl+C leave");
    terminal.press(CTRL_C);
    let left = terminal.leave();
    assert_eq!(left.code, 6, "{}", left.text);
    let (summary, told) = left.text.split_once("error: ").expect("the reason stands after the summary");
    assert!(summary.contains("What is left"), "{}", left.text);
    assert!(told.contains("cannot write to"), "{}", left.text);
    assert!(told.contains("nothing more is sent"), "{}", left.text);
}

#[test]
fn an_azure_that_offers_nothing_is_told_before_the_stages_and_after_it() {
    let wizard = Wizard::new().with(&["--sandbox-world", "nothing-offered"]);
    let mut terminal = wizard.open_at_form();
    terminal.press(CTRL_G);
    terminal.wait_for("the subscription offers nothing that hubup speaks");
    terminal.wait_for_enter("check again");
    // What was typed is still there, and the next try starts from it.
    terminal.press(ESC);
    terminal.wait_for("> Setup");
    terminal.press(DOWN);
    terminal.wait_for("> Subscription");
    terminal.press(ENTER);
    terminal.wait_for("> Resource group");
    terminal.press(CTRL_C);
    let left = terminal.leave();
    assert_eq!(left.code, 2, "{}", left.text);
    assert!(left.text.contains("error: the subscription offers nothing that hubup speaks"), "{}", left.text);
}
