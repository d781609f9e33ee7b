//! The welcome page: what is known of a setup from before, and what can be done about it.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::domain::Outcome;
use crate::tui::app::App;
use crate::tui::msg::Painted;
use crate::tui::paper::{Paper, Tone};
use crate::tui::summary::fault_items;
use crate::tui::text::safe;
use crate::tui::welcome::{Choice, Welcome};

use super::screen;

/// Where the text beside a choice begins, and the one beside a label below.
const INDENT: usize = 3;
const LABEL: usize = 12;
/// So many failed steps are named; the review has all of them.
const NAMED: usize = 2;

/// Draws the page.
pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) -> Painted {
    let Some(welcome) = &app.welcome else { return Painted::default() };
    let told = told(app, welcome);
    let wide = usize::from(area.width.saturating_sub(2));
    let lines = u16::try_from(told.laid_out(wide).len()).unwrap_or(u16::MAX);
    // The choices come first: what is told of them takes what is left.
    let least = u16::try_from(welcome.choices().len() + 3).unwrap_or(u16::MAX);
    let below = lines.saturating_add(1).min(area.height.saturating_sub(least)).min(area.height);
    let top = Rect { height: area.height - below, ..area };
    let rest = Rect { y: top.bottom(), height: below, ..area };
    let (choices, cursor) = choices(app, welcome, usize::from(top.width.saturating_sub(2)));
    // The choice of the cursor stays in sight where there is little room.
    let rows = usize::from(top.height.saturating_sub(1));
    let scroll = (cursor + 1).saturating_sub(rows);
    screen::paper(&choices, screen::pane("Welcome back", false, true), scroll, frame, top);
    let title = if app.fault.is_some() { "It could not be started" } else { "What Enter does" };
    let (_, rows) = screen::paper(&told, screen::pane(title, false, app.fault.is_some()), 0, frame, rest);
    Painted { rows, ..Painted::default() }
}

/// Where it stands and the choices; and on which line the one of the cursor stands.
fn choices(app: &App, welcome: &Welcome, cells: usize) -> (Paper, usize) {
    let mut paper = Paper::default();
    let name = welcome.before().map(|answers| safe(&answers.name)).unwrap_or_default();
    let left = welcome.left(app.now);
    let says = match (welcome.is_teardown(), welcome.complete()) {
        (false, true) => format!("{}: {name} is set up, {left}.", app.banner.cloud),
        (false, false) => format!("{}: {name} is set up in part, {left}.", app.banner.cloud),
        (true, true) => format!("{}: {name} was taken down, {left}.", app.banner.cloud),
        (true, false) => format!("{}: {name} is taken down in part, {left}.", app.banner.cloud),
    };
    paper.text(Tone::Strong, &says);
    paper.gap();
    let mut cursor = 0;
    for (index, choice) in welcome.choices().into_iter().enumerate() {
        let here = index == welcome.at;
        if here {
            cursor = paper.laid_out(cells).len();
        }
        paper.line(vec![
            (Tone::Key, if here { "> " } else { "  " }.to_owned()),
            (if here { Tone::Strong } else { Tone::Plain }, label(welcome, choice, &name)),
        ]);
        if index == 0 {
            known(&mut paper, welcome);
        }
    }
    (paper, cursor)
}

fn label(welcome: &Welcome, choice: Choice, name: &str) -> String {
    match choice {
        Choice::GoOn if welcome.is_teardown() => format!("Go on taking {name} down"),
        Choice::GoOn => format!("Go on with {name}"),
        Choice::GoOnAsBefore => format!("Go on with {name}, with the answers of the last run"),
        Choice::Review => "Review what was done".to_owned(),
        Choice::Change => "Change the answers".to_owned(),
        Choice::TakeDown => "Take it down".to_owned(),
        Choice::SetUpAgain => format!("Set {name} up again"),
    }
}

/// What is known of it, below the choice that goes on.
fn known(paper: &mut Paper, welcome: &Welcome) {
    paper.item("", INDENT, Tone::Dim, &welcome.counted());
    let progress = &welcome.resume.progress;
    let failed: Vec<_> =
        welcome.steps().filter(|step| progress.outcome(&step.id) == Some(Outcome::Failed)).collect();
    for step in failed.iter().take(NAMED) {
        let fault = progress.step(&step.id).and_then(|known| known.fault.as_ref());
        let code = fault.and_then(|fault| fault.code.as_ref()).map(|code| format!(" ({code})"));
        let text = format!("failed: {}{}", step.title, code.unwrap_or_default());
        paper.item("", INDENT, Tone::Bad, &text);
    }
    if failed.len() > NAMED {
        paper.item("", INDENT, Tone::Bad, &format!("and {} more that failed", failed.len() - NAMED));
    }
    for step in welcome.steps().filter(|step| welcome.in_azures_hands(step)) {
        paper.item("", INDENT, Tone::Busy, &format!("in Azure's hands: {}", step.title));
    }
}

/// What the choice of the cursor does, the answers that are others now, or why the last start failed.
fn told(app: &App, welcome: &Welcome) -> Paper {
    let mut paper = Paper::default();
    if let Some(fault) = &app.fault {
        for (label, text) in fault_items(fault) {
            let tone = if label == "Do" { Tone::Strong } else { Tone::Plain };
            paper.item(label, LABEL, tone, &text);
        }
        return paper;
    }
    let says = match welcome.choice() {
        Choice::GoOn | Choice::GoOnAsBefore if welcome.is_teardown() => {
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
    };
    paper.text(Tone::Plain, says);
    for (index, change) in welcome.resume.changes.iter().enumerate() {
        if index == 0 {
            paper.gap();
            paper.text(Tone::Warn, "Your setup file says other than the last run did:");
        }
        paper.item("", INDENT, Tone::Plain, &change.told());
        if let Some(why) = &change.refused {
            paper.item("", INDENT + 2, Tone::Bad, &format!("that cannot follow: {why}"));
        }
    }
    if welcome.choice() == Choice::GoOnAsBefore {
        paper.text(Tone::Plain, "This goes on as if the setup file still said what it said then.");
    }
    paper
}
