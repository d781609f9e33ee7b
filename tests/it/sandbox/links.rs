//! The object model of 2026: what a client sees of it, by subject.

mod authorities;
mod data_plane;
mod devices;
mod journey;
mod knobs;
mod models;
mod namespaces;
mod refusals;
pub mod setup;
