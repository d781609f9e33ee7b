//! The requests of a row as `az` commands: the documented ones where there are some, and what always holds. The page
//! draws them, `y` copies them; every line that is no command begins with `#`. Pure.

use crate::domain::{AzCommand, Purpose, az_rest, az_words};

use super::paper::{Paper, Tone};
use super::session::Session;

/// The commands of the row of the cursor.
pub(crate) fn commands(session: &Session) -> Paper {
    let mut paper = Paper::default();
    let outputs = &session.progress.outputs;
    for outline in session.steps_of(session.cursor) {
        paper.gap();
        paper.item("", 0, Tone::Strong, &format!("# {} ({})", outline.title, outline.id));
        let Some(step) = session.plan.step(&outline.id) else {
            paper.item("", 0, Tone::Dim, "# no longer in the plan");
            continue;
        };
        if !step.az.is_empty() {
            paper.item("", 0, Tone::Dim, "# as the documents do it:");
        }
        for words in &step.az {
            command(&mut paper, &az_words(words, outputs));
        }
        let mut told: Vec<AzCommand> = Vec::new();
        for planned in &step.planned {
            let az = az_rest(&planned.request, outputs);
            // What is looked at before and after is one command.
            if told.contains(&az) {
                continue;
            }
            paper.gap();
            paper.item("", 0, Tone::Dim, &format!("# {}:", what(planned.purpose)));
            command(&mut paper, &az);
            told.push(az);
        }
        if step.planned.is_empty() {
            paper.item("", 0, Tone::Dim, "# it makes no request");
        }
    }
    paper
}

fn what(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Look => "looks whether it is there",
        Purpose::Key => "fetches a key",
        Purpose::Change => "changes",
        Purpose::Prove => "looks again",
    }
}

fn command(paper: &mut Paper, az: &AzCommand) {
    for note in &az.notes {
        paper.item("", 0, Tone::Dim, &format!("# {note}"));
    }
    for (depth, line) in &az.lines {
        paper.item("", *depth, Tone::Plain, line);
    }
}

/// True when a row has something to show here.
pub(crate) fn has_commands(session: &Session) -> bool {
    let mut steps = session.steps_of(session.cursor).iter().filter_map(|step| session.plan.step(&step.id));
    steps.any(|step| !step.planned.is_empty() || !step.az.is_empty())
}
