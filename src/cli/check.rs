//! `hubup check`: everything that would stop the setup, seen before its first write. Changes nothing and keeps no journal.
//!
//! `apply` makes the same checks before it begins. What is checked, and what an administrator is handed, is decided in
//! `stages/preflight`.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use super::apply::chosen;
use super::args::{CheckArgs, Global, Output};
use super::environment::Surroundings;
use super::failure::Failure;
use super::past::Past;
use super::print::{in_full, waiting};
use super::wire::{self, Connected, Prepared, Start, Tell};
use crate::domain::{Answers, Exit, Outcome, Purpose, RunKind, Step, StepId};
use crate::stages::Regions;
use crate::stages::preflight::{
    self, Check, Finding, FindingState, Group, HandOff, MARK, Subject, checks, gathered, hand_off,
    look_at_group,
};

/// How long one check is waited for. All are made at once, so this is how long they take at most.
const PATIENCE: Duration = Duration::from_secs(20);

const ROLE_FILE: &str = "hubup-role.json";
const SCRIPT_FILE: &str = "hubup-grants.sh";

/// Runs the command.
pub async fn run(global: &Global, surroundings: Surroundings, args: &CheckArgs) -> Result<Exit, Failure> {
    let start = wire::start(global, surroundings).await?;
    let (connected, past, prepared) = setup(&start).await?;
    let skipped = chosen(&prepared.plan, &args.skip)?;
    let confirmed = prepared.plan.ids().into_iter().filter(|step| !skipped.contains(step)).collect();
    let checked = Checked::make(&start, &connected, &past, &prepared, confirmed, &waiting).await;
    let written = args.hand_off.as_deref().map(|folder| checked.write_hand_off(folder)).transpose()?;
    let mut shown = match args.output {
        Output::Text => format!("{}\n{}", checked.heading(&start, &connected.account), checked.text()),
        Output::Json => checked.json(written.as_ref()).to_string(),
    };
    if args.output == Output::Text {
        if let Some(written) = &written {
            shown.push_str(&format!("\n{}", written.told));
        }
        shown.push_str("\nNothing was changed in Azure.");
    }
    let exit = checked.exit();
    drop(checked);
    let printed = in_full("what was found", &shown);
    if let Some(sandbox) = start.sandbox {
        sandbox.shutdown().await;
    }
    printed?;
    Ok(exit)
}

/// As [`Start::setup`], also where a region is not offered: that is told with all else that is in the way.
pub(super) async fn setup(start: &Start) -> Result<(Connected, Past, Prepared), Failure> {
    let connected = start.connect(&waiting).await?;
    let answers = start.config.answers.clone();
    let past = Past::read(&start.state, answers.setup_id())?;
    let prepared = prepared(start, &connected, answers, &past, &waiting).await?;
    Ok((connected, past, prepared))
}

/// The plan for `answers`, also where a region is not offered: that is told with all else that is in the way.
pub(super) async fn prepared(
    start: &Start,
    connected: &Connected,
    answers: Answers,
    past: &Past,
    tell: Tell<'_>,
) -> Result<Prepared, Failure> {
    let offers = start.offers(connected, &answers, tell).await?;
    let prepare =
        |regions: Regions| start.prepare_from(connected, answers.clone(), &offers, past, regions, tell);
    match prepare(Regions::Checked).await {
        Err(failure) if failure.exit == Exit::Usage => prepare(Regions::Unchecked).await.map_err(|_| failure),
        prepared => prepared,
    }
}

/// What was checked, and what was found.
pub struct Checked<'a> {
    prepared: &'a Prepared,
    subject: Subject<'a>,
    pub findings: Vec<Finding>,
}

/// The files of a hand-off that were written.
pub(super) struct Written {
    role: Option<String>,
    script: Option<String>,
    pub told: String,
}

impl<'a> Checked<'a> {
    /// Makes all checks at once, for the steps of `confirmed` that are not on record as done. Waits go to `tell`.
    pub async fn make(
        start: &Start,
        connected: &Connected,
        past: &Past,
        prepared: &'a Prepared,
        confirmed: Vec<StepId>,
        tell: Tell<'_>,
    ) -> Self {
        let answers = &prepared.answers;
        let look = |replay: &mut crate::domain::Replay<'_>| look_at_group(answers, replay);
        let group = timeout(PATIENCE, start.read_through(connected, tell, look)).await;
        let subject = Subject {
            answers,
            selection: &prepared.selection,
            plan: &prepared.plan,
            running: open(past, confirmed),
            group: group.ok().and_then(Result::ok).unwrap_or(Group::Unknown),
            caller: connected.azure.sign_in().await.ok().and_then(|caller| caller.object_id),
            now: start.now(),
        };
        let findings = {
            let checks = checks(&subject);
            let made = checks.iter().map(|check| made(start, connected, check, tell));
            futures::future::join_all(made).await.concat()
        };
        Self { prepared, subject, findings: gathered(findings) }
    }

    /// How a command ends that these findings stop; 0 when nothing does.
    pub fn exit(&self) -> Exit {
        preflight::exit(&self.findings)
    }

    /// Which setup it is about, in one line.
    fn heading(&self, start: &Start, account: &str) -> String {
        let Answers { name, resource_group, location, .. } = self.subject.answers;
        format!("{}  {name}  {resource_group}  {location}  signed in as {account}", start.which_azure())
    }

    /// The findings in lines, with what to do about each and how to go on.
    pub fn text(&self) -> String {
        let mut lines: Vec<String> = self.findings.iter().flat_map(told).collect();
        lines.push(self.counted());
        lines.extend(self.ways_on());
        lines.join("\n")
    }

    /// What is worth knowing of a run that nothing stops: one line, and one for each warning.
    pub fn in_short(&self) -> String {
        let open = |finding: &&Finding| finding.state != FindingState::Passed;
        let mut lines = vec![format!("checked before the first change: {}", self.counted())];
        lines.extend(self.findings.iter().filter(open).flat_map(told));
        lines.join("\n")
    }

    fn counted(&self) -> String {
        let states =
            [FindingState::Passed, FindingState::Warned, FindingState::NotChecked, FindingState::Stops];
        let counts = states.into_iter().map(|state| (self.count(state), state));
        let told = counts.filter(|(count, _)| *count > 0).map(|(count, state)| match (state, count) {
            (FindingState::Stops, 2..) => format!("{count} stop"),
            (state, _) => format!("{count} {}", state.word()),
        });
        told.collect::<Vec<_>>().join(" · ")
    }

    fn count(&self, state: FindingState) -> usize {
        self.findings.iter().filter(|finding| finding.state == state).count()
    }

    /// How to go on without the rights that are missing.
    fn ways_on(&self) -> Vec<String> {
        let missing = |finding: &Finding| finding.state == FindingState::Stops && !finding.missing.is_empty();
        if !self.findings.iter().any(missing) {
            return Vec::new();
        }
        let mut lines = vec![
            "Rights are missing. `hubup check --hand-off FOLDER` writes what an administrator needs; once that is done, run \
             `hubup apply`."
                .to_owned(),
        ];
        if let Some((steps, blocked)) = self.without_rights() {
            let skips: Vec<String> = steps.iter().map(|step| format!("--skip {step}")).collect();
            lines.push(format!("Or go on without those steps now: `hubup apply {}`", skips.join(" ")));
            if !blocked.is_empty() {
                let blocked: Vec<&str> = blocked.iter().map(StepId::as_str).collect();
                lines.push(format!("  then these cannot run yet: {}", blocked.join(", ")));
            }
        }
        lines
    }

    /// The steps without which the run can begin although rights are missing, and what cannot run then either; `None` where
    /// none are missing, or nothing is won by that.
    pub fn without_rights(&self) -> Option<(Vec<StepId>, Vec<StepId>)> {
        let stopping = || self.findings.iter().filter(|finding| finding.state == FindingState::Stops);
        if !stopping().any(|finding| !finding.missing.is_empty()) {
            return None;
        }
        let mut steps: Vec<StepId> = Vec::new();
        for step in stopping().filter(|finding| is_others_matter(finding)).flat_map(|finding| &finding.steps)
        {
            if !steps.contains(step) {
                steps.push(step.clone());
            }
        }
        let blocked = self.prepared.plan.impact(&steps).blocked;
        let runs = |step: &StepId| !steps.contains(step) && !blocked.contains(step);
        let changes = |step: &Step| step.planned.iter().any(|planned| planned.purpose == Purpose::Change);
        let mut open = self.prepared.plan.steps().filter(|step| self.subject.running.contains(&step.id));
        // What else stops would stop the other steps, too.
        let won = stopping().all(is_others_matter) && open.any(|step| runs(&step.id) && changes(step));
        won.then_some((steps, blocked))
    }

    /// What an administrator needs; `None` where no right is missing.
    pub fn hand_off(&self) -> Option<HandOff> {
        hand_off(&self.subject, &self.findings, ROLE_FILE)
    }

    /// The findings as one JSON object.
    pub fn as_json(&self) -> Value {
        self.json(None)
    }

    fn json(&self, written: Option<&Written>) -> Value {
        let answers = self.subject.answers;
        let selection = self.subject.selection;
        let mut value = json!({
            "setup": answers.name,
            "setup_id": answers.setup_id(),
            "subscription": answers.subscription,
            "resource_group": answers.resource_group,
            "dialect": selection.dialect.id,
            "profile": selection.profile.row.id,
            "exit": self.exit().code(),
            "passed": self.count(FindingState::Passed),
            "warned": self.count(FindingState::Warned),
            "not_checked": self.count(FindingState::NotChecked),
            "stops": self.count(FindingState::Stops),
            "findings": self.findings,
        });
        if let Some(written) = written {
            value["hand_off"] = json!({ "role": written.role, "script": written.script });
        }
        value
    }

    fn write_hand_off(&self, folder: &Path) -> Result<Written, Failure> {
        if let Some(hand_off) = self.hand_off() {
            return write_hand_off(&hand_off, folder);
        }
        let seen =
            |finding: &Finding| finding.id == "permissions" && finding.state == FindingState::NotChecked;
        let told = if self.findings.iter().any(seen) {
            "What rights you lack could not be seen, so nothing was written for an administrator."
        } else {
            "You lack no right that the plan needs: nothing was written for an administrator."
        };
        Ok(Written { role: None, script: None, told: told.to_owned() })
    }
}

/// Writes the files of a hand-off into `folder`, which is made where it is not there.
pub(super) fn write_hand_off(hand_off: &HandOff, folder: &Path) -> Result<Written, Failure> {
    let failed = |path: &Path, error: &io::Error| {
        let text =
            format!("error: {} cannot be written: {error}\n  do:      name another folder", path.display());
        Failure::new(Exit::State, text)
    };
    fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        // What somebody else wrote stays.
        if path.exists() && !fs::read_to_string(&path).is_ok_and(|known| known.contains(MARK)) {
            let text = format!(
                "error: {} is there already and is not of hubup\n  do:      name another folder",
                path.display()
            );
            return Err(Failure::new(Exit::Usage, text));
        }
        fs::write(&path, text).map_err(|error| failed(&path, &error))?;
        Ok(path.display().to_string())
    };
    let role = hand_off.role.as_ref().map(|role| write(ROLE_FILE, &format!("{role:#}\n"))).transpose()?;
    let script = write(SCRIPT_FILE, &hand_off.script)?;
    let mut told =
        vec![format!("Wrote {script}: the grants of this plan, for an administrator to read and run.")];
    told.extend(role.iter().map(|role| format!("Wrote {role}: the smallest role that has what you lack.")));
    told.push("Neither holds a secret. When it is done, `hubup check` sees it.".to_owned());
    Ok(Written { role, script: Some(script), told: told.join("\n") })
}

/// The steps of `confirmed` that are not on record as done: those need nothing any more.
fn open(past: &Past, confirmed: Vec<StepId>) -> Vec<StepId> {
    let of_setup = past.header().is_some_and(|header| header.kind == RunKind::Setup);
    let holds = |step: &StepId| of_setup && past.progress.outcome(step).is_some_and(Outcome::holds);
    confirmed.into_iter().filter(|step| !holds(step)).collect()
}

/// Rights and the directory: what somebody else can see to while the run goes on.
fn is_others_matter(finding: &Finding) -> bool {
    !finding.missing.is_empty() || finding.id == "hub-application"
}

async fn made(start: &Start, connected: &Connected, check: &Check<'_>, tell: Tell<'_>) -> Vec<Finding> {
    let looks = start.read_through(connected, tell, |replay| check.look(replay));
    match timeout(PATIENCE, looks).await {
        Ok(Ok(findings)) => findings,
        Ok(Err(failure)) => {
            let says = failure.fault.map_or(failure.text, |fault| fault.says);
            vec![check.not_made(&says)]
        }
        Err(_) => vec![check.without_answer(PATIENCE.as_secs())],
    }
}

/// One finding in lines.
fn told(finding: &Finding) -> Vec<String> {
    let mut lines = vec![format!("  {:<12} {}: {}", finding.state.word(), finding.title, finding.says)];
    if !finding.steps.is_empty() && finding.state != FindingState::Passed {
        let steps: Vec<&str> = finding.steps.iter().map(StepId::as_str).collect();
        lines.push(format!("  {:<12}   needed by {}", "", steps.join(", ")));
    }
    if let (Some(remedy), Some(key)) = (&finding.remedy, finding.key) {
        lines.push(format!("  {:<12}   do: {remedy} [{key}]", ""));
    }
    lines
}
