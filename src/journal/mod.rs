//! What is kept on disk of every run: the folder of a setup, its lock, one file of records per execution.
//!
//! It knows nothing of engine or screen and reads neither clock nor environment: `cli` says where state lives, the
//! engine says what to write and when it must be on disk. Used by `engine` and `cli`.

mod error;
mod folder;
mod log;
mod reader;
mod writer;

pub use error::JournalError;
pub use folder::{RunFile, SetupLock, StateFolder};
pub use log::JournalLog;
pub use reader::{Chain, Journal, chain, chain_as_found, opening, read};
pub use writer::{Durability, Writer};

#[cfg(test)]
mod tests;
