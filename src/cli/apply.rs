//! `hubup apply`: the same engine without the wizard.

use std::io::BufRead as _;

use tokio::sync::mpsc;

use super::args::{Apply, Global, Output};
use super::environment::Surroundings;
use super::failure::{Failure, told};
use super::past::Past;
use super::print::{out, trouble, waiting};
use super::signals::{Signal, Signals};
use super::wire::{self, Prepared, Start, choices};
use crate::azure::redact;
use crate::domain::{Exit, Level, Plan, Progress, Question, Record, RunEvent, StepId, Wait, Who, line};
use crate::engine::{Command, Handle, Manner};
use crate::tui::summary;

/// How a command ended: by itself, or by a signal.
pub enum Ending {
    Exit(Exit),
    Signal(u8),
}

/// Runs the command.
pub async fn run(global: &Global, surroundings: Surroundings, apply: &Apply) -> Result<Ending, Failure> {
    if !apply.yes {
        can_ask(&surroundings, apply.output)?;
    }
    let start = wire::start(global, surroundings).await?;
    let connected = start.connect(&waiting).await?;
    let answers = start.config.answers.clone();
    let past = Past::read(&start.state, answers.setup_id())?;
    let prepared = start.prepare(&connected, answers, &past, &waiting).await?;
    past.check_changes(prepared.selection.dialect, &prepared.answers)?;
    let scope = Scope::of(&prepared.plan, apply)?;
    if apply.output == Output::Text {
        out(&opening(&start, &prepared, &connected.account));
        for line in past.told(prepared.selection.dialect, &prepared.answers) {
            out(&line);
        }
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
    let mut signals =
        Signals::listen().map_err(|error| Failure::new(Exit::Failed, format!("error: {error}")))?;
    let using = apply.using.iter().map(|(step, id)| Command::Use { step: step.clone(), id: id.clone() });
    let mut orders: Vec<Command> = using.collect();
    orders.extend(past.carried_on(scope.confirm, scope.skip));
    let running = start.begin(&connected, &prepared, manner, orders, None)?;
    let mut follow = Follow {
        progress: past.progress,
        output: apply.output,
        handle: running.handle.clone(),
        asks: !apply.yes,
        shown: None,
        answers: None,
    };
    let signal = match follow.run(running.events, &mut signals).await {
        Followed::ToItsEnd(signal) => signal,
        // What is under way is not waited for: every change of it is in the journal already.
        Followed::ThrownOff(signal) => return Ok(Ending::Signal(signal.number())),
    };
    let ended = running.ended.await;
    // Also after a journal that broke: then this is all that tells what was done.
    if apply.output == Output::Text {
        follow.report(&prepared);
    }
    let exit = ended
        .map_err(|error| Failure::new(Exit::Failed, format!("error: the engine stopped: {error}")))??;
    if let Some(sandbox) = start.sandbox {
        sandbox.shutdown().await;
    }
    Ok(match signal {
        Some(signal) => Ending::Signal(signal.number()),
        None => Ending::Exit(exit),
    })
}

/// Which steps are run and which are skipped.
struct Scope {
    confirm: Vec<StepId>,
    skip: Vec<StepId>,
}

impl Scope {
    fn of(plan: &Plan, apply: &Apply) -> Result<Self, Failure> {
        let usage = |text: String| Failure::new(Exit::Usage, text);
        let mut skip = Vec::new();
        for wanted in &apply.skip {
            let step = plan.steps().find(|step| step.id.as_str() == wanted).ok_or_else(|| {
                usage(format!(
                    "error: there is no step `{wanted}`\n  do:      name one of: {}",
                    step_ids(plan)
                ))
            })?;
            skip.push(step.id.clone());
        }
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

/// Without a terminal, or where only records may be printed, nobody can be asked and only `--yes` can agree.
fn can_ask(surroundings: &Surroundings, output: Output) -> Result<(), Failure> {
    let why = match (surroundings.interactive, output) {
        (true, Output::Text) => return Ok(()),
        (true, Output::Json) => "`--output json` prints records and no questions",
        (false, _) => "there is no terminal to ask on",
    };
    let remedy = "run `hubup apply --yes`, after `hubup plan` has shown what it does";
    Err(Failure::new(Exit::Usage, format!("error: {why}\n  do:      {remedy}")))
}

/// Asks once before anything is made.
fn agreed(scope: &Scope) -> bool {
    out(&format!("{} steps will be run; `hubup plan` shows each request. Go on? [y/N]", scope.confirm.len()));
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}

/// Prints events as they come, passes on answers and signals.
struct Follow {
    progress: Progress,
    output: Output,
    handle: Handle,
    /// A person is there to answer.
    asks: bool,
    /// Number of the question that was shown last: what is typed answers this one and no other.
    shown: Option<u64>,
    answers: Option<mpsc::UnboundedReceiver<String>>,
}

impl Follow {
    async fn run(&mut self, mut events: mpsc::UnboundedReceiver<Record>, signals: &mut Signals) -> Followed {
        let mut signalled = None;
        loop {
            tokio::select! {
                record = events.recv() => match record {
                    Some(record) => self.tell(&record),
                    None => return Followed::ToItsEnd(signalled),
                },
                signal = signals.next() => {
                    if signalled.is_some() {
                        // The second one does not wait: what Azure accepted is in the journal.
                        return Followed::ThrownOff(signal);
                    }
                    signalled = Some(signal);
                    trouble("leaving: nothing new is sent; what Azure accepted goes on there (again to leave at once)");
                    self.handle.send(Command::Leave);
                }
                typed = next(&mut self.answers) => match typed {
                    Some(typed) => self.answer(&typed),
                    // The terminal takes no more lines, so nobody can answer.
                    None => {
                        self.answers = None;
                        self.asks = false;
                        self.handle.send(Command::Leave);
                    }
                },
            }
        }
    }

    fn tell(&mut self, record: &Record) {
        self.progress.apply(record);
        match self.output {
            Output::Json => {
                if let Ok(text) = serde_json::to_string(&shareable(record)) {
                    out(&text);
                }
            }
            Output::Text => {
                if let Some(line) = line(record).filter(|line| line.level != Level::Detail) {
                    let time = line.at.strftime("%H:%M:%S");
                    let call = line.call.map(|call| format!("  {}", call.short())).unwrap_or_default();
                    out(&format!("{time}  {:<34}  {}{call}", line.step, line.text));
                }
                self.ask();
            }
        }
    }

    /// Shows the oldest question, one at a time.
    fn ask(&mut self) {
        let Some(question) = self.progress.questions.first() else { return };
        if self.shown.is_some_and(|number| self.waits(number).is_some()) {
            return;
        }
        self.shown = Some(question.number);
        out(&format!("    {}: {}", question.step, question.ask.question));
        for difference in &question.ask.differs {
            out(&format!("    differs: {difference}"));
        }
        for (number, (key, label)) in question.ask.choices.iter().enumerate() {
            out(&format!("    {} {label} ({key})", number + 1));
        }
        match &mut self.answers {
            // What was typed before the question stood there was not meant for it.
            Some(answers) => while answers.try_recv().is_ok() {},
            None if self.asks => self.answers = Some(typed_lines()),
            None => {}
        }
    }

    /// The question `number`, while it waits.
    fn waits(&self, number: u64) -> Option<&Question> {
        self.progress.questions.iter().find(|question| question.number == number)
    }

    fn answer(&mut self, typed: &str) {
        let Some(question) = self.shown.and_then(|number| self.waits(number)) else { return };
        let typed = typed.trim();
        let by_number = typed.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let choice = by_number
            .and_then(|index| question.ask.choices.get(index))
            .or_else(|| question.ask.choices.iter().find(|(key, _)| key == typed));
        match choice {
            Some((key, _)) => {
                self.handle.send(Command::Answer { number: question.number, choice: key.clone() });
            }
            None => trouble("type the number of a choice"),
        }
    }

    fn report(&self, prepared: &Prepared) {
        out("");
        out(&summary(&prepared.plan, &self.progress, &prepared.answers));
        for step in prepared.plan.steps() {
            if let Some(fault) = self.progress.step(&step.id).and_then(|progress| progress.fault.as_ref()) {
                trouble(&format!("{}: {}", step.id, told(fault)));
            }
        }
    }
}

/// How following a run ended.
enum Followed {
    /// With the run, after that signal if one came.
    ToItsEnd(Option<Signal>),
    /// By a second signal, with the run still going.
    ThrownOff(Signal),
}

async fn next(answers: &mut Option<mpsc::UnboundedReceiver<String>>) -> Option<String> {
    match answers {
        Some(answers) => answers.recv().await,
        None => std::future::pending().await,
    }
}

/// Lines typed on standard input, read by a thread of its own: a read of a terminal cannot be cancelled.
fn typed_lines() -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// The record as it may leave the journal: a status URL is signed, so neither what was accepted nor the looks at it tell
/// its signature.
fn shareable(record: &Record) -> Record {
    let mut record = record.clone();
    match &mut record.event {
        RunEvent::OperationAccepted {
            wait: Wait::AsyncOperation { poll } | Wait::Location { poll }, ..
        } => *poll = redact::text(poll.split('?').next().unwrap_or_default()),
        RunEvent::CallStarted(call) => call.shown.url = redact::url(&call.shown.url),
        _ => {}
    }
    record
}
