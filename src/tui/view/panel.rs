//! What the pane beside, or over, the log says: the row of the cursor, a failure, a question, a cost, leaving.

use crate::domain::{
    Fault, NeedKind, Outcome, Purpose, Question, StepId, StepOutline, StepState, brief, target,
};
use crate::tui::app::App;
use crate::tui::keymap::{Action, choices, page_bindings};
use crate::tui::paper::{Paper, Piece, Tone};
use crate::tui::rows::{Row, RowState};
use crate::tui::session::{Panel, Session};
use crate::tui::summary::{counted, fault_items, portal};
use crate::tui::text::{clock, safe, seconds};

use super::{theme, using};

/// Width of the column of labels.
const LABEL: usize = 12;
const COST: usize = 24;

/// The title of the pane and what it says.
pub(in crate::tui) fn paper(app: &App, session: &Session) -> (String, Paper) {
    let mut paper = Paper::default();
    let title = match &session.panel {
        Panel::Detail => detail(&mut paper, app, session),
        Panel::SkipCost(steps) => skip_cost(&mut paper, app, session, steps),
        Panel::All => all(&mut paper, session),
        Panel::Use(choice) => using::paper(&mut paper, app, session, choice),
        Panel::TakeOut(told) => take_out(&mut paper, session, told.as_deref()),
        Panel::Abort => abort(&mut paper, session),
        Panel::Stopped(why) => stopped(&mut paper, why),
        Panel::Question(number) => match session.question(*number) {
            Some(question) => asked(&mut paper, session, question, true),
            None => String::new(),
        },
    };
    (title, paper)
}

fn detail(paper: &mut Paper, app: &App, session: &Session) -> String {
    let row = session.cursor;
    // What asks or failed is told in place of everything else.
    let steps = session.steps_of(row);
    let asks =
        session.progress.questions.iter().find(|question| steps.iter().any(|step| step.id == question.step));
    if let Some(question) = asks {
        return asked(paper, session, question, false);
    }
    let failed = steps.iter().find(|step| session.state(step) == StepState::Finished(Outcome::Failed));
    if let Some(step) = failed {
        return failure(paper, app, session, step);
    }
    match session.step_of(row) {
        Some(step) => of_step(paper, app, session, step),
        None => of_stage(paper, app, session, row),
    }
}

fn of_stage(paper: &mut Paper, app: &App, session: &Session, row: Row) -> String {
    let Some(stage) = session.stage(row) else {
        paper.text(Tone::Dim, "There is nothing to do: the plan has no stages.");
        return "Nothing".to_owned();
    };
    for (index, step) in stage.steps.iter().enumerate() {
        let condition = RowState::Step(session.state(step));
        let time = session.row_seconds(Row::Step(row.stage(), index), app.now).map(clock).unwrap_or_default();
        // Where steps are chosen by a number, that stands before them.
        let mark = if app.options.plain {
            format!("{}.{}", row.stage() + 1, index + 1)
        } else {
            theme::symbol(condition, app.now, app.options).to_owned()
        };
        paper.line(vec![
            (theme::tone(condition), format!("{mark} ")),
            (Tone::Plain, step.title.clone()),
            (theme::tone(condition), format!("  {}", condition.word())),
            (Tone::Dim, format!("  {time}")),
        ]);
        if let Some(note) = session.progress.step(&step.id).and_then(|known| known.note.as_deref()) {
            paper.item("", 2, Tone::Dim, note);
        }
        for line in came_back(session, step) {
            paper.item("", 2, Tone::Warn, &line);
        }
    }
    let ready = session.confirmable(row).len();
    if ready > 0 {
        paper.gap();
        let says = match ready {
            1 => "Enter does 1 step, as soon as its needs are met.".to_owned(),
            ready => format!("Enter does {ready} steps, each as soon as its needs are met."),
        };
        paper.text(Tone::Plain, &says);
        makes(paper, session, &session.confirmable(row));
    }
    if !session.why.is_empty() {
        paper.gap();
        paper.text(Tone::Dim, &session.why);
    }
    stage.heading.clone()
}

/// The changes that `steps` would send.
fn makes(paper: &mut Paper, session: &Session, steps: &[StepId]) {
    for id in steps {
        let Some(step) = session.plan.step(id) else { continue };
        for planned in step.planned.iter().filter(|planned| planned.purpose == Purpose::Change) {
            let shown = planned.request.shown(&session.progress.outputs);
            paper.item("", 2, Tone::Plain, &format!("{} {}", shown.method, target(&shown.url)));
        }
    }
}

fn of_step(paper: &mut Paper, app: &App, session: &Session, step: &StepOutline) -> String {
    let state = session.state(step);
    let planned = session.plan.step(&step.id);
    let calls = session.sent.get(&step.id);
    let shown = calls.and_then(|calls| calls.last()).map(|call| call.shown.clone()).or_else(|| {
        let change = planned?.planned.iter().find(|planned| planned.purpose == Purpose::Change)?;
        Some(change.request.shown(&session.progress.outputs))
    });
    if let Some(shown) = shown {
        paper.line(vec![(Tone::Strong, format!("{} ", shown.method)), (Tone::Plain, target(&shown.url))]);
    }
    progress_line(paper, app, session, step, state);
    let known = session.progress.step(&step.id);
    if let Some(note) = known.and_then(|known| known.note.as_deref()) {
        paper.item("", 0, theme::tone(RowState::Step(state)), note);
    }
    if let Some(fault) = known.and_then(|known| known.fault.as_ref()) {
        for (label, text) in fault_items(fault) {
            paper.item(label, LABEL, Tone::Plain, &text);
        }
    }
    differences(paper, &session.differs(&step.id));
    from_before(paper, session, step, state);
    if let Some(planned) = planned.filter(|planned| !planned.why.is_empty()) {
        paper.gap();
        paper.text(Tone::Plain, &planned.why);
    }
    relations(paper, app, session, step);
    outputs(paper, app, session, step);
    paper.gap();
    keys(paper, app, &[Action::Requests, Action::AzCommand, Action::Why, Action::UseExisting]);
    step.title.clone()
}

/// What earlier runs left of the step, as long as this one has not gone beyond it.
fn from_before(paper: &mut Paper, session: &Session, step: &StepOutline, state: StepState) {
    let Some(known) = session.progress.step(&step.id) else { return };
    if let Some(was) = known.was {
        let text = format!("{} in an earlier run; it is looked at again", was.word());
        paper.item("Before", LABEL, Tone::Plain, &text);
    }
    for (index, line) in came_back(session, step).iter().enumerate() {
        paper.item(if index == 0 { "Came back" } else { "" }, LABEL, Tone::Warn, line);
    }
    if known.operation.is_some() && !state.is_active() {
        let text = "has accepted it and may go on with it; how that ended is not on record";
        paper.item("Azure", LABEL, Tone::Busy, text);
    }
}

/// Why the step waits for a word again, each difference in a line of its own; nothing when it does not.
fn came_back(session: &Session, step: &StepOutline) -> Vec<String> {
    if !matches!(session.state(step), StepState::NotYet | StepState::Ready | StepState::Queued) {
        return Vec::new();
    }
    let why =
        session.progress.step(&step.id).and_then(|known| known.came_back.as_deref()).unwrap_or_default();
    match why.split_once(": ") {
        Some((what, differences)) => std::iter::once(format!("{what}:"))
            .chain(differences.split("; ").map(ToOwned::to_owned))
            .collect(),
        None if why.is_empty() => Vec::new(),
        None => vec![why.to_owned()],
    }
}

fn progress_line(paper: &mut Paper, app: &App, session: &Session, step: &StepOutline, state: StepState) {
    let known = session.progress.step(&step.id);
    let tone = theme::tone(RowState::Step(state));
    let took = known.and_then(|known| {
        let until = match state {
            StepState::Finished(_) => known.ended?,
            state if state.is_active() => app.now,
            // A look that sent it back, or a skip that was taken back, left its times behind.
            _ => return None,
        };
        Some(clock(seconds(known.started?, until)))
    });
    let mut text = state.word().to_owned();
    if let Some(took) = took {
        text.push_str(if state.is_active() { " " } else { " after " });
        text.push_str(&took);
    }
    if known.is_some_and(|known| known.attempts > 1) {
        text.push_str(&format!(", tried {} times", known.map_or(0, |known| known.attempts)));
    }
    let usual = session.usual.get(&step.id).filter(|_| !matches!(state, StepState::Finished(_)));
    if let Some(usual) = usual {
        let times = if usual.times == 1 { "once".to_owned() } else { format!("in {} runs", usual.times) };
        text.push_str(&format!(", took {} here ({times})", clock(usual.seconds)));
    }
    if step.bound > 0 && !matches!(state, StepState::Finished(_)) {
        text.push_str(&format!(
            ", up to {} (documented)",
            brief(step.bound.min(u64::from(u32::MAX)) * 1_000)
        ));
        if app.scale > 1.0 {
            text.push_str(&format!(
                ", here {}",
                brief(scaled(step.bound.min(u64::from(u32::MAX)), app.scale))
            ));
        }
    }
    paper.text(tone, &text);
    if let Some((why, since, bound)) = known.and_then(|known| known.waiting.as_ref()) {
        let waited = clock(seconds(*since, app.now));
        paper.text(Tone::Busy, &format!("{}: {waited} of at most {}", safe(why), brief(*bound)));
    }
}

/// `seconds` of Azure's time in wall milliseconds where time passes `scale` times faster.
fn scaled(seconds: u64, scale: f64) -> u64 {
    let seconds = std::time::Duration::from_secs(seconds).as_secs_f64() / scale;
    let span = std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default();
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// What the step needs and what needs it; and what it goes on without.
fn relations(paper: &mut Paper, app: &App, session: &Session, step: &StepOutline) {
    paper.gap();
    let mut without = Vec::new();
    for (index, need) in step.needs.iter().enumerate() {
        let outline =
            session.outline.iter().flat_map(|stage| &stage.steps).find(|known| known.id == need.step);
        let state = outline.map_or(StepState::NotYet, |outline| session.state(outline));
        if state == StepState::Finished(Outcome::Skipped) && need.kind == NeedKind::Effect {
            without.push(session.title(&need.step));
        }
        let state = RowState::Step(state);
        let label = if index == 0 { "Needs" } else { "" };
        let what = if need.kind == NeedKind::Value { ", gives a value" } else { "" };
        let symbol = theme::symbol(state, app.now, app.options);
        let text = format!("{symbol} {}: {}{what}", session.title(&need.step), state.word());
        paper.item(label, LABEL, theme::tone(state), &text);
    }
    if !without.is_empty() {
        let text = format!(
            "{} (skipped): it works only if somebody else has seen to that, and ends warned",
            without.join(", ")
        );
        paper.item("Without", LABEL, Tone::Warn, &text);
    }
    let needed: Vec<String> = session.plan.dependants(&step.id).map(|(step, _)| step.title.clone()).collect();
    if !needed.is_empty() {
        paper.item("Needed by", LABEL, Tone::Plain, &needed.join(" · "));
    }
}

fn outputs(paper: &mut Paper, app: &App, session: &Session, step: &StepOutline) {
    let Some(outputs) = session.progress.outputs.of(&step.id).filter(|outputs| !outputs.is_empty()) else {
        return;
    };
    paper.gap();
    for (name, value) in outputs {
        paper.item(name, LABEL, Tone::Plain, value);
    }
    let answers = session.progress.header.as_ref().map(|header| &header.answers);
    let public = answers.is_some_and(|answers| answers.cloud.name == "public");
    if let Some(id) = outputs.get("id").filter(|_| public && !session.is_sandbox(&app.banner.cloud)) {
        paper.item("Portal", LABEL, Tone::Dim, &portal(id));
    }
}

fn failure(paper: &mut Paper, app: &App, session: &Session, step: &StepOutline) -> String {
    let known = session.progress.step(&step.id);
    let mut text = "failed".to_owned();
    if let Some(known) = known {
        if let (Some(started), Some(ended)) = (known.started, known.ended) {
            text.push_str(&format!(" after {}", clock(seconds(started, ended))));
            if session.is_earlier(ended) {
                text.push_str(" in an earlier run");
            }
        }
        if known.attempts > 1 {
            text.push_str(&format!(", tried {} times", known.attempts));
        }
    }
    let cross = RowState::Step(StepState::Finished(Outcome::Failed));
    let symbol = theme::symbol(cross, app.now, app.options);
    paper.text(Tone::Bad, &format!("{symbol} {text}"));
    paper.gap();
    match known.and_then(|known| known.fault.as_ref()) {
        Some(fault) => {
            paper.fault(fault);
        }
        None => paper.text(Tone::Plain, "No reason was given; the log has what was said."),
    }
    if let Some(note) = known.and_then(|known| known.note.as_deref()) {
        paper.item("Note", LABEL, Tone::Plain, note);
    }
    let fault = known.and_then(|known| known.fault.as_ref());
    if fault.is_none_or(|fault| fault.correlation_id.is_none())
        && let Some(id) = known.and_then(|known| known.correlation_ids.last())
    {
        paper.item("Quote", LABEL, Tone::Plain, &format!("correlation {id}"));
    }
    paper.gap();
    keys(paper, app, &[Action::Retry, Action::KeepTrying, Action::UseExisting, Action::Skip, Action::Copy]);
    keys(paper, app, &[Action::Requests, Action::AzCommand, Action::Why]);
    step.title.clone()
}

/// The keys of `wanted` that act now, in one line.
fn keys(paper: &mut Paper, app: &App, wanted: &[Action]) {
    // Told in lines, they are listed below it.
    if app.options.plain {
        return;
    }
    let bindings = page_bindings(app);
    let mut pieces: Vec<Piece> = Vec::new();
    for action in wanted {
        if let Some(binding) = bindings.iter().find(|binding| binding.action == *action) {
            pieces.push((Tone::Key, binding.name.to_owned()));
            pieces.push((Tone::Plain, format!(" {}   ", binding.word)));
        }
    }
    if !pieces.is_empty() {
        paper.line(pieces);
    }
}

fn asked(paper: &mut Paper, session: &Session, question: &Question, open: bool) -> String {
    paper.text(Tone::Ask, &question.ask.question);
    differences(paper, &question.ask.differs);
    paper.gap();
    for (index, (_, label)) in question.ask.choices.iter().enumerate() {
        if open {
            paper.item(&(index + 1).to_string(), 3, Tone::Strong, label);
        } else {
            paper.item("·", 3, Tone::Plain, label);
        }
    }
    if !open {
        paper.gap();
        paper.line(vec![
            (Tone::Key, "a".to_owned()),
            (Tone::Plain, " answer; until then this step waits and the others go on".to_owned()),
        ]);
    }
    format!("{} asks you", session.title(&question.step))
}

/// Each property that differs: what is there, and what was said.
fn differences(paper: &mut Paper, differs: &[String]) {
    for (index, differs) in differs.iter().enumerate() {
        let label = if index == 0 { "Differs" } else { "" };
        let Some((property, there, said, rest)) = told_apart(differs) else {
            paper.item(label, LABEL, Tone::Warn, differs);
            continue;
        };
        paper.item(label, LABEL, Tone::Strong, property);
        paper.item("  there", LABEL, Tone::Warn, there);
        paper.item("  you said", LABEL, Tone::Good, said);
        if !rest.is_empty() {
            paper.item("", LABEL, Tone::Dim, rest);
        }
    }
}

/// A difference in its parts: property, what is there, what was said, and what follows. Steps tell them as
/// `location is westus2 (you said eastus2); why it stays`.
fn told_apart(differs: &str) -> Option<(&str, &str, &str, &str)> {
    let (property, rest) = differs.split_once(" is ")?;
    let (there, rest) = rest.split_once(" (you said ")?;
    let (said, rest) = rest.split_once(')')?;
    Some((property, there, said, rest.trim_start_matches(';').trim_start()))
}

/// What can be copied and saved of the log.
fn take_out(paper: &mut Paper, session: &Session, told: Option<&str>) -> String {
    let log = &session.log;
    if let Some(told) = told {
        paper.text(Tone::Good, told);
        paper.gap();
    }
    for (_, name, word, _) in choices(session) {
        paper.item(name, 3, Tone::Strong, &word);
    }
    paper.gap();
    if !log.filter().is_open() {
        paper.item("Shown", LABEL, Tone::Plain, &log.filter().told().join(" · "));
    }
    let text = "Copies go to the terminal by OSC 52, as much as it takes; files to the folder in which hubup was started, \
                never over another.";
    paper.text(Tone::Dim, text);
    "Copy or save".to_owned()
}

fn skip_cost(paper: &mut Paper, app: &App, session: &Session, steps: &[StepId]) -> String {
    let titles = |ids: &[StepId]| ids.iter().map(|id| session.title(id)).collect::<Vec<_>>().join(" · ");
    let impact = session.plan.impact(steps);
    let open = |ids: Vec<StepId>| -> Vec<StepId> {
        ids.into_iter().filter(|id| session.progress.outcome(id).is_none()).collect()
    };
    let (blocked, doubtful, free) = (open(impact.blocked), open(impact.doubtful), open(impact.free));
    paper.item("Skip", COST, Tone::Strong, &titles(steps));
    paper.gap();
    if blocked.is_empty() && doubtful.is_empty() {
        paper.text(Tone::Good, "Nothing else needs it.");
    }
    if !blocked.is_empty() {
        paper.item("Then these cannot run", COST, Tone::Bad, &titles(&blocked));
    }
    if !doubtful.is_empty() {
        paper.item("Only if made elsewhere", COST, Tone::Warn, &titles(&doubtful));
    }
    if !free.is_empty() {
        paper.item("These still can", COST, Tone::Plain, &titles(&free));
    }
    paper.gap();
    paper.text(Tone::Dim, "hubup looks first: what is there as it should be counts as already there.");
    if session.usable_of(steps).is_some() {
        paper.gap();
        keys(paper, app, &[Action::UseExisting, Action::SkipNow, Action::Back]);
    }
    "What skipping costs".to_owned()
}

fn all(paper: &mut Paper, session: &Session) -> String {
    let left = session.unconfirmed();
    let what = if session.is_teardown() { "what is deleted is gone" } else { "what is made may be billed" };
    paper.text(Tone::Strong, &format!("This does {} steps on Azure, where {what}:", left.len()));
    paper.gap();
    for id in &left {
        paper.text(Tone::Plain, &session.title(id));
        makes(paper, session, std::slice::from_ref(id));
    }
    "All the rest".to_owned()
}

fn abort(paper: &mut Paper, session: &Session) -> String {
    let queued: Vec<String> = session.queued().iter().map(|id| session.title(id)).collect();
    let leave =
        "leave: nothing new is sent, Azure goes on with what it accepted, and hubup finds it again next time";
    paper.item("1", 3, Tone::Strong, leave);
    if session.open && !queued.is_empty() {
        paper.item("2", 3, Tone::Plain, "drop what is not sent, and stay until the rest is done");
    }
    paper.item("3", 3, Tone::Plain, "back");
    paper.text(Tone::Dim, "Ctrl+C once more leaves.");
    paper.gap();
    paper.item("So far", LABEL, Tone::Plain, &counted(session.counts()));
    let running: Vec<String> = session
        .outline
        .iter()
        .flat_map(|stage| &stage.steps)
        .filter(|step| session.state(step).is_active())
        .map(|step| step.title.clone())
        .collect();
    paper.item("Running", LABEL, Tone::Busy, &running.join(" · "));
    if !queued.is_empty() {
        paper.item("Not sent", LABEL, Tone::Plain, &queued.join(" · "));
    }
    "Leave the run?".to_owned()
}

fn stopped(paper: &mut Paper, why: &Fault) -> String {
    paper.fault(why);
    paper.gap();
    paper.text(Tone::Plain, "What Azure accepted goes on there; hubup finds it again next time.");
    "The run had to stop".to_owned()
}
