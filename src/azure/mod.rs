//! Speaks to Azure: fills requests, signs in, sends, and reads every form of answer.
//!
//! It sends each call once; repeating and waiting are the engine's. It uses `domain` only, and reads neither the
//! environment nor any file but those that it is given: CA file, certificate and federated token of a sign-in. `cli` builds it, `engine` calls it.

mod az;
mod bearer;
mod caller;
mod capture;
mod client;
mod clients;
mod clock;
mod credentials;
mod door;
mod error;
mod options;
pub mod poll;
pub mod redact;
mod render;
mod reply;
mod routes;
mod sas;
mod sign_in;
mod stamp;
mod token;
mod transport;
mod vault;

#[cfg(test)]
mod tests;

pub use azure_core::credentials::Secret;
pub use caller::Caller;
pub use client::Azure;
pub use clock::Clock;
pub use credentials::{Account, Detected, Prompt, Prompts, detect, needs_person};
pub use options::{AzureError, AzureOptions, Environment, SignInMethod, Timeouts};
pub use render::{Rendered, render};
pub use vault::Vault;
