//! Draws the state: pure, borrows `App`, changes nothing, says what it showed. Called by `drive`.

mod bars;
mod form;
mod log;
mod pages;
mod panel;
mod preflight;
mod review;
mod screen;
mod setup;
mod signing;
mod stages;
mod teardown;
mod theme;
mod using;
mod welcome;

pub(crate) use screen::view;
#[cfg(test)]
pub(crate) use theme::symbol;
