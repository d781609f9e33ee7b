//! Themes: how each tone looks, read from TOML. Four ship with hubup (`assets/themes`); a file can be named in their place.

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

use super::paper::Tone;

/// The shipped themes: name and TOML text. The first holds where nothing is said.
pub const THEMES: [(&str, &str); 4] = [
    ("sixteen", include_str!("../../assets/themes/sixteen.toml")),
    ("dark", include_str!("../../assets/themes/dark.toml")),
    ("light", include_str!("../../assets/themes/light.toml")),
    ("high-contrast", include_str!("../../assets/themes/high-contrast.toml")),
];

/// How each tone looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Theme {
    looks: [Style; Tone::ALL.len()],
    background: Option<Color>,
}

impl Default for Theme {
    fn default() -> Self {
        let (_, text) = THEMES[0];
        // The shipped text is read by a test; a theme without colours stands in for none.
        Self::from_toml(text, Depth::Sixteen)
            .unwrap_or(Self { looks: [Style::new(); Tone::ALL.len()], background: None })
    }
}

/// How many colours the terminal has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Depth {
    Sixteen,
    /// Any; a terminal says so by `COLORTERM`.
    True,
}

/// A colour as a theme names it: `light-blue`, or `#rrggbb`.
#[derive(Deserialize, Clone, Copy)]
#[serde(try_from = "String")]
struct Colour(Color);

impl TryFrom<String> for Colour {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
            .map(Self)
            .map_err(|_| format!("`{text}` is no colour: give a name such as light-blue, or #rrggbb"))
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct File {
    background: Option<Colour>,
    plain: Look,
    dim: Look,
    strong: Look,
    good: Look,
    busy: Look,
    warn: Look,
    bad: Look,
    ask: Look,
    key: Look,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "the attributes that a cell can have, each its own")]
struct Look {
    /// A name, or `#rrggbb`.
    fg: Option<Colour>,
    /// In its place where there are sixteen colours only.
    ansi: Option<Colour>,
    bold: bool,
    dim: bool,
    underlined: bool,
    reversed: bool,
}

impl Look {
    fn style(self, depth: Depth) -> Style {
        let colour = match (depth, self.fg, self.ansi) {
            (Depth::Sixteen, Some(Colour(Color::Rgb(..))), ansi) => ansi,
            (_, fg, _) => fg,
        };
        let mut style = colour.map_or(Style::new(), |Colour(colour)| Style::new().fg(colour));
        for (wanted, modifier) in [
            (self.bold, Modifier::BOLD),
            (self.dim, Modifier::DIM),
            (self.underlined, Modifier::UNDERLINED),
            (self.reversed, Modifier::REVERSED),
        ] {
            if wanted {
                style = style.add_modifier(modifier);
            }
        }
        style
    }
}

impl Theme {
    /// Reads a theme of TOML text for a terminal of that depth. The error says what is wrong, and where.
    pub fn from_toml(text: &str, depth: Depth) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let looks = Tone::ALL.map(|tone| {
            let look = match tone {
                Tone::Plain => file.plain,
                Tone::Dim => file.dim,
                Tone::Strong => file.strong,
                Tone::Good => file.good,
                Tone::Busy => file.busy,
                Tone::Warn => file.warn,
                Tone::Bad => file.bad,
                Tone::Ask => file.ask,
                Tone::Key => file.key,
            };
            look.style(depth)
        });
        Ok(Self { looks, background: file.background.map(|Colour(colour)| colour) })
    }

    /// How `tone` looks.
    pub(super) fn look(&self, tone: Tone) -> Style {
        self.looks.get(tone as usize).copied().unwrap_or_default()
    }

    /// What stands behind everything; `None` leaves it to the terminal.
    pub(super) fn background(&self) -> Option<Color> {
        self.background
    }
}
