//! The plan as a text: every step with what it needs, what it sends, what that costs. Shown on its page, and copied.

use crate::domain::{NeedKind, Outputs, Plan, Purpose};

use super::app::{App, Page};
use super::paper::{Paper, Tone};

/// Where the text beside a label begins.
const LABEL: usize = 16;

/// The plan of the page beneath; `None` where there is none.
pub(crate) fn paper(app: &App) -> Option<Paper> {
    let Page::Plan(from) = &app.page else { return None };
    let checkup = app.preflight.as_ref().and_then(|preflight| preflight.checkup());
    match (&**from, checkup, &app.session) {
        (Page::Preflight, Some(checkup), _) => {
            Some(told(app, &checkup.plan, &Outputs::default(), &checkup.why))
        }
        (_, _, Some(session)) => Some(told(app, &session.plan, &session.progress.outputs, &session.why)),
        _ => None,
    }
}

fn told(app: &App, plan: &Plan, outputs: &Outputs, why: &str) -> Paper {
    let mut paper = Paper::default();
    if !why.is_empty() {
        paper.text(Tone::Dim, why);
    }
    let billed: Vec<&str> =
        plan.steps().filter(|step| step.billed.is_some()).map(|step| step.title.as_str()).collect();
    let says = match (app.banner.cloud.starts_with("SANDBOX"), billed.as_slice()) {
        (true, _) => "In the sandbox nothing is billed.".to_owned(),
        (false, []) => "Nothing in this plan is billed.".to_owned(),
        (false, billed) => format!("Billed: {}. Everything else is free.", billed.join(" · ")),
    };
    paper.text(Tone::Strong, &says);
    for (index, stage) in plan.stages().iter().enumerate() {
        paper.gap();
        paper.text(Tone::Strong, &format!("{} {}", index + 1, stage.heading));
        for step in &stage.steps {
            paper.gap();
            paper.item("", 2, Tone::Strong, &step.title);
            paper.item("    Step", LABEL, Tone::Dim, step.id.as_str());
            for (place, need) in step.needs.iter().enumerate() {
                let title = plan.step(&need.step).map_or(need.step.as_str(), |step| step.title.as_str());
                let what = if need.kind == NeedKind::Value { ", gives a value" } else { "" };
                let label = if place == 0 { "    Needs" } else { "" };
                paper.item(label, LABEL, Tone::Plain, &format!("{title}{what}"));
            }
            if let Some(billed) = step.billed {
                paper.item("    Billed", LABEL, Tone::Warn, billed);
            }
            for planned in &step.planned {
                let shown = planned.request.shown(outputs);
                let (label, tone) = match planned.purpose {
                    Purpose::Look => ("    looks", Tone::Dim),
                    Purpose::Key => ("    fetches", Tone::Dim),
                    Purpose::Change => ("    changes", Tone::Plain),
                    Purpose::Prove => ("    proves", Tone::Dim),
                };
                paper.item(label, LABEL, tone, &format!("{} {}", shown.method, address(&shown.url)));
            }
        }
    }
    paper
}

/// An address without what is the same in most of them: the scheme, and the host of Resource Manager.
fn address(url: &str) -> &str {
    let rest = url.strip_prefix("https://").unwrap_or(url);
    match rest.find('/') {
        Some(at) if rest.starts_with("management.") => rest.get(at..).unwrap_or(rest),
        _ => rest,
    }
}
