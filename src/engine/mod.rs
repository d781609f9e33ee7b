//! Runs a plan: performs the moves of its steps, keeps the journal, retries, waits, asks.

mod clock;
mod command;
mod context;
mod error;
mod executor;
mod lookup;
mod pause;
mod performer;
mod reading;
mod recorder;
mod retry;

pub use clock::Clock;
pub use command::{Command, Handle};
pub use error::RunError;
pub use executor::{Job, Manner, Running, start};
pub use lookup::{lookup, sign_in};
pub use reading::read_through;
