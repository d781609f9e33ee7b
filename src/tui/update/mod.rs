//! `update`: a message changes the state and names what is to be done. Pure, one way in. Called by `drive`.

mod act;
mod form;
mod log;
mod preflight;
mod review;
mod run;
mod setup;
mod signing;
mod teardown;
mod typing;
mod using;
mod welcome;

pub(crate) use act::update;
