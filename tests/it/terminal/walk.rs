//! The way of a newcomer: form, seven Enters, finish page; and the panes met on the way, once each.

use super::pty::{CTRL_C, CTRL_L, CTRL_U, DOWN, ENTER, ESC, PAGE_DOWN, Terminal, UP, Wizard};

/// The headings of the seven stages, in the order of the screen.
const STAGES: [&str; 7] = [
    "1 Roles and identity",
    "2 ADR namespace",
    "3 Credential and policy",
    "4 IoT hub",
    "5 Device Provisioning Service",
    "6 Credential sync",
    "7 Enrollment group",
];

/// Those of the newer object model.
const LINKS_STAGES: [&str; 7] = [
    "1 Roles and identity",
    "2 IoT hub",
    "3 Device Provisioning Service",
    "4 ADR namespace",
    "5 Link and trust",
    "6 Certificates",
    "7 Enrollment group",
];

/// Waits until the cursor stands on the stage `heading`.
fn wait_for_cursor_on(terminal: &Terminal, heading: &str) {
    terminal.wait_until(&format!("the cursor on {heading}"), |screen| {
        let (_, columns) = screen.size();
        screen.rows(0, columns).any(|row| row.starts_with('>') && row.contains(heading))
    });
}

/// Confirms every stage, one Enter each.
fn walk(terminal: &mut Terminal, stages: [&str; 7]) {
    for heading in stages {
        wait_for_cursor_on(terminal, heading);
        terminal.wait_for_enter("go");
        terminal.press(ENTER);
    }
}

#[test]
fn it_opens_on_the_choices_and_one_enter_leads_to_the_form() {
    let mut terminal = Wizard::new().open_at_form();
    let shown = terminal.shown();
    for text in
        ["hubup", "SANDBOX", "Setup", "Subscription", "11111111-1111-4111-8111-111111111111", "Ctrl+C leave"]
    {
        assert!(shown.contains(text), "{text} is not on:\n{shown}");
    }
    assert!(terminal.on_alternate_screen());
    terminal.press(CTRL_C);
    let left = terminal.leave();
    assert_eq!((left.code, left.text.trim()), (0, ""));
}

#[test]
fn seven_enters_end_on_the_finish_page_and_leave_the_summary() {
    let mut terminal = Wizard::new().open_at_stages();
    walk(&mut terminal, STAGES);
    terminal.wait_for("Everything is finished: 17 of 17 done");
    terminal.wait_for_enter("leave");
    assert!(terminal.on_alternate_screen());
    terminal.press(ENTER);
    let left = terminal.leave();
    assert_eq!(left.code, 0, "{}", left.text);
    for text in
        ["17 of 17 done", "What a device maker needs", "id scope", "CA thumbprint", "contoso-factory-group"]
    {
        assert!(left.text.contains(text), "{text} is not in:\n{}", left.text);
    }
    for heading in STAGES {
        assert!(left.text.contains(heading), "{heading} is not in:\n{}", left.text);
    }
    assert!(!left.text.contains("What is left"), "{}", left.text);
    // Nothing of the screen itself stays.
    assert!(!left.text.contains("Ctrl+C"), "{}", left.text);
}

#[test]
fn the_newer_object_model_is_walked_in_its_own_order() {
    let mut terminal = Wizard::new().with(&["--sandbox-world", "links-2026"]).open_at_stages();
    walk(&mut terminal, LINKS_STAGES);
    terminal.wait_for("Everything is finished: 14 of 14 done");
    terminal.wait_for_enter("leave");
    terminal.press(ENTER);
    let left = terminal.leave();
    assert_eq!(left.code, 0, "{}", left.text);
    for text in ["14 of 14 done", "id scope", "CN=issuing-ca", "contoso-factory-group"] {
        assert!(left.text.contains(text), "{text} is not in:\n{}", left.text);
    }
}

#[test]
fn it_streams_every_call_into_the_log() {
    let mut terminal = Wizard::new().sized(160, 40).open_at_stages();
    terminal.press(ENTER);
    terminal.wait_for("5 of 17 done");
    let shown = terminal.shown();
    for text in ["PUT  userAssignedIdentities/contoso-factory-id", "201", "access.identity", "done"] {
        assert!(shown.contains(text), "{text} is not on:\n{shown}");
    }
    terminal.press(CTRL_C);
    assert_eq!(terminal.leave().code, 5);
}

#[test]
fn skipping_shows_its_cost_and_can_be_taken_back() {
    let mut terminal = Wizard::new().open_at_stages();
    for heading in &STAGES[1..5] {
        terminal.press(DOWN);
        wait_for_cursor_on(&terminal, heading);
    }
    terminal.press("s");
    terminal.wait_for("What skipping costs");
    terminal.wait_for("Then these cannot run");
    // Esc skips nothing.
    terminal.press(ESC);
    terminal.wait_until_gone("What skipping costs");
    terminal.wait_for("17 left");
    terminal.press("s");
    terminal.wait_for_enter("skip");
    terminal.press(ENTER);
    terminal.wait_for("2 skipped");
    wait_for_cursor_on(&terminal, STAGES[5]);
    terminal.press(UP);
    wait_for_cursor_on(&terminal, STAGES[4]);
    terminal.wait_for("u do it after all");
    terminal.press("u");
    terminal.wait_until_gone("2 skipped");
    terminal.wait_for("17 left");
    terminal.press(CTRL_C);
    let left = terminal.leave();
    assert_eq!(left.code, 5);
    assert!(left.text.contains("To go on: hubup --sandbox"), "{}", left.text);
}

#[test]
fn a_failure_explains_itself_and_offers_its_keys() {
    let mut terminal = Wizard::new().in_world("[quirks]\nhub_failed = true\n").open_at_stages();
    walk(&mut terminal, STAGES);
    terminal.wait_for("11 of 17 done");
    terminal.wait_for("blocked");
    for heading in STAGES[3..6].iter().rev() {
        terminal.press(UP);
        wait_for_cursor_on(&terminal, heading);
    }
    terminal.press("d");
    terminal.wait_for("Azure says");
    terminal.wait_for("IH500001");
    terminal.wait_for("r retry");
    let shown = terminal.shown();
    for text in ["Create the IoT hub", "failed after", "Means", "Do ", "Quote", "s skip"] {
        assert!(shown.contains(text), "{text} is not on:\n{shown}");
    }
    terminal.press(CTRL_C);
    let left = terminal.leave();
    assert_eq!(left.code, 1, "{}", left.text);
    assert!(left.text.contains("IH500001"), "{}", left.text);
    assert!(left.text.contains("What is left"), "{}", left.text);
}

#[test]
fn the_requests_and_the_help_are_pages_that_scroll() {
    let mut terminal = Wizard::new().open_at_stages();
    terminal.press("D");
    terminal.wait_for("Requests of Roles and identity");
    terminal.wait_for("https://management.azure.com/subscriptions/");
    // The first frame may not know yet how long the text is; the key is named as soon as it is known.
    terminal.wait_for("PgDn more");
    terminal.press(PAGE_DOWN);
    terminal.wait_until_gone("1 GET looks whether it is there\n");
    terminal.press(ESC);
    terminal.wait_for("Stages");
    terminal.press("?");
    terminal.wait_for("Keys that act now");
    let shown = terminal.shown();
    for text in ["do every step of this stage", "skip this row", "every request of this row", "Ctrl+Z"] {
        assert!(shown.contains(text), "{text} is not on:\n{shown}");
    }
    terminal.press(ESC);
    terminal.wait_until_gone("Keys that act now");
    terminal.press(CTRL_C);
    assert_eq!(terminal.leave().code, 5);
}

#[test]
fn a_question_waits_until_it_is_opened_and_answered() {
    let mut terminal = Wizard::new().with(&["--sandbox-world", "neighbours"]).open_at_form();
    terminal.press(DOWN);
    terminal.press(DOWN);
    terminal.wait_for("> Resource group");
    terminal.press(CTRL_U);
    terminal.wait_until_gone("> Resource group    rg-contoso");
    terminal.press("neighbours");
    terminal.wait_for("> Resource group    neighbours");
    terminal.go_to_stages();
    terminal.press(ENTER);
    terminal.wait_for("1 asks you");
    terminal.wait_for("a answer");
    terminal.press("a");
    terminal.wait_for("neighbours exists and is not ours");
    terminal.wait_for("1 use it as it is");
    // Enter answers nothing.
    terminal.press(ENTER);
    terminal.press("1");
    terminal.wait_until_gone("asks you");
    terminal.wait_for("5 of 17 done");
    terminal.press(CTRL_C);
    assert_eq!(terminal.leave().code, 5);
}

#[test]
fn answers_are_chosen_from_what_there_is() {
    let mut terminal = Wizard::new().with(&["--sandbox-world", "neighbours"]).open_at_form();
    terminal.press(DOWN);
    terminal.wait_for("Ctrl+L list");
    terminal.press(CTRL_L);
    terminal.wait_for("Sandbox subscription");
    terminal.wait_for_enter("take");
    terminal.press(ESC);
    terminal.wait_for_enter("next");
    // Regions, in which everything is offered; the hub goes along.
    terminal.press(DOWN);
    terminal.press(DOWN);
    terminal.wait_for("> Region");
    terminal.press(CTRL_L);
    terminal.wait_for("northeurope");
    terminal.press(DOWN);
    terminal.press(DOWN);
    terminal.wait_for("> northeurope");
    terminal.press(ENTER);
    terminal.wait_for("> Region            northeurope");
    terminal.wait_for("Hub region        northeurope");
    terminal.press(CTRL_C);
    terminal.wait_for("You changed 1 answer");
    terminal.press("l");
    assert_eq!(terminal.leave().code, 0);
}
