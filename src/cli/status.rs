//! `hubup status`: where a setup stands, seen in Azure, changing nothing and writing nothing.

use serde_json::{Value, json};

use super::args::{Global, Output};
use super::environment::Surroundings;
use super::failure::Failure;
use super::past::Past;
use super::print::{in_full, waiting};
use super::which;
use super::wire::{self, Prepared};
use crate::domain::{Exit, Outcome, Progress, RunEvent};
use crate::tui::{card, summary};

/// Runs the command.
pub async fn run(global: &Global, surroundings: Surroundings, output: Output) -> Result<Exit, Failure> {
    let start = wire::start(global, surroundings).await?;
    let (connected, past, prepared) = start.setup(&waiting).await?;
    let mut progress = past.progress.clone();
    let mut running = start.look(&connected, &prepared, &past);
    while let Some(record) = running.events.recv().await {
        // The look ends; the setup it looked at does not.
        if !matches!(record.event, RunEvent::RunFinished { .. }) {
            progress.apply(&record);
        }
    }
    running
        .ended
        .await
        .map_err(|error| Failure::new(Exit::Failed, format!("error: the engine stopped: {error}")))??;
    let exit = verdict(&prepared, &progress);
    let shown = match output {
        Output::Text => {
            let flags = which::flags(global, global.setup.as_deref());
            text(&start.which_azure(), &prepared, &past, &progress, &flags)
        }
        Output::Json => json(&prepared, &past, &progress, exit).to_string(),
    };
    let printed = in_full("the status", &shown);
    if let Some(sandbox) = start.sandbox {
        sandbox.shutdown().await;
    }
    printed?;
    Ok(exit)
}

/// 0 when everything holds or was skipped at the person's word, 1 when something failed, 5 when something is left.
fn verdict(prepared: &Prepared, progress: &Progress) -> Exit {
    let outcomes: Vec<Option<Outcome>> =
        prepared.plan.steps().map(|step| progress.outcome(&step.id)).collect();
    match () {
        () if outcomes.contains(&Some(Outcome::Failed)) => Exit::Failed,
        () if outcomes.iter().all(|outcome| outcome.is_some_and(Outcome::is_settled)) => Exit::Complete,
        () => Exit::Left,
    }
}

fn text(which: &str, prepared: &Prepared, past: &Past, progress: &Progress, flags: &str) -> String {
    let mut lines = vec![match &past.newest {
        Some(run) => format!("{which}  seen now; the newest run is {run}"),
        None => format!("{which}  seen now; no run of this setup is on record here"),
    }];
    for change in past.changes(prepared.selection.dialect, &prepared.answers) {
        let follows = match &change.refused {
            Some(why) => format!("which cannot follow: {why}"),
            None => "which the next run takes up".to_owned(),
        };
        lines.push(format!("your answers changed since: {}, {follows}", change.told()));
    }
    lines.push(summary(&prepared.plan, progress, &prepared.answers, flags).trim_end().to_owned());
    lines.join("\n")
}

fn json(prepared: &Prepared, past: &Past, progress: &Progress, exit: Exit) -> Value {
    let outline = prepared.plan.outline();
    let counts = progress.counts(&outline);
    let stages: Vec<Value> = outline
        .iter()
        .map(|stage| {
            let steps: Vec<Value> = stage
                .steps
                .iter()
                .map(|step| {
                    let known = progress.step(&step.id).cloned().unwrap_or_default();
                    json!({
                        "id": step.id,
                        "title": step.title,
                        "state": progress.state(step).word(),
                        "in_azures_hands": known.operation.is_some(),
                        "because": known.came_back.or(known.note),
                        "fault": known.fault,
                        "correlation_ids": known.correlation_ids,
                    })
                })
                .collect();
            json!({ "id": stage.id, "heading": stage.heading, "steps": steps })
        })
        .collect();
    let card = card(&prepared.plan, progress);
    let facts: Vec<Value> =
        card.facts.iter().map(|(label, value)| json!({ "label": label, "value": value })).collect();
    let changes: Vec<Value> = past
        .changes(prepared.selection.dialect, &prepared.answers)
        .iter()
        .map(|change| json!({ "key": change.key, "was": change.was, "now": change.now, "refused": change.refused }))
        .collect();
    json!({
        "setup": prepared.answers.name,
        "setup_id": prepared.answers.setup_id(),
        "subscription": prepared.answers.subscription,
        "resource_group": prepared.answers.resource_group,
        "dialect": prepared.selection.dialect.id,
        "profile": prepared.selection.profile.row.id,
        "newest_run": past.newest,
        "exit": exit.code(),
        "done": counts.done,
        "skipped": counts.skipped,
        "failed": counts.failed,
        "all": counts.all,
        "stages": stages,
        "facts": facts,
        "resources": card.resources,
        "changes": changes,
    })
}
