//! `hubup apply`: the same engine without the wizard.

use std::io::BufRead as _;

use super::args::{Apply, Global, Output};
use super::check::{self, Checked};
use super::environment::Surroundings;
use super::failure::{Failure, told};
use super::follow::{Ending, Errand, can_ask, carry_out};
use super::past::Past;
use super::print::{in_full, out, trouble, waiting};
use super::which;
use super::wire::{self, Connected, Prepared, Start, choices};
use crate::domain::{Exit, Plan, Progress, StepId, Who};
use crate::engine::{Command, Manner};
use crate::tui::summary;

/// Runs the command.
pub async fn run(global: &Global, surroundings: Surroundings, apply: &Apply) -> Result<Ending, Failure> {
    if !apply.yes {
        let remedy = "run `hubup apply --yes`, after `hubup plan` has shown what it does";
        can_ask(&surroundings, apply.output, "there is no terminal to ask on", remedy)?;
    }
    let start = wire::start(global, surroundings).await?;
    let (connected, past, prepared) =
        if apply.no_check { start.setup(&waiting).await? } else { check::setup(&start).await? };
    past.check_changes(prepared.selection.dialect, &prepared.answers)?;
    let scope = Scope::of(&prepared.plan, apply)?;
    if apply.output == Output::Text {
        out(&opening(&start, &prepared, &connected.account));
        for line in past.told(prepared.selection.dialect, &prepared.answers) {
            out(&line);
        }
    }
    if !apply.no_check
        && let Some(exit) = stopped(&start, &connected, &past, &prepared, &scope, apply).await?
    {
        return Ok(Ending::Exit(exit));
    }
    if !apply.yes && !agreed(&scope) {
        out("Nothing was changed.");
        return Ok(Ending::Exit(Exit::Left));
    }
    let manner = Manner {
        yes: apply.yes,
        choices: choices(&apply.answer),
        end_when_idle: true,
        by: Some(if apply.yes { Who::Yes } else { Who::Person }),
    };
    let using = apply.using.iter().map(|(step, id)| Command::Use { step: step.clone(), id: id.clone() });
    let carried_on = past.carried_on(prepared.kind, scope.confirm, scope.skip);
    let errand = Errand {
        connected: &connected,
        prepared: &prepared,
        earlier: past.progress,
        manner,
        orders: using.chain(carried_on).collect(),
        output: apply.output,
    };
    let flags = which::flags(global, global.setup.as_deref());
    carry_out(start, errand, |progress| report(progress, &prepared, &flags)).await
}

/// Looks for what would stop the run, before its first write, and tells what it found. `Some` when something does.
async fn stopped(
    start: &Start,
    connected: &Connected,
    past: &Past,
    prepared: &Prepared,
    scope: &Scope,
    apply: &Apply,
) -> Result<Option<Exit>, Failure> {
    // What is used instead is there already.
    let made = |step: &&StepId| !apply.using.iter().any(|(used, _)| used == *step);
    let confirmed = scope.confirm.iter().filter(made).cloned().collect();
    let checked = Checked::make(start, connected, past, prepared, confirmed, &waiting).await;
    let exit = checked.exit();
    if exit == Exit::Complete {
        if apply.output == Output::Text {
            out(&checked.in_short());
        }
        return Ok(None);
    }
    let shown = match apply.output {
        Output::Text => {
            format!("{}\nNothing was changed. `--no-check` runs it all the same.", checked.text())
        }
        Output::Json => checked.as_json().to_string(),
    };
    in_full("what was found", &shown)?;
    Ok(Some(exit))
}

/// Which steps are run and which are skipped.
struct Scope {
    confirm: Vec<StepId>,
    skip: Vec<StepId>,
}

impl Scope {
    fn of(plan: &Plan, apply: &Apply) -> Result<Self, Failure> {
        let usage = |text: String| Failure::new(Exit::Usage, text);
        let mut skip = chosen(plan, &apply.skip)?;
        for (step, _) in &apply.using {
            if plan.step(step).is_none_or(|step| step.usable.is_none()) {
                let usable: Vec<_> =
                    plan.steps().filter(|step| step.usable.is_some()).map(|step| step.id.as_str()).collect();
                return Err(usage(format!(
                    "error: `--use` names `{step}`, for which nothing that exists can be used\n  do:      name one of: {}",
                    usable.join(", ")
                )));
            }
        }
        for (step, _) in &apply.answer {
            if plan.step(step).is_none() {
                return Err(usage(format!(
                    "error: `--answer` names the step `{step}`, which is not in the plan\n  do:      name one of: {}",
                    step_ids(plan)
                )));
            }
        }
        let mut stages = Vec::new();
        for wanted in &apply.only {
            let found = plan
                .stages()
                .iter()
                .enumerate()
                .find(|(index, stage)| stage.id.as_str() == wanted || (index + 1).to_string() == *wanted);
            let (_, stage) = found.ok_or_else(|| {
                let ids: Vec<_> = plan.stages().iter().map(|stage| stage.id.as_str()).collect();
                usage(format!(
                    "error: there is no stage `{wanted}`\n  do:      name one of: {}",
                    ids.join(", ")
                ))
            })?;
            stages.push(stage.id.clone());
        }
        let confirm: Vec<StepId> = plan
            .stages()
            .iter()
            .filter(|stage| stages.is_empty() || stages.contains(&stage.id))
            .flat_map(|stage| &stage.steps)
            .map(|step| step.id.clone())
            .filter(|id| !skip.contains(id))
            .collect();
        // What a stage needs of others is only looked for: an earlier run, or somebody else, may have made it.
        let mut needed = confirm.clone();
        while let Some(step) = needed.pop().and_then(|id| plan.step(&id)) {
            for need in &step.needs {
                if !confirm.contains(&need.step) && !skip.contains(&need.step) {
                    skip.push(need.step.clone());
                    needed.push(need.step.clone());
                }
            }
        }
        Ok(Self { confirm, skip })
    }
}

/// The steps of `plan` that `--skip` names.
pub fn chosen(plan: &Plan, wanted: &[String]) -> Result<Vec<StepId>, Failure> {
    let found = wanted.iter().map(|wanted| {
        let step = plan.steps().find(|step| step.id.as_str() == wanted).ok_or_else(|| {
            let remedy = format!("name one of: {}", step_ids(plan));
            Failure::new(Exit::Usage, format!("error: there is no step `{wanted}`\n  do:      {remedy}"))
        })?;
        Ok(step.id.clone())
    });
    found.collect()
}

fn step_ids(plan: &Plan) -> String {
    plan.steps().map(|step| step.id.as_str()).collect::<Vec<_>>().join(", ")
}

fn opening(start: &Start, prepared: &Prepared, account: &str) -> String {
    format!(
        "{}  {}  {}  {}  signed in as {account}\n{}",
        start.which_azure(),
        prepared.answers.name,
        prepared.answers.resource_group,
        prepared.answers.location,
        prepared.selection.because
    )
}

/// Asks once before anything is made.
fn agreed(scope: &Scope) -> bool {
    out(&format!("{} steps will be run; `hubup plan` shows each request. Go on? [y/N]", scope.confirm.len()));
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}

fn report(progress: &Progress, prepared: &Prepared, flags: &str) {
    out("");
    out(&summary(&prepared.plan, progress, &prepared.answers, flags));
    for step in prepared.plan.steps() {
        if let Some(fault) = progress.step(&step.id).and_then(|progress| progress.fault.as_ref()) {
            trouble(&format!("{}: {}", step.id, told(fault)));
        }
    }
}
