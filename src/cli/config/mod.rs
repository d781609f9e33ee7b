//! The setup file: read, checked and understood.
//!
//! `load` turns a file into a [`Config`] or into every problem of the file at once, each with its place, the rule and
//! what to write instead. No call is made here and nothing is written; `cli::init` writes setup files.

mod checks;
mod file;
mod hosts;
mod load;
mod mask;
mod meaning;
mod network;
mod problem;
mod suggest;
mod table;

pub use file::known_keys;
pub use load::{EXAMPLE, load, parse};
pub use meaning::{AuthMethod, Config};
pub use problem::{ConfigError, Problem};
pub(super) use suggest::{quoted, quoted_key};

#[cfg(test)]
mod tests;
