//! The page of sign-in: the ways there are, a person's part while one is under way, the tenants to choose from.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::tui::app::App;
use crate::tui::ground::Place;
use crate::tui::msg::Painted;
use crate::tui::paper::{Paper, Tone};
use crate::tui::signing::{Attempt, SignInPrompt, SignedIn, SigningIn};
use crate::tui::text::{clock, safe, seconds};

use super::{screen, theme};

const LABEL: usize = 12;

/// Draws the page.
pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) -> Painted {
    let Some(signing) = &app.signing else { return Painted::default() };
    let below = told(app, signing);
    let wide = usize::from(area.width.saturating_sub(2));
    let (top, rest) = screen::split(area, screen::rows_of(&below, area).min(area.height / 2));
    let (title, (paper, cursor)) = match (&signing.attempt, &signing.choosing) {
        (Some(attempt), _) => ("Signing in", (under_way(app, attempt), 0)),
        (None, Some(known)) => ("In which tenant?", tenants(signing, known, wide)),
        (None, None) => ("How do you want to sign in?", ways(app, signing, wide)),
    };
    let rows = usize::from(top.height.saturating_sub(1));
    let scroll = (cursor + 2).saturating_sub(rows);
    screen::paper(&paper, screen::pane(title, false, true), scroll, frame, top);
    let title = if signing.fault.is_some() { "It did not work" } else { "What happens" };
    let block = screen::pane(title, false, signing.fault.is_some());
    let (_, rows) = screen::paper(&below, block, 0, frame, rest);
    Painted { rows, ..Painted::default() }
}

fn ways(app: &App, signing: &SigningIn, cells: usize) -> (Paper, usize) {
    let mut paper = Paper::default();
    let mut cursor = 0;
    match &signing.ways {
        None if app.indicator(signing.since) => paper.line(vec![
            (Tone::Busy, format!("{} ", theme::spinner(app.now, app.options))),
            (Tone::Plain, "Looking for what can sign in here…".to_owned()),
        ]),
        None => {}
        Some(Err(fault)) => {
            paper.fault(fault);
        }
        Some(Ok(ways)) => {
            for (index, way) in ways.iter().enumerate() {
                let here = index == signing.at;
                if here {
                    cursor = paper.laid_out(cells).len();
                }
                let tone = match (way.usable, here) {
                    (false, _) => Tone::Dim,
                    (true, true) => Tone::Strong,
                    (true, false) => Tone::Plain,
                };
                let mark = if way.usable { "✔ " } else { "· " };
                paper.line(vec![
                    (Tone::Key, if here { "> " } else { "  " }.to_owned()),
                    (if way.usable { Tone::Good } else { Tone::Dim }, mark.to_owned()),
                    (tone, way.what.clone()),
                    (Tone::Dim, if way.usable { String::new() } else { "   not here".to_owned() }),
                ]);
            }
        }
    }
    (paper, cursor)
}

fn tenants(signing: &SigningIn, known: &SignedIn, cells: usize) -> (Paper, usize) {
    let mut paper = Paper::default();
    paper.text(Tone::Good, &format!("Signed in as {}", safe(&known.account)));
    paper.gap();
    let mut cursor = 0;
    for (index, tenant) in known.tenants.iter().enumerate() {
        let here = index == signing.at;
        if here {
            cursor = paper.laid_out(cells).len();
        }
        paper.line(vec![
            (Tone::Key, if here { "> " } else { "  " }.to_owned()),
            (if here { Tone::Strong } else { Tone::Plain }, tenant.name.clone()),
            (Tone::Dim, format!("   {}", tenant.hint)),
        ]);
    }
    (paper, cursor)
}

/// What the person has to do now.
pub(in crate::tui) fn under_way(app: &App, attempt: &Attempt) -> Paper {
    let mut paper = Paper::default();
    let passed = seconds(attempt.since, app.now);
    if app.indicator(attempt.since) {
        paper.line(vec![
            (Tone::Busy, format!("{} ", theme::spinner(app.now, app.options))),
            (Tone::Strong, attempt.what.clone()),
            (Tone::Dim, format!("  {}", clock(passed))),
        ]);
        paper.gap();
    }
    match &attempt.prompt {
        None => {}
        Some(SignInPrompt::Browser { url, opened }) => {
            let says = if *opened {
                "Sign in in the browser that has opened. This page goes on by itself."
            } else {
                "No browser could be opened. Open this address in one on this machine; this page goes on by itself."
            };
            paper.text(Tone::Plain, says);
            paper.gap();
            paper.text(Tone::Plain, url);
        }
        Some(SignInPrompt::Code { code, url, seconds }) => {
            paper.text(Tone::Plain, "In a browser on any device:");
            paper.gap();
            paper.item("  Open", LABEL, Tone::Strong, url);
            paper.item("  Enter", LABEL, Tone::Ask, code);
            let left = seconds.saturating_sub(passed);
            paper.item("  Within", LABEL, Tone::Plain, &clock(left));
            paper.gap();
            paper.text(Tone::Plain, "This page goes on by itself.");
        }
    }
    paper
}

/// What stands below: why the last attempt failed, or what is known of the way of the cursor.
pub(in crate::tui) fn told(app: &App, signing: &SigningIn) -> Paper {
    let mut paper = Paper::default();
    if let Some(fault) = &signing.fault {
        paper.fault(fault);
        return paper;
    }
    if signing.attempt.is_none()
        && signing.choosing.is_none()
        && let Some(way) = signing.ways().get(signing.at)
        && let Some(why) = &way.why_not
    {
        let tone = if way.usable { Tone::Plain } else { Tone::Warn };
        paper.text(tone, &format!("{}: {why}", way.what));
    }
    let says = match app.place {
        Place::Azure => {
            "hubup keeps what it is given in memory only: no password and no token is written anywhere. Signing in changes nothing in Azure."
        }
        Place::Sandbox => "The sandbox asks as Azure does, and takes whatever you answer.",
    };
    paper.text(Tone::Dim, says);
    paper
}
