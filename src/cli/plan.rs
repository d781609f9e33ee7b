//! `hubup plan`: every request as its template, in order, with needs. Changes nothing.

use serde_json::{Value, json};

use super::args::{Global, Output};
use super::environment::Surroundings;
use super::failure::Failure;
use super::print::{in_full, waiting};
use super::wire::{self, Prepared};
use crate::domain::{Exit, NeedKind, Outputs, Purpose, Step};

/// Runs the command.
pub async fn run(global: &Global, surroundings: Surroundings, output: Output) -> Result<Exit, Failure> {
    let start = wire::start(global, surroundings).await?;
    let (_connected, _past, prepared) = start.setup(&waiting).await?;
    let shown = match output {
        Output::Text => text(&prepared),
        Output::Json => json(&prepared).to_string(),
    };
    let printed = in_full("the plan", &shown);
    if let Some(sandbox) = start.sandbox {
        sandbox.shutdown().await;
    }
    printed?;
    Ok(Exit::Complete)
}

/// The word for why a request is made.
fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Look => "look",
        Purpose::Key => "key",
        Purpose::Change => "change",
        Purpose::Prove => "prove",
    }
}

fn needs(step: &Step) -> String {
    let needs: Vec<String> = step
        .needs
        .iter()
        .map(|need| match need.kind {
            NeedKind::Value => format!("{} (value)", need.step),
            NeedKind::Effect => format!("{} (effect)", need.step),
        })
        .collect();
    if needs.is_empty() { "nothing".to_owned() } else { needs.join(", ") }
}

fn text(prepared: &Prepared) -> String {
    let mut lines = vec![
        format!("Setup {}", prepared.answers.name),
        format!("Dialect {}, profile {}", prepared.selection.dialect.id, prepared.selection.profile.row.id),
        format!("  {}", prepared.selection.because),
    ];
    for (number, stage) in prepared.plan.stages().iter().enumerate() {
        lines.push(String::new());
        lines.push(format!("{} {}", number + 1, stage.heading));
        for step in &stage.steps {
            lines.push(format!("  {}  {}", step.id, step.title));
            lines.push(format!("    needs {}", needs(step)));
            for planned in &step.planned {
                let shown = planned.request.shown(&Outputs::default());
                lines.push(format!("    {:<6} {} {}", purpose(planned.purpose), shown.method, shown.url));
                for (name, value) in &shown.headers {
                    lines.push(format!("           {name}: {value}"));
                }
                if let Some(body) = shown.body {
                    let pretty = serde_json::to_string_pretty(&body).unwrap_or_default();
                    lines.extend(pretty.lines().map(|line| format!("           {line}")));
                }
            }
        }
    }
    lines.push(String::new());
    lines.push(
        "Nothing was changed. `hubup apply` does it; an update of the DPS is merged into what it reads."
            .to_owned(),
    );
    lines.join("\n")
}

fn json(prepared: &Prepared) -> Value {
    let stages: Vec<Value> = prepared
        .plan
        .stages()
        .iter()
        .map(|stage| {
            let steps: Vec<Value> = stage
                .steps
                .iter()
                .map(|step| {
                    let requests: Vec<Value> = step
                        .planned
                        .iter()
                        .map(|planned| {
                            let shown = planned.request.shown(&Outputs::default());
                            let mut request = json!(shown);
                            request["purpose"] = json!(purpose(planned.purpose));
                            request
                        })
                        .collect();
                    json!({ "id": step.id, "title": step.title, "why": step.why, "needs": step.needs, "requests": requests })
                })
                .collect();
            json!({ "id": stage.id, "heading": stage.heading, "steps": steps })
        })
        .collect();
    json!({
        "setup": prepared.answers.name,
        "dialect": prepared.selection.dialect.id,
        "profile": prepared.selection.profile.row.id,
        "because": prepared.selection.because,
        "versions": prepared.selection.profile.versions(),
        "fingerprint": prepared.plan.fingerprint(),
        "stages": stages,
    })
}
