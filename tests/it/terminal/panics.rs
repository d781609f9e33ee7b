//! A panic in the wizard: the terminal comes back first, then the panic is told.
//!
//! Nothing that a person types makes the program panic, so the wizard is given a field and a launcher that do. It
//! runs in a copy of this test program under the pseudo-terminal; a variable tells the copy that it is one.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use hubup::domain::{Answers, Fault, Field, FieldKind, RunKind, StepId};
use hubup::stages::preflight::HandOff;
use hubup::tui::{
    self, Banner, Candidate, Checkup, ExportForm, Ground, Launch, Launched, Place, Reviewed, ScreenOptions,
    SignInWay, SignedIn, Start, TellPrompt, Usual, Verdict, WayBack,
};
use portable_pty::CommandBuilder;

use super::pty::{CTRL_C, CTRL_G, Terminal};
use crate::support::example;

const COPY: &str = "HUBUP_TEST_COPY";

struct Panicking;

#[async_trait]
impl Launch for Panicking {
    async fn enter(&self, _: Place, _: Option<String>) -> Result<Ground, Fault> {
        panic!("the launcher fell over");
    }

    async fn ways(&self) -> Result<Vec<SignInWay>, Fault> {
        panic!("the launcher fell over");
    }

    async fn sign_in(&self, _: String, _: TellPrompt) -> Result<SignedIn, Fault> {
        panic!("the launcher fell over");
    }

    async fn take_tenant(&self, _: String) -> Result<SignedIn, Fault> {
        panic!("the launcher fell over");
    }

    fn open_link(&self, _: &str) -> bool {
        panic!("the launcher fell over");
    }

    async fn propose(&self, _: Answers) -> Result<Answers, Fault> {
        panic!("the launcher fell over");
    }

    async fn verdict(&self, _: Answers, _: &'static str) -> Result<Option<Verdict>, Fault> {
        panic!("the launcher fell over");
    }

    async fn check(&self, _: Answers) -> Result<Checkup, Fault> {
        panic!("the launcher fell over");
    }

    async fn hand_over(&self, _: HandOff) -> Result<String, Fault> {
        panic!("the launcher fell over");
    }

    async fn keep(&self, _: Answers) -> Result<String, Fault> {
        panic!("the launcher fell over");
    }

    async fn launch(&self, _: Answers, _: RunKind) -> Result<Launched, Fault> {
        panic!("the launcher fell over");
    }

    async fn way_back(&self, _: Answers) -> Result<WayBack, Fault> {
        panic!("the launcher fell over");
    }

    async fn review(&self, _: Answers) -> Result<Reviewed, Fault> {
        panic!("the launcher fell over");
    }

    async fn export(&self, _: Answers, _: ExportForm) -> Result<String, Fault> {
        panic!("the launcher fell over");
    }

    fn save(&self, _: &str, _: &mut dyn Iterator<Item = String>) -> Result<(String, usize), Box<Fault>> {
        panic!("the launcher fell over");
    }

    async fn choices(&self, _: Answers, _: &'static str) -> Result<Vec<Candidate>, Fault> {
        panic!("the launcher fell over");
    }

    async fn usual(&self) -> BTreeMap<StepId, Usual> {
        BTreeMap::new()
    }

    async fn candidates(&self, _: StepId) -> Result<Vec<Candidate>, Fault> {
        panic!("the launcher fell over");
    }
}

fn words(_: &Answers) -> String {
    "yes".to_owned()
}

fn take(_: &mut Answers, _: &str) {
    panic!("the field fell over");
}

/// The wizard over what panics, on the terminal of this process.
fn wizard() {
    let field = Field {
        key: "test",
        label: "Trap",
        choices: None,
        hint: "falls over when it is changed",
        fixed: None,
        kind: FieldKind::Choice(&["yes", "no"]),
        get: words,
        set: take,
    };
    let start = Start {
        ground: Ground {
            place: Place::Sandbox,
            answers: example(),
            another: example(),
            resume: None,
            others: Vec::new(),
            fields: vec![("Traps", vec![field])],
            banner: Banner { cloud: "SANDBOX x60".to_owned(), detail: String::new() },
            scale: 60.0,
            asks_who: false,
            proposes: false,
        },
        elsewhere: Vec::new(),
        rehearsals: Vec::new(),
        launcher: Arc::new(Panicking),
        options: ScreenOptions::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(tui::run(start)).unwrap();
    // A thread that reads the terminal cannot be woken.
    runtime.shutdown_background();
}

#[expect(clippy::disallowed_methods, reason = "a copy of the test program is told so by a variable")]
fn is_copy() -> bool {
    std::env::var_os(COPY).is_some()
}

/// A copy of this program that runs only the test `name`, in a terminal.
fn copy(name: &str) -> Terminal {
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args([format!("terminal::panics::{name}").as_str(), "--exact", "--nocapture"]);
    Terminal::start(command, Arc::new(tempfile::tempdir().unwrap()), &[(COPY, "1")], (80, 24))
}

#[test]
fn a_panic_of_the_screen_gives_the_terminal_back_and_is_told() {
    if is_copy() {
        return wizard();
    }
    let mut terminal = copy("a_panic_of_the_screen_gives_the_terminal_back_and_is_told");
    terminal.go_to_form();
    terminal.wait_for("Trap");
    // The next choice: the header asks for the answers, and the field falls over.
    terminal.press(" ");
    let left = terminal.leave();
    assert_ne!(left.code, 0);
    assert!(left.text.contains("the field fell over"), "{}", left.text);
    assert!(left.text.contains("panics.rs"), "{}", left.text);
}

#[test]
fn a_panic_of_a_task_is_told_on_the_screen_and_whole_after_it() {
    if is_copy() {
        return wizard();
    }
    let mut terminal = copy("a_panic_of_a_task_is_told_on_the_screen_and_whole_after_it");
    terminal.go_to_form();
    terminal.press(CTRL_G);
    terminal.wait_for("hubup itself failed at that");
    // Nothing is written across the screen.
    assert!(terminal.on_alternate_screen());
    assert!(!terminal.shown().contains("fell over"), "{}", terminal.shown());
    terminal.press(CTRL_C);
    let left = terminal.leave();
    assert_eq!(left.code, 0, "{}", left.text);
    assert!(left.text.contains("the launcher fell over"), "{}", left.text);
}
