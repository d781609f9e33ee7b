//! The sandbox over real HTTP: what a client sees, driven with a plain HTTP client.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should stop")]

mod clients;
mod clock;
mod deletes;
mod devices;
mod fault_scripts;
mod fault_shapes;
mod faults;
mod fidelity;
mod front;
mod grants;
mod journey;
mod kill;
mod links;
mod quirks;
mod record;
mod recorded;
mod refusals;
mod setup;
mod support;
mod traces;
mod worlds;
