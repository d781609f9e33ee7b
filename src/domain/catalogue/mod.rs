//! The fault catalogue: what each refusal of Azure means, what hubup does about it by itself, and what a person can do.
//!
//! Pure data, one entry for each distinct reaction, and the search for the entry of an error. It reacts to nothing: engine
//! and stages do; a test drives each entry through them. `Fault` and `hubup explain` read it.

mod access;
mod entry;
mod find;
mod general;
mod links;
mod plane;
mod resources;
mod sign_in;

#[cfg(test)]
mod tests;

pub use entry::{Entry, Match, Place, Reaction};
pub use find::{Explained, entries, explain, find, is_unknown};
pub use sign_in::SIGN_IN_NEEDED;
