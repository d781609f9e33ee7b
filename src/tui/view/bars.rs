//! The header (which Azure, where, how far, how long) and the footer (what may be pressed now).

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::{Paragraph, Widget};

use crate::tui::app::{App, Page, WIDE};
use crate::tui::keymap::{Binding, Place, bindings};
use crate::tui::paper::{Piece, Tone};
use crate::tui::session::{Panel, Session};
use crate::tui::summary::counted;
use crate::tui::text::{clock, cut, safe, seconds, width};

use super::theme;

/// At most so many keys of the row stand in the footer.
const ROW_KEYS: usize = 3;

/// Draws the header: the numbers always, of the rest what fits.
pub(super) fn header(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let room = usize::from(area.width);
    let answers = app.form.answers();
    let answers = app
        .session
        .as_ref()
        .and_then(|session| session.progress.header.as_ref())
        .map_or(&answers, |header| &header.answers);
    let accounts = [
        app.session.as_ref().map(|session| &session.account),
        app.signed_in.as_ref().map(|known| &known.account),
    ];
    let who = accounts.into_iter().flatten().find(|account| !account.is_empty());
    let who = who.unwrap_or(&app.banner.detail);
    let cloud = if app.banner.cloud.starts_with("SANDBOX") { Tone::Good } else { Tone::Warn };
    let right = app.session.as_ref().map(|session| numbers(app, session)).unwrap_or_default();
    // Each with how soon it gives way; which Azure it is never does.
    let mut left: Vec<(u8, Tone, String)> = [
        (3, Tone::Strong, "hubup"),
        (0, cloud, &app.banner.cloud),
        (2, Tone::Plain, who),
        (1, Tone::Plain, &answers.name),
        (4, Tone::Plain, &answers.resource_group),
        (5, Tone::Plain, &answers.location),
    ]
    .into_iter()
    .filter(|(_, _, text)| !text.is_empty())
    .map(|(soon, tone, text)| (soon, tone, safe(text)))
    .collect();
    let gap = if area.width >= WIDE { 3 } else { 2 };
    let taken = |left: &[(u8, Tone, String)]| {
        1 + left.iter().map(|(_, _, text)| width(text) + gap).sum::<usize>() + width(&right) + 1
    };
    while taken(&left) > room
        && let Some(soonest) = left.iter().map(|(soon, ..)| *soon).max().filter(|soonest| *soonest > 0)
    {
        left.retain(|(soon, ..)| *soon != soonest);
    }
    let mut pieces = vec![(Tone::Plain, " ".to_owned())];
    for (_, tone, text) in left {
        pieces.push((tone, text));
        pieces.push((Tone::Plain, " ".repeat(gap)));
    }
    let used: usize = pieces.iter().map(|(_, text)| width(text)).sum();
    let right = cut(&right, room.saturating_sub(used + 1));
    let gap = room.saturating_sub(used + width(&right) + 1);
    pieces.push((Tone::Plain, " ".repeat(gap)));
    let failed = app.session.as_ref().is_some_and(|session| session.counts().failed > 0);
    pieces.push((if failed { Tone::Bad } else { Tone::Strong }, right));
    Paragraph::new(theme::line(pieces)).render(area, frame.buffer_mut());
}

fn numbers(app: &App, session: &Session) -> String {
    let mut text = counted(session.counts());
    if !session.progress.questions.is_empty() {
        text.push_str(&format!(" · {} asks you", session.progress.questions.len()));
    }
    if !session.open && !session.complete() {
        text.push_str(" · the run has ended");
    }
    if let Some(started) = session.progress.started {
        text.push_str(&format!("   {}", clock(seconds(started, session.until(app.now)))));
    }
    text
}

/// Draws the footer: the keys that always stand there, then those of the row, or a note in their place.
pub(super) fn footer(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let room = usize::from(area.width).saturating_sub(1);
    let bindings = bindings(app);
    let gap = if area.width >= WIDE { "   " } else { "  " };
    let mut pieces: Vec<Piece> = vec![(Tone::Plain, " ".to_owned())];
    let mut used = 0;
    let mut first = true;
    for (name, word, acts) in always(app, &bindings) {
        let wide = width(&name) + 1 + width(&word) + if first { 0 } else { gap.len() };
        if used + wide > room {
            continue;
        }
        if !first {
            pieces.push((Tone::Plain, gap.to_owned()));
        }
        first = false;
        used += wide;
        pieces.push((if acts { Tone::Key } else { Tone::Dim }, name));
        pieces.push((if acts { Tone::Plain } else { Tone::Dim }, format!(" {word}")));
    }
    let bar = format!("{gap}|");
    if let Some(note) = &app.note {
        let left = room.saturating_sub(used + width(&bar) + gap.len());
        pieces.push((Tone::Dim, bar));
        pieces.push((Tone::Warn, format!("{gap}{}", cut(&safe(&note.text), left))));
    } else {
        let mut before = bar;
        for binding in bindings.iter().filter(|binding| binding.place == Place::Row).take(ROW_KEYS) {
            let wide = width(&before) + gap.len() + width(binding.name) + 1 + width(&binding.word);
            if used + wide > room {
                break;
            }
            used += wide;
            pieces.push((Tone::Dim, std::mem::take(&mut before)));
            pieces.push((Tone::Plain, gap.to_owned()));
            pieces.push((Tone::Key, binding.name.to_owned()));
            pieces.push((Tone::Plain, format!(" {}", safe(&binding.word))));
        }
    }
    Paragraph::new(theme::line(pieces)).render(area, frame.buffer_mut());
}

/// The keys that always stand in the footer: name, word, and whether they act now.
fn always(app: &App, bindings: &[Binding]) -> Vec<(String, String, bool)> {
    let mut main: Vec<_> = bindings
        .iter()
        .filter(|binding| binding.place == Place::Main)
        .map(|binding| (binding.name.to_owned(), safe(&binding.word), true))
        .collect();
    // On the stages, Enter and s never leave their places: where they do nothing they stand there dimmed.
    let on_stages = matches!(app.page, Page::Setup)
        && !app.help
        && app
            .session
            .as_ref()
            .is_some_and(|session| session.panel == Panel::Detail && session.log.typing.is_none());
    if on_stages {
        for (index, (name, word)) in [("Enter", "go"), ("s", "skip")].into_iter().enumerate() {
            if main.get(index).is_none_or(|(stands, _, _)| stands != name) {
                main.insert(index.min(main.len()), (name.to_owned(), word.to_owned(), false));
            }
        }
    }
    main
}
