//! `hubup destroy`: the way back, as a plan that is shown, agreed to and run like any other.
//!
//! What is ours is judged by the steps themselves. Here is only what is asked and told.

use std::io::BufRead as _;

use super::apply::chosen;
use super::args::{Destroy, Global, Output};
use super::environment::Surroundings;
use super::failure::{Failure, told};
use super::follow::{Ending, Errand, can_ask, carry_out};
use super::past::Past;
use super::print::{out, trouble, waiting};
use super::wire::{self, Prepared, Start};
use crate::domain::{Answers, Exit, Method, Outcome, Outputs, Plan, Progress, Step, StepId, Who};
use crate::engine::Manner;
use crate::stages;

/// How the note of a step begins that left something as it is.
const LEFT: &str = "left: ";

/// Runs the command.
pub async fn run(global: &Global, surroundings: Surroundings, destroy: &Destroy) -> Result<Ending, Failure> {
    if !destroy.yes {
        let nobody = "there is no terminal to type the setup's name on";
        can_ask(&surroundings, destroy.output, nobody, "run `hubup destroy --yes`, when you are sure")?;
    }
    let start = wire::start(global, surroundings).await?;
    let connected = start.connect(&waiting).await?;
    let past = Past::read(&start.state, start.config.answers.setup_id())?;
    let answers = past.answers_or(start.config.answers.clone());
    let prepared = start.prepare_teardown(&connected, answers, &past, &waiting).await?;
    let skip = chosen(&prepared.plan, &destroy.skip)?;
    let confirm: Vec<StepId> = prepared.plan.ids().into_iter().filter(|id| !skip.contains(id)).collect();
    if destroy.output == Output::Text {
        out(&opening(&start, &prepared, &skip, &connected.account));
    }
    if !destroy.yes && !agreed(&prepared.answers.name) {
        out("Nothing was changed.");
        return Ok(Ending::Exit(Exit::Left));
    }
    let by = Some(if destroy.yes { Who::Yes } else { Who::Person });
    let manner = Manner { yes: destroy.yes, end_when_idle: true, by, ..Manner::default() };
    let orders = past.carried_on(prepared.kind, confirm, skip);
    let sandbox = start.sandbox.is_some();
    let errand = Errand {
        connected: &connected,
        prepared: &prepared,
        earlier: past.progress,
        manner,
        orders,
        output: destroy.output,
    };
    carry_out(start, errand, |progress| report(&prepared, progress, sandbox)).await
}

/// Asks for the setup's name before anything is deleted. A pipe that ends, or any other text, agrees to nothing.
fn agreed(name: &str) -> bool {
    out(&format!("Type the name of the setup, {name}, to delete what is listed above:"));
    let mut typed = String::new();
    let read = std::io::stdin().lock().read_line(&mut typed);
    read.is_ok() && typed.trim() == name
}

fn opening(start: &Start, prepared: &Prepared, skip: &[StepId], account: &str) -> String {
    let answers = &prepared.answers;
    let mut lines = vec![
        format!(
            "{}  {}  {}  {}  signed in as {account}",
            start.which_azure(),
            answers.name,
            answers.resource_group,
            answers.location,
        ),
        prepared.selection.because.clone(),
        String::new(),
        "What is deleted, in this order, each only if it belongs to this setup:".to_owned(),
    ];
    for stage in prepared.plan.stages() {
        lines.push(String::new());
        lines.push(stage.heading.clone());
        for step in &stage.steps {
            let skipped = if skip.contains(&step.id) { "  (skipped at your word)" } else { "" };
            lines.push(format!("  {}  {}{skipped}", step.id, step.title));
            lines.extend(requests(step));
        }
    }
    lines.push(String::new());
    lines.push("What stays:".to_owned());
    lines.push("  whatever hubup did not make: it is looked at, left and listed at the end".to_owned());
    for (what, why) in stages::stays(prepared.selection.dialect) {
        lines.push(format!("  {what}: {why}"));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// What a step deletes or changes, and what else it looks at, without hosts and queries.
fn requests(step: &Step) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for planned in &step.planned {
        let shown = planned.request.shown(&Outputs::default());
        let url = shown.url.split('?').next().unwrap_or_default();
        let path = url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("", |at| &rest[at..]));
        let word = match shown.method {
            Method::Delete => "delete",
            Method::Put | Method::Patch => "change",
            Method::Get | Method::Head | Method::Post => "look at",
        };
        let line = format!("      {word:<8} {path}");
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

/// What was deleted, what is left and why, what did not work and what to do about it.
fn report(prepared: &Prepared, progress: &Progress, sandbox: bool) {
    let plan = &prepared.plan;
    let ended = |wanted: &dyn Fn(Outcome, &str) -> bool| {
        plan.steps()
            .filter_map(|step| {
                let note = progress.step(&step.id)?.note.clone().unwrap_or_default();
                wanted(progress.outcome(&step.id)?, &note).then_some((step, note))
            })
            .collect::<Vec<_>>()
    };
    let is_left = |outcome: Outcome, note: &str| outcome == Outcome::Warned && note.starts_with(LEFT);
    let deleted = ended(&|outcome, note| {
        outcome == Outcome::Done || outcome == Outcome::Warned && !is_left(outcome, note)
    });
    let gone = ended(&|outcome, _| outcome == Outcome::AlreadyThere);
    let left = ended(&is_left);
    let undone = ended(&|outcome, _| !outcome.holds());
    section("Deleted, or taken away", &deleted);
    section("Gone already, or going with something else", &gone);
    section("Left behind", &left);
    if left.is_empty() {
        out("");
        out("Left behind");
    }
    for (what, why) in stages::stays(prepared.selection.dialect) {
        out(&format!("  {what}: {why}"));
    }
    section("Not done", &undone);
    for (step, _) in &undone {
        if let Some(fault) = progress.step(&step.id).and_then(|progress| progress.fault.as_ref()) {
            trouble(&format!("{}: {}", step.id, told(fault)));
        }
    }
    out("");
    out(&closing(plan, progress, &prepared.answers, sandbox));
}

fn section(heading: &str, steps: &[(&Step, String)]) {
    if steps.is_empty() {
        return;
    }
    out("");
    out(heading);
    for (step, note) in steps {
        let note = note.strip_prefix(LEFT).unwrap_or(note);
        out(&match note {
            "" => format!("  {}", step.title),
            note => format!("  {}: {note}", step.title),
        });
    }
}

fn closing(plan: &Plan, progress: &Progress, answers: &Answers, sandbox: bool) -> String {
    let unfinished = plan.steps().any(|step| !progress.outcome(&step.id).is_some_and(Outcome::holds));
    if !unfinished {
        return format!("Nothing of the setup {} is left to delete.", answers.name);
    }
    let command = if sandbox { "hubup destroy --sandbox" } else { "hubup destroy" };
    format!(
        "To go on: {command}, with the same setup. What is gone is seen to be, and deleted no second time."
    )
}
