//! Draws the state: pure, borrows `App`, changes nothing, says what it showed. Called by `drive`.

mod bars;
pub(super) mod form;
mod log;
pub(super) mod pages;
pub(super) mod panel;
pub(super) mod preflight;
pub(super) mod review;
mod screen;
mod setup;
pub(super) mod signing;
mod stages;
pub(super) mod teardown;
pub(super) mod theme;
pub(super) mod using;
pub(super) mod welcome;

pub(crate) use screen::view;
#[cfg(test)]
pub(crate) use theme::symbol;
