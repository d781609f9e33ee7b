//! The one integration test binary; a module per subject.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on stops there")]

mod bars;
#[cfg(unix)]
mod binary;
mod catalogue;
#[cfg(unix)]
mod cli;
#[cfg(unix)]
mod conformance;
mod destroy;
mod each_fault;
mod engine;
#[cfg(unix)]
mod hell;
mod hell_config;
mod kill;
mod links;
mod pause;
#[cfg(unix)]
mod plain;
#[cfg(unix)]
mod preflight;
#[cfg(unix)]
mod recall;
#[cfg(unix)]
mod resume;
#[cfg(unix)]
mod review;
mod sandbox;
mod schedules;
mod seeded;
mod sign_in;
#[cfg(unix)]
mod stand_in;
mod support;
#[cfg(unix)]
mod terminal;
mod tidy;
#[cfg(unix)]
mod which;
#[cfg(unix)]
mod wire;
