//! The one integration test binary; a module per subject.

mod engine;
mod sandbox;
mod support;
mod tidy;
