//! The way back: what is taken away, what is left, and what happens when it goes wrong.

#[cfg(unix)]
mod command;
mod faults;
mod ours;
pub mod support;
