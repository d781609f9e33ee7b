//! hubup takes a person from an Azure sign-in to an IoT hub that can onboard devices with issued certificates.
//!
//! The folders and who may use whom are described in ARCHITECTURE.md; `tests/it/tidy.rs` holds the arrows.

pub mod azure;
pub mod cli;
pub mod domain;
pub mod engine;
pub mod journal;
pub mod review;
pub mod sandbox;
pub mod stages;
pub mod tui;
