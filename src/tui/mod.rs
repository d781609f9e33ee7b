//! The wizard: what a person sees and presses.
//!
//! `update` is pure (state and message in, effects out), `view` is pure (state in, cells out), `drive` is the only
//! place that awaits and `terminal` the only one that touches the terminal, the clock and signals. It knows no stage
//! and no Azure: it draws plans, records and fields that are given. `cli` calls [`run`] and prints the report.

mod app;
mod az;
mod drive;
mod exchange;
mod form;
mod ground;
mod input;
mod keymap;
mod log;
mod msg;
mod paper;
mod plain;
mod plan;
mod preflight;
mod requests;
mod review;
#[doc(hidden)]
pub mod rig;
mod rows;
mod session;
mod signing;
mod start;
mod summary;
mod teardown;
mod terminal;
mod text;
mod theme;
mod update;
mod using;
mod view;
mod welcome;
mod why;

#[cfg(test)]
mod tests;

pub use drive::run;
pub use form::Verdict;
pub use ground::{Ground, Place, Rehearsal};
pub use plain::{Ends, run as run_plain};
pub use preflight::Checkup;
pub use review::{Form as ExportForm, Reviewed};
pub use session::Usual;
pub use signing::{SignInPrompt, SignInWay, SignedIn};
pub use start::{Banner, End, Launch, Launched, Report, ScreenOptions, Start, TellPrompt, TuiError};
pub use summary::{Card, card, summary};
pub use teardown::WayBack;
pub use theme::{Depth, THEMES, Theme};
pub use using::Candidate;
pub use welcome::Resume;
