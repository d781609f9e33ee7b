//! The sandbox over real HTTP: what a client sees, driven with a plain HTTP client.

mod clock;
mod grants;
mod journey;
mod quirks;
mod refusals;
mod setup;
mod support;
mod worlds;
