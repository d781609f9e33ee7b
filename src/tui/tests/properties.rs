//! Any size, any keys, any records, in any order: nothing panics, and what is drawn stays in its place.

use proptest::prelude::*;

use crate::domain::{Exchanged, Exit, Method, Outcome, RunEvent, RunId, StepId};
use crate::tui::app::App;
use crate::tui::form::Verdict;
use crate::tui::ground::Place;
use crate::tui::msg::{Key, Mouse, Msg};
use crate::tui::signing::SignInPrompt;
use crate::tui::start::ScreenOptions;
use crate::tui::text::{cut, matches, pad, width, wrap};
use crate::tui::update::update;
use crate::tui::using::Candidate;

use super::fixture::*;

const STEPS: [StepId; 8] =
    [GROUP, IDENTITY, NAMESPACE, HUB, GRANT, DPS, LINK, StepId::new("not.in.the.plan")];

fn key() -> impl Strategy<Value = Key> {
    prop_oneof![
        4 => prop::sample::select(vec![
            Key::Enter, Key::Esc, Key::Tab, Key::BackTab, Key::Up, Key::Down, Key::Left, Key::Right, Key::PageUp,
            Key::PageDown, Key::Home, Key::End, Key::Backspace, Key::Delete, Key::Ctrl('c'), Key::Ctrl('g'),
            Key::Ctrl('t'), Key::Ctrl('u'), Key::Ctrl('z'),
        ]),
        4 => prop::sample::select("sSArwcdDa/ynNgGjkhlqu?123456 RTfemzxFv&*WtYp日".chars().map(Key::Char).collect::<Vec<_>>()),
        1 => any::<char>().prop_map(Key::Char),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop::sample::select(vec![
        Outcome::Done,
        Outcome::AlreadyThere,
        Outcome::Warned,
        Outcome::Skipped,
        Outcome::Blocked,
        Outcome::Failed,
        Outcome::Cancelled,
    ])
}

fn event() -> impl Strategy<Value = RunEvent> {
    let step = prop::sample::select(STEPS.to_vec());
    (step, outcome(), 0..6_u64, 0..12_u8, "(\\PC|[日本語🦀e\u{301}]){0,40}").prop_map(
        |(step, outcome, number, kind, text)| match kind {
            0 => RunEvent::StepQueued { step },
            1 | 2 => started(&step),
            3 => call_started(number.into(), &step, Method::Put, &text),
            4 => call_finished(number.into(), &step, Method::Put, &text, 404),
            5 => RunEvent::StepWaiting { step, why: text, millis: number * 7_000, bound: u64::MAX / 2 },
            6 => asked(number, &step),
            7 => failed(&step),
            8 => RunEvent::StepReset { step, why: text },
            9 => RunEvent::Noted { step: Some(step), text },
            10 if number == 0 => RunEvent::RunFinished { exit: Exit::Left },
            10 => done_with(&step, &[("hostName", &text), ("id", &text)]),
            _ => finished(&step, outcome),
        },
    )
}

fn message() -> impl Strategy<Value = Msg> {
    prop_oneof![
        6 => key().prop_map(Msg::Key),
        6 => (event(), 0..1_000_i64).prop_map(|(event, seconds)| Msg::Run(record(seconds, event))),
        1 => (1..200_u16, 1..60_u16).prop_map(|(width, height)| Msg::Resize(width, height)),
        1 => (0..1_000_i64).prop_map(|seconds| Msg::Tick(at(seconds))),
        1 => ".{0,30}".prop_map(Msg::Paste),
        1 => ".{0,30}".prop_map(|text| {
            let found = Candidate { id: text.clone(), name: text.clone(), location: text.clone(), hint: text };
            Msg::Candidates(HUB, Ok(vec![found]))
        }),
        1 => Just(Msg::RunClosed(None)),
        1 => (0..3_u8, 0..200_u16, 0..60_u16).prop_map(|(kind, column, row)| {
            let kinds = [Mouse::Up, Mouse::Down, Mouse::Press];
            Msg::Mouse(kinds[usize::from(kind)], column, row)
        }),
        1 => ".{0,30}".prop_map(|text| Msg::Judged("namespace.name", text.clone(), Ok(Some(Verdict::Taken(Some(text)))))),
        1 => any::<bool>().prop_map(|stops| Msg::Checked(Ok(Box::new(super::entry::checkup(stops))))),
        1 => ".{0,30}".prop_map(|text| Msg::Prompted(SignInPrompt::Code { code: text.clone(), url: text, seconds: 9 })),
        1 => any::<bool>().prop_map(|azure| {
            let place = if azure { Place::Azure } else { Place::Sandbox };
            Msg::Entered(Ok(Box::new(super::entry::ground(place))))
        }),
        1 => (-50..50_isize).prop_map(|shift| Msg::Older { shift, lines: Vec::new() }),
        1 => (1..4_u64, -9..9_isize, prop::option::of(0..90_usize))
            .prop_map(|(token, shift, hit)| Msg::Sought { token, shift, hit }),
        1 => (1..4_u64, -9..9_isize, prop::collection::vec(0..90_usize, 0..9)).prop_map(|(token, shift, mut numbers)| {
            numbers.sort_unstable();
            Msg::Sifted { token, shift, numbers }
        }),
        1 => (0..6_u64, any::<bool>(), any::<bool>(), "\\PC{0,30}").prop_map(|(number, copy, there, text)| {
            let call = call(number.into());
            let begun = record(3, call_started(number.into(), &HUB, Method::Put, &text));
            let ended = Some(record(4, call_finished(number.into(), &HUB, Method::Put, &text, 409)));
            let found = Exchanged {
                run: RunId(text),
                begun,
                ended,
                before: Some(call),
                after: Some(call),
                place: 2,
                count: 3,
            };
            Msg::Exchanged { call, copy, found: there.then(|| Box::new(found)) }
        }),
        1 => "\\PC{0,30}".prop_map(|text| Msg::Taken { told: text.clone(), text }),
        1 => "\\PC{0,30}".prop_map(|text| Msg::Saved(Ok((text, 3)))),
    ]
}

/// An app on one of the pages that a person can begin on.
fn app(width: u16, height: u16, page: u8, ascii: bool) -> App {
    let options = ScreenOptions { ascii, no_colour: ascii, still: ascii, ..ScreenOptions::default() };
    let mut app = match page {
        0 => form_app_with(width, height, options),
        1 => setup_app_with(width, height, options),
        2 => super::resume::welcome(width, height),
        3 => super::resume::welcome_changed(width, height),
        4 => super::resume::resumed(width, height),
        5 => super::using::found(width, height),
        6 => super::teardown::shown(width, height),
        7 => super::teardown::under_way(width, height),
        8 => super::entry::newcomer(width, height),
        9 => super::entry::code(width, height),
        10 => super::entry::tenants(width, height),
        11 => super::entry::stopped(width, height),
        12 => super::entry::planned(width, height),
        _ => super::review::on_hub(width, height),
    };
    app.options = options;
    app
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nothing_panics(
        size in (1..200_u16, 1..60_u16),
        page in 0..14_u8,
        ascii in any::<bool>(),
        messages in prop::collection::vec(message(), 0..60),
    ) {
        let mut app = app(size.0, size.1, page, ascii);
        draw(&mut app);
        for message in messages {
            update(&mut app, message);
            draw(&mut app);
        }
    }

    #[test]
    fn every_size_draws_every_page(size in (1..200_u16, 1..60_u16), keys in prop::collection::vec(key(), 0..6)) {
        let mut app = app(size.0, size.1, 1, false);
        running(&mut app);
        feed(&mut app, 95, asked(1, &DPS));
        press(&mut app, &keys);
        everything_done(&mut app);
    }

    #[test]
    fn text_fits(text in "\\PC{0,60}", cells in 0..50_usize) {
        prop_assert!(width(&cut(&text, cells)) <= cells);
        prop_assert_eq!(width(&pad(&text, cells)), cells);
        // A glyph of two cells cannot be broken to fit one.
        for line in wrap(&text, cells.max(2)) {
            prop_assert!(width(&line) <= cells.max(2), "{:?}", line);
        }
    }

    #[test]
    fn matches_are_places_in_the_text(text in "\\PC{0,40}", needle in "[a-z ß]{0,3}") {
        for (start, end) in matches(&text, &needle) {
            prop_assert!(start < end && text.get(start..end).is_some());
        }
    }
}
