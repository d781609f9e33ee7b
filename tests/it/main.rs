//! The one integration test binary; a module per subject.

mod sandbox;
mod tidy;
