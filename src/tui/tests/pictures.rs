//! Pictures of the real screens for the README: `assets/screens/*.svg`, drawn from the buffer that a terminal would get.
//!
//! The test fails when a picture shows what the wizard no longer does; `HUBUP_PICTURES=write cargo test pictures` draws them
//! anew.

use std::fmt::Write as _;
use std::path::Path;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr as _;

use crate::tui::app::App;
use crate::tui::ground::Place;
use crate::tui::msg::Key;
use crate::tui::theme::{Depth, THEMES, Theme};

use super::fixture::*;

const SIZE: (u16, u16) = (100, 30);
/// Width and height of a cell.
const CELL: (u32, u32) = (8, 17);
const BACKGROUND: &str = "#101418";

#[test]
#[expect(clippy::disallowed_methods, reason = "a variable tells whether the pictures are drawn or compared")]
fn the_pictures_show_what_the_wizard_does() {
    let write = std::env::var("HUBUP_PICTURES").is_ok_and(|word| word == "write");
    for (name, mut app) in pictures() {
        let theme = THEMES.iter().find(|(name, _)| *name == "dark").map(|(_, text)| *text).unwrap();
        app.options.theme = Theme::from_toml(theme, Depth::True).unwrap();
        app.options.still = true;
        let drawn = svg(draw(&mut app).buffer());
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("assets/screens/{name}.svg"));
        if write {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &drawn).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == drawn,
            "assets/screens/{name}.svg is not what is drawn: HUBUP_PICTURES=write cargo test pictures"
        );
    }
}

/// The screens of the README, each with its name.
fn pictures() -> Vec<(&'static str, App)> {
    let (width, height) = SIZE;
    let mut failure = running_app(width, height);
    feed(&mut failure, 95, failed(&HUB));
    press(&mut failure, &[Key::Down, Key::Down]);
    let mut finish = setup_app(width, height);
    feed(&mut finish, 0, crate::domain::RunEvent::RunStarted(Box::new(header())));
    everything_done(&mut finish);
    vec![
        ("welcome", super::entry::at_place(Place::Azure, width, height)),
        ("sign-in", super::entry::code(width, height)),
        ("checks", super::entry::stopped(width, height)),
        ("stages", running_app(width, height)),
        ("failure", failure),
        ("finish", finish),
    ]
}

/// A picture of a buffer.
fn svg(buffer: &Buffer) -> String {
    let (width, height) = (u32::from(buffer.area.width) * CELL.0, u32::from(buffer.area.height) * CELL.1);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"ui-monospace, Menlo, Consolas, monospace\" font-size=\"13\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"{BACKGROUND}\"/>\n"
    );
    for y in 0..buffer.area.height {
        let mut x = 0;
        while x < buffer.area.width {
            let first = &buffer[(x, y)];
            let mut text = String::new();
            let mut end = x;
            while end < buffer.area.width && alike(first, &buffer[(end, y)]) {
                let symbol = buffer[(end, y)].symbol();
                text.push_str(symbol);
                // A glyph of two cells takes the next one, too.
                end += u16::try_from(symbol.width().max(1)).unwrap();
            }
            run(&mut svg, first, &text, (x, y), end - x);
            x = end;
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn alike(one: &Cell, other: &Cell) -> bool {
    (one.fg, one.bg, one.modifier) == (other.fg, other.bg, other.modifier)
}

fn run(svg: &mut String, cell: &Cell, text: &str, (x, y): (u16, u16), cells: u16) {
    if text.trim().is_empty() {
        return;
    }
    let start = x + u16::try_from(text.len() - text.trim_start().len()).unwrap();
    let shown = text.trim();
    let wide = u32::try_from(shown.width()).unwrap();
    debug_assert!(wide <= u32::from(cells));
    let weight = if cell.modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
    let escaped = shown.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    writeln!(
        svg,
        "<text x=\"{}\" y=\"{}\" textLength=\"{}\" fill=\"{}\"{weight} xml:space=\"preserve\">{escaped}</text>",
        u32::from(start) * CELL.0,
        u32::from(y) * CELL.1 + 13,
        wide * CELL.0,
        colour(cell.fg),
    )
    .unwrap();
}

fn colour(colour: Color) -> String {
    match colour {
        Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
        _ => "#d0d0d0".to_owned(),
    }
}
