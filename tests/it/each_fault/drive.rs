//! Runs in which each step meets its faults one after the other, is retried after each that stops it, and ends right.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use hubup::domain::{ErrorKind, Exit, Fault, Method, Outcome, Purpose, Record, RunEvent, StepId};
use hubup::engine::{Command, Running};
use hubup::sandbox::FaultScript;

use super::clean::{Call, Clean, begin};
use super::table::{Comes, Wrong};
use crate::kill::world::{World, differences, leaks};
use crate::support::Cloud;

/// Calls of one step for one fault: the client has given up, or got there, long before.
const MOST_CALLS: usize = 120;

/// Nothing of a run takes this long unless it hangs.
const HANGS: Duration = Duration::from_mins(2);

/// A fault at a request.
#[derive(Clone, Debug)]
pub struct Row {
    pub wrong: Wrong,
    pub call: Call,
}

impl Row {
    pub fn told(&self) -> String {
        let Call { step, method, path, nth, .. } = &self.call;
        format!("{} at {step}: {method} {path}, number {nth}", self.wrong.name)
    }

    fn entry(&self) -> String {
        let Call { method, path, nth, .. } = &self.call;
        let does = self.wrong.does;
        format!("[[faults]]\nmethod = \"{method}\"\npath = \"{path}\"\nnth = [{nth}]\n{does}\n")
    }
}

fn script(rows: &[Row]) -> FaultScript {
    let entries: Vec<String> = rows.iter().map(Row::entry).collect();
    FaultScript::from_text("each-fault", &entries.concat()).unwrap()
}

/// The faults that each step is still to meet: one after the other, some together.
pub type Queues = BTreeMap<StepId, VecDeque<Vec<Row>>>;

/// What a run came to.
#[derive(Default)]
pub struct Came {
    /// What is wrong.
    pub wrong: Vec<String>,
    /// What was not met, since the step was done before.
    pub left: Queues,
    pub met: usize,
}

/// A run of all steps, each of which meets its queue until it is done.
pub async fn live(clean: &Clean, mut queues: Queues) -> Came {
    let cloud = Cloud::open(&clean.model.world()).await;
    let answers = clean.model.answers();
    let mut running = begin(&cloud, &clean.plan, &answers).await;
    let folder = cloud.folder.path().join("sandbox");
    let mut came = Came::default();
    let mut records = Vec::new();
    let mut all = Vec::new();
    'steps: for step in clean.plan.ids() {
        let queue = queues.entry(step.clone()).or_default();
        let mut order = Command::Confirm(vec![step.clone()]);
        let mut fresh = true;
        loop {
            let rows = queue.pop_front().unwrap_or_default();
            cloud.sandbox.rehearse(&script(&rows)).await.unwrap();
            running.handle.send(order);
            let told = if rows.is_empty() {
                format!("nothing at {step}")
            } else {
                rows.iter().map(Row::told).collect::<Vec<_>>().join(" and ")
            };
            let from = records.len();
            let ended = tokio::time::timeout(HANGS, ended(&mut running, &step, &mut records)).await;
            let mut wrong = |why: String| {
                let lines = records[from..].iter().filter_map(hubup::domain::line);
                let lines: Vec<String> =
                    lines.map(|line| format!("    {:<34} {}", line.step, line.text)).collect();
                came.wrong.push(format!("{:?} {told}: {why}\n{}", clean.model, lines.join("\n")));
            };
            let Ok(Some((outcome, fault))) = ended else {
                wrong("it hung, or the run ended".to_owned());
                break 'steps;
            };
            all.push(told.clone());
            let counted = World::read(&folder).counted();
            for (row, hits) in rows.iter().zip(counted.into_iter().chain(std::iter::repeat(0))) {
                if hits >= u64::from(row.call.nth) {
                    came.met += 1;
                    if let Err(why) = judge(row, outcome, fault.as_ref()) {
                        wrong(why);
                    }
                } else if fresh && rows.len() == 1 {
                    wrong("it was never met".to_owned());
                } else {
                    came.left.entry(step.clone()).or_default().push_back(vec![row.clone()]);
                }
            }
            if rows.is_empty() && !outcome.holds() {
                wrong(format!("it ended {outcome:?}, {fault:?}"));
                break 'steps;
            }
            let calls =
                records[from..].iter().filter(|record| matches!(record.event, RunEvent::CallStarted(_)));
            let calls = calls.count();
            if calls > MOST_CALLS {
                wrong(format!("{calls} calls"));
            }
            if let Some(control) = escaped(&records[from..]) {
                wrong(format!("it lets through what moves a terminal: {control:?}"));
            }
            fresh = false;
            if outcome.holds() {
                break;
            }
            order = Command::Retry(step.clone());
        }
        came.left.entry(step.clone()).or_default().append(queue);
    }
    running.handle.send(Command::Leave);
    while let Some(record) = running.events.recv().await {
        records.push(record);
    }
    let exit = running.ended.await.unwrap();
    let world = World::read(&folder);
    let mut wrong = sent_blindly(&records);
    if came.wrong.is_empty() {
        if !matches!(exit, Ok(Exit::Complete)) {
            wrong.push(format!("the run ended with {exit:?}"));
        }
        wrong.extend(differences(&made(&clean.essence), &made(&world.essence())));
        wrong.extend(leaks(cloud.folder.path(), &world.secrets()));
    }
    if !wrong.is_empty() {
        came.wrong.push(format!("{:?} after {}:\n  {}", clean.model, all.join("; "), wrong.join("\n  ")));
    }
    cloud.sandbox.shutdown().await;
    came
}

/// The lines of a world that tell what was made: not how often it took, but what has not ended.
fn made(essence: &[String]) -> Vec<String> {
    let tells = |line: &&String| {
        let counts = line.contains("/tags/hubup-pushed") || line.starts_with("operation");
        !counts || line.ends_with("has not ended")
    };
    essence.iter().filter(tells).cloned().collect()
}

/// How the step ends; questions are answered as a person does who wants it to go on.
async fn ended(
    running: &mut Running,
    step: &StepId,
    records: &mut Vec<Record>,
) -> Option<(Outcome, Option<Fault>)> {
    loop {
        let record = running.events.recv().await?;
        records.push(record.clone());
        match record.event {
            RunEvent::Asked(question) => {
                let first = question.ask.choices.first().map(|(key, _)| key.clone());
                let choice = question.ask.under_yes.or(first).unwrap_or_default();
                running.handle.send(Command::Answer { number: question.number, choice });
            }
            RunEvent::StepFinished { step: ended, outcome, fault, .. } if ended == *step => {
                return Some((outcome, fault.map(|fault| *fault)));
            }
            _ => {}
        }
    }
}

/// Whether what came of the fault may come of it.
fn judge(row: &Row, outcome: Outcome, fault: Option<&Fault>) -> Result<(), String> {
    let stopped = |keys: &[&str], exit: Exit, fault: &Fault| {
        let key = fault.key.as_deref().unwrap_or_default();
        if !keys.contains(&key) {
            return Err(format!("it failed as `{key}`: {fault:?}"));
        }
        if fault.exit != exit {
            return Err(format!("it failed with exit {:?}: {fault:?}", fault.exit));
        }
        if fault.remedy.is_empty() || fault.means.is_none() {
            return Err(format!("it does not tell all: {fault:?}"));
        }
        Ok(())
    };
    match (row.wrong.comes, outcome, fault) {
        (Comes::Stops(..), Outcome::Done | Outcome::AlreadyThere, _)
            if row.call.poll || row.call.host == "graph" =>
        {
            Ok(())
        }
        (Comes::Right | Comes::Either(..), Outcome::Done | Outcome::AlreadyThere, _)
        | (Comes::Either(..), Outcome::Warned, _) => Ok(()),
        (Comes::Stops(keys, exit) | Comes::Either(keys, exit), Outcome::Failed, Some(fault)) => {
            stopped(keys, exit, fault)
        }
        _ => Err(format!("it ended {outcome:?}, {fault:?}")),
    }
}

/// The first text of a fault, a question or a reply that holds a control character.
fn escaped(records: &[Record]) -> Option<String> {
    let texts = records.iter().filter_map(hubup::domain::line).map(|line| line.text);
    let faults = records.iter().filter_map(|record| match &record.event {
        RunEvent::StepFinished { fault: Some(fault), .. } => Some(fault.says.clone()),
        _ => None,
    });
    let moves = |text: &String| text.chars().any(|letter| letter.is_control() && letter != '\n');
    texts.chain(faults).find(moves)
}

/// Changes that were sent again though they may have been carried out, with no look in between.
fn sent_blindly(records: &[Record]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut open: BTreeMap<(StepId, &str, String), bool> = BTreeMap::new();
    let mut sent = BTreeMap::new();
    for record in records {
        match &record.event {
            RunEvent::CallStarted(call) if call.purpose == Purpose::Change => {
                let key = (call.step.clone().unwrap(), call.shown.method.as_str(), call.shown.url.clone());
                // Contract preview-2025, 6a; a registration that is asked for again is the same one.
                let safe = ["/synchronize", "/register"].iter().any(|end| key.2.contains(end));
                if open.insert(key.clone(), true) == Some(true) && !safe {
                    wrong.push(format!("{} {} was sent again without a look", key.1, key.2));
                }
                sent.insert(call.call, key);
            }
            RunEvent::CallFinished(reply) => match (sent.get(&reply.call), reply.error) {
                // It was not carried out, and its reply says so.
                (
                    Some(key),
                    Some(
                        ErrorKind::NotSent
                        | ErrorKind::Throttled
                        | ErrorKind::Conflict
                        | ErrorKind::NotFound
                        | ErrorKind::Auth
                        | ErrorKind::Forbidden
                        | ErrorKind::Refused,
                    ),
                ) => {
                    open.insert(key.clone(), false);
                }
                (None, None | Some(ErrorKind::NotFound)) if reply.method == Method::Get => {
                    open.retain(|(step, ..), _| Some(step) != reply.step.as_ref());
                }
                _ => {}
            },
            _ => {}
        }
    }
    wrong
}
