//! The stages pane: one row a stage, and the steps of those that are unfolded.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::{Paragraph, Widget};

use crate::tui::app::App;
use crate::tui::paper::{Piece, Tone};
use crate::tui::rows::Row;
use crate::tui::session::Session;
use crate::tui::text::{clock, pad, safe};

use super::{screen, theme};

/// The longest word of a state: "already there".
const WORD: usize = 13;
const TIME: usize = 7;

/// Draws the pane; gives where its rows stand.
pub(super) fn draw(
    app: &App,
    session: &Session,
    boxed: bool,
    focused: bool,
    frame: &mut Frame<'_>,
    area: Rect,
) -> Rect {
    let room = usize::from(area.height).saturating_sub(if boxed { 2 } else { 1 });
    let rows = session.fitting(room);
    let hidden = session.rows().len() - rows.len();
    let title = if hidden > 0 { format!("Stages · {hidden} rows more") } else { "Stages".to_owned() };
    let block = screen::pane(&title, boxed, focused);
    let inner = block.inner(area);
    block.render(area, frame.buffer_mut());
    let lines: Vec<_> = rows
        .into_iter()
        .map(|row| theme::line(pieces(app, session, row, usize::from(inner.width))))
        .collect();
    Paragraph::new(lines).render(inner, frame.buffer_mut());
    inner
}

/// One row: cursor, fold mark, symbol, title, word, time.
fn pieces(app: &App, session: &Session, row: Row, room: usize) -> Vec<Piece> {
    let state = session.row_state(row);
    let here = session.cursor == row;
    let tone = theme::tone(state);
    let (mark, title) = match row {
        Row::Stage(index) => {
            let known = session.outline.get(index);
            let unfolded = known.is_some_and(|stage| session.unfolded.contains(&stage.id));
            let heading = known.map(|stage| safe(&stage.heading)).unwrap_or_default();
            (if unfolded { "▾ " } else { "▸ " }, format!("{} {heading}", index + 1))
        }
        Row::Step(..) => ("    ", session.step_of(row).map(|step| safe(&step.title)).unwrap_or_default()),
    };
    let time = session.row_seconds(row, app.now).map(clock).unwrap_or_default();
    let left = room.saturating_sub(1 + mark.chars().count() + 2 + 1 + WORD + TIME);
    let title_tone = match (here, row) {
        (true, _) => Tone::Strong,
        (false, _) if tone == Tone::Dim => Tone::Dim,
        _ => Tone::Plain,
    };
    vec![
        (Tone::Key, if here { ">" } else { " " }.to_owned()),
        (Tone::Dim, mark.to_owned()),
        (tone, format!("{} ", theme::symbol(state, app.now, app.options))),
        (title_tone, pad(&title, left)),
        (tone, format!(" {}", pad(state.word(), WORD))),
        (Tone::Plain, format!("{time:>TIME$}")),
    ]
}
