//! Kill-anywhere: hubup is killed at exact places of its journal, goes on, and nothing is lost, doubled or replaced.
//!
//! The journal is the frontier of everything: a call is not sent before its line is written, and not taken for answered
//! before the next. So lines name the places: `point.rs`. `shim.c` kills there, which takes Linux.
//! `world.rs` compares worlds of the sandbox, also for `schedules.rs`.

#[cfg(target_os = "linux")]
mod point;
#[cfg(target_os = "linux")]
mod proof;
#[cfg(target_os = "linux")]
mod trial;
pub mod world;
