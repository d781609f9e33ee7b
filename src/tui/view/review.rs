//! The review page: the steps with how they stand, the requests of one of them, one request whole.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::{Paragraph, Widget};

use crate::domain::{Outcome, RunKind, StepState, target};
use crate::review::{Exchange, StepReview};
use crate::tui::app::App;
use crate::tui::exchange;
use crate::tui::msg::Painted;
use crate::tui::paper::{Paper, Piece, Tone};
use crate::tui::review::{Depth, Filter, Reviewed, Reviewing};
use crate::tui::rows::RowState;
use crate::tui::text::{clock, pad, safe, time_of_day};

use super::{screen, theme};

/// Width of the column of labels.
const LABEL: usize = 12;
/// Widths of the columns of a step: the longest word of a state, its time, how often it was tried.
const WORD: usize = 13;
const TIME: usize = 8;
const TRIES: usize = 9;
/// Below the list stays this much for the step of the cursor.
const LEAST_BELOW: u16 = 9;

/// Draws the page.
pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) -> Painted {
    let Some(review) = &app.review else { return Painted::default() };
    match (review.reviewed(), review.depth) {
        (None, _) => waiting(app, review, frame, area),
        (Some(reviewed), Depth::Steps) => steps(app, review, reviewed, frame, area),
        (Some(_), Depth::Exchanges(at)) => exchanges(app, review, at, frame, area),
        (Some(_), Depth::Exchange(at)) => match review.exchanges().get(at) {
            Some(exchange) => {
                let title = format!("Request {} of {}", at + 1, review.exchanges().len());
                let block = screen::pane(&title, false, true);
                let paper = exchange::paper(exchange, &app.zone);
                let (overflow, rows) = screen::paper(&paper, block, app.scroll, frame, area);
                Painted { overflow, rows, ..Painted::default() }
            }
            None => Painted::default(),
        },
    }
}

fn waiting(app: &App, review: &Reviewing, frame: &mut Frame<'_>, area: Rect) -> Painted {
    let mut paper = Paper::default();
    match &review.found {
        Some(Err(fault)) => paper.fault(fault),
        // It shows only for what takes long enough to be noticed.
        None if app.indicator(review.since) => paper.line(vec![
            (Tone::Busy, format!("{} ", theme::spinner(app.now, app.options))),
            (Tone::Plain, "reads the journals".to_owned()),
        ]),
        _ => {}
    }
    let (overflow, rows) =
        screen::paper(&paper, screen::pane("Review", false, true), app.scroll, frame, area);
    Painted { overflow, rows, ..Painted::default() }
}

fn steps(app: &App, review: &Reviewing, reviewed: &Reviewed, frame: &mut Frame<'_>, area: Rect) -> Painted {
    let shown = review.steps();
    let mut head = Paper::default();
    heading(&mut head, app, reviewed);
    let cells = usize::from(area.width.saturating_sub(2));
    let head_rows = u16::try_from(head.laid_out(cells).len()).unwrap_or(0) + 1;
    let top = Rect { height: head_rows.min(area.height), ..area };
    let name = &review.answers.name;
    let what = if reviewed.review.kind == RunKind::Teardown { " · the way back" } else { "" };
    let title = match review.filter {
        Filter::All => format!("Review of {name}{what}"),
        filter => format!("Review of {name}{what} · only {}", filter.word()),
    };
    screen::paper(&head, screen::pane(&title, false, true), 0, frame, top);
    let rest = Rect { y: top.bottom(), height: area.height - top.height, ..area };
    let below = LEAST_BELOW.max(rest.height / 3).min(rest.height / 2);
    let list = Rect { height: rest.height - below, ..rest };
    let rows = usize::from(list.height);
    let first = (review.at + 1).saturating_sub(rows);
    let lines: Vec<_> = shown
        .iter()
        .enumerate()
        .skip(first)
        .take(rows)
        .map(|(index, step)| theme::line(row(app, step, index == review.at, usize::from(list.width))))
        .collect();
    Paragraph::new(lines).render(list, frame.buffer_mut());
    let detail = Rect { y: list.bottom(), height: below, ..rest };
    let (title, paper) = below_list(review);
    let block = screen::pane(&title, false, review.exporting);
    let (overflow, rows) = screen::paper(&paper, block, app.scroll, frame, detail);
    Painted { overflow, rows, ..Painted::default() }
}

/// Counts, whether the newest run has ended, and the command that goes on.
pub(in crate::tui) fn heading(paper: &mut Paper, app: &App, reviewed: &Reviewed) {
    let review = &reviewed.review;
    let runs =
        if review.runs.len() == 1 { "1 run".to_owned() } else { format!("{} runs", review.runs.len()) };
    let place = if review.sandbox { "in the sandbox" } else { "on Azure" };
    paper.text(Tone::Strong, &format!("{} · {runs} {place}", review.tally.parts().join(" · ")));
    let open = review.runs.last().is_some_and(|run| run.exit.is_none());
    if open && app.session.as_ref().is_none_or(|session| !session.open) {
        let text = "The newest run did not tell its end: it was cut off, or another hubup goes on with it.";
        paper.text(Tone::Warn, text);
    }
    if !review.left.is_empty() {
        paper.text(Tone::Plain, &format!("What is left goes on with: {}", reviewed.go_on));
    }
}

/// How a step stands, for its symbol and its colour; what was under way when the journal was read may be no more.
pub(in crate::tui) fn state(step: &StepReview) -> (StepState, &str) {
    match step.outcome {
        Some(outcome) => (StepState::Finished(outcome), &step.state),
        None if step.in_azures_hands => (StepState::Queued, "Azure has it"),
        None if [StepState::Running, StepState::Waiting, StepState::AsksYou]
            .iter()
            .any(|active| active.word() == step.state) =>
        {
            (StepState::Queued, "under way")
        }
        None => (StepState::NotYet, &step.state),
    }
}

fn row(app: &App, step: &StepReview, here: bool, room: usize) -> Vec<Piece> {
    let (state, word) = state(step);
    let tone = theme::tone(RowState::Step(state));
    let took = step.seconds.map(clock).unwrap_or_default();
    let tries = if step.attempts > 1 { format!("{} times", step.attempts) } else { String::new() };
    let left = room.saturating_sub(2 + 2 + WORD + 1 + TIME + TRIES + 1);
    vec![
        (Tone::Key, if here { "> " } else { "  " }.to_owned()),
        (tone, format!("{} ", theme::symbol(RowState::Step(state), app.now, app.options))),
        (tone, format!("{} ", pad(word, WORD))),
        (Tone::Dim, pad(&took, TIME)),
        (Tone::Dim, pad(&tries, TRIES)),
        (if here { Tone::Strong } else { Tone::Plain }, pad(&safe(&step.title), left)),
    ]
}

/// What stands below the list: the form of an export, what became of it, or the step of the cursor.
pub(in crate::tui) fn below_list(review: &Reviewing) -> (String, Paper) {
    let mut paper = Paper::default();
    if review.exporting {
        paper.text(Tone::Plain, "Writes the review to a new file in the folder that hubup was started in.");
        paper.item("m", 3, Tone::Strong, "Markdown, for a ticket or a message");
        paper.item("j", 3, Tone::Strong, "JSON, for a program");
        paper.text(Tone::Dim, "It holds names, ids, requests and replies; no keys, tokens or signatures.");
        return ("Export".to_owned(), paper);
    }
    match &review.exported {
        Some(Ok(path)) => {
            paper.item("Written", LABEL, Tone::Good, path);
            return ("Export".to_owned(), paper);
        }
        Some(Err(fault)) => {
            paper.fault(fault);
            return ("It could not be exported".to_owned(), paper);
        }
        None => {}
    }
    match review.step() {
        Some(step) => {
            of_step(&mut paper, step);
            (step.title.clone(), paper)
        }
        None => {
            paper.text(Tone::Dim, "No step is like that. f shows others.");
            (String::new(), paper)
        }
    }
}

/// What is known of a step.
pub(in crate::tui) fn of_step(paper: &mut Paper, step: &StepReview) {
    let calls = match step.exchanges.len() {
        1 => "1 request".to_owned(),
        count => format!("{count} requests"),
    };
    let tries = match step.attempts {
        0 => String::new(),
        1 => " · run once".to_owned(),
        count => format!(" · run {count} times"),
    };
    paper.text(Tone::Plain, &format!("{}  {} · {calls}{tries}", step.id, state(step).1));
    if let Some(used) = &step.used {
        paper.item("Uses", LABEL, Tone::Plain, used);
    }
    if let Some(reason) = &step.reason {
        let label = if step.outcome.is_some() { "Note" } else { "Came back" };
        paper.item(label, LABEL, Tone::Plain, reason);
    }
    if let Some(fault) = &step.fault {
        paper.fault(fault);
    }
    if step.in_azures_hands && !step.outcome.is_some_and(Outcome::holds) {
        paper.item("Azure", LABEL, Tone::Busy, "has accepted it; how that ended is not on record");
    }
    for question in &step.questions {
        paper.item("Asked", LABEL, Tone::Plain, &question.question);
        let choice = question.choice.as_deref().unwrap_or("not answered");
        paper.item("Answer", LABEL, Tone::Plain, choice);
    }
    for id in &step.correlation_ids {
        paper.item("Correlation", LABEL, Tone::Dim, id);
    }
}

fn exchanges(app: &App, review: &Reviewing, at: usize, frame: &mut Frame<'_>, area: Rect) -> Painted {
    let title = review.step().map(|step| format!("Requests of {}", step.title)).unwrap_or_default();
    let block = screen::pane(&title, false, true);
    let inner = block.inner(area);
    block.render(area, frame.buffer_mut());
    let rows = usize::from(inner.height);
    let first = (at + 1).saturating_sub(rows);
    let list = review.exchanges().iter().enumerate().skip(first).take(rows);
    let lines: Vec<_> = list
        .map(|(index, exchange)| theme::line(line(app, exchange, index == at, usize::from(inner.width))))
        .collect();
    Paragraph::new(lines).render(inner, frame.buffer_mut());
    Painted { rows, ..Painted::default() }
}

fn line(app: &App, exchange: &Exchange, here: bool, room: usize) -> Vec<Piece> {
    let (tone, status) = exchange::status(exchange);
    let again = if exchange.retry_of.is_some() { " again" } else { "" };
    let what = format!("{:<6} {}{again}", exchange.method, target(&exchange.url));
    let id = exchange.call.short();
    let left = room.saturating_sub(2 + 10 + 20 + 10);
    vec![
        (Tone::Key, if here { "> " } else { "  " }.to_owned()),
        (Tone::Dim, format!("{}  ", time_of_day(exchange.at, &app.zone))),
        (if here { Tone::Strong } else { Tone::Plain }, pad(&safe(&what), left)),
        (tone, format!(" {}", pad(&status, 19))),
        (Tone::Dim, format!(" {id}")),
    ]
}
