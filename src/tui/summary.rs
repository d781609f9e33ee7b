//! What a run came to, as plain text: for the scrollback after the wizard, for the commands, for the clipboard.
//!
//! Pure, and without any part of a terminal: `cli` prints it too. It knows no stage: facts are outputs by their names.

use crate::domain::{
    Answers, Counts, Exit, Fault, Outcome, Plan, Progress, RunKind, StageOutline, StepOutline, StepState,
};

use super::text::{clock, pad, safe, seconds, width};

/// The outputs that a device maker needs, by name, with what they are called.
const FACTS: &[(&str, &str)] = &[
    ("hostName", "hub host"),
    ("idScope", "id scope"),
    ("serviceOperationsHostName", "service host"),
    ("deviceProvisioningHostName", "device host"),
    ("group", "enrollment group"),
    ("policy", "policy"),
    ("subject", "CA subject"),
    ("thumbprint", "CA thumbprint"),
    ("expiry", "CA expires"),
];

/// What a device maker needs next.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Card {
    /// Label and value, in the order in which they are needed.
    pub facts: Vec<(&'static str, String)>,
    /// Ids of the resources that gave a fact, in the order of the plan.
    pub resources: Vec<String>,
}

/// The card of the steps that ended well; empty when none gave a fact.
pub fn card(plan: &Plan, progress: &Progress) -> Card {
    let mut card = Card::default();
    let given = || plan.steps().filter_map(|step| progress.outputs.of(&step.id));
    for (name, label) in FACTS {
        for value in given().filter_map(|outputs| outputs.get(*name)) {
            let fact = (*label, safe(value));
            // Two steps may tell the same, as policy and hub do of the CA.
            if !value.is_empty() && !card.facts.contains(&fact) {
                card.facts.push(fact);
            }
        }
    }
    for outputs in given() {
        let telling = FACTS.iter().any(|(name, _)| outputs.contains_key(*name));
        // An id alone is no news: it is what the request view shows.
        card.resources.extend(outputs.get("id").filter(|_| telling).map(|id| safe(id)));
    }
    card
}

/// A fault in the words that a person needs, each with its label.
pub(super) fn fault_items(fault: &Fault) -> Vec<(&'static str, String)> {
    let mut items = Vec::new();
    let code = match (&fault.code, fault.status) {
        (Some(code), _) => format!("{code} · "),
        (None, Some(status)) => format!("{status} · "),
        (None, None) => String::new(),
    };
    let who = if fault.code.is_some() || fault.status.is_some() { "Azure says" } else { "What" };
    items.push((who, format!("{code}{}", safe(&fault.says))));
    if let Some(means) = &fault.means {
        items.push(("Means", safe(means)));
    }
    if let Some(checked) = &fault.checked {
        items.push(("Checked", safe(checked)));
    }
    items.push(("Do", safe(&fault.remedy)));
    let quote: Vec<String> = [("correlation", &fault.correlation_id), ("request", &fault.request_id)]
        .into_iter()
        .filter_map(|(name, id)| id.as_ref().map(|id| format!("{name} {}", safe(id))))
        .collect();
    if !quote.is_empty() {
        items.push(("Quote", quote.join("  ")));
    }
    items
}

/// The numbers of the header and the summary, without those that are zero.
pub(super) fn counted(counts: Counts) -> String {
    let mut parts = vec![format!("{} of {} done", counts.done, counts.all)];
    for (count, word) in [
        (counts.running, "running"),
        (counts.skipped, "skipped"),
        (counts.failed, "failed"),
        (counts.blocked, "blocked"),
        (counts.left, "left"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    parts.join(" · ")
}

/// One step: outcome, time, attempts, note, failure, ids.
pub(super) fn step_text(plan: &Plan, progress: &Progress, step: &StepOutline) -> String {
    let state = progress.state(step);
    let known = progress.step(&step.id);
    let took = known
        .and_then(|known| Some(clock(seconds(known.started?, known.ended?))))
        .filter(|_| matches!(state, StepState::Finished(_)));
    let mut text = format!(
        "  {} {}  {}",
        pad(state.word(), 13),
        pad(took.as_deref().unwrap_or_default(), 5),
        safe(&step.title)
    );
    let Some(known) = known else { return text + "\n" };
    if known.attempts > 1 {
        text.push_str(&format!(" (tried {} times)", known.attempts));
    }
    text.push('\n');
    if known.operation.is_some() && !state.is_active() {
        text.push_str("      Azure accepted it; its end was not seen\n");
    }
    if let Some(why) =
        known.came_back.as_ref().filter(|_| matches!(state, StepState::NotYet | StepState::Ready))
    {
        text.push_str(&format!("      {}\n", safe(why)));
    }
    if let Some(note) = &known.note {
        text.push_str(&format!("      {}\n", safe(note)));
    }
    if let Some(fault) = &known.fault {
        for (label, value) in fault_items(fault) {
            text.push_str(&format!("      {} {value}\n", pad(label, 10)));
        }
    }
    let unquoted = known.fault.as_ref().is_some_and(|fault| fault.correlation_id.is_none());
    if unquoted && let Some(id) = known.correlation_ids.last() {
        text.push_str(&format!("      {} correlation {}\n", pad("Quote", 10), safe(id)));
    }
    if let StepState::Finished(Outcome::Blocked) = state
        && known.note.is_none()
        && known.fault.is_none()
    {
        let missing: Vec<String> = step
            .needs
            .iter()
            .filter(|need| !progress.outcome(&need.step).is_some_and(Outcome::holds))
            .map(|need| {
                plan.step(&need.step).map_or_else(|| need.step.to_string(), |step| step.title.clone())
            })
            .collect();
        text.push_str(&format!("      needs {}\n", safe(&missing.join(", "))));
    }
    text
}

/// The whole account of a run: every step with its outcome, reason and remedy, the facts, what is left, and the
/// command that continues, which names the setup by `flags`. Ends with a line break; no line is wrapped.
pub fn summary(plan: &Plan, progress: &Progress, answers: &Answers, flags: &str) -> String {
    let outline = plan.outline();
    let answers = progress.header.as_ref().map_or(answers, |header| &header.answers);
    let sandbox = progress.header.as_ref().is_some_and(|header| header.sandbox);
    let teardown = progress.header.as_ref().is_some_and(|header| header.kind == RunKind::Teardown);
    let counts = progress.counts(&outline);
    let mut text = format!(
        "hubup: {}setup {} in resource group {}, {}{}\n",
        if teardown { "taking down " } else { "" },
        safe(&answers.name),
        safe(&answers.resource_group),
        safe(&answers.location),
        if sandbox { ", in the sandbox" } else { "" },
    );
    text.push_str(&counted(counts));
    if let (Some(started), Some(ended)) = (progress.started, progress.ended) {
        text.push_str(&format!(" · {}", clock(seconds(started, ended))));
    }
    text.push('\n');
    for (index, stage) in outline.iter().enumerate() {
        text.push_str(&format!("\n{} {}\n", index + 1, safe(&stage.heading)));
        for step in &stage.steps {
            text.push_str(&step_text(plan, progress, step));
        }
    }
    card_text(&mut text, plan, progress, answers, sandbox);
    let command = if teardown { "hubup destroy" } else { "hubup" };
    left_text(&mut text, progress, &outline, &format!("{command}{flags}"));
    text
}

fn card_text(text: &mut String, plan: &Plan, progress: &Progress, answers: &Answers, sandbox: bool) {
    let card = card(plan, progress);
    if card.facts.is_empty() {
        return;
    }
    text.push_str("\nWhat a device maker needs\n");
    for (label, value) in card.facts {
        text.push_str(&format!("  {} {value}\n", pad(label, 17)));
    }
    if !card.resources.is_empty() {
        text.push_str("\nResources\n");
    }
    for id in card.resources {
        text.push_str(&format!("  {id}\n"));
        if answers.cloud.name == "public" && !sandbox {
            text.push_str(&format!("    {}\n", portal(&id)));
        }
    }
}

/// Where the portal of the public cloud shows a resource.
pub(super) fn portal(id: &str) -> String {
    format!("https://portal.azure.com/#resource{id}")
}

fn left_text(text: &mut String, progress: &Progress, outline: &[StageOutline], command: &str) {
    let left: Vec<&StepOutline> = outline
        .iter()
        .flat_map(|stage| &stage.steps)
        .filter(|step| !progress.outcome(&step.id).is_some_and(Outcome::is_settled))
        .collect();
    if left.is_empty() {
        return;
    }
    text.push_str("\nWhat is left\n");
    let column = left.iter().map(|step| width(step.id.as_str())).max().unwrap_or(0);
    for step in left {
        text.push_str(&format!("  {}  {}\n", pad(step.id.as_str(), column), safe(&step.title)));
    }
    if progress.exit != Some(Exit::Complete) {
        text.push_str(&format!(
            "To go on: {command}, with the same setup. What is done is found and not made again; what Azure accepted goes on meanwhile.\n"
        ));
    }
}
