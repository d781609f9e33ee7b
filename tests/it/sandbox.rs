//! The sandbox over real HTTP: what a client sees, driven with a plain HTTP client.

mod journey;
mod support;
