//! The one integration test binary; a module per subject.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on stops there")]

mod binary;
mod cli;
mod engine;
mod hell;
mod hell_config;
mod sandbox;
mod stand_in;
mod support;
#[cfg(unix)]
mod terminal;
mod tidy;
mod wire;
