//! What is there and is not shown for a while: resources just accepted, and status URLs that lead nowhere.
//!
//! Laid by `after` on what a request made; lifted by being looked at. The step asks before anything else.

use serde::{Deserialize, Serialize};

use crate::sandbox::reply::Refusal;
use crate::sandbox::request::Request;
use crate::sandbox::world::World;

/// Veils that are remembered, so that the world does not grow for ever.
const KEPT: usize = 100;

/// One path that is answered with 404 or the like when it is read.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Veil {
    /// Lower case, without the query.
    path: String,
    status: u16,
    code: String,
    message: String,
    /// Looks that are left; for ever when absent.
    left: Option<u32>,
}

/// Hides a path from reads: `times` of them, or all.
pub(super) fn lay(world: &mut World, path: &str, refusal: Refusal, times: Option<u32>) {
    if times == Some(0) {
        return;
    }
    if world.veils.len() >= KEPT {
        world.veils.remove(0);
    }
    let Refusal { status, code, message, .. } = refusal;
    world.veils.push(Veil { path: path.to_ascii_lowercase(), status, code, message, left: times });
}

/// The answer of a read of what is hidden; the look counts.
pub(crate) fn veiled(world: &mut World, request: &Request) -> Option<Refusal> {
    if !request.is_read() || world.veils.is_empty() {
        return None;
    }
    let path = request.path.to_ascii_lowercase();
    let at = world.veils.iter().position(|veil| veil.path == path)?;
    let veil = world.veils.get_mut(at)?;
    let refusal = Refusal::arm(veil.status, &veil.code, veil.message.clone());
    if let Some(left) = &mut veil.left {
        *left = left.saturating_sub(1);
        if *left == 0 {
            world.veils.remove(at);
        }
    }
    Some(refusal)
}
