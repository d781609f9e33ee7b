//! The welcome page: where to go, what is known of setups from before, what can be practised.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::domain::Outcome;
use crate::tui::app::App;
use crate::tui::ground::Place;
use crate::tui::msg::Painted;
use crate::tui::paper::{Paper, Tone};
use crate::tui::text::{pad, safe, width};
use crate::tui::welcome::{Choice, Resume, Welcome};

use super::{screen, theme};

/// Where the text beside a choice begins.
const INDENT: usize = 3;
/// So many failed steps are named; the review has all of them.
const NAMED: usize = 2;

/// Draws the page.
pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) -> Painted {
    let Some(welcome) = &app.welcome else { return Painted::default() };
    let told = told(app, welcome);
    let wide = usize::from(area.width.saturating_sub(2));
    let (title, (choices, cursor)) = match welcome.practising {
        Some(at) => ("Practise in the sandbox", rehearsals(welcome, at, wide)),
        None => {
            let title = if welcome.resume.is_some() { "Welcome back" } else { "Welcome" };
            (title, choices(app, welcome, wide))
        }
    };
    // The choices come first: what is told of them takes what is left.
    let room = area.height.saturating_sub(screen::rows_of(&choices, area)).max(area.height / 3);
    let (top, rest) = screen::split(area, screen::rows_of(&told, area).min(room));
    // The choice of the cursor stays in sight where there is little room.
    let rows = usize::from(top.height.saturating_sub(1));
    let scroll = (cursor + 1).saturating_sub(rows);
    screen::paper(&choices, screen::pane(title, false, true), scroll, frame, top);
    let title = if app.fault.is_some() { "It could not be started" } else { "What Enter does" };
    let (_, rows) = screen::paper(&told, screen::pane(title, false, app.fault.is_some()), 0, frame, rest);
    Painted { rows, ..Painted::default() }
}

/// One line to choose.
fn line(paper: &mut Paper, here: bool, label: String, hint: String) {
    paper.line(vec![
        (Tone::Key, if here { "> " } else { "  " }.to_owned()),
        (if here { Tone::Strong } else { Tone::Plain }, label),
        (Tone::Dim, hint),
    ]);
}

/// What can be practised; and on which line the one of the cursor stands.
fn rehearsals(welcome: &Welcome, at: usize, cells: usize) -> (Paper, usize) {
    let mut paper = Paper::default();
    paper.text(Tone::Strong, "What shall go wrong?");
    paper.gap();
    let mut cursor = 0;
    let longest = welcome.rehearsals.iter().map(|one| width(&one.name)).max().unwrap_or(0) + 3;
    for (index, rehearsal) in welcome.rehearsals.iter().enumerate() {
        if index == at {
            cursor = paper.laid_out(cells).len();
        }
        line(&mut paper, index == at, pad(&rehearsal.name, longest), String::new());
    }
    (paper, cursor)
}

/// Where it stands and the choices; and on which line the one of the cursor stands.
fn choices(app: &App, welcome: &Welcome, cells: usize) -> (Paper, usize) {
    let mut paper = Paper::default();
    paper.text(Tone::Strong, &head(app, welcome));
    paper.gap();
    let mut cursor = 0;
    for (index, choice) in app.choices().into_iter().enumerate() {
        if index == welcome.at {
            cursor = paper.laid_out(cells).len();
        }
        let (label, hint) = label(app, welcome, choice);
        line(&mut paper, index == welcome.at, label, hint);
        if let (0, Some(resume)) = (index, &welcome.resume) {
            known(&mut paper, resume);
        }
    }
    (paper, cursor)
}

/// What stands above the choices.
pub(in crate::tui) fn head(app: &App, welcome: &Welcome) -> String {
    match &welcome.resume {
        Some(resume) => standing(app, resume),
        None => {
            "From a sign-in to an IoT hub that can onboard devices with issued certificates, in seven stages."
                .to_owned()
        }
    }
}

/// How the setup from before stands.
fn standing(app: &App, resume: &Resume) -> String {
    let name = name(resume);
    let left = resume.left(app.now);
    match (resume.is_teardown(), resume.complete()) {
        (false, true) => format!("{}: {name} is set up, {left}.", app.banner.cloud),
        (false, false) => format!("{}: {name} is set up in part, {left}.", app.banner.cloud),
        (true, true) => format!("{}: {name} was taken down, {left}.", app.banner.cloud),
        (true, false) => format!("{}: {name} is taken down in part, {left}.", app.banner.cloud),
    }
}

fn name(resume: &Resume) -> String {
    resume.before().map(|answers| safe(&answers.name)).unwrap_or_default()
}

/// A choice, and what is said beside it.
pub(in crate::tui) fn label(app: &App, welcome: &Welcome, choice: Choice) -> (String, String) {
    let before = welcome.resume.as_ref().map(name).unwrap_or_default();
    let teardown = welcome.resume.as_ref().is_some_and(Resume::is_teardown);
    let label = match choice {
        Choice::GoOn if teardown => format!("Go on taking {before} down"),
        Choice::GoOn => format!("Go on with {before}"),
        Choice::GoOnAsBefore => format!("Go on with {before}, with the answers of the last run"),
        Choice::Review => "Review what was done".to_owned(),
        Choice::Change => "Change the answers".to_owned(),
        Choice::TakeDown => "Take it down".to_owned(),
        Choice::SetUpAgain => format!("Set {before} up again"),
        Choice::Begin if app.place == Place::Sandbox => {
            return ("Set up in the sandbox".to_owned(), "   no account, nothing costs anything".to_owned());
        }
        Choice::Begin => "Set up in Azure".to_owned(),
        Choice::Other(index) => {
            let Some(other) = welcome.others.get(index) else { return (String::new(), String::new()) };
            let hint = format!("   {}, {}", other.counted(), other.left(app.now));
            return (format!("Go on with {}", name(other)), hint);
        }
        Choice::Another => "Set up another one".to_owned(),
        Choice::Practise => "Practise a failure in the sandbox".to_owned(),
        Choice::SignIn => {
            let account = app.signed_in.as_ref().map(|known| safe(&known.account)).unwrap_or_default();
            return ("Sign in as somebody else".to_owned(), format!("   now {account}"));
        }
        Choice::Elsewhere(Place::Azure) => "Go to Azure".to_owned(),
        Choice::Elsewhere(Place::Sandbox) => {
            return ("Go to the sandbox".to_owned(), "   no account, nothing costs anything".to_owned());
        }
    };
    (label, String::new())
}

/// What is known of it, below the choice that goes on.
pub(in crate::tui) fn known(paper: &mut Paper, resume: &Resume) {
    paper.item("", INDENT, Tone::Dim, &resume.counted());
    let progress = &resume.progress;
    let failed: Vec<_> =
        resume.steps().filter(|step| progress.outcome(&step.id) == Some(Outcome::Failed)).collect();
    for step in failed.iter().take(NAMED) {
        let fault = progress.step(&step.id).and_then(|known| known.fault.as_ref());
        let code = fault.and_then(|fault| fault.code.as_ref()).map(|code| format!(" ({code})"));
        let text = format!("failed: {}{}", step.title, code.unwrap_or_default());
        paper.item("", INDENT, Tone::Bad, &text);
    }
    if failed.len() > NAMED {
        paper.item("", INDENT, Tone::Bad, &format!("and {} more that failed", failed.len() - NAMED));
    }
    for step in resume.steps().filter(|step| resume.in_azures_hands(step)) {
        paper.item("", INDENT, Tone::Busy, &format!("in Azure's hands: {}", step.title));
    }
}

/// What the choice of the cursor does, the answers that are others now, or why the last start failed.
pub(in crate::tui) fn told(app: &App, welcome: &Welcome) -> Paper {
    let mut paper = Paper::default();
    if let Some(fault) = &app.fault {
        paper.fault(fault);
        return paper;
    }
    if welcome.entering.is_some_and(|since| app.indicator(since)) {
        paper.line(vec![
            (Tone::Busy, format!("{} ", theme::spinner(app.now, app.options))),
            (Tone::Plain, "Opening it. Nothing is changed.".to_owned()),
        ]);
        return paper;
    }
    if let Some(at) = welcome.practising {
        let about = welcome.rehearsals.get(at).map(|rehearsal| rehearsal.about.as_str()).unwrap_or_default();
        paper.text(Tone::Plain, &format!("{about}."));
        paper.text(
            Tone::Dim,
            "Begins a setup of its own in the sandbox, in which that happens. See what it looks like and which keys mend it; nothing here touches Azure.",
        );
        return paper;
    }
    let teardown = welcome.resume.as_ref().is_some_and(Resume::is_teardown);
    let says = match app.choice() {
        Choice::GoOn | Choice::GoOnAsBefore if teardown => {
            "Signs in and looks at what is still there. Nothing more is deleted before you confirm it."
        }
        Choice::GoOn | Choice::GoOnAsBefore => {
            "Signs in, looks again at what was done, and shows the stages. Nothing is changed before you confirm it."
        }
        Choice::Review => "Every step with its outcome, reason, remedy and requests. Nothing is sent.",
        Choice::Change => "The form. What other answers come to is shown before anything is changed.",
        Choice::TakeDown => {
            "Shows first what would be deleted and what stays. Nothing is deleted before you confirm it."
        }
        Choice::SetUpAgain => {
            "Signs in, looks at what is there, and shows the stages. Nothing is changed before you confirm it."
        }
        Choice::Begin if app.place == Place::Sandbox => {
            "A short form that is filled in already, then the checks, then the stages. The sandbox is an Azure inside hubup: everything works as there, and nothing leaves this machine."
        }
        Choice::Begin => {
            "Asks how to sign in, then shows a short form, then everything that would stand in the way. Nothing is changed before you confirm it, stage by stage."
        }
        Choice::Other(_) => "What can be done about that setup. Nothing is sent.",
        Choice::Another => "The form, filled with other names, for one more setup beside this one.",
        Choice::Practise => "A list of what can go wrong. Pick one and see it happen, where it does no harm.",
        Choice::Elsewhere(Place::Sandbox) => {
            "An Azure inside hubup, to try everything without an account. What you set up in Azure is not touched."
        }
        Choice::SignIn => "The ways there are to sign in. Whoever is signed in stays so until that worked.",
        Choice::Elsewhere(Place::Azure) => "The real one. Asks how to sign in; changes nothing by itself.",
    };
    paper.text(Tone::Plain, says);
    let changes = welcome.resume.as_ref().map_or(&[][..], |resume| &resume.changes);
    for (index, change) in changes.iter().enumerate() {
        if index == 0 {
            paper.gap();
            paper.text(Tone::Warn, "Your setup file says other than the last run did:");
        }
        paper.item("", INDENT, Tone::Plain, &change.told());
        if let Some(why) = &change.refused {
            paper.item("", INDENT + 2, Tone::Bad, &format!("that cannot follow: {why}"));
        }
    }
    if app.choice() == Choice::GoOnAsBefore {
        paper.text(Tone::Plain, "This goes on as if the setup file still said what it said then.");
    }
    paper
}
