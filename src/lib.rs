//! hubup takes a person from an Azure sign-in to an IoT hub that can onboard devices with issued certificates.
//!
//! The folders and who may use whom are described in ARCHITECTURE.md; `tests/it/tidy.rs` holds the arrows.

pub mod domain;
pub mod engine;
pub mod sandbox;
pub mod tui;
