//! Fault scripts: which requests go wrong, and how.
//!
//! A script is a list in the world's TOML, or a text beside it (`script`). `entry` says what an entry may hold and which one is due, `answers` gives the
//! answers of requests that are not carried out, `after` changes the answers of those that are, `doom` makes operations
//! fail, `veils` hides what was accepted. The step calls them; the server acts on an answer that must not arrive whole.

mod action;
mod after;
mod answers;
mod doom;
mod entry;
mod script;
mod veils;

pub(crate) use after::alter;
pub(crate) use answers::outcome;
pub(crate) use doom::Doom;
pub(crate) use entry::{Fault, pick};
pub use script::{FaultScript, builtin_faults};
pub(crate) use script::{Rehearsal, rehearse};
pub(crate) use veils::{Veil, veiled};
