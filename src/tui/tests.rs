//! Tests of the wizard: transitions, screens, keys, any size and any sequence. Everything is fed by hand.

mod details;
mod dialect;
mod entry;
mod fixture;
mod keys;
mod logs;
mod newcomer;
mod pictures;
mod plain;
mod properties;
mod resume;
mod review;
mod screens;
mod searching;
mod teardown;
mod transitions;
mod using;
