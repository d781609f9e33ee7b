//! What the terminal is: its size, its colours, its absence.

use assert_cmd::Command;

use super::pty::{CTRL_C, CTRL_G, ENTER, Terminal, Wizard};

/// True when a colour is set by `style`, the numbers of one SGR sequence. To set the default colours is none.
fn colours(style: &[u16]) -> bool {
    style.iter().any(|number| matches!(number, 30..=38 | 40..=48 | 90..=97 | 100..=107))
}

fn at_the_stages_with_something_done(wizard: &Wizard) -> Terminal {
    let mut terminal = wizard.open_at_stages();
    terminal.press(ENTER);
    terminal.wait_for("5 of 17 done");
    terminal
}

#[test]
fn a_window_may_become_too_small_and_large_again() {
    let wizard = Wizard::new();
    let mut terminal = at_the_stages_with_something_done(&wizard);
    terminal.resize(20, 5);
    terminal.wait_for("window too");
    terminal.resize(120, 36);
    terminal.wait_for("2 ADR namespace");
    terminal.wait_for("Log");
    terminal.resize(80, 24);
    terminal.wait_until("the stages and the footer at 80x24", |screen| {
        let text = screen.contents();
        text.contains("2 ADR namespace")
            && text.lines().last().is_some_and(|row| row.starts_with(" Enter go"))
    });
    terminal.press(CTRL_C);
    assert_eq!(terminal.leave().code, 5);
}

#[test]
fn in_a_window_that_is_too_small_the_keys_act_as_ever() {
    let mut terminal = Wizard::new().sized(20, 5).open();
    terminal.wait_for("Enter begin");
    terminal.press(ENTER);
    terminal.wait_for("Enter next");
    terminal.press(CTRL_G);
    terminal.wait_for("to the");
    terminal.press(ENTER);
    terminal.wait_for("0/17");
    terminal.press(CTRL_C);
    let left = terminal.leave();
    assert_eq!(left.code, 5, "{}", left.text);
}

#[test]
fn ten_by_three_is_survived() {
    let mut terminal = Wizard::new().sized(10, 3).open();
    terminal.wait_for("hubup");
    terminal.press(CTRL_C);
    assert_eq!(terminal.leave().code, 0);
}

#[test]
fn no_color_means_none() {
    let wizard = Wizard::new().variable("NO_COLOR", "1");
    let terminal = at_the_stages_with_something_done(&wizard);
    let styles = terminal.styles();
    // Bold and dim stay: they are no colours.
    assert!(styles.iter().any(|style| style.contains(&1)), "{styles:?}");
    assert_eq!(styles.iter().find(|style| colours(style)), None);
}

#[test]
fn without_no_color_there_are_colours() {
    let wizard = Wizard::new();
    let terminal = at_the_stages_with_something_done(&wizard);
    assert!(terminal.styles().iter().any(|style| colours(style)));
}

#[test]
fn ascii_means_ascii() {
    let wizard = Wizard::new().with(&["--ascii"]);
    let terminal = at_the_stages_with_something_done(&wizard);
    let shown = terminal.shown();
    assert!(shown.is_ascii(), "{shown}");
}

#[test]
fn without_a_terminal_one_sentence_names_apply() {
    let folder = tempfile::tempdir().unwrap();
    let mut hubup = Command::new(env!("CARGO_BIN_EXE_hubup"));
    hubup.env_clear().env("TERM", "xterm-256color").env("HOME", folder.path()).current_dir(folder.path());
    let output = hubup.arg("--sandbox").output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("hubup apply"), "{told}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_dumb_terminal_is_none() {
    let left = Wizard::new().variable("TERM", "dumb").open().leave();
    assert_eq!(left.code, 2, "{}", left.text);
    assert!(left.text.contains("hubup apply"), "{}", left.text);
}
