//! A setup from before: killed, left, reviewed, exported, taken down; and something that exists used for a step.

use rustix::process::Signal;

use super::pty::{CTRL_C, DOWN, ENTER, ESC, Terminal, Wizard};

/// Waits until the cursor of the stages stands on `heading`.
fn wait_for_cursor_on(terminal: &Terminal, heading: &str) {
    terminal.wait_until(&format!("the cursor on {heading}"), |screen| {
        let (_, columns) = screen.size();
        screen.rows(0, columns).any(|row| row.starts_with('>') && row.contains(heading))
    });
}

/// The first two stages confirmed and done.
fn begun(wizard: &Wizard) -> Terminal {
    let mut terminal = wizard.open_at_stages();
    terminal.press(ENTER);
    wait_for_cursor_on(&terminal, "2 ADR namespace");
    terminal.press(ENTER);
    terminal.wait_for("7 of 17 done");
    terminal
}

/// Goes on from the choices: to the stages, their keys awake.
fn go_on(terminal: &mut Terminal) {
    terminal.wait_for("> Go on with contoso-factory");
    terminal.press(ENTER);
    terminal.wait_for("Stages");
}

#[test]
fn killed_in_the_middle_it_goes_on_with_one_enter_and_finishes() {
    let wizard = Wizard::slow();
    let mut terminal = wizard.open_at_stages();
    terminal.press("A");
    // Azure has accepted the namespace and is far from done with it.
    terminal.wait_for("accepted; Azure works");
    terminal.signal(Signal::KILL);
    terminal.killed();
    let mut terminal = wizard.at_once().open();
    terminal.wait_for("contoso-factory is set up in part, cut off");
    terminal.wait_for("in Azure's hands: Create the ADR namespace");
    go_on(&mut terminal);
    // Nothing that was done waits for a word: only what nobody began.
    terminal.wait_for("A all the rest");
    terminal.press("A");
    terminal.wait_for("Everything is finished: 17 of 17 done");
    terminal.wait_for_enter("leave");
    terminal.press(ENTER);
    let left = terminal.leave();
    assert_eq!(left.code, 0, "{}", left.text);
    // The namespace that was under way was followed to its end, not made again.
    assert!(left.text.contains("17 of 17 done"), "{}", left.text);
}

#[test]
fn left_in_the_middle_it_is_reviewed_exported_and_gone_on_with() {
    let wizard = Wizard::new();
    let mut terminal = begun(&wizard);
    terminal.press(CTRL_C);
    assert_eq!(terminal.leave().code, 5);
    let mut terminal = wizard.open();
    terminal.wait_for("contoso-factory is set up in part, left just now");
    terminal.wait_for("7 of 17 done");
    terminal.press(DOWN);
    terminal.wait_for("> Review what was done");
    terminal.press(ENTER);
    terminal.wait_for("Review of contoso-factory");
    terminal.wait_for("What is left goes on with: hubup --sandbox");
    terminal.wait_for_enter("open");
    terminal.press(ENTER);
    terminal.wait_for("Requests of Create the resource group");
    terminal.press(ENTER);
    terminal.wait_for("Request 1 of");
    terminal.wait_for("https://management.azure.com/subscriptions/");
    terminal.press(ESC);
    terminal.wait_for("Requests of Create the resource group");
    terminal.press(ESC);
    terminal.wait_for("f filter");
    for (key, ending) in [("m", "md"), ("j", "json"), ("m", "md")] {
        terminal.press("e");
        terminal.wait_for("m Markdown");
        terminal.press(key);
        terminal.wait_for(&format!(".{ending}"));
        terminal.press(ESC);
        terminal.wait_until_gone("Written");
    }
    let mut written: Vec<String> = std::fs::read_dir(wizard.folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("hubup-review-"))
        .collect();
    written.sort();
    // The third does not take the place of the first.
    assert_eq!(written.len(), 3, "{written:?}");
    let text = std::fs::read_to_string(wizard.folder().join(&written[0])).unwrap();
    assert!(text.starts_with("# ") && text.contains("Create the resource group"), "{text}");
    terminal.press(ESC);
    terminal.wait_for("> Review what was done");
    terminal.press("k");
    go_on(&mut terminal);
    // What was done is proved by itself, and the cursor stands on what comes next.
    terminal.wait_for("7 of 17 done");
    wait_for_cursor_on(&terminal, "3 Credential and policy");
    terminal.wait_for_enter("go");
    terminal.press(ENTER);
    terminal.wait_for("9 of 17 done");
    terminal.press(CTRL_C);
    let left = terminal.leave();
    assert_eq!(left.code, 5, "{}", left.text);
}

#[test]
fn a_complete_setup_says_so_and_can_be_taken_down_from_the_review() {
    let wizard = Wizard::new();
    let mut terminal = wizard.open_at_stages();
    terminal.press("A");
    terminal.wait_for("Everything is finished: 17 of 17 done");
    terminal.press("R");
    terminal.wait_for("Review of contoso-factory");
    terminal.wait_for("T take down");
    terminal.press("T");
    terminal.wait_for("Type the name of the setup, contoso-factory, to begin");
    terminal.press("contoso");
    terminal.press(ENTER);
    terminal.wait_for("not its name: nothing changed");
    terminal.press("-factory");
    terminal.wait_for("Each begins when you confirm it there");
    terminal.press(ENTER);
    terminal.wait_for_enter("go");
    terminal.press("A");
    terminal.wait_for("The setup is taken down");
    terminal.wait_for_enter("leave");
    terminal.press(ENTER);
    let left = terminal.leave();
    assert_eq!(left.code, 0, "{}", left.text);
    assert!(left.text.contains("taking down setup contoso-factory"), "{}", left.text);
    // The next start knows that, and sets up again when told to.
    let mut terminal = wizard.open();
    terminal.wait_for("contoso-factory was taken down");
    terminal.wait_for("> Set contoso-factory up again");
    terminal.press(ENTER);
    terminal.wait_for_enter("go");
    terminal.wait_for("0 of 17 done");
    terminal.press(CTRL_C);
    assert_eq!(terminal.leave().code, 5);
}

#[test]
fn a_journal_that_cannot_be_read_is_told_and_nothing_is_begun_anew() {
    let wizard = Wizard::new();
    let mut terminal = begun(&wizard);
    terminal.press(CTRL_C);
    terminal.leave();
    let setups = wizard.state().join("setups");
    let setup = std::fs::read_dir(setups).unwrap().next().unwrap().unwrap().path();
    let run = std::fs::read_dir(setup.join("runs")).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(&run).unwrap();
    std::fs::write(&run, text.replacen("\"format\":", "\"format\":9", 1)).unwrap();
    let left = wizard.open().leave();
    assert_eq!(left.code, 6, "{}", left.text);
    assert!(left.text.contains("newer"), "{}", left.text);
}

#[test]
fn what_exists_is_looked_up_and_used() {
    // A namespace that somebody else made, in another group.
    let id = "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-other";
    let world = format!(
        "[[resources]]\nid = \"{id}\"\n[resources.body]\nlocation = \"eastus2\"\n\
         [[resources]]\nid = \"{id}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/other-id\"\n\
         [resources.body]\nlocation = \"eastus2\"\n"
    );
    let mut terminal = Wizard::new().in_world(&world).open_at_stages();
    terminal.press("u");
    terminal.wait_for("other-id · eastus2 · in rg-other");
    terminal.press("/wrong");
    terminal.wait_for("an id begins with /subscriptions/");
    terminal.press(ESC);
    terminal.wait_until_gone("an id begins with");
    terminal.press("u");
    terminal.wait_for_enter("use it");
    terminal.press(ENTER);
    // What it needs is confirmed with the rest of its stage.
    terminal.wait_until_gone("Use one that exists");
    terminal.press(ENTER);
    terminal.wait_for("used as you said");
    terminal.wait_for("5 of 17 done");
    terminal.press(CTRL_C);
    assert_eq!(terminal.leave().code, 5);
}
