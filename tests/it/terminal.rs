//! The wizard in a real terminal: the built program under a pseudo-terminal, its screen read as a terminal shows it.
//!
//! Nothing sleeps: each test waits for what must appear. What the screens look like is the business of the snapshots
//! beside `tui`; here it is what only a terminal can tell: keys, signals, sizes, and what is left behind.

mod destroying;
mod entering;
mod failing;
mod leaving;
mod log;
mod monkey;
mod panics;
mod pty;
mod resuming;
mod sizes;
mod walk;
