//! `hubup destroy` where somebody can type: the setup's name agrees, anything else does not.

use super::pty::{CTRL_C, ENTER, Left, Terminal, Wizard};

/// A setup that is made, and the question before it is taken down.
fn asked(wizard: &Wizard) -> Terminal {
    let hubup = wizard.command_line();
    let script = format!("{hubup} apply --yes > /dev/null && exec {hubup} destroy");
    let terminal = wizard.open_in_shell(&script);
    terminal.wait_for("Type the name of the setup, contoso-factory");
    terminal
}

fn typed(name: &str) -> (Wizard, Left) {
    let wizard = Wizard::new();
    let mut terminal = asked(&wizard);
    terminal.press(name);
    terminal.press(ENTER);
    let left = terminal.leave();
    (wizard, left)
}

fn holds_a_hub(wizard: &Wizard) -> bool {
    let world = std::fs::read_to_string(wizard.state().join("sandbox/world.json")).unwrap();
    world.contains("\"kind\":\"Microsoft.Devices/IotHubs\"")
}

#[test]
fn the_name_agrees() {
    let (wizard, left) = typed("contoso-factory");
    assert_eq!(left.code, 0, "{}", left.text);
    assert!(left.text.contains("Nothing of the setup contoso-factory is left to delete."), "{}", left.text);
    assert!(!holds_a_hub(&wizard));
}

#[test]
fn any_other_text_changes_nothing() {
    for name in ["contoso", "y", "", "contoso-factory-hub"] {
        let (wizard, left) = typed(name);
        assert_eq!(left.code, 5, "{name}: {}", left.text);
        assert!(left.text.contains("Nothing was changed."), "{name}: {}", left.text);
        assert!(holds_a_hub(&wizard), "{name}");
    }
}

#[test]
fn ctrl_c_at_the_question_changes_nothing() {
    let wizard = Wizard::new();
    let mut terminal = asked(&wizard);
    terminal.press(CTRL_C);
    assert_ne!(terminal.leave().code, 0);
    assert!(holds_a_hub(&wizard));
}
