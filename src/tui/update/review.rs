//! What leads to the review page, and what its keys do.

use crate::domain::{Answers, Fault};
use crate::tui::app::{App, Page};
use crate::tui::keymap::Action;
use crate::tui::msg::Effect;
use crate::tui::review::{Depth, Form, Reviewed, Reviewing};

/// Opens the page for the setup that has `answers`.
pub(super) fn open(app: &mut App, answers: Answers) -> Vec<Effect> {
    app.fault = None;
    app.review = Some(Reviewing::new(answers.clone(), app.page.clone(), app.now));
    app.turn(Page::Review);
    vec![Effect::Review(Box::new(answers))]
}

/// Takes in what the journals say.
pub(super) fn found(app: &mut App, found: Result<Box<Reviewed>, Box<Fault>>) {
    let Some(review) = &mut app.review else { return };
    review.found = Some(found);
    app.dirty = true;
}

/// Takes in what became of an export.
pub(super) fn exported(app: &mut App, exported: Result<String, Box<Fault>>) {
    if let Some(review) = &mut app.review {
        review.exported = Some(exported);
        app.dirty = true;
    }
}

/// Esc: one layer back, to where the page was opened from at last.
pub(super) fn back(app: &mut App) {
    app.scroll = 0;
    let Some(review) = &mut app.review else { return };
    match (review.exporting || review.exported.is_some(), review.depth) {
        (true, _) => (review.exporting, review.exported) = (false, None),
        (_, Depth::Exchange(at)) => review.depth = Depth::Exchanges(at),
        (_, Depth::Exchanges(_)) => review.depth = Depth::Steps,
        (_, Depth::Steps) => {
            let from = (*review.from).clone();
            app.review = None;
            app.turn(from);
            super::run::celebrate(app);
        }
    }
}

/// Performs `action` on the review page.
pub(super) fn perform(app: &mut App, action: Action) -> Vec<Effect> {
    app.scroll = 0;
    let Some(review) = &mut app.review else { return Vec::new() };
    let last = match review.depth {
        Depth::Steps => review.steps().len(),
        Depth::Exchanges(_) | Depth::Exchange(_) => review.exchanges().len(),
    }
    .saturating_sub(1);
    let to = |at: usize| match action {
        Action::ReviewUp => at.saturating_sub(1),
        Action::ReviewDown => (at + 1).min(last),
        Action::ReviewFirst => 0,
        _ => last,
    };
    match action {
        Action::Filter => {
            review.filter = review.filter.next();
            review.at = 0;
        }
        Action::ReviewUp | Action::ReviewDown | Action::ReviewFirst | Action::ReviewLast => {
            review.exported = None;
            match review.depth {
                Depth::Steps => review.at = to(review.at),
                Depth::Exchanges(at) => review.depth = Depth::Exchanges(to(at)),
                Depth::Exchange(at) => review.depth = Depth::Exchange(to(at)),
            }
        }
        Action::Deeper => match review.depth {
            Depth::Steps => review.depth = Depth::Exchanges(0),
            Depth::Exchanges(at) => review.depth = Depth::Exchange(at),
            Depth::Exchange(_) => {}
        },
        Action::Export => (review.exporting, review.exported) = (true, None),
        Action::ExportMarkdown => return export(review, Form::Markdown),
        Action::ExportJson => return export(review, Form::Json),
        _ => {}
    }
    Vec::new()
}

fn export(review: &mut Reviewing, form: Form) -> Vec<Effect> {
    review.exporting = false;
    vec![Effect::Export(Box::new(review.answers.clone()), form)]
}
