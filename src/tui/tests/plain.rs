//! The wizard in lines: what is read aloud of a text, what is said in a silence, what a line means.

use std::collections::BTreeSet;

use super::fixture::{at, feed, setup_app_with, started};
use crate::domain::RunEvent;
use crate::tui::paper::{Paper, Tone};
use crate::tui::plain::{meant, still, ways};
use crate::tui::start::ScreenOptions;

fn app() -> crate::tui::app::App {
    setup_app_with(200, 60, ScreenOptions { plain: true, ..ScreenOptions::default() })
}

#[test]
fn a_text_is_read_without_marks_columns_and_indents() {
    let mut paper = Paper::default();
    paper.line(vec![(Tone::Good, "✔ passed      ".to_owned()), (Tone::Plain, "Locks".to_owned())]);
    paper.line(vec![
        (Tone::Key, "> ".to_owned()),
        (Tone::Strong, "Here".to_owned()),
        (Tone::Dim, "   a hint".to_owned()),
    ]);
    paper.gap();
    paper.item("Needs", 12, Tone::Plain, " the group: done");
    paper.item("", 12, Tone::Plain, "the identity: done");
    paper.item("", 2, Tone::Plain, "  something else");
    paper.line(vec![(Tone::Plain, "  \"a  b\": 1".to_owned())]);
    let told = [
        "passed, Locks",
        "Here, a hint",
        "Needs: the group: done",
        "Needs: the identity: done",
        "something else",
        "  \"a  b\": 1",
    ];
    assert_eq!(paper.spoken(), told);
}

#[test]
fn a_silence_is_broken_by_what_waits_and_for_how_long() {
    let mut app = app();
    let step = app.session.as_ref().unwrap().outline[0].steps[0].id.clone();
    feed(&mut app, 10, started(&step));
    app.now = at(50);
    assert_eq!(still(&app, &BTreeSet::new()), [format!("still: {step} runs, 00:40")]);
    let waits = RunEvent::StepWaiting {
        step: step.clone(),
        why: "Azure works on it".to_owned(),
        millis: 10_000,
        bound: 600_000,
    };
    feed(&mut app, 60, waits);
    app.now = at(150);
    let told = format!("still: {step} waits, 01:30 of at most 10 min: Azure works on it");
    assert_eq!(still(&app, &BTreeSet::new()), [told]);
}

#[test]
fn a_key_is_typed_as_its_letter_or_as_its_word() {
    let app = app();
    let action = |typed: &str| meant(&app, typed).map(|way| way.action);
    for typed in ["s", "S", "skip", "Skip"] {
        assert_eq!(action(typed), Some(crate::tui::keymap::Action::Skip), "{typed}");
    }
    for typed in ["A", "all", "all the", "all the rest"] {
        assert_eq!(action(typed), Some(crate::tui::keymap::Action::All), "{typed}");
    }
    assert_ne!(action("d"), action("D"));
    for typed in ["", "al", "ski", "enter", "tab", "g", "/", "😀"] {
        assert_eq!(action(typed), None, "{typed}");
    }
}

#[test]
fn whatever_is_told_to_be_typed_does_what_is_told_of_it() {
    let mut app = app();
    feed(&mut app, 1, super::fixture::started(&"hub.create".to_owned().into()));
    let told = ways(&app);
    assert!(told.len() > 4, "there is something to type");
    for way in told {
        let names = way.letter.map(String::from).into_iter().chain([way.word.clone()]);
        for name in names {
            let means = meant(&app, &name).map(|meant| meant.action);
            assert_eq!(means, Some(way.action), "{name}");
        }
    }
}
