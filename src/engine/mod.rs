//! Runs a plan: performs the moves of its steps, keeps the journal, retries, waits, asks.

mod command;

pub use command::{Command, Handle};
