//! Tests of the wizard: transitions, screens, keys, any size and any sequence. Everything is fed by hand.

mod dialect;
mod entry;
mod fixture;
mod keys;
mod logs;
mod newcomer;
mod plain;
mod properties;
mod resume;
mod review;
mod screens;
mod teardown;
mod transitions;
mod using;
