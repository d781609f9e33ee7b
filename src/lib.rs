//! hubup takes a person from an Azure sign-in to an IoT hub that can onboard devices with issued certificates.
//!
//! The folders and who may use whom are described in ARCHITECTURE.md; `tests/it/tidy.rs` holds the arrows.

#[cfg(not(any(feature = "tls-ring", feature = "tls-native")))]
compile_error!(
    "hubup needs a way to speak TLS: build it with the feature `tls-ring`, which is the default, or with `tls-native`"
);

pub mod azure;
pub mod cli;
pub mod domain;
pub mod engine;
pub mod journal;
pub mod review;
pub mod sandbox;
pub mod stages;
pub mod tui;
