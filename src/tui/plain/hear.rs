//! What a typed line means: a cursor is put where a number says, then the key is pressed that does it.

use crate::domain::StepId;
use crate::tui::app::{App, Page};
use crate::tui::form::TextInput;
use crate::tui::keymap::Action;
use crate::tui::msg::{Key, Msg};
use crate::tui::review::Depth;
use crate::tui::rows::Row;
use crate::tui::session::{Panel, Session};

use super::words::{enter, meant};

/// What a line comes to.
#[derive(Debug)]
pub(super) enum Heard {
    /// These happen, one after the other.
    Do(Vec<Msg>),
    /// This is said, and the question stands.
    Say(String),
    /// An answer is to be typed.
    Edit,
    /// The answer stays as it is, or stands now.
    Settled,
    /// The answer was given: it is judged.
    Answered(Vec<Msg>),
    /// The question is told anew, whole.
    Again,
    /// Everything that can be typed is told.
    Help,
    /// The cursor stands on another row.
    Went,
    /// The row of the cursor is told.
    Row,
    /// What the review knows of the step of its cursor is told, then its requests are opened where there are any.
    Reviewed,
}

fn press(key: Key) -> Heard {
    Heard::Do(vec![Msg::Key(key)])
}

fn nothing() -> Heard {
    Heard::Say("Enter alone does nothing here. ? tells what can be typed.".to_owned())
}

fn none_such(number: usize, most: usize) -> Heard {
    Heard::Say(match most {
        0 => "There is nothing to choose by a number here. ? tells what can be typed.".to_owned(),
        1 => format!("There is no {number} here: only 1."),
        most => format!("There is no {number} here: 1 to {most}."),
    })
}

/// What `typed` means to the page.
pub(super) fn hear(app: &mut App, typed: &str) -> Heard {
    let typed = typed.trim();
    if let Some(heard) = special(app, typed) {
        return heard;
    }
    match typed {
        "" => return on_enter(app),
        "?" | "help" => return Heard::Help,
        "list" if matches!(app.page, Page::Setup | Page::Form) => return Heard::Again,
        _ => {}
    }
    if let Some(heard) = number(app, typed) {
        return heard;
    }
    match meant(app, typed) {
        Some(way) if way.action == Action::ToggleDetail => Heard::Row,
        Some(way) => press(way.key),
        None if matches!(typed, "b" | "back") => Heard::Say(
            "Nothing to go back to from here. q leaves, ? tells what else can be typed.".to_owned(),
        ),
        None => Heard::Say(format!("Not understood: {typed}. ? tells what can be typed.")),
    }
}

fn on_enter(app: &App) -> Heard {
    let back = matches!(app.page, Page::Review)
        && app.review.as_ref().is_some_and(|review| !review.exporting && review.reviewed().is_some());
    match enter(app).map(|binding| binding.action) {
        _ if back => press(Key::Esc),
        // What exists is used by its number alone.
        None | Some(Action::OpenDetail | Action::NextField | Action::Agree | Action::UseNow) => nothing(),
        Some(_) => press(Key::Enter),
    }
}

/// Lines that take a text rather than a word: the setup's name, the id of a resource.
fn special(app: &mut App, typed: &str) -> Option<Heard> {
    if let (Page::Teardown, Some(page)) = (&app.page, &mut app.teardown) {
        let name = page.way_back()?.answers.name.clone();
        if typed != name && (typed.is_empty() || typed == "?" || meant(app, typed).is_some()) {
            return None;
        }
        app.teardown.as_mut()?.input = TextInput::default();
        return Some(Heard::Do(vec![Msg::Paste(typed.to_owned()), Msg::Key(Key::Enter)]));
    }
    if let (Page::Setup, Some(session)) = (&app.page, &mut app.session)
        && let Panel::Use(using) = &mut session.panel
        && typed.starts_with('/')
    {
        using.at = None;
        using.input = TextInput::of(typed);
        return Some(match using.finding() {
            Some(why) => Heard::Say(format!("That cannot be used: {why}.")),
            None => press(Key::Enter),
        });
    }
    None
}

/// What a number chooses; `None` for what is none, or is a key here.
fn number(app: &mut App, typed: &str) -> Option<Heard> {
    if let (Page::Setup, Some(session)) = (&app.page, &mut app.session)
        && session.panel == Panel::Detail
    {
        return row(session, typed);
    }
    let number: usize = typed.parse().ok()?;
    let at = number.checked_sub(1);
    let chosen = |most: usize| at.filter(|at| *at < most).ok_or_else(|| none_such(number, most));
    let choices = app.choices().len();
    let heard = match (&app.page, &mut app.session) {
        (Page::Welcome, _) => {
            let welcome = app.welcome.as_mut()?;
            let most = match welcome.practising {
                Some(_) => welcome.rehearsals.len(),
                None => choices,
            };
            chosen(most).map(|at| {
                *welcome.practising.as_mut().unwrap_or(&mut welcome.at) = at;
                press(Key::Enter)
            })
        }
        (Page::SignIn, _) => {
            let signing = app.signing.as_mut()?;
            chosen(if signing.attempt.is_some() { 0 } else { signing.lines() }).map(|at| {
                signing.at = at;
                match signing.ways().get(at).filter(|way| signing.choosing.is_none() && !way.usable) {
                    Some(way) => {
                        let why = way.why_not.as_deref().unwrap_or("it is not there");
                        Heard::Say(format!("That cannot be taken here: {why}."))
                    }
                    None => press(Key::Enter),
                }
            })
        }
        (Page::Form, _) if app.form.leaving => return None,
        (Page::Form, _) => match &mut app.form.picking {
            Some(picking) => chosen(picking.candidates().len()).map(|at| {
                picking.at = at;
                press(Key::Enter)
            }),
            None => chosen(app.form.entries.len()).map(|at| {
                app.form.at = at;
                Heard::Edit
            }),
        },
        (Page::Setup, Some(session)) => match &mut session.panel {
            Panel::Use(using) => chosen(using.candidates().len()).map(|at| {
                using.at = Some(at);
                press(Key::Enter)
            }),
            // The digits are keys.
            _ => return None,
        },
        (Page::Review, _) => {
            let review = app.review.as_mut().filter(|review| !review.exporting)?;
            match review.depth {
                Depth::Steps => chosen(review.steps().len()).map(|at| {
                    review.at = at;
                    Heard::Reviewed
                }),
                _ => chosen(review.exchanges().len()).map(|at| {
                    review.depth = Depth::Exchanges(at);
                    press(Key::Enter)
                }),
            }
        }
        _ => Err(none_such(number, 0)),
    };
    Some(heard.unwrap_or_else(|said| said))
}

/// `4` is a stage, `4.2` a step of it.
fn row(session: &mut Session, typed: &str) -> Option<Heard> {
    let (stage, step) = match typed.split_once('.') {
        Some((stage, step)) => (stage.parse::<usize>().ok()?, Some(step.parse::<usize>().ok()?)),
        None => (typed.parse::<usize>().ok()?, None),
    };
    let stages = session.outline.len();
    let Some(known) = stage.checked_sub(1).and_then(|at| session.outline.get(at)) else {
        return Some(none_such(stage, stages));
    };
    session.cursor = match step {
        None => Row::Stage(stage - 1),
        Some(step) if (1..=known.steps.len()).contains(&step) => Row::Step(stage - 1, step - 1),
        Some(step) => return Some(none_such(step, known.steps.len())),
    };
    Some(Heard::Went)
}

/// What `typed` means where an answer is asked for.
pub(super) fn answer(app: &mut App, typed: &str) -> Heard {
    let typed = typed.trim();
    let acts = |action: Action| super::words::ways(app).iter().any(|way| way.action == action);
    match typed {
        "" | "b" | "back" => return Heard::Settled,
        "q" => return press(Key::Ctrl('c')),
        "?" => {
            return Heard::Say(
                "Type the answer. b goes back to all answers. An answer that is one of the words here is given as =word."
                    .to_owned(),
            );
        }
        "list" if acts(Action::List) => return press(Key::Ctrl('l')),
        "take" if acts(Action::TakeSuggestion) => {
            return Heard::Answered(vec![Msg::Key(Key::Ctrl('t'))]);
        }
        "clear" if acts(Action::ClearField) => return Heard::Answered(vec![Msg::Key(Key::Ctrl('u'))]),
        _ => {}
    }
    let text = typed.strip_prefix('=').unwrap_or(typed);
    let Some(entry) = app.form.entry_mut() else { return Heard::Settled };
    let Some(words) = entry.words() else {
        entry.input = TextInput::default();
        return Heard::Answered(vec![Msg::Paste(text.to_owned())]);
    };
    let by_number = typed.parse::<usize>().ok().and_then(|number| words.get(number.checked_sub(1)?));
    let Some(word) = by_number.or_else(|| words.iter().find(|word| **word == text)) else {
        return Heard::Say(format!("Not one of them: {text}. 1 to {}.", words.len()));
    };
    entry.input = TextInput::of(word);
    app.form.follow();
    Heard::Answered(Vec::new())
}

/// The steps that an order to the engine is about, of which something will be heard.
pub(super) fn told_to(session: &Session, command: &crate::engine::Command) -> Vec<StepId> {
    use crate::engine::Command;
    match command {
        Command::Retry(step) | Command::KeepTrying(step) | Command::Unskip(step) | Command::Cancel(step) => {
            vec![step.clone()]
        }
        Command::Answer { number, .. } => {
            session.question(*number).map(|question| question.step.clone()).into_iter().collect()
        }
        // The steps of the others are `Session::confirmed` until they answer.
        Command::Confirm(_)
        | Command::ConfirmAll
        | Command::Prove(_)
        | Command::Skip(_)
        | Command::Use { .. }
        | Command::Leave => Vec::new(),
    }
}
