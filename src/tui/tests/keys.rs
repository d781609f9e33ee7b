//! Every key that the help lists does something, on every page.

use crate::domain::{Exit, Outcome, RunEvent};
use crate::tui::app::{App, Page};
use crate::tui::keymap::{bindings, page_bindings};
use crate::tui::log::Log;
use crate::tui::msg::{Key, Msg};
use crate::tui::update::update;

use super::fixture::*;

/// The pages to press keys on, each with a name.
fn pages() -> Vec<(&'static str, App)> {
    let mut pages = Vec::new();
    let mut page = |name: &'static str, make: &dyn Fn(&mut App)| {
        for (width, height) in [(80, 24), (120, 36)] {
            let mut app = running_app(width, height);
            make(&mut app);
            draw(&mut app);
            pages.push((name, app));
        }
    };
    page("setup", &|_| {});
    page("a stage to confirm", &|app| drop(press(app, &[Key::End])));
    page("a step", &|app| drop(press(app, &[Key::Down, Key::Down, Key::Right, Key::Down])));
    page("an open detail", &|app| drop(press(app, &[Key::Down, Key::Char('d')])));
    page("a failure", &|app| {
        feed(app, 90, failed(&HUB));
        press(app, &[Key::Down, Key::Down]);
    });
    page("a skip", &|app| {
        feed(app, 90, finished(&DPS, Outcome::Skipped));
        press(app, &[Key::End]);
    });
    page("a question that waits", &|app| drop(feed(app, 90, asked(3, &HUB))));
    page("a question that is open", &|app| {
        feed(app, 90, asked(3, &HUB));
        press(app, &[Key::Char('a')]);
    });
    page("skip cost", &|app| drop(press(app, &[Key::End, Key::Char('s')])));
    page("what exists, looked for", &|app| *app = super::using::asked_for(app.width, app.height));
    page("what exists", &|app| *app = super::using::found(app.width, app.height));
    page("what exists, the second", &|app| {
        *app = super::using::found(app.width, app.height);
        press(app, &[Key::Down]);
    });
    page("what exists, not told", &|app| *app = super::using::refused(app.width, app.height));
    page("a newcomer", &|app| *app = super::entry::newcomer(app.width, app.height));
    page("rehearsals", &|app| *app = super::entry::practising(app.width, app.height));
    page("sign-in", &|app| *app = super::entry::sign_in(app.width, app.height));
    page("a device code", &|app| *app = super::entry::code(app.width, app.height));
    page("tenants", &|app| *app = super::entry::tenants(app.width, app.height));
    page("checks, passed", &|app| *app = super::entry::passed(app.width, app.height));
    page("checks, stopped", &|app| *app = super::entry::stopped(app.width, app.height));
    page("the plan", &|app| *app = super::entry::planned(app.width, app.height));
    page("the way back, asked for", &|app| *app = super::teardown::asked(app.width, app.height));
    page("the way back", &|app| *app = super::teardown::shown(app.width, app.height));
    page("the way back, named", &|app| {
        *app = super::teardown::shown(app.width, app.height);
        super::teardown::typed(app, "contoso");
    });
    page("the way back, under way", &|app| *app = super::teardown::under_way(app.width, app.height));
    page("review, asked for", &|app| *app = super::review::asked(app.width, app.height));
    page("review", &|app| *app = super::review::on_hub(app.width, app.height));
    page("review, filtered", &|app| {
        *app = super::review::shown(app.width, app.height);
        press(app, &[Key::Char('f'), Key::Char('f')]);
    });
    page("review, requests", &|app| {
        *app = super::review::on_hub(app.width, app.height);
        press(app, &[Key::Enter]);
    });
    page("review, a request", &|app| {
        *app = super::review::on_hub(app.width, app.height);
        press(app, &[Key::Enter, Key::Enter]);
    });
    page("review, export", &|app| {
        *app = super::review::shown(app.width, app.height);
        press(app, &[Key::Char('e')]);
    });
    page("all", &|app| {
        app.banner.cloud = "AZURE".into();
        if let Some(session) = &mut app.session {
            session.progress.header = None;
        }
        press(app, &[Key::Char('A')]);
    });
    page("abort", &|app| drop(press(app, &[Key::Ctrl('c')])));
    page("the log", &|app| drop(press(app, &[Key::Tab])));
    page("the log, scrolled and searched", &|app| {
        press(app, &[Key::Tab, Key::Char('/'), Key::Char('h'), Key::Enter, Key::Up, Key::Up]);
    });
    page("the log, filtered", &|app| {
        press(app, &[Key::Down, Key::Down, Key::Char('F'), Key::Char('v'), Key::Char('*'), Key::Char('F')]);
        press(app, &[Key::Tab, Key::Up]);
    });
    page("the log, nothing shown", &|app| drop(press(app, &[Key::Tab, Key::Char('v')])));
    page("the log, wrapped", &|app| drop(press(app, &[Key::Tab, Key::Char('W'), Key::Up])));
    page("the log, moved to the side", &|app| {
        let text = "a long text of many words ".repeat(12);
        feed(app, 90, RunEvent::Noted { step: None, text });
        press(app, &[Key::Tab, Key::Right, Key::Char('t')]);
    });
    page("the log, searched in the journal", &|app| {
        if let Some(session) = &mut app.session {
            session.log = Log::new(50);
        }
        feed(app, 90, failed(&HUB));
        press(app, &[Key::Tab, Key::Char('/'), Key::Char('~'), Key::Enter]);
    });
    page("a filter being typed", &|app| drop(press(app, &[Key::Char('&'), Key::Char('h')])));
    page("copy or save", &|app| *app = super::details::taking_out(app.width, app.height));
    page("an exchange", &|app| *app = super::details::exchange_page(app.width, app.height));
    page("an exchange, looked up", &|app| drop(press(app, &[Key::Tab, Key::Up, Key::Up, Key::Enter])));
    page("az", &|app| drop(press(app, &[Key::Down, Key::Down, Key::Char('z')])));
    page("why", &|app| drop(press(app, &[Key::Down, Key::Down, Key::Char('x')])));
    page("a search being typed", &|app| drop(press(app, &[Key::Char('/'), Key::Char('h')])));
    page("requests", &|app| drop(press(app, &[Key::Down, Key::Down, Key::Char('D')])));
    page("requests, in the middle", &|app| {
        app.height = 12;
        press(app, &[Key::Down, Key::Down, Key::Char('D'), Key::PageDown]);
    });
    page("a line of the log", &|app| drop(press(app, &[Key::Tab, Key::Enter])));
    page("finish", &|app| {
        everything_done(app);
        tell_time(app, 200);
    });
    page("a run that ended", &|app| {
        feed(app, 90, failed(&HUB));
        feed(app, 91, RunEvent::RunFinished { exit: Exit::Failed });
        update(app, Msg::RunClosed(None));
    });
    page("a run that had to stop", &|app| {
        let why = crate::domain::Fault::new("cannot write to `run.jsonl`: disk full", "make room");
        update(app, Msg::RunClosed(Some(Box::new(why))));
    });
    let mut form = |name: &'static str, make: &dyn Fn(&mut App)| {
        let mut app = form_app(80, 24);
        make(&mut app);
        draw(&mut app);
        pages.push((name, app));
    };
    form("welcome", &|app| *app = super::resume::welcome(80, 24));
    form("welcome, another choice", &|app| {
        *app = super::resume::welcome_changed(80, 24);
        press(app, &[Key::Down, Key::Down]);
    });
    form("welcome, failed", &|app| {
        *app = super::resume::welcome(80, 24);
        app.fault = Some(crate::domain::Fault::new("no sign-in", "run `az login`"));
    });
    form("a setup that goes on", &|app| *app = super::resume::resumed(80, 24));
    form("form", &|_| {});
    form("form, behind the choices", &|app| {
        *app = super::resume::welcome(80, 24);
        press(app, &[Key::Down, Key::Down, Key::Enter]);
    });
    form("form, a choice", &|app| drop(press(app, &[Key::Down])));
    form("form, a wrong name", &|app| drop(press(app, &[Key::Down, Key::Down, Key::Char('_')])));
    form("form, start", &|app| app.form.at = app.form.entries.len());
    form("form, leaving", &|app| drop(press(app, &[Key::Char('x'), Key::Ctrl('c')])));
    form("form, failed", &|app| {
        app.fault = Some(crate::domain::Fault::new("no sign-in", "run `az login`"));
    });
    form("starting", &|app| {
        app.turn(Page::Starting { since: at(0), arrived: None, from: Box::new(Page::Form) });
        tell_time(app, 5);
    });
    pages
}

/// Everything that a person could see or that the rest of the program is asked to do.
fn trace(app: &mut App) -> String {
    format!("{}{app:?}", draw(app))
}

#[test]
fn every_key_that_the_help_lists_acts() {
    for (name, app) in pages() {
        let listed = page_bindings(&app);
        assert!(!listed.is_empty(), "{name}: nothing can be pressed");
        for binding in &listed {
            for key in binding.keys {
                let mut pressed = app.clone();
                let before = trace(&mut pressed);
                let effects = update(&mut pressed, Msg::Key(*key));
                let acted = !effects.is_empty() || trace(&mut pressed) != before;
                assert!(acted, "{name}: {key:?} ({}) does nothing", binding.help);
            }
        }
    }
}

#[test]
fn no_key_means_two_things_at_once() {
    for (name, app) in pages() {
        let mut seen: Vec<(Key, String)> = Vec::new();
        for binding in page_bindings(&app) {
            for key in binding.keys {
                if let Some((_, other)) = seen.iter().find(|(known, _)| known == key) {
                    panic!("{name}: {key:?} means `{other}` and `{}`", binding.help);
                }
                seen.push((*key, binding.help.clone()));
            }
        }
    }
}

#[test]
fn there_is_always_a_way_out() {
    for (name, mut app) in pages() {
        let ends = |effects: &[crate::tui::msg::Effect]| {
            effects.iter().any(|effect| matches!(effect, crate::tui::msg::Effect::End(_)))
        };
        // Back as far as it goes, then at most two Ctrl+C.
        let effects = press(&mut app, &[Key::Esc, Key::Esc, Key::Esc, Key::Ctrl('c'), Key::Ctrl('c')]);
        assert!(ends(&effects), "{name}: cannot be left");
    }
}

#[test]
fn the_help_lists_the_keys_of_the_page_and_closes() {
    for (name, mut app) in pages() {
        if !page_bindings(&app).iter().any(|binding| binding.keys.contains(&Key::Char('?'))) {
            continue;
        }
        app.help = true;
        let screen = draw(&mut app).to_string();
        for binding in page_bindings(&app).iter().take(4) {
            assert!(screen.contains(binding.name), "{name}: {} is not in the help:\n{screen}", binding.name);
        }
        for binding in bindings(&app) {
            for key in binding.keys {
                let mut pressed = app.clone();
                let before = trace(&mut pressed);
                let effects = update(&mut pressed, Msg::Key(*key));
                assert!(!effects.is_empty() || trace(&mut pressed) != before, "{name}: {key:?} in the help");
            }
        }
        press(&mut app, &[Key::Esc]);
        assert!(!app.help);
    }
}

#[test]
fn the_footer_always_has_the_four_keys_on_the_stages() {
    for (name, mut app) in pages() {
        let on_stages = app.session.as_ref().is_some_and(|session| {
            session.panel == crate::tui::session::Panel::Detail && session.log.typing.is_none()
        });
        if !matches!(app.page, Page::Setup) || !on_stages {
            continue;
        }
        let screen = draw(&mut app).to_string();
        let footer = screen.lines().last().unwrap_or_default().to_owned();
        for key in [" Enter ", " s skip", "Ctrl+C ", "? help"] {
            assert!(footer.contains(key), "{name}: {key} is not in {footer}");
        }
    }
}
