//! The log in a real terminal: a line's exchange, search, filter, a file of it; a row's commands and reasons.

use super::pty::{CTRL_C, ENTER, ESC, Terminal, UP, Wizard};

const TAB: &str = "\t";

/// The wizard after its first stage.
fn after_one_stage(wizard: &Wizard) -> Terminal {
    let mut terminal = wizard.open_at_stages();
    terminal.press(ENTER);
    terminal.wait_for("5 of 17 done");
    terminal
}

#[test]
fn a_line_opens_its_exchange_which_is_read_from_the_journal() {
    let mut terminal = after_one_stage(&Wizard::new().sized(220, 40));
    terminal.press("/");
    terminal.press("PUT  userAssigned");
    terminal.press(ENTER);
    terminal.wait_for("found; n next, N previous");
    terminal.press(TAB);
    terminal.wait_for_enter("exchange");
    terminal.press(ENTER);
    terminal.wait_for("of access.identity");
    for text in
        ["x-ms-client-request-id: ", "userAssignedIdentities/contoso-factory-id?api-version=", "\"location\""]
    {
        terminal.wait_for(text);
    }
    terminal.press("n");
    terminal.wait_until("the next call, which looks", |screen| {
        screen.contents().lines().nth(2).is_some_and(|line| line.trim() == "GET")
    });
    terminal.press("p");
    terminal.wait_until("the call before", |screen| {
        screen.contents().lines().nth(2).is_some_and(|line| line.trim() == "PUT")
    });
    terminal.press(ESC);
    terminal.wait_for("Stages");
    terminal.press(CTRL_C);
    assert_eq!(terminal.leave().code, 5);
}

#[test]
fn what_is_filtered_is_saved_to_a_new_file_each_time() {
    let wizard = Wizard::new();
    let mut terminal = after_one_stage(&wizard);
    terminal.press("&");
    terminal.wait_for("Only lines with:");
    terminal.press("roleassign");
    terminal.press(ENTER);
    terminal.wait_for("with `roleassign`");
    for _ in 0..2 {
        terminal.press("Y");
        terminal.wait_for("save the lines that are shown");
        terminal.press("5");
        terminal.wait_for("lines to hubup-log-");
        terminal.press(ESC);
        terminal.wait_until_gone("Copy or save");
    }
    terminal.press(CTRL_C);
    assert_eq!(terminal.leave().code, 5);
    let entries = std::fs::read_dir(wizard.folder()).unwrap().map(|entry| entry.unwrap().path());
    let saved: Vec<String> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    assert_eq!(saved.len(), 2);
    assert_eq!(saved[0], saved[1]);
    assert!(saved[0].lines().count() >= 3, "{}", saved[0]);
    assert!(saved[0].lines().all(|line| line.to_lowercase().contains("roleassign")), "{}", saved[0]);
}

#[test]
fn a_row_shows_its_commands_and_why_it_is_there() {
    let mut terminal = Wizard::new().open_at_stages();
    terminal.press("z");
    terminal.wait_for("az group create --name rg-contoso-factory");
    terminal.press("z");
    terminal.wait_for("Stages");
    terminal.press("x");
    terminal.wait_for("Holds everything that the setup makes.");
    terminal.press(ESC);
    terminal.wait_for("Stages");
    terminal.press(UP);
    terminal.press(CTRL_C);
    assert_eq!(terminal.leave().code, 5);
}
