//! The one integration test binary; a module per subject.

mod engine;
mod hell_config;
mod sandbox;
mod support;
mod tidy;
