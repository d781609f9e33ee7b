//! The setup page: where its panes stand.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::tui::app::{App, WIDE};
use crate::tui::msg::Painted;
use crate::tui::session::{Focus, Panel, Session};

use super::{log, panel, screen, stages, using};

/// Beside the detail the stages need no more than this.
const STAGES_WIDTH: u16 = 60;
/// A box is drawn only where this many rows are left for the page.
const LEAST_BOXED: u16 = 16;
/// Below the stages stay a rule and this many rows.
const LEAST_BELOW: u16 = 9;

/// Where the panes stand; a pane that is not shown has no area.
struct Areas {
    stages: Rect,
    panel: Option<Rect>,
    log: Option<Rect>,
    boxed: bool,
}

fn areas(session: &Session, body: Rect) -> Areas {
    let open = session.panel != Panel::Detail || session.detail_open;
    if body.width >= WIDE && body.height >= LEAST_BOXED {
        // The log gets a third of the screen inside its box; an open detail stands over it.
        let below = if session.detail_open { 0 } else { (body.height + 2).div_ceil(3) + 2 };
        let top = Rect { height: body.height - below, ..body };
        let left = STAGES_WIDTH.min(body.width / 2);
        let log = Rect { y: top.bottom(), height: below, ..body };
        return Areas {
            stages: Rect { width: left, ..top },
            panel: Some(Rect { x: top.x + left, width: top.width - left, ..top }),
            log: (below > 0).then_some(log),
            boxed: true,
        };
    }
    let wanted = u16::try_from(session.rows().len()).unwrap_or(u16::MAX).saturating_add(1);
    let below = LEAST_BELOW.max(body.height / 3).min(body.height / 2);
    let height = wanted.min(body.height - below).max(2).min(body.height);
    let rest = Rect { y: body.y + height, height: body.height - height, ..body };
    Areas {
        stages: Rect { height, ..body },
        panel: open.then_some(rest),
        log: (!open).then_some(rest),
        boxed: false,
    }
}

/// Draws the page.
pub(super) fn draw(app: &App, session: &Session, frame: &mut Frame<'_>, body: Rect) -> Painted {
    let areas = areas(session, body);
    let mut painted = Painted::default();
    let on_stages = session.focus == Focus::Stages && session.panel == Panel::Detail;
    let rows =
        stages::draw(app, session, areas.boxed, on_stages && !session.detail_open, frame, areas.stages);
    painted.stages = (rows.x, rows.y, rows.width, rows.height);
    if let Some(area) = areas.panel {
        let (title, paper) = panel::paper(app, session);
        let focused = session.panel != Panel::Detail || session.detail_open;
        let block = screen::pane(&title, areas.boxed, focused);
        let scroll = match &session.panel {
            Panel::Use(choice) => using::scroll(choice, usize::from(block.inner(area).height)),
            _ => session.scroll,
        };
        (painted.overflow, painted.rows) = screen::paper(&paper, block, scroll, frame, area);
        if let Panel::Question(number) = session.panel
            && painted.rows > 0
        {
            painted.question = Some(number);
        }
        if let Panel::Use(using) = &session.panel
            && painted.rows > 0
        {
            painted.candidates = using.candidates().len();
        }
    }
    if let Some(area) = areas.log {
        let focused = session.focus == Focus::Log && session.panel == Panel::Detail;
        let seen = log::draw(app, session, areas.boxed, focused, frame, area);
        let Painted { log_rows, log_lines, log_beyond, .. } = seen;
        painted = Painted { log_rows, log_lines, log_beyond, ..painted };
    }
    painted
}
