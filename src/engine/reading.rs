//! Performs looks that are written as straight code over [`Replay`], until their value is there. Made outside a run: they
//! change nothing and stand in no journal.

use std::time::Duration;

use super::clock::Clock;
use super::lookup::look;
use crate::azure::{Azure, Vault};
use crate::domain::{Fault, Moves, Next, Replay, Seen, Turn};

/// Performs what `looks` asks for, one look after the other, each again as often as the retry layer allows, and gives
/// its value. Keys that a look fetches are kept for those after it, and forgotten at the end. Each wait is told before it
/// begins: why, and how long by the wall.
///
/// Fails as `looks` does, and refuses every move that is not a look.
pub async fn read_through<T>(
    azure: &Azure,
    clock: Clock,
    tell: &(dyn Fn(&str, Duration) + Sync),
    looks: impl Fn(&mut Replay<'_>) -> Moves<T>,
) -> Result<T, Box<Fault>> {
    let vault = Vault::default();
    let mut seen = Seen::default();
    loop {
        let next = match looks(&mut Replay::new(&seen)) {
            Ok(value) => return Ok(value),
            Err(next) => *next,
        };
        match next {
            Next::Read(request) => {
                seen.turns.push(Turn::Read(look(azure, clock, &request, &vault, tell).await));
            }
            Next::Fail(fault) => return Err(Box::new(fault)),
            _ => {
                let says = "this look was about to do more than look; nothing was done";
                return Err(Box::new(Fault::new(says, "report this as a fault of hubup")));
            }
        }
    }
}
